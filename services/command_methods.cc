#include "services/command_methods.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "recount/v1/command.pb.h"
#include "services/error_mapping.h"
#include "services/record_rights.h"

namespace recount::services {
namespace {

constexpr size_t kMaxBatchBytes = 4 << 20;
constexpr int kMaxBatchCommands = 1000;
constexpr absl::Duration kDefaultDeadline = absl::Seconds(10);

absl::StatusOr<Submission> Begin(const Backend* backend, const Call& call) {
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  Submission submission;
  submission.tenant = *tenant;
  submission.caller = call.caller;
  if (!call.caller.rights.is_everything()) {
    auto seen = SeenBy(backend, **tenant, call.caller);
    if (!seen.ok()) return seen.status();
    submission.caller.seen = std::make_shared<const domain::SeenOwners>(*std::move(seen));
  }
  submission.deadline = call.deadline;
  return submission;
}

void ExecuteOne(const Backend* backend, const Call& call, std::shared_ptr<v1::Command> command, Reply reply) {
  auto submission = Begin(backend, call);
  if (!submission.ok()) return reply(submission.status());
  submission->commands = {command.get()};
  submission->owner = std::move(command);
  submission->done = [reply = std::move(reply)](std::vector<Outcome> outcomes) {
    if (!outcomes[0].status.ok()) return reply(outcomes[0].status);
    reply(std::make_unique<v1::CommandResult>(std::move(outcomes[0].result)));
  };
  backend->bus->Submit(*std::move(submission));
}

std::unique_ptr<v1::CommandOutcomes> OutcomesOf(const v1::CommandBatch& batch, std::vector<Outcome> outcomes) {
  auto answer = std::make_unique<v1::CommandOutcomes>();
  answer->mutable_outcomes()->Reserve(batch.commands_size());
  for (int i = 0; i < batch.commands_size(); ++i) {
    v1::CommandOutcome* outcome = answer->add_outcomes();
    outcome->set_sequence(batch.commands(i).sequence());
    if (outcomes[i].status.ok()) {
      outcome->mutable_status();
      *outcome->mutable_result() = std::move(outcomes[i].result);
    } else {
      *outcome->mutable_status() = ToRpc(outcomes[i].status);
    }
  }
  return answer;
}

void ExecuteBatch(const Backend* backend, const Call& call, std::shared_ptr<v1::CommandBatch> batch, Reply reply) {
  if (batch->commands_size() > kMaxBatchCommands) {
    return reply(domain::Refuse(
        v1::FIELD_TOO_LONG,
        absl::StrCat("a batch holds at most ", kMaxBatchCommands, " commands; this one has ", batch->commands_size()),
        "commands"));
  }
  auto submission = Begin(backend, call);
  if (!submission.ok()) return reply(submission.status());
  for (v1::SequencedCommand& command : *batch->mutable_commands())
    submission->commands.push_back(command.mutable_command());
  submission->atomic = batch->atomic();
  submission->owner = batch;
  submission->done = [reply = std::move(reply), batch](std::vector<Outcome> outcomes) {
    reply(OutcomesOf(*batch, std::move(outcomes)));
  };
  backend->bus->Submit(*std::move(submission));
}

}  // namespace

bool AddIfCommand(const Backend* backend, const google::protobuf::MethodDescriptor* method, MethodTable* table) {
  const google::protobuf::Descriptor* command = v1::Command::descriptor();
  const google::protobuf::FieldDescriptor* field = nullptr;
  for (int i = 0; i < command->field_count(); ++i) {
    if (command->field(i)->message_type() == method->input_type()) field = command->field(i);
  }
  if (field == nullptr) return false;
  Method handler;
  handler.access = Access::kWrite;
  handler.checks_limits = false;
  handler.default_deadline = kDefaultDeadline;
  // Rules hold whole tables, of exchange rates for example.
  if (method->service()->name() == "RulebookService") handler.max_request_bytes = kMaxBatchBytes;
  handler.unary = [backend, field](const Call& call, std::unique_ptr<Message> request, Reply reply) {
    auto any = std::make_shared<v1::Command>();
    any->GetReflection()->SetAllocatedMessage(any.get(), request.release(), field);
    ExecuteOne(backend, call, std::move(any), std::move(reply));
  };
  table->Add(method->full_name(), std::move(handler));
  return true;
}

void AddCommandService(const Backend* backend, MethodTable* table) {
  Method one;
  one.access = Access::kWrite;
  one.checks_limits = false;
  one.default_deadline = kDefaultDeadline;
  one.max_request_bytes = kMaxBatchBytes;
  Method many = one;
  one.unary = [backend](const Call& call, std::unique_ptr<Message> request, Reply reply) {
    ExecuteOne(backend, call, std::shared_ptr<v1::Command>(static_cast<v1::Command*>(request.release())),
               std::move(reply));
  };
  many.unary = [backend](const Call& call, std::unique_ptr<Message> request, Reply reply) {
    ExecuteBatch(backend, call, std::shared_ptr<v1::CommandBatch>(static_cast<v1::CommandBatch*>(request.release())),
                 std::move(reply));
  };
  table->Add("recount.v1.CommandService.Execute", std::move(one));
  table->Add("recount.v1.CommandService.ExecuteBatch", many);
  many.weight = [](const Message& request) {
    return static_cast<size_t>(static_cast<const v1::CommandBatch&>(request).commands_size());
  };
  table->Add("recount.v1.CommandService.Stream", std::move(many));
}

}  // namespace recount::services
