#include "domain/rules.h"

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "google/protobuf/util/message_differencer.h"

namespace recount::domain {
namespace {

using google::protobuf::util::MessageDifferencer;
using Proposals = google::protobuf::RepeatedPtrField<v1::RuleProposal>;

// The newest version with the same effective date says the same.
bool IsSo(const Rulebook& rules, const v1::RuleProposal& proposal) {
  const RuleVersionEntry* newest = nullptr;
  for (const RuleVersionEntry& entry : rules.Versions(KindOf(proposal.content()))) {
    if (entry.withdrawn_position == 0 &&
        MessageDifferencer::Equals(entry.rule.effective_from(), proposal.effective_from())) {
      newest = &entry;
    }
  }
  return newest != nullptr && MessageDifferencer::Equals(newest->rule, proposal);
}

std::string StreamOf(v1::RuleKind kind) { return absl::StrCat("rules/", KindName(kind)); }

}  // namespace

// ---- decide ----

void Publish(const Proposals& rules, absl::string_view comment, absl::string_view draft,
             Deciding* deciding) {
  for (const v1::RuleProposal& proposal : rules) {
    if (IsSo(deciding->rules(), proposal)) continue;
    v1::EventPayload* payload = deciding->Append(StreamOf(KindOf(proposal.content())), "");
    v1::RuleVersionPublished* published = payload->mutable_rule()->mutable_published();
    *published->mutable_rule() = proposal;
    published->set_comment(std::string(comment));
    published->set_draft(std::string(draft));
  }
}

absl::Status Decide(const v1::PublishRulesRequest& command, Deciding* deciding) {
  if (command.rules().empty())
    return Refuse(v1::EMPTY_COMMAND, "there is no rule to publish", "rules");
  RECOUNT_RETURN_IF_ERROR(CheckProposals(deciding->rules(), command.rules()));
  RECOUNT_RETURN_IF_ERROR(CheckOrgNames(command.rules(), deciding));
  Publish(command.rules(), command.comment(), "", deciding);
  deciding->decision()->answer_name = StreamOf(KindOf(command.rules(0).content()));
  return absl::OkStatus();
}

absl::Status Decide(const v1::WithdrawRuleRequest& command, Deciding* deciding) {
  if (KindName(command.kind()).empty())
    return Refuse(v1::FIELD_REQUIRED, "say which kind of rule", "kind");
  const std::string stream = StreamOf(command.kind());
  deciding->decision()->answer_name = stream;
  for (const RuleVersionEntry& entry : deciding->rules().Versions(command.kind())) {
    if (entry.position != command.published_position()) continue;
    if (entry.withdrawn_position != 0) return absl::OkStatus();
    RECOUNT_RETURN_IF_ERROR(CheckWithdrawal(deciding->rules(), entry));
    v1::RuleVersionWithdrawn* withdrawn =
        deciding->Append(stream, "")->mutable_rule()->mutable_withdrawn();
    withdrawn->set_published_position(command.published_position());
    withdrawn->set_reason(command.reason());
    return absl::OkStatus();
  }
  return Refuse(v1::RULE_VERSION_NOT_FOUND,
                absl::StrCat("no version of ", stream, " was published at position ",
                             command.published_position()),
                "published_position");
}

// ---- evolve ----

void EvolveRuleKind(const v1::RuleEvent& event, const EventMeta& meta, RuleKindState* state) {
  switch (event.event_case()) {
    case v1::RuleEvent::kPublished:
      state->published_positions.push_back(meta.position);
      break;
    case v1::RuleEvent::kWithdrawn:
      state->withdrawn_positions.push_back(event.withdrawn().published_position());
      break;
    case v1::RuleEvent::EVENT_NOT_SET:
      break;
  }
}

}  // namespace recount::domain
