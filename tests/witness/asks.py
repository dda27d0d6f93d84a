"""What a client may ask for, as plain data, the commands that it becomes, and the events that it must leave in the log.

    {"kind": "create", "stream": "deals/r1", "mark": "acme.1.12", "external": ["pbx", "k3"], "value": 7, "expected": 0}
    {"kind": "append", "stream": "deals/r1", "mark": "acme.1.13", "expected": 4}      # a tag: the list that a record is here
    {"kind": "name", ...}    the name, title or display name becomes the mark: personal data, which is sealed
    {"kind": "value", "stream": "deals/r1", "value": 8}
    {"kind": "claim", "stream": "deals/r1", "external": ["pbx", "k4"]}                # an external id: one record may have it
    {"kind": "group", "parts": [ask, ask]}                                            # atomic: all in one commit or none

`expected` is the revision that the record must have; missing: any. A mark stands in one command only and begins with its tenant.
"""

from harness.client import command

CREATE = {"leads": "capture_lead", "persons": "create_person", "organizations": "create_organization", "deals": "create_deal"}
CHANGE = {"leads": "change_lead_details", "persons": "change_person_details", "organizations": "change_organization_details",
          "deals": "change_deal_details"}
CREATED = {"leads": "LeadCaptured", "persons": "PersonCreated", "organizations": "OrganizationCreated", "deals": "DealCreated"}
CHANGED = {"leads": "LeadDetailsChanged", "persons": "PersonDetailsChanged", "organizations": "OrganizationDetailsChanged",
           "deals": "DealDetailsChanged"}
NAME = {"leads": "person_name", "persons": "person_name", "organizations": "display_name", "deals": "title"}
CURRENCY = "USD"


def collection(stream):
    return stream.split("/")[0]


def parts(ask):
    return ask["parts"] if ask["kind"] == "group" else [ask]


def commands(ask, request):
    """The commands, in one commit if there are several."""
    return [_command(part, request if number == 0 else "") for number, part in enumerate(parts(ask))]


def _command(ask, request):
    kind, stream = ask["kind"], ask["stream"]
    type_of, own = collection(stream), collection(stream)[:-1]
    header = dict(request_id=request, expected_revision=ask.get("expected"))
    if kind == "create":
        external_ids = [ask["external"]] if "external" in ask else []
        return command(CREATE[type_of], name=stream, tags=[ask["mark"]], external_ids=external_ids, **_details(type_of, ask),
                       **header)
    if kind == "append":
        return command("annotate_record", record=stream, tags=dict(add=[ask["mark"]]), **header)
    if kind == "name":
        return command(CHANGE[type_of], **{own: stream}, **_details(type_of, ask), **header)
    if kind == "value":
        return command("change_deal_value", deal=stream, value=(ask["value"], CURRENCY), **header)
    if kind == "claim":
        return command("link_external_id", record=stream, external_id=ask["external"], **header)
    raise ValueError(f"no command for {kind}")


def _details(type_of, ask):
    name = NAME[type_of]
    details = {name: dict(display=ask["mark"]) if name == "person_name" else ask["mark"]}
    if type_of == "deals" and ask["kind"] == "create":
        details["value"] = (ask["value"], CURRENCY)
    return details


def effects(ask):
    """[(stream, event type, what it says)] in the order of the log. events.py says the same of an event."""
    return [(part["stream"], *_effect(part)) for part in parts(ask)]


def _effect(ask):
    kind, type_of = ask["kind"], collection(ask["stream"])
    if kind == "create":
        said = dict(tags=[ask["mark"]], external=[list(ask["external"])] if "external" in ask else [], name=ask["mark"])
        return CREATED[type_of], said | (dict(value=ask["value"]) if type_of == "deals" else {})
    if kind == "append":
        return "RecordAnnotated", dict(tags=[ask["mark"]])
    if kind == "name":
        return CHANGED[type_of], dict(name=ask["mark"])
    if kind == "value":
        return "DealValueChanged", dict(value=ask["value"])
    return "ExternalIdLinked", dict(external=[list(ask["external"])])
