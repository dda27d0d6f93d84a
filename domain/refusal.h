// Refusals: an absl::Status that carries google.rpc details, so that a client can act on the reason
// and a person understands the sentence (decisions.md; AIP-193).
#ifndef RECOUNT_DOMAIN_REFUSAL_H_
#define RECOUNT_DOMAIN_REFUSAL_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"
#include "recount/v1/error_reason.pb.h"

namespace recount::domain {

using Metadata = std::initializer_list<std::pair<absl::string_view, absl::string_view>>;

// A refusal with one google.rpc.ErrorInfo (domain `recount.v1`). The code is the one that belongs
// to the reason (error_reason.proto). `field`, if not empty, adds a BadRequest violation
// (INVALID_ARGUMENT) or, for FAILED_PRECONDITION, a PreconditionFailure on that subject. The
// message says what was given and what would be right.
absl::Status Refuse(v1::ErrorReason reason, absl::string_view message, absl::string_view field = "",
                    Metadata metadata = {});

// The reason of a status made by Refuse(), ERROR_REASON_UNSPECIFIED for others.
v1::ErrorReason ReasonOf(const absl::Status& status);

// The code that belongs to a reason.
absl::StatusCode CodeOf(v1::ErrorReason reason);

// For the wire: code, message and all details.
google::rpc::Status ToRpcStatus(const absl::Status& status);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_REFUSAL_H_
