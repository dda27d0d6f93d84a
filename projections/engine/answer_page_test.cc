// Pages, pins, what is kept between pages, and questions that end before they are worked out.
#include <set>

#include "absl/strings/str_cat.h"
#include "domain/money.h"
#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"
#include "projections/engine/tokens.h"

namespace recount::projections {
namespace {

constexpr int kDeals = 24;

// The field that a refusal names.
class AnswerPageTest : public testing::Test {
 protected:
  AnswerPageTest() {
    history_.Pipelines({"p: a b won+ lost-"});
    for (int i = 0; i < kDeals; ++i) {
      const std::string id = absl::StrCat(i);
      history_.Create(id, absl::StrCat("2024-01-", 10 + i % 15),
                      {.owner = i % 3 == 0 ? "" : absl::StrCat("users/", i % 3), .source = i % 2 == 0 ? "web" : "", .value = 100 + i});
      if (i % 4 == 1) history_.Win(id, "2024-03-01");
    }
  }

  static v1::RunReportRequest Ask(const std::string& report) {
    v1::RunReportRequest request;
    request.set_report(report);
    return request;
  }
  v1::RunReportResponse Run(const v1::RunReportRequest& request, const ReportEngine& engine) {
    auto answer = history_.Run(request, engine);
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok()) return {};
    // How it was counted is not what was counted.
    for (v1::Basis* basis : {answer->mutable_basis(), answer->mutable_compared_basis()}) {
      basis->clear_elapsed_micros();
      basis->clear_rows_scanned();
    }
    return *answer;
  }
  std::vector<v1::RunReportResponse> Pages(v1::RunReportRequest request, const ReportEngine& engine) {
    std::vector<v1::RunReportResponse> pages;
    do {
      pages.push_back(Run(request, engine));
      request.set_page_token(pages.back().next_page_token());
      // What happens meanwhile is on none of them.
      history_.Create(absl::StrCat("later", ++later_), "2024-04-01", {.value = 7});
    } while (!request.page_token().empty());
    return pages;
  }
  void Tag(const std::string& deal, int tags) {
    v1::EventPayload payload;
    for (int i = 0; i < tags; ++i) payload.mutable_deal()->mutable_annotated()->add_tags_added(absl::StrCat("t", i));
    history_.Append(deal, "2024-03-02", {payload});
  }
  // Deals counted by so many dimensions of their tags.
  static v1::RunReportRequest ByTags(int dimensions) {
    v1::RunReportRequest request;
    v1::ReportDefinition* definition = request.mutable_definition();
    definition->set_id("by_tags");
    definition->set_version(1);
    definition->set_subject("deal");
    definition->mutable_aggregate();
    for (int i = 0; i < dimensions; ++i) {
      v1::Dimension* dimension = definition->add_dimensions();
      dimension->set_id(absl::StrCat("d", i));
      dimension->set_expr("tags");
      request.mutable_parameters()->add_group_by(dimension->id());
    }
    v1::Measure* measure = definition->add_measures();
    measure->set_id("deals");
    measure->set_function(v1::FUNCTION_COUNT);
    return request;
  }

  History history_;
  const ReportEngine keeping_{&History::BuiltInReports()};
  const ReportEngine forgetful_{&History::BuiltInReports(), 0};
  int later_ = 0;
};

TEST_F(AnswerPageTest, PagesAgreeWithAndWithoutWhatIsKept) {
  for (const char* report : {"pipeline_detail", "won_lost", "sales_funnel", "pipeline_movement"}) {
    v1::RunReportRequest request = Ask(report);
    request.set_page_size(2);
    request.mutable_parameters()->mutable_as_of()->set_position(history_.position());
    if (request.report() == "won_lost") {
      request.mutable_compare()->set_period("2023");
      request.mutable_parameters()->add_group_by("owner");
      request.mutable_parameters()->add_group_by("source");
    }
    const auto with = Pages(request, keeping_), without = Pages(request, forgetful_);
    ASSERT_EQ(with.size(), without.size()) << report;
    ASSERT_GT(with.size(), 1u) << report;
    for (size_t i = 0; i < with.size(); ++i) EXPECT_EQ(with[i].DebugString(), without[i].DebugString()) << report << " " << i;
  }
  EXPECT_GT(keeping_.cached_bytes(), 0u);
  EXPECT_EQ(forgetful_.cached_bytes(), 0u);
}

TEST_F(AnswerPageTest, TheNextPageIsNotCountedAgain) {
  v1::RunReportRequest request = Ask("pipeline_detail");
  request.set_page_size(3);
  int asked = 0;
  history_.GoesOn([&] { return ++asked, absl::OkStatus(); });
  request.set_page_token(Run(request, keeping_).next_page_token());
  const int counting = asked;
  asked = 0;
  Run(request, keeping_);
  EXPECT_EQ(asked, 3) << "once for each row of the page";
  asked = 0;
  Run(request, forgetful_);
  EXPECT_EQ(asked, counting);
}

TEST_F(AnswerPageTest, WhatIsKeptStaysWithinItsBytes) {
  constexpr size_t kBytes = 40'000;
  const ReportEngine engine(&History::BuiltInReports(), kBytes);
  size_t most = 0;
  for (int i = 0; i < 30; ++i) {
    v1::RunReportRequest request = Ask("pipeline_detail");
    request.set_page_size(1);
    request.mutable_parameters()->set_filter(absl::StrCat("value >= ", i));
    Run(request, engine);
    most = std::max(most, engine.cached_bytes());
    EXPECT_LE(engine.cached_bytes(), kBytes);
  }
  EXPECT_GT(most, 0u);
}

TEST_F(AnswerPageTest, APageEndsBeforeItIsTooLargeForAMessage) {
  // Each cell's id holds the question, which is long.
  v1::RunReportRequest request = Ask("pipeline_detail");
  request.mutable_parameters()->set_filter("value >= 0 OR source = \"" + std::string(4000, 'x') + "\"");
  for (int i = 0; i < 300; ++i) history_.Create(absl::StrCat("more", i), "2024-02-01", {.value = 1});
  std::set<std::string> records;
  size_t pages = 0, rows = 0;
  do {
    const v1::RunReportResponse page = Run(request, keeping_);
    ++pages;
    rows = static_cast<size_t>(page.total_rows());
    EXPECT_LE(page.ByteSizeLong(), 4u << 20);
    EXPECT_GT(page.rows_size(), 0);
    for (const v1::Row& row : page.rows()) {
      EXPECT_TRUE(records.insert(row.cells(0).value().record()).second);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_GT(pages, 1u);
  EXPECT_GT(rows, 300u);
  EXPECT_EQ(records.size(), rows);
}

TEST_F(AnswerPageTest, AnOpenedCellEndsBeforeItIsTooLargeForAMessage) {
  const auto open = [&] {
    v1::RunReportRequest request = Ask("pipeline_snapshot");
    request.mutable_parameters()->add_group_by("-");
    request.mutable_parameters()->add_measures("deals");
    const v1::RunReportResponse answer = Run(request, keeping_);
    for (const v1::Cell& cell : answer.rows(0).cells()) {
      if (!cell.cell_id().empty()) return *history_.Explain(cell.cell_id());
    }
    return v1::ExplainReportResponse();
  };
  EXPECT_TRUE(open().next_page_token().empty());
  // Each event names its record: of one deal they are 6 MB, too large for a message, of two even without some.
  for (const char* id : {"1", "2"}) {
    const std::string large = id + std::string(300'000, 'x');
    history_.Create(large, "2024-02-01", {.value = 1});
    for (int i = 0; i < 19; ++i) history_.Value(large, "2024-02-02", i);
  }
  for (int i = 0; i < kDeals; ++i) history_.Delete(absl::StrCat(i), "2024-04-01");
  const v1::ExplainReportResponse page = open();
  EXPECT_LE(page.ByteSizeLong(), 4u << 20);
  EXPECT_EQ(page.total_contributions(), 2);
  ASSERT_EQ(page.contributions_size(), 1);
  EXPECT_FALSE(page.next_page_token().empty());
  EXPECT_EQ(page.contributions(0).total_events(), 20);
  EXPECT_LT(page.contributions(0).events_size(), 20);
  EXPECT_GT(page.contributions(0).events_size(), 0);
}

TEST_F(AnswerPageTest, TooManyGroupsAreRefused) {
  Tag("deals/1", 100);
  EXPECT_TRUE(history_.Run(ByTags(2)).ok());
  const absl::Status refused = history_.Run(ByTags(5)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(domain::ReasonOf(refused), v1::ANSWER_TOO_LARGE);
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("250000 groups: group by fewer"));
}

TEST_F(AnswerPageTest, APinGivesTheAnswerAgain) {
  v1::RunReportRequest request = Ask("won_lost");
  const v1::RunReportResponse before = Run(request, keeping_);
  history_.Win("2", "2024-03-03");
  EXPECT_NE(Run(request, keeping_).rows(0).DebugString(), before.rows(0).DebugString());
  v1::RunReportRequest again;
  again.set_pin(before.pin());
  again.mutable_parameters();
  EXPECT_EQ(Run(again, keeping_).DebugString(), before.DebugString());
  again.set_page_size(1);
  v1::RunReportResponse page = Run(again, keeping_);
  for (int i = 0; i < before.rows_size(); ++i) {
    EXPECT_EQ(page.rows(0).DebugString(), before.rows(i).DebugString());
    again.set_page_token(page.next_page_token());
    if (i + 1 < before.rows_size()) page = Run(again, keeping_);
  }
  EXPECT_TRUE(page.next_page_token().empty());
}

TEST_F(AnswerPageTest, AWrongPinIsRefusedByItsName) {
  v1::RunReportRequest request = Ask("pipeline_detail");
  request.set_page_size(3);
  const v1::RunReportResponse answer = Run(request, keeping_);
  std::string altered = answer.pin();
  altered[30] = altered[30] == 'A' ? 'B' : 'A';
  const std::string foreign = EncodeToken(*DecodeToken(answer.pin(), "pin", "key of the test"), "key of another tenant");
  for (const std::string& pin : {std::string("rubbish"), altered, foreign, answer.next_page_token(), answer.rows(0).cells(1).cell_id()}) {
    v1::RunReportRequest wrong;
    wrong.set_pin(pin);
    const absl::Status refused = history_.Run(wrong).status();
    EXPECT_EQ(domain::ReasonOf(refused), v1::TOKEN_INVALID) << refused;
    EXPECT_EQ(History::FieldOf(refused), "pin") << refused;
  }
  v1::RunReportRequest more = Ask("pipeline_detail");
  more.set_pin(answer.pin());
  const absl::Status refused = history_.Run(more).status();
  EXPECT_EQ(domain::ReasonOf(refused), v1::PARAMETER_INVALID) << refused;
  EXPECT_EQ(History::FieldOf(refused), "pin");
}

TEST_F(AnswerPageTest, AmountsOfDifferentCurrenciesAreNotCompared) {
  for (const auto& [id, currency, value] : std::vector<std::tuple<std::string, std::string, int64_t>>{
           {"yen", "JPY", 90'000}, {"euro", "EUR", 500}, {"more_euro", "EUR", 600}, {"fewer_yen", "JPY", 4}}) {
    history_.Create(id, "2024-02-01", {.currency = currency, .value = value});
  }
  for (int i = 1; i < kDeals; ++i) history_.Delete(absl::StrCat(i), "2024-04-01");
  using testing::ElementsAre;
  EXPECT_THAT(*history_.List("deal", "value"),
              ElementsAre("deals/euro", "deals/more_euro", "deals/fewer_yen", "deals/yen", "deals/0"));
  EXPECT_THAT(*history_.List("deal", "value desc"),
              ElementsAre("deals/0", "deals/yen", "deals/fewer_yen", "deals/more_euro", "deals/euro"));
}

// Wherever its caller goes, a question ends there, with that reason.
TEST_F(AnswerPageTest, AQuestionEndsWhereNobodyWaitsForIt) {
  std::vector<v1::RunReportRequest> questions;
  for (const auto& definition : History::BuiltInReports().definitions()) questions.push_back(Ask(definition.id()));
  questions.push_back(ByTags(2));
  Tag("deals/1", 3);
  for (v1::RunReportRequest& request : questions) {
    if (request.report() == "entity_timeline") request.mutable_parameters()->mutable_record()->set_name("deals/1");
    int asked = 0;
    history_.GoesOn([&] { return ++asked, absl::OkStatus(); });
    ASSERT_TRUE(history_.Run(request).ok()) << request.report();
    const int all = asked;
    EXPECT_GT(all, 0);
    for (int stop = 1; stop <= all; ++stop) {
      asked = 0;
      history_.GoesOn([&] { return ++asked == stop ? absl::CancelledError("gone") : absl::OkStatus(); });
      EXPECT_EQ(history_.Run(request).status().code(), absl::StatusCode::kCancelled) << request.report() << " " << stop;
      EXPECT_EQ(asked, stop) << request.report() << ": went on";
    }
  }
}

}  // namespace
}  // namespace recount::projections
