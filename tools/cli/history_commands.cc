#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/cli/commands.h"
#include "tools/cli/failure.h"
#include "tools/cli/report_render.h"
#include "tools/cli/text_width.h"
#include "tools/cli/value_text.h"
#include "google/protobuf/util/json_util.h"

namespace recount::tools {
namespace {

// The event inside the two-level payload, as compact JSON.
std::string PayloadText(const api::Event& event) {
  if (event.personal_data_erased()) return "(personal data erased)";
  std::string out;
  const auto* outer = event.payload().GetReflection();
  const auto* aggregate = outer->GetOneofFieldDescriptor(event.payload(), api::EventPayload::descriptor()->oneof_decl(0));
  if (aggregate == nullptr) return out;
  const google::protobuf::Message& inner = outer->GetMessage(event.payload(), aggregate);
  const auto* field = inner.GetReflection()->GetOneofFieldDescriptor(inner, inner.GetDescriptor()->oneof_decl(0));
  if (field == nullptr) return out;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(inner.GetReflection()->GetMessage(inner, field), &out, options).ok()) out.clear();
  return out;
}

std::string Occurred(const api::Event& event, const absl::TimeZone& zone) {
  const std::string text = TimeText(event.occurred_time(), zone);
  return event.precision() == api::PRECISION_DAY ? text.substr(0, 10) + " (day)" : text;
}

// An actor that the server could not check is marked for ever (decisions.md 36).
std::string Who(const api::Event& event) {
  std::string out = event.actor() + (event.actor_authenticated() ? "" : "?");
  if (!event.on_behalf_of().empty()) absl::StrAppend(&out, " for ", event.on_behalf_of());
  return ForTerminal(out);
}

std::string OneLine(const api::Event& event) {
  return absl::StrCat(event.position(), "  ", IsoTime(event.recorded_time()), "  ", event.stream(), "  ",
                      event.type_name(), "  ", Who(event), "  ", ForTerminal(PayloadText(event)));
}

void PrintJsonLine(Session& session, const google::protobuf::Message& message) {
  std::string line;
  if (google::protobuf::util::MessageToJsonString(message, &line).ok()) session.out << line << std::endl;
}

void PrintEntry(Session& session, const api::HistoryEntry& entry, const absl::TimeZone& zone) {
  const api::Event& event = entry.event();
  session.out << session.look.Bold(absl::StrCat(event.revision(), "  ", event.type_name())) << "  occurred " << Occurred(event, zone)
              << ", recorded " << TimeText(event.recorded_time(), zone) << ", by " << Who(event)
              << session.look.Faint(absl::StrCat("  position ", event.position(), ", request ", event.request_id())) << "\n";
  for (const api::FieldDifference& change : entry.changes()) {
    session.out << "     " << change.path() << ": " << (change.before().empty() ? "–" : ForTerminal(change.before())) << " → "
                << (change.after().empty() ? "–" : ForTerminal(change.after())) << "\n";
  }
  if (event.personal_data_erased()) session.out << "     (personal data erased)\n";
}

absl::Status ShowRecordHistory(Session& session, const HistoryOptions& options) {
  absl::StatusOr<RecordName> record = ParseRecordName(options.record);
  if (!record.ok()) return record.status();
  api::ReadStreamRequest request;
  *request.mutable_ref() = record->ref;
  request.set_collection(record->collection);
  request.set_backwards(options.backwards);
  request.set_after_revision(options.after);
  if (!options.as_of.empty()) {
    absl::StatusOr<api::AsOf> as_of = ParseAsOf(options.as_of);
    if (!as_of.ok()) return as_of.status();
    *request.mutable_as_of() = *as_of;
  }
  const absl::StatusOr<absl::TimeZone> zone = TenantZone(session);
  if (!zone.ok()) return zone.status();
  api::ReadStreamResponse whole;
  int left = options.limit > 0 ? options.limit : 1 << 30;
  do {
    request.set_page_size(std::min(left, 1000));
    api::ReadStreamResponse page;
    absl::Status status = session.client->Call("HistoryService.ReadStream", request, &page);
    if (!status.ok()) return status;
    for (auto& entry : *page.mutable_entries()) {
      if (session.format == Format::kTable) PrintEntry(session, entry, *zone);
      *whole.add_entries() = std::move(entry);
    }
    whole.set_revision(page.revision());
    whole.set_next_after_revision(page.next_after_revision());
    request.set_after_revision(page.next_after_revision());
    left -= page.entries_size();
  } while (left > 0 && request.after_revision() > 0);
  if (session.format == Format::kTable) session.out << session.look.Faint(absl::StrCat("times in ", zone->name())) << "\n";
  if (session.format == Format::kJson) {
    session.out << ToJson(whole);
  } else if (whole.next_after_revision() > 0) {
    session.out << session.look.Faint(absl::StrCat(whole.entries_size(), " of ", whole.revision(), " events; more: --after ",
                                                   whole.next_after_revision()))
                << "\n";
  }
  return absl::OkStatus();
}

void FillFilter(const HistoryOptions& options, api::EventFilter* filter) {
  filter->mutable_stream_prefixes()->Assign(options.streams.begin(), options.streams.end());
  filter->mutable_type_names()->Assign(options.types.begin(), options.types.end());
}

absl::Status ShowLog(Session& session, const HistoryOptions& options) {
  api::ReadLogRequest request;
  request.set_after_position(options.after);
  request.set_backwards(options.backwards);
  FillFilter(options, request.mutable_filter());
  int left = options.limit > 0 ? options.limit : 1 << 30;
  api::ReadLogResponse page;
  bool any = false;
  do {
    request.set_page_size(std::min(left, 1000));
    absl::Status status = session.client->Call("HistoryService.ReadLog", request, &page);
    if (!status.ok()) return status;
    any = any || !page.events().empty();
    for (const api::Event& event : page.events()) {
      if (session.format == Format::kTable) {
        session.out << OneLine(event) << "\n";
      } else {
        PrintJsonLine(session, event);
      }
    }
    left -= page.events_size();
    request.set_after_position(page.next_after_position());
  } while (left > 0 && page.next_after_position() > 0);
  if (!any) {
    session.err << "no such events; the head is " << page.head() << "\n";
  }
  if (page.next_after_position() > 0) {
    session.err << "more: --after " << page.next_after_position() << " (the head is " << page.head() << ")\n";
  }
  return absl::OkStatus();
}

absl::Status FollowLog(Session& session, const HistoryOptions& options) {
  api::SubscribeRequest request;
  request.set_after_position(options.after);
  FillFilter(options, request.mutable_filter());
  int left = options.limit > 0 ? options.limit : -1;
  return session.client->Subscribe(request, [&](const api::SubscribeResponse& message) {
    if (session.format == Format::kJson) {
      PrintJsonLine(session, message);
    } else if (message.has_event()) {
      session.out << OneLine(message.event()) << std::endl;
    } else if (message.message_case() == api::SubscribeResponse::kCaughtUp) {
      session.err << "caught up at position " << message.caught_up() << "; waiting for more" << std::endl;
    }
    return !message.has_event() || left < 0 || --left > 0;
  });
}

}  // namespace

absl::Status ShowHistory(Session& session, const HistoryOptions& options) {
  if (options.record.empty()) return options.follow ? FollowLog(session, options) : ShowLog(session, options);
  if (!options.follow) return ShowRecordHistory(session, options);
  absl::StatusOr<RecordName> record = ParseRecordName(options.record);
  if (!record.ok()) return record.status();
  if (record->ref.has_external()) return Usage("--follow takes a resource name; `recount get` shows it for an external id");
  HistoryOptions followed = options;
  followed.streams.push_back(options.record);
  return FollowLog(session, followed);
}

}  // namespace recount::tools
