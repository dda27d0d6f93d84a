#!/usr/bin/python3
"""kill -9 at random moments while commands stream in from several clients.

After each round: every acknowledged command is in the log at the position that was answered; what was not acknowledged is sent
again under its request id and stands there once. RECOUNT_CRASH_ROUNDS sets the rounds, RECOUNT_SEED the seed.
"""

import collections
import os
import random
import sys
import threading
import unittest

from harness import rules
from harness.client import Client, Refused, command
from harness.protos import v1
from harness.server import Server

ROUNDS = int(os.environ.get("RECOUNT_CRASH_ROUNDS") or (250 if os.environ.get("RECOUNT_DEEP") else 50))
SEED = int(os.environ.get("RECOUNT_SEED") or random.randrange(2 ** 32))
CLIENTS, BATCH, COMMANDS_A_ROUND = 3, 8, 160


class Writer(threading.Thread):
    """A client that streams its commands and notes every answer."""

    def __init__(self, address, number, commands, progress):
        super().__init__()
        self.address, self.number, self.progress = address, number, progress
        self.waiting = collections.OrderedDict((one[0], one) for one in commands)  # request id -> (request id, command)
        self.answers = {}  # request id -> position
        self.problems = []

    def run(self):
        commands = list(self.waiting.values())
        batches = [commands[i:i + BATCH] for i in range(0, len(commands), BATCH)]
        ids = [one[0] for one in commands]
        messages = (v1.CommandBatch(commands=[v1.SequencedCommand(sequence=start * BATCH + i, command=one[1])
                                              for i, one in enumerate(batch)]) for start, batch in enumerate(batches))
        with Client(self.address, actor=f"writer-{self.number}") as client:
            try:
                for outcomes in client.stream(client.Command.Stream, messages):
                    for outcome in outcomes.outcomes:
                        self._note(ids[outcome.sequence], outcome)
                    self.progress.note(len(outcomes.outcomes))
            except Refused as error:
                if error.code not in ("UNAVAILABLE", "CANCELLED", "UNKNOWN", "INTERNAL"):
                    self.problems.append(str(error))
        self.progress.end()

    def _note(self, request_id, outcome):
        if outcome.status.code == 14:  # UNAVAILABLE: the outcome is unknown
            return
        if outcome.status.code:
            self.problems.append(f"{request_id}: {Refused(outcome.status)}")
        else:
            self.answers[request_id] = outcome.result.position
        self.waiting.pop(request_id, None)


class Progress:
    """Counts answers, so that the killer waits for a number of them and not for a time."""

    def __init__(self, writers):
        self.condition, self.answers, self.running = threading.Condition(), 0, writers

    def note(self, count):
        with self.condition:
            self.answers += count
            self.condition.notify_all()

    def end(self):
        with self.condition:
            self.running -= 1
            self.condition.notify_all()

    def wait_for(self, answers):
        with self.condition:
            self.condition.wait_for(lambda: self.answers >= answers or self.running == 0, timeout=120)


class CrashTest(unittest.TestCase):
    def setUp(self):
        print(f"seed {SEED}, {ROUNDS} rounds", flush=True)
        self.random = random.Random(SEED)
        self.server = Server()
        self.addCleanup(self.server.__exit__)
        with Client(self.server.address) as client:
            client.create_tenant()
            client.publish(rules.pipelines(sales=["potential", "offer", "order", "won", "lost"]),
                           rules.probabilities("sales", potential=1000, offer=2000, order=4000), rules.reasons("price"))
        self.waiting = {number: [] for number in range(CLIENTS)}
        self.answers = {}    # (actor, request id) -> position
        self.sent = set()
        self.deals = {number: 0 for number in range(CLIENTS)}

    def commands(self, number, round_number):
        """New commands of one client; each appends something."""
        made = []
        while len(made) < COMMANDS_A_ROUND:
            request_id = f"w{number}-{round_number}-{len(made)}"
            kind = self.random.random()
            if self.deals[number] == 0 or kind < 0.3:
                self.deals[number] += 1
                fields = dict(kind="create_deal", name=f"deals/w{number}-{self.deals[number]}", title="Pump for Noa",
                              value=(self.random.randrange(10 ** 7), "USD"), occurred="2024-01-01")
            elif kind < 0.8:
                fields = dict(kind="change_deal_value", deal=f"deals/w{number}-{self.random.randint(1, self.deals[number])}",
                              value=(10 ** 8 + round_number * 10 ** 6 + len(made), "USD"), occurred="2024-01-02")
            else:
                fields = dict(kind="capture_lead", name=f"leads/{request_id}", person_name=dict(display="Noa Levi"), occurred="2024-01-03")
            made.append((request_id, command(fields.pop("kind"), request_id=request_id, **fields)))
        return made

    def one_round(self, round_number):
        total = 0
        progress = Progress(CLIENTS)
        writers = []
        for number in range(CLIENTS):
            commands = self.waiting[number] + self.commands(number, round_number)
            self.sent.update((number, one[0]) for one in commands)
            total += len(commands)
            writers.append(Writer(self.server.address, number, commands, progress))
        for writer in writers:
            writer.start()
        progress.wait_for(self.random.randint(1, total))
        self.server.kill()
        for writer in writers:
            writer.join()
            self.assertFalse(writer.problems, f"round {round_number}: " + "; ".join(writer.problems[:5]))
            self.waiting[writer.number] = list(writer.waiting.values())
            for request_id, position in writer.answers.items():
                self.answers[(writer.number, request_id)] = position
        self.server.start()

    def read(self):
        """(position of each request by (client, request id), how often it stands there); positions and revisions are checked."""
        with Client(self.server.address) as client:
            events = client.log()
            self.assertEqual(list(range(1, len(events) + 1)), [event.position for event in events], "positions have a gap")
            revisions = collections.Counter()
            commits = collections.defaultdict(set)
            for event in events:
                revisions[event.stream] += 1
                self.assertEqual(revisions[event.stream], event.revision, event.stream)
                if event.actor.startswith("writer-"):
                    commits[(int(event.actor[7:]), event.request_id)].add(event.commit_position)
            for stream in self.random.sample(sorted(revisions), min(10, len(revisions))):
                if stream.split("/")[0] in ("deals", "leads"):
                    self.check_stream(client, stream, [event for event in events if event.stream == stream])
        return commits

    def check_stream(self, client, stream, events):
        found, after = [], 0
        while True:
            page = client.call(client.History.ReadStream, v1.ReadStreamRequest(ref=v1.Ref(name=stream), after_revision=after, page_size=1000))
            found += [entry.event.position for entry in page.entries]
            after = page.next_after_revision
            if not after:
                break
        self.assertEqual([event.position for event in events], found, f"{stream} and the log differ")

    def check_acknowledged(self, commits, place):
        for key, position in self.answers.items():
            self.assertEqual({position}, commits.get(key), f"{place}: {key} was acknowledged at {position}")

    def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(self):
        for round_number in range(ROUNDS):
            self.one_round(round_number)
            if round_number % 10 == 0 or round_number == ROUNDS - 1:
                self.check_acknowledged(self.read(), f"round {round_number}")
        self.finish()
        commits = self.read()
        self.check_acknowledged(commits, "at the end")
        self.assertEqual(self.sent, set(commits), "a request is missing, or one that nobody sent is there")
        self.server.recount("verify")
        with Client(self.server.address) as client:
            live = client.digests()
            self.assertTrue(live)
            done = client.rebuild()
            self.assertTrue(done.done)
            self.assertEqual(live, {digest.subject: digest.after for digest in done.digests})
            self.assertEqual(live, client.digests())
        print(f"{len(self.sent)} commands, {len(self.answers)} acknowledged")

    def finish(self):
        """Sends what was not acknowledged, and something that was: the remembered answer comes."""
        for number in range(CLIENTS):
            with Client(self.server.address, actor=f"writer-{number}") as client:
                for (request_id, one), outcome in zip(self.waiting[number], client.execute_all([c for _, c in self.waiting[number]])):
                    self.assertIsInstance(outcome, v1.CommandResult, f"{request_id}: {outcome}")
                    self.answers[(number, request_id)] = outcome.position


if __name__ == "__main__":
    sys.exit(unittest.main())
