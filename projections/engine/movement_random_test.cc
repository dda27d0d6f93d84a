// Random histories: what the opening and the closing say is what a snapshot says, and everything between adds up.
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "projections/engine/movement_reports_testing.h"

namespace recount::projections {
namespace {


using Sums = std::map<std::string, std::pair<int64_t, int64_t>>;  // by currency: deals, minor units

class RandomMovementTest : public MovementReportsTest {
 protected:
  std::string Day() { return absl::StrCat("2024-0", 1 + random_() % 3, "-", 10 + random_() % 18); }
  std::string Time() { return absl::StrCat(Day(), " ", 10 + random_() % 10, ":", 10 + random_() % 50); }
  std::string Currency() { return random_() % 2 == 0 ? "USD" : "EUR"; }
  template <typename T>
  T OneOf(std::initializer_list<T> all) {
    return *(all.begin() + random_() % all.size());
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

  Sums Snapshot(const v1::RunReportRequest& movement, uint64_t position, const v1::DateOrTime& valid_at) {
    v1::RunReportRequest request;
    request.set_report("pipeline_snapshot");
    request.mutable_parameters()->set_filter(movement.parameters().filter());
    request.mutable_parameters()->set_currency(movement.parameters().currency());
    request.mutable_parameters()->add_group_by("-");
    request.mutable_parameters()->mutable_as_of()->set_position(position);
    *request.mutable_parameters()->mutable_valid_at() = valid_at;
    Sums sums;
    const auto answer = Run(request);
    for (const v1::Row& row : answer.rows()) {
      for (int i = 0; i < row.cells_size(); ++i) {
        if (answer.columns(i).id() != "value" || !row.cells(i).value().has_money()) continue;
        const auto& money = row.cells(i).value().money();
        sums[money.currency_code()].second = money.units() * 100 + money.nanos() / 10000000;
      }
    }
    return sums;
  }

  void ExpectBalance(const v1::RunReportRequest& request, uint64_t opening_position, const v1::DateOrTime& opens,
                     const v1::DateOrTime& closes) {
    const auto answer = Run(request);
    Sums opening, between, closing;
    const auto texts = History::Texts(answer, {"currency", "category"});
    for (int i = 0; i < answer.rows_size(); ++i) {
      if (answer.rows(i).is_total()) continue;
      const std::vector<std::string> key = absl::StrSplit(texts[i], ' ');
      Sums& sums = key[1] == "opening" ? opening : key[1] == "closing" ? closing : between;
      const auto& row = answer.rows(i);
      for (int c = 0; c < row.cells_size(); ++c) {
        const v1::Value& value = row.cells(c).value();
        if (answer.columns(c).id() == "deals") sums[key[0]].first += value.integer();
        if (value.has_money()) sums[key[0]].second += value.money().units() * 100 + value.money().nanos() / 10000000;
      }
    }
    for (const auto& [currency, sum] : closing) {
      EXPECT_EQ(opening[currency].first + between[currency].first, sum.first) << currency;
      EXPECT_EQ(opening[currency].second + between[currency].second, sum.second) << currency;
    }
    for (const auto& [currency, sum] : Snapshot(request, opening_position, opens)) {
      EXPECT_EQ(opening[currency].second, sum.second) << "opening in " << currency;
    }
    for (const auto& [currency, sum] : Snapshot(request, history_.position(), closes)) {
      EXPECT_EQ(closing[currency].second, sum.second) << "closing in " << currency;
    }
  }

  std::mt19937 random_;
};

v1::DateOrTime EndOf(int month, int day) {
  v1::DateOrTime at;
  at.mutable_date()->set_year(2024);
  at.mutable_date()->set_month(month);
  at.mutable_date()->set_day(day);
  return at;
}

TEST_F(RandomMovementTest, EverythingAddsUp) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  random_.seed(seed);
  history_.Rate("EUR", "USD", "2024-01-01", 1.1);
  history_.Rate("EUR", "USD", "2024-02-15", 1.2);
  history_.Belongs("users/ann", "teams/north");
  history_.Belongs("users/ann", "teams/south", "2024-02-20");
  history_.RecordedOn("2024-04-01");
  uint64_t middle = 0;
  for (int deal = 0; deal < 40; ++deal) {
    const std::string id = absl::StrCat(deal);
    history_.Create(id, random_() % 2 == 0 ? "2024-01-01" : "2024-02-08",
                    {.owner = OneOf<std::string>({"users/ann", "users/bob"}), .currency = Currency(),
                     .value = static_cast<int64_t>(random_() % 100) - 1});
    bool is_open = true;
    for (int i = random_() % 10; i > 0; --i) Event(id, &is_open);
    // Days were recorded in two zones.
    if (deal == 10) history_.Zone(OneOf<std::string>({"UTC", "America/New_York", "Pacific/Auckland"}));
    if (deal == 20) middle = history_.position();
  }
  for (const char* filter : {"", "pipeline = \"p\"", "owner = \"users/ann\"", "team = \"teams/north\"",
                             "expected_close < \"2024-06-01\"", "stage = \"a\" AND value > 10"}) {
    for (const char* currency : {"", "USD"}) {
      for (const char* group : {"-", "owner", "stage", "team"}) {
        SCOPED_TRACE(absl::StrCat(filter, " ", currency, " ", group));
        auto request = Ask(filter);
        request.mutable_parameters()->set_currency(currency);
        request.mutable_parameters()->add_group_by(group);
        ExpectBalance(request, history_.position(), EndOf(1, 31), EndOf(2, 29));
        request.mutable_parameters()->mutable_opening_as_of()->set_position(middle);
        ExpectBalance(request, middle, EndOf(1, 31), EndOf(2, 29));
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace recount::projections
