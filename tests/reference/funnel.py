"""sales_funnel (decisions.md 13).

A step's numerator is the records that reached both k and, after it, k + 1. strict: reached = was in all stages up to it, in
order; touched: was in it; implied: was in it or further down. The cumulative share is of those that reached the first stage:
they reached k after it. By period an entry counts where it lies in the period; under strict it counts if all earlier stages were
passed in order before it, in the period or not. Won is the last step, lost has no rank. Adjacent visits of one mapped stage
join; re-entry is a new visit. A deal that changed its pipeline has a way through each.
"""

import collections
from fractions import Fraction

UNKNOWN = None


class Way:
    """One record's way through one pipeline: entries in order, as (stage or UNKNOWN, whether the entry counts)."""

    def __init__(self):
        self.entries, self.won, self.lost_in, self.lost = [], False, UNKNOWN, False


def rows(world, deals, groups_of, mode="strict", counts=lambda at: True):
    """{(group..., pipeline, stage): {measure: value}}; `counts`: whether an entry at a time counts (funnel by period)."""
    pipelines = {p: [s for s, meaning in stages if meaning == "open"] + [next((s for s, m in stages if m == "won"), "won")]
                 for p, stages in world.book.pipelines(world.rule_day).items()}
    found = {}
    for deal in deals:
        for pipeline, way in ways(world, deal, counts).items():
            ladder = pipelines.setdefault(pipeline, ["won"])
            lines = _lines(way, ladder, mode)
            for group in groups_of(deal):
                target = found.setdefault((group, pipeline), [collections.Counter() for _ in range(len(ladder) + 1)])
                for sums, line in zip(target, lines):
                    sums.update(line)
    result = {}
    for (group, pipeline), sums in found.items():
        ladder = pipelines[pipeline]
        for index, line in enumerate(sums):
            if index == len(ladder) and not line["reached"] and not line["lost_here"]:
                continue
            stage = ladder[index] if index < len(ladder) else UNKNOWN
            result[group + (pipeline, stage)] = _measures(sums, index, len(ladder))
    return result


def above_average(step, average):
    """A group's step less that of all groups."""
    if step is None or average is None:
        return None
    above = Fraction(*step) - Fraction(*average)
    return above.numerator, above.denominator


def _measures(sums, index, steps):
    line = sums[index]
    measures = {name: line[name] for name in ("reached", "continued", "lost_here", "skipped", "regressions")}
    measures["entered"] = sums[0]["reached"]  # what the cumulative conversion is of
    measures["step"] = (line["continued"], line["reached"]) if index < steps - 1 and line["reached"] else None
    measures["came_through"] = line["came_through"]
    measures["cumulative"] = (line["came_through"], sums[0]["reached"]) if index < steps and sums[0]["reached"] else None
    return measures


def ways(world, deal, counts):
    found, last, last_pipeline = {}, None, None
    for visit in deal.visits:
        pipeline, stage = visit["pipeline"], world.visited_stage(visit)
        if stage is not None and _meaning(world, visit, stage) != "open":
            continue
        way = found.setdefault(pipeline, Way())
        joins = (last is not None and last_pipeline == pipeline and way.entries and way.entries[-1][0] == stage
                 and last["left"] == visit["entered"] and last["left_to"] not in ("won", "lost"))
        if not joins:
            way.entries.append((stage, counts(visit["entered"])))
        last, last_pipeline = visit, pipeline
    if last_pipeline is not None:
        way = found[last_pipeline]
        way.won = deal.outcome == "won" and counts(deal.won_at)
        if deal.outcome == "lost" and counts(deal.lost_at):
            way.lost, way.lost_in = True, way.entries[-1][0]
    return found


def _meaning(world, visit, stage):
    stages = world.book_of(visit["position"]).pipelines(world.rule_day)[visit["pipeline"]]
    return dict(stages).get(stage, "open")


def _lines(way, ladder, mode):
    """A Counter for each line of the ladder and one for the unknown stage."""
    lines = [collections.Counter() for _ in range(len(ladder) + 1)]
    entries = [(ladder.index(stage), counted) for stage, counted in way.entries if stage in ladder]
    if way.won:
        entries.append((len(ladder) - 1, True))
    for index in range(len(ladder)):
        lines[index]["reached"] = int(_reached(entries, index, mode))
        lines[index]["came_through"] = int(_reached_after(entries, 0, index, mode))
        if index + 1 < len(ladder):
            lines[index]["continued"] = int(_reached_after(entries, index, index + 1, mode))
    visited, previous = set(), None
    for stage, counted in way.entries:
        if stage not in ladder:
            lines[-1]["reached"] |= int(counted)
            continue
        rank = ladder.index(stage)
        if counted:
            for below in set(range(rank)) - visited:
                lines[below]["skipped"] = 1
            if previous is not None and rank < previous:
                lines[previous]["regressions"] += 1
        visited.add(rank)
        previous = rank
    if way.won:
        for below in set(range(len(ladder) - 1)) - visited:
            lines[below]["skipped"] = 1
    if way.lost:
        lines[ladder.index(way.lost_in) if way.lost_in in ladder else -1]["lost_here"] += 1
    return lines


def _in_order(entries, wanted):
    """Whether `wanted` is a subsequence of the entries."""
    remaining = iter(entries)
    return all(any(entry == rank for entry in remaining) for rank in wanted)


def _times(entries, index, mode):
    """Places in the way at which a record reaches a line by an entry that counts."""
    before = lambda place: [rank for rank, _ in entries[:place]]
    for place, (rank, counted) in enumerate(entries):
        if counted and (rank == index if mode != "implied" else rank >= index):
            if mode != "strict" or _in_order(before(place), range(index)):
                yield place


def _reached(entries, index, mode):
    return any(True for _ in _times(entries, index, mode))


def _reached_after(entries, index, later, mode):
    """Whether it reached the one line and, after it, the other one; under implied who is further down has passed both."""
    if mode == "implied" or index == later:
        return _reached(entries, later, mode)
    return any(first < then for first in _times(entries, index, mode) for then in _times(entries, later, mode))
