#include "services/credentials.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"

namespace recount::services {
namespace {

absl::StatusOr<Caller> CallInsecurely(const std::string& tenant, const std::string& actor) {
  return Credentials::Insecure().Identify(
      [&](absl::string_view key) { return key == "recount-tenant" ? tenant : key == "recount-actor" ? actor : ""; });
}

// A commit with an actor that is not UTF-8 could be written and never be read again.
TEST(CredentialsTest, ActorsAreUtf8) {
  EXPECT_EQ(CallInsecurely("acme", "users/jürgen")->actor, "users/jürgen");
  for (const std::string bad : {"users/j\xfcrgen", "a\xff", "\xc3", "two\nlines", "\xed\xa0\x80"}) {
    EXPECT_EQ(domain::ReasonOf(CallInsecurely("acme", bad).status()), v1::CREDENTIALS_INVALID) << bad;
    EXPECT_EQ(domain::ReasonOf(CallInsecurely(bad, "users/ann").status()), v1::CREDENTIALS_INVALID) << bad;
  }
  EXPECT_TRUE(Credentials::FromText("token-of-a-salesperson acme users/jürgen user\n").ok());
  EXPECT_FALSE(Credentials::FromText("token-of-a-salesperson acme users/j\xfcrgen user\n").ok());
  EXPECT_FALSE(
      Credentials::FromText(absl::StrCat("token-of-a-salesperson acme ", std::string(300, 'x'), " user\n")).ok());
}

TEST(CredentialsTest, TokensNameTenantActorAndRole) {
  auto credentials = Credentials::FromText("# people\ntoken-of-a-salesperson acme users/ann user\n");
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  const auto with = [&](const std::string& header) {
    return credentials->Identify([&](absl::string_view key) { return key == "authorization" ? header : ""; });
  };
  const auto caller = with("bearer token-of-a-salesperson");
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->tenant_id, "acme");
  EXPECT_EQ(caller->actor, "users/ann");
  EXPECT_TRUE(caller->authenticated);
  EXPECT_TRUE(CheckAccess(*caller, Access::kWrite).ok());
  EXPECT_EQ(domain::ReasonOf(CheckAccess(*caller, Access::kAudit)), v1::ROLE_NOT_ALLOWED);
  for (const char* header : {"", "Bearer ", "Bearer token-of-a-salesperso", "Basic token-of-a-salesperson"}) {
    EXPECT_EQ(domain::ReasonOf(with(header).status()), v1::CREDENTIALS_INVALID) << header;
  }
}

TEST(CredentialsTest, RightsAreOfViewersAndUsers) {
  const std::string token = "token-of-a-salesperson acme users/ann ";
  const auto credentials = Credentials::FromText(token + "user teams/north,users/ann\n");
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  const auto caller = credentials->Identify(
      [](absl::string_view key) { return key == "authorization" ? "bearer token-of-a-salesperson" : ""; });
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->rights.Text(), "teams/north,users/ann");
  for (const char* bad : {"operator teams/north", "auditor unassigned", "user north", "user teams/north users/ann", "viewer teams/"}) {
    EXPECT_FALSE(Credentials::FromText(token + bad + "\n").ok()) << bad;
  }
}

TEST(CredentialsTest, WhoSaysWhatHeSeesIsAUser) {
  const auto sees = [](const std::string& rights) {
    return Credentials::Insecure().Identify(
        [&](absl::string_view key) { return key == "recount-tenant" ? "acme" : key == "recount-sees" ? rights : ""; });
  };
  EXPECT_EQ(sees("")->role, Role::kOperator);
  EXPECT_EQ(sees("teams/north")->role, Role::kUser);
  EXPECT_EQ(domain::ReasonOf(sees("north").status()), v1::CREDENTIALS_INVALID);
}

}  // namespace
}  // namespace recount::services
