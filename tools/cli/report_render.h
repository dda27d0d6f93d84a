// An answer as a table with bars, as JSON, or as CSV (docs/cli.md describes the last two: they are stable).
#ifndef RECOUNT_TOOLS_CLI_REPORT_RENDER_H_
#define RECOUNT_TOOLS_CLI_REPORT_RENDER_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "recount/v1/report.pb.h"
#include "tools/api.h"
#include "tools/cli/text_table.h"

namespace recount::tools {

void RenderTable(const api::RunReportResponse& answer, const Look& look, std::ostream& out);
void RenderExplanation(const api::ExplainReportResponse& answer, const Look& look, std::ostream& out);

// Parts of tables, for what shows rows otherwise.
absl::TimeZone ZoneOf(const api::Basis& basis);
std::string HeaderOf(const api::Column& column);
std::string CellText(const api::Cell& cell, const api::Column& column, const absl::TimeZone& zone);
std::string NoteText(const api::Note& note);

// What `report explain --row` takes for a row: its number, counted in `number` from row to row, `total`, or the id of one apart.
std::string RowName(const api::Row& row, int* number);
// What it takes for one of several totals: `total:ILS`, of a movement `total:ILS,opening`.
std::string TotalName(const api::RunReportResponse& answer, const api::Row& row);

// A header row of column ids, then a row each, of which `row` is the name. Money: `x` and `x.currency`. Ratio:
// `x.numerator`, `x.denominator`, `x.currency`. Record: `x` and `x.label`. Several answers: the columns of all, after `report`.
void RenderCsv(const std::vector<api::RunReportResponse>& answers, std::ostream& out);

// Proto JSON, indented.
std::string ToJson(const google::protobuf::Message& message);
// The answer; several as an array.
std::string ToJson(const std::vector<api::RunReportResponse>& answers);

// Text that a spreadsheet would take for a formula gets an apostrophe in front.
std::string GuardFormula(const std::string& text);

// A bar of a share from 0 to 1, in eighths of a character.
std::string Bar(double share, int width);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_REPORT_RENDER_H_
