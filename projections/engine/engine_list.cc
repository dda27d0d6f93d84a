// Fields of subjects, lists of records, and the check of a definition.
#include <algorithm>
#include <functional>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/aggregate.h"
#include "domain/refusal.h"
#include "projections/engine/compare.h"
#include "projections/engine/definition_check.h"
#include "projections/engine/engine_run.h"
#include "projections/engine/rezoned.h"
#include "projections/engine/sight.h"
#include "projections/engine/subjects_read.h"
#include "projections/engine/timeline_events.h"

namespace recount::projections {
namespace {

struct SortField {
  std::shared_ptr<const Values> values;
  bool descending = false;
};

class RecordOrder {
 public:
  RecordOrder(const Selection& records, const Texts& texts) : records_(records), texts_(texts) {}
  void Add(SortField field) { fields_.push_back(std::move(field)); }

  bool operator()(size_t a, size_t b) const {
    for (const SortField& field : fields_) {
      const int64_t x = field.values->data[a], y = field.values->data[b];
      if ((x == kNull) != (y == kNull)) return y == kNull;
      if (x == kNull) continue;
      const int order = Compare(*field.values, a, b);
      if (order != 0) return (order < 0) != field.descending;
    }
    return texts_.Text(records_.record(a)) < texts_.Text(records_.record(b));
  }

 private:
  // Of two rows that have values. Amounts of different currencies are not compared: the currencies are, by their codes.
  int Compare(const Values& values, size_t a, size_t b) const {
    const auto by_text = [&](int64_t x, int64_t y) { return x == y ? 0 : texts_.Text(x).compare(texts_.Text(y)); };
    if (values.type == Type::kMoney) {
      const int currencies = by_text(values.currency[a], values.currency[b]);
      if (currencies != 0) return currencies;
    }
    const int64_t x = values.data[a], y = values.data[b];
    return IsText(values.type) ? by_text(x, y) : x < y ? -1 : x > y;
  }

  const Selection& records_;
  const Texts& texts_;
  std::vector<SortField> fields_;
};

absl::Status AddOrder(absl::string_view order_by, const Subject& subject, const Schema& schema, const Selection& records,
                      RecordOrder* order) {
  for (absl::string_view part : absl::StrSplit(order_by.empty() ? "created_at" : order_by, ',', absl::SkipWhitespace())) {
    const std::vector<absl::string_view> words = absl::StrSplit(part, ' ', absl::SkipWhitespace());
    const bool descending = words.size() == 2 && words[1] == "desc";
    if (words.size() != 1 && !descending && !(words.size() == 2 && words[1] == "asc")) {
      return domain::Refuse(v1::FIELD_INVALID, absl::StrCat("`", part, "` is not `field` or `field desc`"), "order_by");
    }
    auto expr = Compile(words[0], subject, schema, {Dialect::kFilter, "order_by", Type::kAny});
    if (!expr.ok()) return domain::Refuse(v1::FIELD_INVALID, expr.status().message(), "order_by");
    order->Add({records.Evaluate(*expr), descending});
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<v1::SubjectField> ReportEngine::Fields(absl::string_view subject_id, const Snapshot* snapshot) const {
  std::vector<v1::SubjectField> fields;
  const Subject* subject = subject_id == EventSubject().id ? &EventSubject() : FindSubject(subject_id);
  if (subject == nullptr) return fields;
  Schema schema;
  schema.snapshot = snapshot;
  v1::FieldSchemaRule custom;
  if (snapshot != nullptr) {
    auto rules = Rules::Make(snapshot->rulebook(), snapshot->recorded_micros());
    if (rules.ok()) custom = snapshot->rulebook().FieldSchema((*rules)->day);
    schema.custom_fields = &custom;
  }
  for (const FieldInfo& field : FieldsOf(*subject, schema)) {
    v1::SubjectField& out = fields.emplace_back();
    out.set_name(field.name);
    out.set_type(WireType(field.type));
    out.set_collection(field.collection);
    out.set_description(field.description);
  }
  return fields;
}

absl::StatusOr<ReportEngine::Listing> ReportEngine::List(absl::string_view subject_id, absl::string_view filter,
                                                         absl::string_view order_by, bool show_deleted, uint64_t as_of_position,
                                                         const EngineContext& context) const {
  const Subject* subject = FindSubject(subject_id);
  if (subject == nullptr) return absl::InternalError(absl::StrCat("there is no subject ", subject_id));
  Listing listing;
  v1::AsOf as_of;
  if (as_of_position != 0) as_of.set_position(as_of_position);
  auto position = ResolvePosition(as_of, domain::Calendar(), context);
  if (!position.ok()) return position.status();
  listing.position = *position;
  auto recorded = RecordedAt(*position, context);
  if (!recorded.ok()) return recorded.status();
  auto rules = Rules::Make(context.snapshot->rulebook().UpTo(*position), *recorded);
  if (!rules.ok()) return rules.status();
  Texts texts(context.snapshot->dictionary());
  WorldOptions options;
  const RezonedSnapshot facts(context.snapshot, (*rules)->calendar);
  options.snapshot = &facts;
  // A record is there from its commit on, also if the caller's clock, by which it occurred, is a little fast.
  options.moment = {*position, *recorded + domain::Context().future_tolerance_micros};
  options.rules = *rules;
  storage::v1::Pin pin;
  if (auto status = SetRights(v1::ReportParameters(), context, &pin); !status.ok()) return status;
  options.sight = SightOf(pin, context, texts);
  Halt halt(context.goes_on);
  options.halt = &halt;
  const World world(options, &texts);
  Schema schema;
  schema.snapshot = context.snapshot;
  const v1::FieldSchemaRule custom = (*rules)->book.FieldSchema((*rules)->day);
  schema.custom_fields = &custom;

  Selection records = world.Select(*subject, show_deleted);
  if (!filter.empty()) {
    auto expr = Compile(filter, *subject, schema, {Dialect::kFilter, "", Type::kFlag});
    if (!expr.ok()) return expr.status();
    records = records.Keep(*records.Evaluate(*expr));
  }
  RecordOrder order(records, texts);
  if (auto status = AddOrder(order_by, *subject, schema, records, &order); !status.ok()) return status;
  if (!halt.status().ok()) return halt.status();
  std::vector<size_t> rows(records.size());
  std::iota(rows.begin(), rows.end(), 0);
  std::sort(rows.begin(), rows.end(), order);
  for (const size_t row : rows) listing.names.emplace_back(texts.Text(records.record(row)));
  return listing;
}

namespace {

// Compiles a definition in each of its modes, with all dimensions.
absl::Status CompileInAllModes(const v1::ReportDefinition& definition, const std::function<void(const Query&)>& compiled) {
  const Subject* subject = SubjectOfDefinition(definition);
  if (subject == nullptr) {
    return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat("subject: there is no subject `", definition.subject(), "`"), "subject");
  }
  if (auto status = CheckForm(definition); !status.ok()) return status;
  Schema schema;
  if (auto status = ReadArguments(definition, {}, nullptr, &schema); !status.ok()) return status;
  for (int i = 0; i < std::max(1, definition.modes_size()); ++i) {
    // All dimensions, five at a time being enough for a caller.
    Query query;
    query.definition = &definition;
    query.subject = subject;
    query.mode = definition.modes_size() == 0 ? nullptr : &definition.modes(i);
    if (!definition.has_list()) {
      for (const v1::Dimension& dimension : definition.dimensions()) query.parameters.add_group_by(dimension.id());
    }
    if (auto status = CompileDefinition(schema, &query); !status.ok()) return status;
    compiled(query);
  }
  return definition.aggregate().has_apart() ? CheckDefinition(definition.aggregate().apart()) : absl::OkStatus();
}

}  // namespace

absl::Status CheckDefinition(const v1::ReportDefinition& definition) {
  return CompileInAllModes(definition, [](const Query&) {});
}

absl::StatusOr<std::set<std::string>> SubjectsRead(const v1::ReportDefinition& definition) {
  std::set<std::string> subjects;
  absl::Status compiled = CompileInAllModes(definition, [&](const Query& query) { AddSubjectsRead(query, &subjects); });
  if (!compiled.ok()) return compiled;
  return subjects;
}

}  // namespace recount::projections
