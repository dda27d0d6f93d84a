// Report definitions, as users publish them.
#include "projections/engine/definition_check.h"

#include "domain/refusal.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "projections/report_engine.h"
#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount;
  const std::string bytes(fuzz::View(data, size));
  v1::ReportDefinition definition;
  google::protobuf::TextFormat::Parser parser;
  struct : google::protobuf::io::ErrorCollector {
    void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
  } silent;
  parser.RecordErrorsTo(&silent);
  // As text, since what changes in it is more often a definition again; else as on the wire.
  if (!parser.ParseFromString(bytes, &definition) && !definition.ParseFromString(bytes)) return 0;
  v1::ReportDefinition again;
  if (!again.ParseFromString(definition.SerializeAsString())) return 0;  // a text that is not UTF-8 never comes this far
  const absl::Status checked = projections::CheckDefinition(definition);
  MUST(checked.ok() || domain::ReasonOf(checked) != v1::ERROR_REASON_UNSPECIFIED);
  MUST(projections::CheckDefinition(again).ok() == checked.ok());
  return 0;
}
