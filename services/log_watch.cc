#include "services/log_watch.h"

#include <pthread.h>

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "eventstore/event_log.h"
#include "eventstore/key_vault.h"
#include "services/tenants.h"

namespace recount::services {
namespace {

constexpr std::chrono::milliseconds kInterval(500);

}  // namespace

absl::Status WriteFailure(const Archive& archive) {
  if (absl::Status keys = archive.vault->Flush(); !keys.ok()) return keys;
  // Shared: the committer may still be leaving set_value() when this thread has gone on.
  auto settled = std::make_shared<std::promise<absl::Status>>();
  archive.log->AfterPending(kSystemLog,
                            [settled](absl::Status status) { settled->set_value(std::move(status)); });
  return settled->get_future().get();
}

LogWatch::LogWatch(Archive archive, std::function<void(absl::Status)> on_failure)
    : archive_(archive), on_failure_(std::move(on_failure)), thread_([this] { Run(); }) {}

LogWatch::~LogWatch() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ending_changed_.notify_all();
  thread_.join();
}

void LogWatch::Run() {
  pthread_setname_np(pthread_self(), "log-watch");
  std::unique_lock lock(mutex_);
  while (!ending_changed_.wait_for(lock, kInterval, [this] { return ending_; })) {
    lock.unlock();
    const absl::Status failure = WriteFailure(archive_);
    if (!failure.ok()) return on_failure_(failure);
    lock.lock();
  }
}

}  // namespace recount::services
