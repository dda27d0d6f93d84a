// Personal fields of events: cleared and sealed when written, opened when read. Works on any message through the option
// (recount.v1.personal); the storage format stands at recount.storage.v1.SealedBlob.
#ifndef RECOUNT_EVENTSTORE_SEALING_H_
#define RECOUNT_EVENTSTORE_SEALING_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventstore/key_vault.h"
#include "google/protobuf/message.h"
#include "recount/storage/v1/commit.pb.h"

namespace recount::eventstore {

// True if the message has personal fields that are set.
bool HasPersonalFields(const google::protobuf::Message& message);

// Has a data subject a key already? kNo: the id was made at random a moment before, so that none needs to be looked for.
enum class HasKey { kMaybe, kNo };

// Seals the personal fields of `message` as one blob of `event` under the key of `data_subject` (minted if there is none), and
// serializes what is left into event->payload; afterwards `message` is as it was. Stream and type of `event` must be set: they are
// authenticated.
absl::Status SealInto(KeyVault& vault, uint32_t tenant, absl::string_view data_subject, HasKey has_key,
                      google::protobuf::Message* message, storage::v1::StoredEvent* event);

// Parses the payload and merges what can be opened. Sets *erased when a blob's key is gone, also if another one came to be under
// its id; a blob that does not authenticate under its own key is DATA_LOSS.
absl::Status OpenInto(KeyVault& vault, uint32_t tenant, const storage::v1::StoredEvent& event,
                      google::protobuf::Message* message, bool* erased);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_SEALING_H_
