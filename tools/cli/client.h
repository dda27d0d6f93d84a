// Calls of the server without gRPC's headers: by method name, with the messages of proto/recount/v1.
#ifndef RECOUNT_TOOLS_CLI_CLIENT_H_
#define RECOUNT_TOOLS_CLI_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "recount/v1/admin.pb.h"
#include "recount/v1/history.pb.h"
#include "recount/v1/report.pb.h"
#include "tools/api.h"
#include "tools/import/import_target.h"

namespace recount::tools {

struct Connection {
  std::string server = "127.0.0.1:7420";
  std::string tenant;
  std::string actor;
  std::string sees;             // rights, where the server runs with --insecure; empty: everything
  std::string token;
  std::string tls_ca;           // PEM file; empty: without TLS
  double timeout_seconds = 60;  // of one call
  // Called each second that an answer takes, with the seconds so far; then with 0 when it is there.
  std::function<void(int seconds)> on_wait;
};

// A status of the server keeps its google.rpc.Status as a payload (failure.h reads it).
class Client {
 public:
  // Does not connect yet; fails if who calls cannot be said in ASCII, the TLS file is none, or a token would leave this machine in clear.
  static absl::StatusOr<std::unique_ptr<Client>> Make(const Connection& connection);
  virtual ~Client() = default;

  // `method`: `ReportService.RunReport`, of the package recount.v1 unless it begins with a slash.
  virtual absl::Status Call(absl::string_view method, const google::protobuf::Message& request,
                            google::protobuf::Message* response) = 0;
  // Streams; the callback returns false to stop.
  virtual absl::Status Subscribe(const api::SubscribeRequest& request,
                                 const std::function<bool(const api::SubscribeResponse&)>& on_message) = 0;
  virtual absl::Status Watch(const api::WatchReportRequest& request,
                             const std::function<bool(const api::WatchReportResponse&)>& on_message) = 0;
  virtual absl::Status Rebuild(const api::RebuildRequest& request,
                               const std::function<bool(const api::RebuildProgress&)>& on_message) = 0;
  virtual absl::Status Verify(const api::VerifyRequest& request,
                              const std::function<bool(const api::VerifyProgress&)>& on_message) = 0;
  virtual absl::Status BackUp(const api::BackUpRequest& request,
                              const std::function<bool(const api::BackUpProgress&)>& on_message) = 0;
  virtual std::unique_ptr<CommandStream> OpenStream() = 0;
  // False: the server did not answer in time.
  virtual bool WaitUntilServing(double seconds) = 0;
  virtual const Connection& connection() const = 0;
};

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_CLIENT_H_
