#!/usr/bin/python3
"""Every example of every `recount ... --help` works for somebody who has what it speaks of."""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from command_line_test import EXAMPLE, every_command
from harness import rules
from harness.client import Client, command
from harness.protos import BIN, v1
from harness.server import Server
from harness.values import fill

BEFORE, AFTER = 1735689600 * 1000000, 1798675200 * 1000000  # 2025-01-01, 2026-12-31: of everything that the examples name
RULES = """rules { content { pipelines { pipelines { id: "sales" stages { id: "offer" } stages { id: "order" } stages { id: "delivery" }
  stages { id: "won" meaning: STAGE_MEANING_WON } stages { id: "lost" meaning: STAGE_MEANING_LOST } } } } }
"""


def every_example():
    """(line, of which command) of each example, in the order of the help; each once."""
    examples = {}
    for path, text in every_command():
        section = re.search(r"^Examples:\n((?:  .*\n?)+)", text, re.M)
        for line in section.group(1).splitlines() if section else []:
            examples.setdefault(line.strip(), " ".join(path))
    return examples.items()


def fill_tenant(client):
    """What the examples name."""
    client.publish(rules.pipelines(sales=["offer", "order", "won", "lost"]), rules.probabilities("sales", offer=2000, order=4000),
                   rules.rates(("EUR", "ILS", "2024-01-01", 4_000_000_000)))
    teams = ("north", "south", "west")
    commands = [command("create_team", name=f"teams/{team}", display_name=team) for team in teams]
    commands += [command("create_user", name=f"users/{team}", display_name=team) for team in teams]
    commands += [command("capture_lead", name="leads/1", external_ids=[("olist", "5420aad7")], source=dict(id="email"))]
    client.execute_all(commands)
    client.publish(rules.org_chart(*((f"users/{team}", f"teams/{team}") for team in teams)))
    commands = []
    for team in teams:
        commands.append(command("create_deal", name=f"deals/{team}", owner=f"users/{team}", occurred="2026-04-01", value=(500, "EUR")))
        commands.append(command("win_deal", deal=f"deals/{team}", occurred="2026-05-01"))
    for name, currency in (("4711", "EUR"), ("7", "ILS")):
        commands.append(command("create_deal", name=f"deals/{name}", owner="users/north", occurred="2026-04-01", value=(700, currency),
                                expected_close="2026-12-31"))
    client.execute_all(commands)
    change = fill(v1.RuleProposal(), content=dict(probabilities=rules.probabilities("sales", offer=2000, order=5000)))
    client.do("draft_rules", draft="drafts/half", rules=[change])


class HelpExamplesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(flags=("--insecure", "--simulated-clock"), backups=True)
        cls.folder = tempfile.mkdtemp(prefix="recount-help-")
        for target in ("tools/mappings/olist.textproto", "my_leads.textproto"):
            os.makedirs(os.path.dirname(os.path.join(cls.folder, target)), exist_ok=True)
            shutil.copy(EXAMPLE + "/enquiries.textproto", os.path.join(cls.folder, target))
        os.makedirs(os.path.join(cls.folder, "data/olist"))
        for target in ("data/olist/enquiries.csv", "my_leads.csv"):
            shutil.copy(EXAMPLE + "/enquiries.csv", os.path.join(cls.folder, target))
        with open(EXAMPLE + "/enquiries.csv", "rb") as rows, gzip.open(os.path.join(cls.folder, "my_leads.csv.gz"), "wb") as out:
            out.write(rows.read())
        with open(os.path.join(cls.folder, "rules.textproto"), "w") as file:
            file.write(RULES)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        shutil.rmtree(cls.folder)

    def run_example(self, line, tenant):
        line = line.replace("/backup/recount", self.server.backups)
        if "rules withdraw" in line:
            with Client(self.server.address, tenant=tenant) as client:
                published = client.call(client.Rulebook.ListRuleVersions, v1.ListRuleVersionsRequest(kind=v1.RULE_KIND_PROBABILITIES))
            line = line.replace("1234", str(published.versions[0].published_position))
        environment = dict(os.environ, RECOUNT_SERVER=self.server.address, RECOUNT_TENANT=tenant, RECOUNT_ACTOR="tester",
                           PATH=BIN + os.pathsep + os.environ["PATH"])
        shell = ["bash", "-o", "pipefail", "-e", "-c", line]
        if "--follow" not in line:
            return subprocess.run(shell, env=environment, cwd=self.folder, capture_output=True, text=True)
        # It goes on for ever: that it shows what there is already is enough.
        with subprocess.Popen(["recount", *line.split()[1:]], executable=os.path.join(BIN, "recount"), env=environment, cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            first = process.stdout.readline()
            process.kill()
        return subprocess.CompletedProcess(line, 0 if first else 1, first, "")

    def expect_all_work(self, examples):
        failed = []
        for tenant, (line, path) in examples.items():
            done = self.run_example(line, tenant)
            if done.returncode != 0:
                failed.append(f"recount {path} --help: {line}\n{done.stdout[-500:]}{done.stderr[-1000:]}")
        self.assertEqual("", "\n".join(failed))

    def test_every_example_works(self):
        """Each in a tenant of its own."""
        examples = {f"tenant-{number}": example for number, example in enumerate(every_example())}
        self.assertGreater(len(examples), 40)
        first = {tenant: example for tenant, example in examples.items() if example[1].startswith(("clock", "tenant"))}
        with Client(self.server.address) as client:
            client.set_clock(BEFORE)
            for tenant in examples:
                client.create_tenant(tenant, zone="UTC", currency="EUR", region="DE")
            self.expect_all_work(first)  # they make `acme`, too
            client.set_clock(AFTER)
        for tenant in {"acme": ""} | examples:
            with Client(self.server.address, tenant=tenant) as client:
                fill_tenant(client)
        self.expect_all_work({tenant: example for tenant, example in examples.items() if tenant not in first})


if __name__ == "__main__":
    sys.exit(unittest.main())
