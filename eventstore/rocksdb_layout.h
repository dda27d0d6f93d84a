// The keys of the log's databases, written once. All numbers are big endian, so that byte order is number order.
//
//   log/    commit     := tenant (4) first_position (8)                      -> stored commit (commit_codec.h)
//           column family `packs`:
//           pack       := tenant (4) first_position (8)                      -> pack of old commits (log_pack.h)
//           Nothing else. A commit is put once; packing deletes its commits by SingleDelete and then puts the pack, in one
//           batch; a pack stays. rocksdb_log_check.h counts on it.
//
//   index/  watermark  := tenant (4) 'W'                                     -> position (8) recorded (8) hash (32)
//           head       := tenant (4) 'H' stream                              -> revision (8)
//           event      := tenant (4) 'E' stream 0x00 revision (8)            -> position (8)
//           key        := tenant (4) 'K' key                                 -> stream
//           request    := tenant (4) 'R' request name                        -> first (8) last (8) recorded (8)
//                                                                               hash length (2) hash answer_name
//           request name := actor length (2) actor request_id
//           format     := 0xffffffff 'F'                                     -> "1"
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_LAYOUT_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventstore/big_endian.h"
#include "eventstore/event_log.h"
#include "rocksdb/slice.h"
#include "rocksdb/status.h"

namespace recount::eventstore {

inline rocksdb::Slice ToSlice(absl::string_view text) { return {text.data(), text.size()}; }
inline absl::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Corruption is DATA_LOSS (`DATA_DAMAGED: `), all else UNAVAILABLE. `what` names the database.
absl::Status FromRocksdb(const rocksdb::Status& status, absl::string_view what);

std::string LogKey(TenantNumber tenant, uint64_t first_position);
struct LogPlace {
  TenantNumber tenant = 0;
  uint64_t first_position = 0;
};
std::optional<LogPlace> ParseLogKey(absl::string_view key);

enum class IndexKind : char { kWatermark = 'W', kHead = 'H', kEvent = 'E', kKey = 'K', kRequest = 'R', kFormat = 'F' };
constexpr TenantNumber kNoTenant = 0xffffffff;
constexpr size_t kIndexPrefixSize = 5;  // tenant and kind

std::string IndexKey(TenantNumber tenant, IndexKind kind, absl::string_view rest);
std::string EventKey(TenantNumber tenant, absl::string_view stream, uint64_t revision);
std::string RequestName(absl::string_view actor, absl::string_view request_id);

std::string EncodeNumber(uint64_t value);
std::optional<uint64_t> DecodeNumber(absl::string_view value);
std::string EncodeWatermark(const Head& head);
std::optional<Head> DecodeWatermark(absl::string_view value);
std::string EncodeRequest(const RememberedRequest& request);
std::optional<RememberedRequest> DecodeRequest(absl::string_view value);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_LAYOUT_H_
