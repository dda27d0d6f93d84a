#!/usr/bin/python3
"""Backups of a server that goes on serving: incremental, verified, interrupted, damaged, and restored.

A restored server must stand where the original stood at that position: the same digests of all read models, the same reports.
"""

import os
import random
import shutil
import subprocess
import sys
import threading
import unittest

from harness.backups import FAILED, NAME, SEED, VERIFY_FAILED, BackupCase, restore
from harness.client import Client, Refused, command
from harness.protos import BIN

WRITERS, BATCH = 3, 20


class Writer(threading.Thread):
    """A client that sends commands until it is told to end."""

    def __init__(self, address, number):
        super().__init__()
        self.address, self.number, self.random = address, number, random.Random(SEED + number)
        self.ending, self.problems = threading.Event(), []
        self.condition, self.answered = threading.Condition(), 0

    def run(self):
        with Client(self.address, actor=f"writer-{self.number}") as client:
            while not self.ending.is_set():
                outcomes = client.execute_all([self.command(self.answered + i) for i in range(BATCH)])
                self.problems += [str(outcome) for outcome in outcomes if isinstance(outcome, Refused)]
                with self.condition:
                    self.answered += BATCH
                    self.condition.notify_all()

    def command(self, index):
        deal = f"deals/w{self.number}-{index // 4}"
        if index % 4 == 0:
            return command("create_deal", name=deal, title="Pump", value=(self.random.randrange(10 ** 7), "USD"))
        if index % 4 == 1:
            return command("change_deal_value", deal=deal, value=(10 ** 8 + index, "USD"))
        if index % 4 == 2:
            return command("capture_lead", name=f"leads/w{self.number}-{index}", person_name=dict(display=NAME))
        # Two events in one commit: the change of the stage, and the outcome.
        return command("win_deal", deal=deal) if self.random.random() < 0.5 else command("change_deal_stage", deal=deal, stage="offer")

    def wait_for(self, more):
        with self.condition:
            target = self.answered + more
            assert self.condition.wait_for(lambda: self.answered >= target or not self.is_alive(), timeout=120)

    def end(self):
        self.ending.set()
        self.join()


class BackupTest(BackupCase):
    # ---- While commands stream in ----

    def test_restored_servers_stand_where_the_original_stood(self):
        remembered = self.client.do("create_deal", name="deals/once", title="Pump", value=(100, "USD"), request_id="form-4711").position
        writers = [Writer(self.server.address, number) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        made = []
        try:
            while len(made) < 3:
                writers[0].wait_for(100)
                before = self.client.status().head
                done = self.back_up()
                after = self.client.status().head
                self.assertLessEqual(before, self.position_in(done))
                if before < after:  # commands came in while it was made
                    made.append(done)
        finally:
            for writer in writers:
                writer.end()
        for writer in writers:
            self.assertFalse(writer.problems, writer.problems[:3])
        positions = [self.position_in(done) for done in made]
        self.assertLess(positions[0], positions[1])
        self.assertLess(positions[1], positions[2])
        self.assertLess(made[2].events, positions[2], "the incremental backup copied everything again")
        self.assertIn("nothing is wrong", self.verify(self.path("b")))

        newest = self.restored("newest")
        self.check_like_original(newest, positions[2])
        self.check_like_original(self.restored("earlier", "--tenant", "acme", "--position", positions[0]), positions[0])
        events = self.client.log()
        some = random.Random(SEED).choice([e for e in events if e.position == e.commit_position and 10 < e.position <= positions[2]])
        self.check_like_original(self.restored("past", "--tenant", "acme", "--position", some.position), some.position)
        self.check_by_time(events, some)

        # It goes on: a request that was answered before is remembered, a new one is taken.
        with Client(newest.address) as client:
            again = client.do("create_deal", name="deals/once", title="Pump", value=(100, "USD"), request_id="form-4711")
            self.assertEqual((remembered, positions[2]), (again.position, client.status().head))
            client.do("create_deal", name="deals/after-restore", title="Pump", value=(100, "USD"))
            self.assertEqual(positions[2] + 1, client.head)
        newest.recount("verify")
        print(f"{len(events)} events; backups at {positions}, past position {some.position}")

    def check_by_time(self, events, some):
        """What was recorded by a moment: the last commit of that moment, and nothing after."""
        moment = some.recorded_time.ToJsonString()
        position = max(e.position for e in events if e.recorded_time.ToNanoseconds() <= some.recorded_time.ToNanoseconds())
        self.check_like_original(self.restored("then", "--time", moment), position)

    # ---- Interruptions ----

    def segments(self):
        folder = self.path("b", "tenant-1")
        return set(os.listdir(folder)) if os.path.isdir(folder) else set()

    def test_a_killed_backup_leaves_the_former_and_is_made_again(self):
        self.fill_with_long_texts(300)
        first = self.back_up()
        self.fill_with_long_texts(3000)  # several segments
        known = self.segments()
        for more in range(1, 3):  # killed when that many files of it are there
            failures = []

            def run():
                try:
                    self.back_up()
                except Refused as error:
                    failures.append(error)

            thread = threading.Thread(target=run)
            thread.start()
            while thread.is_alive() and len(self.segments() - known) < more:
                pass
            self.server.kill()
            thread.join()
            self.assertTrue(failures, "the backup was finished before it was killed")
            self.assertIn("nothing is wrong", self.verify(self.path("b")))
            self.assertIn(f" {first.number}  ", self.server.recount("backup", "list", self.path("b")))
            self.server.start()
            self.client = self.connect()
        head = self.client.status().head
        second = self.back_up()
        self.assertEqual((first.number + 1, head), (second.number, self.position_in(second)))
        self.assertGreater(second.segments, 2)
        self.assertFalse([name for name in self.segments() if name.endswith(".new")])
        self.check_like_original(self.restored("after-kill"), head)
        self.kill_a_restore(os.path.join(self.server.folder, "killed-restore"))

    def kill_a_restore(self, folder):
        """What a killed restore leaves is not taken for a whole log, neither by a server nor by another restore."""
        process = subprocess.Popen([os.path.join(BIN, "recountd"), "restore", "--from", self.path("b"), "--data", folder])
        while process.poll() is None and not os.path.exists(folder + "/log/CURRENT"):
            pass
        process.kill()
        self.assertNotEqual(0, process.wait(), "it was finished before it was killed")
        self.check_does_not_start(folder, "was not finished")
        self.assertIn("is not an empty folder", restore("--from", self.path("b"), "--data", folder)[1])

    def test_a_full_disk_leaves_the_former(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small disk")
        os.makedirs(self.path("small"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", self.path("small")], check=True)
        self.addCleanup(subprocess.run, ["umount", self.path("small")])
        self.fill_with_long_texts(100)
        self.back_up("small/b")
        before = self.path("small", "b")
        self.fill_with_long_texts(2000)  # more than fits
        with self.assertRaises(Refused) as refused:
            self.back_up("small/b")
        self.assertEqual(("RESOURCE_EXHAUSTED", "DISK_FULL"), (refused.exception.code, refused.exception.reason))
        self.assertIn("nothing is wrong", self.verify(before))
        self.assertGreater(shutil.disk_usage(before).free, 10 << 20, "what was written of it is still there")
        # The server goes on, and so does the backup when there is room.
        self.client.do("create_deal", name="deals/goes-on", title="Pump", value=(100, "USD"))
        subprocess.run(["mount", "-o", "remount,size=200m", self.path("small")], check=True)
        self.assertEqual(self.client.head, self.position_in(self.back_up("small/b")))
        self.assertIn("nothing is wrong", self.verify(before))

    # ---- Damage ----

    def test_damage_is_found_wherever_it_is(self):
        self.fill_with_long_texts(20)
        self.back_up("b", "k")
        self.client.do("create_deal", name="deals/1", title="Pump", value=(100, "USD"))
        self.back_up("b", "k")
        files = [os.path.join(folder, name) for top in ("b", "k") for folder, _, names in os.walk(self.path(top)) for name in names
                 if name != "LOCK"]
        self.assertGreaterEqual(len(files), 6)
        chance = random.Random(SEED)
        for path in files:
            with open(path, "rb") as file:
                whole = file.read()
            spoilt = [whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1:]
                      for at in {0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(6))}]
            for content in spoilt + [whole[:chance.randrange(len(whole))], whole + b"\0", b""]:
                with open(path, "wb") as file:
                    file.write(content)
                self.assertIn(path, self.verify(self.path("b"), "--keys", self.path("k"), code=VERIFY_FAILED))
            code, said = restore("--from", self.path("b"), "--keys", self.path("k"), "--data", os.path.join(self.server.folder, "d"))
            self.assertEqual(FAILED, code, said)
            self.assertIn(path, said)
            shutil.rmtree(os.path.join(self.server.folder, "d"), ignore_errors=True)
            with open(path, "wb") as file:
                file.write(whole)
        os.remove(self.path("b", "tenant-1", f"{1:020}.commits"))
        self.assertRegex(self.verify(self.path("b"), code=VERIFY_FAILED), "tenant 1, positions 1 to .*the file is missing")
        with self.assertRaises(Refused) as refused:
            self.back_up()
        self.assertEqual(("DATA_LOSS", "DATA_DAMAGED"), (refused.exception.code, refused.exception.reason))

if __name__ == "__main__":
    sys.exit(unittest.main())
