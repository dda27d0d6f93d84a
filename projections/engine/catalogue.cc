// The built-in reports.
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "projections/engine/catalogue_texts.h"
#include "projections/report_engine.h"

namespace recount::projections {
namespace {

// Where and why a text is no definition.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (text.empty()) text = absl::StrCat(line + 1, ":", column + 1, ": ", message);
  }
  std::string text;
};

absl::StatusOr<v1::ReportDefinition> Parse(const std::string& file, const std::string& text) {
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  v1::ReportDefinition definition;
  if (!parser.ParseFromString(text, &definition)) {
    return absl::InternalError(absl::StrCat("projections/catalogue/", file, ":", error.text));
  }
  if (absl::StrCat(definition.id(), ".textproto") != file) {
    return absl::InternalError(absl::StrCat("projections/catalogue/", file, ": its id is `", definition.id(),
                                            "`: name the file after it"));
  }
  if (const absl::Status checked = CheckDefinition(definition); !checked.ok()) {
    return absl::Status(absl::StatusCode::kInternal, absl::StrCat("projections/catalogue/", file, ": ", checked.message()));
  }
  return definition;
}

}  // namespace

absl::StatusOr<Catalogue> Catalogue::Load() {
  Catalogue catalogue;
  for (const auto& [file, text] : CatalogueTexts()) {
    auto definition = Parse(file, text);
    if (!definition.ok()) return definition.status();
    auto subjects = SubjectsRead(*definition);
    if (!subjects.ok()) return subjects.status();
    catalogue.definitions_.push_back(*std::move(definition));
    catalogue.subjects_read_.push_back(*std::move(subjects));
  }
  return catalogue;
}

std::vector<std::string> Catalogue::ReportsOn(absl::string_view subject) const {
  std::vector<std::string> reports;
  for (size_t i = 0; i < definitions_.size(); ++i) {
    if (subjects_read_[i].count(std::string(subject)) > 0) reports.push_back(definitions_[i].id());
  }
  return reports;
}

const v1::ReportDefinition* Catalogue::Find(absl::string_view id) const {
  for (const v1::ReportDefinition& definition : definitions_) {
    if (definition.id() == id) return &definition;
  }
  return nullptr;
}

}  // namespace recount::projections
