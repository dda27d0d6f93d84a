#include "tools/import/import_state.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tools/import/text_values.h"

namespace recount::tools {

namespace fs = std::filesystem;

ImportState::ImportState(const std::string& folder, absl::string_view identity)
    : folder_(folder), path_(folder.empty() ? "" : absl::StrCat(folder, "/import-", HexDigest(identity, 32))) {}

uint64_t ImportState::Load() const {
  uint64_t row = 0;
  std::ifstream in(path_);
  if (path_.empty() || !(in >> row)) return 0;
  return row;
}

absl::Status ImportState::Save(uint64_t last_row) {
  if (path_.empty()) return absl::OkStatus();
  std::error_code error;
  fs::create_directories(folder_, error);
  // Renamed into place: a crash leaves the old number or the new one.
  const std::string fresh = path_ + ".new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << last_row << "\n";
    if (!out.flush()) return absl::UnavailableError(absl::StrCat(fresh, ": could not be written"));
  }
  fs::rename(fresh, path_, error);
  return error ? absl::UnavailableError(absl::StrCat(path_, ": ", error.message())) : absl::OkStatus();
}

void ImportState::Remove() {
  std::error_code error;
  if (!path_.empty()) fs::remove(path_, error);
}

std::string FileStamp(const std::string& path) {
  std::error_code error;
  const std::string real = fs::exists(path, error) ? path : path + ".gz";
  const auto size = fs::file_size(real, error);
  if (error) return "";
  const auto time = fs::last_write_time(real, error);
  return absl::StrCat(fs::absolute(real, error).string(), ":", size, ":", time.time_since_epoch().count());
}

std::string DefaultStateFolder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0') return absl::StrCat(state, "/recount");
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return absl::StrCat(home, "/.local/state/recount");
  return "";
}

}  // namespace recount::tools
