#include "eventstore/commit_codec.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/sha256.h"

namespace recount::eventstore {
namespace {

absl::string_view View(const ChainHash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

}  // namespace

ChainHash NextHash(const ChainHash& previous, absl::string_view record_bytes) {
  return Sha256({View(previous), record_bytes});
}

absl::Status Damaged(TenantNumber tenant, uint64_t position, absl::string_view finding) {
  return absl::DataLossError(absl::StrCat("DATA_DAMAGED: tenant ", tenant, ", position ", position, ": ", finding,
                                          ". Stop the server, keep a copy of the data folder, and restore a backup; "
                                          "`recount verify` lists all damage."));
}

absl::StatusOr<CommitParts> SplitStoredCommit(TenantNumber tenant, uint64_t first_position, absl::string_view stored) {
  CommitParts parts;
  if (stored.size() <= parts.hash.size()) return Damaged(tenant, first_position, "the stored commit is cut short");
  std::memcpy(parts.hash.data(), stored.data(), parts.hash.size());
  parts.record_bytes = stored.substr(parts.hash.size());
  return parts;
}

absl::Status DecodeCommit(TenantNumber tenant, uint64_t first_position, const CommitParts& parts,
                          const ChainHash& previous, StoredCommit* commit) {
  if (NextHash(previous, parts.record_bytes) != parts.hash) {
    return Damaged(tenant, first_position, "the commit does not fit its hash and the hash of the commit before it");
  }
  commit->bytes.assign(parts.record_bytes.data(), parts.record_bytes.size());
  if (!commit->record.ParseFromString(commit->bytes)) {
    return Damaged(tenant, first_position, "the commit cannot be read as a CommitRecord");
  }
  if (commit->record.first_position() != first_position || commit->record.events().empty()) {
    return Damaged(tenant, first_position,
                   absl::StrCat("the commit says that it begins at position ", commit->record.first_position(),
                                " with ", commit->record.events_size(), " events"));
  }
  commit->first_position = first_position;
  commit->last_position = first_position + commit->record.events_size() - 1;
  commit->hash = parts.hash;
  return absl::OkStatus();
}

}  // namespace recount::eventstore
