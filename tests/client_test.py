#!/usr/bin/python3
"""A client in another language that knows nothing but the protos: from a lead to a report, pages that agree, the log live."""

import queue
import sys
import threading
import unittest

from harness import rules
from harness.client import Client, command
from harness.protos import v1
from harness.server import Server

DEALS = 60


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.client = Client(cls.server.address)
        cls.client.create_tenant()
        cls.client.publish(rules.pipelines(sales=["potential", "offer", "won", "lost"]),
                           rules.probabilities("sales", potential=1000, offer=2000), rules.reasons("price"))

    @classmethod
    def tearDownClass(cls):
        cls.client.channel.close()
        cls.server.__exit__()

    def test_1_a_lead_becomes_a_won_deal(self):
        client = self.client
        client.do("create_user", name="users/ann", display_name="Ann")
        lead = client.do("capture_lead", occurred="2024-03-01", person_name=dict(display="\u05e0\u05d5\u05e2\u05d4 \u05dc\u05d5\u05d9"),
                         phones=[dict(raw="+972 3-123-4567")], source=dict(id="web"), owner="users/ann", request_id="lead-1")
        self.assertTrue(lead.name.startswith("leads/"))
        deal = client.do("create_deal", occurred="2024-03-05", lead=lead.name, value=(3000000, "USD"), owner="users/ann")
        client.do("convert_lead", occurred="2024-03-05", lead=lead.name, create_person=True, deal=deal.name)
        won = client.do("win_deal", occurred="2024-03-20", deal=deal.name, value=(2900000, "USD"))
        self.assertEqual([deal.name], [revision.stream for revision in won.revisions])
        answer = client.report("won_lost", period="2024-03", min_position=won.position, group_by=["-"])
        self.assertEqual(1, answer.total()["won"], answer.table())
        self.assertGreaterEqual(answer.basis.position, won.position)
        got = client.call(client.Deal.GetDeal, v1.GetRequest(ref=v1.Ref(name=deal.name), min_position=won.position))
        self.assertEqual(("web", v1.DEAL_OUTCOME_WON, 29000), (got.source.id, got.outcome, got.value.units))
        person = client.call(client.Lead.GetLead, v1.GetRequest(ref=v1.Ref(name=lead.name))).person
        self.assertEqual("\u05e0\u05d5\u05e2\u05d4 \u05dc\u05d5\u05d9",
                         client.call(client.Person.GetPerson, v1.GetRequest(ref=v1.Ref(name=person))).person_name.display)

    def test_2_pages_agree_while_commands_stream_in(self):
        made = self.client.execute_all([
            command("create_deal", occurred="2024-04-01", name=f"deals/p{i:03}", value=(1000 + i, "USD")) for i in range(DEALS)])
        self.assertEqual(DEALS, sum(isinstance(outcome, v1.CommandResult) for outcome in made))
        head = self.client.head
        stop, sent = threading.Event(), queue.Queue()
        writer = threading.Thread(target=self._write, args=(stop, sent))
        writer.start()
        try:
            request = v1.RunReportRequest(report="pipeline_detail", page_size=7, min_position=head)
            pages = []
            while True:
                sent.get(timeout=60)  # something new was written since the page before
                page = self.client.call(self.client.Report.RunReport, request)
                pages.append(page)
                if not page.next_page_token:
                    break
                request.page_token = page.next_page_token
        finally:
            stop.set()
            writer.join()
        self.assertEqual(1, len({page.basis.position for page in pages}), "pages differ in position")
        self.assertEqual(1, len({page.total_rows for page in pages}))
        rows = [row for page in pages for row in page.rows if not row.is_total]
        names = [row.cells[0].value.record for row in rows]
        self.assertEqual(len(names), len(set(names)), "a record is on two pages")
        self.assertEqual(pages[0].total_rows, len(names))
        # The first page's pin gives the same rows again, whatever was written since.
        again, request = [], v1.RunReportRequest(page_token=pages[0].pin, page_size=1000)
        while True:
            page = self.client.call(self.client.Report.RunReport, request)
            again += [row for row in page.rows if not row.is_total]
            if not page.next_page_token:
                break
            request = v1.RunReportRequest(page_token=page.next_page_token)
        self.assertEqual([row.cells[0].value.record for row in again], names)
        now = self.client.report("pipeline_detail")
        self.assertGreater(len(now.rows), len(names), "the writer wrote nothing")

    def _write(self, stop, sent):
        """A deal after another, as a stream, until told to stop; each answer goes to `sent`."""
        with Client(self.server.address) as client:
            answered = threading.Semaphore(1)

            def batches():
                number = 0
                while not stop.is_set():
                    answered.acquire()
                    number += 1
                    yield v1.CommandBatch(commands=[
                        v1.SequencedCommand(sequence=1, command=command("create_deal", occurred="2024-03-15", name=f"deals/w{number}")),
                        v1.SequencedCommand(sequence=2, command=command("change_deal_value", deal=f"deals/p{number % DEALS:03}",
                                                                        occurred="2024-04-02", value=(900000 + number, "USD")))])
            for outcomes in client.stream(client.Command.Stream, batches()):
                for outcome in outcomes.outcomes:
                    assert outcome.status.code == 0, outcome.status.message
                    self.client.head = max(self.client.head, outcome.result.position)
                sent.put(None)
                answered.release()

    def test_3_the_log_live(self):
        client = self.client
        call = client.History.Subscribe(v1.SubscribeRequest(), metadata=client.metadata, timeout=120)
        positions, live = [], None
        for message in call:
            if message.HasField("event"):
                positions.append(message.event.position)
            if message.WhichOneof("message") == "caught_up":
                self.assertEqual(list(range(1, len(positions) + 1)), positions)
                break
        first = client.do("create_deal", name="deals/live", occurred="2024-05-01").position
        last = client.do("win_deal", deal="deals/live", occurred="2024-05-02").position
        for message in call:
            if message.HasField("event"):
                positions.append(message.event.position)
                live = message.event.type_name
                if message.event.position >= last:
                    break
        call.cancel()
        self.assertEqual(list(range(1, last + 1)), positions, "a gap or a repeat")
        self.assertLess(first, last)
        self.assertEqual("DealWon", live)

    def test_4_a_filtered_subscription(self):
        client = self.client
        request = v1.SubscribeRequest(filter=v1.EventFilter(stream_prefixes=["deals/"], type_names=["DealWon"]))
        call = client.History.Subscribe(request, metadata=client.metadata, timeout=120)
        names = []
        for message in call:
            if message.HasField("event"):
                names.append(message.event.type_name)
            if message.WhichOneof("message") == "caught_up":
                break
        call.cancel()
        self.assertEqual({"DealWon"}, set(names))
        wins = [event for event in client.log() if event.type_name == "DealWon"]
        self.assertEqual(len(wins), len(names))


if __name__ == "__main__":
    sys.exit(unittest.main())
