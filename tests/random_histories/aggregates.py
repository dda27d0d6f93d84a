"""What the aggregate reports of the catalogue must say, each number written down from its definition in words."""

import dataclasses

from random_histories.filters import whole_units
from reference import aggregate
from reference.aggregate import MADE_OF_OTHERS, Measure, below_others, count, keys_of, ratio, share, total

TOTAL = "(total)"


@dataclasses.dataclass
class Aggregate:
    """`measures` and `axes` by measure id; `modes`: id -> axis, None: each measure has its own."""
    measures: dict
    where: object = lambda world, record: True
    modes: dict = dataclasses.field(default_factory=dict)
    axes: dict = dataclasses.field(default_factory=dict)
    collection: str = "deals"
    dimensions: dict = dataclasses.field(default_factory=dict)
    attribution: str = "current"
    default_group_by: tuple = ()

    @property
    def ratios(self):
        """Numerator and denominator by the measure that is a ratio of them."""
        return {name: (m.numerator, m.denominator) for name, m in self.measures.items() if m.function == "ratio"}

    @property
    def beside_the_whole(self):
        """Of the measures that need more than their row: the function and the measure whose values open."""
        return {name: (m.function, m.numerator) for name, m in self.measures.items() if m.function in ("share", "below_others")}

    @property
    def additive(self):
        return {name for name, m in self.measures.items() if m.function in ("count", "sum", "distinct")}

    @property
    def money(self):
        return {name for name, m in self.measures.items() if m.is_money}

    def answer(self, question, events, zone):
        world = question.world(events, zone, self.attribution)
        world.question, world.inside = question, question.in_period(world.calendar)
        records = [r for r in world.records(self.collection) if self.where(world, r)]
        by_key = {}  # key -> measure -> records
        for name, measure in self.measures.items():
            if measure.function not in MADE_OF_OTHERS:
                for record, axis in self._counting(world, name, measure, records):
                    for key in self._keys(world, record, axis):
                        by_key.setdefault(key, {}).setdefault(name, []).append(record)
        simple = {key: self._simple(world, key, found) for key, found in by_key.items()}
        return {key: self._row(measures, simple[self._total_of(question, key)]) for key, measures in simple.items()}

    def _counting(self, world, name, measure, records):
        """(record, axis) of those that a measure counts."""
        modes = self.modes or {"": "moment"}
        mode_axis = modes[world.question.mode or next(iter(modes))]
        axis_of = self.axes[name] if mode_axis is None else mode_axis
        for fact in (fact for record in records for fact in measure.facts(world, record)):
            if measure.where(world, fact):
                axis = None if axis_of == "moment" else axis_of(world, fact)
                if (axis_of == "moment" or world.inside(axis)) and world.question.filter.holds(world, fact, axis):
                    yield fact, axis

    def _keys(self, world, record, axis):
        groups = keys_of(self.dimensions[d](world, record, axis) for d in world.question.group_by)
        if world.question.group_by:
            groups.append((TOTAL,) * len(world.question.group_by))
        bucket = (bucket_of(world, record),) if self.has_money else ()
        return [group + bucket for group in groups]

    @property
    def has_money(self):
        return any(measure.is_money for measure in self.measures.values())

    @staticmethod
    def _total_of(question, key):
        return (TOTAL,) * len(question.group_by) + key[len(question.group_by):]

    def _simple(self, world, key, found):
        currency = key[-1] if self.has_money and key[-1] != "unconverted" else None
        return {name: aggregate.reduce(measure, world, found.get(name, []), currency)
                for name, measure in self.measures.items() if measure.function not in MADE_OF_OTHERS}

    def _row(self, simple, whole):
        return simple | {name: aggregate.compose(measure, simple, whole)
                         for name, measure in self.measures.items() if measure.function in MADE_OF_OTHERS}


def bucket_of(world, deal):
    """The currency of a row: None where the deal has no value (which can be added in a report currency), `unconverted`
    where there is no rate."""
    value = world.value(deal)
    return world.currency if value is None else "unconverted" if value[0] is None else value[1]


def month(world, at):
    return world.calendar.month(world.calendar.day_of(at)).isoformat() if at is not None else None


def quarter(world, at):
    return world.calendar.quarter(world.calendar.day_of(at)).isoformat() if at is not None else None


def year(world, at):
    return world.calendar.year(world.calendar.day_of(at)).isoformat() if at is not None else None


DEAL_DIMENSIONS = {
    "owner": lambda w, d, at: w.owner(d, at),
    "team": lambda w, d, at: w.team(d, at),
    "unit": lambda w, d, at: w.unit(d, at),
    "source": lambda w, d, at: d.source,
    "product": lambda w, d, at: d.product,
    "organization": lambda w, d, at: d.organization,
    "sector": lambda w, d, at: w.sector(d),
    "pipeline": lambda w, d, at: d.pipeline,
    "stage": lambda w, d, at: w.stage(d),
    "outcome": lambda w, d, at: d.outcome,
    "competitor": lambda w, d, at: d.competitor,
    "lost_reason": lambda w, d, at: d.lost_reason,
    "with_lead": lambda w, d, at: "with_lead" if d.lead else "without_lead",
    "year": lambda w, d, at: year(w, at),
    "expected_close_month": lambda w, d, at: d.expected_close[:8] + "01" if d.expected_close else None,
    "month": lambda w, d, at: month(w, at),
    "quarter": lambda w, d, at: quarter(w, at),
    "tags": lambda w, d, at: frozenset(d.tags),
    "field.segment": lambda w, d, at: d.fields["segment"].text if "segment" in d.fields else None,
}
OWN_DIMENSIONS = ("tags", "field.segment")  # every report is grouped by them (decisions.md 12)


is_open = lambda w, d: d.outcome == "open"
won = lambda w, d: d.outcome == "won"
lost = lambda w, d: d.outcome == "lost"
value = lambda w, d: w.value(d)
weighted = lambda w, d: w.weighted(d)
money = lambda of, where=lambda w, d: True: total(of, where, is_money=True)


# ---- pipeline_snapshot ----

SNAPSHOT = Aggregate(
    where=is_open,
    dimensions={name: DEAL_DIMENSIONS[name] for name in ("pipeline", "stage", "owner", "team", "unit", "source", "product", "organization",
                                                         "sector", "expected_close_month")},
    default_group_by=("pipeline", "stage"),
    measures={
        "deals": count(),
        "value": money(value),
        "share": share("deals"),
        "value_share": share("value"),
        "weighted": money(weighted),
        "without_value": count(lambda w, d: d.value is None),
        "without_probability": count(lambda w, d: w.probability(d) is None),
        "days_in_stage": total(lambda w, d: (w.day - w.calendar.day_of(w.stage_entered_at(d))).days),
        "mean_days_in_stage": ratio("days_in_stage", "deals"),
    })


# ---- sales_forecast ----


def expected_in_period(world, deal):
    """Whether the expected close is a day of the period; a deal without one is in none."""
    if deal.expected_close is None:
        return False
    first, after = world.question.days(world.calendar)
    return (first is None or first.isoformat() <= deal.expected_close) and (after is None or deal.expected_close < after.isoformat())


def overdue(world, deal):
    return deal.expected_close is not None and deal.expected_close < world.day.isoformat()


def _in_forecast(world, deal):
    if deal.outcome == "won":
        return world.inside(deal.won_at)
    return deal.outcome == "open" and (deal.expected_close is None or overdue(world, deal) or expected_in_period(world, deal))


def _part(world, deal, at):
    if deal.outcome == "won":
        return "won"
    return "undated" if deal.expected_close is None else "overdue" if overdue(world, deal) else "open"


def _forecast_month(unit):
    def of(world, deal, at):
        if deal.outcome == "won":
            return unit(world, deal.won_at)
        return unit(world, world.calendar.start_of(_date(deal.expected_close))) if deal.expected_close else None
    return of


def _date(text):
    import datetime
    return datetime.date.fromisoformat(text)


FORECAST = Aggregate(
    where=_in_forecast,
    dimensions={name: DEAL_DIMENSIONS[name] for name in ("owner", "team", "unit", "pipeline", "stage", "source", "product", "organization",
                                                         "sector")}
    | {"bucket": _part, "month": _forecast_month(month), "quarter": _forecast_month(quarter)},
    default_group_by=("bucket",),
    measures={
        "deals": count(),
        "value": money(value),
        "forecast": money(weighted, lambda w, d: won(w, d) or expected_in_period(w, d)),
        "won": money(value, won),
        "expected": money(weighted, lambda w, d: is_open(w, d) and expected_in_period(w, d)),
        "outside": money(weighted, lambda w, d: is_open(w, d) and not expected_in_period(w, d)),
        "without_probability": count(lambda w, d: is_open(w, d) and w.probability(d) is None),
    })


# ---- won_lost ----

def benchmark(world):
    given = world.question.arguments.get("benchmark")
    return None if given is None else int(given)


WON_LOST = Aggregate(
    attribution="at_close",
    modes={"period": None, "cohort": lambda w, d: d.created_at},
    dimensions={name: DEAL_DIMENSIONS[name] for name in ("owner", "team", "unit", "pipeline", "source", "product", "organization", "sector",
                                                         "competitor", "lost_reason", "with_lead", "month", "quarter", "year")},
    axes={"deals": lambda w, d: d.created_at, "closed": lambda w, d: d.closed_at, "won": lambda w, d: d.won_at, "lost": lambda w, d: d.lost_at,
          "won_value": lambda w, d: d.won_at, "lost_value": lambda w, d: d.lost_at, "closed_value": lambda w, d: d.closed_at,
          "above_benchmark": lambda w, d: d.closed_at, "closed_points": lambda w, d: d.closed_at,
          "reversed": lambda w, outcome: outcome.closed_at},
    measures={
        "deals": count(),
        "closed": count(lambda w, d: not is_open(w, d)),
        "won": count(won),
        "lost": count(lost),
        "win_rate": ratio("won", "closed"),
        "won_value": money(value, won),
        "lost_value": money(value, lost),
        "closed_value": money(value, lambda w, d: not is_open(w, d)),
        "win_rate_by_value": ratio("won_value", "closed_value"),
        "share_of_all": ratio("won", "deals"),
        "above_benchmark": total(lambda w, d: None if benchmark(w) is None else (10000 if won(w, d) else 0) - benchmark(w),
                                 lambda w, d: not is_open(w, d)),
        "closed_points": total(lambda w, d: 10000, lambda w, d: not is_open(w, d)),
        "win_rate_above_benchmark": ratio("above_benchmark", "closed_points"),
        "reversed": count(facts=lambda w, d: d.withdrawn),
    })


# ---- sales_cycle ----


def captured_or_created(world, deal):
    lead = world.follow(deal.lead)
    return lead.captured_at if lead else deal.created_at


def _start(world, deal):
    start = world.question.arguments.get("start", "capture")
    if start == "created":
        return deal.created_at
    if start == "capture":
        return captured_or_created(world, deal)
    return min((v["entered"] for v in _visits_of(world, deal, start)), default=None)


def _visits_of(world, deal, stage):
    return [v for v in deal.visits if world.visited_stage(v) == stage]


def _start_is_day(world, deal, start):
    """Whether only the day of the start is known."""
    lead = world.follow(deal.lead)
    if world.question.arguments.get("start", "capture") == "created":
        return deal.created_is_day
    if world.question.arguments.get("start", "capture") == "capture":
        return lead.captured_is_day if lead else deal.created_is_day
    return all(v["is_day"] for v in _visits_of(world, deal, world.question.arguments["start"]) if v["entered"] == start)


def is_before(world, end, end_is_day, start, start_is_day):
    """By the days where only the day of one is known."""
    return world.calendar.days_between(start, end) < 0 or (not end_is_day and not start_is_day and end < start)


def closed_before_start(world, deal):
    start = _start(world, deal)
    return (start is not None and deal.closed_at is not None and
            is_before(world, deal.closed_at, deal.closed_is_day, start, _start_is_day(world, deal, start)))


def cycle(world, deal):
    start = _start(world, deal)
    return None if start is None or deal.closed_at is None else world.calendar.days_between(start, deal.closed_at)


def _lead_days(world, deal):
    lead = world.follow(deal.lead)
    return world.calendar.days_between(lead.captured_at, deal.created_at) if lead else None


def _asked_outcome(world, deal):
    outcome = world.question.arguments.get("outcome", "won")
    return deal.outcome == outcome or (outcome == "all" and deal.outcome != "open")


def _size_band(world, deal, at):
    """By the value in whole units of its currency: from a bound on, up to and without the next."""
    amount = whole_units(world, deal)
    bounds = [int(bound) for bound in world.question.arguments.get("bands", "1000, 10000, 100000").split(",")]
    if amount is None:
        return None
    if amount < bounds[0]:
        return f"<{bounds[0]}"
    return next((f"{low}-{high}" for low, high in zip(bounds, bounds[1:]) if low <= amount < high), f">={bounds[-1]}")


CYCLE = Aggregate(
    attribution="at_close",
    where=_asked_outcome,
    modes={"period": lambda w, d: d.closed_at, "cohort": captured_or_created},
    dimensions={name: DEAL_DIMENSIONS[name] for name in ("source", "owner", "team", "unit", "pipeline", "product", "organization", "sector",
                                                         "outcome", "month", "quarter")}
    | {"size_band": _size_band},
    measures={
        "deals": count(lambda w, d: cycle(w, d) is not None),
        "days": total(cycle),
        "mean": ratio("days", "deals"),
        "faster": below_others("days", "deals"),
        "median": Measure("median", value=cycle),
        "p90": Measure("percentile", value=cycle, percent=90),
        "least": Measure("min", value=cycle),
        "most": Measure("max", value=cycle),
        "lead_days": total(_lead_days),
        "with_lead": count(lambda w, d: _lead_days(w, d) is not None),
        "mean_as_lead": ratio("lead_days", "with_lead"),
        "deal_days": total(lambda w, d: w.calendar.days_between(d.created_at, d.closed_at)),
        "all_deals": count(),
        "mean_as_deal": ratio("deal_days", "all_deals"),
        "anomalies": count(closed_before_start),
    })


# ---- pipeline_detail ----


def detail(question, events, zone):
    """One row a deal: {(name,): columns}."""
    world = question.world(events, zone)
    world.question, world.inside = question, question.in_period(world.calendar)
    modes = {"open": is_open, "expected": lambda w, d: is_open(w, d) and expected_in_period(w, d),
             "overdue": lambda w, d: is_open(w, d) and overdue(w, d), "won": lambda w, d: won(w, d) and w.inside(d.won_at),
             "lost": lambda w, d: lost(w, d) and w.inside(d.lost_at), "all": lambda w, d: True}
    chosen = modes[question.mode or "open"]
    end_of_close = lambda d: world.calendar.end_of(_date(d.expected_close)) - 1
    axis = {"won": lambda d: d.won_at, "lost": lambda d: d.lost_at, "expected": end_of_close}.get(question.mode, lambda d: None)
    return {(d.name,): _columns(world, d, axis(d)) for d in world.records("deals") if chosen(world, d) and question.filter.holds(world, d, axis(d))}


def _columns(world, deal, axis):
    shown = {name: DEAL_DIMENSIONS[name](world, deal, axis) for name in ("pipeline", "stage", "outcome", "owner", "team", "unit", "organization",
                                                                         "product", "source")}
    return shown | {
        "person": deal.person,
        "value": _whole(world.value(deal)), "probability": world.probability(deal), "weighted": _whole(world.weighted(deal)),
        "expected_close": deal.expected_close, "overdue": is_open(world, deal) and overdue(world, deal),
        "stage_entered_at": world.stage_entered_at(deal),
        "days_in_stage": (world.day - world.calendar.day_of(world.stage_entered_at(deal))).days if is_open(world, deal) else None,
        "created_at": deal.created_at, "closed_at": deal.closed_at,
    }


def _whole(converted):
    return None if converted is None or converted[0] is None else converted


for spec in (SNAPSHOT, FORECAST, WON_LOST, CYCLE):
    spec.dimensions.update({name: DEAL_DIMENSIONS[name] for name in OWN_DIMENSIONS})
