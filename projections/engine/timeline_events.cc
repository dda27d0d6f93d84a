#include "projections/engine/timeline_events.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/functions.h"
#include "projections/engine/group_keys.h"
#include "projections/engine/sight.h"
#include "projections/engine/timeline_changes.h"

namespace recount::projections {
namespace {

constexpr absl::string_view kEvent = "event";

Scalar TextCell(Texts& texts, absl::string_view text) { return text.empty() ? Scalar() : Scalar{texts.Code(text)}; }

std::string ChannelText(v1::Channel channel) {
  if (channel == v1::CHANNEL_UNSPECIFIED) return "";
  return absl::AsciiStrToLower(v1::Channel_Name(channel).substr(sizeof("CHANNEL_") - 1));
}

ColumnKind KindOf(Type type) {
  switch (type) {
    case Type::kTime: return ColumnKind::kTime;
    case Type::kFlag: return ColumnKind::kFlag;
    case Type::kPosition: return ColumnKind::kPosition;
    case Type::kRecord: return ColumnKind::kRecord;
    default: return ColumnKind::kText;
  }
}

bool InOrderOfRecording(const Query& query) { return query.mode != nullptr && query.mode->id() == "recorded"; }

// Records that are named together with this one, in facts as they stand: a deal's lead, person and organization, and so back.
std::set<std::string> LinkedTo(const Query& query) {
  std::set<std::string> linked;
  const int64_t own = query.texts->Find(query.record);
  for (const absl::string_view id : {"lead", "deal"}) {
    const Subject& subject = *FindSubject(id);
    const Selection all = query.world->Select(subject, true);
    for (const ColumnDef& column : subject.columns) {
      const bool links = column.kind == ColumnKind::kRecord && (column.collection == "leads" || column.collection == "deals" ||
                                                                 column.collection == "persons" || column.collection == "organizations");
      if (!links) continue;
      const auto named = all.Column(column.name);
      for (size_t i = 0; i < all.size(); ++i) {
        if (named->data[i] == kNull) continue;
        if (all.record(i) == own) linked.emplace(query.texts->Text(named->data[i]));
        if (named->data[i] == own) linked.emplace(query.texts->Text(all.record(i)));
      }
    }
  }
  linked.erase(query.record);
  return linked;
}

absl::StatusOr<bool> WithLinked(const Query& query) {
  const std::string linked = ArgumentOf(query, "linked");
  if (linked.empty() || linked == "no") return false;
  if (linked == "yes") return true;
  return domain::Refuse(v1::PARAMETER_INVALID,
                        absl::StrCat("`linked` is `no` (the record alone) or `yes` (also the records linked to it), not `", linked, "`."),
                        "parameters.arguments[linked]");
}

// With what each event changed, which only the whole stream tells.
absl::Status AddStream(const Query& query, absl::string_view record, std::vector<TimelineEvent>* all) {
  auto events = EventsOf(query, record);
  if (!events.ok()) return events.status();
  if (InOrderOfRecording(query)) {
    std::sort(events->begin(), events->end(), [](const v1::Event& a, const v1::Event& b) { return a.position() < b.position(); });
  }
  TimelineChanges fold;
  for (v1::Event& event : *events) {
    std::string changes = fold.Apply(event);
    all->push_back({std::move(event), std::move(changes)});
  }
  return absl::OkStatus();
}

absl::Status AddLinked(const Query& query, std::vector<TimelineEvent>* all) {
  for (const std::string& record : LinkedTo(query)) {
    if (!SeesRecord(*query.world, record)) continue;
    if (auto status = AddStream(query, record, all); !status.ok()) return status;
  }
  // Events of one stream keep their order: the creation comes first.
  std::map<std::string, std::pair<int64_t, uint64_t>> latest;
  std::vector<std::pair<std::tuple<int64_t, uint64_t>, size_t>> order;
  for (size_t i = 0; i < all->size(); ++i) {
    const v1::Event& event = (*all)[i].event;
    auto& last = latest.try_emplace(event.stream(), std::pair(domain::kBeginning, uint64_t{0})).first->second;
    last = InOrderOfRecording(query) ? std::pair(int64_t{0}, event.position())
                                     : std::max(last, std::pair(domain::MicrosFrom(event.occurred_time()), event.position()));
    order.push_back({{last.first, last.second}, i});
  }
  std::stable_sort(order.begin(), order.end());
  std::vector<TimelineEvent> sorted;
  for (const auto& [key, i] : order) sorted.push_back(std::move((*all)[i]));
  *all = std::move(sorted);
  return absl::OkStatus();
}

}  // namespace

const std::vector<TimelineColumn>& TimelineColumns() {
  static const auto* const columns = new std::vector<TimelineColumn>{
      {"position", Type::kPosition, "Position in the log",
       [](const v1::Event& event, Texts&) { return Scalar{static_cast<int64_t>(event.position())}; }},
      {"stream", Type::kRecord, "The record that it is of",
       [](const v1::Event& event, Texts& texts) { return TextCell(texts, event.stream()); }},
      {"occurred", Type::kTime, "When it happened",
       [](const v1::Event& event, Texts&) { return Scalar{domain::MicrosFrom(event.occurred_time())}; }},
      {"precision", Type::kText, "instant or day: what is known of `occurred`",
       [](const v1::Event& event, Texts& texts) {
         return TextCell(texts, event.precision() == v1::PRECISION_DAY ? "day" : "instant");
       }},
      {"recorded", Type::kTime, "When the log got it",
       [](const v1::Event& event, Texts&) { return Scalar{domain::MicrosFrom(event.recorded_time())}; }},
      {"type", Type::kText, "What happened, e.g. DealWon",
       [](const v1::Event& event, Texts& texts) { return TextCell(texts, event.type_name()); }},
      {"actor", Type::kText, "Who did it", [](const v1::Event& event, Texts& texts) { return TextCell(texts, event.actor()); }},
      {"authenticated", Type::kFlag, "Whether the actor was checked",
       [](const v1::Event& event, Texts&) { return Scalar{event.actor_authenticated() ? 1 : 0}; }},
      {"on_behalf_of", Type::kRecord, "For whom", [](const v1::Event& event, Texts& texts) { return TextCell(texts, event.on_behalf_of()); }},
      {"channel", Type::kText, "Through what it came, e.g. ui",
       [](const v1::Event& event, Texts& texts) { return TextCell(texts, ChannelText(event.channel())); }},
      {"rulebook", Type::kPosition, "Position of the rules that decided",
       [](const v1::Event& event, Texts&) {
         return event.rulebook_position() == 0 ? Scalar() : Scalar{static_cast<int64_t>(event.rulebook_position())};
       }},
  };
  return *columns;
}

const TimelineColumn* FindTimelineColumn(absl::string_view id) {
  for (const TimelineColumn& column : TimelineColumns()) {
    if (column.id == id) return &column;
  }
  return nullptr;
}

const Subject& EventSubject() {
  static const auto* const subject = [] {
    auto* made = new Subject{std::string(kEvent), "", "Events of a record", {}, {}, nullptr};
    for (const TimelineColumn& column : TimelineColumns()) {
      const bool user = column.id == "on_behalf_of";
      made->columns.push_back({std::string(column.id), KindOf(column.type), user ? "users" : "", std::string(column.description)});
    }
    return made;
  }();
  return *subject;
}

int64_t TimelineMicros(const Query& query, const v1::Event& event) {
  return domain::MicrosFrom(InOrderOfRecording(query) ? event.recorded_time() : event.occurred_time());
}

Selection EventSelection(const Query& query, const std::vector<TimelineEvent>& events) {
  Selection selection(*query.world, EventSubject(), std::vector<uint32_t>(events.size(), kNoRow));
  auto axis = std::make_shared<Values>(Make(Type::kTime, events.size()));
  for (size_t i = 0; i < events.size(); ++i) axis->data[i] = TimelineMicros(query, events[i].event);
  selection.SetAxis(axis);
  for (const TimelineColumn& column : TimelineColumns()) {
    Values values = Make(column.type, events.size());
    for (size_t i = 0; i < events.size(); ++i) values.data[i] = column.value(events[i].event, *query.texts).number;
    if (column.id == "stream") selection.SetField("record", values);
    selection.SetField(column.id, std::move(values));
  }
  return selection;
}

absl::StatusOr<std::vector<TimelineEvent>> TimelineEvents(const Query& query) {
  std::vector<TimelineEvent> all;
  const auto linked = WithLinked(query);
  if (!linked.ok()) return linked.status();
  if (auto status = AddStream(query, query.record, &all); !status.ok()) return status;
  if (*linked) {
    if (auto status = AddLinked(query, &all); !status.ok()) return status;
  }
  const auto begin = query.period.first_day ? query.calendar().StartOf(*query.period.first_day) : domain::kBeginning;
  const auto end = query.period.last_day ? query.calendar().EndOf(*query.period.last_day) : domain::kOpenEnd;
  const auto holds = query.where == nullptr ? nullptr : EventSelection(query, all).Evaluate(query.where);
  std::vector<TimelineEvent> kept;
  for (size_t i = 0; i < all.size(); ++i) {
    const int64_t micros = TimelineMicros(query, all[i].event);
    if (begin <= micros && micros < end && (holds == nullptr || holds->data[i] == 1)) kept.push_back(std::move(all[i]));
  }
  return kept;
}

}  // namespace recount::projections
