"""What clients asked and what they were answered, in the order of time.

A journal is lines of JSON. An `invoke` line is written before its request goes out; at most one line with the outcome follows
when the answer is there:

    {"what": "invoke", "call": 7, "tenant": "acme", "actor": "witness-1", "request": "1-12", "ask": {...}}
    {"what": "ok", "call": 7, "answer": {...}}
    {"what": "refused", "call": 7, "code": "ABORTED", "reason": "REVISION_MISMATCH", "metadata": {...}}
    {"what": "unknown", "call": 7, "why": "..."}
    {"what": "head", "tenant": "acme", "position": 12, "hash": "..."}      # a chain head that the server once told

So one line before another means that it happened before it. A call without an outcome was cut off: like `unknown`. A command is
known by (tenant, actor, request); one that is sent again is another call with the same. Reads have no request.
"""

import dataclasses
import json
import threading


@dataclasses.dataclass
class Call:
    """A request and its outcome. `invoked` and `answered` are places in the journal; no answer: None."""
    number: int
    tenant: str
    actor: str
    request: str  # of a command; "": a read
    ask: dict
    invoked: int
    answered: int = None
    outcome: str = "unknown"
    answer: dict = None
    code: str = ""
    reason: str = ""
    metadata: dict = None

    @property
    def key(self):
        return self.actor, self.request

    def __str__(self):
        return f"call {self.number} of {self.actor} in {self.tenant} ({self.request or 'a read'}: {json.dumps(self.ask)})"


class Journal:
    """Notes from any thread. `path`: where it is kept also if the program ends; None: in memory alone."""

    def __init__(self, path=None):
        self.entries, self._lock = [], threading.Lock()
        self._file = open(path, "ab", buffering=0) if path else None
        self._calls = 0

    @classmethod
    def of(cls, path):
        """A journal that was kept. A last line that was cut off is none."""
        journal = cls()
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
        journal.entries = [json.loads(line) for line in lines[:-1]]
        journal._calls = sum(entry["what"] == "invoke" for entry in journal.entries)
        return journal

    def invoke(self, tenant, actor, ask, request=""):
        """The number of the call, which may now be made."""
        with self._lock:
            self._calls += 1
            self._write(dict(what="invoke", call=self._calls, tenant=tenant, actor=actor, request=request, ask=ask))
            return self._calls

    def ok(self, call, answer):
        self._note(what="ok", call=call, answer=answer)

    def refused(self, call, code, reason, metadata):
        self._note(what="refused", call=call, code=code, reason=reason, metadata=metadata)

    def unknown(self, call, why):
        self._note(what="unknown", call=call, why=why)

    def head(self, tenant, position, chain_hash):
        self._note(what="head", tenant=tenant, position=position, hash=chain_hash)

    def _note(self, **entry):
        with self._lock:
            self._write(entry)

    def _write(self, entry):
        self.entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry).encode() + b"\n")

    def calls(self, tenant):
        """Calls of a tenant in the order in which they were made."""
        calls = {}
        for place, entry in enumerate(self.entries):
            if entry["what"] == "invoke" and entry["tenant"] == tenant:
                calls[entry["call"]] = Call(entry["call"], tenant, entry["actor"], entry["request"], entry["ask"], place)
            elif entry["what"] in ("ok", "refused") and entry["call"] in calls:
                call = calls[entry["call"]]
                call.answered, call.outcome = place, entry["what"]
                call.answer, call.metadata = entry.get("answer"), entry.get("metadata")
                call.code, call.reason = entry.get("code", ""), entry.get("reason", "")
        return list(calls.values())

    def heads(self, tenant):
        """[(position, hash)] that the server once told."""
        return [(entry["position"], entry["hash"]) for entry in self.entries
                if entry["what"] == "head" and entry["tenant"] == tenant]

    def close(self):
        if self._file:
            self._file.close()
