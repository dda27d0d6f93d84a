// What every call of the benchmark's client needs.
#ifndef RECOUNT_TOOLS_BENCHMARKS_GRPC_REQUESTS_H_
#define RECOUNT_TOOLS_BENCHMARKS_GRPC_REQUESTS_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <string>

namespace recount::tools {

inline void AddCaller(grpc::ClientContext* context) {
  context->AddMetadata("recount-tenant", "bench");
  context->AddMetadata("recount-actor", "users/0042");
}

inline grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_BENCHMARKS_GRPC_REQUESTS_H_
