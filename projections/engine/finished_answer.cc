#include "projections/engine/finished_answer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "projections/engine/compare.h"
#include "projections/engine/tokens.h"

namespace recount::projections {
namespace {

const Dictionary& NoTexts() {
  static const Dictionary* const none = new Dictionary();
  return *none;
}

// From the texts of a query to those of a finished answer; counts their bytes.
class Translation {
 public:
  Translation(const Texts& from, Texts* to) : from_(from), to_(*to) {}

  int64_t Of(int64_t code) {
    if (code == kNull) return kNull;
    const auto [place, is_new] = codes_.try_emplace(code);
    if (is_new) {
      place->second = to_.Code(from_.Text(code));
      bytes_ += from_.Text(code).size() + 100;  // the text twice, in its places
    }
    return place->second;
  }
  size_t bytes() const { return bytes_; }

 private:
  const Texts& from_;
  Texts& to_;
  absl::flat_hash_map<int64_t, int64_t> codes_;
  size_t bytes_ = 0;
};

}  // namespace

FinishedAnswer::FinishedAnswer(WholeAnswer whole) : FinishedAnswer(std::move(whole.answer), *whole.query, whole.compared.get()) {}

FinishedAnswer::FinishedAnswer(Answer whole, const Query& query, const Query* compared)
    : answer(std::move(whole)), texts(NoTexts()), calendar(query.calendar()), basis(BasisOf(query)) {
  if (compared != nullptr) compared_basis = BasisOf(*compared);
  Translation translation(*query.texts, &texts);
  for (AnswerColumn& column : answer.columns) {
    column.order.clear();
    absl::flat_hash_map<Term, std::string> labels;
    for (auto& [term, label] : column.labels) {
      bytes += label.size() + 100;
      labels.emplace(Term(translation.Of(term.first), translation.Of(term.second)), std::move(label));
    }
    column.labels = std::move(labels);
  }
  for (AnswerRow& row : answer.rows) {
    bytes += sizeof(AnswerRow) + row.cells.capacity() * sizeof(Scalar) + 2 * sizeof(void*);
    for (size_t i = 0; i < row.cells.size(); ++i) {
      row.cells[i].currency = translation.Of(row.cells[i].currency);
      row.cells[i].pipeline = translation.Of(row.cells[i].pipeline);
      const bool is_ratio = answer.columns[i].column.type() == v1::VALUE_TYPE_RATIO;
      if (!is_ratio && IsText(answer.columns[i].type)) row.cells[i].number = translation.Of(row.cells[i].number);
    }
  }
  bytes += translation.bytes() + sizeof(FinishedAnswer);
}

v1::Basis BasisOf(const Query& query) {
  v1::Basis basis = query.basis;
  uint64_t scanned = query.world->rows_scanned();
  if (query.opening != nullptr) scanned += query.opening->rows_scanned();
  // How many there are of what is hidden is hidden too.
  basis.set_rows_scanned(query.world->options().sight == nullptr ? scanned : 0);
  return basis;
}

std::string IdentityOf(const storage::v1::ReportToken& token, const EngineContext& context) {
  storage::v1::ReportToken identity = token;
  identity.clear_kind();
  identity.clear_offset();
  identity.clear_request_hash();
  identity.set_engine_version(kEngineVersion);
  return Sha256(absl::StrCat(context.tenant, " ", context.snapshot->generation(), " ", Bytes(identity)));
}

}  // namespace recount::projections
