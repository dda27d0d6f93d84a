#include "services/command_bus.h"

#include <pthread.h>

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "services/error_mapping.h"

namespace recount::services {
namespace {

size_t BytesOf(const Submission& submission) {
  size_t bytes = 0;
  for (const v1::Command* command : submission.commands) bytes += command->ByteSizeLong();
  return bytes;
}

absl::Status Full(absl::string_view what) {
  return domain::Refuse(v1::TOO_MANY_COMMANDS,
                        absl::StrCat("the queue of commands is full (", what, "): wait for answers, then try again"));
}

// Threads that read what repeated commands were answered.
constexpr size_t kRepeatThreads = 2;

}  // namespace

CommandBus::CommandBus(Archive archive, Clock* clock, CommandBusOptions options)
    : archive_(archive),
      options_(std::move(options)),
      cache_(options_.cached,
             [log = archive.log](eventstore::TenantNumber tenant) { return log->DurableHead(tenant).position; }),
      sequencer_(archive, clock, &cache_),
      repeats_(kRepeatThreads, 2 * options_.max_commands),  // one tenant may have half, which is all that are accepted
      thread_([this] { Work(); }) {}

CommandBus::~CommandBus() { Drain(); }

absl::Status CommandBus::Reserve(const Submission& submission, size_t bytes) {
  const size_t commands = submission.commands.size();
  std::lock_guard lock(mutex_);
  if (ending_) return domain::Refuse(v1::SERVER_STOPPING, "the server is ending; nothing was appended");
  Share& share = shares_[submission.tenant->number()];
  // A lone submission is taken whatever its size: its limits were checked when it was received.
  if (total_.commands > 0 && total_.commands + commands > options_.max_commands) return Full("commands");
  if (total_.commands > 0 && total_.bytes + bytes > options_.max_bytes) return Full("bytes");
  if (share.commands > 0 && share.commands + commands > options_.max_commands / 2)
    return Full("commands of this tenant");
  if (share.bytes > 0 && share.bytes + bytes > options_.max_bytes / 2) return Full("bytes of this tenant");
  total_.commands += commands;
  total_.bytes += bytes;
  share.commands += commands;
  share.bytes += bytes;
  return absl::OkStatus();
}

void CommandBus::Release(eventstore::TenantNumber tenant, size_t commands, size_t bytes) {
  std::lock_guard lock(mutex_);
  total_.commands -= commands;
  total_.bytes -= bytes;
  Share& share = shares_[tenant];
  share.commands -= commands;
  share.bytes -= bytes;
  if (total_.commands == 0) idle_.notify_all();
}

void CommandBus::Submit(Submission submission) {
  if (submission.commands.empty()) return submission.done({});
  const size_t bytes = BytesOf(submission);
  if (absl::Status reserved = Reserve(submission, bytes); !reserved.ok()) {
    return submission.done(std::vector<Outcome>(submission.commands.size(), Outcome{reserved, {}, 0}));
  }
  auto prepared = std::make_shared<std::vector<PreparedCommand>>();
  prepared->reserve(submission.commands.size());
  for (v1::Command* command : submission.commands) {
    prepared->push_back(Prepare(archive_, submission.tenant->number(), command));
    if (prepared->back().valid.ok()) LoadTouched(archive_, cache_, submission.tenant->number(), *command);
  }
  auto shared = std::make_shared<Submission>(std::move(submission));
  std::lock_guard lock(mutex_);
  // What was reserved before the end is still answered: Drain() waits for it.
  queue_.push_back({[this, shared, prepared, bytes] { Process(*shared, *prepared, bytes); }});
  wake_.notify_one();
}

bool CommandBus::Run(std::function<void()> job) {
  std::lock_guard lock(mutex_);
  if (ending_) return false;
  queue_.push_back({std::move(job)});
  wake_.notify_one();
  return true;
}

absl::Status CommandBus::Settle(const Tenant& tenant) {
  // Shared: the committer may still be leaving set_value() when the waiting thread is gone.
  auto settled = std::make_shared<std::promise<absl::Status>>();
  archive_.log->AfterPending(tenant.number(),
                             [settled](absl::Status status) { settled->set_value(std::move(status)); });
  return WithReason(settled->get_future().get());
}

void CommandBus::Work() {
  pthread_setname_np(pthread_self(), "sequencer");
  while (true) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return !queue_.empty() || (ending_ && total_.commands == 0); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task.run();
  }
}

void CommandBus::Process(Submission& submission, const std::vector<PreparedCommand>& prepared, size_t bytes) {
  Tenant& tenant = *submission.tenant;
  auto outcomes = std::make_shared<std::vector<Outcome>>(
      submission.atomic ? sequencer_.DecideTogether(tenant, submission.caller, prepared, submission.deadline)
                        : sequencer_.DecideEach(tenant, submission.caller, prepared, submission.deadline));
  const eventstore::TenantNumber number = tenant.number();
  // Nothing that an answer says may be lost: it waits for the newest commit that it read, refusals and repeats too.
  archive_.log->AfterPending(number, [this, number, bytes, outcomes, done = std::move(submission.done),
                                      owner = submission.owner](absl::Status status) {
    status = WithReason(status);
    bool has_repeated = false;
    for (Outcome& outcome : *outcomes) {
      if (!status.ok()) outcome.status = status;
      has_repeated = has_repeated || outcome.repeated_first_position != 0;
    }
    const auto answer = [this, number, bytes, outcomes, done, status] {
      FillRepeated(*archive_.log, number, outcomes.get());
      const size_t count = outcomes->size();
      done(std::move(*outcomes));
      if (!status.ok() && options_.on_write_failure) options_.on_write_failure(status);
      Release(number, count, bytes);
    };
    // Neither the committer nor the sequencer waits for a disk that others read from.
    if (!has_repeated || !repeats_.Run(absl::StrCat(number), answer)) answer();
  });
}

void CommandBus::Drain() {
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    wake_.notify_all();
    idle_.wait(lock, [&] { return total_.commands == 0; });
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace recount::services
