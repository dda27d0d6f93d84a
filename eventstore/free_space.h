// Refuses commits while the disk still has room, so that it never becomes full in the middle of a write.
#ifndef RECOUNT_EVENTSTORE_FREE_SPACE_H_
#define RECOUNT_EVENTSTORE_FREE_SPACE_H_

#include <sys/statvfs.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace recount::eventstore {

// For one thread.
class FreeSpaceGuard {
 public:
  // `reserve_bytes` 0: the smaller of 512 MB and 5 % of the disk.
  FreeSpaceGuard(std::string directory, uint64_t reserve_bytes)
      : directory_(std::move(directory)), reserve_bytes_(reserve_bytes) {}

  // RESOURCE_EXHAUSTED (`DISK_FULL: `) below the reserve. Asks the disk at most ten times a second.
  absl::Status Check() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return status_;
    next_ = now + std::chrono::milliseconds(100);
    struct statvfs disk;
    if (statvfs(directory_.c_str(), &disk) != 0) return status_ = absl::UnavailableError("cannot ask for free space");
    const uint64_t free_bytes = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
    const uint64_t twentieth = static_cast<uint64_t>(disk.f_blocks) * disk.f_frsize / 20;
    const uint64_t reserve = reserve_bytes_ != 0 ? reserve_bytes_ : std::min<uint64_t>(512 << 20, twentieth);
    status_ = absl::OkStatus();
    if (free_bytes < reserve) {
      status_ = absl::ResourceExhaustedError(absl::StrCat("DISK_FULL: ", free_bytes, " bytes are free in ", directory_,
                                                          ", and ", reserve,
                                                          " are kept in reserve; free some space. Reading goes on."));
    }
    return status_;
  }

 private:
  const std::string directory_;
  const uint64_t reserve_bytes_;
  std::chrono::steady_clock::time_point next_{};
  absl::Status status_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_FREE_SPACE_H_
