// The data folder beside log, keys and read models: what kind of server it belongs to, and its secrets.
//
//   DIR/log/ DIR/index/ DIR/FORMAT DIR/HWM   the log (eventstore/)
//   DIR/keys/                                key vault; master.key in it unless another file is named
//   DIR/models/NUMBER/                       read models of a tenant; can be deleted
//   DIR/token.key                            signs page tokens, cells and pins
//   DIR/keys.lost                            made by hand: start without the keys, which are lost; gone after that start
//   DIR/RESTORING                            a restore was not finished: not all of the backup is there
//   DIR/SIMULATED                            made under a simulated clock
#ifndef RECOUNT_SERVICES_DATA_FOLDER_H_
#define RECOUNT_SERVICES_DATA_FOLDER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recount::services {

// Makes the folder if it is missing. FAILED_PRECONDITION if a restore into it was not finished. With `simulated_clock`: FAILED_PRECONDITION if it holds a log of real time, else
// marks it.
absl::Status PrepareDataFolder(const std::string& folder, bool simulated_clock);
// Marks a folder until what is restored into it is complete and verified.
absl::Status BeginRestore(const std::string& folder);
absl::Status EndRestore(const std::string& folder);
// Says that there are no keys (keys.lost). EndKeysLost() takes it back, once there are new ones: those must not go unseen too.
absl::Status GiveKeysUp(const std::string& folder);
absl::Status EndKeysLost(const std::string& folder);
// DATA_LOSS if there is a log and no key vault: a new one would be made, and all personal data be taken for erased. Not if
// the folder holds a file keys.lost, by which somebody says that it is so.
absl::Status CheckKeysAreThere(const std::string& folder);
// 32 bytes, made with mode 0600 if missing.
absl::StatusOr<std::string> LoadTokenKey(const std::string& folder);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_DATA_FOLDER_H_
