// AdminService.BackUp, and where backups may lie.
#ifndef RECOUNT_SERVICES_BACKUP_METHODS_H_
#define RECOUNT_SERVICES_BACKUP_METHODS_H_

#include <string>

#include "absl/status/statusor.h"
#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

// The folder in which backups may lie, made if it is missing; absolute, without symbolic links. INVALID_ARGUMENT if it lies in the
// data folder or that one in it: what destroys one must not take the other with it.
absl::StatusOr<std::string> PrepareBackupsFolder(const std::string& backups, const std::string& data);

// A folder that a caller asks for, relative to `backups` or absolute. BACKUP_FOLDER_INVALID if it does not lie within, by `..` or
// a symbolic link neither.
absl::StatusOr<std::string> FolderWithin(const std::string& backups, const std::string& asked, absl::string_view field);

void AddBackup(const Backend* backend, MethodTable* table);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_BACKUP_METHODS_H_
