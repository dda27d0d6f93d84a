"""Rows of a benchmark: what is compared with what, and what must be reached.

A figure is the median of its rounds. A ratio is ours / peer (of a row that `is_speed`: peer / ours); of several peers the best
one counts.
"""

import dataclasses
import statistics
from typing import Optional


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure of what a contestant measured, e.g. ("recount", "per_second")."""
    contestant: str
    name: str = "per_second"


@dataclasses.dataclass(frozen=True)
class Goal:
    """`at_least` and `at_most` speak of the ratio; `value_at_least` and `value_at_most` of our own figure."""
    at_least: Optional[float] = None
    at_most: Optional[float] = None
    value_at_least: Optional[float] = None
    value_at_most: Optional[float] = None
    unit: str = ""

    def __str__(self):
        if self.at_least is not None:
            return f">= {self.at_least:g} x"
        if self.at_most is not None:
            return f"<= {self.at_most:g} x"
        if self.value_at_least is not None:
            return f">= {self.value_at_least:,g} {self.unit}"
        return f"<= {self.value_at_most:g} {self.unit}" if self.value_at_most is not None else "stated"

    def holds(self, ours, ratio):
        """None: nothing to judge."""
        if self.value_at_least is not None:
            return None if ours is None else ours >= self.value_at_least
        if self.value_at_most is not None:
            return None if ours is None else ours <= self.value_at_most
        if ratio is None or (self.at_least is None and self.at_most is None):
            return None
        return ratio >= self.at_least if self.at_least is not None else ratio <= self.at_most


STATED = Goal()


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    unit: str
    ours: Figure
    peers: tuple = ()
    goal: Goal = STATED
    less_is_better: bool = False
    # Ratio of this row to that of the same figures in another size: (ours there, peer there).
    relative_to: Optional[tuple] = None
    # The goal speaks of this many events; with fewer it is not judged.
    at_events: int = 0
    # Of times: the ratio is peer / ours, how many times as fast we are.
    is_speed: bool = False


def ratio_of(ours, peer):
    return None if ours is None or peer is None or peer == 0 else ours / peer


class Samples:
    """What the rounds of one group gave: figures by contestant."""

    # Cores used by others, above which a round counts as noisy.
    NOISY = 0.45

    def __init__(self):
        self.by_contestant = {}

    def add(self, contestant, figures):
        self.by_contestant.setdefault(contestant, []).append(figures)

    def all(self, contestant):
        return self.by_contestant.get(contestant, [])

    def quiet(self, contestant):
        return [s for s in self.all(contestant) if s.get("foreign_cpu", 0) <= self.NOISY]

    def used(self, contestant):
        """Quiet rounds alone, if they are half of all or more."""
        quiet = self.quiet(contestant)
        return quiet if quiet and 2 * len(quiet) >= len(self.all(contestant)) else self.all(contestant)

    def median(self, figure):
        values = [s[figure.name] for s in self.used(figure.contestant) if figure.name in s]
        return statistics.median(values) if values else None

    def foreign_cpu(self, contestants):
        values = [s.get("foreign_cpu", 0) for c in contestants for s in self.used(c)]
        return statistics.median(values) if values else None


def best_peer(row, samples):
    """(figure, value) of the peer that is hardest to beat."""
    found = [(figure, samples.median(figure)) for figure in row.peers]
    found = [(figure, value) for figure, value in found if value is not None]
    if not found:
        return None, None
    return (min if row.less_is_better else max)(found, key=lambda one: one[1])


def judge(row, samples, events=0, notes=()):
    """The row as an object of the JSON output."""
    ours = samples.median(row.ours)
    peer_figure, peer = best_peer(row, samples)
    ratio = ratio_of(peer, ours) if row.is_speed else ratio_of(ours, peer)
    if row.relative_to is not None:
        there = ratio_of(*(samples.median(figure) for figure in row.relative_to))
        ratio = ratio_of(ratio, there)
    judged = row.at_events == 0 or events >= row.at_events
    result = {
        "name": row.name, "title": row.title, "unit": row.unit, "ours": ours, "peer": peer,
        "peer_is": peer_figure.contestant if peer_figure else None, "ratio": ratio, "goal": str(row.goal),
        "holds": row.goal.holds(ours, ratio) if judged else None,
        "rounds": len(samples.used(row.ours.contestant)),
        "foreign_cpu": samples.foreign_cpu([row.ours.contestant] + ([peer_figure.contestant] if peer_figure else [])),
        "ours_cpu_us": cpu_of(samples, row.ours.contestant),
        "peer_cpu_us": cpu_of(samples, peer_figure.contestant) if peer_figure else None,
        "notes": list(notes) + ([] if judged else [f"the goal is for {row.at_events:,} events; here {events:,}: --large"]),
    }
    return result


def cpu_of(samples, contestant):
    """Microseconds of processor time for an operation: server's, and that of who loads it."""
    cpu = {side: samples.median(Figure(contestant, f"{side}_cpu_us")) for side in ("server", "client")}
    return {side: value for side, value in cpu.items() if value is not None} or None
