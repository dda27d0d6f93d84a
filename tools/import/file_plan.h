// One file of a mapping, made ready: rows go in, commands come out.
//
// Request ids are `{source}/{kind}/{step}/{digest of the row's key}`, so that a second import repeats the first; with
// several rows a key the digest covers the row's number within its key too (of the first row that says so, if it is due because a
// column has `changed`), and for a `once` step it covers that value instead.
//
// All rows of a key are numbered, also those that are refused, so that a row that is repaired moves no other. Where the key of a
// broken row cannot be told, or how many rows it hides, no later row has a number: they are refused until it is repaired.
#ifndef RECOUNT_TOOLS_IMPORT_FILE_PLAN_H_
#define RECOUNT_TOOLS_IMPORT_FILE_PLAN_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "recount/v1/command.pb.h"
#include "recount/v1/rule.pb.h"
#include "tools/import/mapping.h"
#include "tools/import/planned_step.h"
#include "tools/import/value_plan.h"

namespace recount::tools {

class FilePlan {
 public:
  // `index`: of the file in the mapping. Errors name the place in the mapping.
  static absl::StatusOr<std::unique_ptr<FilePlan>> Make(const Mapping& mapping, int index, Columns columns,
                                                        std::map<std::string, std::unique_ptr<Table>> tables);

  // True: all rows must be shown to Count before the first is planned (a condition asks for the last row of a key).
  bool needs_count() const { return needs_count_; }
  void Count(const CsvRow& row);

  // Appends the row's commands to `batch` and the step of each to `steps`. An error refuses the row (its reason: RowReason): nothing
  // is appended.
  absl::Status Plan(const CsvRow& row, uint64_t number, api::CommandBatch* batch, std::vector<PlannedStep>* steps);

  const v1::FileMapping& proto() const { return proto_; }
  const std::string& step_name(int step) const { return steps_[step].name; }
  const Columns& columns() const { return columns_; }
  // Of all rows so far; each edge once.
  const std::vector<api::OrgEdge>& org_edges() const { return edges_; }

 private:
  struct ConditionPlan {
    v1::Condition proto;
    std::optional<ValuePlan> value;
    std::vector<int> changed;  // indexes into tracked_
  };
  using Runs = std::vector<std::shared_ptr<Attempts>>;
  struct SettingPlan {
    FieldPath path;
    ValuePlan value;
  };
  struct Step {
    std::string name;
    std::string prefix;  // of request ids
    const google::protobuf::FieldDescriptor* field = nullptr;
    std::vector<ConditionPlan> when;
    std::vector<SettingPlan> set;
    size_t slots = 0;
    std::optional<ValuePlan> once;
    std::shared_ptr<absl::flat_hash_map<std::string, std::shared_ptr<Attempts>>> seen;  // of `once`; steps of one name share it
    int run = -1;  // index into KeyState::runs, of a step that asks for `changed`
  };
  struct EdgePlan {
    ValuePlan child;
    ValuePlan parent;
    std::optional<ValuePlan> from;
  };
  struct KeyState {
    uint64_t rows = 0;                // so far
    uint64_t total = 0;               // if counted
    std::vector<std::string> before;  // tracked columns of the row before that was not refused
    Runs runs;                        // of each step that asks for `changed`: what was sent last and is perhaps not taken
  };
  struct RowPlace {
    uint64_t number = 0;  // in the file; 0: there is none
    uint64_t line = 0;
  };

  absl::Status MakeStep(const v1::CommandMapping& command, const PlanScope& scope, const Place& place);
  absl::Status MakeCondition(const v1::Condition& condition, const PlanScope& scope, const Place& place, Step* step);
  absl::Status MakeSetting(const v1::Setting& setting, const PlanScope& scope, const Place& place,
                           const google::protobuf::Descriptor* message, std::vector<std::string>* names, Step* step);
  absl::Status MakeEdge(const v1::OrgEdgeMapping& edge, const PlanScope& scope, const Place& place);
  absl::Status Fits(const CsvRow& row) const;
  absl::StatusOr<std::string> KeyOf(const RowView& row);
  absl::StatusOr<std::string> KeyOfBroken(const CsvRow& row);
  absl::StatusOr<std::string> KeyOfOtherLength(const CsvRow& row);
  absl::StatusOr<std::string> CountedKey(uint64_t number) const;
  bool MovesLaterRows(const CsvRow& row, bool fits, bool has_key) const;
  absl::Status CheckPlace(const KeyState* state, uint64_t number) const;
  enum class Due { kNo, kChangedOnly, kUnchanged, kYes };  // of what `when` asks for: that, but something else; all but that
  absl::StatusOr<bool> Holds(ConditionPlan& condition, const RowView& row, const KeyState* state) const;
  bool HasChanged(const ConditionPlan& condition, const RowView& row, const KeyState* state) const;
  absl::StatusOr<Due> IsDue(Step& step, const RowView& row, const KeyState* state) const;
  absl::StatusOr<std::shared_ptr<Attempts>> AttemptsAt(Step& step, Due due, const RowView& row, std::string* identity);
  absl::Status PlanSteps(RowView view, const std::string& key, KeyState* state, api::CommandBatch* batch, std::vector<PlannedStep>* steps);
  absl::Status PlanStep(int index, RowView row, const std::string& key, const KeyState* state, size_t before, api::CommandBatch* batch,
                        std::vector<PlannedStep>* steps);
  void NoteSameKey(const RowView& view, const std::string& key, size_t before, std::vector<PlannedStep>* steps);
  absl::Status Fill(Step& step, const RowView& row, google::protobuf::Message* message) const;
  absl::Status AddEdges(const RowView& row);

  v1::FileMapping proto_;
  Columns columns_;
  std::map<std::string, std::unique_ptr<Table>> tables_;
  std::string source_;
  std::optional<ValuePlan> key_;
  std::vector<Step> steps_;
  std::vector<EdgePlan> edge_plans_;
  std::vector<api::OrgEdge> edges_;
  absl::flat_hash_set<std::string> edges_seen_;
  std::vector<int> tracked_;  // columns that `changed` asks about
  size_t run_count_ = 0;
  Runs runs_;  // of the row that is being planned; kept in its key's state if it is not refused
  bool needs_count_ = false;
  absl::flat_hash_map<std::string, KeyState> states_;
  // Digest of each key -> its first row, where each row should have one of its own.
  absl::flat_hash_map<uint64_t, uint64_t> first_rows_;
  RowPlace unplaced_;          // the first row that has no place among the rows of a key
  RowPlace unplaced_counted_;  // the same, of the whole file, if rows were counted
  uint64_t counted_ = 0;
  absl::flat_hash_map<uint64_t, std::string> counted_broken_;  // keys of broken rows, by number in the file
};

// Why a row is refused: ROW_MALFORMED, ROW_NOT_UNDERSTOOD, ROW_NUMBER_UNKNOWN.
std::string RowReason(const absl::Status& status);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_FILE_PLAN_H_
