// Single changes of rules in the words of the command line: `probability:sales/order=50%`.
#ifndef RECOUNT_TOOLS_CLI_RULE_CHANGE_H_
#define RECOUNT_TOOLS_CLI_RULE_CHANGE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "recount/v1/rule.pb.h"
#include "tools/api.h"

namespace recount::tools {

// The proposals that come of changing the rules in force: one for each kind that a change touches, effective from the same day as
// the version it changes. Changes:
//   probability:PIPELINE/STAGE=50%      rate:USD/ILS@2026-01-01=3.6512      parent:users/7=teams/3[@2026-04-01]
absl::StatusOr<std::vector<api::RuleProposal>> ChangedRules(const api::Rulebook& in_force, const std::vector<std::string>& changes);

// `pipelines`, `probabilities` ...; UNSPECIFIED if it is none.
api::RuleKind KindFromName(absl::string_view name);
std::string KindName(api::RuleKind kind);
std::vector<std::string> KindNames();

// `50%`, `12.5 %` or `0.5` -> basis points; finer than those is refused.
absl::StatusOr<uint32_t> ParseBasisPoints(absl::string_view text);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_RULE_CHANGE_H_
