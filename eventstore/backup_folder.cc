#include "eventstore/backup_folder.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "eventstore/big_endian.h"
#include "eventstore/durable_file.h"
#include "eventstore/sha256.h"

namespace recount::eventstore {
namespace {

using storage::v1::BackupManifest;
using storage::v1::BackupSegment;
using storage::v1::BackupTenant;

constexpr char kTitle[] = "recount backup";
constexpr uint32_t kFormat = 1;
constexpr absl::string_view kSegmentMagic = "RCNTBAK1";
constexpr absl::string_view kSegmentSuffix = ".commits";
constexpr absl::string_view kTenantPrefix = "tenant-";
constexpr size_t kHashSize = 32;
constexpr size_t kHeaderSize = 8 + 4 + 8 + kHashSize;
constexpr size_t kPositionDigits = 20;
constexpr size_t kLongestTitle = 40;  // that is quoted

std::string Digest(absl::string_view bytes) {
  const auto hash = Sha256({bytes});
  return std::string(hash.begin(), hash.end());
}

ChainHash HashFrom(const std::string& bytes) {
  ChainHash hash{};
  if (bytes.size() == hash.size()) std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

// That the segments of a tenant follow one another from position 1.
absl::Status CheckOrder(const std::string& path, const BackupManifest& manifest) {
  int64_t number = -1;
  for (const BackupTenant& tenant : manifest.tenants()) {
    if (tenant.number() <= number) return DamagedBackup(path, "its tenants are not in order");
    number = tenant.number();
    uint64_t position = 0;
    for (const BackupSegment& segment : tenant.segments()) {
      const bool follows = segment.first_position() == position + 1 && segment.first_position() != 0;
      if (!follows || segment.last_position() < segment.first_position() ||
          segment.last_hash().size() != kHashSize) {
        return DamagedBackup(path, absl::StrCat("tenant ", number, ": after position ", position, " it names a segment from ",
                                                segment.first_position(), " to ", segment.last_position()));
      }
      position = segment.last_position();
    }
  }
  return absl::OkStatus();
}

// The position in `00000000000000000001.commits` or, half written, `00000000000000000001.commits.new`; 0: another file.
uint64_t FirstPositionIn(absl::string_view name) {
  absl::ConsumeSuffix(&name, ".new");
  uint64_t position = 0;
  if (!absl::ConsumeSuffix(&name, kSegmentSuffix) || name.size() != kPositionDigits) return 0;
  return absl::SimpleAtoi(name, &position) ? position : 0;
}

bool IsTenantFolder(absl::string_view name, TenantNumber* number) {
  return absl::ConsumePrefix(&name, kTenantPrefix) && absl::SimpleAtoi(name, number);
}

bool Names(const BackupManifest& manifest, TenantNumber number, uint64_t first_position) {
  const BackupTenant* tenant = FindTenant(manifest, number);
  if (tenant == nullptr) return false;
  return std::any_of(tenant->segments().begin(), tenant->segments().end(),
                     [&](const BackupSegment& segment) { return segment.first_position() == first_position; });
}

}  // namespace

absl::Status DamagedBackup(absl::string_view path, absl::string_view finding) {
  return absl::DataLossError(absl::StrCat("DATA_DAMAGED: ", path, ": ", finding));
}

absl::Status WriteCheckedFile(const std::string& path, absl::string_view title, const google::protobuf::MessageLite& message) {
  std::string content = absl::StrCat(title, "\n", message.SerializeAsString());
  return ReplaceFile(path, content + Digest(content));
}

absl::Status ReadCheckedFile(const std::string& path, absl::string_view title, google::protobuf::MessageLite* message) {
  absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  absl::string_view body = *content;
  if (body.size() < kHashSize) return DamagedBackup(path, "it is cut short");
  const absl::string_view checksum = body.substr(body.size() - kHashSize);
  body.remove_suffix(kHashSize);
  if (Digest(body) != checksum) return DamagedBackup(path, "it does not fit its checksum");
  // As it was written, but by somebody else: a copy of keys where a backup is looked for, or the other way round.
  if (!absl::ConsumePrefix(&body, title) || !absl::ConsumePrefix(&body, "\n")) {
    return absl::FailedPreconditionError(absl::StrCat("BACKUP_MISMATCH: ", path, " is no ", title, ", but ",
                                                      absl::CEscape(body.substr(0, std::min(body.find('\n'), kLongestTitle)))));
  }
  if (!message->ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return DamagedBackup(path, "its content cannot be read");
  }
  return absl::OkStatus();
}

absl::StatusOr<BackupManifest> ReadManifest(const std::string& folder) {
  const std::string path = folder + "/MANIFEST";
  if (!FileExists(path)) return absl::NotFoundError(absl::StrCat("there is no backup in ", folder, ": it has no file MANIFEST"));
  BackupManifest manifest;
  if (absl::Status status = ReadCheckedFile(path, kTitle, &manifest); !status.ok()) return status;
  if (manifest.format() != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": this backup has format ", manifest.format(),
                                                      ", and this program knows format ", kFormat,
                                                      ". Use a newer version of the program."));
  }
  if (absl::Status status = CheckOrder(path, manifest); !status.ok()) return status;
  return manifest;
}

absl::Status WriteManifest(const std::string& folder, const BackupManifest& manifest) {
  BackupManifest written = manifest;
  written.set_format(kFormat);
  return WriteCheckedFile(folder + "/MANIFEST", kTitle, written);
}

const BackupTenant* FindTenant(const BackupManifest& manifest, TenantNumber tenant) {
  for (const BackupTenant& known : manifest.tenants()) {
    if (known.number() == tenant) return &known;
  }
  return nullptr;
}

Head EndOf(const BackupSegment& segment) {
  return {segment.last_position(), segment.last_recorded_micros(), HashFrom(segment.last_hash())};
}

Head HeadOf(const BackupTenant& tenant) {
  return tenant.segments().empty() ? Head{} : EndOf(*tenant.segments().rbegin());
}

uint64_t EventsIn(const BackupManifest& manifest) {
  uint64_t events = 0;
  for (const BackupTenant& tenant : manifest.tenants()) events += HeadOf(tenant).position;
  return events;
}

std::string SegmentPath(const std::string& folder, TenantNumber tenant, uint64_t first_position) {
  return absl::StrFormat("%s/%s%u/%020u%s", folder, kTenantPrefix, tenant, first_position, kSegmentSuffix);
}

SegmentBuilder::SegmentBuilder(TenantNumber tenant, const Head& before) : tenant_(tenant) {
  segment_.set_first_position(before.position + 1);
  content_ = std::string(kSegmentMagic);
  AppendU32(tenant, &content_);
  AppendU64(before.position + 1, &content_);
  content_.append(before.hash.begin(), before.hash.end());
}

void SegmentBuilder::Add(const StoredCommit& commit) {
  AppendU32(static_cast<uint32_t>(commit.hash.size() + commit.bytes.size()), &content_);
  content_.append(commit.hash.begin(), commit.hash.end());
  content_ += commit.bytes;
  segment_.set_commits(segment_.commits() + 1);
  segment_.set_last_position(commit.last_position);
  segment_.set_last_recorded_micros(commit.record.recorded_micros());
  segment_.set_last_hash(commit.hash.data(), commit.hash.size());
}

absl::StatusOr<BackupSegment> SegmentBuilder::Write(const std::string& folder) {
  const std::string path = SegmentPath(folder, tenant_, segment_.first_position());
  segment_.set_bytes(content_.size());
  segment_.set_sha256(Digest(content_));
  absl::Status status = MakeDirectory(std::filesystem::path(path).parent_path().string());
  if (status.ok()) status = ReplaceFile(path, content_);
  if (!status.ok()) return status;
  return std::move(segment_);
}

absl::Status ReadSegment(const std::string& folder, TenantNumber tenant, const BackupSegment& segment,
                         const std::function<absl::Status(const CommitParts&)>& visit) {
  const std::string path = SegmentPath(folder, tenant, segment.first_position());
  const auto damaged = [&](absl::string_view finding) {
    return DamagedBackup(path, absl::StrCat("tenant ", tenant, ", positions ", segment.first_position(), " to ",
                                            segment.last_position(), ": ", finding));
  };
  if (!FileExists(path)) return damaged("the file is missing");
  absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  if (content->size() != segment.bytes()) {
    return damaged(absl::StrCat("the file has ", content->size(), " bytes, not ", segment.bytes()));
  }
  if (Digest(*content) != segment.sha256()) return damaged("the file does not fit its checksum");
  absl::string_view rest = *content;
  const bool is_segment = rest.size() >= kHeaderSize && absl::ConsumePrefix(&rest, kSegmentMagic) &&
                          ReadU32(rest.data()) == tenant && ReadU64(rest.data() + 4) == segment.first_position();
  if (!is_segment) return damaged("the file is no segment of that place");
  rest.remove_prefix(kHeaderSize - kSegmentMagic.size());
  uint64_t commits = 0;
  for (; !rest.empty(); ++commits) {
    const size_t size = rest.size() < 4 ? rest.size() : ReadU32(rest.data());
    if (rest.size() < 4 || rest.size() - 4 < size) return damaged("the last commit is cut short");
    auto parts = SplitStoredCommit(tenant, segment.first_position(), rest.substr(4, size));
    if (!parts.ok()) return damaged("a commit is cut short");
    if (absl::Status status = visit(*parts); !status.ok()) return status;
    rest.remove_prefix(4 + size);
  }
  return commits == segment.commits() ? absl::OkStatus() : damaged("the number of commits is another one");
}

absl::Status RemoveLeftovers(const std::string& folder, const BackupManifest& manifest) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    TenantNumber number = 0;
    if (!IsTenantFolder(entry.path().filename().string(), &number)) continue;
    for (const auto& file : std::filesystem::directory_iterator(entry.path(), error)) {
      const std::string name = file.path().filename().string();
      const uint64_t first_position = FirstPositionIn(name);
      const bool is_named = !absl::EndsWith(name, ".new") && Names(manifest, number, first_position);
      if (first_position != 0 && !is_named) std::filesystem::remove(file.path(), error);
    }
  }
  if (error) return absl::UnavailableError(absl::StrCat("cannot tidy up ", folder, ": ", error.message()));
  return absl::OkStatus();
}

absl::Status CheckIsFree(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    TenantNumber number = 0;
    const std::string name = entry.path().filename().string();
    if (name == "LOCK" || name == "MANIFEST.new" || IsTenantFolder(name, &number)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("BACKUP_MISMATCH: ", folder, " holds ", name, " and no backup; name a folder that is empty or missing"));
  }
  if (error) return absl::UnavailableError(absl::StrCat("cannot look into ", folder, ": ", error.message()));
  return absl::OkStatus();
}

}  // namespace recount::eventstore
