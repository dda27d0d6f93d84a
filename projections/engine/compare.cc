#include "projections/engine/compare.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"

namespace recount::projections {

bool IsText(Type type) { return type == Type::kText || type == Type::kRecord || type == Type::kTextSet; }

namespace {

bool IsRatio(const AnswerColumn& column) { return column.column.type() == v1::VALUE_TYPE_RATIO; }
bool IsNumber(const AnswerColumn& column) {
  return IsRatio(column) || column.type == Type::kInteger || column.type == Type::kMoney;
}

class Comparison {
 public:
  Comparison(const Query& first_query, const Query& second_query)
      : first_query_(first_query), second_query_(second_query),
        forward_(IsForward(first_query, second_query)) {}

  Answer Join(Answer first, Answer second) {
    Translate(&second);
    DropNothing(&first, second);
    DropNothing(&second, first);
    Answer out;
    out.keep_order = first.keep_order;
    out.notes = std::move(first.notes);
    for (const v1::Note& note : second.notes) {
      out.notes.push_back(note);
      out.notes.back().set_text(absl::StrCat("Compared: ", note.text()));
    }
    for (size_t i = 0; i < first.columns.size(); ++i) {
      Translate(second.columns[i], &first.columns[i]);
      AddColumns(first.columns[i], &out);
    }
    std::map<Key, size_t> places;
    for (size_t i = 0; i < second.rows.size(); ++i) places.emplace(KeyOf(second.columns, second.rows[i]), i);
    for (const AnswerRow& row : first.rows) {
      auto found = places.find(KeyOf(first.columns, row));
      out.rows.push_back(found == places.end() ? Beside(first.columns, row, Empty(second, row))
                                               : Beside(first.columns, row, second.rows[found->second]));
      if (found != places.end()) places.erase(found);
    }
    for (size_t i = 0; i < second.rows.size(); ++i) {
      if (places.count(KeyOf(second.columns, second.rows[i])) == 0) continue;
      out.rows.push_back(Beside(first.columns, Empty(first, second.rows[i]), second.rows[i]));
    }
    return out;
  }

 private:
  using Key = std::tuple<bool, std::string, std::vector<int64_t>>;
  Key KeyOf(const std::vector<AnswerColumn>& columns, const AnswerRow& row) const {
    Key key{row.is_total, row.apart, {}};
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].is_key) std::get<2>(key).push_back(row.cells[i].number);
    }
    return key;
  }

  int64_t TranslateCode(int64_t code) const {
    return code == kNull ? kNull : first_query_.texts->Code(second_query_.texts->Text(code));
  }
  // A stage or an option that only the compared rules have has its label all the same, and a place behind the others.
  void Translate(const AnswerColumn& from, AnswerColumn* to) const {
    const auto translated = [&](const Term& term) { return Term(TranslateCode(term.first), TranslateCode(term.second)); };
    for (const auto& [term, label] : from.labels) to->labels.try_emplace(translated(term), label);
    for (const Term& term : from.order) {
      const bool known = std::find(to->order.begin(), to->order.end(), translated(term)) != to->order.end();
      if (!known) to->order.push_back(translated(term));
    }
  }
  void Translate(Answer* answer) const {
    const auto translate = [&](int64_t code) { return TranslateCode(code); };
    for (AnswerRow& row : answer->rows) {
      for (size_t i = 0; i < row.cells.size(); ++i) {
        row.cells[i].currency = translate(row.cells[i].currency);
        row.cells[i].pipeline = translate(row.cells[i].pipeline);
        if (IsText(answer->columns[i].type)) row.cells[i].number = translate(row.cells[i].number);
      }
    }
  }

  // A total of nothing has no currency: beside totals that have one it says nothing.
  static void DropNothing(Answer* answer, const Answer& other) {
    const auto of_nothing = [](const AnswerRow& row) { return row.of_nothing; };
    const auto says_nothing = [](const AnswerRow& row) { return row.of_nothing || !row.apart.empty(); };
    if (std::all_of(other.rows.begin(), other.rows.end(), says_nothing)) return;
    answer->rows.erase(std::remove_if(answer->rows.begin(), answer->rows.end(), of_nothing), answer->rows.end());
  }

  static void AddColumns(const AnswerColumn& column, Answer* out) {
    out->columns.push_back(column);
    if (column.is_key) return;
    AnswerColumn compared = column;
    compared.column.set_id(absl::StrCat(column.column.id(), ".compared"));
    out->columns.push_back(compared);
    if (!IsNumber(column)) return;
    compared.column.set_id(absl::StrCat(column.column.id(), ".change"));
    out->columns.push_back(compared);
  }

  // What a side says of a group that it does not have: no records, so nothing to count, 0 to add and a share of 0.
  AnswerRow Empty(const Answer& side, const AnswerRow& other) const {
    AnswerRow row = SameRow(other);
    for (size_t i = 0; i < side.columns.size(); ++i) {
      // A row apart has not all measures.
      const bool has_measure = other.apart.empty() || other.cells[i].number != kNull;
      row.cells.push_back(side.columns[i].is_key ? other.cells[i] : has_measure ? Nothing(side, i, other) : Scalar());
    }
    return row;
  }
  static AnswerRow SameRow(const AnswerRow& row) {
    AnswerRow same;
    same.is_total = row.is_total;
    same.apart = row.apart;
    same.apart_label = row.apart_label;
    return same;
  }
  Scalar Nothing(const Answer& side, size_t i, const AnswerRow& other) const {
    const int64_t currency = CurrencyOf(side.columns, other);
    const AnswerColumn& column = side.columns[i];
    if (column.type == Type::kMoney && currency == kNull) return {};  // money in no currency is none
    for (const v1::Measure& measure : first_query_.definition->measures()) {
      const v1::Function function = measure.function();
      if (measure.id() == column.column.id() && function == v1::FUNCTION_SHARE) return NoShare(side, i, other);
      const bool adds = function == v1::FUNCTION_COUNT || function == v1::FUNCTION_SUM || function == v1::FUNCTION_COUNT_DISTINCT;
      if (measure.id() == column.column.id() && adds) return {0, 0, column.type == Type::kMoney ? currency : kNull};
    }
    return {};
  }
  // None of the total in its currency, which is all of itself.
  static Scalar NoShare(const Answer& side, size_t i, const AnswerRow& other) {
    const auto is_total_of_it = [&](const AnswerRow& row) {
      for (size_t k = 0; k < side.columns.size(); ++k) {
        if (side.columns[k].names_currency && row.cells[k].number != other.cells[k].number) return false;
      }
      return row.is_total && row.cells[i].number != kNull;
    };
    const auto total = std::find_if(side.rows.begin(), side.rows.end(), is_total_of_it);
    return total == side.rows.end() ? Scalar() : Scalar{0, total->cells[i].over(), kNull};
  }
  // What the money of a row is in; kNull: nothing.
  int64_t CurrencyOf(const std::vector<AnswerColumn>& columns, const AnswerRow& row) const {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].names_currency && row.cells[i].number != first_query_.texts->unconverted()) return row.cells[i].number;
    }
    return kNull;
  }

  AnswerRow Beside(const std::vector<AnswerColumn>& columns, const AnswerRow& first, const AnswerRow& second) const {
    AnswerRow row = SameRow(first);
    for (size_t i = 0; i < columns.size(); ++i) {
      const Scalar& left = first.cells[i];
      row.cells.push_back(left);
      if (columns[i].is_key) continue;
      const Scalar& right = second.cells[i];
      row.cells.push_back(right);
      if (!IsNumber(columns[i])) continue;
      row.cells.push_back(forward_ ? Difference(right, left, IsRatio(columns[i])) : Difference(left, right, IsRatio(columns[i])));
    }
    return row;
  }

  const Query& first_query_;
  const Query& second_query_;
  const bool forward_;
};

absl::int128 Gcd(absl::int128 a, absl::int128 b) {
  while (b != 0) {
    const absl::int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

bool Fits(absl::int128 value) {
  return value > absl::int128(kNull) && value <= absl::int128(std::numeric_limits<int64_t>::max());
}

}  // namespace

Scalar Reduced(absl::int128 numerator, absl::int128 denominator) {
  if (denominator < 0) {
    numerator = -numerator;
    denominator = -denominator;
  }
  const absl::int128 common = std::max(absl::int128(1), Gcd(numerator, denominator));
  numerator /= common;
  denominator /= common;
  if (!Fits(numerator) || !Fits(denominator)) return {};
  return {static_cast<int64_t>(numerator), static_cast<int64_t>(denominator), kNull};
}

bool IsForward(const Query& first, const Query& second) {
  if (first.substitution != nullptr) return false;  // a diff goes from the one to the other
  return second.basis.rule_basis().kind() == v1::RULE_BASIS_KIND_DRAFT && first.basis.rule_basis().kind() != v1::RULE_BASIS_KIND_DRAFT;
}

Scalar Difference(const Scalar& left, const Scalar& right, bool is_ratio) {
  if (left.number == kNull || right.number == kNull || left.currency != right.currency) return {};
  if (!is_ratio && left.over() == 1 && right.over() == 1) {
    const absl::int128 change = absl::int128(left.number) - right.number;
    return Fits(change) ? Scalar{static_cast<int64_t>(change), 0, left.currency} : Scalar();
  }
  const absl::int128 a = left.over(), b = right.over();
  Scalar difference = Reduced(left.number * b - right.number * a, a * b);
  if (difference.number != kNull) difference.currency = left.currency;
  return difference;
}

Answer Compare(const Query& first_query, Answer first, const Query& second_query, Answer second) {
  return Comparison(first_query, second_query).Join(std::move(first), std::move(second));
}

}  // namespace recount::projections
