"""Checks of reads that were made while commands came in."""


from witness.check_log import difference
from witness.talk import NOTHING_DONE


def meets(span, floor, ceiling):
    """Whether something that holds from the first to the last position of the span (None: up to now) can be seen by a call."""
    first, last = span
    return first <= ceiling and (last is None or last >= floor)


def explain(call, world, floor, ceiling):
    """(position that the answer shows to be there, what is wrong with it)."""
    if call.outcome == "refused":
        return 0, list(_refused(call, world, floor))
    return _READS[call.ask["read"]](call, world, floor, ceiling)


def _refused(call, world, floor):
    ask, there = call.ask, 0
    if ask["read"] in ("record", "stream") and ask["stream"] in world.streams:
        there = world.streams[ask["stream"]].events[0].position
    if ask["read"] == "external":
        there = world.owners.get((ask["collection"], *ask["external"]), (0,))[0]
    if call.reason in NOTHING_DONE:
        return
    if call.reason != "RECORD_NOT_FOUND":
        yield f"was refused with {call.code} {call.reason}"
    elif 0 < there <= floor:
        yield f"was not found, though it is there since {there} and {floor} was known"


def _at_revision(name, revision, world, floor, ceiling):
    """(position that a record's revision shows, what is wrong with seeing it)."""
    if name not in world.streams or revision > len(world.streams[name].events):
        return 0, [f"shows {name} at revision {revision}, which the log does not have"]
    span = world.streams[name].span(revision)
    if not meets(span, floor, ceiling):
        return 0, [f"shows {name} at revision {revision}, which holds from {span[0]} to {span[1]}, between {floor} and {ceiling}"]
    if not world.is_commit_end(name, revision):
        return span[0], [f"shows {name} in the middle of a commit"]
    return span[0], []


def _record(call, world, floor, ceiling):
    return _shown(call.ask["stream"], call.answer, world, floor, ceiling)


def _shown(name, answer, world, floor, ceiling):
    position, problems = _at_revision(name, answer["revision"], world, floor, ceiling)
    if not problems and answer != world.streams[name].record(answer["revision"]):
        problems = [f"shows {name} not as its events say: " + difference(answer, world.streams[name].record(answer["revision"]))]
    return position, problems


def _external(call, world, floor, ceiling):
    """A record by an external id: the one that has it."""
    type_of, (source, key) = call.ask["collection"], call.ask["external"]
    position, owner = world.owners.get((type_of, source, key), (0, None))
    if not owner or position > ceiling:
        return 0, ["shows a record by an external id that none has"]
    return _shown(owner, call.answer, world, floor, ceiling)


def _stream(call, world, floor, ceiling):
    name, revision = call.ask["stream"], call.answer["revision"]
    if not revision:
        return _record_missing(name, world, floor)
    position, problems = _at_revision(name, revision, world, floor, ceiling)
    found = world.streams[name].events[:revision][::-1] if name in world.streams else []
    return position, problems or _differences(call.answer["events"], found)


def _record_missing(name, world, floor):
    there = world.streams[name].events[0].position if name in world.streams else 0
    return 0, [f"shows {name} without a history, though it is there since {there}"] if 0 < there <= floor else []


def _tail(call, world, floor, ceiling):
    head = call.answer["head"]
    if not floor <= head <= ceiling:
        return 0, [f"shows the log up to {head}, between {floor} and {ceiling}"]
    return head, _differences(call.answer["events"], world.log[:head][::-1])


def _differences(told, found):
    """Of the newest events that a reader was shown."""
    wanted = [[event.position, event.stream, event.revision, event.said] for event in found[:len(told)]]
    return [] if told == wanted else [f"shows {told}, in the log they are {wanted}"]


def _report(call, world, floor, ceiling):
    """Read models may be behind, but not behind the position that was asked for."""
    position, asked = call.answer["position"], call.ask["min_position"]
    if not asked <= position <= ceiling:
        return 0, [f"is counted at {position}, between {asked} and {ceiling}"]
    counted = world.open_deals(position)
    return position, [] if call.answer == counted else [f"says {call.answer}, by the log it is {counted}"]


def _subscription(call, world, floor, ceiling):
    told, after = call.answer["events"], call.ask["after"]
    found = [[event.position, event.stream, event.revision, event.said] for event in world.log[after:after + len(told)]]
    if told == found:
        return after + len(told), []
    return 0, [f"from {after} on heard {one}, in the log it is {other}" for one, other in zip(told, found + [None] * len(told))
               if one != other][:1]


_READS = dict(record=_record, external=_external, stream=_stream, tail=_tail, report=_report, subscription=_subscription)
