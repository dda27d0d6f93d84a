// What rules must satisfy to be published: the content of each kind, and how it fits what was
// published before.
#include "domain/rule_check.h"

#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "domain/money.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

// ---- K-02 ----

absl::Status CheckProbabilities(const v1::ProbabilitiesRule& rule, const Rulebook& with,
                                absl::string_view place) {
  std::set<std::pair<std::string, std::string>> seen;
  for (int i = 0; i < rule.probabilities_size(); ++i) {
    const v1::StageProbability& row = rule.probabilities(i);
    const std::string at = absl::StrCat(place, ".probabilities[", i, "]");
    if (row.probability_bp() > 10000)
      return InvalidRule("a probability lies within 0 and 10,000 basis points", at);
    if (!seen.emplace(row.pipeline(), row.stage()).second) {
      return InvalidRule(absl::StrCat("the stage '", row.stage(), "' is there twice"), at);
    }
    bool is_known = false;
    for (const RuleVersionEntry& entry : with.Versions(v1::RULE_KIND_PIPELINES)) {
      is_known |= entry.withdrawn_position == 0 &&
                  HasStage(entry.rule.content().pipelines(), row.pipeline(), row.stage());
    }
    if (!is_known) {
      return InvalidRule(absl::StrCat("no published pipeline '", row.pipeline(), "' has a stage '",
                                      row.stage(), "'"),
                         at);
    }
  }
  return absl::OkStatus();
}

// ---- K-09 ----

absl::Status CheckCalendar(const v1::CalendarRule& rule, absl::string_view place) {
  for (int i = 0; i < rule.holidays_size(); ++i) {
    if (DayFromDate(rule.holidays(i), "").ok()) continue;
    return InvalidRule("a holiday is no date", absl::StrCat(place, ".holidays[", i, "]"));
  }
  RECOUNT_RETURN_IF_ERROR(Calendar::Make(rule).status());
  if (rule.week_start() > 7)
    return InvalidRule("a week starts on 1 (Monday) to 7 (Sunday)",
                       absl::StrCat(place, ".week_start"));
  if (rule.fiscal_year_start_month() > 12) {
    return InvalidRule("a fiscal year starts in a month from 1 to 12",
                       absl::StrCat(place, ".fiscal_year_start_month"));
  }
  for (int i = 0; i < rule.working_days_size(); ++i) {
    if (rule.working_days(i) >= 1 && rule.working_days(i) <= 7) continue;
    return InvalidRule("a working day is 1 (Monday) to 7 (Sunday)",
                       absl::StrCat(place, ".working_days[", i, "]"));
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
      return Refuse(v1::UNKNOWN_CURRENCY, absl::StrCat("'", currency, "' is no ISO 4217 currency"),
                    at, {{"place", at}});
    }
    if (rate.from() == rate.to()) return InvalidRule("a rate is between two currencies", at);
    if (rate.rate_nanos() <= 0) return InvalidRule("a rate is above zero", at);
    const absl::StatusOr<int32_t> day = DayFromDate(rate.date(), at);
    if (!day.ok()) return InvalidRule("a rate needs its first day", at);
    if (!seen.emplace(rate.from(), rate.to(), *day).second)
      return InvalidRule("two rates of one pair start on one day", at);
  }
  return absl::OkStatus();
}

// ---- K-04, K-21 ----

bool HasDataSubject(absl::string_view collection) {
  return collection == "leads" || collection == "persons" || collection == "organizations" ||
         collection == "deals" || collection == "users";
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
    return InvalidRule(absl::StrCat("'", field.collection(), "' is no type of record"), at);
  }
  if (!IsFieldId(field.id()))
    return InvalidRule("a field id consists of letters, digits and _", at);
  if (field.type() == v1::FIELD_TYPE_UNSPECIFIED) return InvalidRule("a field needs a type", at);
  const bool has_options =
      field.type() == v1::FIELD_TYPE_OPTION || field.type() == v1::FIELD_TYPE_OPTIONS;
  if (!has_options && !field.options().empty())
    return InvalidRule("only fields of options have options", at);
  if (field.personal() && !HasDataSubject(field.collection())) {
    return InvalidRule(absl::StrCat(field.collection(), " hold no personal data"), at);
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
    return InvalidRule(absl::StrCat("'", field.id(), "' is the name of the currency of the field '", money, "'"), at);
  }
  const std::string currency = absl::StrCat(field.id(), "_currency");
  if (field.type() == v1::FIELD_TYPE_MONEY && types.contains({field.collection(), currency})) {
    return InvalidRule(absl::StrCat("there is a field '", currency, "', the name of this field's currency"), at);
  }
  return absl::OkStatus();
}

absl::Status CheckFieldSchema(const v1::FieldSchemaRule& rule, const Rulebook& rules,
                              absl::string_view place) {
  std::map<std::pair<std::string, std::string>, const v1::FieldDefinition*> former;
  for (const RuleVersionEntry& entry : rules.Versions(v1::RULE_KIND_FIELD_SCHEMA)) {
    for (const v1::FieldDefinition& field : entry.rule.content().field_schema().fields()) {
      former[{field.collection(), field.id()}] = &field;
    }
  }
  FieldTypes all;
  for (const auto& [name, field] : former) all[name] = field->type();
  for (const v1::FieldDefinition& field : rule.fields()) all.try_emplace({field.collection(), field.id()}, field.type());
  std::set<std::pair<std::string, std::string>> seen;
  for (int i = 0; i < rule.fields_size(); ++i) {
    const v1::FieldDefinition& field = rule.fields(i);
    const std::string at = absl::StrCat(place, ".fields[", i, "]");
    RECOUNT_RETURN_IF_ERROR(CheckField(field, at));
    if (!seen.emplace(field.collection(), field.id()).second) {
      return InvalidRule(
          absl::StrCat("the field '", field.id(), "' of ", field.collection(), " is there twice"),
          at);
    }
    RECOUNT_RETURN_IF_ERROR(CheckCurrencyName(field, all, at));
    const auto known = former.find({field.collection(), field.id()});
    if (known == former.end()) continue;
    if (known->second->type() != field.type()) {
      return Refuse(v1::RULE_NOT_RETROACTIVE,
                    absl::StrCat("the field '", field.id(), "' was published as ",
                                 v1::FieldType_Name(known->second->type()),
                                 "; another type needs another field id"),
                    at, {{"place", at}});
    }
    // What is in the log in clear stays there, and what is sealed is not to be had in reports.
    if (known->second->personal() == field.personal()) continue;
    return Refuse(
        v1::RULE_NOT_RETROACTIVE,
        absl::StrCat(
            "the field '", field.id(), "' was published as ",
            known->second->personal() ? "" : "not ",
            "personal, and its values are stored so; to change that needs another field id"),
        at, {{"place", at}});
  }
  return absl::OkStatus();
}

absl::Status CheckContent(const v1::RuleProposal& proposal, const Rulebook& rules,
                          const Rulebook& with, int64_t day, absl::string_view place) {
  const v1::RuleContent& content = proposal.content();
  switch (content.content_case()) {
    case v1::RuleContent::kPipelines:
      return CheckPipelines(content.pipelines(), rules, with, day,
                            absl::StrCat(place, ".pipelines"));
    case v1::RuleContent::kProbabilities:
      return CheckProbabilities(content.probabilities(), with,
                                absl::StrCat(place, ".probabilities"));
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

absl::Status InvalidRule(absl::string_view message, absl::string_view place) {
  return Refuse(v1::RULE_INVALID, message, place, {{"place", place}});
}

absl::Status CheckProposals(const Rulebook& rules,
                            const google::protobuf::RepeatedPtrField<v1::RuleProposal>& proposals) {
  std::set<int> kinds;
  for (int i = 0; i < proposals.size(); ++i) {
    if (proposals[i].has_effective_from()) {
      const std::string at = absl::StrCat("rules[", i, "].effective_from");
      RECOUNT_RETURN_IF_ERROR(DayFromDate(proposals[i].effective_from(), at).status());
    }
    if (kinds.insert(proposals[i].content().content_case()).second) continue;
    return InvalidRule("there are two rules of one kind", absl::StrCat("rules[", i, "]"));
  }
  const Rulebook with =
      rules.WithDraft(std::vector<v1::RuleProposal>(proposals.begin(), proposals.end()));
  for (int i = 0; i < proposals.size(); ++i) {
    const int64_t day = proposals[i].has_effective_from()
                            ? DayFromDate(proposals[i].effective_from(), "").value()
                            : kBeginning;
    RECOUNT_RETURN_IF_ERROR(
        CheckContent(proposals[i], rules, with, day, absl::StrCat("rules[", i, "].content")));
  }
  return absl::OkStatus();
}

}  // namespace recount::domain
