#!/usr/bin/python3
"""Random histories: every report equals the reference, cells open into what makes them, the past stays what it was, and
live = rebuilt = restarted by digest.

RECOUNT_SEED (printed) repeats a run; RECOUNT_HISTORIES and RECOUNT_QUESTIONS set how much.
"""

import collections
import dataclasses
import datetime
import itertools
import os
import random
import shutil
import sys
import tempfile
import unittest

from harness.client import Client, Refused
from harness.server import Server
from harness.values import value_of
from random_histories import shrink
from random_histories.asker import Asker
from random_histories.canary import broken_folds
from random_histories.compare import differences, engine_rows
from random_histories.explain import unexplained
from random_histories.history import Generator, play
from random_histories.order import misplaced
from random_histories.reports import REPORTS
from reference import log, timeline
from reference.facts import fold
from reference.rulebook import Rulebook

DEEP = bool(os.environ.get("RECOUNT_DEEP"))
SEED = int(os.environ.get("RECOUNT_SEED") or random.randrange(2 ** 32))
HISTORIES = int(os.environ.get("RECOUNT_HISTORIES") or (1000 if DEEP else 100))
QUESTIONS = int(os.environ.get("RECOUNT_QUESTIONS") or 100)
ZONES = ["UTC", "Asia/Jerusalem", "America/Sao_Paulo"]
TIMELINES = ("deals", "leads", "organizations")
# Reports are counted in many parts, on several threads.
SIMULATED = ("--insecure", "--simulated-clock", "--report-part-rows", "7")
OPENED = ("late entries stand at the end", "a loss does not stand", "values never change")  # canaries that cells must show


class History:
    """One random history in a server of its own."""

    def __init__(self, seed, steps=None):
        self.seed, self.zone = seed, ZONES[seed % len(ZONES)]
        self.steps = steps or Generator(seed, self.zone).steps
        self.server = Server(flags=SIMULATED)
        self.client = Client(self.server.address)
        self.client.set_clock(self.steps[0].clock)
        self.client.create_tenant(zone=self.zone)

    def play(self, steps):
        refusals, self.today = play(self.client, steps), steps[-1].clock
        self.events = log.from_history(self.client.log())
        self.client.head = self.events[-1].position if self.events else 0
        return refusals

    def asker(self, seed):
        calendar = Rulebook(self.events, self.client.head).calendar(datetime.date.max, self.zone)
        return Asker(random.Random(seed), self.events, calendar, self.zone, REPORTS, self.today)

    def close(self):
        self.client.channel.close()
        self.server.__exit__()


def stopped_at(question, position, events):
    """What a server that was stopped at a position understands by the question: by a time, nothing after that position."""
    known = lambda as_of: min(question.position(events, as_of), position)
    basis = (*question.basis[:1], *map(known, question.basis[1:])) if question.basis[0] == "at" else question.basis
    compare = {key: known(value) if key == "as_of" else value for key, value in question.compare.items()}
    return dataclasses.replace(question, as_of=known(question.as_of), basis=basis, compare=compare)


class RandomHistoriesTest(unittest.TestCase):
    def history(self, seed, steps=None):
        history = History(seed, steps)
        self.addCleanup(history.close)
        return history

    def seeds(self):
        return [SEED + number for number in range(HISTORIES)]

    def test_every_report_equals_the_reference(self):
        print(f"seed {SEED}: {HISTORIES} histories, {QUESTIONS} questions each", flush=True)
        asked = refused = commands = 0
        for seed in self.seeds():
            history = self.history(seed)
            refusals = history.play(history.steps)
            refused, commands = refused + sum(refusals.values()), commands + len(history.steps)
            asker = history.asker(seed)
            for number in range(QUESTIONS):
                question = asker.question()
                problems, answer = differences(question, history.client, history.events, history.zone)
                if problems:
                    self.fail(shrink.report(history, seed, question, problems))
                if number % 2 == 0:
                    problems = misplaced(question, history.client, answer, history.events, history.zone, asker.random)
                    self.assertFalse(problems, f"seed {seed}, {question}\n" + "\n".join(problems))
                if number % 10 == 0:
                    problems = unexplained(question, history.client, answer, history.events, history.zone, asker.random)
                    self.assertFalse(problems, f"seed {seed}, {question}\n" + "\n".join(problems))
                asked += 1
            history.close()
        self.assertLess(refused, commands * 0.6, "most commands are refused: the histories are too thin")
        print(f"{commands} commands ({refused} refused), {asked} questions")

    def test_a_timeline_is_the_fold(self):
        for seed in self.seeds()[:3]:
            history = self.history(seed)
            history.play(history.steps)
            asker = history.asker(seed)
            records = sorted({event.stream for event in history.events if event.stream.split("/")[0] in TIMELINES})
            for record in asker.random.sample(records, min(20, len(records))):
                self._timeline(history, record, asker)
            history.close()

    def _timeline(self, history, record, asker):
        question = asker.question()
        where, mode = f"seed {history.seed}, {record}, {question}", asker.random.choice(["", "occurred", "recorded"])
        position, valid_at = question.moment(history.events)
        ask = lambda **more: history.client.report("entity_timeline", record=record, as_of=question.as_of, valid_at=question.valid_at,
                                                   **more)
        if not any(event.stream == record and event.position <= position for event in history.events):
            return self._refused_as_not_there(ask, where)
        # Timelines are asked under the current rules, which say what days a fiscal year has.
        current = dataclasses.replace(question, basis=("current",))
        inside = question.in_period(current.world(history.events, history.zone).calendar)
        wanted = timeline.rows(record, history.events, position, valid_at, mode, inside)
        for left, right in itertools.zip_longest(wanted, ask(period=question.period, mode=mode).rows):
            self.assertEqual(left, right, f"mode {mode}, {where}")
        if record.startswith("deals/"):
            linked = self._linked(history.events, record, position, valid_at)
            self.assertEqual(linked, sorted(row["position"] for row in ask(arguments=dict(linked="yes")).rows), where)
        rows = lambda answer: [(row["position"], row["type"], row["occurred"], row["recorded"]) for row in answer.rows]
        whole = [(row["position"], row["type"], row["occurred"], row["recorded"])
                 for row in timeline.rows(record, history.events, position, valid_at)]
        self._filtered_and_grouped(ask, rows, whole, asker.random, where)

    def _refused_as_not_there(self, ask, where):
        with self.assertRaises(Refused, msg=where) as caught:
            ask()
        self.assertEqual(("NOT_FOUND", "RECORD_NOT_FOUND"), (caught.exception.code, caught.exception.reason), where)

    def _linked(self, events, deal, position, valid_at):
        """Positions of the deal's events and of those of the records that it names or that name it."""
        known = {name: fold(name, [e for e in events if e.stream == name], position, valid_at) for name in {e.stream for e in events}
                 if name.split("/")[0] in ("deals", "leads", "persons", "organizations")}
        own = known[deal]
        names = {own.lead, own.person, own.organization} if own.exists else set()
        names |= {name for name, facts in known.items() if name.startswith("leads/") and facts.exists and facts.deal == deal}
        return sorted(e.position for name in {deal, *names} & set(known) for e in known[name].events)

    def _filtered_and_grouped(self, ask, rows, wanted, random, where):
        kinds = collections.Counter(kind for _, kind, _, _ in wanted)
        kind = random.choice(sorted(kinds) or ["DealWon"])
        self.assertEqual([event for event in wanted if event[1] == kind], rows(ask(filter=f'type = "{kind}"')), where)
        self.assertEqual(sorted(wanted), rows(ask(mode="recorded")), where)
        groups = ask(group_by=["type"])
        self.assertEqual(dict(kinds), {row["type"]: row["events"] for row in groups.rows if row["type"]}, where)
        self.assertEqual(len(wanted), groups.total()["events"], where)

    def test_the_past_is_what_a_server_stopped_there_says(self):
        for seed in self.seeds()[:3]:
            history = self.history(seed)
            half = len(history.steps) // 2
            history.play(history.steps[:half])
            position = history.events[-1].position
            digests = history.client.digests()
            history.server.stop()
            folder = tempfile.mkdtemp(prefix="recount-stopped-")
            self.addCleanup(shutil.rmtree, folder, True)
            shutil.copytree(history.server.data, os.path.join(folder, "data"))
            history.server.start()
            history.client = Client(history.server.address)
            self.assertEqual(digests, history.client.digests(), f"seed {seed}: a restart changed the read models")
            asker = history.asker(seed)
            history.play(history.steps[half:])
            with Server(folder, flags=SIMULATED) as stopped, Client(stopped.address) as past:
                self.assertEqual(digests, past.digests())
                for _ in range(QUESTIONS // 2):
                    question = asker.question()
                    question.compare = {key: value for key, value in question.compare.items() if key != "basis"}
                    if question.basis[0] in ("head", "draft"):
                        question.basis = ("current",)
                    if "teams" in question.rights or "units" in question.rights:  # who stands below whom is a matter of now
                        question.rights = ""
                    then = past.report(question.report, **question.parameters())
                    question = stopped_at(question, position, history.events)
                    now = history.client.report(question.report, **question.parameters())
                    self.assertEqual(engine_rows(then), engine_rows(now), f"seed {seed}, {question}")
            history.close()

    def test_a_pin_gives_the_answer_again(self):
        """Also after more history, other rules, a rebuild and a restart; and so do the cells of the first answer."""
        for seed in self.seeds()[:3]:
            history = self.history(seed)
            half = len(history.steps) // 2
            history.play(history.steps[:half])
            asker = history.asker(seed)
            asked = [asker.question() for _ in range(QUESTIONS // 2)]
            answers = [history.client.report(question.report, **question.parameters()) for question in asked]
            history.play(history.steps[half:])
            self._again(history, asked, answers, asker.random)
            history.client.rebuild()
            history.server.restart()
            history.client = Client(history.server.address)
            self._again(history, asked, answers, asker.random)
            history.close()

    def _again(self, history, asked, answers, random):
        for question, first in zip(asked, answers):
            again = history.client.pinned(first.response.pin)
            self.assertEqual(engine_rows(first), engine_rows(again), f"seed {history.seed}, {question}")
            self.assertEqual([column.id for column in first.response.columns], [column.id for column in again.response.columns])
            self.assertEqual(list(first.response.notes), list(again.response.notes), f"seed {history.seed}, {question}")
            cells = [(first._read(raw), column, cell) for raw in first.raw_rows
                     for column, cell in zip(first.columns, raw.cells) if cell.cell_id]
            for row, column, cell in random.sample(cells, min(1, len(cells))):
                page, _ = history.client.explain(cell.cell_id)
                self.assertEqual(row[column], value_of(page.value), f"seed {history.seed}, {column} of {row}, {question}")

    def test_live_is_rebuilt_is_restarted(self):
        for seed in self.seeds()[:3]:
            history = self.history(seed)
            history.play(history.steps)
            live = history.client.digests()
            self.assertGreaterEqual(len(live), 4)
            done = history.client.rebuild()
            self.assertEqual(live, {d.subject: d.after for d in done.digests}, f"seed {seed}: rebuilt differs")
            self.assertEqual(live, history.client.digests())
            history.server.restart()
            history.client = Client(history.server.address)
            self.assertEqual(live, history.client.digests(), f"seed {seed}: restarted differs")
            self.assertNotIn("counting again", history.server.log(), f"seed {seed}: the kept read models were not whole")
            self.assertIn("nothing is wrong", history.server.recount("verify", "--read-models"))
            history.close()

    def test_a_wrong_fold_is_caught(self):
        """The reference made wrong on purpose, one way after another: the comparison must see each."""
        def differs(history, asker):
            question = asker.question()
            try:
                return differences(question, history.client, history.events, history.zone)[0]
            except AttributeError:  # the reference itself falls over a deal that its wrong fold does not have
                return True
        self.assertFalse(self._blind_for(broken_folds(), differs), "folds that are wrong and were not caught")

    def test_a_wrong_explanation_is_caught(self):
        def opens_otherwise(history, asker):
            question = asker.question()
            answer = history.client.report(question.report, **question.parameters())
            return unexplained(question, history.client, answer, history.events, history.zone, asker.random)
        broken = {name: fold for name, fold in broken_folds().items() if name in OPENED}
        self.assertEqual(len(OPENED), len(broken))
        self.assertFalse(self._blind_for(broken, opens_otherwise), "folds that are wrong and were not seen in cells that open")

    def _blind_for(self, broken, look):
        """Names of those that no history shows: not every one has e.g. merged stages in use."""
        left = dict(broken)
        for seed in self.seeds():
            if not left:
                break
            history = self.history(seed)
            history.play(history.steps)
            for name, breaking in list(left.items()):
                asker = history.asker(seed)
                with breaking():
                    if any(look(history, asker) for _ in range(QUESTIONS)):
                        del left[name]
            history.close()
        return list(left)


if __name__ == "__main__":
    sys.exit(unittest.main())
