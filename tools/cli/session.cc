#include "tools/cli/session.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"

namespace recount::tools {
namespace {

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Edits that turn one word into the other.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

Progress::Progress(Session& session) : session_(session), start_(Seconds()) {}

Progress::~Progress() {
  if (shown_ && session_.err_is_terminal) session_.err << "\r\033[K" << std::flush;
}

void Progress::Show(const std::string& text) {
  const double now = Seconds();
  const double pause = session_.err_is_terminal ? 0.1 : 5;
  if (now - start_ < 1 || now - last_ < pause) return;
  last_ = now;
  shown_ = true;
  if (session_.err_is_terminal) {
    session_.err << "\r\033[K" << text << std::flush;
  } else {
    session_.err << text << std::endl;
  }
}

void ShowWaiting(std::ostream& err, bool is_terminal, int seconds) {
  if (is_terminal) {
    err << "\r\033[K";
    if (seconds > 0) err << "waiting for the server: " << seconds << " s";
    err << std::flush;
  } else if (seconds > 0 && seconds % 5 == 0) {
    err << "waiting for the server: " << seconds << " s" << std::endl;
  }
}

absl::StatusOr<absl::TimeZone> TenantZone(Session& session) {
  api::Rulebook rulebook;
  absl::Status status = session.client->Call("RulebookService.GetRulebook", api::GetRulebookRequest(), &rulebook);
  if (!status.ok()) return status;
  absl::TimeZone zone = absl::UTCTimeZone();
  for (const api::RuleVersion& version : rulebook.rules()) {
    const std::string& name = version.rule().content().calendar().zone();
    if (name.empty() || absl::LoadTimeZone(name, &zone)) continue;
    return absl::FailedPreconditionError(absl::StrCat("this machine does not know the tenant's zone ", name, ": install tzdata"));
  }
  return zone;
}

std::string DidYouMean(absl::string_view word, const std::vector<std::string>& known) {
  std::string best;
  size_t least = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = Distance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace recount::tools
