#include "projections/engine/funnel_path.h"

#include <algorithm>

#include "absl/container/inlined_vector.h"

namespace recount::projections {
namespace {

using Entries = absl::InlinedVector<int, 16>;

// Entries that count, known stages only, won (number `stages`) at the end: a standing win has nothing after it.
Entries CountedEntries(const FunnelPath& path, int stages) {
  Entries entries;
  for (const FunnelVisit& visit : path.visits) {
    if (visit.counts && visit.stage != FunnelVisit::kUnknown) entries.push_back(visit.stage);
  }
  if (path.won) entries.push_back(stages);
  return entries;
}

// Of those, the entries into a stage before which the record had been in all earlier ones, in their order: also those of before
// the period, in which only the entry itself must lie.
Entries EntriesInOrder(const FunnelPath& path, int stages) {
  Entries entries;
  int passed = 0;  // stages 0 .. passed-1 were entered in their order
  for (const FunnelVisit& visit : path.visits) {
    if (visit.stage == FunnelVisit::kUnknown || visit.stage > passed) continue;
    if (visit.counts) entries.push_back(visit.stage);
    passed = std::max(passed, visit.stage + 1);
  }
  if (path.won && passed == stages) entries.push_back(stages);
  return entries;
}

void MarkEntered(const Entries& entries, std::vector<FunnelLine>* lines) {
  for (const int entry : entries) {
    (*lines)[entry].reached = 1;
    if (entry > 0 && (*lines)[entry - 1].reached == 1) (*lines)[entry - 1].continued = 1;
    if ((*lines)[0].reached == 1) (*lines)[entry].came_through = 1;
  }
}

void MarkImplied(const Entries& entries, std::vector<FunnelLine>* lines) {
  if (entries.empty()) return;
  const int highest = *std::max_element(entries.begin(), entries.end());
  for (int line = 0; line <= highest; ++line) {
    (*lines)[line].reached = 1;
    (*lines)[line].came_through = 1;
    if (line < highest) (*lines)[line].continued = 1;
  }
}

// Skipping and going back are judged on the whole way, also on what lies before the period; the move itself must count.
void MarkMoves(const FunnelPath& path, int stages, std::vector<FunnelLine>* lines) {
  absl::InlinedVector<bool, 32> visited(stages + 1, false);
  const auto mark_skipped = [&](int entered) {
    for (int line = 0; line < entered; ++line) {
      if (!visited[line]) (*lines)[line].skipped = 1;
    }
  };
  int previous = FunnelVisit::kUnknown;
  for (const FunnelVisit& visit : path.visits) {
    if (visit.stage == FunnelVisit::kUnknown) {
      if (visit.counts) (*lines)[stages + 1].reached = 1;
      continue;
    }
    if (visit.counts) {
      mark_skipped(visit.stage);
      if (visit.stage < previous) ++(*lines)[previous].regressions;
    }
    visited[visit.stage] = true;
    previous = visit.stage;
  }
  if (path.won) mark_skipped(stages);
}

}  // namespace

FunnelLine& FunnelLine::operator+=(const FunnelLine& other) {
  reached += other.reached;
  continued += other.continued;
  came_through += other.came_through;
  lost_here += other.lost_here;
  skipped += other.skipped;
  regressions += other.regressions;
  return *this;
}

void LinesOf(const FunnelPath& path, FunnelMode mode, int stages, std::vector<FunnelLine>* lines) {
  lines->assign(stages + 2, FunnelLine());
  switch (mode) {
    case FunnelMode::kStrict: MarkEntered(EntriesInOrder(path, stages), lines); break;
    case FunnelMode::kTouched: MarkEntered(CountedEntries(path, stages), lines); break;
    case FunnelMode::kImplied: MarkImplied(CountedEntries(path, stages), lines); break;
  }
  MarkMoves(path, stages, lines);
  if (path.lost_in.has_value()) {
    ++(*lines)[*path.lost_in == FunnelVisit::kUnknown ? stages + 1 : *path.lost_in].lost_here;
  }
}

}  // namespace recount::projections
