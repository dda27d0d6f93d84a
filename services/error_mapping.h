// The one place where an absl::Status becomes what a client sees: code, sentence and google.rpc details.
#ifndef RECOUNT_SERVICES_ERROR_MAPPING_H_
#define RECOUNT_SERVICES_ERROR_MAPPING_H_

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace grpc {
class Status;
}

namespace recount::services {

// Gives a reason to errors that come from below with one as a prefix ("DISK_FULL: the disk ..."); others stay.
absl::Status WithReason(const absl::Status& status);

google::rpc::Status ToRpc(const absl::Status& status);
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_ERROR_MAPPING_H_
