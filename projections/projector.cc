// The projector's thread: follows the log, applies commits in slices, writes checkpoints, swaps rebuilt generations in.
#include <pthread.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "projections/tenant_read_models.h"

namespace recount::projections {
namespace {

constexpr size_t kCommitsAtOnce = 512;
constexpr int kIdleMs = 500;
constexpr int kBusyMs = 10;  // while a rebuild may end
// Readers wait at most about as long.
constexpr std::chrono::milliseconds kSlice(4);

}  // namespace

void TenantReadModels::Project() {
  pthread_setname_np(pthread_self(), "projector");
  Waiting waiting;
  while (true) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) return;
    }
    if (SwapIfReady()) {
      waiting.clear();
      TellMove();
    }
    absl::Status done = ProjectOnce(&waiting);
    if (done.ok()) {
      CheckpointIfDue();
      continue;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) return;
      if (absl::IsCancelled(done)) {
        log_ended_ = true;
      } else {
        failure_ = absl::Status(done.code(), absl::StrCat("the read models stand still: ", done.message()));
        Say(std::string(failure_.message()));
      }
      changed_.notify_all();
    }
    TellMove();
    WaitWhileFailed();
  }
}

absl::Status TenantReadModels::ProjectOnce(Waiting* waiting) {
  if (paused_) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(kIdleMs), [this] { return stopping_ || !paused_ || candidate_ != nullptr; });
    return absl::OkStatus();
  }
  if (waiting->empty()) {
    bool is_rebuilding;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      is_rebuilding = rebuild_.running;
    }
    auto next = subscription_->Next(kCommitsAtOnce, is_rebuilding ? kBusyMs : kIdleMs);
    if (!next.ok()) return next.status();
    for (auto& commit : *next) waiting->push_back(std::move(commit));
  }
  while (!waiting->empty() && !paused_) {
    if (absl::Status applied = ApplySlice(waiting); !applied.ok()) return applied;
    PublishPosition();
  }
  return absl::OkStatus();
}

absl::Status TenantReadModels::ApplySlice(Waiting* waiting) {
  std::lock_guard<FairMutex> gate(gate_);
  frozen_ = nullptr;  // whoever reads it keeps it
  const Clock::time_point end = Clock::now() + kSlice;
  while (!waiting->empty() && !paused_) {
    if (absl::Status applied = live_.driver->Apply(*waiting->front()); !applied.ok()) return applied;
    waiting->pop_front();
    if (Clock::now() >= end) break;
  }
  return absl::OkStatus();
}

void TenantReadModels::PublishPosition() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    position_ = live_.tables->position;
    changed_.notify_all();
  }
  TellMove();
}

void TenantReadModels::TellMove() {
  std::lock_guard<std::mutex> lock(moved_mutex_);
  if (moved_ != nullptr) moved_();
}

absl::Status TenantReadModels::WriteCheckpoint() {
  if (live_.is_kept_live && live_.cursor.position == live_.tables->position) return absl::OkStatus();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!failure_.ok()) return failure_;  // the tables may hold half a commit
  }
  absl::Status written = store_->Checkpoint(live_.tables.get(), &live_.cursor);
  if (written.ok() && !live_.is_kept_live) {
    written = store_->MakeLive(live_.tables->generation);
    live_.is_kept_live = written.ok();
  }
  return written;
}

void TenantReadModels::CheckpointIfDue() {
  if (store_ == nullptr || Clock::now() < next_checkpoint_) return;
  next_checkpoint_ = Clock::now() + std::chrono::milliseconds(options_.checkpoint_interval_ms);
  if (absl::Status written = WriteCheckpoint(); !written.ok()) {
    Say(absl::StrCat("the checkpoint failed and will be tried again: ", written.message()));
  }
}

// A rebuild can put it right.
void TenantReadModels::WaitWhileFailed() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || candidate_ != nullptr; });
}

}  // namespace recount::projections
