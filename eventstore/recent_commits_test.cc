#include "eventstore/recent_commits.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<const StoredCommit> Commit(uint64_t first, uint64_t last, size_t bytes = 10) {
  auto commit = std::make_shared<StoredCommit>();
  commit->first_position = first;
  commit->last_position = last;
  commit->bytes = std::string(bytes, 'b');
  return commit;
}

std::vector<uint64_t> FirstsAfter(const RecentCommits& recent, TenantNumber tenant, uint64_t position,
                                  uint64_t end = 1000, size_t limit = 100) {
  std::vector<uint64_t> firsts;
  for (const auto& commit : recent.After(tenant, position, end, limit)) firsts.push_back(commit->first_position);
  return firsts;
}

TEST(RecentCommitsTest, GivesWhatComesAfterAPosition) {
  RecentCommits recent;
  recent.Add(1, Commit(1, 2));
  recent.Add(2, Commit(1, 1));
  recent.Add(1, Commit(3, 3));
  recent.Add(1, Commit(4, 6));
  EXPECT_THAT(FirstsAfter(recent, 1, 0), ElementsAre(1, 3, 4));
  EXPECT_THAT(FirstsAfter(recent, 1, 2), ElementsAre(3, 4));
  EXPECT_THAT(FirstsAfter(recent, 1, 1), ElementsAre(1, 3, 4)) << "a commit is whole";
  EXPECT_THAT(FirstsAfter(recent, 1, 6), IsEmpty());
  EXPECT_THAT(FirstsAfter(recent, 1, 0, 1000, 2), ElementsAre(1, 3));
  EXPECT_THAT(FirstsAfter(recent, 1, 0, 5), ElementsAre(1, 3)) << "up to the end asked for, in whole commits";
  EXPECT_THAT(FirstsAfter(recent, 2, 0), ElementsAre(1));
  EXPECT_THAT(FirstsAfter(recent, 3, 0), IsEmpty());
}

TEST(RecentCommitsTest, ForgetsTheOldestOfAllTenantsAndNeverSkips) {
  RecentCommits recent(20'000);
  recent.Add(1, Commit(1, 1, 1000));
  recent.Add(2, Commit(1, 1, 1000));
  for (uint64_t i = 2; i <= 4; ++i) recent.Add(2, Commit(i, i, 1000));
  EXPECT_THAT(FirstsAfter(recent, 1, 0), IsEmpty());
  EXPECT_THAT(FirstsAfter(recent, 2, 0), ElementsAre(1, 2, 3, 4));
  recent.Add(2, Commit(5, 5, 1000));
  EXPECT_THAT(FirstsAfter(recent, 2, 0), IsEmpty()) << "the first one is gone: it must be read from the log";
  EXPECT_THAT(FirstsAfter(recent, 2, 1), ElementsAre(2, 3, 4, 5));
  recent.Add(3, Commit(1, 1, 100'000));
  EXPECT_THAT(FirstsAfter(recent, 2, 4), IsEmpty());
}

}  // namespace
}  // namespace recount::eventstore
