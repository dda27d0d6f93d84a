#!/usr/bin/python3
"""The disk becomes full, and has room again: commands are refused with a reason, questions are answered, nothing is lost.

On a small disk in memory, which needs root; without it the test is skipped.
"""

import concurrent.futures
import itertools
import os
import shutil
import sys
import tempfile
import threading
import time
import unittest

from faults.faulty_server import CANNOT_START, STOPPED, WRITE_FAILED
from faults.script import DEADLINE_SECONDS, NO_ROOM, Script, lead_name
from faults.small_disk import SmallDisk
from harness.client import Client, Refused, command
from harness.protos import v1
from harness.server import Server

LONG = "x" * 16000
LONG_TEXTS = 1000  # 16 MB of them: what is written by and by runs into the full disk
SECONDS_TO_RESUME = 60


class DiskFullTest(unittest.TestCase):
    def setUp(self):
        self.disk = SmallDisk()
        self.disk.__enter__()
        self.addCleanup(self.disk.__exit__)
        self.folder = tempfile.mkdtemp(prefix="recount-test-")  # what the server says must not be on the full disk
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("data", "backups"):
            os.mkdir(os.path.join(self.disk.folder, name))
            os.symlink(os.path.join(self.disk.folder, name), os.path.join(self.folder, name))
        self.server = Server(self.folder, backups=True)
        self.addCleanup(self.server.__exit__)
        self.script = Script()
        self.assertTrue(self.script.play(self.server, halves=1))
        self.client = self.connect()

    def connect(self):
        client = Client(self.server.address)
        self.addCleanup(client.channel.close)
        return client

    def capture(self, client, text=""):
        return client.call(client.Command.Execute, command("capture_lead", person_name=dict(display="Noa"), request=text),
                           timeout=DEADLINE_SECONDS)

    def refusal(self, doing):
        with self.assertRaises(Refused) as caught:
            doing()
        return caught.exception

    def check_refused(self, doing):
        refusal = self.refusal(doing)
        self.assertEqual((NO_ROOM, "DISK_FULL"), (refusal.code, refusal.reason), refusal)

    def wait_until_accepted(self, doing):
        """The server looks at the disk again by and by."""
        end = time.monotonic() + SECONDS_TO_RESUME
        while True:
            try:
                return doing()
            except Refused as refusal:
                self.assertEqual("DISK_FULL", refusal.reason, f"{refusal}\n{self.server.log()}")
                self.assertLess(time.monotonic(), end, f"there is room, and it is still refused: {refusal}")
                threading.Event().wait(0.1)

    def wait_until_all_goes_on(self):
        self.wait_until_accepted(lambda: self.capture(self.client))
        self.wait_until_accepted(lambda: self.script.back_up(self.client))
        self.wait_until_accepted(self.client.rebuild)

    def wait_until_refused(self):
        end = time.monotonic() + SECONDS_TO_RESUME
        while time.monotonic() < end:
            try:
                self.capture(self.client)
            except Refused as refusal:
                return self.assertEqual("DISK_FULL", refusal.reason, refusal)
        self.fail("the disk is full, and commands are accepted")

    def check_serves_questions(self):
        self.script.look(self.client)
        lead = self.client.call(self.client.Lead.GetLead, v1.GetRequest(ref=v1.Ref(name="leads/1")))
        self.assertEqual(lead_name(1), lead.person_name.display)
        self.assertGreater(len(self.client.log()), 20)

    def check_nothing_is_lost(self):
        if self.server.process.poll() is not None:
            self.server.start()
        self.script.check(self.server)
        self.server.stop()
        self.assertEqual(STOPPED, self.server.process.returncode, self.server.log())

    def test_commands_are_refused_and_accepted_again_without_a_restart(self):
        for _ in range(2):
            self.disk.fill()
            self.wait_until_refused()
            self.check_serves_questions()
            self.check_refused(lambda: self.script.back_up(self.client))
            self.check_refused(lambda: list(self.client.stream(self.client.Admin.Rebuild, v1.RebuildRequest(target="deal"))))
            self.check_serves_questions()
            self.disk.make_room()
            self.wait_until_all_goes_on()
        self.check_nothing_is_lost()

    def test_it_becomes_full_under_writing_clients(self):
        """They are told so, or the server ends because it could not write."""
        accepted, filled = itertools.count(), threading.Event()

        def write(number):
            ends = []
            with Client(self.server.address, actor=f"writer-{number}") as client:
                while not ends or not filled.is_set():
                    try:
                        self.capture(client, LONG)
                        next(accepted)
                    except Refused as refusal:
                        ends.append(refusal)
                        if refusal.code != NO_ROOM:
                            break
            return ends[-1]

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(write, number) for number in range(4)]
            self.disk.fill()
            filled.set()
            ends = [writer.result() for writer in writers]
        print(f"{next(accepted)} accepted, then {ends[0]}")
        self.assertLessEqual({end.code for end in ends}, {NO_ROOM, "UNAVAILABLE"})
        if any(end.code == "UNAVAILABLE" for end in ends):
            self.assertEqual(WRITE_FAILED, self.server.process.wait(DEADLINE_SECONDS), self.server.log())
        self.disk.make_room()
        self.check_nothing_is_lost()

    def test_it_becomes_full_while_a_backup_and_a_rebuild_run(self):
        self.script.back_up(self.client)
        texts = [command("capture_lead", person_name=dict(display="Noa"), request=f"{i} {LONG}") for i in range(LONG_TEXTS)]
        for start in range(0, LONG_TEXTS, 100):
            self.client.execute_all(texts[start:start + 100])
        for doing in (lambda: self.client.stream(self.client.Admin.BackUp, v1.BackUpRequest(folder="b", keys_folder="k")),
                      lambda: self.client.stream(self.client.Admin.Rebuild, v1.RebuildRequest(target="deal"))):
            running = doing()
            try:
                next(running)
                self.disk.fill()
                list(running)
                print("it was done before the disk was full")
            except Refused as refusal:
                self.assertEqual((NO_ROOM, "DISK_FULL"), (refusal.code, refusal.reason), refusal)
            self.disk.fill()  # also what a backup that gave up had taken
            self.wait_until_refused()
            self.check_serves_questions()
            self.server.recount("backup", "verify", os.path.join(self.server.backups, "b"))
            self.disk.make_room()
            self.wait_until_all_goes_on()
        self.check_nothing_is_lost()

    def test_a_start_after_a_kill_finds_room_for_itself(self):
        """What the killed server had taken ahead is enough."""
        self.server.kill()
        self.disk.fill()
        self.server.start()
        self.client = self.connect()
        self.disk.fill()
        self.wait_until_refused()
        self.check_serves_questions()
        self.disk.make_room()
        self.wait_until_all_goes_on()
        self.check_nothing_is_lost()

    def test_a_start_without_any_room_says_so(self):
        self.server.stop()
        self.disk.fill()
        with self.assertRaises(RuntimeError) as caught:
            self.server.start()
        self.assertEqual(CANNOT_START, self.server.process.returncode)
        self.assertRegex(str(caught.exception), "recountd: DISK_FULL: .*/data/.*; free some space")
        self.disk.make_room()
        self.check_nothing_is_lost()


if __name__ == "__main__":
    sys.exit(unittest.main())
