// States of streams as the sequencer sees them: the newest sequenced revision, of as many streams as memory allows.
//
// Loaders on any thread fill it with what they read from the log; only the sequencer changes what is there. A stream
// with events that are not yet durable is never put out, since no reader could load it again.
#ifndef RECOUNT_SERVICES_STATE_CACHE_H_
#define RECOUNT_SERVICES_STATE_CACHE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "services/stream_fold.h"

namespace recount::services {

// What a state takes in memory, about: a lead or deal keeps every change of it.
size_t WeightOf(const FoldedStream& folded);

// A stream's first event. Its state is made when somebody asks for it: most records of an import are never asked for.
struct FirstEvent {
  v1::EventPayload payload;
  domain::EventMeta meta;  // stream and actor are not set
  std::string actor;
  size_t bytes = 0;  // of the payload
};

class StateCache {
 public:
  struct Limits {
    size_t streams = 100000;
    size_t bytes = 256 << 20;  // by WeightOf()
  };
  // `durable` gives the newest durable position of a tenant.
  StateCache(Limits limits, std::function<uint64_t(eventstore::TenantNumber)> durable);

  // nullptr: not there. What is given does not change any more.
  std::shared_ptr<const FoldedStream> Find(eventstore::TenantNumber tenant, absl::string_view stream);

  // A loader calls DurableNow() before it reads and gives the position to Offer(), which answers what is in the cache
  // then: the newer one if there is one; nullptr if a newer one may have been put out meanwhile, so that the loader
  // must read again.
  uint64_t DurableNow(eventstore::TenantNumber tenant) const { return durable_(tenant); }
  std::shared_ptr<const FoldedStream> Offer(eventstore::TenantNumber tenant, absl::string_view stream,
                                            FoldedStream folded, uint64_t durable_before);

  // Sequencer only: brings a state from revision `before` to the event at `position`. A state that a loader brought past
  // `before` has the event already. A stream that was put out since it was looked at stays out: what is known of it lies
  // in the log, where loaders find it once the event is durable. So does one that stands before `before`.
  void Change(eventstore::TenantNumber tenant, absl::string_view stream, uint64_t before, uint64_t position,
              const std::function<void(FoldedStream&)>& change);

  // Sequencer only: as Change() for the first event of a stream.
  void Begin(eventstore::TenantNumber tenant, absl::string_view stream, std::unique_ptr<FirstEvent> first);

  size_t size();
  size_t bytes();

 private:
  struct Entry {
    std::string key;
    eventstore::TenantNumber tenant;
    std::shared_ptr<FoldedStream> folded;
    std::unique_ptr<FirstEvent> first;  // to be folded; nobody else holds `folded` then
    size_t weight = 0;
  };
  struct Shard {
    std::mutex mutex;
    size_t bytes = 0;          // weights of the entries
    std::list<Entry> entries;  // most recently used first
    absl::flat_hash_map<absl::string_view, std::list<Entry>::iterator> by_key;
    absl::flat_hash_map<eventstore::TenantNumber, uint64_t> put_out;  // newest position of a stream that was put out
  };
  static constexpr size_t kShards = 16;

  Shard& ShardOf(absl::string_view key);
  static std::string KeyOf(eventstore::TenantNumber tenant, absl::string_view stream);
  // The entry that an event at `position` after revision `before` belongs to; nullptr: none that could take it.
  Entry* EntryFor(Shard& shard, std::string key, eventstore::TenantNumber tenant, uint64_t before, uint64_t position);
  static void FoldFirst(Entry& entry);
  Entry& Insert(Shard& shard, std::string key, eventstore::TenantNumber tenant, std::shared_ptr<FoldedStream> folded);
  static void Weigh(Shard& shard, Entry& entry);
  static std::list<Entry>::iterator Remove(Shard& shard, std::list<Entry>::iterator entry);
  void PutOutOld(Shard& shard);

  const Limits max_in_shard_;
  const std::function<uint64_t(eventstore::TenantNumber)> durable_;
  std::array<Shard, kShards> shards_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_STATE_CACHE_H_
