// Files that must be there after a power failure: written, synced, and their folder synced too.
#ifndef RECOUNT_EVENTSTORE_DURABLE_FILE_H_
#define RECOUNT_EVENTSTORE_DURABLE_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace recount::eventstore {

// UNAVAILABLE with the path and the reason of errno; RESOURCE_EXHAUSTED (`DISK_FULL: `) if there is no room.
absl::Status FileError(absl::string_view action, const std::string& path);

bool FileExists(const std::string& path);
// Makes a folder and those above it (mode 0700), durably.
absl::Status MakeDirectory(const std::string& path);
absl::Status SyncDirectory(const std::string& path);
// Replaces a file whole: a temporary one is written and synced, then renamed; removed if that fails.
absl::Status ReplaceFile(const std::string& path, absl::string_view content, int mode = 0600);
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Holds a folder for one process; FAILED_PRECONDITION if another one has it.
class DirectoryLock {
 public:
  static absl::StatusOr<std::unique_ptr<DirectoryLock>> Take(const std::string& directory);
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_DURABLE_FILE_H_
