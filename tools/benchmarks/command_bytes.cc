#include "tools/benchmarks/command_bytes.h"

#include "absl/strings/str_cat.h"

namespace recount::tools {
namespace {

// Places of numbers: eight digits that occur nowhere else.
constexpr char kRequestMark[] = "91827361";
constexpr char kRecordMark[] = "91827362";
constexpr size_t kDigits = 8;
constexpr uint64_t kLag = 512;  // groups
// A sequence number of three bytes as a varint.
constexpr uint64_t kLeastSequence = 1 << 14;
constexpr uint64_t kSequences = 2'000'000;

void FillHeader(v1::CommandHeader* header, int expected_revision) {
  header->set_request_id(absl::StrCat("7d0f3a52-91c4-4e6b-8d27-b41e", kRequestMark));
  header->set_correlation_id(absl::StrCat("0c9a1e44-5b7d-4f02-a6c8-22f0", kRequestMark));
  header->set_channel(v1::CHANNEL_API);
  header->set_expected_revision(expected_revision);
}

v1::Command CaptureLead(bool personal) {
  v1::Command command;
  auto* lead = command.mutable_capture_lead();
  FillHeader(lead->mutable_header(), 0);
  lead->set_name(absl::StrCat("leads/0192f3a0-6c1b-7000-8000-0000", kRecordMark));
  auto* id = lead->add_external_ids();
  id->set_source("web_form");
  id->set_id(absl::StrCat("enquiry-", kRecordMark));
  lead->mutable_source()->set_id("organic_search");
  lead->mutable_source()->set_campaign("spring-2026");
  if (!personal) return command;
  lead->mutable_person_name()->set_display(absl::StrCat("Ruth Cohen ", kRecordMark));
  lead->add_phones()->set_raw(absl::StrCat("+49 30 ", kRecordMark));
  lead->add_emails()->set_raw(absl::StrCat("Ruth.Cohen.", kRecordMark, "@Example.com"));
  return command;
}

v1::Command CreateDeal(absl::string_view deal) {
  v1::Command command;
  auto* create = command.mutable_create_deal();
  FillHeader(create->mutable_header(), 0);
  create->set_name(std::string(deal));
  auto* id = create->add_external_ids();
  id->set_source("erp");
  id->set_id(absl::StrCat("offer-", kRecordMark));
  create->mutable_value()->set_currency_code("EUR");
  create->mutable_value()->set_units(12500);
  create->mutable_source()->set_id("referral");
  create->mutable_expected_close()->set_year(2027);
  create->mutable_expected_close()->set_month(3);
  create->mutable_expected_close()->set_day(31);
  return command;
}

v1::Command MoveDeal(absl::string_view deal, const char* stage, int revision) {
  v1::Command command;
  auto* move = command.mutable_change_deal_stage();
  FillHeader(move->mutable_header(), revision);
  move->mutable_deal()->set_name(std::string(deal));
  move->set_stage(stage);
  return command;
}

void WriteNumber(uint64_t number, char* place) {
  for (size_t i = kDigits; i-- > 0; number /= 10) place[i] = static_cast<char>('0' + number % 10);
}

void WriteSequence(uint64_t number, char* place) {
  const uint64_t sequence = kLeastSequence + number % kSequences;
  place[0] = static_cast<char>(sequence | 0x80);
  place[1] = static_cast<char>(sequence >> 7 | 0x80);
  place[2] = static_cast<char>(sequence >> 14);
}

std::vector<size_t> PlacesOf(const std::string& mark, const std::string& bytes) {
  std::vector<size_t> places;
  for (size_t at = bytes.find(mark); at != std::string::npos; at = bytes.find(mark, at + 1))
    places.push_back(at);
  return places;
}

}  // namespace

CommandBytes::CommandBytes(CommandMix mix) {
  if (mix == CommandMix::kPersonal) {
    forms_ = {MakeForm(CaptureLead(true), 0, 0)};
    return;
  }
  const std::string deal = absl::StrCat("deals/0192f3a0-6c1b-7000-8000-0000", kRecordMark);
  forms_ = {MakeForm(CaptureLead(false), 0, 0),
            MakeForm(CreateDeal(deal), 0, 0),
            MakeForm(CreateDeal(deal), 0, 1),
            MakeForm(MoveDeal(deal, "offer", 1), kLag, 0),
            MakeForm(MoveDeal(deal, "offer", 1), kLag, 1),
            MakeForm(MoveDeal(deal, "negotiation", 2), 2 * kLag, 0),
            MakeForm(MoveDeal(deal, "order", 2), 2 * kLag, 1),
            MakeForm(MoveDeal(deal, "order", 3), 3 * kLag, 0)};
}

bool CommandBytes::IsThere(uint64_t number) const {
  return number / forms_.size() >= forms_[number % forms_.size()].record_lag;
}

CommandBytes::Template CommandBytes::MakeTemplate(std::string bytes) {
  Template made;
  made.request_places = PlacesOf(kRequestMark, bytes);
  made.record_places = PlacesOf(kRecordMark, bytes);
  made.bytes = std::move(bytes);
  return made;
}

CommandBytes::Form CommandBytes::MakeForm(const v1::Command& command, uint64_t record_lag,
                                          int record_offset) {
  v1::CommandBatch batch;
  v1::SequencedCommand* sequenced = batch.add_commands();
  sequenced->set_sequence(kLeastSequence);
  *sequenced->mutable_command() = command;
  Form form;
  form.command = MakeTemplate(command.SerializeAsString());
  form.batch = MakeTemplate(batch.SerializeAsString());
  // The sequence is the first field of the first command, right before the command.
  char sequence[3];
  WriteSequence(0, sequence);
  form.batch.sequence_place = form.batch.bytes.find(std::string(sequence, sizeof(sequence)));
  form.record_lag = record_lag;
  form.record_offset = record_offset;
  return form;
}

void CommandBytes::Append(uint64_t number, Template Form::*which, std::string* out) const {
  const Form& form = forms_[number % forms_.size()];
  const Template& made = form.*which;
  const size_t begin = out->size();
  out->append(made.bytes);
  char* const bytes = out->data() + begin;
  for (size_t place : made.request_places) WriteNumber(number, bytes + place);
  const uint64_t record = 2 * (number / forms_.size() - form.record_lag) + form.record_offset;
  for (size_t place : made.record_places) WriteNumber(record, bytes + place);
  if (made.sequence_place != 0) WriteSequence(number, bytes + made.sequence_place);
}

v1::Command PublishPipeline() {
  v1::Command command;
  auto* pipeline = command.mutable_publish_rules()
                       ->add_rules()
                       ->mutable_content()
                       ->mutable_pipelines()
                       ->add_pipelines();
  pipeline->set_id("main");
  for (const char* stage : {"potential", "offer", "negotiation", "order"})
    pipeline->add_stages()->set_id(stage);
  auto* won = pipeline->add_stages();
  won->set_id("won");
  won->set_meaning(v1::STAGE_MEANING_WON);
  return command;
}

}  // namespace recount::tools
