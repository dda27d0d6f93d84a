#include "services/history_methods.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "domain/missing.h"
#include "domain/refusal.h"
#include "recount/v1/history.pb.h"
#include "services/event_filter.h"
#include "services/record_reader.h"
#include "services/record_rights.h"
#include "services/stream_teller.h"
#include "services/subscription_stream.h"

namespace recount::services {
namespace {

using eventstore::Direction;
using eventstore::StoredCommit;
using eventstore::StreamEvent;

// An answer looks at so many events at most; it says where to go on.
constexpr uint64_t kMaxScanned = 500000;

uint64_t PageSize(int32_t asked) { return asked <= 0 ? 100 : std::min(asked, 1000); }

StreamEvent EventOf(const StoredCommit& commit, int index) {
  return {commit.first_position + index, commit.last_position, &commit.record.events(index), &commit.record};
}

absl::StatusOr<v1::ReadStreamResponse> ReadStream(const Backend* backend, const Call& call,
                                                  const v1::ReadStreamRequest& request) {
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  const RecordReader reader(backend);
  if (absl::Status reached = reader.AwaitPosition(**tenant, request.min_position(), call.deadline); !reached.ok())
    return reached;
  if (request.ref().has_external() && request.collection().empty()) {
    return domain::Refuse(v1::FIELD_REQUIRED, "an external id needs the type of the record, e.g. `deals`",
                          "collection");
  }
  auto as_of = reader.PositionOf(**tenant, request.as_of());
  if (!as_of.ok()) return as_of.status();
  auto name = reader.Resolve(**tenant, request.collection(), request.ref());
  if (!name.ok()) return name.status();
  auto folded = reader.ReadAt(**tenant, *name, *as_of);
  if (!folded.ok()) return folded.status();
  v1::ReadStreamResponse response;
  const uint64_t newest = (*folded)->revision;
  response.set_revision(newest);
  const auto seen = SeenBy(backend, **tenant, call.caller);
  if (!seen.ok()) return seen.status();
  const bool is_hidden = !Sees(*seen, (*folded)->state);
  if (is_hidden && request.ref().has_external()) return domain::NoneHas(request.collection(), request.ref().external());
  if (newest == 0 || is_hidden)
    return domain::Refuse(v1::RECORD_NOT_FOUND, absl::StrCat("there is no ", *name, " as of then"), "ref",
                          {{"name", *name}});
  const uint64_t after = std::min(request.after_revision(), newest + 1);
  const uint64_t size = PageSize(request.page_size());
  uint64_t first = after + 1;
  uint64_t last = std::min(newest, after + size);
  if (request.backwards()) {
    last = after == 0 ? newest : std::min(newest, after - 1);
    first = last > size ? last - size + 1 : 1;
  }
  auto entries = StreamTeller(backend->archive, (*tenant)->number())
                     .Tell(*name, {first, last, *as_of, request.backwards(), kMaxAnswerBytes});
  if (!entries.ok()) return entries.status();
  for (v1::HistoryEntry& entry : *entries) *response.add_entries() = std::move(entry);
  if (response.entries().empty()) return response;
  const uint64_t shown = response.entries().rbegin()->event().revision();
  if (request.backwards() ? shown > 1 : shown < newest) response.set_next_after_revision(shown);
  return response;
}

absl::StatusOr<v1::ReadLogResponse> ReadLog(const Backend* backend, const Call& call,
                                            const v1::ReadLogRequest& request) {
  if (absl::Status allowed = CheckSeesEverything(call.caller); !allowed.ok()) return allowed;
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  const RecordReader reader(backend);
  if (absl::Status reached = reader.AwaitPosition(**tenant, request.min_position(), call.deadline); !reached.ok())
    return reached;
  const EventMatcher matcher(request.filter());
  const bool backwards = request.backwards();
  const uint64_t after = request.after_position();
  const int size = static_cast<int>(PageSize(request.page_size()));
  v1::ReadLogResponse response;
  response.set_head(backend->archive.log->DurableHead((*tenant)->number()).position);
  absl::Status shown_all;
  uint64_t scanned = 0;
  size_t bytes = 0;
  bool is_cut = false;
  uint64_t last_seen = 0;
  const auto is_full = [&] { return response.events_size() >= size || is_cut || scanned >= kMaxScanned; };
  const auto take = [&](const StreamEvent& event) {
    if (matcher.Matches(*event.event)) {
      auto shown = ShowEvent(*backend->archive.vault, (*tenant)->number(), event);
      if (!shown.ok()) {
        shown_all = shown.status();
        return;
      }
      bytes += shown->ByteSizeLong();
      is_cut = bytes > kMaxAnswerBytes && !response.events().empty();
      if (is_cut) return;
      *response.add_events() = *std::move(shown);
    }
    ++scanned;
    last_seen = event.position;
  };
  absl::Status read = backend->archive.log->ReadCommits(
      (*tenant)->number(), after, backwards ? Direction::kBackward : Direction::kForward,
      [&](const StoredCommit& commit) {
        const int count = commit.record.events_size();
        for (int i = 0; i < count && !is_full() && shown_all.ok(); ++i) {
          const StreamEvent event = EventOf(commit, backwards ? count - 1 - i : i);
          const bool is_past = backwards ? after != 0 && event.position >= after : event.position <= after;
          // What came since the head was looked at belongs to the next answer: events and head are of one moment.
          if (!is_past && event.position <= response.head()) take(event);
        }
        return !is_full() && shown_all.ok();
      });
  if (!read.ok()) return read;
  if (!shown_all.ok()) return shown_all;
  const bool at_end = backwards ? last_seen <= 1 : last_seen >= response.head();
  if (is_full() && !at_end) response.set_next_after_position(last_seen);
  return response;
}

absl::StatusOr<v1::ReadCommitsResponse> ReadCommits(const Backend* backend, const Call& call,
                                                    const v1::ReadCommitsRequest& request) {
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  const int size = static_cast<int>(PageSize(request.page_size()));
  v1::ReadCommitsResponse response;
  size_t bytes = 0;
  absl::Status read = backend->archive.log->ReadCommits(
      (*tenant)->number(), request.after_position(), Direction::kForward, [&](const StoredCommit& commit) {
        bytes += commit.bytes.size();
        if (bytes > kMaxAnswerBytes && !response.commits().empty()) return false;
        v1::StoredCommit* shown = response.add_commits();
        shown->set_first_position(commit.first_position);
        shown->set_last_position(commit.last_position);
        shown->set_record(commit.bytes);
        shown->set_hash(std::string(commit.hash.begin(), commit.hash.end()));
        *shown->mutable_recorded_time() = domain::TimestampFrom(commit.record.recorded_micros());
        return response.commits_size() < size && bytes < kMaxAnswerBytes;
      });
  if (!read.ok()) return read;
  return response;
}

}  // namespace

void AddHistoryService(const Backend* backend, MethodTable* table) {
  table->AddTyped<v1::ReadStreamRequest, v1::ReadStreamResponse>(
      "recount.v1.HistoryService.ReadStream", Access::kRead,
      [backend](const Call& call, const v1::ReadStreamRequest& request) { return ReadStream(backend, call, request); });
  table->AddTyped<v1::ReadLogRequest, v1::ReadLogResponse>(
      "recount.v1.HistoryService.ReadLog", Access::kRead,
      [backend](const Call& call, const v1::ReadLogRequest& request) { return ReadLog(backend, call, request); });
  table->AddTyped<v1::ReadCommitsRequest, v1::ReadCommitsResponse>(
      "recount.v1.HistoryService.ReadCommits", Access::kAudit,
      [backend](const Call& call, const v1::ReadCommitsRequest& request) {
        return ReadCommits(backend, call, request);
      });
  Method subscribe;
  subscribe.stream = [backend](const Call& call, const Message& request, StreamWriter& writer) {
    if (absl::Status allowed = CheckSeesEverything(call.caller); !allowed.ok()) return allowed;
    return StreamSubscription(backend, call, static_cast<const v1::SubscribeRequest&>(request), writer);
  };
  table->Add("recount.v1.HistoryService.Subscribe", std::move(subscribe));
}

}  // namespace recount::services
