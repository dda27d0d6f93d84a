"""The log as plain events."""

import dataclasses

from harness.values import iso_of, micros_of, minor_of


@dataclasses.dataclass
class Event:
    position: int
    commit: int       # last position of its commit
    stream: str
    kind: str         # e.g. DealStageChanged
    occurred: int     # microseconds
    is_day: bool
    recorded: int
    body: object      # the event's message
    actor: str = ""
    authenticated: bool = False
    on_behalf_of: str = ""
    channel: object = None  # e.g. `ui`; None: not stated


def from_history(events):
    """Of the Event messages that HistoryService gives."""
    result = []
    for event in events:
        aggregate = getattr(event.payload, event.payload.WhichOneof("aggregate"))
        result.append(Event(event.position, event.commit_position, event.stream, event.type_name, micros_of(event.occurred_time),
                            event.precision == 2, micros_of(event.recorded_time), getattr(aggregate, aggregate.WhichOneof("event")),
                            event.actor, event.actor_authenticated, event.on_behalf_of, _channel(event)))
    return result


def _channel(event):
    field = event.DESCRIPTOR.fields_by_name["channel"]
    return field.enum_type.values_by_number[event.channel].name.removeprefix("CHANNEL_").lower() if event.channel else None


def money_of(message, field="value"):
    """(minor units, currency) or None."""
    return (minor_of(getattr(message, field)), getattr(message, field).currency_code) if message.HasField(field) else None


def day_of(message, field):
    """`2024-03-01` or None."""
    return iso_of(getattr(message, field)) if message.HasField(field) else None


def commit_end(events, position):
    """As_of a position means its commit's end; 0: the head."""
    if not events:
        return 0
    return next((e.commit for e in events if e.position == position), events[-1].commit)


def position_at(events, micros):
    """The last commit recorded by then."""
    return max((e.commit for e in events if e.recorded <= micros), default=0)
