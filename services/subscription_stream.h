// The log, live: the past first, then what comes, without gap or repeat (decisions.md 33).
#ifndef RECOUNT_SERVICES_SUBSCRIPTION_STREAM_H_
#define RECOUNT_SERVICES_SUBSCRIPTION_STREAM_H_

#include "absl/status/status.h"
#include "recount/v1/history.pb.h"
#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

// Writes until the reader is gone or the server ends (SERVER_STOPPING); READER_TOO_SLOW, POSITION_BEYOND_HEAD.
absl::Status StreamSubscription(const Backend* backend, const Call& call, const v1::SubscribeRequest& request,
                                StreamWriter& writer);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_SUBSCRIPTION_STREAM_H_
