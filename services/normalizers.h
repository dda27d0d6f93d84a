// Matching forms of phones, e-mails and names (DESIGN.md, "The write side"). The original always stays as it was given;
// what cannot be normalised has no matching form, and nothing is ever rejected.
#ifndef RECOUNT_SERVICES_NORMALIZERS_H_
#define RECOUNT_SERVICES_NORMALIZERS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "domain/aggregate.h"

namespace recount::services {

// Goes up whenever a form changes: it is stored with every form.
inline constexpr uint32_t kNormalizerVersion = 1;

// E.164; empty if it cannot be read as a number. `region` (ISO 3166-1) counts for numbers without a country code.
std::string E164(absl::string_view raw, absl::string_view region);

// A country of ISO 3166-1 alpha-2, e.g. DE, as ICU knows them.
bool IsRegion(absl::string_view region);
// NFC, lower case, domain by IDNA; empty if it is no address.
std::string FoldEmail(absl::string_view raw);
// NFKC, case folded, marks of Latin, Hebrew and Arabic letters stripped, ё as е, spaces joined.
std::string FoldName(absl::string_view name);

domain::Normalizers MakeNormalizers(std::string region);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_NORMALIZERS_H_
