/* For LD_PRELOAD: counts the calls of a process that change files under MACHINE_FAULTS_FOLDER, over all threads, and lets the
 * one with the number MACHINE_FAULTS_AT (from 1; 0 or missing: none) meet MACHINE_FAULTS_KIND:
 *
 *   eio, enospc   it fails and does nothing
 *   short         it writes half of what it should; if it is no write, the next one does
 *   kill_before   the process is killed instead of the call
 *   kill_after    ... right after it
 *   dead          it fails with EIO, and so do all after it
 *
 * MACHINE_FAULTS_TRACE names a file that gets a line `number call path` for each call, if none is to fail, else for the one that did.
 *
 * Time of day moves by the seconds in the file that MACHINE_FAULTS_CLOCK names, read again at each question; the clock that
 * deadlines are measured by does not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { kLongestPath = 4096 };

static atomic_long calls;
static atomic_int is_hit;

/* The function behind ours. */
#define REAL(name) ((__typeof__(&name))Next(#name))

static void* Next(const char* name) { return dlsym(RTLD_NEXT, name); }

static const char* Setting(const char* name) {
  const char* value = getenv(name);
  return value == NULL ? "" : value;
}

static int IsKind(const char* kind) { return strcmp(Setting("MACHINE_FAULTS_KIND"), kind) == 0; }

static void Trace(long number, const char* call, const char* path) {
  const char* file = Setting("MACHINE_FAULTS_TRACE");
  if (*file == '\0') return;
  char line[kLongestPath + 64];
  const int length = snprintf(line, sizeof(line), "%ld %s %s\n", number, call, path);
  const long out = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (out < 0) return;
  (void)!syscall(SYS_write, out, line, length);
  syscall(SYS_close, out);
}

static void Die(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

typedef enum { kGoOn, kFail, kShort, kDieAfter } Fate;

/* What becomes of a call on a path, or on an open file if `path` is NULL. */
static Fate FateOf(const char* call, const char* path, int file, int is_write) {
  const char* folder = Setting("MACHINE_FAULTS_FOLDER");
  char name[kLongestPath] = "", link[64];
  if (*folder == '\0') return kGoOn;
  const int before = errno;
  if (path == NULL) {
    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    const ssize_t length = readlink(link, name, sizeof(name) - 1);
    errno = before;
    if (length <= 0) return kGoOn;
    path = name;
  }
  if (strncmp(path, folder, strlen(folder)) != 0) return kGoOn;
  const long number = atomic_fetch_add(&calls, 1) + 1, at = atol(Setting("MACHINE_FAULTS_AT"));
  if (at == 0) Trace(number, call, path);
  if (at == 0 || number < at) return kGoOn;
  if (IsKind("short") ? !is_write : number > at && !IsKind("dead")) return kGoOn;
  if (atomic_exchange(&is_hit, 1)) {
    if (!IsKind("dead")) return kGoOn;
  } else {
    Trace(number, call, path);
  }
  if (IsKind("kill_before")) Die();
  if (IsKind("kill_after")) return kDieAfter;
  if (IsKind("short")) return kShort;
  errno = IsKind("enospc") ? ENOSPC : EIO;
  return kFail;
}

#define END(fate, result)               \
  const __typeof__(result) done = (result); \
  if (fate == kDieAfter) Die();         \
  return done

/* A function that changes files and has no result but whether it failed. */
#define FAULTY(name, path, file, parameters, arguments)  \
  int name parameters {                                  \
    const Fate fate = FateOf(#name, path, file, 0);      \
    if (fate == kFail) return -1;                        \
    END(fate, REAL(name) arguments);                     \
  }

FAULTY(fsync, NULL, file, (int file), (file))
FAULTY(fdatasync, NULL, file, (int file), (file))
FAULTY(sync_file_range, NULL, file, (int file, off64_t from, off64_t bytes, unsigned flags), (file, from, bytes, flags))
FAULTY(ftruncate, NULL, file, (int file, off_t length), (file, length))
FAULTY(fallocate, NULL, file, (int file, int mode, off_t from, off_t bytes), (file, mode, from, bytes))
FAULTY(rename, to, -1, (const char* from, const char* to), (from, to))
FAULTY(link, to, -1, (const char* from, const char* to), (from, to))
FAULTY(unlink, path, -1, (const char* path), (path))
FAULTY(mkdir, path, -1, (const char* path, mode_t mode), (path, mode))

ssize_t write(int file, const void* bytes, size_t count) {
  const Fate fate = FateOf("write", NULL, file, 1);
  if (fate == kFail) return -1;
  END(fate, REAL(write)(file, bytes, fate == kShort ? (count + 1) / 2 : count));
}

ssize_t pwrite(int file, const void* bytes, size_t count, off_t at) {
  const Fate fate = FateOf("pwrite", NULL, file, 1);
  if (fate == kFail) return -1;
  END(fate, REAL(pwrite)(file, bytes, fate == kShort ? (count + 1) / 2 : count, at));
}

ssize_t writev(int file, const struct iovec* parts, int count) {
  const Fate fate = FateOf("writev", NULL, file, 1);
  if (fate == kFail) return -1;
  END(fate, fate == kShort ? REAL(write)(file, parts[0].iov_base, parts[0].iov_len) : REAL(writev)(file, parts, count));
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
  va_end(more);
  const Fate fate = flags & O_CREAT ? FateOf("open", path, -1, 0) : kGoOn;
  if (fate == kFail) return -1;
  END(fate, REAL(open)(path, flags, mode));
}

FILE* fopen(const char* path, const char* mode) {
  const Fate fate = *mode == 'r' ? kGoOn : FateOf("fopen", path, -1, 0);
  if (fate == kFail) return NULL;
  END(fate, REAL(fopen)(path, mode));
}

/* ---- Time of day ---- */

static long SecondsMoved(void) {
  const char* file = Setting("MACHINE_FAULTS_CLOCK");
  if (*file == '\0') return 0;
  const int before = errno;
  char text[32] = "";
  const long in = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
  if (in >= 0) {
    (void)!syscall(SYS_read, in, text, sizeof(text) - 1);
    syscall(SYS_close, in);
  }
  errno = before;
  return atol(text);
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  const int done = (int)syscall(SYS_clock_gettime, clock, time);
  if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += SecondsMoved();
  return done;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  const int done = (int)syscall(SYS_gettimeofday, now, zone);
  if (done == 0) now->tv_sec += SecondsMoved();
  return done;
}

time_t time(time_t* result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != NULL) *result = now.tv_sec;
  return now.tv_sec;
}
