// Listings in one piece.
#ifndef RECOUNT_TOOLS_CLI_PAGES_H_
#define RECOUNT_TOOLS_CLI_PAGES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tools/cli/client.h"

namespace recount::tools {

// Calls a List method until there is no further page; `whole` gets the items of all pages.
template <typename Request, typename Response>
absl::Status CallAllPages(Client& client, absl::string_view method, Request request, Response* whole) {
  do {
    Response page;
    if (absl::Status status = client.Call(method, request, &page); !status.ok()) return status;
    request.set_page_token(page.next_page_token());
    whole->MergeFrom(page);
  } while (!request.page_token().empty());
  whole->clear_next_page_token();
  return absl::OkStatus();
}

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_PAGES_H_
