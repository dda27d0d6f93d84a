// What stands behind a step from one answer to another, in words (report.proto, ChangeCause).
#ifndef RECOUNT_PROJECTIONS_ENGINE_DIFF_CAUSES_H_
#define RECOUNT_PROJECTIONS_ENGINE_DIFF_CAUSES_H_

#include <string>
#include <vector>

#include "domain/rulebook.h"
#include "projections/engine/recorded_between.h"
#include "recount/v1/report.pb.h"

namespace recount::projections {

v1::ChangeCause DefinitionCause(const v1::ReportDefinition& before, const v1::ReportDefinition& after);
v1::ChangeCause QuestionCause(const v1::Basis& before, const v1::Basis& after);
v1::ChangeCause RightsCause(const v1::Basis& before, const v1::Basis& after);
v1::ChangeCause TimeCause(const v1::Basis& before, const v1::Basis& after);
// Of a kind: published or withdrawn after position `from` up to `to`, or in a draft. `draft`: its name; empty: none.
v1::ChangeCause RulesCause(v1::RuleKind kind, const domain::Rulebook& head, uint64_t from, uint64_t to, const std::string& draft);
v1::ChangeCause RuleBasisCause(const v1::Basis& before, const v1::Basis& after);
// `valid_at`: of the earlier answer.
v1::ChangeCause FactsCause(const RecordedFacts& facts, const google::protobuf::Timestamp& valid_at, const std::string& zone);

// Whether something of a kind was published or withdrawn after position `from` up to `to`.
bool HasRulesBetween(v1::RuleKind kind, const domain::Rulebook& head, uint64_t from, uint64_t to);

// What two answers were asked otherwise, `period`, `filter` ...: but moments, rules and definition.
std::vector<std::string> OtherQuestions(const v1::Basis& before, const v1::Basis& after);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_DIFF_CAUSES_H_
