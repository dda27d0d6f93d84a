#include "tools/import/command_pump.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/rpc/error_details.pb.h"
#include "tools/import/text_values.h"

namespace recount::tools {
namespace {

std::string ReasonOf(const google::rpc::Status& status) {
  google::rpc::ErrorInfo info;
  for (const auto& detail : status.details()) {
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) return info.reason();
  }
  return "";
}

constexpr char kRequestIdReused[] = "REQUEST_ID_REUSED";

// Refused since what it makes was made before.
bool IsThere(const std::string& reason) {
  return reason == kRequestIdReused || reason == "EXTERNAL_ID_TAKEN" || reason == "RECORD_EXISTS";
}

}  // namespace

std::string MakeUpsert(api::Command* command) {
  const auto* descriptor = api::Command::descriptor();
  const auto* field = command->GetReflection()->GetOneofFieldDescriptor(*command, descriptor->FindOneofByName("command"));
  google::protobuf::Message* message = command->GetReflection()->MutableMessage(command, field);
  const auto* reflection = message->GetReflection();
  auto* header = static_cast<api::CommandHeader*>(
      reflection->MutableMessage(message, message->GetDescriptor()->FindFieldByName("header")));
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream out(&bytes);
    google::protobuf::io::CodedOutputStream coded(&out);
    coded.SetSerializationDeterministic(true);
    message->SerializeToCodedStream(&coded);
  }
  header->set_request_id(absl::StrCat(header->request_id(), "/", HexDigest(bytes, 16)));
  const auto* allow = message->GetDescriptor()->FindFieldByName("allow_existing");
  if (allow != nullptr) reflection->SetBool(message, allow, true);
  return header->request_id();
}

CommandPump::CommandPump(std::unique_ptr<CommandStream> stream, bool upsert, size_t max_in_flight, OnRefused on_refused,
                         OnRows on_rows)
    : stream_(std::move(stream)), upsert_(upsert), max_in_flight_(max_in_flight), on_refused_(std::move(on_refused)),
      on_rows_(std::move(on_rows)), reader_([this] { ReadAnswers(); }) {}

CommandPump::~CommandPump() {
  if (!reader_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
  }
  changed_.notify_all();
  stream_->WritesDone();
  reader_.join();
}

absl::Status CommandPump::Send(SentBatch batch) {
  const SentBatch* sent;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_.size() < max_in_flight_ || broken_; });
    if (broken_) {
      lock.unlock();
      return Broken();
    }
    for (const PlannedStep& step : batch.steps) counts_.sent += !batch.is_retry && !step.is_further;
    in_flight_.push_back(std::move(batch));
    // A deque keeps its elements in place, and the answer that pops this one comes after the write.
    sent = &in_flight_.back();
  }
  changed_.notify_all();
  if (stream_->Write(sent->batch)) return absl::OkStatus();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    broken_ = true;
  }
  return Broken();
}

absl::Status CommandPump::Finish() {
  while (true) {
    std::deque<SentBatch> again;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return in_flight_.empty() || broken_; });
      if (broken_) {
        lock.unlock();
        return Broken();
      }
      again.swap(again_);
      if (again.empty()) done_ = true;
    }
    if (again.empty()) break;
    for (SentBatch& batch : again) {
      absl::Status status = Send(std::move(batch));
      if (!status.ok()) return status;
    }
  }
  changed_.notify_all();
  stream_->WritesDone();
  reader_.join();
  return stream_->Finish();
}

PumpCounts CommandPump::counts() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

absl::Status CommandPump::Broken() {
  if (reader_.joinable()) {
    stream_->WritesDone();
    reader_.join();
    absl::Status status = stream_->Finish();
    if (!status.ok()) return status;
  }
  return absl::UnavailableError("the server closed the stream");
}

void CommandPump::ReadAnswers() {
  api::CommandOutcomes outcomes;
  while (true) {
    {
      // Nothing is read before something is sent, so that a stream which ends early is told from one that is done.
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return !in_flight_.empty() || done_ || broken_; });
      if (in_flight_.empty()) return;
    }
    if (!stream_->Read(&outcomes)) break;
    SentBatch sent;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      // An answer comes after its batch was turned into bytes, so the writer no longer looks at this one.
      sent = std::move(in_flight_.front());
    }
    Take(sent, outcomes);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      in_flight_.pop_front();
    }
    changed_.notify_all();
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    broken_ = true;
  }
  changed_.notify_all();
}

void CommandPump::Take(const SentBatch& sent, const api::CommandOutcomes& outcomes) {
  PumpCounts more;
  const int count = std::min(outcomes.outcomes_size(), sent.batch.commands_size());
  for (int i = 0; i < count; ++i) {
    const api::CommandOutcome& outcome = outcomes.outcomes(i);
    if (!sent.is_retry && IsDone(sent.steps[i], outcome)) continue;
    more.sent += !sent.is_retry && sent.steps[i].is_further;
    if (outcome.status().code() != 0) {
      if (Retry(sent, i, outcome.status())) continue;
      ++more.refused;
      on_refused_(*sent.rows[i], sent.steps[i], outcome.status());
      continue;
    }
    more.position = std::max<uint64_t>(more.position, outcome.result().position());
    ++(outcome.result().repeated() ? more.repeated : outcome.result().revisions().empty() ? more.unchanged : more.accepted);
  }
  bool has_again = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    counts_.sent += more.sent;
    counts_.accepted += more.accepted;
    counts_.unchanged += more.unchanged;
    counts_.repeated += more.repeated;
    counts_.refused += more.refused;
    counts_.position = std::max(counts_.position, more.position);
    if (count < sent.batch.commands_size()) broken_ = true;
    has_again = !again_.empty();
  }
  // What upsert has to send again is sent last, so a row whose change waits for that is not done.
  if (sent.last_row > 0 && !has_again) on_rows_(sent.last_row);
}

// Whether the command was taken with another row; notes that it is taken now.
bool CommandPump::IsDone(const PlannedStep& step, const api::CommandOutcome& outcome) {
  if (step.attempts == nullptr) return false;
  Attempts& attempts = *step.attempts;
  if (attempts.is_taken) return true;
  const std::string reason = outcome.status().code() == 0 ? "" : ReasonOf(outcome.status());
  if (!reason.empty() && !IsThere(reason)) return false;
  attempts.is_taken = outcome.status().code() == 0 || IsThere(reason);
  return attempts.is_maybe_taken && reason == kRequestIdReused;
}

bool CommandPump::Retry(const SentBatch& sent, int index, const google::rpc::Status& status) {
  if (!upsert_ || sent.is_retry) return false;
  if (!IsThere(ReasonOf(status))) return false;
  SentBatch one;
  *one.batch.add_commands() = sent.batch.commands(index);
  std::string id = MakeUpsert(one.batch.mutable_commands(0)->mutable_command());
  // Another row of the same key is no correction of the first: it would overwrite that one's record.
  if (sent.steps[index].row_of_same_key != 0 && !retried_.contains(id)) return false;
  retried_.insert(std::move(id));
  one.steps = {sent.steps[index]};
  one.rows = {sent.rows[index]};
  one.is_retry = true;
  std::lock_guard<std::mutex> lock(mutex_);
  if (!again_.empty() && again_.back().batch.commands_size() < 100) {
    SentBatch& last = again_.back();
    *last.batch.add_commands() = std::move(*one.batch.mutable_commands(0));
    last.steps.push_back(one.steps[0]);
    last.rows.push_back(std::move(one.rows[0]));
  } else {
    again_.push_back(std::move(one));
  }
  return true;
}

}  // namespace recount::tools
