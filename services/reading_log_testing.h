// A log whose commits cannot be read, or not yet, for tests.
#ifndef RECOUNT_SERVICES_READING_LOG_TESTING_H_
#define RECOUNT_SERVICES_READING_LOG_TESTING_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eventstore/event_log.h"

namespace recount::services {

class ReadingLog final : public eventstore::EventLog {
  using Tenant = eventstore::TenantNumber;
  using Durable = std::function<void(absl::Status)>;
  using Progress = std::function<bool(uint64_t, uint64_t)>;

 public:
  // Asked before each ReadCommits(); an error is what the reader gets.
  std::function<absl::Status()> before_reading = [] { return absl::OkStatus(); };
  std::atomic<int> readings{0};

  absl::StatusOr<std::optional<eventstore::RememberedRequest>> FindRequest(Tenant tenant, absl::string_view actor,
                                                                           absl::string_view id) override {
    return log_->FindRequest(tenant, actor, id);
  }
  absl::Status ReadCommits(Tenant tenant, uint64_t after, eventstore::Direction direction,
                           const eventstore::CommitVisitor& visit) override {
    ++readings;
    if (absl::Status status = before_reading(); !status.ok()) return status;
    return log_->ReadCommits(tenant, after, direction, visit);
  }

  // The rest is the log's.
  absl::Status CheckOpen() override { return log_->CheckOpen(); }
  absl::StatusOr<eventstore::Sequenced> Sequence(eventstore::Proposal proposal, Durable durable) override {
    return log_->Sequence(std::move(proposal), std::move(durable));
  }
  void AfterPending(Tenant tenant, Durable done) override { log_->AfterPending(tenant, std::move(done)); }
  absl::StatusOr<uint64_t> SequencedRevision(Tenant tenant, absl::string_view stream) override {
    return log_->SequencedRevision(tenant, stream);
  }
  absl::StatusOr<std::optional<std::string>> FindKey(Tenant tenant, absl::string_view key) override {
    return log_->FindKey(tenant, key);
  }
  eventstore::Head SequencedHead(Tenant tenant) override { return log_->SequencedHead(tenant); }
  eventstore::Head DurableHead(Tenant tenant) override { return log_->DurableHead(tenant); }
  absl::Status ReadStream(Tenant tenant, absl::string_view stream, uint64_t after, eventstore::Direction direction,
                          const eventstore::StreamVisitor& visit) override {
    return log_->ReadStream(tenant, stream, after, direction, visit);
  }
  absl::Status ListStreams(Tenant tenant, absl::string_view prefix,
                           const std::function<bool(absl::string_view)>& visit) override {
    return log_->ListStreams(tenant, prefix, visit);
  }
  absl::StatusOr<uint64_t> PositionAt(Tenant tenant, int64_t micros) override { return log_->PositionAt(tenant, micros); }
  absl::StatusOr<uint64_t> CommitEnd(Tenant tenant, uint64_t position) override {
    return log_->CommitEnd(tenant, position);
  }
  std::unique_ptr<eventstore::Subscription> Subscribe(Tenant tenant, uint64_t after) override {
    return log_->Subscribe(tenant, after);
  }
  absl::StatusOr<std::vector<std::string>> Verify(Tenant tenant, const Progress& progress) override {
    return log_->Verify(tenant, progress);
  }
  void Close() override { log_->Close(); }

 private:
  const std::unique_ptr<eventstore::EventLog> log_ = eventstore::NewMemoryEventLog();
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_READING_LOG_TESTING_H_
