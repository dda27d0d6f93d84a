#include "services/resource_methods.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/missing.h"
#include "domain/refusal.h"
#include "recount/v1/query.pb.h"
#include "services/record_listing.h"
#include "services/record_reader.h"
#include "services/record_rights.h"

namespace recount::services {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MessageFactory;
using Answer = absl::StatusOr<std::unique_ptr<Message>>;

std::unique_ptr<Message> NewMessage(const Descriptor* type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

absl::Status NotFound(absl::string_view name, uint64_t as_of) {
  return domain::Refuse(
      v1::RECORD_NOT_FOUND,
      absl::StrCat("there is no ", name, as_of == kAnyPosition ? "" : absl::StrCat(" as of position ", as_of)), "ref",
      {{"name", name}});
}

absl::Status TooLarge(int fitting) {
  return domain::Refuse(v1::ANSWER_TOO_LARGE,
                        absl::StrCat("the records have more than ", kMaxAnswerBytes, " bytes together: ask for ",
                                     fitting, " or fewer at once"),
                        "refs", {{"fitting", absl::StrCat(fitting)}});
}

// A record as of a position that the caller may see, copied into `target`.
absl::Status ReadInto(const RecordReader& reader, const Tenant& tenant, const domain::SeenOwners& seen, absl::string_view name,
                      uint64_t as_of, Message* target) {
  auto folded = reader.ReadAt(tenant, name, as_of);
  if (!folded.ok()) return folded.status();
  const Message* resource = domain::ResourceOf((*folded)->state);
  if (resource == nullptr || resource->GetDescriptor() != target->GetDescriptor()) return NotFound(name, as_of);
  if (!Sees(seen, (*folded)->state)) return NotFound(name, as_of);
  target->CopyFrom(*resource);
  return absl::OkStatus();
}

// Of an external id nobody learns whose name it leads to.
absl::Status HidingName(const absl::Status& status, const v1::Ref& ref, absl::string_view collection) {
  const bool is_missing = domain::ReasonOf(status) == v1::RECORD_NOT_FOUND;
  return is_missing && ref.has_external() ? domain::NoneHas(collection, ref.external()) : status;
}

Answer Get(const Backend* backend, const Call& call, const v1::GetRequest& request, const ResourceType& type) {
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  const RecordReader reader(backend);
  if (absl::Status reached = reader.AwaitPosition(**tenant, request.min_position(), call.deadline); !reached.ok())
    return reached;
  auto as_of = reader.PositionOf(**tenant, request.as_of());
  if (!as_of.ok()) return as_of.status();
  const auto seen = SeenBy(backend, **tenant, call.caller);
  if (!seen.ok()) return seen.status();
  auto name = reader.Resolve(**tenant, type.collection, request.ref());
  if (!name.ok()) return name.status();
  std::unique_ptr<Message> resource = NewMessage(type.descriptor);
  absl::Status read = ReadInto(reader, **tenant, *seen, *name, *as_of, resource.get());
  if (!read.ok()) return HidingName(read, request.ref(), type.collection);
  return resource;
}

Answer BatchGet(const Backend* backend, const Call& call, const v1::BatchGetRequest& request, const ResourceType& type,
                const Descriptor* response_type) {
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  const RecordReader reader(backend);
  if (absl::Status reached = reader.AwaitPosition(**tenant, request.min_position(), call.deadline); !reached.ok())
    return reached;
  auto as_of = reader.PositionOf(**tenant, request.as_of());
  if (!as_of.ok()) return as_of.status();
  const auto seen = SeenBy(backend, **tenant, call.caller);
  if (!seen.ok()) return seen.status();
  std::unique_ptr<Message> response = NewMessage(response_type);
  const FieldDescriptor* records = response_type->FindFieldByNumber(1);
  size_t bytes = 0;
  for (const v1::Ref& ref : request.refs()) {
    auto name = reader.Resolve(**tenant, type.collection, ref);
    if (!name.ok()) return name.status();
    Message* resource = response->GetReflection()->AddMessage(response.get(), records);
    absl::Status read = ReadInto(reader, **tenant, *seen, *name, *as_of, resource);
    if (!read.ok()) return HidingName(read, ref, type.collection);
    bytes += resource->ByteSizeLong();
    if (bytes > kMaxAnswerBytes) return TooLarge(response->GetReflection()->FieldSize(*response, records) - 1);
  }
  return response;
}

Answer List(const Backend* backend, const Call& call, const v1::ListRequest& request, const ResourceType& type,
            const Descriptor* response_type) {
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  auto page = ListPage(backend, **tenant, call, request, type);
  if (!page.ok()) return page.status();
  const RecordReader reader(backend);
  const domain::SeenOwners everything(domain::Rights(), *(*tenant)->rules(), 0);  // the names are of what is seen
  std::unique_ptr<Message> response = NewMessage(response_type);
  const google::protobuf::Reflection* reflection = response->GetReflection();
  const FieldDescriptor* records = response_type->FindFieldByName(std::string(type.collection));
  size_t bytes = 0;
  for (size_t i = 0; i < page->names.size(); ++i) {
    if (absl::Status waits = call.CheckGoesOn(); !waits.ok()) return waits;
    std::unique_ptr<Message> resource = NewMessage(type.descriptor);
    absl::Status read = ReadInto(reader, **tenant, everything, page->names[i], page->position, resource.get());
    if (!read.ok()) return read;
    bytes += resource->ByteSizeLong();
    if (bytes > kMaxAnswerBytes && i > 0) CutPage(backend, **tenant, i, &*page);
    if (i < page->names.size()) reflection->AddAllocatedMessage(response.get(), records, resource.release());
  }
  reflection->SetString(response.get(), response_type->FindFieldByName("next_page_token"), page->next_page_token);
  reflection->SetInt64(response.get(), response_type->FindFieldByName("total_size"), page->total_size);
  reflection->SetUInt64(response.get(), response_type->FindFieldByName("position"), page->position);
  return response;
}

}  // namespace

bool AddIfResourceQuery(const Backend* backend, const google::protobuf::MethodDescriptor* method, MethodTable* table) {
  const Descriptor* input = method->input_type();
  const Descriptor* output = method->output_type();
  const bool is_get = input == v1::GetRequest::descriptor();
  const bool is_batch = input == v1::BatchGetRequest::descriptor();
  const bool is_list = input == v1::ListRequest::descriptor();
  if (!is_get && !is_batch && !is_list) return false;
  const ResourceType* type = FindResourceType(is_get ? output : output->FindFieldByNumber(1)->message_type());
  if (type == nullptr) return false;
  table->AddQuery(method->full_name(), Access::kRead, [=](const Call& call, const Message& request) -> Answer {
    if (is_get) return Get(backend, call, static_cast<const v1::GetRequest&>(request), *type);
    if (is_batch) return BatchGet(backend, call, static_cast<const v1::BatchGetRequest&>(request), *type, output);
    return List(backend, call, static_cast<const v1::ListRequest&>(request), *type, output);
  });
  return true;
}

}  // namespace recount::services
