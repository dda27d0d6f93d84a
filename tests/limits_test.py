#!/usr/bin/python3
"""docs/limits.md tells the truth: each limit is passed over a socket, answered as the page says, and nothing changes."""

import datetime
import os
import re
import unittest

from harness.client import Client, Refused, command
from harness.protos import SOURCE, v1
from harness.server import Server
from harness.values import fill

PAGE = os.path.join(SOURCE, "docs", "limits.md")
LEAD = dict(emails=[dict(raw="a@example.com")])
BYTES = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20}


def rows():
    """name of the limit: (number, status, reason), of the page's tables."""
    found = {}
    for line in open(PAGE, encoding="utf-8"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 4 or not cells[0].startswith("`"):
            continue
        number = re.match(r"([\d,]+)(?: (bytes|KiB|MiB))?", cells[2])
        status = re.match(r"`(\w+)`(?:, `(\w+)`)?", cells[3])
        found[cells[0].strip("`")] = (int(number.group(1).replace(",", "")) * BYTES.get(number.group(2), 1) if number else None,
                                      status.group(1) if status else None, status.group(2) if status else None)
    return found


class LimitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.client = Client(cls.server.address)
        cls.client.create_tenant()
        cls.client.do("capture_lead", name="leads/a", **LEAD)
        cls.limits = rows()
        cls.has_tags = False
        cls.tried = set()

    @classmethod
    def tearDownClass(cls):
        cls.client.channel.close()
        cls.server.__exit__()
        untried = set(cls.limits) - cls.tried - {"deadline", "commit", "slow_reader", "commands_under_way", "questions_under_way",
                                                       "watched_rows", "watches", "watched_questions", "slow_watcher"}
        assert not untried, f"no test passes {sorted(untried)}"

    def setUp(self):
        self.head = self.client.status().head

    def tearDown(self):
        self.assertEqual(self.client.status().head, self.head)

    def limit(self, name):
        self.tried.add(name)
        return self.limits[name][0]

    def assert_refused(self, name, call, *arguments, **fields):
        _, status, reason = self.limits[name]
        with self.assertRaises(Refused) as raised:
            call(*arguments, **fields)
        self.assertEqual((raised.exception.code, raised.exception.reason), (status, reason), raised.exception.message)

    def ask(self, method, request, **fields):
        return lambda: self.client.call(method, fill(request, **fields))

    def validate(self, kind, **fields):
        return lambda: self.client.execute(command(kind, validate_only=True, **fields))

    def test_message(self):
        too_large = command("capture_lead", request="x" * (self.limit("message") + 2048), **LEAD)
        self.assert_refused("message", self.client.execute, too_large)

    def test_request(self):
        size = self.limit("request")
        request = fill(v1.CaptureLeadRequest(), request="x" * size)
        self.assert_refused("request", self.ask(self.client.Lead.CaptureLead, request))

    def test_batch(self):
        most = self.limit("batch")
        one = v1.SequencedCommand(command=command("capture_lead", validate_only=True, **LEAD))
        self.client.call(self.client.Command.ExecuteBatch, v1.CommandBatch(commands=[one] * most))
        self.assert_refused("batch", self.ask(self.client.Command.ExecuteBatch, v1.CommandBatch(commands=[one] * (most + 1))))

    def test_texts(self):
        for name, field in (("display_name", "organization_name"), ("free_text", "request")):
            longest = self.limit(name)
            self.validate("capture_lead", **LEAD, **{field: "x" * longest})()
            self.assert_refused(name, self.validate("capture_lead", **LEAD, **{field: "x" * (longest + 1)}))
            # In bytes, whatever the script.
            self.assert_refused(name, self.validate("capture_lead", **LEAD, **{field: "\u05d0" * (longest // 2 + 1)}))

    def test_request_id(self):
        longest = self.limit("request_id")
        # In characters, whatever the script.
        self.validate("capture_lead", request_id="\u05d0" * longest, **LEAD)()
        self.assert_refused("request_id", self.validate("capture_lead", request_id="\u05d0" * longest + "x", **LEAD))

    def test_elements(self):
        most = self.limit("elements")
        self.validate("capture_lead", tags=[f"t{i}" for i in range(most)], **LEAD)()
        self.assert_refused("elements", self.validate("capture_lead", tags=[f"t{i}" for i in range(most + 1)], **LEAD))

    def test_name(self):
        longest = self.limit("name")
        self.validate("capture_lead", name="leads/" + "x" * longest, **LEAD)()
        self.assert_refused("name", self.validate("capture_lead", name="leads/" + "x" * (longest + 1), **LEAD))

    def test_parents(self):
        most = self.limit("parents")
        # A chain as long as the limit, which is not to be counted as a change of the refused command.
        for level in range(most + 1):
            parent = dict(parent=f"organizations/{level - 1}") if level else {}
            self.client.do("create_organization", name=f"organizations/{level}", display_name="x", **parent)
        self.head = self.client.status().head
        self.assert_refused("parents", self.validate("create_organization", display_name="x", parent=f"organizations/{most}"))

    def test_time(self):
        ahead = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=self.limit("future") + 1)
        self.assert_refused("future", self.validate("capture_lead", occurred=int(ahead.timestamp() * 1000000), **LEAD))

    def test_actor(self):
        longest = self.limit("actor")
        with Client(self.server.address, actor="x" * longest) as client:
            client.status()
        with Client(self.server.address, actor="x" * (longest + 1)) as client:
            self.assert_refused("actor", client.status)

    def test_records_of_a_batch_get(self):
        most = self.limit("batch_get")
        ref = v1.Ref(name="leads/a")
        self.client.call(self.client.Lead.BatchGetLeads, v1.BatchGetRequest(refs=[ref] * most))
        self.assert_refused("batch_get", self.ask(self.client.Lead.BatchGetLeads, v1.BatchGetRequest(refs=[ref] * (most + 1))))

    def test_expression(self):
        longest = self.limit("expression")
        filter_of = lambda size: 'source = "' + "x" * (size - len('source = ""')) + '"'
        run = lambda text: self.ask(self.client.Report.RunReport, v1.RunReportRequest(report="sales_conversion"), parameters=dict(filter=text))
        run(filter_of(longest))()
        self.assert_refused("expression", run(filter_of(longest + 1)))

    def test_expression_depth(self):
        deepest = self.limit("expression_depth")
        run = lambda text: self.ask(self.client.Report.RunReport, v1.RunReportRequest(report="sales_conversion"), parameters=dict(filter=text))
        self.assert_refused("expression_depth", run("(" * (deepest + 1) + "has(source)" + ")" * (deepest + 1)))

    def test_expression_terms(self):
        most = self.limit("expression_terms")
        run = lambda text: self.ask(self.client.Report.RunReport, v1.RunReportRequest(report="sales_conversion"), parameters=dict(filter=text))
        self.assert_refused("expression_terms", run("source in (" + ",".join(["'a'"] * (most - 2)) + ")"))

    def test_groups(self):
        most = self.limit("group_by")
        run = lambda count: self.ask(self.client.Report.RunReport, v1.RunReportRequest(report="sales_conversion"), parameters=dict(
            group_by=["source", "medium", "campaign", "owner", "team", "unit"][:count]))
        run(most)()
        self.assert_refused("group_by", run(most + 1))

    def by_tags(self, dimensions, measures=1, **more):
        """Leads by their tags, again and again: the groups of a lead with a hundred tags multiply."""
        if not self.has_tags:
            self.client.do("capture_lead", name="leads/tagged", tags=[f"t{i}" for i in range(100)], **LEAD)
            type(self).has_tags = True
            self.head = self.client.status().head
        ids = [f"d{i}" for i in range(dimensions)]
        return self.ask(self.client.Report.RunReport, v1.RunReportRequest(), min_position=self.head, parameters=dict(group_by=ids),
                        definition=dict(id="by_tags", version=1, subject="lead", aggregate=dict(),
                                        measures=[dict(id=f"m{i}", function=v1.FUNCTION_COUNT) for i in range(measures)],
                                        dimensions=[dict(id=id, expr="tags") for id in ids]), **more)

    def test_groups_of_an_answer(self):
        self.assertTrue(100 ** 2 < self.limit("groups") < 100 ** 3)
        self.assertGreaterEqual(self.by_tags(2)().total_rows, 100 ** 2)
        self.assert_refused("groups", self.by_tags(3))

    def test_page_bytes(self):
        # Each of the cells has an id, which holds the question.
        sizes, rows, token = [], 0, ""
        while rows < 1000:
            page = self.by_tags(2, measures=40, page_token=token)()
            self.assertTrue(0 < len(page.rows) < 1000)
            sizes.append(page.ByteSize())
            rows, token = rows + len(page.rows), page.next_page_token
        self.assertTrue(all(0.9 * self.limit("page_bytes") < size < 1.1 * self.limit("page_bytes") for size in sizes), sizes)

    def test_token(self):
        longest = self.limit("token")
        self.assert_refused("token", self.ask(self.client.Report.RunReport, v1.RunReportRequest(pin="x" * (longest + 1))))
        self.assert_refused("token", self.ask(self.client.Report.RunReport, v1.RunReportRequest(page_token="x" * (longest + 1))))
        self.assert_refused("token", self.ask(self.client.Report.ExplainReport, v1.ExplainReportRequest(cell_id="x" * (longest + 1))))

    def test_streams(self):
        most = self.limit("streams")
        streams = []
        try:
            for _ in range(most // 2):
                stream = self.client.History.Subscribe(v1.SubscribeRequest(), metadata=self.client.metadata, timeout=60)
                next(stream)
                streams.append(stream)
            self.assert_refused("streams", lambda: next(self.client.stream(self.client.History.Subscribe, v1.SubscribeRequest(), timeout=60)))
        finally:
            for stream in streams:
                stream.cancel()


if __name__ == "__main__":
    unittest.main()
