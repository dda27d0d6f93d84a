// ReportEngine::Run and what goes around shapes: tokens, pages, rendering.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"
#include "projections/engine/engine_run.h"
#include "projections/engine/render.h"
#include "projections/engine/roll_up.h"
#include "projections/engine/tokens.h"
#include "projections/report_engine.h"

namespace recount::projections {
namespace {

using storage::v1::ReportToken;
constexpr int32_t kMaxPage = 1000;

absl::Status Mismatch() {
  return domain::Refuse(v1::PAGE_TOKEN_MISMATCH,
                        "the page token belongs to another request: repeat the request as it was, or ask without the token", "page_token");
}

// What is to be run: the request itself, or what its token holds.
absl::StatusOr<ReportToken> TokenOf(const v1::RunReportRequest& request, const EngineContext& context) {
  const v1::RunReportRequest essence = Essence(request);
  const uint64_t hash = HashOf(Bytes(essence));
  ReportToken token;
  if (request.page_token().empty()) {
    *token.mutable_request() = essence;
    token.set_request_hash(hash);
    return token;
  }
  auto given = DecodeToken(request.page_token(), context.token_key);
  if (!given.ok()) return given;
  if (given->kind() == ReportToken::KIND_PAGE) {
    if (given->request_hash() != hash) return Mismatch();
    return given;
  }
  if (given->kind() != ReportToken::KIND_PIN) {
    return domain::Refuse(v1::TOKEN_INVALID, "this is the id of a cell: give it to ExplainReport", "page_token");
  }
  v1::RunReportRequest rest = essence;
  rest.clear_language();
  if (rest.ByteSizeLong() != 0) return Mismatch();
  if (!request.language().empty()) given->mutable_request()->set_language(request.language());
  given->set_request_hash(hash);
  return given;
}

class Page {
 public:
  Page(const WholeAnswer& whole, const ReportToken& token, const EngineContext& context)
      : whole_(whole), context_(context), renderer_(*whole.query), cell_(token) {
    cell_.set_kind(ReportToken::KIND_CELL);
    cell_.clear_offset();
    cell_.clear_request_hash();
    cell_.mutable_request()->clear_sort();
  }

  v1::Row Render(const AnswerRow& from) {
    v1::Row row;
    row.set_is_total(from.is_total);
    SetKey(from);
    for (size_t i = 0; i < from.cells.size(); ++i) {
      const AnswerColumn& column = whole_.answer.columns[i];
      v1::Cell* cell = row.add_cells();
      *cell->mutable_value() = renderer_.ValueOf(from.cells[i], column.type, column.column.type() == v1::VALUE_TYPE_RATIO);
      if (!from.is_total || !column.is_key || from.cells[i].number != kNull) cell->set_label(renderer_.LabelOf(from.cells[i], column));
      if (column.opens) cell->set_cell_id(CellId(column));
    }
    return row;
  }

 private:
  void SetKey(const AnswerRow& row) {
    cell_.set_is_total(row.is_total);
    cell_.clear_key();
    for (size_t i = 0; i < row.cells.size(); ++i) {
      const AnswerColumn& column = whole_.answer.columns[i];
      if (!column.is_key) continue;
      storage::v1::KeyPart* part = cell_.add_key();
      const int64_t number = row.cells[i].number;
      if (number == kNull) continue;
      if (IsText(column.type)) {
        part->set_text(std::string(whole_.query->texts->Text(number)));
      } else {
        part->set_number(number);
      }
    }
  }

  std::string CellId(const AnswerColumn& column) {
    constexpr absl::string_view kCompared = ".compared";
    absl::string_view id = column.column.id();
    const bool compared = whole_.compared != nullptr && id.size() > kCompared.size() &&
                          id.substr(id.size() - kCompared.size()) == kCompared;
    if (compared) id.remove_suffix(kCompared.size());
    cell_.set_is_compared(compared);
    cell_.set_column(std::string(id));
    return EncodeToken(cell_, context_.token_key);
  }

  const WholeAnswer& whole_;
  const EngineContext& context_;
  Renderer renderer_;
  ReportToken cell_;
};

absl::StatusOr<int32_t> PageSize(int32_t asked, int32_t by_default) {
  if (asked < 0) return domain::Refuse(v1::PARAMETER_INVALID, "page_size must not be negative", "page_size");
  return asked == 0 ? by_default : std::min(asked, kMaxPage);
}

void FillBasis(const Query& query, int64_t elapsed_micros, v1::Basis* basis) {
  *basis = query.basis;
  uint64_t scanned = query.world->rows_scanned();
  if (query.opening != nullptr) scanned += query.opening->rows_scanned();
  basis->set_rows_scanned(scanned);
  basis->set_elapsed_micros(elapsed_micros);
}

}  // namespace

absl::StatusOr<v1::RunReportResponse> ReportEngine::Run(const v1::RunReportRequest& request, const EngineContext& context) const {
  const absl::Time start = eventstore::SteadyNow();
  auto page_size = PageSize(request.page_size(), kMaxPage);
  if (!page_size.ok()) return page_size.status();
  auto token = TokenOf(request, context);
  if (!token.ok()) return token.status();
  const v1::RunReportRequest effective = token->request();
  auto definition = FindDefinition(*catalogue_, effective, token->definition_version());
  if (!definition.ok()) return definition.status();
  auto whole = RunWhole(**definition, context, &*token);
  if (!whole.ok()) return whole.status();
  token->set_definition_version((*definition)->version());

  v1::RunReportResponse response;
  for (const AnswerColumn& column : whole->answer.columns) *response.add_columns() = column.column;
  const size_t total = whole->answer.rows.size();
  const size_t first = std::min(total, static_cast<size_t>(std::max<int64_t>(0, token->offset())));
  const size_t end = std::min(total, first + static_cast<size_t>(*page_size));
  Page page(*whole, *token, context);
  for (size_t i = first; i < end; ++i) *response.add_rows() = page.Render(whole->answer.rows[i]);
  response.set_total_rows(static_cast<int64_t>(total));
  for (const v1::Note& note : whole->answer.notes) *response.add_notes() = note;
  if (end < total) {
    token->set_kind(ReportToken::KIND_PAGE);
    token->set_offset(static_cast<int64_t>(end));
    response.set_next_page_token(EncodeToken(*token, context.token_key));
  }
  token->set_kind(ReportToken::KIND_PIN);
  token->clear_offset();
  token->clear_request_hash();
  response.set_pin(EncodeToken(*token, context.token_key));
  const int64_t elapsed = absl::ToInt64Microseconds(eventstore::SteadyNow() - start);
  FillBasis(*whole->query, elapsed, response.mutable_basis());
  if (whole->compared != nullptr) FillBasis(*whole->compared, elapsed, response.mutable_compared_basis());
  return response;
}

namespace {

// First record of the page that a token of Explain names.
absl::StatusOr<size_t> FirstOf(const v1::ExplainReportRequest& request, const EngineContext& context) {
  if (request.page_token().empty()) return 0;
  auto token = DecodeToken(request.page_token(), context.token_key);
  if (!token.ok()) return token.status();
  if (token->kind() != ReportToken::KIND_PAGE || token->request_hash() != HashOf(request.cell_id())) return Mismatch();
  return static_cast<size_t>(token->offset());
}

// `opened`: a Contribution or a RelatedRecord.
template <typename Opened>
absl::Status AddEvents(const Query& query, const EngineContext& context, Opened* opened) {
  constexpr int kNewest = 20;
  if (context.events == nullptr || opened->record().empty()) return absl::OkStatus();
  auto events = EventsOf(query, opened->record());
  if (!events.ok()) return events.status();
  opened->set_total_events(static_cast<int64_t>(events->size()));
  for (size_t i = events->size() > kNewest ? events->size() - kNewest : 0; i < events->size(); ++i) {
    opened->add_events()->Swap(&(*events)[i]);
  }
  return absl::OkStatus();
}

absl::Status AddRelated(const Query& query, const EngineContext& context, const Explanation& opened, Renderer& renderer,
                        size_t first, v1::ExplainReportResponse* response) {
  constexpr size_t kMost = 20;
  std::vector<int64_t> records;
  for (int i = 0; i < response->contributions_size(); ++i) records.push_back(opened.contributions[first + i].record);
  const auto related = RolledUpRecords(*query.world, opened.counts_by, records);
  for (size_t i = 0; i < related.size(); ++i) {
    v1::Contribution* contribution = response->mutable_contributions(static_cast<int>(i));
    contribution->set_total_related(static_cast<int64_t>(related[i].size()));
    for (size_t j = 0; j < std::min(related[i].size(), kMost); ++j) {
      v1::RelatedRecord* to = contribution->add_related();
      to->set_record(std::string(query.texts->Text(related[i][j])));
      to->set_label(renderer.RecordLabel(related[i][j]));
      if (auto status = AddEvents(query, context, to); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

CellAddress AddressOf(const ReportToken& token, const Query& query) {
  CellAddress address;
  address.column = token.column();
  address.is_total = token.is_total();
  for (const storage::v1::KeyPart& part : token.key()) {
    Scalar scalar;
    if (part.value_case() == storage::v1::KeyPart::kText) scalar.number = query.texts->Code(part.text());
    if (part.value_case() == storage::v1::KeyPart::kNumber) scalar.number = part.number();
    address.key.push_back(scalar);
  }
  return address;
}

}  // namespace

absl::StatusOr<v1::ExplainReportResponse> ReportEngine::Explain(const v1::ExplainReportRequest& request,
                                                                const EngineContext& context) const {
  const absl::Time start = eventstore::SteadyNow();
  auto page_size = PageSize(request.page_size(), 100);
  if (!page_size.ok()) return page_size.status();
  auto token = DecodeToken(request.cell_id(), context.token_key);
  if (!token.ok()) return token.status();
  if (token->kind() != ReportToken::KIND_CELL) return domain::Refuse(v1::TOKEN_INVALID, "this is not the id of a cell", "cell_id");
  auto first = FirstOf(request, context);
  if (!first.ok()) return first.status();
  auto definition = FindDefinition(*catalogue_, token->request(), token->definition_version());
  if (!definition.ok()) return definition.status();
  auto query = QueryOfCell(**definition, context, *token);
  if (!query.ok()) return query.status();
  auto opened = ShapeOf(**definition)->Explain(**query, AddressOf(*token, **query));
  if (!opened.ok()) return opened.status();

  Renderer renderer(**query);
  v1::ExplainReportResponse response;
  *response.mutable_value() = renderer.ValueOf(opened->value, opened->type, opened->is_ratio);
  response.set_definition(opened->definition);
  response.set_formula(opened->formula);
  const size_t total = opened->contributions.size(), end = std::min(total, *first + static_cast<size_t>(*page_size));
  response.set_total_contributions(static_cast<int64_t>(total));
  for (size_t i = *first; i < end; ++i) {
    const Contribution& from = opened->contributions[i];
    v1::Contribution* to = response.add_contributions();
    to->set_record(std::string((*query)->texts->Text(from.record)));
    to->set_label(renderer.RecordLabel(from.record));
    if (opened->is_ratio) {
      *to->mutable_numerator() = renderer.ValueOf(from.numerator, opened->type, false);
      *to->mutable_denominator() = renderer.ValueOf(from.denominator, opened->denominator_type, false);
    } else {
      const Type type = opened->contribution_type == Type::kNull ? opened->type : opened->contribution_type;
      *to->mutable_value() = renderer.ValueOf(from.value, type, false);
    }
    to->set_rank(from.rank);
    if (auto status = AddEvents(**query, context, to); !status.ok()) return status;
  }
  if (auto status = AddRelated(**query, context, *opened, renderer, *first, &response); !status.ok()) return status;
  if (end < total) {
    ReportToken next;
    next.set_kind(ReportToken::KIND_PAGE);
    next.set_request_hash(HashOf(request.cell_id()));
    next.set_offset(static_cast<int64_t>(end));
    response.set_next_page_token(EncodeToken(next, context.token_key));
  }
  FillBasis(**query, absl::ToInt64Microseconds(eventstore::SteadyNow() - start), response.mutable_basis());
  return response;
}

}  // namespace recount::projections
