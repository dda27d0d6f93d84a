"""Runs a group: contestants one after the other, A B A B, round by round, noisy rounds again a bounded number of times."""

import sys
import time

from benchmarks.goals import Samples, judge
from benchmarks.machine import ForeignCpu
from benchmarks.programs import BenchError

MOST_EXTRA_ROUNDS = 2


class Plan:
    """How much time there is, and how much of it later groups will need."""

    def __init__(self, groups, rounds, seconds, limit_seconds, extra_rounds=MOST_EXTRA_ROUNDS, now=time.monotonic):
        self.now, self.rounds, self.seconds, self.extra_rounds = now, rounds, seconds, extra_rounds
        self.end = now() + limit_seconds
        self.later = list(groups)

    def begin(self, group):
        self.later.remove(group)

    def spare_seconds(self):
        """Left when all later groups have taken what they need."""
        return self.end - self.now() - sum(group.needs_seconds(self.rounds, self.seconds) for group in self.later)

    def seconds_left(self):
        """For making a log: whole seconds, at least one."""
        return max(1, int(self.end - self.now()))

    def is_over(self):
        return self.now() >= self.end


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run_round(group, lab, samples):
    for contestant, measure in group.contestants.items():
        foreign = ForeignCpu()
        figures = dict(measure(lab))
        figures["foreign_cpu"] = foreign.cores()
        samples.add(contestant, figures)


def needs_another(group, samples, rounds):
    """A contestant has too few rounds in which others left the machine alone."""
    return any(len(samples.quiet(contestant)) < rounds for contestant in group.contestants)


def run_group(group, lab, plan):
    """The group's rows as objects."""
    plan.begin(group)
    samples, notes = Samples(), [group.note] if group.note else []
    try:
        if group.prepare and not plan.is_over():
            group.prepare(lab)
        done = 0
        longest = 0.0
        while not plan.is_over():
            is_extra = done >= plan.rounds
            enough = done >= plan.rounds + plan.extra_rounds or not needs_another(group, samples, plan.rounds)
            if is_extra and (enough or plan.spare_seconds() < longest):
                break
            begin = plan.now()
            run_round(group, lab, samples)
            longest = max(longest, plan.now() - begin)
            done += 1
            say(f"{group.name}, round {done}")
        if done < plan.rounds:
            notes.append(f"{done} of {plan.rounds} rounds: the time was over")
    except BenchError as error:
        # The other groups are measured all the same.
        notes.append(f"failed: {error}")
        say(f"{group.name} failed: {error}")
    finally:
        if group.clean_up:
            group.clean_up(lab)
    return [judge(row, samples, group.events, notes + notes_of(row, samples)) for row in group.rows]


def notes_of(row, samples):
    """What a reader must know beside the figures."""
    used = samples.used(row.ours.contestant)
    found = []
    contestants = {row.ours.contestant, *(peer.contestant for peer in row.peers)}
    refused = sum(s.get("refused", 0) for contestant in contestants for s in samples.all(contestant))
    if refused:
        found.append(f"{refused:,.0f} commands were refused")
    lags = sorted(s["lag"] for s in used if "lag" in s)
    if lags:
        found.append(f"read models {lags[len(lags) // 2]:,.0f} events behind at the end")
    noisy = sum(len(samples.all(c)) - len(samples.quiet(c)) for c in contestants)
    if noisy:
        found.append(f"{noisy} of {sum(len(samples.all(c)) for c in contestants)} runs noisy")
    return found
