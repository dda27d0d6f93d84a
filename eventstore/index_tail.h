// What a run of sequenced commits says about streams, keys and requests: the part of the index that is not yet in its
// database.
#ifndef RECOUNT_EVENTSTORE_INDEX_TAIL_H_
#define RECOUNT_EVENTSTORE_INDEX_TAIL_H_

#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

// Not thread safe.
class IndexTail {
 public:
  struct Stream {
    uint64_t base = 0;                          // revision before the first one here
    absl::InlinedVector<uint64_t, 2> positions;  // of base + 1, base + 2 ...
    uint64_t revision() const { return base + positions.size(); }
  };
  struct Tenant {
    Head head;  // after the newest commit here
    absl::flat_hash_map<std::string, Stream> streams;
    absl::flat_hash_map<std::string, std::optional<std::string>> keys;      // nothing: released
    absl::flat_hash_map<std::string, RememberedRequest> requests;           // by request name (rocksdb_layout.h)
  };

  void Apply(TenantNumber tenant, const storage::v1::CommitRecord& record, const Head& head);

  // Null: nothing here about it.
  const Stream* FindStream(TenantNumber tenant, absl::string_view stream) const;
  const std::optional<std::string>* FindKey(TenantNumber tenant, absl::string_view key) const;
  const RememberedRequest* FindRequest(TenantNumber tenant, absl::string_view name) const;

  const absl::flat_hash_map<TenantNumber, Tenant>& tenants() const { return tenants_; }
  bool empty() const { return tenants_.empty(); }
  // Roughly what it takes in memory.
  size_t bytes() const { return bytes_; }

 private:
  absl::flat_hash_map<TenantNumber, Tenant> tenants_;
  size_t bytes_ = 0;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_INDEX_TAIL_H_
