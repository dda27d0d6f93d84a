#!/usr/bin/python3
"""The witness itself: it finds nothing where nothing is wrong, and every fault that is planted.

Faults are planted in recorded histories (witness/damages.py), between clients and a real server (witness/liar.py), and in the
files under one.
"""

import collections
import glob
import os
import random
import re
import shutil
import sys
import tempfile
import unittest

from harness.server import Server
from witness import Journal, Load, check, read_back
from witness.damage import History
from witness.damages import DAMAGES
from witness.liar import LIES, Liar, Lie

SEED = int(os.environ.get("RECOUNT_SEED") or random.randrange(2 ** 32))
ANSWERS, CALLED, MOST_RUNS = 200, 60, 20
READS = 3  # of each kind, at least
REASONS = {"REVISION_MISMATCH", "EXTERNAL_ID_TAKEN", "RECORD_EXISTS", "REQUEST_ID_REUSED"}
LIED_ANSWERS, LIED_CALLS = 250, 100


def record(server, seed):
    """(journal, readings) of a server that did its work, through a restart."""
    journal = Journal()
    load = Load(journal, seed)
    load.prepare(server.address)
    for number in range(MOST_RUNS):
        run = load.start(server.address)
        run.wait_for(ANSWERS, called=CALLED)
        run.stop()
        run.join()
        load.settle(server.address)
        if number and is_rich(journal.calls("acme")):
            return journal, read_back(server.address, load.tenants, journal)
        read_back(server.address, load.tenants, journal)
        server.restart()
    raise AssertionError(f"after {MOST_RUNS} runs the history is still too poor to show much")


def is_rich(calls):
    """Whether there is something of all that can be damaged."""
    reads = collections.Counter(call.ask["read"] for call in calls if "read" in call.ask and call.outcome == "ok")
    return REASONS <= {call.reason for call in calls} and all(
        reads[kind] >= READS for kind in ("record", "external", "stream", "tail", "report"))


class JournalTest(unittest.TestCase):
    def test_what_is_kept_is_what_was_noted(self):
        with tempfile.NamedTemporaryFile() as file:
            journal = Journal(file.name)
            first = journal.invoke("acme", "ann", dict(read="tail"))
            second = journal.invoke("acme", "ann", dict(kind="append"), "r1")
            journal.ok(second, dict(position=1))
            journal.head("acme", 1, "ab")
            journal.refused(first, "NOT_FOUND", "RECORD_NOT_FOUND", {})
            journal.invoke("beta", "ann", dict(read="tail"))
            journal.close()
            file.truncate(os.path.getsize(file.name) - 1)  # the machine fell while the last line was written
            kept = Journal.of(file.name)
        self.assertEqual(journal.entries[:-1], kept.entries)
        self.assertEqual([("refused", 4), ("ok", 2)], [(call.outcome, call.answered) for call in kept.calls("acme")])
        self.assertEqual([(1, "ab")], kept.heads("acme"))


class DamageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED}", flush=True)
        with Server() as server:
            cls.journal, cls.readings = record(server, SEED)

    def test_nothing_is_found_where_nothing_is_wrong(self):
        history = History(self.journal, self.readings, SEED)
        self.assertEqual([], history.findings())
        history.retell(list(history.own.log))
        self.assertEqual([], history.findings(), "a sound history that is told again")

    def test_every_damage_is_found(self):
        for name, (damage, words) in DAMAGES.items():
            with self.subTest(name):
                history = History(self.journal, self.readings, SEED)
                damage(history)
                findings = history.findings()
                self.assertTrue(any(words in finding for finding in findings),
                                f"no finding says '{words}': " + "\n".join(finding[:500] for finding in findings))
        print(f"{len(DAMAGES)} damages found")

    def test_the_load_collides(self):
        """A load that meets no conflict, retry or unknown key would show nothing."""
        calls = self.journal.calls("acme")
        self.assertLessEqual(REASONS, {call.reason for call in calls})
        accepted = collections.Counter(call.actor for call in calls if call.request and call.outcome == "ok")
        self.assertTrue(all(accepted[f"witness-{number}"] > 20 for number in range(3)), f"some clients do next to nothing: {accepted}")
        repeated = sum(1 for call in calls if call.outcome == "ok" and call.answer.get("repeated"))
        self.assertGreater(repeated, 10)
        self.assertGreater(sum(call.outcome == "ok" for call in calls), len(calls) // 3)


class LiarTest(unittest.TestCase):
    """Faults of a server that does its work under load, told apart by what they must be convicted of."""

    def findings(self, lie):
        with Server() as server, Liar(server.address, lie) as liar:
            journal = Journal()
            load = Load(journal, SEED, records=1)  # of each type: what is read is read again soon
            load.prepare(server.address)
            run = load.start(liar.address)
            run.wait_for(LIED_ANSWERS, called=LIED_CALLS)
            run.stop()
            run.join()
            return check(journal, read_back(server.address, load.tenants), shown=10 ** 6)

    def test_an_honest_server_between_is_not_suspected(self):
        self.assertEqual([], self.findings(Lie(SEED)))

    def test_every_lie_is_found(self):
        for words, lie in LIES.items():
            with self.subTest(lie.__doc__):
                findings = self.findings(lie(SEED))
                self.assertTrue(any(re.search(words, finding) for finding in findings),
                                f"no finding says '{words}': " + "\n".join(findings[:20]))
        print(f"{len(LIES)} lies found")


class LostDataTest(unittest.TestCase):
    """Acknowledged data that is gone from under a real server, in a way that the server itself cannot notice."""

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.__exit__)
        self.journal = Journal()
        self.load = Load(self.journal, SEED)
        self.load.prepare(self.server.address)
        self.kill_under_load()
        self.kept = self.server.data + ".kept"
        shutil.copytree(self.server.data, self.kept)
        self.server.start()
        self.assertEqual([], self.findings())
        self.kill_under_load()

    def kill_under_load(self):
        run = self.load.start(self.server.address)
        run.wait_for(200)
        self.server.kill()
        run.join()

    def findings(self):
        return check(self.journal, read_back(self.server.address, self.load.tenants, self.journal))

    def test_a_folder_of_yesterday(self):
        shutil.rmtree(self.server.data)
        os.rename(self.kept, self.server.data)
        self.server.start()
        self.assertIn("is lost", "\n".join(self.findings()))

    def test_a_tail_that_was_never_synced(self):
        """What a power loss leaves where fdatasync does nothing: the mark of what must be there is as old as the log."""
        wal = max(glob.glob(os.path.join(self.server.data, "log", "*.log")))
        os.truncate(wal, os.path.getsize(wal) // 2)
        shutil.copy(os.path.join(self.kept, "HWM"), os.path.join(self.server.data, "HWM"))
        self.server.start()
        self.assertIn("is lost", "\n".join(self.findings()))


if __name__ == "__main__":
    sys.exit(unittest.main())
