// How far an import got, so that `--resume` does not send again what is answered.
#ifndef RECOUNT_TOOLS_IMPORT_IMPORT_STATE_H_
#define RECOUNT_TOOLS_IMPORT_IMPORT_STATE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace recount::tools {

// The last row of a file that was answered, kept in a small file of its own. It belongs to one server, tenant, mapping and content
// of the data file: if any of them differs there is nothing to resume.
class ImportState {
 public:
  // `identity` tells all of that; an empty folder keeps nothing.
  ImportState(const std::string& folder, absl::string_view identity);

  uint64_t Load() const;  // 0: from the beginning
  absl::Status Save(uint64_t last_row);
  void Remove();

 private:
  std::string folder_;
  std::string path_;
};

// Size and time of change of a file, as text; empty if it is not there.
std::string FileStamp(const std::string& path);

// $XDG_STATE_HOME/recount, or ~/.local/state/recount; empty if neither is known.
std::string DefaultStateFolder();

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_IMPORT_STATE_H_
