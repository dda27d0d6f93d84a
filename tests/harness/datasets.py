"""The real data beside the repository, imported by the mappings in it. Where it is missing, its tests say so and pass."""

import os
import re
import unittest

from google.protobuf import json_format

from harness.client import Answer, Client
from harness.protos import SOURCE, v1
from harness.server import Server

FOLDER = os.path.join(os.path.dirname(SOURCE), "shared", "data")


def skip_without(folder):
    """For a test class: skips, saying so, where the data is not there."""
    path = os.path.join(FOLDER, folder)
    if not os.path.isdir(path):
        print("skipped: ../shared/data is not here")
    return unittest.skipUnless(os.path.isdir(path), "../shared/data is not here")


class Imported:
    """A server into which one data set was imported."""

    def __init__(self, folder, mapping, tenant, zone="UTC", currency="USD", region="US", server=None):
        self.server, self.tenant = server or Server(), tenant
        self.folder, self.mapping = os.path.join(FOLDER, folder), os.path.join(SOURCE, "tools", "mappings", mapping)
        self.run("tenant", "create", tenant, "--zone", zone, "--currency", currency, "--region", region)
        self.output = self.import_again()
        self.client = Client(self.server.address, tenant=tenant)
        self.client.head = self.client.status().head

    def run(self, *arguments):
        return self.server.recount(*arguments, tenant=self.tenant)

    def import_again(self, *flags):
        return self.run("import", self.mapping, self.folder, *flags)

    def report(self, report_id, *flags):
        """`recount report run --format json`, all pages."""
        output = self.run("report", "run", report_id, "--format", "json", "--min-position", str(self.client.head), *flags)
        return Answer.of(json_format.Parse(output, v1.RunReportResponse()))

    def close(self):
        self.client.channel.close()
        self.server.__exit__()


def number(text, what):
    """The number before a word in printed text, e.g. `8,000 sent`."""
    found = re.search(r"([\d,]+) " + what, text)
    return int(found.group(1).replace(",", "")) if found else None
