#include "domain/reasons.h"

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"

namespace recount::domain {

absl::Status CheckReason(const v1::ReasonsRule& catalogue, absl::string_view reason,
                         ReasonUse use) {
  if (reason == "NOT_STATED" || catalogue.reasons().empty()) return absl::OkStatus();
  for (const v1::Reason& known : catalogue.reasons()) {
    const bool fits =
        use == ReasonUse::kLostDeal ? known.for_lost_deals() : known.for_disqualified_leads();
    if (known.id() == reason && fits) return absl::OkStatus();
  }
  return Refuse(v1::UNKNOWN_REASON,
                absl::StrCat("the catalogue in force has no reason '", reason, "' for this"),
                "reason");
}

}  // namespace recount::domain
