// Stands before the C library's accept4() for the whole program. gRPC 1.51 never accepts again once that has failed for want of
// a free file (CVE-2023-4785), so here it does not fail so: a connection that finds too few files free is closed at once, which its
// client sees, and a part of the files is kept for the data.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <mutex>

namespace {

constexpr rlim_t kMostKept = 4096;

// Files with this number and above are no connections: a new file has the lowest number that is free.
int FirstKept() {
  static const int first = [] {
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return INT_MAX;
    const rlim_t files = std::min<rlim_t>(limit.rlim_cur, INT_MAX);
    return static_cast<int>(files - std::min(files / 4, kMostKept));
  }();
  return first;
}

void SayRefused() {
  using Clock = std::chrono::steady_clock;
  static std::atomic<Clock::rep> next_said{0};
  const Clock::rep now = Clock::now().time_since_epoch().count();
  Clock::rep next = next_said;
  const Clock::rep later = now + Clock::duration(std::chrono::minutes(1)).count();
  if (now < next || !next_said.compare_exchange_strong(next, later)) return;
  std::fprintf(stderr,
               "recountd: connections are refused, since %d files are open: close connections, or raise the limit of open "
               "files (ulimit -Hn, LimitNOFILE=) and start again\n",
               FirstKept());
}

int Accept(int listener, sockaddr* address, socklen_t* size, int flags) {
  return static_cast<int>(syscall(SYS_accept4, listener, address, size, flags));
}

// A file that is given up to take a connection and close it when there is no other.
class Spare {
 public:
  // What accepting it ended with; -1 and errno.
  int AcceptAndClose(int listener) {
    std::lock_guard lock(mutex_);
    if (file_ >= 0) close(file_);
    const int accepted = Accept(listener, nullptr, nullptr, 0);
    const int error = errno;
    if (accepted >= 0) close(accepted);
    file_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
    errno = error;
    return accepted;
  }

 private:
  std::mutex mutex_;
  int file_ = open("/dev/null", O_RDONLY | O_CLOEXEC);  // guarded by mutex_
};

Spare spare;

}  // namespace

extern "C" int accept4(int listener, sockaddr* address, socklen_t* size, int flags) {
  while (true) {
    const int accepted = Accept(listener, address, size, flags);
    if (accepted >= 0 && accepted < FirstKept()) return accepted;
    if (accepted < 0 && errno != EMFILE && errno != ENFILE) return -1;
    SayRefused();
    if (accepted >= 0) {
      close(accepted);
    } else if (spare.AcceptAndClose(listener) < 0) {
      // Whatever it was: "none waits" makes gRPC listen on.
      errno = EAGAIN;
      return -1;
    }
  }
}
