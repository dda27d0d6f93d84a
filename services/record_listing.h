// Pages of records: by filter and order through the read models, or by an exact look-up of an external id, phone or
// e-mail.
#ifndef RECOUNT_SERVICES_RECORD_LISTING_H_
#define RECOUNT_SERVICES_RECORD_LISTING_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "recount/v1/query.pb.h"
#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

// A kind of record that can be got and listed.
struct ResourceType {
  const google::protobuf::Descriptor* descriptor;
  absl::string_view collection;
  absl::string_view subject;  // whose fields filters name
};
// nullptr: none.
const ResourceType* FindResourceType(const google::protobuf::Descriptor* descriptor);

struct RecordPage {
  size_t first = 0;  // place of the page's first record among all
  std::vector<std::string> names;
  uint64_t position = 0;
  int64_t total_size = 0;
  std::string next_page_token;
  std::string scope;  // what must be the same on every page
};
absl::StatusOr<RecordPage> ListPage(const Backend* backend, const Tenant& tenant, const Call& call,
                                    const v1::ListRequest& request, const ResourceType& type);

// Ends a page after `count` of its names, the answer being large enough.
void CutPage(const Backend* backend, const Tenant& tenant, size_t count, RecordPage* page);

// `phone = "..."`, `email = "..."` or `external.SOURCE = "id"`, alone.
struct ExactLookup {
  std::string key;     // phone, email or external
  std::string source;  // of an external id
  std::string value;
};
// nullopt: the filter is another one.
std::optional<ExactLookup> ParseLookup(absl::string_view filter);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_RECORD_LISTING_H_
