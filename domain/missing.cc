#include "domain/missing.h"

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"

namespace recount::domain {

absl::Status NoneHas(absl::string_view collection, const v1::ExternalId& external) {
  return Refuse(v1::RECORD_NOT_FOUND,
                absl::StrCat("none of ", collection, " has the external id `", external.id(),
                             "` of `", external.source(), "`"),
                "ref",
                {{"collection", collection},
                 {"source", external.source()},
                 {"id", external.id()}});
}

}  // namespace recount::domain
