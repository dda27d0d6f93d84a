// Rules whose entries have days of their own: exchange rates (K-10) and the org chart (K-15).
#include <algorithm>

#include "domain/aggregate.h"
#include "domain/rulebook.h"

namespace recount::domain {
namespace {

constexpr int64_t kNano = 1'000'000'000;

// The last entry that does not start after the day.
template <typename Days>
auto LastNotAfter(const Days& days, typename Days::key_type day) -> const
    typename Days::mapped_type* {
  auto after = days.upper_bound(day);
  return after == days.begin() ? nullptr : &std::prev(after)->second;
}

const std::string& NoParent() {
  static const std::string& none = *new std::string();
  return none;
}

}  // namespace

RateTable::RateTable(const v1::ExchangeRatesRule& rule) {
  for (const v1::ExchangeRate& rate : rule.rates()) {
    const int32_t day = DayFromCivil(rate.date().year(), rate.date().month(), rate.date().day());
    rates_[{rate.from(), rate.to()}][day] = rate.rate_nanos();
  }
}

std::optional<RateTable::Rate> RateTable::Find(absl::string_view from, absl::string_view to,
                                               int32_t day) const {
  if (from == to) return Rate{kNano, false};
  for (const bool inverse : {false, true}) {
    const auto pair = rates_.find(inverse ? std::make_pair(to, from) : std::make_pair(from, to));
    if (pair == rates_.end()) continue;
    if (const int64_t* rate = LastNotAfter(pair->second, day)) return Rate{*rate, inverse};
  }
  return std::nullopt;
}

OrgChart::OrgChart(const v1::OrgChartRule& rule) {
  for (const v1::OrgEdge& edge : rule.edges()) {
    int64_t from = kBeginning;
    if (edge.has_from())
      from = DayFromCivil(edge.from().year(), edge.from().month(), edge.from().day());
    edges_[edge.child()][from] = edge.parent();
  }
}

const std::string& OrgChart::ParentOf(absl::string_view child, int32_t day) const {
  const auto edges = edges_.find(child);
  if (edges == edges_.end()) return NoParent();
  const std::string* parent = LastNotAfter(edges->second, int64_t{day});
  return parent == nullptr ? NoParent() : *parent;
}

const std::string& OrgChart::AncestorOf(absl::string_view child, absl::string_view collection,
                                        int32_t day) const {
  const std::string* at = &ParentOf(child, day);
  // No cycle is ever published; the bound keeps a damaged chart from hanging a report.
  for (size_t steps = 0; !at->empty() && steps <= edges_.size(); ++steps) {
    if (CollectionOf(*at) == collection) return *at;
    at = &ParentOf(*at, day);
  }
  return NoParent();
}

std::vector<std::string> OrgChart::AncestorsOf(absl::string_view child, int32_t day) const {
  std::vector<std::string> ancestors;
  const std::string* at = &ParentOf(child, day);
  for (size_t steps = 0; !at->empty() && steps <= edges_.size(); ++steps) {
    ancestors.push_back(*at);
    at = &ParentOf(*at, day);
  }
  return ancestors;
}

}  // namespace recount::domain
