#include "tools/import/file_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace recount::tools {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string CommandNames() {
  std::string names;
  const auto* command = api::Command::descriptor();
  for (int i = 0; i < command->field_count(); ++i) absl::StrAppend(&names, i ? ", " : "", command->field(i)->name());
  return names;
}

bool Contains(const google::protobuf::RepeatedPtrField<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

uint64_t Digest64(absl::string_view text) { return std::stoull(HexDigest(text, 16), nullptr, 16); }

absl::Status InCommand(const absl::Status& status, const std::string& step) {
  return absl::InvalidArgumentError(absl::StrCat(step, ": ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<FilePlan>> FilePlan::Make(const Mapping& mapping, int index, Columns columns,
                                                         std::map<std::string, std::unique_ptr<Table>> tables) {
  auto plan = std::make_unique<FilePlan>();
  plan->proto_ = mapping.proto.files(index);
  plan->columns_ = std::move(columns);
  plan->tables_ = std::move(tables);
  plan->source_ = mapping.proto.source();
  const Place place = mapping.Root().In("files", index);
  const PlanScope scope{&plan->columns_, &plan->tables_, &plan->proto_, plan->source_};
  if (plan->proto_.has_key()) {
    absl::StatusOr<ValuePlan> key = ValuePlan::Make(plan->proto_.key(), scope, place.In("key"));
    if (!key.ok()) return key.status();
    plan->key_ = *std::move(key);
  } else if (plan->proto_.several_rows_a_key()) {
    return place.In("several_rows_a_key").Error("needs a `key`");
  }
  for (int i = 0; i < plan->proto_.commands_size(); ++i) {
    absl::Status status = plan->MakeStep(plan->proto_.commands(i), scope, place.In("commands", i));
    if (!status.ok()) return status;
  }
  for (int i = 0; i < plan->proto_.org_edges_size(); ++i) {
    absl::Status status = plan->MakeEdge(plan->proto_.org_edges(i), scope, place.In("org_edges", i));
    if (!status.ok()) return status;
  }
  return plan;
}

absl::Status FilePlan::MakeStep(const v1::CommandMapping& command, const PlanScope& scope, const Place& place) {
  Step step;
  step.field = api::Command::descriptor()->FindFieldByName(command.command());
  if (step.field == nullptr) {
    return place.In("command").Error(absl::StrCat("there is no command \"", command.command(), "\"; there are ", CommandNames()));
  }
  step.name = command.step().empty() ? command.command() : command.step();
  const auto same = std::count_if(proto_.commands().begin(), proto_.commands().begin() + steps_.size(),
                                  [&](const v1::CommandMapping& c) { return c.step().empty() && c.command() == command.command(); });
  if (command.step().empty() && same > 0) absl::StrAppend(&step.name, ".", same + 1);
  for (const Step& other : steps_) {
    if (other.name != step.name) continue;
    if (!command.has_once() || !other.once) {
      return place.In("step").Error(absl::StrCat("\"", step.name, "\" is there twice; only steps with `once` may share a name"));
    }
    step.seen = other.seen;
  }
  step.prefix = absl::StrCat(source_, "/", proto_.kind(), "/", step.name, "/");
  // 20 digits of the key, a slash and 16 digits of a changed command come after it; 128 is the server's limit.
  if (step.prefix.size() > 90) return place.Error("source, kind and step are too long together (90 characters)");
  for (int i = 0; i < command.when_size(); ++i) {
    absl::Status status = MakeCondition(command.when(i), scope, place.In("when", i), &step);
    if (!status.ok()) return status;
  }
  std::vector<std::string> names;
  for (int i = 0; i < command.set_size(); ++i) {
    absl::Status status = MakeSetting(command.set(i), scope, place.In("set", i), step.field->message_type(), &names, &step);
    if (!status.ok()) return status;
  }
  step.slots = names.size();
  if (command.has_once()) {
    absl::StatusOr<ValuePlan> once = ValuePlan::Make(command.once(), scope, place.In("once"));
    if (!once.ok()) return once.status();
    step.once = *std::move(once);
    if (step.seen == nullptr) step.seen = std::make_shared<absl::flat_hash_map<std::string, std::shared_ptr<Attempts>>>();
  }
  const bool asks_for_change = std::any_of(step.when.begin(), step.when.end(), [](const auto& when) { return !when.changed.empty(); });
  if (asks_for_change && !step.once) step.run = static_cast<int>(run_count_++);
  steps_.push_back(std::move(step));
  return absl::OkStatus();
}

absl::Status FilePlan::MakeCondition(const v1::Condition& condition, const PlanScope& scope, const Place& place, Step* step) {
  ConditionPlan plan;
  plan.proto = condition;
  if (condition.has_value()) {
    absl::StatusOr<ValuePlan> value = ValuePlan::Make(condition.value(), scope, place.In("value"));
    if (!value.ok()) return value.status();
    plan.value = *std::move(value);
    if (condition.in().empty() && condition.not_in().empty() && !condition.has_given()) {
      return place.Error("say what the value must be: in, not_in or given");
    }
  } else if (!condition.in().empty() || !condition.not_in().empty() || condition.has_given()) {
    return place.Error("say which `value` is looked at");
  }
  const bool asks_for_rows = condition.row() != v1::ROW_POSITION_UNSPECIFIED || !condition.changed().empty();
  if (asks_for_rows && !proto_.several_rows_a_key()) {
    return place.Error("`row` and `changed` need `several_rows_a_key: true` and a `key` in the file");
  }
  needs_count_ |= condition.row() == v1::ROW_POSITION_LAST || condition.row() == v1::ROW_POSITION_NOT_LAST;
  for (int i = 0; i < condition.changed_size(); ++i) {
    const int column = columns_.Find(condition.changed(i));
    if (column < 0) {
      return place.In("changed", i).Error(absl::StrCat("the file has no column \"", condition.changed(i), "\""));
    }
    const auto found = std::find(tracked_.begin(), tracked_.end(), column);
    plan.changed.push_back(static_cast<int>(found - tracked_.begin()));
    if (found == tracked_.end()) tracked_.push_back(column);
  }
  step->when.push_back(std::move(plan));
  return absl::OkStatus();
}

absl::Status FilePlan::MakeSetting(const v1::Setting& setting, const PlanScope& scope, const Place& place,
                                   const google::protobuf::Descriptor* message, std::vector<std::string>* names, Step* step) {
  absl::StatusOr<FieldPath> path = FieldPath::Find(message, setting.path(), names);
  if (!path.ok()) return place.In("path").Error(path.status().message());
  if (setting.path() == "header.request_id") return place.In("path").Error("request ids are made by the import");
  absl::StatusOr<ValuePlan> value = ValuePlan::Make(setting.value(), scope, place.In("value"));
  if (!value.ok()) return value.status();
  const bool is_money = path->takes_money() || (path->is_custom() && value->type() == v1::CUSTOM_TYPE_MONEY);
  if (is_money && !value->has_currency()) {
    return place.In("value").Error("money needs a `currency`, e.g. currency { constant: \"EUR\" }");
  }
  step->set.push_back({*std::move(path), *std::move(value)});
  return absl::OkStatus();
}

absl::Status FilePlan::MakeEdge(const v1::OrgEdgeMapping& edge, const PlanScope& scope, const Place& place) {
  absl::StatusOr<ValuePlan> child = ValuePlan::Make(edge.child(), scope, place.In("child"));
  if (!child.ok()) return child.status();
  absl::StatusOr<ValuePlan> parent = ValuePlan::Make(edge.parent(), scope, place.In("parent"));
  if (!parent.ok()) return parent.status();
  EdgePlan plan{*std::move(child), *std::move(parent), std::nullopt};
  if (edge.has_from()) {
    absl::StatusOr<ValuePlan> from = ValuePlan::Make(edge.from(), scope, place.In("from"));
    if (!from.ok()) return from.status();
    plan.from = *std::move(from);
  }
  edge_plans_.push_back(std::move(plan));
  return absl::OkStatus();
}

absl::Status FilePlan::Plan(const CsvRow& row, uint64_t number, api::CommandBatch* batch, std::vector<PlannedStep>* steps) {
  absl::Status status = Fits(row);
  RowView view{&row.cells, number, 0};
  absl::StatusOr<std::string> key = status.ok() ? KeyOf(view) : needs_count_ ? CountedKey(number) : KeyOfBroken(row);
  if (unplaced_.number == 0 && MovesLaterRows(row, status.ok(), key.ok())) unplaced_ = {number, row.line};
  KeyState* state = nullptr;
  if (key.ok() && proto_.several_rows_a_key()) {
    state = &states_[*key];
    view.number_in_key = ++state->rows;
  }
  if (status.ok()) status = key.status();
  if (status.ok()) status = CheckPlace(state, number);
  if (status.ok()) status = PlanSteps(view, *key, state, batch, steps);
  // Where the rows were counted, a key that is done needs no memory.
  if (state != nullptr && needs_count_ && state->rows == state->total) states_.erase(states_.find(*key));
  return status;
}

void FilePlan::NoteSameKey(const RowView& view, const std::string& key, size_t before, std::vector<PlannedStep>* steps) {
  if (!key_) return;
  const auto [first, is_new] = first_rows_.try_emplace(Digest64(key), view.number);
  for (size_t i = before; i < steps->size() && !is_new; ++i) {
    if ((*steps)[i].attempts == nullptr) (*steps)[i].row_of_same_key = first->second;
  }
}

absl::Status FilePlan::PlanSteps(RowView view, const std::string& key, KeyState* state, api::CommandBatch* batch,
                                 std::vector<PlannedStep>* steps) {
  const size_t before = steps->size();
  if (state != nullptr) runs_ = state->runs;
  runs_.resize(run_count_);
  absl::Status status;
  for (size_t i = 0; i < steps_.size() && status.ok(); ++i) {
    status = PlanStep(static_cast<int>(i), view, key, state, before, batch, steps);
  }
  if (status.ok()) status = AddEdges(view);
  if (!status.ok()) {
    batch->mutable_commands()->DeleteSubrange(static_cast<int>(before), batch->commands_size() - static_cast<int>(before));
    steps->resize(before);
    return status;
  }
  for (size_t i = before; i < steps->size(); ++i) {
    PlannedStep& step = (*steps)[i];
    if (step.attempts == nullptr) continue;
    step.is_further = !step.attempts->contents.empty();
    step.attempts->contents.push_back(step.content);
  }
  if (state == nullptr) {
    NoteSameKey(view, key, before, steps);
    return status;
  }
  state->runs = std::move(runs_);
  state->before.clear();
  for (int column : tracked_) state->before.emplace_back(TrimSpaces((*view.cells)[column]));
  return status;
}

absl::StatusOr<bool> FilePlan::Holds(ConditionPlan& condition, const RowView& row, const KeyState* state) const {
  const v1::Condition& proto = condition.proto;
  if (condition.value) {
    absl::StatusOr<std::string> value = condition.value->EvaluateOne(row);
    if (!value.ok()) return value.status();
    if (proto.has_given() && proto.given() == value->empty()) return false;
    if (!proto.in().empty() && !Contains(proto.in(), *value)) return false;
    if (Contains(proto.not_in(), *value)) return false;
  }
  const bool is_first = state == nullptr || state->rows == 1;
  const bool is_last = state == nullptr || state->rows == state->total;
  switch (proto.row()) {
    case v1::ROW_POSITION_FIRST: if (!is_first) return false; break;
    case v1::ROW_POSITION_NOT_FIRST: if (is_first) return false; break;
    case v1::ROW_POSITION_LAST: if (!is_last) return false; break;
    case v1::ROW_POSITION_NOT_LAST: if (is_last) return false; break;
    default: break;
  }
  return true;
}

bool FilePlan::HasChanged(const ConditionPlan& condition, const RowView& row, const KeyState* state) const {
  if (condition.changed.empty()) return true;
  if (state == nullptr || state->rows == 1 || state->before.empty()) return false;
  for (int tracked : condition.changed) {
    if (TrimSpaces((*row.cells)[tracked_[tracked]]) != state->before[tracked]) return true;
  }
  return false;
}

absl::StatusOr<FilePlan::Due> FilePlan::IsDue(Step& step, const RowView& row, const KeyState* state) const {
  bool holds = true, has_changed = true;
  for (size_t i = 0; i < step.when.size() && holds; ++i) {
    absl::StatusOr<bool> held = Holds(step.when[i], row, state);
    // What follows a condition that does not hold refuses nothing.
    if (!held.ok() && has_changed) return held.status();
    holds = held.ok() && *held;
    has_changed = has_changed && HasChanged(step.when[i], row, state);
  }
  if (!holds) {
    for (const ConditionPlan& condition : step.when) has_changed = has_changed && HasChanged(condition, row, state);
    return has_changed ? Due::kChangedOnly : Due::kNo;
  }
  return has_changed ? Due::kYes : Due::kUnchanged;
}

// Whom the command is shared with, null if nobody; `identity` becomes what its request id names. An empty identity: it is not due.
absl::StatusOr<std::shared_ptr<Attempts>> FilePlan::AttemptsAt(Step& step, Due due, const RowView& row, std::string* identity) {
  const std::string key = std::exchange(*identity, "");
  if (step.run >= 0) {
    std::shared_ptr<Attempts>& run = runs_[step.run];
    if (due == Due::kYes) {
      run = std::make_shared<Attempts>();
      run->number_in_key = row.number_in_key;
    } else if (due == Due::kChangedOnly || (run != nullptr && run->is_taken)) {
      run = nullptr;
    }
    if (run == nullptr || due == Due::kNo) return std::shared_ptr<Attempts>();
    *identity = absl::StrCat(key, "\n", run->number_in_key);
    return run;
  }
  if (due != Due::kYes) return std::shared_ptr<Attempts>();
  if (!step.once) {
    *identity = proto_.several_rows_a_key() ? absl::StrCat(key, "\n", row.number_in_key) : key;
    return std::shared_ptr<Attempts>();
  }
  absl::StatusOr<std::string> once = step.once->EvaluateOne(row);
  if (!once.ok()) return once.status();
  if (once->empty()) return std::shared_ptr<Attempts>();
  std::shared_ptr<Attempts>& attempts = (*step.seen)[*once];
  if (attempts == nullptr) attempts = std::make_shared<Attempts>();
  if (!attempts->is_taken) *identity = *std::move(once);
  return attempts;
}

// `before`: so many commands are of earlier rows.
absl::Status FilePlan::PlanStep(int index, RowView row, const std::string& key, const KeyState* state, size_t before,
                                api::CommandBatch* batch, std::vector<PlannedStep>* steps) {
  Step& step = steps_[index];
  absl::StatusOr<Due> due = IsDue(step, row, state);
  if (!due.ok()) return InCommand(due.status(), step.name);
  std::string identity = key;
  absl::StatusOr<std::shared_ptr<Attempts>> attempts = AttemptsAt(step, *due, row, &identity);
  if (!attempts.ok()) return InCommand(attempts.status(), step.name);
  if (identity.empty()) return absl::OkStatus();
  for (size_t i = before; i < steps->size() && *attempts != nullptr; ++i) {
    if ((*steps)[i].attempts == *attempts) return absl::OkStatus();
  }
  const bool is_further = *attempts != nullptr && !(*attempts)->contents.empty();
  row.may_not_count = is_further;
  api::Command* command = batch->add_commands()->mutable_command();
  Message* message = command->GetReflection()->MutableMessage(command, step.field);
  absl::Status status = Fill(step, row, message);
  if (!status.ok()) {
    batch->mutable_commands()->RemoveLast();
    // It is sent already, and whether it is still needed hangs on an answer: so it does not refuse the row.
    return is_further ? absl::OkStatus() : InCommand(status, step.name);
  }
  const auto* header_field = message->GetDescriptor()->FindFieldByName("header");
  auto* header = static_cast<api::CommandHeader*>(message->GetReflection()->MutableMessage(message, header_field));
  header->set_request_id(absl::StrCat(step.prefix, HexDigest(identity)));
  if (header->channel() == api::CHANNEL_UNSPECIFIED) header->set_channel(api::CHANNEL_IMPORT);
  uint64_t content = 0;
  if (*attempts != nullptr) {
    content = Digest64(command->SerializeAsString());
    const std::vector<uint64_t>& sent = (*attempts)->contents;
    if (std::find(sent.begin(), sent.end(), content) != sent.end()) {
      batch->mutable_commands()->RemoveLast();
      return absl::OkStatus();
    }
  }
  steps->push_back({index, *std::move(attempts), content, is_further});
  return absl::OkStatus();
}

absl::Status FilePlan::Fill(Step& step, const RowView& row, Message* message) const {
  Slots slots(step.slots, -1);
  std::vector<std::string> values;
  for (SettingPlan& setting : step.set) {
    absl::Status status = setting.value.Evaluate(row, &values);
    if (!status.ok()) return status;
    if (values.empty()) continue;
    absl::StatusOr<Conversion*> how = setting.value.How(row);
    if (!how.ok()) return how.status();
    status = setting.path.Set(message, values, **how, &slots);
    if (!status.ok()) return InCommand(status, setting.value.what());
  }
  return absl::OkStatus();
}

absl::Status FilePlan::AddEdges(const RowView& row) {
  for (EdgePlan& plan : edge_plans_) {
    absl::StatusOr<std::string> child = plan.child.EvaluateOne(row);
    if (!child.ok()) return child.status();
    absl::StatusOr<std::string> parent = plan.parent.EvaluateOne(row);
    if (!parent.ok()) return parent.status();
    if (child->empty() || parent->empty()) continue;
    api::OrgEdge edge;
    edge.set_child(*std::move(child));
    edge.set_parent(*std::move(parent));
    if (plan.from) {
      absl::StatusOr<std::string> from = plan.from->EvaluateOne(row);
      if (!from.ok()) return from.status();
      absl::StatusOr<Conversion*> how = plan.from->How(row);
      if (!how.ok()) return how.status();
      absl::StatusOr<google::type::Date> day = from->empty() ? google::type::Date() : ParseDate(*from, (*how)->time);
      if (!day.ok()) return InCommand(day.status(), plan.from->what());
      if (!from->empty()) *edge.mutable_from() = *day;
    }
    if (edges_seen_.insert(edge.SerializeAsString()).second) edges_.push_back(std::move(edge));
  }
  return absl::OkStatus();
}

}  // namespace recount::tools
