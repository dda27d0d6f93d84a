// A place in a command that a mapping fills: `source.id`, `phones[1].raw`, `owner`, `fields.segment`, `header.occurred`. Found once
// in the message's description, then filled for each row.
#ifndef RECOUNT_TOOLS_IMPORT_FIELD_PATH_H_
#define RECOUNT_TOOLS_IMPORT_FIELD_PATH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "recount/tools/v1/import_mapping.pb.h"
#include "tools/import/text_values.h"

namespace recount::tools {

// How texts are to be read on their way into a field.
struct Conversion {
  NumberForm number;
  TimeForm time;
  std::string source;    // of references and external ids
  std::string currency;  // of this row's money
  v1::CustomType type = v1::CUSTOM_TYPE_UNSPECIFIED;
};

// The elements that the settings of one command have made in repeated messages, by the slot of the path.
using Slots = std::vector<int>;

class FieldPath {
 public:
  // `names` numbers the elements of repeated messages (`phones[1]`) over all paths of one command: label -> slot.
  static absl::StatusOr<FieldPath> Find(const google::protobuf::Descriptor* message, absl::string_view path,
                                        std::vector<std::string>* names);

  // Sets the field in `root`; several values go to a repeated field or an options field only.
  absl::Status Set(google::protobuf::Message* root, const std::vector<std::string>& values, const Conversion& how,
                   Slots* slots) const;

  bool takes_money() const { return kind_ == Kind::kMoney; }
  bool is_custom() const { return kind_ == Kind::kCustom; }
  bool takes_several() const { return leaf_->is_repeated(); }

 private:
  enum class Kind { kText, kInteger, kFlag, kEnum, kMoney, kDate, kTime, kDateOrTime, kRef, kExternalId, kCustom };
  struct Step {
    const google::protobuf::FieldDescriptor* field;
    int slot;  // -1: not repeated
  };

  absl::Status FindLeaf(const google::protobuf::FieldDescriptor* field);
  absl::Status SetOne(google::protobuf::Message* parent, const std::string& text, const Conversion& how) const;
  absl::Status SetScalar(google::protobuf::Message* parent, const std::string& text, const Conversion& how) const;
  absl::Status SetMessage(google::protobuf::Message* parent, const std::string& text, const Conversion& how) const;

  std::vector<Step> steps_;
  const google::protobuf::FieldDescriptor* leaf_ = nullptr;
  Kind kind_ = Kind::kText;
  std::string custom_id_;
};

// A custom field's value.
absl::Status SetCustom(const std::vector<std::string>& values, const Conversion& how, api::FieldValue* out);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_FIELD_PATH_H_
