#include <sodium.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "eventstore/cryptography.h"
#include "eventstore/key_vault.h"

namespace recount::eventstore {
namespace {

class MemoryKeyVault : public KeyVault {
 public:
  absl::StatusOr<DataKey> Mint(uint32_t tenant, absl::string_view key_id) override {
    std::lock_guard lock(mutex_);
    auto [it, is_new] = keys_.try_emplace({tenant, std::string(key_id)});
    if (!is_new) return absl::AlreadyExistsError(absl::StrCat("there is a key ", key_id));
    randombytes_buf(it->second.data(), it->second.size());
    return it->second;
  }

  absl::StatusOr<DataKey> MintForNewId(uint32_t tenant, absl::string_view key_id) override {
    return Mint(tenant, key_id);
  }

  absl::StatusOr<DataKey> Find(uint32_t tenant, absl::string_view key_id) override {
    std::lock_guard lock(mutex_);
    auto it = keys_.find({tenant, std::string(key_id)});
    if (it == keys_.end()) return absl::NotFoundError(absl::StrCat("there is no key ", key_id));
    return it->second;
  }

  absl::Status Flush() override { return absl::OkStatus(); }

  absl::Status AddLookup(uint32_t tenant, absl::string_view kind, absl::string_view value,
                         absl::string_view stream) override {
    std::lock_guard lock(mutex_);
    std::vector<std::string>& streams = lookups_[{tenant, absl::StrCat(kind, "=", value)}];
    auto place = std::lower_bound(streams.begin(), streams.end(), stream);
    if (place == streams.end() || *place != stream) streams.insert(place, std::string(stream));
    return absl::OkStatus();
  }

  absl::Status VisitLookup(uint32_t tenant, absl::string_view kind, absl::string_view value,
                           const LookupVisitor& visit) override {
    for (const std::string& stream : StreamsOf({tenant, absl::StrCat(kind, "=", value)})) {
      if (!visit(stream)) break;
    }
    return absl::OkStatus();
  }

  absl::Status ReadStored(const StoredKeyVisitor& visit) override {
    return absl::FailedPreconditionError("the keys are in memory only: there is no stored form of them to back up");
  }

 private:
  std::vector<std::string> StreamsOf(const std::pair<uint32_t, std::string>& value) {
    std::lock_guard lock(mutex_);
    const auto it = lookups_.find(value);
    return it == lookups_.end() ? std::vector<std::string>() : it->second;
  }

  std::mutex mutex_;
  // Guarded by mutex_.
  std::map<std::pair<uint32_t, std::string>, DataKey> keys_;
  std::map<std::pair<uint32_t, std::string>, std::vector<std::string>> lookups_;  // streams in byte order
};

}  // namespace

std::unique_ptr<KeyVault> NewMemoryKeyVault() {
  if (!StartCryptography().ok()) return nullptr;  // the machine has no source of randomness
  return std::make_unique<MemoryKeyVault>();
}

}  // namespace recount::eventstore
