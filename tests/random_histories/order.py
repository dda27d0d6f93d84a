"""The order of an answer's rows (report.proto, RunReportRequest.sort), from its values alone."""

import re
from functools import cmp_to_key

from random_histories.compare import NONE_TEXTS, as_number
from random_histories.movements import moments

CATEGORIES = ("opening", "restated", "rule", "new", "reopened", "increased", "pulled_in", "transferred_in", "moved_in", "won", "lost",
              "removed", "decreased", "pushed_out", "transferred_out", "moved_out", "revaluation", "advanced", "regressed", "closing")
BUCKETS = ("won", "open", "overdue", "undated")
BAND = re.compile(r"[<>]?=?(\d+)(?:-\d+|\+)?")  # sizes stand by size
DEFAULT_SORT = {"pipeline_detail": "expected_close, value desc"}


def misplaced(question, client, answer, events, zone, random):
    """Sentences: rows that do not stand where they should, by default and sorted by columns chosen at random."""
    ranks = _ranks(question, events, zone)
    if _is_ambiguous(answer, ranks["stage"]):
        return []
    by = lambda columns, rows: sorted(rows, key=cmp_to_key(_order(answer, columns, ranks)))
    rows = by([(name, False) for name in answer.dimensions], _rows(answer))
    problems = _compare("by default", answer, by(_parsed(DEFAULT_SORT.get(question.report, "")), rows))
    chosen = [(name, random.random() < 0.5) for name in random.sample(answer.columns, min(len(answer.columns), random.choice([1, 1, 2])))]
    sort = ", ".join(name + " desc" * is_descending for name, is_descending in chosen)
    again = client.report(question.report, sort=sort, **question.parameters())
    return problems + _compare(f"by {sort}", again, by(chosen, rows))


def _is_ambiguous(answer, stages):
    """Only its records tell of which pipeline a stage is that several have."""
    names = [pair[1] for pair in stages if isinstance(pair, tuple)]
    shared = {name for name in names if names.count(name) > 1}
    columns = {"stage", "from_stage", "to_stage"} & set(answer.columns)
    return "pipeline" not in answer.columns and any(answer._read(raw)[column] in shared for raw in answer.raw_rows for column in columns)


def _rows(answer):
    """Groups, totals, and what is apart from both."""
    return [((bool(raw.apart), raw.is_total), answer._read(raw)) for raw in answer.raw_rows]


def _compare(how, answer, wanted):
    for number, (left, right) in enumerate(zip(wanted, _rows(answer))):
        if left != right:
            return [f"{how}: row {number} is {right}, and should be {left}"]
    return [] if len(wanted) == len(answer.raw_rows) else [f"{how}: {len(answer.raw_rows)} rows, and should be {len(wanted)}"]


def _parsed(sort):
    return [(part.split()[0], part.endswith(" desc")) for part in sort.split(", ")] if sort else []


def _ranks(question, events, zone):
    """{column: {text: place}} of texts that do not stand by the alphabet; what only the compared rules know stands after the rest."""
    stages, pipelines = {}, {}
    for asked in [question, *([question.compared(events, zone)] if question.compare else [])]:
        closing = moments(asked, events, zone)[1] if asked.report == "pipeline_movement" else None
        world = asked.world(events, zone, moment=closing)
        for pipeline, own in world.book.pipelines(world.rule_day).items():
            pipelines.setdefault(pipeline, len(pipelines))
            for stage, _ in own:
                place = stages.setdefault((pipeline, stage), len(stages))
                stages.setdefault(stage, place)  # also where the row stands under another pipeline: that of before a move
    return {"pipeline": pipelines, "stage": stages, "from_stage": stages, "to_stage": stages,
            "category": _places(CATEGORIES), "bucket": _places(BUCKETS)}


def _places(texts):
    return {text: place for place, text in enumerate(texts)}


def _order(answer, columns, ranks):
    def compare(a, b):
        if a[0] != b[0]:
            return 1 if a[0] > b[0] else -1  # totals last, and under them what is apart
        for column, is_descending in columns:
            x, y = (_value(answer, column, row[1][column]) for row in (a, b))
            if _lateness(x) or _lateness(y):
                if _lateness(x) != _lateness(y):
                    return 1 if _lateness(x) > _lateness(y) else -1
                continue
            x, y = (_comparable(value, row[1], column, ranks) for value, row in ((x, a), (y, b)))
            if isinstance(x, tuple) and None in (x[0], y[0]):
                x, y = x[1:], y[1:]  # amounts of which one has no currency
            if x != y:
                return (1 if x > y else -1) * (-1 if is_descending else 1)
        return 0
    return compare


def _lateness(value):
    """In either direction: what has no value comes last, what has no rate before it."""
    return 2 if value is None else int(value == "unconverted")


def _value(answer, column, value):
    """None where there is no value, also where a dimension says so in a word."""
    if column in answer.dimensions and value == NONE_TEXTS.get(column):
        return None
    return value if value is None or isinstance(value, (str, bool)) else as_number(value)


def _comparable(value, row, column, ranks):
    if isinstance(value, str) and BAND.fullmatch(value):
        return -1 if value.startswith("<") else int(BAND.fullmatch(value)[1]), value
    if isinstance(value, str):  # of a stage that several pipelines have, the row may say which is meant
        name, compared, _ = column.partition(".compared")
        places = ranks.get(name, {})
        return places.get((row.get("pipeline" + compared), value), places.get(value, len(places))), value
    return value[::-1] if isinstance(value, tuple) else value
