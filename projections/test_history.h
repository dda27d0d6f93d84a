// Histories for the tests of this folder: events of our own making in a log, without commands.
#ifndef RECOUNT_PROJECTIONS_TEST_HISTORY_H_
#define RECOUNT_PROJECTIONS_TEST_HISTORY_H_

#include <algorithm>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "domain/aggregate.h"
#include "domain/calendar.h"
#include "eventstore/event_log.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "projections/fact_tables.h"

namespace recount::projections {

inline constexpr eventstore::TenantNumber kTestTenant = 7;
inline constexpr int64_t kHour = 3'600'000'000;
inline constexpr int64_t kDayMicros = 24 * kHour;

struct TestEvent {
  std::string stream;
  std::string payload;  // text format of EventPayload
  int64_t occurred_micros = 0;
  v1::Precision precision = v1::PRECISION_INSTANT;
};

// Appends one commit and waits until it is durable; its last position.
inline uint64_t AppendCommit(eventstore::EventLog* log, const std::vector<TestEvent>& events, int64_t recorded_micros) {
  eventstore::Proposal proposal;
  proposal.tenant = kTestTenant;
  proposal.record.set_format(1);
  proposal.record.set_actor("users/test");
  proposal.record.set_recorded_micros(recorded_micros);
  for (const TestEvent& event : events) {
    v1::EventPayload payload;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(event.payload, &payload)) << event.payload;
    storage::v1::StoredEvent* stored = proposal.record.add_events();
    stored->set_stream(event.stream);
    stored->set_type(domain::TypeOf(payload));
    stored->set_occurred_micros(event.occurred_micros);
    stored->set_precision(event.precision);
    stored->set_schema_version(1);
    stored->set_payload(domain::EventIn(payload).SerializeAsString());
  }
  std::promise<absl::Status> durable;
  auto sequenced = log->Sequence(std::move(proposal), [&](absl::Status status) { durable.set_value(status); });
  EXPECT_TRUE(sequenced.ok()) << sequenced.status();
  if (!sequenced.ok()) return 0;
  EXPECT_TRUE(durable.get_future().get().ok());
  return sequenced->last_position;
}

// Rows as text, sorted: what two tables that say the same have in common.
inline std::vector<std::string> RowsAsText(const IntervalTable& table, uint64_t up_to = kOpenPosition - 1) {
  std::vector<std::string> rows;
  const Dictionary& texts = table.dictionary();
  for (size_t row = 0; row < table.size(); ++row) {
    if (table.since()[row] > up_to) continue;
    std::string text = absl::StrCat(texts.Text(table.record()[row]), " #", table.item()[row], " [", table.since()[row], ",",
                                    table.until()[row] > up_to ? "open" : absl::StrCat(table.until()[row]), ") [",
                                    table.valid_from()[row], ",", table.valid_to()[row], ")");
    std::vector<std::string> values;
    for (size_t i = 0; i < table.columns().size(); ++i) {
      const int64_t value = table.column(static_cast<int>(i))[row];
      const ColumnKind kind = table.columns()[i].kind;
      const bool is_text = kind == ColumnKind::kText || kind == ColumnKind::kRecord || kind == ColumnKind::kTextSet;
      if (value == kNull) continue;
      values.push_back(absl::StrCat(" ", table.columns()[i].name, "=", is_text ? texts.Text(value) : absl::StrCat(value)));
    }
    std::sort(values.begin(), values.end());
    for (const std::string& value : values) text += value;
    rows.push_back(std::move(text));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Commits of random events about a few records, many of them late, on the same day or several in one commit.
class RandomHistory {
 public:
  explicit RandomHistory(uint32_t seed) : random_(seed) {}

  std::vector<TestEvent> Next() {
    now_ += Pick(3) * kHour;
    std::vector<TestEvent> events;
    const int count = 1 + (Pick(4) == 0 ? Pick(4) : 0);
    for (int i = 0; i < count; ++i) events.push_back(NextEvent());
    return events;
  }
  int64_t now() const { return now_; }

 private:
  int Pick(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
  template <class... Texts>
  std::string OneOf(Texts... texts) {
    const char* all[] = {texts...};
    return all[Pick(sizeof...(texts))];
  }

  int64_t Occurred(int64_t created, bool may_precede) {
    switch (Pick(5)) {
      case 0: return std::max(may_precede ? created - 2 * kHour : created, now_ - Pick(40) * kHour);  // late
      case 1: return std::max(created, now_ - now_ % kDayMicros);                                      // the day
      default: return now_;
    }
  }

  TestEvent NextEvent() {
    if (created_.empty() || Pick(12) == 0) return Creation();
    const size_t which = static_cast<size_t>(Pick(static_cast<int>(created_.size())));
    const auto& [stream, created] = created_[which];
    const bool is_lead = stream[0] == 'l';
    TestEvent event;
    event.stream = stream;
    event.occurred_micros = Occurred(created, is_lead);
    event.precision = event.occurred_micros % kDayMicros == 0 ? v1::PRECISION_DAY : v1::PRECISION_INSTANT;
    event.payload = is_lead ? absl::StrCat("lead { ", LeadEvent(), " }") : absl::StrCat("deal { ", DealEvent(), " }");
    return event;
  }

  TestEvent Creation() {
    const bool is_lead = Pick(3) == 0;
    TestEvent event;
    event.stream = absl::StrCat(is_lead ? "leads/" : "deals/", created_.size());
    event.occurred_micros = now_ - Pick(20) * kHour;
    event.payload = is_lead ? "lead { captured { source { id: 'web' } tags: 'a' } }"
                            : absl::StrCat("deal { created { pipeline: 'p' stage: 'potential' ", Money(), " } }");
    created_.push_back({event.stream, event.occurred_micros});
    return event;
  }

  std::string Money() { return Pick(5) == 0 ? "" : absl::StrCat("value { currency_code: 'ILS' units: ", Pick(9), " }"); }
  std::string Annotation() {
    switch (Pick(4)) {
      case 0: return absl::StrCat("annotated { tags_added: '", OneOf("a", "b", "c"), "' }");
      case 1: return absl::StrCat("annotated { tags_removed: '", OneOf("a", "b", "c"), "' }");
      case 2: return absl::StrCat("annotated { fields { field_id: '", OneOf("x", "y"), "' value { integer: ", Pick(3), " } } }");
      default: return absl::StrCat("annotated { fields { field_id: '", OneOf("x", "y"), "' remove: true } }");
    }
  }
  std::string LeadEvent() {
    switch (Pick(9)) {
      case 0: return absl::StrCat("assigned { owner: '", OneOf("", "users/a", "users/b"), "' }");
      case 1: return absl::StrCat("status_changed { status: '", OneOf("new", "called"), "' }");
      case 2: return absl::StrCat("qualified { level: ", OneOf("LEAD_LEVEL_MQL", "LEAD_LEVEL_SQL"), " }");
      case 3: return "accepted {}";
      case 4: return "disqualified { reason: 'no_budget' }";
      case 5: return "requalified { level: LEAD_LEVEL_MQL }";
      case 6: return "converted { person: 'persons/1' }";
      case 7: return OneOf("deleted {}", "restored {}");
      default: return Annotation();
    }
  }
  std::string DealEvent() {
    switch (Pick(14)) {
      case 0:
      case 1:
      case 2: return absl::StrCat("stage_changed { stage: '", OneOf("potential", "offer", "order"), "' }");
      case 3:
      case 4: return absl::StrCat("value_changed { ", Money(), " }");
      case 5: return absl::StrCat("assigned { owner: '", OneOf("", "users/a", "users/b"), "' }");
      case 6: return absl::StrCat("probability_overridden { probability_bp: ", Pick(3) * 1000, " keep: ", Pick(2), " }");
      case 7: return "probability_cleared {}";
      case 8: return "won {}";
      case 9: return "lost { reason: 'price' }";
      case 10: return "reopened {}";
      case 11: return absl::StrCat("moved_to_pipeline { pipeline: '", OneOf("p", "q"), "' stage: 'first' }");
      case 12: return OneOf("deleted {}", "restored {}");
      default: return Annotation();
    }
  }

  std::mt19937 random_;
  int64_t now_ = 20'000 * kDayMicros;
  std::vector<std::pair<std::string, int64_t>> created_;  // stream, time of creation
};

// A log of `commits` random commits. The seed is printed where a test fails.
inline std::unique_ptr<eventstore::EventLog> RandomLog(uint32_t seed, int commits) {
  std::unique_ptr<eventstore::EventLog> log = eventstore::NewMemoryEventLog();
  RandomHistory history(seed);
  for (int i = 0; i < commits; ++i) {
    const std::vector<TestEvent> events = history.Next();
    AppendCommit(log.get(), events, history.now());
  }
  return log;
}

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_TEST_HISTORY_H_
