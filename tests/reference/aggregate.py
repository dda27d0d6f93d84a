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
    facts: object = lambda world, record: [record]  # of a record: what is counted of it


def count(where=lambda world, record: True, **more):
    return Measure("count", where, **more)


def total(value, where=lambda world, record: True, is_money=False):
    return Measure("sum", where, value, is_money=is_money)


def ratio(numerator, denominator):
    return Measure("ratio", numerator=numerator, denominator=denominator)


def share(of):
    """Of the total row of the same currency."""
    return Measure("share", numerator=of)


def below_others(added, counted):
    """1 - mean(group) / mean(all others) (decisions.md 23)."""
    return Measure("below_others", numerator=added, denominator=counted)


MADE_OF_OTHERS = ("ratio", "share", "below_others")


def compose(measure, group, whole):
    """A measure made of others: `group` and `whole` hold the simple ones of a row and of its total."""
    if measure.function == "ratio":
        return divide(group[measure.numerator], group[measure.denominator])
    if measure.function == "share":
        return divide(group[measure.numerator], whole[measure.numerator])
    mean = _mean(group[measure.numerator], group[measure.denominator])
    of_others = _mean(*(None if whole[part] is None or group[part] is None else whole[part] - group[part]
                        for part in (measure.numerator, measure.denominator)))
    if mean is None or not of_others:
        return None
    below = 1 - mean / of_others
    return below.numerator, below.denominator


def _mean(added, counted):
    return None if added is None or not counted else Fraction(added, counted)


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
