// Random histories and random pairs of answers: what causes did adds up to what changed, and both ends are what the report says.
#include <map>
#include <random>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "domain/money.h"
#include "projections/engine/aggregate_reports_testing.h"

namespace recount::projections {
namespace {

struct Fraction {
  absl::int128 over = 0, under = 1;
  std::string currency;

  void Add(const Fraction& other) {
    over = over * other.under + other.over * under;
    under *= other.under;
    if (currency.empty()) currency = other.currency;
    Reduce();
  }
  void Reduce() {
    absl::int128 a = over < 0 ? -over : over, b = under;
    while (b != 0) std::tie(a, b) = std::make_pair(b, a % b);
    if (a != 0) over /= a, under /= a;
  }
  bool operator==(const Fraction& other) const { return over * other.under == other.over * under; }
};

std::optional<Fraction> FractionOf(const v1::Value& value) {
  switch (value.value_case()) {
    case v1::Value::kInteger: return Fraction{value.integer(), 1, ""};
    case v1::Value::kMoney: return Fraction{*domain::MinorFromMoney(value.money(), ""), 1, value.money().currency_code()};
    case v1::Value::kRatio: {
      const int64_t sign = value.ratio().denominator() < 0 ? -1 : 1;
      return Fraction{sign * absl::int128(value.ratio().numerator()), sign * absl::int128(value.ratio().denominator()), value.ratio().currency()};
    }
    default: return std::nullopt;
  }
}

// Row and column -> value.
using CellsByName = std::map<std::pair<std::string, std::string>, v1::Value>;

CellsByName CellsOf(const v1::RunReportResponse& answer) {
  CellsByName cells;
  const bool is_list = answer.columns_size() > 0 && answer.columns(0).type() == v1::VALUE_TYPE_RECORD && answer.basis().report() == "pipeline_detail";
  for (const v1::Row& row : answer.rows()) {
    std::string name = absl::StrCat(row.is_total(), row.apart());
    for (int i = 0; i < row.cells_size(); ++i) {
      if (answer.columns(i).is_dimension()) absl::StrAppend(&name, "|", History::Text(row.cells(i).value()));
    }
    for (int i = 0; i < row.cells_size(); ++i) {
      if (!answer.columns(i).is_dimension() && (!is_list || i > 0)) cells[{name, answer.columns(i).id()}] = row.cells(i).value();
    }
  }
  return cells;
}

class RandomDiffTest : public AggregateReportsTest {
 protected:
  template <typename T>
  T OneOf(std::initializer_list<T> all) {
    return *(all.begin() + random_() % all.size());
  }
  std::string Time() {
    return absl::StrCat("2024-0", 1 + random_() % 3, "-", 10 + random_() % 18, " ", 10 + random_() % 10, ":", 10 + random_() % 50);
  }
  std::string Currency() { return random_() % 3 == 0 ? "EUR" : "USD"; }

  void Publish() {
    v1::RuleContent content;
    for (const char* stage : {"a", "b", "c"}) {
      auto* row = content.mutable_probabilities()->add_probabilities();
      row->set_pipeline("p");
      row->set_stage(stage);
      row->set_probability_bp(random_() % 100 * 100);
    }
    switch (random_() % 4) {
      case 0: history_.Publish(content, OneOf<absl::string_view>({"", "2024-02-10"})); break;
      case 1: history_.Rate("EUR", "USD", OneOf<absl::string_view>({"2024-01-01", "2024-02-15"}), 1 + random_() % 100 / 100.0); break;
      case 2: history_.Belongs("users/ann", OneOf<absl::string_view>({"teams/north", "teams/south"})); break;
      case 3: history_.Pipelines({OneOf<std::string>({"p: a b c won+ lost-", "p: b a c won+ lost-"}), "q: a b won+ lost-"}); break;
    }
  }

  void Event(const std::string& id, bool* is_open) {
    const int64_t value = random_() % 100;
    switch (random_() % 9) {
      case 0: history_.Stage(id, Time(), OneOf<std::string>({"a", "b", "c"})); break;
      case 1: history_.Value(id, Time(), value, Currency()); break;
      case 2: history_.Owner(id, Time(), OneOf<std::string>({"users/ann", "users/bob", ""})); break;
      case 3: history_.ExpectedClose(id, Time(), OneOf<std::string>({"2024-04-15", "2024-08-15"})); break;
      case 4: history_.Move(id, Time(), OneOf<std::string>({"p", "q"}), "a"); break;
      case 5: *is_open ? history_.Win(id, Time(), value, "won") : history_.Reopen(id, Time(), "a"), *is_open = !*is_open; break;
      case 6: *is_open ? history_.Lose(id, Time(), "lost") : history_.Reopen(id, Time(), "b"), *is_open = !*is_open; break;
      case 7: history_.Delete(id, Time()); break;
      case 8: history_.Restore(id, Time()); break;
    }
  }

  // Positions to ask as of.
  std::vector<uint64_t> Play() {
    history_.Pipelines({"p: a b c won+ lost-", "q: a b won+ lost-"});
    history_.Rate("EUR", "USD", "2024-01-01", 1.1);
    std::vector<uint64_t> positions;
    std::vector<bool> open;
    for (int i = 0; i < 120; ++i) {
      if (i == 30 || i == 60) history_.RecordedOn(i == 30 ? "2024-02-15" : "2024-03-20");
      if (open.size() < 5 || random_() % 5 == 0) {
        history_.Create(absl::StrCat(open.size()), OneOf<absl::string_view>({"2024-01-01", "2024-02-08"}),
                        {.owner = OneOf<std::string>({"users/ann", "users/bob", ""}), .currency = Currency(),
                         .value = static_cast<int64_t>(random_() % 100) - 1});
        open.push_back(true);
      } else if (random_() % 8 == 0) {
        Publish();
      } else {
        const size_t deal = random_() % open.size();
        bool is_open = open[deal];
        Event(absl::StrCat(deal), &is_open);
        open[deal] = is_open;
      }
      positions.push_back(history_.position());
    }
    return positions;
  }

  v1::RunReportRequest Question(const std::string& report, const std::string& group, const std::string& currency, uint64_t position) {
    auto request = report == "pipeline_detail" ? Ask(report) : Ask(report, {group});
    v1::ReportParameters& parameters = *request.mutable_parameters();
    parameters.set_currency(currency);
    parameters.mutable_as_of()->set_position(position);
    if (random_() % 3 == 0) parameters.mutable_rule_basis()->set_kind(OneOf({v1::RULE_BASIS_KIND_HEAD, v1::RULE_BASIS_KIND_AS_RECORDED}));
    if (random_() % 4 == 0) parameters.set_filter(OneOf({"owner = \"users/ann\"", "pipeline = \"p\""}));
    if (report != "pipeline_snapshot" && report != "pipeline_detail" && random_() % 2 == 0) parameters.set_period(OneOf({"2024-02", "2024"}));
    return request;
  }

  void ExpectAddsUp(const v1::DiffReportsResponse& diff, const v1::DiffedCell& cell) {
    const auto change = FractionOf(cell.change());
    if (!change) return;
    Fraction sum;
    for (const v1::CauseShare& share : cell.shares()) {
      const auto part = FractionOf(share.change());
      if (!part) return;  // no value on the way
      sum.Add(*part);
    }
    ++cells_;
    shares_ += cell.shares_size();
    EXPECT_TRUE(sum == *change) << cell.ShortDebugString() << "\n" << diff.ShortDebugString();
  }

  // Of a row that the answer does not have it is said that there is nothing.
  static void ExpectIs(const CellsByName& answer, const std::pair<std::string, std::string>& place, const v1::Value& value) {
    const auto found = answer.find(place);
    if (found == answer.end()) return;
    EXPECT_EQ(History::Text(value), History::Text(found->second)) << place.first << " " << place.second;
  }

  void ExpectEnds(const v1::DiffReportsResponse& diff, const CellsByName& before, const CellsByName& after) {
    CellsByName told;
    for (const v1::DiffedRow& row : diff.rows()) {
      std::string name = absl::StrCat(row.is_total(), row.apart());
      for (const v1::Cell& group : row.groups()) absl::StrAppend(&name, "|", History::Text(group.value()));
      for (const v1::DiffedCell& cell : row.cells()) {
        const std::pair<std::string, std::string> place(name, cell.column());
        told[place] = cell.after();
        ExpectIs(before, place, cell.before());
        ExpectIs(after, place, cell.after());
        ExpectAddsUp(diff, cell);
      }
    }
    for (const auto& [place, value] : after) {
      const auto other = before.find(place);
      if (other == before.end()) continue;
      const auto a = FractionOf(value), b = FractionOf(other->second);
      const bool same = a && b ? *a == *b && a->currency == b->currency : History::Text(value) == History::Text(other->second);
      EXPECT_EQ(told.count(place) > 0, !same) << place.first << " " << place.second;
    }
    EXPECT_EQ(diff.total_rows(), diff.rows_size());
  }

  std::mt19937 random_;
  int cells_ = 0;
  int shares_ = 0;
};

TEST_F(RandomDiffTest, CausesAddUp) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  random_.seed(seed);
  const std::vector<uint64_t> positions = Play();
  for (const char* report : {"pipeline_snapshot", "won_lost", "sales_cycle", "sales_funnel", "pipeline_movement", "pipeline_detail"}) {
    for (int i = 0; i < 12; ++i) {
      const std::string group = OneOf<std::string>({"-", "owner", "team"}), currency = OneOf<std::string>({"", "USD"});
      const auto before = Question(report, group, currency, positions[random_() % positions.size()]);
      const auto after = Question(report, group, currency, positions[random_() % positions.size()]);
      SCOPED_TRACE(absl::StrCat(before.ShortDebugString(), "\n", after.ShortDebugString()));
      v1::DiffReportsRequest request;
      *request.mutable_before()->mutable_request() = before;
      *request.mutable_after()->mutable_request() = after;
      request.set_page_size(1000);
      const auto diff = history_.Diff(request);
      ASSERT_TRUE(diff.ok()) << diff.status();
      ExpectEnds(*diff, CellsOf(Run(before)), CellsOf(Run(after)));
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(cells_, 50);
  EXPECT_GT(shares_, cells_);
}

}  // namespace
}  // namespace recount::projections
