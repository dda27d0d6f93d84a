// ReportEngine::Explain: a cell opened into the records and events that make it.
#include <algorithm>
#include <thread>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"
#include "projections/engine/answer_page.h"
#include "projections/engine/diff_reports.h"
#include "projections/engine/explain_change.h"
#include "projections/engine/parts.h"
#include "projections/engine/roll_up.h"
#include "projections/engine/tokens.h"

namespace recount::projections {

namespace {

using storage::v1::ReportToken;

// First record of the page that a token of Explain names.
absl::StatusOr<size_t> FirstOf(const v1::ExplainReportRequest& request, const EngineContext& context) {
  if (request.page_token().empty()) return 0;
  auto token = DecodeToken(request.page_token(), "page_token", context.token_key);
  if (!token.ok()) return token.status();
  if (token->kind() != ReportToken::KIND_PAGE || token->request_hash() != HashOf(request.cell_id())) return PageMismatch();
  return static_cast<size_t>(token->offset());
}

// Events of a record that its moment sees; of a change: that one of both does.
absl::StatusOr<std::vector<v1::Event>> EventsSeen(const CellQueries& queries, const std::string& record) {
  auto events = EventsOf(*queries.query, record);
  if (!events.ok() || queries.compared == nullptr) return events;
  auto others = EventsOf(*queries.compared, record);
  if (!others.ok()) return others;
  for (v1::Event& other : *others) {
    const auto same = [&](const v1::Event& event) { return event.position() == other.position(); };
    if (std::none_of(events->begin(), events->end(), same)) events->push_back(std::move(other));
  }
  const auto order = [](const v1::Event& event) {
    return std::make_tuple(event.revision() != 1, domain::MicrosFrom(event.occurred_time()), event.position());
  };
  std::sort(events->begin(), events->end(), [&](const v1::Event& a, const v1::Event& b) { return order(a) < order(b); });
  return events;
}

// What one record after the other has, read some records ahead and, where a processor is idle, on two threads: most of the time that an
// opened cell takes is reading events.
class EventsAhead {
 public:
  using Events = absl::StatusOr<std::vector<v1::Event>>;

  EventsAhead(const CellQueries& queries, std::vector<std::string> records) : queries_(queries), records_(std::move(records)) {}

  // Each once, in their order.
  Events Take(size_t record) {
    if (record >= first_ + events_.size()) Read(record);
    return std::move(events_[record - first_]);
  }

 private:
  void Read(size_t first) {
    constexpr size_t kAhead = 64, kWorthIt = 2;
    const size_t count = std::min(kAhead, records_.size() - first);
    first_ = first;
    events_.assign(count, Events(std::vector<v1::Event>()));
    Parts parts(count);
    const auto read = [&] {
      for (auto i = parts.Next(); i; i = parts.Next()) {
        if (!records_[first_ + *i].empty()) events_[*i] = EventsSeen(queries_, records_[first_ + *i]);
      }
    };
    const bool may_be_helped = MayBeHelped(*queries_.query) && (queries_.compared == nullptr || MayBeHelped(*queries_.compared));
    const Help help = count >= kWorthIt && may_be_helped ? Help::Ask() : Help();
    if (!help.granted()) return read();
    std::thread thread(read);
    read();
    thread.join();
  }

  const CellQueries& queries_;
  const std::vector<std::string> records_;
  size_t first_ = 0;
  std::vector<Events> events_;  // of records from first_ on
};

// `opened`: a Contribution or a RelatedRecord. `positions`: of the events that make it; empty: all of them do.
template <typename Opened>
absl::Status AddEvents(EventsAhead::Events events, const std::vector<int64_t>& positions, Opened* opened) {
  constexpr int kNewest = 20;
  if (!events.ok()) return events.status();
  if (!positions.empty()) {
    const auto other = [&](const v1::Event& event) {
      return std::find(positions.begin(), positions.end(), static_cast<int64_t>(event.position())) == positions.end();
    };
    events->erase(std::remove_if(events->begin(), events->end(), other), events->end());
  }
  opened->set_total_events(static_cast<int64_t>(events->size()));
  for (size_t i = events->size() > kNewest ? events->size() - kNewest : 0; i < events->size(); ++i) {
    opened->add_events()->Swap(&(*events)[i]);
  }
  return absl::OkStatus();
}

// Events are left out, those of related records first, where one contribution alone would be too large for a message; how many
// there are it still says.
void LeaveOutEvents(v1::Contribution* contribution) {
  for (int i = contribution->related_size() - 1; i >= 0 && contribution->ByteSizeLong() > kPageBytes; --i) {
    contribution->mutable_related(i)->clear_events();
  }
  while (contribution->events_size() > 0 && contribution->ByteSizeLong() > kPageBytes) {
    contribution->mutable_events()->DeleteSubrange(0, 1);
  }
}

// The records of one page of an opened cell.
class ContributionPage {
 public:
  ContributionPage(const CellQueries& queries, const Explanation& opened)
      : queries_(queries), query_(*queries.query), opened_(opened), renderer_(query_) {}

  // From `first` on, as many as asked for and as a message takes; one at least. The place after them.
  absl::StatusOr<size_t> Add(size_t first, size_t most, v1::ExplainReportResponse* response) {
    const size_t end = std::min(opened_.contributions.size(), first + most);
    std::vector<int64_t> records;
    std::vector<std::string> names;
    for (size_t i = first; i < end; ++i) {
      records.push_back(opened_.contributions[i].record);
      names.emplace_back(query_.texts->Text(records.back()));
    }
    const auto related = RelatedTo(records);
    EventsAhead events(queries_, std::move(names));
    size_t bytes = response->ByteSizeLong(), next = first;
    for (; next < end; ++next) {
      if (query_.halt->AskNow()) return query_.halt->status();
      v1::Contribution contribution = ValuesOf(opened_.contributions[next]);
      if (query_.context->events != nullptr) {
        auto status = AddEvents(events.Take(next - first), opened_.contributions[next].events, &contribution);
        if (!status.ok()) return status;
      }
      if (auto status = AddRelated(related[next - first], &contribution); !status.ok()) return status;
      LeaveOutEvents(&contribution);
      bytes += contribution.ByteSizeLong() + 8;  // with its tag and length
      if (next > first && bytes > kPageBytes) break;
      *response->add_contributions() = std::move(contribution);
    }
    return next;
  }

 private:
  v1::Contribution ValuesOf(const Contribution& from) {
    v1::Contribution to;
    to.set_record(std::string(query_.texts->Text(from.record)));
    to.set_label(renderer_.RecordLabel(from.record));
    const Type type = opened_.contribution_type == Type::kNull ? opened_.type : opened_.contribution_type;
    if (opened_.is_ratio) {
      *to.mutable_numerator() = renderer_.ValueOf(from.numerator, opened_.type, false);
      *to.mutable_denominator() = renderer_.ValueOf(from.denominator, opened_.denominator_type, false);
    } else {
      *to.mutable_value() = renderer_.ValueOf(from.value, type, false);
    }
    to.set_rank(from.rank);
    if (queries_.compared == nullptr) return to;
    *to.mutable_compared_value() = renderer_.ValueOf(from.compared_value, type, false);
    *to.mutable_compared_numerator() = renderer_.ValueOf(from.compared_numerator, opened_.type, false);
    *to.mutable_compared_denominator() = renderer_.ValueOf(from.compared_denominator, opened_.denominator_type, false);
    to.set_compared_rank(from.compared_rank);
    if (from.compared_value.number == kNull) to.clear_compared_value();
    if (from.compared_numerator.number == kNull) to.clear_compared_numerator();
    if (from.compared_denominator.number == kNull) to.clear_compared_denominator();
    return to;
  }

  // Of a change also those that it counts by on the other side.
  std::vector<std::vector<int64_t>> RelatedTo(const std::vector<int64_t>& records) const {
    auto related = RolledUpRecords(*query_.world, opened_.counts_by, records);
    if (queries_.compared == nullptr) return related;
    const Query& other = *queries_.compared;
    std::vector<int64_t> there;
    for (const int64_t record : records) there.push_back(other.texts->Code(query_.texts->Text(record)));
    const auto more = RolledUpRecords(*other.world, opened_.counts_by, there);
    for (size_t i = 0; i < more.size(); ++i) {
      for (const int64_t code : more[i]) {
        const int64_t here = query_.texts->Code(other.texts->Text(code));
        if (std::find(related[i].begin(), related[i].end(), here) == related[i].end()) related[i].push_back(here);
      }
    }
    return related;
  }

  absl::Status AddRelated(const std::vector<int64_t>& records, v1::Contribution* contribution) {
    constexpr size_t kMost = 20;
    contribution->set_total_related(static_cast<int64_t>(records.size()));
    for (size_t i = 0; i < std::min(records.size(), kMost); ++i) {
      v1::RelatedRecord* to = contribution->add_related();
      to->set_record(std::string(query_.texts->Text(records[i])));
      to->set_label(renderer_.RecordLabel(records[i]));
      if (query_.context->events == nullptr || to->record().empty()) continue;
      if (auto status = AddEvents(EventsSeen(queries_, to->record()), {}, to); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  const CellQueries& queries_;
  const Query& query_;
  const Explanation& opened_;
  Renderer renderer_;
};

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

absl::StatusOr<Explanation> OpenSide(const ReportToken& token, const Query& query) {
  auto opened = ShapeOf(*query.definition)->Explain(query, AddressOf(token, query));
  if (!query.halt->status().ok()) return query.halt->status();
  return opened;
}

absl::StatusOr<Explanation> Open(const ReportToken& token, const CellQueries& queries) {
  auto opened = OpenSide(token, *queries.query);
  if (!opened.ok() || queries.compared == nullptr) return opened;
  auto compared = OpenSide(token, *queries.compared);
  if (!compared.ok()) return compared;
  return ExplainChange(token.column(), *queries.query, *std::move(opened), *queries.compared, *std::move(compared));
}

// A cell that is to be opened, and what it was counted by.
struct Opening {
  ReportToken cell;
  CellQueries queries;
  std::unique_ptr<DiffedShare> share;  // of a comparison by cause: what the queries stand on
};

absl::StatusOr<Opening> OpeningOf(absl::string_view cell_id, const Catalogue& catalogue, const EngineContext& context) {
  Opening opening;
  if (IsDiffToken(cell_id)) {
    auto share = ShareOf(catalogue, cell_id, context);
    if (!share.ok()) return share.status();
    opening.cell = (*share)->cell;
    opening.queries = std::move((*share)->queries);
    opening.share = *std::move(share);
    return opening;
  }
  auto token = DecodeToken(cell_id, "cell_id", context.token_key);
  if (!token.ok()) return token.status();
  if (token->kind() != ReportToken::KIND_CELL) return domain::Refuse(v1::TOKEN_INVALID, "this is not the id of a cell", "cell_id");
  opening.cell = *std::move(token);
  return opening;
}

}  // namespace

absl::StatusOr<v1::ExplainReportResponse> ReportEngine::Explain(const v1::ExplainReportRequest& request,
                                                                const EngineContext& context) const {
  const absl::Time start = eventstore::SteadyNow();
  auto page_size = PageSize(request.page_size(), 100);
  if (!page_size.ok()) return page_size.status();
  auto opening = OpeningOf(request.cell_id(), *catalogue_, context);
  if (!opening.ok()) return opening.status();
  auto first = FirstOf(request, context);
  if (!first.ok()) return first.status();
  if (opening->share == nullptr) {
    auto definition = FindDefinition(*catalogue_, opening->cell.request(), opening->cell.definition_version());
    if (!definition.ok()) return definition.status();
    auto counted_by = QueriesOfCell(**definition, context, opening->cell);
    if (!counted_by.ok()) return counted_by.status();
    opening->queries = *std::move(counted_by);
  }
  const CellQueries* queries = &opening->queries;
  auto opened = Open(opening->cell, *queries);
  if (!opened.ok()) return opened.status();

  v1::ExplainReportResponse response;
  *response.mutable_value() = Renderer(*queries->query).ValueOf(opened->value, opened->type, opened->is_ratio);
  response.set_definition(opened->definition);
  response.set_formula(opened->formula);
  const size_t total = opened->contributions.size();
  response.set_total_contributions(static_cast<int64_t>(total));
  auto end = ContributionPage(*queries, *opened).Add(std::min(*first, total), static_cast<size_t>(*page_size), &response);
  if (!end.ok()) return end.status();
  if (*end < total) {
    ReportToken next;
    next.set_kind(ReportToken::KIND_PAGE);
    next.set_request_hash(HashOf(request.cell_id()));
    next.set_offset(static_cast<int64_t>(*end));
    response.set_next_page_token(EncodeToken(next, context.token_key));
  }
  *response.mutable_basis() = BasisOf(*queries->query);
  if (queries->compared != nullptr) *response.mutable_compared_basis() = BasisOf(*queries->compared);
  response.mutable_basis()->set_elapsed_micros(absl::ToInt64Microseconds(eventstore::SteadyNow() - start));
  return response;
}

}  // namespace recount::projections
