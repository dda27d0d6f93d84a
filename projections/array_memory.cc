#include "projections/array_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace recount::projections {
namespace {

// So many bytes at a time: the system holds up the page faults of the process meanwhile.
constexpr size_t kAtOnce = 4 << 20;

// What commits keep in reserve on a disk (eventstore/free_space.h), and half as much again, is left alone.
bool HasRoom(const std::string& folder, size_t bytes) {
  struct statvfs disk;
  if (statvfs(folder.c_str(), &disk) != 0) return false;
  const uint64_t free_bytes = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  const uint64_t twentieth = static_cast<uint64_t>(disk.f_blocks) * disk.f_frsize / 20;
  const uint64_t reserve = std::min<uint64_t>(512 << 20, twentieth) * 3 / 2;
  return free_bytes >= reserve && free_bytes - reserve >= bytes;
}

// -1: none can be made.
int OpenNamelessFile(const std::string& folder) {
  const int file = open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  std::string name = folder + "/arrays.XXXXXX";
  const int named = mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) unlink(name.c_str());
  return named;
}

}  // namespace

ArrayMemory& ArrayMemory::OfProcess() {
  static ArrayMemory& memory = *new ArrayMemory;  // outlives whatever frees arrays at the end
  return memory;
}

void ArrayMemory::Bound(std::string folder, size_t limit) {
  std::lock_guard<std::mutex> lock(mutex_);
  folder_ = std::move(folder);
  limit_ = limit;
}

// The room is taken now: a page that finds none later would end the process.
void* ArrayMemory::MapFile(const std::string& folder, size_t bytes) {
  if (!HasRoom(folder, bytes)) return nullptr;
  const int file = OpenNamelessFile(folder);
  if (file < 0) return nullptr;
  void* mapped = MAP_FAILED;
  if (posix_fallocate(file, 0, static_cast<off_t>(bytes)) == 0) {
    mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  close(file);  // the mapping keeps it
  return mapped == MAP_FAILED ? nullptr : mapped;
}

size_t* ArrayMemory::UsedOf(Place place) { return place == Place::kFile ? &use_.in_files : &use_.in_memory; }

void* ArrayMemory::Allocate(size_t bytes) {
  Place place = Place::kMemory;
  std::string folder;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!folder_.empty() && (bytes > limit_ || use_.in_memory > limit_ - bytes)) {
      place = Place::kFile;
      folder = folder_;
    }
    *UsedOf(place) += bytes;  // so that two at once do not both take the last of the limit
  }
  void* array = place == Place::kFile ? MapFile(folder, bytes) : nullptr;
  const bool has_no_room = place == Place::kFile && array == nullptr;
  if (array == nullptr) array = ::operator new(bytes, std::nothrow);
  std::lock_guard<std::mutex> lock(mutex_);
  if (array == nullptr || has_no_room) *UsedOf(place) -= bytes;
  if (array == nullptr) throw std::bad_alloc();
  if (has_no_room) {
    place = Place::kMemoryWithoutRoom;
    use_.in_memory += bytes;
    use_.without_room += bytes;
  }
  large_.emplace(reinterpret_cast<uintptr_t>(array), Array{bytes, place});
  return array;
}

void ArrayMemory::Free(void* array, size_t bytes) {
  const auto address = reinterpret_cast<uintptr_t>(array);
  Place place;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto found = large_.find(address);
    place = found->second.place;
    large_.erase(found);
    *UsedOf(place) -= bytes;
    if (place == Place::kMemoryWithoutRoom) use_.without_room -= bytes;
    if (place == Place::kFile) let_go_.wait(lock, [&] { return busy_ != address; });
  }
  if (place == Place::kFile) {
    munmap(array, bytes);
  } else {
    ::operator delete(array);
  }
}

size_t ArrayMemory::LetGo(size_t bytes) {
  std::lock_guard<std::mutex> one(one_lets_go_);
  size_t gone = 0;
  std::unique_lock<std::mutex> lock(mutex_);
  const size_t once_around = use_.in_files;
  while (gone < std::min(bytes, once_around)) {
    auto at = large_.upper_bound(next_);
    if (at != large_.begin() && std::prev(at)->first + std::prev(at)->second.bytes > next_) --at;
    while (at != large_.end() && at->second.place != Place::kFile) ++at;
    if (at == large_.end()) {
      if (next_ == 0) break;  // there is none (any more)
      next_ = 0;
      continue;
    }
    const uintptr_t begin = std::max(next_, at->first);
    const uintptr_t end = std::min<uintptr_t>(begin + kAtOnce, at->first + at->second.bytes);
    busy_ = at->first;
    next_ = end;
    lock.unlock();
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    lock.lock();
    busy_ = 0;
    let_go_.notify_all();
    gone += end - begin;
  }
  return gone;
}

ArrayMemory::Use ArrayMemory::use() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return use_;
}

}  // namespace recount::projections
