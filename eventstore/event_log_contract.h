// What every EventLog does, as tests. An implementation's test instantiates the suite with a way to make an empty log.
#ifndef RECOUNT_EVENTSTORE_EVENT_LOG_CONTRACT_H_
#define RECOUNT_EVENTSTORE_EVENT_LOG_CONTRACT_H_

#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventstore/event_log.h"
#include "eventstore/event_log_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::eventstore {

struct LogUnderTest {
  std::string name;
  // Makes an empty log; what it holds on to (a folder) must live as long as the returned pointer.
  std::function<std::shared_ptr<EventLog>()> make;
};

class EventLogContract : public testing::TestWithParam<LogUnderTest> {
 protected:
  EventLogContract() : log_(GetParam().make()) {}
  std::shared_ptr<EventLog> log_;
};

TEST_P(EventLogContract, StartsEmpty) {
  EXPECT_EQ(log_->SequencedHead(1).position, 0u);
  EXPECT_EQ(log_->DurableHead(1).position, 0u);
  EXPECT_EQ(log_->DurableHead(1).hash, ChainHash{});
  EXPECT_EQ(*log_->SequencedRevision(1, "deals/a"), 0u);
  EXPECT_EQ(*log_->FindKey(1, "k"), std::nullopt);
  EXPECT_FALSE(log_->FindRequest(1, "ann", "r")->has_value());
  EXPECT_TRUE(ReadAll(*log_, 1).empty());
  EXPECT_EQ(*log_->PositionAt(1, 1'000'000), 0u);
  EXPECT_THAT(*log_->Verify(1, nullptr), testing::IsEmpty());
}

TEST_P(EventLogContract, AssignsPositionsAndRevisions) {
  auto first = AppendNow(*log_, 1, {"deals/a", "deals/b", "deals/a"});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->first_position, 1u);
  EXPECT_EQ(first->last_position, 3u);
  EXPECT_THAT(first->revisions, testing::ElementsAre(testing::Pair("deals/a", 2), testing::Pair("deals/b", 1)));
  auto second = AppendNow(*log_, 1, {"deals/b"});
  EXPECT_EQ(second->first_position, 4u);
  EXPECT_THAT(second->revisions, testing::ElementsAre(testing::Pair("deals/b", 2)));
  EXPECT_EQ(*log_->SequencedRevision(1, "deals/b"), 2u);
  EXPECT_EQ(log_->DurableHead(1).position, 4u);
}

TEST_P(EventLogContract, TenantsAreApart) {
  ASSERT_TRUE(AppendNow(*log_, 1, {"deals/a", "deals/a"}).ok());
  auto other = AppendNow(*log_, 2, {"deals/a"});
  EXPECT_EQ(other->first_position, 1u);
  EXPECT_THAT(other->revisions, testing::ElementsAre(testing::Pair("deals/a", 1)));
  EXPECT_EQ(ReadAll(*log_, 1).size(), 1u);
  EXPECT_EQ(ReadAll(*log_, 2).size(), 1u);
  EXPECT_TRUE(ReadAll(*log_, 3).empty());
  EXPECT_THAT(StreamPositions(*log_, 2, "deals/a"), testing::ElementsAre(1));
}

TEST_P(EventLogContract, WhatWasLookedForInVainIsFoundOnceItIsThere) {
  EXPECT_EQ(*log_->FindKey(1, "deals/id/erp/7"), std::nullopt);
  EXPECT_EQ(*log_->SequencedRevision(1, "deals/a"), 0u);
  ASSERT_TRUE(AppendNow(*log_, WithClaim(MakeProposal(1, {"deals/a"}), "deals/id/erp/7", "deals/a")).ok());
  EXPECT_EQ(*log_->FindKey(1, "deals/id/erp/7"), "deals/a");
  EXPECT_EQ(*log_->SequencedRevision(1, "deals/a"), 1u);
  EXPECT_EQ(*log_->FindKey(2, "deals/id/erp/7"), std::nullopt);
}

TEST_P(EventLogContract, ANewNameIsNotLookedUp) {
  Proposal proposal = MakeProposal(1, {"deals/made-for-this", "deals/b", "deals/made-for-this"});
  proposal.expectations = {{"deals/made-for-this", 0, /*is_new_name=*/true}, {"deals/b", 0}};
  auto made = AppendNow(*log_, std::move(proposal));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->revisions, testing::ElementsAre(testing::Pair("deals/made-for-this", 2), testing::Pair("deals/b", 1)));
  EXPECT_EQ(*log_->SequencedRevision(1, "deals/made-for-this"), 2u);
}

TEST_P(EventLogContract, RefusesAWrongExpectation) {
  ASSERT_TRUE(AppendNow(*log_, 1, {"deals/a", "deals/a"}).ok());
  Proposal proposal = MakeProposal(1, {"deals/a"});
  proposal.expectations = {{"deals/a", 1}};
  auto refused = AppendNow(*log_, std::move(proposal));
  EXPECT_TRUE(absl::IsAborted(refused.status()));
  EXPECT_THAT(std::string(refused.status().message()), testing::StartsWith("REVISION_MISMATCH: "));
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("at revision 2"));
  EXPECT_EQ(log_->SequencedHead(1).position, 2u) << "a refusal changes nothing";
  Proposal right = MakeProposal(1, {"deals/a"});
  right.expectations = {{"deals/a", 2}, {"deals/new", 0}};
  EXPECT_TRUE(AppendNow(*log_, std::move(right)).ok());
}

TEST_P(EventLogContract, RefusesBadProposals) {
  EXPECT_TRUE(absl::IsInvalidArgument(AppendNow(*log_, 1, {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(AppendNow(*log_, 1, {""}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(AppendNow(*log_, 1, {std::string("a\0b", 3)}).status()));
  EXPECT_EQ(log_->SequencedHead(1).position, 0u);
}

TEST_P(EventLogContract, KeysAreClaimedAndReleased) {
  EXPECT_TRUE(AppendNow(*log_, WithClaim(MakeProposal(1, {"deals/a"}), "k", "deals/a")).ok());
  EXPECT_EQ(*log_->FindKey(1, "k"), "deals/a");
  EXPECT_EQ(*log_->FindKey(2, "k"), std::nullopt);
  auto taken = AppendNow(*log_, WithClaim(MakeProposal(1, {"deals/b"}), "k", "deals/b"));
  EXPECT_TRUE(absl::IsAlreadyExists(taken.status()));
  EXPECT_THAT(std::string(taken.status().message()), testing::StartsWith("EXTERNAL_ID_TAKEN: "));
  EXPECT_THAT(std::string(taken.status().message()), testing::HasSubstr("deals/a"));
  EXPECT_TRUE(AppendNow(*log_, WithClaim(MakeProposal(1, {"deals/a"}), "k", "deals/a")).ok()) << "its own key again";
  auto foreign = AppendNow(*log_, WithClaim(MakeProposal(1, {"deals/b"}), "k", "deals/b", true));
  EXPECT_TRUE(absl::IsInvalidArgument(foreign.status()));
  // Released and claimed by another in one commit.
  Proposal handover = WithClaim(MakeProposal(1, {"deals/a", "deals/b"}), "k", "deals/a", true);
  EXPECT_TRUE(AppendNow(*log_, WithClaim(std::move(handover), "k", "deals/b")).ok());
  EXPECT_EQ(*log_->FindKey(1, "k"), "deals/b");
  EXPECT_TRUE(AppendNow(*log_, WithClaim(MakeProposal(1, {"deals/b"}), "k", "deals/b", true)).ok());
  EXPECT_EQ(*log_->FindKey(1, "k"), std::nullopt);
}

TEST_P(EventLogContract, RequestsAreRememberedByActor) {
  Proposal proposal = MakeProposal(1, {"deals/a", "deals/a"}, 77);
  proposal.record.set_actor("users/ann");
  proposal.record.set_request_id("r1");
  proposal.record.set_command_hash("hash");
  proposal.record.set_answer_name("deals/a");
  ASSERT_TRUE(AppendNow(*log_, std::move(proposal)).ok());
  auto found = *log_->FindRequest(1, "users/ann", "r1");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->command_hash, "hash");
  EXPECT_EQ(found->answer_name, "deals/a");
  EXPECT_EQ(found->first_position, 1u);
  EXPECT_EQ(found->last_position, 2u);
  EXPECT_EQ(found->recorded_micros, 77);
  EXPECT_FALSE(log_->FindRequest(1, "users/bob", "r1")->has_value());
  EXPECT_FALSE(log_->FindRequest(2, "users/ann", "r1")->has_value());
}

TEST_P(EventLogContract, RecordedTimeNeverGoesBack) {
  EXPECT_EQ(AppendNow(*log_, 1, {"a"}, 500)->recorded_micros, 500);
  EXPECT_EQ(AppendNow(*log_, 1, {"a"}, 300)->recorded_micros, 500);
  EXPECT_EQ(AppendNow(*log_, 1, {"a"}, 600)->recorded_micros, 600);
  EXPECT_EQ(AppendNow(*log_, 2, {"a"}, -5)->recorded_micros, -5) << "the first commit takes what is given";
  EXPECT_EQ(ReadAll(*log_, 1)[1].record.recorded_micros(), 500);
}

TEST_P(EventLogContract, ReadsCommitsBothWays) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(AppendNow(*log_, 1, {"a", "b"}).ok());  // 1-2, 3-4, ... 9-10
  ASSERT_TRUE(AppendNow(*log_, 2, {"a"}).ok());
  const auto forward = [&](uint64_t after) { return FirstPositions(*log_, 1, after, Direction::kForward); };
  const auto backward = [&](uint64_t after) { return FirstPositions(*log_, 1, after, Direction::kBackward); };
  EXPECT_THAT(forward(0), testing::ElementsAre(1, 3, 5, 7, 9));
  EXPECT_THAT(forward(4), testing::ElementsAre(5, 7, 9));
  EXPECT_THAT(forward(5), testing::ElementsAre(5, 7, 9)) << "its last position is past 5";
  EXPECT_THAT(forward(10), testing::IsEmpty());
  EXPECT_THAT(forward(99), testing::IsEmpty());
  EXPECT_THAT(backward(0), testing::ElementsAre(9, 7, 5, 3, 1));
  EXPECT_THAT(backward(99), testing::ElementsAre(9, 7, 5, 3, 1));
  EXPECT_THAT(backward(6), testing::ElementsAre(5, 3, 1)) << "its first position is before 6";
  EXPECT_THAT(backward(5), testing::ElementsAre(3, 1));
  EXPECT_THAT(backward(1), testing::IsEmpty());
  int visits = 0;
  EXPECT_TRUE(log_->ReadCommits(1, 0, Direction::kForward, [&](const StoredCommit&) { return ++visits < 2; }).ok());
  EXPECT_EQ(visits, 2);
}

TEST_P(EventLogContract, ReadsStreamsBothWays) {
  ASSERT_TRUE(AppendNow(*log_, 1, {"a", "b", "a"}).ok());
  ASSERT_TRUE(AppendNow(*log_, 1, {"b"}).ok());
  ASSERT_TRUE(AppendNow(*log_, 1, {"b", "a"}).ok());
  EXPECT_THAT(StreamPositions(*log_, 1, "a"), testing::ElementsAre(1, 3, 6));
  EXPECT_THAT(StreamPositions(*log_, 1, "b", 1), testing::ElementsAre(4, 5));
  EXPECT_THAT(StreamPositions(*log_, 1, "a", 0, Direction::kBackward), testing::ElementsAre(6, 3, 1));
  EXPECT_THAT(StreamPositions(*log_, 1, "a", 3, Direction::kBackward), testing::ElementsAre(3, 1));
  EXPECT_THAT(StreamPositions(*log_, 1, "a", 99, Direction::kBackward), testing::ElementsAre(6, 3, 1));
  EXPECT_THAT(StreamPositions(*log_, 1, "a", 1, Direction::kBackward), testing::IsEmpty());
  EXPECT_THAT(StreamPositions(*log_, 1, "a", 3), testing::IsEmpty());
  EXPECT_THAT(StreamPositions(*log_, 1, "absent"), testing::IsEmpty());
  std::vector<uint64_t> ends;
  ASSERT_TRUE(log_->ReadStream(1, "a", 0, Direction::kForward, [&](const StreamEvent& event) {
                    EXPECT_EQ(event.event->stream(), "a");
                    EXPECT_EQ(event.event->revision(), ends.size() + 1);
                    EXPECT_EQ(event.commit->events(event.position - event.commit->first_position()).revision(),
                              event.event->revision());
                    ends.push_back(event.commit_last_position);
                    return true;
                  }).ok());
  EXPECT_THAT(ends, testing::ElementsAre(3, 3, 6));
}

TEST_P(EventLogContract, ListsStreamsInByteOrder) {
  ASSERT_TRUE(AppendNow(*log_, 1, {"leads/2", "deals/b", "deals/a", "deals/a"}).ok());
  ASSERT_TRUE(AppendNow(*log_, 1, {"deals/c", "dealz"}).ok());
  EXPECT_THAT(StreamNames(*log_, 1, "deals/"), testing::ElementsAre("deals/a", "deals/b", "deals/c"));
  EXPECT_THAT(StreamNames(*log_, 1, ""), testing::ElementsAre("deals/a", "deals/b", "deals/c", "dealz", "leads/2"));
  EXPECT_THAT(StreamNames(*log_, 2, ""), testing::IsEmpty());
  int visits = 0;
  EXPECT_TRUE(log_->ListStreams(1, "", [&](absl::string_view) { return ++visits < 2; }).ok());
  EXPECT_EQ(visits, 2);
}

TEST_P(EventLogContract, FindsPositionsByTimeAndCommitEnds) {
  ASSERT_TRUE(AppendNow(*log_, 1, {"a", "a"}, 100).ok());
  ASSERT_TRUE(AppendNow(*log_, 1, {"a"}, 200).ok());
  ASSERT_TRUE(AppendNow(*log_, 1, {"a", "a", "a"}, 200).ok());
  EXPECT_EQ(*log_->PositionAt(1, 99), 0u);
  EXPECT_EQ(*log_->PositionAt(1, 100), 2u);
  EXPECT_EQ(*log_->PositionAt(1, 199), 2u);
  EXPECT_EQ(*log_->PositionAt(1, 200), 6u);
  EXPECT_EQ(*log_->PositionAt(1, 9999), 6u);
  EXPECT_EQ(*log_->CommitEnd(1, 0), 0u);
  EXPECT_EQ(*log_->CommitEnd(1, 1), 2u);
  EXPECT_EQ(*log_->CommitEnd(1, 3), 3u);
  EXPECT_EQ(*log_->CommitEnd(1, 5), 6u);
  EXPECT_TRUE(absl::IsOutOfRange(log_->CommitEnd(1, 7).status()));
}

TEST_P(EventLogContract, ReportsDurabilityInOrder) {
  std::vector<int> order;
  std::promise<void> all;
  for (int i = 0; i < 200; ++i) {
    auto sequenced = log_->Sequence(MakeProposal(1, {"a"}), [&, i](absl::Status status) {
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_GE(log_->DurableHead(1).position, static_cast<uint64_t>(i + 1));
      order.push_back(i);
    });
    ASSERT_TRUE(sequenced.ok());
  }
  log_->AfterPending(1, [&](absl::Status status) {
    EXPECT_TRUE(status.ok());
    EXPECT_EQ(order.size(), 200u);
    all.set_value();
  });
  all.get_future().wait();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(order[i], i);
  EXPECT_EQ(log_->DurableHead(1).hash, log_->SequencedHead(1).hash);
}

TEST_P(EventLogContract, SubscribersSeePastThenLiveWithoutGapOrRepeat) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(AppendNow(*log_, 1, {"a", "b"}).ok());
  auto subscription = log_->Subscribe(1, 4);
  std::vector<uint64_t> seen;
  std::thread reader([&] {
    while (seen.size() < 108) {
      auto commits = subscription->Next(7, 10'000);
      ASSERT_TRUE(commits.ok()) << commits.status();
      EXPECT_LE(commits->size(), 7u);
      for (const auto& commit : *commits) seen.push_back(commit->first_position);
    }
  });
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(log_->Sequence(MakeProposal(1, {"c", "d"}), nullptr).ok());
  reader.join();
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 5 + 2 * i);
}

TEST_P(EventLogContract, SubscribersGetFewLargeCommitsAtOnce) {
  for (int i = 0; i < 4; ++i) {
    Proposal proposal = MakeProposal(1, {"a"});
    proposal.record.mutable_events(0)->set_payload(std::string(3 << 20, 'x'));
    ASSERT_TRUE(AppendNow(*log_, std::move(proposal)).ok());
  }
  auto subscription = log_->Subscribe(1, 0);
  std::vector<uint64_t> seen;
  while (seen.size() < 4) {
    auto commits = subscription->Next(100, 10'000);
    ASSERT_TRUE(commits.ok()) << commits.status();
    EXPECT_EQ(commits->size(), 2u);
    for (const auto& commit : *commits) seen.push_back(commit->first_position);
  }
  EXPECT_THAT(seen, testing::ElementsAre(1, 2, 3, 4));
}

TEST_P(EventLogContract, SubscriptionsTimeOutAndEnd) {
  auto subscription = log_->Subscribe(1, 0);
  EXPECT_THAT(*subscription->Next(10, 0), testing::IsEmpty());
  std::thread canceller([&] { subscription->Cancel(); });
  EXPECT_TRUE(absl::IsCancelled(subscription->Next(10, 60'000).status()));
  canceller.join();
  auto other = log_->Subscribe(1, 0);
  std::thread closer([&] { log_->Close(); });
  EXPECT_TRUE(absl::IsCancelled(other->Next(10, 60'000).status()));
  closer.join();
}

TEST_P(EventLogContract, CloseFinishesWhatIsSequenced) {
  int durable = 0;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(log_->Sequence(MakeProposal(1, {"a"}), [&](absl::Status status) { durable += status.ok(); }).ok());
  }
  log_->Close();
  EXPECT_EQ(durable, 50);
  EXPECT_TRUE(absl::IsUnavailable(log_->Sequence(MakeProposal(1, {"a"}), nullptr).status()));
  EXPECT_EQ(ReadAll(*log_, 1).size(), 50u) << "reading goes on";
}

TEST_P(EventLogContract, ChainsCommits) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(AppendNow(*log_, 1, {"a", "b"}, i).ok());
  auto commits = ReadAll(*log_, 1);
  std::set<ChainHash> hashes;
  for (const StoredCommit& commit : commits) hashes.insert(commit.hash);
  EXPECT_EQ(hashes.size(), 20u);
  EXPECT_EQ(commits.back().hash, log_->DurableHead(1).hash);
  EXPECT_EQ(commits.back().record.SerializeAsString().size(), commits.back().bytes.size());
  uint64_t last = 0;
  EXPECT_THAT(*log_->Verify(1, [&](uint64_t position, uint64_t head) {
    EXPECT_LE(position, head);
    last = position;
    return true;
  }),
              testing::IsEmpty());
  EXPECT_EQ(last, 40u);
  EXPECT_TRUE(absl::IsCancelled(log_->Verify(1, [](uint64_t, uint64_t) { return false; }).status()));
}

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_EVENT_LOG_CONTRACT_H_
