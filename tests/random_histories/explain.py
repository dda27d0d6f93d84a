"""Cells that are opened (decisions.md 25): which records make a cell, what each of them brings, and its events.

What a record brings is what the same question says where it is the only record.
"""

import dataclasses
from unittest import mock

from harness.values import value_of
from random_histories import aggregates
from random_histories.compare import CHANGE, COMPARED, is_nothing, key_of
from random_histories.movements import moments
from random_histories.reports import REPORTS, TOTAL
from reference import facts

RANKED = ("median", "p90", "least", "most", "median_days_to_deal", "median_days_to_win")
NEWEST = 20  # events that are shown of each record
END_OF_TIME = 2 ** 62


def unexplained(question, client, answer, events, zone, random, cells=3):
    """Sentences about a few cells that open into something else than the reference says."""
    candidates = [(raw, index) for raw in answer.raw_rows for index, cell in enumerate(raw.cells) if cell.cell_id]
    chosen = random.sample(candidates, min(cells, len(candidates)))
    opened = [Cell(question, answer, raw, index, events, zone) for raw, index in chosen]
    return [f"{cell}: {problem}" for cell in opened for problem in cell.problems(client)]


class Cell:
    def __init__(self, question, answer, raw, index, events, zone):
        self.measure, self.key = answer.columns[index], key_of(answer, raw)
        self.id, self.value = raw.cells[index].cell_id, value_of(raw.cells[index].value)
        self.question, self.events, self.zone = dataclasses.replace(question, compare={}), events, zone
        self.other, self.is_forward = None, False  # of a change: the compared question; minus the first one
        if self.measure.endswith(COMPARED):
            self.measure, self.question = self.measure.removesuffix(COMPARED), question.compared(events, zone)
        if self.measure.endswith(CHANGE):
            self.measure, self.other = self.measure.removesuffix(CHANGE), question.compared(events, zone)
            self.is_forward = self.other.basis[0] == "draft" and question.basis[0] != "draft"
        self.spec = REPORTS[question.report]
        self.collection = self.spec.apart_collection if self.key == self.spec.apart else self.spec.collection

    def __str__(self):
        return f"{'change of ' if self.other else ''}{self.measure} of {self.key}, {self.question}, {self.other}"

    def problems(self, client):
        page, contributions = client.explain(self.id)
        if value_of(page.value) != self.value:
            yield f"{self.value} is explained as {value_of(page.value)}"
        if len(contributions) != page.total_contributions:
            yield f"{len(contributions)} contributions of {page.total_contributions}"
        names = [contribution.record for contribution in contributions]
        if len(set(names)) != len(names):
            yield "a record contributes twice"
        if self.value is None:  # e.g. a share of nothing
            return
        found, wanted = self._brought(contributions), self._change() if self.other else self._wanted(self.question)
        for name in sorted(set(found) | set(wanted)):
            if found.get(name) != wanted.get(name):
                yield f"{name} brings {wanted.get(name)}, the engine says {found.get(name)}"
        if self.measure in RANKED:
            yield from _badly_ranked(contributions)
        for contribution in contributions:
            yield from self._other_events(contribution)

    @property
    def _adds_up(self):
        return not self._is_ratio and self.measure not in RANKED

    def _change(self):
        """Of what adds up the differences, else both sides."""
        first, second = self._wanted(self.question), self._wanted(self.other)
        nothing = (0, 0) if self._is_ratio else (None,)
        sides = {name: (first.get(name, nothing), second.get(name, nothing)) for name in set(first) | set(second)}
        if not self._adds_up:
            return {name: left + right for name, (left, right) in sides.items()}
        sign = -1 if self.is_forward else 1
        changes = {name: sign * ((left[0] or 0) - (right[0] or 0)) for name, (left, right) in sides.items()}
        return {name: (change,) for name, change in changes.items() if change}

    def _wanted(self, question):
        """{record: what it brings}, those that bring nothing left out."""
        result = {}
        for name in {event.stream for event in self.events if event.stream.startswith(self.collection + "/")}:
            rows = self.spec.answer(dataclasses.replace(question, only=name), self.events, self.zone)
            row = rows.get(self.key)
            if self.measure in self.spec.beside_the_whole:
                brings = self._beside_the_whole(row, rows.get(self._total_key()))
                if any(brings):
                    result[name] = brings
            elif row is not None:
                brings = self._brings(*(row[part] for part in self.spec.ratios.get(self.measure, (self.measure,))))
                if not all(map(self._is_nothing, brings)):
                    result[name] = brings
        return result

    def _total_key(self):
        grouped = len([name for name in self.question.group_by if name != "-"])
        return (TOTAL,) * grouped + self.key[grouped:]

    def _beside_the_whole(self, row, total):
        """A share: what it brings to the group and to the total. A mean beside the others': to the group's sum or to theirs."""
        function, part = self.spec.beside_the_whole[self.measure]
        in_group = row[part] if row else None
        in_all = total[part] if total else None
        if function == "below_others" and row is not None:
            in_all = None
        return self._brings(in_group, in_all)

    def _brought(self, contributions):
        parts = ("numerator", "denominator") if self._is_ratio else ("value",)
        if self.other and not self._adds_up:
            parts += tuple("compared_" + part for part in parts)
        found = {c.record: self._brings(*(value_of(getattr(c, part)) for part in parts)) for c in contributions}
        return {name: brings for name, brings in found.items() if not all(map(self._is_nothing, brings))}

    def _brings(self, *values):
        """Money as its minor units: the row says the currency."""
        minor = (value[0] if isinstance(value, tuple) and isinstance(value[1], str) else value for value in values)
        return tuple(value or 0 if self._is_ratio else value for value in minor)

    @property
    def _is_ratio(self):
        return self.measure in self.spec.ratios or self.measure in self.spec.beside_the_whole

    def _is_nothing(self, brought):
        """Of a median a 0 is a member of the population."""
        return brought is None if self.measure in RANKED or not self.spec.additive else is_nothing(brought)

    def _other_events(self, contribution):
        sides = [self._events_of(question, contribution) for question in (self.question, self.other) if question]
        wanted = sides[0]
        if len(sides) > 1:
            own = [event for event in self.events if event.stream == contribution.record]
            whole = facts.fold(contribution.record, own, END_OF_TIME, END_OF_TIME).events
            wanted = [event.position for event in whole if any(event.position in side for side in sides)]
        found = [event.position for event in contribution.events]
        if found != wanted[-NEWEST:] or contribution.total_events != len(wanted):
            yield f"{contribution.record} is made by the events {wanted}, the engine says {found} of {contribution.total_events}"

    def _events_of(self, question, contribution):
        """Positions of those that one side sees."""
        closing = moments(question, self.events, self.zone)[1] if self.spec.has_opening else None
        position, valid_at = closing or question.moment(self.events)
        own = [event for event in self.events if event.stream == contribution.record]
        record = facts.fold(contribution.record, own, position, valid_at)
        until = self._seen_until(question, record, own, (position, valid_at))
        positions = [event.position for event in record.events if event.occurred <= until]
        if self.measure != "reversed":
            return positions
        # Those that made and withdrew what counts in this cell.
        made = {event.position for outcome in self._withdrawn(record, question) for event in outcome.events}
        return [position for position in positions if position in made]

    def _seen_until(self, question, record, own, moment):
        """When it was last given to an owner who is not seen; what happened later is not told."""
        until, is_seen, world = END_OF_TIME, True, question.world(self.events, self.zone, moment=moment)
        for at in sorted({event.occurred for event in record.events}):
            then = facts.fold(record.name, own, moment[0], at)
            if then.exists and world.sees(then) != is_seen:
                is_seen = not is_seen
                until = END_OF_TIME if is_seen else at
        return until

    def _withdrawn(self, record, question):
        """Withdrawn outcomes of one deal that this cell counts: those that it counts where they are the only one."""
        for outcome in record.withdrawn or ():
            with mock.patch.object(aggregates.WON_LOST.measures["reversed"], "facts", lambda world, deal: [
                    other for other in deal.withdrawn if other.events[0] is outcome.events[0]]):
                row = self.spec.answer(dataclasses.replace(question, only=record.name), self.events, self.zone).get(self.key)
            if row and row["reversed"]:
                yield outcome


def _badly_ranked(contributions):
    """The whole population from the least value on; of a change both."""
    compared = sorted((c.compared_rank, value_of(c.compared_value)) for c in contributions if c.compared_rank)
    if [rank for rank, _ in compared] != list(range(1, len(compared) + 1)) or compared != sorted(compared, key=lambda item: item[1]):
        yield f"the compared side is ranked as {compared}"
    contributions = [c for c in contributions if c.rank or not c.compared_rank]
    if [c.rank for c in contributions] != list(range(1, len(contributions) + 1)):
        yield "ranks have gaps"
    values = [value_of(c.value) for c in contributions]
    if values != sorted(values):
        yield f"ranked as {values}"
