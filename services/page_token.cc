#include "services/page_token.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/refusal.h"
#include "services/signed_token.h"

namespace recount::services {
namespace {

std::string Mark(const Backend* backend, absl::string_view scope) {
  return SignToken(backend->token_key, "scope", scope).substr(0, 22);
}

}  // namespace

absl::StatusOr<size_t> PageSize(int32_t asked) {
  if (asked < 0) {
    return domain::Refuse(v1::FIELD_INVALID, absl::StrCat("a page of ", asked, " is none: 1 to 1,000, or 0 for 100"), "page_size");
  }
  return asked == 0 ? 100 : std::min(asked, 1000);
}

absl::StatusOr<PageToken> OpenPage(const Backend* backend, const Tenant& tenant, absl::string_view page_token,
                                   absl::string_view scope) {
  PageToken page;
  if (page_token.empty()) return page;
  // The token itself is checked apart from what it belongs to, so that the error can say which of the two is wrong.
  auto text = OpenToken(backend->token_key, absl::StrCat("list ", tenant.number()), page_token);
  if (!text.ok()) return text.status();
  const std::vector<std::string> parts = absl::StrSplit(*text, absl::MaxSplits(' ', 2));
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &page.position) || !absl::SimpleAtoi(parts[1], &page.offset) ||
      parts[2] != Mark(backend, scope)) {
    return domain::Refuse(v1::PAGE_TOKEN_MISMATCH,
                          "the page token belongs to another request: repeat it as it was, or ask without the token", "page_token");
  }
  return page;
}

std::string MakePage(const Backend* backend, const Tenant& tenant, absl::string_view scope, const PageToken& page) {
  return SignToken(backend->token_key, absl::StrCat("list ", tenant.number()),
                   absl::StrCat(page.position, " ", page.offset, " ", Mark(backend, scope)));
}

}  // namespace recount::services
