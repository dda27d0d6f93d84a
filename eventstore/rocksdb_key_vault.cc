#include "eventstore/rocksdb_key_vault.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "eventstore/cryptography.h"
#include "eventstore/durable_file.h"
#include "eventstore/hmac.h"
#include "eventstore/key_vault.h"
#include "eventstore/master_key.h"
#include "eventstore/recent_cache.h"
#include "eventstore/rocksdb_checked_open.h"
#include "eventstore/rocksdb_layout.h"
#include "eventstore/rocksdb_options.h"
#include "eventstore/rocksdb_vault_end.h"
#include "rocksdb/db.h"

namespace recount::eventstore {
namespace {

constexpr char kName[] = "the key vault";
constexpr size_t kCachedKeys = 200'000;

std::string VaultKey(uint32_t tenant, char kind, absl::string_view rest) {
  std::string key;
  AppendU32(tenant, &key);
  key.push_back(kind);
  key.append(rest.data(), rest.size());
  return key;
}

class RocksdbKeyVault : public KeyVault {
 public:
  RocksdbKeyVault(MasterKey master, std::unique_ptr<DirectoryLock> lock, std::unique_ptr<rocksdb::DB> db,
                  std::unique_ptr<HighWaterMarkFile> mark)
      : master_(std::move(master)),
        lock_(std::move(lock)),
        db_(std::move(db)),
        cache_(kCachedKeys),
        mark_writer_(std::move(mark), [this](const absl::Status& cause) {
          std::lock_guard lock(mutex_);
          failure_ = cause;
        }) {}
  ~RocksdbKeyVault() override { (void)Flush(); }

  // That the vault was made with this master key; makes it so if the vault is new.
  absl::Status CheckMasterKey() {
    const std::string name = VaultKey(0, 'M', "");
    std::lock_guard lock(mutex_);
    auto wrapped = Get(name);
    if (!wrapped.ok()) return wrapped.status();
    if (wrapped->has_value()) return master_.Unwrap(name, **wrapped).status();
    pending_.keys[name] = master_.Wrap(name, DataKey{});
    return absl::OkStatus();
  }

  absl::StatusOr<DataKey> Mint(uint32_t tenant, absl::string_view key_id) override {
    std::lock_guard lock(mutex_);
    const std::string name = VaultKey(tenant, 'K', key_id);
    auto found = FindLocked(name);
    if (!found.ok()) return found.status();
    if (found->has_value()) return absl::AlreadyExistsError(absl::StrCat("there is a key ", key_id));
    return MintLocked(name);
  }

  absl::StatusOr<DataKey> MintForNewId(uint32_t tenant, absl::string_view key_id) override {
    std::lock_guard lock(mutex_);
    return MintLocked(VaultKey(tenant, 'K', key_id));
  }

  // The disk is read without the lock: the sequencer's thread mints under it.
  absl::StatusOr<DataKey> Find(uint32_t tenant, absl::string_view key_id) override {
    const std::string name = VaultKey(tenant, 'K', key_id);
    std::optional<std::string> wrapped;
    {
      std::lock_guard lock(mutex_);
      if (auto cached = cache_.Find(name)) return *cached;
      wrapped = GetUnwritten(name);
    }
    if (!wrapped) {
      auto stored = GetStored(name);
      if (!stored.ok()) return stored.status();
      wrapped = *std::move(stored);
    }
    if (!wrapped) return absl::NotFoundError(absl::StrCat("there is no key ", key_id));
    absl::StatusOr<DataKey> key = master_.Unwrap(name, *wrapped);
    if (!key.ok()) return key.status();
    std::lock_guard lock(mutex_);
    cache_.Put(name, *key);
    return *key;
  }

  absl::Status Flush() override {
    std::lock_guard flush_lock(flush_mutex_);
    {
      std::lock_guard lock(mutex_);
      if (!failure_.ok()) return failure_;
      if (pending_.empty()) return absl::OkStatus();
      flushing_ = std::exchange(pending_, Unwritten());
    }
    rocksdb::WriteBatch batch = BatchOf(flushing_);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    absl::Status status = PutVaultEnd(db_.get(), &batch);
    if (status.ok()) status = FromRocksdb(db_->Write(synced, &batch), kName);
    if (status.ok()) {
      HighWaterMark mark;
      mark.sequence = db_->GetLatestSequenceNumber();
      mark_writer_.Raise(mark);
    }
    std::lock_guard lock(mutex_);
    // After a failed sync nobody knows what is on the disk: no key may be called durable any more.
    if (status.ok()) {
      flushing_ = Unwritten();
    } else {
      failure_ = status;
    }
    return status;
  }

  absl::Status AddLookup(uint32_t tenant, absl::string_view kind, absl::string_view value,
                         absl::string_view stream) override {
    std::lock_guard lock(mutex_);
    absl::StatusOr<std::string> prefix = LookupPrefix(tenant, kind, value);
    if (!prefix.ok()) return prefix.status();
    pending_.lookups[*std::move(prefix)].emplace_back(stream);
    return absl::OkStatus();
  }

  absl::Status VisitLookup(uint32_t tenant, absl::string_view kind, absl::string_view value,
                           const LookupVisitor& visit) override {
    std::set<std::string> waiting;
    absl::StatusOr<std::string> prefix = PrefixAndWaiting(tenant, kind, value, &waiting);
    if (!prefix.ok()) return prefix.status();
    // Made after `waiting` was copied, so that what is written meanwhile is seen here if not there.
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
    auto next = waiting.begin();
    for (it->Seek(*prefix); it->Valid() && it->key().starts_with(*prefix); it->Next()) {
      const absl::string_view stream = ToView(it->key()).substr(prefix->size());
      for (; next != waiting.end() && *next < stream; ++next) {
        if (!visit(*next)) return absl::OkStatus();
      }
      if (next != waiting.end() && *next == stream) ++next;
      if (!visit(stream)) return absl::OkStatus();
    }
    if (!it->status().ok()) return FromRocksdb(it->status(), kName);
    for (; next != waiting.end() && visit(*next); ++next) {
    }
    return absl::OkStatus();
  }

  absl::Status ReadStored(const StoredKeyVisitor& visit) override {
    if (absl::Status status = Flush(); !status.ok()) return status;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      if (IsVaultEnd(ToView(it->key()))) continue;  // of this database's writes
      if (absl::Status status = visit(ToView(it->key()), ToView(it->value())); !status.ok()) return status;
    }
    return FromRocksdb(it->status(), kName);
  }

 private:
  // What is not in the database yet.
  struct Unwritten {
    absl::flat_hash_map<std::string, std::string> keys;                    // wrapped, by name
    absl::flat_hash_map<std::string, std::vector<std::string>> lookups;    // streams by LookupPrefix()
    bool empty() const { return keys.empty() && lookups.empty(); }
  };

  // In the order of the names: the memtable then finds the place of each beside that of the one before it.
  static rocksdb::WriteBatch BatchOf(const Unwritten& unwritten) {
    std::vector<const std::pair<const std::string, std::string>*> keys;
    keys.reserve(unwritten.keys.size());
    for (const auto& key : unwritten.keys) keys.push_back(&key);
    std::sort(keys.begin(), keys.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    std::vector<std::string> lookups;
    lookups.reserve(unwritten.lookups.size());
    for (const auto& [prefix, streams] : unwritten.lookups) {
      for (const std::string& stream : streams) lookups.push_back(absl::StrCat(prefix, stream));
    }
    std::sort(lookups.begin(), lookups.end());
    rocksdb::WriteBatch batch;
    for (const auto* key : keys) batch.Put(key->first, key->second);
    for (const std::string& lookup : lookups) batch.Put(lookup, "");
    return batch;
  }

  absl::StatusOr<std::optional<std::string>> GetStored(const std::string& name) {
    std::string value;
    rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), name, &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return FromRocksdb(status, kName);
    return std::optional<std::string>(std::move(value));
  }

  // Prefix of a look-up, and the streams of it that are not in the database yet.
  absl::StatusOr<std::string> PrefixAndWaiting(uint32_t tenant, absl::string_view kind, absl::string_view value,
                                               std::set<std::string>* waiting) {
    std::lock_guard lock(mutex_);
    absl::StatusOr<std::string> prefix = LookupPrefix(tenant, kind, value);
    if (!prefix.ok()) return prefix;
    for (const auto* unwritten : {&flushing_, &pending_}) {
      const auto it = unwritten->lookups.find(*prefix);
      if (it != unwritten->lookups.end()) waiting->insert(it->second.begin(), it->second.end());
    }
    return prefix;
  }

  // All below: mutex_ is held.
  std::optional<std::string> GetUnwritten(const std::string& name) {
    for (const auto* waiting : {&pending_, &flushing_}) {
      if (auto it = waiting->keys.find(name); it != waiting->keys.end()) return it->second;
    }
    return std::nullopt;
  }

  absl::StatusOr<std::optional<std::string>> Get(const std::string& name) {
    if (auto unwritten = GetUnwritten(name)) return unwritten;
    return GetStored(name);
  }

  absl::StatusOr<std::optional<DataKey>> FindLocked(const std::string& name) {
    if (auto cached = cache_.Find(name)) return cached;
    auto wrapped = Get(name);
    if (!wrapped.ok()) return wrapped.status();
    if (!wrapped->has_value()) return std::optional<DataKey>();
    absl::StatusOr<DataKey> key = master_.Unwrap(name, **wrapped);
    if (!key.ok()) return key.status();
    cache_.Put(name, *key);
    return std::optional<DataKey>(*key);
  }

  absl::StatusOr<DataKey> MintLocked(const std::string& name) {
    if (!failure_.ok()) return failure_;
    DataKey key;
    randombytes_buf(key.data(), key.size());
    pending_.keys[name] = master_.Wrap(name, key);
    cache_.Put(name, key);
    return key;
  }

  absl::StatusOr<DataKey> LookupKey(uint32_t tenant) {
    const std::string name = VaultKey(tenant, 'T', "");
    auto found = FindLocked(name);
    if (!found.ok()) return found.status();
    if (found->has_value()) return **found;
    return MintLocked(name);
  }

  absl::StatusOr<std::string> LookupPrefix(uint32_t tenant, absl::string_view kind, absl::string_view value) {
    absl::StatusOr<DataKey> key = LookupKey(tenant);
    if (!key.ok()) return key.status();
    const std::string text = absl::StrCat(kind, absl::string_view("\0", 1), value);
    const Mac mac = hmac_.Of(*key, text);
    return VaultKey(tenant, 'L', absl::string_view(reinterpret_cast<const char*>(mac.data()), mac.size()));
  }

  const MasterKey master_;
  const std::unique_ptr<DirectoryLock> lock_;
  const std::unique_ptr<rocksdb::DB> db_;
  std::mutex flush_mutex_;  // one Flush() at a time; taken before mutex_
  std::mutex mutex_;
  // Guarded by mutex_; flushing_ is changed by Flush() alone.
  Unwritten pending_;
  Unwritten flushing_;  // being written
  RecentCache<DataKey> cache_;
  Hmac hmac_;
  absl::Status failure_;
  HighWaterMarkWriter mark_writer_;
};

absl::StatusOr<std::unique_ptr<HighWaterMarkFile>> OpenMark(const std::string& path, bool is_new) {
  if (!FileExists(path)) {
    if (!is_new) return RefuseToOpen(path, "it is missing");
    if (absl::Status status = HighWaterMarkFile::Create(path, kVaultMarkId); !status.ok()) return status;
  }
  return HighWaterMarkFile::Open(path, kVaultMarkId);
}

}  // namespace

absl::StatusOr<std::unique_ptr<rocksdb::DB>> OpenVaultDatabase(const std::string& directory, const HighWaterMark& mark,
                                                               size_t write_buffer_bytes) {
  return OpenChecked(directory, "db", VaultDatabaseOptions(write_buffer_bytes), mark, [&](rocksdb::DB* db) {
    const uint64_t sequence = db->GetLatestSequenceNumber();
    if (sequence >= mark.sequence) return CheckVaultEnds(db, directory + "/db");
    return RefuseToOpen(directory + "/db",
                        absl::StrCat("it holds ", sequence, " keys and look-ups, but ", mark.sequence,
                                     " were made durable (HWM): the WAL (*.log) or the MANIFEST is cut or damaged"));
  });
}

absl::StatusOr<std::unique_ptr<KeyVault>> OpenRocksdbKeyVault(const RocksdbVaultOptions& options) {
  if (absl::Status status = StartCryptography(); !status.ok()) return status;
  if (absl::Status status = MakeDirectory(options.directory); !status.ok()) return status;
  auto lock = DirectoryLock::Take(options.directory);
  if (!lock.ok()) return lock.status();
  const bool is_new = !FileExists(options.directory + "/db/CURRENT");
  absl::StatusOr<MasterKey> master = MasterKey::Load(options.master_key_file, /*make_if_missing=*/is_new);
  if (!master.ok()) return master.status();
  auto mark = OpenMark(options.directory + "/HWM", is_new);
  if (!mark.ok()) return mark.status();
  auto db = OpenVaultDatabase(options.directory, (*mark)->mark(), options.write_buffer_bytes);
  if (!db.ok()) return db.status();
  auto vault = std::make_unique<RocksdbKeyVault>(*std::move(master), *std::move(lock), *std::move(db), *std::move(mark));
  if (absl::Status status = vault->CheckMasterKey(); !status.ok()) return status;
  if (absl::Status status = vault->Flush(); !status.ok()) return status;
  return std::unique_ptr<KeyVault>(std::move(vault));
}

}  // namespace recount::eventstore
