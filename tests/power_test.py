#!/usr/bin/python3
"""The power of a whole machine fails: the kernel below the server is killed, and with it all that it had not written. A long test, of
`tools/test --deep`; it needs `tools/setup --power`.
"""

import functools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from faults.faulty_server import is_sanitized
from harness.protos import BIN
from witness.campaign import Campaign, Failed
from witness.faults import POWER_FAULTS
from witness.machine import VirtualServer, missing

ROUNDS = int(os.environ.get("RECOUNT_MACHINE_ROUNDS") or (100 if os.environ.get("RECOUNT_DEEP") else 0))
SEED = int(os.environ.get("RECOUNT_SEED") or random.randrange(2 ** 32))
KERNELS = os.path.join(os.path.dirname(os.path.dirname(BIN)), "kernels")
ROUNDS_UNTIL_FOUND = 10
NO_SYNC = """
int fsync(int file) { return 0; }
int fdatasync(int file) { return 0; }
int sync_file_range(int file, long from, long bytes, unsigned flags) { return 0; }
"""


@unittest.skipUnless(ROUNDS, "RECOUNT_MACHINE_ROUNDS or tools/test --deep ask for it")
@unittest.skipIf(is_sanitized(), "a sanitizer is too slow in a virtual machine")
@unittest.skipIf(missing(), f"{', '.join(missing())} is missing: tools/setup --power")
class PowerTest(unittest.TestCase):
    def campaign(self, **more):
        print(f"seed {SEED}", flush=True)
        return Campaign(SEED, faults=POWER_FAULTS, say=lambda text: print(text, flush=True),
                        make_server=functools.partial(VirtualServer, kernels=KERNELS, **more))

    def test_what_was_acknowledged_survives(self):
        count = self.campaign().run(ROUNDS)
        self.assertEqual(ROUNDS, count.rounds)
        self.assertGreater(count.acknowledged, ROUNDS)

    def test_a_server_that_does_not_sync_is_found_out(self):
        with tempfile.TemporaryDirectory() as folder:
            source, library = os.path.join(folder, "no_sync.c"), os.path.join(folder, "no_sync.so")
            with open(source, "w") as file:
                file.write(NO_SYNC)
            subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
            with self.assertRaises(Failed) as caught:
                self.campaign(preload=library).run(ROUNDS_UNTIL_FOUND)
        shutil.rmtree(caught.exception.folder)
        print(str(caught.exception)[:1000])


if __name__ == "__main__":
    sys.exit(unittest.main())
