#include "projections/engine/bands.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace recount::projections {
namespace {

constexpr size_t kMostBounds = 20;
constexpr int64_t kGreatestBound = 1000000000000;  // times the digits of any currency it is an amount still

absl::StatusOr<std::vector<int64_t>> ReadBounds(absl::string_view text) {
  std::vector<int64_t> bounds;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    int64_t bound;
    const bool number = absl::SimpleAtoi(absl::StripAsciiWhitespace(part), &bound) && bound > -kGreatestBound && bound < kGreatestBound;
    if (!number || (!bounds.empty() && bound <= bounds.back()) || bounds.size() == kMostBounds) {
      return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" are no bounds: write 1 to ", kMostBounds,
                                                     " whole numbers of at most 12 digits that rise, e.g. \"1000, 10000\""));
    }
    bounds.push_back(bound);
  }
  return bounds;
}

std::vector<std::string> BandIds(const std::vector<int64_t>& bounds) {
  std::vector<std::string> ids = {absl::StrCat("<", bounds.front())};
  for (size_t i = 1; i < bounds.size(); ++i) ids.push_back(absl::StrCat(bounds[i - 1], "-", bounds[i]));
  ids.push_back(absl::StrCat(">=", bounds.back()));
  return ids;
}

absl::StatusOr<Type> CheckBand(std::vector<Expr>& arguments) {
  const Type type = arguments[0]->type;
  if (!Fits(type, Type::kInteger) && type != Type::kMoney) {
    return absl::InvalidArgumentError(absl::StrCat("needs a number or money, not ", TypeName(type)));
  }
  if (arguments[1]->kind != Node::Kind::kConstant || arguments[1]->type != Type::kText) {
    return absl::InvalidArgumentError("the bounds are a text or a parameter, e.g. \"1000, 10000\"");
  }
  if (auto bounds = ReadBounds(arguments[1]->text); !bounds.ok()) return bounds.status();
  return Type::kText;
}

Values Band(const CallArguments& a) {
  Values out = Make(Type::kText, a.size);
  if (a.size == 0) return out;
  Texts& texts = a.world.texts();
  const std::vector<int64_t> bounds = *ReadBounds(texts.Text(a[1].data[0]));
  std::vector<int64_t> codes;
  for (const std::string& id : BandIds(bounds)) codes.push_back(texts.Code(id));
  WholeUnits units(texts);
  for (size_t i = 0; i < a.size; ++i) {
    if (a[0].data[i] == kNull) continue;
    const int64_t unit = a[0].type == Type::kMoney ? units.Of(a[0].currency[i]) : 1;
    size_t band = 0;
    while (band < bounds.size() && a[0].data[i] >= bounds[band] * unit) ++band;
    out.data[i] = codes[band];
  }
  return out;
}

}  // namespace

absl::Span<const Function> BandFunctions() {
  static const Function kFunctions[] = {{"band", "band(value, bounds)", 2, 2, CheckBand, Band}};
  return kFunctions;
}

void OrderBands(const Query& query, const Node& expr, AnswerColumn* column) {
  if (expr.kind != Node::Kind::kCall || expr.name != "band") return;
  for (const std::string& id : BandIds(*ReadBounds(expr.parts[1]->text))) column->order.emplace_back(kNull, query.texts->Code(id));
}

}  // namespace recount::projections
