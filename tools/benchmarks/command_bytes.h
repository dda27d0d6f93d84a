// The commands of the benchmark, as bytes: serialized once, then only digits are changed in place,
// so that making the next one costs the client next to nothing and the server sees commands that
// are all different.
//
// In a plain row, of eight commands one captures a lead without personal data, two create deals and
// five move older deals to another stage; each has a request id, an expected revision and a
// correlation id. A deal is moved 4,096 commands after it was created or moved before, so that no
// two of its commands are under way at the same time. In a personal row every command captures a
// lead with name, phone and e-mail.
#ifndef RECOUNT_TOOLS_BENCHMARKS_COMMAND_BYTES_H_
#define RECOUNT_TOOLS_BENCHMARKS_COMMAND_BYTES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "recount/v1/command.pb.h"

namespace recount::tools {

enum class CommandMix { kPlain, kPersonal };

class CommandBytes {
 public:
  // So many commands have to be executed before all that follow find the deals that they move.
  static constexpr uint64_t kRunIn = 3 * 4096;

  explicit CommandBytes(CommandMix mix);

  // Appends the number-th command: a recount.v1.Command, or a recount.v1.CommandBatch of it alone.
  // Serialized batches one after the other are one batch.
  void AppendCommand(uint64_t number, std::string* out) const {
    Append(number, &Form::command, out);
  }
  void AppendBatch(uint64_t number, std::string* out) const { Append(number, &Form::batch, out); }

  // Within the run-in a command may move a deal that is older than all: it is left out.
  bool IsThere(uint64_t number) const;

 private:
  struct Template {
    std::string bytes;
    std::vector<size_t> request_places;
    std::vector<size_t> record_places;
    size_t sequence_place = 0;  // 0: none
  };
  struct Form {
    Template command;
    Template batch;
    uint64_t record_lag = 0;  // the record that it is about was made so many groups before
    int record_offset = 0;    // of two in a group
  };

  static Template MakeTemplate(std::string bytes);
  static Form MakeForm(const v1::Command& command, uint64_t record_lag, int record_offset);
  void Append(uint64_t number, Template Form::*which, std::string* out) const;

  std::vector<Form> forms_;  // of a group of eight, or of one
};

// The rules that the commands need.
v1::Command PublishPipeline();

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_BENCHMARKS_COMMAND_BYTES_H_
