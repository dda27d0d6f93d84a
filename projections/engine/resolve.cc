#include "projections/engine/resolve.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/aggregate.h"
#include "domain/missing.h"
#include "domain/money.h"
#include "domain/refusal.h"
#include "eventstore/event_log.h"
#include "projections/engine/group_keys.h"
#include "projections/engine/sight.h"
#include "projections/engine/tokens.h"

namespace recount::projections {
namespace {

constexpr size_t kCarriedDraftBytes = 4096;  // in every token: larger drafts go by their hash

bool UsesPeriod(const Expr& expr) {
  if (expr == nullptr) return false;
  return expr->name == "in_period" || std::any_of(expr->parts.begin(), expr->parts.end(), UsesPeriod);
}

class Resolver {
 public:
  Resolver(const ResolveInput& input, storage::v1::Pin* pin)
      : input_(input), context_(*input.context), definition_(*input.definition), parameters_(input.parameters), pin_(*pin),
        query_(std::make_unique<Query>()) {}

  absl::StatusOr<std::unique_ptr<Query>> Run() {
    query_->context = &context_;
    query_->definition = &definition_;
    query_->parameters = parameters_;
    query_->language = input_.language;
    query_->substitution = input_.substitution;
    query_->halt = std::make_unique<Halt>(context_.goes_on);
    query_->texts = std::make_shared<Texts>(context_.snapshot->dictionary());
    query_->subject = SubjectOfDefinition(definition_);
    if (query_->subject == nullptr) {
      return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat("subject: there is no subject `", definition_.subject(), "`"), "subject");
    }
    if (auto status = CheckMeant(definition_, parameters_); !status.ok()) return status;
    for (auto step : {&Resolver::Mode, &Resolver::Currency, &Resolver::Moments, &Resolver::Rights, &Resolver::RuleBook, &Resolver::ValidAt,
                      &Resolver::Worlds, &Resolver::Expressions, &Resolver::Record}) {
      if (auto status = (this->*step)(); !status.ok()) return status;
    }
    Echo();
    return std::move(query_);
  }

 private:
  absl::Status Mode() {
    std::vector<std::string> ids;
    for (const v1::Mode& mode : definition_.modes()) {
      ids.push_back(mode.id());
      if (mode.id() == parameters_.mode()) query_->mode = &mode;
    }
    if (parameters_.mode().empty() && !ids.empty()) query_->mode = &definition_.modes(0);
    if (!parameters_.mode().empty() && query_->mode == nullptr) {
      return BadParameter("mode", absl::StrCat("no mode `", parameters_.mode(), "`; there is: ", absl::StrJoin(ids, ", ")));
    }
    if (parameters_.group_by_size() > 5) return BadParameter("group_by", "at most 5 dimensions");
    return absl::OkStatus();
  }

  absl::Status Currency() {
    if (parameters_.currency().empty() || domain::MinorDigits(parameters_.currency())) return absl::OkStatus();
    return domain::Refuse(v1::UNKNOWN_CURRENCY, absl::StrCat("`", parameters_.currency(), "` is no ISO 4217 currency"),
                          "parameters.currency");
  }

  // The calendar that dates given as points are read by: of the newest rules, on the day itself.
  absl::StatusOr<domain::Calendar> CalendarFor(const v1::DateOrTime& time) const {
    int64_t day = std::numeric_limits<int32_t>::max();
    if (time.has_date()) {
      auto given = domain::DayFromDate(time.date(), "parameters");
      if (!given.ok()) return given.status();
      day = *given;
    }
    return domain::Calendar::Make(Head().CalendarOn(day));
  }
  const domain::Rulebook& Head() const {
    return HeadRules(context_);
  }
  absl::StatusOr<uint64_t> PositionOf(const v1::AsOf& as_of) const {
    auto calendar = CalendarFor(as_of.time());
    if (!calendar.ok()) return calendar.status();
    return ResolvePosition(as_of, *calendar, context_);
  }

  absl::Status Moments() {
    if (input_.pin != nullptr) {
      pin_ = *input_.pin;
      if (auto status = CheckWithinHead(pin_.position(), context_); !status.ok()) return status;
      return CheckReached(pin_.position(), context_);
    }
    auto position = PositionOf(parameters_.as_of());
    if (!position.ok()) return position.status();
    pin_.set_position(*position);
    return absl::OkStatus();
  }

  absl::Status Rights() {
    if (input_.pin == nullptr) {
      if (auto status = SetRights(parameters_, context_, &pin_); !status.ok()) return status;
    }
    return CheckRights(pin_, context_);
  }

  absl::Status RuleBook() {
    const v1::RuleBasis& basis = parameters_.rule_basis();
    query_->basis.mutable_rule_basis()->CopyFrom(basis);
    if (basis.kind() == v1::RULE_BASIS_KIND_UNSPECIFIED) query_->basis.mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_CURRENT);
    if (input_.pin == nullptr) {
      uint64_t up_to = pin_.position();
      if (basis.kind() == v1::RULE_BASIS_KIND_HEAD) up_to = Head().position();
      if (basis.kind() == v1::RULE_BASIS_KIND_AT) {
        auto at = PositionOf(basis.at());
        if (!at.ok()) return at.status();
        up_to = *at;
      }
      pin_.set_rules_position(up_to);
      if (auto status = Draft(basis); !status.ok()) return status;
    }
    if (input_.pin != nullptr) {
      if (auto status = PinnedDraft(basis); !status.ok()) return status;
    }
    if (input_.substitution == nullptr) {
      book_ = Head().UpTo(pin_.rules_position());
    } else {
      draft_ = SubstitutedDraft(draft_, *input_.substitution);
      book_ = SubstitutedRules(Head(), pin_.rules_position(), *input_.substitution);
    }
    if (!draft_.empty()) book_ = book_.WithDraft(draft_);
    return absl::OkStatus();
  }

  absl::Status Draft(const v1::RuleBasis& basis) {
    if (basis.kind() != v1::RULE_BASIS_KIND_DRAFT) return absl::OkStatus();
    if (basis.draft().empty() || context_.draft == nullptr) return BadParameter("rule_basis.draft", "name the draft, `drafts/...`");
    auto proposals = context_.draft(basis.draft());
    if (!proposals.ok()) return proposals.status();
    draft_ = *std::move(proposals);
    size_t bytes = 0;
    for (const v1::RuleProposal& proposal : draft_) bytes += proposal.ByteSizeLong();
    if (bytes > kCarriedDraftBytes) {
      pin_.set_draft_hash(HashOfDraft());
    } else {
      pin_.mutable_draft()->Assign(draft_.begin(), draft_.end());
    }
    return absl::OkStatus();
  }

  // A draft as it was when the token was made: carried by the token, or still the same.
  absl::Status PinnedDraft(const v1::RuleBasis& basis) {
    draft_.assign(pin_.draft().begin(), pin_.draft().end());
    if (pin_.draft_hash().empty()) return absl::OkStatus();
    auto proposals = context_.draft(basis.draft());
    if (proposals.ok()) draft_ = *std::move(proposals);
    if (proposals.ok() && HashOfDraft() == pin_.draft_hash()) return absl::OkStatus();
    return domain::Refuse(v1::TOKEN_INVALID, absl::StrCat("the draft ", basis.draft(), " has changed since: ask the report again"),
                          "page_token");
  }
  std::string HashOfDraft() const {
    std::string bytes;
    for (const v1::RuleProposal& proposal : draft_) absl::StrAppend(&bytes, proposal.ByteSizeLong(), ":", Bytes(proposal));
    return Sha256(bytes);
  }

  absl::Status ValidAt() {
    auto recorded = RecordedAt(pin_.position(), context_);
    if (!recorded.ok()) return recorded.status();
    query_->basis.mutable_recorded_time()->CopyFrom(domain::TimestampFrom(*recorded));
    if (input_.pin == nullptr) {
      pin_.set_valid_at_micros(*recorded);
      if (auto status = Given(parameters_.valid_at(), "parameters.valid_at", &Pin::set_valid_at_micros); !status.ok()) return status;
    }
    auto rules = Rules::Make(book_, pin_.valid_at_micros());
    if (!rules.ok()) return rules.status();
    rules_ = *rules;
    if (auto status = Period(); !status.ok()) return status;
    return definition_.has_movement() && input_.pin == nullptr ? Movement() : absl::OkStatus();
  }
  using Pin = storage::v1::Pin;
  absl::Status Given(const v1::DateOrTime& time, absl::string_view field, void (Pin::*set)(int64_t)) {
    if (time.value_case() == v1::DateOrTime::VALUE_NOT_SET) return absl::OkStatus();
    auto calendar = CalendarFor(time);
    if (!calendar.ok()) return calendar.status();
    auto micros = ResolveTime(time, *calendar, field);
    if (!micros.ok()) return micros.status();
    (pin_.*set)(*micros);
    return absl::OkStatus();
  }

  absl::Status Period() {
    query_->period_text = parameters_.period();
    auto period = rules_->calendar.ParsePeriod(parameters_.period());
    if (!period.ok()) return period.status();
    query_->period = *period;
    if (pin_.has_last_day()) query_->period.last_day = pin_.last_day();
    return absl::OkStatus();
  }

  // A movement closes at the end of its period, and opens at the instant before it.
  absl::Status Movement() {
    const domain::Period& period = query_->period;
    const bool open = parameters_.valid_at().value_case() == v1::DateOrTime::VALUE_NOT_SET;
    if (open && period.last_day) {
      const int64_t end = rules_->calendar.EndOf(*period.last_day) - 1;
      if (end < pin_.valid_at_micros()) pin_.set_valid_at_micros(end);
      auto rules = Rules::Make(book_, pin_.valid_at_micros());
      if (!rules.ok()) return rules.status();
      rules_ = *rules;
    }
    pin_.set_opening_position(pin_.position());
    pin_.set_opening_valid_at_micros(domain::kBeginning);
    if (period.first_day) {
      pin_.set_opening_valid_at_micros(std::min(rules_->calendar.StartOf(*period.first_day) - 1, pin_.valid_at_micros()));
    }
    if (parameters_.opening_as_of().at_case() != v1::AsOf::AT_NOT_SET) {
      auto position = PositionOf(parameters_.opening_as_of());
      if (!position.ok()) return position.status();
      pin_.set_opening_position(*position);
      auto recorded = RecordedAt(*position, context_);
      if (!recorded.ok()) return recorded.status();
      if (!period.first_day) pin_.set_opening_valid_at_micros(*recorded);
    }
    return Given(parameters_.opening_valid_at(), "parameters.opening_valid_at", &Pin::set_opening_valid_at_micros);
  }

  absl::Status Worlds() {
    WorldOptions options;
    const Snapshot* facts = context_.snapshot;
    if (input_.substitution != nullptr && input_.substitution->earlier != nullptr) {
      query_->earlier = std::make_unique<EarlierSnapshot>(facts, input_.substitution->earlier, pin_.position(), OpeningPosition());
      facts = query_->earlier.get();
    }
    query_->facts = std::make_unique<RezonedSnapshot>(facts, rules_->calendar);
    options.snapshot = query_->facts.get();
    options.halt = query_->halt.get();
    options.rows_of_part = context_.rows_of_part;
    options.moment = {pin_.position(), pin_.valid_at_micros()};
    options.rules = rules_;
    options.as_recorded = parameters_.rule_basis().kind() == v1::RULE_BASIS_KIND_AS_RECORDED;
    options.attribution = parameters_.attribution() != v1::ATTRIBUTION_UNSPECIFIED ? parameters_.attribution()
                          : definition_.default_attribution() != v1::ATTRIBUTION_UNSPECIFIED
                              ? definition_.default_attribution()
                              : v1::ATTRIBUTION_CURRENT;
    options.currency = parameters_.currency();
    options.period = query_->period;
    options.sight = SightOf(pin_, context_, *query_->texts);
    query_->world = std::make_unique<World>(options, query_->texts.get());
    if (definition_.has_movement()) {
      options.moment = {pin_.opening_position(), pin_.opening_valid_at_micros()};
      // Looked up for the opening's own day; before all time there is none.
      if (options.moment.valid_at != domain::kBeginning) {
        auto rules = Rules::Make(OpeningBook(), options.moment.valid_at);
        if (!rules.ok()) return rules.status();
        options.rules = *rules;
      }
      query_->opening = std::make_unique<World>(options, query_->texts.get());
    }
    return absl::OkStatus();
  }

  uint64_t OpeningPosition() const { return definition_.has_movement() ? pin_.opening_position() : pin_.position(); }

  // The opening counts as any other report of its moment: the same basis, of what was published up to its own position.
  domain::Rulebook OpeningBook() const {
    const v1::RuleBasisKind kind = parameters_.rule_basis().kind();
    const bool fixed = kind == v1::RULE_BASIS_KIND_HEAD || kind == v1::RULE_BASIS_KIND_AT;
    if (fixed || pin_.opening_position() == pin_.position()) return book_;
    domain::Rulebook book = Head().UpTo(pin_.opening_position());
    return draft_.empty() ? book : book.WithDraft(draft_);
  }

  absl::Status Expressions() {
    Schema schema;
    schema.snapshot = context_.snapshot;
    const v1::FieldSchemaRule custom = rules_->book.FieldSchema(rules_->day);
    schema.custom_fields = &custom;
    schema.calendar = &rules_->calendar;
    if (auto status = ReadArguments(definition_, parameters_, rules_.get(), &schema); !status.ok()) return status;
    for (const auto& [id, value] : schema.arguments) query_->arguments[id] = ArgumentText(*value);
    if (auto status = CompileDefinition(schema, query_.get()); !status.ok()) return status;
    return CheckPeriodCounts();
  }

  // A period that nothing looks at would be ignored in silence.
  absl::Status CheckPeriodCounts() const {
    const bool by_entry = definition_.has_funnel() && ArgumentOf(*query_, "by") == "period";
    const bool own_time = definition_.has_movement() || definition_.has_timeline() || by_entry;
    if (query_->period_text.empty() || own_time || query_->axis != nullptr || UsesPeriod(query_->where)) return absl::OkStatus();
    if (query_->mode != nullptr && query_->mode->by_measure_axis()) return absl::OkStatus();
    for (const QueryMeasure& measure : query_->all_measures) {
      if (UsesPeriod(measure.expr) || UsesPeriod(measure.where)) return absl::OkStatus();
    }
    return BadParameter("period", absl::StrCat("`", definition_.id(), "` looks at one moment",
                                               query_->mode == nullptr ? "" : absl::StrCat(" in mode ", query_->mode->id()),
                                               ": give valid_at, or filter by a time"));
  }

  absl::Status Record() {
    if (!definition_.has_timeline()) return absl::OkStatus();
    if (auto status = CheckTimeline(parameters_, !query_->group_by.empty()); !status.ok()) return status;
    const v1::Ref& ref = parameters_.record();
    if (ref.ref_case() == v1::Ref::REF_NOT_SET) return BadParameter("record", "name the record, e.g. `deals/4711`");
    std::string collection = parameters_.collection();
    if (ref.ref_case() == v1::Ref::kName) {
      const std::string own = ref.name().substr(0, ref.name().find('/'));
      if (!collection.empty() && collection != own) {
        return domain::Refuse(v1::FIELD_INVALID, absl::StrCat("`", ref.name(), "` is none of ", collection), "parameters.collection");
      }
      collection = own;
    }
    if (collection.empty()) return BadParameter("collection", "an external id needs its collection, e.g. `deals`");
    if (context_.resolve == nullptr) {
      query_->record = ref.name();
      return absl::OkStatus();
    }
    auto name = context_.resolve(collection, ref);
    if (!name.ok()) return name.status();
    query_->record = *name;
    return CheckThere(*name);
  }

  // A record that was not there yet is answered as a server stopped there would have: there is none (decisions.md 2).
  absl::Status CheckThere(absl::string_view name) const {
    bool is_there = false;
    const auto first = [&](const eventstore::StreamEvent& event) {
      is_there = event.position <= pin_.position();
      return false;
    };
    const absl::Status read = context_.log->ReadStream(context_.tenant, name, 0, eventstore::Direction::kForward, first);
    if (!read.ok() || (is_there && SeesRecord(*query_->world, name))) return read;
    const v1::Ref& ref = parameters_.record();
    if (query_->world->options().sight != nullptr && ref.has_external()) {  // as of one that leads nowhere
      return domain::NoneHas(domain::CollectionOf(name), ref.external());
    }
    return domain::Refuse(v1::RECORD_NOT_FOUND, absl::StrCat("there is no ", name, " as of position ", pin_.position()),
                          "parameters.record", {{"name", name}});
  }

  void Echo() {
    v1::Basis& basis = query_->basis;
    basis.set_report(definition_.id());
    basis.set_definition_version(definition_.version());
    basis.set_position(pin_.position());
    basis.mutable_valid_at()->CopyFrom(domain::TimestampFrom(pin_.valid_at_micros()));
    basis.set_rulebook_position(std::min<uint64_t>(pin_.rules_position(), book_.position()));
    if (query_->period.first_day) *basis.mutable_period_first() = domain::DateFromDay(*query_->period.first_day);
    if (query_->period.last_day) *basis.mutable_period_last() = domain::DateFromDay(*query_->period.last_day);
    if (query_->mode != nullptr) basis.set_mode(query_->mode->id());
    basis.set_attribution(query_->world->options().attribution);
    for (const QueryDimension& dimension : query_->group_by) basis.add_group_by(dimension.dimension->id());
    basis.set_filter(parameters_.filter());
    basis.set_currency(parameters_.currency());
    basis.set_zone(rules_->calendar.zone());
    basis.set_generation(context_.snapshot->generation());
    basis.set_rights(pin_.rights());
    EchoShape();
  }

  void EchoShape() {
    v1::Basis& basis = query_->basis;
    for (const auto& [id, text] : query_->arguments) (*basis.mutable_arguments())[id] = text;
    for (const int index : query_->shown) basis.add_measures(query_->all_measures[index].measure->id());
    basis.set_record(query_->record);
    if (query_->opening == nullptr) return;
    const struct Moment& opening = query_->opening->moment();
    basis.set_opening_position(opening.position);
    if (opening.valid_at == domain::kBeginning) return;  // no Timestamp is before everything
    *basis.mutable_opening_valid_at() = domain::TimestampFrom(opening.valid_at);
  }

  const ResolveInput& input_;
  const EngineContext& context_;
  const v1::ReportDefinition& definition_;
  const v1::ReportParameters& parameters_;
  Pin& pin_;
  std::unique_ptr<Query> query_;
  std::vector<v1::RuleProposal> draft_;
  domain::Rulebook book_;
  std::shared_ptr<const Rules> rules_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Query>> Resolve(const ResolveInput& input, storage::v1::Pin* pin) {
  return Resolver(input, pin).Run();
}

}  // namespace recount::projections
