#include "projections/array_memory.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "gtest/gtest.h"
#include "projections/interval_table.h"
#include "projections/shared_array.h"

namespace recount::projections {
namespace {

constexpr size_t kMegabyte = 1 << 20;

class ArrayMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/recount_arrays_XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    folder_ = path;
  }
  void TearDown() override {
    memory_.Bound("", SIZE_MAX);
    EXPECT_EQ(memory_.use().in_memory + memory_.use().in_files, 0u) << "all arrays were freed";
    EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "the files have no names";
    std::filesystem::remove_all(folder_);
  }

  ArrayMemory& memory_ = ArrayMemory::OfProcess();
  std::string folder_;
};

size_t Resident() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

TEST_F(ArrayMemoryTest, BeyondTheLimitLargeArraysLieInFiles) {
  memory_.Bound(folder_, 4 * kMegabyte);
  const ArrayVector<char> small(kMegabyte / 8);
  EXPECT_EQ(memory_.use().in_memory, 0u) << "small ones are not counted";
  auto first = std::make_unique<ArrayVector<int64_t>>(3 * kMegabyte / 8);
  const ArrayVector<char> second(2 * kMegabyte);
  EXPECT_EQ(memory_.use().in_memory, 3 * kMegabyte);
  EXPECT_EQ(memory_.use().in_files, 2 * kMegabyte);
  first.reset();
  const ArrayVector<char> third(4 * kMegabyte);
  EXPECT_EQ(memory_.use().in_memory, 4 * kMegabyte) << "there was room again";
  EXPECT_EQ(memory_.use().in_files, 2 * kMegabyte);
  EXPECT_EQ(memory_.use().without_room, 0u);
}

TEST_F(ArrayMemoryTest, WithoutALimitAllLieInMemory) {
  memory_.Bound("", 0);
  const ArrayVector<char> array(8 * kMegabyte);
  EXPECT_EQ(memory_.use().in_memory, 8 * kMegabyte);
  EXPECT_EQ(memory_.LetGo(kMegabyte), 0u);
}

TEST_F(ArrayMemoryTest, WhereNoFileCanBeMadeAnArrayLiesInMemoryAndIsCounted) {
  memory_.Bound(folder_ + "/is not there", 0);
  const ArrayVector<char> array(kMegabyte, 'x');
  EXPECT_EQ(memory_.use().in_memory, kMegabyte);
  EXPECT_EQ(memory_.use().without_room, kMegabyte);
  EXPECT_EQ(memory_.use().in_files, 0u);
}

TEST_F(ArrayMemoryTest, WhatIsLetGoIsNoMoreInTheProcessAndIsFoundAgain) {
  memory_.Bound(folder_, 0);
  ArrayVector<char> array(64 * kMegabyte, 'x'), other(kMegabyte, 'y');
  const size_t before = Resident();
  EXPECT_EQ(memory_.LetGo(SIZE_MAX), 65 * kMegabyte) << "once around";
  EXPECT_LT(Resident() + 48 * kMegabyte, before);
  EXPECT_EQ(std::count(array.begin(), array.end(), 'x'), 64 * kMegabyte);
  EXPECT_EQ(std::count(other.begin(), other.end(), 'y'), kMegabyte);
}

TEST_F(ArrayMemoryTest, LettingGoComesByAllOfThem) {
  memory_.Bound(folder_, 0);
  ArrayVector<char> small(kMegabyte, 'x'), large(40 * kMegabyte, 'x'), last(3 * kMegabyte, 'x');
  const size_t before = Resident();
  size_t gone = 0;
  while (gone < 44 * kMegabyte) gone += memory_.LetGo(kMegabyte);
  EXPECT_LT(Resident() + 32 * kMegabyte, before);
}

// What a projector and questions do: one thread adds, copies are read, and arrays move as they grow.
TEST_F(ArrayMemoryTest, ArraysGrowAndAreReadWhileTheyAreLetGo) {
  memory_.Bound(folder_, 2 * kMegabyte);
  std::atomic<bool> done = false;
  std::thread keeper([&] {
    while (!done) memory_.LetGo(8 * kMegabyte);
  });
  for (int round = 0; round < 3; ++round) {
    SharedArray<int64_t> array;
    SharedArray<uint64_t> changing(100000, 7);
    constexpr int kSteps = 40, kAtOnce = 20000;
    for (int step = 0; step < kSteps; ++step) {
      for (int i = 0; i < kAtOnce; ++i) array.push_back(array.size() * 3);
      changing.Store(static_cast<size_t>(step), 9);
      std::thread reader([copy = array, changes = changing, step] {
        for (size_t i = 0; i < copy.size(); i += 101) ASSERT_EQ(copy[i], static_cast<int64_t>(i * 3));
        for (size_t i = 0; i < kSteps; ++i) ASSERT_TRUE(changes.Load(i) == 9 || static_cast<int>(i) > step);
      });
      for (int i = 0; i < kAtOnce; ++i) array.push_back(array.size() * 3);
      reader.join();
    }
  }
  done = true;
  keeper.join();
}

// The same table twice: it says the same wherever its arrays lie.
TEST_F(ArrayMemoryTest, ATableInFilesSaysWhatOneInMemorySays) {
  const auto digest = [&](size_t limit) {
    memory_.Bound(folder_, limit);
    Dictionary dictionary;
    IntervalTable table("deal", {{"when", ColumnKind::kTime, "", ""}, {"name", ColumnKind::kText, "", ""}}, &dictionary);
    for (int64_t i = 0; i < 60000; ++i) {
      const int64_t record = dictionary.Intern("deals/" + std::to_string(i % 20000));
      if (i >= 20000) table.Retire(static_cast<size_t>(i - 20000), static_cast<uint64_t>(i));
      const int64_t values[] = {i * 1000, dictionary.Intern("name " + std::to_string(i))};
      table.Append(record, 0, static_cast<uint64_t>(i), i, kOpenTime, values);
      if (i % 10000 == 0) memory_.LetGo(SIZE_MAX);
    }
    std::vector<uint32_t> rows;
    table.indexes().Find(table, 0, 5000000, 59000000, {60000, kOpenTime - 1}, &rows);
    table.indexes().All(table, {30000, 20000}, &rows);
    absl::uint128 sum = table.DigestAt(45000) + table.digest();
    for (const uint32_t row : rows) sum += row;
    EXPECT_EQ(memory_.use().in_files > 6 * kMegabyte, limit == 0);
    return sum;
  };
  EXPECT_EQ(digest(0), digest(SIZE_MAX));
}

}  // namespace
}  // namespace recount::projections
