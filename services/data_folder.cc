#include "services/data_folder.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "eventstore/durable_file.h"
#include "services/record_id.h"

namespace recount::services {
namespace {

constexpr size_t kTokenKeyBytes = 32;
constexpr char kRestoring[] = "/RESTORING";
constexpr char kKeysLost[] = "/keys.lost";

absl::Status RemoveMark(const std::string& folder, const char* mark) {
  std::error_code error;
  std::filesystem::remove(folder + mark, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot remove ", folder, mark, ": ", error.message()));
  return eventstore::SyncDirectory(folder);
}

}  // namespace

absl::Status PrepareDataFolder(const std::string& folder, bool simulated_clock) {
  if (absl::Status made = eventstore::MakeDirectory(folder); !made.ok()) return made;
  std::error_code error;
  if (eventstore::FileExists(folder + kRestoring)) {
    return absl::FailedPreconditionError(absl::StrCat("the restore into ", folder, " was not finished, and not all of the backup ",
                                                      "is there: delete the folder and restore again"));
  }
  const std::string marker = folder + "/SIMULATED";
  if (!simulated_clock || std::filesystem::exists(marker)) return absl::OkStatus();
  if (!std::filesystem::is_empty(folder, error) || error) {
    return absl::FailedPreconditionError(
        absl::StrCat("--simulated-clock needs an empty data folder, or one that was made with it; ", folder,
                     " holds other data, whose recorded times are real"));
  }
  return eventstore::ReplaceFile(
      marker, "Recorded times in this folder are invented: it was made with recountd --simulated-clock.\n");
}

absl::Status BeginRestore(const std::string& folder) {
  return eventstore::ReplaceFile(folder + kRestoring, "A restore is filling this folder, or was interrupted.\n");
}

absl::Status EndRestore(const std::string& folder) { return RemoveMark(folder, kRestoring); }

absl::Status GiveKeysUp(const std::string& folder) {
  return eventstore::ReplaceFile(folder + kKeysLost, "The log was restored without keys: personal data in it reads as erased.\n");
}

absl::Status EndKeysLost(const std::string& folder) {
  if (!eventstore::FileExists(folder + kKeysLost)) return absl::OkStatus();
  return RemoveMark(folder, kKeysLost);
}

absl::Status CheckKeysAreThere(const std::string& folder) {
  const bool is_made = eventstore::FileExists(folder + "/FORMAT");
  const bool has_keys = eventstore::FileExists(folder + "/keys/db/CURRENT");
  if (!is_made || has_keys || eventstore::FileExists(folder + kKeysLost)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "DATA_DAMAGED: ", folder, "/keys is missing beside a log, and without it all personal data in the log reads as ",
      "erased. Put it back. If it is lost for good, make an empty file ", folder, "/keys.lost and start again."));
}

absl::StatusOr<std::string> LoadTokenKey(const std::string& folder) {
  const std::string path = folder + "/token.key";
  if (!std::filesystem::exists(path)) {
    absl::Status written = eventstore::ReplaceFile(path, RandomBytes(kTokenKeyBytes));
    if (!written.ok()) return written;
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  if (bytes.str().size() == kTokenKeyBytes) return bytes.str();
  return absl::DataLossError(
      absl::StrCat(path, " is damaged: delete it; page tokens, cell ids and pins given out so far end with it"));
}

}  // namespace recount::services
