#include <algorithm>
#include <istream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "recount/v1/command.pb.h"
#include "recount/v1/deal.pb.h"
#include "recount/v1/query.pb.h"
#include "tools/cli/commands.h"
#include "tools/cli/failure.h"
#include "tools/cli/report_render.h"
#include "tools/cli/value_text.h"
#include "tools/import/csv_reader.h"

namespace recount::tools {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// How the services of a collection are called.
struct Collection {
  const char* id;
  const char* one;   // GetDeal
  const char* many;  // ListDeals
};

constexpr Collection kCollections[] = {
    {"leads", "Lead", "Leads"},          {"persons", "Person", "Persons"}, {"organizations", "Organization", "Organizations"},
    {"deals", "Deal", "Deals"},          {"products", "Product", "Products"}, {"users", "User", "Users"},
    {"teams", "Team", "Teams"},          {"org_units", "OrgUnit", "OrgUnits"},
};

absl::StatusOr<Collection> FindCollection(const std::string& id) {
  std::vector<std::string> ids;
  for (const Collection& collection : kCollections) {
    if (id == collection.id) return collection;
    ids.push_back(collection.id);
  }
  const std::string meant = DidYouMean(id, ids);
  return Usage(absl::StrCat("there is no collection \"", id, "\"; there are ", absl::StrJoin(ids, ", "),
                            meant.empty() ? "" : absl::StrCat("; did you mean ", meant, "?")));
}

std::unique_ptr<Message> NewMessage(const std::string& name) {
  const Descriptor* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName("recount.v1." + name);
  if (descriptor == nullptr) return nullptr;
  return std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
}

using Flat = std::vector<std::pair<std::string, std::string>>;

// For people, with times in `zone`; without one for programs, as in the CSV of reports.
void Flatten(const Message& message, const std::string& prefix, const absl::TimeZone* zone, Flat* out);

std::string Known(const Message& message, const absl::TimeZone* zone) {
  if (message.GetDescriptor() == google::type::Money::descriptor()) return MoneyText(static_cast<const google::type::Money&>(message));
  if (message.GetDescriptor() == google::type::Date::descriptor()) return DateText(static_cast<const google::type::Date&>(message));
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
    return zone == nullptr ? IsoTime(time) : TimeText(time, *zone);
  }
  if (message.GetDescriptor() == api::ExternalId::descriptor()) {
    const auto& id = static_cast<const api::ExternalId&>(message);
    return absl::StrCat(id.source(), ":", id.id());
  }
  return "";
}

std::string Scalar(const Message& message, const FieldDescriptor* field, int index) {
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return index < 0 ? message.GetReflection()->GetString(message, field)
                     : message.GetReflection()->GetRepeatedString(message, field, index);
  }
  std::string out;
  google::protobuf::TextFormat::PrintFieldValueToString(message, field, index, &out);
  return out;
}

void FlattenElement(const Message& owner, const FieldDescriptor* field, int index, const std::string& path, const absl::TimeZone* zone,
                    Flat* out) {
  if (field->message_type() == nullptr) {
    out->emplace_back(path, Scalar(owner, field, index));
    return;
  }
  const auto* reflection = owner.GetReflection();
  const Message& inner = index < 0 ? reflection->GetMessage(owner, field) : reflection->GetRepeatedMessage(owner, field, index);
  const std::string known = Known(inner, zone);
  if (zone == nullptr && inner.GetDescriptor() == google::type::Money::descriptor()) {
    const auto& money = static_cast<const google::type::Money&>(inner);
    out->insert(out->end(), {{path, Decimal(money)}, {path + ".currency", money.currency_code()}});
  } else if (known.empty()) {
    Flatten(inner, path, zone, out);
  } else {
    out->emplace_back(path, known);
  }
}

// Paths with their values; several of one path are joined.
void Flatten(const Message& message, const std::string& prefix, const absl::TimeZone* zone, Flat* out) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string path = prefix.empty() ? field->name() : absl::StrCat(prefix, ".", field->name());
    if (!field->is_repeated()) {
      FlattenElement(message, field, -1, path, zone, out);
      continue;
    }
    Flat elements;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) FlattenElement(message, field, i, path, zone, &elements);
    for (auto& [name, value] : elements) {
      const auto same = std::find_if(out->begin(), out->end(), [&, key = &name](const auto& entry) { return entry.first == *key; });
      if (same == out->end()) {
        out->emplace_back(name, value);
      } else {
        absl::StrAppend(&same->second, "; ", value);
      }
    }
  }
}

// A record as its paths and values. Of a time known by its day only, people see the day.
Flat FlatRecord(const Message& record, const absl::TimeZone* zone) {
  Flat flat;
  Flatten(record, "", zone, &flat);
  const auto is_day = std::find(flat.begin(), flat.end(), std::pair<std::string, std::string>("info.create_precision", "PRECISION_DAY"));
  if (zone == nullptr || is_day == flat.end()) return flat;
  for (auto& [path, value] : flat) {
    if (path == "info.create_time") value.resize(std::min<size_t>(value.size(), sizeof("2026-01-31") - 1));
  }
  return flat;
}

// Columns are the paths that any record has, in the order of the message.
void PrintRecords(Session& session, const std::vector<std::unique_ptr<Message>>& records, const absl::TimeZone* zone) {
  std::vector<std::string> columns;
  std::vector<std::map<std::string, std::string>> rows;
  for (const auto& record : records) {
    const Flat flat = FlatRecord(*record, zone);
    rows.emplace_back(flat.begin(), flat.end());
    for (const auto& [path, value] : flat) {
      if (std::find(columns.begin(), columns.end(), path) == columns.end()) columns.push_back(path);
    }
  }
  if (columns.empty()) return;
  if (session.format == Format::kCsv) {
    for (size_t i = 0; i < columns.size(); ++i) session.out << (i ? "," : "") << CsvCell(columns[i]);
    session.out << "\r\n";
    for (auto& row : rows) {
      for (size_t i = 0; i < columns.size(); ++i) session.out << (i ? "," : "") << CsvCell(GuardFormula(row[columns[i]]));
      session.out << "\r\n";
    }
    return;
  }
  TextTable table;
  for (const std::string& column : columns) table.AddColumn(column.rfind("info.", 0) == 0 ? column.substr(5) : column);
  for (auto& row : rows) {
    std::vector<std::string> cells;
    for (const std::string& column : columns) cells.push_back(row[column]);
    table.AddRow(cells);
  }
  table.Print(session.out, session.look);
}

}  // namespace

absl::Status GetRecord(Session& session, const std::string& name, const std::string& as_of) {
  absl::StatusOr<RecordName> record = ParseRecordName(name);
  if (!record.ok()) return record.status();
  absl::StatusOr<Collection> collection = FindCollection(record->collection);
  if (!collection.ok()) return collection.status();
  api::GetRequest request;
  *request.mutable_ref() = record->ref;
  if (!as_of.empty()) {
    absl::StatusOr<api::AsOf> parsed = ParseAsOf(as_of);
    if (!parsed.ok()) return parsed.status();
    *request.mutable_as_of() = *parsed;
  }
  std::unique_ptr<Message> response = NewMessage(collection->one);
  absl::Status status = session.client->Call(absl::StrCat(collection->one, "Service.Get", collection->one), request, response.get());
  if (!status.ok()) return status;
  if (session.format == Format::kJson) {
    session.out << ToJson(*response);
    return absl::OkStatus();
  }
  const absl::StatusOr<absl::TimeZone> zone = TenantZone(session);
  if (!zone.ok()) return zone.status();
  TextTable table;
  table.AddColumn("field");
  table.AddColumn("value");
  for (const auto& [path, value] : FlatRecord(*response, &*zone)) table.AddRow({path, value});
  table.Print(session.out, session.look);
  return absl::OkStatus();
}

absl::Status ListRecords(Session& session, const std::string& id, const std::string& filter, const std::string& order_by, int limit,
                         bool show_deleted) {
  absl::StatusOr<Collection> collection = FindCollection(id);
  if (!collection.ok()) return collection.status();
  api::ListRequest request;
  request.set_filter(filter);
  request.set_order_by(order_by);
  request.set_show_deleted(show_deleted);
  int64_t left = limit > 0 ? limit : int64_t{1} << 40;
  std::unique_ptr<Message> response = NewMessage(absl::StrCat("List", collection->many, "Response"));
  const auto* records = response->GetDescriptor()->FindFieldByName(collection->id);
  const auto* token = response->GetDescriptor()->FindFieldByName("next_page_token");
  const auto* total = response->GetDescriptor()->FindFieldByName("total_size");
  std::vector<std::unique_ptr<Message>> all;
  int64_t total_size = 0;
  Progress progress(session);
  do {
    request.set_page_size(static_cast<int>(std::min<int64_t>(left, 1000)));
    absl::Status status =
        session.client->Call(absl::StrCat(collection->one, "Service.List", collection->many), request, response.get());
    if (!status.ok()) return status;
    const auto* reflection = response->GetReflection();
    total_size = reflection->GetInt64(*response, total);
    for (int i = 0; i < reflection->FieldSize(*response, records) && left > 0; ++i, --left) {
      const Message& record = reflection->GetRepeatedMessage(*response, records, i);
      if (session.format == Format::kJson) {
        std::string line;
        if (google::protobuf::util::MessageToJsonString(record, &line).ok()) session.out << line << "\n";
      } else {
        all.emplace_back(record.New())->CopyFrom(record);
      }
    }
    request.set_page_token(reflection->GetString(*response, token));
    if (session.format != Format::kJson) progress.Show(absl::StrCat(all.size(), " of ", total_size, " ", id));
  } while (left > 0 && !request.page_token().empty());
  if (session.format == Format::kJson) return absl::OkStatus();
  if (session.format == Format::kCsv) {
    PrintRecords(session, all, nullptr);
  } else {
    const absl::StatusOr<absl::TimeZone> zone = TenantZone(session);
    if (!zone.ok()) return zone.status();
    PrintRecords(session, all, &*zone);
    session.out << session.look.Faint(absl::StrCat(Grouped(all.size()), " of ", Grouped(total_size), " ", id)) << "\n";
  }
  return absl::OkStatus();
}

absl::Status DoCommand(Session& session, const std::string& name, const std::string& json) {
  api::Command command;
  const FieldDescriptor* field = nullptr;
  std::vector<std::string> names;
  for (int i = 0; i < api::Command::descriptor()->field_count(); ++i) {
    const FieldDescriptor* candidate = api::Command::descriptor()->field(i);
    names.push_back(candidate->json_name());
    if (name == candidate->json_name() || name == candidate->name()) field = candidate;
  }
  if (field == nullptr) {
    const std::string meant = DidYouMean(name, names);
    return Usage(absl::StrCat("there is no command \"", name, "\"", meant.empty() ? absl::StrCat("; there are ", absl::StrJoin(names, ", "))
                                                                                  : absl::StrCat("; did you mean ", meant, "?")));
  }
  std::string text = json;
  if (json == "-") text.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  Message* message = command.GetReflection()->MutableMessage(&command, field);
  const auto parsed = google::protobuf::util::JsonStringToMessage(text, message);
  if (!parsed.ok()) return Usage(absl::StrCat(name, ": ", parsed.message().ToString()));
  api::CommandResult result;
  absl::Status status = session.client->Call("CommandService.Execute", command, &result);
  if (!status.ok()) return status;
  session.out << ToJson(result);
  return absl::OkStatus();
}

}  // namespace recount::tools
