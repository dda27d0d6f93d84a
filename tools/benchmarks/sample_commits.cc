#include "tools/benchmarks/sample_commits.h"

#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "recount/v1/deal.pb.h"

namespace recount::tools {
namespace {

// Of recount/v1/event.proto and deal.proto.
constexpr uint32_t kDealCreated = 6 << 16 | 1;
constexpr uint32_t kDealStageChanged = 6 << 16 | 3;
constexpr int64_t kFirstMicros = 1'767'225'600'000'000;  // 2026-01-01
constexpr const char* kStages[] = {"potential", "offer", "negotiation", "order"};

std::string Created(absl::string_view request) {
  v1::DealCreated created;
  auto* id = created.add_external_ids();
  id->set_source("erp");
  id->set_id(std::string(request));
  created.set_pipeline("main");
  created.set_stage(kStages[0]);
  created.mutable_value()->set_currency_code("EUR");
  created.mutable_value()->set_units(12500);
  created.mutable_source()->set_id("referral");
  return created.SerializeAsString();
}

std::string StageChanged(uint64_t revision) {
  v1::DealStageChanged changed;
  changed.set_stage(kStages[revision % 4]);
  return changed.SerializeAsString();
}

}  // namespace

eventstore::Proposal SampleCommit(eventstore::TenantNumber tenant, const std::string& deal,
                                  uint64_t revision, absl::string_view request) {
  eventstore::Proposal proposal;
  proposal.tenant = tenant;
  storage::v1::CommitRecord& record = proposal.record;
  record.set_format(1);
  record.set_recorded_micros(kFirstMicros);  // Sequence() lets it not go back
  record.set_actor("users/0042");
  record.set_channel(1);
  record.set_request_id(absl::StrCat("7d0f3a52-91c4-4e6b-8d27-", request));
  record.set_correlation_id(absl::StrCat("0c9a1e44-5b7d-4f02-a6c8-", request));
  record.set_command_hash(std::string(32, 'h'));
  record.set_answer_name(deal);
  storage::v1::StoredEvent* event = record.add_events();
  event->set_stream(deal);
  event->set_type(revision == 0 ? kDealCreated : kDealStageChanged);
  // One instant after the other within a stream.
  event->set_occurred_micros(kFirstMicros + static_cast<int64_t>(revision) * 60'000'000);
  event->set_precision(1);
  event->set_schema_version(1);
  event->set_payload(revision == 0 ? Created(request) : StageChanged(revision));
  proposal.expectations.push_back({deal, revision});
  if (revision > 0) return proposal;
  storage::v1::KeyClaim* claim = record.add_claims();
  claim->set_key(absl::StrCat("deals/external/erp/", request));
  claim->set_stream(deal);
  return proposal;
}

std::string StoredSample(uint64_t position, const std::string& deal, uint64_t revision,
                         eventstore::ChainHash* previous) {
  eventstore::Proposal proposal = SampleCommit(1, deal, revision, absl::StrCat("s-", position));
  proposal.record.set_first_position(position);
  proposal.record.mutable_events(0)->set_revision(revision + 1);
  const std::string bytes = proposal.record.SerializeAsString();
  *previous = eventstore::NextHash(*previous, bytes);
  return std::string(reinterpret_cast<const char*>(previous->data()), previous->size()) + bytes;
}

}  // namespace recount::tools
