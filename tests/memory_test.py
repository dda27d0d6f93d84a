#!/usr/bin/python3
"""`--memory-mb`: a server whose read models are larger than their share of it answers as one with enough memory does, now and for the
past, before and after a rebuild, and its resident memory stays below the flag.

The peak is what the system counted, so that no moment is missed.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from faults.faulty_server import is_sanitized
from harness import rules
from harness.client import Client, command
from harness.protos import SOURCE, v1
from harness.server import Server

MEMORY_MB = 256
LEADS, DEALS = 360000, 4000
STAGES = ["new", "talk", "offer", "won", "lost"]
SEED = int(os.environ.get("RECOUNT_SEED") or random.randrange(2 ** 32))
REPORTS = {
    "won_lost": dict(period="2024", group_by=["owner", "source"]),
    "pipeline_snapshot": dict(group_by=["stage", "owner"]),
    "pipeline_movement": dict(period="2024"),
    "sales_conversion": dict(period="2024", group_by=["source"]),
    "sales_cycle": dict(period="2024"),
    "sales_forecast": dict(period="2024"),
    "sales_funnel": dict(period="2024", group_by=["owner"]),
}


def import_leads(server, folder):
    with open(os.path.join(folder, "leads.csv"), "w") as file:
        subprocess.run([os.path.join(SOURCE, "tools", "make_leads_csv.py"), str(LEADS)], stdout=file, check=True)
    server.recount("import", os.path.join(SOURCE, "tools", "mappings", "generated_leads.textproto"), os.path.join(folder, "leads.csv"),
                   XDG_STATE_HOME=folder)


def make_deals(client, chance):
    client.publish(rules.pipelines(sales=STAGES), rules.probabilities("sales", new=1000, talk=3000, offer=6000))
    owners = [f"users/u{number}" for number in range(8)]
    for owner in owners:
        client.do("create_user", name=owner, display_name=owner)
    made = [command("create_deal", name=f"deals/{number}", stage="new", value=(chance.randrange(1, 10 ** 7), "USD"),
                    owner=chance.choice(owners), expected_close="2024-06-30", occurred=f"2024-{chance.randrange(1, 7):02}-15")
            for number in range(DEALS)]
    moved = [command("change_deal_stage", deal=f"deals/{number}", stage=chance.choice(STAGES[1:]),
                     occurred=f"2024-{chance.randrange(7, 12):02}-02") for number in range(DEALS)]
    for outcome in client.execute_all(made + moved):
        if isinstance(outcome, Exception):
            raise outcome


def answers(client, positions):
    """Every report at each of the positions; cells of one that open, too."""
    found = {}
    for as_of in positions:
        for report, parameters in REPORTS.items():
            past = dict(parameters, as_of=as_of) if as_of else parameters
            answer = client.report(report, **past)
            found[report, as_of] = answer.table()
            if report == "won_lost":
                contributions = client.explain(answer.cell_id("won"))[1]
                found["cell", as_of] = [str(contribution) for contribution in contributions]
    return found


class MemoryTest(unittest.TestCase):
    @unittest.skipIf(is_sanitized(), "a sanitizer takes memory of its own")
    def test_read_models_beyond_their_share_are_answered_within_the_flag(self):
        print(f"seed {SEED}", flush=True)
        chance = random.Random(SEED)
        folder = tempfile.mkdtemp(prefix="recount-test-")
        self.addCleanup(shutil.rmtree, folder)
        with Server(os.path.join(folder, "much"), started=True) as much:
            with Client(much.address) as client:
                client.create_tenant()
                import_leads(much, folder)
                make_deals(client, chance)
                head = client.settled_status().head
                positions = [0, head - DEALS, head - DEALS - DEALS // 2]
                expected, digests = answers(client, positions), client.digests()
            self.assertIn(" in memory, 0 MB in files", much.recount("status"))
        with Server(os.path.join(folder, "much"), flags=("--insecure", "--memory-mb", str(MEMORY_MB))) as little:
            with Client(little.address, actor="operator") as client:
                client.head = head
                self.check_memory(little, client)
                self.assertEqual(expected, answers(client, positions))
                self.assertTrue(client.rebuild().done)
                self.assertEqual(digests, client.digests())
                self.assertEqual(expected, answers(client, positions))
                self.check_memory(little, client)
                little.recount("verify", "--read-models")
                self.check_memory(little, client)

    def check_memory(self, server, client):
        memory = client.settled_status().memory
        self.assertEqual(MEMORY_MB << 20, memory.limit)
        self.assertGreater(memory.arrays_in_files, 16 << 20, memory)
        self.assertEqual(0, memory.arrays_without_room, memory)
        with open(f"/proc/{server.process.pid}/status") as file:
            peak = next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM"))
        print(f"peak {peak >> 20} MB of {MEMORY_MB} MB; arrays {memory.arrays_in_memory >> 20} MB in memory, "
              f"{memory.arrays_in_files >> 20} MB in files", flush=True)
        self.assertLess(peak, memory.limit)

    def test_less_than_a_server_needs_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(folder, flags=("--insecure", "--memory-mb", "100"), started=False)
            server.launch()
            self.assertEqual(2, server.process.wait(60))
            server.kill()


class StatusTest(unittest.TestCase):
    def test_only_operators_see_the_memory_of_all(self):
        with Server(tokens="token-of-an-operator acme olga operator\ntoken-of-a-viewer-of-reports acme vera viewer\n") as server:
            with Client(server.address, token="token-of-an-operator") as client:
                client.create_tenant()
                self.assertGreater(client.status().memory.resident, 1 << 20)
            with Client(server.address, token="token-of-a-viewer-of-reports") as client:
                self.assertFalse(client.status().HasField("memory"))


if __name__ == "__main__":
    sys.exit(unittest.main())
