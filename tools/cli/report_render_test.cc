#include "tools/cli/report_render.h"

#include <sstream>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tools/cli/value_text.h"

namespace recount::tools {
namespace {

using ::testing::HasSubstr;

api::RunReportResponse Answer() {
  api::RunReportResponse answer;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(
    basis { report: "won_lost" definition_version: 2 position: 1234 zone: "UTC" recorded_time { seconds: 1519675134 }
            valid_at { seconds: 1519675134 } period_first { year: 2018 month: 1 day: 1 } }
    columns { id: "owner" label: "Owner" type: VALUE_TYPE_RECORD is_dimension: true }
    columns { id: "won" label: "Won" type: VALUE_TYPE_INTEGER unit: "deals" }
    columns { id: "value" label: "Value" type: VALUE_TYPE_MONEY }
    columns { id: "rate" label: "Win rate" type: VALUE_TYPE_RATIO }
    columns { id: "note" label: "Note" type: VALUE_TYPE_TEXT }
    rows {
      cells { value { record: "users/1" } label: "דנה" }
      cells { value { integer: 1234 } cell_id: "c1" }
      cells { value { money { currency_code: "ILS" units: 33000 nanos: 500000000 } } }
      cells { value { ratio { numerator: 183 denominator: 1352 } } }
      cells { value { text: "=1+2" } }
    }
    rows {
      cells { value { record: "users/2" } label: "Smith, \"Jo\"" }
      cells { value { integer: 617 } }
      cells { value { money { currency_code: "JPY" units: -500 } } }
      cells { }
      cells { }
    }
    rows {
      is_total: true
      cells { }
      cells { value { integer: 1851 } }
      cells { }
      cells { value { ratio { numerator: 1 denominator: 3 } } }
      cells { }
    }
    notes { code: "NO_RATE" text: "no rate" count: 2 }
    total_rows: 2)pb", &answer));
  return answer;
}

TEST(ReportRender, SeveralAnswersAreOneDocument) {
  api::RunReportResponse other;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(
    basis { report: "mine" }
    columns { id: "won" type: VALUE_TYPE_INTEGER }
    columns { id: "lost" type: VALUE_TYPE_INTEGER }
    rows { cells { value { integer: 1 } } cells { value { integer: 2 } } }
    rows { apart: "beside" cells { value { integer: 3 } } cells { } })pb", &other));
  std::ostringstream out;
  RenderCsv({other, Answer()}, out);
  EXPECT_THAT(out.str(), testing::StartsWith("report,row,won,lost,owner,owner.label,value,value.currency,rate.numerator,"
                                             "rate.denominator,rate.currency,note\r\n"
                                             "mine,1,1,2,,,,,,,,\r\n"
                                             "mine,beside,3,,,,,,,,,\r\n"
                                             "won_lost,1,1234,,users/1,דנה,33000.50,ILS,183,1352,,'=1+2\r\n"));
  const std::string json = ToJson(std::vector<api::RunReportResponse>{other, other});
  EXPECT_THAT(json, testing::StartsWith("[\n{"));
  EXPECT_THAT(json, HasSubstr("}\n,{"));
  EXPECT_THAT(json, testing::EndsWith("}\n]\n"));
}

TEST(ReportRender, TotalsHaveNames) {
  api::RunReportResponse answer;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(
    columns { id: "owner" type: VALUE_TYPE_RECORD is_dimension: true }
    columns { id: "currency" type: VALUE_TYPE_TEXT is_dimension: true }
    columns { id: "category" type: VALUE_TYPE_TEXT is_dimension: true }
    columns { id: "won" type: VALUE_TYPE_INTEGER }
    rows { is_total: true cells { } cells { value { text: "ILS" } } cells { value { text: "opening" } label: "Opening" } cells { value { integer: 1 } } }
    rows { is_total: true cells { } cells { } cells { } cells { value { integer: 1 } } })pb", &answer));
  EXPECT_EQ(TotalName(answer, answer.rows(0)), "total:ILS,opening");
  EXPECT_EQ(TotalName(answer, answer.rows(1)), "total:none");
}

TEST(ReportRender, Csv) {
  std::ostringstream out;
  RenderCsv({Answer()}, out);
  EXPECT_EQ(out.str(),
            "row,owner,owner.label,won,value,value.currency,rate.numerator,rate.denominator,rate.currency,note\r\n"
            "1,users/1,דנה,1234,33000.50,ILS,183,1352,,'=1+2\r\n"
            "2,users/2,\"Smith, \"\"Jo\"\"\",617,-500,JPY,,,,\r\n"
            "total,,,1851,,,1,3,,\r\n");
}

// Decision 20: the mean of the two middle values, exact.
TEST(ReportRender, CsvKeepsAMedianBetweenTwoValues) {
  api::RunReportResponse answer;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(
    columns { id: "days" type: VALUE_TYPE_INTEGER unit: "days" }
    columns { id: "value" type: VALUE_TYPE_MONEY }
    rows {
      cells { value { ratio { numerator: 15 denominator: 2 } } }
      cells { value { ratio { numerator: 6600101 denominator: 2 currency: "EUR" } } }
    }
    rows {
      cells { value { ratio { numerator: -1 denominator: 2 } } }
      cells { value { ratio { numerator: -1 denominator: 2 currency: "JPY" } } }
    }
    rows {
      cells { value { ratio { numerator: 8 denominator: 2 } } }
      cells { value { ratio { numerator: -7 denominator: 1 currency: "BHD" } } }
    })pb", &answer));
  std::ostringstream out;
  RenderCsv({answer}, out);
  EXPECT_EQ(out.str(),
            "row,days,value,value.currency\r\n"
            "1,7.5,33000.505,EUR\r\n"
            "2,-0.5,-0.5,JPY\r\n"
            "3,4,-0.007,BHD\r\n");
  std::ostringstream table;
  RenderTable(answer, Look(), table);
  EXPECT_THAT(table.str(), HasSubstr("7.5  "));
  EXPECT_THAT(table.str(), HasSubstr("33,000.505 EUR"));
}

TEST(ReportRender, Table) {
  std::ostringstream out;
  RenderTable(Answer(), Look(), out);
  const std::string text = out.str();
  EXPECT_THAT(text, HasSubstr("won_lost v2\n"));
  EXPECT_THAT(text, HasSubstr("position 1234 (2018-02-26 19:58:54), valid at 2018-02-26 19:58:54, rules current"));
  EXPECT_THAT(text, HasSubstr("period 2018-01-01..,"));
  EXPECT_THAT(text, HasSubstr("33,000.50 ILS  13.54 % (183/1,352)"));
  EXPECT_THAT(text, HasSubstr("1,234  ████████████████████████  33,000.50 ILS"));
  EXPECT_THAT(text, HasSubstr("  617  ████████████                   -500 JPY"));
  EXPECT_THAT(text, HasSubstr("note: no rate [NO_RATE, 2]"));
}

TEST(ReportRender, ParametersOfOnlySomeReports) {
  api::RunReportResponse answer = Answer();
  (*answer.mutable_basis()->mutable_arguments())["within_days"] = "null";
  (*answer.mutable_basis()->mutable_arguments())["start"] = "capture";
  answer.mutable_basis()->set_opening_position(12);
  std::ostringstream from_the_beginning, out;
  RenderTable(answer, Look(), from_the_beginning);
  EXPECT_THAT(from_the_beginning.str(), HasSubstr(", opening at position 12, before everything, start capture, within_days none"));
  answer.mutable_basis()->mutable_opening_valid_at()->set_seconds(1519675134);
  RenderTable(answer, Look(), out);
  EXPECT_THAT(out.str(), HasSubstr(", opening at position 12, valid at 2018-02-26 19:58:54, start capture"));
}

TEST(ReportRender, ComparisonsShowWhatDiffers) {
  api::RunReportResponse answer;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(
    columns { id: "a" label: "Deals" type: VALUE_TYPE_INTEGER }
    columns { id: "a.compared" label: "Deals" type: VALUE_TYPE_INTEGER }
    columns { id: "a.change" label: "Deals" type: VALUE_TYPE_INTEGER }
    columns { id: "b" label: "Weighted" type: VALUE_TYPE_INTEGER }
    columns { id: "b.compared" label: "Weighted" type: VALUE_TYPE_INTEGER }
    columns { id: "b.change" label: "Weighted" type: VALUE_TYPE_INTEGER }
    rows {
      cells { value { integer: 5 } } cells { value { integer: 5 } } cells { value { integer: 0 } }
      cells { value { integer: 10 } } cells { value { integer: 15 } } cells { value { integer: 5 } }
    })pb", &answer));
  std::ostringstream out;
  RenderTable(answer, Look(), out);
  EXPECT_THAT(out.str(), HasSubstr("Weighted  compared  change\n"));
  EXPECT_THAT(out.str(), HasSubstr("      10        15       5\n"));
  EXPECT_THAT(out.str(), HasSubstr("the same in both, so shown once: Deals"));
}

TEST(ReportRender, JsonIsTheAnswer) {
  EXPECT_THAT(ToJson(Answer()), HasSubstr("\"definitionVersion\": 2"));
}

TEST(ValueText, MoneyHasItsOwnDigits) {
  google::type::Money money;
  money.set_units(-1234567);
  money.set_nanos(-50'000'000);
  money.set_currency_code("EUR");
  EXPECT_EQ(MoneyText(money), "-1,234,567.05 EUR");
  EXPECT_EQ(Decimal(money), "-1234567.05");
  money.set_currency_code("BHD");
  EXPECT_EQ(Decimal(money), "-1234567.050");
  money.set_nanos(0);
  money.set_currency_code("JPY");
  EXPECT_EQ(MoneyText(money), "-1,234,567 JPY");
}

TEST(ValueText, QuotientsAreExact) {
  EXPECT_EQ(Quotient(40787, 842, 2), "48.44");
  EXPECT_EQ(Quotient(1, 8, 2), "0.12");   // half to even
  EXPECT_EQ(Quotient(3, 8, 2), "0.38");
  EXPECT_EQ(Quotient(-1, 3, 2), "-0.33");
  EXPECT_EQ(Quotient(-1, 1000, 2), "0.00");
  EXPECT_EQ(Quotient(9999999, 3, 0), "3,333,333");
}

TEST(ValueText, RatiosSayWhatWasDivided) {
  api::Value value;
  value.mutable_ratio()->set_numerator(183);
  value.mutable_ratio()->set_denominator(1352);
  EXPECT_EQ(ForPeople(value, "", absl::UTCTimeZone()), "13.54 % (183/1,352)");
  EXPECT_EQ(ForPeople(value, "days", absl::UTCTimeZone()), "0.14 days (183/1,352)");
  value.mutable_ratio()->set_currency("USD");
  EXPECT_EQ(ForPeople(value, "", absl::UTCTimeZone()), "0.00 USD (1.83 USD/1,352)");
  EXPECT_EQ(ForPeople(api::Value(), "", absl::UTCTimeZone()), "–");
}

TEST(ReportRender, BarsHaveEighths) {
  EXPECT_EQ(Bar(1, 4), "████");
  EXPECT_EQ(Bar(0.5, 1), "▌");
  EXPECT_EQ(Bar(0, 4), "");
  EXPECT_EQ(Bar(-1, 4), "");
}

}  // namespace
}  // namespace recount::tools
