#include "tools/cli/arguments.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/cli/failure.h"
#include "tools/cli/rule_change.h"
#include "tools/cli/session.h"

namespace recount::tools {
namespace {

TEST(Arguments, FillARequest) {
  ReportOptions options;
  options.report = "won_lost";
  options.period = "2026-Q2";
  options.as_of = "1234";
  options.valid_at = "2026-04-30";
  options.basis = "at:2026-01-01";
  options.attribution = "at-close";
  options.by = "owner, team";
  options.currency = "ils";
  options.compare = "draft:half";
  options.arguments = {"within_days=30", "x=a=b"};
  options.record = "deals/external/pbx/7/8";
  absl::StatusOr<api::RunReportRequest> got = ToRunRequest(options);
  ASSERT_TRUE(got.ok()) << got.status();
  const api::ReportParameters& p = got->parameters();
  EXPECT_EQ(p.as_of().position(), 1234u);
  EXPECT_EQ(p.valid_at().date().day(), 30);
  EXPECT_EQ(p.rule_basis().kind(), api::RULE_BASIS_KIND_AT);
  EXPECT_EQ(p.rule_basis().at().time().date().year(), 2026);
  EXPECT_EQ(p.attribution(), api::ATTRIBUTION_AT_CLOSE);
  EXPECT_THAT(p.group_by(), testing::ElementsAre("owner", "team"));
  EXPECT_EQ(p.currency(), "ILS");
  EXPECT_EQ(p.arguments().at("x"), "a=b");
  EXPECT_EQ(p.record().external().source(), "pbx");
  EXPECT_EQ(p.record().external().id(), "7/8");
  EXPECT_EQ(p.collection(), "deals");
  EXPECT_EQ(got->compare().rule_basis().draft(), "drafts/half");
}

TEST(Arguments, MistakesAreUsage) {
  auto code = [](void (*change)(ReportOptions&)) {
    ReportOptions options;
    change(options);
    return ExitCodeOf(ToRunRequest(options).status());
  };
  EXPECT_EQ(code([](ReportOptions& o) { o.as_of = "yesterday"; }), kExitUsage);
  EXPECT_EQ(code([](ReportOptions& o) { o.valid_at = "12"; }), kExitUsage);
  EXPECT_EQ(code([](ReportOptions& o) { o.basis = "old"; }), kExitUsage);
  EXPECT_EQ(code([](ReportOptions& o) { o.compare = "x"; }), kExitUsage);
  EXPECT_EQ(code([](ReportOptions& o) { o.arguments = {"x"}; }), kExitUsage);
  EXPECT_EQ(code([](ReportOptions& o) { o.record = "deals"; }), kExitUsage);
  EXPECT_EQ(code([](ReportOptions& o) {}), kExitOk);
}

TEST(Arguments, ExitCodes) {
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), kExitNotFound);
  EXPECT_EQ(ExitCodeOf(absl::AbortedError("")), kExitConflict);
  EXPECT_EQ(ExitCodeOf(absl::AlreadyExistsError("")), kExitConflict);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), kExitUnavailable);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("")), kExitFailed);
}

TEST(RuleChange, ChangesWhatIsInForce) {
  api::Rulebook book;
  api::RuleVersion* version = book.add_rules();
  version->set_kind(api::RULE_KIND_PROBABILITIES);
  version->mutable_rule()->mutable_effective_from()->set_year(2024);
  for (const char* stage : {"offer", "order"}) {
    auto* entry = version->mutable_rule()->mutable_content()->mutable_probabilities()->add_probabilities();
    entry->set_pipeline("sales");
    entry->set_stage(stage);
    entry->set_probability_bp(2000);
  }
  absl::StatusOr<std::vector<api::RuleProposal>> got = ChangedRules(
      book, {"probability:sales/order=50%", "probability:sales/new=0.125", "rate:USD/ILS@2026-01-01=3.6512",
             "parent:users/7=teams/3@2026-04-01"});
  ASSERT_TRUE(got.ok()) << got.status();
  ASSERT_EQ(got->size(), 3u);
  const auto& table = (*got)[0].content().probabilities();
  ASSERT_EQ(table.probabilities_size(), 3);
  EXPECT_EQ(table.probabilities(0).probability_bp(), 2000u);
  EXPECT_EQ(table.probabilities(1).probability_bp(), 5000u);
  EXPECT_EQ(table.probabilities(2).probability_bp(), 1250u);
  EXPECT_EQ((*got)[0].effective_from().year(), 2024) << "a change takes the place of the version that it changes";
  EXPECT_EQ((*got)[1].content().exchange_rates().rates(0).rate_nanos(), 3'651'200'000);
  EXPECT_EQ((*got)[2].content().org_chart().edges(0).parent(), "teams/3");
  EXPECT_EQ((*got)[2].content().org_chart().edges(0).from().month(), 4);
  for (const char* bad : {"probability:sales=50%", "probability:sales/x=500%", "rate:USD/ILS=3", "colour:x=y", "nonsense"}) {
    EXPECT_FALSE(ChangedRules(book, {bad}).ok()) << bad;
  }
  EXPECT_EQ(*ParseBasisPoints(" 12.5 %"), 1250u);
  EXPECT_FALSE(ParseBasisPoints("0.00001").ok());
}

TEST(Suggestions, FindNearWordsOnly) {
  EXPECT_EQ(DidYouMean("sales_funel", {"won_lost", "sales_funnel"}), "sales_funnel");
  EXPECT_EQ(DidYouMean("lst", {"list", "show"}), "list");
  EXPECT_EQ(DidYouMean("weather", {"list", "show"}), "");
}

}  // namespace
}  // namespace recount::tools
