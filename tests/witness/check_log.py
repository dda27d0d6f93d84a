"""Checks of what was read back, by itself: the log is whole, and everything that shows it agrees with it."""

import hashlib
import itertools

from harness.protos import storage
from witness.asks import CREATE, collection


def check_log(readings, heads):
    """Findings. `heads`: [(position, hash)] that the server told before."""
    return [*_positions(readings), *_revisions(readings), *_commits(readings), *_agreement(readings), *_chain(readings, heads)]


def _positions(readings):
    for number, event in enumerate(readings.log, 1):
        if event.position != number:
            yield f"position {number} of the log is missing or there twice: {event.position} stands in its place"
            return
    if readings.head != len(readings.log):
        yield f"the log ends at {len(readings.log)}, but its head is told to be {readings.head}"


def _revisions(readings):
    newest, recorded = {}, 0
    for event in readings.log:
        wanted = newest.get(event.stream, 0) + 1
        if event.revision != wanted:
            yield f"position {event.position}: {event.stream} has revision {event.revision} after {wanted - 1}"
        newest[event.stream] = event.revision
        if event.recorded < recorded:
            yield f"position {event.position}: the recorded time goes back"
        recorded = event.recorded


def _commits(readings):
    for commit, group in itertools.groupby(readings.log, key=lambda event: event.commit):
        events = list(group)
        if events[-1].position != commit:
            yield f"the commit that ends at {commit} is not whole: its events are {[event.position for event in events]}"
        if len({(event.actor, event.request, event.recorded) for event in events}) > 1:
            yield f"the commit that ends at {commit} is of several commands"


def _agreement(readings):
    if readings.backwards != readings.log[::-1]:
        yield "the log read backwards is another one: " + _first_difference(readings.backwards, readings.log[::-1])
    by_stream = {}
    for event in readings.log:
        by_stream.setdefault(event.stream, []).append(event)
    for stream in sorted(set(by_stream) | set(readings.streams)):
        if collection(stream) in CREATE and readings.streams.get(stream, []) != by_stream.get(stream, []):
            difference = _first_difference(readings.streams.get(stream, []), by_stream.get(stream, []))
            yield f"{stream} and the log differ: {difference}"


def _first_difference(one, other):
    for first, second in itertools.zip_longest(one, other):
        if first != second:
            return f"{first} and {second}"
    return "nothing"


def _chain(readings, heads):
    """The hash chain counted again, and the stored records beside the events."""
    chain, position, hashes = bytes(32), 0, {0: ""}
    for first, last, record, told in readings.commits:
        if first != position + 1:
            yield f"a stored commit begins at {first} after {position}"
        chain, position = hashlib.sha256(chain + record).digest(), last
        hashes[last] = chain.hex()
        if chain != told:
            yield f"the hash of the commit that ends at {last} is not that of its bytes and the one before"
            return
        yield from _stored(readings, first, last, record)
    for place, told in [*heads, (readings.head, readings.head_hash)]:
        if hashes.get(place) != told:
            yield f"the hash at {place} was told to be {told}, and is {hashes.get(place, 'not there')} now"


def _stored(readings, first, last, record):
    stored = storage.CommitRecord.FromString(record)
    events = readings.log[first - 1:last]
    if (stored.first_position, stored.first_position + len(stored.events) - 1) != (first, last):
        yield f"the stored commit {first} to {last} says of itself that it begins at {stored.first_position}"
    if [(event.stream, event.revision, event.recorded, event.actor, event.request) for event in events] != [
            (event.stream, event.revision, stored.recorded_micros, stored.actor, stored.request_id) for event in stored.events]:
        yield f"the stored commit {first} to {last} and the log differ"


def difference(told, counted):
    """Of two records, in words."""
    if not told or not counted:
        return f"it is {told}, not {counted}"
    return ", ".join(f"{field} is {told.get(field)}, not {counted.get(field)}" for field in sorted(set(told) | set(counted))
                     if told.get(field) != counted.get(field))


def check_records(readings, world):
    """Records, lists and the report are what follows from the log."""
    for event in world.claimed_twice:
        yield f"position {event.position} gives {event.stream} an external id that another record has"
    counted = world.records()
    for stream in sorted(set(counted) | set(readings.records)):
        if counted.get(stream) != readings.records.get(stream):
            yield f"{stream} is not what its events say: " + difference(readings.records.get(stream), counted.get(stream))
    for type_of, (total, position) in readings.totals.items():
        there = sum(collection(name) == type_of and stream.events[0].position <= position
                    for name, stream in world.streams.items())
        if total != there:
            yield f"{total} {type_of} are listed at position {position}, by the log there are {there}"
    if readings.report != world.open_deals(readings.report["position"]):
        yield f"the report says {readings.report}, by the log it is {world.open_deals(readings.report['position'])}"
    if readings.recounted is False:
        yield "a rebuild of the read models came to other digests"


def check_tenants(readings, others):
    """Nothing of another tenant is there. Marks begin with their tenant."""
    shown = [(f"position {event.position}", str(event)) for event in readings.log]
    shown += [(stream, str(record)) for stream, record in readings.records.items()]
    for place, text in shown:
        yield from (f"{place} of {readings.tenant} is of {other}: {text}" for other in others if f"{other}." in text)
