#include "services/log_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "eventstore/event_log_testing.h"
#include "eventstore/key_vault.h"

namespace recount::services {
namespace {

using ::testing::HasSubstr;

class LogWatchTest : public testing::Test {
 protected:
  // A log whose writes fail.
  void OpenBrokenLog() {
    eventstore::RocksdbLogOptions options;
    options.directory = eventstore::MakeTemporaryDirectory();
    options.before_sync = [] { return absl::UnavailableError("the disk is broken"); };
    auto opened = eventstore::OpenRocksdbEventLog(options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }

  std::unique_ptr<eventstore::EventLog> log_ = eventstore::NewMemoryEventLog();
  const std::unique_ptr<eventstore::KeyVault> vault_ = eventstore::NewMemoryKeyVault();
};

TEST_F(LogWatchTest, TellsAFailureThoughNobodyAsks) {
  OpenBrokenLog();
  std::promise<absl::Status> told;
  const LogWatch watch({log_.get(), vault_.get()}, [&](absl::Status status) { told.set_value(std::move(status)); });
  EXPECT_TRUE(WriteFailure({log_.get(), vault_.get()}).ok());
  EXPECT_FALSE(eventstore::AppendNow(*log_, 1, {"deals/1"}).ok());
  EXPECT_THAT(std::string(told.get_future().get().message()), HasSubstr("the disk is broken"));
}

TEST_F(LogWatchTest, AClosedLogStillTellsWhetherItFailed) {
  EXPECT_TRUE(eventstore::AppendNow(*log_, 1, {"deals/1"}).ok());
  log_->Close();
  EXPECT_TRUE(WriteFailure({log_.get(), vault_.get()}).ok());
  OpenBrokenLog();
  EXPECT_FALSE(eventstore::AppendNow(*log_, 1, {"deals/1"}).ok());
  log_->Close();
  EXPECT_FALSE(WriteFailure({log_.get(), vault_.get()}).ok());
}

TEST_F(LogWatchTest, SaysNothingWhileAllIsWell) {
  bool told = false;
  {
    const LogWatch watch({log_.get(), vault_.get()}, [&](absl::Status) { told = true; });
    EXPECT_TRUE(eventstore::AppendNow(*log_, 1, {"deals/1"}).ok());
  }
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace recount::services
