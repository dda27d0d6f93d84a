#!/usr/bin/python3
"""Where backups may lie, what a restore leaves alone, which tenants it makes, and that keys are apart."""

import os
import sys
import unittest

from harness.backups import FAILED, NAME, NOT_FOUND, USAGE, BackupCase, fill, restore
from harness.client import Client, Refused
from harness.protos import v1
from harness.server import Server


class BackupFoldersTest(BackupCase):
    def check_refused(self, code, reason, folder="b", keys_folder=""):
        with self.assertRaises(Refused) as refused:
            self.back_up(folder, keys_folder)
        self.assertEqual((code, reason), (refused.exception.code, refused.exception.reason), refused.exception)

    def test_only_folders_that_are_allowed(self):
        os.symlink(self.server.folder, self.path("way-out"))
        for folder in ("..", "../data", "/tmp", "b/../../data", "way-out/data", self.server.folder, self.server.data):
            self.check_refused("INVALID_ARGUMENT", "BACKUP_FOLDER_INVALID", folder)
            self.check_refused("INVALID_ARGUMENT", "BACKUP_FOLDER_INVALID", "b", folder)
        self.check_refused("INVALID_ARGUMENT", "FIELD_REQUIRED", "")
        self.check_refused("INVALID_ARGUMENT", "BACKUP_FOLDER_INVALID", "b", "b/keys")
        self.check_refused("INVALID_ARGUMENT", "BACKUP_FOLDER_INVALID", "b/log", "b")
        self.assertEqual(["way-out"], os.listdir(self.backups))
        self.assertEqual(self.path("deep", "er"), self.back_up(self.path("deep", "er")).folder)
        os.makedirs(self.path("full"))
        with open(self.path("full", "letter.txt"), "w") as file:
            file.write("not ours")
        self.check_refused("FAILED_PRECONDITION", "BACKUP_MISMATCH", "full")
        self.check_refused("FAILED_PRECONDITION", "BACKUP_MISMATCH", "b", "full")
        self.assertEqual(["letter.txt"], os.listdir(self.path("full")))
        self.server.restart(["--insecure"])
        self.client = self.connect()
        self.check_refused("FAILED_PRECONDITION", "BACKUPS_OFF")
        for inner, outer in ((self.server.data, self.server.data + "/b"), (self.server.data, self.server.folder)):
            self.check_does_not_start(inner, "must not lie within one another", "--backups", outer)

    def test_a_backup_of_another_log_is_refused(self):
        self.back_up()
        with Server(flags=("--insecure", "--backups", self.backups)) as other, Client(other.address) as client:
            fill(client)
            with self.assertRaises(Refused) as refused:
                list(client.stream(client.Admin.BackUp, v1.BackUpRequest(folder="b")))
            self.assertEqual("BACKUP_MISMATCH", refused.exception.reason)
        self.assertIn("nothing is wrong", self.verify(self.path("b")))

    def test_the_two_kinds_of_folder_are_told_apart(self):
        self.back_up("b", "k")
        self.check_refused("FAILED_PRECONDITION", "BACKUP_MISMATCH", "k")
        # Refused before the log is backed up.
        self.check_refused("FAILED_PRECONDITION", "BACKUP_MISMATCH", "c", "b")
        self.assertEqual(["b", "k"], sorted(os.listdir(self.backups)))

    def test_a_restore_changes_nothing_that_is_there(self):
        self.client.do("create_deal", name="deals/1", title="Pump", value=(100, "USD"))
        self.client.do("win_deal", deal="deals/1")
        self.back_up()
        new = os.path.join(self.server.folder, "new")
        for arguments, sentence, code in (
                (["--data", self.server.data], "is not an empty folder", FAILED),
                (["--data", new, "--tenant", "acme", "--position", self.client.head - 1], f"restore up to {self.client.head - 2} or {self.client.head}", FAILED),
                (["--data", new, "--tenant", "acme", "--position", 1000], f"has positions 1 to {self.client.head}", FAILED),
                (["--data", new, "--tenant", "acne", "--position", 1], "there is: acme", FAILED),
                (["--data", new, "--position", 1], "say of which tenant", USAGE),
                (["--data", new, "--tenant", "acme"], "up to which position", USAGE),
                (["--data", new, "--time", "yesterday"], "is a time such as", USAGE),
                (["--data", new, "--time", "2001-01-01T00:00:00Z"], "nothing of the backup was recorded by then", FAILED),
                (["--data", new, "--keys", self.path("b")], "MANIFEST", FAILED)):
            done = restore("--from", self.path("b"), *arguments)
            self.assertEqual(code, done[0], done)
            self.assertIn(sentence, done[1])
            self.assertFalse(os.path.exists(new), f"{arguments}: made a folder")
        self.assertIn("there is no backup", restore("--from", self.path(), "--data", new)[1])
        self.assertEqual(NOT_FOUND, self.server.recount("backup", "list", self.path(), check=False).returncode)

    def test_a_tenant_that_was_made_later_is_not_there_before(self):
        self.client.do("create_deal", name="deals/1", title="Pump", value=(100, "USD"))
        moment = self.client.log()[-1].recorded_time.ToJsonString()
        with Client(self.server.address, tenant="other") as other:
            other.create_tenant("other")
            other.do("create_user", name="users/ann", display_name="Ann")
            self.back_up()
            head = other.head
        cut = self.restored("cut", "--tenant", "acme", "--position", 1)
        with Client(cut.address, tenant="other") as other:
            self.assertEqual(head, other.status().head)
        server = self.restored("before", "--time", moment)
        with Client(server.address, tenant="other") as other:
            with self.assertRaises(Refused) as refused:
                other.status()
            self.assertEqual("TENANT_NOT_FOUND", refused.exception.reason)
            other.create_tenant("other")
            other.do("create_user", name="users/bob", display_name="Bob")
            self.assertEqual(["users/bob"], [e.stream for e in other.log() if e.stream.startswith("users/")])
        server.recount("verify", tenant="other")
        self.check_like_original(server, self.client.head)

    # ---- Personal data, invented time ----

    def name_of(self, server):
        with Client(server.address) as client:
            return client.call(client.Lead.GetLead, v1.GetRequest(ref=v1.Ref(name="leads/1"))).person_name.display

    def test_keys_are_apart(self):
        self.client.do("capture_lead", name="leads/1", person_name=dict(display=NAME), phones=[dict(raw="+97231234567")])
        self.assertGreater(self.back_up("b", "k").keys, 2)
        self.assertEqual(NAME, self.name_of(self.server))
        with open(os.path.join(self.server.data, "keys", "master.key")) as file:
            master = file.read().strip()
        for top in ("b", "k"):
            for folder, _, names in os.walk(self.path(top)):
                for name in names:
                    with open(os.path.join(folder, name), "rb") as file:
                        content = file.read()
                    self.assertFalse(NAME.encode() in content or master.encode() in content or bytes.fromhex(master) in content, name)
        without = self.restored("without")
        self.assertEqual("", self.name_of(without))
        without.recount("verify")
        with Client(without.address) as client:
            self.assertEqual(self.client.digests(), client.digests())
            self.assertTrue(next(e for e in client.log() if e.type_name == "LeadCaptured").personal_data_erased)
        key_file = os.path.join(self.server.data, "keys", "master.key")
        with_keys = self.restored("with", "--keys", self.path("k"), flags=("--insecure", "--master-key", key_file))
        self.assertEqual(NAME, self.name_of(with_keys))
        with Client(with_keys.address) as client:
            found = client.call(client.Lead.ListLeads, v1.ListRequest(filter='phone = "+97231234567"'))
            self.assertEqual(["leads/1"], [lead.info.name for lead in found.leads])

    def test_invented_time_stays_invented(self):
        flags = ("--insecure", "--simulated-clock", "--backups", self.backups)
        with Server(flags=flags) as simulated, Client(simulated.address) as client:
            fill(client)
            list(client.stream(client.Admin.BackUp, v1.BackUpRequest(folder="s")))
            digests = client.digests()
        server = self.restored("simulated", flags=flags[:2], folder="s")
        with Client(server.address) as client:
            self.assertEqual(digests, client.digests())


if __name__ == "__main__":
    sys.exit(unittest.main())
