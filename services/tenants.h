// The tenants of a server: the system log says who they are; each has its rules, its read models and its normalisers
// here.
#ifndef RECOUNT_SERVICES_TENANTS_H_
#define RECOUNT_SERVICES_TENANTS_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "domain/aggregate.h"
#include "domain/rulebook.h"
#include "eventstore/event_log.h"
#include "projections/read_models.h"
#include "recount/v1/admin.pb.h"
#include "recount/v1/tenant.pb.h"
#include "services/clock.h"
#include "services/stream_fold.h"

namespace recount::services {

inline constexpr eventstore::TenantNumber kSystemLog = 0;

// A tenant; lives as long as the server.
class Tenant {
 public:
  Tenant(v1::Tenant info, std::unique_ptr<projections::ReadModels> models);

  const v1::Tenant& info() const { return info_; }
  eventstore::TenantNumber number() const { return info_.number(); }
  absl::string_view id() const { return absl::string_view(info_.name()).substr(8); }  // without `tenants/`
  projections::ReadModels& models() const { return *models_; }
  const domain::Normalizers& normalizers() const { return normalizers_; }

  // Rules as sequenced up to now.
  std::shared_ptr<const domain::Rulebook> rules() const;
  void SetRules(std::shared_ptr<const domain::Rulebook> rules);

  // How far the sequencer has brought states and rules. A commit can be durable, and seen by readers, a moment before.
  void SetApplied(uint64_t position);
  // Waits for it; `position` must be durable.
  void AwaitApplied(uint64_t position) const;

 private:
  const v1::Tenant info_;
  const std::unique_ptr<projections::ReadModels> models_;
  const domain::Normalizers normalizers_;
  mutable std::mutex mutex_;
  std::shared_ptr<const domain::Rulebook> rules_;  // guarded by mutex_
  std::atomic<uint64_t> applied_{0};
};

struct TenantsOptions {
  std::string models_folder;      // of all read models; empty: in memory
  size_t follow_states = 0, rebuild_states = 0;  // projections::ReadModelOptions, of each tenant
  bool pause_projectors = false;  // read models stand still, and whoever waits for them waits in vain
  // Tests put their own between.
  std::function<absl::StatusOr<std::unique_ptr<projections::ReadModels>>(const projections::ReadModelOptions&,
                                                                         eventstore::EventLog*)>
      open_models = projections::OpenReadModels;
};

class Tenants {
 public:
  Tenants(Archive archive, Clock* clock, TenantsOptions options);

  // Reads the system log. Finishes what a crash in the middle of Create() left undone.
  absl::Status Open();

  // TENANT_NOT_FOUND.
  absl::StatusOr<Tenant*> Find(absl::string_view id) const;
  std::vector<Tenant*> All() const;

  // Sequencer's thread only. The tenant with its first commit, K-09 with its zone. The answer may be given when what is
  // sequenced is durable. The same values again: the tenant that is there, or the rest of the work if something failed in the
  // middle of it; others: TENANT_EXISTS.
  absl::StatusOr<Tenant*> Create(const v1::CreateTenantRequest& request, absl::string_view actor, bool authenticated);

  absl::Status Close();

 private:
  // Gives the tenant its number.
  absl::Status SequenceTenant(v1::Tenant* info, absl::string_view actor, bool authenticated);
  // What is to be done once the system log has the tenant.
  absl::StatusOr<Tenant*> Finish(v1::Tenant info, absl::string_view actor, bool authenticated);
  absl::Status SequenceCalendar(const v1::Tenant& tenant, absl::string_view actor, bool authenticated);
  absl::StatusOr<Tenant*> Register(v1::Tenant info);

  const Archive archive_;
  Clock* const clock_;
  const TenantsOptions options_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<Tenant>, std::less<>> by_id_;  // guarded by mutex_
  // Sequencer's thread only.
  uint32_t newest_number_ = 0;
  std::map<std::string, v1::Tenant, std::less<>> unfinished_;  // by id: sequenced, and not in by_id_ yet
};

// Rules published in a tenant's log up to its durable head.
absl::StatusOr<domain::Rulebook> LoadRules(const Archive& archive, eventstore::TenantNumber tenant);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_TENANTS_H_
