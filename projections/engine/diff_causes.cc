#include "projections/engine/diff_causes.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "domain/calendar.h"

namespace recount::projections {
namespace {

v1::ChangeCause Cause(v1::ChangeCauseKind kind, std::string text) {
  v1::ChangeCause cause;
  cause.set_kind(kind);
  cause.set_text(std::move(text));
  return cause;
}

std::string TimeText(const google::protobuf::Timestamp& time, const std::string& zone) {
  absl::TimeZone local;
  if (!absl::LoadTimeZone(zone, &local)) local = absl::UTCTimeZone();
  const absl::Time instant = absl::FromUnixMicros(domain::MicrosFrom(time));
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", instant, local);
}

std::string DayText(const google::type::Date& date) {
  return domain::FormatDay(domain::DayFromCivil(date.year(), date.month(), date.day()));
}

std::string PeriodText(const v1::Basis& basis) {
  if (!basis.has_period_first() && !basis.has_period_last()) return "all time";
  return absl::StrCat(basis.has_period_first() ? DayText(basis.period_first()) : "", "..",
                      basis.has_period_last() ? DayText(basis.period_last()) : "");
}

// `RULE_BASIS_KIND_AS_RECORDED` -> `as recorded`
std::string Words(absl::string_view name, absl::string_view prefix) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(name.substr(std::min(name.size(), prefix.size()))), {{"_", " "}});
}

std::string ArgumentsText(const v1::Basis& basis) {
  const std::map<std::string, std::string> sorted(basis.arguments().begin(), basis.arguments().end());
  return absl::StrJoin(sorted, ", ", absl::PairFormatter(" "));
}

std::string OpeningText(const v1::Basis& basis) {
  if (basis.opening_position() == 0) return "none";
  const std::string known = basis.opening_position() == basis.position() ? "" : absl::StrCat(", position ", basis.opening_position());
  const bool is_first = !basis.has_opening_valid_at();
  return absl::StrCat(is_first ? "before everything" : TimeText(basis.opening_valid_at(), basis.zone()), known);
}

// Whether the opening was asked for otherwise; that it moves with the moment is none of its own.
bool HasOtherOpening(const v1::Basis& before, const v1::Basis& after) {
  if (before.opening_position() == 0 && after.opening_position() == 0) return false;
  const bool together = before.opening_position() == before.position() && after.opening_position() == after.position();
  return !together && before.opening_position() != after.opening_position();
}

struct Asked {
  std::string what, before, after;
};

std::vector<Asked> AskedOtherwise(const v1::Basis& before, const v1::Basis& after) {
  const auto attribution = [](const v1::Basis& basis) { return Words(v1::Attribution_Name(basis.attribution()), "ATTRIBUTION_"); };
  std::vector<Asked> all = {{"period", PeriodText(before), PeriodText(after)},
                            {"mode", before.mode(), after.mode()},
                            {"attribution", attribution(before), attribution(after)},
                            {"filter", before.filter(), after.filter()},
                            {"currency", before.currency(), after.currency()},
                            {"arguments", ArgumentsText(before), ArgumentsText(after)}};
  if (HasOtherOpening(before, after)) all.push_back({"opening", OpeningText(before), OpeningText(after)});
  all.erase(std::remove_if(all.begin(), all.end(), [](const Asked& asked) { return asked.before == asked.after; }), all.end());
  return all;
}

std::string OrNone(const std::string& text) { return text.empty() ? "none" : text; }

std::string NameOf(const v1::ReportDefinition& definition) {
  return absl::StrCat(definition.id().empty() ? "a definition of one's own" : definition.id(), " version ", definition.version());
}

}  // namespace

v1::ChangeCause DefinitionCause(const v1::ReportDefinition& before, const v1::ReportDefinition& after) {
  const std::string from = NameOf(before), to = NameOf(after);
  return Cause(v1::CHANGE_CAUSE_KIND_DEFINITION,
               from == to ? absl::StrCat("another definition under the same name, ", to) : absl::StrCat(to, " instead of ", from));
}

std::vector<std::string> OtherQuestions(const v1::Basis& before, const v1::Basis& after) {
  std::vector<std::string> names;
  for (const Asked& asked : AskedOtherwise(before, after)) names.push_back(asked.what);
  return names;
}

v1::ChangeCause QuestionCause(const v1::Basis& before, const v1::Basis& after) {
  std::vector<std::string> parts;
  for (const Asked& asked : AskedOtherwise(before, after)) {
    parts.push_back(absl::StrCat(asked.what, " ", OrNone(asked.after), " instead of ", OrNone(asked.before)));
  }
  return Cause(v1::CHANGE_CAUSE_KIND_QUESTION, absl::StrJoin(parts, "; "));
}

v1::ChangeCause RightsCause(const v1::Basis& before, const v1::Basis& after) {
  const auto words = [](const v1::Basis& basis) { return basis.rights().empty() ? "everybody" : basis.rights(); };
  return Cause(v1::CHANGE_CAUSE_KIND_RIGHTS, before.rights() == after.rights()
                                                 ? absl::StrCat("other users stand below ", words(after))
                                                 : absl::StrCat("records of ", words(after), " instead of ", words(before)));
}

v1::ChangeCause TimeCause(const v1::Basis& before, const v1::Basis& after) {
  std::string text = absl::StrCat("as of ", TimeText(after.valid_at(), after.zone()), " instead of ",
                                  TimeText(before.valid_at(), before.zone()));
  if (before.opening_position() != 0 && OpeningText(before) != OpeningText(after)) {
    absl::StrAppend(&text, "; opening ", OpeningText(after), " instead of ", OpeningText(before));
  }
  return Cause(v1::CHANGE_CAUSE_KIND_TIME, std::move(text));
}

namespace {

struct RuleChange {
  uint64_t position = 0;
  std::string text;
};

std::vector<RuleChange> ChangesBetween(v1::RuleKind kind, const domain::Rulebook& head, uint64_t from, uint64_t to) {
  const auto lies_between = [&](uint64_t position) { return position > from && position <= to; };
  std::vector<RuleChange> changes;
  for (const domain::RuleVersionEntry& version : head.Versions(kind)) {
    if (lies_between(version.position)) {
      const std::string comment = version.comment.empty() ? "" : absl::StrCat(": \"", version.comment, "\"");
      changes.push_back({version.position, absl::StrCat("published at position ", version.position, comment)});
    }
    if (version.withdrawn_position != 0 && lies_between(version.withdrawn_position)) {
      changes.push_back({version.withdrawn_position, absl::StrCat("of position ", version.position, " withdrawn at position ",
                                                                  version.withdrawn_position)});
    }
  }
  std::sort(changes.begin(), changes.end(), [](const RuleChange& a, const RuleChange& b) { return a.position < b.position; });
  return changes;
}

}  // namespace

bool HasRulesBetween(v1::RuleKind kind, const domain::Rulebook& head, uint64_t from, uint64_t to) {
  return !ChangesBetween(kind, head, from, to).empty();
}

v1::ChangeCause RulesCause(v1::RuleKind kind, const domain::Rulebook& head, uint64_t from, uint64_t to, const std::string& draft) {
  const std::vector<RuleChange> changes = ChangesBetween(kind, head, from, to);
  const std::string name = absl::StrReplaceAll(domain::KindName(kind), {{"_", " "}});
  std::vector<std::string> parts;
  if (changes.size() == 1) parts.push_back(changes[0].text);
  if (changes.size() > 1) {
    parts.push_back(absl::StrCat("published or withdrawn ", changes.size(), " times, at positions ", changes[0].position, " to ",
                                 changes.back().position));
  }
  if (!draft.empty()) parts.push_back(absl::StrCat("of ", draft));
  v1::ChangeCause cause = Cause(kind == v1::RULE_KIND_EXCHANGE_RATES ? v1::CHANGE_CAUSE_KIND_RATES : v1::CHANGE_CAUSE_KIND_RULES,
                                absl::StrCat(name, " ", absl::StrJoin(parts, ", and ")));
  cause.set_rule_kind(kind);
  cause.set_events(static_cast<int64_t>(changes.size()));
  if (changes.empty()) return cause;
  cause.set_first_position(changes[0].position);
  cause.set_last_position(changes.back().position);
  return cause;
}

v1::ChangeCause RuleBasisCause(const v1::Basis& before, const v1::Basis& after) {
  const auto words = [](const v1::Basis& basis) { return Words(v1::RuleBasisKind_Name(basis.rule_basis().kind()), "RULE_BASIS_KIND_"); };
  return Cause(v1::CHANGE_CAUSE_KIND_RULE_BASIS, absl::StrCat("rules ", words(after), " instead of ", words(before)));
}

v1::ChangeCause FactsCause(const RecordedFacts& facts, const google::protobuf::Timestamp& valid_at, const std::string& zone) {
  const size_t records = facts.streams.size();
  const std::string who = records == 1 ? facts.streams[0] : absl::StrCat(records, " records");
  std::string text;
  switch (facts.kind) {
    case v1::CHANGE_CAUSE_KIND_LATE_FACTS:
      text = absl::StrCat(who, ": recorded later, occurred by ", TimeText(valid_at, zone));
      break;
    case v1::CHANGE_CAUSE_KIND_DELETIONS:
      text = absl::StrCat(who, ": deleted or restored");
      break;
    default:
      text = absl::StrCat(who, ": occurred after ", TimeText(valid_at, zone));
      break;
  }
  v1::ChangeCause cause = Cause(facts.kind, std::move(text));
  cause.set_events(facts.events);
  cause.set_first_position(facts.first_position);
  cause.set_last_position(facts.last_position);
  cause.set_records(static_cast<int64_t>(records));
  return cause;
}

}  // namespace recount::projections
