#include "domain/rulebook.h"

#include <algorithm>

namespace recount::domain {
namespace {

int64_t EffectiveDayOf(const v1::RuleProposal& rule) {
  if (!rule.has_effective_from()) return kBeginning;
  const google::type::Date& date = rule.effective_from();
  return DayFromCivil(date.year(), date.month(), date.day());
}

}  // namespace

v1::RuleKind KindOf(const v1::RuleContent& content) {
  return static_cast<v1::RuleKind>(content.content_case());  // field numbers are those of RuleKind
}

absl::string_view KindName(v1::RuleKind kind) {
  switch (kind) {
    case v1::RULE_KIND_PIPELINES:
      return "pipelines";
    case v1::RULE_KIND_PROBABILITIES:
      return "probabilities";
    case v1::RULE_KIND_REASONS:
      return "reasons";
    case v1::RULE_KIND_CALENDAR:
      return "calendar";
    case v1::RULE_KIND_EXCHANGE_RATES:
      return "exchange_rates";
    case v1::RULE_KIND_ORG_CHART:
      return "org_chart";
    case v1::RULE_KIND_FIELD_SCHEMA:
      return "field_schema";
    case v1::RULE_KIND_UNSPECIFIED:
    case v1::RuleKind_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::RuleKind_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return "";
}

void Rulebook::Apply(const v1::Event& event) {
  ApplyRaw(event.position(), MicrosFrom(event.recorded_time()), event.actor(),
           event.payload().rule());
}

void Rulebook::ApplyRaw(uint64_t position, int64_t recorded_micros, absl::string_view actor,
                        const v1::RuleEvent& event) {
  if (position <= position_) return;  // known already
  switch (event.event_case()) {
    case v1::RuleEvent::kPublished: {
      RuleVersionEntry entry;
      entry.position = position;
      entry.recorded_micros = recorded_micros;
      entry.actor = std::string(actor);
      entry.rule = event.published().rule();
      entry.comment = event.published().comment();
      entry.effective_day = EffectiveDayOf(entry.rule);
      versions_[KindOf(entry.rule.content())].push_back(std::move(entry));
      break;
    }
    case v1::RuleEvent::kWithdrawn:
      for (auto& [kind, versions] : versions_) {
        for (RuleVersionEntry& entry : versions) {
          if (entry.position == event.withdrawn().published_position() &&
              entry.withdrawn_position == 0) {
            entry.withdrawn_position = position;
          }
        }
      }
      break;
    case v1::RuleEvent::EVENT_NOT_SET:
      return;
  }
  position_ = position;
}

Rulebook Rulebook::UpTo(uint64_t position) const {
  Rulebook book;
  for (const auto& [kind, versions] : versions_) {
    for (const RuleVersionEntry& entry : versions) {
      if (entry.position > position) continue;
      std::vector<RuleVersionEntry>& kept = book.versions_[kind];
      kept.push_back(entry);
      book.position_ = std::max(book.position_, entry.position);
      if (entry.withdrawn_position > position) {
        kept.back().withdrawn_position = 0;
      } else {
        book.position_ = std::max(book.position_, entry.withdrawn_position);
      }
    }
  }
  return book;
}

Rulebook Rulebook::WithDraft(absl::Span<const v1::RuleProposal> proposals) const {
  Rulebook book = *this;
  for (const v1::RuleProposal& proposal : proposals) {
    RuleVersionEntry entry;
    entry.rule = proposal;
    entry.effective_day = EffectiveDayOf(proposal);
    book.versions_[KindOf(proposal.content())].push_back(std::move(entry));
  }
  return book;
}

Rulebook Rulebook::WithoutVersion(uint64_t position) const {
  Rulebook book = *this;
  for (auto& [kind, versions] : book.versions_) {
    for (RuleVersionEntry& entry : versions) {
      if (entry.position == position && entry.withdrawn_position == 0)
        entry.withdrawn_position = position_ + 1;
    }
  }
  return book;
}

const std::vector<RuleVersionEntry>& Rulebook::Versions(v1::RuleKind kind) const {
  static const std::vector<RuleVersionEntry>& none = *new std::vector<RuleVersionEntry>();
  const auto found = versions_.find(kind);
  return found == versions_.end() ? none : found->second;
}

const RuleVersionEntry* Rulebook::InForce(v1::RuleKind kind, int64_t day) const {
  const RuleVersionEntry* best = nullptr;
  for (const RuleVersionEntry& entry : Versions(kind)) {  // in order of publication
    if (entry.withdrawn_position != 0 || entry.effective_day > day) continue;
    if (best == nullptr || entry.effective_day >= best->effective_day) best = &entry;
  }
  return best;
}

namespace {
const v1::RuleContent& ContentOf(const RuleVersionEntry* entry) {
  return entry == nullptr ? v1::RuleContent::default_instance() : entry->rule.content();
}
}  // namespace

const v1::PipelinesRule& Rulebook::Pipelines(int64_t day) const {
  return ContentOf(InForce(v1::RULE_KIND_PIPELINES, day)).pipelines();
}
const v1::ProbabilitiesRule& Rulebook::Probabilities(int64_t day) const {
  return ContentOf(InForce(v1::RULE_KIND_PROBABILITIES, day)).probabilities();
}
const v1::ReasonsRule& Rulebook::Reasons(int64_t day) const {
  return ContentOf(InForce(v1::RULE_KIND_REASONS, day)).reasons();
}
const v1::CalendarRule& Rulebook::CalendarOn(int64_t day) const {
  return ContentOf(InForce(v1::RULE_KIND_CALENDAR, day)).calendar();
}
const v1::FieldSchemaRule& Rulebook::FieldSchema(int64_t day) const {
  return ContentOf(InForce(v1::RULE_KIND_FIELD_SCHEMA, day)).field_schema();
}
const v1::OrgChartRule& Rulebook::OrgChart(int64_t day) const {
  return ContentOf(InForce(v1::RULE_KIND_ORG_CHART, day)).org_chart();
}
const v1::ExchangeRatesRule& Rulebook::ExchangeRates(int64_t day) const {
  return ContentOf(InForce(v1::RULE_KIND_EXCHANGE_RATES, day)).exchange_rates();
}

}  // namespace recount::domain
