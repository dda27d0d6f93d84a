"""Many clients at once, against a server that may fall at any moment."""

import random
import threading

from harness import rules
from harness.client import Client
from witness.asker import Asker
from witness.clients import Caller, Listener, Streamer
from witness.known import Known
from witness.talk import Talk

RULES = rules.pipelines(sales=["potential", "offer", "order", "won", "lost"])
SETTLE_AGAIN = 10  # answered commands that each client repeats when it settles
WAIT_SECONDS = 120


class Load:
    """Clients of several tenants, half of them calling and half streaming, and a listener in each tenant. It may be started again
    and again, also against a restarted server: what has no answer is sent again first."""

    def __init__(self, journal, seed, tenants=("acme", "beta"), clients=6, records=4):
        self.journal, self.tenants = journal, tenants
        choices = random.Random(seed)
        self.askers, self.pending = [], {}
        known = {tenant: Known() for tenant in tenants}
        for number in range(clients + len(tenants)):
            tenant = tenants[number % len(tenants)]
            own = number // len(tenants)
            asker = Asker(choices.randrange(2 ** 32), tenant, own, known[tenant], records)
            self.askers.append(asker)
            self.pending[asker] = {}  # request id -> ask of what has no last word
        self.listeners, self.speakers = self.askers[clients:], self.askers[:clients]

    def prepare(self, address):
        """Tenants and rules; may be repeated."""
        for tenant in self.tenants:
            with Client(address, tenant=tenant, actor="setup") as client:
                client.create_tenant(tenant)
                client.publish(RULES, request_id="rules")

    def start(self, address):
        return Run(self, address)

    def settle(self, address):
        """Sends what has no answer until it has one, and again some that have one."""
        for asker in self.speakers:
            talk = Talk(address, self.journal, asker, self.pending[asker])
            try:
                for request, ask in list(self.pending[asker].items()):
                    talk.execute(request, ask)
                for _ in range(SETTLE_AGAIN):
                    talk.again()
            finally:
                talk.close()


class Run:
    """The clients at work."""

    def __init__(self, load, address):
        self.over, self.answers, self.called = False, 0, 0  # answers in all, and those of calls
        self._changed = threading.Condition()
        def client(kind, asker):
            return kind(address, load.journal, asker, load.pending[asker], self)

        self._speakers = [client((Caller, Streamer)[asker.number % 2], asker) for asker in load.speakers]
        self._listeners = [client(Listener, asker) for asker in load.listeners]
        self._threads = self._speakers + self._listeners
        self._running = len(self._threads)
        for thread in self._threads:
            thread.start()

    def note(self, answers, called=0):
        with self._changed:
            self.answers += answers
            self.called += called
            self._changed.notify_all()

    def end(self):
        """A client ended."""
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def wait_for(self, answers, called=0):
        """Until so many answers came in all, and so many not by streams, which are faster; or no client runs any more."""
        def is_enough():
            return self.answers >= answers and self.called >= called or not self._running

        with self._changed:
            if not self._changed.wait_for(is_enough, WAIT_SECONDS):
                raise RuntimeError(f"only {self.answers} answers of {answers} after {WAIT_SECONDS} s")

    @property
    def is_running(self):
        return self._running > 0

    def stop(self):
        """The clients finish what they are at."""
        self.over = True

    def join(self):
        """Waits for the clients to end and passes on what went wrong in one."""
        for thread in self._speakers:
            thread.join(WAIT_SECONDS)
        for thread in self._listeners:
            thread.hang_up()
            thread.join(WAIT_SECONDS)
        stuck = [thread for thread in self._threads if thread.is_alive()]
        if stuck:
            raise RuntimeError(f"{len(stuck)} clients do not end")
        for thread in self._threads:
            if thread.problem:
                raise thread.problem
