"""The checker's own count of what a log says: records at each revision, who has which external id, open deals at each
position.
"""

import bisect
import collections

from witness.asks import CREATE, collection


class Stream:
    """One record through its revisions, counted by the order of its events (which must be that of the revisions)."""

    def __init__(self):
        self.events, self._states = [], [dict(tags=0, external=0, name="", value=None)]
        self._tags, self._external = [], []

    def add(self, event):
        self.events.append(event)
        self._tags += event.said.get("tags", [])
        self._external += event.said.get("external", [])
        last = self._states[-1]
        self._states.append(dict(tags=len(self._tags), external=len(self._external), name=event.said.get("name", last["name"]),
                                 value=event.said.get("value", last["value"])))

    @property
    def value(self):
        """Of a deal now; None: it is not there, or no deal."""
        return self._states[-1]["value"]

    def span(self, revision):
        """(first, last) position of the log at which the record stands at a revision; last None: up to now."""
        first = self.events[revision - 1].position if revision else 0
        return first, self.events[revision].position - 1 if revision < len(self.events) else None

    def record(self, revision):
        """As events.record says it."""
        state, last = self._states[revision], self.events[revision - 1]
        result = dict(revision=revision, position=last.position, tags=sorted(self._tags[:state["tags"]]), name=state["name"],
                      external=sorted(self._external[:state["external"]]))
        return result | (dict(value=state["value"]) if collection(last.stream) == "deals" else {})


class World:
    def __init__(self, log):
        self.log = log
        self.streams = collections.defaultdict(Stream)
        self.commits = collections.defaultdict(list)  # commit position -> events
        self.requests = collections.defaultdict(list)  # (actor, request id) -> commit positions
        self.owners = {}  # (collection, source, id) -> (position, stream) of the first one that got it
        self.claimed_twice = []  # events that gave an external id to a second record
        self._deals = [(0, 0, 0)]  # (position, deals, value) from that position on
        for event in log:
            self._add(event)
        self.head = log[-1].position if log else 0

    def _add(self, event):
        stream = self.streams[event.stream]
        before = stream.value
        stream.add(event)
        self.commits[event.commit].append(event)
        if event.commit not in self.requests[event.actor, event.request][-1:]:
            self.requests[event.actor, event.request].append(event.commit)
        for source, key in event.said.get("external", []):
            owner = self.owners.setdefault((collection(event.stream), source, key), (event.position, event.stream))
            self.claimed_twice += [event] if owner[1] != event.stream else []
        if "value" in event.said:
            _, deals, value = self._deals[-1]
            self._deals.append((event.position, deals + (before is None), value - (before or 0) + event.said["value"]))

    def open_deals(self, position):
        """As readings.open_deals says it."""
        _, deals, value = self._deals[bisect.bisect_right(self._deals, (position, float("inf"), 0)) - 1]
        return dict(position=position, deals=deals, value=value)

    def records(self):
        """{stream: record now}."""
        return {name: stream.record(len(stream.events)) for name, stream in self.streams.items() if collection(name) in CREATE}

    def commit_of(self, key):
        """Events of the commit of a request; none: []."""
        positions = self.requests.get(key)
        return self.commits[positions[0]] if positions else []

    def is_commit_end(self, stream, revision):
        """Whether the commit of a revision has no later one of the same record."""
        found = self.streams[stream].events
        return revision == 0 or revision == len(found) or found[revision].commit != found[revision - 1].commit
