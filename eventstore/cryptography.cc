#include "eventstore/cryptography.h"

#include <pthread.h>
#include <sodium.h>

#include <mutex>

namespace recount::eventstore {

absl::Status StartCryptography() {
  static std::once_flag once;
  static int started = -1;
  std::call_once(once, [] {
    // libsodium's generator of its own, seeded by the kernel and with a key of its own in each thread: each key and nonce
    // would otherwise cost a system call, three for a record with personal data.
    randombytes_set_implementation(&randombytes_internal_implementation);
    started = sodium_init();
    // It ends a forked process that would go on drawing what its parent draws; a new seed makes it a stream of its own.
    pthread_atfork(nullptr, nullptr, [] { randombytes_stir(); });
  });
  return started < 0 ? absl::InternalError("libsodium does not start") : absl::OkStatus();
}

}  // namespace recount::eventstore
