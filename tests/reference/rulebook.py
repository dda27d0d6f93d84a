"""Rules as published up to a position, and what they say on a day."""

import datetime

from harness.values import iso_of
from reference.calendar import Calendar

BEGINNING = datetime.date(1, 1, 1)
KINDS = ("pipelines", "probabilities", "reasons", "calendar", "exchange_rates", "org_chart", "field_schema")
MEANINGS = {0: "open", 1: "won", 2: "lost", 3: "delivered"}


def _start(proposal):
    return datetime.date.fromisoformat(iso_of(proposal.effective_from)) if proposal.HasField("effective_from") else BEGINNING


class Rulebook:
    """All versions of all kinds that stand at `position`; `draft`: proposals as if published last of all."""

    def __init__(self, events, position, draft=()):
        self.versions = {kind: [] for kind in KINDS}  # (start day, position, content)
        withdrawn = {(e.stream, e.body.published_position) for e in events
                     if e.kind == "RuleVersionWithdrawn" and e.position <= position}
        for event in events:
            if event.kind == "RuleVersionPublished" and event.position <= position:
                if (event.stream, event.position) not in withdrawn:
                    self._add(event.body.rule, event.position)
        for proposal in draft:
            self._add(proposal, float("inf"))

    def _add(self, proposal, position):
        kind = proposal.content.WhichOneof("content")
        self.versions[kind].append((_start(proposal), position, getattr(proposal.content, kind)))

    def in_force(self, kind, day):
        """Content of the version with the latest start not after the day, then the latest position; None: none."""
        holding = [version for version in self.versions[kind] if version[0] <= day]
        return max(holding, key=lambda version: version[:2])[2] if holding else None

    def calendar(self, day, tenant_zone):
        rule = self.in_force("calendar", day)
        if rule is None:
            return Calendar(tenant_zone)
        return Calendar(rule.zone or tenant_zone, rule.week_start, rule.fiscal_year_start_month, rule.working_days,
                        [datetime.date.fromisoformat(iso_of(h)) for h in rule.holidays])

    # ---- K-01 ----

    def pipelines(self, day):
        """{pipeline: [(stage, meaning)]} in order."""
        rule = self.in_force("pipelines", day)
        return {p.id: [(s.id, MEANINGS[s.meaning]) for s in p.stages] for p in rule.pipelines} if rule else {}

    def mapped_stage(self, pipeline, stage, day):
        """What a stage as it was set is under the version that holds on a day; None: unknown there."""
        rule = self.in_force("pipelines", day)
        known = {s for s, _ in self.pipelines(day).get(pipeline, ())}
        seen = set()
        while stage not in known:
            if stage in seen or rule is None:
                return None
            seen.add(stage)
            stage = next((m.stages[stage] for m in rule.stage_maps if m.pipeline == pipeline and stage in m.stages), None)
            if not stage:
                return None
        return stage

    def stage_order(self, pipeline, stage, day):
        stages = [s for s, _ in self.pipelines(day).get(pipeline, ())]
        return stages.index(stage) if stage in stages else None

    # ---- K-02 ----

    def probability(self, pipeline, stage, day):
        rule = self.in_force("probabilities", day)
        found = [p.probability_bp for p in rule.probabilities if (p.pipeline, p.stage) == (pipeline, stage)] if rule else []
        return found[-1] if found else None

    # ---- K-10 ----

    def rate(self, source, target, day):
        """(billionths, inverse) of the version and entry of a day, None: there is none."""
        rule = self.in_force("exchange_rates", day)
        for a, b, inverse in ((source, target, False), (target, source, True)):
            entries = [(iso_of(r.date), i, r.rate_nanos) for i, r in enumerate(rule.rates if rule else ())
                       if getattr(r, "from") == a and r.to == b and iso_of(r.date) <= day.isoformat()]
            if entries:
                return max(entries)[2], inverse
        return None

    # ---- K-15 ----

    def parent(self, child, day):
        """By the version and entry of a day."""
        rule = self.in_force("org_chart", day)
        edges = [(iso_of(getattr(e, "from")) if e.HasField("from") else "", i, e.parent)
                 for i, e in enumerate(rule.edges if rule else ()) if e.child == child]
        holding = [edge for edge in edges if edge[0] <= day.isoformat()]
        return max(holding)[2] if holding else ""

    def ancestors(self, child, day):
        """Whoever stands above, nearest first."""
        found = []
        while child := self.parent(child, day):
            found.append(child)
        return found

    def ancestor(self, child, collection, day):
        """The nearest ancestor of a collection, '' if there is none."""
        while child:
            child = self.parent(child, day)
            if child.startswith(collection + "/"):
                return child
        return ""
