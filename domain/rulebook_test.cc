#include "domain/rulebook.h"

#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

int32_t Day(int year, int month, int day) { return DayFromCivil(year, month, day); }

// Publishes at the next position.
uint64_t Publish(Rulebook* book, const std::string& content, const std::string& from = "") {
  v1::RuleEvent event;
  v1::RuleProposal* rule = event.mutable_published()->mutable_rule();
  *rule->mutable_content() = Parse<v1::RuleContent>(content);
  if (!from.empty()) *rule->mutable_effective_from() = Parse<google::type::Date>(from);
  book->ApplyRaw(book->position() + 1, 1000, "users/1", event);
  return book->position();
}

uint64_t Withdraw(Rulebook* book, uint64_t position) {
  v1::RuleEvent event;
  event.mutable_withdrawn()->set_published_position(position);
  book->ApplyRaw(book->position() + 1, 2000, "users/2", event);
  return book->position();
}

std::string Offer(int bp) {
  return absl::StrCat(
      "probabilities { probabilities { pipeline: 'sales' stage: 'offer' probability_bp: ", bp,
      " } }");
}

uint32_t OfferOn(const Rulebook& book, int64_t day) {
  const auto& rows = book.Probabilities(day).probabilities();
  return rows.empty() ? 0 : rows[0].probability_bp();
}

constexpr char kMarch10[] = "year: 2024 month: 3 day: 10";

TEST(RulebookTest, TakesTheLatestEffectiveDateAndThenTheLatestPublication) {
  Rulebook book;
  EXPECT_EQ(book.InForce(v1::RULE_KIND_PROBABILITIES, Day(2024, 3, 1)), nullptr);
  Publish(&book, Offer(2000));
  Publish(&book, Offer(2500), kMarch10);
  EXPECT_EQ(OfferOn(book, Day(2024, 3, 9)), 2000u);
  EXPECT_EQ(OfferOn(book, Day(2024, 3, 10)), 2500u);
  Publish(&book, Offer(2600), kMarch10);
  EXPECT_EQ(OfferOn(book, Day(2024, 3, 10)), 2600u);
  Publish(&book, Offer(1000));  // published last, but for an earlier date
  EXPECT_EQ(OfferOn(book, Day(2024, 3, 10)), 2600u);
  EXPECT_EQ(OfferOn(book, Day(2024, 3, 9)), 1000u);
  EXPECT_EQ(OfferOn(book, kBeginning), 1000u);
}

TEST(RulebookTest, WithdrawnVersionsAreAsIfTheyHadNotBeen) {
  Rulebook book;
  Publish(&book, Offer(2000));
  const uint64_t second = Publish(&book, Offer(3000));
  const uint64_t withdrawal = Withdraw(&book, second);
  EXPECT_EQ(OfferOn(book, 0), 2000u);
  EXPECT_EQ(book.position(), withdrawal);
  EXPECT_EQ(OfferOn(book.UpTo(second), 0), 3000u);
  EXPECT_EQ(book.UpTo(second).position(), second);
  EXPECT_EQ(book.UpTo(withdrawal).position(), withdrawal);
  EXPECT_EQ(OfferOn(book.UpTo(withdrawal), 0), 2000u);
  EXPECT_EQ(OfferOn(book.UpTo(1), 0), 2000u);
  EXPECT_EQ(book.UpTo(0).InForce(v1::RULE_KIND_PROBABILITIES, 0), nullptr);
  EXPECT_EQ(book.Versions(v1::RULE_KIND_PROBABILITIES)[1].withdrawn_position, withdrawal);
}

TEST(RulebookTest, AppliesAnEventOnce) {
  Rulebook book;
  v1::Event event = Parse<v1::Event>(
      "position: 5 actor: 'users/1' recorded_time { seconds: 9 } payload { rule { published { "
      "comment: 'c' rule { content { "
      "reasons { reasons { id: 'x' } } } } } } }");
  book.Apply(event);
  book.Apply(event);
  ASSERT_EQ(book.Versions(v1::RULE_KIND_REASONS).size(), 1u);
  EXPECT_EQ(book.Versions(v1::RULE_KIND_REASONS)[0].recorded_micros, 9000000);
  EXPECT_EQ(book.Versions(v1::RULE_KIND_REASONS)[0].comment, "c");
  EXPECT_EQ(book.Reasons(0).reasons(0).id(), "x");
}

TEST(RulebookTest, DraftsLieOnTop) {
  Rulebook book;
  Publish(&book, Offer(2000));
  v1::RuleProposal draft;
  *draft.mutable_content() = Parse<v1::RuleContent>(Offer(5000));
  const Rulebook with = book.WithDraft({&draft, 1});
  EXPECT_EQ(OfferOn(with, 0), 5000u);
  EXPECT_EQ(with.position(), 1u);
  EXPECT_EQ(with.Versions(v1::RULE_KIND_PROBABILITIES)[1].position, 0u);
  EXPECT_EQ(OfferOn(book, 0), 2000u);
}

TEST(RulebookTest, NamesKinds) {
  EXPECT_EQ(KindName(v1::RULE_KIND_EXCHANGE_RATES), "exchange_rates");
  EXPECT_EQ(KindName(KindOf(Parse<v1::RuleContent>("field_schema {}"))), "field_schema");
  EXPECT_EQ(KindName(KindOf(v1::RuleContent())), "");
}

class StageBookTest : public testing::Test {
 protected:
  StageBookTest() {
    Publish(&book,
            "pipelines { pipelines { id: 'p' stages { id: 'a' } stages { id: 'b' } stages { id: "
            "'c' } stages { id: 'd' } } }");
    Publish(
        &book,
        R"(pipelines { pipelines { id: 'p' stages { id: 'ab' } stages { id: 'c' } stages { id: 'd' } }
                      stage_maps { pipeline: 'p' stages { key: 'a' value: 'ab' } stages { key: 'b' value: 'ab' } } })",
        kMarch10);
    Publish(
        &book,
        R"(pipelines { pipelines { id: 'p' stages { id: 'd' } stages { id: 'all' } stages { id: 'won' meaning: STAGE_MEANING_WON } }
                      stage_maps { pipeline: 'p' stages { key: 'ab' value: 'all' } stages { key: 'c' } } })",
        "year: 2024 month: 4 day: 1");
  }
  std::string StageOn(int32_t day, const std::string& stage) const {
    const StageBook stages(book, day);
    const StageBook::Entry* entry = stages.Find("p", stage);
    return entry == nullptr ? "unknown" : absl::StrCat(entry->stage->id(), " ", entry->stage_index);
  }
  Rulebook book;
};

TEST_F(StageBookTest, MapsComposeOverThreeVersions) {
  const int32_t march = Day(2024, 3, 1), later = Day(2024, 3, 10), april = Day(2024, 4, 1);
  EXPECT_EQ(StageOn(march, "a"), "a 0");
  EXPECT_EQ(StageOn(march, "ab"), "unknown");
  EXPECT_EQ(StageOn(later, "a"), "ab 0");
  EXPECT_EQ(StageOn(later, "d"), "d 2");
  EXPECT_EQ(StageOn(april, "a"), "all 1");
  EXPECT_EQ(StageOn(april, "ab"), "all 1");
  EXPECT_EQ(StageOn(april, "c"), "unknown");  // mapped to nothing
  EXPECT_EQ(StageOn(april, "d"), "d 0");
  EXPECT_EQ(StageOn(april, "never"), "unknown");
  EXPECT_TRUE(UnmappedStages(book, april).empty());
}

TEST_F(StageBookTest, SaysWhichStagesAreNotMapped) {
  Publish(&book, "pipelines { pipelines { id: 'q' stages { id: 'd' } } }",
          "year: 2024 month: 5 day: 1");
  const auto unmapped = UnmappedStages(book, Day(2024, 5, 1));
  // c was mapped to nothing before, and stays unknown.
  EXPECT_EQ(unmapped,
            (std::vector<std::pair<std::string, std::string>>{
                {"p", "a"}, {"p", "ab"}, {"p", "all"}, {"p", "b"}, {"p", "d"}, {"p", "won"}}));
  EXPECT_TRUE(UnmappedStages(book, Day(2024, 4, 30)).empty());
}

TEST_F(StageBookTest, CopiesStandOnTheirOwn) {
  auto original = std::make_unique<StageBook>(book, Day(2024, 4, 1));
  const StageBook copy = *original;
  original.reset();
  EXPECT_EQ(copy.Find("p", "a")->stage->id(), "all");
  EXPECT_EQ(copy.Find("p", "a")->pipeline->id(), "p");
  EXPECT_EQ(copy.pipelines().size(), 1u);
}

TEST_F(StageBookTest, ProbabilitiesFollowTheMap) {
  const StageBook stages(book, Day(2024, 4, 1));
  const auto table = Parse<v1::ProbabilitiesRule>(
      "probabilities { pipeline: 'p' stage: 'all' probability_bp: 1500 } probabilities { pipeline: "
      "'p' stage: 'a' probability_bp: 1 }");
  EXPECT_EQ(StageProbabilityBp(table, stages, "p", "all"), 1500u);
  EXPECT_EQ(StageProbabilityBp(table, stages, "p", "a"), 1500u);
  EXPECT_EQ(StageProbabilityBp(table, stages, "p", "won"), 10000u);
  EXPECT_EQ(StageProbabilityBp(table, stages, "p", "d"), std::nullopt);
  EXPECT_EQ(StageProbabilityBp(table, stages, "p", "c"), std::nullopt);
  const StageBook none(Rulebook(), 0);
  EXPECT_EQ(StageProbabilityBp(table, none, "p", "all"), std::nullopt);
}

TEST(RateTableTest, TakesTheEntryOfTheDayInEitherDirection) {
  const RateTable table(Parse<v1::ExchangeRatesRule>(R"(
      rates { from: 'USD' to: 'ILS' date { year: 2024 month: 1 day: 1 } rate_nanos: 3600000000 }
      rates { from: 'USD' to: 'ILS' date { year: 2024 month: 2 day: 1 } rate_nanos: 3700000000 }
      rates { from: 'ILS' to: 'EUR' date { year: 2024 month: 1 day: 1 } rate_nanos: 250000000 })"));
  EXPECT_EQ(table.Find("USD", "ILS", Day(2023, 12, 31)), std::nullopt);
  EXPECT_EQ(table.Find("USD", "ILS", Day(2024, 1, 31))->rate_nanos, 3600000000);
  EXPECT_EQ(table.Find("USD", "ILS", Day(2024, 2, 1))->rate_nanos, 3700000000);
  EXPECT_FALSE(table.Find("USD", "ILS", Day(2024, 2, 1))->inverse);
  EXPECT_TRUE(table.Find("EUR", "ILS", Day(2024, 2, 1))->inverse);
  EXPECT_EQ(table.Find("EUR", "USD", Day(2024, 2, 1)), std::nullopt);
  EXPECT_EQ(table.Find("EUR", "EUR", Day(1999, 1, 1))->rate_nanos, 1000000000);
}

TEST(OrgChartTest, IsDated) {
  const OrgChart chart(Parse<v1::OrgChartRule>(R"(
      edges { child: 'users/ann' parent: 'teams/a' }
      edges { child: 'users/ann' parent: 'teams/b' from { year: 2024 month: 3 day: 1 } }
      edges { child: 'users/ann' parent: '' from { year: 2024 month: 5 day: 1 } }
      edges { child: 'teams/a' parent: 'org_units/south' } edges { child: 'teams/b' parent: 'org_units/north' }
      edges { child: 'org_units/north' parent: 'org_units/all' })"));
  EXPECT_EQ(chart.ParentOf("users/ann", Day(2024, 2, 29)), "teams/a");
  EXPECT_EQ(chart.ParentOf("users/ann", Day(2024, 3, 1)), "teams/b");
  EXPECT_EQ(chart.ParentOf("users/ann", Day(2024, 5, 1)), "");
  EXPECT_EQ(chart.ParentOf("users/bo", Day(2024, 5, 1)), "");
  EXPECT_EQ(chart.AncestorOf("users/ann", "org_units", Day(2024, 2, 1)), "org_units/south");
  EXPECT_EQ(chart.AncestorOf("users/ann", "teams", Day(2024, 2, 1)), "teams/a");
  EXPECT_EQ(chart.AncestorOf("org_units/all", "org_units", Day(2024, 2, 1)), "");
  EXPECT_EQ(chart.AncestorsOf("users/ann", Day(2024, 4, 1)),
            (std::vector<std::string>{"teams/b", "org_units/north", "org_units/all"}));
}

TEST(OrgChartTest, DoesNotHangOnACycle) {
  const OrgChart chart(
      Parse<v1::OrgChartRule>("edges { child: 'org_units/a' parent: 'org_units/b' } edges { child: "
                              "'org_units/b' parent: 'org_units/a' }"));
  EXPECT_EQ(chart.AncestorOf("org_units/a", "teams", 0), "");
  EXPECT_LE(chart.AncestorsOf("org_units/a", 0).size(), 4u);
}

}  // namespace
}  // namespace recount::domain
