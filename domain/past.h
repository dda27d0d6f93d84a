// A record's details, tags and custom fields as they were at any moment: a change that is entered
// late takes its place in the order (occurred, position), as in reports, and does not win over what
// came after it in the world.
#ifndef RECOUNT_DOMAIN_PAST_H_
#define RECOUNT_DOMAIN_PAST_H_

#include <memory>

#include "domain/details.h"
#include "domain/timeline.h"

namespace recount::domain {

template <typename Record>
class Past {
 public:
  // Takes a change (a ...DetailsChanged or RecordAnnotated) into the record, which shows what holds
  // last.
  void Apply(const Instant& at, const google::protobuf::Message& change, Record* record) {
    if (changes_.entries().empty()) first_ = std::make_shared<const Record>(*record);
    ApplyChange(change, record);
    for (const auto& entry : changes_.entries()) {
      if (entry.at.micros > at.micros) ApplyChange(*entry.value, record);
    }
    std::shared_ptr<google::protobuf::Message> kept(change.New());
    kept->CopyFrom(change);
    changes_.Set(at, std::move(kept));
  }

  // The details, tags and custom fields at a moment; the rest of the record may be older. In
  // `present` or, made of it, in `scratch`.
  const Record& At(int64_t micros, const Record& present, Record* scratch) const {
    if (changes_.NextAfter(micros) == nullptr) return present;
    *scratch = *first_;
    for (const auto& entry : changes_.entries()) {
      if (entry.at.micros <= micros) ApplyChange(*entry.value, scratch);
    }
    return *scratch;
  }

 private:
  std::shared_ptr<const Record> first_;  // before any change
  Timeline<std::shared_ptr<const google::protobuf::Message>> changes_;
};

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_PAST_H_
