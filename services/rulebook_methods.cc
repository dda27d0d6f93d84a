#include "services/rulebook_methods.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "recount/v1/rule.pb.h"
#include "services/page_token.h"
#include "services/record_reader.h"

namespace recount::services {
namespace {

// What a client takes unless told otherwise, less what is around it. The rulebook has no pages: a published rule may be as large
// as a message, and one of them must be to be had.
constexpr size_t kMostBytes = (4 << 20) - (64 << 10);

// Counts what an answer takes, before it is added.
class AnswerBytes {
 public:
  explicit AnswerBytes(absl::string_view remedy) : remedy_(remedy) {}
  absl::Status Take(size_t bytes) {
    bytes_ += bytes;
    if (bytes_ <= kMostBytes) return absl::OkStatus();
    return domain::Refuse(v1::ANSWER_TOO_LARGE,
                          absl::StrCat("the answer would have more than ", kMostBytes, " bytes: ", remedy_));
  }

 private:
  const absl::string_view remedy_;
  size_t bytes_ = 0;
};

// As known at a position.
v1::RuleVersion Show(const domain::RuleVersionEntry& entry, uint64_t position = kAnyPosition) {
  v1::RuleVersion version;
  version.set_kind(domain::KindOf(entry.rule.content()));
  version.set_published_position(entry.position);
  *version.mutable_published_time() = domain::TimestampFrom(entry.recorded_micros);
  version.set_actor(entry.actor);
  *version.mutable_rule() = entry.rule;
  version.set_comment(entry.comment);
  version.set_withdrawn(entry.withdrawn_position != 0 && entry.withdrawn_position <= position);
  return version;
}

// Kinds by their numbers in RuleKind.
std::vector<v1::RuleKind> AllKinds() {
  std::vector<v1::RuleKind> kinds;
  const google::protobuf::EnumDescriptor* descriptor = v1::RuleKind_descriptor();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    if (descriptor->value(i)->number() != 0) kinds.push_back(static_cast<v1::RuleKind>(descriptor->value(i)->number()));
  }
  return kinds;
}

absl::StatusOr<v1::Rulebook> GetRulebook(const Backend* backend, const Call& call,
                                         const v1::GetRulebookRequest& request) {
  const auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  const RecordReader reader(backend);
  if (absl::Status reached = reader.AwaitPosition(**tenant, request.min_position(), call.deadline); !reached.ok())
    return reached;
  const auto head = reader.Rules(**tenant);
  if (!head.ok()) return head.status();
  domain::Rulebook rules = **head;
  if (request.as_of_position() != 0) {
    const uint64_t newest = backend->archive.log->DurableHead((*tenant)->number()).position;
    if (request.as_of_position() > newest) {
      return domain::Refuse(
          v1::POSITION_BEYOND_HEAD,
          absl::StrCat("position ", request.as_of_position(), " is beyond the head of the log, ", newest),
          "as_of_position");
    }
    rules = (*head)->UpTo(request.as_of_position());
  }
  auto calendar = reader.CalendarOf(**tenant);
  if (!calendar.ok()) return calendar.status();
  int64_t day = calendar->DayOf(backend->clock->NowMicros());
  if (request.has_valid_at()) {
    auto given = domain::DayFromDate(request.valid_at(), "valid_at");
    if (!given.ok()) return given.status();
    day = *given;
  }
  v1::Rulebook answer;
  answer.set_position(rules.position());
  AnswerBytes bytes("ask for the versions of one kind (ListRuleVersions)");
  for (v1::RuleKind kind : AllKinds()) {
    const domain::RuleVersionEntry* entry = rules.InForce(kind, day);
    if (entry == nullptr) continue;
    if (absl::Status fits = bytes.Take(entry->rule.ByteSizeLong()); !fits.ok()) return fits;
    *answer.add_rules() = Show(*entry);
  }
  return answer;
}

// One page: what is offered in order, from its offset on, until it is full. What comes after is only counted.
template <typename Item>
class ListingPage {
 public:
  ListingPage(size_t first, size_t page_size) : first_(first), page_size_(page_size) {}

  // Whether the next item is on the page, unless it is too large for what is left of it.
  bool wants() const { return !is_full_ && count_ >= first_ && items_.size() < page_size_; }
  void Offer(Item item) {
    bytes_ += item.ByteSizeLong();
    is_full_ = bytes_ > kMaxAnswerBytes && !items_.empty();
    if (!is_full_) items_.push_back(std::move(item));
    ++count_;
  }
  void Skip() { ++count_; }

  template <typename Response>
  void MoveTo(google::protobuf::RepeatedPtrField<Item>* items, const Backend* backend, const Tenant& tenant,
              absl::string_view scope, uint64_t position, Response* response) {
    const size_t next = first_ + items_.size();
    for (Item& item : items_) *items->Add() = std::move(item);
    if (next < count_) response->set_next_page_token(MakePage(backend, tenant, scope, {position, next}));
    response->set_total_size(static_cast<int64_t>(count_));
    response->set_position(position);
  }

 private:
  const size_t first_, page_size_;
  std::vector<Item> items_;
  size_t bytes_ = 0;
  size_t count_ = 0;
  bool is_full_ = false;
};

// Where the pages of a listing stand.
struct Listing {
  std::string scope;
  PageToken token;
  size_t page_size = 0;
};

// Waits for min_position; the first page is of the head.
template <typename Request>
absl::StatusOr<Listing> Begin(const Backend* backend, const Tenant& tenant, const Call& call, const Request& request,
                              std::string scope) {
  const auto page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  auto token = OpenPage(backend, tenant, request.page_token(), scope);
  if (!token.ok()) return token.status();
  if (absl::Status reached = RecordReader(backend).AwaitPosition(tenant, request.min_position(), call.deadline); !reached.ok())
    return reached;
  if (token->position == 0) token->position = backend->archive.log->DurableHead(tenant.number()).position;
  return Listing{std::move(scope), *token, *page_size};
}

absl::StatusOr<v1::ListRuleVersionsResponse> ListVersions(const Backend* backend, const Call& call,
                                                          const v1::ListRuleVersionsRequest& request) {
  const auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  auto listing = Begin(backend, **tenant, call, request, absl::StrCat("rule versions\n", request.kind()));
  if (!listing.ok()) return listing.status();
  const uint64_t position = listing->token.position;
  const auto rules = RecordReader(backend).Rules(**tenant);
  if (!rules.ok()) return rules.status();
  std::vector<const domain::RuleVersionEntry*> entries;
  for (v1::RuleKind kind : AllKinds()) {
    if (request.kind() != v1::RULE_KIND_UNSPECIFIED && request.kind() != kind) continue;
    for (const domain::RuleVersionEntry& entry : (*rules)->Versions(kind)) {
      if (entry.position <= position) entries.push_back(&entry);
    }
  }
  std::sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return a->position < b->position; });
  ListingPage<v1::RuleVersion> page(listing->token.offset, listing->page_size);
  for (const domain::RuleVersionEntry* entry : entries) page.wants() ? page.Offer(Show(*entry, position)) : page.Skip();
  v1::ListRuleVersionsResponse answer;
  page.MoveTo(answer.mutable_versions(), backend, **tenant, listing->scope, position, &answer);
  return answer;
}

absl::StatusOr<v1::ListDraftsResponse> ListDrafts(const Backend* backend, const Call& call,
                                                  const v1::ListDraftsRequest& request) {
  const auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  auto listing = Begin(backend, **tenant, call, request, absl::StrCat("drafts\n", request.show_closed() ? "1" : "0"));
  if (!listing.ok()) return listing.status();
  const uint64_t position = listing->token.position;
  std::vector<std::string> names;
  absl::Status listed = backend->archive.log->ListStreams((*tenant)->number(), "drafts/", [&](absl::string_view name) {
    names.emplace_back(name);
    return true;
  });
  if (!listed.ok()) return listed;
  ListingPage<v1::Draft> page(listing->token.offset, listing->page_size);
  for (const std::string& name : names) {
    if (absl::Status waits = call.CheckGoesOn(); !waits.ok()) return waits;
    auto folded = RecordReader(backend).ReadAt(**tenant, name, position);
    if (!folded.ok()) return folded.status();
    const auto* draft = std::get_if<domain::DraftState>(&(*folded)->state);
    if (draft == nullptr || !(draft->draft.is_open() || request.show_closed())) continue;
    page.wants() ? page.Offer(draft->draft) : page.Skip();
  }
  v1::ListDraftsResponse answer;
  page.MoveTo(answer.mutable_drafts(), backend, **tenant, listing->scope, position, &answer);
  return answer;
}

}  // namespace

void AddRulebookQueries(const Backend* backend, MethodTable* table) {
  table->AddTyped<v1::GetRulebookRequest, v1::Rulebook>(
      "recount.v1.RulebookService.GetRulebook", Access::kRead,
      [backend](const Call& call, const v1::GetRulebookRequest& request) {
        return GetRulebook(backend, call, request);
      });
  table->AddTyped<v1::ListRuleVersionsRequest, v1::ListRuleVersionsResponse>(
      "recount.v1.RulebookService.ListRuleVersions", Access::kRead,
      [backend](const Call& call, const v1::ListRuleVersionsRequest& request) {
        return ListVersions(backend, call, request);
      });
  table->AddTyped<v1::ListDraftsRequest, v1::ListDraftsResponse>(
      "recount.v1.RulebookService.ListDrafts", Access::kRead,
      [backend](const Call& call, const v1::ListDraftsRequest& request) { return ListDrafts(backend, call, request); });
}

}  // namespace recount::services
