"""An event of the log and a record in the few words that the checks compare."""

import dataclasses

from harness.values import micros_of, minor_of
from witness.asks import NAME, collection


@dataclasses.dataclass(frozen=True)
class Seen:
    """An event as a reader saw it. `said`: what it says, in the words of asks.effects."""
    position: int
    stream: str
    revision: int
    type_name: str
    said: dict
    actor: str
    request: str
    commit: int  # last position of its commit
    recorded: int  # microseconds

    @property
    def effect(self):
        return self.stream, self.type_name, self.said


def seen(event):
    """Of a message Event."""
    return Seen(event.position, event.stream, event.revision, event.type_name, said(event), event.actor, event.request_id,
                event.commit_position, micros_of(event.recorded_time))


def said(event):
    aggregate = event.payload.WhichOneof("aggregate")
    inner = aggregate and getattr(event.payload, aggregate)
    kind = inner and inner.WhichOneof("event")
    if not kind:
        return {}
    message, type_of = getattr(inner, kind), collection(event.stream)
    fields = message.DESCRIPTOR.fields_by_name
    result = {}
    if kind == "annotated":
        result["tags"] = list(message.tags_added)
    elif kind == "external_id_linked":
        result["external"] = [[message.external_id.source, message.external_id.id]]
    elif "external_ids" in fields:
        result.update(tags=list(message.tags), external=[[one.source, one.id] for one in message.external_ids])
    if NAME.get(type_of) in fields:
        result["name"] = _name(getattr(message, NAME[type_of]))
    if aggregate == "deal" and "value" in fields:
        result["value"] = minor_of(message.value)
    return result


def _name(value):
    return value if isinstance(value, str) else value.display


def record(message, type_of):
    """Of a resource message: what must follow from its events."""
    info = message.info
    result = dict(revision=info.revision, position=info.position, tags=sorted(info.tags),
                  name=_name(getattr(message, NAME[type_of])), external=sorted([one.source, one.id] for one in info.external_ids))
    return result | (dict(value=minor_of(message.value)) if type_of == "deals" else {})
