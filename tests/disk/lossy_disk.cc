#include "tests/disk/lossy_disk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace recount::disk {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSector = 512;

std::atomic<LossyDisk*> the_disk{nullptr};
// Where the disk itself works on files, its own calls go by it.
thread_local bool is_inside = false;

class Inside {
 public:
  Inside() { is_inside = true; }
  ~Inside() { is_inside = false; }
};

std::string ParentOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool IsBelow(absl::string_view path, absl::string_view root) {
  return absl::StartsWith(path, root) && (path.size() == root.size() || path[root.size()] == '/');
}

bool IsTextLog(absl::string_view path) {
  const absl::string_view name = path.substr(path.rfind('/') + 1);
  return name == "LOG" || absl::StartsWith(name, "LOG.");
}

uint64_t InodeOf(int descriptor) {
  struct stat info;
  return fstat(descriptor, &info) == 0 ? info.st_ino : 0;
}

std::string ReadWhole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A range that follows the last one is one with it: a WAL grows by many small writes.
void AddRange(size_t begin, size_t end, std::vector<std::pair<size_t, size_t>>* ranges) {
  if (!ranges->empty() && ranges->back().second == begin) {
    ranges->back().second = end;
  } else {
    ranges->emplace_back(begin, end);
  }
}

}  // namespace

LossyDisk::LossyDisk(const std::string& root, uint64_t seed, Lie lie) : root_(root), lie_(std::move(lie)), random_(seed) {
  {
    Inside inside;
    Adopt(root_);
  }
  synced_names_ = names_;
  LossyDisk* none = nullptr;
  if (!the_disk.compare_exchange_strong(none, this)) abort();
}

LossyDisk::~LossyDisk() { the_disk = nullptr; }

void LossyDisk::Adopt(const std::string& path) {
  auto file = std::make_shared<DiskFile>();
  file->is_folder = fs::is_directory(path);
  if (!file->is_folder) file->synced = file->written = ReadWhole(path);
  names_[path] = file;
  if (!file->is_folder) return;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (!IsTextLog(entry.path().string())) Adopt(entry.path().string());
  }
}

void LossyDisk::CutAt(uint64_t calls, const std::string& image, std::function<void()> at_cut) {
  std::lock_guard lock(mutex_);
  calls_left_ = calls;
  image_ = image;
  at_cut_ = std::move(at_cut);
}

void LossyDisk::CutNow() {
  std::lock_guard lock(mutex_);
  if (!is_cut_) Cut();
}

bool LossyDisk::is_cut() const {
  std::lock_guard lock(mutex_);
  return is_cut_;
}

bool LossyDisk::IsOn() { return the_disk != nullptr && !is_inside; }

LossyDisk* LossyDisk::Watching(absl::string_view path) {
  LossyDisk* disk = the_disk;
  return disk != nullptr && !is_inside && IsBelow(path, disk->root_) && !IsTextLog(path) ? disk : nullptr;
}

LossyDisk* LossyDisk::Watching(int descriptor) {
  LossyDisk* disk = the_disk;
  if (disk == nullptr || is_inside) return nullptr;
  std::lock_guard lock(disk->mutex_);
  const auto it = disk->open_.find(descriptor);
  if (it == disk->open_.end()) return nullptr;
  // The C library closes some descriptors itself (closedir, fclose): the number may stand for something else by now.
  if (it->second.inode == InodeOf(descriptor)) return disk;
  disk->open_.erase(it);
  return nullptr;
}

void LossyDisk::Before() {
  std::lock_guard lock(mutex_);
  if (is_cut_ || image_.empty() || --calls_left_ > 0) return;
  Cut();
}

void LossyDisk::Opened(int descriptor, const std::string& path, int flags) {
  std::lock_guard lock(mutex_);
  auto it = names_.find(path);
  if (it == names_.end()) {
    auto file = std::make_shared<DiskFile>();
    Add({"", path, file});
    it = names_.find(path);
  } else if ((flags & O_TRUNC) != 0) {
    it->second->written.clear();
    it->second->unsynced.clear();
  }
  open_[descriptor] = {path, it->second, InodeOf(descriptor)};
}

void LossyDisk::Forget(int descriptor) {
  LossyDisk* disk = the_disk;
  if (disk != nullptr && !is_inside) disk->Closed(descriptor);
}

void LossyDisk::Closed(int descriptor) {
  std::lock_guard lock(mutex_);
  open_.erase(descriptor);
}

void LossyDisk::Wrote(int descriptor, uint64_t offset, absl::string_view bytes) {
  std::lock_guard lock(mutex_);
  DiskFile& file = *open_[descriptor].file;
  if (file.written.size() < offset + bytes.size()) file.written.resize(offset + bytes.size());
  file.written.replace(offset, bytes.size(), bytes.data(), bytes.size());
  AddRange(offset, offset + bytes.size(), &file.unsynced);
}

void LossyDisk::Resized(int descriptor, uint64_t size) {
  std::lock_guard lock(mutex_);
  open_[descriptor].file->written.resize(size);
}

uint64_t LossyDisk::SizeOf(int descriptor) {
  std::lock_guard lock(mutex_);
  return open_[descriptor].file->written.size();
}

void LossyDisk::Synced(int descriptor) {
  std::lock_guard lock(mutex_);
  const OpenFile& open = open_[descriptor];
  if (lie_ && lie_(open.file->is_folder ? Sync::kFolder : Sync::kFile, open.path)) return;
  DiskFile& file = *open.file;
  if (!file.is_folder) {
    file.synced.resize(file.written.size());
    for (auto [begin, end] : file.unsynced) {
      end = std::min(end, file.written.size());
      if (begin < end) file.synced.replace(begin, end - begin, file.written, begin, end - begin);
    }
    file.unsynced.clear();
    return;
  }
  std::vector<Change> others;
  for (Change& change : changes_) {
    const bool is_here = (!change.from.empty() && ParentOf(change.from) == open.path) ||
                         (!change.to.empty() && ParentOf(change.to) == open.path);
    is_here ? Apply(change, &synced_names_) : others.push_back(std::move(change));
  }
  changes_ = std::move(others);
}

void LossyDisk::Made(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto folder = std::make_shared<DiskFile>();
  folder->is_folder = true;
  Add({"", path, folder});
}

void LossyDisk::Linked(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  Add({"", to, names_[from]});
}

void LossyDisk::Renamed(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  Add({from, to, names_[from]});
}

void LossyDisk::Removed(const std::string& path) {
  std::lock_guard lock(mutex_);
  Add({path, "", nullptr});
}

void LossyDisk::Add(Change change) {
  Apply(change, &names_);
  changes_.push_back(std::move(change));
}

void LossyDisk::Apply(const Change& change, Names* names) {
  if (!change.from.empty()) names->erase(change.from);
  if (!change.to.empty()) (*names)[change.to] = change.file;
}

void LossyDisk::Cut() {
  is_cut_ = true;
  if (at_cut_) at_cut_();
  Inside inside;
  WriteImage(NamesAfterCut());
}

// Changes of one folder reach the disk in their order; those of different folders in any.
LossyDisk::Names LossyDisk::NamesAfterCut() {
  Names names = synced_names_;
  const uint64_t mode = Below(4);
  if (mode <= 1) return names;
  std::map<std::string, uint64_t> left;  // by folder: how many changes of it came to the disk
  for (const Change& change : changes_) {
    const std::string folder = ParentOf(change.to.empty() ? change.from : change.to);
    const auto [it, is_new] = left.try_emplace(folder, mode == 2 ? UINT64_MAX : Below(4));
    if (it->second == 0) continue;
    --it->second;
    Apply(change, &names);
  }
  return names;
}

std::string LossyDisk::ContentAfterCut(const DiskFile& file) {
  const uint64_t mode = Below(6);
  if (mode == 0 || (file.unsynced.empty() && file.written.size() == file.synced.size())) return file.synced;
  if (mode == 1) return file.written;
  std::string content = file.synced;
  const size_t small = std::min(file.synced.size(), file.written.size());
  const size_t large = std::max(file.synced.size(), file.written.size());
  const size_t size = small + Below(large - small + 1);
  if (content.size() < size || file.written.size() < content.size()) content.resize(size);
  for (const auto& [begin, range_end] : file.unsynced) {
    const size_t end = std::min(range_end, content.size());
    if (begin >= end) continue;
    const size_t whole = begin + Below(end - begin + 1);  // of what came to the disk in its order
    for (size_t at = begin; at < end;) {
      const size_t next = std::min((at / kSector + 1) * kSector, end);
      const bool is_written = mode == 2 ? Below(2) == 0 : next <= whole;
      for (; at < next; ++at) {
        if (is_written || (mode > 2 && at < whole)) {
          content[at] = file.written[at];
        } else if (mode == 4) {
          content[at] = static_cast<char>(Below(256));
        } else if (mode == 5) {
          content[at] = '\0';
        }
      }
    }
  }
  return content;
}

void LossyDisk::WriteImage(const Names& names) {
  std::set<std::string> folders;
  for (const auto& [path, file] : names) {  // a folder comes before what is in it
    if (path != root_ && folders.count(ParentOf(path)) == 0) continue;
    const std::string target = image_ + path.substr(root_.size());
    if (file->is_folder) {
      folders.insert(path);
      fs::create_directory(target);
    } else {
      std::ofstream(target, std::ios::binary) << ContentAfterCut(*file);
      fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write);
    }
  }
}

}  // namespace recount::disk
