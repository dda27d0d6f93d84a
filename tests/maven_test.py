#!/usr/bin/python3
"""Maven's 8,800 opportunities through import, log and reports: every answer of ../shared/data/README.md, exactly."""

import csv
import os
import sys
import unittest

from harness import datasets

USD = "USD"


@datasets.skip_without("maven-crm")
class MavenTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = datasets.Imported("maven-crm", "maven.textproto", "maven")

    @classmethod
    def tearDownClass(cls):
        cls.data.close()

    def one(self, answer, currency=USD):
        """The total of one currency."""
        found = [row for row in answer.totals if row.get("currency", currency) == currency]
        self.assertEqual(1, len(found), answer.table())
        return found[0]

    def test_win_rate(self):
        answer = self.data.report("won_lost", "--by", "-", "--currency", USD)
        total = self.one(answer)
        self.assertEqual((4238, 6711, 8800), (total["won"], total["closed"], total["deals"]))
        self.assertEqual(((4238, 6711), (4238, 8800)), (total["win_rate"], total["share_of_all"]))
        self.assertEqual(("63.1501", "48.1591"), (f"{100 * 4238 / 6711:.4f}", f"{100 * 4238 / 8800:.4f}"))
        self.assertEqual((1000553400, USD), total["won_value"])

    def test_cycle(self):
        total = self.data.report("sales_cycle", "--by", "-").total()
        self.assertEqual(((219452, 4238), 106), (total["mean"], total["p90"]))
        self.assertIn(total["median"], (57, (57, 1)))

    def test_open_at_the_end(self):
        rows = {row["stage"]: row["deals"] for row in self.data.report("pipeline_snapshot", "--by", "stage").rows}
        self.assertEqual({"engaging": 1589, "prospecting": 500}, rows)

    def test_valid_at_the_end_of_2016(self):
        answer = self.data.report("pipeline_snapshot", "--by", "stage", "--valid-at", "2016-12-31")
        self.assertEqual([("engaging", 358, (79668400, USD))], [(r["stage"], r["deals"], r["value"]) for r in answer.rows])
        closed = self.data.report("won_lost", "--by", "-", "--valid-at", "2016-12-31")
        self.assertEqual([0], [row["closed"] for row in closed.totals])

    def test_won_per_quarter(self):
        answer = self.data.report("won_lost", "--by", "unit", "--period", "2017-Q2")
        east = [row for row in answer.rows if "east" in str(row["unit"])]
        self.assertEqual([(349, (101682300, USD))], [(row["won"], row["won_value"]) for row in east if row["won"]], answer.table())

    def test_movement(self):
        answer = self.data.report("pipeline_movement", "--by", "-", "--period", "2017-Q2")
        rows = {row["category"]: (row["deals"], row["value"][0] // 100) for row in answer.rows + answer.totals if row["currency"] == USD}
        self.assertEqual([(1330, 3280185), (2388, 5876842), (-1254, -3086111), (-778, -1854828), (1686, 4216807)],
                         [rows[category] for category in ("opening", "new", "won", "lost", "closing")], answer.table())
        self.assertEqual(719, rows["increased"][1] + rows["decreased"][1])
        self.assertEqual(1686, sum(count for category, (count, _) in rows.items() if category != "closing"))
        self.assertEqual(4216807, sum(value for category, (_, value) in rows.items() if category != "closing"))

    def test_importing_again_changes_nothing(self):
        before = self.data.client.status()
        self.data.import_again()
        after = self.data.client.status()
        self.assertEqual((before.head, before.head_hash), (after.head, after.head_hash))

    def test_a_parent_that_came_late(self):
        client = self.data.client
        with open(os.path.join(self.data.folder, "accounts.csv"), encoding="utf-8") as file:
            children = [row for row in csv.DictReader(file) if row["subsidiary_of"]]
        self.assertGreater(len(children), 0)
        from harness.protos import v1
        by_account = lambda name: client.call(client.Organization.GetOrganization, v1.GetRequest(
            ref=v1.Ref(external=v1.ExternalId(source="maven", id=name))))
        for row in children:
            self.assertEqual(by_account(row["subsidiary_of"]).info.name, by_account(row["account"]).parent)

    def test_zz_no_seller_stands_in_a_file(self):
        with open(os.path.join(self.data.folder, "sales_teams.csv"), encoding="utf-8") as file:
            names = sorted({name for row in csv.DictReader(file) for name in (row["sales_agent"], row["manager"])})
        client = self.data.client
        from harness.protos import v1
        users = client.call(client.User.ListUsers, v1.ListRequest(page_size=1000, min_position=client.head)).users
        self.assertEqual(names, sorted({user.display_name for user in users}))
        self.data.run("verify", "--read-models")
        self.data.server.stop()
        for folder, _, files in os.walk(self.data.server.folder):
            for path in (os.path.join(folder, name) for name in files):
                with open(path, "rb") as file:
                    content = file.read()
                self.assertFalse([name for name in names if name.encode() in content], path)


if __name__ == "__main__":
    sys.exit(unittest.main())
