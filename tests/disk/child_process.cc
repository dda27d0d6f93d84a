#include "tests/disk/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace recount::disk {

ChildResult RunInChild(const std::function<void(const Report&)>& work, unsigned limit_seconds) {
  int channel[2];
  if (pipe(channel) != 0) abort();
  const pid_t child = fork();
  if (child == 0) {
    close(channel[0]);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    alarm(limit_seconds);
    work([&](absl::string_view part) {
      while (!part.empty()) {
        const ssize_t written = write(channel[1], part.data(), part.size());
        if (written <= 0) _exit(1);
        part.remove_prefix(static_cast<size_t>(written));
      }
      alarm(limit_seconds);
    });
    _exit(0);
  }
  close(channel[1]);
  ChildResult result;
  char part[4096];
  for (ssize_t size; (size = read(channel[0], part, sizeof(part))) > 0;) result.text.append(part, static_cast<size_t>(size));
  close(channel[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    result.end = WTERMSIG(status) == SIGALRM ? ChildResult::End::kHung : ChildResult::End::kAborted;
  }
  return result;
}

}  // namespace recount::disk
