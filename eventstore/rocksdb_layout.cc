#include "eventstore/rocksdb_layout.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace recount::eventstore {

absl::Status FromRocksdb(const rocksdb::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsCorruption()) {
    return absl::DataLossError(absl::StrCat("DATA_DAMAGED: ", what, ": ", status.ToString(),
                                            ". Stop the server and keep a copy of the data folder. index/ may be deleted: "
                                            "it is made again from log/; for log/ restore a backup."));
  }
  if (status.IsNoSpace()) {
    return absl::ResourceExhaustedError(absl::StrCat("DISK_FULL: ", what, ": ", status.ToString(), "; free some space"));
  }
  return absl::UnavailableError(absl::StrCat(what, ": ", status.ToString()));
}

std::string LogKey(TenantNumber tenant, uint64_t first_position) {
  std::string key;
  AppendU32(tenant, &key);
  AppendU64(first_position, &key);
  return key;
}

std::optional<LogPlace> ParseLogKey(absl::string_view key) {
  if (key.size() != 12) return std::nullopt;
  return LogPlace{ReadU32(key.data()), ReadU64(key.data() + 4)};
}

std::string IndexKey(TenantNumber tenant, IndexKind kind, absl::string_view rest) {
  std::string key;
  key.reserve(kIndexPrefixSize + rest.size());
  AppendU32(tenant, &key);
  key.push_back(static_cast<char>(kind));
  key.append(rest.data(), rest.size());
  return key;
}

std::string EventKey(TenantNumber tenant, absl::string_view stream, uint64_t revision) {
  std::string key;
  key.reserve(kIndexPrefixSize + stream.size() + 9);
  AppendU32(tenant, &key);
  key.push_back(static_cast<char>(IndexKind::kEvent));
  key.append(stream.data(), stream.size());
  key.push_back('\0');
  AppendU64(revision, &key);
  return key;
}

std::string RequestName(absl::string_view actor, absl::string_view request_id) {
  std::string name;
  name.reserve(2 + actor.size() + request_id.size());
  name.push_back(static_cast<char>(actor.size() >> 8));
  name.push_back(static_cast<char>(actor.size()));
  name.append(actor.data(), actor.size());
  name.append(request_id.data(), request_id.size());
  return name;
}

std::string EncodeNumber(uint64_t value) {
  std::string out;
  AppendU64(value, &out);
  return out;
}

std::optional<uint64_t> DecodeNumber(absl::string_view value) {
  if (value.size() != 8) return std::nullopt;
  return ReadU64(value.data());
}

std::string EncodeWatermark(const Head& head) {
  std::string out;
  AppendU64(head.position, &out);
  AppendU64(static_cast<uint64_t>(head.recorded_micros), &out);
  out.append(head.hash.begin(), head.hash.end());
  return out;
}

std::optional<Head> DecodeWatermark(absl::string_view value) {
  Head head;
  if (value.size() != 16 + head.hash.size()) return std::nullopt;
  head.position = ReadU64(value.data());
  head.recorded_micros = static_cast<int64_t>(ReadU64(value.data() + 8));
  std::memcpy(head.hash.data(), value.data() + 16, head.hash.size());
  return head;
}

std::string EncodeRequest(const RememberedRequest& request) {
  std::string out;
  AppendU64(request.first_position, &out);
  AppendU64(request.last_position, &out);
  AppendU64(static_cast<uint64_t>(request.recorded_micros), &out);
  out.push_back(static_cast<char>(request.command_hash.size() >> 8));
  out.push_back(static_cast<char>(request.command_hash.size()));
  out += request.command_hash;
  out += request.answer_name;
  return out;
}

std::optional<RememberedRequest> DecodeRequest(absl::string_view value) {
  constexpr size_t kFixed = 26;
  if (value.size() < kFixed) return std::nullopt;
  const size_t hash_size = static_cast<uint8_t>(value[24]) << 8 | static_cast<uint8_t>(value[25]);
  if (value.size() < kFixed + hash_size) return std::nullopt;
  RememberedRequest request;
  request.first_position = ReadU64(value.data());
  request.last_position = ReadU64(value.data() + 8);
  request.recorded_micros = static_cast<int64_t>(ReadU64(value.data() + 16));
  request.command_hash = std::string(value.substr(kFixed, hash_size));
  request.answer_name = std::string(value.substr(kFixed + hash_size));
  return request;
}

}  // namespace recount::eventstore
