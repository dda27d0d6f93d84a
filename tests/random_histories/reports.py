"""What each report of the catalogue must say, from its definition in words, over the reference's facts.

A spec's `answer(question, events, zone)` gives {key: {measure: value}}: the key holds the values of the key columns, None where a
record has no value there.
"""

import dataclasses

from random_histories.aggregates import (CONVERSION, CYCLE, DEAL_DIMENSIONS, FORECAST, SNAPSHOT, TOTAL, WON_LOST, detail)
from reference import funnel, movement
from reference.world import World


LONG_AGO = -10 ** 15  # 1938, before everything


@dataclasses.dataclass
class Spec:
    answer: object
    collection: str = "deals"
    dimensions: tuple = ()
    modes: tuple = ()
    arguments: dict = dataclasses.field(default_factory=dict)
    period_chance: float = 0.5
    has_money: bool = True
    as_recorded: bool = True
    modes_of_a_moment: tuple = ()   # they take no period


def funnel_answer(question, events, zone):
    world = question.world(events, zone)
    inside = question.in_period(world.calendar)
    by_period = question.arguments.get("by") == "period"
    deals = [d for d in world.records("deals") if question.filter.holds(world, d, None if by_period else d.created_at)
             and (by_period or not question.period or inside(d.created_at))]
    key = lambda d: tuple(DEAL_DIMENSIONS[name](world, d, None if by_period else d.created_at) for name in question.group_by)
    return with_total(question, lambda groups: funnel.rows(
        world, deals, groups, question.mode or "strict", inside if by_period and question.period else lambda at: True), key)


def with_total(question, count, key):
    """Rows of the groups and, where there are any, of the total."""
    rows = count(lambda record: [key(record)])
    if question.group_by:
        rows.update({(TOTAL,) * len(question.group_by) + row[0:]: measures
                     for row, measures in count(lambda record: [()]).items()})
    return rows


def movement_answer(question, events, zone):
    closing = question.world(events, zone, default_attribution="at_event")
    first, after = question.bounds(closing.calendar)
    if question.valid_at is None and question.period and after - 1 < closing.valid_at:
        closing = _world(question, events, zone, closing.position, after - 1)
    opening_at = max(min(first - 1, closing.valid_at), LONG_AGO) if question.period else LONG_AGO
    opening = _world(question, events, zone, closing.position, opening_at)
    names = [name for name in closing.streams if name.startswith("deals/")]

    def count(group):
        asks = movement.Asks(question.filter.holds, group, owner=bool({"owner", "team", "unit"} & set(question.group_by))
                             or "owner" in question.filter.uses, expected_close="expected_close" in question.filter.uses)
        return {group_key + (bucket, category): dict(deals=deals, value=None if bucket in (None, "unconverted") else (value, bucket),
                                                     changes=changes)
                for (group_key, bucket, category), (deals, value, changes) in movement.book(opening, closing, asks, names).items()}

    rows = count(lambda w, d: tuple(DEAL_DIMENSIONS[name](w, d, None) for name in question.group_by))
    if question.group_by:
        rows.update({(TOTAL,) * len(question.group_by) + key: measures for key, measures in count(lambda w, d: ()).items()})
    return rows


def _world(question, events, zone, position, valid_at):
    world = question.world(events, zone, default_attribution="at_event")
    return World(events, position, valid_at, zone, world.book, world.as_recorded, world.attribution, world.currency)


def _spec(aggregate, **more):
    return Spec(aggregate.answer, aggregate.collection, tuple(aggregate.dimensions), ("", *aggregate.modes) if aggregate.modes else (),
                has_money=aggregate.has_money, **more)


REPORTS = {
    "pipeline_snapshot": _spec(SNAPSHOT, period_chance=0),
    "sales_forecast": _spec(FORECAST, period_chance=0.9),
    "won_lost": _spec(WON_LOST),
    "sales_cycle": _spec(CYCLE, arguments={"start": ("created", "capture", "offer"), "outcome": ("lost", "all")}),
    "sales_conversion": _spec(CONVERSION, arguments={"within_days": ("3", "30")}, as_recorded=False),
    "pipeline_detail": Spec(detail, modes=("", "open", "expected", "overdue", "won", "lost", "all"),
                            modes_of_a_moment=("", "open", "overdue", "all")),
    "sales_funnel": Spec(funnel_answer, dimensions=("owner", "team", "unit", "source", "product", "organization"),
                         modes=("", "strict", "touched", "implied"), arguments={"by": ("period", "cohort")}, has_money=False,
                         as_recorded=False),
    "pipeline_movement": Spec(movement_answer, dimensions=("owner", "pipeline"), period_chance=0.9, as_recorded=False),
}
