// A command that a row asks for. Most go with one row. What `once` asks for, and what is due because a column has `changed`, goes with
// each row that says the same until the server has taken one: all bear one request id, so the first that can be carried out is, and the
// others find it done. So a refusal on the way back costs no later row anything, and nobody waits for answers. The very same command is
// sent once only: it would be refused again, and repeats cost the server more than other answers.
#ifndef RECOUNT_TOOLS_IMPORT_PLANNED_STEP_H_
#define RECOUNT_TOOLS_IMPORT_PLANNED_STEP_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace recount::tools {

struct Attempts {
  uint64_t number_in_key = 0;         // `changed`: of the row that was the first to say so
  std::vector<uint64_t> contents;     // digests of the commands that were sent; the planning thread's
  bool is_maybe_taken = false;        // an earlier run sent it and kept no account of the answer (--resume)
  std::atomic<bool> is_taken{false};  // set when an answer says so: no more rows need to ask
};

struct PlannedStep {
  int step = 0;                        // index in the file's mapping
  std::shared_ptr<Attempts> attempts;  // null: it goes with this row alone
  uint64_t content = 0;                // digest of the command, if it has attempts
  bool is_further = false;             // another row asked for it before
  uint64_t row_of_same_key = 0;        // an earlier row whose key, so whose request id, is the same; 0: none
};

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_PLANNED_STEP_H_
