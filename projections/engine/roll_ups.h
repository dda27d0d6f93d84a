// The roll-ups of a question over records that lie far apart, each made once, by all threads that need it; those of a part: roll_up.cc.
#ifndef RECOUNT_PROJECTIONS_ENGINE_ROLL_UPS_H_
#define RECOUNT_PROJECTIONS_ENGINE_ROLL_UPS_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "projections/engine/parts.h"
#include "projections/engine/rolled_up.h"
#include "projections/engine/row_set.h"

namespace recount::projections {

class RollUps {
 public:
  // What there is to do: for records (text codes) from `least` to `greatest`, out of some rows.
  struct Task {
    int64_t least, greatest;
    RowList rows;
  };
  using MakeTask = std::function<Task(bool is_first)>;  // false: there is one, for fewer records
  using AddRows = std::function<void(Rows rows, RolledUp* out)>;
  using Join = std::function<void(const RolledUp::Brought& more, RolledUp::Brought* sum)>;

  // The roll-up that says `text`, for records from `least` to `greatest` at least. Who comes first says what there is to do; who comes
  // meanwhile does a part of it. `add` and `join` are called on the caller's thread.
  std::shared_ptr<const RolledUp> Get(const std::string& text, int64_t least, int64_t greatest, size_t rows_of_part,
                                      const MakeTask& make, const AddRows& add, const Join& join);

 private:
  struct Making {
    Making(Task all, size_t parts)
        : task(std::move(all)), parts(parts), result(std::make_shared<RolledUp>(task.least, task.greatest, task.rows->size())) {}
    const Task task;
    Parts parts;
    const std::shared_ptr<RolledUp> result;
    int workers = 0;
    bool is_done = false;
  };
  void Work(Making* making, size_t rows_of_part, const AddRows& add, const Join& join);

  std::mutex mutex_;
  std::condition_variable done_;
  std::map<std::string, std::shared_ptr<Making>> by_text_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ROLL_UPS_H_
