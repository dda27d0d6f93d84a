// Mapping files (proto/recount/tools/v1/import_mapping.proto): reading them, and saying where in them something is wrong.
#ifndef RECOUNT_TOOLS_IMPORT_MAPPING_H_
#define RECOUNT_TOOLS_IMPORT_MAPPING_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "recount/tools/v1/import_mapping.pb.h"

namespace recount::tools {

// A place in a mapping: `olist.textproto:12: files[0].commands[1].set[2].value`. Valid as long as its Mapping.
class Place {
 public:
  Place(std::string file, const google::protobuf::Descriptor* message, const google::protobuf::TextFormat::ParseInfoTree* tree)
      : file_(std::move(file)), message_(message), tree_(tree) {}

  // A field of the message here; `index` for a repeated one.
  Place In(absl::string_view field, int index = -1) const;
  absl::Status Error(absl::string_view sentence) const;
  std::string ToString() const;

 private:
  std::string file_;
  std::string path_;
  const google::protobuf::Descriptor* message_;                 // null below a leaf
  const google::protobuf::TextFormat::ParseInfoTree* tree_;     // null where lines are not known (JSON)
  int line_ = 0;
};

struct Mapping {
  v1::ImportMapping proto;
  std::string path;    // of the file
  std::string folder;  // that it lies in
  google::protobuf::TextFormat::ParseInfoTree lines;
  bool has_lines = false;

  Place Root() const;
};

// Reads a mapping file, textproto or (if it begins with a brace) JSON, and checks what can be checked without the data.
absl::StatusOr<std::unique_ptr<Mapping>> LoadMapping(const std::string& path);
absl::StatusOr<std::unique_ptr<Mapping>> ParseMapping(const std::string& text, const std::string& path);

// Reads any message from textproto or JSON.
absl::Status ParseTextOrJson(const std::string& text, const std::string& path, google::protobuf::Message* message,
                             google::protobuf::TextFormat::ParseInfoTree* lines = nullptr);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_MAPPING_H_
