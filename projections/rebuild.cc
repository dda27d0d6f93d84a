// A rebuild folds the whole log into a new generation beside the live one, which serves until the new one stands at the same
// commit. Nothing of it is live before the swap, so that a crash leaves the old one.
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/free_space.h"
#include "eventstore/steady_time.h"
#include "projections/tenant_read_models.h"

namespace recount::projections {
namespace {

constexpr std::chrono::milliseconds kProgressInterval(200);
constexpr uint64_t kNearlyThere = 2000;  // positions that may be left for the projector's thread
constexpr int kCommitsPerReport = 256;

}  // namespace

absl::Status TenantReadModels::CatchUp(Generation* generation, uint64_t position,
                                       const std::function<void(uint64_t)>& reached) {
  absl::Status applied;
  int commits = 0;
  absl::Status read = log_->ReadCommits(
      options_.tenant, generation->tables->position, eventstore::Direction::kForward,
      [&](const eventstore::StoredCommit& commit) {
        if (commit.last_position > position) return false;
        applied = generation->driver->Apply(commit);
        if (!applied.ok()) return false;
        if (++commits % kCommitsPerReport != 0) return true;
        reached(commit.last_position);
        std::lock_guard<std::mutex> lock(mutex_);
        if (long_work_ends_) applied = absl::CancelledError("the read models are closing");
        return applied.ok();
      });
  if (!read.ok()) return read;
  if (!applied.ok()) return applied;
  if (generation->tables->position == position) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the log ends at ", generation->tables->position, " before position ", position));
}

absl::Status TenantReadModels::Rebuild(const std::function<void(const RebuildState&)>& progress) {
  uint64_t number;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (long_work_ends_) return absl::AbortedError("the read models are closing");
    if (log_ended_) return absl::UnavailableError("the log was closed");
    if (rebuild_.running) {
      return domain::Refuse(v1::REBUILD_RUNNING, absl::StrCat("a rebuild runs already, at position ", rebuild_.position, " of ",
                                                              rebuild_.target));
    }
    number = next_generation_++;
    rebuild_ = RebuildState();
    rebuild_.running = true;
    rebuild_.target = position_;
    rebuild_clock_ = RebuildClock(eventstore::SteadyNow(), store_ != nullptr);
  }
  absl::Status result;
  std::thread worker([&] {
    absl::Status built = BuildCandidate(number);
    if (!built.ok()) EndRebuild(built);
  });
  RebuildState state;
  do {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait_for(lock, kProgressInterval, [this] { return rebuild_.done || !rebuild_.error.empty() || long_work_ends_; });
      if (long_work_ends_ && !rebuild_.done && rebuild_.error.empty()) rebuild_.error = "the read models are closing";
      state = RebuildNow();
    }
    progress(state);
  } while (!state.done && state.error.empty());
  worker.join();
  std::lock_guard<std::mutex> lock(mutex_);
  rebuild_.running = false;
  changed_.notify_all();
  return state.done ? absl::OkStatus() : absl::AbortedError(state.error);
}

RebuildState TenantReadModels::LastRebuild() {
  std::lock_guard<std::mutex> lock(mutex_);
  return RebuildNow();
}

RebuildState TenantReadModels::RebuildNow() const {
  RebuildState state = rebuild_;
  if (!state.running || state.done) return state;
  const absl::Time now = eventstore::SteadyNow();
  state.elapsed = rebuild_clock_.Elapsed(now);
  state.left = rebuild_clock_.Left(now, state.position, state.target);
  return state;
}

absl::Status TenantReadModels::BuildCandidate(uint64_t number) {
  // A rebuild leaves alone what is kept in reserve on a disk that is nearly full.
  const auto has_room = [this] {
    return store_ == nullptr ? absl::OkStatus() : eventstore::FreeSpaceGuard(options_.directory, 0).Check();
  };
  if (absl::Status room = has_room(); !room.ok()) return room;
  auto candidate = std::make_unique<Generation>(NewGeneration(number, options_.rebuild_states));
  uint64_t target = 0;
  const auto report = [&](uint64_t position) {
    std::lock_guard<std::mutex> lock(mutex_);
    rebuild_.generation = number;
    rebuild_.position = position;
    rebuild_.target = target;
    changed_.notify_all();
  };
  while (true) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      target = position_;
    }
    if (absl::Status folded = CatchUp(candidate.get(), target, report); !folded.ok()) return folded;
    report(candidate->tables->position);
    std::lock_guard<std::mutex> lock(mutex_);
    if (long_work_ends_) return absl::CancelledError("the read models are closing");
    if (position_ - target >= kNearlyThere) continue;
    rebuild_clock_.Folded(eventstore::SteadyNow());
    break;
  }
  if (store_ != nullptr) {
    absl::Status written = has_room();
    if (written.ok()) written = store_->WriteBeside(candidate->tables.get(), &candidate->cursor);
    if (!written.ok()) return written;
  }
  std::lock_guard<std::mutex> lock(mutex_);
  if (long_work_ends_) return absl::CancelledError("the read models are closing");
  candidate_ = std::move(candidate);
  changed_.notify_all();
  return absl::OkStatus();
}

// True: the projector had failed; it goes on with a new subscription after the position of the new generation.
bool TenantReadModels::SwapIfReady() {
  std::unique_ptr<Generation> candidate;
  bool is_failed;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    candidate = std::move(candidate_);
    is_failed = !failure_.ok();
  }
  if (candidate == nullptr) return false;
  // A projector that failed may stand within a commit: the rebuilt tables go on from where it last was whole.
  const uint64_t position = is_failed ? position_ : live_.tables->position;
  absl::Status ready = CatchUp(candidate.get(), position, [](uint64_t) {});
  if (ready.ok()) ready = KeepCandidate(candidate.get());
  if (!ready.ok()) {
    EndRebuild(ready);
    return false;
  }
  candidate->driver->LimitStates(options_.follow_states);
  std::vector<std::pair<std::string, std::pair<std::string, std::string>>> digests;
  bool agree = true;
  for (size_t i = 0; i < live_.tables->entries.size(); ++i) {
    const std::string before = FormatDigest(live_.tables->entries[i].table->digest());
    const std::string after = FormatDigest(candidate->tables->entries[i].table->digest());
    agree = agree && before == after;
    digests.push_back({live_.tables->entries[i].subject->id, {before, after}});
  }
  {
    std::lock_guard<FairMutex> gate(gate_);
    std::swap(live_, *candidate);
    frozen_ = nullptr;
    frozen_rules_ = nullptr;
  }
  if (!agree) Say("the rebuilt tables differ from the former ones; the rebuilt ones are live now");
  std::lock_guard<std::mutex> lock(mutex_);
  if (is_failed) subscription_ = log_->Subscribe(options_.tenant, position);
  failure_ = absl::OkStatus();
  rebuild_.position = position;
  rebuild_.digests = std::move(digests);
  rebuild_.digests_agree = agree;
  rebuild_.done = true;
  changed_.notify_all();
  return is_failed;
}

absl::Status TenantReadModels::KeepCandidate(Generation* candidate) {
  if (store_ == nullptr) return absl::OkStatus();
  absl::Status written = store_->Checkpoint(candidate->tables.get(), &candidate->cursor);
  if (!written.ok()) return written;
  written = store_->MakeLive(candidate->tables->generation);
  candidate->is_kept_live = written.ok();
  if (written.ok()) return written;
  // The live one goes on, and may be gone from the store.
  live_.is_kept_live = false;
  live_.cursor.is_uncertain = true;
  return written;
}

void TenantReadModels::EndLongWork() {
  std::lock_guard<std::mutex> lock(mutex_);
  long_work_ends_ = true;
  changed_.notify_all();
}

void TenantReadModels::EndRebuild(const absl::Status& status) {
  std::lock_guard<std::mutex> lock(mutex_);
  rebuild_.error = status.ok() ? "" : std::string(status.message());
  changed_.notify_all();
}

}  // namespace recount::projections
