// Reasons for losing and disqualifying (K-04).
#ifndef RECOUNT_DOMAIN_REASONS_H_
#define RECOUNT_DOMAIN_REASONS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "recount/v1/rule.pb.h"

namespace recount::domain {

enum class ReasonUse { kLostDeal, kDisqualifiedLead };

// UNKNOWN_REASON unless the catalogue has it for this use. `NOT_STATED` is always accepted
// (decisions.md 8), and any reason as long as there is no catalogue.
absl::Status CheckReason(const v1::ReasonsRule& catalogue, absl::string_view reason, ReasonUse use);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_REASONS_H_
