#!/usr/bin/python3
"""Numbers that stand in print: DESIGN.md's example and the fixtures FX-01, FX-02, FX-04 and FX-07 of demands.md."""

import sys
import unittest

from harness import rules
from harness.client import Client, command
from harness.protos import v1
from harness.server import Server
from harness.values import micros

AS_RECORDED = dict(kind=v1.RULE_BASIS_KIND_AS_RECORDED)
DRAFT = dict(kind=v1.RULE_BASIS_KIND_DRAFT)


def weighted(answer, column="weighted"):
    """The whole answer's weighted value in minor units."""
    return answer.total()[column][0]


class GoldenTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(flags=("--insecure", "--simulated-clock"))
        cls.client = Client(cls.server.address, tenant="system-of-tests")

    @classmethod
    def tearDownClass(cls):
        cls.client.channel.close()
        cls.server.__exit__()

    clock = micros("2024-02-01")

    def tenant(self, tenant_id, stages, currency="ILS", **probabilities):
        """A client of a new tenant whose rules hold from the beginning; each tenant has the clock for itself, a year on."""
        client = Client(self.server.address, tenant=tenant_id)
        self.addCleanup(client.channel.close)
        client.create_tenant(tenant_id, currency=currency)
        client.publish(rules.pipelines(sales=stages), rules.probabilities("sales", **probabilities), rules.reasons("price"))
        return client

    def at(self, day):
        """Sets the clock to noon."""
        self.client.set_clock(micros(day + "T12:00"))

    def test_1_the_example_of_the_design(self):
        self.at("2024-02-01")
        client = self.tenant("design", ["potential", "offer", "order", "won", "lost"], potential=1000, offer=2000, order=4000)
        client.do("create_user", name="users/ann", display_name="Ann")
        self.at("2024-03-01")
        first = client.do("create_deal", name="deals/7", stage="potential", value=(3000000, "ILS"), owner="users/ann",
                          occurred="2024-03-01").position
        self.at("2024-03-05")
        second = client.do("change_deal_stage", deal="deals/7", stage="offer", occurred="2024-03-05").position
        self.at("2024-03-08")
        client.publish(rules.probabilities("sales", potential=1000, offer=2500, order=4000), effective_from="2024-03-10")
        self.at("2024-03-10")
        fourth = client.do("change_deal_stage", deal="deals/7", stage="order", occurred="2024-03-10").position
        self.at("2024-03-12")
        fifth = client.do("change_deal_value", deal="deals/7", value=(3300000, "ILS"), occurred="2024-03-03").position
        self.assertEqual([first, first + 1, first + 3, first + 4], [first, second, fourth, fifth])

        snapshot = lambda **parameters: weighted(client.report("pipeline_snapshot", **parameters))
        self.assertEqual(1320000, snapshot())
        self.assertEqual(1320000, snapshot(as_of=fifth, valid_at="2024-03-12"))
        self.assertEqual(1200000, snapshot(as_of=fourth))
        self.assertEqual(600000, snapshot(as_of=second))
        self.assertEqual(660000, snapshot(as_of=fifth, valid_at="2024-03-06"))
        self.assertEqual(300000, snapshot(as_of=first))
        # The same by recorded time.
        self.assertEqual(1200000, snapshot(as_of=("time", "2024-03-11")))
        self.assertEqual(600000, snapshot(as_of=("time", "2024-03-05")))
        client.do("draft_rules", draft="drafts/half", rules=[dict(content=dict(
            probabilities=rules.probabilities("sales", potential=1000, offer=2500, order=5000)), effective_from="2024-03-10")])
        both = client.report("pipeline_snapshot", as_of=fifth, compare=dict(rule_basis=dict(DRAFT, draft="drafts/half")))
        total = both.total()
        self.assertEqual([(1320000, "ILS"), (1650000, "ILS"), (330000, "ILS")],
                         [total["weighted"], total["weighted.compared"], total["weighted.change"]])
        self.assertEqual(1650000, snapshot(as_of=fifth, rule_basis=dict(DRAFT, draft="drafts/half")))

    def test_2_fx_01_and_fx_02(self):
        self.at("2025-01-01")
        client = self.tenant("fx02", ["potential", "offer", "order", "won", "lost"], potential=1000, offer=2000, order=4000, won=10000)
        client.do("create_deal", name="deals/1", stage="order", value=(3000000, "ILS"), expected_close="2025-02-15")
        forecast = lambda **parameters: client.report("sales_forecast", period="2025-02", **parameters).total()["forecast"]
        self.assertEqual((1200000, "ILS"), forecast())
        client.publish(rules.probabilities("sales", potential=1000, offer=2000, order=5000, won=10000))
        self.assertEqual((1500000, "ILS"), forecast())
        self.assertEqual((1200000, "ILS"), forecast(rule_basis=AS_RECORDED))
        self.assertTrue(client.rebuild("sales_forecast").done)
        self.assertEqual([(1500000, "ILS"), (1200000, "ILS")], [forecast(), forecast(rule_basis=AS_RECORDED)])

    def funnel_of(self, tenant_id, reached):
        stages = ["lead", "qualified_by_phone", "meeting", "negotiation"]
        client = self.tenant(tenant_id, stages + ["won", "lost"], lead=1000)
        commands = [command("create_deal", name=f"deals/{i}", occurred="2024-01-01") for i in range(reached[0])]
        for day, (stage, count) in enumerate(zip(stages[1:], reached[1:]), 2):
            commands += [command("change_deal_stage", deal=f"deals/{i}", stage=stage, occurred=f"2024-01-{day:02}") for i in range(count)]
        outcomes = client.execute_all(commands)
        self.assertTrue(all(isinstance(outcome, v1.CommandResult) for outcome in outcomes))
        return stages, client

    def test_3_fx_04_step_shares(self):
        self.at("2025-02-01")
        stages, client = self.funnel_of("fx04", [85, 68, 52, 28])
        for mode in ("strict", "touched", "implied"):
            answer = client.report("sales_funnel", mode=mode)
            rows = {row["stage"]: row for row in answer.rows}
            self.assertEqual([85, 68, 52, 28, 0], [rows[stage]["reached"] for stage in stages + ["won"]], mode)
            self.assertEqual([(68, 85), (52, 68), (28, 52), (0, 28)], [rows[stage]["step"] for stage in stages], mode)
            self.assertEqual([(85, 85), (68, 85), (52, 85), (28, 85)], [rows[stage]["cumulative"] for stage in stages], mode)
            self.assertEqual(["80.00", "76.47", "53.85"],
                             [f"{100 * rows[s]['step'][0] / rows[s]['step'][1]:.2f}" for s in stages[:3]])
            self.assertEqual(["80.00", "61.18", "32.94"],
                             [f"{100 * rows[s]['cumulative'][0] / rows[s]['cumulative'][1]:.2f}" for s in stages[1:]])

    def test_4_fx_04_as_shares_of_all(self):
        self.at("2025-02-01")
        stages, client = self.funnel_of("fx04-all", [1105, 884, 845, 595])
        rows = {row["stage"]: row for row in client.report("sales_funnel").rows}
        self.assertEqual([(884, 1105), (845, 1105), (595, 1105)], [rows[stage]["cumulative"] for stage in stages[1:]])
        self.assertEqual(["80.00", "76.47", "53.85"],
                         [f"{100 * rows[s]['cumulative'][0] / rows[s]['cumulative'][1]:.2f}" for s in stages[1:]])

    def test_5_fx_07(self):
        self.at("2025-02-01")
        client = self.tenant("fx07", ["offer", "won", "lost"], offer=1000)
        commands = []
        for source, won in (("email", 12), ("paid", 5)):
            for i in range(100):
                commands.append(command("capture_lead", name=f"leads/{source}{i}", external_ids=[("x", f"{source}{i}")],
                                        source=dict(id=source), occurred="2024-01-01"))
            for i in range(won):
                commands.append(command("create_deal", name=f"deals/{source}{i}", lead=f"leads/{source}{i}", occurred="2024-01-02"))
                commands.append(command("win_deal", deal=f"deals/{source}{i}", occurred="2024-01-03"))
        self.assertTrue(all(isinstance(outcome, v1.CommandResult) for outcome in client.execute_all(commands)))
        answer = client.report("sales_conversion", group_by=["source"])
        self.assertEqual({"email": (12, 100), "paid": (5, 100)},
                         {row["source"]: row["conversion"] for row in answer.rows if row["source"]}, answer.table())


if __name__ == "__main__":
    sys.exit(unittest.main())
