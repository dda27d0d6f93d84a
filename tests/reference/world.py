"""The facts at one moment (P, D) under one rulebook, and the fields that rules make of them."""

import collections
import datetime

from reference import facts as folding
from reference.calendar import Calendar
from reference.money import weigh
from reference.rulebook import Rulebook


class World:
    """`book`: the rules of the question's basis; `as_recorded`: stages and probabilities go by the rules of their own position."""

    def __init__(self, events, position, valid_at, tenant_zone, book=None, as_recorded=False, attribution="current", currency=None,
                 draft=()):
        self.events, self.position, self.valid_at, self.zone = events, position, valid_at, tenant_zone
        self.streams = collections.defaultdict(list)
        for event in events:
            self.streams[event.stream].append(event)
        self.book = book or Rulebook(events, position, draft)
        self.as_recorded, self.attribution, self.currency = as_recorded, attribution, currency or None
        # The calendar that says which day D is: that of the newest version that may hold.
        rough = self.book.in_force("calendar", datetime.date.max)
        self.calendar = self.book.calendar(Calendar(rough.zone if rough else tenant_zone).day_of(valid_at), tenant_zone)
        self.day = self.rule_day = self.calendar.day_of(valid_at)
        self.rules_position = position
        self.only = None  # name of a record: no other one of its collection is there
        self.seen = None  # owners whose records are seen, None among them for what nobody owns; None: everybody's
        self._facts, self._books = {}, {}

    def at(self, position=None, valid_at=None):
        """The same rules, also the versions that hold at this world's D, at another moment; as recorded: no newer ones."""
        other = object.__new__(World)
        other.__dict__.update(self.__dict__, position=self.position if position is None else position,
                              valid_at=self.valid_at if valid_at is None else valid_at, _facts={})
        other.day = self.calendar.day_of(other.valid_at)
        return other

    # ---- Facts ----

    def record(self, name):
        """Facts of a record, None if it does not exist at the moment."""
        if not name:
            return None
        if name not in self._facts:
            self._facts[name] = folding.fold(name, self.streams.get(name, ()), self.position, self.valid_at)
        return self._facts[name] if self._facts[name].exists else None

    def record_at(self, name, valid_at):
        found = folding.fold(name, self.streams.get(name, ()), self.position, min(valid_at, self.valid_at))
        return found if found.exists else None

    def records(self, collection):
        """All records of a collection that exist and are not deleted."""
        for name in sorted(self.streams):
            if name.startswith(collection + "/"):
                if self.only and self.only.startswith(collection + "/") and name != self.only:
                    continue
                found = self.record(name)
                if found is not None and not found.deleted and self.sees(found):
                    yield found

    def sees(self, record):
        """Whether the record's owner at the moment is one of those that the reader may see."""
        return self.seen is None or not hasattr(record, "owner") or record.owner in self.seen

    # ---- Stages and probabilities ----

    def book_of(self, position):
        """As recorded: the rules as published up to the event that last set what is looked at."""
        if not self.as_recorded:
            return self.book
        position = min(position, self.rules_position)
        if position not in self._books:
            self._books[position] = Rulebook(self.events, position)
        return self._books[position]

    def stage(self, deal):
        return self.book_of(deal.stage_position).mapped_stage(deal.pipeline, deal.stage, self.rule_day)

    def visited_stage(self, visit):
        """Of a visit; its stage was set by the event that began it."""
        return self.book_of(visit["position"]).mapped_stage(visit["pipeline"], visit["stage"], self.rule_day)

    def stage_entered_at(self, deal):
        """Since when it is in its stage: adjacent visits of one mapped stage are one (decisions.md 18)."""
        entered = deal.stage_entered_at
        place = next((i for i, visit in enumerate(deal.visits) if visit["position"] == deal.stage_position), 0)
        while place > 0:
            before, visit = deal.visits[place - 1:place + 1]
            here = visit["pipeline"], self.visited_stage(visit)
            if here[1] is None or here != (before["pipeline"], self.visited_stage(before)) \
                    or before["left"] != visit["entered"] or before["left_to"] in ("won", "lost"):
                break
            entered, place = before["entered"], place - 1
        return entered

    def stage_order(self, deal):
        stage = self.stage(deal)
        return self.book_of(deal.stage_position).stage_order(deal.pipeline, stage, self.rule_day) if stage else None

    def probability(self, deal):
        """Basis points: of an outcome, else by hand, else the stage's; None: the stage has none. As recorded: by the rules of the
        latest creation, change of stage or override (decisions.md 16)."""
        deal = folding.standing(deal)
        if deal.outcome != "open":
            return 10000 if deal.outcome == "won" else 0
        if deal.probability_bp is not None:
            return deal.probability_bp
        book = self.book_of(deal.probability_position)
        stage = book.mapped_stage(deal.pipeline, deal.stage, self.rule_day)
        return book.probability(deal.pipeline, stage, self.rule_day) if stage else None

    # ---- What it refers to ----

    def follow(self, name):
        """The record that a reference leads to; a deleted or hidden one leads nowhere."""
        found = self.record(name)
        return found if found and not found.deleted and self.sees(found) else None

    def sector(self, deal):
        organization = self.follow(deal.organization)
        return organization.sector if organization else None

    # ---- Whose it is ----

    def owner(self, record, axis=None):
        """Owner by attribution; `axis`: the time of the fact (microseconds)."""
        if self.attribution == "at_close":
            return record.owner_at_close if record.closed_at is not None else record.owner
        if self.attribution == "at_event" and axis is not None:
            then = self.record_at(record.name, axis)
            return then.owner if then else record.owner
        return record.owner

    def owner_day(self, record, axis=None):
        """The day whose org chart entry counts."""
        if self.attribution == "at_close" and record.closed_at is not None:
            return self.calendar.day_of(record.closed_at)
        if self.attribution == "at_event" and axis is not None:
            return min(self.calendar.day_of(axis), self.day)  # nobody has it yet on a day after the moment asked about
        return self.day

    def team(self, record, axis=None):
        return self._ancestor(record, "teams", axis)

    def unit(self, record, axis=None):
        return self._ancestor(record, "org_units", axis)

    def _ancestor(self, record, collection, axis):
        owner = self.owner(record, axis)
        return (self.book.ancestor(owner, collection, self.owner_day(record, axis)) or None) if owner else None

    # ---- Money ----

    def convert(self, money, day, probability_bp=10000):
        """(minor units, currency): in the report currency if there is one; (None, currency) where there is no rate."""
        if money is None:
            return None
        minor, source = money
        target = self.currency or source
        rate = None
        if source != target:
            rate = self.book.rate(source, target, day)
            if rate is None:
                return None, source
        return weigh(minor, source, target, probability_bp, rate), target

    def money_day(self, deal):
        """Won deals take the rate of the won date, open ones that of D."""
        deal = folding.standing(deal)
        return self.calendar.day_of(deal.closed_at) if deal.closed_at is not None else self.day

    def value(self, deal):
        return self.convert(deal.value, self.money_day(deal))

    def weighted(self, deal):
        """amount x p x rate, rounded once."""
        probability = self.probability(deal)
        return None if probability is None else self.convert(deal.value, self.money_day(deal), probability)
