#include "eventstore/master_key.h"

#include <sodium.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "eventstore/durable_file.h"

namespace recount::eventstore {
namespace {

constexpr size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* Bytes(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// Not in a database's folder (it has a file CURRENT), nor in log/ or index/ of a log, nor right beside its FORMAT.
absl::Status CheckPlace(const std::string& path) {
  std::error_code error;
  const auto own_folder = std::filesystem::weakly_canonical(path, error).parent_path();
  for (auto folder = own_folder; folder.has_relative_path(); folder = folder.parent_path()) {
    const bool is_part_of_log = (folder.filename() == "log" || folder.filename() == "index") &&
                                FileExists((folder.parent_path() / "FORMAT").string());
    const bool is_log = folder == own_folder && FileExists((folder / "FORMAT").string());
    if (is_part_of_log || is_log || FileExists((folder / "CURRENT").string())) {
      return absl::FailedPreconditionError(
          absl::StrCat("the master key ", path, " must not lie in ", folder.string(),
                       ", which belongs to a database and its backups; keep it elsewhere, for example in keys/"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<DataKey> ParseKey(const std::string& path, absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  DataKey key;
  if (text.size() != 2 * key.size() || text.find_first_not_of("0123456789abcdefABCDEF") != absl::string_view::npos) {
    return absl::FailedPreconditionError(absl::StrCat("the master key ", path, " is not 64 hex digits. Put back the one that the vault was made with."));
  }
  const std::string bytes = absl::HexStringToBytes(text);
  std::memcpy(key.data(), bytes.data(), key.size());
  return key;
}

}  // namespace

absl::StatusOr<MasterKey> MasterKey::Load(const std::string& path, bool make_if_missing) {
  if (absl::Status status = CheckPlace(path); !status.ok()) return status;
  if (!FileExists(path)) {
    if (!make_if_missing) {
      return absl::DataLossError(absl::StrCat("DATA_DAMAGED: the master key ", path,
                                              " is missing, and the keys of the vault open with no other. Put it back."));
    }
    DataKey fresh;
    randombytes_buf(fresh.data(), fresh.size());
    const std::string bytes(fresh.begin(), fresh.end());
    absl::Status status = MakeDirectory(std::filesystem::absolute(path).parent_path().string());
    if (status.ok()) status = ReplaceFile(path, absl::StrCat(absl::BytesToHexString(bytes), "\n"), 0600);
    if (!status.ok()) return status;
  }
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return FileError("read", path);
  if ((info.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("others may read or change the master key ", path, "; run chmod 600 on it"));
  }
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  absl::StatusOr<DataKey> key = ParseKey(path, *text);
  if (!key.ok()) return key.status();
  MasterKey master;
  master.key_ = *key;
  return master;
}

std::string MasterKey::Wrap(absl::string_view place, const DataKey& key) const {
  std::string wrapped(kNonceSize + key.size() + kTagSize, '\0');
  auto* out = reinterpret_cast<unsigned char*>(wrapped.data());
  randombytes_buf(out, kNonceSize);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out + kNonceSize, nullptr, key.data(), key.size(), Bytes(place),
                                             place.size(), nullptr, out, key_.data());
  return wrapped;
}

absl::StatusOr<DataKey> MasterKey::Unwrap(absl::string_view place, absl::string_view wrapped) const {
  DataKey key;
  if (wrapped.size() != kNonceSize + key.size() + kTagSize ||
      crypto_aead_xchacha20poly1305_ietf_decrypt(key.data(), nullptr, nullptr, Bytes(wrapped) + kNonceSize,
                                                 wrapped.size() - kNonceSize, Bytes(place), place.size(),
                                                 Bytes(wrapped), key_.data()) != 0) {
    return absl::DataLossError(
        "DATA_DAMAGED: a key of the key vault does not open: the master key is another one, or the vault was changed. Put back the "
        "master key that it was made with, or restore a backup of the keys.");
  }
  return key;
}

}  // namespace recount::eventstore
