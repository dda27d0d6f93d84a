// What every decision does: find the moment and the records that a command speaks of, and collect
// what comes of it.
#ifndef RECOUNT_DOMAIN_DECIDING_H_
#define RECOUNT_DOMAIN_DECIDING_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "domain/aggregate.h"

#define RECOUNT_RETURN_IF_ERROR(expression)               \
  if (absl::Status status = (expression); !status.ok()) { \
    return status;                                        \
  }
#define RECOUNT_CONCAT_INNER(a, b) a##b
#define RECOUNT_CONCAT(a, b) RECOUNT_CONCAT_INNER(a, b)
#define RECOUNT_ASSIGN_OR_RETURN(target, expression) \
  RECOUNT_ASSIGN_OR_RETURN_AS(RECOUNT_CONCAT(assigned_, __LINE__), target, expression)
#define RECOUNT_ASSIGN_OR_RETURN_AS(result, target, expression) \
  auto result = (expression);                                   \
  if (!result.ok()) return std::move(result).status();          \
  target = *std::move(result)

namespace recount::domain {

// When a command says that it happened.
struct Moment {
  Instant at;
  int32_t day = 0;        // its local day, on which rules are looked up
  bool is_given = false;  // false: the server's time
};

// Where a record that is to be made shall live.
struct Place {
  std::string stream;
  bool is_there = false;  // only with allow_existing: change that one instead
};

// A name that a record of the collection may be given: FIELD_INVALID.
absl::Status CheckRecordName(absl::string_view collection, absl::string_view name,
                             absl::string_view field);

class Deciding {
 public:
  Deciding(const Context& context, Decision* decision) : context_(context), decision_(decision) {}

  // Reads the header; first of all. FIELD_INVALID, OCCURRED_IN_FUTURE.
  absl::Status Begin(const v1::CommandHeader& header);

  const Context& context() const { return context_; }
  const Moment& moment() const { return moment_; }
  const Rulebook& rules() const { return *context_.rules; }
  Decision* decision() { return decision_; }

  // The record that a command is about, not deleted. The state is valid until the next call of any
  // of these.
  absl::StatusOr<const State*> Target(absl::string_view collection, const v1::Ref& ref,
                                      absl::string_view field);
  absl::StatusOr<const State*> TargetEvenDeleted(absl::string_view collection, const v1::Ref& ref,
                                                 absl::string_view field);
  template <typename T>
  absl::StatusOr<const T*> TargetAs(absl::string_view collection, const v1::Ref& ref,
                                    absl::string_view field);
  // A record by its resource name.
  absl::StatusOr<const State*> Load(absl::string_view stream);

  // Resource name of a reference to a record that is there and not deleted; empty if nothing is
  // referred to.
  absl::StatusOr<std::string> Refer(absl::string_view collection, const v1::Ref& ref,
                                    absl::string_view field);

  // Place of a record with these ids. NAME and external ids as the commands promise: RECORD_EXISTS,
  // EXTERNAL_ID_TAKEN.
  absl::StatusOr<Place> PlaceFor(
      absl::string_view collection, absl::string_view name,
      const google::protobuf::RepeatedPtrField<v1::ExternalId>& external_ids, bool allow_existing);

  // Claims external ids for a record that is being made, and puts them into its creation event.
  void Claim(absl::string_view stream,
             const google::protobuf::RepeatedPtrField<v1::ExternalId>& given,
             google::protobuf::RepeatedPtrField<v1::ExternalId>* into);
  void ClaimOne(absl::string_view stream, const v1::ExternalId& id);

  // A new event at the command's moment; the payload is to be filled in at once.
  v1::EventPayload* Append(absl::string_view stream, absl::string_view data_subject);

 private:
  const Context& context_;
  Decision* decision_;
  Moment moment_;
};

template <typename T>
absl::StatusOr<const T*> Deciding::TargetAs(absl::string_view collection, const v1::Ref& ref,
                                            absl::string_view field) {
  RECOUNT_ASSIGN_OR_RETURN(const State* state, Target(collection, ref, field));
  return std::get_if<T>(state);
}

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_DECIDING_H_
