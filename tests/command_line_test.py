#!/usr/bin/python3
"""The command line in the hands of somebody who does not know it: mistakes, an empty tenant, names in several scripts, formats."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
import unittest

from harness.protos import BIN, SOURCE
from harness.server import Server

OK, FAILED, USAGE, NOT_FOUND, CONFLICT, UNAVAILABLE = 0, 1, 2, 3, 4, 5  # docs/cli.md
EXAMPLE = os.path.join(SOURCE, "docs", "example")
ESCAPE = "A\u001b[31mB"
NOWHERE = "127.0.0.1:1"  # nobody listens there


def without_server(*arguments, **environment):
    cleaned = {name: value for name, value in os.environ.items() if not name.startswith("RECOUNT_")}
    return subprocess.run([os.path.join(BIN, "recount"), *arguments], env=cleaned | environment, capture_output=True, text=True)


def every_command(path=()):
    """(path, help) of each command, from the help itself."""
    text = without_server(*path, "--help").stdout
    yield path, text
    section = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.M)
    for name in re.findall(r"^  (\w+)", section.group(1), re.M) if section else []:
        yield from every_command((*path, name))


class MistakesTest(unittest.TestCase):
    """What is wrong before anything is asked."""

    def test_every_help_has_an_example(self):
        commands = dict(every_command())
        self.assertGreater(len(commands), 25)
        for path, text in commands.items():
            self.assertRegex(text, r"(?m)^Examples:\n  recount .*" + " ".join(path[:1]), f"recount {' '.join(path)} --help")

    def test_the_command_line_is_not_understood(self):
        for words, says, help_of in (
                ("", "say what to do: status, tenant", ""), ("rules", "say what to do: list, show, draft", "rules"),
                ("statu", "did you mean status?", ""), ("report rnu won_lost", "did you mean run?", "report"),
                ("report run", "ID (or --pin) is required", "report run"), ("tenant create acme", "--zone is required", "tenant create"),
                ("--format xml status", "table,json,csv", ""), ("--timeout soon status", "soon", ""), ("--timeout 0 status", "--timeout", ""),
                ("report run won_lost --perid 2026", "--perid", "report run"), ("list deals --limit -5", "--limit", "list"),
                ("history --log --limit 0", "--limit", "history"), ("report explain won_lost --limit 0", "--limit", "report explain"),
                ("report run won_lost --page-size -1", "--page-size", "report run"), ("import m --batch 5000", "1 to 1000", "import"),
                ("import m --mode both", "create,upsert", "import"), ("rules withdraw probabilities x", "POSITION", "rules withdraw")):
            done = without_server(*words.split())
            self.assertEqual((USAGE, ""), (done.returncode, done.stdout), words)
            self.assertIn(says, done.stderr, words)
            self.assertTrue(done.stderr.endswith(f"  try: recount {help_of} --help\n".replace("  --help", " --help")), done.stderr)

    def test_version(self):
        self.assertRegex(without_server("--version").stdout, r"^\d+\.\d+\.\d+\n$")

    def test_no_tenant(self):
        done = without_server("report", "list")
        self.assertEqual(USAGE, done.returncode)
        self.assertIn("RECOUNT_TENANT", done.stderr)

    def test_no_server(self):
        done = without_server("--server", NOWHERE, "--tenant", "acme", "report", "list")
        self.assertEqual(UNAVAILABLE, done.returncode)
        self.assertIn(f"is recountd running at {NOWHERE}?", done.stderr)

    def test_csv_where_there_is_none(self):
        for words in ("status", "tenant list", "report list", "rules list", "history --log", "get deals/7", "verify",
                      "report explain won_lost --row 1 --column won"):
            done = without_server("--server", NOWHERE, "--tenant", "acme", "--format", "csv", *words.split())
            self.assertEqual((USAGE, ""), (done.returncode, done.stdout), words)
            self.assertIn("--format json", done.stderr, words)


class CommandLineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.run_ok("tenant", "create", "acme", "--zone", "Europe/Berlin", "--currency", "EUR")
        cls.run_ok("tenant", "create", "empty", "--zone", "UTC", "--currency", "EUR")
        cls.run_ok("rules", "publish", "--file", EXAMPLE + "/enquiries.rules.textproto")
        cls.run_ok("import", EXAMPLE + "/enquiries.textproto")
        for name, display in (("users/ruth", "רות כהן"), ("users/wang", "王小明"), ("users/escape", ESCAPE)):
            cls.run_ok("do", "createUser", json.dumps(dict(name=name, displayName=display)))
        for number, owner in (("20", "users/ruth"), ("22", "users/wang"), ("23", "users/escape")):
            cls.run_ok("do", "assignDeal", json.dumps(dict(deal=dict(external=dict(source="enquiries", id=number)), owner=dict(name=owner))))

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    @classmethod
    def run_ok(cls, *arguments, **more):
        return cls.server.recount(*arguments, **more)

    def refuse(self, code, words, *arguments, **more):
        done = self.server.recount(*arguments, check=False, **more)
        self.assertEqual((code, ""), (done.returncode, done.stdout), f"{arguments}: {done.stderr}")
        for word in words:
            self.assertIn(word, done.stderr, arguments)
        return done.stderr

    # ---- Mistakes ----

    def test_what_is_not_there(self):
        self.refuse(NOT_FOUND, ["reason: TENANT_NOT_FOUND", "recount tenant create"], "status", tenant="nowhere")
        self.refuse(NOT_FOUND, ["reason: RECORD_NOT_FOUND", "recount list"], "get", "deals/none")
        self.refuse(NOT_FOUND, ["reason: RECORD_NOT_FOUND"], "history", "deals/external/enquiries/none")
        self.refuse(NOT_FOUND, ["recount: no report `sales_fnnel`", "did you mean sales_funnel?"], "report", "run", "sales_fnnel")
        self.refuse(NOT_FOUND, ["did you mean sales_funnel?"], "rebuild", "sales_funel")
        self.refuse(NOT_FOUND, ["reason: DRAFT_NOT_FOUND"], "rules", "publish", "none")
        self.refuse(NOT_FOUND, ["none.textproto: No such file"], "import", "none.textproto")

    def test_what_is_there_already(self):
        self.refuse(CONFLICT, ["reason: RECORD_EXISTS"], "do", "createUser", '{"name": "users/ruth", "displayName": "Ruth"}')
        self.refuse(CONFLICT, ["reason: TENANT_EXISTS", "recount tenant list"], "tenant", "create", "acme", "--zone", "UTC", "--currency", "EUR")

    def test_what_is_refused(self):
        self.refuse(FAILED, ["reason: LEAD_UNIDENTIFIED", "field: person_name"], "do", "captureLead", "{}")
        self.refuse(FAILED, ["reason: POSITION_BEYOND_HEAD", "recount status"], "get", "users/ruth", "--as-of", "99999")
        self.refuse(FAILED, ["reason: FILTER_INVALID", "report show"], "list", "deals", "--filter", "((")
        self.refuse(FAILED, ["reason: CLOCK_NOT_SIMULATED", "--simulated-clock"], "clock", "set", "2026-01-31")

    def test_what_is_not_understood(self):
        self.refuse(USAGE, ["did you mean deals?"], "get", "deal/7")
        self.refuse(USAGE, ["deals/4711"], "get", "deals")
        self.refuse(USAGE, ["did you mean captureLead?"], "do", "captureLed", "{}")
        self.refuse(USAGE, ["captureLead"], "do", "captureLead", "{")
        self.refuse(USAGE, ["did you mean won?"], "report", "explain", "sales_conversion", "--row", "total", "--column", "wno")
        self.refuse(USAGE, ["the answer has "], "report", "explain", "sales_conversion", "--row", "9", "--column", "won")
        self.refuse(USAGE, ["12.5%"], "rules", "draft", "x", "--set", "probability:sales/offer=150%")
        for day in ("2025-13-01", "soon"):
            said = self.refuse(USAGE, [day, "2026-01-31"], "rules", "draft", "x", "--set", f"parent:users/ruth=teams/3@{day}")
            self.assertNotIn("`format`", said)
        self.refuse(USAGE, ["--effective-from", "2026-01-31"], "rules", "draft", "x", "--set", "probability:sales/offer=1%", "--effective-from", "x")

    def test_controls_of_a_terminal_are_shown_not_obeyed(self):
        for arguments in (("list", "users"), ("get", "users/escape"), ("history", "users/escape"), ("history", "--log"),
                          ("report", "run", "pipeline_snapshot", "--by", "owner"),
                          ("report", "explain", "pipeline_snapshot", "--by", "owner", "--row", "total:EUR", "--column", "value")):
            self.assertNotIn("\x1b", self.run_ok(*arguments), arguments)
        self.assertNotIn("\x1b", self.refuse(NOT_FOUND, [], "get", "deals/" + ESCAPE))
        made = self.run_ok("do", "captureLead", json.dumps(dict(personName=dict(display=ESCAPE), source=dict(id="escape"))))
        self.assertNotIn("\x1b", self.run_ok("history", json.loads(made)["name"]))
        self.assertNotIn("\x1b", self.run_ok("report", "explain", "sales_conversion", "--filter", 'source = "escape"', "--row", "total",
                                             "--column", "leads", "--min-position", json.loads(made)["position"]))

    def test_who_calls_is_said_in_ascii(self):
        for who in ("users/רות", ESCAPE):
            self.assertNotIn("\x1b", self.refuse(USAGE, ["--actor"], "list", "users", actor=who))
            self.refuse(USAGE, ["--tenant"], "list", "users", tenant=who)
            self.assertNotIn("רות", self.refuse(USAGE, ["--token"], "list", "users", RECOUNT_TOKEN=who))

    # ---- Answers ----

    def test_an_empty_tenant(self):
        reports = [report["id"] for report in json.loads(self.run_ok("report", "list", "--format", "json", tenant="empty"))["reports"]]
        for report in set(reports) - {"entity_timeline"}:
            for form in ("table", "json", "csv"):
                self.assertTrue(self.run_ok("report", "run", report, "--format", form, tenant="empty"), (report, form))
        self.assertEqual("0 of 0 deals\n", self.run_ok("list", "deals", tenant="empty"))
        self.assertEqual("", self.run_ok("list", "deals", "--format", "csv", tenant="empty"))
        self.assertIn("0 of 0 records", self.run_ok("report", "explain", "won_lost", "--row", "total", "--column", "won", tenant="empty"))
        self.assertIn("nothing is wrong", self.run_ok("verify", tenant="empty"))
        self.assertIn("same", self.run_ok("rebuild", "deal", tenant="empty"))

    def test_json_is_json(self):
        for arguments in (("status",), ("tenant", "list"), ("report", "list"), ("report", "show", "won_lost"), ("report", "run", "won_lost"),
                          ("report", "explain", "won_lost", "--row", "total:EUR", "--column", "won"), ("rules", "list"), ("rules", "show"),
                          ("history", "users/ruth"), ("get", "users/ruth"), ("verify",), ("rebuild", "deal"),
                          ("rules", "draft", "j", "--set", "probability:sales/offer=30%"), ("rules", "preview", "j", "won_lost"),
                          ("rules", "discard", "j"), ("import", EXAMPLE + "/enquiries.textproto")):
            self.assertIsInstance(json.loads(self.run_ok(*arguments, "--format", "json")), dict, arguments)
        self.assertEqual("0.1.0", json.loads(self.run_ok("status", "--format", "json", tenant=""))["version"])
        for arguments in (("list", "deals"), ("history", "--log")):
            lines = self.run_ok(*arguments, "--format", "json").splitlines()
            self.assertGreater(len([json.loads(line) for line in lines]), 5, arguments)

    def test_csv_is_csv(self):
        for arguments in (("report", "run", "pipeline_snapshot", "--by", "owner"), ("list", "deals"), ("report", "run", "sales_funnel")):
            rows = list(csv.reader(io.StringIO(self.run_ok(*arguments, "--format", "csv"), newline="")))
            self.assertGreater(len(rows), 2)
            self.assertEqual({len(rows[0])}, {len(row) for row in rows}, arguments)
        deals = list(csv.DictReader(io.StringIO(self.run_ok("list", "deals", "--format", "csv"), newline="")))
        self.assertIn(("9500.50", "EUR"), [(deal["value"], deal["value.currency"]) for deal in deals])
        owners = csv.DictReader(io.StringIO(self.run_ok("report", "run", "pipeline_snapshot", "--by", "owner", "--format", "csv"), newline=""))
        self.assertLessEqual({"רות כהן", "王小明"}, {row["owner.label"] for row in owners})

    def test_one_of_several_totals_is_named(self):
        for number, currency in enumerate(("USD", "USD", "GBP")):
            self.run_ok("do", "createDeal", json.dumps(dict(source=dict(id="totals"), value=dict(currencyCode=currency, units=100 + number))))
        ask = ("report", "explain", "pipeline_snapshot", "--by", "owner", "--filter", 'source = "totals"', "--column", "value", "--row")
        self.refuse(USAGE, ["the totals are total:GBP, total:USD; name one"], *ask, "total")
        self.refuse(USAGE, ["the totals are total:GBP, total:USD; name one"], *ask, "total:EUR")
        self.assertIn("pipeline_snapshot: 201.00 USD", self.run_ok(*ask, "total:USD"))
        self.assertIn("pipeline_snapshot: 102.00 GBP", self.run_ok(*ask, "total:gbp"))
        self.refuse(USAGE, ["no total", "rows 1 to"], "report", "explain", "sales_funnel", "--row", "total", "--column", "reached")
        self.refuse(USAGE, ["the number of a row or total"], *ask, "first")

    def test_a_row_apart_opens_by_its_id(self):
        made = json.loads(self.run_ok("do", "createDeal", json.dumps(dict(name="deals/apart", source=dict(id="apart")))))
        ask = ("sales_conversion", "--filter", 'source = "apart"', "--min-position", made["position"])
        self.assertRegex(self.run_ok("report", "run", *ask), r"(?m)^without_lead  Deals without a lead ")
        rows = csv.DictReader(io.StringIO(self.run_ok("report", "run", *ask, "--format", "csv"), newline=""))
        self.assertEqual(["total", "without_lead"], [row["row"] for row in rows])
        self.assertIn("deals/apart", self.run_ok("report", "explain", *ask, "--row", "without_lead", "--column", "deals"))
        self.refuse(USAGE, ["or total or without_lead"], "report", "explain", *ask, "--row", "apart", "--column", "deals")

    def test_a_preview_of_several_reports_is_one_document(self):
        self.run_ok("rules", "draft", "several", "--set", "probability:sales/offer=30%")
        ask = ("rules", "preview", "several", "sales_forecast", "pipeline_snapshot")
        answers = json.loads(self.run_ok(*ask, "--format", "json"))
        self.assertEqual(["sales_forecast", "pipeline_snapshot"], [answer["basis"]["report"] for answer in answers])
        rows = list(csv.reader(io.StringIO(self.run_ok(*ask, "--format", "csv"), newline="")))
        self.assertEqual(["report", "row"], rows[0][:2])
        self.assertEqual({len(rows[0])}, {len(row) for row in rows})
        self.assertEqual(len(rows[0]), len(set(rows[0])))
        self.assertEqual({"sales_forecast", "pipeline_snapshot"}, {row[0] for row in rows[1:]})
        self.run_ok("rules", "discard", "several")

    def test_a_log_that_shows_nothing_says_so(self):
        for arguments in (("--after", "99999"), ("--type", "NoSuchEvent"), ("--stream", "nowhere/")):
            done = self.server.recount("history", "--log", *arguments, check=False)
            self.assertEqual((OK, ""), (done.returncode, done.stdout), arguments)
            self.assertIn("no such events; the head is ", done.stderr, arguments)

    def test_days_are_days_of_the_tenant(self):
        deal = "deals/external/enquiries/17"
        history = self.run_ok("history", deal)
        self.assertIn("DealCreated  occurred 2025-01-07 (day)", history)
        self.assertIn("DealWon  occurred 2025-03-14 (day)", history)
        self.assertIn("times in Europe/Berlin", history)
        self.assertRegex(self.run_ok("get", deal), r"info.create_time +2025-01-07\n")
        self.assertRegex(self.run_ok("list", "deals", "--filter", 'created_at < "2025-01-08"'), r" 2025-01-07 +PRECISION_DAY ")
        self.assertIn("2025-01-06T23:00:00Z,PRECISION_DAY", self.run_ok("list", "deals", "--format", "csv"))

    def test_an_actor_who_was_not_checked_is_marked(self):
        explained = self.run_ok("report", "explain", "won_lost", "--row", "total:EUR", "--column", "won")
        self.assertRegex(explained, r"DealWon +tester\?\n")

    # ---- Watching ----

    def watch(self, server, *arguments):
        environment = dict(os.environ, RECOUNT_SERVER=server.address, RECOUNT_TENANT="acme", RECOUNT_ACTOR="tester")
        return subprocess.Popen([os.path.join(BIN, "recount"), "report", "watch", *arguments], env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def read_to(self, watch, beginning):
        """Lines up to the first one that begins so."""
        lines = []
        while not lines or not lines[-1].startswith(beginning):
            line = watch.stdout.readline()
            self.assertTrue(line, f"ended before {beginning!r}: {lines} {watch.stderr.read() if watch.poll() is not None else ''}")
            lines.append(line.rstrip("\n"))
        return lines

    def test_a_watch_goes_on_after_a_restart(self):
        with Server() as server:
            server.recount("tenant", "create", "acme", "--zone", "Europe/Berlin", "--currency", "EUR")
            capture = lambda source: server.recount("do", "captureLead", json.dumps(dict(personName=dict(display="Ann"), source=dict(id=source))))
            capture("web")
            watch = self.watch(server, "sales_conversion", "--by", "source", "--measures", "leads", "--changes", "3")
            self.read_to(watch, "total")
            capture("web")
            self.assertEqual(["  ~ web: Leads 1 → 2", "  ~ total: Leads 1 → 2"], self.read_to(watch, "  ~ total")[1:])
            server.stop()
            server.process = subprocess.Popen([os.path.join(BIN, "recountd"), "--data", server.data, "--listen", server.address, "--insecure"],
                                              stdout=subprocess.DEVNULL)
            server.recount("status", "--wait", "30")
            capture("fair")
            self.assertEqual(["  + fair: Leads 1", "  ~ total: Leads 2 → 3"], self.read_to(watch, "  ~ total")[1:])
            capture("fair")
            out, err = watch.communicate(timeout=60)
            self.assertEqual((OK, ["  ~ fair: Leads 1 → 2", "  ~ total: Leads 3 → 4"]), (watch.returncode, out.splitlines()[1:]), err)
            self.assertIn("it goes on from position 3", err)

    def test_a_watch_in_json_is_an_object_a_message(self):
        lines = self.run_ok("report", "watch", "won_lost", "--by", "owner", "--format", "json", "--changes", "0").splitlines()
        messages = [json.loads(line) for line in lines]
        self.assertEqual(1, len(messages))
        self.assertTrue(messages[0]["restarts"] and messages[0]["resumeToken"])
        self.assertEqual(json.loads(self.run_ok("report", "run", "won_lost", "--by", "owner", "--format", "json"))["rows"],
                         [row["row"] for row in messages[0]["rows"]])

    def test_what_cannot_be_watched(self):
        self.refuse(USAGE, ["--as-of"], "report", "watch", "won_lost", "--as-of", "3")
        self.refuse(FAILED, ["rule_basis", "PARAMETER_INVALID"], "report", "watch", "won_lost", "--basis", "at:3")
        self.refuse(NOT_FOUND, ["did you mean won_lost?"], "report", "watch", "won_lst")
        self.refuse(FAILED, ["timeline", "PARAMETER_INVALID"], "report", "watch", "entity_timeline")

    # ---- Waiting ----

    def on_a_terminal(self, *arguments, server):
        """(exit code, what a terminal sees on standard error)."""
        master, terminal = pty.openpty()
        environment = dict(os.environ, RECOUNT_SERVER=server, RECOUNT_TENANT="acme", RECOUNT_ACTOR="tester")
        code = subprocess.run([os.path.join(BIN, "recount"), *arguments], env=environment, stdout=subprocess.PIPE, stderr=terminal).returncode
        os.close(terminal)
        seen = os.read(master, 65536).decode()
        os.close(master)
        return code, seen

    def test_who_waits_is_told(self):
        code, seen = self.on_a_terminal("status", "--wait", "1.5", server=NOWHERE)
        self.assertEqual(UNAVAILABLE, code)
        self.assertIn("waiting for the server: 1 s", seen)
        code, seen = self.on_a_terminal("report", "run", "won_lost", "--min-position", "99999", "--timeout", "1.5", server=self.server.address)
        self.assertEqual(UNAVAILABLE, code)
        self.assertIn("waiting for the server: 1 s", seen)
        self.assertIn("  try: ", seen)


if __name__ == "__main__":
    sys.exit(unittest.main())
