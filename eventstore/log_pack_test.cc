// The format of a pack: what goes in comes out, and no changed byte is read.
#include "eventstore/log_pack.h"

#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
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

// With a hash chain, and saying where they begin.
std::vector<StoredCommit> MakeChainedCommits(int count) {
  std::vector<StoredCommit> commits = MakeCommits(count);
  ChainHash before = Place().previous_hash;
  for (StoredCommit& commit : commits) {
    storage::v1::CommitRecord record;
    record.set_first_position(commit.first_position);
    for (uint64_t p = commit.first_position; p <= commit.last_position; ++p) record.add_events()->set_stream(absl::StrCat("deals/", p));
    commit.bytes = record.SerializeAsString();
    before = commit.hash = NextHash(before, commit.bytes);
  }
  return commits;
}

// Whoever takes a commit checks it against the hash chain, and that it holds the position (CommitCursor::SeekTo()).
TEST(LogPackTest, OfAChangedPackThatIsNotCheckedNoOtherCommitIsTaken) {
  const auto commits = MakeChainedCommits(4);
  const std::string bytes = MakePack(commits);
  size_t found = 0, taken_well = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    for (const StoredCommit& wanted : commits) {
      PackView pack;
      absl::Status status = pack.Open(kTenant, 101, changed, PackCheck::kParts);
      StoredCommit taken;
      if (status.ok() && !pack.Holds(wanted.first_position)) status = absl::DataLossError("missing");
      if (status.ok()) {
        const size_t commit = pack.Find(wanted.first_position);
        status = DecodeCommit(kTenant, pack.FirstPositionOf(commit), pack.PartsOf(commit), pack.HashBefore(commit), &taken);
        if (status.ok() && taken.last_position < wanted.first_position) status = absl::DataLossError("another");
      }
      found += !status.ok();
      if (!status.ok()) continue;
      ++taken_well;
      EXPECT_EQ(taken.bytes, wanted.bytes) << at;
      EXPECT_EQ(taken.hash, wanted.hash) << at;
    }
  }
  EXPECT_GT(found, bytes.size());
  EXPECT_GT(taken_well, bytes.size());
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
