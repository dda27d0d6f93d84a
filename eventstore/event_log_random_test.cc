// Random operations against a slow and obvious model, with restarts in between. The seed is printed; RECOUNT_SEED repeats it.
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/event_log_model.h"
#include "eventstore/event_log_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

using storage::v1::CommitRecord;

class RandomTest {
 public:
  RandomTest(uint64_t seed, std::function<std::unique_ptr<EventLog>()> open) : random_(seed), open_(std::move(open)) {}

  void Run(int steps, bool restarts) {
    log_ = open_();
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      const int kind = Below(100);
      if (kind < 70) {
        Append();
      } else if (kind < 93) {
        Ask();
      } else if (kind < 95) {
        ASSERT_TRUE(log_->FinishUpkeep().ok());
      } else if (kind < 97 && restarts) {
        Settle();
        log_.reset();
        log_ = open_();
      } else {
        Settle();
        Compare(1 + Below(3));
      }
    }
    Settle();
    for (TenantNumber tenant = 1; tenant <= 3; ++tenant) Compare(tenant);
  }

 private:
  int Below(int bound) { return static_cast<int>(random_() % bound); }
  std::string Stream() { return absl::StrCat(Below(2) ? "deals/" : "leads/", Below(12)); }
  std::string Key() { return absl::StrCat("key", Below(15)); }
  std::string RequestId() { return absl::StrCat("request", Below(400)); }

  // Most are right; a few break one rule each, and must be refused without a trace.
  void Append() {
    const TenantNumber tenant = 1 + Below(3);
    std::vector<std::string> streams;
    for (int i = 1 + Below(4); i > 0; --i) streams.push_back(Stream());
    Proposal proposal = MakeProposal(tenant, streams, 10'000 + Below(5'000));
    absl::StatusCode expected = absl::StatusCode::kOk;
    const std::string checked = Stream();
    const bool wrong = Below(8) == 0;
    if (wrong) expected = absl::StatusCode::kAborted;
    proposal.expectations.push_back({checked, model_.Revision(tenant, checked) + wrong});
    const std::string id = RequestId();
    if (Below(2) && model_.Request(tenant, id) == nullptr) {
      proposal.record.set_actor("users/ann");
      proposal.record.set_request_id(id);
      proposal.record.set_answer_name(streams[0]);
    }
    if (Below(3) == 0) expected = AddClaim(tenant, streams[0], expected, &proposal);
    const CommitRecord record = proposal.record;
    auto sequenced = log_->Sequence(std::move(proposal), [](absl::Status status) { EXPECT_TRUE(status.ok()); });
    ASSERT_EQ(sequenced.status().code(), expected) << sequenced.status();
    if (!sequenced.ok()) return;
    EXPECT_EQ(sequenced->first_position, model_.Position(tenant) + 1);
    model_.Append(tenant, record);
    EXPECT_EQ(sequenced->last_position, model_.Position(tenant));
    EXPECT_EQ(sequenced->recorded_micros, model_.Of(tenant).back().recorded_micros());
    for (const auto& [stream, revision] : sequenced->revisions) EXPECT_EQ(revision, model_.Revision(tenant, stream));
  }

  absl::StatusCode AddClaim(TenantNumber tenant, const std::string& stream, absl::StatusCode expected,
                            Proposal* proposal) {
    const std::string key = Key();
    const auto holder = model_.Holder(tenant, key);
    const bool release = Below(2);
    *proposal = WithClaim(std::move(*proposal), key, stream, release);
    if (expected != absl::StatusCode::kOk) return expected;
    if (release) return holder == stream ? expected : absl::StatusCode::kInvalidArgument;
    return !holder.has_value() || *holder == stream ? expected : absl::StatusCode::kAlreadyExists;
  }

  // Look-ups see what is sequenced.
  void Ask() {
    const TenantNumber tenant = 1 + Below(4);
    const std::string stream = Stream();
    const std::string key = Key();
    const std::string id = RequestId();
    EXPECT_EQ(*log_->SequencedRevision(tenant, stream), model_.Revision(tenant, stream));
    EXPECT_EQ(*log_->FindKey(tenant, key), model_.Holder(tenant, key));
    EXPECT_EQ(log_->SequencedHead(tenant).position, model_.Position(tenant));
    const auto request = *log_->FindRequest(tenant, "users/ann", id);
    const CommitRecord* expected = model_.Request(tenant, id);
    ASSERT_EQ(request.has_value(), expected != nullptr);
    if (expected == nullptr) return;
    EXPECT_EQ(request->first_position, expected->first_position());
    EXPECT_EQ(request->last_position, expected->first_position() + expected->events_size() - 1);
    EXPECT_EQ(request->answer_name, expected->answer_name());
  }

  void Settle() {
    std::promise<void> settled;
    log_->AfterPending(1, [&](absl::Status status) {
      EXPECT_TRUE(status.ok());
      settled.set_value();
    });
    settled.get_future().wait();
  }

  void Compare(TenantNumber tenant) {
    const auto& commits = model_.Of(tenant);
    const auto read = ReadAll(*log_, tenant);
    ASSERT_EQ(read.size(), commits.size());
    for (size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(read[i].record.first_position(), commits[i].first_position());
      EXPECT_EQ(read[i].record.events_size(), commits[i].events_size());
      EXPECT_EQ(read[i].record.recorded_micros(), commits[i].recorded_micros());
      EXPECT_EQ(read[i].hash, NextHash(i == 0 ? ChainHash{} : read[i - 1].hash, read[i].bytes));
    }
    if (!read.empty()) {
      EXPECT_EQ(read.back().hash, log_->DurableHead(tenant).hash);
    }
    for (size_t i = 0; i < read.size(); i += 1 + Below(20)) {
      EXPECT_EQ(*log_->CommitEnd(tenant, read[i].first_position), read[i].last_position);
    }
    const uint64_t end = model_.Position(tenant);
    for (int i = 0; i < 5; ++i) {
      const std::string stream = Stream();
      auto positions = model_.Positions(tenant, stream);
      EXPECT_EQ(StreamPositions(*log_, tenant, stream), positions);
      std::reverse(positions.begin(), positions.end());
      EXPECT_EQ(StreamPositions(*log_, tenant, stream, 0, Direction::kBackward), positions);
      const int64_t micros = 9'900 + Below(5'500);
      EXPECT_EQ(*log_->PositionAt(tenant, micros), model_.PositionAt(tenant, micros));
    }
    for (const char* prefix : {"", "deals/", "leads/1"}) {
      EXPECT_EQ(StreamNames(*log_, tenant, prefix), model_.Streams(tenant, prefix));
    }
    const uint64_t after = Below(static_cast<int>(end) + 2);
    std::vector<uint64_t> forward, backward;
    for (const CommitRecord& commit : commits) {
      if (commit.first_position() + commit.events_size() - 1 > after) forward.push_back(commit.first_position());
      if (after == 0 || commit.first_position() < after) backward.insert(backward.begin(), commit.first_position());
    }
    EXPECT_EQ(FirstPositions(*log_, tenant, after, Direction::kForward), forward);
    EXPECT_EQ(FirstPositions(*log_, tenant, after, Direction::kBackward), backward);
    EXPECT_THAT(*log_->Verify(tenant, nullptr), testing::IsEmpty());
  }

  std::mt19937_64 random_;
  const std::function<std::unique_ptr<EventLog>()> open_;
  std::unique_ptr<EventLog> log_;
  EventLogModel model_;
};

uint64_t Seed() {
  const char* given = std::getenv("RECOUNT_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "RECOUNT_SEED=" << seed << "\n";
  return seed;
}

// RECOUNT_DEEP makes the runs longer.
int Steps(int steps) { return std::getenv("RECOUNT_DEEP") != nullptr ? 10 * steps : steps; }

TEST(EventLogRandomTest, MemoryEqualsTheModel) { RandomTest(Seed(), NewMemoryEventLog).Run(Steps(1000), /*restarts=*/false); }

TEST(EventLogRandomTest, RocksdbEqualsTheModel) {
  LogFolder folder;
  RandomTest(Seed(), [&] { return *folder.Open(); }).Run(Steps(600), /*restarts=*/true);
}

// Tails of a few commits, so that look-ups cross active tail, frozen tails, caches and database all the time.
TEST(EventLogRandomTest, RocksdbWithSmallTailsEqualsTheModel) {
  LogFolder folder;
  RocksdbLogOptions options = folder.Options();
  options.index_memory_bytes = 16 << 10;
  RandomTest(Seed(), [&] { return *OpenRocksdbEventLog(options); }).Run(Steps(600), /*restarts=*/true);
}

// Packs while it goes on, with nothing, little and some left unpacked.
TEST(EventLogRandomTest, RocksdbThatPacksEqualsTheModel) {
  for (uint64_t unpacked : {0, 5, 60}) {
    LogFolder folder;
    RandomTest(Seed(), [&] { return *OpenRocksdbEventLog(folder.PackingOptions(unpacked)); })
        .Run(Steps(400), /*restarts=*/true);
  }
}

}  // namespace
}  // namespace recount::eventstore
