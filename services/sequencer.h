// Decides one command after the other and hands the commits to the log. Everything here runs on one thread.
#ifndef RECOUNT_SERVICES_SEQUENCER_H_
#define RECOUNT_SERVICES_SEQUENCER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventstore/request_hash.h"
#include "recount/v1/common.pb.h"
#include "services/clock.h"
#include "services/commit_answer.h"
#include "services/credentials.h"
#include "services/prepared_command.h"
#include "services/record_id.h"
#include "services/state_cache.h"
#include "services/tenants.h"
#include "services/transaction.h"

namespace recount::services {

class Sequencer {
 public:
  Sequencer(Archive archive, Clock* clock, StateCache* cache);

  // One commit for each command. An outcome holds once everything sequenced so far is durable, also a refusal.
  std::vector<Outcome> DecideEach(Tenant& tenant, const Caller& caller, const std::vector<PreparedCommand>& commands,
                                  absl::Time deadline);
  // One commit for all, or none. The request id of the first command stands for the group, whose identity is that of
  // all of them.
  std::vector<Outcome> DecideTogether(Tenant& tenant, const Caller& caller,
                                      const std::vector<PreparedCommand>& commands, absl::Time deadline);

 private:
  struct DayCalendar {
    std::shared_ptr<const domain::Rulebook> rules;
    int64_t day = 0;
    std::unique_ptr<domain::Calendar> calendar;
  };

  int64_t Now(const Tenant& tenant);
  // In force today; nullptr and the reason if the tenant has none.
  absl::StatusOr<const domain::Calendar*> CalendarOf(const Tenant& tenant,
                                                     const std::shared_ptr<const domain::Rulebook>& rules, int64_t now);
  void SetNothingAppended(const Tenant& tenant, bool validate_only, v1::CommandResult* result);
  Outcome DecideOne(Tenant& tenant, const Caller& caller, const PreparedCommand& command);
  // Decides one command into a transaction; the name and the revision before are set on the result.
  absl::Status DecideInto(Transaction& transaction, Tenant& tenant, const Caller& caller,
                          const PreparedCommand& command, bool visible, int64_t now, v1::CommandResult* result);
  // The answer to an earlier request with this id; REQUEST_ID_REUSED; nullopt: there was none.
  absl::StatusOr<std::optional<eventstore::RememberedRequest>> Remembered(const Tenant& tenant, const Caller& caller,
                                                                          const std::string& request_id,
                                                                          const eventstore::RequestHash& hash);

  const Archive archive_;
  Clock* const clock_;
  StateCache* const cache_;
  RecordIds ids_;
  absl::flat_hash_map<eventstore::TenantNumber, DayCalendar> calendars_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_SEQUENCER_H_
