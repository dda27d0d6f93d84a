#include "eventstore/cryptography.h"

#include <sodium.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

using Key = std::array<unsigned char, 32>;

Key Draw() {
  Key key;
  randombytes_buf(key.data(), key.size());
  return key;
}

TEST(CryptographyTest, NoTwoThreadsDrawTheSame) {
  ASSERT_TRUE(StartCryptography().ok());
  ASSERT_TRUE(StartCryptography().ok());
  std::vector<std::vector<Key>> drawn(8);
  std::vector<std::thread> threads;
  for (auto& keys : drawn) {
    threads.emplace_back([&keys] {
      for (int i = 0; i < 1000; ++i) keys.push_back(Draw());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<Key> all;
  for (const auto& keys : drawn) all.insert(keys.begin(), keys.end());
  EXPECT_EQ(all.size(), 8000u);
}

TEST(CryptographyTest, AForkedProcessDrawsNothingThatItsParentDraws) {
  ASSERT_TRUE(StartCryptography().ok());
  Draw();
  int channel[2];
  ASSERT_EQ(pipe(channel), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Key key = Draw();
    _exit(write(channel[1], key.data(), key.size()) == static_cast<ssize_t>(key.size()) ? 0 : 1);
  }
  Key theirs;
  const Key ours = Draw();
  close(channel[1]);
  ASSERT_EQ(read(channel[0], theirs.data(), theirs.size()), static_cast<ssize_t>(theirs.size()));
  close(channel[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_NE(ours, theirs);
}

}  // namespace
}  // namespace recount::eventstore
