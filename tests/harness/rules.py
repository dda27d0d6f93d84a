"""Rules in few words."""

from harness.protos import v1
from harness.values import date

WON, LOST, DELIVERY = v1.STAGE_MEANING_WON, v1.STAGE_MEANING_LOST, v1.STAGE_MEANING_DELIVERY
_MEANINGS = {"won": WON, "lost": LOST, "delivered": DELIVERY}


def pipelines(maps=None, reason_required=(), **stages_by_pipeline):
    """pipelines(sales=["potential", "offer", "won", "lost"]): a stage called won, lost or delivered means that.

    `maps`: {pipeline: {former stage: stage}}.
    """
    rule = v1.PipelinesRule()
    for pipeline, stages in stages_by_pipeline.items():
        made = rule.pipelines.add(id=pipeline, lost_reason_required=pipeline in reason_required)
        for stage in stages:
            made.stages.add(id=stage, meaning=_MEANINGS.get(stage.split("_")[0], 0), labels={"en": stage.capitalize()})
    for pipeline, mapped in (maps or {}).items():
        rule.stage_maps.add(pipeline=pipeline, stages=mapped)
    return rule


def probabilities(pipeline=None, table=None, **by_stage):
    """probabilities("sales", offer=2500) or probabilities(table={(pipeline, stage): bp})."""
    table = dict(table or {}) | {(pipeline, stage): bp for stage, bp in by_stage.items()}
    return v1.ProbabilitiesRule(probabilities=[
        v1.StageProbability(pipeline=p, stage=s, probability_bp=bp) for (p, s), bp in table.items()])


def reasons(*ids, deals=True, leads=True):
    return v1.ReasonsRule(reasons=[v1.Reason(id=i, for_lost_deals=deals, for_disqualified_leads=leads) for i in ids])


def rates(*entries):
    """rates(("EUR", "USD", "2024-01-01", 1_100_000_000), ...)."""
    return v1.ExchangeRatesRule(rates=[_rate(*entry) for entry in entries])


def _rate(source, target, day, nanos):
    rate = v1.ExchangeRate(to=target, date=date(day), rate_nanos=nanos)
    setattr(rate, "from", source)
    return rate


def org_chart(*edges):
    """org_chart(("users/ann", "teams/north"), ("teams/north", "org_units/a", "2024-06-01"), ...)."""
    rule = v1.OrgChartRule()
    for child, parent, *start in edges:
        edge = rule.edges.add(child=child, parent=parent)
        if start and start[0]:
            getattr(edge, "from").CopyFrom(date(start[0]))
    return rule


def calendar(zone, **settings):
    return v1.CalendarRule(zone=zone, **settings)


def fields(*definitions):
    """fields(("deals", "segment", v1.FIELD_TYPE_TEXT), ...)."""
    return v1.FieldSchemaRule(fields=[v1.FieldDefinition(collection=c, id=i, type=t, **(extra[0] if extra else {}))
                                      for c, i, t, *extra in definitions])
