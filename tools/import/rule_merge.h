// Adds rules to those in force, so that an import brings its pipelines and fields beside what a tenant has.
#ifndef RECOUNT_TOOLS_IMPORT_RULE_MERGE_H_
#define RECOUNT_TOOLS_IMPORT_RULE_MERGE_H_

#include <vector>

#include "absl/types/span.h"
#include "recount/v1/rule.pb.h"
#include "tools/api.h"

namespace recount::tools {

// The newest standing version of the proposal's kind with its effective date; null: none.
const api::RuleProposal* StandingRule(absl::Span<const api::RuleVersion> versions, const api::RuleProposal& like);

// `base` with what `added` says: a pipeline, stage map, probability, reason, exchange rate, custom field or child in the org chart
// that both have is taken from `added`, what only one has is kept. A calendar is replaced.
api::RuleProposal MergeRule(const api::RuleProposal& base, const api::RuleProposal& added);

// What is to be published so that all of `wanted` holds: merged, and without what holds already.
std::vector<api::RuleProposal> RulesToPublish(absl::Span<const api::RuleVersion> versions,
                                              absl::Span<const api::RuleProposal> wanted);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_RULE_MERGE_H_
