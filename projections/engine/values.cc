#include "projections/engine/values.h"

namespace recount::projections {

absl::string_view TypeName(Type type) {
  switch (type) {
    case Type::kNull: return "null";
    case Type::kAny: return "any";
    case Type::kInteger: return "integer";
    case Type::kMoney: return "money";
    case Type::kText: return "text";
    case Type::kTextSet: return "set of texts";
    case Type::kRecord: return "record";
    case Type::kTime: return "time";
    case Type::kDay: return "day";
    case Type::kFlag: return "flag";
    case Type::kPosition: return "position";
  }
  return "";
}

v1::ValueType WireType(Type type) {
  switch (type) {
    case Type::kInteger:
    case Type::kPosition: return v1::VALUE_TYPE_INTEGER;
    case Type::kMoney: return v1::VALUE_TYPE_MONEY;
    case Type::kRecord: return v1::VALUE_TYPE_RECORD;
    case Type::kTime: return v1::VALUE_TYPE_TIME;
    case Type::kDay: return v1::VALUE_TYPE_DATE;
    case Type::kFlag: return v1::VALUE_TYPE_FLAG;
    case Type::kNull:
    case Type::kAny:
    case Type::kText:
    case Type::kTextSet: return v1::VALUE_TYPE_TEXT;
  }
  return v1::VALUE_TYPE_UNSPECIFIED;
}

Type TypeOf(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kInteger: return Type::kInteger;
    case ColumnKind::kText: return Type::kText;
    case ColumnKind::kRecord: return Type::kRecord;
    case ColumnKind::kTextSet: return Type::kTextSet;
    case ColumnKind::kMinor: return Type::kMoney;
    case ColumnKind::kTime: return Type::kTime;
    case ColumnKind::kDay: return Type::kDay;
    case ColumnKind::kFlag: return Type::kFlag;
    case ColumnKind::kPosition: return Type::kPosition;
  }
  return Type::kInteger;
}

Texts::Texts(const Dictionary& dictionary)
    : dictionary_(dictionary), first_own_(static_cast<int64_t>(dictionary.size())), unconverted_(Code("unconverted")) {}

int64_t Texts::Code(absl::string_view text) {
  int64_t code = Find(text);
  if (code != kNull) return code;
  std::unique_lock lock(mutex_);
  code = FindOwn(text);  // another thread may have added it meanwhile
  if (code != kNull) return code;
  code = first_own_ + static_cast<int64_t>(own_texts_.size());
  own_texts_.push_back(std::make_unique<std::string>(text));
  own_.emplace(std::string(text), code);
  return code;
}

int64_t Texts::Find(absl::string_view text) const {
  const int64_t code = dictionary_.Find(text);
  if (code != kNull && code < first_own_) return code;
  std::shared_lock lock(mutex_);
  return FindOwn(text);
}

int64_t Texts::FindOwn(absl::string_view text) const {
  const auto it = own_.find(text);
  return it == own_.end() ? kNull : it->second;
}

absl::string_view Texts::Text(int64_t code) const {
  if (code == kNull || code < 0) return "";
  if (code < first_own_) return dictionary_.Text(code);
  std::shared_lock lock(mutex_);
  return *own_texts_[code - first_own_];  // it stays where it is
}

}  // namespace recount::projections
