#include "tools/import/rule_merge.h"

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace recount::tools {
namespace {

api::RuleProposal Rule(const std::string& text) {
  api::RuleProposal rule;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &rule)) << text;
  return rule;
}

std::vector<api::RuleVersion> Published(const std::vector<std::string>& texts) {
  std::vector<api::RuleVersion> out;
  for (const std::string& text : texts) *out.emplace_back().mutable_rule() = Rule(text);
  return out;
}

TEST(RuleMerge, AddsBesideWhatIsThere) {
  const auto versions = Published({"content { pipelines { pipelines { id: 'a' stages { id: 'x' } } } }"});
  const auto wanted = Rule("content { pipelines { pipelines { id: 'b' } pipelines { id: 'a' stages { id: 'y' } } } }");
  const auto got = RulesToPublish(versions, {wanted});
  ASSERT_EQ(got.size(), 1u);
  ASSERT_EQ(got[0].content().pipelines().pipelines_size(), 2);
  EXPECT_EQ(got[0].content().pipelines().pipelines(0).stages(0).id(), "y");
  EXPECT_EQ(got[0].content().pipelines().pipelines(1).id(), "b");
}

TEST(RuleMerge, PublishesNothingThatHoldsAlready) {
  const auto versions = Published({"content { field_schema { fields { collection: 'deals' id: 'a' } fields { collection: 'leads' id: 'a' } } }",
                                   "content { org_chart { edges { child: 'users/1' parent: 'teams/1' } edges { child: 'users/2' parent: 'teams/1' } } }"});
  EXPECT_TRUE(RulesToPublish(versions, {Rule("content { field_schema { fields { collection: 'leads' id: 'a' } } }"),
                                        Rule("content { org_chart { edges { child: 'users/1' parent: 'teams/1' } } }")})
                  .empty());
  EXPECT_EQ(RulesToPublish(versions, {Rule("content { org_chart { edges { child: 'users/1' parent: 'teams/2' } } }")}).size(), 1u);
}

TEST(RuleMerge, LooksAtTheVersionOfTheSameDayThatStands) {
  auto versions = Published({"content { reasons { reasons { id: 'old' } } }", "content { reasons { reasons { id: 'gone' } } }",
                             "content { reasons { reasons { id: 'later' } } } effective_from { year: 2026 month: 1 day: 1 }"});
  versions[1].set_withdrawn(true);
  const auto got = RulesToPublish(versions, {Rule("content { reasons { reasons { id: 'new' } } }")});
  ASSERT_EQ(got.size(), 1u);
  EXPECT_FALSE(got[0].has_effective_from());
  ASSERT_EQ(got[0].content().reasons().reasons_size(), 2);
  EXPECT_EQ(got[0].content().reasons().reasons(0).id(), "old");
}

}  // namespace
}  // namespace recount::tools
