"""What sales_conversion must say, each number written down from its definition in words."""

import dataclasses

from random_histories.aggregates import DEAL_DIMENSIONS, OWN_DIMENSIONS, Aggregate, is_before
from reference.aggregate import Measure, count, ratio, total


def deals_of(world, lead):
    if not hasattr(world, "deals_by_lead"):
        world.deals_by_lead = {}
        for deal in world.records("deals"):
            world.deals_by_lead.setdefault(deal.lead, []).append(deal)
    return world.deals_by_lead.get(lead.name, [])


def won_deals(world, lead):
    return [deal for deal in deals_of(world, lead) if deal.outcome == "won"]


def won_in_time(world, lead):
    limit = world.question.arguments.get("within_days")
    return any(limit is None or world.calendar.days_between(lead.captured_at, deal.won_at) <= int(limit) for deal in won_deals(world, lead))


def days_to_win(world, lead):
    """Of a lead that counts as won: to its first win of those that count."""
    limit = world.question.arguments.get("within_days")
    days = [world.calendar.days_between(lead.captured_at, deal.won_at) for deal in won_deals(world, lead)]
    return min((n for n in days if limit is None or n <= int(limit)), default=None)


def days_to_deal(world, lead):
    created = first_deal(world, lead)
    return None if created is None else world.calendar.days_between(lead.captured_at, created)


def first_deal(world, lead):
    return min((deal.created_at for deal in deals_of(world, lead)), default=None)


def undecided(world, lead):
    """No win yet, and one may come."""
    deals = deals_of(world, lead)
    return not won_deals(world, lead) and (any(deal.outcome == "open" for deal in deals) if deals else lead.state == "open")


def first_won(world, lead):
    return min((deal.won_at for deal in won_deals(world, lead)), default=None)


def _level(level):
    return (lambda w, l: (l.reached or {}).get(level))


CONVERSION = Aggregate(
    collection="leads",
    modes={"cohort": lambda w, l: l.captured_at, "period": None},
    dimensions={name: DEAL_DIMENSIONS[name] for name in ("source", "owner", "team", "unit", "month", "quarter", *OWN_DIMENSIONS)}
    | {"medium": lambda w, l, at: l.medium, "campaign": lambda w, l, at: l.campaign, "level": lambda w, l, at: l.level,
       "state": lambda w, l, at: l.state},
    default_group_by=("source",),
    axes={"leads": lambda w, l: l.captured_at, "mql": _level("mql"), "sql": _level("sql"), "sal": _level("sal"),
          "deals": first_deal, "sal_with_deal": first_deal, "days_to_deal": first_deal, "median_days_to_deal": first_deal,
          "won": first_won, "days_to_win": first_won, "median_days_to_win": first_won, "anomalies": first_won,
          "undecided": lambda w, l: l.captured_at, "days_so_far": lambda w, l: l.captured_at},
    measures={
        "leads": count(),
        "mql": count(lambda w, l: _level("mql")(w, l) is not None),
        "sql": count(lambda w, l: _level("sql")(w, l) is not None),
        "sal": count(lambda w, l: _level("sal")(w, l) is not None),
        "deals": count(lambda w, l: bool(deals_of(w, l))),
        "won": count(won_in_time),
        "conversion": ratio("won", "leads"),
        "mql_rate": ratio("mql", "leads"),
        "sql_rate": ratio("sql", "mql"),
        "sal_rate": ratio("sal", "sql"),
        "sal_with_deal": count(lambda w, l: _level("sal")(w, l) is not None and bool(deals_of(w, l))),
        "deal_rate": ratio("sal_with_deal", "sal"),
        "win_rate": ratio("won", "deals"),
        "days_to_deal": total(days_to_deal, lambda w, l: bool(deals_of(w, l))),
        "mean_days_to_deal": ratio("days_to_deal", "deals"),
        "median_days_to_deal": Measure("median", lambda w, l: bool(deals_of(w, l)), days_to_deal),
        "days_to_win": total(days_to_win, won_in_time),
        "mean_days_to_win": ratio("days_to_win", "won"),
        "median_days_to_win": Measure("median", won_in_time, days_to_win),
        "undecided": count(undecided),
        "days_so_far": total(lambda w, l: w.calendar.days_between(l.captured_at, w.valid_at), undecided),
        "mean_days_so_far": ratio("days_so_far", "undecided"),
        "anomalies": count(lambda w, l: any(is_before(w, d.won_at, d.closed_is_day, l.captured_at, l.captured_is_day)
                                            for d in won_deals(w, l))),
    })


WITHOUT_LEAD = ("(without_lead)",)
OF_DEALS = Aggregate(
    where=lambda w, d: not d.lead,
    modes={"cohort": lambda w, d: d.created_at, "period": None},
    axes={"deals": lambda w, d: d.created_at, "won": lambda w, d: d.won_at},
    measures={"deals": count(), "won": count(lambda w, d: d.outcome == "won"), "win_rate": ratio("won", "deals")})


def conversion_answer(question, events, zone):
    """The leads, and in a row of their own the deals without one (decisions.md 14), as long as a filter can be asked of deals."""
    rows = CONVERSION.answer(question, events, zone)
    whole = OF_DEALS.answer(dataclasses.replace(question, group_by=(), arguments={}), events, zone)
    if question.filter.of_deals and whole:
        rows[WITHOUT_LEAD] = dict.fromkeys(CONVERSION.measures) | whole[()]
    return rows
