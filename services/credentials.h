// Who calls, and what a role may do. The tenant comes from here alone, never from a request (DESIGN.md, idea 2).
#ifndef RECOUNT_SERVICES_CREDENTIALS_H_
#define RECOUNT_SERVICES_CREDENTIALS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "domain/rights.h"

namespace recount::services {

enum class Role { kViewer, kAuditor, kUser, kOperator };

// What a method asks of its caller.
enum class Access {
  kRead,     // every role
  kAudit,    // auditor, operator
  kWrite,    // user, operator
  kOperate,  // operator
};

struct Caller {
  std::string tenant_id;
  std::string actor;
  bool authenticated = false;
  Role role = Role::kViewer;
  domain::Rights rights = {};  // whose records are there for the caller; of auditors and operators everybody's
  // The same made out, for commands; nullptr: everybody's.
  std::shared_ptr<const domain::SeenOwners> seen = nullptr;
};

// Value of a metadata key of the call; empty: not there.
using CallMetadata = std::function<std::string(absl::string_view key)>;

class Credentials {
 public:
  // Everybody is who they say they are, in the metadata `recount-tenant` and `recount-actor`, and may do everything, or, with
  // `recount-sees`, what a user may who sees these records; actors are marked as unauthenticated for ever. For a loopback address only.
  static Credentials Insecure();
  // Lines `TOKEN TENANT ACTOR ROLE [RIGHTS]`, RIGHTS as in ReportParameters.rights without blanks, of viewers and users; empty lines
  // and those that begin with # are skipped. Callers send `authorization: Bearer TOKEN`. Tokens are kept as SHA-256 only.
  static absl::StatusOr<Credentials> FromText(absl::string_view text);
  static absl::StatusOr<Credentials> FromFile(const std::string& path);

  // CREDENTIALS_INVALID.
  absl::StatusOr<Caller> Identify(const CallMetadata& metadata) const;

 private:
  bool insecure_ = false;
  absl::flat_hash_map<std::string, Caller> callers_;  // by SHA-256 of the token
};

// ROLE_NOT_ALLOWED.
absl::Status CheckAccess(const Caller& caller, Access access);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_CREDENTIALS_H_
