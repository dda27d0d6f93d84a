#include "services/data_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "services/record_id.h"

namespace recount::services {
namespace {

constexpr size_t kTokenKeyBytes = 32;

absl::Status WriteSecret(const std::string& path, const std::string& bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return absl::UnavailableError(absl::StrCat(path, " cannot be made: ", std::strerror(errno)));
  const bool written =
      write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && fsync(file) == 0;
  close(file);
  if (written) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, " cannot be written: ", std::strerror(errno)));
}

}  // namespace

absl::Status PrepareDataFolder(const std::string& folder, bool simulated_clock) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return absl::UnavailableError(absl::StrCat("the data folder ", folder, " cannot be made: ", error.message()));
  const std::string marker = folder + "/SIMULATED";
  if (!simulated_clock || std::filesystem::exists(marker)) return absl::OkStatus();
  if (!std::filesystem::is_empty(folder, error) || error) {
    return absl::FailedPreconditionError(
        absl::StrCat("--simulated-clock needs an empty data folder, or one that was made with it; ", folder,
                     " holds other data, whose recorded times are real"));
  }
  return WriteSecret(marker,
                     "Recorded times in this folder are invented: it was made with recountd --simulated-clock.\n");
}

absl::StatusOr<std::string> LoadTokenKey(const std::string& folder) {
  const std::string path = folder + "/token.key";
  if (!std::filesystem::exists(path)) {
    if (absl::Status written = WriteSecret(path, RandomBytes(kTokenKeyBytes)); !written.ok()) return written;
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  if (bytes.str().size() == kTokenKeyBytes) return bytes.str();
  return absl::DataLossError(
      absl::StrCat(path, " is damaged: delete it; page tokens, cell ids and pins given out so far end with it"));
}

}  // namespace recount::services
