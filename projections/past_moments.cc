#include "projections/past_moments.h"

#include <algorithm>
#include <utility>

#include "projections/interval_table.h"

namespace recount::projections {
namespace {

// Rows that came since are read one by one.
bool IsOld(const PresentRows& rows, const IntervalTable& table, RowMoment moment) {
  constexpr size_t kFew = 1024, kShare = 64;
  return rows.MayHoldLater(moment) && table.size() > rows.table_rows() + std::max(kFew, rows.table_rows() / kShare);
}

}  // namespace

std::shared_ptr<const PresentRows> PastMoments::Find(const IntervalTable& table, RowMoment moment) {
  std::lock_guard lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& rows) { return rows->AreThoseOf(moment); });
  if (found == kept_.end() || table.size() < (*found)->table_rows()) return nullptr;
  std::rotate(found, found + 1, kept_.end());
  if (!IsOld(*kept_.back(), table, moment)) return kept_.back();
  kept_.pop_back();
  return nullptr;
}

std::vector<PastMoments::Noted>::iterator PastMoments::FindNoted(RowMoment moment, bool is_newest) {
  const uint64_t position = is_newest ? kNewest : moment.position;
  return std::find_if(noted_.begin(), noted_.end(), [&](const Noted& noted) {
    return noted.position == position && noted.valid_at == moment.valid_at;
  });
}

void PastMoments::Note(RowMoment moment, bool is_newest, size_t looked_at) {
  std::lock_guard lock(mutex_);
  const auto noted = FindNoted(moment, is_newest);
  if (noted != noted_.end()) {
    noted->looked_at += looked_at;
    std::rotate(noted, noted + 1, noted_.end());
    return;
  }
  if (noted_.size() == kMostNoted) noted_.erase(noted_.begin());
  noted_.push_back({is_newest ? kNewest : moment.position, moment.valid_at, looked_at});
}

bool PastMoments::IsWorthIt(RowMoment moment, bool is_newest, size_t rows) {
  std::lock_guard lock(mutex_);
  const auto noted = FindNoted(moment, is_newest);
  if (noted == noted_.end() || noted->looked_at < rows) return false;
  noted_.erase(noted);
  return true;
}

void PastMoments::Keep(std::shared_ptr<const PresentRows> rows) {
  std::lock_guard lock(mutex_);
  if (kept_.size() == kMostKept) kept_.erase(kept_.begin());
  kept_.push_back(std::move(rows));
}

}  // namespace recount::projections
