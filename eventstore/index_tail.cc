#include "eventstore/index_tail.h"

#include "eventstore/rocksdb_layout.h"

namespace recount::eventstore {
namespace {

// Of a hash map's entry beside its texts.
constexpr size_t kEntryBytes = 96;

}  // namespace

void IndexTail::Apply(TenantNumber tenant, const storage::v1::CommitRecord& record, const Head& head) {
  Tenant& tail = tenants_[tenant];
  tail.head = head;
  uint64_t position = record.first_position();
  for (const auto& event : record.events()) {
    auto [it, is_new] = tail.streams.try_emplace(event.stream());
    if (is_new) {
      it->second.base = event.revision() - 1;
      bytes_ += kEntryBytes + event.stream().size();
    }
    it->second.positions.push_back(position++);
    bytes_ += sizeof(uint64_t);
  }
  for (const auto& claim : record.claims()) {
    std::optional<std::string>& holder = tail.keys[claim.key()];
    holder = claim.release() ? std::nullopt : std::optional<std::string>(claim.stream());
    bytes_ += kEntryBytes + claim.key().size() + claim.stream().size();
  }
  if (!record.request_id().empty()) {
    tail.requests[RequestName(record.actor(), record.request_id())] = RememberedRequest{
        record.command_hash(), record.answer_name(), record.first_position(), head.position, head.recorded_micros};
    bytes_ += 2 * kEntryBytes + record.request_id().size() + record.answer_name().size();
  }
}

const IndexTail::Stream* IndexTail::FindStream(TenantNumber tenant, absl::string_view stream) const {
  auto tail = tenants_.find(tenant);
  if (tail == tenants_.end()) return nullptr;
  auto it = tail->second.streams.find(stream);
  return it == tail->second.streams.end() ? nullptr : &it->second;
}

const std::optional<std::string>* IndexTail::FindKey(TenantNumber tenant, absl::string_view key) const {
  auto tail = tenants_.find(tenant);
  if (tail == tenants_.end()) return nullptr;
  auto it = tail->second.keys.find(key);
  return it == tail->second.keys.end() ? nullptr : &it->second;
}

const RememberedRequest* IndexTail::FindRequest(TenantNumber tenant, absl::string_view name) const {
  auto tail = tenants_.find(tenant);
  if (tail == tenants_.end()) return nullptr;
  auto it = tail->second.requests.find(name);
  return it == tail->second.requests.end() ? nullptr : &it->second;
}

}  // namespace recount::eventstore
