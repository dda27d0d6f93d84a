// The shape of timelines: one row an event of one record.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/group_keys.h"
#include "projections/engine/shape.h"
#include "projections/engine/timeline_changes.h"

namespace recount::projections {
namespace {

std::string ChannelText(v1::Channel channel) {
  if (channel == v1::CHANNEL_UNSPECIFIED) return "";
  return absl::AsciiStrToLower(v1::Channel_Name(channel).substr(sizeof("CHANNEL_") - 1));
}

// One column: what it is called in the definition, its type, and its value of an event.
struct TimelineColumn {
  absl::string_view id;
  Type type;
  Scalar (*value)(const v1::Event& event, const std::string& changes, Texts& texts);
};

Scalar TextCell(Texts& texts, absl::string_view text) { return text.empty() ? Scalar() : Scalar{texts.Code(text)}; }

const TimelineColumn kColumns[] = {
    {"position", Type::kPosition,
     [](const v1::Event& event, const std::string&, Texts&) { return Scalar{static_cast<int64_t>(event.position())}; }},
    {"occurred", Type::kTime,
     [](const v1::Event& event, const std::string&, Texts&) { return Scalar{domain::MicrosFrom(event.occurred_time())}; }},
    {"precision", Type::kText,
     [](const v1::Event& event, const std::string&, Texts& texts) {
       return TextCell(texts, event.precision() == v1::PRECISION_DAY ? "day" : "instant");
     }},
    {"recorded", Type::kTime,
     [](const v1::Event& event, const std::string&, Texts&) { return Scalar{domain::MicrosFrom(event.recorded_time())}; }},
    {"type", Type::kText,
     [](const v1::Event& event, const std::string&, Texts& texts) { return TextCell(texts, event.type_name()); }},
    {"actor", Type::kText,
     [](const v1::Event& event, const std::string&, Texts& texts) { return TextCell(texts, event.actor()); }},
    {"authenticated", Type::kFlag,
     [](const v1::Event& event, const std::string&, Texts&) { return Scalar{event.actor_authenticated() ? 1 : 0}; }},
    {"on_behalf_of", Type::kRecord,
     [](const v1::Event& event, const std::string&, Texts& texts) { return TextCell(texts, event.on_behalf_of()); }},
    {"channel", Type::kText,
     [](const v1::Event& event, const std::string&, Texts& texts) { return TextCell(texts, ChannelText(event.channel())); }},
    {"changes", Type::kText,
     [](const v1::Event&, const std::string& changes, Texts& texts) { return TextCell(texts, changes); }},
    {"rulebook", Type::kPosition,
     [](const v1::Event& event, const std::string&, Texts&) {
       return event.rulebook_position() == 0 ? Scalar() : Scalar{static_cast<int64_t>(event.rulebook_position())};
     }},
};

const TimelineColumn* FindColumn(absl::string_view id) {
  for (const TimelineColumn& column : kColumns) {
    if (column.id == id) return &column;
  }
  return nullptr;
}

class TimelineShape : public Shape {
 public:
  absl::Status Check(const v1::ReportDefinition& definition) const override {
    for (const v1::Dimension& column : definition.timeline().columns()) {
      if (FindColumn(column.id()) == nullptr) {
        return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat("A timeline has no column `", column.id(), "`."),
                              absl::StrCat("timeline.columns[", column.id(), "]"));
      }
    }
    for (const v1::Mode& mode : definition.modes()) {
      if (mode.id() != "occurred" && mode.id() != "recorded") {
        return domain::Refuse(v1::DEFINITION_INVALID, "A timeline has the modes `occurred` and `recorded`.", "modes");
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Answer> Run(const Query& query) const override {
    if (query.record.empty()) {
      return domain::Refuse(v1::PARAMETER_INVALID, "A timeline is asked of one record: give parameters.record.",
                            "parameters.record");
    }
    auto events = EventsOf(query, query.record);
    if (!events.ok()) return events.status();
    if (query.mode != nullptr && query.mode->id() == "recorded") {
      std::sort(events->begin(), events->end(),
                [](const v1::Event& a, const v1::Event& b) { return a.position() < b.position(); });
    }
    Answer answer;
    answer.keep_order = true;
    for (const v1::Dimension& column : query.definition->timeline().columns()) {
      answer.columns.push_back(KeyColumn(query, column, FindColumn(column.id())->type));
      answer.columns.back().is_key = false;
    }
    TimelineChanges fold;
    const auto begin = query.period.first_day ? query.calendar().StartOf(*query.period.first_day) : domain::kBeginning;
    const auto end = query.period.last_day ? query.calendar().EndOf(*query.period.last_day) : domain::kOpenEnd;
    for (const v1::Event& event : *events) {
      const std::string changes = fold.Apply(event);
      const int64_t occurred = domain::MicrosFrom(event.occurred_time());
      if (occurred < begin || occurred >= end) continue;
      AnswerRow row;
      for (const v1::Dimension& column : query.definition->timeline().columns()) {
        row.cells.push_back(FindColumn(column.id())->value(event, changes, *query.texts));
      }
      answer.rows.push_back(std::move(row));
    }
    return answer;
  }

  absl::StatusOr<Explanation> Explain(const Query& query, const CellAddress& cell) const override {
    return domain::Refuse(v1::TOKEN_INVALID, "A cell of a timeline is an event already: there is nothing to open.", "cell_id");
  }
};

}  // namespace

const Shape& TimelineReports() {
  static const TimelineShape shape;
  return shape;
}

}  // namespace recount::projections
