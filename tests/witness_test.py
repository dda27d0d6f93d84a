#!/usr/bin/python3
"""The witness itself: it finds nothing where nothing is wrong, and every fault that is planted.

Some faults are planted in recorded histories (witness/damages.py), some in what lies under a real server.
"""

import os
import random
import sys
import unittest

from harness.server import Server
from witness import Journal, Load, check, read_back
from witness.damage import History
from witness.damages import DAMAGES

SEED = int(os.environ.get("RECOUNT_SEED") or random.randrange(2 ** 32))
ANSWERS = 800


def record(server, seed):
    """(journal, readings) of a server that did its work, through a restart."""
    journal = Journal()
    load = Load(journal, seed)
    load.prepare(server.address)
    for _ in range(2):
        run = load.start(server.address)
        run.wait_for(ANSWERS // 2)
        run.stop()
        run.join()
        load.settle(server.address)
        readings = read_back(server.address, load.tenants, journal)
        server.restart()
    return journal, readings


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
        reasons = {call.reason for call in calls}
        self.assertLessEqual({"REVISION_MISMATCH", "EXTERNAL_ID_TAKEN", "RECORD_EXISTS", "REQUEST_ID_REUSED"}, reasons)
        repeated = sum(1 for call in calls if call.outcome == "ok" and call.answer.get("repeated"))
        self.assertGreater(repeated, 10)
        self.assertGreater(sum(call.outcome == "ok" for call in calls), len(calls) // 3)


if __name__ == "__main__":
    sys.exit(unittest.main())
