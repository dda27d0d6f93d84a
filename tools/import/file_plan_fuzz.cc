// Mapping files, and rows planned by them.
#include "tools/import/file_plan.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::tools {
namespace {

constexpr char kSeparator[] = "\n--\n";  // between mapping and rows

// What is left of a mapping after reading is a mapping that says the same.
void CheckAgain(const Mapping& mapping) {
  std::string text;
  MUST(google::protobuf::TextFormat::PrintToString(mapping.proto, &text));
  auto again = ParseMapping(text, "again.textproto");
  MUST(again.ok() && google::protobuf::util::MessageDifferencer::Equals((*again)->proto, mapping.proto));
}

void PlanFile(const Mapping& mapping, int index, const std::string& csv) {
  CsvReader reader{TextSource(csv)};
  absl::StatusOr<Columns> columns = ReadHeader(&reader);
  if (!columns.ok()) return;
  CsvReader prices(TextSource("product,price\nGTX Pro,4821\n"));
  std::map<std::string, std::unique_ptr<Table>> tables;
  tables["prices"] = *Table::Read(&prices, "product");
  auto plan = FilePlan::Make(mapping, index, *std::move(columns), std::move(tables));
  if (!plan.ok()) return;
  api::CommandBatch batch;
  std::vector<PlannedStep> steps;
  CsvRow row;
  if ((*plan)->needs_count()) {
    CsvReader counting{TextSource(csv)};
    ReadHeader(&counting).IgnoreError();
    for (absl::StatusOr<bool> more = counting.Next(&row); more.ok() && *more; more = counting.Next(&row)) (*plan)->Count(row);
  }
  uint64_t number = 0;
  for (absl::StatusOr<bool> more = reader.Next(&row); more.ok() && *more; more = reader.Next(&row)) {
    const int before = batch.commands_size();
    const absl::Status planned = (*plan)->Plan(row, ++number, &batch, &steps);
    MUST(planned.ok() || batch.commands_size() == before);
    MUST(static_cast<size_t>(batch.commands_size()) == steps.size());
  }
  api::CommandBatch again;  // what is sent can be read
  MUST(again.ParseFromString(batch.SerializeAsString()));
}

}  // namespace
}  // namespace recount::tools

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::tools;
  const std::string text(recount::fuzz::View(data, size));
  const size_t cut = text.find(kSeparator);
  auto mapping = ParseMapping(text.substr(0, cut), "fuzz.textproto");
  if (!mapping.ok()) return 0;
  CheckAgain(**mapping);
  if (cut == std::string::npos) return 0;
  const std::string csv = text.substr(cut + sizeof(kSeparator) - 1);
  for (int i = 0; i < (*mapping)->proto.files_size(); ++i) PlanFile(**mapping, i, csv);
  return 0;
}
