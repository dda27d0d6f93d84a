#include "tools/import/mapping.h"

#include <filesystem>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/util/json_util.h"
#include "tools/import/byte_source.h"

namespace recount::tools {
namespace {

using google::protobuf::TextFormat;

// Keeps the first error: the others mostly follow from it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(std::string path) : path_(std::move(path)) {}
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat(path_, ":", line + 1, ":", column + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string path_;
  std::string text_;
};

bool IsName(absl::string_view text) {
  if (text.empty() || text.size() > 40) return false;
  for (char c : text) {
    const bool good = absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || c == '_' || c == '.';
    if (!good) return false;
  }
  return true;
}

absl::Status Check(const Mapping& mapping) {
  const Place root = mapping.Root();
  constexpr char kNameRule[] = "must be 1 to 40 of a-z, 0-9, `-`, `_` and `.`";
  if (!IsName(mapping.proto.source())) return root.In("source").Error(kNameRule);
  if (mapping.proto.files().empty()) return root.In("files").Error("at least one file is needed");
  std::set<std::string> kinds;
  for (int i = 0; i < mapping.proto.files_size(); ++i) {
    const v1::FileMapping& file = mapping.proto.files(i);
    const Place place = root.In("files", i);
    if (!IsName(file.kind())) return place.In("kind").Error(kNameRule);
    if (!kinds.insert(file.kind()).second) {
      return place.In("kind").Error(absl::StrCat("\"", file.kind(), "\" is there twice; kinds make request ids"));
    }
    if (file.delimiter().size() > 1) return place.In("delimiter").Error("must be one character");
    if (file.commands().empty() && file.org_edges().empty()) return place.Error("the rows become nothing: `commands` is empty");
  }
  return absl::OkStatus();
}

}  // namespace

Place Place::In(absl::string_view field, int index) const {
  Place out = *this;
  absl::StrAppend(&out.path_, path_.empty() ? "" : ".", field);
  if (index >= 0) absl::StrAppend(&out.path_, "[", index, "]");
  out.message_ = nullptr;
  out.tree_ = nullptr;
  const auto* descriptor = message_ == nullptr ? nullptr : message_->FindFieldByName(std::string(field));
  if (descriptor == nullptr) return out;
  out.message_ = descriptor->message_type();
  if (tree_ == nullptr || descriptor->is_repeated() != (index >= 0)) return out;
  const int line = tree_->GetLocation(descriptor, index).line;
  if (line >= 0) out.line_ = line + 1;
  if (out.message_ != nullptr) out.tree_ = tree_->GetTreeForNested(descriptor, index);
  return out;
}

std::string Place::ToString() const {
  return absl::StrCat(file_, line_ > 0 ? absl::StrCat(":", line_) : "", path_.empty() ? "" : ": ", path_);
}

absl::Status Place::Error(absl::string_view sentence) const {
  return absl::InvalidArgumentError(absl::StrCat(ToString(), ": ", sentence));
}

Place Mapping::Root() const { return Place(path, v1::ImportMapping::descriptor(), has_lines ? &lines : nullptr); }

absl::Status ParseTextOrJson(const std::string& text, const std::string& path, google::protobuf::Message* message,
                             TextFormat::ParseInfoTree* lines) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') {
    const auto status = google::protobuf::util::JsonStringToMessage(text, message);
    if (status.ok()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", status.message().ToString()));
  }
  FirstError errors(path);
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  if (lines != nullptr) parser.WriteLocationsTo(lines);
  if (parser.ParseFromString(text, message)) return absl::OkStatus();
  return absl::InvalidArgumentError(errors.text().empty() ? absl::StrCat(path, ": is not understood") : errors.text());
}

absl::StatusOr<std::unique_ptr<Mapping>> ParseMapping(const std::string& text, const std::string& path) {
  auto mapping = std::make_unique<Mapping>();
  mapping->path = path;
  mapping->folder = std::filesystem::path(path).parent_path().string();
  const size_t first = text.find_first_not_of(" \t\r\n");
  mapping->has_lines = first == std::string::npos || text[first] != '{';
  absl::Status status = ParseTextOrJson(text, path, &mapping->proto, &mapping->lines);
  // Escapes may write bytes that are no text; what is sent could not be read.
  if (status.ok() && !v1::ImportMapping().ParseFromString(mapping->proto.SerializeAsString())) {
    status = absl::InvalidArgumentError(absl::StrCat(path, ": a text in it is not UTF-8"));
  }
  if (status.ok()) status = Check(*mapping);
  if (!status.ok()) return status;
  return mapping;
}

absl::StatusOr<std::unique_ptr<Mapping>> LoadMapping(const std::string& path) {
  absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (!text.ok()) return text.status();
  return ParseMapping(*text, path);
}

}  // namespace recount::tools
