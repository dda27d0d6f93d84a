// The derived index of the log: stream heads, positions of a stream's events, key holders and remembered requests. Written
// behind the log in bulk; what is not yet in its database lies in tails in memory, and at start the log after the watermark
// is applied again. It may be deleted at any time while the log is closed.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_INDEX_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_INDEX_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventstore/durable_heads.h"
#include "eventstore/event_log.h"
#include "eventstore/index_tail.h"
#include "eventstore/recent_cache.h"
#include "rocksdb/db.h"

namespace recount::eventstore {

struct RocksdbIndexOptions {
  std::string directory;
  size_t memory_bytes = 0;  // of tails and caches
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::shared_ptr<const DurableHeads> heads;
  std::function<void(const absl::Status&)> on_failure;  // called once if the database cannot be written
};

// Look-ups are thread safe; Apply() is for one thread at a time.
class RocksdbIndex {
 public:
  // Opens or makes it. One that cannot be read is deleted and made again.
  static absl::StatusOr<std::unique_ptr<RocksdbIndex>> Open(RocksdbIndexOptions options);
  ~RocksdbIndex();

  // The last commit that is in the database.
  absl::StatusOr<Head> Watermark(TenantNumber tenant);
  // Forgets everything: for an index that does not fit the log. Before the first Apply() only.
  absl::Status Clear();

  // Takes in a sequenced commit. Waits while too much is not written yet.
  void Apply(TenantNumber tenant, const storage::v1::CommitRecord& record, const Head& head);

  absl::StatusOr<uint64_t> Revision(TenantNumber tenant, absl::string_view stream);
  absl::StatusOr<std::optional<std::string>> Key(TenantNumber tenant, absl::string_view key);
  absl::StatusOr<std::optional<RememberedRequest>> Request(TenantNumber tenant, absl::string_view actor,
                                                          absl::string_view request_id);
  // Positions of the events of a stream from revision `first`, at most `limit`.
  absl::StatusOr<std::vector<uint64_t>> Positions(TenantNumber tenant, absl::string_view stream, uint64_t first,
                                                  size_t limit);
  // Streams that have events at or before position `end`, in byte order.
  absl::Status Streams(TenantNumber tenant, absl::string_view prefix, uint64_t end,
                       const std::function<bool(absl::string_view)>& visit);

  // The log has stopped: what is not durable will never be. Apply() waits no more, nothing more is written.
  void GiveUp();
  // Writes what is durable and ends the thread. Look-ups go on.
  void Close();

 private:
  explicit RocksdbIndex(RocksdbIndexOptions options);
  absl::Status OpenDatabase();
  absl::StatusOr<std::optional<std::string>> Get(const std::string& key);
  // Finds in the tails, newest first; null if none knows. `pick` is called under the lock.
  template <typename Pick>
  auto FindInTails(const Pick& pick) -> decltype(pick(std::declval<const IndexTail&>()));
  void Run();
  bool WaitUntilDurable(const IndexTail& tail);

  const RocksdbIndexOptions options_;
  const size_t tail_limit_bytes_;
  std::unique_ptr<rocksdb::DB> db_;

  std::mutex mutex_;
  std::condition_variable frozen_changed_;
  // Guarded by mutex_. Frozen tails do not change; their front is the oldest.
  std::unique_ptr<IndexTail> active_;
  std::deque<std::shared_ptr<const IndexTail>> frozen_;
  RecentCache<uint64_t> revision_cache_;
  RecentCache<std::optional<std::string>> key_cache_;
  uint64_t tails_written_ = 0;
  bool closing_ = false;
  bool gave_up_ = false;

  std::atomic<bool> stop_waiting_{false};  // for durability, which will not come any more
  std::thread thread_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_INDEX_H_
