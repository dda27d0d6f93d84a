#include "tools/import/import_run.h"

#include <deque>
#include <filesystem>
#include <fstream>
#include <map>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tools/import/byte_source.h"

namespace recount::tools {
namespace {

// Remembers commands by request id as the server does; refuses leads whose status is "bad" and ids that are taken.
class FakeServer : public ImportTarget {
 public:
  class Stream : public CommandStream {
   public:
    explicit Stream(FakeServer* server) : server_(server) {}
    bool Write(const api::CommandBatch& batch) override {
      std::lock_guard<std::mutex> lock(mutex_);
      if (server_->break_after >= 0 && server_->break_after-- == 0) {
        closed_ = broken_ = true;
        changed_.notify_all();
        return false;
      }
      answers_.push_back(server_->Execute(batch));
      changed_.notify_all();
      return true;
    }
    bool Read(api::CommandOutcomes* outcomes) override {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return !answers_.empty() || closed_; });
      if (answers_.empty()) return false;
      *outcomes = std::move(answers_.front());
      answers_.pop_front();
      return true;
    }
    void WritesDone() override {
      std::lock_guard<std::mutex> lock(mutex_);
      closed_ = true;
      changed_.notify_all();
    }
    absl::Status Finish() override { return broken_ ? absl::UnavailableError("gone") : absl::OkStatus(); }

   private:
    FakeServer* server_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<api::CommandOutcomes> answers_;
    bool closed_ = false;
    bool broken_ = false;
  };

  std::unique_ptr<CommandStream> OpenStream() override { return std::make_unique<Stream>(this); }
  absl::StatusOr<std::vector<api::RuleVersion>> RuleVersions() override { return rules; }
  absl::Status PublishRules(const api::PublishRulesRequest& request) override {
    for (const auto& rule : request.rules()) *rules.emplace_back().mutable_rule() = rule;
    return absl::OkStatus();
  }

  api::CommandOutcomes Execute(const api::CommandBatch& batch) {
    api::CommandOutcomes out;
    for (const auto& sequenced : batch.commands()) {
      api::CommandOutcome* outcome = out.add_outcomes();
      outcome->set_sequence(sequenced.sequence());
      Decide(sequenced.command(), outcome);
    }
    return out;
  }

  std::vector<api::RuleVersion> rules;
  std::map<std::string, std::string> by_request;
  std::map<std::string, api::CaptureLeadRequest> leads;
  std::vector<std::string> accepted;  // status of each accepted command
  int break_after = -1;

 private:
  static void Refuse(const char* reason, api::CommandOutcome* outcome) {
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    outcome->mutable_status()->set_code(3);
    outcome->mutable_status()->set_message("refused");
    outcome->mutable_status()->add_details()->PackFrom(info);
  }

  void Decide(const api::Command& command, api::CommandOutcome* outcome) {
    const api::CaptureLeadRequest& lead = command.capture_lead();
    const std::string& id = lead.header().request_id();
    const auto known = by_request.find(id);
    if (known != by_request.end()) {
      if (known->second != command.SerializeAsString()) return Refuse("REQUEST_ID_REUSED", outcome);
      outcome->mutable_result()->set_repeated(true);
      return;
    }
    if (lead.status() == "bad") return Refuse("FIELD_INVALID", outcome);
    const std::string& external = lead.external_ids(0).id();
    if (leads.count(external) > 0 && !lead.allow_existing()) return Refuse("EXTERNAL_ID_TAKEN", outcome);
    outcome->mutable_result()->set_position(accepted.size() + 1);
    if (leads.count(external) == 0 || leads[external].status() != lead.status()) {
      outcome->mutable_result()->add_revisions()->set_revision(1);
      accepted.push_back(lead.status());
    }
    leads[external] = lead;
    by_request[id] = command.SerializeAsString();
  }
};

class ImportRunTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/import_run_test";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Write("rules.textproto", "rules { content { pipelines { pipelines { id: \"sales\" stages { id: \"new\" } } } } }");
    options_.batch = 2;
    options_.in_flight = 2;
  }

  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ + "/" + name) << text; }

  std::unique_ptr<Mapping> MakeMapping(const std::string& status = "column: \"status\"") {
    return *ParseMapping(
        "source: \"s\" rules_files: \"rules.textproto\" files { kind: \"leads\" file: \"leads.csv\" key { column: \"id\" } commands { "
        "command: \"capture_lead\" set { path: \"external_ids\" value { column: \"id\" } } "
        "set { path: \"status\" value { " + status + " } } } }",
        folder_ + "/mapping.textproto");
  }

  absl::StatusOr<ImportSummary> Import(const Mapping& mapping) { return RunImport(mapping, options_, &server_); }

  std::string folder_;
  FakeServer server_;
  ImportOptions options_;
};

TEST_F(ImportRunTest, ImportsInOrderAndASecondTimeChangesNothing) {
  std::string csv = "id,status\n";
  for (int i = 0; i < 25; ++i) absl::StrAppend(&csv, i, ",s", i, "\n");
  Write("leads.csv", csv);
  const auto mapping = MakeMapping();
  absl::StatusOr<ImportSummary> first = Import(*mapping);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->rules_published, 1u);
  EXPECT_EQ(first->files[0].counts.accepted, 25u);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(server_.accepted[i], absl::StrCat("s", i));
  absl::StatusOr<ImportSummary> second = Import(*mapping);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->rules_published, 0u);
  EXPECT_EQ(second->files[0].counts.repeated, 25u);
  EXPECT_EQ(server_.accepted.size(), 25u);
}

TEST_F(ImportRunTest, ListsWhatWasRefused) {
  Write("leads.csv", "id,status\n1,ok\n2,bad\n3\n4,\"a, b\"\n5,bad\n");
  options_.rejects = folder_ + "/rejects.csv";
  absl::StatusOr<ImportSummary> got = Import(*MakeMapping());
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->refused(), 3u);
  EXPECT_EQ(got->files[0].counts.accepted, 2u);
  const std::string rejects = *ReadWholeFile(options_.rejects);
  EXPECT_THAT(rejects, testing::StartsWith("kind,row,step,reason,message,id,status\r\n"));
  EXPECT_THAT(rejects, testing::HasSubstr("leads,2,capture_lead,FIELD_INVALID,refused,2,bad\r\n"));
  EXPECT_THAT(rejects, testing::HasSubstr("leads,3,,ROW_MALFORMED,\"line 4: 1 cells, but the file has 2 columns\",3\r\n"));
}

TEST_F(ImportRunTest, UpsertChangesWhatIsDifferentAndOnlyOnce) {
  Write("leads.csv", "id,status\n1,a\n2,b\n");
  ASSERT_TRUE(Import(*MakeMapping()).ok());
  const auto corrected = MakeMapping("column: \"status\" rename { key: \"b\" value: \"c\" }");
  absl::StatusOr<ImportSummary> create = Import(*corrected);
  EXPECT_EQ(create->files[0].counts.refused, 1u);
  EXPECT_EQ(create->first_rejects[0].reason, "REQUEST_ID_REUSED");
  options_.upsert = true;
  absl::StatusOr<ImportSummary> upsert = Import(*corrected);
  ASSERT_TRUE(upsert.ok()) << upsert.status();
  EXPECT_EQ(upsert->files[0].counts.accepted, 1u);
  EXPECT_EQ(upsert->files[0].counts.repeated, 1u);
  EXPECT_EQ(upsert->refused(), 0u);
  EXPECT_EQ(server_.leads["2"].status(), "c");
  EXPECT_EQ(Import(*corrected)->files[0].counts.repeated, 2u);
}

std::unique_ptr<Mapping> OncePerCompany(const std::string& folder) {
  return *ParseMapping(R"pb(
    source: "s"
    files {
      kind: "leads" file: "leads.csv" key { column: "id" }
      commands { command: "capture_lead" once { column: "company" } set { path: "external_ids" value { column: "company" } }
        set { path: "status" value { column: "status" } } }
    })pb", folder + "/mapping.textproto");
}

// However many commands are on their way when the refusal comes.
TEST_F(ImportRunTest, WhatIsSentOnceIsSentUntilItIsTaken) {
  Write("leads.csv", "id,company,status\n1,A,bad\n2,A,bad\n3,A,ok\n4,A,other\n5,A,bad\n6,B,b\n7,B,b\n");
  for (int in_flight : {1, 2, 64}) {
    server_ = FakeServer();
    options_.in_flight = in_flight;
    absl::StatusOr<ImportSummary> got = Import(*OncePerCompany(folder_));
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(got->files[0].counts.accepted, 2u);
    EXPECT_EQ(got->files[0].counts.refused, 1u) << "row 2 would say what row 1 said";
    EXPECT_EQ(got->files[0].counts.repeated, 0u);
    EXPECT_EQ(got->files[0].counts.sent, 3u);
    EXPECT_THAT(server_.accepted, testing::ElementsAre("ok", "b"));
    Import(*OncePerCompany(folder_)).IgnoreError();
    EXPECT_EQ(server_.accepted.size(), 2u);
  }
}

TEST_F(ImportRunTest, WhatIsSentOnceIsChangedOnceByUpsert) {
  Write("leads.csv", "id,company,status\n1,A,a\n2,A,b\n3,A,c\n");
  ASSERT_TRUE(Import(*OncePerCompany(folder_)).ok());
  Write("leads.csv", "id,company,status\n1,A,z\n2,A,b\n3,A,c\n");
  options_.upsert = true;
  EXPECT_EQ(Import(*OncePerCompany(folder_))->files[0].counts.accepted, 1u);
  EXPECT_THAT(server_.accepted, testing::ElementsAre("a", "z"));
}

TEST_F(ImportRunTest, WhatIsSentOnceIsSentAgainWhereARunWasBroken) {
  std::string csv = "id,company,status\n";
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&csv, i, ",", i < 6000 ? i / 2 : i, ",", i == 10 ? "bad" : i % 2 == 0 ? "s0" : "s1", "\n");
  absl::StrAppend(&csv, "x,5,bad\ny,5,late\nz,7,late\n");
  Write("leads.csv", csv);
  options_.state_folder = folder_ + "/state";
  options_.batch = 100;
  options_.resume = true;
  server_.break_after = 130;
  EXPECT_FALSE(Import(*OncePerCompany(folder_)).ok());
  server_.break_after = -1;
  absl::StatusOr<ImportSummary> rest = Import(*OncePerCompany(folder_));
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_GE(rest->files[0].rows_skipped, 5000u);
  EXPECT_EQ(rest->refused(), 0u) << "what was made of another row in the run that broke is no refusal";
  EXPECT_EQ(server_.leads["5"].status(), "s1") << "row 11, since row 10 was refused";
  EXPECT_EQ(server_.leads["7"].status(), "s0");
}

TEST_F(ImportRunTest, AnotherRowOfTheSameKeyIsNoCorrection) {
  Write("leads.csv", "id,status\n1,a\n2,b\n1,a\n1,c\n");
  for (bool upsert : {false, true, true}) {
    options_.upsert = upsert;
    absl::StatusOr<ImportSummary> got = Import(*MakeMapping());
    ASSERT_TRUE(got.ok()) << got.status();
    ASSERT_EQ(got->refused(), 1u) << "a row that is the same is a repeat";
    EXPECT_EQ(got->first_rejects[0].reason, "KEY_NOT_UNIQUE");
    EXPECT_THAT(got->first_rejects[0].message, testing::HasSubstr("row 1 has the same key"));
    EXPECT_EQ(server_.leads["1"].status(), "a");
  }
  const auto corrected = MakeMapping("column: \"status\" rename { key: \"a\" value: \"z\" }");
  EXPECT_EQ(Import(*corrected)->refused(), 1u);
  EXPECT_EQ(server_.leads["1"].status(), "z");
}

TEST_F(ImportRunTest, ChangesThatWaitedWhenARunWasBrokenAreMade) {
  std::string csv = "id,status\n";
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&csv, i, i == 3 ? ",b\n" : ",s\n");
  Write("leads.csv", csv);
  options_.batch = 100;
  ASSERT_TRUE(Import(*MakeMapping()).ok());
  const auto corrected = MakeMapping("column: \"status\" rename { key: \"b\" value: \"c\" }");
  options_.state_folder = folder_ + "/state";
  options_.upsert = options_.resume = true;
  server_.break_after = 130;
  EXPECT_FALSE(Import(*corrected).ok());
  server_.break_after = -1;
  ASSERT_TRUE(Import(*corrected).ok());
  EXPECT_EQ(server_.leads["3"].status(), "c");
}

TEST_F(ImportRunTest, GoesOnWhereItWasBroken) {
  std::string csv = "id,status\n";
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&csv, i, ",s\n");
  Write("leads.csv", csv);
  options_.state_folder = folder_ + "/state";
  options_.batch = 100;
  options_.resume = true;
  server_.break_after = 130;
  const auto mapping = MakeMapping();
  EXPECT_EQ(Import(*mapping).status().code(), absl::StatusCode::kUnavailable);
  server_.break_after = -1;
  absl::StatusOr<ImportSummary> rest = Import(*mapping);
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_GE(rest->files[0].rows_skipped, 5000u);
  EXPECT_EQ(server_.accepted.size(), 20000u);
  EXPECT_EQ(Import(*mapping)->files[0].rows_skipped, 0u) << "a finished import is not resumed";
}

TEST_F(ImportRunTest, ChecksEverythingBeforeItSendsAnything) {
  const auto mapping = MakeMapping();
  EXPECT_EQ(Import(*mapping).status().code(), absl::StatusCode::kNotFound);
  Write("leads.csv", "id,other\n1,x\n");
  EXPECT_THAT(std::string(Import(*mapping).status().message()), testing::HasSubstr("no column \"status\""));
  EXPECT_TRUE(server_.rules.empty());
}

TEST_F(ImportRunTest, DryRunSendsNothing) {
  Write("leads.csv", "id,status\n1,x\n2,y\n");
  options_.dry_run = true;
  options_.sample_rows = 1;
  int samples = 0;
  options_.on_sample = [&](uint64_t row, const api::Command& command) { samples += row == 1 && command.has_capture_lead(); };
  absl::StatusOr<ImportSummary> got = RunImport(*MakeMapping(), options_, nullptr);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->files[0].counts.sent, 2u);
  EXPECT_EQ(samples, 1);
}

}  // namespace
}  // namespace recount::tools
