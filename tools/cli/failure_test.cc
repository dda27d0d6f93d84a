#include "tools/cli/failure.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::tools {
namespace {

using ::testing::HasSubstr;

constexpr char kServer[] = "10.0.0.7:7420";

TEST(Failure, NoConnectionSaysWhatToDo) {
  const std::pair<const char*, const char*> cases[] = {
      {"last error: UNKNOWN: ipv4:10.0.0.7:7420: Failed to connect to remote host: Connection refused", "is recountd running at 10.0.0.7:7420?"},
      {"last error: UNKNOWN: Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed",
       "--tls-ca must name the authority that signed the certificate of 10.0.0.7:7420"},
      {"last error: UNKNOWN: Peer name localhost is not in peer certificate", "the certificate is for another name than 10.0.0.7:7420"},
      {"last error: UNKNOWN: Ssl handshake failed: SSL_ERROR_SSL: error:0A00010B:SSL routines::wrong version number", "does not speak TLS"},
      {"last error: UNAVAILABLE: ipv4:10.0.0.7:7420: Socket closed", "if 10.0.0.7:7420 speaks TLS, --tls-ca FILE"},
      {"DNS resolution failed for nowhere:7420", "HOST:PORT"},
  };
  for (const auto& [message, advice] : cases) {
    EXPECT_THAT(Describe(absl::UnavailableError(message), kServer), HasSubstr(std::string("\n  try: "))) << message;
    EXPECT_THAT(Describe(absl::UnavailableError(message), kServer), HasSubstr(advice));
  }
  EXPECT_THAT(Describe(absl::DeadlineExceededError("Deadline Exceeded"), kServer), HasSubstr("--timeout"));
}

TEST(Failure, WhatOthersWroteDoesNotSteerTheTerminal) {
  EXPECT_EQ(Describe(absl::NotFoundError("there is no deals/\x1b[31m"), kServer), "recount: there is no deals/\\x1b[31m\n");
  EXPECT_EQ(Describe(absl::DataLossError("one\n  two"), kServer), "recount: one\n   two\n");
}

TEST(Failure, ExitCodes) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), kExitOk);
  EXPECT_EQ(ExitCodeOf(Usage("wrong")), kExitUsage);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("wrong")), kExitFailed);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("none")), kExitNotFound);
  EXPECT_EQ(ExitCodeOf(absl::AlreadyExistsError("there")), kExitConflict);
  EXPECT_EQ(ExitCodeOf(absl::AbortedError("revision")), kExitConflict);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("away")), kExitUnavailable);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("late")), kExitUnavailable);
}

}  // namespace
}  // namespace recount::tools
