// Watched reports without gRPC, for tests.
#ifndef RECOUNT_SERVICES_REPORT_WATCHES_TESTING_H_
#define RECOUNT_SERVICES_REPORT_WATCHES_TESTING_H_

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "services/read_side_testing.h"
#include "services/report_watches.h"
#include "services/watch_testing.h"

namespace recount::services {

// A reader that keeps up.
class Reader : public PushedStream {
 public:
  bool Push(const std::vector<WireBytes>& messages, bool) override {
    std::lock_guard lock(mutex_);
    for (const WireBytes& message : messages) {
      v1::WatchReportResponse parsed;
      EXPECT_TRUE(parsed.ParseFromString(*message));
      messages_.push_back(std::move(parsed));
    }
    changed_.notify_all();
    return true;
  }
  void End(absl::Status status) override {
    std::lock_guard lock(mutex_);
    if (!status_) status_ = std::move(status);
    changed_.notify_all();
  }

  // The next whole change; false: the watch has ended.
  bool Next() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !messages_.empty() || status_; });
      if (messages_.empty()) return false;
      const v1::WatchReportResponse message = std::move(messages_.front());
      messages_.pop_front();
      if (model.Take(message)) return true;
    }
  }
  void ReadTo(uint64_t position) {
    while (model.position() < position && Next()) {
    }
  }
  absl::Status AwaitEnd() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return status_.has_value(); });
    return *status_;
  }

  WatchedModel model;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<v1::WatchReportResponse> messages_;
  std::optional<absl::Status> status_;
};

inline v1::WatchReportRequest Ask(const std::string& report, const std::vector<std::string>& group_by = {}, const std::string& sort = "") {
  v1::WatchReportRequest request;
  request.set_report(report);
  for (const std::string& id : group_by) request.mutable_parameters()->add_group_by(id);
  request.set_sort(sort);
  return request;
}

inline v1::Command Pipelines(const std::string& label_of_a) {
  v1::Command publish;
  v1::PipelinesRule* rule = publish.mutable_publish_rules()->add_rules()->mutable_content()->mutable_pipelines();
  v1::Pipeline* pipeline = rule->add_pipelines();
  pipeline->set_id("main");
  for (const char* id : {"a", "b", "won", "lost"}) {
    v1::Stage* stage = pipeline->add_stages();
    stage->set_id(id);
    stage->set_meaning(id[0] == 'w' ? v1::STAGE_MEANING_WON : id[0] == 'l' ? v1::STAGE_MEANING_LOST : v1::STAGE_MEANING_UNSPECIFIED);
    if (*id == 'a') (*stage->mutable_labels())["en"] = label_of_a;
  }
  return publish;
}

inline v1::Command CaptureFrom(const std::string& source) {
  v1::Command command;
  command.mutable_capture_lead()->mutable_source()->set_id(source);
  command.mutable_capture_lead()->mutable_person_name()->set_display("Ann");
  return command;
}

class ReportWatchesTest : public testing::Test {
 protected:
  std::shared_ptr<Reader> Watch(const v1::WatchReportRequest& request) {
    auto reader = std::make_shared<Reader>();
    leave_ = MustWatch(request, reader);
    return reader;
  }
  std::function<void()> MustWatch(const v1::WatchReportRequest& request, const std::shared_ptr<Reader>& reader) {
    auto left = side_.watches().Watch(CallOf(), request, reader);
    EXPECT_TRUE(left.ok()) << left.status();
    if (left.ok()) return *left;
    reader->End(left.status());
    return [] {};
  }
  static Call CallOf() {
    Call call;
    call.caller = Caller{"acme", "ann", true, Role::kUser};
    return call;
  }
  v1::RunReportResponse Run(const v1::WatchReportRequest& watched, uint64_t position) {
    v1::RunReportRequest request;
    request.set_report(watched.report());
    *request.mutable_parameters() = watched.parameters();
    request.set_sort(watched.sort());
    request.set_min_position(position);
    const auto answer = side_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : v1::RunReportResponse();
  }

  ReadSide side_;
  std::function<void()> leave_;  // of the newest reader
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_REPORT_WATCHES_TESTING_H_
