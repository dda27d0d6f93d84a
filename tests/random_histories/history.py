"""Random histories: commands with the times at which the server's simulated clock stands.

Everything comes from one seed. The generator knows just enough of what it did to be refused seldom; a refusal does no harm,
since the reference reads the log.
"""

import dataclasses
import datetime
import random

from harness import rules
from harness.client import Refused, command, proposal
from harness.protos import v1
from harness.values import date

DAY = 86400 * 1000000
EPOCH = datetime.date(1970, 1, 1)
START = (datetime.date(2024, 1, 8) - EPOCH).days * DAY
CURRENCIES = ["USD", "USD", "EUR", "ILS", "JPY", "BHD"]  # nothing converts BHD
SOURCES = ["web", "fair", "unknown", "", "referral"]
USERS = [f"users/u{i}" for i in range(5)]
TEAMS = [f"teams/t{i}" for i in range(3)]
UNITS = [f"org_units/o{i}" for i in range(2)]
ORGANIZATIONS = [f"organizations/c{i}" for i in range(3)]
SECTORS = ["steel", "food", ""]
PRODUCTS = [f"products/p{i}" for i in range(2)]
STAGES = {"sales": ["potential", "talk", "offer", "order"], "service": ["request", "visit"]}
DELIVERY = {"sales": ["delivered_packed", "delivered_installed"], "service": []}
CHANNELS = [0, 0, v1.CHANNEL_UI, v1.CHANNEL_PHONE]


@dataclasses.dataclass
class Step:
    clock: int            # microseconds: the server's clock when the command is sent
    commands: list        # of v1.Command; several are one atomic group

    def __str__(self):
        return f"{datetime.datetime.utcfromtimestamp(self.clock // 1000000)} {' AND '.join(str(one).strip() for one in self.commands)}"


class Generator:
    def __init__(self, seed, zone="UTC", length=140):
        self.random, self.zone, self.clock = random.Random(seed), zone, START
        self.steps, self.deals, self.leads = [], {}, {}
        self.stages = {pipeline: list(stages) for pipeline, stages in STAGES.items()}
        self.maps = {pipeline: {} for pipeline in STAGES}
        self.table = {(p, s): self.random.choice([0, 500, 1000, 2500, 3333, 5000, 9000]) for p, stages in STAGES.items()
                      for s in stages if self.random.random() < 0.9}
        self.drafts = 0
        self.reasons = ["price", "rival", "silence"]
        self._begin()
        while len(self.steps) < length:
            self._advance()
            self._move(self.MOVES)

    def _move(self, moves):
        self.random.choices([move for move, _ in moves], [weight for _, weight in moves])[0](self)

    # ---- Pieces ----

    def _advance(self):
        if self.random.random() < 0.6:
            self.clock += self.random.choice([1, 3600 * 1000000, DAY // 2, DAY, DAY, 2 * DAY, 9 * DAY])

    def _send(self, kind, /, **fields):
        one = command(kind, **fields)
        header = getattr(one, kind).header
        header.channel, header.on_behalf_of = self.random.choice(CHANNELS), self._maybe(USERS, 0.2) or ""
        self.steps.append(Step(self.clock, [one]))

    def _day(self, earliest=-60, latest=60):
        return (EPOCH + datetime.timedelta(days=self.clock // DAY + self.random.randint(earliest, latest))).isoformat()

    def _occurred(self):
        """Mostly now; often a little earlier, by the day or by the hour; sometimes long ago."""
        choice = self.random.random()
        if choice < 0.35:
            return None
        back = self.random.choice([0, 0, 1, 2, 5, 12, 30, 70])
        if choice < 0.6:
            return (EPOCH + datetime.timedelta(days=self.clock // DAY - back)).isoformat()
        return self.clock // (DAY // 4) * (DAY // 4) - back * DAY // 2

    def _money(self):
        return (self.random.choice([0, 1, 99, 12345, 1000000, 3333333]) + self.random.randrange(100), self.random.choice(CURRENCIES))

    def _maybe(self, values, chance=0.7):
        return self.random.choice(values) if self.random.random() < chance else None

    # ---- The beginning ----

    def _begin(self):
        self._send("publish_rules", rules=[proposal(rule) for rule in (
            self._pipelines_rule(), rules.probabilities(table=self.table), rules.reasons(*self.reasons),
            self._calendar_rule(), self._rates_rule(),
            rules.fields(("deals", "segment", v1.FIELD_TYPE_TEXT), ("leads", "segment", v1.FIELD_TYPE_TEXT)))])
        for kind, names in (("user", USERS), ("team", TEAMS), ("org_unit", UNITS), ("organization", ORGANIZATIONS), ("product", PRODUCTS)):
            for name in names:
                sector = dict(sector=self.random.choice(SECTORS)) if kind == "organization" else {}
                self._send("create_" + kind, name=name, display_name=name.split("/")[1].upper(), occurred="2023-06-01", **sector)
        self._send("publish_rules", rules=[proposal(self._org_rule())])

    def _calendar_rule(self):
        return rules.calendar(self.zone, week_start=self.random.choice([1, 7]), fiscal_year_start_month=self.random.choice([1, 4]),
                              working_days=self.random.choice([[1, 2, 3, 4, 5], [7, 1, 2, 3, 4]]),
                              holidays=[date(self._day(0, 120)) for _ in range(3)])

    def _pipelines_rule(self):
        return self._pipelines(self.stages, self.maps)

    def _pipelines(self, stages, maps):
        return rules.pipelines(maps=maps, **{p: own + ["won", *DELIVERY[p], "lost"] for p, own in stages.items()})

    def _rates_rule(self):
        entries = [(source, "USD", "2023-01-01", self.random.choice([1100000000, 1085300000, 271828182])) for source in ("EUR", "ILS")]
        entries += [("USD", "JPY", "2023-01-01", 151234567890)]
        entries += [(source, "USD", day, self.random.randint(200000000, 1300000000)) for source in ("EUR", "ILS")
                    for day in sorted({self._day(-60, 40) for _ in range(4)})]
        return rules.rates(*entries)

    def _org_rule(self):
        edges = [(user, self._maybe(TEAMS, 0.85) or "", self._maybe([self._day(-90, 30)], 0.5)) for user in USERS for _ in range(2)]
        edges += [(team, self._maybe(UNITS, 0.85) or "", self._maybe([self._day(-90, 30)], 0.3)) for team in TEAMS]
        edges = [edge for edge in edges if edge[2] or edge not in edges[:edges.index(edge)]]
        seen, unique = set(), []
        for edge in edges:  # one entry a child and day
            if (edge[0], edge[2]) not in seen:
                seen.add((edge[0], edge[2]))
                unique.append(edge)
        return rules.org_chart(*unique)

    # ---- Moves ----

    def new_lead(self):
        name = f"leads/l{len(self.leads)}"
        self.leads[name] = "open"
        self._send("capture_lead", name=name, occurred=self._occurred(), external_ids=[("web", name)], owner=self._maybe(USERS),
                   source=dict(id=self.random.choice(SOURCES), medium=self._maybe(["cpc"], 0.3) or "",
                               campaign=self._maybe(["spring", "autumn"], 0.3) or ""),
                   tags=self.random.sample(["hot", "vip"], self.random.randint(0, 2)))

    def change_lead(self):
        if not self.leads:
            return self.new_lead()
        lead = self.random.choice(list(self.leads))
        when = self._occurred()
        kind = self.random.choice(["assign_lead", "qualify_lead", "qualify_lead", "accept_lead", "disqualify_lead", "requalify_lead",
                                   "change_lead_details", "convert_lead"])
        fields = {"assign_lead": lambda: dict(owner=self._maybe(USERS)),
                  "qualify_lead": lambda: dict(level=self.random.choice([1, 2])),
                  "accept_lead": dict, "disqualify_lead": lambda: dict(reason="silence"),
                  "requalify_lead": lambda: dict(level=self.random.choice([0, 1])),
                  "change_lead_details": lambda: dict(source=dict(id=self.random.choice(SOURCES))),
                  "convert_lead": lambda: dict(organization=self.random.choice(ORGANIZATIONS),
                                               deal=self._maybe([d for d in self.deals if self.deals[d] == "open"] or [None], 0.6))}[kind]()
        return self._send(kind, lead=lead, occurred=when, **fields)

    def new_deal(self):
        name = f"deals/d{len(self.deals)}"
        self.deals[name] = "open"
        pipeline = self.random.choice(["sales", "sales", "sales", "service"])
        lead = self._maybe(list(self.leads) or [None], 0.5)
        self._send("create_deal", name=name, occurred=self._occurred(), pipeline=pipeline,
                   stage=self.random.choice(self.stages[pipeline][:2]), value=self._money() if self.random.random() < 0.85 else None,
                   owner=self._maybe(USERS, 0.8), lead=lead, organization=self._maybe(ORGANIZATIONS, 0.5), product=self._maybe(PRODUCTS, 0.6),
                   source=None if lead else dict(id=self.random.choice(SOURCES)),
                   expected_close=self._day(-20, 90) if self.random.random() < 0.8 else None,
                   probability_bp=self._maybe([0, 1234, 10000], 0.15))

    def _deal(self, state="open"):
        names = [name for name, is_now in self.deals.items() if is_now == state]
        return self.random.choice(names) if names else None

    def change_deal(self):
        deal = self._deal()
        if deal is None:
            return self.new_deal()
        kind = self.random.choices(["change_deal_stage", "change_deal_value", "assign_deal", "change_deal_expected_close",
                                    "override_deal_probability", "move_deal_to_pipeline", "change_deal_details", "annotate_record"],
                                   [9, 4, 3, 3, 2, 1, 1, 1])[0]
        pipeline = self.random.choice(["sales", "sales", "service"])
        fields = {"change_deal_stage": lambda: dict(stage=self.random.choice(self.stages[pipeline]),
                                                    keep_probability=self.random.random() < 0.2),
                  "change_deal_value": lambda: dict(value=self._money() if self.random.random() < 0.9 else None),
                  "assign_deal": lambda: dict(owner=self._maybe(USERS, 0.85)),
                  "change_deal_expected_close": lambda: dict(expected_close=self._day(-10, 90) if self.random.random() < 0.9 else None),
                  "override_deal_probability": lambda: dict(probability_bp=self._maybe([0, 777, 5000, 10000], 0.75),
                                                            keep=self.random.random() < 0.3),
                  "move_deal_to_pipeline": lambda: dict(pipeline=pipeline),
                  "change_deal_details": lambda: dict(product=self._maybe(PRODUCTS, 0.9), organization=self._maybe(ORGANIZATIONS, 0.4),
                                                      source=dict(id=self.random.choice(SOURCES))),
                  "annotate_record": lambda: dict(tags=self.random.choice([dict(add=["hot"]), dict(remove=["hot"])]), fields=[
                      dict(field_id="segment", value=dict(text=self.random.choice(["pets", "food"])))])}[kind]()
        record = dict(record=deal) if kind == "annotate_record" else dict(deal=deal)
        return self._send(kind, occurred=self._occurred(), **record, **fields)

    def close_deal(self):
        deal = self._deal()
        if deal is None:
            return self.new_deal()
        if self.random.random() < 0.55:
            self._send("win_deal", deal=deal, occurred=self._occurred(), value=self._money() if self.random.random() < 0.4 else None)
            self.deals[deal] = "won"
        else:
            self._send("lose_deal", deal=deal, occurred=self._occurred(), reason=self.random.choice([*self.reasons, "NOT_STATED"]),
                       competitor=self._maybe(["Acme", "Globex"], 0.4))
            self.deals[deal] = "lost"

    def reopen_deal(self):
        deal = self._deal(self.random.choice(["won", "lost"]))
        if deal:
            self._send("reopen_deal", deal=deal, occurred=self._occurred())
            self.deals[deal] = "open"

    def deliver_deal(self):
        deal = self._deal("won")
        if deal is None:
            return self.close_deal()
        if self.random.random() < 0.35:
            self._send("complete_deal", deal=deal, occurred=self._occurred())
        else:
            self._send("change_deal_stage", deal=deal, occurred=self._occurred(), stage=self.random.choice(DELIVERY["sales"]))

    def delete_or_restore(self):
        names = list(self.deals) + list(self.leads) + ORGANIZATIONS[:1]
        if names:
            kind = self.random.choice(["delete_record", "delete_record", "restore_record"])
            reason = dict(reason="double") if kind == "delete_record" else {}
            self._send(kind, record=self.random.choice(names), occurred=self._occurred(), **reason)

    def change_organization(self):
        self._send("change_organization_details", organization=self.random.choice(ORGANIZATIONS), occurred=self._occurred(),
                   sector=self.random.choice(SECTORS))

    def change_rules(self):
        self._send("publish_rules", rules=[self._proposal()])

    def _proposal(self, is_draft=False):
        start = self._maybe([self._day(-60, 30)], 0.6)
        kind = self.random.choice(["probabilities", "probabilities", "pipelines", "org_chart", "rates", "calendar", "reasons"])
        if kind == "probabilities":
            table = dict(self.table)
            for key in self.random.sample(sorted(table), min(2, len(table))):
                table[key] = self.random.choice([100, 1500, 4000, 6667])
            if not is_draft:
                self.table = table
            return proposal(rules.probabilities(table=table), start)
        if kind == "pipelines":
            return proposal(self._merge_stages(is_draft), None if self.random.random() < 0.7 else start)
        if kind == "calendar":
            return proposal(self._calendar_rule(), start)
        if kind == "reasons":
            return proposal(self._reasons_rule(is_draft), start)
        return proposal(self._org_rule() if kind == "org_chart" else self._rates_rule(), start)

    def _reasons_rule(self, is_draft):
        """One more, or one less; some always stay."""
        reasons = [*self.reasons, f"r{len(self.steps)}"] if len(self.reasons) < 5 else self.reasons[:3]
        if not is_draft:
            self.reasons = reasons
        return rules.reasons(*reasons)

    def _merge_stages(self, is_draft):
        """One stage of sales becomes another; seldom it comes back."""
        stages, maps = list(self.stages["sales"]), dict(self.maps["sales"])
        if len(stages) > 2:
            gone = self.random.choice(stages)
            stages.remove(gone)
            into = self.random.choice(stages)
            maps = {old: into if new == gone else new for old, new in maps.items()} | {gone: into}
        else:
            stages, maps = list(STAGES["sales"]), {}
        if not is_draft:
            self.stages["sales"], self.maps["sales"] = stages, maps
            return self._pipelines_rule()
        return self._pipelines(dict(self.stages, sales=stages), dict(self.maps, sales=maps))

    def withdraw_rule(self):
        self._send("withdraw_rule", kind=self.random.choice([2, 10, 15]), published_position=self.random.randint(1, len(self.steps) * 2))

    def draft_rules(self):
        self.drafts += 1
        self._send("draft_rules", draft=f"drafts/d{self.random.randint(0, 1)}", rules=[self._proposal(is_draft=True)])

    def together(self):
        """An atomic group: one commit, or a refusal of all."""
        first = len(self.steps)
        for _ in range(self.random.randint(2, 3)):
            self._move(self.ALONE)
        self.steps[first:] = [Step(self.clock, [one for step in self.steps[first:] for one in step.commands])]

    ALONE = [(new_lead, 10), (change_lead, 14), (new_deal, 14), (change_deal, 42), (close_deal, 14), (reopen_deal, 4), (deliver_deal, 6),
             (delete_or_restore, 5), (change_organization, 3), (change_rules, 5), (withdraw_rule, 1), (draft_rules, 2)]
    MOVES = [*ALONE, (together, 12)]


def send(client, commands):
    if len(commands) == 1:
        return client.execute(commands[0])
    for outcome in client.execute_all(commands, atomic=True):
        if isinstance(outcome, Refused):
            raise outcome


def play(client, steps):
    """Sends the steps; returns how many were refused, by reason."""
    refusals, clock = {}, None
    for step in steps:
        if step.clock != clock:
            client.set_clock(step.clock)
            clock = step.clock
        try:
            send(client, step.commands)
        except Refused as error:
            refusals[error.reason] = refusals.get(error.reason, 0) + 1
    return refusals
