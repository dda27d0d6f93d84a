#include "eventstore/request_hash.h"

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

constexpr uint32_t kTenant = 7;
const std::string kDigest(32, 'd');
const std::string kOther(32, 'o');

TEST(RequestHashTest, KnowsACommandAgainWithoutItsDigest) {
  auto vault = NewMemoryKeyVault();
  const RequestHash hash = HashRequest(*vault, kTenant, kDigest).value();
  EXPECT_EQ(hash.stored.size(), 40u);
  EXPECT_FALSE(absl::StrContains(hash.stored, kDigest));
  EXPECT_TRUE(IsSameRequest(hash.stored, HashRequest(*vault, kTenant, kDigest).value()));
  EXPECT_FALSE(IsSameRequest(hash.stored, HashRequest(*vault, kTenant, kOther).value()));
  EXPECT_NE(hash.stored, HashRequest(*vault, kTenant + 1, kDigest).value().stored) << "a key for each tenant";
}

TEST(RequestHashTest, AfterTheKeyIsLostEverythingIsTakenForTheSame) {
  const RequestHash before = HashRequest(*NewMemoryKeyVault(), kTenant, kDigest).value();
  auto after = NewMemoryKeyVault();
  EXPECT_TRUE(IsSameRequest(before.stored, HashRequest(*after, kTenant, kDigest).value()));
  EXPECT_TRUE(IsSameRequest(before.stored, HashRequest(*after, kTenant, kOther).value()));
}

TEST(RequestHashTest, OlderServersStoredTheDigest) {
  auto vault = NewMemoryKeyVault();
  EXPECT_TRUE(IsSameRequest(kDigest, HashRequest(*vault, kTenant, kDigest).value()));
  EXPECT_FALSE(IsSameRequest(kOther, HashRequest(*vault, kTenant, kDigest).value()));
}

}  // namespace
}  // namespace recount::eventstore
