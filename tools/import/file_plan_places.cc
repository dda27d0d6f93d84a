// The places of rows: their keys, numbers within those, and what is not known of them while a row cannot be read.
#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "tools/import/file_plan.h"

namespace recount::tools {
namespace {

constexpr char kReason[] = "reason";

absl::Status RefusedFor(absl::string_view reason, absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kReason, absl::Cord(reason));
  return status;
}

}  // namespace

std::string RowReason(const absl::Status& status) {
  const absl::optional<absl::Cord> reason = status.GetPayload(kReason);
  return reason.has_value() ? std::string(*reason) : "ROW_NOT_UNDERSTOOD";
}

absl::Status FilePlan::Fits(const CsvRow& row) const {
  if (!row.error.empty()) return RefusedFor("ROW_MALFORMED", row.error);
  if (row.cells.size() == columns_.names().size()) return absl::OkStatus();
  return RefusedFor("ROW_MALFORMED",
                    absl::StrCat(row.cells.size(), " cells, but the file has ", columns_.names().size(), " columns"));
}

absl::StatusOr<std::string> FilePlan::KeyOf(const RowView& row) {
  if (!key_) return absl::StrCat("#", row.number);
  absl::StatusOr<std::string> key = key_->EvaluateOne(row);
  if (key.ok() && key->empty()) return absl::InvalidArgumentError(absl::StrCat("key, ", key_->what(), ": there is no value"));
  return key;
}

// The key of a malformed row is read if all its cells stand before the mistake.
absl::StatusOr<std::string> FilePlan::KeyOfBroken(const CsvRow& row) {
  if (!key_) return absl::InvalidArgumentError("no key");
  if (row.error.empty()) return KeyOfOtherLength(row);
  if (row.before_error.size() < key_->columns_needed()) return absl::InvalidArgumentError("the key comes after the mistake");
  std::vector<absl::string_view> cells = row.before_error;
  cells.resize(columns_.names().size());
  return KeyOf(RowView{&cells, 0, 0});
}

// Whether cells are missing, or too many, before or after the key is not known: its key is the one that it has counted from the left,
// if earlier rows have that one and it has none of theirs counted from the right.
absl::StatusOr<std::string> FilePlan::KeyOfOtherLength(const CsvRow& row) {
  const auto is_known = [this](const absl::StatusOr<std::string>& key) { return key.ok() && states_.contains(*key); };
  const size_t columns = columns_.names().size();
  std::vector<absl::string_view> left = row.cells;
  left.resize(columns);
  std::vector<absl::string_view> right(row.cells.rbegin(), row.cells.rend());
  right.resize(columns);
  std::reverse(right.begin(), right.end());
  absl::StatusOr<std::string> key = KeyOf(RowView{&left, 0, 0});
  const absl::StatusOr<std::string> other = KeyOf(RowView{&right, 0, 0});
  if (!is_known(key) || (is_known(other) && *other != *key)) return absl::InvalidArgumentError("the key cannot be told");
  return key;
}

// Whether the numbers of later rows hang on how this one is repaired.
bool FilePlan::MovesLaterRows(const CsvRow& row, bool fits, bool has_key) const {
  const bool hides_rows = !fits && row.may_be_several;
  return proto_.several_rows_a_key() ? hides_rows || !has_key : hides_rows && !key_;
}

void FilePlan::Count(const CsvRow& row) {
  ++counted_;
  const bool fits = Fits(row).ok();
  absl::StatusOr<std::string> key = fits ? KeyOf(RowView{&row.cells, 0, 0}) : KeyOfBroken(row);
  if (unplaced_counted_.number == 0 && MovesLaterRows(row, fits, key.ok())) unplaced_counted_ = {counted_, row.line};
  if (!key.ok()) return;
  ++states_[*key].total;
  if (!fits) counted_broken_[counted_] = *std::move(key);
}

absl::StatusOr<std::string> FilePlan::CountedKey(uint64_t number) const {
  const auto found = counted_broken_.find(number);
  return found == counted_broken_.end() ? absl::InvalidArgumentError("the key could not be told") : absl::StatusOr<std::string>(found->second);
}

// Refuses a row whose number, or whether it is the last, is not known.
absl::Status FilePlan::CheckPlace(const KeyState* state, uint64_t number) const {
  if (unplaced_.number != 0 && unplaced_.number < number) {
    return RefusedFor("ROW_NUMBER_UNKNOWN",
                      absl::StrCat("row ", unplaced_.number, " (line ", unplaced_.line, ") could not be read, so the number of this one",
                                   state == nullptr ? " in the file" : " among the rows of its key",
                                   " is not known; repair that row, then import again"));
  }
  if (state != nullptr && needs_count_ && unplaced_counted_.number != 0 && state->rows == state->total) {
    return RefusedFor("ROW_NUMBER_UNKNOWN",
                      absl::StrCat("row ", unplaced_counted_.number, " (line ", unplaced_counted_.line,
                                   ") could not be read, so it is not known whether this one is the last of its key; repair that row, "
                                   "then import again"));
  }
  return absl::OkStatus();
}

}  // namespace recount::tools
