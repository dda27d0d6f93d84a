// What rules must satisfy to be published: the content of each kind, and how it fits what was published before.
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "domain/money.h"
#include "domain/refusal.h"
#include "domain/rules.h"

namespace recount::domain {
namespace {

absl::Status Invalid(absl::string_view message, absl::string_view place) {
  return Refuse(v1::RULE_INVALID, message, place, {{"place", place}});
}

// Ids are there and differ.
template <typename Elements>
absl::Status CheckIds(const Elements& elements, absl::string_view place) {
  std::set<std::string> seen;
  for (int i = 0; i < elements.size(); ++i) {
    const std::string at = absl::StrCat(place, "[", i, "].id");
    if (elements[i].id().empty()) return Invalid("an id is needed", at);
    if (!seen.insert(elements[i].id()).second) return Invalid(absl::StrCat("the id '", elements[i].id(), "' is there twice"), at);
  }
  return absl::OkStatus();
}

// ---- K-01 ----

bool HasStage(const v1::PipelinesRule& rule, absl::string_view pipeline, absl::string_view stage) {
  for (const v1::Pipeline& known : rule.pipelines()) {
    if (known.id() != pipeline) continue;
    for (const v1::Stage& of : known.stages()) {
      if (of.id() == stage) return true;
    }
  }
  return false;
}

absl::Status CheckStageMaps(const v1::PipelinesRule& rule, absl::string_view place) {
  for (int m = 0; m < rule.stage_maps_size(); ++m) {
    for (const auto& [former, now] : rule.stage_maps(m).stages()) {
      const std::string at = absl::StrCat(place, ".stage_maps[", m, "].stages[", former, "]");
      if (former.empty()) return Invalid("a former stage needs an id", at);
      if (HasStage(rule, rule.stage_maps(m).pipeline(), former)) {
        return Invalid(absl::StrCat("the stage '", former, "' stands in this version and cannot be mapped"), at);
      }
      if (now.empty() || HasStage(rule, rule.stage_maps(m).pipeline(), now)) continue;
      return Invalid(absl::StrCat("the pipeline '", rule.stage_maps(m).pipeline(), "' has no stage '", now, "' in this version"), at);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPipelines(const v1::PipelinesRule& rule, const Rulebook& with, int64_t day, absl::string_view place) {
  const std::string pipelines = absl::StrCat(place, ".pipelines");
  if (rule.pipelines().empty()) return Invalid("at least one pipeline is needed", pipelines);
  RECOUNT_RETURN_IF_ERROR(CheckIds(rule.pipelines(), pipelines));
  for (int p = 0; p < rule.pipelines_size(); ++p) {
    const std::string stages = absl::StrCat(pipelines, "[", p, "].stages");
    if (rule.pipelines(p).stages().empty()) return Invalid("a pipeline needs stages", stages);
    RECOUNT_RETURN_IF_ERROR(CheckIds(rule.pipelines(p).stages(), stages));
    if (rule.pipelines(p).stages(0).meaning() != v1::STAGE_MEANING_UNSPECIFIED) {
      return Invalid("the first stage of a pipeline is one of open deals", absl::StrCat(stages, "[0].meaning"));
    }
  }
  RECOUNT_RETURN_IF_ERROR(CheckStageMaps(rule, place));
  std::string missing;
  for (const auto& [pipeline, stage] : UnmappedStages(with, day)) {
    absl::StrAppend(&missing, missing.empty() ? "" : ", ", pipeline, "/", stage);
  }
  if (missing.empty()) return absl::OkStatus();
  return Refuse(v1::STAGE_MAP_NOT_TOTAL,
                absl::StrCat("former stages are neither in this version nor mapped: ", missing,
                             "; map each to a stage, or to an empty id for `unknown before this version`"),
                absl::StrCat(place, ".stage_maps"), {{"stages", missing}});
}

// ---- K-02 ----

absl::Status CheckProbabilities(const v1::ProbabilitiesRule& rule, const Rulebook& with, absl::string_view place) {
  std::set<std::pair<std::string, std::string>> seen;
  for (int i = 0; i < rule.probabilities_size(); ++i) {
    const v1::StageProbability& row = rule.probabilities(i);
    const std::string at = absl::StrCat(place, ".probabilities[", i, "]");
    if (row.probability_bp() > 10000) return Invalid("a probability lies within 0 and 10,000 basis points", at);
    if (!seen.emplace(row.pipeline(), row.stage()).second) {
      return Invalid(absl::StrCat("the stage '", row.stage(), "' is there twice"), at);
    }
    bool is_known = false;
    for (const RuleVersionEntry& entry : with.Versions(v1::RULE_KIND_PIPELINES)) {
      is_known |= entry.withdrawn_position == 0 && HasStage(entry.rule.content().pipelines(), row.pipeline(), row.stage());
    }
    if (!is_known) {
      return Invalid(absl::StrCat("no published pipeline '", row.pipeline(), "' has a stage '", row.stage(), "'"), at);
    }
  }
  return absl::OkStatus();
}

// ---- K-09 ----

absl::Status CheckCalendar(const v1::CalendarRule& rule, absl::string_view place) {
  for (int i = 0; i < rule.holidays_size(); ++i) {
    if (DayFromDate(rule.holidays(i), "").ok()) continue;
    return Invalid("a holiday is no date", absl::StrCat(place, ".holidays[", i, "]"));
  }
  RECOUNT_RETURN_IF_ERROR(Calendar::Make(rule).status());
  if (rule.week_start() > 7) return Invalid("a week starts on 1 (Monday) to 7 (Sunday)", absl::StrCat(place, ".week_start"));
  if (rule.fiscal_year_start_month() > 12) {
    return Invalid("a fiscal year starts in a month from 1 to 12", absl::StrCat(place, ".fiscal_year_start_month"));
  }
  for (int i = 0; i < rule.working_days_size(); ++i) {
    if (rule.working_days(i) >= 1 && rule.working_days(i) <= 7) continue;
    return Invalid("a working day is 1 (Monday) to 7 (Sunday)", absl::StrCat(place, ".working_days[", i, "]"));
  }
  return absl::OkStatus();
}

// ---- K-10 ----

absl::Status CheckExchangeRates(const v1::ExchangeRatesRule& rule, absl::string_view place) {
  std::set<std::tuple<std::string, std::string, int32_t>> seen;
  for (int i = 0; i < rule.rates_size(); ++i) {
    const v1::ExchangeRate& rate = rule.rates(i);
    const std::string at = absl::StrCat(place, ".rates[", i, "]");
    for (const std::string& currency : {rate.from(), rate.to()}) {
      if (MinorDigits(currency).has_value()) continue;
      return Refuse(v1::UNKNOWN_CURRENCY, absl::StrCat("'", currency, "' is no ISO 4217 currency"), at, {{"place", at}});
    }
    if (rate.from() == rate.to()) return Invalid("a rate is between two currencies", at);
    if (rate.rate_nanos() <= 0) return Invalid("a rate is above zero", at);
    const absl::StatusOr<int32_t> day = DayFromDate(rate.date(), at);
    if (!day.ok()) return Invalid("a rate needs its first day", at);
    if (!seen.emplace(rate.from(), rate.to(), *day).second) return Invalid("two rates of one pair start on one day", at);
  }
  return absl::OkStatus();
}

// ---- K-15 ----

bool MayLieUnder(absl::string_view child, absl::string_view parent) {
  if (parent.empty()) return child == "users" || child == "teams" || child == "org_units";
  if (child == "users" || child == "teams") return parent == "teams" || parent == "org_units";
  return child == "org_units" && parent == "org_units";
}

absl::Status CheckOrgChart(const v1::OrgChartRule& rule, absl::string_view place) {
  std::set<std::pair<std::string, int64_t>> seen;
  for (int i = 0; i < rule.edges_size(); ++i) {
    const v1::OrgEdge& edge = rule.edges(i);
    const std::string at = absl::StrCat(place, ".edges[", i, "]");
    if (!MayLieUnder(CollectionOf(edge.child()), CollectionOf(edge.parent())) ||
        (!edge.parent().empty() && CollectionOf(edge.parent()).empty())) {
      return Invalid(absl::StrCat("'", edge.child(), "' cannot belong to '", edge.parent(),
                                  "': users belong to teams, teams and units to units"), at);
    }
    int64_t from = kBeginning;
    if (edge.has_from()) {
      const absl::StatusOr<int32_t> day = DayFromDate(edge.from(), at);
      if (!day.ok()) return Invalid("the first day is no date", at);
      from = *day;
    }
    if (!seen.emplace(edge.child(), from).second) {
      return Invalid(absl::StrCat("two edges of '", edge.child(), "' start on one day"), at);
    }
  }
  // A cycle comes to be on the day on which one of its edges starts.
  const OrgChart chart(rule);
  for (int i = 0; i < rule.edges_size(); ++i) {
    const v1::OrgEdge& edge = rule.edges(i);
    const int32_t day = edge.has_from() ? DayFromDate(edge.from(), "").value() : std::numeric_limits<int32_t>::min();
    for (const std::string& ancestor : chart.AncestorsOf(edge.child(), day)) {
      if (ancestor != edge.child()) continue;
      return Refuse(v1::ORG_CYCLE, absl::StrCat("'", edge.child(), "' would lie under itself"),
                    absl::StrCat(place, ".edges[", i, "]"), {{"child", edge.child()}});
    }
  }
  return absl::OkStatus();
}

// ---- K-04, K-21 ----

bool HasDataSubject(absl::string_view collection) {
  return collection == "leads" || collection == "persons" || collection == "organizations" || collection == "deals" ||
         collection == "users";
}

bool IsFieldId(absl::string_view id) {
  for (char c : id) {
    if (!absl::ascii_isalnum(c) && c != '_') return false;
  }
  return !id.empty();
}

absl::Status CheckField(const v1::FieldDefinition& field, absl::string_view at) {
  const int aggregate = AggregateOf(field.collection());
  if (aggregate == 0 || aggregate >= v1::EventPayload::kRule) {
    return Invalid(absl::StrCat("'", field.collection(), "' is no type of record"), at);
  }
  if (!IsFieldId(field.id())) return Invalid("a field id consists of letters, digits and _", at);
  if (field.type() == v1::FIELD_TYPE_UNSPECIFIED) return Invalid("a field needs a type", at);
  const bool has_options = field.type() == v1::FIELD_TYPE_OPTION || field.type() == v1::FIELD_TYPE_OPTIONS;
  if (!has_options && !field.options().empty()) return Invalid("only fields of options have options", at);
  if (field.personal() && !HasDataSubject(field.collection())) {
    return Invalid(absl::StrCat(field.collection(), " hold no personal data"), at);
  }
  return CheckIds(field.options(), absl::StrCat(at, ".options"));
}

using FieldTypes = std::map<std::pair<std::string, std::string>, v1::FieldType>;  // by collection and id

// Facts keep the currency of a money field as `{id}_currency` beside it: another field of that id would overwrite it.
absl::Status CheckCurrencyName(const v1::FieldDefinition& field, const FieldTypes& types, absl::string_view at) {
  const auto is_money = [&](const std::string& id) {
    const auto found = types.find({field.collection(), id});
    return found != types.end() && found->second == v1::FIELD_TYPE_MONEY;
  };
  const std::string money(absl::StripSuffix(field.id(), "_currency"));
  if (money != field.id() && is_money(money)) {
    return Invalid(absl::StrCat("'", field.id(), "' is the name of the currency of the field '", money, "'"), at);
  }
  const std::string currency = absl::StrCat(field.id(), "_currency");
  if (field.type() == v1::FIELD_TYPE_MONEY && types.contains({field.collection(), currency})) {
    return Invalid(absl::StrCat("there is a field '", currency, "', the name of this field's currency"), at);
  }
  return absl::OkStatus();
}

absl::Status CheckFieldSchema(const v1::FieldSchemaRule& rule, const Rulebook& rules, absl::string_view place) {
  FieldTypes former;
  for (const RuleVersionEntry& entry : rules.Versions(v1::RULE_KIND_FIELD_SCHEMA)) {
    for (const v1::FieldDefinition& field : entry.rule.content().field_schema().fields()) {
      former[{field.collection(), field.id()}] = field.type();
    }
  }
  FieldTypes all = former;
  for (const v1::FieldDefinition& field : rule.fields()) all.try_emplace({field.collection(), field.id()}, field.type());
  std::set<std::pair<std::string, std::string>> seen;
  for (int i = 0; i < rule.fields_size(); ++i) {
    const v1::FieldDefinition& field = rule.fields(i);
    const std::string at = absl::StrCat(place, ".fields[", i, "]");
    RECOUNT_RETURN_IF_ERROR(CheckField(field, at));
    if (!seen.emplace(field.collection(), field.id()).second) {
      return Invalid(absl::StrCat("the field '", field.id(), "' of ", field.collection(), " is there twice"), at);
    }
    RECOUNT_RETURN_IF_ERROR(CheckCurrencyName(field, all, at));
    const auto known = former.find({field.collection(), field.id()});
    if (known == former.end() || known->second == field.type()) continue;
    return Refuse(v1::RULE_NOT_RETROACTIVE,
                  absl::StrCat("the field '", field.id(), "' was published as ", v1::FieldType_Name(known->second),
                               "; another type needs another field id"),
                  at, {{"place", at}});
  }
  return absl::OkStatus();
}

absl::Status CheckContent(const v1::RuleProposal& proposal, const Rulebook& rules, const Rulebook& with, int64_t day,
                          absl::string_view place) {
  const v1::RuleContent& content = proposal.content();
  switch (content.content_case()) {
    case v1::RuleContent::kPipelines:
      return CheckPipelines(content.pipelines(), with, day, absl::StrCat(place, ".pipelines"));
    case v1::RuleContent::kProbabilities:
      return CheckProbabilities(content.probabilities(), with, absl::StrCat(place, ".probabilities"));
    case v1::RuleContent::kReasons:
      return CheckIds(content.reasons().reasons(), absl::StrCat(place, ".reasons.reasons"));
    case v1::RuleContent::kCalendar:
      return CheckCalendar(content.calendar(), absl::StrCat(place, ".calendar"));
    case v1::RuleContent::kExchangeRates:
      return CheckExchangeRates(content.exchange_rates(), absl::StrCat(place, ".exchange_rates"));
    case v1::RuleContent::kOrgChart:
      return CheckOrgChart(content.org_chart(), absl::StrCat(place, ".org_chart"));
    case v1::RuleContent::kFieldSchema:
      return CheckFieldSchema(content.field_schema(), rules, absl::StrCat(place, ".field_schema"));
    case v1::RuleContent::CONTENT_NOT_SET:
      break;
  }
  return Refuse(v1::FIELD_REQUIRED, "a rule needs its content", place);
}

}  // namespace

absl::Status CheckProposals(const Rulebook& rules, const google::protobuf::RepeatedPtrField<v1::RuleProposal>& proposals) {
  std::set<int> kinds;
  for (int i = 0; i < proposals.size(); ++i) {
    if (proposals[i].has_effective_from()) {
      const std::string at = absl::StrCat("rules[", i, "].effective_from");
      RECOUNT_RETURN_IF_ERROR(DayFromDate(proposals[i].effective_from(), at).status());
    }
    if (kinds.insert(proposals[i].content().content_case()).second) continue;
    return Invalid("there are two rules of one kind", absl::StrCat("rules[", i, "]"));
  }
  const Rulebook with = rules.WithDraft(std::vector<v1::RuleProposal>(proposals.begin(), proposals.end()));
  for (int i = 0; i < proposals.size(); ++i) {
    const int64_t day = proposals[i].has_effective_from() ? DayFromDate(proposals[i].effective_from(), "").value() : kBeginning;
    RECOUNT_RETURN_IF_ERROR(CheckContent(proposals[i], rules, with, day, absl::StrCat("rules[", i, "].content")));
  }
  return absl::OkStatus();
}

}  // namespace recount::domain
