#include "projections/fold_driver.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/aggregate.h"

namespace recount::projections {
namespace {

constexpr int kAggregateShift = 16;

// An event of a stream that is read back from the log.
struct ReadBack {
  storage::v1::StoredEvent event;
  uint64_t position;
  uint64_t commit_position;
  int64_t recorded_micros;

  // The creation comes first, the others as they occurred.
  auto Order() const { return std::make_tuple(event.revision() != 1, event.occurred_micros(), position); }
};

FoldEvent MakeFoldEvent(const storage::v1::StoredEvent& event, uint64_t position, uint64_t commit_position,
                        int64_t recorded_micros, const v1::EventPayload* payload) {
  FoldEvent made;
  made.position = position;
  made.commit_position = commit_position;
  made.occurred_micros = event.occurred_micros();
  made.precision = static_cast<v1::Precision>(event.precision());
  made.recorded_micros = recorded_micros;
  made.payload = payload;
  return made;
}

bool SaysTheSame(const IntervalTable& table, size_t row, const FactSpan& span) {
  if (table.item()[row] != span.item || table.valid_from()[row] != span.valid_from ||
      table.valid_to()[row] != span.valid_to) {
    return false;
  }
  for (size_t i = 0; i < table.columns().size(); ++i) {
    if (table.column(static_cast<int>(i))[row] != (i < span.values.size() ? span.values[i] : kNull)) return false;
  }
  return true;
}

}  // namespace

FoldDriver::FoldDriver(FactTables* tables, eventstore::EventLog* log, eventstore::TenantNumber tenant, size_t state_limit)
    : tables_(tables), log_(log), tenant_(tenant), state_limit_(state_limit) {
  for (FactTables::Entry& entry : tables_->entries) {
    const size_t aggregate = domain::AggregateOf(entry.subject->collection);
    if (entries_of_.size() <= aggregate) entries_of_.resize(aggregate + 1);
    entries_of_[aggregate].push_back(&entry);
  }
}

absl::Status FoldDriver::Apply(const eventstore::StoredCommit& commit) {
  if (commit.first_position != tables_->position + 1) {
    return absl::DataLossError(absl::StrCat("the commit after position ", tables_->position, " is missing: the next one is at ",
                                            commit.first_position));
  }
  touched_.clear();
  for (int i = 0; i < commit.record.events_size(); ++i) {
    if (absl::Status applied = ApplyEvent(commit, i); !applied.ok()) return applied;
  }
  for (const Touched& touched : touched_) {
    touched.state->is_touched = false;
    if (!touched.state->is_known) {
      if (absl::Status folded = Refold(touched, commit.last_position); !folded.ok()) return folded;
      continue;
    }
    for (SubjectState& subject : touched.state->subjects) Believe(touched.record, commit.last_position, &subject);
  }
  tables_->position = commit.last_position;
  tables_->recorded_micros = commit.record.recorded_micros();
  tables_->hash = commit.hash;
  if (young_.size() > state_limit_ / 2) {
    old_ = std::move(young_);
    young_.clear();
  }
  return absl::OkStatus();
}

FoldDriver::StreamState* FoldDriver::StateOf(int64_t record) {
  std::unique_ptr<StreamState>& state = young_[record];
  if (state == nullptr) {
    auto found = old_.find(record);
    if (found != old_.end()) {
      state = std::move(found->second);
      old_.erase(found);
    } else {
      state = std::make_unique<StreamState>();
    }
  }
  return state.get();
}

absl::Status FoldDriver::ApplyEvent(const eventstore::StoredCommit& commit, int index) {
  const storage::v1::StoredEvent& event = commit.record.events(index);
  const uint32_t aggregate = event.type() >> kAggregateShift;
  const bool is_fact = aggregate < entries_of_.size() && !entries_of_[aggregate].empty();
  if (!is_fact && aggregate != v1::EventPayload::kRule) return absl::OkStatus();

  const uint64_t position = commit.first_position + index;
  absl::StatusOr<const v1::EventPayload*> payload = payloads_.Read(event, position);
  if (!payload.ok()) return payload.status();
  if (!is_fact) {
    tables_->rulebook.ApplyRaw(position, commit.record.recorded_micros(), commit.record.actor(), (*payload)->rule());
    return absl::OkStatus();
  }

  const int64_t record = tables_->dictionary.Intern(event.stream());
  StreamState* state = StateOf(record);
  if (!state->is_touched) {
    state->is_touched = true;
    touched_.push_back({record, state});
  }
  const bool is_creation = event.revision() == 1;
  if (is_creation) Reset(aggregate, state);
  if (!is_creation && state->is_known && event.occurred_micros() < state->last_micros) state->is_known = false;
  if (!state->is_known) return absl::OkStatus();  // folded from the log when the commit is through
  Step(MakeFoldEvent(event, position, commit.last_position, commit.record.recorded_micros(), *payload), is_creation, state);
  return absl::OkStatus();
}

void FoldDriver::Reset(uint32_t aggregate, StreamState* state) {
  state->is_known = true;
  state->last_micros = std::numeric_limits<int64_t>::min();
  state->subjects.clear();
  for (FactTables::Entry* entry : entries_of_[aggregate]) {
    state->subjects.push_back({entry, entry->subject->make_fold(entry->columns.get()), SpanCutter()});
  }
}

void FoldDriver::Step(const FoldEvent& event, bool is_creation, StreamState* state) {
  if (is_creation) {
    state->created_micros = event.occurred_micros;
  } else {
    state->last_micros = event.occurred_micros;
  }
  // What occurred before the creation holds from the creation on; its raw time stays in the values.
  const int64_t time = std::max(event.occurred_micros, state->created_micros);
  for (SubjectState& subject : state->subjects) {
    subject.fold->Apply(event);
    subject.cutter.Cut(time, *subject.fold);
  }
}

absl::Status FoldDriver::Refold(const Touched& touched, uint64_t commit_position) {
  ++refolds_;
  std::vector<ReadBack> events;
  const std::string stream(tables_->dictionary.Text(touched.record));
  absl::Status read = log_->ReadStream(tenant_, stream, 0, eventstore::Direction::kForward,
                                       [&](const eventstore::StreamEvent& found) {
                                         if (found.position > commit_position) return false;
                                         events.push_back({*found.event, found.position, found.commit_last_position,
                                                           found.commit->recorded_micros()});
                                         return true;
                                       });
  if (!read.ok()) return read;
  if (events.empty() || events.front().event.revision() != 1) {
    return absl::DataLossError(absl::StrCat("stream ", stream, " does not begin with its first event: run `recount verify`"));
  }
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.Order() < b.Order(); });

  Reset(events.front().event.type() >> kAggregateShift, touched.state);
  for (const ReadBack& event : events) {
    absl::StatusOr<const v1::EventPayload*> payload = payloads_.Read(event.event, event.position);
    if (!payload.ok()) return payload.status();
    Step(MakeFoldEvent(event.event, event.position, event.commit_position, event.recorded_micros, *payload),
         event.event.revision() == 1, touched.state);
  }
  for (SubjectState& subject : touched.state->subjects) BelieveAnew(touched.record, commit_position, &subject);
  return absl::OkStatus();
}

void FoldDriver::Believe(int64_t record, uint64_t commit_position, SubjectState* state) {
  IntervalTable& table = *state->entry->table;
  std::vector<FactSpan>& closed = state->cutter.closed();
  // A commit that changes something and back at one instant changes nothing.
  for (FactSpan& open : state->cutter.open()) {
    if (open.row != kNoRow) continue;
    for (FactSpan& was : closed) {
      if (was.row == kNoRow || was.item != open.item || was.valid_from != open.valid_from) continue;
      if (SameValues(was.values, open.values)) std::swap(open.row, was.row);
    }
  }
  for (FactSpan& span : closed) {
    if (span.row != kNoRow) table.Retire(span.row, commit_position);
    if (span.valid_from == span.valid_to) continue;
    table.Append(record, span.item, commit_position, span.valid_from, span.valid_to, span.values);
  }
  closed.clear();
  for (FactSpan& open : state->cutter.open()) {
    if (open.row != kNoRow) continue;
    open.row = table.Append(record, open.item, commit_position, open.valid_from, kOpenTime, open.values);
  }
}

void FoldDriver::BelieveAnew(int64_t record, uint64_t commit_position, SubjectState* state) {
  IntervalTable& table = *state->entry->table;
  std::vector<FactSpan*> spans;
  for (FactSpan& span : state->cutter.closed()) spans.push_back(&span);
  for (FactSpan& span : state->cutter.open()) spans.push_back(&span);
  std::vector<size_t> wrong;
  for (const size_t row : table.RowsOf(record)) {
    if (table.until()[row] != kOpenPosition) continue;
    auto same = std::find_if(spans.begin(), spans.end(), [&](const FactSpan* span) {
      return span->row == kNoRow && SaysTheSame(table, row, *span);
    });
    if (same == spans.end()) wrong.push_back(row);
    else (*same)->row = row;
  }
  for (const size_t row : wrong) table.Retire(row, commit_position);
  for (FactSpan* span : spans) {
    if (span->row != kNoRow) continue;
    span->row = table.Append(record, span->item, commit_position, span->valid_from, span->valid_to, span->values);
  }
  state->cutter.closed().clear();
}

}  // namespace recount::projections
