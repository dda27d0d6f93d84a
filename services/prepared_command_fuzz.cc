// Commands from the wire until they are decided: limits, identity, normal forms, and Decide in a tenant that has no records.
#include "services/prepared_command.h"

#include "absl/strings/str_cat.h"
#include "domain/aggregate.h"
#include "domain/refusal.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/normalizers.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::services {
namespace {

class NoRecords : public domain::Records {
 public:
  absl::StatusOr<std::string> Resolve(absl::string_view, const v1::Ref&, absl::string_view field) override {
    return domain::Refuse(v1::RECORD_NOT_FOUND, "not there", field);
  }
  absl::StatusOr<const domain::State*> Load(absl::string_view) override { return &state_; }
  absl::StatusOr<std::string> FindKey(absl::string_view) override { return ""; }

 private:
  domain::State state_;
};

absl::StatusOr<domain::Decision> DecideAlone(const v1::Command& command) {
  static const domain::Rulebook rules;
  static const domain::Calendar calendar = [] {
    v1::CalendarRule rule;
    rule.set_zone("Europe/Berlin");
    return *domain::Calendar::Make(rule);
  }();
  static const domain::Normalizers normalizers = MakeNormalizers("DE");
  static NoRecords records;
  v1::Tenant tenant;
  tenant.set_currency("EUR");
  int ids = 0;
  domain::Context context;
  context.now_micros = 1'700'000'000'000'000;
  context.actor = "users/tester";
  context.tenant = &tenant;
  context.rules = &rules;
  context.calendar = &calendar;
  context.records = &records;
  context.normalizers = &normalizers;
  context.new_id = [&ids] { return absl::StrCat("id-", ++ids); };
  return domain::Decide(command, context);
}

// An accepted command's events can be stored, read and folded.
void CheckDecision(const domain::Decision& decision) {
  for (const domain::NewEvent& event : decision.events) {
    const uint32_t type = domain::TypeOf(event.payload);
    MUST(type != 0 && !event.stream.empty());
    v1::EventPayload again;
    MUST(domain::MutableEvent(type, &again)->ParseFromString(domain::EventIn(event.payload).SerializeAsString()));
    MUST(google::protobuf::util::MessageDifferencer::Equals(again, event.payload));
    domain::EventMeta meta;
    meta.stream = event.stream;
    meta.position = meta.revision = 1;
    meta.occurred_micros = event.occurred_micros;
    meta.precision = event.precision;
    domain::State fresh;
    domain::Evolve(event.payload, meta, &fresh);
  }
}

}  // namespace
}  // namespace recount::services

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount;
  using namespace recount::services;
  v1::Command command;
  if (!command.ParseFromArray(data, static_cast<int>(size))) return 0;
  static eventstore::KeyVault* const vault = eventstore::NewMemoryKeyVault().release();
  const Archive archive{nullptr, vault};
  const PreparedCommand prepared = Prepare(archive, 1, &command);
  MUST(prepared.valid.ok() || domain::ReasonOf(prepared.valid) != v1::ERROR_REASON_UNSPECIFIED);
  if (domain::MessageIn(command) == nullptr) return 0;
  MUST(prepared.hash.stored.empty() == (prepared.header().request_id().empty() || !prepared.valid.ok()));
  if (!prepared.valid.ok()) return 0;
  // What is prepared is itself again; where it comes from is no part of what it is.
  v1::Command copy = command;
  MUST(Prepare(archive, 1, &copy).hash.stored == prepared.hash.stored);
  domain::Touches(command);
  const auto decision = DecideAlone(command);
  MUST(decision.ok() || domain::ReasonOf(decision.status()) != v1::ERROR_REASON_UNSPECIFIED);
  if (decision.ok()) CheckDecision(*decision);
  return 0;
}
