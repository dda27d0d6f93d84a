#include "tools/cli/rule_change.h"

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tools/cli/arguments.h"
#include "tools/cli/failure.h"
#include "tools/import/text_values.h"

namespace recount::tools {
namespace {

using Proposals = std::map<int, api::RuleProposal>;

constexpr char kForms[] =
    "write probability:PIPELINE/STAGE=50%, rate:USD/ILS@2026-01-01=3.65 or parent:users/7=teams/3@2026-04-01";

absl::Status ChangeProbability(absl::string_view where, absl::string_view value, api::ProbabilitiesRule* rule) {
  const std::vector<std::string> parts = absl::StrSplit(where, '/');
  if (parts.size() != 2) return Usage(absl::StrCat("probability:", where, ": write probability:PIPELINE/STAGE=50%"));
  absl::StatusOr<uint32_t> bp = ParseBasisPoints(value);
  if (!bp.ok()) return bp.status();
  for (api::StageProbability& entry : *rule->mutable_probabilities()) {
    if (entry.pipeline() != parts[0] || entry.stage() != parts[1]) continue;
    entry.set_probability_bp(*bp);
    return absl::OkStatus();
  }
  api::StageProbability* entry = rule->add_probabilities();
  entry->set_pipeline(parts[0]);
  entry->set_stage(parts[1]);
  entry->set_probability_bp(*bp);
  return absl::OkStatus();
}

// `where` is cut at its @.
absl::Status TakeDate(absl::string_view* where, bool required, google::type::Date* date, bool* given) {
  const size_t at = where->find('@');
  *given = at != absl::string_view::npos;
  if (!*given) return required ? Usage(absl::StrCat(*where, ": the day is missing; ", kForms)) : absl::OkStatus();
  absl::StatusOr<google::type::Date> day = ParseDay(where->substr(at + 1), absl::StrCat("--set ... ", where->substr(0, at + 1)));
  if (!day.ok()) return day.status();
  *date = *day;
  *where = where->substr(0, at);
  return absl::OkStatus();
}

absl::Status ChangeRate(absl::string_view where, absl::string_view value, api::ExchangeRatesRule* rule) {
  api::ExchangeRate rate;
  bool given = false;
  absl::Status status = TakeDate(&where, true, rate.mutable_date(), &given);
  if (!status.ok()) return status;
  const std::vector<std::string> pair = absl::StrSplit(where, '/');
  absl::StatusOr<int64_t> nanos = ParseInteger(value, {'.', '\0', 9});
  if (pair.size() != 2 || !nanos.ok() || *nanos <= 0) return Usage(absl::StrCat("rate:", where, "=", value, ": ", kForms));
  rate.set_from(pair[0]);
  rate.set_to(pair[1]);
  rate.set_rate_nanos(*nanos);
  for (api::ExchangeRate& old : *rule->mutable_rates()) {
    const bool is_same = old.from() == rate.from() && old.to() == rate.to() &&
                         old.date().SerializeAsString() == rate.date().SerializeAsString();
    if (!is_same) continue;
    old = rate;
    return absl::OkStatus();
  }
  *rule->add_rates() = rate;
  return absl::OkStatus();
}

absl::Status ChangeParent(absl::string_view child, absl::string_view parent, api::OrgChartRule* rule) {
  api::OrgEdge edge;
  google::type::Date day;
  bool given = false;
  absl::Status status = TakeDate(&parent, false, &day, &given);
  if (!status.ok()) return status;
  edge.set_child(std::string(child));
  edge.set_parent(std::string(parent));
  if (given) *edge.mutable_from() = day;
  for (api::OrgEdge& old : *rule->mutable_edges()) {
    if (old.child() != edge.child() || old.from().SerializeAsString() != edge.from().SerializeAsString()) continue;
    old = edge;
    return absl::OkStatus();
  }
  *rule->add_edges() = edge;
  return absl::OkStatus();
}

// The proposal of a kind, begun with what is in force.
api::RuleProposal* ProposalOf(const api::Rulebook& in_force, api::RuleKind kind, Proposals* proposals) {
  const auto [found, is_new] = proposals->try_emplace(kind);
  if (is_new) {
    for (const api::RuleVersion& version : in_force.rules()) {
      if (version.kind() == kind) found->second = version.rule();
    }
  }
  return &found->second;
}

}  // namespace

absl::StatusOr<std::vector<api::RuleProposal>> ChangedRules(const api::Rulebook& in_force, const std::vector<std::string>& changes) {
  Proposals proposals;
  for (const std::string& change : changes) {
    const size_t colon = change.find(':');
    const size_t equals = change.find('=');
    if (colon == std::string::npos || equals == std::string::npos || equals < colon) return Usage(absl::StrCat(change, ": ", kForms));
    const std::string what = change.substr(0, colon);
    const std::string where = change.substr(colon + 1, equals - colon - 1);
    const std::string value = change.substr(equals + 1);
    absl::Status status;
    if (what == "probability") {
      auto* rule = ProposalOf(in_force, api::RULE_KIND_PROBABILITIES, &proposals);
      status = ChangeProbability(where, value, rule->mutable_content()->mutable_probabilities());
    } else if (what == "rate") {
      auto* rule = ProposalOf(in_force, api::RULE_KIND_EXCHANGE_RATES, &proposals);
      status = ChangeRate(where, value, rule->mutable_content()->mutable_exchange_rates());
    } else if (what == "parent") {
      auto* rule = ProposalOf(in_force, api::RULE_KIND_ORG_CHART, &proposals);
      status = ChangeParent(where, value, rule->mutable_content()->mutable_org_chart());
    } else {
      status = Usage(absl::StrCat(change, ": ", kForms));
    }
    if (!status.ok()) return status;
  }
  std::vector<api::RuleProposal> out;
  for (auto& [kind, proposal] : proposals) out.push_back(std::move(proposal));
  return out;
}

api::RuleKind KindFromName(absl::string_view name) {
  api::RuleKind kind = api::RULE_KIND_UNSPECIFIED;
  api::RuleKind_Parse(absl::StrCat("RULE_KIND_", absl::AsciiStrToUpper(name)), &kind);
  return kind;
}

std::string KindName(api::RuleKind kind) {
  return absl::AsciiStrToLower(absl::StripPrefix(api::RuleKind_Name(kind), "RULE_KIND_"));
}

std::vector<std::string> KindNames() {
  std::vector<std::string> out;
  const auto* kinds = api::RuleKind_descriptor();
  for (int i = 1; i < kinds->value_count(); ++i) out.push_back(KindName(static_cast<api::RuleKind>(kinds->value(i)->number())));
  return out;
}

absl::StatusOr<uint32_t> ParseBasisPoints(absl::string_view text) {
  absl::string_view number = absl::StripAsciiWhitespace(text);
  const bool is_percent = absl::ConsumeSuffix(&number, "%");
  number = absl::StripAsciiWhitespace(number);
  absl::StatusOr<int64_t> bp = ParseInteger(number, {'.', '\0', is_percent ? 2 : 4});
  if (!bp.ok() || *bp < 0 || *bp > 10000) return Usage(absl::StrCat("\"", text, "\" is no probability; write e.g. 50%, 12.5% or 0.5"));
  return static_cast<uint32_t>(*bp);
}

}  // namespace recount::tools
