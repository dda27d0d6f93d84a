#include "tools/import/import_run.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "tools/import/byte_source.h"
#include "tools/import/import_state.h"
#include "tools/import/rule_merge.h"
#include "tools/import/text_values.h"

namespace recount::tools {
namespace {

namespace fs = std::filesystem;

absl::Status At(absl::string_view path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

std::string InFolder(const std::string& folder, const std::string& file) {
  return folder.empty() || fs::path(file).is_absolute() ? file : (fs::path(folder) / file).string();
}

char DelimiterOf(const std::string& text) { return text.empty() ? ',' : text[0]; }

class Importer {
 public:
  Importer(const Mapping& mapping, const ImportOptions& options, ImportTarget* target)
      : mapping_(mapping), options_(options), target_(target) {}

  absl::StatusOr<ImportSummary> Run() {
    absl::Status status = ReadRules();
    for (int i = 0; i < mapping_.proto.files_size() && status.ok(); ++i) status = Prepare(i);
    if (status.ok()) status = rejects_.Open(options_.rejects);
    if (status.ok()) status = Publish(rules_);
    for (size_t i = 0; i < plans_.size() && status.ok(); ++i) status = ImportFile(plans_[i].get(), paths_[i]);
    const absl::Status closed = rejects_.Close();
    if (status.ok()) status = closed;
    if (!status.ok()) return status;
    return std::move(summary_);
  }

 private:
  // ---- before anything is sent ----

  absl::Status ReadRules() {
    for (const std::string& name : mapping_.proto.rules_files()) {
      const std::string path = InFolder(mapping_.folder, name);
      absl::StatusOr<std::string> text = ReadWholeFile(path);
      if (!text.ok()) return text.status();
      api::PublishRulesRequest request;
      absl::Status status = ParseTextOrJson(*text, path, &request);
      if (!status.ok()) return status;
      rules_.insert(rules_.end(), request.rules().begin(), request.rules().end());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> PathOf(const v1::FileMapping& file, const Place& place) const {
    std::error_code error;
    if (!options_.data.empty() && !fs::is_directory(options_.data, error)) {
      for (const v1::FileMapping& other : mapping_.proto.files()) {
        if (other.file() == mapping_.proto.files(0).file()) continue;
        return absl::InvalidArgumentError(absl::StrCat(mapping_.path, " imports several files: give the folder that holds them, not ",
                                                       options_.data));
      }
      return options_.data;
    }
    if (file.file().empty()) return place.In("file").Error("name the file, or give its path after the mapping");
    return InFolder(options_.data.empty() ? mapping_.folder : options_.data, file.file());
  }

  absl::Status Prepare(int index) {
    const v1::FileMapping& file = mapping_.proto.files(index);
    const Place place = mapping_.Root().In("files", index);
    absl::StatusOr<std::string> path = PathOf(file, place);
    if (!path.ok()) return path.status();
    Columns columns(std::vector<std::string>(file.columns().begin(), file.columns().end()));
    if (file.columns().empty()) {
      absl::StatusOr<std::unique_ptr<ByteSource>> source = OpenFile(*path);
      if (!source.ok()) return source.status();
      CsvReader reader(*std::move(source), DelimiterOf(file.delimiter()));
      absl::StatusOr<Columns> header = ReadHeader(&reader);
      if (!header.ok()) return At(*path, header.status());
      columns = *std::move(header);
    }
    std::map<std::string, std::unique_ptr<Table>> tables;
    for (int i = 0; i < file.tables_size(); ++i) {
      const v1::Table& table = file.tables(i);
      const std::string table_path = InFolder(fs::path(*path).parent_path().string(), table.file());
      absl::StatusOr<std::unique_ptr<ByteSource>> source = OpenFile(table_path);
      if (!source.ok()) return place.In("tables", i).Error(source.status().message());
      CsvReader reader(*std::move(source), DelimiterOf(table.delimiter()));
      absl::StatusOr<std::unique_ptr<Table>> read = Table::Read(&reader, table.key());
      if (!read.ok()) return place.In("tables", i).Error(absl::StrCat(table_path, ": ", read.status().message()));
      tables[table.id()] = *std::move(read);
    }
    absl::StatusOr<std::unique_ptr<FilePlan>> plan = FilePlan::Make(mapping_, index, std::move(columns), std::move(tables));
    if (!plan.ok()) return plan.status();
    plans_.push_back(*std::move(plan));
    paths_.push_back(*std::move(path));
    return absl::OkStatus();
  }

  absl::Status Publish(const std::vector<api::RuleProposal>& wanted) {
    if (wanted.empty() || options_.dry_run) return absl::OkStatus();
    absl::StatusOr<std::vector<api::RuleVersion>> versions = target_->RuleVersions();
    if (!versions.ok()) return versions.status();
    api::PublishRulesRequest request;
    for (api::RuleProposal& rule : RulesToPublish(*versions, wanted)) *request.add_rules() = std::move(rule);
    if (request.rules().empty()) return absl::OkStatus();
    request.set_comment(absl::StrCat("import of ", mapping_.proto.source()));
    request.mutable_header()->set_channel(api::CHANNEL_IMPORT);
    summary_.rules_published += request.rules_size();
    return target_->PublishRules(request);
  }

  // ---- one file ----

  absl::StatusOr<std::unique_ptr<CsvReader>> OpenRows(const FilePlan& plan, const std::string& path) const {
    absl::StatusOr<std::unique_ptr<ByteSource>> source = OpenFile(path);
    if (!source.ok()) return source.status();
    auto reader = std::make_unique<CsvReader>(*std::move(source), DelimiterOf(plan.proto().delimiter()));
    if (!plan.proto().columns().empty()) return reader;
    absl::StatusOr<Columns> header = ReadHeader(reader.get());
    if (!header.ok()) return At(path, header.status());
    return reader;
  }

  absl::Status CountRows(FilePlan* plan, const std::string& path) {
    absl::StatusOr<std::unique_ptr<CsvReader>> reader = OpenRows(*plan, path);
    if (!reader.ok()) return reader.status();
    CsvRow row;
    while (true) {
      absl::StatusOr<bool> got = (*reader)->Next(&row);
      if (!got.ok()) return At(path, got.status());
      if (!*got) return absl::OkStatus();
      plan->Count(row);
    }
  }

  void AddReject(Reject reject) {
    // Rows are refused by the planning thread, commands by the reading one.
    std::lock_guard<std::mutex> lock(rejects_mutex_);
    rejects_.Add(reject);
    if (summary_.first_rejects.size() < 20) summary_.first_rejects.push_back(std::move(reject));
  }

  void Refused(const FilePlan& plan, const SentRow& row, const PlannedStep& step, const google::rpc::Status& status) {
    Reject reject{plan.proto().kind(), row.number, plan.step_name(step.step), "", status.message(), row.cells};
    google::rpc::ErrorInfo info;
    for (const auto& detail : status.details()) {
      if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) reject.reason = info.reason();
    }
    if (step.row_of_same_key != 0 && reject.reason == "REQUEST_ID_REUSED") {
      reject.reason = "KEY_NOT_UNIQUE";
      reject.message = absl::StrCat("row ", step.row_of_same_key, " has the same key and says something else: take a `key` that tells them "
                                    "apart, or say `several_rows_a_key: true` if they are versions of one thing");
    }
    AddReject(std::move(reject));
  }

  absl::Status ImportFile(FilePlan* plan, const std::string& path) {
    FileSummary summary;
    summary.kind = plan->proto().kind();
    summary.path = path;
    rejects_.BeginKind(plan->columns().names());
    absl::Status status = plan->needs_count() ? CountRows(plan, path) : absl::OkStatus();
    if (!status.ok()) return status;
    ImportState state(options_.dry_run ? "" : options_.state_folder,
                      absl::StrCat(options_.destination, "\n", mapping_.proto.SerializeAsString(), "\n", summary.kind, "\n",
                                   options_.upsert, "\n", FileStamp(path)));
    const uint64_t resume_after = options_.resume ? state.Load() : 0;
    const auto start = std::chrono::steady_clock::now();
    std::unique_ptr<CommandPump> pump;
    if (!options_.dry_run) {
      uint64_t saved = resume_after;
      pump = std::make_unique<CommandPump>(
          target_->OpenStream(), options_.upsert, options_.in_flight,
          [this, plan](const SentRow& row, const PlannedStep& step, const google::rpc::Status& refusal) { Refused(*plan, row, step, refusal); },
          [&state, saved](uint64_t last_row) mutable {
            // A crash may cost some rows that are sent again and answered as repeats, so not every batch is written down.
            if (last_row < saved + 5000) return;
            saved = last_row;
            state.Save(last_row).IgnoreError();
          });
    }
    status = SendRows(plan, path, resume_after, pump.get(), &summary);
    if (pump != nullptr) {
      const absl::Status finished = status.ok() ? pump->Finish() : absl::OkStatus();
      if (status.ok()) status = finished;
      summary.counts = pump->counts();
      pump.reset();
    }
    if (!status.ok()) return status;
    summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    summary_.position = std::max(summary_.position, summary.counts.position);
    status = PublishEdges(*plan);
    if (status.ok()) state.Remove();
    summary_.files.push_back(std::move(summary));
    return status;
  }

  absl::Status PublishEdges(const FilePlan& plan) {
    if (plan.org_edges().empty()) return absl::OkStatus();
    api::RuleProposal rule;
    for (const api::OrgEdge& edge : plan.org_edges()) *rule.mutable_content()->mutable_org_chart()->add_edges() = edge;
    return Publish({rule});
  }

  absl::Status SendRows(FilePlan* plan, const std::string& path, uint64_t resume_after, CommandPump* pump, FileSummary* summary) {
    absl::StatusOr<std::unique_ptr<CsvReader>> reader = OpenRows(*plan, path);
    if (!reader.ok()) return reader.status();
    CsvRow row;
    SentBatch batch;
    uint64_t sequence = 0;
    while (true) {
      absl::StatusOr<bool> got = (*reader)->Next(&row);
      if (!got.ok()) return At(path, got.status());
      if (!*got) break;
      PlanRow(plan, row, ++summary->rows, resume_after, &batch, summary);
      for (size_t i = batch.rows.size(); i < batch.steps.size(); ++i) batch.batch.mutable_commands(i)->set_sequence(++sequence);
      KeepRow(row, summary->rows, &batch);
      batch.last_row = summary->rows;
      if (summary->rows % 1000 == 0 && options_.on_progress) Progress(pump, *summary);
      if (pump == nullptr) {
        ShowSample(batch, summary);
        batch = SentBatch();
      } else if (batch.steps.size() >= options_.batch) {
        absl::Status status = pump->Send(std::exchange(batch, SentBatch()));
        if (!status.ok()) return status;
      }
    }
    if (pump == nullptr || batch.steps.empty()) return absl::OkStatus();
    return pump->Send(std::move(batch));
  }

  // Rows before `resume_after` are planned too, since later ones may ask what came before them, but not sent.
  void PlanRow(FilePlan* plan, const CsvRow& row, uint64_t number, uint64_t resume_after, SentBatch* batch, FileSummary* summary) {
    const int before = batch->batch.commands_size();
    absl::Status status = plan->Plan(row, number, &batch->batch, &batch->steps);
    for (size_t i = before; i < batch->steps.size(); ++i) {
      Attempts* attempts = batch->steps[i].attempts.get();
      if (attempts == nullptr) continue;
      attempts->is_maybe_taken |= number <= resume_after;
      if (options_.dry_run) attempts->is_taken = true;
    }
    if (number <= resume_after) {
      ++summary->rows_skipped;
      batch->batch.mutable_commands()->DeleteSubrange(before, batch->batch.commands_size() - before);
      batch->steps.resize(before);
    } else if (!status.ok()) {
      ++summary->rows_unreadable;
      AddReject({plan->proto().kind(), number, "", RowReason(status),
                 absl::StrCat("line ", row.line, ": ", status.message()), {row.cells.begin(), row.cells.end()}});
    }
  }

  // The cells stay until the answers are there, for the list of rejects.
  static void KeepRow(const CsvRow& row, uint64_t number, SentBatch* batch) {
    if (batch->rows.size() == batch->steps.size()) return;
    auto kept = std::make_shared<SentRow>();
    kept->number = number;
    for (absl::string_view cell : row.cells) kept->cells.emplace_back(cell);
    batch->rows.resize(batch->steps.size(), kept);
  }

  void ShowSample(const SentBatch& batch, FileSummary* summary) {
    summary->counts.sent += batch.steps.size();
    if (!options_.on_sample || summary->rows > static_cast<uint64_t>(options_.sample_rows)) return;
    for (const auto& command : batch.batch.commands()) options_.on_sample(summary->rows, command.command());
  }

  void Progress(const CommandPump* pump, const FileSummary& summary) {
    options_.on_progress(summary.kind, summary.rows, pump == nullptr ? summary.counts : pump->counts());
  }

  const Mapping& mapping_;
  const ImportOptions& options_;
  ImportTarget* target_;
  std::vector<api::RuleProposal> rules_;
  std::vector<std::unique_ptr<FilePlan>> plans_;
  std::vector<std::string> paths_;
  RejectFile rejects_;
  std::mutex rejects_mutex_;  // guards rejects_ and summary_.first_rejects
  ImportSummary summary_;
};

}  // namespace

uint64_t ImportSummary::refused() const {
  uint64_t sum = 0;
  for (const FileSummary& file : files) sum += file.rows_unreadable + file.counts.refused;
  return sum;
}

absl::StatusOr<ImportSummary> RunImport(const Mapping& mapping, const ImportOptions& options, ImportTarget* target) {
  return Importer(mapping, options, target).Run();
}

}  // namespace recount::tools
