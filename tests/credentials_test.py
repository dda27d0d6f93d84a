#!/usr/bin/python3
"""Who may do what, over TLS and with tokens: a real server, a client in another language, and the command line.

Everything that is refused leaves the log's head as it was.
"""

import os
import socket
import subprocess
import sys
import tempfile
import unittest

from harness.certificates import Certificates
from harness.client import Client, Refused
from harness.protos import BIN, v1
from harness.server import Server

ANN, RITA, MALLORY = "ann-0123456789abcdef", "rita-0123456789abcdef", "mallory-0123456789abcdef"
AUDITOR, OPERATOR, NOBODY = "audit-0123456789abcdef", "olga-0123456789abcdef", "nobody-0123456789abcdef"
TOKENS = f"""# token tenant actor role

{OPERATOR} acme users/olga operator
{ANN} acme users/ann user
{RITA}\tacme\tusers/rita\tviewer
{AUDITOR} acme users/audit auditor
{MALLORY} other users/mallory operator
"""
USAGE, NOT_FOUND, UNAVAILABLE = 2, 3, 5  # exit codes of the command line (docs/cli.md)


def recountd(*flags):
    """A server that must not start; returns its exit code and what it says."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([os.path.join(BIN, "recountd"), "--data", os.path.join(folder, "data"), *flags],
                              capture_output=True, text=True, timeout=60)
        assert not os.path.exists(os.path.join(folder, "data")), f"{flags}: made a data folder"
        return done.returncode, done.stdout + done.stderr


def knows_localhost():
    """A machine of the barest kind has no /etc/hosts."""
    try:
        return bool(socket.gethostbyname("localhost"))
    except OSError:
        return False


class CredentialsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="recount-certificates-")
        cls.stranger_folder = tempfile.TemporaryDirectory(prefix="recount-certificates-")
        cls.tls, cls.stranger = Certificates(cls.folder.name), Certificates(cls.stranger_folder.name)
        cls.server = Server(tokens=TOKENS, tls=cls.tls)
        cls.operator, cls.mallory = cls.client(OPERATOR), cls.client(MALLORY)
        cls.operator.create_tenant("acme")
        cls.operator.create_tenant("other")
        cls.operator.publish(v1.PipelinesRule(pipelines=[v1.Pipeline(id="sales", stages=[v1.Stage(id="potential")])]))
        cls.operator.do("create_deal", name="deals/7", title="A pump", value=(100000, "USD"))

    @classmethod
    def tearDownClass(cls):
        for client in (cls.operator, cls.mallory):
            client.channel.close()
        cls.server.__exit__()
        cls.folder.cleanup()
        cls.stranger_folder.cleanup()

    @classmethod
    def client(cls, token, authority=None):
        return Client(cls.server.address, token=token, authority=authority or cls.tls.authority)

    def heads(self):
        return self.operator.status().head_hash, self.mallory.status().head_hash

    def refuse(self, code, reason, call, *arguments, **fields):
        before = self.heads()
        with self.assertRaises(Refused) as caught:
            call(*arguments, **fields)
        self.assertEqual((code, reason), (caught.exception.code, caught.exception.reason), str(caught.exception))
        self.assertEqual(before, self.heads(), "a refused call changed a log")
        return caught.exception

    def reach(self, client):
        """Every kind of call: a command, a stream of them, a question, a stream of answers, administration."""
        batch = v1.CommandBatch(commands=[v1.SequencedCommand(sequence=1, command=v1.Command(create_deal=v1.CreateDealRequest()))])
        yield lambda: client.do("create_deal", name="deals/8")
        yield lambda: list(client.stream(client.Command.Stream, iter([batch])))
        yield lambda: client.call(client.Deal.GetDeal, v1.GetRequest(ref=v1.Ref(name="deals/7")))
        yield lambda: client.report("pipeline_snapshot")
        yield lambda: list(client.stream(client.History.Subscribe, v1.SubscribeRequest()))
        yield lambda: client.rebuild()
        yield lambda: client.create_tenant("third")

    @staticmethod
    def deals(client):
        return [next(iter(row.values())) for row in client.report("pipeline_detail").rows]

    # ---- Tokens ----

    def test_a_right_token(self):
        with self.client(ANN) as ann:
            made = ann.do("create_deal", name="deals/ann", value=(5000, "USD"))
            self.assertEqual("deals/ann", made.name)
            self.assertIn("deals/ann", self.deals(ann))
            event = [event for event in ann.log() if event.stream == "deals/ann"][0]
            self.assertEqual(("users/ann", True), (event.actor, event.actor_authenticated))

    def test_no_token_and_unknown_ones(self):
        for token in ("", NOBODY, ANN + "x", ANN[:-1], ANN.upper()):
            with self.client(token) as client:
                for call in self.reach(client):
                    error = self.refuse("UNAUTHENTICATED", "CREDENTIALS_INVALID", call)
                    self.assertNotIn(ANN, error.message)
        with self.client("") as client:
            client.metadata = ()
            for call in self.reach(client):
                self.refuse("UNAUTHENTICATED", "CREDENTIALS_INVALID", call)

    def test_saying_who_one_is_does_not_help(self):
        """The names that --insecure believes are neither credentials nor a way around the token's tenant."""
        claims = (("recount-tenant", "acme"), ("recount-actor", "users/olga"))
        with self.client(NOBODY) as client:
            client.metadata = claims
            for call in self.reach(client):
                self.refuse("UNAUTHENTICATED", "CREDENTIALS_INVALID", call)
        with self.client(MALLORY) as client:
            client.metadata += claims
            self.assertEqual("tenants/other", client.status().tenant.name)
            self.refuse("NOT_FOUND", "RECORD_NOT_FOUND", client.call, client.Deal.GetDeal, v1.GetRequest(ref=v1.Ref(name="deals/7")))
            made = client.do("create_user", name="users/m", display_name="M")
            event = [event for event in client.log() if event.stream == made.name][0]
            self.assertEqual(("users/mallory", True), (event.actor, event.actor_authenticated))
            self.assertNotIn("users/m", [event.stream for event in self.operator.log()])

    def test_a_token_of_another_tenant(self):
        with self.client(MALLORY) as client:
            self.refuse("NOT_FOUND", "RECORD_NOT_FOUND", client.call, client.Deal.GetDeal, v1.GetRequest(ref=v1.Ref(name="deals/7")))
            self.refuse("NOT_FOUND", "RECORD_NOT_FOUND", client.do, "assign_deal", deal="deals/7")
            self.assertEqual([], client.report("pipeline_detail").rows)
            self.assertNotIn("deals/7", [event.stream for event in client.log()])

    def test_roles(self):
        query = v1.GetRequest(ref=v1.Ref(name="deals/7"))
        for token, forbidden in ((RITA, ("do", "rebuild", "create_tenant")), (AUDITOR, ("do", "rebuild", "create_tenant")),
                                 (ANN, ("rebuild", "create_tenant"))):
            with self.client(token) as client:
                self.assertEqual("deals/7", client.call(client.Deal.GetDeal, query).info.name)
                calls = {"do": (client.do, "assign_deal"), "rebuild": (client.rebuild,), "create_tenant": (client.create_tenant, "third")}
                for name in forbidden:
                    call, *arguments = calls[name]
                    fields = dict(deal="deals/7") if name == "do" else {}
                    self.refuse("PERMISSION_DENIED", "ROLE_NOT_ALLOWED", call, *arguments, **fields)
        with self.client(RITA) as client:
            self.refuse("PERMISSION_DENIED", "ROLE_NOT_ALLOWED", client.publish, v1.ReasonsRule())
            batch = v1.CommandBatch(commands=[v1.SequencedCommand(sequence=1, command=v1.Command(create_deal=v1.CreateDealRequest()))])
            self.refuse("PERMISSION_DENIED", "ROLE_NOT_ALLOWED", lambda: list(client.stream(client.Command.Stream, iter([batch]))))

    # ---- TLS ----

    def test_in_clear_against_tls(self):
        with Client(self.server.address, token=OPERATOR) as client:
            for call in self.reach(client):
                self.refuse("UNAVAILABLE", None, call)

    def test_an_authority_that_did_not_sign(self):
        with self.client(OPERATOR, authority=self.stranger.authority) as client:
            for call in self.reach(client):
                self.refuse("UNAVAILABLE", None, call)

    def test_a_certificate_of_another_name(self):
        port = self.server.address.rsplit(":", 1)[1]
        with Client("localhost:" + port, token=OPERATOR, authority=self.tls.authority) as client:
            self.refuse("UNAVAILABLE", None, client.do, "create_deal")

    # ---- The command line ----

    def recount(self, *arguments, token=ANN, authority=None, **more):
        environment = dict(RECOUNT_TOKEN=token, RECOUNT_TLS_CA=authority or self.tls.authority) | more
        return self.server.recount(*arguments, tenant="", actor="", check=False, **environment)

    def test_command_line(self):
        done = self.recount("get", "deals/7")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("1,000.00 USD", done.stdout)
        done = self.recount("do", "createDeal", '{"name": "deals/cli"}')
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("by users/ann ", self.recount("history", "deals/cli").stdout)
        self.assertIn("tenants/acme", self.recount("status").stdout)
        flags = ("--token", ANN, "--tls-ca", self.tls.authority)
        self.assertEqual(0, self.recount("get", "deals/7", *flags, token="", RECOUNT_TLS_CA="").returncode)

    def test_command_line_refused(self):
        command = ("do", "createDeal", '{"name": "deals/never"}')
        before = self.heads()
        for what, code, words, settings in (
                ("unknown token", 1, ("reason: CREDENTIALS_INVALID", "RECOUNT_TOKEN"), dict(token=NOBODY)),
                ("a viewer", 1, ("reason: ROLE_NOT_ALLOWED", "role: viewer"), dict(token=RITA)),
                ("in clear", UNAVAILABLE, ("speaks TLS", "--tls-ca"), dict(RECOUNT_TLS_CA="")),
                ("another name", UNAVAILABLE, ("another name",), dict(RECOUNT_SERVER="localhost:" + self.server.address.rsplit(":", 1)[1])),
                ("another authority", UNAVAILABLE, ("--tls-ca", "certificate"), dict(authority=self.stranger.authority)),
                ("no file", NOT_FOUND, ("nowhere.pem",), dict(authority="nowhere.pem")),
                ("no certificate", USAGE, ("PEM",), dict(authority=self.tls.key))):
            if what == "another name" and not knows_localhost():
                continue
            with self.subTest(what):
                done = self.recount(*command, "--timeout", "10", **settings)
                self.assertEqual((code, ""), (done.returncode, done.stdout), done.stderr)
                for word in words:
                    self.assertIn(word, done.stderr)
        self.assertEqual(before, self.heads())
        self.assertEqual(NOT_FOUND, self.recount("get", "deals/never").returncode)

    def test_command_line_keeps_tokens_from_travelling_in_clear(self):
        done = self.recount("get", "deals/7", "--server", "192.0.2.1:7420", RECOUNT_TLS_CA="")
        self.assertEqual(USAGE, done.returncode, done.stderr)
        self.assertIn("--tls-ca", done.stderr)

    def test_command_line_over_tls_to_a_server_without(self):
        with Server(tokens=TOKENS) as server:
            done = server.recount("status", check=False, RECOUNT_TOKEN=ANN, RECOUNT_TLS_CA=self.tls.authority)
            self.assertEqual(UNAVAILABLE, done.returncode, done.stderr)


class InsecureTest(unittest.TestCase):
    def test_actors_are_marked(self):
        with Server() as server:
            server.recount("tenant", "create", "acme", "--zone", "UTC", "--currency", "USD")
            with Client(server.address, actor="users/ann") as client:
                client.do("create_user", name="users/ann", display_name="Ann")
                event = [event for event in client.log() if event.stream == "users/ann"][0]
                self.assertEqual(("users/ann", False), (event.actor, event.actor_authenticated))
                entry = client.call(client.History.ReadStream, v1.ReadStreamRequest(ref=v1.Ref(name="users/ann"), collection="users")).entries[0]
                self.assertFalse(entry.event.actor_authenticated)
            self.assertIn("by users/ann? ", server.recount("history", "users/ann"))

    def test_secrets_that_others_may_read(self):
        with tempfile.TemporaryDirectory() as folder:
            tls = Certificates(os.path.join(folder))
            with Server(tokens=TOKENS, tls=tls, started=False) as server:
                tokens = server.flags[1]
                for mode, warned in ((0o600, []), (0o640, [tokens, tls.key]), (0o604, [tokens, tls.key])):
                    for path in (tokens, tls.key):
                        os.chmod(path, mode)
                    server.start()
                    server.stop()
                    log = server.log()
                    os.remove(server.log_path)
                    for path in (tokens, tls.key):
                        self.assertEqual(path in warned, f"warning: {'--tokens' if path == tokens else '--tls-key'} {path} has mode 0{mode:o}: " in log, log)

    def test_loopback_only(self):
        for listen in ("0.0.0.0:0", "[::]:0", ":0", "*:0", "192.0.2.1:0", "example.com:0", "127.0.0.1.example.com:0", "[::ffff:192.0.2.1]:0"):
            code, said = recountd("--listen", listen, "--insecure")
            self.assertEqual(2, code, f"{listen}: {said}")
            self.assertIn("loopback", said)

    def test_what_does_not_go_together(self):
        with tempfile.TemporaryDirectory() as folder:
            tls, tokens = Certificates(folder), os.path.join(folder, "tokens")
            with open(tokens, "w") as file:
                file.write(TOKENS)
            for flags, words in (((), "--tokens"), (("--tokens", tokens, "--insecure"), "either"),
                                 (("--tokens", tokens, "--listen", "0.0.0.0:0"), "clear"),
                                 (("--tokens", tokens, "--tls-cert", tls.certificate), "belong together"),
                                 (("--tokens", tokens, "--tls-key", tls.key), "belong together"),
                                 (("--tokens", tokens, "--tls-cert", folder + "/none", "--tls-key", tls.key), "none cannot be read"),
                                 (("--tokens", folder + "/none"), "none cannot be read")):
                code, said = recountd(*(() if "--listen" in flags else ("--listen", "127.0.0.1:0")), *flags)
                self.assertEqual(2, code, f"{flags}: {said}")
                self.assertIn(words, said)
            for text, words in (("short acme a user", "line 1"), (f"\n{ANN} acme a king", "line 2"), (f"{ANN} acme a", "line 1"),
                                (f"{ANN} acme a user\n{ANN} other b user", "twice")):
                with open(tokens, "w") as file:
                    file.write(text)
                code, said = recountd("--listen", "127.0.0.1:0", "--tokens", tokens)
                self.assertEqual(2, code, f"{text}: {said}")
                self.assertIn(words, said)
                self.assertNotIn(ANN, said)


if __name__ == "__main__":
    sys.exit(unittest.main())
