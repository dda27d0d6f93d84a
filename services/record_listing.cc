#include "services/record_listing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "recount/v1/command.pb.h"
#include "services/normalizers.h"
#include "services/page_token.h"
#include "services/record_reader.h"
#include "services/record_rights.h"
#include "services/report_methods.h"
#include "services/signed_token.h"

namespace recount::services {
namespace {

// What must be the same on every page.
std::string ScopeOf(const Tenant& tenant, const domain::SeenOwners& seen, const v1::ListRequest& request, const ResourceType& type) {
  return absl::StrCat("list\n", tenant.number(), "\n", type.collection, "\n", request.filter(), "\n", request.order_by(), "\n",
                      request.show_deleted() ? "1" : "0", "\n", seen.Text());
}

// True if the record has the phone or e-mail: an entry of the look-up may be of another time.
bool Has(const google::protobuf::Message& resource, const ExactLookup& lookup, absl::string_view normal) {
  const bool is_phone = lookup.key == "phone";
  const auto* field = resource.GetDescriptor()->FindFieldByName(is_phone ? "phones" : "emails");
  if (field == nullptr) return false;
  const auto* reflection = resource.GetReflection();
  for (int i = 0; i < reflection->FieldSize(resource, field); ++i) {
    const auto& entry = reflection->GetRepeatedMessage(resource, field, i);
    const std::string& form =
        is_phone ? static_cast<const v1::Phone&>(entry).e164() : static_cast<const v1::Email&>(entry).folded();
    if (form == normal) return true;
  }
  return false;
}

// What an exact look-up may mean, in order of names; `visit` is called with no lock held.
absl::Status VisitCandidates(const Backend* backend, const Tenant& tenant, const ExactLookup& lookup, absl::string_view normal,
                             const ResourceType& type, const eventstore::LookupVisitor& visit) {
  if (lookup.key != "external") {
    if (normal.empty()) return absl::OkStatus();
    return backend->archive.vault->VisitLookup(tenant.number(), lookup.key, normal, visit);
  }
  v1::ExternalId id;
  id.set_source(lookup.source);
  id.set_id(lookup.value);
  auto found = backend->archive.log->FindKey(tenant.number(), domain::ExternalKey(type.collection, id));
  if (found.ok() && found->has_value()) visit(**found);
  return found.status();
}

std::string NormalOf(const Tenant& tenant, const ExactLookup& lookup) {
  if (lookup.key == "external") return "";
  return lookup.key == "phone" ? E164(lookup.value, tenant.info().region()) : FoldEmail(lookup.value);
}

// As of a position, so that all pages agree. Many records may have one phone: each is folded, until the deadline.
absl::StatusOr<std::vector<std::string>> FindExact(const Backend* backend, const Tenant& tenant, const Call& call,
                                                   const domain::SeenOwners& seen, const ExactLookup& lookup, bool show_deleted,
                                                   const ResourceType& type, uint64_t position) {
  const std::string normal = NormalOf(tenant, lookup);
  std::vector<std::string> names;
  absl::Status folds;
  absl::Status visited = VisitCandidates(backend, tenant, lookup, normal, type, [&](absl::string_view name) {
    if (domain::CollectionOf(name) != type.collection) return true;
    folds = call.CheckGoesOn();
    if (!folds.ok()) return false;
    auto folded = RecordReader(backend).ReadAt(tenant, name, position);
    folds = folded.status();
    if (!folds.ok()) return false;
    const google::protobuf::Message* resource = domain::ResourceOf((*folded)->state);
    if (resource == nullptr || (!show_deleted && domain::InfoOf((*folded)->state)->deleted())) return true;
    if (!Sees(seen, (*folded)->state)) return true;
    if (lookup.key == "external" || Has(*resource, lookup, normal)) names.emplace_back(name);
    return true;
  });
  if (!visited.ok()) return visited;
  if (!folds.ok()) return folds;
  return names;
}

using Names = std::vector<std::string>;
struct Listed {
  std::shared_ptr<const Names> names;  // of all pages
  uint64_t position = 0;
};

// What `find` finds, or what it found for the page before.
template <typename Find>
absl::StatusOr<Listed> Kept(const Backend* backend, const std::string& scope, uint64_t position, uint64_t generation, size_t page_size,
                            const Find& find) {
  const std::string key = SignToken(backend->token_key, "listing", absl::StrCat(position, " ", generation, " ", scope));
  if (auto kept = backend->listings->Find(key); kept != nullptr) return Listed{std::move(kept), position};
  absl::StatusOr<Names> found = find();
  if (!found.ok()) return found.status();
  auto names = std::make_shared<const Names>(*std::move(found));
  if (names->size() <= page_size) return Listed{std::move(names), position};
  size_t bytes = 0;
  for (const std::string& name : *names) bytes += sizeof(name) + name.capacity();
  backend->listings->Put(key, names, bytes);
  return Listed{std::move(names), position};
}

absl::StatusOr<Listed> LookUp(const Backend* backend, const Tenant& tenant, const Call& call, const v1::ListRequest& request,
                              const ResourceType& type, const domain::SeenOwners& seen, const PageToken& token, size_t page_size,
                              const std::string& scope) {
  const absl::Status reached = RecordReader(backend).AwaitPosition(tenant, request.min_position(), call.deadline);
  if (!reached.ok()) return reached;
  const uint64_t position =
      token.position != 0 ? token.position : backend->archive.log->DurableHead(tenant.number()).position;
  return Kept(backend, scope, position, 0, page_size, [&] {
    return FindExact(backend, tenant, call, seen, *ParseLookup(request.filter()), request.show_deleted(), type, position);
  });
}

absl::StatusOr<Listed> Select(const Backend* backend, const Tenant& tenant, const Call& call, const v1::ListRequest& request,
                              const ResourceType& type, const PageToken& token, size_t page_size, const std::string& scope) {
  auto snapshot = RecordReader(backend).Snapshot(tenant, std::max(request.min_position(), token.position), call);
  if (!snapshot.ok()) return snapshot.status();
  const uint64_t position = token.position != 0 ? token.position : (*snapshot)->position();
  const auto select = [&]() -> absl::StatusOr<Names> {
    const auto rules = RecordReader(backend).Rules(tenant);
    if (!rules.ok()) return rules.status();
    const projections::EngineContext context = MakeEngineContext(backend, call, tenant, **snapshot, **rules);
    auto listing = backend->engine->List(type.subject, request.filter(), request.order_by(), request.show_deleted(),
                                         position, context);
    if (!listing.ok()) return listing.status();
    return std::move(listing->names);
  };
  return Kept(backend, scope, position, (*snapshot)->generation(), page_size, select);
}

}  // namespace

const ResourceType* FindResourceType(const google::protobuf::Descriptor* descriptor) {
  static const auto& types = *new std::vector<ResourceType>{
      {v1::Lead::descriptor(), "leads", "lead"},
      {v1::Person::descriptor(), "persons", "person"},
      {v1::Organization::descriptor(), "organizations", "organization"},
      {v1::Deal::descriptor(), "deals", "deal"},
      {v1::Product::descriptor(), "products", "product"},
      {v1::User::descriptor(), "users", "user"},
      {v1::Team::descriptor(), "teams", "team"},
      {v1::OrgUnit::descriptor(), "org_units", "org_unit"},
  };
  for (const ResourceType& type : types) {
    if (type.descriptor == descriptor) return &type;
  }
  return nullptr;
}

std::optional<ExactLookup> ParseLookup(absl::string_view filter) {
  const size_t equals = filter.find('=');
  if (equals == absl::string_view::npos) return std::nullopt;
  const absl::string_view field = absl::StripAsciiWhitespace(filter.substr(0, equals));
  absl::string_view value = absl::StripAsciiWhitespace(filter.substr(equals + 1));
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  value = value.substr(1, value.size() - 2);
  if (absl::StrContains(value, '"')) return std::nullopt;
  if (field == "phone" || field == "email") return ExactLookup{std::string(field), "", std::string(value)};
  if (!absl::StartsWith(field, "external.")) return std::nullopt;
  return ExactLookup{"external", std::string(field.substr(9)), std::string(value)};
}

absl::StatusOr<RecordPage> ListPage(const Backend* backend, const Tenant& tenant, const Call& call,
                                    const v1::ListRequest& request, const ResourceType& type) {
  const auto page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const auto seen = SeenBy(backend, tenant, call.caller);
  if (!seen.ok()) return seen.status();
  RecordPage page;
  page.scope = ScopeOf(tenant, *seen, request, type);
  auto token = OpenPage(backend, tenant, request.page_token(), page.scope);
  if (!token.ok()) return token.status();
  const bool is_lookup = ParseLookup(request.filter()).has_value();
  auto listed = is_lookup ? LookUp(backend, tenant, call, request, type, *seen, *token, *page_size, page.scope)
                          : Select(backend, tenant, call, request, type, *token, *page_size, page.scope);
  if (!listed.ok()) return listed.status();
  const Names& names = *listed->names;
  page.position = listed->position;
  page.total_size = static_cast<int64_t>(names.size());
  const size_t first = std::min(token->offset, names.size());
  const size_t last = std::min(first + *page_size, names.size());
  page.names.assign(names.begin() + first, names.begin() + last);
  page.first = first;
  if (last < names.size()) page.next_page_token = MakePage(backend, tenant, page.scope, {page.position, last});
  return page;
}

void CutPage(const Backend* backend, const Tenant& tenant, size_t count, RecordPage* page) {
  if (count >= page->names.size()) return;
  page->names.resize(count);
  page->next_page_token = MakePage(backend, tenant, page->scope, {page->position, page->first + count});
}

}  // namespace recount::services
