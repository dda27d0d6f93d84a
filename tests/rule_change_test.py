#!/usr/bin/python3
"""Rules are bound late: a published rule restates at once, a draft shows both, what was recorded stays."""

import sys
import unittest

from harness import rules
from harness.client import Client, Refused
from harness.protos import v1
from harness.server import Server

AS_RECORDED = dict(kind=v1.RULE_BASIS_KIND_AS_RECORDED)
STAGES = ["potential", "talk", "offer", "won", "lost"]


class RuleChangeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        tenant = self._testMethodName.replace("_", "-")[:60]
        self.client = client = Client(self.server.address, tenant=tenant)
        self.addCleanup(client.channel.close)
        client.create_tenant(tenant)
        client.publish(rules.pipelines(sales=STAGES), rules.probabilities("sales", potential=1000, talk=2000, offer=4000))
        for user in ("ann", "bob"):
            client.do("create_user", name="users/" + user, display_name=user)
        for team in ("north", "south"):
            client.do("create_team", name="teams/" + team, display_name=team)
        client.do("create_org_unit", name="org_units/all", display_name="All")
        for number, stage in enumerate(["potential", "talk", "talk", "offer"]):
            client.do("create_deal", name=f"deals/{number}", stage=stage, value=(100000, "USD"), owner="users/ann",
                      occurred="2024-01-10", expected_close="2024-06-30")

    def forecast(self, **parameters):
        return self.client.report("sales_forecast", period="2024", **parameters).total()["forecast"][0]

    def test_a_published_probability_restates_at_once(self):
        self.assertEqual(10000 + 2 * 20000 + 40000, self.forecast())
        before = self.client.head
        self.client.publish(rules.probabilities("sales", potential=1000, talk=2000, offer=5000))
        self.assertEqual(100000, self.forecast())
        self.assertEqual(90000, self.forecast(rule_basis=AS_RECORDED))
        self.assertEqual(90000, self.forecast(as_of=before))
        self.assertEqual(100000, self.forecast(as_of=before, rule_basis=dict(kind=v1.RULE_BASIS_KIND_HEAD)))
        self.assertEqual(90000, self.forecast(rule_basis=dict(kind=v1.RULE_BASIS_KIND_AT, at=before)))

    def test_a_withdrawn_version_is_as_if_never_published(self):
        position = self.client.publish(rules.probabilities("sales", potential=9999)).position
        self.assertEqual(9999 * 10, self.forecast())
        self.client.do("withdraw_rule", kind=v1.RULE_KIND_PROBABILITIES, published_position=position, reason="wrong")
        self.assertEqual(90000, self.forecast())
        self.assertEqual(99990, self.forecast(as_of=position))

    def test_a_draft_shows_both_and_the_difference(self):
        proposal = dict(content=dict(probabilities=rules.probabilities("sales", potential=1000, talk=2000, offer=5000)))
        self.client.do("draft_rules", draft="drafts/more", rules=[proposal])
        basis = dict(kind=v1.RULE_BASIS_KIND_DRAFT, draft="drafts/more")
        total = self.client.report("sales_forecast", period="2024", compare=dict(rule_basis=basis)).total()
        self.assertEqual([90000, 100000, 10000], [total[c][0] for c in ("forecast", "forecast.compared", "forecast.change")])
        self.assertEqual(90000, self.forecast(), "a draft must not count")
        self.client.do("publish_draft", draft="drafts/more")
        self.assertEqual(100000, self.forecast())
        with self.assertRaises(Refused) as caught:
            self.client.do("publish_draft", draft="drafts/more")
        self.assertEqual("DRAFT_CLOSED", caught.exception.reason)

    def funnel(self, **parameters):
        return {row["stage"]: row["reached"] for row in self.client.report("sales_funnel", mode="touched", **parameters).rows}

    def test_merged_stages_restate_the_funnel(self):
        self.client.do("change_deal_stage", deal="deals/0", stage="talk", occurred="2024-01-12")
        self.client.do("change_deal_stage", deal="deals/0", stage="offer", occurred="2024-01-13")
        self.assertEqual({"potential": 1, "talk": 3, "offer": 2, "won": 0}, self.funnel())
        head = self.client.head
        merged = rules.pipelines(maps={"sales": {"talk": "offer"}}, sales=["potential", "offer", "won", "lost"])
        with self.assertRaises(Refused) as caught:
            self.client.publish(rules.pipelines(sales=["potential", "offer", "won", "lost"]))
        self.assertEqual(("FAILED_PRECONDITION", "STAGE_MAP_NOT_TOTAL"), (caught.exception.code, caught.exception.reason))
        self.assertEqual(head, self.client.status().head)
        self.client.publish(merged)
        self.assertEqual({"potential": 1, "offer": 4, "won": 0}, self.funnel())
        self.assertEqual({"potential": 1, "talk": 3, "offer": 2, "won": 0}, self.funnel(as_of=head))
        again = rules.pipelines(maps={"sales": {"talk": ""}}, sales=["potential", "offer", "won", "lost"])
        self.client.publish(again)
        self.assertEqual({"potential": 1, "offer": 2, "won": 0, None: 3}, self.funnel())

    def by_team(self, **parameters):
        answer = self.client.report("won_lost", group_by=["team"], **parameters)
        return {row["team"]: row["won"] for row in answer.rows}

    def test_a_team_that_moves_restates_from_its_date(self):
        for number, day in enumerate(["2024-02-01", "2024-03-01", "2024-04-01"]):
            self.client.do("win_deal", deal=f"deals/{number}", occurred=day)
        self.client.publish(rules.org_chart(("users/ann", "teams/north"), ("teams/north", "org_units/all")))
        at_close = v1.ATTRIBUTION_AT_CLOSE
        self.assertEqual({"teams/north": 3}, self.by_team(attribution=at_close))
        self.client.do("draft_rules", draft="drafts/move", rules=[dict(content=dict(org_chart=rules.org_chart(
            ("users/ann", "teams/north"), ("users/ann", "teams/south", "2024-03-01"), ("teams/north", "org_units/all"))))])
        self.assertEqual({"teams/north": 1, "teams/south": 2},
                         self.by_team(attribution=at_close, rule_basis=dict(kind=v1.RULE_BASIS_KIND_DRAFT, draft="drafts/move")))
        self.assertEqual({"teams/north": 3}, self.by_team(attribution=at_close))
        head = self.client.do("publish_draft", draft="drafts/move").position
        self.assertEqual({"teams/north": 1, "teams/south": 2}, self.by_team(attribution=at_close))
        self.assertEqual({"teams/south": 3}, self.by_team(attribution=v1.ATTRIBUTION_CURRENT))
        self.assertEqual({"teams/north": 3}, self.by_team(attribution=at_close, as_of=head - 2))

    def test_a_cycle_is_refused(self):
        self.client.do("create_org_unit", name="org_units/part", display_name="Part")
        with self.assertRaises(Refused) as caught:
            self.client.publish(rules.org_chart(("org_units/all", "org_units/part"), ("org_units/part", "org_units/all", "2024-05-01")))
        self.assertEqual(("FAILED_PRECONDITION", "ORG_CYCLE"), (caught.exception.code, caught.exception.reason))


if __name__ == "__main__":
    sys.exit(unittest.main())
