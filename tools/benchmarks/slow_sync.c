/* For LD_PRELOAD: every fsync and fdatasync takes SLOW_SYNC_MICROS longer, to stand in for an ordinary SSD or a cloud
 * volume. The same under the product and its peers. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void WaitLonger(void) {
  const char* text = getenv("SLOW_SYNC_MICROS");
  const long micros = text == NULL ? 0 : atol(text);
  const struct timespec time = {micros / 1000000, micros % 1000000 * 1000};
  if (micros > 0) nanosleep(&time, NULL);
}

int fsync(int file) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  const int result = real(file);
  WaitLonger();
  return result;
}

int fdatasync(int file) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  const int result = real(file);
  WaitLonger();
  return result;
}
