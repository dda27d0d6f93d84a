#include "eventstore/sequencing.h"

#include "absl/strings/str_cat.h"
#include "eventstore/event_log_testing.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

absl::Status Check(EventLog& log, Proposal proposal) { return AssignPlace(log, proposal).status(); }

TEST(SequencingTest, ClaimsSeeThoseBeforeThemInTheCommit) {
  const auto log = NewMemoryEventLog();
  ASSERT_TRUE(AppendNow(*log, WithClaim(MakeProposal(1, {"deals/a"}), "k", "deals/a")).ok());
  const Proposal both = MakeProposal(1, {"deals/a", "deals/b"});
  const Proposal released = WithClaim(both, "k", "deals/a", true);
  EXPECT_TRUE(Check(*log, WithClaim(released, "k", "deals/b")).ok());
  EXPECT_TRUE(Check(*log, WithClaim(WithClaim(released, "k", "deals/b"), "k", "deals/b", true)).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Check(*log, WithClaim(released, "k", "deals/a", true)))) << "released twice";
  EXPECT_TRUE(absl::IsAlreadyExists(Check(*log, WithClaim(WithClaim(released, "k", "deals/b"), "k", "deals/a"))));
  const Proposal fresh = WithClaim(both, "new", "deals/a");
  EXPECT_TRUE(Check(*log, WithClaim(fresh, "new", "deals/a")).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Check(*log, WithClaim(fresh, "new", "deals/b"))));
}

// Looked at pair by pair, as many claims as these would keep the sequencer's thread, and this test, for minutes.
TEST(SequencingTest, ManyClaimsAreCheckedOneByOne) {
  const auto log = NewMemoryEventLog();
  Proposal proposal = MakeProposal(1, {"deals/a"});
  for (int i = 0; i < 800000; ++i) {
    storage::v1::KeyClaim* claim = proposal.record.add_claims();
    claim->set_key(absl::StrCat("deals/id/erp/", i));
    claim->set_stream("deals/a");
  }
  EXPECT_TRUE(AssignPlace(*log, proposal).ok());
}

}  // namespace
}  // namespace recount::eventstore
