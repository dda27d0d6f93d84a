// "Details": the fields that a ...DetailsChanged event has in common, by name and type, with the
// record it changes. Given is what has presence and is set, and a repeated field that is not empty;
// other fields of the event (the normalisers' version) describe the event and are no detail. That
// every detail has its field is a test.
#ifndef RECOUNT_DOMAIN_DETAILS_H_
#define RECOUNT_DOMAIN_DETAILS_H_

#include "google/protobuf/message.h"

namespace recount::domain {

// Copies what is given into the record.
void ApplyDetails(const google::protobuf::Message& changed, google::protobuf::Message* record);

// Takes a ...DetailsChanged or RecordAnnotated into the record.
void ApplyChange(const google::protobuf::Message& change, google::protobuf::Message* record);

// Clears what the record has already. True: something is left that changes it.
bool KeepChanges(const google::protobuf::Message& record, google::protobuf::Message* changed);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_DETAILS_H_
