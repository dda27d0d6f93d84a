#include "services/credentials.h"

#include <openssl/sha.h>
#include <unicode/utf8.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/refusal.h"

namespace recount::services {
namespace {

constexpr size_t kLongestActor = 256;

std::string Sha256(absl::string_view text) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), reinterpret_cast<uint8_t*>(hash.data()));
  return hash;
}

// The actor is stored in every commit: one that is not UTF-8 would make the log unreadable.
bool IsReadable(absl::string_view text) {
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < size;) {
    UChar32 c;
    U8_NEXT(text.data(), i, size, c);
    if (c < ' ' || c == 0x7f) return false;  // negative: not UTF-8
  }
  return true;
}

std::optional<Role> RoleNamed(absl::string_view name) {
  if (name == "viewer") return Role::kViewer;
  if (name == "auditor") return Role::kAuditor;
  if (name == "user") return Role::kUser;
  if (name == "operator") return Role::kOperator;
  return std::nullopt;
}

absl::string_view NameOf(Role role) {
  switch (role) {
    case Role::kViewer:
      return "viewer";
    case Role::kAuditor:
      return "auditor";
    case Role::kUser:
      return "user";
    case Role::kOperator:
      return "operator";
  }
  return "";
}

}  // namespace

Credentials Credentials::Insecure() {
  Credentials result;
  result.insecure_ = true;
  return result;
}

absl::StatusOr<Credentials> Credentials::FromText(absl::string_view text) {
  Credentials result;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty() || absl::StartsWith(words[0], "#")) continue;
    const bool is_long = words.size() == 5;
    const std::optional<Role> role = is_long || words.size() == 4 ? RoleNamed(words[3]) : std::nullopt;
    if (!role.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number,
                                                     " of the tokens file is not `TOKEN TENANT ACTOR ROLE [RIGHTS]` with ",
                                                     "one of the roles viewer, user, auditor, operator"));
    }
    auto rights = domain::Rights::Parse(is_long ? words[4] : "");
    if (!rights.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the rights in line ", number, " of the tokens file: ", rights.status().message()));
    }
    if (is_long && *role != Role::kViewer && *role != Role::kUser) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, " of the tokens file: one with the role ", NameOf(*role),
                                                     " sees everything; rights are of viewers and users"));
    }
    if (!IsReadable(words[1]) || !IsReadable(words[2]) || words[2].size() > kLongestActor) {
      return absl::InvalidArgumentError(absl::StrCat("tenant and actor in line ", number,
                                                     " of the tokens file must be UTF-8, the actor at most ",
                                                     kLongestActor, " bytes"));
    }
    if (words[0].size() < 16) {
      return absl::InvalidArgumentError(absl::StrCat("the token in line ", number,
                                                     " of the tokens file is shorter than 16 ",
                                                     "characters: `openssl rand -hex 32` makes a good one"));
    }
    Caller caller{words[1], words[2], true, *role, *std::move(rights)};
    if (!result.callers_.emplace(Sha256(words[0]), std::move(caller)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the token in line ", number, " of the tokens file is there twice"));
    }
  }
  return result;
}

absl::StatusOr<Credentials> Credentials::FromFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("the tokens file ", path, " cannot be read"));
  std::stringstream text;
  text << file.rdbuf();
  return FromText(text.str());
}

absl::StatusOr<Caller> Credentials::Identify(const CallMetadata& metadata) const {
  if (insecure_) {
    Caller caller{metadata("recount-tenant"), metadata("recount-actor"), false, Role::kOperator};
    if (caller.actor.empty()) caller.actor = "anonymous";
    if (caller.tenant_id.size() > 63 || caller.actor.size() > kLongestActor || !IsReadable(caller.tenant_id) ||
        !IsReadable(caller.actor)) {
      return domain::Refuse(v1::CREDENTIALS_INVALID,
                            "recount-tenant has at most 63 bytes and recount-actor at most 256, both UTF-8");
    }
    auto rights = domain::Rights::Parse(metadata("recount-sees"));
    if (!rights.ok()) return domain::Refuse(v1::CREDENTIALS_INVALID, absl::StrCat("recount-sees: ", rights.status().message()));
    if (!rights->is_everything()) caller.role = Role::kUser;
    caller.rights = *std::move(rights);
    return caller;
  }
  const std::string header = metadata("authorization");
  const absl::string_view token =
      absl::StartsWithIgnoreCase(header, "bearer ") ? absl::string_view(header).substr(7) : "";
  const auto found = callers_.find(Sha256(token));
  if (token.empty() || found == callers_.end()) {
    return domain::Refuse(v1::CREDENTIALS_INVALID,
                          "send the metadata `authorization: Bearer TOKEN` with a token that this server knows");
  }
  return found->second;
}

absl::Status CheckAccess(const Caller& caller, Access access) {
  const Role role = caller.role;
  bool allowed = role == Role::kOperator;
  switch (access) {
    case Access::kRead:
      allowed = true;
      break;
    case Access::kAudit:
      allowed = allowed || role == Role::kAuditor;
      break;
    case Access::kWrite:
      allowed = allowed || role == Role::kUser;
      break;
    case Access::kOperate:
      break;
  }
  if (allowed) return absl::OkStatus();
  return domain::Refuse(v1::ROLE_NOT_ALLOWED, absl::StrCat("the role ", NameOf(role), " may not call this method"), "",
                        {{"role", NameOf(role)}});
}

}  // namespace recount::services
