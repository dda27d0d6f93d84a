// Answers of atomic groups and of repeats.
#include "services/commit_answer.h"

#include "absl/strings/match.h"
#include "eventstore/event_log_testing.h"
#include "services/command_bus_testing.h"
#include "services/reading_log_testing.h"

namespace recount::services {
namespace {

std::string Told(const Outcome& outcome) {
  std::string told;
  for (const v1::StreamRevision& entry : outcome.result.revisions())
    absl::StrAppend(&told, told.empty() ? "" : ", ", entry.stream(), " ", entry.revision());
  return told;
}

TEST(CommitAnswerTest, EachCommandOfAGroupNamesItsOwnStreams) {
  Bus bus;
  const auto group = [] { return std::vector<v1::Command>{Capture("1", "r-1"), SetStatus("1", "hot"), Capture("2")}; };
  const auto first = bus.SendAll(group(), true);
  ASSERT_TRUE(first[0].status.ok()) << first[0].status;
  EXPECT_EQ(Told(first[0]), first[0].result.name() + " 2");  // as it is after the commit
  EXPECT_EQ(Told(first[1]), first[0].result.name() + " 2");
  EXPECT_EQ(Told(first[2]), first[2].result.name() + " 1");
  const auto again = bus.SendAll(group(), true);
  for (size_t i = 0; i < again.size(); ++i) {
    EXPECT_TRUE(again[i].result.repeated());
    EXPECT_EQ(Told(again[i]), Told(first[i]));
  }
}

TEST(CommitAnswerTest, AnAnswerToAThousandCommandsIsSmallAlsoRepeated) {
  auto owned = std::make_unique<ReadingLog>();
  ReadingLog& log = *owned;
  Bus bus(std::move(owned));
  for (const bool is_repeat : {false, true}) {
    std::vector<v1::Command> group;
    for (int i = 0; i < 1000; ++i) group.push_back(Capture(absl::StrCat(i), i == 0 ? "r-1" : ""));
    const int before = log.readings;
    size_t bytes = 0;
    for (const Outcome& outcome : bus.SendAll(std::move(group), true)) {
      ASSERT_TRUE(outcome.status.ok()) << outcome.status;
      EXPECT_EQ(outcome.result.repeated(), is_repeat);
      EXPECT_EQ(outcome.result.revisions_size(), 1);
      bytes += outcome.result.ByteSizeLong();
    }
    EXPECT_LT(bytes, 1u << 20);
    EXPECT_EQ(log.readings - before, is_repeat ? 1 : 0);
  }
}

TEST(CommitAnswerTest, AGroupOfAnOlderServerNamesTheRecordsOfItsCommands) {
  const auto log = eventstore::NewMemoryEventLog();
  eventstore::Proposal proposal = eventstore::MakeProposal(3, {"leads/1", "leads/2", "leads/1"});
  proposal.record.set_answer_name("leads/1\nleads/2");
  ASSERT_TRUE(eventstore::AppendNow(*log, std::move(proposal)).ok());
  std::vector<Outcome> outcomes(2);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i].repeated_first_position = 1;
    outcomes[i].repeated_command = i;
    outcomes[i].result.set_name(absl::StrCat("leads/", i + 1));
  }
  FillRepeated(*log, 3, &outcomes);
  EXPECT_EQ(Told(outcomes[0]), "leads/1 2");
  EXPECT_EQ(Told(outcomes[1]), "leads/2 1");
}

TEST(CommitAnswerTest, ARepeatWhoseCommitCannotBeReadIsNotOk) {
  auto owned = std::make_unique<ReadingLog>();
  ReadingLog& log = *owned;
  Bus bus(std::move(owned));
  ASSERT_TRUE(bus.Send(Capture("1", "r-1")).status.ok());
  log.before_reading = [] { return absl::DataLossError("DATA_DAMAGED: a block of the log"); };
  const Outcome repeat = bus.Send(Capture("1", "r-1"));
  EXPECT_TRUE(absl::IsDataLoss(repeat.status)) << repeat.status;
  EXPECT_EQ(ReasonOf(repeat), v1::DATA_DAMAGED);
}

TEST(CommitAnswerTest, ARepeatThatWaitsForTheDiskHoldsNobodyUp) {
  auto owned = std::make_unique<ReadingLog>();
  ReadingLog& log = *owned;
  Bus bus(std::move(owned));
  ASSERT_TRUE(bus.Send(Capture("1", "r-1")).status.ok());
  std::promise<void> disk;
  log.before_reading = [read = disk.get_future().share()] {
    read.wait();
    return absl::OkStatus();
  };
  std::promise<std::vector<Outcome>> repeated;
  Submission submission = bus.Prepare({Capture("1", "r-1")});
  submission.done = [&](std::vector<Outcome> outcomes) { repeated.set_value(std::move(outcomes)); };
  bus.bus().Submit(std::move(submission));
  EXPECT_TRUE(bus.Send(Capture("2")).status.ok());  // decided and made durable meanwhile
  disk.set_value();
  EXPECT_TRUE(repeated.get_future().get()[0].result.repeated());
}

}  // namespace
}  // namespace recount::services
