// Tokens that a client carries and cannot make up.
#ifndef RECOUNT_SERVICES_SIGNED_TOKEN_H_
#define RECOUNT_SERVICES_SIGNED_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace recount::services {

// A tenant's own key, so that a token of another tenant is none.
std::string TenantTokenKey(absl::string_view key, uint32_t tenant);

// `text` with a MAC over it and the scope (tenant and method), which does not travel with it.
std::string SignToken(absl::string_view key, absl::string_view scope, absl::string_view text);
// TOKEN_INVALID.
absl::StatusOr<std::string> OpenToken(absl::string_view key, absl::string_view scope, absl::string_view token);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_SIGNED_TOKEN_H_
