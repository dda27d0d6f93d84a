// A disk that loses what was not synced when the power goes.
//
// It stands between the program and the C library (disk_calls.cc defines write, fsync, rename ... in the test's program, and
// RocksDB and libstdc++ call those), so that it sees every file of every store, also those that some code forgot to write through
// an interface. For each file it keeps what was synced, for each folder which names were; the files themselves lie below a real
// folder, which is what the running program sees. A *cut* writes another folder: what may be found there after a power failure.
//
//   a file     its synced bytes, and of the bytes written since: none, all, a part, some sectors, or garbage and zeros
//   a folder   its synced names, and of the names made, renamed and deleted since: none, all, or the first ones of each folder
//
// RocksDB's text log (LOG*) is left out.
#ifndef RECOUNT_TESTS_DISK_LOSSY_DISK_H_
#define RECOUNT_TESTS_DISK_LOSSY_DISK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace recount::disk {

// What a file holds, and what of it is synced.
struct DiskFile {
  bool is_folder = false;
  std::string synced;
  std::string written;
  std::vector<std::pair<size_t, size_t>> unsynced;  // ranges [begin, end) of `written`
};

enum class Sync { kFile, kFolder };

// One at a time in a process. Thread safe.
class LossyDisk {
 public:
  // Planted faults: true makes this sync do nothing, and succeed.
  using Lie = std::function<bool(Sync, const std::string& path)>;

  // Watches what lies below `root` (absolute, without links); as it is now, it is synced.
  LossyDisk(const std::string& root, uint64_t seed, Lie lie = nullptr);
  ~LossyDisk();
  LossyDisk(const LossyDisk&) = delete;
  LossyDisk& operator=(const LossyDisk&) = delete;

  // Cuts before the `calls`-th call from now that changes or syncs anything. `at_cut` runs at that moment, inside the call: it must
  // neither wait nor touch files.
  void CutAt(uint64_t calls, const std::string& image, std::function<void()> at_cut);
  // Cuts now unless it is cut already.
  void CutNow();
  bool is_cut() const;

  // ---- For disk_calls.cc: after the real call has succeeded, but for Before(). ----

  static bool IsOn();
  static LossyDisk* Watching(absl::string_view path);
  static LossyDisk* Watching(int descriptor);
  // The number stands for a file that is not watched.
  static void Forget(int descriptor);
  void Before();
  void Opened(int descriptor, const std::string& path, int flags);
  void Closed(int descriptor);
  void Wrote(int descriptor, uint64_t offset, absl::string_view bytes);
  void Resized(int descriptor, uint64_t size);
  uint64_t SizeOf(int descriptor);
  void Synced(int descriptor);
  void Made(const std::string& path);
  void Linked(const std::string& from, const std::string& to);
  void Renamed(const std::string& from, const std::string& to);
  void Removed(const std::string& path);

 private:
  using Names = std::map<std::string, std::shared_ptr<DiskFile>>;

  // A change of names that is not synced. Rename: `from` and `to`; link: `to` with `file`; removal: `from`.
  struct Change {
    std::string from;
    std::string to;
    std::shared_ptr<DiskFile> file;
  };
  struct OpenFile {
    std::string path;
    std::shared_ptr<DiskFile> file;
    uint64_t inode = 0;
  };

  void Adopt(const std::string& path);
  void Cut();
  Names NamesAfterCut();
  std::string ContentAfterCut(const DiskFile& file);
  void WriteImage(const Names& names);
  static void Apply(const Change& change, Names* names);
  void Add(Change change);
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  const std::string root_;
  const Lie lie_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::mt19937_64 random_;
  Names synced_names_;
  Names names_;
  std::vector<Change> changes_;
  std::map<int, OpenFile> open_;
  uint64_t calls_left_ = UINT64_MAX;
  std::string image_;
  std::function<void()> at_cut_;
  bool is_cut_ = false;
};

}  // namespace recount::disk

#endif  // RECOUNT_TESTS_DISK_LOSSY_DISK_H_
