// What all aggregates share: states, decisions, and the two functions that are the write side
// (DESIGN.md, idea 3).
//
//   Decide(command, context) -> events and key claims, or a refusal
//   Evolve(state, event)     -> state
//
// Both are pure: time, ids, actor and rules come in. Decide refuses with a stable reason
// (domain/refusal.h), and a command that asks for what already is so decides to nothing. Evolve
// never fails and never judges: it is used on the past.
#ifndef RECOUNT_DOMAIN_AGGREGATE_H_
#define RECOUNT_DOMAIN_AGGREGATE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "domain/calendar.h"
#include "domain/past.h"
#include "domain/rulebook.h"
#include "domain/timeline.h"
#include "recount/storage/v1/commit.pb.h"
#include "recount/v1/command.pb.h"
#include "recount/v1/event.pb.h"

namespace recount::domain {

// ---- Streams and types ----

// `deals` of `deals/4711`; empty if it is no resource name.
absl::string_view CollectionOf(absl::string_view name);
// Aggregate field number of EventPayload for a collection; 0: unknown.
int AggregateOf(absl::string_view collection);
// Key claim of an external id: unique by (type, source, id).
std::string ExternalKey(absl::string_view collection, const v1::ExternalId& id);

// (aggregate << 16) | event of the payload that is set; 0: none.
uint32_t TypeOf(const v1::EventPayload& payload);
// The event message inside the payload for a type number, made if it is not there; nullptr: unknown
// type.
google::protobuf::Message* MutableEvent(uint32_t type, v1::EventPayload* payload);
const google::protobuf::Message& EventIn(const v1::EventPayload& payload);
// `DealStageChanged`; empty: unknown.
std::string TypeName(uint32_t type);

// ---- States: the public resource, and what only decisions need. ----

// They fold by position. What is set again and again over time (owner, stage, value ...) is kept as
// a timeline, and of leads and deals also details, tags and custom fields, so that a late entry
// takes its place: the resource shows what holds last in the world, as reports do, and "is so
// already" is asked of the moment that a command speaks of.

struct LeadStanding {
  v1::LeadState state = v1::LEAD_STATE_OPEN;
  std::string disqualify_reason;
};
struct LevelSet {
  v1::LeadLevel level = v1::LEAD_LEVEL_UNSPECIFIED;
  bool is_taken_back = false;  // by a requalification; else reached
};
struct LeadState {
  v1::Lead lead;
  Past<v1::Lead> past;
  Timeline<std::string> owner;
  Timeline<std::string> status;
  Timeline<int64_t> handle_by;  // microseconds
  Timeline<LevelSet> level;
  Timeline<LeadStanding> standing;  // the capture's first
};
struct StageSet {
  std::string pipeline;
  std::string stage;
};
struct Amount {
  int64_t minor = 0;
  std::string currency;  // empty: no value
  bool operator==(const Amount&) const = default;
};
// What became of the probability set by hand.
struct ProbabilityStep {
  std::optional<uint32_t> bp = std::nullopt;  // set by hand; none: cleared
  bool keep = false;                          // survives stage changes
  bool by_stage = false;                      // cleared by a stage change, unless it was to be kept
  bool operator==(const ProbabilityStep&) const = default;
};
struct ClosedSpan {  // between an outcome and its reopening
  Instant from;
  Instant to;
};
struct DealState {
  v1::Deal deal;
  Past<v1::Deal> past;
  Instant created;
  Instant outcome;            // of the standing outcome
  Instant completed;          // if deal.completed()
  Timeline<StageSet> stages;  // the creation's first
  Timeline<std::string> owner;
  Timeline<Amount> value;
  Timeline<std::optional<int32_t>> expected_close;  // day
  Timeline<ProbabilityStep> probability;
  std::vector<ClosedSpan> closed_spans;  // withdrawn outcomes
};
struct RuleKindState {
  std::vector<uint64_t> published_positions;
  std::vector<uint64_t> withdrawn_positions;
};
struct DraftState {
  v1::Draft draft;
};
struct TenantState {
  v1::Tenant tenant;
};

// Empty (monostate): the stream does not exist.
using State =
    std::variant<std::monostate, LeadState, v1::Person, v1::Organization, DealState, v1::Product,
                 v1::User, v1::Team, v1::OrgUnit, RuleKindState, DraftState, TenantState>;

bool Exists(const State& state);
// What every record has; nullptr for rules and drafts.
const v1::RecordInfo* InfoOf(const State& state);
v1::RecordInfo* MutableInfoOf(State* state);
// The public resource message (Lead, Deal ...); nullptr if the stream does not exist or is no
// record.
const google::protobuf::Message* ResourceOf(const State& state);

// What is known of an event beside its payload.
struct EventMeta {
  absl::string_view stream;
  uint64_t position = 0;
  uint64_t revision = 0;
  int64_t occurred_micros = 0;
  v1::Precision precision = v1::PRECISION_INSTANT;
  int64_t recorded_micros = 0;
  absl::string_view actor;
};

void Evolve(const v1::EventPayload& payload, const EventMeta& meta, State* state);

// ---- Deciding ----

// A record that a command names.
struct Touch {
  std::string collection;
  v1::Ref ref;
  bool is_own = false;  // the record that the command is about, not one that it names besides
};
// What a command needs, so that it can be loaded before the sequencer.
std::vector<Touch> Touches(const v1::Command& command);

// The message inside a command, and its header.
const google::protobuf::Message* MessageIn(const v1::Command& command);  // nullptr: empty
const v1::CommandHeader& HeaderOf(const v1::Command& command);

// Records as the sequencer sees them: including what is sequenced and not yet durable.
class Records {
 public:
  virtual ~Records() = default;
  // Resource name of a reference; RECORD_NOT_FOUND. A reference by name is checked for collection
  // and existence.
  virtual absl::StatusOr<std::string> Resolve(absl::string_view collection, const v1::Ref& ref,
                                              absl::string_view field) = 0;
  // State of a stream; monostate if it does not exist. Valid until the next call.
  virtual absl::StatusOr<const State*> Load(absl::string_view stream) = 0;
  // Stream that has a key, empty if none.
  virtual absl::StatusOr<std::string> FindKey(absl::string_view key) = 0;
};

// Normalisers live in services/ (libphonenumber, ICU): they come in.
struct Normalizers {
  std::function<void(v1::Phone*)> phone;
  std::function<void(v1::Email*)> email;
  std::function<void(v1::PersonName*)> name;
  uint32_t version = 0;
};

struct Context {
  int64_t now_micros = 0;
  std::string actor;
  const v1::Tenant* tenant = nullptr;
  const Rulebook* rules = nullptr;
  const Calendar* calendar = nullptr;
  Records* records = nullptr;
  const Normalizers* normalizers = nullptr;
  std::function<std::string()> new_id;                   // UUIDv7
  int64_t future_tolerance_micros = 5 * 60 * 1000000LL;  // decisions.md 4
};

struct NewEvent {
  std::string stream;
  v1::EventPayload payload;
  int64_t occurred_micros = 0;
  v1::Precision precision = v1::PRECISION_INSTANT;
  std::string
      data_subject;  // under whose key personal fields are sealed; empty: the event has none
};

// An entry for the erasable look-up of phones and e-mails.
struct LookupEntry {
  std::string kind;   // `phone` or `email`
  std::string value;  // normalised
  std::string stream;
};

struct Decision {
  std::vector<NewEvent> events;  // empty: what is asked for is so already
  std::vector<storage::v1::KeyClaim> claims;
  std::vector<LookupEntry> lookups;
  std::string answer_name;
};

absl::StatusOr<Decision> Decide(const v1::Command& command, const Context& context);

// Limits of the protos: `(max)`, enum values, UTF-8, required references. Before Decide, on any
// request.
absl::Status CheckLimits(const google::protobuf::Message& message);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_AGGREGATE_H_
