#!/usr/bin/python3
"""tools/bench read: the history, the comparison of answers, the rows; and, where PostgreSQL is installed, a short run of the
whole, whose answers PostgreSQL counts too. No timing is asserted."""

import glob
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from fractions import Fraction
from types import SimpleNamespace
from unittest import mock

from harness.protos import BIN, SOURCE, v1

sys.path.insert(0, os.path.join(SOURCE, "tools"))

from benchmarks import duckdb, history, read_measures  # noqa: E402
from benchmarks.goals import STATED, Figure, Goal, Row, Samples, judge  # noqa: E402
from benchmarks.programs import BenchError  # noqa: E402
from benchmarks.questions import (QUARTER, QUESTIONS, YEARS, Question, cells_of_answer, cells_of_sql, difference,  # noqa: E402
                                  instant)
from benchmarks.read_lab import ReadLab  # noqa: E402

HAS_PEER = bool(glob.glob("/usr/lib/postgresql/15/bin/postgres")) and bool(shutil.which("protoc"))
# Each line of the goal table and the rows that answer it.
GOAL_TABLE = {
    "one quarter, two dimensions": [
        (f"quarter/{report}/{peer}{at}", goal) for report in ("won_lost", "sales_funnel")
        for peer, goal in (("facts", Goal(at_least=10)), ("duckdb", Goal(at_least=2)), ("events", Goal(at_least=50)),
                           ("views", STATED))
        for at in ("", "_p99")],
    "five years, whole tenant": [
        (f"years/{report}/{peer}", goal)
        for report in ("won_lost", "sales_funnel", "sales_forecast", "sales_conversion", "sales_cycle")
        for peer, goal in (("facts", Goal(at_least=30)), ("duckdb", Goal(at_least=2)))],
    "other moments and rules": [
        (f"past/{report}/{way}", Goal(at_most=1.5)) for report in ("won_lost", "pipeline_snapshot", "sales_forecast")
        for way in ("as_of", "valid_at", "rules")],
    "row rights": [(f"rights/{report}", Goal(at_most=1.1)) for report in ("won_lost", "sales_funnel", "pipeline_snapshot",
                                                                        "sales_forecast", "sales_conversion", "sales_cycle")],
    "explain": [("explain/whole", Goal(value_at_most=20, unit="ms"))],
    "fresh": [("fresh/p50", Goal(value_at_most=3, unit="ms")), ("fresh/p99", Goal(value_at_most=15, unit="ms"))],
    "rebuild": [("rebuild/postgres", STATED), ("rebuild/left", Goal(value_at_most=20, unit="%"))],
    "live projection": [("live/events", Goal(value_at_least=50_000, unit="events/s"))],
    "memory, disk, start": [("start/memory", STATED), ("start/disk", STATED), ("start/serves", Goal(value_at_most=3, unit="s"))],
    "growth": [("growth/won_lost", Goal(at_most=1.2))],
    "bounded memory": [("memory/most", Goal(at_most=1)), ("memory/quarter", STATED), ("memory/years", STATED)],
}


def rows_of(past):
    """Text of the whole event table."""
    file = io.StringIO()
    rows = history.EventRows(file)
    for day, occurrences in past.days():
        rows.write(day, occurrences)
    return file.getvalue()


class HistoryTest(unittest.TestCase):
    def test_a_seed_is_a_history(self):
        texts = [rows_of(history.History(seed, 300)) for seed in (1, 1, 2)]
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        self.assertEqual(digests[0], digests[1])
        self.assertNotEqual(digests[0], digests[2])

    def test_as_many_deals_as_leads_and_ten_events_for_each(self):
        past = history.History(3, 3000)
        lines = rows_of(past).splitlines()
        self.assertAlmostEqual(1, past.deals / past.leads, delta=0.1)
        self.assertAlmostEqual(10, past.events / past.leads, delta=2)
        self.assertEqual(past.events, len(lines))
        self.assertEqual({len(history.EVENT_COLUMNS)}, {len(line.split(",")) for line in lines})

    def test_a_record_is_entered_in_the_order_of_occurrence_and_never_before_it_occurs(self):
        last = {}
        late = 0
        for day, occurrences in history.History(4, 1000).days():
            entered = (day - history.FIRST_DAY).days
            for one in occurrences:
                key = (one.kind < history.CREATED, one.record)
                self.assertGreater(one.second, last.get(key, -1), f"{key} on {day}")
                self.assertLessEqual(one.second // history.DAY_SECONDS, entered)
                late += one.second // history.DAY_SECONDS < entered
                last[key] = one.second
        self.assertGreater(late, 0, "nothing is entered late: this tells nothing of it")

    def test_it_is_skewed(self):
        by_owner = {}
        for _, occurrences in history.History(5, 3000).days():
            for one in occurrences:
                if one.kind == history.CREATED:
                    by_owner[one.fields["owner"]] = by_owner.get(one.fields["owner"], 0) + 1
        counts = sorted(by_owner.values(), reverse=True)
        self.assertGreater(sum(counts[:20]), 0.3 * sum(counts))


QUESTION = Question("won_lost", ("source",), ("closed", "won_value"), columns=("source", "currency"))


def answer(*rows):
    made = v1.RunReportResponse()
    for column in ("source", "currency", "closed", "won_value"):
        made.columns.add(id=column)
    for source, closed, cents in rows:
        row = made.rows.add()
        for _ in made.columns:
            row.cells.add()
        if source:
            row.cells[0].value.text = source
        row.cells[1].value.text = "ILS"
        row.cells[2].value.integer = closed
        row.cells[3].value.money.units, row.cells[3].value.money.nanos = cents // 100, cents % 100 * 10_000_000
    total = made.rows.add(is_total=True)
    for _ in made.columns:
        total.cells.add()
    return made


class ComparisonTest(unittest.TestCase):
    THEIRS = [("web", "ILS", "3", "12345"), (None, "ILS", "1", "0")]

    def test_equal_answers_are_equal(self):
        ours = cells_of_answer(QUESTION, answer(("web", 3, 12345), ("", 1, 0), ("phone", 0, 0)))
        self.assertEqual({("web", "ILS"): (3, 12345), (None, "ILS"): (1, 0)}, ours)
        self.assertEqual("", difference(ours, cells_of_sql(QUESTION, self.THEIRS)))

    def test_one_cent_is_a_difference(self):
        ours = cells_of_answer(QUESTION, answer(("web", 3, 12346), ("", 1, 0)))
        self.assertEqual("('web', 'ILS'): ours (3, 12346), theirs (3, 12345)",
                         difference(ours, cells_of_sql(QUESTION, self.THEIRS)))

    def test_a_missing_row_is_a_difference_on_either_side(self):
        ours, theirs = cells_of_answer(QUESTION, answer(("web", 3, 12345))), cells_of_sql(QUESTION, self.THEIRS)
        self.assertIn("ours nothing", difference(ours, theirs))
        self.assertIn("theirs nothing", difference(theirs, ours))

    def test_halves_and_months_are_exact(self):
        question = Question("sales_cycle", ("month",), ("median",))
        made = v1.RunReportResponse()
        for column in ("month", "median"):
            made.columns.add(id=column)
        row = made.rows.add()
        row.cells.add().value.date.year, row.cells[0].value.date.month = 2025, 7
        row.cells.add().value.ratio.numerator, row.cells[1].value.ratio.denominator = 231, 2
        self.assertEqual({("2025-07",): (Fraction(231, 2),)}, cells_of_answer(question, made))
        self.assertEqual("", difference(cells_of_answer(question, made), cells_of_sql(question, [("2025-07-01", "115.5")])))

    def lab(self, theirs):
        client = SimpleNamespace(request=lambda question, period: None, answer=lambda request: answer(("web", 3, 12345)))
        return SimpleNamespace(on=lambda folder: client, duckdb=None, connection=SimpleNamespace(execute=lambda sql: theirs))

    def test_what_differs_is_not_measured(self):
        read_measures.compare(self.lab(self.THEIRS[:1]), QUESTION, QUARTER, ("facts", "duckdb"))
        with self.assertRaisesRegex(BenchError, "PostgreSQL's fact tables and we differ at"):
            read_measures.compare(self.lab([("web", "ILS", "3", "1")]), QUESTION, QUARTER, ("facts",))
        empty = self.lab([])
        empty.on("").answer = lambda request: answer()
        with self.assertRaisesRegex(BenchError, "compares nothing"):
            read_measures.compare(empty, QUESTION, QUARTER, ("facts",))

    def test_a_period_is_local_days(self):
        self.assertEqual("2025-06-30 21:00:00+00", instant(QUARTER[0]))  # summer time
        self.assertEqual("2020-12-31 22:00:00+00", instant(YEARS[0]))


class RowsTest(unittest.TestCase):
    def setUp(self):
        self.rows = {row.name: row for group in read_measures.groups() for row in group.rows}

    def test_every_row_of_the_goal_table_is_there(self):
        for line, expected in GOAL_TABLE.items():
            for name, goal in expected:
                self.assertIn(name, self.rows, line)
                self.assertEqual(goal, self.rows[name].goal, name)

    def test_rows_speak_of_contestants_of_their_group(self):
        for group in read_measures.groups():
            for row in group.rows:
                self.assertTrue(row.name == group.name or row.name.startswith(group.name + "/"), row.name)
                self.assertLessEqual({figure.contestant for figure in (row.ours, *row.peers)}, set(group.contestants), row.name)

    def test_every_question_is_written_in_sql(self):
        for question in QUESTIONS:
            for kind in ("facts",) + question.more_peers:
                text = question.sql(kind, QUARTER)
                self.assertIsNone(re.search(r"{\w*}", text), f"{question.report}.{kind}.sql leaves something open")

    def test_speed_is_how_many_times_as_fast(self):
        samples = Samples()
        samples.add("ours", dict(p50_ms=2.0))
        samples.add("slow", dict(p50_ms=50.0))
        samples.add("fast", dict(p50_ms=30.0))
        peers = (Figure("slow", "p50_ms"), Figure("fast", "p50_ms"))
        made = judge(Row("a", "A", "ms", Figure("ours", "p50_ms"), peers, Goal(at_least=15), less_is_better=True, is_speed=True),
                     samples)
        self.assertEqual(("fast", 15.0, True), (made["peer_is"], made["ratio"], made["holds"]))

    def test_a_least_value_is_met_at_its_bound(self):
        goal = Goal(value_at_least=50_000, unit="events/s")
        self.assertEqual(">= 50,000 events/s", str(goal))
        self.assertEqual([True, False, None], [goal.holds(value, None) for value in (50_000, 49_999, None)])

    def test_the_page_explains_every_row(self):
        with open(os.path.join(SOURCE, "docs", "performance.md"), encoding="utf-8") as file:
            page = file.read()
        reports = "|".join(question.report for question in QUESTIONS)
        for name in self.rows:
            shown = re.sub(rf"^(quarter|years|past)/({reports})\b", r"\1/REPORT", name.removesuffix("_p99"))
            self.assertIn(f"`{shown}`", page, f"docs/performance.md does not explain {name}")


class WithoutNpmTest(unittest.TestCase):
    def test_the_benchmark_says_why_a_peer_is_missing_and_goes_on(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(duckdb.shutil, "which", lambda name: None):
            lab = ReadLab("recountd", SOURCE, 1, 1)
            lab.path = lambda name: os.path.join(folder, name)
            with mock.patch.object(ReadLab, "load_recount", lambda *arguments: 7), \
                    mock.patch.object(ReadLab, "load_postgres", lambda self: None), redirect_stderr(io.StringIO()):
                open(lab.path("events.csv"), "w").close()
                self.assertEqual(7, lab.load())
        self.assertEqual("node and npm are not installed", lab.duckdb_missing)
        self.assertEqual({}, lab.ask_duckdb("select 1"))


@unittest.skipUnless(HAS_PEER, "PostgreSQL 15 is not installed")
class QuickRunTest(unittest.TestCase):
    # A group of each kind; the others differ from these in the question alone.
    GROUPS = ("quarter/won_lost", "quarter/sales_funnel", "quarter/pipeline_snapshot", "quarter/sales_cycle",
              "years/sales_conversion", "years/sales_forecast", "past/pipeline_snapshot", "explain", "rebuild", "start", "fresh",
              "live")

    def test_everything_runs_answers_the_same_and_leaves_nothing(self):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            os.chmod(folder, 0o711)
            command = [os.path.join(SOURCE, "tools", "bench"), "read", "--quick", "--binaries", BIN, "--without-duckdb", "--format",
                       "json", "--folder", folder, *(f"--only={name}" for name in self.GROUPS)]
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(0, done.returncode, done.stdout[-2000:] + done.stderr[-4000:])
            self.assertEqual([], os.listdir(folder))
        rows = json.loads(done.stdout)
        self.assertEqual(set(self.GROUPS), {name for name in self.GROUPS for row in rows if row["name"].startswith(name)})
        for row in rows:
            self.assertLessEqual({"name", "ours", "peer", "ratio", "goal", "holds"}, set(row))
            self.assertIsNotNone(row["ours"], row)
            self.assertTrue(any("DuckDB" in note for note in row["notes"]), row["notes"])
            if "/duckdb" not in row["name"] and row["name"].startswith(("quarter/", "years/", "past/")):
                self.assertGreater(row["ratio"], 0, row)


if __name__ == "__main__":
    sys.exit(unittest.main())
