#include "services/state_cache.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

namespace recount::services {

namespace {

// Beside a serialized byte lie the pointers, capacities and nodes of the message in memory.
constexpr size_t kMemoryAByte = 2;
constexpr size_t kMemoryAnEntry = 128;  // list node, map slot, control block

size_t SerializedBytes(const domain::State& state) {
  if (const auto* draft = std::get_if<domain::DraftState>(&state)) return draft->draft.ByteSizeLong();
  if (const auto* rules = std::get_if<domain::RuleKindState>(&state)) {
    return 8 * (rules->published_positions.size() + rules->withdrawn_positions.size());
  }
  const google::protobuf::Message* resource = domain::ResourceOf(state);
  return resource == nullptr ? 0 : resource->ByteSizeLong();
}

bool KeepsHistory(const domain::State& state) {
  return std::holds_alternative<domain::LeadState>(state) || std::holds_alternative<domain::DealState>(state);
}

// About what its state will take: the record, and perhaps the event in its history.
size_t WeightBeforeFolding(const FirstEvent& first) {
  return sizeof(FoldedStream) + sizeof(FirstEvent) + kMemoryAByte * 2 * first.bytes;
}

}  // namespace

size_t WeightOf(const FoldedStream& folded) {
  const size_t history = KeepsHistory(folded.state) ? folded.event_bytes : 0;
  return sizeof(FoldedStream) + kMemoryAByte * (SerializedBytes(folded.state) + history);
}

StateCache::StateCache(Limits limits, std::function<uint64_t(eventstore::TenantNumber)> durable)
    : max_in_shard_{std::max<size_t>(1, limits.streams / kShards), std::max<size_t>(1, limits.bytes / kShards)},
      durable_(std::move(durable)) {}

StateCache::Shard& StateCache::ShardOf(absl::string_view key) {
  return shards_[absl::Hash<absl::string_view>()(key) % kShards];
}

std::string StateCache::KeyOf(eventstore::TenantNumber tenant, absl::string_view stream) {
  return absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&tenant), sizeof(tenant)), stream);
}

std::shared_ptr<const FoldedStream> StateCache::Find(eventstore::TenantNumber tenant, absl::string_view stream) {
  const std::string key = KeyOf(tenant, stream);
  Shard& shard = ShardOf(key);
  std::lock_guard lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) return nullptr;
  shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
  FoldFirst(*found->second);
  return found->second->folded;
}

std::shared_ptr<const FoldedStream> StateCache::Offer(eventstore::TenantNumber tenant, absl::string_view stream,
                                                      FoldedStream folded, uint64_t durable_before) {
  std::string key = KeyOf(tenant, stream);
  Shard& shard = ShardOf(key);
  std::lock_guard lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found != shard.by_key.end()) {
    FoldFirst(*found->second);
    return found->second->folded;
  }
  const auto put_out = shard.put_out.find(tenant);
  if (put_out != shard.put_out.end() && put_out->second > durable_before) return nullptr;
  auto offered = std::make_shared<FoldedStream>(std::move(folded));
  Weigh(shard, Insert(shard, std::move(key), tenant, offered));
  PutOutOld(shard);
  return offered;
}

void StateCache::Change(eventstore::TenantNumber tenant, absl::string_view stream, uint64_t before, uint64_t position,
                        const std::function<void(FoldedStream&)>& change) {
  std::string key = KeyOf(tenant, stream);
  Shard& shard = ShardOf(key);
  std::lock_guard lock(shard.mutex);
  Entry* const entry = EntryFor(shard, std::move(key), tenant, before, position);
  if (entry == nullptr) return;
  FoldFirst(*entry);
  // Readers take their share under the lock: alone here means alone.
  if (entry->folded.use_count() > 1) entry->folded = std::make_shared<FoldedStream>(*entry->folded);
  change(*entry->folded);
  Weigh(shard, *entry);
  PutOutOld(shard);
}

void StateCache::Begin(eventstore::TenantNumber tenant, absl::string_view stream, std::unique_ptr<FirstEvent> first) {
  std::string key = KeyOf(tenant, stream);
  Shard& shard = ShardOf(key);
  std::lock_guard lock(shard.mutex);
  Entry* const entry = EntryFor(shard, std::move(key), tenant, 0, first->meta.position);
  if (entry == nullptr) return;
  if (entry->folded.use_count() > 1) entry->folded = std::make_shared<FoldedStream>();
  entry->folded->revision = first->meta.revision;
  entry->folded->position = first->meta.position;
  entry->folded->event_bytes = first->bytes;
  entry->first = std::move(first);
  Weigh(shard, *entry);
  PutOutOld(shard);
}

StateCache::Entry* StateCache::EntryFor(Shard& shard, std::string key, eventstore::TenantNumber tenant, uint64_t before,
                                        uint64_t position) {
  auto found = shard.by_key.find(key);
  if (found != shard.by_key.end() && found->second->folded->revision > before) return nullptr;
  if (found != shard.by_key.end() && found->second->folded->revision < before) {
    Remove(shard, found->second);
    found = shard.by_key.end();
  }
  if (found != shard.by_key.end()) return &*found->second;
  if (before == 0) return &Insert(shard, std::move(key), tenant, std::make_shared<FoldedStream>());
  uint64_t& newest = shard.put_out[tenant];
  newest = std::max(newest, position);
  return nullptr;
}

void StateCache::FoldFirst(Entry& entry) {
  if (entry.first == nullptr) return;
  domain::EventMeta meta = entry.first->meta;
  meta.stream = absl::string_view(entry.key).substr(sizeof(entry.tenant));
  meta.actor = entry.first->actor;
  domain::Evolve(entry.first->payload, meta, &entry.folded->state);
  entry.first.reset();
}

StateCache::Entry& StateCache::Insert(Shard& shard, std::string key, eventstore::TenantNumber tenant,
                                      std::shared_ptr<FoldedStream> folded) {
  shard.entries.push_front(Entry{std::move(key), tenant, std::move(folded), nullptr});
  shard.by_key.emplace(shard.entries.front().key, shard.entries.begin());
  return shard.entries.front();
}

void StateCache::Weigh(Shard& shard, Entry& entry) {
  shard.bytes -= entry.weight;
  entry.weight = kMemoryAnEntry + entry.key.size() +
                 (entry.first == nullptr ? WeightOf(*entry.folded) : WeightBeforeFolding(*entry.first));
  shard.bytes += entry.weight;
}

std::list<StateCache::Entry>::iterator StateCache::Remove(Shard& shard, std::list<Entry>::iterator entry) {
  shard.bytes -= entry->weight;
  shard.by_key.erase(entry->key);
  return shard.entries.erase(entry);
}

void StateCache::PutOutOld(Shard& shard) {
  const auto is_too_full = [&] {
    return shard.entries.size() > max_in_shard_.streams || shard.bytes > max_in_shard_.bytes;
  };
  // Streams that wait for durability stand at the end only when the cache is far too small; they are passed over.
  int passed_over = 0;
  auto last = shard.entries.end();
  while (is_too_full() && last != shard.entries.begin() && passed_over < 8) {
    --last;
    if (last->folded->position > durable_(last->tenant)) {
      ++passed_over;
      continue;
    }
    uint64_t& newest = shard.put_out[last->tenant];
    newest = std::max(newest, last->folded->position);
    last = Remove(shard, last);
  }
}

size_t StateCache::size() {
  size_t total = 0;
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    total += shard.entries.size();
  }
  return total;
}

size_t StateCache::bytes() {
  size_t total = 0;
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    total += shard.bytes;
  }
  return total;
}

}  // namespace recount::services
