#include "services/record_rights.h"

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "services/record_reader.h"

namespace recount::services {

absl::StatusOr<domain::SeenOwners> SeenBy(const Backend* backend, const Tenant& tenant, const Caller& caller) {
  const std::shared_ptr<const domain::Rulebook> rules = tenant.rules();
  if (caller.rights.is_everything()) return domain::SeenOwners(caller.rights, *rules, 0);
  const auto calendar = RecordReader(backend).CalendarOf(tenant);
  if (!calendar.ok()) return calendar.status();
  return domain::SeenOwners(caller.rights, *rules, calendar->DayOf(backend->clock->NowMicros()));
}

bool Sees(const domain::SeenOwners& seen, const domain::State& state) {
  const google::protobuf::Message* resource = domain::ResourceOf(state);
  if (seen.is_everything() || resource == nullptr || !domain::Exists(state)) return true;
  const auto* owner = resource->GetDescriptor()->FindFieldByName("owner");
  return owner == nullptr || seen.Sees(resource->GetReflection()->GetString(*resource, owner));
}

absl::Status CheckSeesEverything(const Caller& caller) {
  if (caller.rights.is_everything()) return absl::OkStatus();
  return domain::Refuse(v1::RIGHTS_EXCEEDED,
                        absl::StrCat("the log holds everybody's records, and you may see those of ", caller.rights.Text(),
                                     ": read the streams of records, or reports"),
                        "", {{"rights", caller.rights.Text()}});
}

}  // namespace recount::services
