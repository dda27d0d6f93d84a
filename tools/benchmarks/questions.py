"""The questions that are asked: of the product as reports, of its peers as SQL (read_sql/questions), and how answers become
cells that can be compared."""

import dataclasses
import os
from datetime import date, datetime, time, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

from benchmarks import history

SQL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "read_sql")
ZONE = ZoneInfo(history.TENANT["zone"])
QUARTER = (date(2025, 7, 1), date(2025, 9, 30))
YEARS = (history.FIRST_DAY, history.LAST_DAY)
# Hour of the last day, UTC, at which the history's clock stands.
CLOCK_HOUR = 20


@dataclasses.dataclass(frozen=True)
class Question:
    """Columns of the SQL: the groups (a report's own first ones in another order: `columns`), then the measures."""
    report: str
    group_by: tuple
    measures: tuple
    mode: str = ""
    # Columns of the answer that are groups, in the order of the SQL.
    columns: tuple = ()
    has_period: bool = True
    # Peers beside the facts and the events.
    more_peers: tuple = ("events",)

    def groups(self):
        return self.columns or self.group_by

    def sql(self, kind, period, today=history.LAST_DAY):
        """kind: facts, views, events."""
        with open(os.path.join(SQL, "questions", f"{self.report}.{kind}.sql"), encoding="utf-8") as file:
            text = file.read()
        first, last = period
        return text.format(begin=instant(first), end=instant(last + timedelta(days=1)), first=first.isoformat(),
                           last=last.isoformat(), today=today.isoformat())

    def parameters(self, period):
        """Of ReportParameters."""
        made = dict(group_by=list(self.group_by), measures=list(self.measures))
        if self.mode:
            made["mode"] = self.mode
        if self.has_period:
            made["period"] = f"{period[0].isoformat()}..{period[1].isoformat()}"
        return made


MONEY = ("currency",)
QUESTIONS = (
    Question("won_lost", ("source", "pipeline"), ("closed", "won", "lost", "won_value", "lost_value"),
             columns=("source", "pipeline") + MONEY, more_peers=("views", "events")),
    Question("sales_funnel", ("source",), ("reached", "continued", "lost_here"), mode="touched",
             columns=("source", "pipeline", "stage"), more_peers=("views", "events")),
    Question("pipeline_snapshot", ("pipeline", "stage"), ("deals", "value", "weighted"),
             columns=("pipeline", "stage") + MONEY, has_period=False, more_peers=("views", "events")),
    Question("sales_forecast", ("bucket", "pipeline"), ("deals", "value", "forecast"), columns=("bucket", "pipeline") + MONEY),
    Question("sales_conversion", ("source", "month"), ("leads", "mql", "sql", "sal", "deals", "won"), mode="cohort",
             more_peers=("views", "events")),
    Question("sales_cycle", ("source", "pipeline"), ("deals", "days", "median", "p90", "least", "most")),
)


def instant(day):
    """Begin of a local day."""
    return datetime.combine(day, time(0), ZONE).astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S+00")


# ---- Answers as sets of cells ----

def cells_of_sql(question, rows):
    """{groups: measures}; groups that have nothing are left out, as a peer's `group by` does."""
    width = len(question.groups())
    result = {}
    for row in rows:
        key = tuple(None if cell is None else month(name, cell) for name, cell in zip(question.groups(), row[:width]))
        measures = tuple(None if cell is None else Fraction(cell) for cell in row[width:])
        if any(measures):
            result[key] = measures
    return result


def month(name, cell):
    return cell[:7] if name == "month" else cell


def cells_of_answer(question, answer):
    """Of a RunReportResponse."""
    place = {column.id: index for index, column in enumerate(answer.columns)}
    result = {}
    for row in answer.rows:
        if row.is_total or row.apart:  # what is apart from the groups the peers are not asked for
            continue
        key = tuple(value_of(row.cells[place[name]].value) for name in question.groups())
        measures = tuple(value_of(row.cells[place[name]].value) for name in question.measures)
        if any(measures):
            result[key] = tuple(measures)
    return result


def value_of(value):
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "integer":
        return Fraction(value.integer)
    if kind == "money":
        return Fraction(value.money.units * 100 + value.money.nanos // 10_000_000)
    if kind == "ratio":
        return Fraction(value.ratio.numerator, value.ratio.denominator)
    if kind == "date":
        return f"{value.date.year}-{value.date.month:02d}"
    return getattr(value, kind)


def difference(ours, theirs):
    """A sentence with the first cell that differs; empty: none does."""
    for key in sorted(set(ours) | set(theirs), key=str):
        if ours.get(key) != theirs.get(key):
            return f"{key}: ours {shown(ours.get(key))}, theirs {shown(theirs.get(key))}"
    return ""


def shown(measures):
    return "nothing" if measures is None else "(" + ", ".join(map(str, measures)) + ")"
