// Every parameter of every report of the catalogue: it counts for the answer, or it is refused by its name.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

class EveryParameterTest : public testing::Test {
 protected:
  EveryParameterTest() {
    history_.Pipelines({"p: a b won+ lost-"});
    history_.Create("1", "2024-01-10", {.stage = "a", .owner = "users/ann", .source = "web", .value = 100});
    history_.Stage("1", "2024-02-10", "b");
  }

  static const std::vector<v1::ReportDefinition>& Reports() { return History::BuiltInReports().definitions(); }
  // What must be given, and no more.
  static v1::RunReportRequest Ask(const v1::ReportDefinition& report) {
    v1::RunReportRequest request;
    request.set_report(report.id());
    if (report.has_timeline()) request.mutable_parameters()->mutable_record()->set_name("deals/1");
    return request;
  }
  void ExpectRefused(const v1::RunReportRequest& request, const std::string& field, const std::string& says) {
    const absl::Status refused = history_.Run(request).status();
    EXPECT_EQ(domain::ReasonOf(refused), v1::PARAMETER_INVALID) << request.ShortDebugString() << ": " << refused;
    EXPECT_EQ(History::FieldOf(refused), field) << request.ShortDebugString();
    EXPECT_THAT(std::string(refused.message()), testing::HasSubstr(says)) << request.ShortDebugString();
  }

  History history_;
};

TEST_F(EveryParameterTest, AGroupOrMeasureIsGivenOnce) {
  for (const v1::ReportDefinition& report : Reports()) {
    const bool list = report.has_list();
    const std::string group = list ? report.list().columns(0).id() : report.dimensions(0).id();
    auto request = Ask(report);
    request.mutable_parameters()->add_group_by(group);
    EXPECT_TRUE(history_.Run(request).ok()) << report.id();
    request.mutable_parameters()->add_group_by(group);
    ExpectRefused(request, "parameters.group_by", absl::StrCat("the ", list ? "column" : "dimension", " `", group, "` is given twice"));
    if (report.measures().empty()) continue;
    request.mutable_parameters()->mutable_group_by()->RemoveLast();
    for (int times = 0; times < 2; ++times) request.mutable_parameters()->add_measures(report.measures(0).id());
    ExpectRefused(request, "parameters.measures", absl::StrCat("the measure `", report.measures(0).id(), "` is given twice"));
  }
}

struct Probe {
  std::string field;  // of ReportParameters
  std::string text;   // a value of it that is not the default
  bool (*is_refused)(const v1::ReportDefinition& report);
};

bool Never(const v1::ReportDefinition&) { return false; }
bool Always(const v1::ReportDefinition&) { return true; }
bool IsTimeline(const v1::ReportDefinition& report) { return report.has_timeline(); }
bool IsNoTimeline(const v1::ReportDefinition& report) { return !report.has_timeline(); }
bool IsNoMovement(const v1::ReportDefinition& report) { return !report.has_movement(); }
bool IsOfAMoment(const v1::ReportDefinition& report) { return report.id() == "pipeline_snapshot" || report.has_list(); }
bool HasNoOtherMode(const v1::ReportDefinition& report) { return report.modes_size() < 2; }
bool HasNoMeasureToChoose(const v1::ReportDefinition& report) { return report.has_list() || report.has_timeline(); }

const std::vector<Probe>& Probes() {
  static const auto* const probes = new std::vector<Probe>{
      {"period", "period: '2024-01'", IsOfAMoment},
      {"as_of", "as_of { position: 3 }", Never},
      {"valid_at", "valid_at { date { year: 2024 month: 1 day: 20 } }", Never},
      {"rule_basis", "rule_basis { kind: RULE_BASIS_KIND_HEAD }", IsTimeline},
      {"rule_basis.at", "rule_basis { at { position: 2 } }", Always},
      {"rule_basis.draft", "rule_basis { draft: 'drafts/none' }", Always},
      {"rule_basis.draft", "rule_basis { kind: RULE_BASIS_KIND_HEAD draft: 'drafts/none' }", Always},
      {"attribution", "attribution: (other)", IsTimeline},
      {"mode", "mode: '(other)'", HasNoOtherMode},
      {"mode", "mode: 'none'", Always},
      {"group_by", "group_by: '(other)'", Never},
      {"group_by", "group_by: 'none'", Always},
      {"filter", "filter: 'record = \"deals/9\"'", Never},
      {"currency", "currency: 'EUR'", IsTimeline},
      {"measures", "measures: '(other)'", HasNoMeasureToChoose},
      {"measures", "measures: 'none'", Always},
      {"arguments[none]", "arguments { key: 'none' value: '1' }", Always},
      {"opening_as_of", "opening_as_of { position: 3 }", IsNoMovement},
      {"opening_valid_at", "opening_valid_at { date { year: 2024 month: 1 day: 1 } }", IsNoMovement},
      {"record", "record { name: 'deals/2' }", IsNoTimeline},
      {"collection", "collection: 'deals'", IsNoTimeline},
      {"rights", "rights: 'users/ann'", Never},
      {"rights", "rights: 'deals/1'", Always},
  };
  return *probes;
}

// An id of this report's in the place of `(other)`.
std::string Other(const v1::ReportDefinition& report, const std::string& field) {
  if (field == "attribution") return report.default_attribution() == v1::ATTRIBUTION_AT_CLOSE ? "ATTRIBUTION_CURRENT" : "ATTRIBUTION_AT_CLOSE";
  if (field == "mode") return report.modes_size() < 2 ? "none" : report.modes(1).id();
  if (field == "measures") return report.measures().empty() ? "none" : report.measures(0).id();
  return report.has_list() ? report.list().columns(0).id() : report.dimensions(report.dimensions_size() - 1).id();
}

TEST_F(EveryParameterTest, CountsOrIsRefused) {
  history_.Create("2", "2024-03-10", {.stage = "a"});
  const auto basis_of = [](v1::Basis basis) {
    basis.clear_elapsed_micros();
    basis.clear_rows_scanned();
    return basis.SerializeAsString();
  };
  for (const v1::ReportDefinition& report : Reports()) {
    const auto plain = history_.Run(Ask(report));
    ASSERT_TRUE(plain.ok()) << plain.status();
    for (const Probe& probe : Probes()) {
      auto request = Ask(report);
      const std::string text = absl::StrReplaceAll(probe.text, {{"(other)", Other(report, probe.field)}});
      if (absl::StartsWith(text, "record")) request.mutable_parameters()->clear_record();
      ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(text, request.mutable_parameters())) << text;
      const auto answer = history_.Run(request);
      const std::string what = absl::StrCat(report.id(), ", ", text);
      if (probe.is_refused(report)) {
        EXPECT_EQ(domain::ReasonOf(answer.status()), v1::PARAMETER_INVALID) << what << ": " << answer.status();
        EXPECT_EQ(History::FieldOf(answer.status()), absl::StrCat("parameters.", probe.field)) << what << ": " << answer.status();
      } else if (probe.field == "collection") {
        EXPECT_TRUE(answer.ok()) << what << ": " << answer.status();  // which its record has already
      } else {
        ASSERT_TRUE(answer.ok()) << what << ": " << answer.status();
        EXPECT_NE(basis_of(plain->basis()), basis_of(answer->basis())) << what << " is passed over";
      }
    }
  }
}

TEST_F(EveryParameterTest, NoneIsForgottenHere) {
  const google::protobuf::Descriptor& parameters = *v1::ReportParameters::descriptor();
  for (int i = 0; i < parameters.field_count(); ++i) {
    const std::string& name = parameters.field(i)->name();
    const auto is_of_it = [&](const Probe& probe) { return absl::StartsWith(probe.field, name); };
    EXPECT_TRUE(std::any_of(Probes().begin(), Probes().end(), is_of_it)) << name << ": add what it does to each report";
  }
}

TEST_F(EveryParameterTest, ACollectionIsThatOfTheRecord) {
  v1::RunReportRequest request;
  request.set_report("entity_timeline");
  request.mutable_parameters()->mutable_record()->set_name("deals/1");
  request.mutable_parameters()->set_collection("leads");
  const absl::Status refused = history_.Run(request).status();
  EXPECT_EQ(domain::ReasonOf(refused), v1::FIELD_INVALID) << refused;
  EXPECT_EQ(History::FieldOf(refused), "parameters.collection");
}

}  // namespace
}  // namespace recount::projections
