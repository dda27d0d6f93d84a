// In the tools `api::` is the public language and `v1::` the mapping files' (both packages end in v1).
#ifndef RECOUNT_TOOLS_API_H_
#define RECOUNT_TOOLS_API_H_

namespace recount::v1 {}
namespace recount::tools::v1 {}
namespace recount::tools {
namespace api = ::recount::v1;
}

#endif  // RECOUNT_TOOLS_API_H_
