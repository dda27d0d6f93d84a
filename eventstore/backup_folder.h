// A backup on disk: the log of every tenant, cut into segments of unchanged stored commits. A segment never changes; an
// incremental backup adds segments, and then replaces the manifest, by which alone it is there.
//
//   DIR/MANIFEST                 := checked file "recount backup" of a BackupManifest
//   DIR/tenant-NUMBER/FIRST.commits                   FIRST: position of its first event, 20 digits
//   segment                      := "RCNTBAK1" tenant (4) first position (8) chain hash before it (32) entry*
//   entry                        := length (4) stored commit (commit_codec.h)
//   DIR/LOCK                     held while a backup is made
//   checked file TITLE of a message := TITLE "\n" message, serialized, SHA-256 of all before (32)
//
// Numbers are big endian. Files that the manifest does not name are of a backup that was interrupted.
#ifndef RECOUNT_EVENTSTORE_BACKUP_FOLDER_H_
#define RECOUNT_EVENTSTORE_BACKUP_FOLDER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventstore/commit_codec.h"
#include "eventstore/event_log.h"
#include "google/protobuf/message_lite.h"
#include "recount/storage/v1/backup.pb.h"

namespace recount::eventstore {

// DATA_LOSS for a file of a backup.
absl::Status DamagedBackup(absl::string_view path, absl::string_view finding);

absl::Status WriteCheckedFile(const std::string& path, absl::string_view title, const google::protobuf::MessageLite& message);
// DATA_LOSS if any byte is another one; FAILED_PRECONDITION (`BACKUP_MISMATCH: `) if it is whole, but has another title.
absl::Status ReadCheckedFile(const std::string& path, absl::string_view title, google::protobuf::MessageLite* message);

// NOT_FOUND if there is no backup; DATA_LOSS if the manifest is damaged or does not fit together.
absl::StatusOr<storage::v1::BackupManifest> ReadManifest(const std::string& folder);
absl::Status WriteManifest(const std::string& folder, const storage::v1::BackupManifest& manifest);

// The tenant's part of a manifest; nullptr: it has none.
const storage::v1::BackupTenant* FindTenant(const storage::v1::BackupManifest& manifest, TenantNumber tenant);
// Where a segment ends, and the log in a backup.
Head EndOf(const storage::v1::BackupSegment& segment);
Head HeadOf(const storage::v1::BackupTenant& tenant);
uint64_t EventsIn(const storage::v1::BackupManifest& manifest);

std::string SegmentPath(const std::string& folder, TenantNumber tenant, uint64_t first_position);

// Collects the commits of one segment.
class SegmentBuilder {
 public:
  SegmentBuilder(TenantNumber tenant, const Head& before);
  void Add(const StoredCommit& commit);
  bool empty() const { return segment_.commits() == 0; }
  size_t bytes() const { return content_.size(); }
  // Durable when it returns. The builder is used up.
  absl::StatusOr<storage::v1::BackupSegment> Write(const std::string& folder);

 private:
  const TenantNumber tenant_;
  storage::v1::BackupSegment segment_;
  std::string content_;
};

// The commits of a segment in order, as bytes. DATA_LOSS, before the first of them, if the file is not as it was written; names
// the file and its positions.
absl::Status ReadSegment(const std::string& folder, TenantNumber tenant, const storage::v1::BackupSegment& segment,
                         const std::function<absl::Status(const CommitParts&)>& visit);

// Removes what an interrupted backup left. Touches only files whose names a backup gives.
absl::Status RemoveLeftovers(const std::string& folder, const storage::v1::BackupManifest& manifest);
// FAILED_PRECONDITION (`BACKUP_MISMATCH: `) if a folder without a manifest holds what no backup leaves.
absl::Status CheckIsFree(const std::string& folder);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_BACKUP_FOLDER_H_
