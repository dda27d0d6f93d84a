#!/usr/bin/python3
"""A system call of the server that changes a file fails, or the server dies at it: at the start, among commands, in a backup, a
rebuild and at the end, in a new folder and in one that was left by a kill.

Then a server without a fault stands on the folder: nothing acknowledged is lost, nothing is there twice, all can be sent again.
Calls are drawn so that rare ones come as often as frequent ones. RECOUNT_FAULT_ROUNDS sets the rounds (0: every call and kind),
RECOUNT_SEED the seed; RECOUNT_FAULT_CASE="old 123 eio" plays one case and keeps its folder.
"""

import collections
import concurrent.futures
import os
import random
import re
import shutil
import sys
import tempfile
import unittest

from faults.faulty_server import ABORTED, CANNOT_START, STOPPED, WRITE_FAILED, DidNotStart, FaultyServer
from faults.script import Script, Wrong, require
from harness.server import Server

ROUNDS = int(os.environ.get("RECOUNT_FAULT_ROUNDS") or (400 if os.environ.get("RECOUNT_DEEP") else 40))
SEED = int(os.environ.get("RECOUNT_SEED") or random.randrange(2 ** 32))
AT_ONCE = 2
KINDS = ("eio", "enospc", "short", "kill_before", "kill_after", "dead")
TRUTH = re.compile(r"data/((log|keys/db)/\.log|HWM|keys/HWM)")  # what is acknowledged stands in these; numbers left out
SYNCS = ("fsync", "fdatasync", "sync_file_range")


class Case:
    """One server under one fault, and what is true afterwards."""

    def __init__(self, bases, scenario, at, kind, folder):
        self.scenario, self.at, self.kind, self.folder = scenario, at, kind, folder
        self.script = Script(bases[scenario].answers)
        if os.path.exists(bases[scenario].data):
            shutil.copytree(bases[scenario].data, os.path.join(folder, "data"))
        self.calls, self.code, self.said = [], None, ""

    def __str__(self):
        hit = " ".join(self.calls[0]).replace(self.folder + "/", "") if self.calls and self.at else "nothing"
        return f"RECOUNT_FAULT_CASE='{self.scenario} {self.at} {self.kind}' (hit {hit}): exit code {self.code}"

    def run(self):
        self._run_under_fault()
        self._judge_end()
        with Server(self.folder, backups=True) as server:
            self.script.check(server)
        require(server.process.returncode == STOPPED, f"the server without a fault ended with {server.process.returncode}")

    def _run_under_fault(self):
        server = FaultyServer.__new__(FaultyServer)
        try:
            server.__init__(self.folder, at=self.at, kind=self.kind)
            try:
                if not self.script.play(server):
                    require(self.script.tenant_waits or server.wait_for_end(), "the server answers UNAVAILABLE and does not end")
            finally:
                self.code = server.end()
        except DidNotStart:
            self.code = server.process.returncode
            require(self.code != STOPPED, "the server ended without a word")
        finally:
            self.calls, self.said = server.calls(), server.log()

    def _judge_end(self):
        if self.at and not self.calls:
            require(self.code == STOPPED, "nothing failed, and the server did not end well")
        elif self.kind.startswith("kill"):
            require(self.code == -9, "the server was not killed")
        elif self.at:
            require(self.code in (STOPPED, WRITE_FAILED, CANNOT_START, ABORTED), f"no exit code of the documentation\n{self.said}")
            self._judge_words()
            self._judge_sync()

    def _judge_words(self):
        """One that ends says why, and names the file or the database."""
        if self.code == STOPPED:
            return
        lines = [line for line in self.said.splitlines() if line.startswith("recountd: ")]
        require(lines, f"the server ended without a sentence\n{self.said}")
        require(self.code == ABORTED or re.search(r"\w+/|key vault", lines[0]), f"the server does not say which file: {lines[0]}")

    def _judge_sync(self):
        """After a sync that failed nobody knows what is on the disk: the server of a log or of keys must not go on. (The mark of the
        keys is written behind them, and may fail when the server has already ended well.)"""
        call, path = self.calls[0]
        path = os.path.relpath(path, self.folder)
        if call in SYNCS and self.kind != "short" and re.match(r"data/(log/.*\.log|keys/db/.*\.log|HWM)$", path):
            require(self.code != STOPPED, f"{call} of {path} failed, and the server went on")


class Base:
    """A folder as one scenario finds it."""

    def __init__(self, folder):
        self.data, self.answers = os.path.join(folder, "data"), {}


class SyscallFaultsTest(unittest.TestCase):
    def setUp(self):
        print(f"seed {SEED}", flush=True)
        self.folder = tempfile.mkdtemp(prefix="recount-faults-")
        self.bases = {name: Base(os.path.join(self.folder, name)) for name in ("new", "old")}
        self._make_old()

    def tearDown(self):
        if not os.environ.get("RECOUNT_FAULT_CASE"):
            shutil.rmtree(self.folder)

    def _make_old(self):
        """Left by a kill: the start reads a WAL and writes tables."""
        with Server(os.path.join(self.folder, "old")) as server:
            script = Script()
            self.assertTrue(script.play(server, halves=1))
            server.kill()
        self.bases["old"].answers = script.answers

    def run_case(self, scenario, at, kind):
        """The case; and what is wrong."""
        folder = os.path.join(self.folder, f"{scenario}-{at}-{kind}")
        os.mkdir(folder)
        case = Case(self.bases, scenario, at, kind, folder)
        try:
            case.run()
        except (Wrong, RuntimeError) as error:
            return case, f"{case}\n  {error}\n  {case.said}"
        finally:
            if not os.environ.get("RECOUNT_FAULT_CASE"):
                shutil.rmtree(folder)
        return case, None

    def cases(self):
        """(scenario, call number, kind) of this run."""
        every, by_call = [], collections.defaultdict(list)
        for scenario in self.bases:
            case, wrong = self.run_case(scenario, 0, "none")
            self.assertIsNone(wrong)
            print(f"{scenario}: {len(case.calls)} calls", flush=True)
            for i, (call, path) in enumerate(case.calls):
                if not path.endswith("/LOG"):  # a thousand lines, of which some are enough
                    every.append((scenario, i + 1))
                by_call[scenario, call, re.sub(r"\d+", "", os.path.relpath(path, case.folder))].append(i + 1)
        if ROUNDS == 0:
            return [(*one, kind) for one in every for kind in KINDS]
        chance = random.Random(SEED)
        groups = [group for group in sorted(by_call) if TRUTH.fullmatch(group[2])]  # these in every run
        rest = sorted(set(by_call) - set(groups))
        groups = (groups + chance.sample(rest, len(rest)))[:ROUNDS]
        groups += chance.choices(sorted(by_call), k=ROUNDS - len(groups))
        return [(group[0], chance.choice(by_call[group]), chance.choice(KINDS)) for group in groups]

    def test_whatever_call_fails_nothing_acknowledged_is_lost(self):
        if os.environ.get("RECOUNT_FAULT_CASE"):
            scenario, at, kind = os.environ["RECOUNT_FAULT_CASE"].split()
            cases = [(scenario, int(at), kind)]
        else:
            cases = self.cases()
        ends, problems = collections.Counter(), []
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for case, wrong in pool.map(lambda one: self.run_case(*one), cases):
                ends[case.kind, case.code, "hit" if case.calls else "not reached"] += 1
                if wrong:
                    problems.append(wrong)
                    print(wrong, flush=True)
        for (kind, code, hit), count in sorted(ends.items(), key=str):
            print(f"{kind}, {hit}: {count} ended with {code}")
        self.assertFalse(problems, f"{len(problems)} of {len(cases)} cases:\n" + "\n".join(problems))
        self.assertGreater(sum(count for (_, _, hit), count in ends.items() if hit == "hit"), len(cases) // 2)


if __name__ == "__main__":
    sys.exit(unittest.main())
