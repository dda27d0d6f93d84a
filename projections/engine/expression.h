// The expression language (projections/EXPRESSIONS.md): text -> syntax tree -> checked tree.
#ifndef RECOUNT_PROJECTIONS_ENGINE_EXPRESSION_H_
#define RECOUNT_PROJECTIONS_ENGINE_EXPRESSION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "projections/engine/values.h"
#include "projections/engine/selection.h"

namespace recount::projections {

// ---- Syntax ----

struct Syntax {
  enum class Kind { kNumber, kText, kNull, kName, kParameter, kCall, kUnary, kBinary, kIn };
  Kind kind;
  size_t at = 0;                  // place in the text, bytes from 0
  std::string text;               // name (`lead.source`), literal, operator, function
  int64_t number = 0;
  std::vector<std::unique_ptr<Syntax>> parts;
};
using SyntaxTree = std::unique_ptr<Syntax>;

enum class Dialect {
  kDefinition,  // `and` binds tighter than `or`; errors are DEFINITION_INVALID
  kFilter,      // AIP-160: OR binds tighter than AND, a blank between two terms means AND; errors are FILTER_INVALID
};

// Limits: 4,096 bytes, depth 64, 1,000 nodes.
absl::StatusOr<SyntaxTree> Parse(absl::string_view text, Dialect dialect, absl::string_view place = "");

// ---- Checked trees ----

struct Node {
  enum class Kind { kConstant, kField, kFollow, kCompanion, kAxis, kCall, kRollUp };
  Kind kind = Kind::kConstant;
  Type type = Type::kNull;
  std::string name;               // field, function or operator
  int64_t constant = kNull;       // numbers, days, times, flags
  std::string text;               // text constants
  const Subject* subject = nullptr;  // kFollow, kCompanion, kRollUp: where the parts are evaluated
  std::string reference;          // kFollow: the field that leads there
  // kRollUp, all over the other subject: the reference that leads here, the value, the condition.
  std::vector<Expr> parts;
  // Calls that take no day for its first instant (precise.h): the same call that does; nullptr: any other node.
  Expr rough;
};

// A field that expressions over a subject may name.
struct FieldInfo {
  std::string name;
  Type type = Type::kInteger;
  std::string collection;         // of records
  std::string description;
  bool derived = false;
  const Subject* companion = nullptr;  // where it lies if not in the subject itself
};

// What expressions may name, beside subjects.
struct Schema {
  const Snapshot* snapshot = nullptr;              // custom fields; nullptr: any `field.X` is allowed
  const v1::FieldSchemaRule* custom_fields = nullptr;  // those that no record has yet; nullptr: none
  const domain::Calendar* calendar = nullptr;      // to read days as times; nullptr: UTC
  std::map<std::string, Expr> arguments;           // $name
  bool axis_allowed = false;
  Type axis_type = Type::kTime;
  Expr axis;                                     // what it is; nullptr: each measure has its own
  // Fields by subject, made for the first expression that asks; for copies with the same snapshot and custom fields too.
  std::shared_ptr<std::map<const Subject*, std::vector<FieldInfo>>> fields =
      std::make_shared<std::map<const Subject*, std::vector<FieldInfo>>>();
};

struct CompileOptions {
  Dialect dialect = Dialect::kDefinition;
  std::string place;              // for errors, e.g. `measures[won].where`; empty: the caller's filter
  Type wanted = Type::kAny;       // the type it must have
};
absl::StatusOr<Expr> Compile(absl::string_view text, const Subject& subject, const Schema& schema,
                             const CompileOptions& options);
// Both hold; either may be null.
Expr Both(Expr left, Expr right);
// The expression names this field of its subject or a companion.
bool Names(const Expr& expr, absl::string_view field);

// All of them, derived and custom ones too.
std::vector<FieldInfo> FieldsOf(const Subject& subject, const Schema& schema);
// The subject that stands for the records of a collection, e.g. `deal` for `deals`; nullptr: none.
const Subject* SubjectOf(absl::string_view collection);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_EXPRESSION_H_
