// One subject counted again from the log, on one core, beside what an application would do without one: an event a value in RocksDB,
// each parsed as a whole and applied to the state of its record.
//
//   fold_bench prepare --data=FOLDER --events=FOLDER    writes the events of the log in a server's data folder for the peer
//   fold_bench subject --data=FOLDER --subject=ID       ours: every version of every row
//   fold_bench events --events=FOLDER                   the peer: the newest state
//
// No server may run on the folder. The log is that of tenant 1.
#include <sched.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "domain/aggregate.h"
#include "domain/calendar.h"
#include "eventstore/event_log.h"
#include "projections/fold_driver.h"
#include "projections/payload_reader.h"
#include "recount/v1/event.pb.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"
#include "tools/benchmarks/measuring.h"

namespace recount::tools {
namespace {

using eventstore::Direction;
using eventstore::StoredCommit;

constexpr eventstore::TenantNumber kTenant = 1;
constexpr size_t kEventsAWrite = 1000;
constexpr size_t kReadAhead = 2 << 20;

template <typename Status>
void Check(const Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

void StayOnOneCore() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(0, &cores);
  if (sched_setaffinity(0, sizeof(cores), &cores) != 0) Fail("the program cannot be kept on one core");
}

std::unique_ptr<eventstore::EventLog> OpenLog(const std::string& data) {
  eventstore::RocksdbLogOptions options;
  options.directory = data;
  options.unpacked_events = eventstore::kNeverPack;  // what is packed stays so, and nothing goes on beside
  auto log = OpenRocksdbEventLog(options);
  Check(log.status());
  return *std::move(log);
}

std::unique_ptr<rocksdb::DB> OpenEvents(const std::string& folder) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::DB* db = nullptr;
  Check(rocksdb::DB::Open(options, folder, &db));
  return std::unique_ptr<rocksdb::DB>(db);
}

std::string KeyOf(uint64_t position) {
  std::string key(8, '\0');
  for (int i = 0; i < 8; ++i) key[i] = static_cast<char>(position >> (56 - 8 * i));
  return key;
}

// As an application would store it: in one message.
v1::Event EventOf(const StoredCommit& commit, int index, projections::PayloadReader* payloads) {
  const storage::v1::StoredEvent& stored = commit.record.events(index);
  v1::Event event;
  event.set_position(commit.first_position + index);
  event.set_stream(stored.stream());
  event.set_revision(stored.revision());
  event.set_type(stored.type());
  *event.mutable_occurred_time() = domain::TimestampFrom(stored.occurred_micros());
  *event.mutable_recorded_time() = domain::TimestampFrom(commit.record.recorded_micros());
  event.set_actor(commit.record.actor());
  event.set_request_id(commit.record.request_id());
  const auto payload = payloads->Read(stored, event.position());
  Check(payload.status());
  *event.mutable_payload() = **payload;
  return event;
}

void Prepare(const std::string& data, const std::string& folder) {
  const auto log = OpenLog(data);
  const auto db = OpenEvents(folder);
  projections::PayloadReader payloads;
  rocksdb::WriteBatch batch;
  Check(log->ReadCommits(kTenant, 0, Direction::kForward, [&](const StoredCommit& commit) {
    for (int i = 0; i < commit.record.events_size(); ++i) {
      const v1::Event event = EventOf(commit, i, &payloads);
      Check(batch.Put(KeyOf(event.position()), event.SerializeAsString()));
    }
    if (static_cast<size_t>(batch.Count()) < kEventsAWrite) return true;
    Check(db->Write({}, &batch));
    batch.Clear();
    return true;
  }));
  Check(db->Write({}, &batch));
  Check(db->CompactRange({}, nullptr, nullptr));
}

ResultLine Result(uint64_t events, double seconds, size_t made) {
  ResultLine line;
  line.Add("operations", static_cast<double>(events)).Add("seconds", seconds);
  line.Add("per_second", events / seconds).Add("made", static_cast<double>(made));
  return line;
}

ResultLine CountSubject(const std::string& data, const std::string& id) {
  const projections::Subject* const subject = projections::FindSubject(id);
  if (subject == nullptr) Fail("there is no such subject");
  const std::vector<projections::Subject> subjects = {*subject};
  const auto log = OpenLog(data);
  StayOnOneCore();
  const auto begin = Clock::now();
  projections::FactTables tables(subjects, 1);
  projections::FoldDriver driver(&tables, log.get(), kTenant, projections::FoldDriver::kManyStates);
  Check(log->ReadCommits(kTenant, 0, Direction::kForward, [&](const StoredCommit& commit) {
    Check(driver.Apply(commit));
    return true;
  }));
  return Result(tables.position, SecondsSince(begin), tables.entries[0].table->size());
}

// What the peer keeps of a deal or lead.
struct State {
  std::string stage, pipeline, owner;
  int64_t value = 0, changed_seconds = 0;
  bool is_open = true;
};

void Apply(const v1::Event& event, State* state) {
  state->changed_seconds = std::max(state->changed_seconds, event.occurred_time().seconds());
  if (!event.payload().has_deal()) return;
  const v1::DealEvent& deal = event.payload().deal();
  if (deal.has_created()) {
    state->pipeline = deal.created().pipeline();
    state->stage = deal.created().stage();
    state->owner = deal.created().owner();
    state->value = deal.created().value().units();
  } else if (deal.has_stage_changed()) {
    state->stage = deal.stage_changed().stage();
  } else if (deal.has_value_changed()) {
    state->value = deal.value_changed().value().units();
  } else if (deal.has_assigned()) {
    state->owner = deal.assigned().owner();
  } else if (deal.has_won() || deal.has_lost()) {
    state->is_open = false;
  }
}

ResultLine CountEvents(const std::string& folder) {
  const auto db = OpenEvents(folder);
  StayOnOneCore();
  const auto begin = Clock::now();
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReadAhead;
  const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(options));
  absl::flat_hash_map<std::string, State> states;
  uint64_t events = 0;
  v1::Event event;
  for (at->SeekToFirst(); at->Valid(); at->Next(), ++events) {
    if (!event.ParseFromArray(at->value().data(), static_cast<int>(at->value().size()))) Fail("an event cannot be parsed");
    if (event.payload().has_deal() || event.payload().has_lead()) Apply(event, &states[event.stream()]);
  }
  Check(at->status());
  return Result(events, SecondsSince(begin), states.size());
}

int Run(int argc, char** argv) {
  Arguments arguments(argc, argv, "fold_bench prepare|subject|events --data=FOLDER --events=FOLDER --subject=ID");
  const std::string data = arguments.Text("data"), events = arguments.Text("events");
  const std::string subject = arguments.Text("subject", "deal_state");
  arguments.Finish();
  ResultLine line;
  if (arguments.mode() == "prepare") {
    Prepare(data, events);
  } else if (arguments.mode() == "subject") {
    line = CountSubject(data, subject);
  } else if (arguments.mode() == "events") {
    line = CountEvents(events);
  } else {
    Fail("MODE is prepare, subject or events");
  }
  line.Print();
  return 0;
}

}  // namespace
}  // namespace recount::tools

int main(int argc, char** argv) { return recount::tools::Run(argc, argv); }
