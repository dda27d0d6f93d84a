// For the tests of read models: a folder of their own, and logs that watch or lie.
#ifndef RECOUNT_PROJECTIONS_READ_MODELS_FIXTURE_H_
#define RECOUNT_PROJECTIONS_READ_MODELS_FIXTURE_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "projections/tenant_read_models.h"
#include "projections/test_history.h"

namespace recount::projections {

class ReadModelsTest : public testing::Test {
 protected:
  ReadModelsTest() {
    directory_ = testing::TempDir() + "/read_models_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
  }
  ~ReadModelsTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<TenantReadModels> Open(eventstore::EventLog* log, const std::vector<Subject>& subjects = AllSubjects(),
                                         TenantReadModels::OpenStore open_store = ModelStore::Open) {
    ReadModelOptions options;
    options.tenant = kTestTenant;
    options.directory = is_kept_ ? directory_ : "";
    options.checkpoint_interval_ms = interval_ms_;
    auto models = std::make_unique<TenantReadModels>(options, log, subjects, std::move(open_store));
    const absl::Status started = models->Start();
    EXPECT_TRUE(started.ok()) << started;
    return models;
  }

  std::unique_ptr<Snapshot> ReadAt(ReadModels* models, uint64_t position) {
    auto snapshot = models->Read(position, absl::Now() + absl::Seconds(60));
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    return snapshot.ok() ? *std::move(snapshot) : nullptr;
  }

  // Digests by subject at the head of the log.
  std::vector<std::string> Digests(ReadModels* models, eventstore::EventLog* log) {
    ReadAt(models, log->DurableHead(kTestTenant).position);
    std::vector<std::string> digests;
    for (const SubjectStatus& status : models->Status()) digests.push_back(status.subject + " " + status.digest);
    return digests;
  }

  uint64_t Generation(ReadModels* models) { return models->Status().front().generation; }

  std::string directory_;
  bool is_kept_ = true;
  int64_t interval_ms_ = 3'600'000;  // checkpoints only where a test asks for them
};

inline uint64_t AddDeal(eventstore::EventLog* log, int number) {
  return AppendCommit(log, {{absl::StrCat("deals/n", number), "deal { created { pipeline: 'p' stage: 'a' } }", number + 1}},
                      21'000 * kDayMicros + number);
}

// A log that says how much of it is read forward.
class CountingLog final : public eventstore::EventLog {
 public:
  explicit CountingLog(eventstore::EventLog* log) : log_(log) {}
  uint64_t subscribed_after = 0;

  absl::Status CheckOpen() override { return log_->CheckOpen(); }
  absl::StatusOr<eventstore::Sequenced> Sequence(eventstore::Proposal proposal,
                                                 std::function<void(absl::Status)> durable) override {
    return log_->Sequence(std::move(proposal), std::move(durable));
  }
  void AfterPending(eventstore::TenantNumber tenant, std::function<void(absl::Status)> done) override {
    log_->AfterPending(tenant, std::move(done));
  }
  absl::StatusOr<uint64_t> SequencedRevision(eventstore::TenantNumber tenant, absl::string_view stream) override {
    return log_->SequencedRevision(tenant, stream);
  }
  absl::StatusOr<std::optional<std::string>> FindKey(eventstore::TenantNumber tenant, absl::string_view key) override {
    return log_->FindKey(tenant, key);
  }
  absl::StatusOr<std::optional<eventstore::RememberedRequest>> FindRequest(eventstore::TenantNumber tenant,
                                                                           absl::string_view actor,
                                                                           absl::string_view id) override {
    return log_->FindRequest(tenant, actor, id);
  }
  eventstore::Head SequencedHead(eventstore::TenantNumber tenant) override { return log_->SequencedHead(tenant); }
  eventstore::Head DurableHead(eventstore::TenantNumber tenant) override { return log_->DurableHead(tenant); }
  absl::Status ReadCommits(eventstore::TenantNumber tenant, uint64_t after, eventstore::Direction direction,
                           const eventstore::CommitVisitor& visit) override {
    return log_->ReadCommits(tenant, after, direction, visit);
  }
  absl::Status ReadStream(eventstore::TenantNumber tenant, absl::string_view stream, uint64_t after,
                          eventstore::Direction direction, const eventstore::StreamVisitor& visit) override {
    return log_->ReadStream(tenant, stream, after, direction, visit);
  }
  absl::Status ListStreams(eventstore::TenantNumber tenant, absl::string_view prefix,
                           const std::function<bool(absl::string_view)>& visit) override {
    return log_->ListStreams(tenant, prefix, visit);
  }
  absl::StatusOr<uint64_t> PositionAt(eventstore::TenantNumber tenant, int64_t recorded_micros) override {
    return log_->PositionAt(tenant, recorded_micros);
  }
  absl::StatusOr<uint64_t> CommitEnd(eventstore::TenantNumber tenant, uint64_t position) override {
    return log_->CommitEnd(tenant, position);
  }
  std::unique_ptr<eventstore::Subscription> Subscribe(eventstore::TenantNumber tenant, uint64_t after) override {
    subscribed_after = after;
    return log_->Subscribe(tenant, after);
  }
  absl::StatusOr<std::vector<std::string>> Verify(eventstore::TenantNumber tenant,
                                                  const VerifyProgress& progress) override {
    return log_->Verify(tenant, progress);
  }
  void Close() override { log_->Close(); }

 private:
  eventstore::EventLog* log_;
};

// Wrong on purpose: counts in a state that outlives the fold.
class CanaryFold : public Fold {
 public:
  void Apply(const FoldEvent&) override { ++applied; }
  void Emit(RowSink& sink) const override { sink.Put(0, {applied}); }
  static inline int64_t applied = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_READ_MODELS_FIXTURE_H_
