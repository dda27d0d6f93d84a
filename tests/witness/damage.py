"""Histories that a faulty server would have left: a sound one, damaged on purpose. The check must see every damage.

Most damages are told consistently (`retold`): log, streams, records, counts, stored commits and their hashes agree with each
other, and only what clients wrote down can convict the server.
"""

import dataclasses
import hashlib
import pickle
import random

from harness.protos import storage
from witness.asks import CREATE, collection
from witness.check import check
from witness.journal import Journal
from witness.world import World


class History:
    """A recorded history of several tenants; the damages are done to a copy, mostly to its first tenant."""

    def __init__(self, journal, readings, seed):
        self.journal = Journal()
        self.journal.entries, self.readings = pickle.loads(pickle.dumps((journal.entries, readings)))
        self.random = random.Random(seed)
        self.tenant, self.other = list(readings)[:2]

    def findings(self):
        return check(self.journal, self.readings, shown=10 ** 6)

    @property
    def own(self):
        return self.readings[self.tenant]

    @property
    def world(self):
        return World(self.own.log)

    def choose(self, among):
        return self.random.choice(list(among))

    def accepted(self, *kinds):
        """Calls of commands that appended something and were asked once."""
        calls = self.journal.calls(self.tenant)
        count = {}
        for call in calls:
            count[call.key] = count.get(call.key, 0) + 1
        accepted = [call for call in calls if call.request and call.outcome == "ok" and call.answer["revisions"]]
        return [call for call in accepted if count[call.key] == 1 and (not kinds or call.ask["kind"] in kinds)]

    def events(self, call):
        return self.world.commit_of(call.key)

    def invocation(self, call):
        return self.journal.entries[call.invoked]

    def outcome(self, call):
        return self.journal.entries[call.answered]

    def retell(self, log, also_heads=True):
        """All readings of the first tenant from another log; `also_heads`: no client heard of a head before."""
        self.readings[self.tenant] = retold(self.own, log)
        if also_heads:
            self.journal.entries = [entry if entry["what"] != "head" else dict(what="none") for entry in self.journal.entries]


def numbered(log):
    """The events with positions, revisions and commit ends as they follow from their order; commits stay together."""
    revisions, result, start = {}, [], 0
    while start < len(log):
        end = start + 1
        while end < len(log) and log[end].commit == log[start].commit and log[end].request == log[start].request:
            end += 1
        for place in range(start, end):
            event = log[place]
            revisions[event.stream] = revisions.get(event.stream, 0) + 1
            result.append(dataclasses.replace(event, position=place + 1, commit=end, revision=revisions[event.stream]))
        start = end
    return result


def retold(readings, log):
    """Readings that agree with the log in everything."""
    recorded = 0
    for place, event in enumerate(log):
        recorded = max(recorded, event.recorded)
        log[place] = dataclasses.replace(event, recorded=recorded)
    world = World(log)
    commits = list(_stored(world))
    return dataclasses.replace(
        readings, log=log, backwards=log[::-1], records=world.records(), commits=commits, head=world.head,
        head_hash=commits[-1][3].hex(),
        streams={name: stream.events for name, stream in world.streams.items() if collection(name) in CREATE},
        totals={name: (sum(collection(stream) == name for stream in world.streams), world.head) for name in readings.totals},
        report=world.open_deals(world.head))


def _stored(world):
    chain = bytes(32)
    for last, events in world.commits.items():
        first = events[0]
        record = storage.CommitRecord(
            first_position=first.position, recorded_micros=first.recorded, actor=first.actor, request_id=first.request,
            events=[storage.StoredEvent(stream=event.stream, revision=event.revision) for event in events]).SerializeToString()
        chain = hashlib.sha256(chain + record).digest()
        yield first.position, last, record, chain
