"""Rounds against a server that somebody else runs, and may break meanwhile."""

import random
import tempfile

import grpc

from harness.certificates import channel_to
from harness.client import Refused
from harness.protos import health_pb2, health_pb2_grpc
from witness.campaign import Count, Failed
from witness.check import check
from witness.journal import Journal
from witness.load import Load
from witness.readings import read_back
from witness.talk import UNKNOWN_CODES, Gone

ANSWERS_A_ROUND = 1000
ROUNDS_OF_TENANTS = 20  # then two new tenants, so that a round costs no more than before
WAIT_SECONDS = 300


class Visit:
    """Makes tenants of its own there. A round ends after some answers, or when the server is gone; then it waits until it is
    back."""

    def __init__(self, seed, address, clients=6, keep=None, say=lambda text: None):
        self.seed, self.address, self.clients, self.say = seed, address, clients, say
        self.path = keep or tempfile.mkstemp(prefix="recount-witness-journal-")[1]
        self.count = Count()

    def run(self, rounds):
        """The count; Failed with the findings."""
        journal = Journal(self.path)
        self.say(f"the journal is {self.path}")
        try:
            while self.count.rounds < rounds:
                self._tenants(journal, min(rounds - self.count.rounds, ROUNDS_OF_TENANTS))
                self.say(str(self.count))
        finally:
            journal.close()
        return self.count

    def _tenants(self, journal, rounds):
        new = random.SystemRandom().randrange(2 ** 32)  # the same seed may have been here before
        tenants = tuple(f"witness-{new}-{letter}" for letter in "ab")
        load = Load(journal, f"{self.seed}/{self.count.eras}", tenants=tenants, clients=self.clients)
        self._through(lambda: load.prepare(self.address))
        for _ in range(rounds):
            run = load.start(self.address)
            run.wait_for(ANSWERS_A_ROUND)
            run.stop()
            run.join()
            self._check(journal, tenants)
            self.count.rounds += 1
        self._through(lambda: load.settle(self.address))
        self.count.add(journal, self._check(journal, tenants))
        self.count.eras += 1

    def _check(self, journal, tenants):
        readings = self._through(lambda: read_back(self.address, tenants, journal))
        findings = check(journal, readings)
        if findings:
            raise Failed("\n".join([f"seed {self.seed}, round {self.count.rounds}; the journal is {self.path}", *findings]))
        return readings

    def _through(self, step):
        """Takes a step, again and again until the server stays for it."""
        while True:
            self._wait()
            try:
                return step()
            except Gone:
                pass
            except Refused as refused:
                if refused.code not in UNKNOWN_CODES:
                    raise

    def _wait(self):
        with channel_to(self.address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            try:
                health.Check(health_pb2.HealthCheckRequest(), timeout=WAIT_SECONDS, wait_for_ready=True)
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise Failed(f"{self.address} did not answer for {WAIT_SECONDS} s; the journal is {self.path}") from None
                self._wait()  # gone again
