// Records as queries see them: durable, now or as of a position; and the references and moments that queries name.
#ifndef RECOUNT_SERVICES_RECORD_READER_H_
#define RECOUNT_SERVICES_RECORD_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "domain/calendar.h"
#include "recount/v1/query.pb.h"
#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

class RecordReader {
 public:
  explicit RecordReader(const Backend* backend) : backend_(backend) {}

  // Waits until the log stands at a position; READ_MODEL_BEHIND with the position reached. SERVER_STOPPING.
  absl::Status AwaitPosition(const Tenant& tenant, uint64_t position, absl::Time deadline) const;

  // Read models that stand at a position; as above, and CANCELLED if the caller goes while it waits.
  absl::StatusOr<std::unique_ptr<projections::Snapshot>> Snapshot(const Tenant& tenant, uint64_t min_position,
                                                                  const Call& call) const;

  // The newest durable state.
  absl::StatusOr<std::shared_ptr<const FoldedStream>> Read(const Tenant& tenant, absl::string_view stream) const;
  // The state at the end of a commit.
  absl::StatusOr<std::shared_ptr<const FoldedStream>> ReadAt(const Tenant& tenant, absl::string_view stream,
                                                             uint64_t position) const;

  // The newest rules, all of them durable.
  absl::StatusOr<std::shared_ptr<const domain::Rulebook>> Rules(const Tenant& tenant) const;

  // Resource name of a reference; existence is not checked for names. RECORD_NOT_FOUND, FIELD_REQUIRED, FIELD_INVALID.
  absl::StatusOr<std::string> Resolve(const Tenant& tenant, absl::string_view collection, const v1::Ref& ref) const;

  // Position that an AsOf means; kAnyPosition for none given. POSITION_BEYOND_HEAD.
  absl::StatusOr<uint64_t> PositionOf(const Tenant& tenant, const v1::AsOf& as_of) const;

  // Events with position <= as_of and occurred <= valid_at in order of occurrence, the first one first.
  absl::StatusOr<std::vector<v1::Event>> Events(const Tenant& tenant, absl::string_view stream, uint64_t as_of,
                                                int64_t valid_at) const;

  // Name for people, as known now; empty: none.
  std::string Label(const Tenant& tenant, absl::string_view stream) const;

  // In force today.
  absl::StatusOr<domain::Calendar> CalendarOf(const Tenant& tenant) const;

 private:
  const Backend* const backend_;
};

// Name for people of a record: a person's, an organization's, a deal's title ...
std::string DisplayName(const domain::State& state);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_RECORD_READER_H_
