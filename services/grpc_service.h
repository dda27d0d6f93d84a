// A service on the wire, made from its descriptor and a table of methods. All methods take the same way in: who calls,
// may they, is the request sound; and the same way out: one answer or one status with google.rpc details.
#ifndef RECOUNT_SERVICES_GRPC_SERVICE_H_
#define RECOUNT_SERVICES_GRPC_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <list>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "services/credentials.h"
#include "services/rpc.h"

namespace recount::services {

// What every call needs to come in; outlives the server.
struct Gate {
  const Credentials* credentials = nullptr;
  const MethodTable* methods = nullptr;
};

class DescribedService : public grpc::Service {
 public:
  // Every method of `service` must be in the table: FAILED_PRECONDITION names those that are not.
  static absl::StatusOr<std::unique_ptr<DescribedService>> Make(const google::protobuf::ServiceDescriptor* service,
                                                                const Gate& gate);

 private:
  DescribedService() = default;
  void AddDescribed(const google::protobuf::MethodDescriptor* method, const Method* handler, const Gate& gate);

  std::list<std::string> paths_;  // gRPC keeps pointers to them
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_GRPC_SERVICE_H_
