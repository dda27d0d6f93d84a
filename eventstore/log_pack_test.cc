// The format of a pack: what goes in comes out, and no changed byte is read.
#include "eventstore/log_pack.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

using testing::HasSubstr;

constexpr TenantNumber kTenant = 7;

// Commits of 1, 2, 3, 1, 2 ... events from position 101.
std::vector<StoredCommit> MakeCommits(int count) {
  std::vector<StoredCommit> commits;
  uint64_t next = 101;
  for (int i = 0; i < count; ++i) {
    StoredCommit& commit = commits.emplace_back();
    commit.first_position = next;
    commit.last_position = next + i % 3;
    commit.bytes = i == 2 ? "" : std::string(10 * i, static_cast<char>('a' + i));
    commit.hash.fill(static_cast<uint8_t>(i + 1));
    next = commit.last_position + 1;
  }
  return commits;
}

PackPlace Place() {
  PackPlace place{kTenant, 101, 5, 77, {}};
  place.previous_hash.fill(99);
  return place;
}

std::string MakePack(const std::vector<StoredCommit>& commits) {
  PackBuilder builder(Place());
  for (const StoredCommit& commit : commits) builder.Add(commit);
  EXPECT_EQ(builder.last_position(), commits.back().last_position);
  EXPECT_EQ(builder.events(), commits.back().last_position - 100);
  return builder.Finish();
}

TEST(LogPackTest, GivesBackWhatWentIn) {
  const auto commits = MakeCommits(8);
  const std::string bytes = MakePack(commits);
  PackView pack;
  ASSERT_TRUE(pack.Open(kTenant, 101, bytes).ok());
  EXPECT_EQ(pack.place().packs_before, 5u);
  EXPECT_EQ(pack.place().commits_before, 77u);
  EXPECT_EQ(pack.last_position(), commits.back().last_position);
  EXPECT_FALSE(pack.Holds(100));
  EXPECT_FALSE(pack.Holds(pack.last_position() + 1));
  ASSERT_EQ(pack.commits(), commits.size());
  ChainHash before = Place().previous_hash;
  for (size_t i = 0; i < commits.size(); ++i) {
    EXPECT_EQ(pack.FirstPositionOf(i), commits[i].first_position);
    EXPECT_EQ(pack.PartsOf(i).hash, commits[i].hash);
    EXPECT_EQ(pack.PartsOf(i).record_bytes, commits[i].bytes);
    EXPECT_EQ(pack.HashBefore(i), before);
    before = commits[i].hash;
    for (uint64_t p = commits[i].first_position; p <= commits[i].last_position; ++p) EXPECT_EQ(pack.Find(p), i) << p;
  }
}

TEST(LogPackTest, EveryChangedByteAndEveryCutIsFound) {
  const std::string bytes = MakePack(MakeCommits(4));
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    PackView pack;
    absl::Status status = pack.Open(kTenant, 101, changed);
    EXPECT_TRUE(absl::IsDataLoss(status)) << at;
    EXPECT_THAT(std::string(status.message()), HasSubstr("tenant 7, position 101"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("restore a backup"));
    EXPECT_TRUE(absl::IsDataLoss(pack.Open(kTenant, 101, absl::string_view(bytes).substr(0, at)))) << at;
  }
}

TEST(LogPackTest, APackInAnothersPlaceIsFound) {
  const std::string bytes = MakePack(MakeCommits(4));
  PackView pack;
  EXPECT_TRUE(absl::IsDataLoss(pack.Open(kTenant + 1, 101, bytes)));
  EXPECT_TRUE(absl::IsDataLoss(pack.Open(kTenant, 102, bytes)));
  EXPECT_TRUE(pack.Open(kTenant, 101, bytes).ok());
}

}  // namespace
}  // namespace recount::eventstore
