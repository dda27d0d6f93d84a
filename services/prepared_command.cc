#include "services/prepared_command.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <future>
#include <memory>
#include <utility>

#include "domain/aggregate.h"
#include "domain/refusal.h"
#include "eventstore/sha256.h"
#include "services/error_mapping.h"

namespace recount::services {
namespace {

std::string Sha256(absl::string_view text) {
  const auto hash = eventstore::Sha256({text});
  return {hash.begin(), hash.end()};
}

// Maps in a message (labels of rules) have no order of their own.
std::string Deterministic(const v1::Command& command) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  command.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

// Until what is sequenced is durable. An error: it never will be.
absl::Status AwaitPending(const Archive& archive, eventstore::TenantNumber tenant) {
  // Shared: the committer may still be leaving set_value() when the waiting thread is gone.
  auto settled = std::make_shared<std::promise<absl::Status>>();
  archive.log->AfterPending(tenant, [settled](absl::Status status) { settled->set_value(std::move(status)); });
  return settled->get_future().get();
}

}  // namespace

const v1::CommandHeader& PreparedCommand::header() const { return domain::HeaderOf(*command); }

PreparedCommand Prepare(const Archive& archive, eventstore::TenantNumber tenant, v1::Command* command) {
  PreparedCommand prepared;
  prepared.command = command;
  const google::protobuf::Message* message = domain::MessageIn(*command);
  if (message == nullptr) {
    prepared.valid = domain::Refuse(v1::EMPTY_COMMAND, "the command is empty: set one of its fields");
    return prepared;
  }
  prepared.valid = domain::CheckLimits(*message);
  // The command is ours; the default instance, which stands for a header that is not there, is not.
  auto* header = const_cast<v1::CommandHeader*>(&domain::HeaderOf(*command));
  if (header != &v1::CommandHeader::default_instance()) {
    prepared.correlation_id = std::move(*header->mutable_correlation_id());
    prepared.causation_id = std::move(*header->mutable_causation_id());
    prepared.validate_only = header->validate_only();
    header->clear_correlation_id();
    header->clear_causation_id();
    header->clear_validate_only();
  }
  if (header->request_id().empty() || !prepared.valid.ok()) return prepared;
  auto hash = eventstore::HashRequest(*archive.vault, tenant, Sha256(Deterministic(*command)));
  if (hash.ok()) {
    prepared.hash = *std::move(hash);
  } else {
    prepared.valid = WithReason(hash.status());
  }
  return prepared;
}

absl::StatusOr<eventstore::RequestHash> HashOfGroup(const Archive& archive, eventstore::TenantNumber tenant,
                                                    const std::vector<PreparedCommand>& group) {
  if (group.empty() || group[0].header().request_id().empty()) return eventstore::RequestHash();
  std::string digests;
  for (const PreparedCommand& prepared : group) {
    const std::string& known = prepared.hash.digest;
    digests += known.empty() ? Sha256(Deterministic(*prepared.command)) : known;
  }
  return eventstore::HashRequest(*archive.vault, tenant, Sha256(digests));
}

absl::StatusOr<std::shared_ptr<const FoldedStream>> LoadStream(const Archive& archive, StateCache& cache,
                                                               eventstore::TenantNumber tenant,
                                                               absl::string_view stream) {
  while (true) {
    if (auto found = cache.Find(tenant, stream)) return found;
    const uint64_t durable = cache.DurableNow(tenant);
    auto folded = FoldStream(archive, tenant, stream);
    if (!folded.ok()) return folded.status();
    if (auto offered = cache.Offer(tenant, stream, *std::move(folded), durable)) return offered;
    if (absl::Status settled = AwaitPending(archive, tenant); !settled.ok()) return settled;
  }
}

void LoadTouched(const Archive& archive, StateCache& cache, eventstore::TenantNumber tenant,
                 const v1::Command& command) {
  for (const domain::Touch& touch : domain::Touches(command)) {
    if (touch.ref.has_external()) {
      auto found = archive.log->FindKey(tenant, domain::ExternalKey(touch.collection, touch.ref.external()));
      if (found.ok() && found->has_value()) LoadStream(archive, cache, tenant, **found).IgnoreError();
    } else if (!touch.ref.name().empty()) {
      LoadStream(archive, cache, tenant, touch.ref.name()).status().IgnoreError();
    }
  }
}

}  // namespace recount::services
