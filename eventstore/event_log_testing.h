// Short ways to write to and read from an EventLog in tests.
#ifndef RECOUNT_EVENTSTORE_EVENT_LOG_TESTING_H_
#define RECOUNT_EVENTSTORE_EVENT_LOG_TESTING_H_

#include <stdlib.h>

#include <filesystem>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "eventstore/event_log.h"
#include "gtest/gtest.h"

namespace recount::eventstore {

// An empty folder of its own under the test's temporary folder.
inline std::string MakeTemporaryDirectory() {
  std::string path = testing::TempDir() + "recount_eventstore_XXXXXX";
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

// A folder for a log, deleted at the end.
class LogFolder {
 public:
  ~LogFolder() { std::filesystem::remove_all(root); }
  RocksdbLogOptions Options() const {
    RocksdbLogOptions options;
    options.directory = data;
    options.block_cache_bytes = 8 << 20;
    return options;
  }
  // Packs eight events at a time, and leaves `unpacked_events` alone.
  RocksdbLogOptions PackingOptions(uint64_t unpacked_events = 0) const {
    RocksdbLogOptions options = Options();
    options.unpacked_events = unpacked_events;
    options.events_a_pack = 8;
    return options;
  }
  absl::StatusOr<std::unique_ptr<EventLog>> Open() const { return OpenRocksdbEventLog(Options()); }
  absl::StatusOr<std::unique_ptr<EventLog>> OpenPacking() const { return OpenRocksdbEventLog(PackingOptions()); }
  // As after a kill: the files as they are while a log may be open.
  void CopyTo(const LogFolder& other) const {
    std::filesystem::copy(data, other.data, std::filesystem::copy_options::recursive);
  }

  const std::string root = MakeTemporaryDirectory();
  const std::string data = root + "/data";
};

// One event for each name.
inline Proposal MakeProposal(TenantNumber tenant, const std::vector<std::string>& streams, int64_t recorded_micros = 0) {
  Proposal proposal;
  proposal.tenant = tenant;
  proposal.record.set_recorded_micros(recorded_micros);
  for (const std::string& stream : streams) {
    storage::v1::StoredEvent* event = proposal.record.add_events();
    event->set_stream(stream);
    event->set_type(1 << 16 | 1);
    event->set_schema_version(1);
    event->set_payload("payload of " + stream);
  }
  return proposal;
}

inline Proposal WithClaim(Proposal proposal, const std::string& key, const std::string& stream, bool release = false) {
  storage::v1::KeyClaim* claim = proposal.record.add_claims();
  claim->set_key(key);
  claim->set_stream(stream);
  claim->set_release(release);
  return proposal;
}

// Sequences and waits until it is durable.
inline absl::StatusOr<Sequenced> AppendNow(EventLog& log, Proposal proposal) {
  std::promise<absl::Status> durable;
  auto sequenced = log.Sequence(std::move(proposal), [&](absl::Status status) { durable.set_value(status); });
  if (!sequenced.ok()) return sequenced;
  absl::Status status = durable.get_future().get();
  if (!status.ok()) return status;
  return sequenced;
}

inline absl::StatusOr<Sequenced> AppendNow(EventLog& log, TenantNumber tenant, const std::vector<std::string>& streams,
                                           int64_t recorded_micros = 0) {
  return AppendNow(log, MakeProposal(tenant, streams, recorded_micros));
}

inline std::vector<StoredCommit> ReadAll(EventLog& log, TenantNumber tenant) {
  std::vector<StoredCommit> commits;
  absl::Status status = log.ReadCommits(tenant, 0, Direction::kForward, [&](const StoredCommit& commit) {
    commits.push_back(commit);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return commits;
}

inline std::vector<uint64_t> FirstPositions(EventLog& log, TenantNumber tenant, uint64_t after, Direction direction) {
  std::vector<uint64_t> positions;
  absl::Status status = log.ReadCommits(tenant, after, direction, [&](const StoredCommit& commit) {
    positions.push_back(commit.first_position);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return positions;
}

inline std::vector<uint64_t> StreamPositions(EventLog& log, TenantNumber tenant, const std::string& stream,
                                             uint64_t after = 0, Direction direction = Direction::kForward) {
  std::vector<uint64_t> positions;
  absl::Status status = log.ReadStream(tenant, stream, after, direction, [&](const StreamEvent& event) {
    positions.push_back(event.position);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return positions;
}

inline std::vector<std::string> StreamNames(EventLog& log, TenantNumber tenant, const std::string& prefix) {
  std::vector<std::string> names;
  absl::Status status = log.ListStreams(tenant, prefix, [&](absl::string_view name) {
    names.emplace_back(name);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return names;
}

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_EVENT_LOG_TESTING_H_
