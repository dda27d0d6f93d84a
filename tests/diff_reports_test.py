#!/usr/bin/python3
"""Why two answers differ, over a socket: each cause alone, shares that add up and open, pins of others and of before a restart."""

import json
import sys
import unittest
from fractions import Fraction

from harness import rules, values
from harness.client import Client, Refused
from harness.protos import v1
from harness.server import Server

STAGES = ["potential", "offer", "won", "lost"]
QUESTION = dict(period="2024", group_by=["owner"])
LATE, NEW, DELETIONS = v1.CHANGE_CAUSE_KIND_LATE_FACTS, v1.CHANGE_CAUSE_KIND_NEW_FACTS, v1.CHANGE_CAUSE_KIND_DELETIONS
RULES, TIME = v1.CHANGE_CAUSE_KIND_RULES, v1.CHANGE_CAUSE_KIND_TIME


def number(value):
    """A value to be added up; money of one currency."""
    read = values.value_of(value)
    if isinstance(read, tuple):
        return Fraction(read[0]) if isinstance(read[1], str) else Fraction(*read[:2])
    return Fraction(read)


class DiffReportsTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server())
        self.client = client = self.enterContext(Client(self.server.address))
        client.create_tenant()
        client.publish(rules.pipelines(sales=STAGES), rules.probabilities("sales", potential=1000, offer=4000))
        for user in ("ann", "bob"):
            client.do("create_user", name="users/" + user, display_name=user)
        for name, stage, owner in (("a", "potential", "ann"), ("b", "offer", "ann"), ("c", "offer", "bob"), ("d", "offer", "bob")):
            client.do("create_deal", name="deals/" + name, stage=stage, value=(100000, "USD"), owner="users/" + owner,
                      occurred="2024-01-10", expected_close="2024-06-30")
        self.mailed = client.report("sales_forecast", **QUESTION)

    def change_everything(self):
        self.client.publish(rules.probabilities("sales", potential=1000, offer=5000), comment="Offers count for more")
        self.client.do("change_deal_value", deal="deals/a", value=(300000, "USD"), occurred="2024-01-11")
        self.client.do("create_deal", name="deals/e", stage="offer", value=(700000, "USD"), owner="users/bob", expected_close="2024-05-31")
        self.client.do("delete_record", record="deals/c", collection="deals", reason="double")

    def diff(self, before, after=None, client=None):
        request = v1.DiffReportsRequest(before=v1.DiffedAnswer(pin=before))
        if after is not None:
            request.after.pin = after
        client = client or self.client
        return client.call(client.Report.DiffReports, request)

    def now(self):
        return self.client.report("sales_forecast", **QUESTION)

    def shares_by_kind(self, diff, owner, column):
        """Of a row's cell; owner None: the total."""
        for row in diff.rows:
            is_its = row.is_total if owner is None else not row.is_total and row.groups[0].value.record == owner
            for cell in row.cells if is_its else ():
                if cell.column == column:
                    return {diff.causes[share.cause].kind: number(share.change) for share in cell.shares}
        return {}

    def test_each_cause_has_its_share(self):
        self.change_everything()
        diff = self.diff(self.mailed.response.pin)
        self.assertEqual({TIME, RULES, LATE, NEW, DELETIONS}, {cause.kind for cause in diff.causes})
        rule = next(cause for cause in diff.causes if cause.kind == RULES)
        self.assertEqual(v1.RULE_KIND_PROBABILITIES, rule.rule_kind)
        self.assertIn("Offers count for more", rule.text)
        # Ann: an offer of 1,000.00 at 50 instead of 40 %, 2,000.00 more at 10 %; Bob: two offers, then one of 7,000.00, less one at 50 %.
        self.assertEqual({RULES: 10000, LATE: 20000}, self.shares_by_kind(diff, "users/ann", "forecast"))
        self.assertEqual({RULES: 20000, NEW: 350000, DELETIONS: -50000}, self.shares_by_kind(diff, "users/bob", "forecast"))
        self.assertEqual({RULES: 30000, LATE: 20000, NEW: 350000, DELETIONS: -50000}, self.shares_by_kind(diff, None, "forecast"))

    def test_shares_add_up_between_what_the_report_says(self):
        self.change_everything()
        now, diff = self.now(), self.diff(self.mailed.response.pin)
        cells = 0
        for row in diff.rows:
            where = {} if row.is_total else {"owner": row.groups[0].value.record}
            for cell in row.cells:
                cells += 1
                for value, answer in ((cell.before, self.mailed), (cell.after, now)):
                    said = answer.total() if row.is_total else answer.row(**where)
                    self.assertEqual(said[cell.column], values.value_of(value), f"{where} {cell.column}")
                self.assertEqual(number(cell.change), sum(number(share.change) for share in cell.shares), f"{where} {cell.column}")
        self.assertGreater(cells, 6)

    def test_each_share_opens_into_the_records_that_bring_it(self):
        self.change_everything()
        opened = {}
        diff = self.diff(self.mailed.response.pin)
        for cell in (cell for row in diff.rows if row.is_total for cell in row.cells if cell.column == "forecast"):
            for share in cell.shares:
                first, contributions = self.client.explain(share.cell_id)
                self.assertEqual(number(share.change), sum(number(one.value) for one in contributions))
                self.assertEqual(number(share.change), number(first.value))
                opened[diff.causes[share.cause].kind] = {one.record for one in contributions}
        self.assertEqual({RULES: {"deals/b", "deals/c", "deals/d"}, LATE: {"deals/a"}, NEW: {"deals/e"}, DELETIONS: {"deals/c"}}, opened)

    def test_backward_every_share_has_the_other_sign(self):
        self.change_everything()
        there, back = self.diff(self.mailed.response.pin, self.now().response.pin), self.diff(self.now().response.pin, self.mailed.response.pin)
        for owner in ("users/ann", "users/bob", None):
            forth = self.shares_by_kind(there, owner, "forecast")
            self.assertEqual({kind: -share for kind, share in forth.items()}, self.shares_by_kind(back, owner, "forecast"))

    def test_nothing_differs_without_a_change(self):
        diff = self.diff(self.mailed.response.pin, self.mailed.response.pin)
        self.assertEqual(([], [], 0), (list(diff.rows), list(diff.causes), diff.total_rows))

    def test_after_a_restart_it_is_the_same(self):
        self.change_everything()
        pins = self.mailed.response.pin, self.now().response.pin
        diff = self.diff(*pins)
        self.client.channel.close()
        self.server.stop()
        self.server.start()
        again = self.enterContext(Client(self.server.address))
        rows = self.diff(*pins, client=again).rows
        self.assertEqual([row.cells[0].shares[0].change for row in diff.rows], [row.cells[0].shares[0].change for row in rows])

    def test_of_another_tenant_or_altered_it_is_refused(self):
        other = self.enterContext(Client(self.server.address, tenant="other"))
        other.create_tenant("other")
        for client, pin in ((other, self.mailed.response.pin), (self.client, self.mailed.response.pin[:-2] + "AA")):
            with self.assertRaises(Refused) as caught:
                self.diff(pin, client=client)
            self.assertEqual(("INVALID_ARGUMENT", "TOKEN_INVALID"), (caught.exception.code, caught.exception.reason))
        with self.assertRaises(Refused) as caught:
            self.diff(self.mailed.response.pin, self.client.report("sales_forecast", period="2024", group_by=["stage"]).response.pin)
        self.assertEqual("ANSWERS_NOT_COMPARABLE", caught.exception.reason)

    def test_the_command_line_says_the_same(self):
        self.change_everything()
        options = ["--period", "2024", "--by", "owner", "--as-of", str(self.mailed.basis.position)]
        printed = self.server.recount("report", "diff", "sales_forecast", *options, "--format", "json")
        total = next(row for row in json.loads(printed)["rows"] if row.get("isTotal") or row.get("is_total"))
        self.assertEqual(4, max(len(cell["shares"]) for cell in total["cells"]))
        table = self.server.recount("report", "diff", "sales_forecast", *options)
        self.assertIn("Offers count for more", table)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
