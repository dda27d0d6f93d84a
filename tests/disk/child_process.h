// A piece of work in a process of its own: RocksDB's assertions may end it, and a damaged folder must not hang the test.
#ifndef RECOUNT_TESTS_DISK_CHILD_PROCESS_H_
#define RECOUNT_TESTS_DISK_CHILD_PROCESS_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"

namespace recount::disk {

struct ChildResult {
  enum class End { kReturned, kAborted, kHung };
  End end = End::kReturned;
  std::string text;  // all that it reported
};

// Takes a part of what the work has to say; the time limit begins again.
using Report = std::function<void(absl::string_view)>;

// The calling process must not have used RocksDB, whose threads would be missing in the child. What the child writes to stderr is
// dropped.
ChildResult RunInChild(const std::function<void(const Report&)>& work, unsigned limit_seconds);

}  // namespace recount::disk

#endif  // RECOUNT_TESTS_DISK_CHILD_PROCESS_H_
