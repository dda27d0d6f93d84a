"""Conditions in words of the API and in Python."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Filter:
    """The same condition in words of the API and in Python; `uses`: owner or expected close."""
    text: str
    holds: object                 # (world, record, time of the fact or None) -> bool
    uses: frozenset = frozenset()


NO_FILTER = Filter("", lambda world, record, at=None: True)
DEAL_FILTERS = [
    NO_FILTER, NO_FILTER,
    Filter('owner = "users/u1"', lambda w, d, at=None: w.owner(d, at) == "users/u1", frozenset({"owner"})),
    Filter('source = "web"', lambda w, d, at=None: d.source == "web"),
    Filter('pipeline = "sales"', lambda w, d, at=None: d.pipeline == "sales"),
    Filter('pipeline = "sales" AND (source = "web" OR source = "fair")', lambda w, d, at=None: d.pipeline == "sales" and d.source in ("web", "fair")),
    Filter('product = "products/p0"', lambda w, d, at=None: d.product == "products/p0"),
    Filter('organization = "organizations/c1"', lambda w, d, at=None: d.organization == "organizations/c1"),
    Filter('field.segment = "pets"', lambda w, d, at=None: "segment" in d.fields and d.fields["segment"].text == "pets"),
]
LEAD_FILTERS = [
    NO_FILTER, NO_FILTER,
    Filter('source = "web"', lambda w, l, at=None: l.source == "web"),
    Filter('owner = "users/u1"', lambda w, l, at=None: w.owner(l, at) == "users/u1"),
    Filter('campaign = "spring"', lambda w, l, at=None: l.campaign == "spring"),
]
