#include "services/memory_shares.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "projections/fold_driver.h"

namespace recount::services {
namespace {

using projections::FoldDriver;

constexpr size_t kMegabyte = 1 << 20;
constexpr size_t kProgram = 128 * kMegabyte;  // code, threads, what many questions need at a time
constexpr size_t kStateBytes = 2 << 10;       // of a stream, in a projector

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

// SIZE_MAX: there is no such file, or no number in it, as in `max`.
size_t NumberIn(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  uint64_t number;
  return file >> word && absl::SimpleAtoi(word, &number) ? number : SIZE_MAX;
}

// Of a group and those above it.
size_t LeastUpwards(const std::string& mount, std::string group, const char* file) {
  size_t least = SIZE_MAX;
  while (true) {
    least = std::min(least, NumberIn(absl::StrCat(mount, group, "/", file)));
    const size_t parent = group.rfind('/');
    if (group.empty() || parent == std::string::npos) return least;
    group.resize(parent);
  }
}

}  // namespace

MemoryShares ShareMemory(size_t limit) {
  MemoryShares shares;
  shares.log_blocks = std::min(256 * kMegabyte, limit / 8);
  shares.log_write_buffer = std::min(64 * kMegabyte, limit / 32);
  shares.log_index = std::min(64 * kMegabyte, limit / 32);
  shares.keys_write_buffer = std::min(32 * kMegabyte, limit / 64);
  shares.model_write_buffers = std::min(128 * kMegabyte, limit / 16);
  shares.states = std::min(256 * kMegabyte, limit / 16);
  shares.commands = std::min(256 * kMegabyte, limit / 8);
  shares.messages = std::min(512 * kMegabyte, limit / 4);
  shares.listings = std::min(32 * kMegabyte, limit / 64);
  shares.answers = std::min(64 * kMegabyte, limit / 32);
  shares.follow_states = std::min(FoldDriver::kFewStates, limit / 16 / kStateBytes);
  shares.rebuild_states = std::min(FoldDriver::kManyStates, limit / 8 / kStateBytes);
  const size_t others = kProgram + shares.log_blocks + shares.log_write_buffer / 2 * 3 + shares.log_index + shares.keys_write_buffer +
                        shares.model_write_buffers + shares.states + shares.commands + shares.messages + shares.listings + shares.answers +
                        (shares.follow_states + shares.rebuild_states) * kStateBytes;
  shares.arrays = std::max(limit / 4, limit - std::min(limit, others));
  return shares;
}

size_t LimitOfGroups(const std::string& root) {
  size_t least = SIZE_MAX;
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));  // number:controllers:path
    if (parts.size() != 3) continue;
    const std::string path = parts[2] == "/" ? "" : parts[2];
    if (parts[1].empty()) {
      least = std::min(least, LeastUpwards(root + "/sys/fs/cgroup", path, "memory.max"));
      least = std::min(least, LeastUpwards(root + "/sys/fs/cgroup/unified", path, "memory.max"));
    } else if (parts[1] == "memory") {
      least = std::min(least, LeastUpwards(root + "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
    }
  }
  return least;
}

size_t UsualMemory() {
  const size_t machine = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * PageSize();
  return std::max(kLeastMemory, std::min(machine, LimitOfGroups()) / 4 * 3);
}

size_t ResidentMemory() {
  std::ifstream file("/proc/self/statm");
  size_t all, resident;
  return file >> all >> resident ? resident * PageSize() : 0;
}

}  // namespace recount::services
