#include "services/state_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace recount::services {
namespace {

FoldedStream At(uint64_t revision, uint64_t position) {
  FoldedStream folded;
  folded.revision = revision;
  folded.position = position;
  return folded;
}

// A cache that holds one stream a shard. Which streams share a shard differs from run to run: a test that looks for one
// that is durable puts no other beside it but to have it put out.
class StateCacheTest : public testing::Test {
 protected:
  void FillWithOthers(uint64_t durable_before) {
    for (int i = 0; i < 200; ++i) cache_.Offer(1, absl::StrCat("leads/", i), At(1, 1), durable_before);
  }
  void Change(const std::string& stream, uint64_t before, uint64_t position) {
    cache_.Change(1, stream, before, position, [&](FoldedStream& folded) {
      ++changes_;
      folded.revision = before + 1;
      folded.position = position;
    });
  }

  uint64_t durable_ = 10;
  int changes_ = 0;
  StateCache cache_{{1, 256 << 20}, [this](eventstore::TenantNumber) { return durable_; }};
};

TEST_F(StateCacheTest, AStreamThatWasPutOutDoesNotBeginAnew) {
  ASSERT_NE(cache_.Offer(1, "deals/1", At(3, 5), durable_), nullptr);
  FillWithOthers(durable_);
  ASSERT_EQ(cache_.Find(1, "deals/1"), nullptr);
  Change("deals/1", 3, 11);
  EXPECT_EQ(cache_.Find(1, "deals/1"), nullptr);
  // What a loader read before the event was durable lacks it.
  EXPECT_EQ(cache_.Offer(1, "deals/1", At(3, 5), durable_), nullptr);
  durable_ = 11;
  ASSERT_NE(cache_.Offer(1, "deals/1", At(4, 11), durable_), nullptr);
  EXPECT_EQ(cache_.Find(1, "deals/1")->revision, 4u);
}

TEST_F(StateCacheTest, WhatIsNotDurableIsNotPutOut) {
  Change("deals/1", 0, 11);
  FillWithOthers(durable_);
  ASSERT_NE(cache_.Find(1, "deals/1"), nullptr);
  durable_ = 11;
  FillWithOthers(durable_);
  EXPECT_EQ(cache_.Find(1, "deals/1"), nullptr);
}

TEST_F(StateCacheTest, WhatWasGivenDoesNotChange) {
  const auto given = cache_.Offer(1, "deals/1", At(1, 5), durable_);
  Change("deals/1", 1, 11);
  EXPECT_EQ(given->revision, 1u);
  EXPECT_EQ(cache_.Find(1, "deals/1")->revision, 2u);
}

TEST_F(StateCacheTest, AnEventThatALoaderBroughtIsNotAppliedAgain) {
  ASSERT_NE(cache_.Offer(1, "deals/1", At(1, 5), durable_), nullptr);
  Change("deals/1", 0, 5);
  EXPECT_EQ(changes_, 0);
  EXPECT_EQ(cache_.Find(1, "deals/1")->revision, 1u);
  Change("deals/1", 1, 11);
  EXPECT_EQ(changes_, 1);
}

TEST_F(StateCacheTest, AStateThatLacksAnEventIsNotBroughtFurther) {
  ASSERT_NE(cache_.Offer(1, "deals/1", At(1, 5), durable_), nullptr);
  Change("deals/1", 2, 11);
  EXPECT_EQ(changes_, 0);
  EXPECT_EQ(cache_.Find(1, "deals/1"), nullptr);
  EXPECT_EQ(cache_.Offer(1, "deals/1", At(2, 6), durable_), nullptr) << "it lacks the event at 11";
}

std::unique_ptr<FirstEvent> SomeFirst(uint64_t position, const std::string& source) {
  auto first = std::make_unique<FirstEvent>();
  first->payload.mutable_lead()->mutable_captured()->mutable_source()->set_id(source);
  first->meta.position = position;
  first->meta.revision = 1;
  first->meta.occurred_micros = 77;
  first->actor = "ann";
  first->bytes = first->payload.ByteSizeLong();
  return first;
}

std::string SourceOf(const FoldedStream& folded) {
  const auto* lead = std::get_if<domain::LeadState>(&folded.state);
  return lead == nullptr ? "" : lead->lead.source().id();
}

TEST_F(StateCacheTest, AFirstEventIsFoldedForWhoeverAsks) {
  cache_.Begin(1, "leads/1", SomeFirst(11, "fair"));
  const auto found = cache_.Find(1, "leads/1");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->revision, 1u);
  EXPECT_EQ(found->position, 11u);
  EXPECT_EQ(SourceOf(*found), "fair");
  cache_.Begin(1, "leads/2", SomeFirst(12, "email"));
  EXPECT_EQ(SourceOf(*cache_.Offer(1, "leads/2", At(0, 0), durable_)), "email") << "a loader that found nothing yet";
}

TEST_F(StateCacheTest, AFirstEventIsFoldedBeforeTheSecond) {
  cache_.Begin(1, "leads/1", SomeFirst(11, "fair"));
  cache_.Change(1, "leads/1", 1, 12, [](FoldedStream& folded) {
    EXPECT_EQ(SourceOf(folded), "fair");
    folded.revision = 2;
    folded.position = 12;
  });
  EXPECT_EQ(cache_.Find(1, "leads/1")->revision, 2u);
}

TEST_F(StateCacheTest, AFirstEventFollowsTheLookInVain) {
  const auto in_vain = cache_.Offer(1, "leads/1", At(0, 0), durable_);
  cache_.Begin(1, "leads/1", SomeFirst(11, "fair"));
  EXPECT_EQ(in_vain->revision, 0u) << "what was given does not change";
  EXPECT_EQ(SourceOf(*cache_.Find(1, "leads/1")), "fair");
}

TEST_F(StateCacheTest, AFirstEventThatALoaderBroughtIsNotFoldedAgain) {
  ASSERT_NE(cache_.Offer(1, "leads/1", At(2, 9), durable_), nullptr);
  cache_.Begin(1, "leads/1", SomeFirst(8, "email"));
  EXPECT_EQ(cache_.Find(1, "leads/1")->revision, 2u);
}

TEST_F(StateCacheTest, AFirstEventThatIsNotDurableIsNotPutOut) {
  cache_.Begin(1, "leads/x", SomeFirst(11, "fair"));
  FillWithOthers(durable_);
  ASSERT_NE(cache_.Find(1, "leads/x"), nullptr);
  durable_ = 11;
  FillWithOthers(durable_);
  EXPECT_EQ(cache_.Find(1, "leads/x"), nullptr);
}

FoldedStream LargeDraft(uint64_t position) {
  FoldedStream folded = At(1, position);
  v1::RuleProposal* rule = folded.state.emplace<domain::DraftState>().draft.add_rules();
  rule->mutable_content()->mutable_calendar()->set_zone(std::string(1 << 20, 'x'));
  return folded;
}

TEST(StateCacheBytesTest, LargeStatesPutOthersOut) {
  constexpr size_t kBytes = 64 << 20;
  StateCache cache({100000, kBytes}, [](eventstore::TenantNumber) { return uint64_t{10}; });
  for (int i = 0; i < 200; ++i) {
    EXPECT_NE(cache.Offer(1, absl::StrCat("drafts/", i), LargeDraft(5), 10), nullptr);
    EXPECT_LE(cache.bytes(), kBytes);
  }
  EXPECT_GT(cache.size(), 8u);
  EXPECT_LE(cache.size(), 64u);
  // Small ones stay, up to their number.
  for (int i = 0; i < 1000; ++i) cache.Offer(1, absl::StrCat("leads/", i), At(1, 5), 10);
  EXPECT_GT(cache.size(), 1000u);
}

TEST(StateCacheBytesTest, AStateThatGrewIsWeighedAgain) {
  StateCache cache({100000, 16 << 20}, [](eventstore::TenantNumber) { return uint64_t{100}; });
  cache.Change(1, "leads/1", 0, 1, [](FoldedStream& folded) {
    folded.state.emplace<domain::LeadState>();
    folded.revision = 1;
    folded.position = 1;
  });
  const size_t before = cache.bytes();
  for (uint64_t revision = 1; revision <= 4; ++revision) {
    cache.Change(1, "leads/1", revision, 1 + revision, [&](FoldedStream& folded) {
      folded.revision = revision + 1;
      folded.position = 1 + revision;
      folded.event_bytes += 100000;
    });
  }
  EXPECT_GT(cache.bytes(), before + 400000);
  // One shard has a sixteenth of the bytes.
  cache.Change(1, "leads/1", 5, 6, [](FoldedStream& folded) { folded.event_bytes += 1 << 20; });
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

}  // namespace
}  // namespace recount::services
