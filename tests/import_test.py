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


if __name__ == "__main__":
    unittest.main()
