#include "services/stream_teller.h"

#include "services/command_bus_testing.h"

namespace recount::services {
namespace {

constexpr size_t kMax = 3 << 20;

// Fifty versions of a draft, each of about 200 KB.
class StreamTellerTest : public testing::Test {
 protected:
  StreamTellerTest() {
    for (int i = 1; i <= 50; ++i) {
      v1::Command command;
      command.mutable_draft_rules()->set_draft("drafts/1");
      v1::ReasonsRule* reasons = command.mutable_draft_rules()->add_rules()->mutable_content()->mutable_reasons();
      for (int r = 0; r < 200; ++r) {
        v1::Reason* reason = reasons->add_reasons();
        reason->set_id(absl::StrCat(i, "-", r));
        (*reason->mutable_labels())["en"] = std::string(1000, 'x');
      }
      EXPECT_TRUE(bus_.Send(std::move(command)).status.ok());
    }
  }
  std::deque<v1::HistoryEntry> Tell(uint64_t first, uint64_t last, bool backwards) {
    StreamTeller teller(bus_.archive(), bus_.tenant().number());
    auto entries = teller.Tell("drafts/1", {first, last, kAnyPosition, backwards, kMax});
    EXPECT_TRUE(entries.ok()) << entries.status();
    size_t bytes = 0;
    for (const v1::HistoryEntry& entry : *entries) bytes += entry.ByteSizeLong();
    EXPECT_LE(bytes, kMax);
    return *std::move(entries);
  }
  Bus bus_;
};

TEST_F(StreamTellerTest, TellsTheFirstThatFit) {
  const auto entries = Tell(1, 50, false);
  ASSERT_GT(entries.size(), 10u);
  ASSERT_LT(entries.size(), 20u);
  for (size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(entries[i].event().revision(), i + 1);
  EXPECT_EQ(Tell(49, 50, false).size(), 2u);
}

TEST_F(StreamTellerTest, BackwardsTellsTheLastThatFit) {
  const auto entries = Tell(1, 40, true);
  ASSERT_GT(entries.size(), 10u);
  ASSERT_LT(entries.size(), 20u);
  for (size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(entries[i].event().revision(), 40 - i);
}

TEST_F(StreamTellerTest, OneIsToldWhateverItsSize) {
  for (bool backwards : {false, true}) {
    auto entries = StreamTeller(bus_.archive(), bus_.tenant().number())
                       .Tell("drafts/1", {1, 50, kAnyPosition, backwards, 1000});
    ASSERT_TRUE(entries.ok()) << entries.status();
    ASSERT_EQ(entries->size(), 1u);
    EXPECT_EQ(entries->front().event().revision(), backwards ? 50u : 1u);
  }
}

}  // namespace
}  // namespace recount::services
