#include "projections/engine/history_fixture.h"

#include <algorithm>
#include <cmath>
#include <future>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "domain/aggregate.h"
#include "domain/refusal.h"
#include "google/rpc/error_details.pb.h"

namespace recount::projections {
namespace {

struct Moment {
  int64_t micros = 0;
  v1::Precision precision = v1::PRECISION_INSTANT;
};

int32_t DayOf(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '-');
  return domain::DayFromCivil(std::stoi(parts.at(0)), std::stoi(parts.at(1)), std::stoi(parts.at(2)));
}

Moment Parse(absl::string_view text, const domain::Calendar& calendar) {
  const std::pair<std::string, std::string> halves = absl::StrSplit(text, absl::MaxSplits(' ', 1));
  const int64_t day_micros = 86400000000LL * DayOf(halves.first);
  if (halves.second.empty()) return {calendar.StartOf(DayOf(halves.first)), v1::PRECISION_DAY};
  const std::pair<std::string, std::string> time = absl::StrSplit(halves.second, ':');
  return {day_micros + (std::stoi(time.first) * 60LL + std::stoi(time.second)) * 60000000LL, v1::PRECISION_INSTANT};
}

google::type::Money MoneyOf(int64_t units, const std::string& currency) {
  google::type::Money money;
  money.set_units(units);
  money.set_currency_code(currency);
  return money;
}

v1::EventPayload Deal(const v1::DealEvent& event) {
  v1::EventPayload payload;
  *payload.mutable_deal() = event;
  return payload;
}

v1::EventPayload StageChanged(const std::string& stage) {
  v1::DealEvent event;
  event.mutable_stage_changed()->set_stage(stage);
  return Deal(event);
}

std::string Stream(const std::string& id) { return absl::StrCat("deals/", id); }

class TablesSnapshot : public Snapshot {
 public:
  explicit TablesSnapshot(const FactTables& tables) : tables_(tables) {}
  uint64_t position() const override { return tables_.position; }
  int64_t recorded_micros() const override { return tables_.recorded_micros; }
  uint64_t generation() const override { return tables_.generation; }
  const IntervalTable* table(absl::string_view subject) const override {
    const auto* entry = tables_.Find(subject);
    return entry == nullptr ? nullptr : entry->table.get();
  }
  const Dictionary& dictionary() const override { return tables_.dictionary; }
  const domain::Rulebook& rulebook() const override { return tables_.rulebook; }

 private:
  const FactTables& tables_;
};

const Catalogue& BuiltIn() {
  static const Catalogue& catalogue = *new Catalogue(*Catalogue::Load());
  return catalogue;
}

}  // namespace

History::History() : log_(eventstore::NewMemoryEventLog()), tables_(AllSubjects(), 1), driver_(&tables_, log_.get(), 1) {
  Zone("UTC");
}

// ---- Writing ----

uint64_t History::Append(const std::string& stream, absl::string_view at, const std::vector<v1::EventPayload>& events) {
  const Moment moment = Parse(at, calendar_);
  recorded_micros_ = std::max({recorded_micros_ + 1000000, moment.micros, next_recorded_micros_});
  eventstore::Proposal proposal;
  proposal.tenant = 1;
  proposal.record.set_format(1);
  proposal.record.set_recorded_micros(recorded_micros_);
  proposal.record.set_actor("users/tester");
  proposal.record.set_actor_authenticated(true);
  proposal.record.set_channel(v1::CHANNEL_UI);
  proposal.record.set_rulebook_position(tables_.rulebook.position());
  for (const v1::EventPayload& payload : events) {
    auto* event = proposal.record.add_events();
    event->set_stream(stream);
    event->set_type(domain::TypeOf(payload));
    event->set_occurred_micros(moment.micros);
    event->set_precision(moment.precision);
    event->set_schema_version(1);
    event->set_payload(domain::EventIn(payload).SerializeAsString());
  }
  const uint64_t before = tables_.position;
  std::promise<absl::Status> durable;
  const auto sequenced = log_->Sequence(std::move(proposal), [&](absl::Status status) { durable.set_value(status); });
  if (!sequenced.ok() || !durable.get_future().get().ok()) abort();
  const absl::Status read = log_->ReadCommits(1, before, eventstore::Direction::kForward,
                                              [&](const eventstore::StoredCommit& commit) { return driver_.Apply(commit).ok(); });
  if (!read.ok() || tables_.position != sequenced->last_position) abort();
  return tables_.position;
}

void History::RecordedOn(absl::string_view at) { next_recorded_micros_ = Parse(at, calendar_).micros; }

uint64_t History::Zone(const std::string& zone) {
  v1::RuleContent content;
  content.mutable_calendar()->set_zone(zone);
  calendar_ = *domain::Calendar::Make(content.calendar());
  return Publish(content);
}

uint64_t History::Publish(const v1::RuleContent& content, absl::string_view from) {
  v1::EventPayload payload;
  auto* rule = payload.mutable_rule()->mutable_published()->mutable_rule();
  *rule->mutable_content() = content;
  if (!from.empty()) *rule->mutable_effective_from() = domain::DateFromDay(DayOf(from));
  const std::string kind(domain::KindName(domain::KindOf(content)));
  const int64_t keep = recorded_micros_;
  return Append(absl::StrCat("rules/", kind), keep == 0 ? "2000-01-01 00:00" : "2000-01-01 00:01", {payload});
}

uint64_t History::Pipelines(const std::vector<std::string>& pipelines, absl::string_view from,
                            const std::vector<std::string>& maps) {
  v1::RuleContent content;
  for (const std::string& text : pipelines) {
    const std::pair<std::string, std::string> halves = absl::StrSplit(text, absl::MaxSplits(':', 1));
    auto* pipeline = content.mutable_pipelines()->add_pipelines();
    pipeline->set_id(halves.first);
    for (absl::string_view stage : absl::StrSplit(halves.second, ' ', absl::SkipEmpty())) {
      auto* made = pipeline->add_stages();
      if (absl::ConsumeSuffix(&stage, "+")) made->set_meaning(v1::STAGE_MEANING_WON);
      if (absl::ConsumeSuffix(&stage, "-")) made->set_meaning(v1::STAGE_MEANING_LOST);
      if (absl::ConsumeSuffix(&stage, "!")) made->set_meaning(v1::STAGE_MEANING_DELIVERY);
      made->set_id(std::string(stage));
    }
  }
  for (const std::string& text : maps) {
    const std::pair<std::string, std::string> halves = absl::StrSplit(text, absl::MaxSplits(':', 1));
    auto* map = content.mutable_pipelines()->add_stage_maps();
    map->set_pipeline(halves.first);
    for (const absl::string_view entry : absl::StrSplit(halves.second, ' ', absl::SkipEmpty())) {
      const std::pair<std::string, std::string> stages = absl::StrSplit(entry, absl::MaxSplits('=', 1));
      (*map->mutable_stages())[stages.first] = stages.second;
    }
  }
  return Publish(content, from);
}

uint64_t History::Rate(absl::string_view from, absl::string_view to, absl::string_view day, double rate) {
  auto* entry = rates_.add_rates();
  entry->set_from(std::string(from));
  entry->set_to(std::string(to));
  *entry->mutable_date() = domain::DateFromDay(DayOf(day));
  entry->set_rate_nanos(std::llround(rate * 1e9));
  v1::RuleContent content;
  *content.mutable_exchange_rates() = rates_;
  return Publish(content);
}

uint64_t History::Belongs(absl::string_view child, absl::string_view parent, absl::string_view day) {
  auto* edge = chart_.add_edges();
  edge->set_child(std::string(child));
  edge->set_parent(std::string(parent));
  if (!day.empty()) *edge->mutable_from() = domain::DateFromDay(DayOf(day));
  v1::RuleContent content;
  *content.mutable_org_chart() = chart_;
  return Publish(content);
}

uint64_t History::Create(const std::string& id, absl::string_view at, const NewDeal& deal) {
  v1::DealEvent event;
  auto* created = event.mutable_created();
  created->set_pipeline(deal.pipeline);
  created->set_stage(deal.stage);
  created->set_owner(deal.owner);
  created->set_product(deal.product);
  if (!deal.source.empty()) created->mutable_source()->set_id(deal.source);
  if (deal.value >= 0) *created->mutable_value() = MoneyOf(deal.value, deal.currency);
  if (!deal.expected_close.empty()) *created->mutable_expected_close() = domain::DateFromDay(DayOf(deal.expected_close));
  return Append(Stream(id), at, {Deal(event)});
}

uint64_t History::Stage(const std::string& id, absl::string_view at, const std::string& stage) {
  return Append(Stream(id), at, {StageChanged(stage)});
}

uint64_t History::Value(const std::string& id, absl::string_view at, int64_t value, const std::string& currency) {
  v1::DealEvent event;
  event.mutable_value_changed();
  if (value >= 0) *event.mutable_value_changed()->mutable_value() = MoneyOf(value, currency);
  return Append(Stream(id), at, {Deal(event)});
}

uint64_t History::Owner(const std::string& id, absl::string_view at, const std::string& owner) {
  v1::DealEvent event;
  event.mutable_assigned()->set_owner(owner);
  return Append(Stream(id), at, {Deal(event)});
}

uint64_t History::ExpectedClose(const std::string& id, absl::string_view at, const std::string& day) {
  v1::DealEvent event;
  *event.mutable_expected_close_changed()->mutable_expected_close() = domain::DateFromDay(DayOf(day));
  return Append(Stream(id), at, {Deal(event)});
}

uint64_t History::Win(const std::string& id, absl::string_view at, int64_t value, const std::string& stage) {
  std::vector<v1::EventPayload> events;
  if (value >= 0) {
    v1::DealEvent event;
    *event.mutable_value_changed()->mutable_value() = MoneyOf(value, "USD");
    events.push_back(Deal(event));
  }
  if (!stage.empty()) events.push_back(StageChanged(stage));
  v1::DealEvent won;
  won.mutable_won();
  events.push_back(Deal(won));
  return Append(Stream(id), at, events);
}

uint64_t History::Lose(const std::string& id, absl::string_view at, const std::string& stage) {
  std::vector<v1::EventPayload> events;
  if (!stage.empty()) events.push_back(StageChanged(stage));
  v1::DealEvent lost;
  lost.mutable_lost()->set_reason("price");
  events.push_back(Deal(lost));
  return Append(Stream(id), at, events);
}

uint64_t History::Reopen(const std::string& id, absl::string_view at, const std::string& stage) {
  v1::DealEvent reopened;
  reopened.mutable_reopened();
  return Append(Stream(id), at, {Deal(reopened), StageChanged(stage)});
}

uint64_t History::Move(const std::string& id, absl::string_view at, const std::string& pipeline, const std::string& stage) {
  v1::DealEvent event;
  event.mutable_moved_to_pipeline()->set_pipeline(pipeline);
  event.mutable_moved_to_pipeline()->set_stage(stage);
  return Append(Stream(id), at, {Deal(event)});
}

uint64_t History::Delete(const std::string& id, absl::string_view at) {
  v1::DealEvent event;
  event.mutable_deleted()->set_reason("double");
  return Append(Stream(id), at, {Deal(event)});
}

uint64_t History::Restore(const std::string& id, absl::string_view at) {
  v1::DealEvent event;
  event.mutable_restored();
  return Append(Stream(id), at, {Deal(event)});
}

// ---- Asking ----

absl::StatusOr<std::vector<v1::Event>> History::EventsOf(absl::string_view name, uint64_t as_of, int64_t valid_at) {
  std::vector<v1::Event> events;
  const absl::Status read = log_->ReadStream(
      1, name, 0, eventstore::Direction::kForward, [&](const eventstore::StreamEvent& found) {
        if (found.position > as_of || found.event->occurred_micros() > valid_at) return true;
        v1::Event event;
        event.set_position(found.position);
        event.set_stream(std::string(name));
        event.set_revision(found.event->revision());
        event.set_type(found.event->type());
        event.set_type_name(domain::TypeName(found.event->type()));
        *event.mutable_occurred_time() = domain::TimestampFrom(found.event->occurred_micros());
        event.set_precision(static_cast<v1::Precision>(found.event->precision()));
        *event.mutable_recorded_time() = domain::TimestampFrom(found.commit->recorded_micros());
        event.set_actor(found.commit->actor());
        event.set_actor_authenticated(found.commit->actor_authenticated());
        event.set_channel(static_cast<v1::Channel>(found.commit->channel()));
        event.set_rulebook_position(found.commit->rulebook_position());
        domain::MutableEvent(found.event->type(), event.mutable_payload())->ParseFromString(found.event->payload());
        events.push_back(std::move(event));
        return true;
      });
  if (!read.ok()) return read;
  std::stable_sort(events.begin(), events.end(), [](const v1::Event& a, const v1::Event& b) {
    const int64_t a_micros = domain::MicrosFrom(a.occurred_time()), b_micros = domain::MicrosFrom(b.occurred_time());
    return std::make_tuple(a.revision() != 1, a_micros, a.position()) < std::make_tuple(b.revision() != 1, b_micros, b.position());
  });
  return events;
}

EngineContext History::Context(const Snapshot* snapshot) {
  EngineContext context;
  context.snapshot = snapshot;
  context.log = log_.get();
  context.head = log_->DurableHead(1);
  context.tenant = 1;
  context.tenant_currency = "USD";
  context.head_rules = &tables_.rulebook;
  context.rights = rights_;
  context.draft = [this](absl::string_view) { return absl::StatusOr<std::vector<v1::RuleProposal>>(draft_); };
  context.label = [](absl::string_view) { return std::string(); };
  context.resolve = [](absl::string_view, const v1::Ref& ref) { return absl::StatusOr<std::string>(ref.name()); };
  context.events = [this](absl::string_view name, uint64_t as_of, int64_t valid_at) { return EventsOf(name, as_of, valid_at); };
  context.token_key = "key of the test";
  context.goes_on = goes_on_;
  context.rows_of_part = 3;  // so that every report is counted in several parts, on several threads
  context.may_be_helped = goes_on_ == nullptr;  // which tests ask on one
  return context;
}

absl::StatusOr<v1::RunReportResponse> History::Run(const v1::RunReportRequest& request) {
  return Run(request, ReportEngine(&BuiltIn()));
}

absl::StatusOr<v1::RunReportResponse> History::Run(const v1::RunReportRequest& request, const ReportEngine& engine) {
  const TablesSnapshot snapshot(tables_);
  return engine.Run(request, Context(&snapshot));
}

absl::StatusOr<std::vector<std::string>> History::List(absl::string_view subject, absl::string_view order_by) {
  const TablesSnapshot snapshot(tables_);
  auto listing = ReportEngine(&BuiltIn()).List(subject, "", order_by, false, 0, Context(&snapshot));
  if (!listing.ok()) return listing.status();
  return std::move(listing->names);
}

std::string History::FieldOf(const absl::Status& status) {
  const google::rpc::Status rpc = domain::ToRpcStatus(status);
  for (const google::protobuf::Any& detail : rpc.details()) {
    google::rpc::BadRequest request;
    if (detail.UnpackTo(&request) && request.field_violations_size() > 0) return request.field_violations(0).field();
  }
  return "";
}

const Catalogue& History::BuiltInReports() { return BuiltIn(); }

absl::StatusOr<v1::RunReportResponse> History::RunRebuilt(const v1::RunReportRequest& request) {
  FactTables anew(AllSubjects(), 1);
  FoldDriver driver(&anew, log_.get(), 1);
  const absl::Status read = log_->ReadCommits(1, 0, eventstore::Direction::kForward,
                                              [&](const eventstore::StoredCommit& commit) { return driver.Apply(commit).ok(); });
  if (!read.ok()) return read;
  const TablesSnapshot snapshot(anew);
  return ReportEngine(&BuiltIn()).Run(request, Context(&snapshot));
}

absl::StatusOr<v1::ExplainReportResponse> History::Explain(const std::string& cell_id) {
  const TablesSnapshot snapshot(tables_);
  v1::ExplainReportRequest request;
  request.set_cell_id(cell_id);
  request.set_page_size(1000);
  return ReportEngine(&BuiltIn()).Explain(request, Context(&snapshot));
}

absl::StatusOr<v1::DiffReportsResponse> History::Diff(const v1::DiffReportsRequest& request) {
  const TablesSnapshot snapshot(tables_);
  return ReportEngine(&BuiltIn()).Diff(request, Context(&snapshot));
}

}  // namespace recount::projections
