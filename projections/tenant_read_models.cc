#include "projections/tenant_read_models.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"

namespace recount::projections {
namespace {

class FrozenSnapshot final : public Snapshot {
 public:
  explicit FrozenSnapshot(std::shared_ptr<const FrozenTables> tables) : tables_(std::move(tables)) {}

  uint64_t position() const override { return tables_->position; }
  int64_t recorded_micros() const override { return tables_->recorded_micros; }
  uint64_t generation() const override { return tables_->generation; }
  const IntervalTable* table(absl::string_view subject) const override { return tables_->Find(subject); }
  const Dictionary& dictionary() const override { return *tables_->dictionary; }
  const domain::Rulebook& rulebook() const override { return *tables_->rulebook; }

 private:
  const std::shared_ptr<const FrozenTables> tables_;
};

ReadModelOptions WithStates(ReadModelOptions options) {
  if (options.follow_states == 0) options.follow_states = FoldDriver::kFewStates;
  if (options.rebuild_states == 0) options.rebuild_states = FoldDriver::kManyStates;
  return options;
}

// condition_variable computes with the time: keep far deadlines within what it can.
constexpr absl::Duration kLongestWait = absl::Hours(1);

}  // namespace

TenantReadModels::TenantReadModels(ReadModelOptions options, eventstore::EventLog* log, const std::vector<Subject>& subjects,
                                   OpenStore open_store)
    : options_(WithStates(std::move(options))), log_(log), subjects_(subjects), open_store_(std::move(open_store)) {}

TenantReadModels::~TenantReadModels() { Stop(); }

absl::Status TenantReadModels::Start() {
  live_ = NewGeneration(1, options_.follow_states);
  if (!options_.directory.empty()) {
    if (absl::Status loaded = LoadKept(); !loaded.ok()) return loaded;
  }
  next_generation_ = live_.tables->generation + 1;
  position_ = live_.tables->position;
  next_checkpoint_ = Clock::now() + std::chrono::milliseconds(options_.checkpoint_interval_ms);
  subscription_ = log_->Subscribe(options_.tenant, position_);
  projector_ = std::thread([this] { Project(); });
  return absl::OkStatus();
}

Generation TenantReadModels::NewGeneration(uint64_t number, size_t state_limit) {
  Generation made;
  made.tables = std::make_unique<FactTables>(subjects_, number);
  made.driver = std::make_unique<FoldDriver>(made.tables.get(), log_, options_.tenant, state_limit);
  return made;
}

void TenantReadModels::Say(const std::string& sentence) const {
  std::cerr << absl::StrCat("read models of tenant ", options_.tenant, ": ", sentence, "\n");
}

absl::Status TenantReadModels::LoadKept() {
  absl::StatusOr<std::unique_ptr<ModelStore>> store = open_store_(options_.directory, options_.tenant);
  if (absl::IsDataLoss(store.status())) {
    Say(absl::StrCat(store.status().message(), "; discarded, counting again from the log"));
    std::error_code removed;
    std::filesystem::remove_all(options_.directory, removed);
    store = open_store_(options_.directory, options_.tenant);
  }
  if (!store.ok()) return store.status();
  store_ = *std::move(store);

  ModelCursor cursor;
  absl::StatusOr<std::unique_ptr<FactTables>> kept = store_->Load(subjects_, &cursor);
  absl::Status usable = kept.status();
  if (usable.ok()) usable = CheckAgainstLog(**kept);
  if (usable.ok()) {
    if (absl::Status read = ReadRules(kept->get()); !read.ok()) return read;
    live_.tables = *std::move(kept);
    live_.driver = std::make_unique<FoldDriver>(live_.tables.get(), log_, options_.tenant, options_.follow_states);
    live_.cursor = std::move(cursor);
    live_.is_kept_live = true;
    return store_->DropUnfinished();
  }
  if (!absl::IsNotFound(usable) && !absl::IsDataLoss(usable) && !absl::IsFailedPrecondition(usable)) return usable;
  if (!absl::IsNotFound(usable)) Say(absl::StrCat(usable.message(), "; discarded, counting again from the log"));
  live_ = NewGeneration(store_->LiveGeneration() + 1, options_.follow_states);
  return store_->DropUnfinished();
}

// The kept tables must stand on a commit of this very log.
absl::Status TenantReadModels::CheckAgainstLog(const FactTables& tables) {
  if (tables.position == 0) return absl::OkStatus();
  const uint64_t head = log_->DurableHead(options_.tenant).position;
  if (tables.position > head) {
    return absl::FailedPreconditionError(
        absl::StrCat("the kept read models stand at position ", tables.position, ", ahead of the log, which ends at ", head));
  }
  bool is_there = false;
  absl::Status read = log_->ReadCommits(options_.tenant, tables.position - 1, eventstore::Direction::kForward,
                                        [&](const eventstore::StoredCommit& commit) {
                                          is_there = commit.last_position == tables.position && commit.hash == tables.hash;
                                          return false;
                                        });
  if (!read.ok()) return absl::UnavailableError(read.message());
  if (is_there) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the kept read models stand on a commit at position ", tables.position, " that this log does not have"));
}

absl::Status TenantReadModels::ReadRules(FactTables* tables) {
  std::vector<std::string> streams;
  absl::Status listed = log_->ListStreams(options_.tenant, "rules/", [&](absl::string_view stream) {
    streams.emplace_back(stream);
    return true;
  });
  if (!listed.ok()) return listed;
  struct Rule {
    uint64_t position;
    int64_t recorded_micros;
    std::string actor;
    v1::RuleEvent event;
  };
  std::vector<Rule> rules;
  PayloadReader payloads;
  for (const std::string& stream : streams) {
    absl::Status parsed;
    absl::Status read = log_->ReadStream(options_.tenant, stream, 0, eventstore::Direction::kForward,
                                         [&](const eventstore::StreamEvent& found) {
                                           if (found.position > tables->position) return false;
                                           auto payload = payloads.Read(*found.event, found.position);
                                           parsed = payload.status();
                                           if (!parsed.ok()) return false;
                                           rules.push_back({found.position, found.commit->recorded_micros(),
                                                            found.commit->actor(), (*payload)->rule()});
                                           return true;
                                         });
    if (!read.ok()) return read;
    if (!parsed.ok()) return parsed;
  }
  std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) { return a.position < b.position; });
  for (const Rule& rule : rules) tables->rulebook.ApplyRaw(rule.position, rule.recorded_micros, rule.actor, rule.event);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Snapshot>> TenantReadModels::Read(uint64_t min_position, absl::Time deadline) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const absl::Duration wait = std::min(deadline - eventstore::SteadyNow(), kLongestWait);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(wait), [&] {
      return position_ >= min_position || !failure_.ok() || stopping_ || log_ended_;
    });
    if (!failure_.ok()) return failure_;
    if (position_ < min_position) {
      const std::string reached = absl::StrCat(position_);
      return domain::Refuse(v1::READ_MODEL_BEHIND,
                            absl::StrCat("the read models stand at position ", reached, " and were asked for ", min_position,
                                         ": ask again, or with a later deadline"),
                            "", {{"position", reached}, {"minPosition", absl::StrCat(min_position)}});
    }
  }
  return std::make_unique<FrozenSnapshot>(Freeze());
}

std::shared_ptr<const FrozenTables> TenantReadModels::Freeze() {
  std::lock_guard<FairMutex> gate(gate_);
  if (frozen_ == nullptr) frozen_ = FrozenTables::Of(*live_.tables, &frozen_rules_);
  return frozen_;
}

std::vector<SubjectStatus> TenantReadModels::Status() {
  std::lock_guard<FairMutex> gate(gate_);
  std::vector<SubjectStatus> all;
  for (const FactTables::Entry& entry : live_.tables->entries) {
    all.push_back({entry.subject->id, live_.tables->generation, live_.tables->position, entry.table->size(),
                   entry.table->current_rows(), FormatDigest(entry.table->digest())});
  }
  return all;
}

absl::StatusOr<std::vector<std::string>> TenantReadModels::Verify() {
  uint64_t position;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (long_work_ends_) return absl::CancelledError("the read models are closing");
    position = position_;
  }
  Generation fresh = NewGeneration(0, options_.rebuild_states);
  if (absl::Status folded = CatchUp(&fresh, position, [](uint64_t) {}); !folded.ok()) return folded;
  std::vector<std::string> findings;
  const std::shared_ptr<const FrozenTables> frozen = Freeze();
  for (size_t i = 0; i < fresh.tables->entries.size(); ++i) {
    const IntervalTable& live = *frozen->tables[i];
    const absl::uint128 kept = frozen->position == position ? live.digest() : live.DigestAt(position);
    const absl::uint128 counted = fresh.tables->entries[i].table->digest();
    if (kept == counted) continue;
    findings.push_back(absl::StrCat("subject ", live.subject(), " at position ", position, ": the read model has digest ",
                                    FormatDigest(kept), ", counted again from the log it is ", FormatDigest(counted),
                                    ": run `recount rebuild`"));
  }
  return findings;
}

void TenantReadModels::OnMove(std::function<void()> moved) {
  std::lock_guard<std::mutex> lock(moved_mutex_);
  moved_ = std::move(moved);
}

void TenantReadModels::Pause(bool paused) {
  {
    // Under the gate, so that no slice is under way when this returns.
    std::unique_lock<FairMutex> gate(gate_);
    paused_ = paused;
  }
  std::lock_guard<std::mutex> lock(mutex_);
  changed_.notify_all();
}

void TenantReadModels::Stop() {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    stopping_ = true;
    long_work_ends_ = true;
    if (subscription_ != nullptr) subscription_->Cancel();
    changed_.notify_all();
  }
  if (projector_.joinable()) projector_.join();
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return !rebuild_.running; });
}

absl::Status TenantReadModels::Close() {
  Stop();
  if (store_ == nullptr || live_.tables == nullptr) return absl::OkStatus();
  absl::Status written = WriteCheckpoint();
  if (written.ok()) written = store_->Flush();
  store_.reset();
  return written;
}

absl::StatusOr<std::unique_ptr<ReadModels>> OpenReadModels(const ReadModelOptions& options, eventstore::EventLog* log) {
  auto models = std::make_unique<TenantReadModels>(options, log, AllSubjects());
  if (absl::Status started = models->Start(); !started.ok()) return started;
  return models;
}

}  // namespace recount::projections
