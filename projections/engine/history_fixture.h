// For tests of reports: a tenant's history written event by event, folded, and asked. No server, no threads.
#ifndef RECOUNT_PROJECTIONS_ENGINE_HISTORY_FIXTURE_H_
#define RECOUNT_PROJECTIONS_ENGINE_HISTORY_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventstore/event_log.h"
#include "projections/fact_tables.h"
#include "projections/fold_driver.h"
#include "projections/report_engine.h"

namespace recount::projections {

// Times are given as texts in UTC, `2024-03-05` or `2024-03-05 10:30`; a date alone is its first instant in the tenant's zone (UTC
// unless said otherwise), precision DAY.
// Money is in units of USD unless said otherwise. Every call is one commit, recorded on the day given by RecordedOn() (else on
// the day it occurred, or later, never going back).
class History {
 public:
  History();

  // ---- Rules: `pipeline: stage stage stage+ stage-`; + means won, - lost, ! delivery. From the beginning unless a day is given.
  // `maps`: `pipeline: old=new old=`.
  uint64_t Pipelines(const std::vector<std::string>& pipelines, absl::string_view from = "",
                     const std::vector<std::string>& maps = {});
  uint64_t Publish(const v1::RuleContent& content, absl::string_view from = "");
  uint64_t Zone(const std::string& zone);
  uint64_t Rate(absl::string_view from, absl::string_view to, absl::string_view day, double rate);  // keeps former ones
  uint64_t Belongs(absl::string_view child, absl::string_view parent, absl::string_view day = "");  // keeps former ones

  // What basis DRAFT adds; any name.
  void Draft(std::vector<v1::RuleProposal> proposals) { draft_ = std::move(proposals); }

  // ---- Deals, by id.
  struct NewDeal {
    std::string stage = "a", pipeline = "p", owner = {}, source = {}, product = {}, expected_close = {}, currency = "USD";
    int64_t value = -1;  // -1: none
  };
  uint64_t Create(const std::string& id, absl::string_view at, const NewDeal& deal);
  uint64_t Stage(const std::string& id, absl::string_view at, const std::string& stage);
  uint64_t Value(const std::string& id, absl::string_view at, int64_t value, const std::string& currency = "USD");
  uint64_t Owner(const std::string& id, absl::string_view at, const std::string& owner);
  uint64_t ExpectedClose(const std::string& id, absl::string_view at, const std::string& day);
  // Into the won stage, if there is one; with another value, if it is not -1.
  uint64_t Win(const std::string& id, absl::string_view at, int64_t value = -1, const std::string& stage = "");
  uint64_t Lose(const std::string& id, absl::string_view at, const std::string& stage = "");
  uint64_t Reopen(const std::string& id, absl::string_view at, const std::string& stage);
  uint64_t Move(const std::string& id, absl::string_view at, const std::string& pipeline, const std::string& stage);
  uint64_t Delete(const std::string& id, absl::string_view at);
  uint64_t Restore(const std::string& id, absl::string_view at);
  // Any events of one stream in one commit.
  uint64_t Append(const std::string& stream, absl::string_view at, const std::vector<v1::EventPayload>& events);

  // What follows is recorded then (but never before what was recorded already).
  void RecordedOn(absl::string_view at);
  uint64_t position() const { return tables_.position; }
  FactTables& tables() { return tables_; }

  // ---- Questions.
  EngineContext Context(const Snapshot* snapshot);
  absl::StatusOr<v1::RunReportResponse> Run(const v1::RunReportRequest& request);
  // By an engine that stays, with what it keeps from page to page.
  absl::StatusOr<v1::RunReportResponse> Run(const v1::RunReportRequest& request, const ReportEngine& engine);
  absl::StatusOr<std::vector<std::string>> List(absl::string_view subject, absl::string_view order_by);
  static const Catalogue& BuiltInReports();
  // What whoever asks may see from now on; empty: everything.
  void Sees(absl::string_view rights) { rights_ = *domain::Rights::Parse(rights); }
  // What is asked while an answer is made.
  void GoesOn(std::function<absl::Status()> goes_on) { goes_on_ = std::move(goes_on); }
  // The same of facts that are folded anew from the log.
  absl::StatusOr<v1::RunReportResponse> RunRebuilt(const v1::RunReportRequest& request);
  absl::StatusOr<v1::ExplainReportResponse> Explain(const std::string& cell_id);
  absl::StatusOr<v1::DiffReportsResponse> Diff(const v1::DiffReportsRequest& request);
  // Rows as texts: cells of the columns named, joined by one blank; ratios as `n/d`, money as `12.50 USD`, nothing as `-`; a total
  // begins with `=`.
  static std::vector<std::string> Texts(const v1::RunReportResponse& answer, const std::vector<std::string>& columns);
  static std::string Text(const v1::Value& value);
  // Field of the first field violation of a refusal; empty: none.
  static std::string FieldOf(const absl::Status& status);
  // The cell of the first row whose texts of `columns` are `row`.
  static const v1::Cell& Cell(const v1::RunReportResponse& answer, const std::vector<std::string>& columns,
                              const std::string& row, const std::string& column);

 private:
  absl::StatusOr<std::vector<v1::Event>> EventsOf(absl::string_view name, uint64_t as_of, int64_t valid_at);

  std::unique_ptr<eventstore::EventLog> log_;
  FactTables tables_;
  FoldDriver driver_;
  domain::Calendar calendar_;  // of the zone published last
  std::vector<v1::RuleProposal> draft_;
  domain::Rights rights_;
  std::function<absl::Status()> goes_on_;
  v1::ExchangeRatesRule rates_;
  v1::OrgChartRule chart_;
  int64_t recorded_micros_ = 0;
  int64_t next_recorded_micros_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_HISTORY_FIXTURE_H_
