// Given events, when a command, then events or a refusal: the tests of decisions, in the words of
// the protos' text format.
//
//   Scenario scenario;
//   scenario.Given("deals/1", "2024-03-01T08:00:00Z", "deal { created { pipeline: 'sales' stage:
//   'offer' } }"); scenario.When("win_deal { deal { name: 'deals/1' } }").Then({"deal {
//   stage_changed { stage: 'won' } }", "deal { won {} }"}); scenario.When("complete_deal { deal {
//   name: 'deals/2' } }").Refused(v1::RECORD_NOT_FOUND, "deal");
//
// What a `Then` has checked is committed, so that a scenario can go on. Ids are id-1, id-2 ... in
// the order in which they are made.
#ifndef RECOUNT_DOMAIN_SCENARIO_TESTING_H_
#define RECOUNT_DOMAIN_SCENARIO_TESTING_H_

#include <map>
#include <source_location>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/aggregate.h"
#include "domain/refusal.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace recount::domain {

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

inline int64_t MicrosOf(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << text << ": " << error;
  return absl::ToUnixMicros(time);
}

class Scenario;

// A command that is about to be decided.
class Asked {
 public:
  Asked(Scenario* scenario, v1::Command command, std::source_location where)
      : scenario_(scenario), command_(std::move(command)), where_(where) {}

  // It occurred at an instant (`2024-03-01T08:00:00Z`) or on a day (`2024-03-01`).
  Asked& At(const std::string& time);

  // Exactly these payloads, with these streams if given.
  Decision Then(const std::vector<std::string>& payloads,
                const std::vector<std::string>& streams = {});
  void Nothing() { Then({}); }
  void Refused(v1::ErrorReason reason, const std::string& field = "");
  static void SetTime(const std::string& time, const Calendar& calendar, v1::Command* command);
  // The metadata that a refusal carries.
  std::string Metadata(const std::string& key);

 private:
  void Fail(const std::string& what) {
    ADD_FAILURE_AT(where_.file_name(), static_cast<int>(where_.line())) << what;
  }

  Scenario* scenario_;
  v1::Command command_;
  std::source_location where_;
};

class Scenario : public Records {
 public:
  Scenario() {
    GivenRule(R"(pipelines {
      pipelines { id: 'sales' lost_reason_required: true
        stages { id: 'potential' } stages { id: 'offer' } stages { id: 'order' }
        stages { id: 'won' meaning: STAGE_MEANING_WON } stages { id: 'delivery' meaning: STAGE_MEANING_DELIVERY }
        stages { id: 'lost' meaning: STAGE_MEANING_LOST } }
      pipelines { id: 'service' stages { id: 'asked' } stages { id: 'agreed' }
        stages { id: 'sold' meaning: STAGE_MEANING_WON } stages { id: 'renewed' meaning: STAGE_MEANING_WON } }
      pipelines { id: 'plain' stages { id: 'only' } } })");
    tenant.set_zone("Asia/Jerusalem");
    calendar = Calendar::Make(Parse<v1::CalendarRule>("zone: 'Asia/Jerusalem'")).value();
    normalizers.phone = [](v1::Phone* phone) { phone->set_e164(absl::StrCat("+", phone->raw())); };
    normalizers.email = [](v1::Email* email) {
      email->set_folded(absl::AsciiStrToLower(email->raw()));
    };
    normalizers.name = [](v1::PersonName* name) {
      name->set_folded(absl::AsciiStrToLower(name->display()));
    };
    normalizers.version = 7;
  }

  // What has happened. A day gives the precision DAY.
  void Given(const std::string& stream, const std::string& time, const std::string& payload) {
    NewEvent event;
    event.stream = stream;
    event.payload = Parse<v1::EventPayload>(payload);
    if (time.size() == 10) {
      event.precision = v1::PRECISION_DAY;
      event.occurred_micros = calendar.StartOf(*calendar.ParsePeriod(time)->first_day);
    } else {
      event.occurred_micros = MicrosOf(time);
    }
    Commit(event);
  }
  // A rule of one kind, in force from a day on; empty: from the beginning.
  void GivenRule(const std::string& content, const std::string& from = "") {
    v1::EventPayload payload;
    v1::RuleProposal* rule = payload.mutable_rule()->mutable_published()->mutable_rule();
    *rule->mutable_content() = Parse<v1::RuleContent>(content);
    if (!from.empty())
      *rule->mutable_effective_from() = DateFromDay(*calendar.ParsePeriod(from)->first_day);
    NewEvent event;
    event.stream = absl::StrCat("rules/", KindName(KindOf(rule->content())));
    event.payload = payload;
    event.occurred_micros = now_micros;
    Commit(event);
  }
  void GivenRecord(const std::string& name) {
    static const std::map<std::string, std::string>& made = *new std::map<std::string, std::string>{
        {"leads", "lead { captured { data_subject: 's' } }"},
        {"persons", "person { created { data_subject: 'person-subject' } }"},
        {"organizations", "organization { created { display_name: 'o' } }"},
        {"deals", "deal { created { pipeline: 'sales' stage: 'potential' data_subject: 'd' } }"},
        {"products", "product { created { display_name: 'p' } }"},
        {"users", "user { created { display_name: 'u' } }"},
        {"teams", "team { created { display_name: 't' } }"},
        {"org_units", "org_unit { created { display_name: 'n' } }"}};
    Given(name, "2024-01-01T08:00:00Z", made.at(std::string(CollectionOf(name))));
  }

  Asked When(const std::string& command,
             std::source_location where = std::source_location::current()) {
    return Asked(this, Parse<v1::Command>(command), where);
  }

  Context context() {
    Context context;
    context.now_micros = now_micros;
    context.actor = "users/tester";
    context.tenant = &tenant;
    context.rules = &rules;
    context.calendar = &calendar;
    context.records = this;
    context.normalizers = &normalizers;
    context.new_id = [this] { return absl::StrCat("id-", ++ids); };
    return context;
  }

  void Commit(const NewEvent& event) {
    EventMeta meta;
    meta.stream = event.stream;
    meta.position = ++position;
    meta.revision = ++revisions[event.stream];
    meta.occurred_micros = event.occurred_micros;
    meta.precision = event.precision;
    meta.recorded_micros = now_micros;
    meta.actor = "users/tester";
    Evolve(event.payload, meta, &states[event.stream]);
    if (event.payload.has_rule())
      rules.ApplyRaw(position, now_micros, meta.actor, event.payload.rule());
  }
  void Commit(const Decision& decision) {
    for (const NewEvent& event : decision.events) Commit(event);
    for (const auto& claim : decision.claims) keys[claim.key()] = claim.stream();
  }

  template <typename Record>
  const Record& The(const std::string& name) {
    return static_cast<const Record&>(*ResourceOf(states[name]));
  }

  // Records:
  absl::StatusOr<std::string> Resolve(absl::string_view collection, const v1::Ref& ref,
                                      absl::string_view field) override {
    std::string name = ref.name();
    if (ref.has_external()) name = keys[ExternalKey(collection, ref.external())];
    if (CollectionOf(name) == collection && states.count(name) > 0) return name;
    return Refuse(v1::RECORD_NOT_FOUND, "not there", field);
  }
  absl::StatusOr<const State*> Load(absl::string_view stream) override {
    // A copy that is overwritten by the next call, as the contract allows.
    const auto found = states.find(std::string(stream));
    loaded_ = found == states.end() ? State() : found->second;
    return &loaded_;
  }
  absl::StatusOr<std::string> FindKey(absl::string_view key) override {
    const auto found = keys.find(std::string(key));
    return found == keys.end() ? "" : found->second;
  }

  int64_t now_micros = MicrosOf("2024-06-01T12:00:00Z");
  v1::Tenant tenant;
  Rulebook rules;
  Calendar calendar;
  Normalizers normalizers;
  std::map<std::string, State> states;
  std::map<std::string, std::string> keys;
  std::map<std::string, uint64_t> revisions;
  uint64_t position = 0;
  int ids = 0;

 private:
  State loaded_;
};

inline void Asked::SetTime(const std::string& time, const Calendar& calendar,
                           v1::Command* command) {
  auto* message = const_cast<google::protobuf::Message*>(MessageIn(*command));
  auto* header = static_cast<v1::CommandHeader*>(message->GetReflection()->MutableMessage(
      message, message->GetDescriptor()->FindFieldByName("header")));
  if (time.size() == 10) {
    *header->mutable_occurred()->mutable_date() =
        DateFromDay(*calendar.ParsePeriod(time)->first_day);
  } else {
    *header->mutable_occurred()->mutable_time() = TimestampFrom(MicrosOf(time));
  }
}

inline Asked& Asked::At(const std::string& time) {
  SetTime(time, scenario_->calendar, &command_);
  return *this;
}

inline Decision Asked::Then(const std::vector<std::string>& payloads,
                            const std::vector<std::string>& streams) {
  const absl::StatusOr<Decision> decision = Decide(command_, scenario_->context());
  if (!decision.ok()) {
    Fail(decision.status().ToString());
    return {};
  }
  std::string got;
  for (const NewEvent& event : decision->events)
    absl::StrAppend(&got, event.stream, ": ", event.payload.ShortDebugString(), "\n");
  if (decision->events.size() != payloads.size()) {
    Fail(absl::StrCat("expected ", payloads.size(), " events, got\n", got));
  } else {
    for (size_t i = 0; i < payloads.size(); ++i) {
      const auto expected = Parse<v1::EventPayload>(payloads[i]);
      if (!google::protobuf::util::MessageDifferencer::Equals(expected,
                                                              decision->events[i].payload)) {
        Fail(absl::StrCat("expected event ", i, "\n", expected.ShortDebugString(), "\ngot\n", got));
      }
      if (i < streams.size() && decision->events[i].stream != streams[i])
        Fail(absl::StrCat("other streams:\n", got));
    }
  }
  scenario_->Commit(*decision);
  return *decision;
}

inline void Asked::Refused(v1::ErrorReason reason, const std::string& field) {
  const absl::StatusOr<Decision> decision = Decide(command_, scenario_->context());
  if (decision.ok()) {
    Fail(absl::StrCat("expected ", v1::ErrorReason_Name(reason), ", but it was accepted"));
  } else if (ReasonOf(decision.status()) != reason ||
             (!field.empty() && Metadata("field") != field)) {
    Fail(absl::StrCat("expected ", v1::ErrorReason_Name(reason), " ", field, ", got ",
                      decision.status().ToString()));
  }
}

inline std::string Asked::Metadata(const std::string& key) {
  const absl::StatusOr<Decision> decision = Decide(command_, scenario_->context());
  const auto payload = decision.status().GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
  google::rpc::ErrorInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) return "";
  return info.metadata().count(key) > 0 ? info.metadata().at(key) : "";
}

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_SCENARIO_TESTING_H_
