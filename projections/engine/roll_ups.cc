#include "projections/engine/roll_ups.h"

namespace recount::projections {

std::shared_ptr<const RolledUp> RollUps::Get(const std::string& text, int64_t least, int64_t greatest, size_t rows_of_part,
                                             const MakeTask& make, const AddRows& add, const Join& join) {
  std::unique_lock lock(mutex_);
  std::shared_ptr<Making> making = by_text_[text];
  if (making == nullptr || !making->result->Covers(least, greatest)) {
    // Quick beside what follows.
    Task task = make(making == nullptr);
    const size_t parts = (task.rows->size() + rows_of_part - 1) / rows_of_part;
    making = std::make_shared<Making>(std::move(task), parts);
    by_text_[text] = making;
  }
  if (making->is_done) return making->result;
  ++making->workers;
  lock.unlock();
  Work(making.get(), rows_of_part, add, join);
  lock.lock();
  done_.wait(lock, [&] { return making->is_done; });
  return making->result;
}

void RollUps::Work(Making* making, size_t rows_of_part, const AddRows& add, const Join& join) {
  RolledUp own(making->task.least, making->task.greatest, making->task.rows->size());
  for (auto part = making->parts.Next(); part; part = making->parts.Next()) {
    add(making->task.rows->Slice(*part * rows_of_part, rows_of_part), &own);
  }
  std::lock_guard lock(mutex_);
  making->result->Take(std::move(own), join);
  if (--making->workers > 0) return;
  making->is_done = true;
  done_.notify_all();
}

}  // namespace recount::projections
