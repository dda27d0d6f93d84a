#include "services/rulebook_methods.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "recount/v1/rule.pb.h"
#include "services/record_reader.h"

namespace recount::services {
namespace {

// What a client takes unless told otherwise, less what is around it. These answers have no pages: a published rule may be as
// large as a message, and one of them must be to be had.
constexpr size_t kMostBytes = (4 << 20) - (64 << 10);

// Counts what an answer takes, before it is added.
class AnswerBytes {
 public:
  explicit AnswerBytes(absl::string_view remedy) : remedy_(remedy) {}
  absl::Status Take(size_t bytes) {
    bytes_ += bytes;
    if (bytes_ <= kMostBytes) return absl::OkStatus();
    return domain::Refuse(v1::ANSWER_TOO_LARGE,
                          absl::StrCat("the answer would have more than ", kMostBytes, " bytes: ", remedy_));
  }

 private:
  const absl::string_view remedy_;
  size_t bytes_ = 0;
};

v1::RuleVersion Show(const domain::RuleVersionEntry& entry) {
  v1::RuleVersion version;
  version.set_kind(domain::KindOf(entry.rule.content()));
  version.set_published_position(entry.position);
  *version.mutable_published_time() = domain::TimestampFrom(entry.recorded_micros);
  version.set_actor(entry.actor);
  *version.mutable_rule() = entry.rule;
  version.set_comment(entry.comment);
  version.set_withdrawn(entry.withdrawn_position != 0);
  return version;
}

// Kinds by their numbers in RuleKind.
std::vector<v1::RuleKind> AllKinds() {
  std::vector<v1::RuleKind> kinds;
  const google::protobuf::EnumDescriptor* descriptor = v1::RuleKind_descriptor();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    if (descriptor->value(i)->number() != 0) kinds.push_back(static_cast<v1::RuleKind>(descriptor->value(i)->number()));
  }
  return kinds;
}

absl::StatusOr<v1::Rulebook> GetRulebook(const Backend* backend, const Call& call,
                                         const v1::GetRulebookRequest& request) {
  const auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  const RecordReader reader(backend);
  if (absl::Status reached = reader.AwaitPosition(**tenant, request.min_position(), call.deadline); !reached.ok())
    return reached;
  const auto head = reader.Rules(**tenant);
  if (!head.ok()) return head.status();
  domain::Rulebook rules = **head;
  if (request.as_of_position() != 0) {
    const uint64_t newest = backend->archive.log->DurableHead((*tenant)->number()).position;
    if (request.as_of_position() > newest) {
      return domain::Refuse(
          v1::POSITION_BEYOND_HEAD,
          absl::StrCat("position ", request.as_of_position(), " is beyond the head of the log, ", newest),
          "as_of_position");
    }
    rules = (*head)->UpTo(request.as_of_position());
  }
  auto calendar = reader.CalendarOf(**tenant);
  if (!calendar.ok()) return calendar.status();
  int64_t day = calendar->DayOf(backend->clock->NowMicros());
  if (request.has_valid_at()) {
    auto given = domain::DayFromDate(request.valid_at(), "valid_at");
    if (!given.ok()) return given.status();
    day = *given;
  }
  v1::Rulebook answer;
  answer.set_position(rules.position());
  AnswerBytes bytes("ask for the versions of one kind (ListRuleVersions)");
  for (v1::RuleKind kind : AllKinds()) {
    const domain::RuleVersionEntry* entry = rules.InForce(kind, day);
    if (entry == nullptr) continue;
    if (absl::Status fits = bytes.Take(entry->rule.ByteSizeLong()); !fits.ok()) return fits;
    *answer.add_rules() = Show(*entry);
  }
  return answer;
}

absl::StatusOr<v1::ListRuleVersionsResponse> ListVersions(const Backend* backend, const Call& call,
                                                          const v1::ListRuleVersionsRequest& request) {
  const auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  const auto rules = RecordReader(backend).Rules(**tenant);
  if (!rules.ok()) return rules.status();
  v1::ListRuleVersionsResponse answer;
  AnswerBytes bytes("ask for one kind, or read its stream, e.g. `rules/pipelines` (ReadStream), which has pages");
  for (v1::RuleKind kind : AllKinds()) {
    if (request.kind() != v1::RULE_KIND_UNSPECIFIED && request.kind() != kind) continue;
    for (const domain::RuleVersionEntry& entry : (*rules)->Versions(kind)) {
      if (absl::Status fits = bytes.Take(entry.rule.ByteSizeLong()); !fits.ok()) return fits;
      *answer.add_versions() = Show(entry);
    }
  }
  std::sort(answer.mutable_versions()->begin(), answer.mutable_versions()->end(),
            [](const v1::RuleVersion& a, const v1::RuleVersion& b) {
              return a.published_position() < b.published_position();
            });
  return answer;
}

absl::StatusOr<v1::ListDraftsResponse> ListDrafts(const Backend* backend, const Call& call,
                                                  const v1::ListDraftsRequest& request) {
  const auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  std::vector<std::string> names;
  absl::Status listed = backend->archive.log->ListStreams((*tenant)->number(), "drafts/", [&](absl::string_view name) {
    names.emplace_back(name);
    return true;
  });
  if (!listed.ok()) return listed;
  v1::ListDraftsResponse answer;
  AnswerBytes bytes("read the drafts' events (ReadLog, ReadStream), which has pages");
  for (const std::string& name : names) {
    auto folded = RecordReader(backend).Read(**tenant, name);
    if (!folded.ok()) return folded.status();
    const auto* draft = std::get_if<domain::DraftState>(&(*folded)->state);
    if (draft == nullptr || !(draft->draft.is_open() || request.show_closed())) continue;
    if (absl::Status fits = bytes.Take(draft->draft.ByteSizeLong()); !fits.ok()) return fits;
    *answer.add_drafts() = draft->draft;
  }
  return answer;
}

}  // namespace

void AddRulebookQueries(const Backend* backend, MethodTable* table) {
  table->AddTyped<v1::GetRulebookRequest, v1::Rulebook>(
      "recount.v1.RulebookService.GetRulebook", Access::kRead,
      [backend](const Call& call, const v1::GetRulebookRequest& request) {
        return GetRulebook(backend, call, request);
      });
  table->AddTyped<v1::ListRuleVersionsRequest, v1::ListRuleVersionsResponse>(
      "recount.v1.RulebookService.ListRuleVersions", Access::kRead,
      [backend](const Call& call, const v1::ListRuleVersionsRequest& request) {
        return ListVersions(backend, call, request);
      });
  table->AddTyped<v1::ListDraftsRequest, v1::ListDraftsResponse>(
      "recount.v1.RulebookService.ListDrafts", Access::kRead,
      [backend](const Call& call, const v1::ListDraftsRequest& request) { return ListDrafts(backend, call, request); });
}

}  // namespace recount::services
