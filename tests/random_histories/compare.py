"""The engine's answers beside the reference's, cell by cell."""

from fractions import Fraction

from harness.client import Refused
from random_histories.reports import REPORTS, TOTAL

# What stands in the row of records that have no value in a dimension.
NONE_TEXTS = {"owner": "unassigned", "team": "no_team", "unit": "no_unit", "source": "no_source", "product": "no_product",
              "organization": "no_customer", "currency": "no_value", "stage": "unknown", "sector": "no_segment"}


def engine_rows(answer):
    """{key: {measure: value}} of an Answer; totals under TOTAL."""
    dimensions, grouped = answer.dimensions, len([name for name in answer.basis.group_by if name != "-"])
    rows = {}
    for raw in answer.raw_rows:
        row = dict(zip(answer.columns, (answer._read(raw)).values()))
        key = []
        for place, name in enumerate(dimensions):
            value = TOTAL if raw.is_total and place < grouped else row[name]
            key.append(None if value == NONE_TEXTS.get(name) else value)
        key = tuple(key)
        if key in rows:
            raise AssertionError(f"two rows {key} in\n{answer.table()}")
        rows[key] = {name: value for name, value in row.items() if name not in dimensions}
    return rows


def is_nothing(value):
    """No value, or a zero: a row that one side leaves out holds only these."""
    return value is None or value == 0 or (isinstance(value, tuple) and value[0] in (0, None))


def differences(question, client, events, zone):
    """Sentences, empty if engine and reference agree."""
    spec = REPORTS[question.report]
    try:
        answer = client.report(question.report, **question.parameters())
    except Refused as error:
        return [f"the engine refuses: {error}"], None
    wanted, found = spec.answer(question, events, zone), engine_rows(answer)
    problems = []
    for key in sorted(set(wanted) | set(found), key=str):
        left, right = wanted.get(key, {}), found.get(key, {})
        for measure in sorted(set(left) & set(right) if left and right else set(left) | set(right)):
            a, b = left.get(measure), right.get(measure)
            if measure == "median" and isinstance(b, tuple):
                b = Fraction(*b)
            if a != b and not (is_nothing(a) and is_nothing(b) and not (left and right)):
                problems.append(f"{key} {measure}: the reference says {a}, the engine {b}")
    return problems, answer


def unexplained(client, answer, random):
    """Cells whose contributions do not add up to them; looks at a few."""
    cells = [(raw, index) for raw in answer.raw_rows for index, cell in enumerate(raw.cells) if cell.cell_id]
    problems = []
    for raw, index in random.sample(cells, min(3, len(cells))):
        value = list(answer._read(raw).values())[index]
        column = answer.columns[index]
        page, contributions = client.explain(raw.cells[index].cell_id)
        problems += [f"{column} of {answer._read(raw)}: {problem}" for problem in _adds_up(page, contributions, value)]
    return problems


def _adds_up(page, contributions, value):
    from harness.values import value_of
    if value_of(page.value) != value:
        yield f"explained as {value_of(page.value)}"
    if len(contributions) != page.total_contributions:
        yield f"{len(contributions)} contributions of {page.total_contributions}"
    if len({c.record for c in contributions}) != len(contributions):
        yield "a record contributes twice"
    numbers = [value_of(c.value) for c in contributions]
    if any(c.rank for c in contributions):
        if sorted(c.rank for c in contributions) != list(range(1, len(contributions) + 1)):
            yield "ranks have gaps"
    elif isinstance(value, tuple) and any(c.HasField("denominator") for c in contributions):
        numerator = sum(_number(value_of(c.numerator)) for c in contributions)
        denominator = sum(_number(value_of(c.denominator)) for c in contributions)
        if (numerator, denominator) != value[:2]:
            yield f"contributions make {numerator}/{denominator}"
    elif page.formula.startswith(("count(", "sum(")) and "distinct" not in page.formula:
        if sum(map(_number, numbers)) != _number(value):
            yield f"contributions make {sum(map(_number, numbers))}"


def _number(value):
    if value is None:
        return 0
    return value[0] if isinstance(value, tuple) else int(value)
