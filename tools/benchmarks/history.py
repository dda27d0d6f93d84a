"""Five years of an invented company, the same for a seed: what happened, day by day, for the product as commands and for its
peers as rows of a typed event table.

Skewed like real ones: a few owners, sources and pipelines have most records, values are log-normal, business grows and has
seasons, most deals are closed within months and one in seventeen stays open. Records are entered up to three days after what
happened; within a record the order of entry is the order of occurrence.
"""

import itertools
import random
from datetime import date, datetime, timedelta, timezone

FIRST_DAY, LAST_DAY = date(2021, 1, 1), date(2025, 12, 31)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
LEADS = 1_000_000  # at size 1; about as many deals, and ten events for each
TENANT = dict(tenant_id="bench", display_name="Bench", zone="Asia/Jerusalem", currency="ILS", region="IL")
ACTOR = "users/bench"

USERS = [f"u{i:03d}" for i in range(200)]
SOURCES = ["web", "phone", "mail", "referral", "ads", "partner", "exhibition", "chat", "social", "walk_in", "tender", "cold_call"]
PIPELINES = ["equipment", "service", "projects"]
CURRENCIES = ["ILS", "USD", "EUR"]
STAGES = ["new", "contacted", "offer", "negotiation", "agreed"]
PROBABILITIES = {"equipment": [500, 1500, 3000, 5500, 8000], "service": [1000, 2500, 4000, 6000, 8500],
                 "projects": [300, 1000, 2000, 4500, 7500]}
# Before RULE_CHANGE; the newer ones hold from the beginning too, so that they restate history.
RULE_CHANGE = date(2024, 1, 1)
OLD_PROBABILITIES = {"equipment": [1000, 2000, 4000, 6000, 9000], "service": [1000, 2000, 4000, 6000, 9000],
                     "projects": [500, 1000, 2500, 5000, 8000]}
REASONS = ["price", "competitor", "no_budget", "postponed"]

# Columns of the event table; `number` is the order of entry, `day` the local day of `occurred`.
EVENT_COLUMNS = ("number", "kind", "record", "occurred", "day", "recorded", "source", "owner", "pipeline", "stage", "amount",
                 "currency", "level", "probability", "expected", "lead")

CAPTURED, LEAD_ASSIGNED, QUALIFIED, DISQUALIFIED, STATUS = range(1, 6)
CREATED, STAGE, VALUE, EXPECTED, ASSIGNED, OVERRIDE, WON, LOST, REOPENED = range(11, 20)

DAY_SECONDS = 86400
# 06:00 to 16:00 UTC lies within one local day, winter and summer.
OPENING, WORKING = 6 * 3600, 10 * 3600


def cumulative(weights):
    return list(itertools.accumulate(weights))


class Occurrence:
    """Something that happened, with the fields that its kind has."""
    __slots__ = ("second", "kind", "record", "fields")

    def __init__(self, second, kind, record, fields):
        self.second, self.kind, self.record, self.fields = second, kind, record, fields


class History:
    """`days()` gives what is entered on each day. Seconds count from the beginning of FIRST_DAY, UTC."""

    def __init__(self, seed, leads):
        self.random = random.Random(seed)
        self.leads_wanted = leads
        self.leads = self.deals = self.events = 0
        self.entries = [[] for _ in range(DAYS)]
        self.owner_weights = cumulative(1 / (i + 6) for i in range(len(USERS)))
        self.source_weights = cumulative([20, 16, 12, 10, 9, 8, 6, 5, 4, 3, 1.5, 1])
        self.pipeline_weights = cumulative([60, 28, 12])
        self.currency_weights = cumulative([70, 20, 10])

    def days(self):
        """(day, occurrences in the order of entry); a day's list is made when the days before it are taken."""
        weights = [self.business(day) for day in range(DAYS)]
        whole, wanted, done = sum(weights), 0.0, 0
        for day in range(DAYS):
            wanted += self.leads_wanted * weights[day] / whole
            while done < round(wanted):
                self.lead(day)
                done += 1
            entered, self.entries[day] = self.entries[day], None
            entered.sort(key=lambda one: one.second)
            self.events += sum(2 if one.kind in (WON, LOST, REOPENED) else 1 for one in entered)
            yield FIRST_DAY + timedelta(days=day), entered

    def business(self, day):
        moment = FIRST_DAY + timedelta(days=day)
        season = 1.25 if moment.month in (3, 4, 5, 10, 11) else 0.8 if moment.month in (8, 12) else 1.0
        return (0.1 if moment.weekday() in (4, 5) else 1.0) * season * (1 + 0.3 * day / 365)

    def choose(self, values, weights):
        return self.random.choices(values, cum_weights=weights)[0]

    # ---- One record after the other, its whole life at once ----

    def enter(self, cursor, kind, **fields):
        """False: that is after the last day."""
        if cursor.day >= DAYS:
            return False
        late = self.random.random()
        cursor.entry_day = max(cursor.entry_day, cursor.day + (0 if late < 0.95 else int((late - 0.95) * 60) + 1))
        if cursor.entry_day >= DAYS:
            return False
        self.entries[cursor.entry_day].append(Occurrence(cursor.second, kind, cursor.record, fields))
        return True

    def lead(self, day):
        pick = self.random
        self.leads += 1
        source = None if pick.random() < 0.06 else self.choose(SOURCES, self.source_weights)
        owner = self.choose(USERS, self.owner_weights)
        cursor = Cursor(self.leads, day, pick)
        if not self.enter(cursor, CAPTURED, source=source):
            return
        lead = self.leads
        if pick.random() < 0.22:
            self.deal(None, cursor.day, source, owner)
        if pick.random() < 0.85:
            self.enter(cursor.later_today(), LEAD_ASSIGNED, owner=owner)
        if pick.random() < 0.55:
            self.enter(cursor.after(0, 3), STATUS)
        if pick.random() > 0.75:
            if pick.random() < 0.8:
                self.enter(cursor.after(1, 20), DISQUALIFIED)
            return
        if pick.random() < 0.8:
            self.enter(cursor.after(1, 9), QUALIFIED, level=1)
        self.enter(cursor.after(1, 9), QUALIFIED, level=2)
        if pick.random() < 0.7:
            self.enter(cursor.after(1, 9), QUALIFIED, level=3)
        cursor.after(1, 12)
        for _ in range(self.choose((0, 1, 2, 3), (0.1, 0.9, 0.97, 1))):
            self.deal(lead, max(cursor.day, cursor.entry_day), source, owner)

    def deal(self, lead, day, source, owner):
        pick = self.random
        if day >= DAYS:
            return
        pipeline, currency = self.choose(PIPELINES, self.pipeline_weights), self.choose(CURRENCIES, self.currency_weights)
        amount = max(100, round(pick.lognormvariate(12.5, 1.1)))  # minor units
        cursor = Cursor(self.deals + 1, day, pick)
        expected = cursor.day + pick.randint(20, 160)
        if not self.enter(cursor, CREATED, lead=lead, source=source, owner=owner, pipeline=pipeline, stage=STAGES[0],
                          amount=amount, currency=currency, expected=None if pick.random() < 0.07 else expected):
            return
        self.deals += 1
        self.live(cursor, 0, amount, currency)

    def live(self, cursor, stage, amount, currency, may_reopen=True):
        """From a stage to the end."""
        pick = self.random
        while pick.random() < 0.72 and stage < len(STAGES) - 1:
            step = pick.random()
            stage = min(len(STAGES) - 1, stage + 2) if step < 0.12 else max(0, stage - 1) if step > 0.96 and stage else stage + 1
            self.enter(cursor.after(2, 30), STAGE, stage=STAGES[stage])
            if pick.random() < 0.35:
                amount = max(100, round(amount * pick.uniform(0.8, 1.3)))
                self.enter(cursor.after(0, 6), VALUE, amount=amount, currency=currency)
            if pick.random() < 0.35:
                self.enter(cursor.after(0, 6), EXPECTED, expected=cursor.day + pick.randint(15, 120))
            if pick.random() < 0.05:
                self.enter(cursor.after(0, 3), OVERRIDE, probability=pick.choice((2000, 5000, 7500, 9000)))
            if pick.random() < 0.1:
                self.enter(cursor.after(0, 5), ASSIGNED, owner=self.choose(USERS, self.owner_weights))
        if pick.random() < 0.06:
            return
        won = pick.random() < 0.12 + 0.15 * stage
        self.enter(cursor.after(2, 45), WON if won else LOST)
        if may_reopen and pick.random() < 0.03:
            self.enter(cursor.after(3, 60), REOPENED, stage=STAGES[max(1, stage)])
            self.live(cursor, max(1, stage), amount, currency, may_reopen=False)


class Cursor:
    """Where a record stands in time; each step leads on by a second at least."""
    __slots__ = ("record", "second", "entry_day", "random")

    def __init__(self, record, day, pick):
        self.record, self.random, self.entry_day = record, pick, day
        self.second = day * DAY_SECONDS + OPENING + int(pick.random() * WORKING)

    @property
    def day(self):
        return self.second // DAY_SECONDS

    def later_today(self):
        self.second += 1 + int(self.random.random() * 1800)
        return self

    def after(self, least, most):
        days = self.random.randint(least, most)
        if days == 0:
            return self.later_today()
        self.second = (self.day + days) * DAY_SECONDS + OPENING + int(self.random.random() * WORKING)
        return self


def day_text(day):
    return (FIRST_DAY + timedelta(days=day)).isoformat()


EPOCH = int(datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=timezone.utc).timestamp())


class EventRows:
    """Writes occurrences as lines of the event table, in CSV; each commit's events are those that the product makes of it."""

    def __init__(self, file):
        self.file, self.number = file, 0

    def write(self, day, occurrences):
        recorded = f"{day.isoformat()} 20:00:00+00"
        lines = []
        for one in occurrences:
            if one.kind == WON:
                lines.append(self.line(one, STAGE, recorded, {"stage": "won"}))
            elif one.kind == LOST:
                lines.append(self.line(one, STAGE, recorded, {"stage": "lost"}))
            lines.append(self.line(one, one.kind, recorded, {} if one.kind == REOPENED else one.fields))
            if one.kind == REOPENED:
                lines.append(self.line(one, STAGE, recorded, one.fields))
        self.file.write("".join(lines))

    def line(self, one, kind, recorded, fields):
        self.number += 1
        day, second = divmod(one.second, DAY_SECONDS)
        local = day_text(day)
        occurred = f"{local} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}+00"
        get = fields.get
        expected = get("expected")
        values = (self.number, kind, one.record, occurred, local, recorded, get("source"), get("owner"), get("pipeline"),
                  get("stage"), get("amount"), get("currency"), get("level"), get("probability"),
                  None if expected is None else day_text(expected), get("lead"))
        return ",".join(["" if value is None else str(value) for value in values]) + "\n"
