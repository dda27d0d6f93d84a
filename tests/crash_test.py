#!/usr/bin/python3
"""kill -9 at random moments while the witness asks: under load, in a stop, a rebuild, a backup, a flush or compaction, and in the
recovery itself. After each round everything is read back and checked (witness/).

RECOUNT_CRASH_ROUNDS sets the rounds, RECOUNT_SEED the seed. `tools/witness` is the same for as long as one likes.
"""

import os
import random
import sys
import unittest

from witness.campaign import Campaign
from witness.faults import FAULTS

ROUNDS = int(os.environ.get("RECOUNT_CRASH_ROUNDS") or (250 if os.environ.get("RECOUNT_DEEP") else 50))
SEED = int(os.environ.get("RECOUNT_SEED") or random.randrange(2 ** 32))


class CrashTest(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(self):
        print(f"seed {SEED}, {ROUNDS} rounds", flush=True)
        campaign = Campaign(SEED, say=lambda text: print(text, flush=True))
        count = campaign.run(ROUNDS)
        self.assertEqual(ROUNDS, count.rounds)
        print(f"kills by moment: {dict(count.faults)}")
        if ROUNDS >= 50:
            self.assertEqual(set(FAULTS), set(count.faults), "some moments were never met")
            self.assertGreater(count.killed_starts, 0)
            self.assertGreater(count.acknowledged, 20 * ROUNDS)
            self.assertGreater(count.unknown, 0, "no command was cut off: the kills come too late")


if __name__ == "__main__":
    sys.exit(unittest.main())
