"""Moments at which a server is killed (kill -9). Each fault gets the server, the load to start, and chance; it leaves the server
dead and the clients at rest.
"""

import contextlib
import glob
import math
import os
import signal
import subprocess
import threading

from harness.client import Client, Refused, command
from harness.protos import v1

MOST_ANSWERS = 600
WATCHED_ANSWERS, MOST_WATCHED = 5, 20000  # answers between two looks at the table files, and in all
FILLING = "x" * 16000  # a memory table holds some thousands of them
A_MESSAGE = 12
NEARLY_FULL = 0.9  # of a memory table
LONGEST_CHAIN = 5


class EndedByItself(Exception):
    """The server ended when it should serve, or otherwise than it should."""

    def __init__(self, server):
        super().__init__(f"the server ended by itself with {server.process.returncode}:\n{server.log()}")


def kill(server):
    """kill -9, of a server that still runs."""
    has_ended = server.process.poll() is not None
    server.kill()
    if has_ended:
        raise EndedByItself(server)


def some_answers(random, most=MOST_ANSWERS):
    """1 to most; every second time small numbers are as likely as large ones."""
    return random.randint(1, most) if random.random() < 0.5 else int(math.exp(random.uniform(0, math.log(most))))


def in_load(server, load, random):
    """While commands come in."""
    run = load.start(server.address)
    run.wait_for(some_answers(random))
    kill(server)
    run.join()


def in_stop(server, load, random):
    """While it ends, as it was asked to."""
    run = load.start(server.address)
    run.wait_for(some_answers(random))
    server.process.send_signal(signal.SIGTERM)
    if wait_or_kill(server, 10 ** random.uniform(-4, -1)) and server.process.returncode != 0:
        raise EndedByItself(server)
    run.join()


def in_rebuild(server, load, random):
    """While read models are built anew, again and again."""
    with _beside(server, _rebuild):
        in_load(server, load, random)


def in_backup(server, load, random):
    """While backups are made one after another."""
    with _beside(server, _back_up):
        in_load(server, load, random)


def in_flush(server, load, random):
    """When a table file comes or goes, since a memory table, which another tenant fills, is flushed, or tables are compacted."""
    filling = _fill(server.address)
    while _newest_wal(server) < NEARLY_FULL * _memory_table(server):
        next(filling)
    with _beside(server, lambda address: filling):
        tables, run = _tables(server), load.start(server.address)
        while run.is_running and run.answers < MOST_WATCHED and _tables(server) == tables:
            run.wait_for(run.answers + WATCHED_ANSWERS)
        kill(server)
        run.join()


def _memory_table(server):
    """Bytes of one of the log: services/memory_shares.cc."""
    flags = server.flags
    return min(64 << 20, (int(flags[flags.index("--memory-mb") + 1]) << 20) // 32 if "--memory-mb" in flags else 64 << 20)


def _newest_wal(server):
    """Bytes of the log's write-ahead log, which is about what its memory table holds."""
    with contextlib.suppress(FileNotFoundError):  # one that is done with goes
        return max(os.path.getsize(path) for path in glob.glob(os.path.join(server.data, "log", "*.log")))
    return 0


def _tables(server):
    return set(glob.glob(os.path.join(server.data, "**", "*.sst"), recursive=True))


def _fill(address):
    with Client(address, tenant="filling", actor="filler") as client:
        client.create_tenant("filling")
        message = [command("capture_lead", person_name=dict(display="Filling"), request=FILLING)] * A_MESSAGE
        while True:
            client.execute_all(message)
            yield


def _rebuild(address):
    with Client(address, tenant="acme", actor="operator") as client:
        while True:
            yield from client.stream(client.Admin.Rebuild, v1.RebuildRequest(target="deal"))


def _back_up(address):
    with Client(address, tenant="acme", actor="operator") as client:
        while True:
            yield from client.stream(client.Admin.BackUp, v1.BackUpRequest(folder="backup", keys_folder="backup-keys"))


@contextlib.contextmanager
def _beside(server, work):
    """Goes on with some work beside the clients until the server is gone; begins when that has begun."""
    begun, problems = threading.Event(), []

    def loop():
        try:
            for _ in work(server.address):
                begun.set()
        except Refused as refused:
            if refused.code not in ("UNAVAILABLE", "CANCELLED", "UNKNOWN", "INTERNAL"):
                problems.append(refused)
        begun.set()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    begun.wait()
    yield
    thread.join()
    if problems:
        raise problems[0]


POWER_FAULTS = ("load", "rebuild", "backup")  # that need nothing but the server's address
FAULTS = dict(load=in_load, stop=in_stop, rebuild=in_rebuild, backup=in_backup, flush=in_flush)
OFTEN = dict(load=8, stop=2, rebuild=4, backup=4, flush=1)


class Deck:
    """Faults in an order of chance, each as often as OFTEN says before the deck is mixed again."""

    def __init__(self, names, random):
        self.names, self.random, self.cards = names, random, []

    def draw(self):
        if not self.cards:
            self.cards = [name for name in self.names for _ in range(OFTEN[name])]
            self.random.shuffle(self.cards)
        return self.cards.pop()


def wait_or_kill(server, seconds):
    """Gives it so long to end by itself. True: it did."""
    try:
        server.process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    ended = server.process.poll() is not None
    server.kill()
    return ended


def kill_starts(server, random):
    """Starts it and kills it before or soon after it serves, once or in a chain; how often."""
    kills = random.randint(1, LONGEST_CHAIN) if random.random() < 0.3 else 1
    for _ in range(kills):
        server.launch()
        if wait_or_kill(server, server.SECONDS_OF_A_START * random.random()):
            raise EndedByItself(server)
    return kills
