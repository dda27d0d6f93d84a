"""How one client talks: it notes, sends, and notes what came of it."""

import grpc

from harness.client import Client, Refused, refused
from harness.protos import v1
from harness.values import micros_of
from witness import asks, events, readings

# After these the outcome is not known; with one of the reasons the server says that it did nothing.
UNKNOWN_CODES = ("UNAVAILABLE", "CANCELLED", "UNKNOWN", "INTERNAL", "DEADLINE_EXCEEDED")
NOTHING_DONE = ("SERVER_STOPPING", "DEADLINE_PASSED", "TOO_MANY_COMMANDS", "DISK_FULL")
TAIL = 20


class Gone(Exception):
    """The server does not answer any more."""


class Talk:
    """A connection of one client. `pending`: request id -> ask of what it has no last word on; it outlives the connection."""

    def __init__(self, address, journal, asker, pending):
        self.address = address
        self.client = Client(address, tenant=asker.tenant, actor=asker.actor)
        self.journal, self.asker, self.known, self.pending = journal, asker, asker.known, pending

    def close(self):
        self.client.channel.close()

    # ---- Commands ----

    def invoke(self, request, ask, actor=None):
        return self.journal.invoke(self.asker.tenant, actor or self.asker.actor, ask, request)

    def execute(self, request, ask, others=()):
        """One command by a call of its own; `others` are connections that send it at the same time."""
        self.pending[request] = ask
        calls = [(talk, talk.invoke(request, ask)) for talk in (self, *others)]
        futures = [(talk, call, talk.send(request, ask)) for talk, call in calls]
        there = [talk.take(call, request, ask, future) for talk, call, future in futures]
        if not all(there):
            raise Gone

    def send(self, request, ask, metadata=None):
        """A future of one CommandResult or CommandOutcomes."""
        commands, how = asks.commands(ask, request), dict(metadata=metadata or self.client.metadata, timeout=60)
        if ask["kind"] == "group":
            return self.client.Command.ExecuteBatch.future(batch(0, ask, commands), **how)
        return self.client.Command.Execute.future(commands[0], **how)

    def take(self, call, request, ask, future):
        """Notes the answer; False: there is none."""
        try:
            result = future.result()
        except grpc.RpcError as error:
            return self.note_refusal(call, request, refused(error))
        return self.note(call, request, ask, result.outcomes if ask["kind"] == "group" else result)

    def note(self, call, request, ask, result):
        """Of a CommandResult, or of the outcomes of a message."""
        if not isinstance(result, v1.CommandResult):
            refusals = [Refused(outcome.status) for outcome in result if outcome.status.code]
            if refusals:
                own = [refusal for refusal in refusals if refusal.reason != "ATOMIC_GROUP_REFUSED"]
                return self.note_refusal(call, request, (own or refusals)[0])
            revisions = [one for outcome in result for one in outcome.result.revisions]  # each command's own
            result = result[0].result
        else:
            revisions = result.revisions
        answer = dict(position=result.position, revisions={one.stream: one.revision for one in revisions},
                      recorded=micros_of(result.recorded_time), repeated=result.repeated)
        self.journal.ok(call, answer)
        if self.pending.pop(request, None):
            self.known.note(self.asker.actor, request, ask, answer)
        return True

    def note_refusal(self, call, request, refusal):
        if refusal.code in UNKNOWN_CODES and refusal.reason not in NOTHING_DONE:
            self.journal.unknown(call, str(refusal))
            return False
        self.journal.refused(call, refusal.code, refusal.reason, refusal.metadata)
        if refusal.reason == "REVISION_MISMATCH":
            self.known.note_revision(refusal.metadata["name"], int(refusal.metadata["revision"]))
        if refusal.reason not in NOTHING_DONE:
            self.pending.pop(request, None)
        return refusal.reason != "SERVER_STOPPING"

    def again(self):
        """Sends a command that was answered once more, mostly the same, also one of another client."""
        chosen = self.known.answered(self.asker.random)
        if not chosen:
            return
        actor, request, ask = chosen
        if self.asker.random.random() < 0.3:
            ask = self.asker.other(ask)
        call = self.invoke(request, ask, actor)
        future = self.send(request, ask, (("recount-tenant", self.asker.tenant), ("recount-actor", actor)))
        try:
            result = future.result()
        except grpc.RpcError as error:
            if not self.note_refusal(call, None, refused(error)):
                raise Gone from None
            return
        self.note(call, None, ask, result.outcomes if ask["kind"] == "group" else result)

    # ---- Reads ----

    def read(self, ask):
        call = self.journal.invoke(self.asker.tenant, self.asker.actor, ask)
        try:
            answer = getattr(self, "_" + ask["read"])(ask, ask.get("min_position", 0))
        except Refused as refusal:
            if refusal.code in UNKNOWN_CODES and (not refusal.reason or refusal.reason in NOTHING_DONE):
                self.journal.unknown(call, str(refusal))
                raise Gone from None
            self.journal.refused(call, refusal.code, refusal.reason, refusal.metadata)
        else:
            self.journal.ok(call, answer)

    def _record(self, ask, min_position):
        return readings.record(self.client, v1.Ref(name=ask["stream"]), asks.collection(ask["stream"]), min_position)

    def _external(self, ask, min_position):
        source, key = ask["external"]
        ref = v1.Ref(external=v1.ExternalId(source=source, id=key))
        return readings.record(self.client, ref, ask["collection"], min_position)

    def _stream(self, ask, min_position):
        page = self.client.call(self.client.History.ReadStream, v1.ReadStreamRequest(
            ref=v1.Ref(name=ask["stream"]), page_size=TAIL, backwards=True, min_position=min_position))
        return dict(revision=page.revision, events=briefly(entry.event for entry in page.entries))

    def _tail(self, ask, min_position):
        request = v1.ReadLogRequest(page_size=TAIL, backwards=True, min_position=min_position)
        page = self.client.call(self.client.History.ReadLog, request)
        return dict(head=page.head, events=briefly(page.events))

    def _report(self, ask, min_position):
        return readings.open_deals(self.client, min_position)


def batch(sequence, ask, commands):
    return v1.CommandBatch(atomic=ask["kind"] == "group",
                           commands=[v1.SequencedCommand(sequence=sequence, command=one) for one in commands])


def briefly(found):
    """[[position, stream, revision, what it says]]."""
    return [[one.position, one.stream, one.revision, events.said(one)] for one in found]
