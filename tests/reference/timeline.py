"""The timeline of a record: its events, and what each changed in the record as its API shows it (reports.md)."""

import datetime

from reference import facts

NOTHING = "–"
DIGITS = {"JPY": 0, "BHD": 3}


def rows(name, events, position, valid_at, mode="occurred", inside=lambda at: True):
    """One dict an event of the record, in the order of the mode; `inside`: whether a time of it lies in the period asked for."""
    own = [e for e in events if e.stream == name]
    shown = facts.fold(name, own, position, valid_at).events
    if mode == "recorded":
        shown = sorted(shown, key=lambda e: e.position)
    result, before = [], {}
    for number, event in enumerate(shown, 1):
        after = texts(facts.fold_of(name, shown[:number]))
        if inside(event.recorded if mode == "recorded" else event.occurred):
            result.append(_row(event, changes(before, after), events))
        before = after
    return result


def _row(event, changed, events):
    known = [e.position for e in events if e.stream.startswith("rules/") and e.commit < event.commit]
    return {"position": event.position, "stream": event.stream, "occurred": event.occurred, "precision": "day" if event.is_day else "instant",
            "recorded": event.recorded, "type": event.kind, "actor": event.actor, "authenticated": event.authenticated,
            "on_behalf_of": event.on_behalf_of or None, "channel": event.channel, "changes": changed or None,
            "rulebook": max(known, default=None)}


def changes(before, after):
    return "; ".join(f"{field}: {before.get(field, NOTHING)} → {after.get(field, NOTHING)}"
                     for field in sorted(before.keys() | after.keys()) if before.get(field) != after.get(field))


def texts(record):
    """{field: text} of what is set."""
    collection = record.name.split("/")[0]
    found = {"deals": _deal, "leads": _lead, "organizations": _organization}[collection](record)
    found.update(source=" ".join(filter(None, (record.campaign, record.source, record.medium))),
                 tags=", ".join(sorted(record.tags)), deleted=record.deleted and "yes", delete_reason=record.delete_reason,
                 delete_time=_time(record.deleted_at), restore_time=_time(record.restored_at),
                 external_ids=", ".join(f"{number} {source}" for source, number in record.external_ids))
    found.update({f"fields.{field}": value.text or "null" for field, value in record.fields.items()})
    return {field: text for field, text in found.items() if text}


def _deal(deal):
    probability = deal.probability_bp
    return dict(pipeline=deal.pipeline, stage=deal.stage, value=_money(deal.value), owner=deal.owner, lead=deal.lead,
                organization=deal.organization, product=deal.product, expected_close=deal.expected_close,
                probability_bp=None if probability is None else str(probability), probability_kept=deal.probability_kept and "yes",
                outcome=deal.outcome if deal.outcome != "open" else None, lost_reason=deal.lost_reason_given,
                competitor=deal.competitor, completed=deal.completed_at is not None and "yes")


def _lead(lead):
    return dict(owner=lead.owner, state=lead.state, status=lead.status, level=lead.level if lead.level != "none" else None,
                disqualify_reason=lead.disqualify_reason, person=lead.person, organization=lead.organization, deal=lead.deal)


def _organization(organization):
    return dict(display_name=organization.display_name, sector=organization.sector)


def _money(value):
    if value is None:
        return None
    minor, currency = value
    digits = DIGITS.get(currency, 2)
    units, rest = divmod(abs(minor), 10 ** digits)
    fraction = f"{rest:0{digits}}" if rest else ""
    while len(fraction) > 2 and fraction[-1] == "0":
        fraction = fraction[:-1]
    return f"{'-' if minor < 0 else ''}{units}{'.' if fraction else ''}{fraction} {currency}"


def _time(micros):
    if micros is None:
        return None
    seconds, rest = divmod(micros, 1000000)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return moment + (f".{rest:06}".rstrip("0") if rest else "") + "Z"
