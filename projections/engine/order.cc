#include "projections/engine/order.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "domain/refusal.h"
#include "projections/engine/compare.h"

namespace recount::projections {
namespace {

class RowOrder {
 public:
  RowOrder(const Query& query, const Answer& answer) : query_(query), answer_(answer), ranks_(answer.columns.size()) {
    for (size_t i = 0; i < answer.columns.size(); ++i) {
      const auto& order = answer.columns[i].order;
      for (size_t rank = 0; rank < order.size(); ++rank) {
        ranks_[i].try_emplace(order[rank], rank);
        ranks_[i].try_emplace(Term(kNull, order[rank].second), rank);  // of several pipelines: the first place
      }
    }
  }

  struct Key {
    size_t column;
    bool descending;
  };
  // `by_default`: of the definition, which may name columns that are not shown.
  absl::Status Parse(absl::string_view sort, bool by_default) {
    for (absl::string_view part : absl::StrSplit(sort, ',', absl::SkipWhitespace())) {
      std::vector<absl::string_view> words = absl::StrSplit(absl::StripAsciiWhitespace(part), ' ', absl::SkipEmpty());
      const bool descending = words.size() == 2 && words[1] == "desc";
      const bool understood = words.size() == 1 || descending || (words.size() == 2 && words[1] == "asc");
      std::vector<std::string> ids;
      size_t found = answer_.columns.size();
      for (size_t i = 0; i < answer_.columns.size(); ++i) {
        ids.push_back(answer_.columns[i].column.id());
        if (understood && ids.back() == words[0]) found = i;
      }
      if (found == answer_.columns.size() && by_default) continue;
      if (found == answer_.columns.size()) {
        return domain::Refuse(v1::PARAMETER_INVALID, absl::StrCat("sort: `", part, "` is not `column` or `column desc`; there is: ",
                                                                  absl::StrJoin(ids, ", ")), "sort");
      }
      keys_.push_back({found, descending});
    }
    return absl::OkStatus();
  }
  void ThenByKeys() {
    for (size_t i = 0; i < answer_.columns.size(); ++i) {
      if (answer_.columns[i].is_key) keys_.push_back({i, false});
    }
  }

  bool operator()(const AnswerRow& a, const AnswerRow& b) const {
    if (a.apart.empty() != b.apart.empty()) return a.apart.empty();
    if (a.is_total != b.is_total) return b.is_total;
    for (const Key& key : keys_) {
      const Scalar &x = a.cells[key.column], &y = b.cells[key.column];
      // What a row has no value for, and money without a rate, stands last also in descending order.
      const int x_last = LastOf(key.column, x), y_last = LastOf(key.column, y);
      if (x_last != y_last) return x_last < y_last;
      if (x_last > 0) continue;
      const int order = Compare(key.column, x, y);
      if (order != 0) return key.descending ? order > 0 : order < 0;
    }
    return false;
  }

 private:
  int LastOf(size_t column, const Scalar& cell) const {
    if (cell.number == kNull) return 2;
    return answer_.columns[column].names_currency && cell.number == query_.texts->unconverted();
  }

  int Compare(size_t column, const Scalar& x, const Scalar& y) const {
    if (IsText(answer_.columns[column].type) && answer_.columns[column].column.type() != v1::VALUE_TYPE_RATIO) {
      const size_t none = ranks_[column].size();
      const size_t a = RankOf(column, x, none), b = RankOf(column, y, none);
      if (a != b) return a < b ? -1 : 1;
      return x.number == y.number ? 0 : query_.texts->Text(x.number).compare(query_.texts->Text(y.number));
    }
    if (x.currency != y.currency && x.currency != kNull && y.currency != kNull) {
      return query_.texts->Text(x.currency).compare(query_.texts->Text(y.currency));
    }
    const absl::int128 left = absl::int128(x.number) * y.over(), right = absl::int128(y.number) * x.over();
    const int order = left < right ? -1 : left > right ? 1 : 0;
    return (x.over() < 0) == (y.over() < 0) ? order : -order;
  }
  size_t RankOf(size_t column, const Scalar& cell, size_t none) const {
    const auto found = FindTerm(ranks_[column], cell);
    return found == ranks_[column].end() ? none : found->second;
  }

  const Query& query_;
  const Answer& answer_;
  std::vector<Key> keys_;
  std::vector<absl::flat_hash_map<Term, size_t>> ranks_;
};

}  // namespace

absl::Status SortRows(const Query& query, absl::string_view sort, Answer* answer) {
  const bool by_default = sort.empty() && query.definition->has_list();
  if (by_default) sort = query.definition->list().default_sort();
  RowOrder order(query, *answer);
  if (auto status = order.Parse(sort, by_default); !status.ok()) return status;
  if (sort.empty() && answer->keep_order) return absl::OkStatus();
  if (!answer->keep_order) order.ThenByKeys();
  std::stable_sort(answer->rows.begin(), answer->rows.end(), order);
  return absl::OkStatus();
}

}  // namespace recount::projections
