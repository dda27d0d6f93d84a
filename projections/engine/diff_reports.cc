#include "projections/engine/diff_reports.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"
#include "projections/engine/answer_page.h"
#include "projections/engine/apart_row.h"
#include "projections/engine/diff_rows.h"
#include "projections/engine/diff_sides.h"
#include "projections/engine/order.h"
#include "projections/engine/tokens.h"

namespace recount::projections {
namespace {

using storage::v1::DiffToken;
using storage::v1::ReportToken;

// A base that was run.
struct DiffRun {
  std::unique_ptr<Query> query;
  Answer answer;
};

absl::StatusOr<DiffRun> RunBase(const DiffBase& base, const EngineContext& context) {
  auto query = QueryOf(base, context);
  if (!query.ok()) return query.status();
  auto answer = RunQuery(**query, base.token.pin());
  if (!answer.ok()) return answer.status();
  const std::string& sort = base.token.request().sort();
  if (auto status = SortRows(**query, sort, &*answer); !status.ok()) return status;
  return DiffRun{*std::move(query), *std::move(answer)};
}

Answer Beside(const DiffRun& later, const DiffRun& earlier) {
  return Compare(*later.query, later.answer, *earlier.query, earlier.answer);
}

absl::flat_hash_set<std::string> NamesOf(const DiffRun& run) {
  absl::flat_hash_set<std::string> names;
  for (const AnswerRow& row : run.answer.rows) names.insert(NameOf(run.answer.columns, row, *run.query->texts));
  return names;
}

// The ids by which cells of one of the two answers open.
class SideCells {
 public:
  SideCells(const ReportToken& token, const DiffRun& run, const EngineContext& context)
      : names_(NamesOf(run)), ids_(CommonOf(token), context.token_key) {}

  std::string IdOf(const std::string& row, const ReportToken& place) const {
    if (!names_.contains(row)) return "";
    std::string id = ids_.Encode(place);
    return id.size() <= kLongestToken ? id : "";
  }

 private:
  static ReportToken CommonOf(const ReportToken& token) {
    ReportToken common = token;
    common.set_kind(ReportToken::KIND_CELL);
    common.mutable_request()->clear_sort();
    return common;
  }

  const absl::flat_hash_set<std::string> names_;
  const AlikeTokens ids_;
};

class ByCause {
 public:
  ByCause(const DiffSides& sides, const DiffChain& chain, const EngineContext& context)
      : sides_(sides), chain_(chain), context_(context), halt_(context.goes_on) {}

  // Both answers beside each other, and the rows that differ.
  absl::Status RunEnds() {
    for (const auto& [run, base] : {std::pair(&first_, &chain_.bases.front()), std::pair(&last_, &chain_.bases.back())}) {
      auto made = RunBase(*base, context_);
      if (!made.ok()) return made.status();
      *run = *std::move(made);
    }
    auto measures = CommonMeasures(*first_.query, first_.answer, *last_.query, last_.answer);
    if (!measures.ok()) return measures.status();
    measures_ = *std::move(measures);
    for (DiffRun* run : {&first_, &last_}) {
      if (auto status = Project(run); !status.ok()) return status;
    }
    whole_ = Beside(last_, first_);
    columns_ = ComparedColumns(whole_);
    for (size_t i = 0; i < whole_.rows.size() && !halt_.AtStep(); ++i) {
      const auto differs = [&](const ComparedColumn& column) { return Differs(whole_, whole_.rows[i], column); };
      if (std::any_of(columns_.begin(), columns_.end(), differs)) changed_.push_back(i);
    }
    return halt_.status();
  }

  // Changed rows from `first` on, up to a number of them and as long as the message may grow; the place after them.
  absl::StatusOr<size_t> AddRows(size_t first, size_t most, v1::DiffReportsResponse* response) {
    const size_t end = std::min(changed_.size(), first + most);
    std::vector<v1::DiffedRow> rows;
    const SideCells before(sides_.before.base.token, first_, context_), after(sides_.after.base.token, last_, context_);
    Renderer renderer(*last_.query);
    for (size_t i = first; i < end; ++i) {
      if (halt_.AskNow()) return halt_.status();
      rows.push_back(RowOf(whole_.rows[changed_[i]], before, after, &renderer));
      places_.emplace(NameOf(whole_.columns, whole_.rows[changed_[i]], *last_.query->texts), i - first);
    }
    if (auto status = AddShares(&rows); !status.ok()) return status;
    size_t bytes = response->ByteSizeLong(), next = first;
    for (; next < end; ++next) {
      v1::DiffedRow& row = rows[next - first];
      bytes += row.ByteSizeLong() + 8;  // with its tag and length
      if (next > first && bytes > kPageBytes) break;
      *response->add_rows() = std::move(row);
    }
    return next;
  }

  void Describe(v1::DiffReportsResponse* response) const {
    *response->mutable_before() = BasisOf(*first_.query);
    *response->mutable_after() = BasisOf(*last_.query);
    for (const AnswerColumn& column : whole_.columns) {
      if (column.is_key) *response->add_dimensions() = column.column;
    }
    for (const ComparedColumn& column : columns_) *response->add_measures() = whole_.columns[column.value].column;
    for (const v1::ChangeCause& cause : chain_.causes) *response->add_causes() = cause;
    for (const v1::Note& note : last_.answer.notes) *response->add_notes() = note;
    response->set_total_rows(static_cast<int64_t>(changed_.size()));
  }

  size_t changed_rows() const { return changed_.size(); }

 private:
  absl::Status Project(DiffRun* run) const {
    auto answer = WithMeasures(measures_, std::move(run->answer));
    if (!answer.ok()) return answer.status();
    run->answer = *std::move(answer);
    return absl::OkStatus();
  }

  v1::DiffedRow RowOf(const AnswerRow& from, const SideCells& before, const SideCells& after, Renderer* renderer) const {
    v1::DiffedRow row;
    row.set_is_total(from.is_total);
    row.set_apart(from.apart);
    for (size_t i = 0; i < whole_.columns.size(); ++i) {
      if (whole_.columns[i].is_key) *row.add_groups() = GroupOf(from, i, renderer);
    }
    const std::string name = NameOf(whole_.columns, from, *last_.query->texts);
    ReportToken place;
    PutPlace(whole_.columns, from, *last_.query->texts, &place);
    for (const ComparedColumn& column : columns_) {
      if (!Differs(whole_, from, column)) continue;
      v1::DiffedCell* cell = row.add_cells();
      cell->set_column(whole_.columns[column.value].column.id());
      *cell->mutable_before() = ValueOf(whole_, from, column.compared, *renderer);
      *cell->mutable_after() = ValueOf(whole_, from, column.value, *renderer);
      *cell->mutable_change() = ValueOf(whole_, from, column.change, *renderer);
      if (!whole_.columns[column.value].opens) continue;
      place.set_column(cell->column());
      cell->set_before_cell_id(before.IdOf(name, place));
      cell->set_after_cell_id(after.IdOf(name, place));
    }
    return row;
  }

  v1::Cell GroupOf(const AnswerRow& row, size_t i, Renderer* renderer) const {
    v1::Cell cell;
    *cell.mutable_value() = renderer->ValueOf(row.cells[i], whole_.columns[i].type, false);
    if (!row.apart.empty()) {
      cell.set_label(row.apart_label);
    } else if (!row.is_total || row.cells[i].number != kNull) {
      cell.set_label(renderer->LabelOf(row.cells[i], whole_.columns[i]));
    }
    return cell;
  }

  static v1::Value ValueOf(const Answer& answer, const AnswerRow& row, int column, const Renderer& renderer) {
    if (column < 0) return {};
    const AnswerColumn& of = answer.columns[column];
    return renderer.ValueOf(row.cells[column], of.type, of.column.type() == v1::VALUE_TYPE_RATIO);
  }

  // Goes over the bases once more, two at a time.
  absl::Status AddShares(std::vector<v1::DiffedRow>* rows) {
    DiffRun between;
    const DiffRun* earlier = &first_;
    for (size_t i = 0; i < chain_.causes.size() && !rows->empty(); ++i) {
      DiffRun next;
      const bool is_last = i + 1 == chain_.causes.size();
      if (!is_last) {
        auto made = RunBase(chain_.bases[i + 1], context_);
        if (!made.ok()) return made.status();
        next = *std::move(made);
        if (auto status = Project(&next); !status.ok()) return status;
      }
      const DiffRun& later = is_last ? last_ : next;
      AddSharesOf(static_cast<int>(i), Beside(later, *earlier), later, rows);
      between = std::move(next);
      earlier = &between;
    }
    return absl::OkStatus();
  }

  void AddSharesOf(int cause, const Answer& step, const DiffRun& later, std::vector<v1::DiffedRow>* rows) {
    const Renderer renderer(*later.query);
    for (const AnswerRow& from : step.rows) {
      const auto place = places_.find(NameOf(step.columns, from, *later.query->texts));
      if (place == places_.end()) continue;
      for (v1::DiffedCell& cell : *(*rows)[place->second].mutable_cells()) {
        for (const ComparedColumn& column : columns_) {
          const bool is_its = step.columns[column.value].column.id() == cell.column() && Differs(step, from, column);
          if (is_its) AddShare(cause, step, from, column, renderer, *later.query->texts, &cell);
        }
      }
    }
  }

  void AddShare(int cause, const Answer& step, const AnswerRow& from, const ComparedColumn& column, const Renderer& renderer,
                const Texts& texts, v1::DiffedCell* cell) const {
    v1::CauseShare* share = cell->add_shares();
    share->set_cause(cause);
    *share->mutable_change() = ValueOf(step, from, column.change, renderer);
    *share->mutable_after() = ValueOf(step, from, column.value, renderer);
    if (!step.columns[column.value].opens) return;
    DiffToken token;
    token.set_kind(DiffToken::KIND_CELL);
    *token.mutable_before() = sides_.before.base.token;
    *token.mutable_after() = sides_.after.base.token;
    token.set_cause(cause);
    token.mutable_cell()->set_column(cell->column());
    PutPlace(step.columns, from, texts, token.mutable_cell());
    std::string id = EncodeDiffToken(token, context_.token_key);
    if (id.size() <= kLongestToken) share->set_cell_id(std::move(id));
  }

  const DiffSides& sides_;
  const DiffChain& chain_;
  const EngineContext& context_;
  Halt halt_;
  DiffRun first_, last_;
  std::vector<std::string> measures_;
  Answer whole_;                          // last beside first
  std::vector<ComparedColumn> columns_;   // of it, and of each step
  std::vector<size_t> changed_;           // rows of it
  absl::flat_hash_map<std::string, size_t> places_;  // names of the rows of this page -> their places in it
};

// What must stay the same from page to page.
uint64_t HashOfRequest(const v1::DiffReportsRequest& request) {
  v1::DiffReportsRequest essence = request;
  essence.clear_page_token();
  essence.clear_page_size();
  return HashOf(Bytes(essence));
}

struct Asked {
  DiffSides sides;
  int64_t offset = 0;
};

absl::StatusOr<Asked> AskedOf(const v1::DiffReportsRequest& request, const Catalogue& catalogue, const EngineContext& context) {
  if (request.page_token().empty()) {
    auto sides = SidesOf(request, catalogue, context);
    if (!sides.ok()) return sides.status();
    return Asked{*std::move(sides)};
  }
  if (!IsDiffToken(request.page_token())) return PageMismatch();
  auto token = DecodeDiffToken(request.page_token(), "page_token", context.token_key);
  if (!token.ok()) return token.status();
  if (token->kind() != DiffToken::KIND_PAGE || token->request_hash() != HashOfRequest(request)) return PageMismatch();
  auto sides = SidesOf(*token, catalogue, context);
  if (!sides.ok()) return sides.status();
  return Asked{*std::move(sides), token->offset()};
}

std::string NextPage(const v1::DiffReportsRequest& request, const DiffSides& sides, size_t offset, const EngineContext& context) {
  DiffToken token;
  token.set_kind(DiffToken::KIND_PAGE);
  *token.mutable_before() = sides.before.base.token;
  *token.mutable_after() = sides.after.base.token;
  token.set_request_hash(HashOfRequest(request));
  token.set_offset(static_cast<int64_t>(offset));
  return EncodeDiffToken(token, context.token_key);
}

}  // namespace

absl::StatusOr<v1::DiffReportsResponse> ReportEngine::Diff(const v1::DiffReportsRequest& request, const EngineContext& context) const {
  const absl::Time start = eventstore::SteadyNow();
  auto page_size = PageSize(request.page_size(), 100);
  if (!page_size.ok()) return page_size.status();
  auto asked = AskedOf(request, *catalogue_, context);
  if (!asked.ok()) return asked.status();
  Halt halt(context.goes_on);
  const auto chain = MakeChain(asked->sides.before, asked->sides.after, context, &halt);
  if (!chain.ok()) return chain.status();
  ByCause diff(asked->sides, *chain, context);
  if (auto status = diff.RunEnds(); !status.ok()) return status;
  v1::DiffReportsResponse response;
  diff.Describe(&response);
  const size_t first = std::min(diff.changed_rows(), static_cast<size_t>(std::max<int64_t>(0, asked->offset)));
  auto end = diff.AddRows(first, static_cast<size_t>(*page_size), &response);
  if (!end.ok()) return end.status();
  if (*end < diff.changed_rows()) {
    response.set_next_page_token(NextPage(request, asked->sides, *end, context));
    if (response.next_page_token().size() > kLongestToken) {
      return domain::Refuse(v1::ANSWER_TOO_LARGE, "the changed rows have more than one page, and its token, which holds both questions, "
                            "would be too long: ask with shorter definitions or filters", "before");
    }
  }
  const int64_t elapsed = absl::ToInt64Microseconds(eventstore::SteadyNow() - start);
  response.mutable_before()->set_elapsed_micros(elapsed);
  response.mutable_after()->set_elapsed_micros(elapsed);
  return response;
}

absl::StatusOr<std::unique_ptr<DiffedShare>> ShareOf(const Catalogue& catalogue, absl::string_view cell_id,
                                                     const EngineContext& context) {
  auto token = DecodeDiffToken(cell_id, "cell_id", context.token_key);
  if (!token.ok()) return token.status();
  if (token->kind() != DiffToken::KIND_CELL) return domain::Refuse(v1::TOKEN_INVALID, "this is not the id of a cell", "cell_id");
  const auto sides = SidesOf(*token, catalogue, context);
  if (!sides.ok()) return sides.status();
  Halt halt(context.goes_on);
  const auto chain = MakeChain(sides->before, sides->after, context, &halt);
  if (!chain.ok()) return chain.status();
  const auto cause = static_cast<size_t>(token->cause());
  if (cause >= chain->causes.size()) return domain::Refuse(v1::TOKEN_INVALID, "there is no such cause any more", "cell_id");
  auto share = std::make_unique<DiffedShare>();
  share->cell = token->cell();
  share->before = chain->bases[cause];
  share->after = chain->bases[cause + 1];
  for (const auto& [query, base] : {std::pair(&share->queries.compared, &share->before), std::pair(&share->queries.query, &share->after)}) {
    auto made = QueryOf(*base, context);
    if (!made.ok()) return made.status();
    *query = *std::move(made);
    if (!share->cell.is_apart()) continue;
    auto apart = ResolveApart(**query, base->token.pin());
    if (!apart.ok()) return apart.status();
    *query = *std::move(apart);
  }
  return share;
}

}  // namespace recount::projections
