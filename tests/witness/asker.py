"""Chooses what a client asks: few records, so that clients collide, and much that must be refused."""

import random

COLLECTIONS = ("leads", "persons", "organizations", "deals")
SOURCE = "pbx"


class Asker:
    """One client's choices. They follow from the seed and from what is known."""

    def __init__(self, seed, tenant, number, known, records):
        self.random = random.Random(seed)
        self.tenant, self.number, self.known, self.records = tenant, number, known, records
        self.actor = f"witness-{number}"  # the same in each tenant, as the request ids are: they must not meet
        self.asked = self.heard = 0  # commands; position up to which the log was listened to
        self.tenant_number = sum(ord(letter) << 8 * place for place, letter in enumerate(tenant[:2]))

    def command(self):
        """(request id, ask) that nobody asked before."""
        self.asked += 1
        request = f"{self.number}-{self.asked}"
        return request, self._group() if self.random.random() < 0.1 else self._single(self._stream())

    def _stream(self):
        return f"{self.random.choice(COLLECTIONS)}/r{self.random.randrange(self.records)}"

    def _group(self):
        """Two records in one commit."""
        streams = set()
        while len(streams) < 2:
            streams.add(self._stream())
        return dict(kind="group", parts=[self._single(stream, 1 + number) for number, stream in enumerate(sorted(streams))])

    def _single(self, stream, part=0):
        """An ask about one record. In a group no external ids: what one part has would be refused to the other."""
        is_deal = stream.startswith("deals/")
        kinds = ["append"] * 5 + ["name", "append" if part else "claim", "value" if is_deal else "name"]
        kind = "create" if not self.known.revision(stream) or self.random.random() < 0.03 else self.random.choice(kinds)
        ask = dict(kind=kind, stream=stream)
        if kind in ("create", "append", "name"):
            ask["mark"] = f"{self.tenant}.{self.number}.{self.asked}.{part}"
        if kind in ("create", "value") and is_deal:
            ask["value"] = (self.tenant_number * 100 + self.number) * 10 ** 6 + self.asked * 3 + part  # no two the same
        if kind == "claim" or kind == "create" and not part and self.random.random() < 0.5:
            ask["external"] = [SOURCE, f"k{self.random.randrange(6 * self.records)}"]
        if self.random.random() < 0.5:
            ask["expected"] = self._expected(stream)
        return ask

    def _expected(self, stream):
        """Mostly the one that was heard of last, which another client may have passed meanwhile."""
        revision = self.known.revision(stream)
        return revision if self.random.random() < 0.9 else max(0, revision + self.random.choice((-1, 1)))

    def read(self):
        """A read, mostly of what must be there already."""
        kind = self.random.choice(("record", "record", "record", "external", "stream", "tail", "report"))
        stream = self._stream()
        ask = dict(read=kind)
        if kind in ("record", "stream"):
            ask["stream"] = stream
        if kind == "external":
            ask.update(collection=stream.split("/")[0], external=[SOURCE, f"k{self.random.randrange(6 * self.records)}"])
        if kind == "report" or self.random.random() < 0.5:
            ask["min_position"] = self.known.position
        return ask

    def other(self, ask):
        """Another command that is sent under the request id of this one: it must be refused."""
        first = ask["parts"][0] if ask["kind"] == "group" else ask
        mark = f"{self.tenant}.{self.number}.reused.{self.random.randrange(10 ** 9)}"
        return dict(kind="append", stream=first["stream"], mark=mark)
