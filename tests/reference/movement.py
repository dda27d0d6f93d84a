"""pipeline_movement (decisions.md 18): opening + what came - what went = closing, in count and value.

Between two moments of validity at one knowledge: every deal is looked at after each instant at which something happened to it,
and what changed since the instant before is booked.
"""

import collections
import functools

OPENING, CLOSING = "opening", "closing"


class Standing:
    def __init__(self, world, deal, asks):
        self.exists = deal is not None
        self.deleted = self.exists and deal.deleted
        self.outcome = deal.outcome if self.exists else None
        self.value, self.bucket, self.pipeline, self.owner, self.close, self.rank = None, None, None, None, None, None
        self.fits = self.exists and asks.fits(world, deal)
        self.group = asks.group(world, deal) if self.exists else None
        if self.exists:
            value = world.value(deal)
            self.value, self.bucket = value if value is not None else (None, None)
            if self.value is None and value is not None:
                self.bucket = "unconverted"
            self.stage = world.stage(deal)
            self.pipeline, self.owner, self.close, self.rank = deal.pipeline, world.owner(deal), deal.expected_close, world.stage_order(deal)

    @property
    def inside(self):
        return self.exists and not self.deleted and self.outcome == "open" and self.fits


class Asks:
    """What the question asks for: a filter, a grouping, whether they look at the owner or the expected close, and the references
    that they follow."""

    def __init__(self, fits=lambda world, deal: True, group=lambda world, deal: (), owner=False, expected_close=False, seen_through=()):
        self.fits, self.group, self.owner, self.expected_close = fits, group, owner, expected_close
        self.seen_through = seen_through


def book(opening, closing, asks, names):
    """{(group, bucket, category, from stage, to stage): (count, value in minor units, changes)} between two worlds. The stages
    are those of the deal before and after the change, None where it is not in the open pipeline; of the balances both are its
    own."""
    sums = collections.defaultdict(lambda: [0, 0, 0])

    def post(category, standing, count, value, before, after):
        sides = tuple(side.stage if side.inside else None for side in (before, after))
        entry = sums[(standing.group, standing.bucket, category, *sides)]
        entry[0] += count
        entry[1] += value
        entry[2] += 1

    for name in names:
        first = Standing(opening, opening.record(name), asks)
        if first.inside:
            post(OPENING, first, 1, first.value or 0, first, first)
        same_rules = opening.at(position=closing.position)
        restated = Standing(same_rules, same_rules.record(name), asks)
        _difference("restated", first, restated, post)
        start = closing.at(valid_at=opening.valid_at)
        before = Standing(start, start.record(name), asks)
        _difference("rule", restated, before, post)
        for at in _instants(closing, name, opening.valid_at, asks):
            until, after = _both(closing, name, at, asks)
            _drift(before, until, post)  # since the state before began, only rates and the org chart moved
            _event(asks, until, after, post)
            before = after
        last = Standing(closing, closing.record(name), asks)
        _drift(before, last, post)
        if last.inside:
            post(CLOSING, last, 1, last.value or 0, last, last)
    return {key: tuple(value) for key, value in sums.items()}


def _drift(begins, ends, post):
    """The same state at a later time: what rates make of it is a revaluation, what the org chart makes of it a rule."""
    revalued = _like(begins, bucket=ends.bucket, value=ends.value)
    if begins.inside and ends.inside:
        _difference("revaluation", begins, revalued, post)
        _difference("rule", revalued, ends, post)
    else:
        _difference("rule", begins, ends, post)


def _instants(world, name, after, asks):
    """When something happened to a deal, or to a record through which the question looks at it, that the question sees."""
    found = _times(world, name)
    for field in asks.seen_through:
        for at in _times(world, name):
            found |= _times(world, getattr(world.at(valid_at=at).record(name), field))
    return sorted(at for at in found if after < at <= world.valid_at and _is_seen(world, name, at, asks))


def _is_seen(world, name, at, asks):
    posted = []
    _event(asks, *_both(world, name, at, asks), lambda *post: posted.append(post))
    return bool(posted)


def _both(world, name, at, asks):
    """Before and after what happened at an instant, by the rates and the org chart of its day: those are no part of it."""
    until, now = world.at(valid_at=at - 1), world.at(valid_at=at)
    until.day = now.day
    return Standing(until, until.record(name), asks), Standing(now, now.record(name), asks)


def _times(world, name):
    record = world.record(name)
    return {max(event.occurred, record.created_at) for event in record.events} if record else set()


def _difference(category, before, after, post):
    """Not by an event of the deal's own."""
    if before.inside and after.inside and (before.group, before.bucket) == (after.group, after.bucket):
        if (before.value or 0) != (after.value or 0):
            post(category, after, 0, (after.value or 0) - (before.value or 0), before, after)
        return
    if before.inside:
        post(category, before, -1, -(before.value or 0), before, after)
    if after.inside:
        post(category, after, 1, after.value or 0, before, after)


def _revalue(before, after, group, post):
    here = _like(after, group=group)
    if before.bucket != after.bucket:
        post("decreased", _like(before, group=group), -1, -(before.value or 0))
        post("increased", here, 1, after.value or 0)
    elif (after.value or 0) != (before.value or 0):
        post("increased" if (after.value or 0) > (before.value or 0) else "decreased", here, 0, (after.value or 0) - (before.value or 0))


def _like(standing, **changes):
    other = object.__new__(Standing)
    other.__dict__.update(standing.__dict__, **changes)
    return other


def _event(asks, before, after, post):
    """A change of the deal's own at one instant. A win leaves at its won value, after an increase or decrease."""
    sides = before, after
    post = functools.partial(lambda say, *what: say(*what, *sides), post)
    if before.inside and after.inside:
        if before.group != after.group:
            into, out = _why(asks, before, after)
            post(out, before, -1, -(before.value or 0))
            post(into, _like(before, group=after.group), 1, before.value or 0)
        _revalue(before, after, after.group, post)
        if before.pipeline == after.pipeline and None not in (before.rank, after.rank) and before.rank != after.rank:
            post("advanced" if after.rank > before.rank else "regressed", after, 0, 0)
    elif before.inside:
        _revalue(before, after, before.group, post)
        post(_reason_to_leave(asks, before, after), _like(after, group=before.group), -1, -(after.value or 0))
    elif after.inside:
        reason = "new" if not before.exists else "reopened" if before.deleted or before.outcome != "open" else _why(asks, before, after)[0]
        post(reason, after, 1, after.value or 0)
    elif not before.exists and after.exists and after.fits:  # came and left within one instant
        post("new", after, 1, after.value or 0)
        post(_reason_to_leave(asks, before, after), after, -1, -(after.value or 0))


def _reason_to_leave(asks, before, after):
    if after.deleted:
        return "removed"
    return after.outcome if after.outcome != "open" else _why(asks, before, after)[1]


def _why(asks, before, after):
    if before.pipeline != after.pipeline:
        return "moved_in", "moved_out"
    if asks.owner and before.owner != after.owner:
        return "transferred_in", "transferred_out"
    if asks.expected_close and before.close != after.close:
        return "pulled_in", "pushed_out"
    return "moved_in", "moved_out"
