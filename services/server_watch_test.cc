// Reports that are watched, as a client sees them.
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "recount/v1/deal.grpc.pb.h"
#include "services/server_testing.h"
#include "services/watch_testing.h"

namespace recount::services {
namespace {

class ServerWatchTest : public ServerTest {
 protected:
  struct Watch {
    explicit Watch(const std::string& token) : context(token) {}
    // The next whole change; false: the watch has ended.
    bool Next() {
      v1::WatchReportResponse message;
      while (reader->Read(&message)) {
        if (model.Take(message)) return true;
      }
      return false;
    }
    void ReadTo(uint64_t position) {
      while (model.position() < position && Next()) {
      }
      EXPECT_GE(model.position(), position);
    }
    grpc::Status Leave() {
      context.TryCancel();
      return reader->Finish();
    }

    As context;
    std::unique_ptr<grpc::ClientReader<v1::WatchReportResponse>> reader;
    WatchedModel model;
  };

  std::unique_ptr<Watch> Open(const v1::WatchReportRequest& request, const std::string& token = kViewer) {
    auto watch = std::make_unique<Watch>(token);
    watch->reader = reports_->WatchReport(&watch->context, request);
    return watch;
  }
  // As the same reader, with what it had.
  std::unique_ptr<Watch> Resume(v1::WatchReportRequest request, const WatchedModel& known) {
    request.set_resume_token(known.token());
    auto watch = Open(request);
    watch->model = known;
    watch->model.DropUnfinished();
    return watch;
  }
  // Of a watch that ends at once.
  std::string Reason(const v1::WatchReportRequest& request, const std::string& token = kViewer) {
    auto watch = Open(request, token);
    v1::WatchReportResponse message;
    EXPECT_FALSE(watch->reader->Read(&message)) << request.ShortDebugString();
    const grpc::Status status = watch->reader->Finish();
    message_ = status.error_message();
    return ReasonOf(status);
  }

  static v1::WatchReportRequest Leads() {
    v1::WatchReportRequest request;
    request.set_report("sales_conversion");
    request.mutable_parameters()->add_group_by("source");
    return request;
  }
  v1::RunReportResponse Run(const v1::WatchReportRequest& watched, uint64_t position) {
    v1::RunReportRequest request;
    request.set_report(watched.report());
    *request.mutable_parameters() = watched.parameters();
    request.set_min_position(position);
    v1::RunReportResponse whole;
    do {
      v1::RunReportResponse page;
      As context(kViewer);
      const grpc::Status status = reports_->RunReport(&context, request, &page);
      EXPECT_TRUE(status.ok()) << status.error_message();
      auto rows = std::move(*whole.mutable_rows());
      for (v1::Row& row : *page.mutable_rows()) *rows.Add() = std::move(row);
      request.set_page_token(page.next_page_token());
      whole = std::move(page);
      *whole.mutable_rows() = std::move(rows);
    } while (!request.page_token().empty());
    return whole;
  }
  void PublishPipelines(const std::string& label) {
    v1::PublishRulesRequest publish;
    v1::Pipeline* pipeline = publish.add_rules()->mutable_content()->mutable_pipelines()->add_pipelines();
    pipeline->set_id("main");
    pipeline->add_stages()->set_id("a");
    (*pipeline->mutable_stages(0)->mutable_labels())["en"] = label;
    pipeline->add_stages()->set_id("won");
    pipeline->mutable_stages(1)->set_meaning(v1::STAGE_MEANING_WON);
    v1::CommandResult result;
    As context(kUser);
    const grpc::Status status = rules_->PublishRules(&context, publish, &result);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  // All in one batch, each a commit; the last position.
  uint64_t Do(const v1::CommandBatch& batch) {
    v1::CommandOutcomes outcomes;
    As context(kUser);
    const grpc::Status status = commands_->ExecuteBatch(&context, batch, &outcomes);
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const auto& outcome : outcomes.outcomes()) EXPECT_EQ(outcome.status().code(), 0) << outcome.status().message();
    return outcomes.outcomes().rbegin()->result().position();
  }

  std::string message_;  // of the last Reason()
};

TEST_F(ServerWatchTest, TheAnswerThenEachChange) {
  PublishPipelines("First");
  v1::WatchReportRequest request;
  request.set_report("pipeline_snapshot");
  request.mutable_parameters()->add_group_by("stage");
  auto watch = Open(request);
  ASSERT_TRUE(watch->Next());
  EXPECT_TRUE(watch->model.last().restarts());
  EXPECT_GT(watch->model.last().columns_size(), 1);
  MustCapture("1");  // matters to no deal
  v1::CommandBatch batch;
  batch.add_commands()->mutable_command()->mutable_create_deal()->set_title("A deal");
  const uint64_t position = Do(batch);
  ASSERT_TRUE(watch->Next());
  EXPECT_EQ(watch->model.position(), position);
  EXPECT_FALSE(watch->model.last().restarts());
  watch->model.ExpectEqual(Run(request, position));
  PublishPipelines("Primo");
  ASSERT_TRUE(watch->Next());
  EXPECT_EQ(watch->model.rows()[0].second.cells(0).label(), "Primo");
  // Cells open in the answer that they were told of.
  v1::ExplainReportRequest explain;
  for (const v1::Cell& cell : watch->model.rows()[0].second.cells()) {
    if (explain.cell_id().empty()) explain.set_cell_id(cell.cell_id());
  }
  v1::ExplainReportResponse explained;
  As context(kViewer);
  const grpc::Status opened = reports_->ExplainReport(&context, explain, &explained);
  ASSERT_TRUE(opened.ok()) << opened.error_message();
  EXPECT_EQ(explained.basis().position(), watch->model.position());
  EXPECT_EQ(explained.total_contributions(), 1);
  EXPECT_EQ(watch->Leave().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ServerWatchTest, ATokenGoesOnWithoutGapAndRepeatAlsoAfterARestart) {
  for (int i = 0; i < 5; ++i) MustCapture(absl::StrCat("before-", i));
  auto watch = Open(Leads());
  ASSERT_TRUE(watch->Next());
  watch->ReadTo(MustCapture("seen").position());
  WatchedModel known = watch->model;
  watch->Leave();
  const uint64_t unseen = MustCapture("unseen").position();
  watch = Resume(Leads(), known);
  ASSERT_TRUE(watch->Next());
  EXPECT_EQ(watch->model.position(), unseen);
  known = watch->model;
  watch->Leave();

  const uint64_t before_restart = MustCapture("before the restart").position();
  Stop();
  Start();
  watch = Resume(Leads(), known);
  ASSERT_TRUE(watch->Next());
  EXPECT_EQ(watch->model.position(), before_restart);
  EXPECT_EQ(watch->model.changes(), known.changes() + 1);
  known = watch->model;
  watch->Leave();
  // Nothing has changed: nothing is told, until something does.
  watch = Resume(Leads(), known);
  const uint64_t last = MustCapture("after").position();
  ASSERT_TRUE(watch->Next());
  EXPECT_EQ(watch->model.position(), last);
  watch->model.ExpectEqual(Run(Leads(), last));
  EXPECT_EQ(watch->model.restarts(), 1);
  watch->Leave();
}

TEST_F(ServerWatchTest, TokensThatAreNotOfThisQuestionAreRefused) {
  auto watch = Open(Leads());
  ASSERT_TRUE(watch->Next());
  const std::string token = watch->model.token();
  watch->Leave();
  v1::WatchReportRequest request = Leads();
  request.set_resume_token(token);
  EXPECT_EQ(Reason(request, "token-of-another-tenant"), "TOKEN_INVALID");
  request.set_language("he");
  EXPECT_EQ(Reason(request), "PAGE_TOKEN_MISMATCH");
  request = Leads();
  request.mutable_parameters()->set_period("2024");
  request.set_resume_token(token);
  EXPECT_EQ(Reason(request), "PAGE_TOKEN_MISMATCH");
  request = Leads();
  std::string altered = token;
  altered[altered.size() / 2] = altered[altered.size() / 2] == 'A' ? 'B' : 'A';
  request.set_resume_token(altered);
  EXPECT_EQ(Reason(request), "TOKEN_INVALID");
  request.set_resume_token(Run(Leads(), 0).pin());
  EXPECT_EQ(Reason(request), "TOKEN_INVALID");
  // A watch's token is none of the others.
  v1::RunReportRequest run;
  run.set_pin(token);
  v1::RunReportResponse answer;
  As context(kViewer);
  EXPECT_EQ(ReasonOf(reports_->RunReport(&context, run, &answer)), "TOKEN_INVALID");
}

TEST_F(ServerWatchTest, OnlyNowIsWatched) {
  v1::WatchReportRequest request = Leads();
  request.mutable_parameters()->mutable_as_of()->set_position(1);
  EXPECT_EQ(Reason(request), "PARAMETER_INVALID");
  EXPECT_NE(message_.find("as_of"), std::string::npos) << message_;
  request = Leads();
  request.mutable_parameters()->mutable_opening_as_of()->set_position(1);
  EXPECT_EQ(Reason(request), "PARAMETER_INVALID");
  EXPECT_NE(message_.find("opening_as_of"), std::string::npos) << message_;
  request = Leads();
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_AT);
  EXPECT_EQ(Reason(request), "PARAMETER_INVALID");
  EXPECT_NE(message_.find("rule_basis"), std::string::npos) << message_;
  request = v1::WatchReportRequest();
  request.set_report("entity_timeline");
  EXPECT_EQ(Reason(request), "PARAMETER_INVALID");
  request.set_report("no_such_report");
  EXPECT_EQ(Reason(request), "REPORT_NOT_FOUND");
  request = Leads();
  request.set_sort("nonsense");
  EXPECT_EQ(Reason(request), "PARAMETER_INVALID");
  EXPECT_EQ(Reason(Leads(), "token-of-nobody-at-all"), "CREDENTIALS_INVALID");
}

TEST_F(ServerWatchTest, TheServersEndIsTold) {
  auto watch = Open(Leads());
  ASSERT_TRUE(watch->Next());
  std::thread stopping([this] { Stop(); });
  EXPECT_FALSE(watch->Next());
  EXPECT_EQ(ReasonOf(watch->reader->Finish()), "SERVER_STOPPING");
  stopping.join();
}

// Each row has more than 50 kB: the ids of its cells hold the filter.
class LargeRows : public ServerWatchTest {
 protected:
  static constexpr int kDeals = 150;
  LargeRows() {
    request_.set_report("pipeline_detail");
    request_.mutable_parameters()->set_filter(absl::StrCat("outcome != \"", std::string(3000, 'x'), "\""));
  }
  uint64_t CreateAll() {
    v1::CommandBatch batch;
    for (int i = 0; i < kDeals; ++i) batch.add_commands()->mutable_command()->mutable_create_deal()->set_name(absl::StrCat("deals/", i));
    return Do(batch);
  }
  uint64_t ChangeAll(int value) {
    v1::CommandBatch batch;
    batch.set_atomic(true);
    for (int i = 0; i < kDeals; ++i) {
      auto* change = batch.add_commands()->mutable_command()->mutable_change_deal_value();
      change->mutable_deal()->set_name(absl::StrCat("deals/", i));
      change->mutable_value()->set_currency_code("EUR");
      change->mutable_value()->set_units(value);
    }
    return Do(batch);
  }

  v1::WatchReportRequest request_;
};

TEST_F(LargeRows, AReaderThatIsTooSlowIsEndedAndGoesOn) {
  PublishPipelines("First");
  const uint64_t created = CreateAll();
  Run(request_, created);
  auto slow = Open(request_), fast = Open(request_);
  ASSERT_TRUE(fast->Next());
  ASSERT_TRUE(slow->Next());  // several messages: WatchedModel checks the size of each
  size_t bytes = 0;
  for (const auto& [key, row] : slow->model.rows()) bytes += row.ByteSizeLong();
  ASSERT_GT(bytes, 8u << 20);
  uint64_t last = 0;
  for (int value = 1; value <= 3; ++value) {
    last = ChangeAll(value);
    fast->ReadTo(last);
  }
  fast->model.ExpectEqual(Run(request_, last));
  while (slow->Next()) {
  }
  EXPECT_EQ(ReasonOf(slow->reader->Finish()), "READER_TOO_SLOW");
  EXPECT_LT(slow->model.position(), last);
  auto resumed = Resume(request_, slow->model);
  resumed->ReadTo(last);
  resumed->model.ExpectEqual(Run(request_, last));
  EXPECT_EQ(resumed->model.restarts(), 1);
  resumed->Leave();
  fast->Leave();
}

}  // namespace
}  // namespace recount::services
