#include <filesystem>

#include "eventstore/event_log_contract.h"

namespace recount::eventstore {
namespace {

// A RocksDB log in a folder that goes with it.
std::shared_ptr<EventLog> MakeRocksdbLog(size_t index_memory_bytes, uint64_t unpacked_events = 4096,
                                         uint64_t events_a_pack = 128) {
  struct Holder {
    std::string directory = MakeTemporaryDirectory();
    std::unique_ptr<EventLog> log;
    ~Holder() {
      log.reset();
      std::filesystem::remove_all(directory);
    }
  };
  auto holder = std::make_shared<Holder>();
  RocksdbLogOptions options;
  options.directory = holder->directory + "/data";
  options.index_memory_bytes = index_memory_bytes;
  options.unpacked_events = unpacked_events;
  options.events_a_pack = events_a_pack;
  auto log = OpenRocksdbEventLog(options);
  if (!log.ok()) {
    ADD_FAILURE() << log.status();
    return nullptr;
  }
  holder->log = *std::move(log);
  return {holder, holder->log.get()};
}

std::string NameOf(const testing::TestParamInfo<LogUnderTest>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Logs, EventLogContract,
    testing::Values(LogUnderTest{"memory", [] { return std::shared_ptr<EventLog>(NewMemoryEventLog()); }},
                    LogUnderTest{"rocksdb", [] { return MakeRocksdbLog(64 << 20); }},
                    // Every commit goes at once from the tail in memory to the index.
                    LogUnderTest{"rocksdb_small_tail", [] { return MakeRocksdbLog(0); }},
                    // Commits are packed as soon as there are eight events of them, while the suite goes on; and each alone.
                    LogUnderTest{"rocksdb_packing", [] { return MakeRocksdbLog(64 << 20, 0, 8); }},
                    LogUnderTest{"rocksdb_packing_each", [] { return MakeRocksdbLog(64 << 20, 0, 1); }}),
    NameOf);

}  // namespace
}  // namespace recount::eventstore
