// Requests of every kind, from the wire to the limits of the protos.
#include <vector>

#include "domain/aggregate.h"
#include "domain/refusal.h"
#include "google/protobuf/descriptor.h"
#include "recount/v1/admin.pb.h"
#include "recount/v1/history.pb.h"
#include "recount/v1/query.pb.h"
#include "recount/v1/report.pb.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::domain {
namespace {

using google::protobuf::Message;

const std::vector<const Message*>& Requests() {
  static const auto& requests = *new std::vector<const Message*>{
      &v1::Command::default_instance(),         &v1::CommandBatch::default_instance(),
      &v1::RunReportRequest::default_instance(), &v1::ExplainReportRequest::default_instance(),
      &v1::ListRequest::default_instance(),     &v1::RuleProposal::default_instance(),
      &v1::SubscribeRequest::default_instance(), &v1::CreateTenantRequest::default_instance(),
  };
  return requests;
}

}  // namespace
}  // namespace recount::domain

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount;
  FuzzedDataProvider choices(data, size);
  const auto& requests = domain::Requests();
  const size_t kind = choices.ConsumeIntegralInRange<size_t>(0, requests.size() - 1);
  std::unique_ptr<google::protobuf::Message> message(requests[kind]->New());
  if (!message->ParseFromString(choices.ConsumeRemainingBytesAsString())) return 0;
  const absl::Status limits = domain::CheckLimits(*message);
  // A refusal has a reason that clients can act on.
  MUST(limits.ok() || domain::ReasonOf(limits) != v1::ERROR_REASON_UNSPECIFIED);
  // What is stored and sent on is the same message, and within the limits or not as before.
  std::unique_ptr<google::protobuf::Message> again(requests[kind]->New());
  MUST(again->ParseFromString(message->SerializeAsString()));
  MUST(domain::CheckLimits(*again).ok() == limits.ok());
  return 0;
}
