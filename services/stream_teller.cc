#include "services/stream_teller.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "services/field_differences.h"

namespace recount::services {

using eventstore::StreamEvent;

absl::StatusOr<std::deque<v1::HistoryEntry>> StreamTeller::Tell(absl::string_view stream, const Span& span) {
  std::deque<v1::HistoryEntry> entries;
  size_t bytes = 0;
  absl::Status told;
  const auto tell = [&](const StreamEvent& event) {
    if (event.event->revision() < span.first) {
      told = Skip(event);
      return told.ok();
    }
    auto entry = TellOne(event);
    told = entry.status();
    if (!told.ok()) return false;
    bytes += entry->ByteSizeLong();
    if (!span.backwards && bytes > span.max_bytes && !entries.empty()) return false;
    entries.push_back(*std::move(entry));
    for (; bytes > span.max_bytes && entries.size() > 1; entries.pop_front()) bytes -= entries.front().ByteSizeLong();
    return true;
  };
  absl::Status read = archive_.log->ReadStream(
      tenant_, stream, 0, eventstore::Direction::kForward, [&](const StreamEvent& event) {
        return event.event->revision() <= span.last && event.position <= span.as_of && tell(event);
      });
  if (!read.ok()) return read;
  if (!told.ok()) return told;
  if (span.backwards) std::reverse(entries.begin(), entries.end());
  return entries;
}

absl::Status StreamTeller::Skip(const StreamEvent& event) {
  v1::EventPayload payload;
  bool erased = false;
  absl::Status opened = OpenPayload(*archive_.vault, tenant_, *event.event, &payload, &erased);
  if (opened.ok()) domain::Evolve(payload, MetaOf(event), &state_);
  return opened;
}

absl::StatusOr<v1::HistoryEntry> StreamTeller::TellOne(const StreamEvent& event) {
  auto shown = ShowEvent(*archive_.vault, tenant_, event);
  if (!shown.ok()) return shown.status();
  std::unique_ptr<google::protobuf::Message> before;
  if (const auto* resource = domain::ResourceOf(state_); resource != nullptr) {
    before.reset(resource->New());
    before->CopyFrom(*resource);
  }
  domain::Evolve(shown->payload(), MetaOf(event), &state_);
  v1::HistoryEntry entry;
  *entry.mutable_event() = *std::move(shown);
  for (v1::FieldDifference& change : Differences(before.get(), domain::ResourceOf(state_)))
    *entry.add_changes() = std::move(change);
  return entry;
}

}  // namespace recount::services
