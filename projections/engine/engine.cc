// ReportEngine::Run and what goes around shapes: tokens, pages, rendering.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"
#include "projections/engine/answer_page.h"
#include "projections/engine/sight.h"
#include "projections/engine/tokens.h"
#include "projections/report_engine.h"

namespace recount::projections {
namespace {

using storage::v1::ReportToken;

// The question that a pin holds.
absl::StatusOr<ReportToken> PinnedToken(const v1::RunReportRequest& essence, absl::string_view pin, absl::string_view field,
                                        const EngineContext& context) {
  auto given = DecodeToken(pin, field, context.token_key);
  if (!given.ok()) return given;
  if (given->kind() != ReportToken::KIND_PIN) {
    const bool is_cell = given->kind() == ReportToken::KIND_CELL;
    return domain::Refuse(v1::TOKEN_INVALID,
                          is_cell ? "this is the id of a cell: give it to ExplainReport" : "this is a page token: give it as page_token",
                          field);
  }
  v1::RunReportRequest rest = essence;
  rest.clear_language();
  rest.clear_pin();
  if (rest.parameters().ByteSizeLong() == 0) rest.clear_parameters();
  if (rest.ByteSizeLong() != 0 && field == "page_token") return PageMismatch();
  if (rest.ByteSizeLong() != 0) {
    return domain::Refuse(v1::PARAMETER_INVALID,
                          "a pin holds the whole question: give nothing beside it but page_size, page_token, min_position and language",
                          field);
  }
  if (!essence.language().empty()) given->mutable_request()->set_language(essence.language());
  given->set_request_hash(HashOf(Bytes(essence)));
  return given;
}

}  // namespace

absl::StatusOr<ReportToken> TokenOf(const v1::RunReportRequest& request, const EngineContext& context) {
  const v1::RunReportRequest essence = Essence(request);
  const uint64_t hash = HashOf(Bytes(essence));
  if (!request.page_token().empty()) {
    auto given = DecodeToken(request.page_token(), "page_token", context.token_key);
    if (!given.ok()) return given;
    if (given->kind() != ReportToken::KIND_PAGE) return PinnedToken(essence, request.page_token(), "page_token", context);
    if (given->request_hash() != hash) return PageMismatch();
    return given;
  }
  if (!request.pin().empty()) return PinnedToken(essence, request.pin(), "pin", context);
  ReportToken token;
  *token.mutable_request() = essence;
  token.set_request_hash(hash);
  return token;
}

namespace {

// What a token that is sound cannot be honoured for is said of the field that it came in.
absl::Status InField(const absl::Status& status, const v1::RunReportRequest& request) {
  if (domain::ReasonOf(status) != v1::TOKEN_INVALID || request.pin().empty() || !request.page_token().empty()) return status;
  return domain::Refuse(v1::TOKEN_INVALID, status.message(), "pin");
}

// Rows from `first` on, up to a number of them and as long as the message may grow; one at least. The place after them.
absl::StatusOr<size_t> AddRows(const FinishedAnswer& finished, size_t first, size_t most, Halt* halt, AnswerPage* page,
                               v1::RunReportResponse* response) {
  size_t bytes = response->ByteSizeLong(), next = first;
  const size_t end = std::min(finished.answer.rows.size(), first + most);
  for (; next < end; ++next) {
    if (halt->AskNow()) return halt->status();
    v1::Row row = page->Render(finished.answer.rows[next]);
    bytes += row.ByteSizeLong() + 8;  // with its tag and length
    if (next > first && bytes > kPageBytes) break;
    *response->add_rows() = std::move(row);
  }
  return next;
}

absl::Status TooLongForToken(absl::string_view field) {
  return domain::Refuse(v1::ANSWER_TOO_LARGE,
                        absl::StrCat("the answer has more than one page, and the token of the next one, which holds the question, would "
                                     "have more than ", kLongestToken, " characters: ask with a shorter definition or filter"),
                        field);
}

}  // namespace

ReportEngine::ReportEngine(const Catalogue* catalogue, size_t cache_bytes)
    : catalogue_(catalogue), cache_(std::make_unique<AnswerCache>(cache_bytes)) {}
ReportEngine::~ReportEngine() = default;

size_t ReportEngine::cached_bytes() const { return cache_->bytes(); }

absl::StatusOr<std::shared_ptr<const FinishedAnswer>> ReportEngine::Finish(const v1::ReportDefinition& definition, size_t page_size,
                                                                           const EngineContext& context, ReportToken* token) const {
  const bool is_pinned = token->has_pin();
  token->set_definition_version(definition.version());
  if (is_pinned) {
    if (auto status = CheckRights(token->pin(), context); !status.ok()) return status;
    if (auto kept = cache_->Find(IdentityOf(*token, context)); kept != nullptr) return kept;
  }
  auto whole = RunWhole(definition, context, token);
  if (!whole.ok()) return whole.status();
  auto finished = std::make_shared<const FinishedAnswer>(*std::move(whole));
  if (finished->answer.rows.size() > page_size) cache_->Put(IdentityOf(*token, context), finished, finished->bytes);
  return finished;
}

absl::StatusOr<v1::RunReportResponse> ReportEngine::Run(const v1::RunReportRequest& request, const EngineContext& context) const {
  const absl::Time start = eventstore::SteadyNow();
  auto page_size = PageSize(request.page_size(), 1000);
  if (!page_size.ok()) return page_size.status();
  auto token = TokenOf(request, context);
  if (!token.ok()) return token.status();
  const v1::RunReportRequest effective = token->request();
  auto definition = FindDefinition(*catalogue_, effective, token->definition_version());
  if (!definition.ok()) return InField(definition.status(), request);
  auto finished = Finish(**definition, static_cast<size_t>(*page_size), context, &*token);
  if (!finished.ok()) return InField(finished.status(), request);

  v1::RunReportResponse response;
  const Answer& answer = (*finished)->answer;
  for (const AnswerColumn& column : answer.columns) *response.add_columns() = column.column;
  for (const v1::Note& note : answer.notes) *response.add_notes() = note;
  const size_t total = answer.rows.size();
  response.set_total_rows(static_cast<int64_t>(total));
  const size_t first = std::min(total, static_cast<size_t>(std::max<int64_t>(0, token->offset())));
  AnswerPage page(**finished, *token, context);
  Halt halt(context.goes_on);
  auto end = AddRows(**finished, first, static_cast<size_t>(*page_size), &halt, &page, &response);
  if (!end.ok()) return end.status();
  if (page.left_out_ids()) *response.add_notes() = CellsDoNotOpen();
  if (*end < total) {
    token->set_kind(ReportToken::KIND_PAGE);
    token->set_offset(static_cast<int64_t>(*end));
    response.set_next_page_token(EncodeToken(*token, context.token_key));
    if (response.next_page_token().size() > kLongestToken) return TooLongForToken(effective.has_definition() ? "definition" : "parameters");
  }
  token->set_kind(ReportToken::KIND_PIN);
  token->clear_offset();
  token->clear_request_hash();
  response.set_pin(EncodeToken(*token, context.token_key));
  *response.mutable_basis() = (*finished)->basis;
  if ((*finished)->compared_basis) *response.mutable_compared_basis() = *(*finished)->compared_basis;
  const int64_t elapsed = absl::ToInt64Microseconds(eventstore::SteadyNow() - start);
  response.mutable_basis()->set_elapsed_micros(elapsed);
  if (response.has_compared_basis()) response.mutable_compared_basis()->set_elapsed_micros(elapsed);
  return response;
}

}  // namespace recount::projections
