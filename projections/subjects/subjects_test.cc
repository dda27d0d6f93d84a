// What each subject says of a record after a few events, column by column.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/aggregate.h"
#include "domain/calendar.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "projections/subject.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;
using Facts = std::map<std::string, std::string>;

// Folds events in the order given and shows what is so at the end.
class Folded : public RowSink {
 public:
  explicit Folded(absl::string_view subject)
      : subject_(*FindSubject(subject)), table_(subject_.id, subject_.columns, &texts_), columns_(&table_, &texts_),
        fold_(subject_.make_fold(&columns_)) {}

  Folded& Then(int64_t occurred, const std::string& payload, v1::Precision precision = v1::PRECISION_INSTANT) {
    return InCommit(position_ + 1, occurred, payload, precision);
  }
  // The commit that ends at `commit_position`.
  Folded& InCommit(uint64_t commit_position, int64_t occurred, const std::string& payload,
                   v1::Precision precision = v1::PRECISION_INSTANT) {
    v1::EventPayload parsed;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(payload, &parsed)) << payload;
    fold_->Apply({++position_, commit_position, occurred, precision, 0, &parsed});
    return *this;
  }
  void Put(int64_t item, absl::Span<const int64_t> values) override {
    Facts& facts = rows_[item];
    for (size_t i = 0; i < values.size(); ++i) {
      const ColumnDef& column = table_.columns()[i];
      if (values[i] == kNull) continue;
      const bool is_text =
          column.kind == ColumnKind::kText || column.kind == ColumnKind::kRecord || column.kind == ColumnKind::kTextSet;
      facts[column.name] = std::string(is_text ? texts_.Text(values[i]) : absl::StrCat(values[i]));
    }
  }
  std::map<int64_t, Facts> Rows() {
    rows_.clear();
    fold_->Emit(*this);
    return rows_;
  }
  // Of the only row.
  Facts Row() {
    EXPECT_EQ(Rows().size(), 1u);
    return rows_.begin()->second;
  }
  const IntervalTable& table() const { return table_; }

 private:
  const Subject& subject_;
  Dictionary texts_;
  IntervalTable table_;
  FactColumns columns_;
  std::unique_ptr<Fold> fold_;
  uint64_t position_ = 0;
  std::map<int64_t, Facts> rows_;
};

constexpr char kDeal[] =
    "deal { created { pipeline: 'p' stage: 'a' owner: 'users/ann' value { currency_code: 'JPY' units: 5 } "
    "lead: 'leads/1' organization: 'organizations/1' source { id: 'web' medium: 'cpc' } tags: 'z' tags: 'b' "
    "expected_close { year: 2024 month: 2 day: 29 } probability_bp: 4000 } }";

TEST(SubjectsTest, AreListedOnceAndNameTheirCompanions) {
  std::map<std::string, int> seen;
  for (const Subject& subject : AllSubjects()) {
    EXPECT_EQ(++seen[subject.id], 1) << subject.id;
    EXPECT_NE(domain::AggregateOf(subject.collection), 0) << subject.id;
    EXPECT_FALSE(subject.description.empty()) << subject.id;
    std::map<std::string, int> columns;
    for (const ColumnDef& column : subject.columns) {
      EXPECT_EQ(++columns[column.name], 1) << subject.id << " " << column.name;
      EXPECT_FALSE(column.description.empty()) << subject.id << " " << column.name;
      EXPECT_EQ(column.kind == ColumnKind::kRecord, !column.collection.empty()) << subject.id << " " << column.name;
    }
    for (const std::string& companion : subject.companions) {
      ASSERT_NE(FindSubject(companion), nullptr);
      EXPECT_EQ(FindSubject(companion)->collection, subject.collection);
    }
  }
  EXPECT_EQ(seen.size(), 11u);
  EXPECT_EQ(FindSubject("no_such_subject"), nullptr);
}

TEST(SubjectsTest, DealStateHoldsOnlyWhatCutsAForecast) {
  Folded deal("deal_state");
  deal.Then(10, kDeal);
  const std::string leap_day = absl::StrCat(domain::DayFromCivil(2024, 2, 29));
  EXPECT_THAT(deal.Row(),
              UnorderedElementsAre(Pair("pipeline", "p"), Pair("stage", "a"), Pair("stage_position", "1"),
                                   Pair("stage_entered_at", "10"), Pair("stage_entered_at_is_day", "0"), Pair("value", "5"), Pair("value_currency", "JPY"),
                                   Pair("owner", "users/ann"), Pair("expected_close", leap_day), Pair("probability_bp", "4000"),
                                   Pair("probability_position", "1"), Pair("outcome", "open"), Pair("deleted", "0")));
  deal.Then(20, "deal { annotated { tags_added: 'x' } }").Then(21, "deal { details_changed { person: 'persons/1' } }");
  EXPECT_EQ(deal.Row()["stage_entered_at"], "10");
  deal.Then(30, "deal { value_changed {} }").Then(30, "deal { expected_close_changed {} }").Then(30, "deal { assigned {} }");
  Facts row = deal.Row();
  EXPECT_EQ(row.count("value") + row.count("value_currency") + row.count("expected_close") + row.count("owner"), 0u);
  EXPECT_EQ(row["probability_position"], "1");
}

TEST(SubjectsTest, AStageChangeClearsAnOverrideUnlessItIsKept) {
  Folded deal("deal_state");
  deal.Then(1, kDeal).Then(2, "deal { stage_changed { stage: 'b' keep_probability: true } }");
  EXPECT_EQ(deal.Row()["probability_bp"], "4000");
  EXPECT_EQ(deal.Row()["probability_position"], "2");
  deal.Then(3, "deal { stage_changed { stage: 'c' } }");
  EXPECT_EQ(deal.Row().count("probability_bp"), 0u);
  deal.Then(4, "deal { probability_overridden { probability_bp: 100 keep: true } }")
      .Then(5, "deal { stage_changed { stage: 'd' } }")
      .Then(6, "deal { moved_to_pipeline { pipeline: 'q' stage: 'x' } }", v1::PRECISION_DAY);
  EXPECT_EQ(deal.Row()["probability_bp"], "100");
  EXPECT_EQ(deal.Row()["pipeline"], "q");
  EXPECT_EQ(deal.Row()["stage_entered_at_is_day"], "1");
  deal.Then(7, "deal { probability_cleared {} }");
  EXPECT_EQ(deal.Row().count("probability_bp"), 0u);
  EXPECT_EQ(deal.Row()["probability_position"], "7");
  EXPECT_EQ(deal.Row()["stage_position"], "6");
}

TEST(SubjectsTest, DealKeepsTheStandingOutcomeAndCountsReversedOnes) {
  Folded deal("deal");
  deal.Then(10, kDeal, v1::PRECISION_DAY);
  Facts row = deal.Row();
  EXPECT_EQ(row["created_at"], "10");
  EXPECT_EQ(row["created_at_is_day"], "1");
  EXPECT_EQ(row["tags"], "b\x1fz\x1f");
  EXPECT_EQ(row["source"] + row["medium"] + row["lead"] + row["organization"], "webcpcleads/1organizations/1");
  EXPECT_EQ(row["outcome"] + row["reversed"], "open0");

  deal.Then(20, "deal { lost { reason: 'NOT_STATED' competitor: 'C' } }").Then(25, "deal { assigned { owner: 'users/bob' } }");
  row = deal.Row();
  EXPECT_EQ(row["outcome"] + row["lost_at"] + row["closed_at"] + row["owner_at_close"] + row["competitor"],
            "lost2020users/annC");
  EXPECT_EQ(row.count("lost_reason"), 0u);

  deal.Then(30, "deal { reopened {} }");
  row = deal.Row();
  EXPECT_EQ(row["outcome"] + row["reversed"] + row["reopened_at"], "open130");
  EXPECT_EQ(row.count("lost_at") + row.count("closed_at") + row.count("competitor") + row.count("owner_at_close"), 0u);

  deal.Then(40, "deal { won {} }", v1::PRECISION_DAY).Then(50, "deal { completed {} }").Then(60, "deal { deleted {} }");
  row = deal.Row();
  EXPECT_EQ(row["outcome"] + row["won_at"] + row["closed_at_is_day"] + row["owner_at_close"] + row["completed_at"],
            "won401users/bob50");
  EXPECT_EQ(row["deleted"] + row["deleted_at"], "160");
  deal.Then(70, "deal { restored {} }");
  EXPECT_EQ(deal.Row()["deleted"] + std::to_string(deal.Row().count("deleted_at")), "00");
}

// Stage of each visit, when it was entered and left, and where to.
std::vector<std::string> Visits(Folded& deal) {
  std::vector<std::string> visits;
  for (auto& [item, row] : deal.Rows()) {
    visits.push_back(absl::StrCat("#", item, " ", row["stage"], " ", row["entered_at"], "-", row["left_at"], " ", row["left_to"]));
  }
  return visits;
}

TEST(SubjectsTest, AVisitEndsWithTheOutcomeAndReopeningStartsANewOne) {
  Folded deal("stage_visit");
  deal.Then(10, kDeal).Then(20, "deal { stage_changed { stage: 'b' } }").Then(30, "deal { stage_changed { stage: 'a' } }");
  EXPECT_THAT(Visits(deal), ElementsAre("#1 a 10-20 b", "#2 b 20-30 a", "#3 a 30- "));
  // Winning with a stage that means won: one act, no visit of that stage.
  deal.InCommit(5, 40, "deal { stage_changed { stage: 'w' } }").InCommit(5, 40, "deal { won {} }");
  EXPECT_THAT(Visits(deal), ElementsAre("#1 a 10-20 b", "#2 b 20-30 a", "#3 a 30-40 won"));
  deal.Then(50, "deal { stage_changed { stage: 'delivery' } }");
  EXPECT_EQ(Visits(deal).size(), 3u);
  deal.InCommit(8, 60, "deal { reopened {} }").InCommit(8, 60, "deal { stage_changed { stage: 'b' } }");
  EXPECT_THAT(Visits(deal), ElementsAre("#1 a 10-20 b", "#2 b 20-30 a", "#3 a 30-40 won", "#8 b 60- "));
  deal.Then(70, "deal { moved_to_pipeline { pipeline: 'q' stage: 'x' } }").Then(80, "deal { lost {} }");
  EXPECT_THAT(Visits(deal), ElementsAre("#1 a 10-20 b", "#2 b 20-30 a", "#3 a 30-40 won", "#8 b 60-70 moved", "#9 x 70-80 lost"));
}

TEST(SubjectsTest, AVisitOfAPipelineWithoutOutcomeStagesEndsAndGoesOnInItsStage) {
  Folded deal("stage_visit");
  deal.Then(10, kDeal).Then(20, "deal { won {} }").Then(30, "deal { reopened {} }");
  EXPECT_THAT(Visits(deal), ElementsAre("#1 a 10-20 won", "#3 a 30- "));
}

TEST(SubjectsTest, AnOutcomeIsWithdrawnByAReopeningAndKeepsWhatItWas) {
  Folded deal("reversal");
  deal.Then(10, kDeal).Then(20, "deal { lost { reason: 'price' competitor: 'acme' } }");
  EXPECT_TRUE(deal.Rows().empty()) << "it stands";
  deal.Then(30, "deal { reopened {} }").Then(40, "deal { assigned { owner: 'users/bob' } }").Then(50, "deal { won {} }");
  Facts row = deal.Row();
  EXPECT_EQ(row["outcome"] + row["closed_at"] + row["lost_at"] + row["lost_reason"] + row["competitor"], "lost2020priceacme");
  EXPECT_EQ(row["owner_at_close"] + row["outcome_position"] + row["withdrawn_at"] + row["withdrawn_position"], "users/ann2303");
  EXPECT_EQ(row.count("won_at"), 0u);
  deal.Then(60, "deal { reopened {} }").Then(70, "deal { deleted {} }");
  auto rows = deal.Rows();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[5]["outcome"] + rows[5]["won_at"] + rows[5]["owner_at_close"] + rows[5]["deleted"], "won50users/bob1");
  EXPECT_EQ(rows[5].count("lost_reason"), 0u);
}

TEST(SubjectsTest, LeadKeepsFirstTimesAndTakesLevelsBack) {
  Folded lead("lead");
  lead.Then(10, "lead { captured { source { id: 'web' campaign: 'c' detail: 'd' } status: 'new' handle_by { seconds: 2 } } }");
  Facts row = lead.Row();
  EXPECT_EQ(row["captured_at"] + row["state"] + row["level"] + row["status"] + row["handle_by"], "10opennonenew2000000");
  EXPECT_EQ(row.count("owner") + row.count("assigned_at"), 0u);
  lead.Then(20, "lead { assigned { owner: 'users/ann' } }").Then(30, "lead { assigned { owner: 'users/bob' } }");
  EXPECT_EQ(lead.Row()["assigned_at"] + lead.Row()["owner"], "20users/bob");
  lead.Then(40, "lead { qualified { level: LEAD_LEVEL_SQL } }").Then(50, "lead { accepted {} }");
  row = lead.Row();
  EXPECT_EQ(row["level"] + row["mql_at"] + row["sql_at"] + row["sal_at"], "sal404050");
  lead.Then(60, "lead { requalified { level: LEAD_LEVEL_MQL } }");
  row = lead.Row();
  EXPECT_EQ(row["level"] + row["mql_at"], "mql40");
  EXPECT_EQ(row.count("sql_at") + row.count("sal_at"), 0u);
  lead.Then(70, "lead { disqualified { reason: 'spam' } }");
  EXPECT_EQ(lead.Row()["state"] + lead.Row()["disqualified_at"] + lead.Row()["disqualify_reason"], "disqualified70spam");
  lead.Then(80, "lead { requalified {} }");
  EXPECT_EQ(lead.Row()["state"] + lead.Row()["level"] + std::to_string(lead.Row().count("disqualified_at")), "opennone0");
  lead.Then(5, "lead { converted { person: 'persons/1' deal: 'deals/1' } }");
  EXPECT_EQ(lead.Row()["state"] + lead.Row()["converted_at"] + lead.Row()["person"] + lead.Row()["deal"],
            "converted5persons/1deals/1");
}

TEST(SubjectsTest, PartiesProductsAndUnits) {
  Folded organization("organization");
  organization.Then(1, "organization { created { display_name: 'Acme' kinds: PARTY_KIND_PARTNER kinds: PARTY_KIND_CUSTOMER "
                       "address { country: 'BR' city: 'Natal' } } }");
  Facts row = organization.Row();
  EXPECT_EQ(row["display_name"] + row["kinds"] + row["country"] + row["city"], "Acmecustomer\x1fpartner\x1f" "BRNatal");
  organization.Then(2, "organization { kinds_set {} }").Then(3, "organization { parent_set { parent: 'organizations/2' } }")
      .Then(4, "organization { details_changed { sector: 's' } }");
  row = organization.Row();
  EXPECT_EQ(row["parent"] + row["sector"] + std::to_string(row.count("kinds")), "organizations/2s0");

  Folded person("person");
  person.Then(1, "person { created { organization: 'organizations/1' } }").Then(2, "person { details_changed { owner: 'users/a' } }");
  EXPECT_EQ(person.Row()["organization"] + person.Row()["owner"], "organizations/1users/a");

  Folded product("product");
  product.Then(1, "product { created { display_name: 'Pump' kind: 'k' } }");
  EXPECT_EQ(product.Row()["display_name"] + product.Row()["kind"] + product.Row()["retired"], "Pumpk0");
  product.Then(2, "product { retired {} }");
  EXPECT_EQ(product.Row()["retired"], "1");

  Folded user("user");
  user.Then(1, "user { created {} }").Then(2, "user { deleted {} }");
  EXPECT_EQ(user.Row()["created_at"] + user.Row()["deleted_at"], "12");
  Folded team("team");
  team.Then(1, "team { created { display_name: 'North' } }").Then(2, "team { details_changed { display_name: 'South' } }");
  EXPECT_EQ(team.Row()["display_name"], "South");
  Folded unit("org_unit");
  unit.Then(1, "org_unit { created { display_name: 'Sales' } }");
  EXPECT_EQ(unit.Row()["display_name"], "Sales");
}

TEST(SubjectsTest, CustomFieldsAreColumnsOfTheirType) {
  Folded deal("deal");
  deal.Then(1, "deal { created { fields { field_id: 'size' value { integer: 3 } } "
               "fields { field_id: 'paid' value { money { currency_code: 'EUR' units: 2 nanos: 500000000 } } } "
               "fields { field_id: 'kinds' value { options { ids: 'y' ids: 'x' ids: 'y' } } } "
               "fields { field_id: 'on' value { date { year: 2000 month: 2 day: 29 } } } "
               "fields { field_id: 'yes' value { flag: true } } fields { field_id: 'none' value {} } } }");
  Facts row = deal.Row();
  EXPECT_EQ(row["field.size"] + row["field.paid"] + row["field.paid_currency"] + row["field.yes"], "3250EUR1");
  EXPECT_EQ(row["field.kinds"], "x\x1fy\x1f");
  EXPECT_EQ(row["field.on"], "11016");
  EXPECT_EQ(deal.table().ColumnIndex("field.none"), -1);
  deal.Then(2, "deal { annotated { fields { field_id: 'size' remove: true } fields { field_id: 'paid' value {} } } }");
  row = deal.Row();
  EXPECT_EQ(row.count("field.size") + row.count("field.paid") + row.count("field.paid_currency"), 0u);
  // A column has one type for good.
  deal.Then(3, "deal { annotated { fields { field_id: 'size' value { text: 'large' } } } }");
  EXPECT_EQ(deal.Row().count("field.size"), 0u);
}

}  // namespace
}  // namespace recount::projections
