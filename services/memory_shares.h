// How the memory of a server is shared out (docs/operating.md, "Memory").
#ifndef RECOUNT_SERVICES_MEMORY_SHARES_H_
#define RECOUNT_SERVICES_MEMORY_SHARES_H_

#include <cstddef>
#include <string>

namespace recount::services {

// With less than this a server does not start: the program itself takes a good part of it.
inline constexpr size_t kLeastMemory = 256 << 20;

// Bytes, each at most, but for the two that say otherwise.
struct MemoryShares {
  size_t arrays;  // large arrays of read models that lie in memory; the others lie in files
  size_t log_blocks, log_write_buffer, log_index, keys_write_buffer;
  size_t model_write_buffers;
  size_t states;    // of streams that commands are decided on
  size_t commands;  // accepted and not answered
  size_t messages;  // of gRPC
  size_t listings, answers;  // that have another page
  // Streams whose states a projector keeps, of each tenant, and a rebuild.
  size_t follow_states, rebuild_states;
};

// `limit`: of the whole process, at least kLeastMemory. Where there is much the shares are as large as they are of use, and all the rest is
// for arrays; where there is little arrays have a quarter, since the others are seldom all at their most at once.
MemoryShares ShareMemory(size_t limit);

// What a server takes that is not told: three quarters of what this process may have.
size_t UsualMemory();

// The least limit of the control groups that the process is in, all those above it too; SIZE_MAX: none. `root`: where the system shows
// itself, "" but in tests.
size_t LimitOfGroups(const std::string& root = "");

// Resident memory of this process; 0: the system does not tell.
size_t ResidentMemory();

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_MEMORY_SHARES_H_
