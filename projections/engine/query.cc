#include "projections/engine/query.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "projections/engine/row_ranges.h"
#include "projections/engine/sight.h"
#include "projections/engine/timeline_events.h"
#include "projections/engine/world_caches.h"

namespace recount::projections {

namespace {

// The rows for which `where` can hold and whose axis can lie in the period, and others.
RowList Candidates(const Query& query, const Subject& subject, const Expr& axis, const Expr& where) {
  const World& world = *query.world;
  const auto ranges = Shorter(world, RangesIn(world, subject, axis, query.period), RangesWhere(world, subject, where));
  return ranges ? world.RowsAmong(subject, *ranges) : world.AllRows(subject);
}

Selection Holding(Selection all, const Expr& where) { return where == nullptr ? all : all.Keep(*all.Evaluate(where)); }

// Those whose axis lies in the period and for which `where` holds.
Selection InPeriodOf(const Query& query, Selection all, const Expr& axis, const Expr& where) {
  if (axis == nullptr) return Holding(std::move(all), where);
  const auto times = all.Evaluate(axis);
  // The axis comes first: an owner at the event is asked for by the filter too.
  all.SetAxis(times);
  Values kept = InPeriod(*times, query.period, query.calendar());
  if (where != nullptr) {
    const auto holds = all.Evaluate(where);
    for (size_t i = 0; i < all.size(); ++i) kept.data[i] &= holds->data[i] == 1;
  }
  return all.Keep(kept);
}

}  // namespace

const Subject* SubjectOfDefinition(const v1::ReportDefinition& definition) {
  const Subject* subject = FindSubject(definition.subject());
  return subject != nullptr && definition.has_timeline() ? &EventSubject() : subject;
}

bool MayBeHelped(const Query& query) {
  // Facts that move, or of earlier, are put into tables when they are asked for, on one thread.
  const bool facts_are_there = query.earlier == nullptr && query.facts != nullptr && query.facts->days().empty();
  return query.context->may_be_helped && facts_are_there;
}

std::unique_ptr<Query> ForHelper(const Query& query) {
  if (!MayBeHelped(query)) return nullptr;
  auto helper = std::make_unique<Query>();
  static_cast<QueryTerms&>(*helper) = query;
  helper->halt = std::make_unique<Halt>(query.context->goes_on);
  helper->world = std::make_unique<World>(*query.world, helper->halt.get());
  return helper;
}

void TakeCounted(const Query& helper, const Query& query) {
  if (!helper.halt->status().ok()) query.halt->Because(helper.halt->status());
  query.world->CountScanned(helper.world->rows_scanned());
}

Selection SelectIn(const Query& query, const World& world) { return SelectIn(query, world, world.AllRows(*query.subject)->All()); }

Selection SelectIn(const Query& query, const World& world, Rows rows) {
  return Holding(world.Selected(*query.subject, std::move(rows), query.with_deleted), query.where);
}

Selection SelectRecords(const Query& query) {
  if (query.mode != nullptr && query.mode->by_measure_axis()) return SelectIn(query, *query.world);
  return SelectByAxis(query, query.axis, RowsByAxis(query, query.axis)->All());
}

RowList RowsByAxis(const Query& query, const Expr& axis) {
  const RowList rows = Candidates(query, *query.subject, axis, query.where);
  query.world->caches().in_parts.emplace(query.subject, rows);
  return rows;
}

Selection SelectByAxis(const Query& query, const Expr& axis, Rows rows) {
  return InPeriodOf(query, query.world->Selected(*query.subject, std::move(rows), query.with_deleted), axis, query.where);
}

RowList RowsOfFacts(const Query& query, const QueryMeasure& measure) {
  return Candidates(query, *measure.subject, measure.axis, measure.report_where);
}

Selection SelectFacts(const Query& query, const QueryMeasure& measure, Rows rows) {
  return InPeriodOf(query, query.world->Selected(*measure.subject, std::move(rows), query.with_deleted), measure.axis, measure.report_where);
}

namespace {

// What happened after a record was given away is its new owner's.
void LeaveOutHidden(const World& world, absl::string_view record, std::vector<v1::Event>* events) {
  const int64_t until = SeenUntil(world, record);
  const auto is_later = [&](const v1::Event& event) { return domain::MicrosFrom(event.occurred_time()) > until; };
  events->erase(std::remove_if(events->begin(), events->end(), is_later), events->end());
}

// A record begins with its creation, whatever is said to have happened to it before: as long as that lies ahead there is nothing of it.
void LeaveOutBeforeCreation(std::vector<v1::Event>* events) {
  const bool is_created = std::any_of(events->begin(), events->end(), [](const v1::Event& event) { return event.revision() == 1; });
  if (!is_created) events->clear();
}

}  // namespace

absl::StatusOr<std::vector<v1::Event>> EventsOf(const Query& query, absl::string_view record) {
  constexpr int64_t kFurthestZones = 26 * 3600000000LL;
  const RecordedDays& days = query.facts->days();
  const int64_t valid_at = query.moment().valid_at;
  const uint64_t position = query.earlier == nullptr ? query.moment().position : query.earlier->PositionOf(record);
  auto events = query.context->events(record, position, days.empty() ? valid_at : valid_at + kFurthestZones);
  if (!events.ok()) return events;
  if (days.empty()) {
    LeaveOutHidden(*query.world, record, &*events);
    LeaveOutBeforeCreation(&*events);
    return events;
  }
  std::vector<v1::Event> read;
  for (v1::Event& event : *events) {
    int64_t occurred = domain::MicrosFrom(event.occurred_time());
    if (event.precision() == v1::PRECISION_DAY) occurred = days.Moved(occurred).value_or(occurred);
    if (occurred > valid_at) continue;
    *event.mutable_occurred_time() = domain::TimestampFrom(occurred);
    read.push_back(std::move(event));
  }
  LeaveOutHidden(*query.world, record, &read);
  LeaveOutBeforeCreation(&read);
  return read;
}

std::string LabelOf(const google::protobuf::Map<std::string, std::string>& labels, absl::string_view language) {
  // `he-IL` falls back to `he`, then to English.
  for (const std::string& wanted : {std::string(language), std::string(language.substr(0, language.find('-'))), std::string("en")}) {
    auto found = labels.find(wanted);
    if (found != labels.end()) return found->second;
  }
  return "";
}

}  // namespace recount::projections
