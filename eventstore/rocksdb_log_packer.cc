#include "eventstore/rocksdb_log_packer.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/log_pack.h"
#include "eventstore/rocksdb_layout.h"
#include "eventstore/rocksdb_record_cursor.h"

namespace recount::eventstore {
namespace {

using std::chrono::milliseconds;

// Large commits fill a pack before their number does.
constexpr size_t kMostPackBytes = 256 << 10;
// Under load a group of commits holds many packs' worth: one pack a group would never come after. What is packed before RocksDB
// writes its memory out is written once.
constexpr size_t kMostPacksAtOnce = 32;
// How long packs wait for commits that take them along, while commits come at all.
constexpr milliseconds kWaitForCommits(20);
// Of the packer's thread: at most a quarter of one core, and little of the committer's time.
constexpr int kRestsForWork = 3;
constexpr milliseconds kRestBesideCommits(4);
constexpr milliseconds kRestAlone(1);
constexpr milliseconds kRestWithoutSpace(1000);
constexpr int kNice = 10;

// That a finished pack reads as the commits that went into it: once it is written, they are gone.
absl::Status CheckPack(const PackPlace& place, absl::string_view value, const ChainHash& last_hash) {
  PackView pack;
  if (absl::Status status = pack.Open(place.tenant, place.first_position, value); !status.ok()) return status;
  ChainHash hash = place.previous_hash;
  for (size_t i = 0; i < pack.commits(); ++i) {
    const CommitParts parts = pack.PartsOf(i);
    hash = NextHash(hash, parts.record_bytes);
    if (hash != parts.hash) return Damaged(place.tenant, pack.FirstPositionOf(i), "packing changed this commit");
  }
  return hash == last_hash ? absl::OkStatus() : Damaged(place.tenant, pack.last_position(), "packing lost commits");
}

}  // namespace

LogPacker::LogPacker(const RocksdbLogOptions& options, LogDatabase* database,
                     std::function<void(const absl::Status&)> on_failure)
    : tail_events_(options.unpacked_events),
      pack_events_(std::max<uint64_t>(options.events_a_pack, 1)),
      database_(database),
      on_failure_(std::move(on_failure)),
      free_space_(options.directory, options.free_space_reserve_bytes),
      thread_([this] { Run(); }) {}

LogPacker::~LogPacker() { Close(); }

void LogPacker::Raise(TenantNumber tenant, uint64_t head) {
  std::lock_guard lock(mutex_);
  tenants_[tenant].head = head;
  commits_come_ = true;
  FindDue(tenant);
}

void LogPacker::FindDue(TenantNumber tenant) {
  const Tenant& state = tenants_[tenant];
  const uint64_t packed = database_->packed(tenant).last_position;
  const bool is_due = state.damage.ok() && state.head > state.looked_at_head && state.head - packed >= pack_events_ &&
                      state.head - packed - pack_events_ >= tail_events_;
  if (!is_due) {
    due_.erase(tenant);
  } else if (due_.insert(tenant).second && !is_packing_) {
    changed_.notify_all();
  }
}

bool LogPacker::AddTo(rocksdb::WriteBatch* batch) {
  std::lock_guard lock(mutex_);
  if (!ready_.has_value() || ready_->is_taken) return false;
  ready_->is_taken = true;
  Put(batch);
  return true;
}

void LogPacker::Put(rocksdb::WriteBatch* batch) const {
  for (const std::string& single : ready_->singles) batch->SingleDelete(single);
  // Last, since they stay: RocksDB forgets the newest numbers of writes that cancel each other out in memory, and the check at
  // the start counts on the newest number.
  for (const auto& [key, value] : ready_->packs) batch->Put(database_->packs(), key, value);
}

void LogPacker::Wrote(bool ok) {
  {
    std::lock_guard lock(mutex_);
    if (ok) {
      database_->SetPacked(ready_->tenant, ready_->packed);
    } else if (failure_.ok()) {
      failure_ = absl::UnavailableError("the log has stopped");
    }
    ready_.reset();
  }
  changed_.notify_all();
}

void LogPacker::GiveUp() {
  {
    std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = absl::UnavailableError("the log has stopped");
  }
  changed_.notify_all();
}

absl::Status LogPacker::PackNow() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return (due_.empty() && !is_packing_) || is_ending() || !space_.ok(); });
  --waiting_;
  if (closing_) return absl::UnavailableError("the log is closed");
  if (!failure_.ok()) return failure_;
  if (!space_.ok()) return space_;
  for (const auto& [number, tenant] : tenants_) {
    if (!tenant.damage.ok()) return tenant.damage;
  }
  return absl::OkStatus();
}

void LogPacker::Close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LogPacker::Run() {
  pthread_setname_np(pthread_self(), "log-pack");
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return !due_.empty() || is_ending(); });
    if (is_ending()) return;
    auto due = due_.upper_bound(last_tenant_);  // in turn
    last_tenant_ = due != due_.end() ? *due : *due_.begin();
    const uint64_t head = tenants_[last_tenant_].head;
    is_packing_ = true;
    lock.unlock();
    const Clock::duration worked = Pack(last_tenant_, head);
    lock.lock();
    is_packing_ = false;
    FindDue(last_tenant_);
    changed_.notify_all();
    Rest(lock, worked);
  }
}

void LogPacker::Rest(std::unique_lock<std::mutex>& lock, Clock::duration worked) {
  Clock::duration rest = std::max<Clock::duration>(kRestsForWork * worked, commits_come_ ? kRestBesideCommits : kRestAlone);
  if (!space_.ok()) rest = kRestWithoutSpace;
  commits_come_ = false;
  changed_.wait_for(lock, rest, [&] { return is_ending() || (waiting_ > 0 && space_.ok()); });
}

LogPacker::Clock::duration LogPacker::Pack(TenantNumber tenant, uint64_t head) {
  const auto start = Clock::now();
  const absl::Status space = free_space_.Check();
  {
    std::lock_guard lock(mutex_);
    space_ = space;
  }
  if (!space.ok()) return Clock::duration::zero();
  absl::StatusOr<Ready> ready = Prepare(tenant, head);
  const Clock::duration worked = Clock::now() - start;
  if (ready.ok() && !ready->packs.empty()) {
    Write(*std::move(ready));
    return worked;
  }
  std::lock_guard lock(mutex_);
  tenants_[tenant].looked_at_head = head;
  tenants_[tenant].damage = ready.status();
  return worked;
}

absl::StatusOr<LogPacker::Ready> LogPacker::Prepare(TenantNumber tenant, uint64_t head) const {
  Ready ready;
  ready.tenant = tenant;
  ready.packed = database_->packed(tenant);
  RecordCursor records(database_, tenant, head, CursorUse::kScan);
  if (absl::Status status = records.Seek(ready.packed.last_position + 1); !status.ok()) return status;
  if (records.is_valid()) {
    absl::StatusOr<ChainHash> previous = records.HashBefore();
    if (!previous.ok()) return previous.status();
    ready.hash = *previous;
  }
  while (ready.packs.size() < kMostPacksAtOnce) {
    absl::StatusOr<bool> added = AddPack(head, &records, &ready);
    // Damage is met again, and then alone, once the packs before it are written.
    if (!added.ok() && ready.packs.empty()) return added.status();
    if (!added.ok() || !*added) break;
  }
  return ready;
}

// False: it would reach into the tail.
absl::StatusOr<bool> LogPacker::AddPack(uint64_t head, RecordCursor* records, Ready* ready) const {
  const TenantNumber tenant = ready->tenant;
  const PackPlace place{tenant, ready->packed.last_position + 1, ready->packed.packs, ready->packed.commits, ready->hash};
  PackBuilder pack(place);
  StoredCommit commit;
  commit.hash = place.previous_hash;
  std::vector<std::string> singles;
  while (pack.events() < pack_events_ && pack.bytes() < kMostPackBytes) {
    const uint64_t next = pack.last_position() + 1;
    if (next + tail_events_ > head) return false;
    if (!records->is_valid() || records->first_position() != next) {
      return Damaged(tenant, next, "the commit at this position is missing");
    }
    absl::Status status = DecodeCommit(tenant, next, records->parts(), ChainHash(commit.hash), &commit);
    if (!status.ok()) return status;
    if (commit.last_position + tail_events_ > head) return false;
    pack.Add(commit);
    singles.push_back(LogKey(tenant, next));
    if (absl::Status moved = records->Next(); !moved.ok()) return moved;
  }
  std::string value = pack.Finish();
  if (absl::Status status = CheckPack(place, value, commit.hash); !status.ok()) return status;
  ready->packs.emplace_back(LogKey(tenant, place.first_position), std::move(value));
  ready->packed = {pack.last_position(), ready->packed.packs + 1, ready->packed.commits + singles.size()};
  ready->hash = commit.hash;
  ready->singles.insert(ready->singles.end(), std::make_move_iterator(singles.begin()),
                        std::make_move_iterator(singles.end()));
  return true;
}

void LogPacker::Write(Ready ready) {
  std::unique_lock lock(mutex_);
  ready_ = std::move(ready);
  if (commits_come_) {
    changed_.wait_for(lock, kWaitForCommits, [&] { return !ready_.has_value() || is_ending() || waiting_ > 0; });
  }
  if (ready_.has_value() && !ready_->is_taken) {
    if (is_ending()) return ready_.reset();
    return WriteAlone(lock);
  }
  changed_.wait(lock, [&] { return !ready_.has_value(); });
}

void LogPacker::WriteAlone(std::unique_lock<std::mutex>& lock) {
  ready_->is_taken = true;
  lock.unlock();
  size_t bytes = 64 * ready_->singles.size();
  for (const auto& [key, value] : ready_->packs) bytes += value.size() + 64;
  rocksdb::WriteBatch batch(bytes, /*max_bytes=*/0,
                            /*protection_bytes_per_key=*/8, /*default_cf_ts_sz=*/0);
  Put(&batch);
  // Synced, as every write: the high-water mark takes the newest number in the database for durable.
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const absl::Status status = FromRocksdb(database_->db()->Write(synced, &batch), "log/");
  Wrote(status.ok());
  if (!status.ok()) on_failure_(status);
  lock.lock();
}

}  // namespace recount::eventstore
