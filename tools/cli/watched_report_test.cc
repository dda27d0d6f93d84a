#include "tools/cli/watched_report.h"

#include <sstream>

#include "google/protobuf/text_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::tools {
namespace {

api::WatchReportResponse Message(const std::string& text) {
  api::WatchReportResponse message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

api::WatchReportResponse Whole() {
  return Message(R"pb(
    basis { report: "won_lost" position: 7 zone: "UTC" }
    restarts: true
    columns { id: "source" label: "Source" type: VALUE_TYPE_TEXT is_dimension: true }
    columns { id: "won" label: "Won" type: VALUE_TYPE_INTEGER }
    rows { key: "a" place: 0 row { cells { value { text: "fair" } } cells { value { integer: 1 } } } }
    rows { key: "b" place: 1 row { cells { value { text: "web" } label: "Web" } cells { value { integer: 2 } } } }
    rows { key: "t" place: 2 row { is_total: true cells {} cells { value { integer: 3 } } } }
    total_rows: 3
    resume_token: "first")pb");
}

std::vector<std::string> Names(const WatchedReport& report) {
  std::vector<std::string> names;
  for (const api::Row& row : report.answer().rows()) names.push_back(row.is_total() ? "total" : row.cells(0).value().text());
  return names;
}

std::string Rendered(const WatchedReport& report) {
  std::ostringstream out;
  RenderChange(report, Look(), out);
  return out.str();
}

TEST(WatchedReport, ShowsWhatCameWentAndChanged) {
  WatchedReport report;
  ASSERT_TRUE(report.Take(Whole()));
  EXPECT_TRUE(report.is_whole());
  EXPECT_THAT(Names(report), testing::ElementsAre("fair", "web", "total"));
  // In two messages: nothing is applied before the one that ends the change.
  ASSERT_FALSE(report.Take(Message(R"pb(
    basis { position: 9 }
    removed: "a"
    rows { key: "c" place: 0 row { cells { value { text: "email" } } cells { value { integer: 5 } } } })pb")));
  EXPECT_THAT(Names(report), testing::ElementsAre("fair", "web", "total"));
  ASSERT_TRUE(report.Take(Message(R"pb(
    basis { position: 9 recorded_time { seconds: 60 } zone: "UTC" }
    rows { key: "t" place: 2 row { is_total: true cells {} cells { value { integer: 7 } } } }
    notes { code: "NO_RATE" text: "no rate" count: 2 }
    total_rows: 3
    resume_token: "second")pb")));
  EXPECT_THAT(Names(report), testing::ElementsAre("email", "web", "total"));
  EXPECT_EQ(report.token(), "second");
  EXPECT_EQ(Rendered(report),
            "position 9 (1970-01-01 00:01:00)\n"
            "  - fair\n"
            "  + email: Won 5\n"
            "  ~ total: Won 3 → 7\n"
            "  note: no rate [NO_RATE, 2]\n");
}

TEST(WatchedReport, WhatHadNotEndedIsDropped) {
  WatchedReport report;
  ASSERT_TRUE(report.Take(Whole()));
  ASSERT_FALSE(report.Take(Message("removed: 'a'")));
  report.DropUnfinished();
  ASSERT_TRUE(report.Take(Message(R"pb(
    rows { key: "b" place: 0 row { cells { value { text: "web" } label: "Web" } cells { value { integer: 2 } } } }
    total_rows: 3
    resume_token: "second")pb")));
  EXPECT_THAT(Names(report), testing::ElementsAre("web", "fair", "total"));
  EXPECT_THAT(Rendered(report), testing::HasSubstr("  ~ Web: stands elsewhere"));
}

TEST(WatchedReport, ControlsOfATerminalAreShownNotObeyed) {
  WatchedReport report;
  api::WatchReportResponse whole = Whole();
  ASSERT_TRUE(report.Take(whole));
  whole.set_restarts(false);
  whole.clear_columns();
  whole.mutable_rows(0)->mutable_row()->mutable_cells(0)->set_label("\033[31mfair");
  ASSERT_TRUE(report.Take(whole));
  EXPECT_THAT(Rendered(report), testing::Not(testing::HasSubstr("\033")));
}

}  // namespace
}  // namespace recount::tools
