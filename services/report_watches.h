// Answers that are watched (ReportService.WatchReport): whoever asks the same question is told by the same count of it.
#ifndef RECOUNT_SERVICES_REPORT_WATCHES_H_
#define RECOUNT_SERVICES_REPORT_WATCHES_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "projections/engine/watched_answer.h"
#include "recount/v1/report.pb.h"
#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

// A question is counted again when the read models have moved, on the threads of all questions: once for all who watch it, and once for
// all commits that came while it was being counted.
class ReportWatches : public std::enable_shared_from_this<ReportWatches> {
 public:
  static std::shared_ptr<ReportWatches> Make(const Backend* backend, WorkerPool* pool) {
    return std::shared_ptr<ReportWatches>(new ReportWatches(backend, pool));
  }

  // As PushHandler. The reader is told, or ended with what was wrong, by and by.
  absl::StatusOr<std::function<void()>> Watch(const Call& call, const v1::WatchReportRequest& request,
                                              std::shared_ptr<PushedStream> reader);
  // Ends all readers with SERVER_STOPPING; nobody is taken any more.
  void Stop();

  // Answers counted so far.
  uint64_t counted() const { return counted_; }

 private:
  using ReaderId = uint64_t;
  struct Reader {
    std::shared_ptr<PushedStream> stream;
    std::optional<storage::v1::ReportToken> from;  // where it goes on; not set: from the beginning
    uint64_t awaits = 0;   // position of the log when it came: the first that it is told has all that was acknowledged before
    bool is_told = false;  // has the answer as `Question::now` has it
  };
  struct Question {
    Tenant* tenant = nullptr;
    v1::RunReportRequest request;
    domain::Rights rights;  // of all its readers
    // Guarded by mutex_.
    std::map<ReaderId, Reader> readers;
    bool scheduled = false;  // stands in a lane, or its step runs; there is one at a time
    bool again = false;      // something has come since the step began
    std::atomic<bool> is_left{false};  // nobody watches it
    // Of the step.
    std::shared_ptr<const projections::WatchedAnswer> now;
    uint64_t position = 0, generation = 0;  // of the tables that `now` is counted from
  };
  // Of a tenant: a few steps are among the questions of the pool, so that these do not wait for all that is watched.
  struct Lane {
    std::deque<std::shared_ptr<Question>> waiting;
    int started = 0;  // steps that the pool has
  };
  using Key = std::pair<eventstore::TenantNumber, std::string>;  // the question, and what its callers may see
  static Key KeyOf(eventstore::TenantNumber tenant, const domain::Rights& rights, const v1::RunReportRequest& request);
  using Shared = std::shared_ptr<Question>;
  using Streams = std::vector<std::shared_ptr<PushedStream>>;
  // Who waits for the first message, each with the same to go on from.
  struct Newcomers {
    std::optional<storage::v1::ReportToken> from;
    std::vector<ReaderId> ids;
    Streams streams;
    bool are_all = true;  // others wait for another step
  };

  ReportWatches(const Backend* backend, WorkerPool* pool) : backend_(backend), pool_(pool) {}

  void Moved(eventstore::TenantNumber tenant);
  void Leave(const Key& key, const Shared& question, ReaderId id);
  // Both with mutex_ held; they return the questions that have to fail, since too much waits.
  std::vector<Shared> Schedule(const Shared& question);
  std::vector<Shared> StartStep(eventstore::TenantNumber tenant, const std::string& owner);
  void RunStep(eventstore::TenantNumber tenant, const std::string& owner);
  // Ends all of a question's readers.
  void Fail(const Shared& question, const absl::Status& status);
  void FailForTooMany(const std::vector<Shared>& questions);

  void Step(const Shared& question);
  absl::Status CountNow(const Shared& question);
  absl::StatusOr<std::shared_ptr<const projections::WatchedAnswer>> Count(const Question& question, const projections::Snapshot& snapshot,
                                                                          const storage::v1::ReportToken* from);
  Newcomers NextNewcomers(const Question& question);
  void Greet(const Shared& question, const Newcomers& newcomers);

  const Backend* const backend_;
  WorkerPool* const pool_;
  std::atomic<uint64_t> counted_{0};
  std::mutex mutex_;
  std::condition_variable stopping_;
  // Guarded by mutex_.
  std::map<Key, Shared> questions_;
  std::map<eventstore::TenantNumber, Lane> lanes_;
  ReaderId newest_reader_ = 0;
  bool stopped_ = false;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_REPORT_WATCHES_H_
