// The key that wraps all others, in a file of its own: 64 hex digits and a line end, mode 0600.
#ifndef RECOUNT_EVENTSTORE_MASTER_KEY_H_
#define RECOUNT_EVENTSTORE_MASTER_KEY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventstore/key_vault.h"

namespace recount::eventstore {

class MasterKey {
 public:
  // FAILED_PRECONDITION if others than the owner may read the file, or if it lies in a database's folder, whose backup would
  // then carry it along. DATA_LOSS if it is missing and may not be made.
  static absl::StatusOr<MasterKey> Load(const std::string& path, bool make_if_missing);

  // The place is authenticated: a wrapped key moved to another place does not open.
  std::string Wrap(absl::string_view place, const DataKey& key) const;
  absl::StatusOr<DataKey> Unwrap(absl::string_view place, absl::string_view wrapped) const;

 private:
  DataKey key_{};
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_MASTER_KEY_H_
