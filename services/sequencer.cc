#include "services/sequencer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "domain/calendar.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"
#include "services/error_mapping.h"

namespace recount::services {
namespace {

constexpr int64_t kMicrosADay = 86400 * 1000000LL;

void SetHeader(const Caller& caller, const PreparedCommand& command, const domain::Rulebook& rules,
               storage::v1::CommitRecord* record) {
  const v1::CommandHeader& header = command.header();
  record->set_actor(caller.actor);
  record->set_actor_authenticated(caller.authenticated);
  record->set_on_behalf_of(header.on_behalf_of());
  record->set_channel(header.channel());
  record->set_request_id(header.request_id());
  record->set_correlation_id(command.correlation_id);
  record->set_causation_id(command.causation_id);
  record->set_rulebook_position(rules.position());
}

void SetPosition(const eventstore::Sequenced& sequenced, v1::CommandResult* result) {
  result->set_position(sequenced.last_position);
  *result->mutable_recorded_time() = domain::TimestampFrom(sequenced.recorded_micros);
}

void SetRepeated(const eventstore::RememberedRequest& remembered, std::string name, Outcome* outcome) {
  outcome->repeated_first_position = remembered.first_position;
  outcome->result.set_name(std::move(name));
  outcome->result.set_position(remembered.last_position);
  *outcome->result.mutable_recorded_time() = domain::TimestampFrom(remembered.recorded_micros);
  outcome->result.set_repeated(true);
}

absl::Status DeadlinePassed() {
  return domain::Refuse(v1::DEADLINE_PASSED,
                        "the deadline passed before the command was decided; nothing was appended");
}

// A group is refused with the first of its commands that is.
struct RefusedCommand {
  size_t index;
  absl::Status status;
};

absl::Status RefusedWith(size_t index) {
  return domain::Refuse(
      v1::ATOMIC_GROUP_REFUSED,
      absl::StrCat("command ", index + 1, " of the atomic group was refused, so nothing of it was appended"), "",
      {{"index", absl::StrCat(index)}});
}

absl::Status CheckRevision(Transaction& transaction, absl::string_view name, uint64_t expected) {
  auto revision = transaction.Revision(name);
  if (!revision.ok() || *revision == expected) return revision.status();
  return domain::Refuse(v1::REVISION_MISMATCH, absl::StrCat(name, " is at revision ", *revision, ", not at ", expected),
                        "header.expected_revision", {{"name", name}, {"revision", absl::StrCat(*revision)}});
}

// An atomic group is one commit, which has one request id, one channel and one on_behalf_of: the first command's. Another
// one may repeat or leave out what the first says; what differs would be lost.
absl::Status CheckSaysNothingElse(const v1::CommandHeader& first, const v1::CommandHeader& other) {
  const char* field = nullptr;
  if (!other.request_id().empty() && other.request_id() != first.request_id()) field = "header.request_id";
  if (!other.on_behalf_of().empty() && other.on_behalf_of() != first.on_behalf_of()) field = "header.on_behalf_of";
  if (other.channel() != v1::CHANNEL_UNSPECIFIED && other.channel() != first.channel()) field = "header.channel";
  if (field == nullptr) return absl::OkStatus();
  return domain::Refuse(v1::FIELD_INVALID,
                        "an atomic group is one commit: its first command says the request_id, channel and "
                        "on_behalf_of of all, and this one says another",
                        field);
}

std::vector<Outcome> RefuseAll(size_t commands, const RefusedCommand& refused) {
  std::vector<Outcome> outcomes(commands);
  for (Outcome& outcome : outcomes) outcome.status = RefusedWith(refused.index);
  outcomes[refused.index].status = WithReason(refused.status);
  return outcomes;
}

// What can be said of a group before it is decided; nullopt: nothing.
std::optional<RefusedCommand> CheckGroup(const std::vector<PreparedCommand>& commands, absl::Time deadline) {
  for (size_t i = 0; i < commands.size(); ++i) {
    if (!commands[i].valid.ok()) return RefusedCommand{i, commands[i].valid};
    const absl::Status fits = CheckSaysNothingElse(commands[0].header(), commands[i].header());
    if (!fits.ok()) return RefusedCommand{i, fits};
  }
  if (deadline != absl::InfiniteFuture() && eventstore::SteadyNow() > deadline) return RefusedCommand{0, DeadlinePassed()};
  return std::nullopt;
}

bool IsValidateOnly(const std::vector<PreparedCommand>& commands) {
  return std::any_of(commands.begin(), commands.end(), [](const PreparedCommand& one) { return one.validate_only; });
}

std::string NamesOf(const std::vector<Outcome>& outcomes) {
  return absl::StrJoin(outcomes, "\n",
                       [](std::string* out, const Outcome& outcome) { out->append(outcome.result.name()); });
}

std::vector<Outcome> RepeatGroup(const eventstore::RememberedRequest& remembered, size_t commands) {
  std::vector<Outcome> outcomes(commands);
  const std::vector<std::string> names = absl::StrSplit(remembered.answer_name, '\n');
  for (size_t i = 0; i < commands && i < names.size(); ++i) {
    SetRepeated(remembered, names[i], &outcomes[i]);
    outcomes[i].repeated_command = i;
  }
  return outcomes;
}

// The record that the command is about; empty: it is not there yet, or the command does not say.
std::string OwnRecord(Transaction& transaction, const v1::Command& command) {
  for (const domain::Touch& touch : domain::Touches(command)) {
    if (!touch.is_own) continue;
    if (!touch.ref.has_external()) return touch.ref.name();
    std::string name = transaction.FindKey(domain::ExternalKey(touch.collection, touch.ref.external())).value_or("");
    if (!name.empty()) return name;
  }
  return "";
}

// Why a command was refused: if the record is not what its sender believed, that is the reason to be told.
absl::Status StaleOr(Transaction& transaction, const PreparedCommand& command, absl::Status refusal) {
  if (!absl::IsFailedPrecondition(refusal) && !absl::IsAlreadyExists(refusal)) return refusal;
  const std::string name = OwnRecord(transaction, *command.command);
  if (name.empty()) return refusal;
  const absl::Status stale = CheckRevision(transaction, name, command.header().expected_revision());
  return stale.ok() ? refusal : stale;
}

}  // namespace

Sequencer::Sequencer(Archive archive, Clock* clock, StateCache* cache)
    : archive_(archive), clock_(clock), cache_(cache) {}

int64_t Sequencer::Now(const Tenant& tenant) {
  const eventstore::Head head = archive_.log->SequencedHead(tenant.number());
  const int64_t now = clock_->NowMicros();
  return head.position == 0 ? now : std::max(now, head.recorded_micros);
}

absl::StatusOr<const domain::Calendar*> Sequencer::CalendarOf(const Tenant& tenant,
                                                              const std::shared_ptr<const domain::Rulebook>& rules,
                                                              int64_t now) {
  DayCalendar& known = calendars_[tenant.number()];
  const int64_t day = now / kMicrosADay;
  if (known.calendar != nullptr && known.rules == rules && known.day == day) return known.calendar.get();
  auto calendar = domain::Calendar::Make(rules->CalendarOn(day));
  if (!calendar.ok()) return calendar.status();
  known.rules = rules;
  known.day = day;
  known.calendar = std::make_unique<domain::Calendar>(*std::move(calendar));
  return known.calendar.get();
}

absl::StatusOr<std::optional<eventstore::RememberedRequest>> Sequencer::Remembered(const Tenant& tenant,
                                                                                   const Caller& caller,
                                                                                   const std::string& request_id,
                                                                                   const eventstore::RequestHash& hash) {
  if (request_id.empty()) return std::optional<eventstore::RememberedRequest>();
  auto found = archive_.log->FindRequest(tenant.number(), caller.actor, request_id);
  if (!found.ok() || !found->has_value() || eventstore::IsSameRequest((**found).command_hash, hash)) return found;
  return domain::Refuse(v1::REQUEST_ID_REUSED,
                        absl::StrCat("another command was executed under the request_id `", request_id,
                                     "`: give each command one of its own"),
                        "header.request_id", {{"position", absl::StrCat((**found).last_position)}});
}

absl::Status Sequencer::DecideInto(Transaction& transaction, Tenant& tenant, const Caller& caller,
                                   const PreparedCommand& command, bool visible, int64_t now,
                                   v1::CommandResult* result) {
  auto calendar = CalendarOf(tenant, transaction.rules(), now);
  if (!calendar.ok()) return calendar.status();
  const domain::Context context = transaction.ContextFor(caller, *calendar);
  if (absl::Status free = transaction.CheckNotTakenByHidden(*command.command); !free.ok()) return free;
  auto decision = domain::Decide(*command.command, context);
  const v1::CommandHeader& header = command.header();
  if (!decision.ok())
    return header.has_expected_revision() ? StaleOr(transaction, command, decision.status()) : decision.status();
  result->set_name(decision->answer_name);
  if (header.has_expected_revision()) {
    if (absl::Status expected = CheckRevision(transaction, decision->answer_name, header.expected_revision());
        !expected.ok())
      return expected;
  }
  return transaction.Add(*std::move(decision), visible);
}

void Sequencer::SetNothingAppended(const Tenant& tenant, bool validate_only, v1::CommandResult* result) {
  const eventstore::Head head = archive_.log->SequencedHead(tenant.number());
  result->set_position(head.position);
  *result->mutable_recorded_time() = domain::TimestampFrom(head.recorded_micros);
  result->set_validated_only(validate_only);
}

Outcome Sequencer::DecideOne(Tenant& tenant, const Caller& caller, const PreparedCommand& command) {
  Outcome outcome;
  auto remembered = Remembered(tenant, caller, command.header().request_id(), command.hash);
  if (!remembered.ok()) {
    outcome.status = remembered.status();
    return outcome;
  }
  if (remembered->has_value()) {
    SetRepeated(**remembered, (**remembered).answer_name, &outcome);
    return outcome;
  }
  const int64_t now = Now(tenant);
  Transaction transaction(archive_, cache_, &tenant, &ids_, now);
  const std::shared_ptr<const domain::Rulebook> rules = transaction.rules();
  outcome.status = DecideInto(transaction, tenant, caller, command, false, now, &outcome.result);
  if (!outcome.status.ok()) return outcome;
  if (transaction.empty() || command.validate_only) {
    SetNothingAppended(tenant, command.validate_only, &outcome.result);
    return outcome;
  }
  SetHeader(caller, command, *rules, &transaction.record());
  transaction.record().set_command_hash(command.hash.stored);
  transaction.record().set_answer_name(outcome.result.name());
  auto sequenced = transaction.Commit();
  if (sequenced.ok()) {
    SetPosition(*sequenced, &outcome.result);
    const CommitRevisions revisions = transaction.Revisions();
    revisions.Fill(0, revisions.size(), &outcome.result);
  } else {
    outcome.status = WithReason(sequenced.status());
  }
  return outcome;
}

std::vector<Outcome> Sequencer::DecideEach(Tenant& tenant, const Caller& caller,
                                           const std::vector<PreparedCommand>& commands, absl::Time deadline) {
  std::vector<Outcome> outcomes(commands.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    if (!commands[i].valid.ok()) {
      outcomes[i].status = commands[i].valid;
    } else if (deadline != absl::InfiniteFuture() && eventstore::SteadyNow() > deadline) {
      outcomes[i].status = DeadlinePassed();
    } else {
      outcomes[i] = DecideOne(tenant, caller, commands[i]);
    }
  }
  return outcomes;
}

std::vector<Outcome> Sequencer::DecideTogether(Tenant& tenant, const Caller& caller,
                                               const std::vector<PreparedCommand>& commands, absl::Time deadline) {
  std::vector<Outcome> outcomes(commands.size());
  if (commands.empty()) return outcomes;
  if (const auto refused = CheckGroup(commands, deadline)) return RefuseAll(commands.size(), *refused);
  auto hash = HashOfGroup(archive_, tenant.number(), commands);
  if (!hash.ok()) return RefuseAll(commands.size(), {0, hash.status()});
  auto remembered = Remembered(tenant, caller, commands[0].header().request_id(), *hash);
  if (!remembered.ok()) return RefuseAll(commands.size(), {0, remembered.status()});
  if (remembered->has_value()) return RepeatGroup(**remembered, commands.size());
  const int64_t now = Now(tenant);
  Transaction transaction(archive_, cache_, &tenant, &ids_, now);
  const std::shared_ptr<const domain::Rulebook> rules = transaction.rules();
  std::vector<size_t> ends;  // of each command's events
  for (size_t i = 0; i < commands.size(); ++i) {
    absl::Status decided = DecideInto(transaction, tenant, caller, commands[i], true, now, &outcomes[i].result);
    if (!decided.ok()) return RefuseAll(commands.size(), {i, decided});
    const size_t end = static_cast<size_t>(transaction.record().events_size());
    transaction.record().add_command_events(static_cast<uint32_t>(end - (ends.empty() ? 0 : ends.back())));
    ends.push_back(end);
  }
  const bool validate_only = IsValidateOnly(commands);
  if (transaction.empty() || validate_only) {
    for (Outcome& outcome : outcomes) SetNothingAppended(tenant, validate_only, &outcome.result);
    return outcomes;
  }
  SetHeader(caller, commands[0], *rules, &transaction.record());
  transaction.record().set_command_hash(hash->stored);
  transaction.record().set_answer_name(NamesOf(outcomes));
  auto sequenced = transaction.Commit();
  if (!sequenced.ok()) return RefuseAll(commands.size(), {0, sequenced.status()});
  const CommitRevisions revisions = transaction.Revisions();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    SetPosition(*sequenced, &outcomes[i].result);
    revisions.Fill(i == 0 ? 0 : ends[i - 1], ends[i], &outcomes[i].result);
  }
  return outcomes;
}

}  // namespace recount::services
