"""What pipeline_movement must say: the deals of reference/movement.py between the two moments that a question means."""

from random_histories.aggregates import DEAL_DIMENSIONS, TOTAL
from random_histories.questions import recorded_at
from reference import movement
from reference.calendar import period

REFERENCES = {"sector": "organization", "lead_source": "lead"}  # what is looked at: the reference that it is seen through
SIDES = {"from_stage": lambda before, after: before, "to_stage": lambda before, after: after}
ANY = "(any)"
LONG_AGO = -10 ** 15  # 1938, before everything


def moments(question, events, zone):
    """((P, D) of the opening, (P, D) of the closing): by default from the instant before the period to its end, at one knowledge."""
    position, valid_at = question.moment(events)
    first, after = question.bounds(question.world(events, zone).calendar)
    if question.valid_at is None and question.period:
        valid_at = min(valid_at, after - 1)
    opening = position, max(min(first - 1, valid_at), LONG_AGO)
    if question.opening_as_of is not None:
        known = question.position(events, question.opening_as_of)
        has_first = question.days(question.world(events, zone).calendar)[0] is not None
        opening = known, opening[1] if has_first else recorded_at(events, known)
    if question.opening_valid_at is not None:
        opening = opening[0], question.instant(events, question.opening_valid_at)
    return opening, (position, valid_at)


def runs_forward(question, events, zone):
    """The opening may not be later than the closing."""
    opening, closing = moments(question, events, zone)
    return opening[0] <= closing[0] and opening[1] <= closing[1]


def movement_answer(question, events, zone):
    opening, closing = (question.world(events, zone, "at_event", moment) for moment in moments(question, events, zone))
    names = [name for name in closing.streams if name.startswith("deals/") and (not question.only or name == question.only)]

    rows = {}
    for group_by, tag in {(question.group_by, tag) for tag in _tags(question)} | {((), ANY)}:
        found = movement.book(opening, closing, _asks(question, group_by, tag, closing.calendar), names)
        prefix = (TOTAL,) * (len(question.group_by) - len(group_by))
        sums = {}
        for (group, bucket, category, before, after), moved in found.items():
            key = prefix + tuple(SIDES[name](before, after) if name in SIDES else group[place] for place, name in enumerate(group_by))
            entry = sums.setdefault(key + (bucket, category), [0, 0, 0])
            entry[:] = map(sum, zip(entry, moved))
        rows.update({key: dict(deals=deals, value=None if key[-2] in (None, "unconverted") else (value, key[-2]), changes=changes)
                     for key, (deals, value, changes) in sums.items()})
    return rows


def _tags(question):
    """Each tag is a question of its own: a deal may have several (decisions.md 22)."""
    if "tags" not in question.group_by:
        return {ANY}
    return {None, "hot", "vip"}


def _has(tag, deal):
    return tag == ANY or (tag in deal.tags if tag else not deal.tags)


def _asks(question, group_by, tag, calendar):
    looks_at = set(question.group_by) | question.filter.uses  # the total is of the same movements
    window = question.arguments.get("expected_close")
    return movement.Asks(
        lambda w, d: w.sees(d) and _has(tag, d) and question.filter.holds(w, d) and (not window or _closes_in(window, d, calendar)),
        lambda w, d: tuple(None if name in SIDES else tag if name == "tags" else DEAL_DIMENSIONS[name](w, d, None) for name in group_by),
        owner=bool(question.rights or {"owner", "team", "unit"} & looks_at), expected_close=bool(window) or "expected_close" in looks_at,
        seen_through=[REFERENCES[name] for name in looks_at if name in REFERENCES])


def _closes_in(window, deal, calendar):
    first, after = period(window, calendar)
    return deal.expected_close is not None and (first is None or first.isoformat() <= deal.expected_close) \
        and (after is None or deal.expected_close < after.isoformat())
