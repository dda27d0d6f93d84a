// What an import could not take: number, step, reason and sentence, with the row as it was read.
#ifndef RECOUNT_TOOLS_IMPORT_REJECTS_H_
#define RECOUNT_TOOLS_IMPORT_REJECTS_H_

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace recount::tools {

struct Reject {
  std::string kind;      // of the file
  uint64_t row = 0;      // number in the file, from 1, header not counted
  std::string step;      // empty: the row itself could not be read
  std::string reason;    // e.g. UNKNOWN_STAGE
  std::string message;
  std::vector<std::string> cells;
};

// Writes rejects as CSV, a file of the mapping after the other: `kind,row,step,reason,message` and the row's own columns. A new
// header row begins each kind, since their columns differ.
class RejectFile {
 public:
  // An empty path writes nothing.
  absl::Status Open(const std::string& path);
  void BeginKind(const std::vector<std::string>& columns) { columns_ = columns, header_is_due_ = true; }
  void Add(const Reject& reject);
  absl::Status Close();

 private:
  std::string path_;
  std::ofstream out_;
  std::vector<std::string> columns_;
  bool header_is_due_ = false;
};

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_REJECTS_H_
