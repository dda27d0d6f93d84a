// The packer: a thread that turns old commits, which lie one a value, into packs, which are read several times faster.
//
// It takes little: a few packs at a time, a rest after them, a low priority. Packs that are ready go to the disk together with
// the next group of commits, so that they cost no sync of their own; the packer writes them itself when no commits come.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_LOG_PACKER_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_LOG_PACKER_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventstore/event_log.h"
#include "eventstore/free_space.h"
#include "eventstore/rocksdb_log_database.h"
#include "rocksdb/write_batch.h"

namespace recount::eventstore {

class RecordCursor;

// Thread safe.
class LogPacker {
 public:
  // `on_failure` is called once if packs cannot be written.
  LogPacker(const RocksdbLogOptions& options, LogDatabase* database,
            std::function<void(const absl::Status&)> on_failure);
  ~LogPacker();

  // The tenant's log is durable up to `head`.
  void Raise(TenantNumber tenant, uint64_t head);
  // Adds the packs that are ready to a batch of commits; true: call Wrote() with what came of the batch.
  bool AddTo(rocksdb::WriteBatch* batch);
  void Wrote(bool ok);

  // The log has stopped: writes nothing more. Does not wait.
  void GiveUp();
  // See EventLog::FinishUpkeep.
  absl::Status PackNow();
  void Close();

 private:
  using Clock = std::chrono::steady_clock;

  struct Tenant {
    uint64_t head = 0;
    uint64_t looked_at_head = 0;  // with this head the next pack reached into the tail
    absl::Status damage;          // in the way of packing; readers and Verify() meet it too
  };

  // Packs that follow each other, waiting to be written.
  struct Ready {
    TenantNumber tenant = 0;
    Packed packed;                                            // once they are written
    ChainHash hash{};                                         // of the last commit in them
    std::vector<std::pair<std::string, std::string>> packs;   // key and value
    std::vector<std::string> singles;                         // keys of the commits in them
    bool is_taken = false;
  };

  void Run();
  // The next packs of a tenant. How long that was work: waiting for the disk is none.
  Clock::duration Pack(TenantNumber tenant, uint64_t head);
  // No packs: the commits that the next would need reach into the tail.
  absl::StatusOr<Ready> Prepare(TenantNumber tenant, uint64_t head) const;
  absl::StatusOr<bool> AddPack(uint64_t head, RecordCursor* records, Ready* ready) const;
  // Waits until a group of commits has taken them along, or writes them.
  void Write(Ready ready);
  void WriteAlone(std::unique_lock<std::mutex>& lock);
  void Put(rocksdb::WriteBatch* batch) const;
  void FindDue(TenantNumber tenant);
  void Rest(std::unique_lock<std::mutex>& lock, Clock::duration worked);
  bool is_ending() const { return closing_ || !failure_.ok(); }

  const uint64_t tail_events_;
  const uint64_t pack_events_;
  LogDatabase* const database_;
  const std::function<void(const absl::Status&)> on_failure_;
  FreeSpaceGuard free_space_;  // of the thread

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::map<TenantNumber, Tenant> tenants_;
  std::set<TenantNumber> due_;  // they have something to pack
  TenantNumber last_tenant_ = 0;
  std::optional<Ready> ready_;
  bool is_packing_ = false;
  bool commits_come_ = false;  // since the last pack
  int waiting_ = 0;            // callers of PackNow()
  absl::Status space_;         // no room: packing waits
  absl::Status failure_;
  bool closing_ = false;

  std::thread thread_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_LOG_PACKER_H_
