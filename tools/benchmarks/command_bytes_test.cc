// The commands of the benchmark are what they say: all different, and none that a server refuses or
// has nothing to do for.
#include "tools/benchmarks/command_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

namespace recount::tools {
namespace {

constexpr uint64_t kCommands = CommandBytes::kRunIn + 20'000;

v1::Command CommandOf(const CommandBytes& bytes, uint64_t number) {
  std::string text;
  bytes.AppendCommand(number, &text);
  v1::Command command;
  EXPECT_TRUE(command.ParseFromString(text)) << number;
  return command;
}

// A deal as a server would know it.
struct Deal {
  uint64_t revision = 0;
  std::string stage;
  uint64_t last_moved = 0;
};

TEST(CommandBytesTest, EachCommandFindsItsDealAsItExpects) {
  const CommandBytes bytes(CommandMix::kPlain);
  std::map<std::string, Deal> deals;
  std::set<std::string> leads;
  for (uint64_t i = 0; i < kCommands; ++i) {
    if (!bytes.IsThere(i)) continue;
    const v1::Command command = CommandOf(bytes, i);
    if (command.has_capture_lead()) {
      EXPECT_TRUE(leads.insert(command.capture_lead().name()).second) << i;
    } else if (command.has_create_deal()) {
      EXPECT_TRUE(deals.try_emplace(command.create_deal().name(), Deal{1, "potential", i}).second)
          << i;
    } else {
      const auto& move = command.change_deal_stage();
      ASSERT_EQ(deals.count(move.deal().name()), 1) << i;
      Deal& deal = deals[move.deal().name()];
      ASSERT_EQ(deal.revision, move.header().expected_revision()) << i;
      ASSERT_NE(deal.stage, move.stage()) << i;
      ASSERT_GE(i - deal.last_moved, 4000) << i;
      deal = {deal.revision + 1, move.stage(), i};
    }
  }
}

TEST(CommandBytesTest, AfterTheRunInEveryCommandIsThere) {
  const CommandBytes bytes(CommandMix::kPlain);
  for (uint64_t i = CommandBytes::kRunIn; i < kCommands; ++i) EXPECT_TRUE(bytes.IsThere(i));
}

TEST(CommandBytesTest, RequestIdsAreAllDifferent) {
  for (const CommandMix mix : {CommandMix::kPlain, CommandMix::kPersonal}) {
    const CommandBytes bytes(mix);
    std::set<std::string> requests;
    for (uint64_t i = 0; i < 1000; ++i) {
      const v1::Command command = CommandOf(bytes, CommandBytes::kRunIn + i);
      const auto& header = command.has_capture_lead()  ? command.capture_lead().header()
                           : command.has_create_deal() ? command.create_deal().header()
                                                       : command.change_deal_stage().header();
      EXPECT_TRUE(requests.insert(header.request_id()).second);
    }
  }
}

TEST(CommandBytesTest, PersonalCommandsHaveNamePhoneAndEmail) {
  const v1::Command command = CommandOf(CommandBytes(CommandMix::kPersonal), CommandBytes::kRunIn);
  EXPECT_FALSE(command.capture_lead().person_name().display().empty());
  EXPECT_EQ(command.capture_lead().phones_size(), 1);
  EXPECT_EQ(command.capture_lead().emails_size(), 1);
}

TEST(CommandBytesTest, BatchesOneAfterTheOtherAreOne) {
  const CommandBytes bytes(CommandMix::kPlain);
  std::string text;
  for (uint64_t i = 0; i < 16; ++i) bytes.AppendBatch(CommandBytes::kRunIn + i, &text);
  v1::CommandBatch batch;
  ASSERT_TRUE(batch.ParseFromString(text));
  ASSERT_EQ(batch.commands_size(), 16);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(batch.commands(i).sequence(), batch.commands(0).sequence() + i);
    EXPECT_EQ(batch.commands(i).command().SerializeAsString(),
              CommandOf(bytes, CommandBytes::kRunIn + i).SerializeAsString());
  }
}

}  // namespace
}  // namespace recount::tools
