"""A question, what the API is asked for it, and what it means to the reference."""

import dataclasses
import datetime

from harness.protos import v1
from random_histories.filters import NO_FILTER, Filter
from reference import log
from reference.calendar import Calendar, period_before, working_days
from reference.calendar import period as parse_period
from reference.rulebook import Rulebook
from reference.world import World

ATTRIBUTIONS = {"at_event": v1.ATTRIBUTION_AT_EVENT, "at_close": v1.ATTRIBUTION_AT_CLOSE, "current": v1.ATTRIBUTION_CURRENT}
KINDS = {"current": v1.RULE_BASIS_KIND_CURRENT, "head": v1.RULE_BASIS_KIND_HEAD, "at": v1.RULE_BASIS_KIND_AT,
         "draft": v1.RULE_BASIS_KIND_DRAFT, "as_recorded": v1.RULE_BASIS_KIND_AS_RECORDED}
END_OF_TIME = 2 ** 62


@dataclasses.dataclass
class Question:
    report: str
    group_by: tuple = ()
    period: str = ""
    as_of: object = None          # position, ("time", day or microseconds) or None
    valid_at: object = None       # day, microseconds or None
    opening_as_of: object = None  # of movements
    opening_valid_at: object = None
    basis: tuple = ("current",)   # or ("head",), ("at", as an as_of), ("draft", name), ("as_recorded",)
    attribution: str = ""
    mode: str = ""
    currency: str = ""
    filter: Filter = NO_FILTER
    arguments: dict = dataclasses.field(default_factory=dict)
    compare: dict = dataclasses.field(default_factory=dict)  # prior_period, or what the second run replaces
    page_size: int = 0
    measures: tuple = ()          # those to show; none: the definition's
    no_groups: tuple = ("-",)
    says_groups: bool = True      # False: `group_by` is the definition's and is not sent
    last_day: object = None       # a prior period that is cut there
    rights: str = ""              # whose records are seen; none: everybody's
    today: int = 0                # the server's clock: rights are those of now, whatever the question is about
    only: str = ""                # as if no other record of this one's collection were there

    def parameters(self):
        """For Client.report()."""
        result = dict(period=self.period, as_of=self.as_of, valid_at=self.valid_at, rule_basis=_basis(self.basis), mode=self.mode,
                      opening_as_of=self.opening_as_of, opening_valid_at=self.opening_valid_at,
                      attribution=ATTRIBUTIONS.get(self.attribution), group_by=list(self.group_by) or self.no_groups,
                      filter=self.filter.text, currency=self.currency, arguments=self.arguments, page_size=self.page_size,
                      rights=self.rights, measures=list(self.measures))
        if not self.says_groups:
            result["group_by"] = ()
        if self.compare:
            result["compare"] = {"rule_basis" if key == "basis" else key: _basis(value) if key == "basis" else value
                                 for key, value in self.compare.items()}
        return result

    def __str__(self):
        shown = {k: v for k, v in self.__dict__.items() if v not in ("", (), None, {}, 0, True, NO_FILTER) and k not in ("no_groups", "today")}
        return str({**shown, "filter": self.filter.text})

    # ---- Resolved for the reference ----

    def position(self, events, as_of):
        if isinstance(as_of, tuple):
            return log.position_at(events, self.instant(events, as_of[1]))
        return log.commit_end(events, as_of) if as_of else events[-1].commit

    def instant(self, events, value):
        """Of a time, or of a day given as a point, whose end it means."""
        calendar = Rulebook(events, END_OF_TIME).calendar(datetime.date.max, "UTC")
        return calendar.end_of(datetime.date.fromisoformat(value)) - 1 if isinstance(value, str) else value

    def moment(self, events):
        """(P, D)."""
        position = self.position(events, self.as_of)
        if self.valid_at is not None:
            return position, self.instant(events, self.valid_at)
        return position, recorded_at(events, position)

    def book(self, events, position):
        """The rules of the basis for what was known at a position."""
        kind = self.basis[0]
        known = END_OF_TIME if kind == "head" else self.position(events, self.basis[1]) if kind == "at" else position
        return Rulebook(events, known, self._draft(events) if kind == "draft" else ())

    def world(self, events, zone, default_attribution="current", moment=None):
        """At a moment, by default the question's."""
        position, valid_at = moment or self.moment(events)
        world = World(events, position, valid_at, zone, self.book(events, position), self.basis[0] == "as_recorded",
                      self.attribution or default_attribution, self.currency)
        world.only, world.seen = self.only, self._seen(events, zone)
        return world

    def _seen(self, events, zone):
        if not self.rights:
            return None
        book, parts = Rulebook(events, END_OF_TIME), self.rights.split(",")
        rough = book.in_force("calendar", datetime.date.max)
        day = Calendar(rough.zone if rough and rough.zone else zone).day_of(self.today)
        day = book.calendar(day, zone).day_of(self.today)
        users = {event.stream for event in events if event.stream.startswith("users/")}
        below = {user for user in users if set(parts) & set(book.ancestors(user, day))}
        return below | {None if part == "unassigned" else part for part in parts}

    def _draft(self, events):
        return [e.body for e in events if e.stream == self.basis[1] and e.kind == "DraftSaved"][-1].rules

    def days(self, calendar):
        """First day of the period and the one after it; None: open."""
        first, after = parse_period(self.period, calendar)
        return first, after if self.last_day is None else self.last_day + datetime.timedelta(days=1)

    def bounds(self, calendar):
        """First instant of the period and the one after it."""
        first, after = self.days(calendar)
        return (calendar.start_of(first) if first else -END_OF_TIME), (calendar.start_of(after) if after else END_OF_TIME)

    def in_period(self, calendar):
        first, after = self.bounds(calendar)
        return lambda at: at is not None and first <= at < after

    # ---- Comparison ----

    def compared(self, events, zone):
        """The second run: what is given replaces the parameter of the first."""
        second = dataclasses.replace(self, compare={}, **{k: v for k, v in self.compare.items() if k != "prior_period"})
        if self.compare.get("prior_period"):
            world = self.world(events, zone)
            first, after = period_before(self.period, world.calendar)
            second.period = f"{first}..{after - datetime.timedelta(days=1)}"
            second.last_day = cut(world, self.days(world.calendar), (first, after))
        return second


def cut(world, period, before):
    """Where the period before one that is unfinished ends: at the same elapsed working days (decisions.md 23); None: at its end."""
    if not world.calendar.start_of(period[0]) <= world.valid_at < world.calendar.start_of(period[1]) - 1:
        return None
    elapsed = len(working_days(world.calendar, period[0], world.day + datetime.timedelta(days=1)))
    days = working_days(world.calendar, *before)
    if elapsed == 0:
        return before[0] - datetime.timedelta(days=1)
    return days[elapsed - 1] if elapsed <= len(days) else before[1] - datetime.timedelta(days=1)


def recorded_at(events, position):
    return next(event.recorded for event in reversed(events) if event.position <= position)


def _basis(basis):
    result = dict(kind=KINDS[basis[0]])
    if len(basis) > 1:
        result[basis[0]] = basis[1]
    return result
