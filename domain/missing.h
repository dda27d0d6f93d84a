// Refusals of records that are not there, in the same words wherever they are asked for.
#ifndef RECOUNT_DOMAIN_MISSING_H_
#define RECOUNT_DOMAIN_MISSING_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "recount/v1/common.pb.h"

namespace recount::domain {

// RECORD_NOT_FOUND of an external id that leads nowhere.
absl::Status NoneHas(absl::string_view collection, const v1::ExternalId& external);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_MISSING_H_
