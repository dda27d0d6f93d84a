// Functions and operators of the expression language. To add one: an entry in one of the lists at the end of functions.cc or
// functions_time.cc, and its line in projections/EXPRESSIONS.md.
#ifndef RECOUNT_PROJECTIONS_ENGINE_FUNCTIONS_H_
#define RECOUNT_PROJECTIONS_ENGINE_FUNCTIONS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "projections/engine/expression.h"

namespace recount::projections {

// What a function is called with: an array for each argument, all of length `size`.
struct CallArguments {
  const World& world;
  size_t size;
  std::vector<std::shared_ptr<const Values>> values;
  const Values& operator[](size_t i) const { return *values[i]; }
};

struct Function {
  absl::string_view name;    // or operator, e.g. `+`
  absl::string_view usage;   // e.g. `days_between(from, to)`
  size_t least, most;        // arguments
  // Type of the result; may turn text constants into what is needed. An error is a sentence.
  absl::StatusOr<Type> (*check)(std::vector<Expr>& arguments);
  Values (*evaluate)(const CallArguments& arguments);
};

const Function* FindFunction(absl::string_view name);
std::vector<absl::string_view> FunctionNames();   // without operators

absl::Span<const Function> LogicFunctions();
absl::Span<const Function> ArithmeticFunctions();
absl::Span<const Function> ComparisonFunctions();
absl::Span<const Function> TimeFunctions();

// ---- For those who write functions ----

// A text constant becomes a day, time or record if that is wanted and it reads as one.
absl::Status Coerce(Expr& expr, Type wanted);
// The type that both have or can be given.
absl::StatusOr<Type> Unify(Expr& left, Expr& right);
bool Fits(Type type, Type wanted);
// Days of the years 1 to 9999: what lies beyond is no day.
inline constexpr int64_t kFirstDay = -719162, kLastDay = 2932896;
Expr Constant(Type type, int64_t value);
Expr TextConstant(Type type, absl::string_view text);
Values Make(Type type, size_t size);

// A plain number beside money means whole units of the money's own currency.
class WholeUnits {
 public:
  explicit WholeUnits(const Texts& texts) : texts_(texts) {}
  int64_t Of(int64_t currency);  // minor units of one whole unit

 private:
  const Texts& texts_;
  absl::flat_hash_map<int64_t, int64_t> minor_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_FUNCTIONS_H_
