#include "projections/engine/recorded_between.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "domain/aggregate.h"
#include "eventstore/event_log.h"
#include "projections/subject.h"

namespace recount::projections {
namespace {

// In the order in which they are gone through. A deletion stands before what else happened to a record, and what is late before
// what is new.
constexpr std::array kKinds = {v1::CHANGE_CAUSE_KIND_LATE_FACTS, v1::CHANGE_CAUSE_KIND_NEW_FACTS, v1::CHANGE_CAUSE_KIND_DELETIONS};

struct Recorded {
  bool is_late = false;
  bool is_deletion = false;
  int64_t events = 0;
  uint64_t first_position = 0, last_position = 0;

  v1::ChangeCauseKind kind() const {
    if (is_deletion) return v1::CHANGE_CAUSE_KIND_DELETIONS;
    return is_late ? v1::CHANGE_CAUSE_KIND_LATE_FACTS : v1::CHANGE_CAUSE_KIND_NEW_FACTS;
  }
};

class Gathering {
 public:
  explicit Gathering(int64_t valid_at) : valid_at_(valid_at) {
    for (const Subject& subject : AllSubjects()) collections_.insert(subject.collection);
  }

  void Add(const storage::v1::StoredEvent& event, uint64_t position) {
    if (!collections_.contains(domain::CollectionOf(event.stream()))) return;
    const auto [place, is_new] = records_.try_emplace(event.stream());
    Recorded& recorded = place->second;
    if (is_new) {
      order_.push_back(event.stream());
      recorded.first_position = position;
    }
    recorded.last_position = position;
    ++recorded.events;
    recorded.is_late |= event.occurred_micros() <= valid_at_;
    recorded.is_deletion |= IsDeletion(event.type());
  }

  std::vector<RecordedFacts> ByKind(const std::function<bool(absl::string_view record)>& is_seen) const {
    std::vector<std::string> seen;
    std::copy_if(order_.begin(), order_.end(), std::back_inserter(seen), is_seen);
    std::vector<RecordedFacts> all;
    for (const v1::ChangeCauseKind kind : kKinds) {
      RecordedFacts facts;
      facts.kind = kind;
      for (const std::string& stream : seen) Include(stream, records_.at(stream), &facts);
      if (!facts.streams.empty()) all.push_back(std::move(facts));
    }
    return all;
  }

 private:
  bool IsDeletion(uint32_t type) {
    const auto [place, is_new] = deletes_.try_emplace(type, false);
    if (is_new) {
      const std::string name = domain::TypeName(type);
      place->second = name == "RecordDeleted" || name == "RecordRestored";
    }
    return place->second;
  }

  static void Include(const std::string& stream, const Recorded& recorded, RecordedFacts* facts) {
    if (recorded.kind() != facts->kind) return;
    const bool is_first = facts->streams.empty();
    facts->streams.push_back(stream);
    facts->events += recorded.events;
    facts->first_position = is_first ? recorded.first_position : std::min(facts->first_position, recorded.first_position);
    facts->last_position = std::max(facts->last_position, recorded.last_position);
  }

  const int64_t valid_at_;
  absl::flat_hash_set<absl::string_view> collections_;
  absl::flat_hash_map<std::string, Recorded> records_;
  std::vector<std::string> order_;
  absl::flat_hash_map<uint32_t, bool> deletes_;
};

}  // namespace

absl::StatusOr<std::vector<RecordedFacts>> RecordedBetween(const EngineContext& context, uint64_t from, uint64_t to, int64_t valid_at,
                                                           const std::function<bool(absl::string_view record)>& is_seen, Halt* halt) {
  Gathering gathering(valid_at);
  if (from >= to || context.log == nullptr) return gathering.ByKind(is_seen);
  const auto read = context.log->ReadCommits(context.tenant, from, eventstore::Direction::kForward,
                                             [&](const eventstore::StoredCommit& commit) {
                                               if (commit.first_position > to || halt->AtStep()) return false;
                                               uint64_t position = commit.first_position;
                                               for (const auto& event : commit.record.events()) gathering.Add(event, position++);
                                               return true;
                                             });
  if (!read.ok()) return read;
  if (!halt->status().ok()) return halt->status();
  return gathering.ByKind(is_seen);
}

}  // namespace recount::projections
