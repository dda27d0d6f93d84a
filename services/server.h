// A whole server in one object: log, keys, tenants, read models, bus and gRPC. recountd is this with flags; tests start
// it in process.
#ifndef RECOUNT_SERVICES_SERVER_H_
#define RECOUNT_SERVICES_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/credentials.h"

namespace recount::services {

struct ServerOptions {
  std::string data_folder;  // made if missing; empty: everything in memory
  std::string listen = "127.0.0.1:0";
  Credentials credentials = Credentials::Insecure();
  std::string tls_certificate;  // PEM; empty: plain text
  std::string tls_key;          // PEM
  std::string master_key_file;  // empty: keys/master.key in the data folder
  // Where AdminService.BackUp may write; empty: nowhere.
  std::string backups_folder;
  // The clock is set by AdminService.SetClock. Only in an empty folder or one that was made so.
  bool simulated_clock = false;
  bool models_in_memory = false;
  // Read models stand still; for measuring the write side alone.
  bool pause_projectors = false;
  // Resident memory of the process, at least kLeastMemory (services/memory_shares.h). 0: nobody looks after it, as if there was much; what
  // is set here is the process's, and one server a process sets it.
  size_t memory_bytes = 0;
  size_t report_part_rows = 8192;   // reports are counted in parts of so many rows (projections::EngineContext)
  uint64_t unpacked_events = 4096;  // of each tenant, the newest (eventstore::RocksdbLogOptions)
  // A write of the log failed: nothing can be promised any more, and the process should end.
  std::function<void(absl::Status)> on_write_failure;
};

class Server {
 public:
  // Serves when it returns.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options);
  virtual ~Server() = default;
  virtual std::string address() const = 0;  // with the port that was chosen
  // Takes no more calls, answers what was accepted, writes everything down.
  virtual absl::Status Stop() = 0;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_SERVER_H_
