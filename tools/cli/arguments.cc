#include "tools/cli/arguments.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tools/cli/failure.h"
#include "tools/import/text_values.h"

namespace recount::tools {
namespace {

absl::Status ParseBasis(absl::string_view text, absl::string_view option, api::RuleBasis* out) {
  if (text == "current") {
    out->set_kind(api::RULE_BASIS_KIND_CURRENT);
  } else if (text == "head") {
    out->set_kind(api::RULE_BASIS_KIND_HEAD);
  } else if (text == "as-recorded") {
    out->set_kind(api::RULE_BASIS_KIND_AS_RECORDED);
  } else if (absl::ConsumePrefix(&text, "draft:")) {
    out->set_kind(api::RULE_BASIS_KIND_DRAFT);
    out->set_draft(DraftName(text));
  } else if (absl::ConsumePrefix(&text, "at:")) {
    absl::StatusOr<api::AsOf> at = ParseAsOf(text);
    if (!at.ok()) return at.status();
    out->set_kind(api::RULE_BASIS_KIND_AT);
    *out->mutable_at() = *at;
  } else {
    return Usage(absl::StrCat(option, " ", text, ": write current, head, as-recorded, at:POSITION, at:DATE or draft:NAME"));
  }
  return absl::OkStatus();
}

absl::Status ParseAttribution(absl::string_view text, api::ReportParameters* out) {
  if (text == "at-event") {
    out->set_attribution(api::ATTRIBUTION_AT_EVENT);
  } else if (text == "at-close") {
    out->set_attribution(api::ATTRIBUTION_AT_CLOSE);
  } else if (text == "current") {
    out->set_attribution(api::ATTRIBUTION_CURRENT);
  } else {
    return Usage(absl::StrCat("--attribution ", text, ": write at-event, at-close or current"));
  }
  return absl::OkStatus();
}

absl::Status ParseComparison(absl::string_view text, api::Comparison* out) {
  if (text == "prior") {
    out->set_prior_period(true);
    return absl::OkStatus();
  }
  if (absl::ConsumePrefix(&text, "period:")) {
    out->set_period(std::string(text));
    return absl::OkStatus();
  }
  if (absl::ConsumePrefix(&text, "as-of:")) {
    absl::StatusOr<api::AsOf> as_of = ParseAsOf(text);
    if (as_of.ok()) *out->mutable_as_of() = *as_of;
    return as_of.status();
  }
  if (absl::ConsumePrefix(&text, "valid-at:")) {
    absl::StatusOr<api::DateOrTime> moment = ParseMoment(text, "--compare valid-at");
    if (moment.ok()) *out->mutable_valid_at() = *moment;
    return moment.status();
  }
  if (absl::StartsWith(text, "draft:") || absl::StartsWith(text, "at:") || text == "head" || text == "as-recorded") {
    return ParseBasis(text, "--compare", out->mutable_rule_basis());
  }
  return Usage(absl::StrCat("--compare ", text,
                            ": write prior, period:2025, draft:NAME, as-of:POSITION, valid-at:DATE, at:POSITION, head or as-recorded"));
}

absl::Status ParseMoments(const ReportOptions& options, api::ReportParameters* out) {
  if (!options.as_of.empty()) {
    absl::StatusOr<api::AsOf> value = ParseAsOf(options.as_of);
    if (!value.ok()) return value.status();
    *out->mutable_as_of() = *value;
  }
  if (!options.opening_as_of.empty()) {
    absl::StatusOr<api::AsOf> value = ParseAsOf(options.opening_as_of);
    if (!value.ok()) return value.status();
    *out->mutable_opening_as_of() = *value;
  }
  if (!options.valid_at.empty()) {
    absl::StatusOr<api::DateOrTime> value = ParseMoment(options.valid_at, "--valid-at");
    if (!value.ok()) return value.status();
    *out->mutable_valid_at() = *value;
  }
  if (!options.opening_valid_at.empty()) {
    absl::StatusOr<api::DateOrTime> value = ParseMoment(options.opening_valid_at, "--opening-valid-at");
    if (!value.ok()) return value.status();
    *out->mutable_opening_valid_at() = *value;
  }
  return absl::OkStatus();
}

absl::Status ParseParameters(const ReportOptions& options, api::ReportParameters* out) {
  out->set_period(options.period);
  out->set_mode(options.mode);
  out->set_filter(options.filter);
  out->set_rights(options.rights);
  out->set_currency(absl::AsciiStrToUpper(options.currency));
  for (const std::string& id : CommaList(options.by)) out->add_group_by(id);
  for (const std::string& id : CommaList(options.measures)) out->add_measures(id);
  for (const std::string& argument : options.arguments) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos) return Usage(absl::StrCat("--arg ", argument, ": write --arg NAME=VALUE"));
    (*out->mutable_arguments())[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  if (!options.record.empty()) {
    absl::StatusOr<RecordName> record = ParseRecordName(options.record);
    if (!record.ok()) return record.status();
    *out->mutable_record() = record->ref;
    out->set_collection(record->collection);
  }
  absl::Status status = ParseMoments(options, out);
  if (status.ok() && !options.basis.empty()) status = ParseBasis(options.basis, "--basis", out->mutable_rule_basis());
  if (status.ok() && !options.attribution.empty()) status = ParseAttribution(options.attribution, out);
  return status;
}

}  // namespace

absl::StatusOr<api::RunReportRequest> ToRunRequest(const ReportOptions& options) {
  api::RunReportRequest request;
  request.set_report(options.report);
  request.set_sort(options.sort);
  request.set_language(options.language);
  request.set_page_size(options.page_size);
  request.set_page_token(options.page_token);
  request.set_pin(options.pin);
  request.set_min_position(options.min_position);
  absl::Status status = ParseParameters(options, request.mutable_parameters());
  if (status.ok() && !options.compare.empty()) status = ParseComparison(options.compare, request.mutable_compare());
  if (!status.ok()) return status;
  return request;
}

absl::StatusOr<api::AsOf> ParseAsOf(absl::string_view text) {
  api::AsOf out;
  uint64_t position = 0;
  if (absl::SimpleAtoi(text, &position)) {
    out.set_position(position);
    return out;
  }
  absl::StatusOr<api::DateOrTime> time = ParseDateOrTime(text, TimeForm());
  if (!time.ok()) return Usage(absl::StrCat("\"", text, "\" is no position, date or time; write 1234, 2026-01-31 or 2026-01-31T10:00Z"));
  *out.mutable_time() = *time;
  return out;
}

absl::StatusOr<api::DateOrTime> ParseMoment(absl::string_view text, absl::string_view option) {
  absl::StatusOr<api::DateOrTime> time = ParseDateOrTime(text, TimeForm());
  if (time.ok()) return time;
  return Usage(absl::StrCat(option, " ", text, ": write a date or time, e.g. 2026-01-31 or 2026-01-31T10:00Z"));
}

absl::StatusOr<google::type::Date> ParseDay(absl::string_view text, absl::string_view option) {
  absl::StatusOr<google::type::Date> day = ParseDate(text, TimeForm());
  if (day.ok()) return day;
  return Usage(absl::StrCat(option, " ", text, ": write a day, e.g. 2026-01-31"));
}

absl::StatusOr<RecordName> ParseRecordName(absl::string_view text) {
  RecordName out;
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('/', 3));
  if (parts.size() < 2 || parts[0].empty() || parts[1].empty()) {
    return Usage(absl::StrCat("\"", text, "\" is no record; write e.g. deals/4711, or deals/external/SOURCE/ID"));
  }
  out.collection = parts[0];
  if (parts.size() == 4 && parts[1] == "external") {
    out.ref.mutable_external()->set_source(absl::StrReplaceAll(parts[2], {{"%2F", "/"}, {"%25", "%"}}));
    out.ref.mutable_external()->set_id(parts[3]);
  } else {
    out.ref.set_name(std::string(text));
  }
  return out;
}

std::string DraftName(absl::string_view text) {
  return absl::StartsWith(text, "drafts/") ? std::string(text) : absl::StrCat("drafts/", text);
}

std::vector<std::string> CommaList(absl::string_view text) {
  std::vector<std::string> out;
  for (absl::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    out.emplace_back(absl::StripAsciiWhitespace(part));
  }
  return out;
}

}  // namespace recount::tools
