#!/usr/bin/python3
"""Row rights: for a caller who may see one team, records of others are not there, whichever call is made.

A real server with tokens. All that is hidden has SECRET in its names and texts, which no answer to the restricted caller may hold.
"""

import queue
import sys
import threading
import unittest

from harness.client import Client, Refused
from harness.protos import v1
from harness.server import Server

OPERATOR, NORTH, READER, AUDITOR = "olga-0123456789abcdef", "ann-0123456789abcdef", "rita-0123456789abcdef", "audit-0123456789abcdef"
TOKENS = f"""{OPERATOR} acme users/olga operator
{NORTH} acme users/ann user teams/north
{READER} acme users/rita viewer teams/north,unassigned
{AUDITOR} acme users/audit auditor
"""
SECRET = "secret"
DAY = 86400 * 1000000
HIDDEN_STREAMS = ("deals/secret", "leads/secret", "persons/secret", "organizations/secret")


def edge(child, parent):
    return v1.OrgEdge(child=child, parent=parent)


class RightsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(tokens=TOKENS)
        cls.operator, cls.north, cls.reader, cls.auditor = (Client(cls.server.address, token=token)
                                                            for token in (OPERATOR, NORTH, READER, AUDITOR))
        cls.operator.create_tenant("acme")
        cls.operator.publish(v1.PipelinesRule(pipelines=[v1.Pipeline(id="sales", stages=[
            v1.Stage(id="open"), v1.Stage(id="won", meaning=v1.STAGE_MEANING_WON)])]))
        for user in ("ann", "bo", "cy"):
            cls.operator.do("create_user", name=f"users/{user}", display_name=user)
        for team in ("north", "south"):
            cls.operator.do("create_team", name=f"teams/{team}", display_name=team)
        cls.publish_chart("north")

    @classmethod
    def tearDownClass(cls):
        for client in (cls.operator, cls.north, cls.reader, cls.auditor):
            client.channel.close()
        cls.server.__exit__()

    @classmethod
    def publish_chart(cls, team_of_bo):
        return cls.operator.publish(v1.OrgChartRule(edges=[edge("users/ann", "teams/north"), edge("users/bo", f"teams/{team_of_bo}"),
                                                           edge("users/cy", "teams/south")]))

    def setUp(self):
        for name, owner, value in (("ann", "users/ann", 100), ("bo", "users/bo", 1000), (SECRET, "users/cy", 10000), ("free", None, 100000)):
            self.make(name, owner, value)

    def make(self, name, owner, value):
        owned = {"owner": owner} if owner else {}
        external = [("crm", name)]
        text = f"{name} of {owner}"
        known = dict(allow_existing=True, external_ids=external, **owned)
        self.operator.do("create_organization", name=f"organizations/{name}", display_name=text, **known)
        self.operator.do("create_person", name=f"persons/{name}", person_name=dict(display=text),
                         emails=[dict(raw=f"{name}@example.com")], **known)
        self.operator.do("capture_lead", name=f"leads/{name}", person_name=dict(display=text),
                         emails=[dict(raw=f"{name}@example.com")], source=dict(id="web"), **known)
        self.operator.do("create_deal", name=f"deals/{name}", pipeline="sales", stage="open", title=text, value=(value, "USD"),
                         lead=f"leads/{name}", **known)
        if owner:  # what a test before gave away
            self.operator.do("assign_deal", deal=f"deals/{name}", owner=owner)

    def refuse(self, expected, call, *arguments, **fields):
        with self.assertRaises(Refused) as caught:
            call(*arguments, **fields)
        self.assertEqual(expected, caught.exception.reason, str(caught.exception))
        return caught.exception

    @staticmethod
    def get(client, name, **more):
        methods = dict(deals=client.Deal.GetDeal, leads=client.Lead.GetLead, persons=client.Person.GetPerson,
                       organizations=client.Organization.GetOrganization)
        return client.call(methods[name.split("/")[0]], v1.GetRequest(ref=v1.Ref(name=name), **more))

    # ---- Reading ----

    def reads(self, client):
        """(what, call) of every way to read that a restricted caller has."""
        at_head = dict(min_position=self.operator.head)
        lists = ((client.Deal.ListDeals, "deals"), (client.Lead.ListLeads, "leads"), (client.Person.ListPersons, "persons"),
                 (client.Organization.ListOrganizations, "organizations"))
        for method, collection in lists:
            for filter_text in ("", 'external.crm = "secret"', 'email = "secret@example.com"', 'owner = "users/cy"'):
                if filter_text.startswith("email") and collection in ("deals", "organizations"):
                    continue
                yield f"list {collection} {filter_text}", lambda m=method, f=filter_text: client.call(
                    m, v1.ListRequest(filter=f, show_deleted=True, **at_head))
        for definition in self.operator.call(client.Report.ListReports, v1.ListReportsRequest()).reports:
            if definition.id == "entity_timeline":
                continue
            yield definition.id, lambda r=definition.id: client.call(client.Report.RunReport, v1.RunReportRequest(report=r, **at_head))
        grouped = v1.ReportParameters(group_by=["owner"])
        for report in ("pipeline_snapshot", "won_lost", "pipeline_movement"):
            yield f"{report} by owner", lambda r=report: client.call(
                client.Report.RunReport, v1.RunReportRequest(report=r, parameters=grouped, **at_head))
        linked = v1.ReportParameters(record=v1.Ref(name="deals/ann"), arguments={"linked": "yes"})
        yield "timeline", lambda: client.call(
            client.Report.RunReport, v1.RunReportRequest(report="entity_timeline", parameters=linked, **at_head))
        yield "stream", lambda: client.call(client.History.ReadStream, v1.ReadStreamRequest(ref=v1.Ref(name="deals/ann")))

    def test_no_answer_tells_of_others(self):
        told = 0
        for what, call in self.reads(self.north):
            with self.subTest(what):
                answer = call()
                self.assertNotIn(SECRET, str(answer))
                self.assertNotIn("users/cy", str(answer).replace('filter: "owner', ""))
                self.assertNotIn("/free", str(answer))
        for what, call in self.reads(self.operator):  # the same calls would tell it
            told += SECRET in str(call())
        self.assertGreater(told, 12)

    def test_what_is_seen_is_all_there(self):
        listed = self.north.call(self.north.Deal.ListDeals, v1.ListRequest(min_position=self.operator.head))
        self.assertEqual(({"deals/ann", "deals/bo"}, 2), ({deal.info.name for deal in listed.deals}, listed.total_size))
        self.assertEqual("bo of users/bo", self.get(self.north, "deals/bo").title)
        snapshot = self.north.report("pipeline_snapshot", min_position=self.operator.head, group_by=["owner"])
        self.assertEqual({("users/ann", 100), ("users/bo", 1000)}, {(row["owner"], row["value"][0]) for row in snapshot.rows})
        self.assertEqual("teams/north", snapshot.basis.rights)
        self.assertEqual(3, self.reader.report("pipeline_snapshot", min_position=self.operator.head, group_by=["-"]).total()["deals"])

    def test_what_is_hidden_is_as_if_it_were_not_there(self):
        for name in HIDDEN_STREAMS:
            collection = name.split("/")[0]
            with self.subTest(name):
                hidden = self.refuse("RECORD_NOT_FOUND", self.get, self.north, name)
                missing = self.refuse("RECORD_NOT_FOUND", self.get, self.north, f"{collection}/nobody")
                self.assertEqual(missing.message.replace("nobody", SECRET), hidden.message)
                stream = v1.ReadStreamRequest(ref=v1.Ref(name=name))
                none = v1.ReadStreamRequest(ref=v1.Ref(name=f"{collection}/nobody"))
                hidden = self.refuse("RECORD_NOT_FOUND", self.north.call, self.north.History.ReadStream, stream)
                missing = self.refuse("RECORD_NOT_FOUND", self.north.call, self.north.History.ReadStream, none)
                self.assertEqual(missing.message.replace("nobody", SECRET), hidden.message)
        external = lambda one: v1.GetRequest(ref=v1.Ref(external=v1.ExternalId(source="crm", id=one)))
        hidden = self.refuse("RECORD_NOT_FOUND", self.north.call, self.north.Deal.GetDeal, external(SECRET))
        missing = self.refuse("RECORD_NOT_FOUND", self.north.call, self.north.Deal.GetDeal, external("nobody"))
        self.assertEqual(missing.message.replace("nobody", SECRET), hidden.message)
        both = v1.BatchGetRequest(refs=[v1.Ref(name="deals/ann"), v1.Ref(name="deals/secret")])
        self.refuse("RECORD_NOT_FOUND", self.north.call, self.north.Deal.BatchGetDeals, both)
        self.refuse("RECORD_NOT_FOUND", self.north.report, "entity_timeline", min_position=self.operator.head, record="deals/secret")

    def test_the_log_is_for_those_who_see_everything(self):
        self.refuse("RIGHTS_EXCEEDED", self.north.log)
        self.refuse("RIGHTS_EXCEEDED", lambda: list(self.north.stream(self.north.History.Subscribe, v1.SubscribeRequest())))
        self.assertTrue(self.auditor.log())

    def test_nobody_asks_for_more(self):
        for rights in ("teams/south", "teams/north,unassigned", "users/cy"):
            self.refuse("RIGHTS_EXCEEDED", self.north.report, "won_lost", min_position=self.operator.head, rights=rights)
        everything = self.operator.report("pipeline_snapshot", group_by=["-"])
        self.refuse("RIGHTS_EXCEEDED", self.north.call, self.north.Report.RunReport, v1.RunReportRequest(pin=everything.response.pin))
        cell = v1.ExplainReportRequest(cell_id=everything.cell_id("deals"))
        self.refuse("RIGHTS_EXCEEDED", self.north.call, self.north.Report.ExplainReport, cell)
        diff = v1.DiffReportsRequest(before=v1.DiffedAnswer(pin=everything.response.pin))
        self.refuse("RIGHTS_EXCEEDED", self.north.call, self.north.Report.DiffReports, diff)

    def test_one_sees_what_another_one_sees(self):
        seen = self.north.report("pipeline_snapshot", min_position=self.operator.head, group_by=["owner"])
        asked = self.operator.report("pipeline_snapshot", group_by=["owner"], rights="teams/north")
        self.assertEqual(seen.rows, asked.rows)
        pinned = self.operator.call(self.operator.Report.RunReport, v1.RunReportRequest(pin=seen.response.pin))
        self.assertEqual([row.cells[1].value for row in seen.raw_rows], [row.cells[1].value for row in pinned.rows])

    # ---- Writing ----

    def test_what_is_hidden_cannot_be_changed(self):
        before = self.operator.status().head_hash
        hidden = self.refuse("RECORD_NOT_FOUND", self.north.do, "assign_deal", deal="deals/secret", owner="users/ann")
        missing = self.refuse("RECORD_NOT_FOUND", self.north.do, "assign_deal", deal="deals/nobody", owner="users/ann")
        self.assertEqual(missing.message.replace("nobody", SECRET), hidden.message)
        self.refuse("RECORD_NOT_FOUND", self.north.do, "assign_deal", deal=("crm", SECRET), owner="users/ann")
        self.refuse("RECORD_NOT_FOUND", self.north.do, "annotate_record", record="deals/secret", tags=dict(add=["mine"]))
        self.refuse("RECORD_NOT_FOUND", self.north.do, "delete_record", record="leads/secret", reason="mine")
        self.refuse("RECORD_NOT_FOUND", self.north.do, "create_deal", pipeline="sales", stage="open", lead="leads/secret")
        self.refuse("RIGHTS_EXCEEDED", self.north.do, "create_deal", name="deals/secret", allow_existing=True, title="taken over")
        self.refuse("RIGHTS_EXCEEDED", self.north.do, "capture_lead", allow_existing=True, status="mine",
                    external_ids=[("crm", SECRET)])
        self.refuse("RIGHTS_EXCEEDED", self.north.publish, v1.OrgChartRule(edges=[edge("users/cy", "teams/north")]))
        group = [c for c in (v1.Command(assign_deal=v1.AssignDealRequest(deal=v1.Ref(name=f"deals/{name}"), owner=v1.Ref(name="users/ann")))
                             for name in ("bo", SECRET))]
        self.assertTrue(all(isinstance(outcome, Refused) for outcome in self.north.execute_all(group, atomic=True)))
        self.assertEqual(before, self.operator.status().head_hash)

    def test_what_is_given_away_is_gone(self):
        made = self.north.do("create_deal", pipeline="sales", stage="open", owner="users/ann", value=(5, "USD"))
        self.north.do("assign_deal", deal=made.name, owner="users/cy")
        self.refuse("RECORD_NOT_FOUND", self.get, self.north, made.name)
        self.assertEqual("users/ann", self.get(self.north, made.name, as_of=v1.AsOf(position=made.position)).owner)
        self.operator.do("delete_record", record=made.name, reason="a test")

    def test_a_group_may_make_and_hand_over(self):
        group = [v1.Command(create_deal=v1.CreateDealRequest(name="deals/handed", pipeline="sales", stage="open", owner=v1.Ref(name="users/cy"))),
                 v1.Command(annotate_record=v1.AnnotateRecordRequest(record=v1.Ref(name="deals/handed"), tags=v1.TagChange(add=["hot"])))]
        outcomes = self.north.execute_all(group, atomic=True)
        self.assertFalse([outcome for outcome in outcomes if isinstance(outcome, Refused)], outcomes)
        self.refuse("RECORD_NOT_FOUND", self.get, self.north, "deals/handed")
        self.operator.do("delete_record", record="deals/handed", reason="a test")

    def test_a_taken_id_tells_nothing_else(self):
        """Neither an upsert that would change nothing, nor revisions, outcomes or names of those who have an external id."""
        right = dict(name="deals/secret", allow_existing=True, title="secret of users/cy", owner="users/cy", value=(10000, "USD"))
        said = set()
        for more in ({}, dict(title="another"), dict(validate_only=True), dict(expected_revision=99), dict(allow_existing=False),
                     dict(expected_revision=99, allow_existing=False)):
            said.add(self.refuse("RIGHTS_EXCEEDED", self.north.do, "create_deal", **dict(right, **more)).message)
        self.assertEqual(1, len(said), said)
        by_id = dict(external_ids=[("crm", SECRET)], pipeline="sales", stage="open")
        said = [self.refuse("RIGHTS_EXCEEDED", self.north.do, "create_deal", **by_id, **more).message for more in ({}, dict(allow_existing=True))]
        said.append(self.refuse("RIGHTS_EXCEEDED", self.north.do, "link_external_id", record="deals/ann", external_id=("crm", SECRET)).message)
        for message in said:
            self.assertNotIn("deals/", message)

    def test_what_happened_to_it_later_is_not_told(self):
        """Of a record that was given away: in a change, a movement, a label, by an external id."""
        made = self.north.do("create_deal", name="deals/given", pipeline="sales", stage="open", owner="users/ann", value=(5, "USD"),
                             title="before", external_ids=[("crm", "given")])
        self.north.do("assign_deal", deal="deals/given", owner="users/cy")
        head = self.operator.do("change_deal_details", deal="deals/given", title="SECRET after").position
        self.operator.do("change_deal_value", deal="deals/given", value=(9999, "USD"))
        try:
            at_head = dict(min_position=self.operator.head)
            changed = self.north.report("pipeline_snapshot", **at_head, group_by=["-"], compare=dict(as_of=made.position))
            moved = self.north.report("pipeline_movement", **at_head, opening_as_of=made.position)
            cells = [cell.cell_id for answer in (changed, moved) for row in answer.raw_rows for cell in row.cells if cell.cell_id]
            kinds = set()
            for cell in cells:
                opened, contributions = self.north.explain(cell)
                self.assertNotIn("SECRET", str(contributions))
                for one in contributions:
                    kinds |= {event.type_name for event in one.events if one.record == "deals/given"}
            self.assertEqual({"DealCreated", "DealAssigned"}, kinds)
            past = self.north.report("pipeline_detail", min_position=head, as_of=made.position)
            self.assertIn("deals/given", str(past.rows))
            self.assertNotIn("SECRET", str(past.response))
            hidden = self.refuse("RECORD_NOT_FOUND", self.north.report, "entity_timeline", **at_head, record=("crm", "given"), collection="deals")
            missing = self.refuse("RECORD_NOT_FOUND", self.north.report, "entity_timeline", **at_head, record=("crm", "nobody"), collection="deals")
            self.assertEqual((missing.message.replace("nobody", "given"), missing.fields), (hidden.message, hidden.fields))
        finally:
            self.operator.do("delete_record", record="deals/given", reason="a test")

    def test_counts_of_others_are_not_told(self):
        status = self.north.status()
        self.assertEqual({(0, 0, "")}, {(model.rows, model.current_rows, model.digest) for model in status.read_models})
        self.assertTrue(all(model.digest for model in self.operator.settled_status().read_models))
        self.assertEqual(0, self.north.report("pipeline_snapshot", min_position=self.operator.head, filter='lead = "leads/secret"').basis.rows_scanned)

    def test_a_list_stands_a_late_change_of_owner(self):
        now = self.operator.status().time.seconds * 1000000
        self.operator.do("create_organization", name="organizations/late", display_name="late", owner="users/ann", occurred=now - 10 * DAY)
        self.operator.do("change_organization_details", organization="organizations/late", owner="users/bo", occurred=now - 2 * DAY)
        self.operator.do("change_organization_details", organization="organizations/late", owner="users/cy", occurred=now - 5 * DAY)
        listed = self.north.call(self.north.Organization.ListOrganizations, v1.ListRequest(min_position=self.operator.head))
        self.assertIn("organizations/late", [one.info.name for one in listed.organizations])
        self.operator.do("change_organization_details", organization="organizations/late", owner="users/ann")
        self.operator.do("delete_record", record="organizations/late", reason="a test")

    # ---- Rights that change ----

    def test_whoever_leaves_the_team_takes_his_records_along(self):
        page = self.north.call(self.north.Deal.ListDeals, v1.ListRequest(page_size=1, min_position=self.operator.head))
        old = self.north.report("pipeline_snapshot", min_position=self.operator.head, group_by=["-"])
        watch = self.watch("pipeline_snapshot")
        self.assertEqual(2, watch.get(timeout=60))
        self.publish_chart("south")
        try:
            self.assertEqual(1, watch.get(timeout=60))
            self.refuse("RECORD_NOT_FOUND", self.get, self.north, "deals/bo")
            self.refuse("PAGE_TOKEN_MISMATCH", self.north.call, self.north.Deal.ListDeals,
                        v1.ListRequest(page_size=1, page_token=page.next_page_token))
            self.refuse("RIGHTS_EXCEEDED", self.north.call, self.north.Report.RunReport, v1.RunReportRequest(pin=old.response.pin))
            self.assertEqual(1, self.north.report("pipeline_snapshot", min_position=self.operator.head, group_by=["-"]).total()["deals"])
        finally:
            self.publish_chart("north")
        self.assertEqual(2, watch.get(timeout=60))

    def watch(self, report):
        """Counts of deals as the restricted caller is told them."""
        told = queue.Queue()
        request = v1.WatchReportRequest(report=report, parameters=v1.ReportParameters(group_by=["-"], measures=["deals"]))
        call = self.north.Report.WatchReport(request, metadata=self.north.metadata, timeout=120)
        self.addCleanup(call.cancel)

        def read():
            try:
                for message in call:
                    for row in message.rows:
                        told.put(row.row.cells[-1].value.integer)
            except Exception:  # cancelled
                pass
        threading.Thread(target=read, daemon=True).start()
        return told


if __name__ == "__main__":
    sys.exit(unittest.main())
