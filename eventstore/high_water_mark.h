// The file HWM: what was surely acknowledged. After a crash it tells a torn tail, which nobody was promised, from lost
// data, which RocksDB alone cannot.
//
//   file := slot slot                                   written in turn, so that one is always whole
//   slot := "RCNTHWM1" log_id (16) sequence (8) tenant (4) first (8) last (8) hash (32) wall_micros (8)
//           zeros, SHA-256 of all before (32)           512 bytes in all, numbers big endian
#ifndef RECOUNT_EVENTSTORE_HIGH_WATER_MARK_H_
#define RECOUNT_EVENTSTORE_HIGH_WATER_MARK_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

// The newest acknowledged commit of all tenants.
struct HighWaterMark {
  uint64_t sequence = 0;  // commits of all tenants so far
  TenantNumber tenant = 0;
  uint64_t first_position = 0;
  uint64_t last_position = 0;
  ChainHash hash{};
};

class HighWaterMarkFile {
 public:
  // Makes the file with an empty mark.
  static absl::Status Create(const std::string& path, absl::string_view log_id);
  // DATA_LOSS if neither slot can be read or they belong to another log.
  static absl::StatusOr<std::unique_ptr<HighWaterMarkFile>> Open(const std::string& path, absl::string_view log_id);
  ~HighWaterMarkFile();

  const HighWaterMark& mark() const { return mark_; }
  // Durable when it returns.
  absl::Status Write(const HighWaterMark& mark);

 private:
  HighWaterMarkFile(std::string path, absl::string_view log_id, int descriptor)
      : path_(std::move(path)), log_id_(log_id), descriptor_(descriptor) {}

  const std::string path_;
  const std::string log_id_;
  const int descriptor_;
  HighWaterMark mark_;
  int next_slot_ = 0;
};

// Writes the mark soon after it rises, off the way of the acknowledgements.
class HighWaterMarkWriter {
 public:
  // `on_failure` is called once if the file cannot be written.
  HighWaterMarkWriter(std::unique_ptr<HighWaterMarkFile> file, std::function<void(const absl::Status&)> on_failure);
  ~HighWaterMarkWriter();

  void Raise(const HighWaterMark& mark);
  // Writes the last mark and ends the thread.
  void Close();

 private:
  void Run();

  const std::unique_ptr<HighWaterMarkFile> file_;  // used by the thread alone
  const std::function<void(const absl::Status&)> on_failure_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  HighWaterMark mark_;
  bool is_raised_ = false;
  bool closing_ = false;

  std::thread thread_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_HIGH_WATER_MARK_H_
