#include "services/subscription_stream.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"
#include "services/event_filter.h"

namespace recount::services {
namespace {

constexpr size_t kCommitsAtOnce = 256;
constexpr int kWaitMs = 500;  // between looks whether the reader is still there
constexpr absl::Duration kSilence = absl::Seconds(5);

// What was said to the reader so far.
class Teller {
 public:
  Teller(const Backend* backend, const Tenant& tenant, const v1::SubscribeRequest& request, StreamWriter& writer)
      : backend_(backend),
        tenant_(tenant),
        matcher_(request.filter()),
        writer_(writer),
        reached_(request.after_position()) {}

  uint64_t reached() const { return reached_; }

  absl::Status TellCommit(const eventstore::StoredCommit& commit) {
    for (int i = 0; i < commit.record.events_size(); ++i) {
      const uint64_t position = commit.first_position + i;
      if (position <= reached_) continue;
      reached_ = position;
      if (!matcher_.Matches(commit.record.events(i))) continue;
      auto shown = ShowEvent(*backend_->archive.vault, tenant_.number(),
                             {position, commit.last_position, &commit.record.events(i), &commit.record});
      if (!shown.ok()) return shown.status();
      v1::SubscribeResponse message;
      *message.mutable_event() = *std::move(shown);
      if (absl::Status told = Tell(message); !told.ok()) return told;
    }
    return TellPositionAfterSilence();
  }

  absl::Status TellPositionAfterSilence() {
    if (reached_ == told_ || eventstore::SteadyNow() - last_told_ < kSilence) return absl::OkStatus();
    v1::SubscribeResponse message;
    message.set_position(reached_);
    return Tell(message);
  }

  absl::Status TellCaughtUp() {
    v1::SubscribeResponse message;
    message.set_caught_up(reached_);
    return Tell(message);
  }

 private:
  absl::Status Tell(const v1::SubscribeResponse& message) {
    told_ = reached_;
    last_told_ = eventstore::SteadyNow();
    return writer_.Write(message);
  }

  const Backend* const backend_;
  const Tenant& tenant_;
  const EventMatcher matcher_;
  StreamWriter& writer_;
  uint64_t reached_;
  uint64_t told_ = 0;
  absl::Time last_told_ = eventstore::SteadyNow();
};

}  // namespace

absl::Status StreamSubscription(const Backend* backend, const Call& call, const v1::SubscribeRequest& request,
                                StreamWriter& writer) {
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  eventstore::EventLog& log = *backend->archive.log;
  const uint64_t head = log.DurableHead((*tenant)->number()).position;
  if (request.after_position() > head) {
    return domain::Refuse(v1::POSITION_BEYOND_HEAD,
                          absl::StrCat("position ", request.after_position(), " is beyond the head of the log, ", head),
                          "after_position", {{"head", absl::StrCat(head)}});
  }
  Teller teller(backend, **tenant, request, writer);
  const auto subscription = log.Subscribe((*tenant)->number(), request.after_position());
  bool caught_up = false;
  while (!writer.cancelled()) {
    if (!caught_up && teller.reached() >= head) {
      caught_up = true;
      if (absl::Status told = teller.TellCaughtUp(); !told.ok()) return told;
    }
    auto commits = subscription->Next(kCommitsAtOnce, kWaitMs);
    if (backend->stopping || absl::IsCancelled(commits.status()))
      return domain::Refuse(v1::SERVER_STOPPING, "the server is ending: subscribe again");
    if (!commits.ok()) return commits.status();
    for (const auto& commit : *commits) {
      if (absl::Status told = teller.TellCommit(*commit); !told.ok()) return told;
    }
    if (absl::Status told = teller.TellPositionAfterSilence(); !told.ok()) return told;
  }
  return absl::CancelledError("the reader is gone");
}

}  // namespace recount::services
