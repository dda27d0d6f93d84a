#include "domain/rights.h"

#include "domain/scenario_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::domain {
namespace {

// Ann and Bo in the north, Bo in the south from 2025 on; Cy in the south; the unit `sales` above both teams.
Rulebook Chart() {
  v1::RuleEvent event;
  *event.mutable_published()->mutable_rule()->mutable_content() = Parse<v1::RuleContent>(R"(
      org_chart {
        edges { child: 'users/ann' parent: 'teams/north' }
        edges { child: 'users/bo' parent: 'teams/north' }
        edges { child: 'users/bo' parent: 'teams/south' from { year: 2025 month: 1 day: 1 } }
        edges { child: 'users/cy' parent: 'teams/south' }
        edges { child: 'users/chief' parent: 'org_units/sales' }
        edges { child: 'teams/north' parent: 'org_units/sales' }
        edges { child: 'teams/south' parent: 'org_units/sales' }
      })");
  Rulebook rules;
  rules.ApplyRaw(1, 0, "users/chief", event);
  return rules;
}

SeenOwners Seen(absl::string_view text, int year = 2024) {
  return SeenOwners(*Rights::Parse(text), Chart(), DayFromCivil(year, 6, 1));
}

using ::testing::UnorderedElementsAre;

TEST(RightsTest, AreTheSameInAnyOrder) {
  EXPECT_EQ(Rights::Parse("users/2, teams/1,users/2")->Text(), "teams/1,users/2");
  EXPECT_TRUE(Rights::Parse("")->is_everything());
  EXPECT_FALSE(Rights::Parse("unassigned")->is_everything());
}

TEST(RightsTest, AreUsersTeamsAndUnits) {
  for (const char* text : {"deals/1", "users", "users/", "teams/a/b", "users/1,", ",", " ", "all"}) {
    EXPECT_EQ(Rights::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(SeenOwnersTest, EverythingIncludesWhatNobodyOwns) {
  const SeenOwners all = Seen("");
  EXPECT_TRUE(all.Sees("users/ann"));
  EXPECT_TRUE(all.Sees(""));
  EXPECT_TRUE(all.Includes(Seen("org_units/sales,unassigned")));
  EXPECT_FALSE(Seen("org_units/sales,unassigned").Includes(all));
  EXPECT_TRUE(all.Includes(all));
}

TEST(SeenOwnersTest, ATeamIsItsUsersOnTheDay) {
  EXPECT_THAT(Seen("teams/north").users(), UnorderedElementsAre("users/ann", "users/bo"));
  EXPECT_THAT(Seen("teams/north", 2025).users(), UnorderedElementsAre("users/ann"));
  EXPECT_THAT(Seen("teams/south", 2025).users(), UnorderedElementsAre("users/bo", "users/cy"));
  EXPECT_THAT(Seen("teams/nowhere").users(), UnorderedElementsAre());
}

TEST(SeenOwnersTest, AUnitIsAllBelowIt) {
  EXPECT_THAT(Seen("org_units/sales").users(),
              UnorderedElementsAre("users/ann", "users/bo", "users/cy", "users/chief"));
}

TEST(SeenOwnersTest, AUserNeedsNoChart) {
  EXPECT_THAT(Seen("users/elsewhere,teams/north").users(),
              UnorderedElementsAre("users/elsewhere", "users/ann", "users/bo"));
}

TEST(SeenOwnersTest, WhatNobodyOwnsIsSeenOnlyWhereItIsSaid) {
  EXPECT_FALSE(Seen("org_units/sales").Sees(""));
  EXPECT_TRUE(Seen("unassigned").Sees(""));
  EXPECT_FALSE(Seen("unassigned").Sees("users/ann"));
  EXPECT_FALSE(Seen("teams/north").Includes(Seen("unassigned")));
}

TEST(SeenOwnersTest, IncludesIsOfOwnersNotOfWords) {
  EXPECT_TRUE(Seen("org_units/sales").Includes(Seen("teams/north,users/cy")));
  EXPECT_FALSE(Seen("teams/north", 2025).Includes(Seen("users/bo")));
  EXPECT_EQ(Seen("teams/north"), Seen("users/ann,users/bo"));
}

}  // namespace
}  // namespace recount::domain
