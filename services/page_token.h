// Tokens of the pages of a listing: each pins the position that all pages are of.
#ifndef RECOUNT_SERVICES_PAGE_TOKEN_H_
#define RECOUNT_SERVICES_PAGE_TOKEN_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/backend.h"

namespace recount::services {

struct PageToken {
  uint64_t position = 0;  // 0: the first page, of now
  size_t offset = 0;
};

// 1 to 1,000; 0 means 100. FIELD_INVALID for less.
absl::StatusOr<size_t> PageSize(int32_t asked);

// `scope`: what must be the same on every page. TOKEN_INVALID, PAGE_TOKEN_MISMATCH.
absl::StatusOr<PageToken> OpenPage(const Backend* backend, const Tenant& tenant, absl::string_view page_token,
                                   absl::string_view scope);
std::string MakePage(const Backend* backend, const Tenant& tenant, absl::string_view scope, const PageToken& page);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_PAGE_TOKEN_H_
