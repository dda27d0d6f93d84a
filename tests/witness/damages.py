"""The damages: {what is wrong: (how a history becomes so, words of a finding that must follow)}."""

import dataclasses

from witness.damage import numbered

COMMANDS = ("append", "name", "value", "claim", "create")


# ---- A server that forgets or repeats, and tells it consistently ----

def lose_commit(history):
    lost = history.events(history.choose(history.accepted("append")))[0].commit
    history.retell(numbered([event for event in history.own.log if event.commit != lost]))


def lose_tail(history):
    history.retell(history.own.log[:history.events(history.accepted(*COMMANDS)[-3])[0].position - 1])


def execute_twice(history):
    event = history.events(history.choose(history.accepted("append")))[0]
    history.retell(numbered(history.own.log + [dataclasses.replace(event, commit=-1)]))  # also if it was the last one


def swap_in_time(history):
    """Two commands change places, and their answers say so, though one was answered before the other was asked."""
    calls = history.accepted("append")
    first = history.choose(calls[:len(calls) // 2])
    last = next(call for call in reversed(calls) if call.invoked > first.answered and call.ask["stream"] != first.ask["stream"]
                and "expected" not in call.ask)
    log, places = list(history.own.log), [history.events(call)[0].position - 1 for call in (first, last)]
    log[places[0]], log[places[1]] = log[places[1]], log[places[0]]
    history.retell(numbered([dataclasses.replace(event, commit=place + 1) if place in places else event
                             for place, event in enumerate(log)]))
    for call in (first, last):
        event = history.events(call)[0]
        answer = dict(position=event.position, revisions={event.stream: event.revision}, recorded=event.recorded)
        history.outcome(call)["answer"].update(answer)


def lose_half_a_group(history):
    call = history.choose(history.accepted("group"))
    half = history.events(call)[0].position
    history.retell(numbered([event for event in history.own.log if event.position != half]))


def change_content(history):
    place = history.events(history.choose(history.accepted("append")))[0].position - 1
    log = list(history.own.log)
    log[place] = dataclasses.replace(log[place], said=dict(tags=["something else"]))
    history.retell(log)


def make_up_a_command(history):
    event = dataclasses.replace(history.own.log[-1], request="nobody asked", said=dict(tags=["made up"]), commit=-1)
    history.retell(numbered(history.own.log + [event]))


def execute_the_refused(history):
    refused = history.choose(call for call in history.journal.calls(history.tenant) if call.reason == "REVISION_MISMATCH"
                             and call.ask["kind"] == "append" and not history.events(call))
    event = next(event for event in reversed(history.own.log) if event.stream == refused.ask["stream"])
    event = dataclasses.replace(event, type_name="RecordAnnotated", said=dict(tags=[refused.ask["mark"]]), actor=refused.actor,
                                request=refused.request, commit=-1)
    history.retell(numbered(history.own.log + [event]))


def two_owners(history):
    claim = history.choose(history.accepted("claim"))
    event = history.events(claim)[0]
    other = next(one.stream for one in history.own.log if one.stream != event.stream
                 and one.stream.split("/")[0] == event.stream.split("/")[0])
    history.retell(numbered(history.own.log + [dataclasses.replace(event, stream=other, request="", actor="setup", commit=-1)]))


def ignore_expected_revision(history):
    call = history.choose(call for call in history.accepted(*COMMANDS) if call.ask.get("expected"))
    history.invocation(call)["ask"] = call.ask | dict(expected=call.ask["expected"] - 1)


def rewrite_history(history):
    """Everything agrees, but a head that was told once is another one now."""
    log = [dataclasses.replace(event, recorded=event.recorded + (event.position == 2)) for event in history.own.log]
    history.retell(log, also_heads=False)


# ---- Readings that do not agree ----

def leave_a_gap(history):
    del history.own.log[len(history.own.log) // 2]


def give_a_position_twice(history):
    place = len(history.own.log) // 2
    history.own.log.insert(place, history.own.log[place])


def skip_a_revision(history):
    log = history.own.log
    place = next(place for place in range(len(log) - 1, 0, -1) if log[place].stream.startswith("deals/"))
    log[place] = dataclasses.replace(log[place], revision=log[place].revision + 1)


def lose_from_a_stream(history):
    events = history.own.streams[history.choose(history.own.streams)]
    del events[len(events) // 2]


def lose_backwards(history):
    del history.own.backwards[0]


def show_an_old_record(history):
    stream = history.choose(stream for stream, record in history.own.records.items() if record["revision"] > 1)
    history.own.records[stream] = history.world.streams[stream].record(history.own.records[stream]["revision"] - 1)


def flip_a_stored_bit(history):
    place = len(history.own.commits) // 2
    first, last, record, told = history.own.commits[place]
    history.own.commits[place] = (first, last, record[:-1] + bytes([record[-1] ^ 1]), told)


def miscount_a_list(history):
    total, position = history.own.totals["leads"]
    history.own.totals["leads"] = (total - 1, position)


def miscount_a_report(history):
    history.own.report["value"] += 1


def show_another_tenant(history):
    event = history.choose(event for event in history.readings[history.other].log if "tags" in event.said)
    history.retell(numbered(history.own.log + [dataclasses.replace(event, request="", actor="setup", commit=-1)]))


# ---- Answers that do not agree with the log ----

def _read(history, kind):
    return [call for call in history.journal.calls(history.tenant) if call.ask.get("read") == kind and call.outcome == "ok"]


def read_something_old(history):
    """A record as it was at its creation, long after it was told to be further on."""
    call = [call for call in _read(history, "record") if call.answer["revision"] > 5][-1]
    history.outcome(call)["answer"] = history.world.streams[call.ask["stream"]].record(1)


def read_backwards_in_time(history):
    call = _read(history, "tail")[-1]
    head = call.answer["head"] // 2
    history.outcome(call)["answer"] = dict(head=head, events=[])


def read_the_future(history):
    streams = history.world.streams
    call = next(call for call in _read(history, "record") if streams[call.ask["stream"]].span(call.answer["revision"])[1])
    stream = streams[call.ask["stream"]]
    history.outcome(call)["answer"] = stream.record(len(stream.events))


def find_nothing(history):
    call = _read(history, "record")[-1]
    history.outcome(call).update(what="refused", code="NOT_FOUND", reason="RECORD_NOT_FOUND", metadata={})


def report_the_past(history):
    call = next(call for call in reversed(_read(history, "report")) if call.ask["min_position"] > 10)
    history.outcome(call)["answer"] = history.world.open_deals(call.ask["min_position"] - 1)


def skip_in_a_subscription(history):
    call = next(call for call in _read(history, "subscription") if len(call.answer["events"]) > 3)
    del history.outcome(call)["answer"]["events"][1]


def conflict_without_reason(history):
    refused = [call for call in history.journal.calls(history.tenant) if call.reason == "REVISION_MISMATCH"]
    call = history.choose(refused[len(refused) // 2:])  # all records are there by then
    history.outcome(call)["metadata"] = dict(call.metadata, revision="0")


def refuse_what_is_free(history):
    call = history.choose(call for call in history.accepted("claim"))
    history.outcome(call).update(what="refused", code="ALREADY_EXISTS", reason="EXTERNAL_ID_TAKEN",
                                 metadata=dict(name="leads/nobody"))
    lost = history.events(call)[0].commit
    history.retell(numbered([event for event in history.own.log if event.commit != lost]))


def answer_otherwise_on_retry(history):
    first = {}
    for call in history.journal.calls(history.tenant):
        if call.request and call.outcome == "ok" and call.answer["revisions"]:
            if first.setdefault(call.key, call) is not call:
                history.outcome(call)["answer"]["position"] += 1
                return
    raise ValueError("nothing was repeated")


def accept_a_reused_request_id(history):
    call = next(call for call in history.journal.calls(history.tenant) if call.reason == "REQUEST_ID_REUSED")
    first = next(one for one in history.journal.calls(history.tenant) if one.key == call.key and one.outcome == "ok")
    history.outcome(call).update(what="ok", answer=dict(first.answer))


def refuse_a_retry(history):
    call = [call for call in history.journal.calls(history.tenant) if call.outcome == "ok" and call.answer.get("repeated")][-1]
    history.outcome(call).update(what="refused", code="ABORTED", reason="REVISION_MISMATCH",
                                 metadata=dict(name=history.events(call)[0].stream, revision="0"))


def fail_without_reason(history):
    call = history.choose(history.accepted("append"))
    history.outcome(call).update(what="refused", code="FAILED_PRECONDITION", reason="RECORD_DELETED", metadata={})


DAMAGES = {
    "an acknowledged commit is lost": (lose_commit, "is lost"),
    "the acknowledged tail is lost": (lose_tail, "is lost"),
    "a command is executed twice": (execute_twice, "is there 2 times"),
    "two commands stand in the wrong order of time": (swap_in_time, "was known before it was asked"),
    "half of a group is lost": (lose_half_a_group, "its commit says"),
    "an event says something else": (change_content, "its commit says"),
    "a command that nobody asked": (make_up_a_command, "nobody asked it"),
    "a refused command is executed": (execute_the_refused, "was only ever refused"),
    "two records have one external id": (two_owners, "that another record has"),
    "an expected revision is ignored": (ignore_expected_revision, "was to be at revision"),
    "history is rewritten": (rewrite_history, "was told to be"),
    "a position is missing": (leave_a_gap, "is missing or there twice"),
    "a position is given twice": (give_a_position_twice, "is missing or there twice"),
    "a revision is skipped": (skip_a_revision, "has revision"),
    "a stream has less than the log": (lose_from_a_stream, "and the log differ"),
    "backwards there is less than forwards": (lose_backwards, "backwards is another one"),
    "a record is behind its events": (show_an_old_record, "is not what its events say"),
    "a bit of a stored commit is flipped": (flip_a_stored_bit, "is not that of its bytes"),
    "a list counts wrongly": (miscount_a_list, "are listed at position"),
    "a report counts wrongly": (miscount_a_report, "the report says"),
    "another tenant's event is there": (show_another_tenant, "is of beta"),
    "a read is stale": (read_something_old, "at revision 1, which holds"),
    "a reader goes back": (read_backwards_in_time, "shows the log up to"),
    "a read shows what nobody had asked yet": (read_the_future, "which holds from"),
    "a record is not found": (find_nothing, "was not found, though"),
    "a report is behind its min_position": (report_the_past, "is counted at"),
    "a subscription skips an event": (skip_in_a_subscription, "on heard"),
    "a conflict has no reason": (conflict_without_reason, "for which the log shows no reason"),
    "a free external id is refused": (refuse_what_is_free, "for which the log shows no reason"),
    "a retry gets another answer": (answer_otherwise_on_retry, "was answered with position"),
    "a reused request id is accepted": (accept_a_reused_request_id, "under the request id of another command"),
    "a retry is refused": (refuse_a_retry, "after it was accepted"),
    "a refusal has no reason": (fail_without_reason, "for which the log shows no reason"),
}
