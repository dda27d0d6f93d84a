// The shape of timelines: one row an event of one record, or one row a group of them.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/group_keys.h"
#include "projections/engine/key_labels.h"
#include "projections/engine/shape.h"
#include "projections/engine/timeline_events.h"

namespace recount::projections {
namespace {

constexpr absl::string_view kMeasures[] = {"events", "first", "last"};

bool IsColumn(absl::string_view id) { return id == "changes" || FindTimelineColumn(id) != nullptr; }

// Events of one group.
struct Line {
  int64_t events = 0;
  int64_t first = kNull, last = kNull;
  std::vector<size_t> members;

  void Add(size_t place, int64_t micros) {
    first = events == 0 ? micros : std::min(first, micros);
    last = events == 0 ? micros : std::max(last, micros);
    ++events;
    members.push_back(place);
  }
  Scalar Cell(absl::string_view measure) const {
    return {measure == "events" ? events : measure == "first" ? first : last};
  }
};

struct Grouped {
  explicit Grouped(const Query& query) : keys(query) {}
  GroupKeys keys;
  std::map<int64_t, Line> lines;  // by group
};

Grouped GroupEvents(const Query& query, const std::vector<TimelineEvent>& events) {
  Grouped grouped(query);
  const Selection selection = EventSelection(query, events);
  const RowGroups groups = grouped.keys.Group(selection);
  grouped.lines[GroupKeys::kTotal];  // also of nothing
  for (size_t i = 0; i < events.size(); ++i) {
    for (const int64_t group : groups.Of(i)) grouped.lines[group].Add(i, selection.axis()->data[i]);
    grouped.lines[GroupKeys::kTotal].Add(i, selection.axis()->data[i]);
  }
  return grouped;
}

Type TypeOfMeasure(absl::string_view id) { return id == "events" ? Type::kInteger : Type::kTime; }

Answer GroupedAnswer(const Query& query, const std::vector<TimelineEvent>& events) {
  const Grouped grouped = GroupEvents(query, events);
  Answer answer;
  answer.columns = grouped.keys.Columns();
  for (size_t i = 0; i < answer.columns.size(); ++i) DescribeKey(query, *query.group_by[i].expr, &answer.columns[i]);
  for (const int shown : query.shown) {
    const v1::Measure& measure = *query.all_measures[shown].measure;
    answer.columns.push_back(MeasureColumn(query, measure, TypeOfMeasure(measure.id())));
  }
  for (const auto& [group, line] : grouped.lines) {
    AnswerRow row;
    row.is_total = group == GroupKeys::kTotal;
    row.cells = grouped.keys.Cells(group);
    for (const int shown : query.shown) row.cells.push_back(line.Cell(query.all_measures[shown].measure->id()));
    answer.rows.push_back(std::move(row));
  }
  return answer;
}

// A row is named by its position, and opens into its event where its type stands.
Answer EventRows(const Query& query, const std::vector<TimelineEvent>& events) {
  Answer answer;
  answer.keep_order = true;
  bool is_named = false;
  for (const v1::Dimension& column : query.definition->timeline().columns()) {
    const TimelineColumn* known = FindTimelineColumn(column.id());
    answer.columns.push_back(KeyColumn(query, column, known == nullptr ? Type::kText : known->type));
    answer.columns.back().is_key = column.id() == "position";
    is_named |= column.id() == "position";
  }
  for (AnswerColumn& column : answer.columns) column.opens = is_named && column.column.id() == "type";
  for (const TimelineEvent& of : events) {
    AnswerRow row;
    for (const v1::Dimension& column : query.definition->timeline().columns()) {
      const TimelineColumn* known = FindTimelineColumn(column.id());
      if (known != nullptr) {
        row.cells.push_back(known->value(of.event, *query.texts));
      } else {
        row.cells.push_back(of.changes.empty() ? Scalar() : Scalar{query.texts->Code(of.changes)});
      }
    }
    answer.rows.push_back(std::move(row));
  }
  return answer;
}

absl::Status NoSuchRow() { return domain::Refuse(v1::TOKEN_INVALID, "The cell id names no row of a timeline.", "cell_id"); }

class TimelineShape : public Shape {
 public:
  absl::Status Check(const v1::ReportDefinition& definition) const override {
    for (const v1::Dimension& column : definition.timeline().columns()) {
      if (!IsColumn(column.id())) {
        return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat("A timeline has no column `", column.id(), "`."),
                              absl::StrCat("timeline.columns[", column.id(), "]"));
      }
    }
    for (const v1::Measure& measure : definition.measures()) {
      if (std::find(std::begin(kMeasures), std::end(kMeasures), measure.id()) == std::end(kMeasures)) {
        return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat("A timeline has no measure `", measure.id(), "`."),
                              absl::StrCat("measures[", measure.id(), "]"));
      }
    }
    for (const v1::Mode& mode : definition.modes()) {
      if (mode.id() != "occurred" && mode.id() != "recorded") {
        return domain::Refuse(v1::DEFINITION_INVALID, "A timeline has the modes `occurred` and `recorded`.", "modes");
      }
    }
    return absl::OkStatus();
  }

  // The events are the log's; which records are linked, the tables say.
  std::vector<absl::string_view> Tables(const v1::ReportDefinition&) const override { return {"lead", "deal"}; }

  absl::StatusOr<Answer> Run(const Query& query) const override {
    const auto events = TimelineEvents(query);
    if (!events.ok()) return events.status();
    return query.group_by.empty() ? EventRows(query, *events) : GroupedAnswer(query, *events);
  }

  absl::StatusOr<Explanation> Explain(const Query& query, const CellAddress& cell) const override {
    const auto events = TimelineEvents(query);
    if (!events.ok()) return events.status();
    Explanation explanation;
    std::vector<size_t> members;
    if (query.group_by.empty()) {
      if (cell.key.size() != 1) return NoSuchRow();
      const auto found = std::find_if(events->begin(), events->end(), [&](const TimelineEvent& of) {
        return static_cast<int64_t>(of.event.position()) == cell.key[0].number;
      });
      if (found == events->end()) return NoSuchRow();
      members = {static_cast<size_t>(found - events->begin())};
      explanation.type = Type::kText;
      explanation.value = FindTimelineColumn("type")->value(found->event, *query.texts);
      explanation.definition = "One event of the record.";
      explanation.formula = absl::StrCat("event where position = ", cell.key[0].number);
    } else {
      const Grouped grouped = GroupEvents(query, *events);
      const int64_t group = cell.is_total ? GroupKeys::kTotal : grouped.keys.Find(cell.key);
      const auto found = grouped.lines.find(group);
      // Of a comparison one side may have no such group: nothing happened there.
      const Line line = found == grouped.lines.end() ? Line() : found->second;
      members = line.members;
      explanation.type = TypeOfMeasure(cell.column);
      explanation.value = line.Cell(cell.column);
      const v1::Measure* measure = FindMeasure(*query.definition, cell.column);
      if (measure != nullptr) explanation.definition = measure->definition();
      const std::string& filter = query.parameters.filter();
      explanation.formula = absl::StrCat(cell.column == "events" ? "count" : cell.column == "first" ? "min" : "max", "(event",
                                         filter.empty() ? "" : absl::StrCat(" where ", filter), ")");
    }
    AddContributions(query, *events, members, cell.column == "events" && !query.group_by.empty(), &explanation);
    return explanation;
  }

 private:
  // The records whose events these are. Of a count each brings as many as it has.
  static void AddContributions(const Query& query, const std::vector<TimelineEvent>& events, const std::vector<size_t>& members,
                               bool counts, Explanation* explanation) {
    std::map<std::string, size_t> places;
    for (const size_t member : members) {
      const v1::Event& event = events[member].event;
      const auto [place, added] = places.try_emplace(event.stream(), explanation->contributions.size());
      if (added) {
        explanation->contributions.emplace_back().record = query.texts->Code(event.stream());
        if (counts) explanation->contributions.back().value = {0};
      }
      Contribution& contribution = explanation->contributions[place->second];
      if (counts) ++contribution.value.number;
      contribution.events.push_back(static_cast<int64_t>(event.position()));
    }
  }
};

}  // namespace

const Shape& TimelineReports() {
  static const TimelineShape shape;
  return shape;
}

}  // namespace recount::projections
