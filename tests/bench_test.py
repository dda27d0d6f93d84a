#!/usr/bin/python3
"""tools/bench: its arithmetic, and that every row of the goal table comes out. No timing: contestants are invented."""

import io
import json
import os
import re
import sys
import unittest
from contextlib import redirect_stderr
from unittest import mock

SOURCE = os.environ.get("RECOUNT_SOURCE") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(SOURCE, "tools"))

from benchmarks import measures, report, rounds, write  # noqa: E402
from benchmarks.goals import STATED, Figure, Goal, Row, Samples, judge  # noqa: E402
from benchmarks.programs import BenchError  # noqa: E402

# Each line of the goal table and the rows that answer it.
GOAL_TABLE = {
    "durable commands, unary RPC, 64 in flight": [
        ("unary_64/postgres_64", Goal(at_least=2.5)), ("unary_64/postgres_best", Goal(at_least=2)),
        ("unary_64/echo_paused", Goal(at_least=0.8)), ("unary_64/echo_running", Goal(at_least=0.6))],
    "one bidirectional stream, 256 in flight": [
        ("stream_256/postgres", Goal(at_least=3)), ("stream_256/echo", Goal(at_least=0.8))],
    "100 commands a message": [
        ("batch_100/postgres_paused", Goal(at_least=4)), ("batch_100/postgres_running", Goal(at_least=2))],
    "in process, 64 writers": [("in_process_64/rocksdb", Goal(at_least=0.6))],
    "2 ms added to a sync": [("slow/unary_64", Goal(at_least=2)), ("slow/lone", Goal(at_least=0.9))],
    "every durable row with 2 ms": [("slow/stream_256", STATED), ("slow/batch_100", STATED), ("slow/in_process_64", STATED)],
    "a lone durable command": [("lone/postgres_p50", Goal(at_most=1))],
    "CPU of the server for a command": [("cpu/unary", STATED), ("cpu/batch", STATED)],
    "catch-up subscription": [("catch_up/memory", Goal(at_least=0.6))],
    "start and memory": [("start/seconds", Goal(value_at_most=2, unit="s")), ("start/memory", STATED)],
    "append at 1 and 5 million events": [("growth/ratio", Goal(at_least=0.85))],
    "scan of packed log": [("scan/one_a_value", Goal(at_least=2.5))],
}


def figures(**values):
    return dict(dict(per_second=100.0, p50_us=50.0, server_cpu_us=4.0, client_cpu_us=2.0, foreign_cpu=0.1), **values)


def samples_of(**contestants):
    """ours=[1, 2, 3]: rounds with these figures a second, or with figures given as a dict."""
    samples = Samples()
    for name, values in contestants.items():
        for value in values:
            samples.add(name, value if isinstance(value, dict) else figures(per_second=value))
    return samples


def row(goal=STATED, peers=("peer",), **options):
    return Row("a/b", "A", "commands/s", Figure("ours"), tuple(map(Figure, peers)), goal, **options)


class ArithmeticTest(unittest.TestCase):
    def test_a_ratio_is_of_medians(self):
        judged = judge(row(Goal(at_least=2)), samples_of(ours=[10, 1000, 30], peer=[1, 10, 500]))
        self.assertEqual((30, 10, 3.0, True), (judged["ours"], judged["peer"], judged["ratio"], judged["holds"]))

    def test_a_goal_is_met_at_its_bound_and_not_below(self):
        self.assertIs(True, Goal(at_least=2).holds(20, 2.0))
        self.assertIs(False, Goal(at_least=2).holds(20, 1.999))
        self.assertIs(True, Goal(at_most=1).holds(20, 1.0))
        self.assertIs(False, Goal(at_most=1).holds(20, 1.001))
        self.assertIs(True, Goal(value_at_most=2).holds(2, None))
        self.assertIs(False, Goal(value_at_most=2).holds(2.1, None))
        self.assertIsNone(STATED.holds(20, 2.0))

    def test_the_best_peer_counts(self):
        best = judge(row(peers=("a", "b")), samples_of(ours=[100], a=[10], b=[20]))
        self.assertEqual(("b", 5.0), (best["peer_is"], best["ratio"]))
        fastest = judge(row(peers=("a", "b"), less_is_better=True), samples_of(ours=[100], a=[10], b=[20]))
        self.assertEqual(("a", 10.0), (fastest["peer_is"], fastest["ratio"]))

    def test_nothing_measured_holds_nothing(self):
        for samples in (samples_of(), samples_of(ours=[1]), samples_of(peer=[1]), samples_of(ours=[1], peer=[0])):
            judged = judge(row(Goal(at_least=2)), samples)
            self.assertIsNone(judged["ratio"])
            self.assertIsNone(judged["holds"])

    def test_growth_is_a_ratio_of_ratios(self):
        grown = row(Goal(at_least=0.85), relative_to=(Figure("ours_small"), Figure("peer_small")))
        judged = judge(grown, samples_of(ours=[40], peer=[100], ours_small=[60], peer_small=[120]))
        self.assertAlmostEqual(0.8, judged["ratio"])
        self.assertIs(False, judged["holds"])

    def test_a_goal_of_a_size_is_judged_at_that_size_only(self):
        sized = row(Goal(at_least=2), at_events=1000)
        samples = samples_of(ours=[100], peer=[10])
        self.assertIsNone(judge(sized, samples, events=999)["holds"])
        self.assertIs(True, judge(sized, samples, events=1000)["holds"])

    def test_noisy_rounds_are_left_out_while_enough_are_quiet(self):
        noisy = figures(per_second=1.0, foreign_cpu=0.9)
        quiet = figures(per_second=100.0, foreign_cpu=0.1)
        self.assertEqual(100, judge(row(), samples_of(ours=[noisy, quiet, quiet]))["ours"])
        self.assertEqual(1, judge(row(), samples_of(ours=[noisy, noisy, noisy, quiet]))["ours"])

    def test_processor_time_stands_beside(self):
        judged = judge(row(), samples_of(ours=[1], peer=[1]))
        self.assertEqual({"server": 4.0, "client": 2.0}, judged["ours_cpu_us"])
        self.assertEqual({"server": 4.0, "client": 2.0}, judged["peer_cpu_us"])


class InventedLab:
    """Has nothing to remove."""

    def forget(self, *prefixes):
        pass


class RowsTest(unittest.TestCase):
    def setUp(self):
        self.others(0.1)

    def others(self, cores):
        """So much processor time others use."""
        patch = mock.patch.object(rounds.ForeignCpu, "cores", lambda self: cores)
        patch.start()
        self.addCleanup(patch.stop)

    def run_all(self, groups, plan_rounds=2, limit=1000.0, clock=None):
        plan = rounds.Plan(groups, plan_rounds, 2, limit, now=clock or (lambda: 0.0))
        with redirect_stderr(io.StringIO()):
            return [made for group in list(groups) for made in rounds.run_group(group, InventedLab(), plan)]

    def invented(self):
        groups = measures.groups()
        for group in groups:
            group.prepare = None
            group.contestants = {name: (lambda lab: figures(start_seconds=1.0, resident_mb=100.0)) for name in group.contestants}
        return groups

    def test_every_row_of_the_goal_table_comes_out(self):
        rows = {made["name"]: made for made in json.loads(report.as_json(self.run_all(self.invented())))}
        for line, expected in GOAL_TABLE.items():
            for name, goal in expected:
                self.assertIn(name, rows, line)
                self.assertEqual(str(goal), rows[name]["goal"], name)
        for made in rows.values():
            self.assertLessEqual({"name", "ours", "peer", "ratio", "goal", "holds"}, set(made))
            self.assertIsNotNone(made["ours"], made["name"])
            if made["name"] not in ("start/seconds", "start/memory"):
                self.assertEqual(1.0, made["ratio"], made["name"])

    def test_contestants_alternate(self):
        order = []
        group = measures.Group("g", {name: (lambda lab, name=name: order.append(name) or figures()) for name in "ab"}, [])
        self.run_all([group])
        self.assertEqual(["a", "b", "a", "b"], order)

    def test_noisy_rounds_are_repeated_a_bounded_number_of_times(self):
        ran = []
        group = measures.Group("g", {"a": lambda lab: ran.append(1) or figures()}, [])
        self.others(1.5)
        self.run_all([group])
        self.assertEqual(2 + rounds.MOST_EXTRA_ROUNDS, len(ran))

    def test_no_round_begins_after_the_time_is_over(self):
        groups = self.invented()
        times = iter(range(0, 10 ** 6, 300))
        rows = self.run_all(groups, plan_rounds=5, limit=600.0, clock=lambda: float(next(times)))
        self.assertEqual({made.name for group in groups for made in group.rows}, {made["name"] for made in rows})
        self.assertIsNone(rows[-1]["ours"])
        self.assertTrue(any("the time was over" in note for note in rows[-1]["notes"]))

    def test_refused_commands_are_said(self):
        group = measures.Group("g", {"ours": lambda lab: figures(refused=3.0)}, [row(peers=())])
        self.assertIn("6 commands were refused", self.run_all([group])[0]["notes"])

    def test_the_lag_of_the_read_models_is_said(self):
        group = measures.Group("g", {"ours": lambda lab: figures(lag=1200.0)}, [row(peers=())])
        self.assertIn("read models 1,200 events behind at the end", self.run_all([group])[0]["notes"])

    def test_a_group_that_fails_says_so_and_the_others_go_on(self):
        def fail(lab):
            raise BenchError("no disk")
        groups = [measures.Group("bad", {"ours": fail}, [row()]), measures.Group("good", {"ours": lambda lab: figures()}, [row()])]
        bad, good = self.run_all(groups)
        self.assertIsNone(bad["ours"])
        self.assertIn("failed: no disk", bad["notes"])
        self.assertEqual(100.0, good["ours"])

    def test_only_runs_what_the_rows_need(self):
        group, = write.chosen(measures.groups(), ["unary_64/postgres_64"])
        self.assertEqual({"running", "postgres_64"}, set(group.contestants))
        self.assertEqual({"lone", "slow"}, {g.name for g in write.chosen(measures.groups(), ["lone", "slow/"])})
        with self.assertRaises(BenchError):
            write.chosen(measures.groups(), ["nothing"])

    def test_the_table_shows_every_row_and_its_notes(self):
        rows = self.run_all(self.invented())
        rows[0]["notes"] = ["it rained"]
        text = report.table(rows)
        for made in rows:
            self.assertIn(made["title"], text)
        number = re.search(r"\[(\d+)\] it rained", text).group(1)
        self.assertIn(f"{rows[0]['title']} [{number}]", text)

    def test_the_page_explains_every_row(self):
        with open(os.path.join(SOURCE, "docs", "performance.md"), encoding="utf-8") as file:
            page = file.read()
        for group in measures.groups():
            for made in group.rows:
                self.assertIn(f"`{made.name}`", page, "docs/performance.md does not explain this row")


if __name__ == "__main__":
    sys.exit(unittest.main())
