// Whose records a reader may see (K-25, C-88): row rights, which hold before anything is counted.
#ifndef RECOUNT_DOMAIN_RIGHTS_H_
#define RECOUNT_DOMAIN_RIGHTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "domain/rulebook.h"

namespace recount::domain {

// What was granted, or what is asked for, as it is said.
class Rights {
 public:
  // Everything.
  Rights() = default;
  // With commas `users/{id}`, `teams/{id}`, `org_units/{id}` and `unassigned`; empty: everything. INVALID_ARGUMENT naming the part
  // that is none of these.
  static absl::StatusOr<Rights> Parse(absl::string_view text);

  bool is_everything() const { return parts_.empty(); }
  // The same for equal rights: in order, each part once.
  std::string Text() const;
  const std::vector<std::string>& parts() const { return parts_; }

 private:
  std::vector<std::string> parts_;
};

// The owners that rights mean on a day.
class SeenOwners {
 public:
  SeenOwners(const Rights& rights, const Rulebook& rules, int64_t day);

  // Whether a record of this owner is seen; empty: nobody's.
  bool Sees(absl::string_view owner) const;
  // Whether everything is seen that the other sees.
  bool Includes(const SeenOwners& other) const;
  bool operator==(const SeenOwners& other) const { return Includes(other) && other.Includes(*this); }
  // The same for those alone who see the same.
  std::string Text() const;

  bool is_everything() const { return is_everything_; }
  bool sees_unassigned() const { return is_everything_ || sees_unassigned_; }
  const absl::flat_hash_set<std::string>& users() const { return users_; }  // none where everything is seen

 private:
  bool is_everything_ = false, sees_unassigned_ = false;
  absl::flat_hash_set<std::string> users_;
};

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_RIGHTS_H_
