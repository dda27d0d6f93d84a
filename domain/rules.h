// Rules and drafts of rules (domain.md A-30): a stream for each kind, and one for each draft.
#ifndef RECOUNT_DOMAIN_RULES_H_
#define RECOUNT_DOMAIN_RULES_H_

#include "absl/types/span.h"
#include "domain/aggregate.h"
#include "domain/deciding.h"

namespace recount::domain {

absl::Status Decide(const v1::PublishRulesRequest& command, Deciding* deciding);
absl::Status Decide(const v1::WithdrawRuleRequest& command, Deciding* deciding);
absl::Status Decide(const v1::DraftRulesRequest& command, Deciding* deciding);
absl::Status Decide(const v1::PublishDraftRequest& command, Deciding* deciding);
absl::Status Decide(const v1::DiscardDraftRequest& command, Deciding* deciding);

// Appends a publication for each proposal that is not in force already.
void Publish(const google::protobuf::RepeatedPtrField<v1::RuleProposal>& rules,
             absl::string_view comment, absl::string_view draft, Deciding* deciding);

// Whether proposals may be published together on top of what is (rule_check.cc). RULE_INVALID with
// the place, and the reasons that the protos name.
absl::Status CheckProposals(const Rulebook& rules,
                            const google::protobuf::RepeatedPtrField<v1::RuleProposal>& proposals);

// The records that an org chart names are there, if deleted since: RECORD_NOT_FOUND. What was
// published before is not asked again: a record never goes away.
absl::Status CheckOrgNames(const google::protobuf::RepeatedPtrField<v1::RuleProposal>& proposals,
                           Deciding* deciding);

// Whether a published version may be withdrawn: STAGE_MAP_NOT_TOTAL if the stage maps of the
// versions that stay would not be total, RULE_NOT_RETROACTIVE for the only calendar, without which
// there are no days.
absl::Status CheckWithdrawal(const Rulebook& rules, const RuleVersionEntry& version);

void EvolveRuleKind(const v1::RuleEvent& event, const EventMeta& meta, RuleKindState* state);
void EvolveDraft(const v1::DraftEvent& event, const EventMeta& meta, DraftState* state);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_RULES_H_
