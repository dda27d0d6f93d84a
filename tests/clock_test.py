#!/usr/bin/python3
"""The machine's clock is set forward and back under a running server.

Recorded times never go back, reports and subscriptions go on, no wait becomes longer, and what occurred in the future of what is
recorded is refused.
"""

import os
import shutil
import sys
import tempfile
import time
import unittest

from faults.faulty_server import preload
from faults.script import Script
from harness import values
from harness.client import Client, Refused, command
from harness.protos import v1
from harness.server import Server

DAY, HOUR = 86400, 3600
MICROS = 10 ** 6
# Seconds that the clock is off, one after the other.
MOVES = (0, HOUR, 400 * DAY, -400 * DAY, 0, -HOUR, 20 * DAY, 401 * DAY, 0)
DEADLINE_SECONDS = 30


class ClockTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="recount-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.clock = os.path.join(self.folder, "clock")
        self.set_clock(0)
        self.server = Server(self.folder, backups=True, wrapper=preload(clock=self.clock))
        self.addCleanup(self.server.__exit__)
        self.script = Script()
        self.assertTrue(self.script.play(self.server, halves=1))
        self.client = self.connect()

    def connect(self):
        client = Client(self.server.address)
        self.addCleanup(client.channel.close)
        return client

    def set_clock(self, seconds):
        """How many seconds the server's clock is off; at once, as by `date`."""
        with open(self.clock + ".new", "w") as file:
            file.write(str(seconds))
        os.rename(self.clock + ".new", self.clock)

    def capture(self, **fields):
        return self.client.call(self.client.Command.Execute, command("capture_lead", person_name=dict(display="Noa"), **fields),
                                timeout=DEADLINE_SECONDS)

    def recorded(self, at_least):
        """Micros of what is recorded now. The server may learn some two seconds late that its clock was set forward."""
        end = time.monotonic() + DEADLINE_SECONDS
        while True:
            recorded = values.micros_of(self.capture().recorded_time)
            if recorded >= at_least or time.monotonic() > end:
                return recorded

    def check_order(self):
        times = [values.micros_of(event.recorded_time) for event in self.client.log()]
        self.assertEqual(sorted(times), times, "recorded times went back")

    def test_recorded_times_never_go_back_and_all_goes_on(self):
        subscription = self.client.History.Subscribe(v1.SubscribeRequest(), metadata=self.client.metadata, timeout=10 * DEADLINE_SECONDS)
        newest = 0
        for moved in MOVES:
            self.set_clock(moved)
            expected = max(newest, (time.time() + moved) * MICROS)
            recorded = self.recorded(expected - MICROS)
            self.assertAlmostEqual(expected, recorded, delta=HOUR * MICROS / 2, msg=f"moved by {moved} s")
            self.assertGreaterEqual(recorded, newest)
            newest = recorded
            head = self.client.status().head
            self.assertEqual(head, next(message.event.position for message in subscription if message.event.position >= head))
            self.script.look(self.client)
            self.client.report("pipeline_snapshot", min_position=head)
        subscription.cancel()
        self.check_order()
        self.server.restart()
        self.client = self.connect()
        self.assertGreaterEqual(self.recorded(0), newest)
        self.check_order()
        self.script.check(self.server)

    def test_what_occurred_after_it_was_recorded_is_refused(self):
        """The newest recorded time is the present, also if the clock stands before it."""
        self.set_clock(10 * DAY)
        newest = self.recorded((time.time() + 9 * DAY) * MICROS)
        self.assertGreater(newest, (time.time() + 9 * DAY) * MICROS)
        for moved in (10 * DAY, 0, -DAY):
            self.set_clock(moved)
            self.capture(occurred=newest - HOUR * MICROS)
            with self.assertRaises(Refused) as caught:
                self.capture(occurred=newest + HOUR * MICROS)
            self.assertEqual("OCCURRED_IN_FUTURE", caught.exception.reason, caught.exception)

    def test_no_wait_becomes_longer_or_shorter(self):
        """A question waits for a position that never comes, for as long as its deadline says."""
        for moved in (-HOUR, 0, HOUR, 0):
            request = v1.RunReportRequest(report="pipeline_snapshot", min_position=self.client.status().head + 1)
            call = self.client.Report.RunReport.future(request, metadata=self.client.metadata, timeout=2 * DEADLINE_SECONDS)
            log = self.client.History.ReadLog.future(v1.ReadLogRequest(min_position=request.min_position),
                                                     metadata=self.client.metadata, timeout=2 * DEADLINE_SECONDS)
            self.script.look(self.client)  # both wait by now, or begin to
            self.set_clock(moved)
            self.assertFalse(call.done() or log.done(), "a wait ended when the clock was set")
            self.capture()  # the position comes
            call.result(DEADLINE_SECONDS)
            log.result(DEADLINE_SECONDS)
        request = v1.RunReportRequest(report="pipeline_snapshot", min_position=self.client.status().head + 1)
        self.set_clock(-HOUR)
        with self.assertRaises(Refused) as caught:
            self.client.call(self.client.Report.RunReport, request, timeout=1)
        self.assertEqual("DEADLINE_EXCEEDED", caught.exception.code)


if __name__ == "__main__":
    sys.exit(unittest.main())
