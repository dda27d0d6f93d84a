"""The engine's answers beside the reference's, cell by cell."""

from fractions import Fraction

from harness.client import Refused
from random_histories.reports import REPORTS, TOTAL

# What stands in the row of records that have no value in a dimension.
NONE_TEXTS = {"owner": "unassigned", "team": "no_team", "unit": "no_unit", "source": "no_source", "product": "no_product",
              "organization": "no_customer", "currency": "no_value", "stage": "unknown", "sector": "no_segment",
              "from_stage": "outside", "to_stage": "outside", "size_band": "no_value", "tags": "no_tags", "field.segment": "no_value"}
COMPARED, CHANGE = ".compared", ".change"
AS_NUMBERS = ("median", "median_days_to_deal", "median_days_to_win", "faster", "step_above_average")  # halves are ratios; least terms


def key_of(answer, raw):
    """What names a row: the values of its dimensions, TOTAL for what it is the total of."""
    if raw.apart:
        return (f"({raw.apart})",)
    grouped, row = len([name for name in answer.basis.group_by if name != "-"]), answer._read(raw)
    values = [TOTAL if raw.is_total and place < grouped else row[name] for place, name in enumerate(answer.dimensions)]
    return tuple(None if value == NONE_TEXTS.get(name) else value for name, value in zip(answer.dimensions, values))


def engine_rows(answer):
    """{key: {measure: value}} of an Answer; totals under TOTAL."""
    dimensions, rows = answer.dimensions, {}
    for raw in answer.raw_rows:
        key = key_of(answer, raw)
        if key in rows:
            raise AssertionError(f"two rows {key} in\n{answer.table()}")
        rows[key] = {name: value for name, value in answer._read(raw).items() if name not in dimensions}
    return rows


def reference_rows(question, events, zone):
    """The same by the reference; of a comparison both runs and what changed from the second to the first."""
    spec = REPORTS[question.report]
    first = spec.answer(question, events, zone)
    if not question.compare:
        return first
    compared = question.compared(events, zone)
    second = spec.answer(compared, events, zone)
    drafted = compared.basis[0] == "draft" and question.basis[0] != "draft"  # what would hold minus what holds
    rows = {}
    for key in set(first) | set(second):
        left, right = first.get(key), second.get(key)
        left, right = left or _nothing(spec, key, right, first), right or _nothing(spec, key, left, second)
        rows[key] = dict(left)
        for measure in left:
            rows[key][measure + COMPARED] = right[measure]
            change = _difference(left[measure], right[measure])
            rows[key][measure + CHANGE] = (-change[0], change[1]) if drafted and change else change
    return rows


def _nothing(spec, key, other, rows):
    """A group that one run does not have: nothing to count, 0 to add, a share of 0 in its total; but no money in no currency."""
    currency = key[spec.currency_at] if spec.money else None
    money = None if currency in (None, "unconverted") else (0, currency)
    if key == spec.apart:  # it has not all measures
        return {measure: None if value is None or measure not in spec.additive else 0 for measure, value in other.items()}
    nothing = {measure: (money if measure in spec.money else 0) if measure in spec.additive else None for measure in other}
    grouped = len(key) - (1 if spec.money else 0)
    total = rows.get((TOTAL,) * grouped + key[grouped:]) or {}
    shares = {measure for measure, (function, _) in spec.beside_the_whole.items() if function == "share"}
    return nothing | {measure: (0, total[measure][1]) for measure in shares & set(other) if total.get(measure)}


def _difference(left, right):
    """None where there is none: no value, or money of two currencies."""
    left, right = as_number(left), as_number(right)
    if left is None or right is None or left[1] != right[1]:
        return None
    return left[0] - right[0], left[1]


def as_number(value):
    """(Fraction, currency or None) of a number, money or ratio; None of all else; of such a pair itself."""
    if isinstance(value, (int, Fraction)) and not isinstance(value, bool):
        return Fraction(value), None
    if not isinstance(value, tuple) or value[0] is None:
        return None
    if isinstance(value[1], str):
        return Fraction(value[0]), value[1]
    if value[1] is None:
        return Fraction(value[0]), None
    return Fraction(value[0], value[1]), value[2] if len(value) > 2 else None


def is_nothing(value):
    """No value, or a zero: a row that one side leaves out holds only these."""
    return value is None or value == 0 or (isinstance(value, tuple) and value[0] in (0, None))


def differences(question, client, events, zone):
    """Sentences, empty if engine and reference agree."""
    try:
        answer = client.report(question.report, **question.parameters())
    except Refused as error:
        return [f"the engine refuses: {error}"], None
    wanted, found = reference_rows(question, events, zone), engine_rows(answer)
    problems = []
    if answer.response.total_rows != len(answer.raw_rows):
        problems.append(f"{len(answer.raw_rows)} rows on all pages, and {answer.response.total_rows} promised")
    for key in sorted(set(wanted) | set(found), key=str):
        left, right = wanted.get(key, {}), found.get(key, {})
        for measure in sorted(set(left) & set(right) if left and right else set(left) | set(right)):
            a, b = left.get(measure), right.get(measure)
            if not _same(measure, a, b) and not (is_nothing(a) and is_nothing(b) and not (left and right)):
                problems.append(f"{key} {measure}: the reference says {a}, the engine {b}")
    return problems, answer


def _same(measure, a, b):
    if measure.endswith(CHANGE) or measure.removesuffix(COMPARED) in AS_NUMBERS:
        return as_number(a) == as_number(b)
    return a == b
