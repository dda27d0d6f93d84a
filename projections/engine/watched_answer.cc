#include "projections/engine/watched_answer.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"
#include "projections/engine/answer_page.h"
#include "projections/engine/tokens.h"

namespace recount::projections {
namespace {

using storage::v1::ReportToken;

constexpr int kMostRowsAMessage = 1000;

absl::Status OnlyNow(absl::string_view field, absl::string_view why) {
  return domain::Refuse(v1::PARAMETER_INVALID, absl::StrCat(field, ": a watch tells the answer of now and how it changes: ", why),
                        absl::StrCat("parameters.", field));
}

absl::Status CannotResume(absl::string_view why) {
  return domain::Refuse(v1::TOKEN_INVALID, absl::StrCat("the watch cannot go on from this token: ", why, "; watch anew, without a token"),
                        "resume_token");
}

// What a sound token can no longer be honoured for.
absl::Status AsToken(const absl::Status& status) {
  const v1::ErrorReason reason = domain::ReasonOf(status);
  return reason == v1::TOKEN_INVALID || reason == v1::POSITION_BEYOND_HEAD ? CannotResume(status.message()) : status;
}

}  // namespace

absl::StatusOr<v1::RunReportRequest> WatchedQuestion(const v1::WatchReportRequest& request, const Catalogue& catalogue) {
  const v1::ReportParameters& parameters = request.parameters();
  if (parameters.has_as_of()) return OnlyNow("as_of", "leave it out, or ask RunReport");
  if (parameters.has_opening_as_of()) return OnlyNow("opening_as_of", "leave it out, or ask RunReport");
  if (parameters.rule_basis().kind() == v1::RULE_BASIS_KIND_AT || parameters.rule_basis().has_at()) {
    return OnlyNow("rule_basis", "take current, head, a draft or as recorded, or ask RunReport");
  }
  v1::RunReportRequest question;
  question.set_report(request.report());
  if (request.has_definition()) *question.mutable_definition() = request.definition();
  if (request.has_parameters()) *question.mutable_parameters() = parameters;
  question.set_sort(request.sort());
  question.set_language(request.language());
  const v1::ReportDefinition* definition = question.has_definition() ? &question.definition() : catalogue.Find(question.report());
  if (definition != nullptr && definition->has_timeline()) {
    return domain::Refuse(v1::PARAMETER_INVALID, "a timeline is not watched: HistoryService.Subscribe tells a record's events as they come",
                          request.has_definition() ? "definition" : "report");
  }
  return question;
}

absl::StatusOr<ReportToken> ResumedToken(const v1::WatchReportRequest& request, const v1::RunReportRequest& question,
                                         absl::string_view token_key, uint64_t head) {
  auto token = DecodeToken(request.resume_token(), "resume_token", token_key);
  if (!token.ok()) return token;
  if (token->kind() != ReportToken::KIND_WATCH) return CannotResume("it is none of WatchReport");
  if (token->pin().position() > head) {
    return CannotResume(absl::StrCat("it is of position ", token->pin().position(), ", and the log ends at ", head));
  }
  if (token->request_hash() == HashOf(Bytes(question))) return token;
  return domain::Refuse(v1::PAGE_TOKEN_MISMATCH,
                        "the token belongs to another question: repeat the question as it was, or watch without the token", "resume_token");
}

absl::StatusOr<std::shared_ptr<const WatchedAnswer>> WatchedAnswer::Count(const Catalogue& catalogue, const v1::RunReportRequest& question,
                                                                          const ReportToken* resumed, const EngineContext& context) {
  const absl::Time start = eventstore::SteadyNow();
  const auto failed = [resumed](const absl::Status& status) { return resumed == nullptr ? status : AsToken(status); };
  auto definition = FindDefinition(catalogue, question, resumed == nullptr ? 0 : resumed->definition_version());
  if (!definition.ok()) return failed(definition.status());
  ReportToken token;
  *token.mutable_request() = question;
  token.set_definition_version((*definition)->version());
  if (resumed != nullptr) *token.mutable_pin() = resumed->pin();
  auto whole = RunWhole(**definition, context, &token);
  if (!whole.ok()) return failed(whole.status());
  const size_t rows = whole->answer.rows.size();
  if (rows > kMostWatchedRows) {
    return domain::Refuse(v1::ANSWER_TOO_LARGE, absl::StrCat("the answer has ", rows, " rows; of an answer that is watched there may be ",
                                                             kMostWatchedRows, ": group by fewer or coarser dimensions, or filter"));
  }
  std::shared_ptr<WatchedAnswer> answer(new WatchedAnswer(*std::move(whole), std::move(token), context));
  answer->elapsed_micros_ = absl::ToInt64Microseconds(eventstore::SteadyNow() - start);
  return answer;
}

WatchedAnswer::WatchedAnswer(WholeAnswer whole, ReportToken token, const EngineContext& context)
    : finished_(std::move(whole)), token_(std::move(token)), token_key_(context.token_key) {
  AnswerPage page(finished_, token_, context);
  absl::flat_hash_map<std::string, int> times;
  rows_.reserve(finished_.answer.rows.size());
  for (const AnswerRow& row : finished_.answer.rows) {
    KeyedRow& keyed = rows_.emplace_back();
    keyed.key = page.KeyOf(row);
    // A list may have a record several times, e.g. one of stage visits.
    const int before = times[keyed.key]++;
    if (before > 0) absl::StrAppend(&keyed.key, "#", before + 1);
    keyed.content = Bytes(page.RenderWithoutIds(row));
  }
  for (const AnswerColumn& column : finished_.answer.columns) {
    const std::string bytes = Bytes(column.column);
    absl::StrAppend(&columns_, bytes.size(), ":", bytes);
  }
  for (const v1::Note& note : finished_.answer.notes) {
    const std::string bytes = Bytes(note);
    absl::StrAppend(&notes_, bytes.size(), ":", bytes);
  }
}

std::string WatchedAnswer::ResumeToken() const {
  ReportToken token;
  token.set_kind(ReportToken::KIND_WATCH);
  *token.mutable_pin() = token_.pin();
  token.set_definition_version(token_.definition_version());
  token.set_request_hash(HashOf(Bytes(token_.request())));
  return EncodeToken(token, token_key_);
}

// Writes the messages of one change.
class WatchedAnswer::Teller {
 public:
  explicit Teller(const WatchedAnswer& answer)
      : answer_(answer), signing_(SigningContext(answer)), page_(answer.finished_, answer.token_, signing_) {
    Begin();
  }

  v1::WatchReportResponse& first() { return messages_.front(); }
  void Remove(const std::string& key) {
    Room(key.size() + 8);
    messages_.back().add_removed(key);
  }
  void Give(size_t place) {
    v1::WatchedRow row;
    row.set_key(answer_.rows_[place].key);
    row.set_place(static_cast<int64_t>(place));
    row.mutable_row()->ParseFromString(answer_.rows_[place].content);
    page_.AddIds(answer_.finished_.answer.rows[place], row.mutable_row());
    Room(row.ByteSizeLong() + 8);
    *messages_.back().add_rows() = std::move(row);
  }
  Messages End() {
    v1::WatchReportResponse& last = messages_.back();
    for (const v1::Note& note : answer_.finished_.answer.notes) *last.add_notes() = note;
    if (page_.left_out_ids()) *last.add_notes() = CellsDoNotOpen();
    last.set_resume_token(answer_.ResumeToken());
    return std::move(messages_);
  }

 private:
  static EngineContext SigningContext(const WatchedAnswer& answer) {
    EngineContext context;
    context.token_key = answer.token_key_;
    return context;
  }

  void Begin() {
    v1::WatchReportResponse& message = messages_.emplace_back();
    *message.mutable_basis() = answer_.finished_.basis;
    message.mutable_basis()->set_elapsed_micros(answer_.elapsed_micros_);
    message.set_total_rows(static_cast<int64_t>(answer_.rows_.size()));
    bytes_ = message.ByteSizeLong();
    entries_ = 0;
  }
  // For one more row or key of so many bytes.
  void Room(size_t bytes) {
    if (entries_ == kMostRowsAMessage || (entries_ > 0 && bytes_ + bytes > kPageBytes)) Begin();
    ++entries_;
    bytes_ += bytes;
  }

  const WatchedAnswer& answer_;
  const EngineContext signing_;
  AnswerPage page_;
  Messages messages_;
  size_t bytes_ = 0;
  int entries_ = 0;
};

WatchedAnswer::Messages WatchedAnswer::Whole() const {
  Teller teller(*this);
  teller.first().set_restarts(true);
  for (const AnswerColumn& column : finished_.answer.columns) *teller.first().add_columns() = column.column;
  for (size_t place = 0; place < rows_.size(); ++place) teller.Give(place);
  return teller.End();
}

WatchedAnswer::Messages WatchedAnswer::Since(const WatchedAnswer& before) const {
  if (columns_ != before.columns_) return Whole();
  const AnswerDifference difference = DifferenceOf(before.rows_, rows_);
  if (difference.is_empty() && notes_ == before.notes_) return {};
  Teller teller(*this);
  for (const std::string& key : difference.removed) teller.Remove(key);
  for (const size_t place : difference.given) teller.Give(place);
  return teller.End();
}

}  // namespace recount::projections
