// What expressions and answers are made of: arrays of int64, as in the tables (interval_table.h), with a type beside them.
#ifndef RECOUNT_PROJECTIONS_ENGINE_VALUES_H_
#define RECOUNT_PROJECTIONS_ENGINE_VALUES_H_

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "projections/interval_table.h"
#include "recount/v1/report_definition.pb.h"

namespace recount::projections {

// Types of expressions.
enum class Type {
  kNull,      // the literal `null`: fits any type
  kAny,       // a custom field of which nothing is known: fits any type
  kInteger,
  kMoney,     // minor units with the currency beside
  kText,      // code of Texts
  kTextSet,   // code of Texts, as in the tables
  kRecord,    // code of Texts: a resource name
  kTime,      // microseconds
  kDay,       // days
  kFlag,      // 0 or 1
  kPosition,
};
absl::string_view TypeName(Type type);           // `integer`, `money` ...: as errors say it
v1::ValueType WireType(Type type);
Type TypeOf(ColumnKind kind);

// A value for each row of a selection; kNull: no value.
struct Values {
  Type type = Type::kNull;
  std::vector<int64_t> data;
  // Money only: text code of each row's currency, kNull where there is no value. Texts::kUnconverted where a report currency
  // is asked for and there is no rate: data is kNull there (decisions.md 17).
  std::vector<int64_t> currency;
};

// Texts by code: the snapshot's dictionary, and beyond it what only this answer says (mapped stages, teams, literals).
// On any thread.
class Texts {
 public:
  explicit Texts(const Dictionary& dictionary);
  int64_t Code(absl::string_view text);          // adds it
  int64_t Find(absl::string_view text) const;    // kNull: nobody has it
  absl::string_view Text(int64_t code) const;
  int64_t unconverted() const { return unconverted_; }

 private:
  int64_t FindOwn(absl::string_view text) const;

  const Dictionary& dictionary_;
  int64_t first_own_;
  mutable std::shared_mutex mutex_;  // of what follows
  absl::flat_hash_map<std::string, int64_t> own_;
  std::vector<std::unique_ptr<std::string>> own_texts_;
  int64_t unconverted_;
};

// One value of an answer; its type is its column's.
struct Scalar {
  int64_t number = kNull;       // as in Values; of a ratio: the numerator; kNull: no value
  int64_t denominator = 0;      // ratios only: never 0 where there is a value; negative where a sum below is
  int64_t currency = kNull;     // money, and ratios of money: text code
  // Of a stage: text code of the pipeline that it belongs to, whose label and place it has; kNull: of several, or not known.
  int64_t pipeline = kNull;
  bool operator==(const Scalar&) const = default;
  int64_t over() const { return denominator == 0 ? 1 : denominator; }
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_VALUES_H_
