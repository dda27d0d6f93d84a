#include "eventstore/rocksdb_text_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "eventstore/durable_file.h"

namespace recount::eventstore {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class TextLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }

  std::string Content(const std::string& name) const { return ReadFile(directory_ + "/" + name).value_or("none"); }

  const std::string directory_ = ::testing::TempDir() + "text_log";
};

TEST_F(TextLogTest, WritesALineAtATimeAndKeepsTheFormerLog) {
  rocksdb::Log(OpenTextLog(directory_), "opened %d files", 7);
  EXPECT_THAT(Content("LOG"), AllOf(HasSubstr("Z "), EndsWith("opened 7 files\n")));
  rocksdb::Log(OpenTextLog(directory_), "opened again");
  EXPECT_THAT(Content("LOG"), AllOf(HasSubstr("again"), Not(HasSubstr("7 files"))));
  EXPECT_THAT(Content("LOG.old"), HasSubstr("7 files"));
}

TEST_F(TextLogTest, CutsLongLinesAndBeginsAnewWhenItIsLarge) {
  const auto log = OpenTextLog(directory_, 10000);
  for (int i = 0; i < 10; ++i) rocksdb::Log(log, "%d %s", i, std::string(5000, 'x').c_str());
  EXPECT_LE(Content("LOG").size(), 15000u);
  EXPECT_LE(Content("LOG.old").size(), 15000u);
  EXPECT_THAT(Content("LOG"), HasSubstr("9 xxx"));
  EXPECT_THAT(Content("LOG"), EndsWith("x\n"));
}

TEST_F(TextLogTest, LeavesOutWhatCannotBeWritten) {
  const auto log = OpenTextLog(directory_);
  rocksdb::Log(log, "before");
  rlimit former;
  ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &former));
  signal(SIGXFSZ, SIG_IGN);
  rlimit none = former;
  none.rlim_cur = 0;
  ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &none));
  rocksdb::Log(log, "lost");
  rocksdb::Log(log, "lost, too");
  ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &former));
  rocksdb::Log(log, "after");
  EXPECT_THAT(Content("LOG"), AllOf(HasSubstr("before"), HasSubstr("after"), Not(HasSubstr("lost"))));
}

TEST_F(TextLogTest, AFolderThatIsNotThereIsNoReasonToFail) {
  rocksdb::Log(OpenTextLog(directory_ + "/none"), "unheard");
  EXPECT_FALSE(FileExists(directory_ + "/none"));
}

}  // namespace
}  // namespace recount::eventstore
