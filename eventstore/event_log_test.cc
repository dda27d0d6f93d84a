#include <filesystem>

#include "eventstore/event_log_contract.h"

namespace recount::eventstore {
namespace {

// A RocksDB log in a folder that goes with it.
std::shared_ptr<EventLog> MakeRocksdbLog(size_t index_memory_bytes) {
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
                    LogUnderTest{"rocksdb_small_tail", [] { return MakeRocksdbLog(0); }}),
    NameOf);

}  // namespace
}  // namespace recount::eventstore
