"""Conditions in words of the API and in Python."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Filter:
    """`uses`: of owner, team, unit, expected_close, sector and lead_source, what it looks at (movements ask)."""
    text: str
    holds: object                 # (world, record, time of the fact or None) -> bool
    uses: frozenset = frozenset()
    of_deals: bool = True         # of a lead's: deals have what it looks at


def whole_units(world, deal):
    """The value in whole units of its currency; None: none, or none in the report currency."""
    value = world.value(deal)
    return None if value is None or value[0] is None else value[0] / 10 ** {"JPY": 0, "BHD": 3}.get(value[1], 2)


def _field(record, name):
    return record.fields[name].text if name in record.fields else None


def _lead_source(world, deal):
    lead = world.follow(deal.lead)
    return lead.source if lead else None


NO_FILTER = Filter("", lambda world, record, at=None: True)
DEAL_FILTERS = [
    NO_FILTER, NO_FILTER, NO_FILTER,
    Filter('owner = "users/u1"', lambda w, d, at=None: w.owner(d, at) == "users/u1", frozenset({"owner"})),
    Filter('NOT owner = "users/u2"', lambda w, d, at=None: w.owner(d, at) != "users/u2", frozenset({"owner"})),
    Filter('team = "teams/t0"', lambda w, d, at=None: w.team(d, at) == "teams/t0", frozenset({"team"})),
    Filter('unit != "org_units/o1"', lambda w, d, at=None: w.unit(d, at) not in (None, "org_units/o1"), frozenset({"unit"})),
    Filter('source = "web"', lambda w, d, at=None: d.source == "web"),
    Filter('pipeline = "sales"', lambda w, d, at=None: d.pipeline == "sales"),
    Filter('pipeline = "sales" AND (source = "web" OR source = "fair")',
           lambda w, d, at=None: d.pipeline == "sales" and d.source in ("web", "fair")),
    Filter('stage = "offer" OR stage = "talk"', lambda w, d, at=None: w.stage(d) in ("offer", "talk")),
    Filter('-stage = "offer"', lambda w, d, at=None: w.stage(d) != "offer"),
    Filter('product = "products/p0"', lambda w, d, at=None: d.product == "products/p0"),
    Filter('product:*', lambda w, d, at=None: d.product is not None),
    Filter('organization = "organizations/c1"', lambda w, d, at=None: d.organization == "organizations/c1"),
    Filter('organization.sector = "steel"', lambda w, d, at=None: w.sector(d) == "steel", frozenset({"sector"})),
    Filter('lead.source = "web"', lambda w, d, at=None: _lead_source(w, d) == "web", frozenset({"lead_source"})),
    Filter('field.segment = "pets"', lambda w, d, at=None: _field(d, "segment") == "pets"),
    Filter('tags : "hot"', lambda w, d, at=None: "hot" in d.tags),
    Filter('value >= 1000', lambda w, d, at=None: (whole_units(w, d) or 0) >= 1000),
    Filter('expected_close >= 2024-02-15 expected_close < 2024-04-01',
           lambda w, d, at=None: d.expected_close is not None and "2024-02-15" <= d.expected_close < "2024-04-01",
           frozenset({"expected_close"})),
    Filter('probability > 2000', lambda w, d, at=None: (w.probability(d) or 0) > 2000),
]
LEAD_FILTERS = [
    NO_FILTER, NO_FILTER,
    Filter('source = "web"', lambda w, l, at=None: l.source == "web"),
    Filter('owner = "users/u1"', lambda w, l, at=None: w.owner(l, at) == "users/u1"),
    Filter('team = "teams/t0"', lambda w, l, at=None: w.team(l, at) == "teams/t0"),
    Filter('campaign = "spring"', lambda w, l, at=None: l.campaign == "spring"),
    Filter('level = "sql" OR level = "sal"', lambda w, l, at=None: l.level in ("sql", "sal"), of_deals=False),
    Filter('state = "converted"', lambda w, l, at=None: l.state == "converted", of_deals=False),
    Filter('tags : "vip"', lambda w, l, at=None: "vip" in l.tags),
]
