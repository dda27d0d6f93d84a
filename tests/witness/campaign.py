"""Rounds of load, kill, recovery and check, with a server of one's own.

Rounds are grouped in eras: an era has a data folder, flags and a journal of its own, so that a long campaign costs no more a
round than a short one. After each round everything is read back and checked; at the end of an era also what a rebuild counts,
what `recount verify` says, and what a backup that is restored holds.
"""

import collections
import dataclasses
import os
import random
import shutil
import tempfile

from harness.backups import restore
from harness.client import Client
from harness.protos import v1
from harness.server import Server
from witness.check import check
from witness.faults import FAULTS, Deck, kill_starts
from witness.journal import Journal
from witness.load import Load
from witness.readings import read_back

ROUNDS_AN_ERA = 12
KILLED_STARTS = 0.35  # share of the rounds in which the recovery is killed, too
FLAGS = [(), ("--unpacked-events", "50"), ("--unpacked-events", "300", "--memory-mb", "256"), ("--models-memory",)]


class Failed(Exception):
    """The server did not keep its word. What is left of it is kept."""


@dataclasses.dataclass
class Count:
    rounds: int = 0
    eras: int = 0
    killed_starts: int = 0
    calls: int = 0
    acknowledged: int = 0
    unknown: int = 0
    events: int = 0
    faults: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # kills by moment

    def add(self, journal, readings_by_tenant):
        for tenant, readings in readings_by_tenant.items():
            calls = journal.calls(tenant)
            self.calls += len(calls)
            self.acknowledged += sum(call.request != "" and call.outcome == "ok" for call in calls)
            self.unknown += sum(call.outcome == "unknown" for call in calls)
            self.events += len(readings.log)

    def __str__(self):
        return (f"rounds {self.rounds}, kills {self.faults.total() + self.killed_starts} ({self.killed_starts} in a start), "
                f"calls {self.calls} ({self.unknown} without an answer), commands acknowledged {self.acknowledged}, "
                f"events {self.events}")


def own_server(folder, flags):
    return Server(folder, flags=flags, backups=True, started=False)


class Campaign:
    """`faults`: names of FAULTS that may come; `say`: is told of each era; `make_server(folder, flags)`: what is killed."""

    def __init__(self, seed, clients=6, faults=tuple(FAULTS), say=lambda text: None, make_server=own_server):
        self.seed, self.clients, self.say, self.make_server = seed, clients, say, make_server
        self.deck = Deck(faults, random.Random(seed))
        self.count = Count()

    def run(self, rounds):
        """The count; Failed with the findings."""
        while self.count.rounds < rounds:
            era = Era(self, self.count.eras)
            try:
                era.live(min(rounds - self.count.rounds, ROUNDS_AN_ERA))
            except KeyboardInterrupt:
                era.server.kill()
                shutil.rmtree(era.folder)
                raise
            except Exception as problem:
                era.server.kill()
                failed = Failed(f"seed {self.seed}, folder {self.count.eras}, {era.doing}, flags {era.flags}: {problem}\n"
                                f"server and journal are kept in {era.folder}")
                failed.folder = era.folder
                raise failed from problem
            finally:
                era.journal.close()
            shutil.rmtree(era.folder)
            self.count.eras += 1
            self.say(str(self.count))
        return self.count


class Era:
    def __init__(self, campaign, number):
        self.campaign, self.count = campaign, campaign.count
        self.random = random.Random(f"{campaign.seed}/{number}")
        self.folder = tempfile.mkdtemp(prefix="recount-witness-")
        self.flags = self.random.choice(FLAGS)
        self.server = campaign.make_server(os.path.join(self.folder, "server"), ("--insecure", *self.flags))
        self.journal = Journal(os.path.join(self.folder, "journal"))
        self.load = Load(self.journal, self.random.randrange(2 ** 32), clients=campaign.clients)
        self.doing = "first start"

    def live(self, rounds):
        if self.random.random() < 0.5:
            self.count.killed_starts += kill_starts(self.server, self.random)
        self.server.start()
        self.load.prepare(self.server.address)
        for number in range(rounds):
            self.round(number)
            self.count.rounds += 1
        self.doing = "the end"
        self.end()

    def round(self, number):
        name = self.campaign.deck.draw()
        self.doing = f"round {number}, killed in {name}"
        FAULTS[name](self.server, self.load, self.random)
        self.count.faults[name] += 1
        if self.random.random() < KILLED_STARTS:
            self.doing += " and in the start after it"
            self.count.killed_starts += kill_starts(self.server, self.random)
        self.server.start()
        self.check(read_back(self.server.address, self.load.tenants, self.journal))

    def check(self, readings):
        findings = check(self.journal, readings)
        if findings:
            raise AssertionError("\n" + "\n".join(findings))

    def end(self):
        self.load.settle(self.server.address)
        readings = read_back(self.server.address, self.load.tenants, self.journal, rebuild=True)
        self.check(readings)
        self.server.recount("verify", tenant=self.load.tenants[0])
        if self.server.FILES_ARE_AT_HAND:
            self.check(self._restored())
        self.server.stop()
        self.count.add(self.journal, readings)

    def _restored(self):
        """What a server on a restored backup tells; backups may have been killed before."""
        with Client(self.server.address, tenant=self.load.tenants[0], actor="operator") as client:
            list(client.stream(client.Admin.BackUp, v1.BackUpRequest(folder="backup", keys_folder="backup-keys")))
        root = os.path.join(self.folder, "restored")
        data = os.path.join(root, "data")
        backup, keys = (os.path.join(self.server.backups, name) for name in ("backup", "backup-keys"))
        code, said = restore("--from", backup, "--keys", keys, "--data", data)
        if code:
            raise AssertionError(f"recountd restore ended with {code}: {said}")
        shutil.copy(os.path.join(self.server.data, "keys", "master.key"), os.path.join(data, "keys", "master.key"))
        with Server(root) as restored:
            return read_back(restored.address, self.load.tenants)
