"""What each report of the catalogue must say, from its definition in words, over the reference's facts.

A spec's `answer(question, events, zone)` gives {key: {measure: value}}: the key holds the values of the key columns, None where a
record has no value there.
"""

import dataclasses

from random_histories.aggregates import CYCLE, DEAL_DIMENSIONS, FORECAST, OWN_DIMENSIONS, SNAPSHOT, TOTAL, WON_LOST, detail
from random_histories.conversion import CONVERSION, WITHOUT_LEAD, conversion_answer
from random_histories.movements import movement_answer
from reference import funnel
from reference.aggregate import keys_of


@dataclasses.dataclass
class Spec:
    answer: object
    collection: str = "deals"
    dimensions: tuple = ()
    modes: tuple = ()
    arguments: dict = dataclasses.field(default_factory=dict)
    period_chance: float = 0.5
    has_money: bool = True
    modes_of_a_moment: tuple = ()   # they take no period
    has_opening: bool = False
    default_group_by: tuple = ()
    ratios: dict = dataclasses.field(default_factory=dict)  # measure -> measures that it is a ratio of
    measures: tuple = ()            # all of them, hidden ones too
    beside_the_whole: dict = dataclasses.field(default_factory=dict)  # measure -> function, and measure that it opens into
    additive: frozenset = frozenset()                       # measures that count or add
    money: frozenset = frozenset()                          # of those, the ones that are money
    currency_at: int = -1                                   # place in the key of what the money of a row is in
    apart: object = None                                    # key of the row of records of another collection, and the collection
    apart_collection: str = ""


def funnel_answer(question, events, zone):
    world = question.world(events, zone)
    inside = question.in_period(world.calendar)
    by_period = question.arguments.get("by") == "period"
    deals = [d for d in world.records("deals") if question.filter.holds(world, d, None if by_period else d.created_at)
             and (by_period or not question.period or inside(d.created_at))]
    keys = lambda d: keys_of(DEAL_DIMENSIONS[name](world, d, None if by_period else d.created_at) for name in question.group_by)
    return with_total(question, lambda groups: funnel.rows(
        world, deals, groups, question.mode or "strict", inside if by_period and question.period else lambda at: True), keys)


def with_total(question, count, keys):
    """Rows of the groups and, where there are any, of the total."""
    rows = count(keys)
    grouped = len(question.group_by)
    whole = count(lambda record: [()]) if grouped else {}
    for row, measures in rows.items():
        measures["step_above_average"] = funnel.above_average(measures["step"], whole[row[grouped:]]["step"]) if grouped else None
    return rows | {(TOTAL,) * grouped + row: measures | {"step_above_average": None} for row, measures in whole.items()}


def _spec(aggregate, **more):
    return Spec(aggregate.answer, aggregate.collection, tuple(aggregate.dimensions), ("", *aggregate.modes) if aggregate.modes else (),
                has_money=aggregate.has_money, default_group_by=aggregate.default_group_by, ratios=aggregate.ratios,
                beside_the_whole=aggregate.beside_the_whole, measures=tuple(aggregate.measures),
                additive=aggregate.additive, money=aggregate.money, **more)


FUNNEL_COUNTS = frozenset({"reached", "continued", "lost_here", "skipped", "regressions"})

REPORTS = {
    "pipeline_snapshot": _spec(SNAPSHOT, period_chance=0),
    "sales_forecast": _spec(FORECAST, period_chance=0.9),
    "won_lost": _spec(WON_LOST, arguments={"benchmark": ("2500",)}),
    "sales_cycle": _spec(CYCLE, arguments={"start": ("created", "capture", "offer"), "outcome": ("lost", "all"), "bands": ("1000", "0, 500,20000")}),
    "sales_conversion": dataclasses.replace(_spec(CONVERSION, arguments={"within_days": ("3", "30")}), answer=conversion_answer,
                                            apart=WITHOUT_LEAD, apart_collection="deals"),
    "pipeline_detail": Spec(detail, modes=("", "open", "expected", "overdue", "won", "lost", "all"),
                            modes_of_a_moment=("", "open", "overdue", "all")),
    "sales_funnel": Spec(funnel_answer, dimensions=("owner", "team", "unit", "source", "product", "organization", "sector",
                                                    *OWN_DIMENSIONS),
                         modes=("", "strict", "touched", "implied"), arguments={"by": ("period", "cohort")}, has_money=False,
                         ratios={"step": ("continued", "reached"), "cumulative": ("came_through", "entered")}, additive=FUNNEL_COUNTS),
    "pipeline_movement": Spec(movement_answer, dimensions=("owner", "team", "unit", "source", "product", "organization", "sector",
                                                           "pipeline", "stage", "from_stage", "to_stage", *OWN_DIMENSIONS),
                              period_chance=0.9, arguments={"expected_close": ("2024-Q1", "2024-03", "2024-02-10..")}, has_opening=True,
                              additive=frozenset({"deals", "value", "changes"}), money=frozenset({"value"}), currency_at=-2),
}
