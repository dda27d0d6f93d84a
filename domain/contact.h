// Names, telephone numbers and e-mail addresses: their matching forms come from the normalisers,
// never from a client.
#ifndef RECOUNT_DOMAIN_CONTACT_H_
#define RECOUNT_DOMAIN_CONTACT_H_

#include "domain/aggregate.h"

namespace recount::domain {

using Phones = google::protobuf::RepeatedPtrField<v1::Phone>;
using Emails = google::protobuf::RepeatedPtrField<v1::Email>;

v1::PersonName Normalized(const v1::PersonName& given, const Context& context);
Phones Normalized(const Phones& given, const Context& context);
Emails Normalized(const Emails& given, const Context& context);
uint32_t NormalizerVersion(const Context& context);

bool IsNamed(const v1::PersonName& name);  // with more than blanks
// Some number or address is given; blanks are none.
bool IsReachable(const Phones& phones, const Emails& emails);
// Entries of the look-up for those that have a matching form.
void AddLookups(const Phones& phones, const Emails& emails, absl::string_view stream,
                Decision* decision);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_CONTACT_H_
