"""Groups and measures (decisions.md 17, 20, 23): records counted, summed, compared; exact medians and percentiles."""

import dataclasses
import itertools
from fractions import Fraction


@dataclasses.dataclass
class Measure:
    function: str                                  # count, sum, min, max, median, percentile, distinct, ratio
    where: object = lambda world, record: True
    value: object = None                           # (world, record) -> number, (minor, currency), text or None
    numerator: str = ""                            # of a ratio: measure ids
    denominator: str = ""
    percent: int = 0
    is_money: bool = False


def count(where=lambda world, record: True):
    return Measure("count", where)


def total(value, where=lambda world, record: True, is_money=False):
    return Measure("sum", where, value, is_money=is_money)


def ratio(numerator, denominator):
    return Measure("ratio", numerator=numerator, denominator=denominator)


def reduce(measure, world, records, currency=None):
    """Of the records that a measure counts, all of one currency. A sum of nothing is 0; of records that all have no value, none;
    money in no currency is none."""
    if measure.function == "count":
        return len(records)
    values = [value for value in (measure.value(world, record) for record in records) if value is not None]
    if measure.is_money:
        values = [minor for minor, _ in values if minor is not None]
        if currency is None:
            return None
    result = None if records and not values else _reduce(measure, sorted(values))
    return (result, currency) if measure.is_money and result is not None else result


def _reduce(measure, values):
    if measure.function == "sum":
        return sum(values)
    if measure.function == "distinct":
        return len(set(values))
    if not values:
        return None
    if measure.function in ("min", "max"):
        return values[0] if measure.function == "min" else values[-1]
    if measure.function == "median":
        middle = len(values) // 2
        return values[middle] if len(values) % 2 else Fraction(values[middle - 1] + values[middle], 2)
    rank = -(-measure.percent * len(values) // 100)  # nearest rank: ceil(p/100 x n)
    return values[max(rank, 1) - 1]


def divide(numerator, denominator):
    """(numerator, denominator[, currency of money by a number]); None where the denominator is empty."""
    top = numerator if isinstance(numerator, tuple) else (numerator, None)
    bottom = denominator if isinstance(denominator, tuple) else (denominator, None)
    if not bottom[0] or top[0] is None:
        return None
    return (top[0], bottom[0]) + ((top[1],) if top[1] and not bottom[1] else ())


def keys_of(values):
    """Keys of a record: one for each text of a set; what has none stands under None (decisions.md 22)."""
    return list(itertools.product(*(sorted(v) or [None] if isinstance(v, frozenset) else [v] for v in values)))
