// Where the large arrays of read models lie: in memory, and what is more than a limit in files without a name, whose pages need not be
// in memory (docs/adr/0013-read-models-beyond-memory-lie-in-files.md).
#ifndef RECOUNT_PROJECTIONS_ARRAY_MEMORY_H_
#define RECOUNT_PROJECTIONS_ARRAY_MEMORY_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

namespace recount::projections {

// Of the whole process; on any thread.
class ArrayMemory {
 public:
  // Smaller arrays are always in memory and not counted.
  static constexpr size_t kLarge = 256 << 10;

  static ArrayMemory& OfProcess();

  // From now on a large array lies in a file in `folder`, which must exist, where those in memory would be more than `limit` bytes.
  // An empty folder: all lie in memory, as before the first call.
  void Bound(std::string folder, size_t limit);

  // std::bad_alloc if there is none. Where the disk has no room to spare an array lies in memory all the same.
  void* Allocate(size_t bytes);
  void Free(void* array, size_t bytes);

  // The pages of about so many bytes of arrays in files are taken out of the process, from where the last call ended; whoever reads or
  // writes them meanwhile finds them again. Returns of how many bytes: 0 if there is no file.
  size_t LetGo(size_t bytes);

  struct Use {
    size_t in_memory = 0, in_files = 0;  // bytes of large arrays
    size_t without_room = 0;             // of those in memory: would lie in files if the disk had room
  };
  Use use() const;

 private:
  enum class Place { kMemory, kMemoryWithoutRoom, kFile };
  struct Array {
    size_t bytes;
    Place place;
  };
  ArrayMemory() = default;
  static void* MapFile(const std::string& folder, size_t bytes);  // nullptr: no room, or the system does not like to
  size_t* UsedOf(Place place);

  mutable std::mutex mutex_;
  std::mutex one_lets_go_;            // held through LetGo(), before mutex_
  std::condition_variable let_go_;    // of the array that LetGo() was at
  std::string folder_;
  size_t limit_ = SIZE_MAX;
  Use use_;
  std::map<uintptr_t, Array> large_;  // by address
  uintptr_t next_ = 0;                // where LetGo() goes on
  uintptr_t busy_ = 0;                // the array that it is at, which must stay mapped
};

// For containers of numbers.
template <typename T>
struct ArrayAllocator {
  using value_type = T;
  ArrayAllocator() = default;
  template <typename U>
  ArrayAllocator(const ArrayAllocator<U>&) {}  // NOLINT: containers convert it
  T* allocate(size_t count) {
    const size_t bytes = count * sizeof(T);
    return static_cast<T*>(bytes < ArrayMemory::kLarge ? ::operator new(bytes) : ArrayMemory::OfProcess().Allocate(bytes));
  }
  void deallocate(T* array, size_t count) {
    const size_t bytes = count * sizeof(T);
    if (bytes < ArrayMemory::kLarge) return ::operator delete(array);
    ArrayMemory::OfProcess().Free(array, bytes);
  }
  template <typename U>
  bool operator==(const ArrayAllocator<U>&) const { return true; }
  template <typename U>
  bool operator!=(const ArrayAllocator<U>&) const { return false; }
};

template <typename T>
using ArrayVector = std::vector<T, ArrayAllocator<T>>;

// Elements are not set.
template <typename T>
std::shared_ptr<T[]> NewSharedArray(size_t count) {
  static_assert(std::is_trivially_destructible_v<T>);
  return std::shared_ptr<T[]>(ArrayAllocator<T>().allocate(count), [count](T* array) { ArrayAllocator<T>().deallocate(array, count); });
}

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ARRAY_MEMORY_H_
