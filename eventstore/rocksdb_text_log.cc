#include "eventstore/rocksdb_text_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <utility>

namespace recount::eventstore {
namespace {

constexpr size_t kLongestLine = 4096;

class TextLog : public rocksdb::Logger {
 public:
  TextLog(std::string path, size_t max_bytes)
      : Logger(rocksdb::InfoLogLevel::INFO_LEVEL), path_(std::move(path)), max_bytes_(max_bytes) {}
  ~TextLog() override {
    Close().PermitUncheckedError();
    if (file_ >= 0) close(file_);
  }

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    char line[kLongestLine];
    const std::time_t now = std::time(nullptr);
    std::tm utc;
    gmtime_r(&now, &utc);
    size_t size = std::strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ ", &utc);
    const int wanted = std::vsnprintf(line + size, sizeof(line) - size - 1, format, arguments);
    size = std::min(size + static_cast<size_t>(std::max(wanted, 0)), sizeof(line) - 2);
    if (line[size - 1] != '\n') line[size++] = '\n';
    std::lock_guard lock(mutex_);
    if (file_ < 0 || bytes_ > max_bytes_) Begin();
    const ssize_t written = file_ < 0 ? -1 : write(file_, line, size);
    if (written > 0) bytes_ += static_cast<size_t>(written);
  }

 private:
  // mutex_ is held.
  void Begin() {
    if (file_ >= 0) close(file_);
    rename(path_.c_str(), (path_ + ".old").c_str());  // there may be none
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bytes_ = 0;
  }

  const std::string path_;
  const size_t max_bytes_;
  std::mutex mutex_;
  // Guarded by mutex_.
  int file_ = -1;  // negative: no line came yet, or it could not be opened
  size_t bytes_ = 0;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> OpenTextLog(const std::string& directory, size_t max_bytes) {
  return std::make_shared<TextLog>(directory + "/LOG", max_bytes);
}

}  // namespace recount::eventstore
