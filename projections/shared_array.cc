#include "projections/shared_array.h"

#include <sys/mman.h>

#include <new>

namespace recount::projections {

void* AllocateArray(size_t bytes) {
  constexpr size_t kLargePage = size_t{2} << 20;
  const bool is_large = bytes >= 2 * kLargePage;
  // Of the last large page the system gives all or nothing: whole ones are asked for.
  const size_t whole = is_large ? (bytes + kLargePage - 1) / kLargePage * kLargePage : std::max<size_t>(1, bytes);
  void* const memory = is_large ? std::aligned_alloc(kLargePage, whole) : std::malloc(whole);
  if (memory == nullptr) throw std::bad_alloc();
  if (is_large) madvise(memory, whole, MADV_HUGEPAGE);  // a system without them refuses: then the pages are small
  return memory;
}

}  // namespace recount::projections
