#include "services/rpc.h"

#include "domain/refusal.h"
#include "eventstore/steady_time.h"

namespace recount::services {

absl::Status Call::CheckGoesOn() const {
  if (cancelled != nullptr && cancelled()) return absl::CancelledError("the caller is gone");
  if (eventstore::SteadyNow() <= deadline) return absl::OkStatus();
  return domain::Refuse(v1::DEADLINE_PASSED, "the deadline passed while the question was worked out");
}

void MethodTable::AddQuery(
    std::string name, Access access,
    std::function<absl::StatusOr<std::unique_ptr<Message>>(const Call&, const Message&)> answer) {
  Method method;
  method.access = access;
  method.unary = [pool = pool_, answer = std::move(answer)](const Call& call, std::unique_ptr<Message> request,
                                                            Reply reply) {
    std::shared_ptr<Message> shared = std::move(request);
    const bool taken = pool->Run(call.caller.tenant_id, [call, shared, reply, answer] {
      // Nobody waits for it any more, and others do.
      if (eventstore::SteadyNow() > call.deadline)
        return reply(domain::Refuse(v1::DEADLINE_PASSED, "the deadline passed before it was the question's turn"));
      if (absl::Status waits = call.CheckGoesOn(); !waits.ok()) return reply(waits);
      reply(answer(call, *shared));
    });
    if (!taken) reply(domain::Refuse(v1::TOO_MANY_COMMANDS, "too many questions are waiting: try again"));
  };
  Add(std::move(name), std::move(method));
}

}  // namespace recount::services
