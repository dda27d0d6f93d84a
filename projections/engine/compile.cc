// Compiles the expressions of a definition.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/refusal.h"
#include "projections/engine/functions.h"
#include "projections/engine/lexer.h"
#include "projections/engine/resolve.h"

namespace recount::projections {
namespace {

absl::Status Invalid(absl::string_view place, absl::string_view message) {
  return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat(place, ": ", message), place, {{"place", place}});
}

class Compiler {
 public:
  Compiler(const Schema& schema, Query* query) : schema_(schema), query_(*query), definition_(*query->definition) {}

  absl::Status All() {
    schema_.axis_allowed = false;
    auto status = Conditions();
    if (status.ok()) status = Axis();
    if (status.ok()) status = Measures();
    if (status.ok()) status = Ratios();
    return status;
  }

  absl::StatusOr<Expr> Definition(absl::string_view text, std::string place, Type wanted, const Subject& subject) {
    return Compile(text, subject, schema_, {Dialect::kDefinition, std::move(place), wanted});
  }

  // An expression over a time or a day.
  absl::StatusOr<Expr> TimeOf(absl::string_view text, const std::string& place, const Subject& subject) {
    auto expr = Definition(text, place, Type::kAny, subject);
    if (!expr.ok()) return expr;
    if ((*expr)->type != Type::kTime && (*expr)->type != Type::kDay) {
      return Invalid(place, absl::StrCat("an axis is a time or a day, not ", TypeName((*expr)->type)));
    }
    return expr;
  }

  absl::Status Dimension(const v1::Dimension& dimension, const std::string& place) {
    if (dimension.expr().empty()) return Invalid(place, "a dimension needs an expression");
    const bool own_time = (query_.mode != nullptr && query_.mode->by_measure_axis()) || definition_.has_timeline();
    schema_.axis_allowed = query_.axis != nullptr || own_time;
    schema_.axis_type = query_.axis != nullptr ? query_.axis->type : Type::kTime;
    schema_.axis = own_time ? nullptr : query_.axis;
    auto expr = Definition(dimension.expr(), place, Type::kAny, *query_.subject);
    for (QueryMeasure& measure : query_.all_measures) {
      if (measure.subject == nullptr || !expr.ok()) continue;
      auto there = Definition(dimension.expr(), absl::StrCat(place, " of measures[", measure.measure->id(), "]"), (*expr)->type,
                              *measure.subject);
      if (!there.ok()) return there.status();
      measure.group_by.push_back(*there);
    }
    schema_.axis_allowed = false;
    if (!expr.ok()) return expr.status();
    if ((*expr)->type == Type::kMoney && !definition_.has_list()) {
      return Invalid(place, "money of several currencies makes no groups: name bands, e.g. if(value >= 1000, \"large\", \"small\")");
    }
    query_.group_by.push_back({&dimension, *expr});
    return absl::OkStatus();
  }

 private:
  absl::Status Conditions() {
    if (!definition_.where().empty()) {
      auto where = Definition(definition_.where(), "where", Type::kFlag, *query_.subject);
      if (!where.ok()) return where.status();
      query_.with_deleted = Names(*where, "deleted");
    }
    return ConditionsOn(*query_.subject, &query_.where);
  }

  // The definition's, the mode's and the caller's, all together, over one subject.
  absl::Status ConditionsOn(const Subject& subject, Expr* all) {
    if (!definition_.where().empty()) {
      auto where = Definition(definition_.where(), "where", Type::kFlag, subject);
      if (!where.ok()) return where.status();
      *all = *where;
    }
    if (query_.mode != nullptr && !query_.mode->where().empty()) {
      auto where = Definition(query_.mode->where(), absl::StrCat("modes[", query_.mode->id(), "].where"), Type::kFlag, subject);
      if (!where.ok()) return where.status();
      *all = Both(*all, *where);
    }
    if (!query_.parameters.filter().empty()) {
      auto filter = Compile(query_.parameters.filter(), subject, schema_, {Dialect::kFilter, "", Type::kFlag});
      if (!filter.ok()) return filter.status();
      *all = Both(*all, *filter);
    }
    return absl::OkStatus();
  }

  absl::Status Axis() { return ModeAxis(*query_.subject, &query_.axis); }
  absl::Status ModeAxis(const Subject& subject, Expr* out) {
    if (query_.mode == nullptr || query_.mode->axis().empty()) return absl::OkStatus();
    auto axis = TimeOf(query_.mode->axis(), absl::StrCat("modes[", query_.mode->id(), "].axis"), subject);
    if (!axis.ok()) return axis.status();
    *out = *axis;
    return absl::OkStatus();
  }

  absl::Status Measures() {
    for (const v1::Measure& measure : definition_.measures()) {
      auto compiled = Measure(measure, absl::StrCat("measures[", measure.id(), "]"));
      if (!compiled.ok()) return compiled.status();
      query_.all_measures.push_back(*compiled);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<QueryMeasure> Measure(const v1::Measure& measure, const std::string& place) {
    QueryMeasure out;
    out.measure = &measure;
    const v1::Function function = measure.function();
    if (function == v1::FUNCTION_UNSPECIFIED) return Invalid(place, "needs a function");
    // Funnel, movement and timeline make their own numbers.
    if (IsMadeOfMeasures(function) || !definition_.has_aggregate()) return out;
    if (auto status = FactsOf(measure, place, &out); !status.ok()) return status;
    const Subject& subject = out.subject != nullptr ? *out.subject : *query_.subject;
    if (function != v1::FUNCTION_COUNT) {
      auto expr = Definition(measure.expr(), place + ".expr", Type::kAny, subject);
      if (!expr.ok()) return expr.status();
      if (auto status = CheckValue(measure, **expr, place); !status.ok()) return status;
      out.expr = *expr;
      out.type = function == v1::FUNCTION_COUNT_DISTINCT || (*expr)->type == Type::kAny ? Type::kInteger : (*expr)->type;
      if (out.subject != nullptr && out.type == Type::kMoney) return Invalid(place, "there is no money of another subject's facts");
    }
    if (!measure.where().empty()) {
      auto where = Definition(measure.where(), place + ".where", Type::kFlag, subject);
      if (!where.ok()) return where.status();
      out.where = *where;
    }
    if (query_.mode != nullptr && query_.mode->by_measure_axis()) {
      if (out.subject == nullptr) out.axis = query_.axis;
      if (!measure.axis().empty()) {
        auto axis = TimeOf(measure.axis(), place + ".axis", subject);
        if (!axis.ok()) return axis.status();
        out.axis = *axis;
      }
      if (out.axis == nullptr) return Invalid(place, absl::StrCat("mode ", query_.mode->id(), " needs an axis of the measure"));
    }
    return out;
  }

  // A measure of another subject's facts: it must belong to the same records.
  absl::Status FactsOf(const v1::Measure& measure, const std::string& place, QueryMeasure* out) {
    if (measure.subject().empty() || measure.subject() == query_.subject->id) return absl::OkStatus();
    out->subject = FindSubject(measure.subject());
    const bool same = out->subject != nullptr && out->subject->collection == query_.subject->collection;
    if (!same) {
      return Invalid(place + ".subject", absl::StrCat("`", measure.subject(), "` is no subject of the same records as `",
                                                      query_.subject->id, "`"));
    }
    if (auto status = ConditionsOn(*out->subject, &out->report_where); !status.ok()) return status;
    return ModeAxis(*out->subject, &out->axis);
  }

  absl::Status CheckValue(const v1::Measure& measure, const Node& expr, const std::string& place) {
    const Type type = expr.type;
    const bool number = type == Type::kInteger || type == Type::kMoney || type == Type::kAny;
    const bool ordered = number || type == Type::kTime || type == Type::kDay;
    switch (measure.function()) {
      case v1::FUNCTION_SUM:
      case v1::FUNCTION_MEDIAN:
        if (!number) return Invalid(place, absl::StrCat("there is no sum or median of ", TypeName(type)));
        break;
      case v1::FUNCTION_PERCENTILE:
        if (measure.percentile() < 1 || measure.percentile() > 99) return Invalid(place, "percentile must be 1 to 99");
        [[fallthrough]];
      case v1::FUNCTION_MIN:
      case v1::FUNCTION_MAX:
        if (!ordered) return Invalid(place, absl::StrCat(TypeName(type), " has no order"));
        break;
      case v1::FUNCTION_COUNT_DISTINCT:
        if (type == Type::kMoney) return Invalid(place, "amounts of several currencies cannot be told apart");
        break;
      default:
        break;
    }
    return absl::OkStatus();
  }

  absl::Status Ratios() {
    for (QueryMeasure& ratio : query_.all_measures) {
      const v1::Function function = ratio.measure->function();
      if (!IsMadeOfMeasures(function)) continue;
      const std::string place = absl::StrCat("measures[", ratio.measure->id(), "]");
      const bool whole = function == v1::FUNCTION_SHARE;
      if (whole && !ratio.measure->denominator().empty()) return Invalid(place + ".denominator", "a share is of the total: give none");
      for (const bool numerator : {true, false}) {
        if (whole && !numerator) continue;
        const std::string& id = numerator ? ratio.measure->numerator() : ratio.measure->denominator();
        int found = -1;
        for (size_t i = 0; i < query_.all_measures.size(); ++i) {
          const v1::Measure& other = *query_.all_measures[i].measure;
          if (other.id() == id && !IsMadeOfMeasures(other.function())) found = static_cast<int>(i);
        }
        if (found < 0) return Invalid(place, absl::StrCat("no measure `", id, "` to make a ratio of"));
        const Type type = query_.all_measures[found].type;
        if (type != Type::kInteger && type != Type::kMoney) {
          return Invalid(place, absl::StrCat("`", id, "` is ", TypeName(type), ", and no number to make a ratio of"));
        }
        (numerator ? ratio.numerator : ratio.denominator) = found;
        if (function == v1::FUNCTION_RATIO) {
          if (numerator) ratio.type = type;
          continue;
        }
        const v1::Function part = query_.all_measures[found].measure->function();
        if (part != v1::FUNCTION_COUNT && part != v1::FUNCTION_SUM) {
          return Invalid(place, absl::StrCat("`", id, "` does not add up to a total: name a count or a sum"));
        }
      }
    }
    return absl::OkStatus();
  }

  Schema schema_;
  Query& query_;
  const v1::ReportDefinition& definition_;
};

// Tags and custom fields, also of a record that is referred to, group every report (decisions.md 12): `tags`, `field.segment`,
// `organization.field.segment`.
bool IsOwnDimension(absl::string_view id) {
  const bool is_name = std::all_of(id.begin(), id.end(), [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-'; });
  return is_name && (id == "tags" || absl::EndsWith(id, ".tags") || absl::StartsWith(id, "field.") || absl::StrContains(id, ".field."));
}

absl::Status GroupByOwn(const std::string& id, Compiler& compiler, Query* query) {
  auto dimension = std::make_unique<v1::Dimension>();
  dimension->set_id(id);
  dimension->set_expr(id);
  dimension->set_none(absl::EndsWith(id, "tags") ? "no_tags" : "no_value");
  if (auto status = compiler.Dimension(*dimension, "group_by"); !status.ok()) {
    return domain::Refuse(v1::PARAMETER_INVALID, status.message(), "parameters.group_by");
  }
  query->own_dimensions.push_back(std::move(dimension));
  return absl::OkStatus();
}

// Columns have ids by which programs read them: none stands twice.
absl::Status CheckGivenOnce(const google::protobuf::RepeatedPtrField<std::string>& ids, absl::string_view what, absl::string_view field) {
  for (auto id = ids.begin(); id != ids.end(); ++id) {
    if (std::find(ids.begin(), id, *id) == id) continue;
    return domain::Refuse(v1::PARAMETER_INVALID, absl::StrCat("the ", what, " `", *id, "` is given twice: give it once"), field);
  }
  return absl::OkStatus();
}

absl::Status GroupBy(Compiler& compiler, Query* query) {
  const v1::ReportDefinition& definition = *query->definition;
  const bool list = definition.has_list();
  const auto& known = list ? definition.list().columns() : definition.dimensions();
  const auto once = CheckGivenOnce(query->parameters.group_by(), list ? "column" : "dimension", "parameters.group_by");
  if (!once.ok()) return once;
  std::vector<std::string> wanted(query->parameters.group_by().begin(), query->parameters.group_by().end());
  if (wanted.empty() && list) {
    for (const v1::Dimension& column : known) wanted.push_back(column.id());
  } else if (wanted.empty()) {
    wanted.assign(definition.default_group_by().begin(), definition.default_group_by().end());
  } else if (wanted.size() == 1 && wanted[0] == "-") {
    wanted.clear();
  }
  for (const std::string& id : wanted) {
    const v1::Dimension* found = nullptr;
    std::vector<std::string> ids;
    for (const v1::Dimension& dimension : known) {
      ids.push_back(dimension.id());
      if (dimension.id() == id) found = &dimension;
    }
    if (found == nullptr && !definition.has_timeline() && IsOwnDimension(id)) {
      if (auto status = GroupByOwn(id, compiler, query); !status.ok()) return status;
      continue;
    }
    if (found == nullptr) {
      return domain::Refuse(v1::PARAMETER_INVALID, absl::StrCat("no dimension `", id, "`; there is: ", absl::StrJoin(ids, ", "),
                                                                ", tags, field.ID for a custom field"), "parameters.group_by");
    }
    if (auto status = compiler.Dimension(*found, absl::StrCat("dimensions[", id, "]")); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Shown(Query* query) {
  const auto& wanted = query->parameters.measures();
  if (auto once = CheckGivenOnce(wanted, "measure", "parameters.measures"); !once.ok()) return once;
  std::vector<std::string> ids;
  for (size_t i = 0; i < query->all_measures.size(); ++i) {
    const v1::Measure& measure = *query->all_measures[i].measure;
    ids.push_back(measure.id());
    if (wanted.empty() && !measure.hidden()) query->shown.push_back(static_cast<int>(i));
  }
  for (const std::string& id : wanted) {
    const size_t place = std::find(ids.begin(), ids.end(), id) - ids.begin();
    if (place == ids.size()) {
      return domain::Refuse(v1::PARAMETER_INVALID, absl::StrCat("no measure `", id, "`; there is: ", absl::StrJoin(ids, ", ")),
                            "parameters.measures");
    }
    query->shown.push_back(static_cast<int>(place));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CompileDefinition(const Schema& schema, Query* query) {
  Compiler compiler(schema, query);
  if (auto status = compiler.All(); !status.ok()) return status;
  if (auto status = GroupBy(compiler, query); !status.ok()) return status;
  return Shown(query);
}

}  // namespace recount::projections
