#!/usr/bin/python3
"""Files with mistakes, imported through a running server, repaired and imported again: what is there then is what a good file gives."""

import csv
import io
import json
import os
import unittest

from harness.server import Server

RULES = """rules { content { pipelines { pipelines { id: "sales"
  stages { id: "a" } stages { id: "b" } stages { id: "won" meaning: STAGE_MEANING_WON } stages { id: "lost" meaning: STAGE_MEANING_LOST }
} } } }
"""


class ImportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.tenants = 0

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        type(self).tenants += 1
        self.tenant = f"t{self.tenants}"
        self.folder = os.path.join(self.server.folder, self.tenant)
        os.makedirs(self.folder)
        self.run_recount("tenant", "create", self.tenant, "--zone", "UTC", "--currency", "EUR", "--region", "DE")
        self.write("rules.textproto", RULES)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def run_recount(self, *arguments, check=True):
        return self.server.recount(*arguments, tenant=self.tenant, cwd=self.folder, check=check, XDG_STATE_HOME=self.folder)

    def map(self, text):
        self.write("m.textproto", 'source: "s" rules_files: "rules.textproto"\n' + text)

    def load(self, rows, *flags):
        """Imports; returns the counts of the file and the rejects as (row, step, reason)."""
        self.write("rows.csv", rows)
        done = self.run_recount("import", "m.textproto", "--rejects", "rejects.csv", "--format", "json", *flags, check=False)
        counts = json.loads(done.stdout)["files"][0]
        with open(os.path.join(self.folder, "rejects.csv")) as file:
            rejects = [(int(row["row"]), row["step"], row["reason"]) for row in csv.DictReader(file)]
        self.assertEqual(done.returncode, 1 if rejects else 0, done.stderr)
        self.hints = done.stderr
        return {name: counts[name] for name in ("accepted", "unchanged", "repeated", "refused", "rowsNotRead") if counts[name]}, rejects

    def list(self, collection, *columns):
        rows = csv.DictReader(io.StringIO(self.run_recount("list", collection, "--format", "csv")))
        return sorted(tuple(row.get(column, "") for column in columns) for row in rows)


class RepairedRowsTest(ImportTest):
    MAPPING = """files { kind: "orders" file: "rows.csv" key { column: "customer" } several_rows_a_key: true
      commands { command: "create_deal"
        set { path: "title" value { column: "what" } }
        set { path: "value" value { column: "v" currency { constant: "EUR" } } }
        set { path: "header.occurred" value { column: "t" } } } }"""
    ROWS = "customer,t,what,v\nAcme,2025-01-01,pump,10\nAcme,2025-01-02,valve,20\nAcme,2025-01-03,seal,30\n"

    def test_a_repaired_row_is_taken_and_all_others_are_repeats(self):
        for broken in (self.ROWS.replace(",20\n", ",2\"0\n"), self.ROWS.replace(",20\n", "\n")):
            self.setUp()
            self.map(self.MAPPING)
            self.assertEqual(({"accepted": 2, "rowsNotRead": 1}, [(2, "", "ROW_MALFORMED")]), self.load(broken))
            self.assertEqual(({"accepted": 1, "repeated": 2}, []), self.load(self.ROWS))
            self.assertEqual([("pump",), ("seal",), ("valve",)], self.list("deals", "title"))
            self.assertEqual(({"repeated": 3}, []), self.load(self.ROWS, "--mode", "upsert"))

    def test_after_a_row_without_a_key_nothing_is_numbered(self):
        self.map(self.MAPPING)
        broken = self.ROWS.replace("Acme,2025-01-02", ",2025-01-02")
        self.assertEqual(({"accepted": 1, "rowsNotRead": 2}, [(2, "", "ROW_NOT_UNDERSTOOD"), (3, "", "ROW_NUMBER_UNKNOWN")]), self.load(broken))
        self.assertEqual(({"accepted": 2, "repeated": 1}, []), self.load(self.ROWS))
        self.assertEqual([("pump",), ("seal",), ("valve",)], self.list("deals", "title"))


class RefusedRowsTest(ImportTest):
    def test_what_is_sent_once_goes_with_the_first_row_that_is_taken(self):
        self.map("""files { kind: "c" file: "rows.csv" key { column: "nr" }
          commands { command: "create_organization" once { column: "company" }
            set { path: "external_ids" value { column: "company" } }
            set { path: "display_name" value { column: "company" } }
            set { path: "header.occurred" value { column: "founded" } } }
          commands { command: "capture_lead"
            set { path: "external_ids" value { column: "nr" } }
            set { path: "header.occurred" value { column: "day" } } }
          commands { command: "convert_lead"
            set { path: "lead" value { column: "nr" } }
            set { path: "organization" value { column: "company" } }
            set { path: "header.occurred" value { column: "day" } } } }""")
        # Row 1 is refused here, row 2's organization by the server (it is founded in the future); row 3 makes it.
        rows = ("nr,company,founded,day\n1,Acme,2020-01-01,not a day\n2,Acme,9020-01-01,2025-01-02\n3,Acme,2020-01-01,2025-01-02\n"
                "4,Acme,2021-01-01,2025-01-03\n")
        counts, rejects = self.load(rows)
        self.assertEqual([(1, "", "ROW_NOT_UNDERSTOOD"), (2, "convert_lead", "RECORD_NOT_FOUND"), (2, "create_organization", "OCCURRED_IN_FUTURE")],
                         sorted(rejects))
        self.assertEqual({"accepted": 6, "refused": 2, "rowsNotRead": 1}, counts)
        self.assertEqual([("Acme",)], self.list("organizations", "display_name"))
        self.assertEqual([(f"s:{nr}", state) for nr, state in ((2, "LEAD_STATE_OPEN"), (3, "LEAD_STATE_CONVERTED"), (4, "LEAD_STATE_CONVERTED"))],
                         self.list("leads", "info.external_ids", "state"))
        counts, rejects = self.load(rows.replace("not a day", "2025-01-01").replace("9020", "2019"))
        self.assertEqual([], [r for r in rejects if r[1] != "create_organization"])
        self.assertEqual(4, len(self.list("leads", "state")))
        self.assertEqual({("LEAD_STATE_CONVERTED",)}, set(self.list("leads", "state")))

    def test_what_has_changed_is_sent_with_the_first_row_that_is_taken(self):
        self.map("""files { kind: "c" file: "rows.csv" key { column: "k" } several_rows_a_key: true
          commands { command: "create_deal" when { row: ROW_POSITION_FIRST }
            set { path: "external_ids" value { column: "k" } }
            set { path: "header.occurred" value { column: "t" } } }
          commands { command: "change_deal_value" when { changed: "v" }
            set { path: "deal" value { column: "k" } }
            set { path: "value" value { column: "v" currency { constant: "EUR" } } }
            set { path: "header.occurred" value { column: "t" } } } }""")
        rows = ("k,t,v\n1,2025-01-01,10\n1,bad,20\n1,2025-01-03,20\n"            # refused here
                "2,2025-01-01,10\n2,9025-01-02,20\n2,2025-01-03,20\n2,2025-01-04,20\n")  # refused by the server
        counts, rejects = self.load(rows)
        self.assertEqual([(2, "", "ROW_NOT_UNDERSTOOD"), (5, "change_deal_value", "OCCURRED_IN_FUTURE")], sorted(rejects))
        self.assertEqual({"accepted": 4, "refused": 1, "rowsNotRead": 1}, counts)
        self.assertEqual([("s:1", "20.00"), ("s:2", "20.00")], self.list("deals", "info.external_ids", "value"))
        self.load(rows)
        log = self.run_recount("history", "deals/external/s/2")
        self.assertEqual(1, log.count("DealValueChanged"), log)


class CorrectedMappingTest(ImportTest):
    def mapping(self, stage, tag, currency, probability):
        self.map(f"""files {{ kind: "d" file: "rows.csv" key {{ column: "nr" }}
          commands {{ command: "create_deal"
            set {{ path: "external_ids" value {{ column: "nr" }} }}
            set {{ path: "stage" value {{ constant: "{stage}" }} }}
            set {{ path: "tags" value {{ constant: "{tag}" }} }}
            set {{ path: "value" value {{ column: "v" currency {{ constant: "{currency}" }} }} }}
            set {{ path: "probability_bp" value {{ constant: "{probability}" }} }}
            set {{ path: "header.occurred" value {{ column: "day" }} }} }}
          commands {{ command: "win_deal" when {{ value {{ column: "won" }} given: true }}
            set {{ path: "deal" value {{ column: "nr" }} }}
            set {{ path: "header.occurred" value {{ column: "won" }} }} }} }}""")

    def test_upsert_changes_all_that_was_corrected(self):
        rows = "nr,v,day,won\n1,10,2025-01-01,\n2,20,2025-01-02,2025-02-01\n"
        self.mapping("a", "t1", "EUR", 1000)
        self.assertEqual(({"accepted": 3}, []), self.load(rows))
        self.mapping("b", "t2", "USD", 2000)
        counts, rejects = self.load(rows)
        self.assertEqual(({"repeated": 1, "refused": 2}, ["REQUEST_ID_REUSED"] * 2), (counts, [r[2] for r in rejects]))
        self.assertIn("--mode upsert", self.hints)
        self.assertEqual(({"accepted": 2, "repeated": 1}, []), self.load(rows, "--mode", "upsert"))
        self.assertEqual([("s:1", "b", "10.00", "t2", "2000"), ("s:2", "won", "20.00", "t2", "")],
                         self.list("deals", "info.external_ids", "stage", "value", "info.tags", "probability_bp"))
        self.assertEqual(({"repeated": 3}, []), self.load(rows, "--mode", "upsert"))

    def test_upsert_refuses_what_cannot_be_changed(self):
        rows = "nr,v,day,won\n1,10,2025-01-01,2025-02-01\n"
        self.mapping("a", "t1", "EUR", 1000)
        self.load(rows)
        self.mapping("b", "t1", "EUR", 1000)
        counts, rejects = self.load(rows.replace("2025-01-01", "2025-03-01"), "--mode", "upsert")
        self.assertEqual(({"repeated": 1, "refused": 1}, [(1, "create_deal", "BACKDATING_CONFLICT")]), (counts, rejects))


if __name__ == "__main__":
    unittest.main()
