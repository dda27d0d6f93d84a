"""Random questions, and what each means to the reference."""

import dataclasses
import datetime

from harness.protos import v1
from random_histories.filters import DEAL_FILTERS, LEAD_FILTERS, NO_FILTER, Filter
from reference import log
from reference.calendar import period as parse_period
from reference.rulebook import Rulebook
from reference.world import World

ATTRIBUTIONS = {"at_event": v1.ATTRIBUTION_AT_EVENT, "at_close": v1.ATTRIBUTION_AT_CLOSE, "current": v1.ATTRIBUTION_CURRENT}
END_OF_TIME = 2 ** 62


@dataclasses.dataclass
class Question:
    report: str
    group_by: tuple = ()
    period: str = ""
    as_of: object = None          # position, ("time", day or microseconds) or None
    valid_at: object = None       # day, microseconds or None
    basis: tuple = ("current",)   # or ("head",), ("at", position), ("draft", name), ("as_recorded",)
    attribution: str = ""
    mode: str = ""
    currency: str = ""
    filter: Filter = NO_FILTER
    arguments: dict = dataclasses.field(default_factory=dict)
    no_groups: tuple = ("-",)

    def parameters(self):
        """For Client.report()."""
        kinds = {"current": v1.RULE_BASIS_KIND_CURRENT, "head": v1.RULE_BASIS_KIND_HEAD, "at": v1.RULE_BASIS_KIND_AT,
                 "draft": v1.RULE_BASIS_KIND_DRAFT, "as_recorded": v1.RULE_BASIS_KIND_AS_RECORDED}
        basis = dict(kind=kinds[self.basis[0]])
        if self.basis[0] == "at":
            basis["at"] = self.basis[1]
        if self.basis[0] == "draft":
            basis["draft"] = self.basis[1]
        return dict(period=self.period, as_of=self.as_of, valid_at=self.valid_at, rule_basis=basis, mode=self.mode,
                    attribution=ATTRIBUTIONS.get(self.attribution), group_by=list(self.group_by) or self.no_groups, filter=self.filter.text,
                    currency=self.currency, arguments=self.arguments)

    def __str__(self):
        shown = {k: v for k, v in self.__dict__.items() if v not in ("", (), None, {}, NO_FILTER) and k != "no_groups"}
        return str({**shown, "filter": self.filter.text})

    # ---- Resolved for the reference ----

    def position(self, events, calendar):
        if isinstance(self.as_of, tuple):
            return log.position_at(events, _instant(self.as_of[1], calendar))
        return log.commit_end(events, self.as_of) if self.as_of else events[-1].commit

    def moment(self, events, calendar):
        """(P, D)."""
        position = self.position(events, calendar)
        if self.valid_at is not None:
            return position, _instant(self.valid_at, calendar)
        return position, next(event.recorded for event in reversed(events) if event.position <= position)

    def world(self, events, zone, default_attribution="current"):
        calendar = Rulebook(events, END_OF_TIME).calendar(datetime.date.max, zone)
        position, valid_at = self.moment(events, calendar)
        kind = self.basis[0]
        known = {"head": END_OF_TIME, "at": log.commit_end(events, self.basis[1]) if kind == "at" else 0}.get(kind, position)
        book = Rulebook(events, known, self.draft(events) if kind == "draft" else ())
        return World(events, position, valid_at, zone, book, kind == "as_recorded", self.attribution or default_attribution, self.currency)

    def draft(self, events):
        return [e.body for e in events if e.stream == self.basis[1] and e.kind == "DraftSaved"][-1].rules

    def days(self):
        """First day of the period and the one after it; None: open."""
        return parse_period(self.period)

    def bounds(self, calendar):
        """First instant of the period and the one after it."""
        first, after = parse_period(self.period)
        return (calendar.start_of(first) if first else -END_OF_TIME), (calendar.start_of(after) if after else END_OF_TIME)

    def in_period(self, calendar):
        first, after = self.bounds(calendar)
        return lambda at: at is not None and first <= at < after


def _instant(value, calendar):
    return calendar.end_of(datetime.date.fromisoformat(value)) - 1 if isinstance(value, str) else value


class Asker:
    """Makes questions about one history."""

    def __init__(self, random, events, calendar, reports):
        self.random, self.events, self.calendar, self.reports = random, events, calendar, reports
        self.drafts = sorted({e.stream for e in events if e.kind == "DraftSaved"})

    def question(self):
        report = self.random.choice(list(self.reports))
        spec = self.reports[report]
        question = Question(report)
        if spec.dimensions and self.random.random() < 0.75:
            question.group_by = tuple(self.random.sample(spec.dimensions, self.random.choice([1, 1, 2]) if len(spec.dimensions) > 1 else 1))
        question.mode = self.random.choice(spec.modes) if spec.modes else ""
        question.filter = self.random.choice(LEAD_FILTERS if spec.collection == "leads" else DEAL_FILTERS)
        question.no_groups = ("-",) if spec.dimensions else ()
        if self.random.random() < spec.period_chance and question.mode not in spec.modes_of_a_moment:
            question.period = self._period()
        question.attribution = self.random.choice(["", "", *ATTRIBUTIONS])
        question.currency = self.random.choice(["", "", "USD", "JPY", "EUR"]) if spec.has_money else ""
        question.as_of, question.valid_at, question.basis = self._as_of(), self._valid_at(), self._basis(spec)
        question.arguments = {key: self.random.choice(values) for key, values in spec.arguments.items() if self.random.random() < 0.5}
        return question

    def _event(self):
        """One after the tenant and its first rules: before those there is nothing to ask for."""
        first = self.events[0].commit
        return self.random.choice([e for e in self.events if e.commit > first and e.kind != "RuleVersionPublished"] or self.events)

    def _period(self):
        day = self.calendar.day_of(self._event().occurred)
        return self.random.choice([f"{day.year}", f"{day.year}-{day.month:02}", f"{day.year}-Q{(day.month + 2) // 3}",
                                   f"{day}..{day + datetime.timedelta(days=self.random.randint(0, 60))}", f"..{day}", f"{day}.."])

    def _as_of(self):
        choice, event = self.random.random(), self._event()
        if choice < 0.5:
            return None
        if choice < 0.8:
            return event.position
        return ("time", event.recorded) if choice < 0.9 else ("time", self.calendar.day_of(event.recorded).isoformat())

    def _valid_at(self):
        choice, event = self.random.random(), self._event()
        if choice < 0.6:
            return None
        return event.occurred - self.random.choice([0, 0, 1]) if choice < 0.85 else self.calendar.day_of(event.occurred).isoformat()

    def _basis(self, spec):
        choices = [("current",)] * 5 + [("head",), ("at", self._event().position)]
        if spec.as_recorded:
            choices += [("as_recorded",)] * 2
        return self.random.choice(choices + [("draft", name) for name in self.drafts[:1] if self._is_open(name)])

    def _is_open(self, draft):
        return not any(e.stream == draft and e.kind in ("DraftPublished", "DraftDiscarded") for e in self.events)
