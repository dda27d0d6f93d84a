#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "tools/cli/commands.h"
#include "tools/cli/failure.h"
#include "tools/cli/pages.h"
#include "tools/cli/report_render.h"
#include "tools/cli/rule_change.h"
#include "tools/cli/value_text.h"
#include "tools/import/byte_source.h"
#include "tools/import/mapping.h"
#include "tools/import/text_values.h"

namespace recount::tools {
namespace {

std::string EffectiveText(const api::RuleProposal& rule) {
  return rule.has_effective_from() ? DateText(rule.effective_from()) : "the beginning";
}

absl::StatusOr<api::RuleKind> ParseKind(const std::string& name) {
  const api::RuleKind kind = KindFromName(name);
  if (kind != api::RULE_KIND_UNSPECIFIED) return kind;
  const std::string meant = DidYouMean(name, KindNames());
  return Usage(absl::StrCat("\"", name, "\" is no kind of rule; the kinds are ", absl::StrJoin(KindNames(), ", "),
                            meant.empty() ? "" : absl::StrCat("; did you mean ", meant, "?")));
}

// What --file and --set ask for.
absl::StatusOr<std::vector<api::RuleProposal>> WantedRules(Session& session, const RuleOptions& options, std::string* comment) {
  std::vector<api::RuleProposal> rules;
  if (!options.file.empty()) {
    absl::StatusOr<std::string> text = ReadWholeFile(options.file);
    if (!text.ok()) return text.status();
    api::PublishRulesRequest request;
    absl::Status status = ParseTextOrJson(*text, options.file, &request);
    if (!status.ok()) return status;
    rules.assign(request.rules().begin(), request.rules().end());
    if (comment->empty()) *comment = request.comment();
  }
  if (!options.set.empty()) {
    api::Rulebook in_force;
    absl::Status status = session.client->Call("RulebookService.GetRulebook", api::GetRulebookRequest(), &in_force);
    if (!status.ok()) return status;
    absl::StatusOr<std::vector<api::RuleProposal>> changed = ChangedRules(in_force, options.set);
    if (!changed.ok()) return changed.status();
    rules.insert(rules.end(), changed->begin(), changed->end());
  }
  if (rules.empty()) return Usage("say what changes: --set probability:PIPELINE/STAGE=50% or --file FILE");
  if (!options.effective_from.empty()) {
    absl::StatusOr<google::type::Date> day = ParseDay(options.effective_from, "--effective-from");
    if (!day.ok()) return day.status();
    for (api::RuleProposal& rule : rules) *rule.mutable_effective_from() = *day;
  }
  return rules;
}

void PrintResult(Session& session, const api::CommandResult& result, const std::string& sentence) {
  if (session.format == Format::kJson) {
    session.out << ToJson(result);
  } else if (result.revisions().empty()) {
    session.out << "nothing had to change\n";
  } else {
    session.out << sentence << " at position " << result.position() << "\n";
  }
}

std::vector<std::string> KindsOf(const google::protobuf::RepeatedPtrField<api::RuleProposal>& rules) {
  std::vector<std::string> out;
  for (const api::RuleProposal& rule : rules) out.push_back(KindName(static_cast<api::RuleKind>(rule.content().content_case())));
  return out;
}

void PrintDrafts(Session& session, const api::ListDraftsResponse& drafts) {
  if (drafts.drafts().empty()) return;
  session.out << "\n";
  TextTable table;
  for (const char* header : {"draft", "rules", "by", "comment"}) table.AddColumn(header);
  for (const api::Draft& draft : drafts.drafts()) {
    table.AddRow({draft.name(), absl::StrJoin(KindsOf(draft.rules()), ", "), draft.actor(), draft.comment()});
  }
  table.Print(session.out, session.look);
}

}  // namespace

absl::Status ListRules(Session& session) {
  api::ListRuleVersionsResponse versions;
  absl::Status status = CallAllPages(*session.client, "RulebookService.ListRuleVersions", api::ListRuleVersionsRequest(), &versions);
  if (!status.ok()) return status;
  if (session.format == Format::kJson) {
    session.out << ToJson(versions);
    return absl::OkStatus();
  }
  const absl::StatusOr<absl::TimeZone> zone = TenantZone(session);
  if (!zone.ok()) return zone.status();
  TextTable table;
  table.AddColumn("kind");
  table.AddColumn("position", TextTable::Align::kRight);
  for (const char* header : {"effective from", "published", "by", "comment", ""}) table.AddColumn(header);
  for (const api::RuleVersion& version : versions.versions()) {
    table.AddRow({KindName(version.kind()), absl::StrCat(version.published_position()), EffectiveText(version.rule()),
                  TimeText(version.published_time(), *zone), version.actor(), version.comment(),
                  version.withdrawn() ? "withdrawn" : ""});
  }
  table.Print(session.out, session.look);
  api::ListDraftsResponse drafts;
  status = CallAllPages(*session.client, "RulebookService.ListDrafts", api::ListDraftsRequest(), &drafts);
  if (status.ok()) PrintDrafts(session, drafts);
  return status;
}

absl::Status ShowRules(Session& session, const std::string& kind, const std::string& valid_at, const std::string& as_of) {
  api::GetRulebookRequest request;
  if (!valid_at.empty()) {
    absl::StatusOr<google::type::Date> day = ParseDay(valid_at, "--valid-at");
    if (!day.ok()) return day.status();
    *request.mutable_valid_at() = *day;
  }
  if (!as_of.empty()) {
    absl::StatusOr<api::AsOf> parsed = ParseAsOf(as_of);
    if (!parsed.ok() || !parsed->has_position()) return Usage("--as-of: write a position");
    request.set_as_of_position(parsed->position());
  }
  absl::StatusOr<api::RuleKind> wanted = kind.empty() ? api::RULE_KIND_UNSPECIFIED : ParseKind(kind);
  if (!wanted.ok()) return wanted.status();
  api::Rulebook rulebook;
  absl::Status status = session.client->Call("RulebookService.GetRulebook", request, &rulebook);
  if (!status.ok()) return status;
  // What is printed can be edited and given to `rules publish --file`.
  api::PublishRulesRequest shown;
  for (const api::RuleVersion& version : rulebook.rules()) {
    if (*wanted == api::RULE_KIND_UNSPECIFIED || version.kind() == *wanted) *shown.add_rules() = version.rule();
  }
  if (session.format == Format::kJson) {
    session.out << ToJson(shown);
    return absl::OkStatus();
  }
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(shown, &text);
  session.out << "# rules in force as published up to position " << rulebook.position() << "\n" << text;
  return absl::OkStatus();
}

absl::Status DraftRules(Session& session, const RuleOptions& options) {
  api::DraftRulesRequest request;
  std::string comment = options.comment;
  absl::StatusOr<std::vector<api::RuleProposal>> rules = WantedRules(session, options, &comment);
  if (!rules.ok()) return rules.status();
  request.set_draft(DraftName(options.name));
  request.mutable_rules()->Assign(rules->begin(), rules->end());
  request.set_comment(comment);
  api::CommandResult result;
  absl::Status status = session.client->Call("RulebookService.DraftRules", request, &result);
  if (!status.ok()) return status;
  PrintResult(session, result, absl::StrCat(request.draft(), " holds ", absl::StrJoin(KindsOf(request.rules()), ", "), ", saved"));
  if (session.format == Format::kTable) {
    session.out << session.look.Faint(absl::StrCat("see what it would change: recount rules preview ", options.name, " REPORT")) << "\n";
  }
  return absl::OkStatus();
}

absl::Status PublishRules(Session& session, const RuleOptions& options) {
  api::CommandResult result;
  if (!options.name.empty()) {
    if (!options.set.empty() || !options.file.empty()) return Usage("publish a draft, or --set and --file, not both");
    api::PublishDraftRequest request;
    request.set_draft(DraftName(options.name));
    absl::Status status = session.client->Call("RulebookService.PublishDraft", request, &result);
    if (status.ok()) PrintResult(session, result, absl::StrCat(request.draft(), " is published"));
    return status;
  }
  api::PublishRulesRequest request;
  std::string comment = options.comment;
  absl::StatusOr<std::vector<api::RuleProposal>> rules = WantedRules(session, options, &comment);
  if (!rules.ok()) return rules.status();
  request.mutable_rules()->Assign(rules->begin(), rules->end());
  request.set_comment(comment);
  absl::Status status = session.client->Call("RulebookService.PublishRules", request, &result);
  if (status.ok()) PrintResult(session, result, absl::StrCat(absl::StrJoin(KindsOf(request.rules()), ", "), " published"));
  return status;
}

absl::Status DiscardDraft(Session& session, const std::string& draft) {
  api::DiscardDraftRequest request;
  request.set_draft(DraftName(draft));
  api::CommandResult result;
  absl::Status status = session.client->Call("RulebookService.DiscardDraft", request, &result);
  if (status.ok()) PrintResult(session, result, absl::StrCat(request.draft(), " is thrown away"));
  return status;
}

absl::Status WithdrawRule(Session& session, const std::string& kind, uint64_t position, const std::string& reason) {
  absl::StatusOr<api::RuleKind> parsed = ParseKind(kind);
  if (!parsed.ok()) return parsed.status();
  api::WithdrawRuleRequest request;
  request.set_kind(*parsed);
  request.set_published_position(position);
  request.set_reason(reason);
  api::CommandResult result;
  absl::Status status = session.client->Call("RulebookService.WithdrawRule", request, &result);
  if (status.ok()) PrintResult(session, result, absl::StrCat("the version of ", kind, " of position ", position, " is withdrawn"));
  return status;
}

}  // namespace recount::tools
