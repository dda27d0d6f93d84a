#!/usr/bin/python3
"""The Olist marketing funnel through import, log and reports: every answer of ../shared/data/README.md, exactly."""

import sys
import unittest

from harness import datasets


@datasets.skip_without("olist-funnel")
class OlistTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = datasets.Imported("olist-funnel", "olist.textproto", "olist", currency="BRL", region="BR")

    @classmethod
    def tearDownClass(cls):
        cls.data.close()

    def test_conversion(self):
        answer = self.data.report("sales_conversion", "--by", "source")
        total = answer.total()
        self.assertEqual((8000, 842, (842, 8000)), (total["leads"], total["won"], total["conversion"]))
        leads = {row["source"]: (row["leads"], row["won"]) for row in answer.rows}
        self.assertEqual((2296, 271), leads["organic_search"])
        self.assertEqual((1586, 195), leads["paid_search"])
        self.assertEqual(1099, leads["unknown"][0])
        no_source = [counts for source, counts in leads.items() if source in (None, "no_source")]
        self.assertEqual([60], [counts[0] for counts in no_source])
        self.assertEqual(8000, sum(counts[0] for counts in leads.values()))

    def test_cycle(self):
        total = self.data.report("sales_cycle", "--by", "-").total()
        self.assertEqual(((40787, 842), 162, -2, 1), (total["mean"], total["p90"], total["least"], total["anomalies"]))
        self.assertIn(total["median"], (14, (14, 1)))

    def test_the_deal_won_before_its_first_contact_is_found(self):
        anomalies = self.data.client.report("sales_conversion", group_by=["-"])
        self.assertEqual(1, anomalies.total()["anomalies"])
        page, records = self.data.client.explain(anomalies.cell_id("anomalies"))
        self.assertEqual(1, len(records))
        lead = self.data.client.call(self.data.client.Lead.GetLead, _get(records[0].record))
        self.assertTrue(any(external.id.startswith("b91cf881") for external in lead.info.external_ids), lead.info)
        cycle = self.data.client.report("sales_cycle", group_by=["-"])
        _, days = self.data.client.explain(cycle.cell_id("least"))
        self.assertIn(-2, [contribution.value.integer for contribution in days])

    def won_by_month(self, data, *flags):
        answer = data.report("won_lost", "--by", "month", "--mode", "period", *flags)
        return {str(row["month"])[:7]: row["won"] for row in answer.rows}

    def test_won_by_month(self):
        won = self.won_by_month(self.data)
        self.assertEqual([3, 73, 113, 147, 207], [won[m] for m in ("2017-12", "2018-01", "2018-02", "2018-03", "2018-04")])
        self.assertEqual([122, 57], [won["2018-05"], won["2018-06"]])
        self.assertEqual(842, sum(won.values()))

    def test_cohort_and_period(self):
        cohort = self.data.report("sales_conversion", "--period", "2018-04", "--mode", "cohort", "--by", "-").total()
        self.assertEqual((183, 1352), cohort["conversion"])
        period = self.data.report("sales_conversion", "--period", "2018-04", "--mode", "period", "--by", "-").total()
        self.assertEqual((207, 1352), period["conversion"])

    def test_valid_at_a_past_day(self):
        total = self.data.report("sales_conversion", "--valid-at", "2017-08-31", "--by", "-").total()
        self.assertEqual((629, 0), (total["leads"], total["won"]))

    def test_a_deal_without_an_amount_has_none(self):
        total = self.data.report("won_lost", "--by", "-").totals
        self.assertEqual([(842, None)], [(row["won"], row["won_value"]) for row in total])

    def test_a_lead_without_a_deal_stays_open(self):
        rows = {row["state"]: row["leads"] for row in self.data.report("sales_conversion", "--by", "state").rows}
        self.assertEqual({"open": 8000 - 842, "converted": 842}, rows)

    def test_two_tags_of_one_cell(self):
        answer = self.data.report("pipeline_detail", "--mode", "all", "--filter", 'tags : "cat" AND tags : "wolf"')
        self.assertGreater(len(answer.rows), 0)

    def test_importing_again_changes_nothing(self):
        before = self.data.client.status()
        self.data.import_again()
        after = self.data.client.status()
        self.assertEqual((before.head, before.head_hash), (after.head, after.head_hash))

    def test_sao_paulo(self):
        other = datasets.Imported("olist-funnel", "olist.textproto", "olist-sp", zone="America/Sao_Paulo", currency="BRL", region="BR",
                                  server=self.data.server)
        won = self.won_by_month(other)
        other.client.channel.close()
        self.assertEqual([123, 56], [won["2018-05"], won["2018-06"]])

    def test_zz_the_log_is_sound_and_the_read_models_are_its_count(self):
        self.data.run("verify", "--read-models")


def _get(name):
    from harness.protos import v1
    return v1.GetRequest(ref=v1.Ref(name=name))


if __name__ == "__main__":
    sys.exit(unittest.main())
