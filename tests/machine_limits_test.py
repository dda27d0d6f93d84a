#!/usr/bin/python3
"""Too many open connections, and too little memory.

Connections beyond the limit of open files are closed at once, those that are open are served on, and new ones are taken again once
some are closed. A server that has no memory left ends as by a kill: nothing acknowledged is lost.
"""

import concurrent.futures
import os
import random
import resource
import socket
import subprocess
import sys
import unittest

from faults.faulty_server import ABORTED, is_sanitized
from faults.script import DEADLINE_SECONDS, Script
from harness.client import Client, Refused, command
from harness.server import Server

SEED = int(os.environ.get("RECOUNT_SEED") or random.randrange(2 ** 32))
OPEN_FILES, CONNECTIONS = 200, 400
LONG = "x" * 16000
MEMORY_ROUNDS = 20 if os.environ.get("RECOUNT_DEEP") else 4
MOST_HEADROOM = 96 << 20


class OpenFilesTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(backups=True, wrapper=["prlimit", f"--nofile={OPEN_FILES}:{OPEN_FILES}"])
        self.addCleanup(self.server.__exit__)
        self.script = Script()
        self.assertTrue(self.script.play(self.server, halves=1))

    def connections(self):
        """More than there is room for; (those that the server keeps, those that it closed)."""
        host, port = self.server.address.rsplit(":", 1)
        every, kept, closed = [], [], []
        for _ in range(CONNECTIONS):
            every.append(socket.create_connection((host, int(port)), timeout=DEADLINE_SECONDS))
        for one in every:
            (kept if self.is_greeted(one) else closed).append(one)
        return kept, closed

    def is_greeted(self, connection):
        """A server of HTTP/2 speaks first."""
        try:
            return connection.recv(1) != b""
        except ConnectionError:
            return False

    def answers(self):
        with Client(self.server.address) as client:
            client.call(client.Command.Execute, command("capture_lead", person_name=dict(display="Noa")), timeout=DEADLINE_SECONDS)
            self.script.look(client)

    def test_connections_are_refused_at_the_limit_and_taken_below_it(self):
        with Client(self.server.address) as former:
            self.script.look(former)
            for _ in range(3):
                kept, closed = self.connections()
                self.assertGreater(len(kept), OPEN_FILES // 4)
                self.assertGreater(len(closed), OPEN_FILES)
                self.script.look(former)
                self.script.back_up(former)  # files for the data are kept
                former.rebuild()
                for one in kept + closed:
                    one.close()
                self.answers_soon()
        self.assertIn("connections are refused", self.server.log())
        self.script.check(self.server)

    def answers_soon(self):
        """The server learns by and by that its clients are gone."""
        for left in reversed(range(100)):
            try:
                return self.answers()
            except Refused as error:
                if left == 0 or error.code != "UNAVAILABLE":
                    raise

    def test_the_limit_is_raised_to_what_the_system_allows(self):
        soft, hard = 64, min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        with Server(wrapper=["prlimit", f"--nofile={soft}:{hard}"]) as server:
            with open(f"/proc/{server.process.pid}/limits") as limits:
                line = next(line for line in limits if line.startswith("Max open files"))
            self.assertEqual([str(hard), str(hard)], line.split()[3:5])


@unittest.skipIf(is_sanitized(), "a sanitizer takes terabytes of addresses")
class MemoryTest(unittest.TestCase):
    def write_until_the_end(self, server, number):
        """As a client that asks for more than there is memory for."""
        texts = [command("capture_lead", person_name=dict(display="Noa"), request=LONG) for _ in range(200)]
        with Client(server.address, actor=f"writer-{number}") as client:
            try:
                while True:
                    client.execute_all(texts)
                    client.report("pipeline_detail", min_position=0)
            except Refused as error:
                return error

    def test_a_server_without_memory_ends_and_nothing_is_lost(self):
        print(f"seed {SEED}", flush=True)
        chance, script, codes = random.Random(SEED), Script(), []
        with Server(backups=True) as server:
            for _ in range(MEMORY_ROUNDS):
                self.assertTrue(script.play(server))
                self.limit(server, chance.randrange(MOST_HEADROOM))
                with concurrent.futures.ThreadPoolExecutor(3) as pool:
                    ends = [pool.submit(self.write_until_the_end, server, number) for number in range(3)]
                    ends = [end.result() for end in ends]
                self.assertLessEqual({end.code for end in ends}, {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}, "\n".join(map(str, ends)))
                codes.append(server.process.wait(DEADLINE_SECONDS))
                self.assertIn(codes[-1], (ABORTED, -11), server.log())
                server.kill()
                server.start()
                script.check(server)
        print("ended with", codes)

    def limit(self, server, headroom):
        """Not much more than it has."""
        with open(f"/proc/{server.process.pid}/statm") as file:
            has = int(file.read().split()[0]) * resource.getpagesize()
        subprocess.run(["prlimit", "--pid", str(server.process.pid), f"--as={has + headroom}"], check=True)


if __name__ == "__main__":
    sys.exit(unittest.main())
