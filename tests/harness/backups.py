"""What the tests of backups share: a server that may write them, and servers on what is restored."""

import os
import random
import subprocess
import unittest

from harness import rules
from harness.client import Client, Refused, command
from harness.protos import BIN, v1
from harness.server import Server

SEED = int(os.environ.get("RECOUNT_SEED") or random.randrange(2 ** 32))
FAILED, USAGE, NOT_FOUND, VERIFY_FAILED = 1, 2, 3, 6  # exit codes of the command line (docs/cli.md)
NAME = "Noa Ben-Ami q7"
LONG = "x" * 16000
REPORTS = [("pipeline_snapshot", {}), ("won_lost", dict(group_by=["-"])), ("sales_conversion", {}), ("pipeline_detail", {})]


def fill(client):
    client.create_tenant()
    client.publish(rules.pipelines(sales=["potential", "offer", "order", "won", "lost"]),
                   rules.probabilities("sales", potential=1000, offer=2000, order=4000), rules.reasons("price"))


def restore(*arguments):
    """recountd restore: (exit code, what it says)."""
    done = subprocess.run([os.path.join(BIN, "recountd"), "restore", *map(str, arguments)], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


class BackupCase(unittest.TestCase):
    def setUp(self):
        print(f"seed {SEED}", flush=True)
        self.server = Server(flags=("--insecure", "--unpacked-events", "100"), backups=True)  # so that old log is packed meanwhile
        self.addCleanup(self.server.__exit__)
        self.backups = self.server.backups
        self.client = self.connect()
        fill(self.client)

    def connect(self):
        client = Client(self.server.address)
        self.addCleanup(client.channel.close)
        return client

    def back_up(self, folder="b", keys_folder=""):
        return list(self.client.stream(self.client.Admin.BackUp, v1.BackUpRequest(folder=folder, keys_folder=keys_folder)))[-1]

    def position_in(self, done):
        return next(tenant.position for tenant in done.tenants if tenant.tenant == "tenants/acme")

    def path(self, *parts):
        return os.path.join(self.backups, *parts)

    def verify(self, *arguments, code=0):
        done = self.server.recount("backup", "verify", *arguments, check=False)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def restored(self, name, *arguments, flags=("--insecure",), folder="b"):
        """A server on a folder that was restored from a backup."""
        root = os.path.join(self.server.folder, name)
        code, said = restore("--from", self.path(folder), "--data", os.path.join(root, "data"), *arguments)
        self.assertEqual(0, code, said)
        server = Server(root, flags=flags)
        self.addCleanup(server.__exit__)
        return server

    def digests_at(self, position):
        status = self.client.call(self.client.Admin.GetStatus, v1.GetStatusRequest(position=position))
        return {model.subject: model.digest for model in status.read_models}

    def answers(self, client, **basis):
        return {report: (answer.rows, answer.totals) for report, parameters in REPORTS
                for answer in [client.report(report, **parameters, **basis)]}

    def check_like_original(self, server, position):
        """The server stands where the original stood at the position."""
        server.recount("verify")
        with Client(server.address) as client:
            self.assertEqual(position, client.status().head)
            digests = client.digests()
            self.assertGreater(len(digests), 5)
            self.assertEqual(self.digests_at(position), digests)
            self.assertNotEqual(self.digests_at(max(1, position // 2)), digests, "these digests tell nothing")
            self.assertEqual(self.answers(self.client, as_of=position), self.answers(client, as_of=position))
            self.assertEqual([(e.position, e.stream, e.type_name, e.recorded_time) for e in self.client.log() if e.position <= position],
                             [(e.position, e.stream, e.type_name, e.recorded_time) for e in client.log()])

    def fill_with_long_texts(self, count):
        outcomes = []
        for start in range(0, count, 100):
            outcomes += self.client.execute_all([command("capture_lead", name=f"leads/{self.client.head}-{i}", request=LONG,
                                                         person_name=dict(display=NAME)) for i in range(start, min(count, start + 100))])
        self.assertFalse([outcome for outcome in outcomes if isinstance(outcome, Refused)])

    def check_does_not_start(self, data, sentence, *flags):
        done = subprocess.run([os.path.join(BIN, "recountd"), "--data", data, "--listen", "127.0.0.1:0", "--insecure", *flags],
                              capture_output=True, text=True, timeout=60)
        self.assertIn(sentence, done.stderr)
        self.assertNotEqual(0, done.returncode)
