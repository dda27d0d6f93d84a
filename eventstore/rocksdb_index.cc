#include "eventstore/rocksdb_index.h"

#include <pthread.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/durable_file.h"
#include "eventstore/rocksdb_index_writer.h"
#include "eventstore/rocksdb_layout.h"
#include "eventstore/rocksdb_options.h"
#include "eventstore/rocksdb_text_log.h"

namespace recount::eventstore {
namespace {

constexpr char kName[] = "index/";
constexpr size_t kMostFrozenTails = 3;
constexpr size_t kLargestTailBytes = 16 << 20;
// Roughly what a cached head or key takes.
constexpr size_t kCachedBytes = 128;

absl::Status BadEntry(absl::string_view kind) {
  return absl::DataLossError(absl::StrCat("DATA_DAMAGED: index/ holds an unreadable entry (", kind,
                                          "). Stop the server and delete index/: it is made again from the log."));
}

}  // namespace

RocksdbIndex::RocksdbIndex(RocksdbIndexOptions options)
    : options_(std::move(options)),
      tail_limit_bytes_(std::min(options_.memory_bytes / 4 + 1, kLargestTailBytes)),
      active_(std::make_unique<IndexTail>()),
      revision_cache_(options_.memory_bytes / 4 / kCachedBytes),
      key_cache_(options_.memory_bytes / 4 / kCachedBytes) {}

RocksdbIndex::~RocksdbIndex() { Close(); }

absl::StatusOr<std::unique_ptr<RocksdbIndex>> RocksdbIndex::Open(RocksdbIndexOptions options) {
  std::unique_ptr<RocksdbIndex> index(new RocksdbIndex(std::move(options)));
  absl::Status status = index->OpenDatabase();
  if (status.ok()) {
    auto format = index->Get(IndexKey(kNoTenant, IndexKind::kFormat, ""));
    status = format.status();
    if (format.ok() && format->value_or("") != kIndexFormat) status = absl::DataLossError("another format");
  }
  if (absl::IsDataLoss(status)) status = index->Clear();
  if (!status.ok()) return status;
  index->thread_ = std::thread([index = index.get()] { index->Run(); });
  return index;
}

absl::Status RocksdbIndex::OpenDatabase() {
  if (absl::Status status = MakeDirectory(options_.directory); !status.ok()) return status;
  rocksdb::DB* db = nullptr;
  rocksdb::Options options = IndexDatabaseOptions(options_.block_cache);
  options.info_log = OpenTextLog(options_.directory);
  rocksdb::Status status = rocksdb::DB::Open(options, options_.directory, &db);
  db_.reset(db);
  // Whatever is wrong with it, it can be made again: a missing file (IOError) as well as a damaged one.
  if (status.IsIOError() && status.subcode() == rocksdb::Status::kPathNotFound) {
    return absl::DataLossError(status.ToString());
  }
  return FromRocksdb(status, kName);
}

absl::Status RocksdbIndex::Clear() {
  db_.reset();
  std::error_code error;
  std::filesystem::remove_all(options_.directory, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot delete ", options_.directory, ": ", error.message()));
  return OpenDatabase();
}

absl::StatusOr<std::optional<std::string>> RocksdbIndex::Get(const std::string& key) {
  std::string value;
  rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), key, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return FromRocksdb(status, kName);
  return std::optional<std::string>(std::move(value));
}

absl::StatusOr<Head> RocksdbIndex::Watermark(TenantNumber tenant) {
  auto value = Get(IndexKey(tenant, IndexKind::kWatermark, ""));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return Head{};
  auto head = DecodeWatermark(**value);
  if (!head.has_value()) return BadEntry("watermark");
  return *head;
}

void RocksdbIndex::Apply(TenantNumber tenant, const storage::v1::CommitRecord& record, const Head& head) {
  std::unique_lock lock(mutex_);
  active_->Apply(tenant, record, head);
  for (const auto& event : record.events()) {
    revision_cache_.Erase(IndexKey(tenant, IndexKind::kHead, event.stream()));
  }
  for (const auto& claim : record.claims()) key_cache_.Erase(IndexKey(tenant, IndexKind::kKey, claim.key()));
  if (active_->bytes() < tail_limit_bytes_) return;
  frozen_.push_back(std::shared_ptr<const IndexTail>(std::move(active_)));
  active_ = std::make_unique<IndexTail>();
  frozen_changed_.notify_all();
  frozen_changed_.wait(lock, [&] { return frozen_.size() < kMostFrozenTails || closing_ || gave_up_; });
}

template <typename Pick>
auto RocksdbIndex::FindInTails(const Pick& pick) -> decltype(pick(std::declval<const IndexTail&>())) {
  if (auto entry = pick(*active_)) return entry;
  for (auto tail = frozen_.rbegin(); tail != frozen_.rend(); ++tail) {
    if (auto entry = pick(**tail)) return entry;
  }
  return nullptr;
}

absl::StatusOr<uint64_t> RocksdbIndex::Revision(TenantNumber tenant, absl::string_view stream) {
  const auto pick = [&](const IndexTail& tail) { return tail.FindStream(tenant, stream); };
  const std::string key = IndexKey(tenant, IndexKind::kHead, stream);
  uint64_t written_before;
  {
    std::lock_guard lock(mutex_);
    if (const auto* found = FindInTails(pick)) return found->revision();
    if (auto cached = revision_cache_.Find(key)) return *cached;
    written_before = tails_written_;
  }
  auto value = Get(key);
  if (!value.ok()) return value.status();
  const auto revision = value->has_value() ? DecodeNumber(**value) : std::optional<uint64_t>(0);
  if (!revision.has_value()) return BadEntry("head");
  std::lock_guard lock(mutex_);
  // Not if the stream went on meanwhile: what was read is old then.
  if (tails_written_ == written_before && FindInTails(pick) == nullptr) {
    revision_cache_.Put(key, *revision);
  }
  return *revision;
}

absl::StatusOr<std::optional<std::string>> RocksdbIndex::Key(TenantNumber tenant, absl::string_view key) {
  const auto pick = [&](const IndexTail& tail) { return tail.FindKey(tenant, key); };
  const std::string index_key = IndexKey(tenant, IndexKind::kKey, key);
  uint64_t written_before;
  {
    std::lock_guard lock(mutex_);
    if (const auto* found = FindInTails(pick)) return *found;
    if (auto cached = key_cache_.Find(index_key)) return *cached;
    written_before = tails_written_;
  }
  auto value = Get(index_key);
  if (!value.ok()) return value.status();
  std::lock_guard lock(mutex_);
  // Also that there is none: the sequencer asks again what was asked when the command was loaded.
  if (tails_written_ == written_before && FindInTails(pick) == nullptr) {
    key_cache_.Put(index_key, *value);
  }
  return *value;
}

absl::StatusOr<std::optional<RememberedRequest>> RocksdbIndex::Request(TenantNumber tenant, absl::string_view actor,
                                                                      absl::string_view request_id) {
  const std::string name = RequestName(actor, request_id);
  {
    std::lock_guard lock(mutex_);
    const auto pick = [&](const IndexTail& tail) { return tail.FindRequest(tenant, name); };
    if (const auto* found = FindInTails(pick)) return std::optional<RememberedRequest>(*found);
  }
  auto value = Get(IndexKey(tenant, IndexKind::kRequest, name));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return std::optional<RememberedRequest>();
  auto request = DecodeRequest(**value);
  if (!request.has_value()) return BadEntry("request");
  return request;
}

absl::StatusOr<std::vector<uint64_t>> RocksdbIndex::Positions(TenantNumber tenant, absl::string_view stream,
                                                              uint64_t first, size_t limit) {
  std::vector<uint64_t> recent;  // from revision `recent_first` on
  uint64_t recent_first = 0;
  {
    std::lock_guard lock(mutex_);
    const auto take = [&](const IndexTail& tail) {
      const IndexTail::Stream* found = tail.FindStream(tenant, stream);
      if (found == nullptr) return;
      if (recent_first == 0) recent_first = found->base + 1;
      recent.insert(recent.end(), found->positions.begin(), found->positions.end());
    };
    for (const auto& tail : frozen_) take(*tail);
    take(*active_);
  }
  std::vector<uint64_t> positions;
  uint64_t next = first;
  if (recent_first == 0 || first < recent_first) {
    const std::string upper = EventKey(tenant, stream, recent_first == 0 ? UINT64_MAX : recent_first);
    const rocksdb::Slice upper_slice(upper);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &upper_slice;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    for (it->Seek(EventKey(tenant, stream, first)); it->Valid() && positions.size() < limit; it->Next()) {
      const auto position = DecodeNumber(ToView(it->value()));
      if (!position.has_value() || ToView(it->key()) != EventKey(tenant, stream, next)) return BadEntry("event");
      positions.push_back(*position);
      ++next;
    }
    if (!it->status().ok()) return FromRocksdb(it->status(), kName);
  }
  for (; recent_first != 0 && positions.size() < limit && next < recent_first + recent.size(); ++next) {
    if (next < recent_first) return BadEntry("a gap between revisions");
    positions.push_back(recent[next - recent_first]);
  }
  return positions;
}

absl::Status RocksdbIndex::Streams(TenantNumber tenant, absl::string_view prefix, uint64_t end,
                                   const std::function<bool(absl::string_view)>& visit) {
  std::vector<std::string> recent;
  {
    std::lock_guard lock(mutex_);
    const auto take = [&](const IndexTail& tail) {
      auto found = tail.tenants().find(tenant);
      if (found == tail.tenants().end()) return;
      for (const auto& [name, stream] : found->second.streams) {
        if (absl::StartsWith(name, prefix) && stream.positions.front() <= end) recent.push_back(name);
      }
    };
    for (const auto& tail : frozen_) take(*tail);
    take(*active_);
  }
  std::sort(recent.begin(), recent.end());
  recent.erase(std::unique(recent.begin(), recent.end()), recent.end());
  auto next_recent = recent.begin();
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
  const std::string lower = IndexKey(tenant, IndexKind::kHead, prefix);
  for (it->Seek(lower); it->Valid() && it->key().starts_with(lower); it->Next()) {
    const absl::string_view name = ToView(it->key()).substr(kIndexPrefixSize);
    for (; next_recent != recent.end() && *next_recent < name; ++next_recent) {
      if (!visit(*next_recent)) return absl::OkStatus();
    }
    if (next_recent != recent.end() && *next_recent == name) ++next_recent;
    if (!visit(name)) return absl::OkStatus();
  }
  if (!it->status().ok()) return FromRocksdb(it->status(), kName);
  for (; next_recent != recent.end(); ++next_recent) {
    if (!visit(*next_recent)) break;
  }
  return absl::OkStatus();
}

void RocksdbIndex::GiveUp() {
  {
    std::lock_guard lock(mutex_);
    gave_up_ = true;
  }
  stop_waiting_ = true;
  options_.heads->Wake();
  frozen_changed_.notify_all();
}

void RocksdbIndex::Close() {
  {
    std::lock_guard lock(mutex_);
    if (!active_->empty()) {
      frozen_.push_back(std::shared_ptr<const IndexTail>(std::move(active_)));
      active_ = std::make_unique<IndexTail>();
    }
    closing_ = true;
  }
  stop_waiting_ = true;
  options_.heads->Wake();
  frozen_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RocksdbIndex::Run() {
  pthread_setname_np(pthread_self(), "log-index");
  while (true) {
    std::shared_ptr<const IndexTail> tail;
    {
      std::unique_lock lock(mutex_);
      frozen_changed_.wait(lock, [&] { return !frozen_.empty() || closing_; });
      if (frozen_.empty()) return;
      tail = frozen_.front();
    }
    if (!WaitUntilDurable(*tail)) return;
    const std::string file = options_.directory + "/tail.next";
    if (absl::Status status = WriteTail(*tail, db_.get(), file); !status.ok()) {
      options_.on_failure(status);
      return;
    }
    {
      std::lock_guard lock(mutex_);
      frozen_.pop_front();
      ++tails_written_;
    }
    frozen_changed_.notify_all();
  }
}

bool RocksdbIndex::WaitUntilDurable(const IndexTail& tail) {
  for (const auto& [tenant, entries] : tail.tenants()) {
    while (!options_.heads->WaitPast(tenant, entries.head.position - 1, std::chrono::seconds(10), stop_waiting_)) {
      if (stop_waiting_) return false;
    }
  }
  return true;
}

}  // namespace recount::eventstore
