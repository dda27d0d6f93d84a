"""Checks of every call against the log, in one pass over the journal.

The log itself is the order that explains the history: positions say in which order commands took effect. So each call must fit
between two positions: its floor (the newest position that an answer before it had shown: what was known must not go away) and its
ceiling (the last one before any commit of a command that was first sent after its answer: what was asked later cannot have been
known).
"""

from witness import check_reads
from witness.asks import CREATE, collection, effects, parts
from witness.talk import NOTHING_DONE


def check_calls(calls, world):
    """Findings about one tenant's calls."""
    checked = _Checked(calls, world)
    answers = list(checked.answers())  # finds the floors
    return [*checked.commands(), *answers]


class _Checked:
    def __init__(self, calls, world):
        self.calls, self.world = calls, world
        self.first = {}  # of each command: its first call
        self.of_command = {}  # key -> its calls
        for call in calls:
            if call.request:
                self.first.setdefault(call.key, call)
                self.of_command.setdefault(call.key, []).append(call)
        self.floors, self.ceilings = {}, self._ceilings()

    def _steps(self):
        """(call, whether it is the answer) in the order of the journal."""
        steps = [(call.invoked, call, False) for call in self.calls]
        steps += [(call.answered, call, True) for call in self.calls if call.answered is not None]
        return [step[1:] for step in sorted(steps, key=lambda step: step[0])]

    def _ceilings(self):
        ceilings, ceiling = {}, self.world.head
        for call, is_answer in reversed(self._steps()):
            if is_answer:
                ceilings[call.number] = ceiling
            elif call.request and self.first[call.key] is call:
                events = self.world.commit_of(call.key)
                ceiling = min([ceiling] + [event.position - 1 for event in events])
        return ceilings

    def answers(self):
        """What is wrong with an answer."""
        floor = 0
        for call, is_answer in self._steps():
            if not is_answer:
                self.floors[call.number] = max(floor, call.ask.get("min_position", 0))
                continue
            shown, problems = self._answer(call, self.floors[call.number], self.ceilings[call.number])
            floor = max(floor, shown)
            yield from (f"{call}: {problem}" for problem in problems)

    def _answer(self, call, floor, ceiling):
        """(position that the answer shows to be there, what is wrong with it)."""
        if not call.request:
            return check_reads.explain(call, self.world, floor, ceiling)
        if call.outcome == "ok":
            return self._accepted(call, floor, ceiling)
        problem = self._refused(call, floor, ceiling)
        return (0, [problem]) if problem else (self._shown(call), [])

    # ---- Accepted ----

    def _accepted(self, call, floor, ceiling):
        answer, events = call.answer, self.world.commit_of(call.key)
        if call.ask != self.first[call.key].ask:
            return 0, ["was accepted under the request id of another command"]
        if not answer["revisions"]:
            return answer["position"], list(self._unchanged(call, events, ceiling))
        if not events:
            return 0, [f"was acknowledged at position {answer['position']} and is lost"]
        problems = []
        if events[-1].position != answer["position"]:
            problems.append(f"was answered with position {answer['position']}, and stands at {events[-1].position}")
        if {event.stream: event.revision for event in events} != answer["revisions"]:
            problems.append(f"was answered with revisions {answer['revisions']}, its commit is {events}")
        if events[-1].recorded != answer["recorded"]:
            problems.append("was answered with another recorded time than its commit has")
        return answer["position"], problems

    def _unchanged(self, call, events, ceiling):
        """Nothing had to change: only so where a record has the external id already."""
        position, owner = self._owner(call.ask)
        if events:
            yield f"was answered as if nothing had to change, and stands at {events[-1].position}"
        elif call.ask["kind"] != "claim" or owner != call.ask["stream"] or position > ceiling:
            yield "was answered as if nothing had to change"
        if call.answer["position"] > ceiling:
            yield f"was answered with position {call.answer['position']}, which nobody had asked for yet"

    def _owner(self, ask):
        if "external" not in ask:
            return 0, None
        return self.world.owners.get((collection(ask["stream"]), *ask["external"]), (0, None))

    # ---- Refused ----

    def _refused(self, call, floor, ceiling):
        """What is wrong with a refusal; None: it was justified."""
        events = self.world.commit_of(call.key)
        is_same = call.ask == self.first[call.key].ask
        if is_same and events and events[-1].position <= floor and call.reason not in NOTHING_DONE:
            return f"was refused with {call.reason} after it was accepted at {events[-1].position}"
        check = getattr(self, "_" + call.reason.lower(), None)
        if call.reason in NOTHING_DONE or check and check(call, floor, ceiling):
            return None
        return f"was refused with {call.code} {call.reason} {call.metadata}, for which the log shows no reason"

    def _shown(self, call):
        """The position that a justified refusal shows to be there."""
        if call.reason == "REVISION_MISMATCH" and call.metadata["name"] in self.world.streams:
            return self.world.streams[call.metadata["name"]].span(int(call.metadata["revision"]))[0]
        return 0

    def _revision_mismatch(self, call, floor, ceiling):
        name, told = call.metadata["name"], int(call.metadata["revision"])
        expected = [part.get("expected") for part in parts(call.ask) if part["stream"] == name]
        stream = self.world.streams.get(name)
        if expected in ([], [None], [told]) or told > len(stream.events if stream else []):
            return False
        return check_reads.meets(stream.span(told) if stream else (0, None), floor, ceiling)

    def _record_exists(self, call, floor, ceiling):
        return any(part["kind"] == "create" and 0 < self._created(part["stream"]) <= ceiling for part in parts(call.ask))

    def _record_not_found(self, call, floor, ceiling):
        return any(part["kind"] != "create" and not 0 < self._created(part["stream"]) <= floor for part in parts(call.ask))

    def _created(self, name):
        stream = self.world.streams.get(name)
        return stream.events[0].position if stream else 0

    def _external_id_taken(self, call, floor, ceiling):
        owners = [self._owner(part) for part in parts(call.ask)]
        return any(owner and owner == call.metadata["name"] and position <= ceiling for position, owner in owners)

    def _request_id_reused(self, call, floor, ceiling):
        events = self.world.commit_of(call.key)
        return call.ask != self.first[call.key].ask and bool(events) and events[-1].position <= ceiling

    # ---- What the log holds of commands ----

    def commands(self):
        """What is wrong with a command in the log, also with one that was not answered."""
        for key, positions in self.world.requests.items():
            if key not in self.first:
                records = [event for event in self.world.commits[positions[0]] if collection(event.stream) in CREATE]
                if records:
                    yield f"request '{key[1]}' of {key[0]} stands at {positions[0]}, and nobody asked it: {records}"
                continue
            if len(positions) > 1:
                yield f"{self.first[key]} is there {len(positions)} times: {positions}"
            yield from (f"{self.first[key]}: {problem}" for problem in self._content(key))

    def _content(self, key):
        events, ask = self.world.commit_of(key), self.first[key].ask
        if [event.effect for event in events] != effects(ask):
            yield f"its commit says {[event.effect for event in events]}, not {effects(ask)}"
        known = self.floors[self.first[key].number]
        if events[0].position <= known:
            yield f"stands at {events[0].position}, though {known} was known before it was asked"
        for part, event in zip(parts(ask), events):
            if "expected" in part and event.revision != part["expected"] + 1:
                yield f"{event.stream} was to be at revision {part['expected']}, and was at {event.revision - 1}"
        same = [call for call in self.of_command[key] if call.ask == ask]
        if all(call.outcome == "refused" for call in same):
            yield f"was only ever refused ({same[0].reason}), and stands at {events[-1].position}"
