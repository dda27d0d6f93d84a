// The parts of a server that its services share. One file puts them together: server.cc.
#ifndef RECOUNT_SERVICES_BACKEND_H_
#define RECOUNT_SERVICES_BACKEND_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "projections/lru_cache.h"
#include "projections/report_engine.h"
#include "services/clock.h"
#include "services/command_bus.h"
#include "services/stream_fold.h"
#include "services/tenants.h"

namespace recount::services {

// Names of all records of a listing that has several pages (record_listing.cc).
using ListingCache = projections::LruCache<std::vector<std::string>>;

class MemoryKeeper;
class ReportWatches;

struct Backend {
  Archive archive;
  Clock* clock = nullptr;
  Tenants* tenants = nullptr;
  CommandBus* bus = nullptr;
  const projections::Catalogue* catalogue = nullptr;
  const projections::ReportEngine* engine = nullptr;
  ReportWatches* watches = nullptr;
  const MemoryKeeper* memory = nullptr;  // null: nobody looks after it
  size_t report_part_rows = 8192;     // projections::EngineContext
  std::string backups_folder;         // absolute; empty: no backups
  std::string token_key;              // signs page tokens, cells and pins
  std::unique_ptr<ListingCache> listings = std::make_unique<ListingCache>(32 << 20);
  std::atomic<bool> stopping{false};  // whoever waits or streams should end
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_BACKEND_H_
