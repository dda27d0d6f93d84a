#!/usr/bin/python3
"""Bad input to every RPC: the right status and reason, and nothing changes.

The matrix is driven by the descriptors: each RPC has one good request here, and the mutations (harness/mutations.py) spoil each
of its fields. An RPC without a good request fails the test.
"""

import sys
import unittest

import grpc

from harness import mutations, rules
from harness.client import Client, Refused, command, refused
from harness.protos import SERVICES, v1
from harness.server import Server
from harness.values import fill, timestamp

FUTURE = timestamp(4102444800 * 1000000)  # 2100

# A good request for each command, as fields; used with validate_only to see that it is good.
COMMANDS = {
    "DeleteRecord": dict(record="deals/open", collection="deals", reason="double"),
    "RestoreRecord": dict(record="deals/deleted", collection="deals"),
    "LinkExternalId": dict(record="deals/open", collection="deals", external_id=("crm", "new")),
    "AnnotateRecord": dict(record="deals/open", collection="deals", tags=dict(add=["hot"]), fields=[dict(field_id="segment", value=dict(text="pets"))]),
    "CaptureLead": dict(name="leads/new", external_ids=[("crm", "new")], tags=["web"], person_name=dict(display="Noa Levi"),
                        phones=[dict(raw="+97231234567")], emails=[dict(raw="noa@example.com")], organization_name="Levi",
                        request="A pump", source=dict(id="web"), owner="users/ann", status="fresh"),
    "ChangeLeadDetails": dict(lead="leads/open", person_name=dict(display="Noa Cohen"), phones=[dict(raw="+97231234568")],
                              emails=[dict(raw="n@example.com")], organization_name="Cohen", request="Two", source=dict(id="fair")),
    "AssignLead": dict(lead="leads/open", owner="users/ann"),
    "ChangeLeadStatus": dict(lead="leads/open", status="called"),
    "ScheduleLeadHandling": dict(lead="leads/open", handle_by=1700000000000000),
    "QualifyLead": dict(lead="leads/open", level=v1.LEAD_LEVEL_SQL),
    "AcceptLead": dict(lead="leads/open"),
    "DisqualifyLead": dict(lead="leads/open", reason="no_budget"),
    "RequalifyLead": dict(lead="leads/junk", level=v1.LEAD_LEVEL_UNSPECIFIED),
    "ConvertLead": dict(lead="leads/open", person="persons/p", organization=None),
    "CreatePerson": dict(name="persons/new", external_ids=[("crm", "new")]),
    "ChangePersonDetails": dict(person="persons/p"),
    "CreateOrganization": dict(name="organizations/new", display_name="New", parent="organizations/o", owner="users/ann"),
    "ChangeOrganizationDetails": dict(organization="organizations/o", display_name="Renamed", owner="users/ann"),
    "SetOrganizationParent": dict(organization="organizations/o", parent="organizations/p"),
    "SetPartyKinds": dict(organization="organizations/o", kinds=[v1.PARTY_KIND_CUSTOMER]),
    "CreateDeal": dict(name="deals/new", external_ids=[("crm", "new")], title="Pump", pipeline="sales", stage="offer",
                       value=(100000, "USD"), owner="users/ann", lead="leads/open", person="persons/p", organization="organizations/o",
                       product="products/x", source=dict(id="web"), expected_close="2024-06-30", probability_bp=5000),
    "ChangeDealDetails": dict(deal="deals/open", title="Pumps", person="persons/p", organization="organizations/o", product="products/x"),
    "ChangeDealStage": dict(deal="deals/open", stage="offer"),
    "ChangeDealValue": dict(deal="deals/open", value=(200000, "USD")),
    "ChangeDealExpectedClose": dict(deal="deals/open", expected_close="2024-07-31"),
    "AssignDeal": dict(deal="deals/open", owner="users/ann"),
    "OverrideDealProbability": dict(deal="deals/open", probability_bp=100),
    "WinDeal": dict(deal="deals/open", value=(200000, "USD")),
    "LoseDeal": dict(deal="deals/open", reason="no_budget"),
    "ReopenDeal": dict(deal="deals/won"),
    "CompleteDeal": dict(deal="deals/won"),
    "MoveDealToPipeline": dict(deal="deals/open", pipeline="service"),
    "CreateProduct": dict(name="products/new", display_name="New"),
    "ChangeProductDetails": dict(product="products/x", display_name="Renamed"),
    "SetListPrice": dict(product="products/x", price=(100, "USD")),
    "RetireProduct": dict(product="products/x"),
    "CreateUser": dict(name="users/new", display_name="New"),
    "ChangeUserDetails": dict(user="users/ann", display_name="Renamed"),
    "CreateTeam": dict(name="teams/new", display_name="New"),
    "ChangeTeamDetails": dict(team="teams/t", display_name="Renamed"),
    "CreateOrgUnit": dict(name="org_units/new", display_name="New"),
    "ChangeOrgUnitDetails": dict(org_unit="org_units/u", display_name="Renamed"),
    "PublishRules": dict(rules=[dict(content=dict(reasons=rules.reasons("a")), effective_from="2024-01-01")], comment="c"),
    "DraftRules": dict(draft="drafts/new", rules=[dict(content=dict(reasons=rules.reasons("a")), effective_from="2024-01-01")]),
    "PublishDraft": dict(draft="drafts/open"),
    "DiscardDraft": dict(draft="drafts/open"),
    "WithdrawRule": dict(kind=v1.RULE_KIND_REASONS, published_position=0, reason="wrong"),
}
COLLECTIONS = {"Deal": "deals/open", "Lead": "leads/open", "Person": "persons/p", "Organization": "organizations/o",
               "Product": "products/x", "User": "users/ann", "Team": "teams/t", "OrgUnit": "org_units/u"}
WON_LOST = dict(report="won_lost", parameters=dict(period="2024", group_by=["owner"]))
QUERIES = {
    "Execute": dict(assign_deal=dict(deal="deals/open", owner="users/ann", header=dict(validate_only=True))),
    "ExecuteBatch": dict(commands=[dict(sequence=1, command=dict(assign_deal=dict(deal="deals/open", owner="users/ann",
                                                                                 header=dict(validate_only=True))))]),
    "Stream": dict(commands=[dict(sequence=1, command=dict(assign_deal=dict(deal="deals/open", owner="users/ann",
                                                                           header=dict(validate_only=True))))]),
    "GetRulebook": dict(valid_at="2024-01-01"), "ListRuleVersions": dict(kind=v1.RULE_KIND_REASONS), "ListDrafts": dict(),
    "ListReports": dict(), "GetReport": dict(report="won_lost"),
    **dict.fromkeys(("RunReport", "WatchReport"), WON_LOST), "DiffReports": dict(before=dict(request=WON_LOST)),
    "ExplainReport": None,  # needs a cell: made in setUpClass
    "ReadStream": dict(ref="deals/open", collection="deals"), "ReadLog": dict(), "Subscribe": dict(), "ReadCommits": dict(),
    "CreateTenant": dict(tenant_id="acme", zone="UTC", currency="USD", region="US"), "ListTenants": dict(), "GetStatus": dict(),
    "Rebuild": dict(target="deal"), "Verify": dict(), "SetClock": dict(time=1),
    "BackUp": dict(folder="log", keys_folder="keys"),
}
# Good requests that are refused none the less: the state of the server does not allow them.
REFUSED_WHEN_GOOD = {"SetClock": ("FAILED_PRECONDITION", "CLOCK_NOT_SIMULATED")}
# An empty request is in order here.
EMPTY_IS_GOOD = {"ListRuleVersions", "ListDrafts", "GetRulebook", "ListReports", "ReadLog", "Subscribe", "ReadCommits", "ListTenants",
                 "GetStatus", "Verify", "Rebuild", "ExecuteBatch", "Stream"} | {f"{verb}{n}s" for n in COLLECTIONS for verb in ("List", "BatchGet")}
# A deal needs nothing but a pipeline in the rules.
EMPTY_APPENDS = {"CreateDeal"}
TOKENS = """alice-0123456789abcdef acme alice operator
reader-0123456789abcdef acme rita viewer
mallory-0123456789abcdef other mallory operator
"""


def good_request(service, method):
    name = method.name
    message = getattr(v1, method.input_type.name)()
    if name in COMMANDS:
        return fill(message, header=dict(), **COMMANDS[name])
    if name in QUERIES:
        return fill(message, **QUERIES[name]) if QUERIES[name] is not None else None
    record = next((n for c, n in COLLECTIONS.items() if name in (f"Get{c}", f"BatchGet{c}s", f"List{c}s")), None)
    if record is None:
        raise AssertionError(f"{service.name}.{name} has no good request here: add one to COMMANDS or QUERIES")
    if name.startswith("BatchGet"):
        return fill(message, refs=[record])
    return fill(message, ref=record) if name.startswith("Get") else fill(message, page_size=10)


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(tokens=TOKENS, backups=True)
        cls.client, cls.other = Client(cls.server.address, token="alice-0123456789abcdef"), Client(cls.server.address, token="mallory-0123456789abcdef")
        cls.client.create_tenant("acme")
        cls.client.create_tenant("other")
        for client, suffix in ((cls.client, ""), (cls.other, "-foreign")):
            cls._fill_tenant(client, suffix)
        cls.foreign = {name.split("/")[0]: name + "-foreign" for name in COLLECTIONS.values()}
        versions = cls.client.call(cls.client.Rulebook.ListRuleVersions, v1.ListRuleVersionsRequest(kind=v1.RULE_KIND_REASONS)).versions
        COMMANDS["WithdrawRule"]["published_position"] = versions[0].published_position
        answer = cls.client.report("won_lost", group_by=["-"])
        QUERIES["ExplainReport"] = dict(cell_id=next(cell.cell_id for row in answer.raw_rows for cell in row.cells if cell.cell_id))

    @classmethod
    def tearDownClass(cls):
        cls.client.channel.close()
        cls.other.channel.close()
        cls.server.__exit__()

    @classmethod
    def _fill_tenant(cls, client, suffix):
        client.publish(rules.pipelines(sales=["potential", "offer", "won", "lost"], service=["request", "visit", "won", "lost"],
                                       reason_required=["sales"]), rules.reasons("no_budget"),
                       rules.fields(("deals", "segment", v1.FIELD_TYPE_TEXT)))
        client.do("draft_rules", draft="drafts/open" + suffix, rules=[dict(content=dict(reasons=rules.reasons("a")))])
        for kind, name in (("user", "users/ann"), ("team", "teams/t"), ("org_unit", "org_units/u"), ("product", "products/x"),
                           ("organization", "organizations/o"), ("organization", "organizations/p")):
            client.do("create_" + kind, name=name + suffix, display_name="Name")
        client.do("create_person", name="persons/p" + suffix, external_ids=[("crm", "p")])
        for name in ("leads/open", "leads/junk"):
            client.do("capture_lead", name=name + suffix, occurred="2024-01-10", person_name=dict(display="Somebody"))
        client.do("disqualify_lead", lead="leads/junk" + suffix, occurred="2024-01-11", reason="no_budget")
        for name in ("deals/open", "deals/won", "deals/deleted"):
            client.do("create_deal", name=name + suffix, occurred="2024-01-10", value=(100000, "USD"), external_ids=[("crm", name)])
        client.do("win_deal", deal="deals/won" + suffix, occurred="2024-02-10")
        client.do("delete_record", record="deals/deleted" + suffix, occurred="2024-02-10", reason="test")

    # ---- Calling any RPC ----

    def call(self, client, service, method, request, metadata=None):
        """None if it was answered; else the Refused."""
        stub = getattr(v1, service.name + "Stub")(client.channel)
        metadata = client.metadata if metadata is None else metadata
        argument = iter([request]) if method.name == "Stream" else request
        try:
            response = getattr(stub, method.name)(argument, metadata=metadata, timeout=30)
            if method.name in ("Subscribe", "WatchReport"):
                response = [next(iter(response))]
            elif method.name in ("Stream", "Rebuild", "Verify", "BackUp"):
                response = list(response)
            outcomes = response if method.name == "Stream" else [response] if method.name == "ExecuteBatch" else []
            for outcome in (o for batch in outcomes for o in batch.outcomes):
                if outcome.status.code:
                    return Refused(outcome.status)
        except grpc.RpcError as error:
            return refused(error)
        return None

    def heads(self):
        return self.client.status().head_hash, self.other.status().head_hash

    def every_rpc(self):
        for service in SERVICES.values():
            for method in service.methods:
                yield service, method, good_request(service, method)

    def expect(self, service, method, what, error, codes, reasons):
        place = f"{service.name}.{method.name}, {what}"
        if error is None:
            self.problems.append(f"{place}: was answered with OK, wanted {codes} {reasons}")
        elif error.code not in codes or error.reason not in reasons:
            self.problems.append(f"{place}: {error}; wanted {codes} {reasons}")
        elif len(error.message.split()) < 3:
            self.problems.append(f"{place}: the sentence says too little: {error.message!r}")

    def check_all(self, mutate):
        """Every mutation of every RPC's good request; heads must stay."""
        self.problems, count = [], 0
        before = self.heads()
        for service, method, request in self.every_rpc():
            if method.name in REFUSED_WHEN_GOOD:
                continue
            for what, bad, codes, reasons in mutate(request):
                self.expect(service, method, what, self.call(self.client, service, method, bad), codes, reasons)
                count += 1
            if self.heads() != before:
                self.problems.append(f"{service.name}.{method.name}: changed the log")
                before = self.heads()
        self.assertFalse(self.problems, f"{len(self.problems)} of {count}\n" + "\n".join(self.problems))
        self.assertGreater(count, 4)

    # ---- What must be so ----

    def test_the_good_requests_are_good(self):
        self.problems = []
        before = self.heads()
        for service, method, request in self.every_rpc():
            if "header" in request.DESCRIPTOR.fields_by_name:
                request.header.validate_only = True
            error = self.call(self.client, service, method, request)
            if method.name in REFUSED_WHEN_GOOD:
                self.expect(service, method, "good", error, *((x,) for x in REFUSED_WHEN_GOOD[method.name]))
            elif error:
                self.problems.append(f"{service.name}.{method.name}: {error}")
        self.assertFalse(self.problems, "\n" + "\n".join(self.problems))
        self.assertEqual(before, self.heads(), "validate_only changed the log")

    def test_empty(self):
        self.problems = []
        before = self.heads()
        for service, method, request in self.every_rpc():
            if method.name in EMPTY_APPENDS:
                continue
            error = self.call(self.client, service, method, type(request)())
            if method.name in EMPTY_IS_GOOD:
                if error:
                    self.problems.append(f"{service.name}.{method.name}, empty: {error}")
            elif error is None or error.code not in ("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION") or not error.reason:
                self.problems.append(f"{service.name}.{method.name}, empty: {error}")
        self.assertFalse(self.problems, "\n" + "\n".join(self.problems))
        self.assertEqual(before, self.heads())

    def test_oversized(self):
        self.check_all(mutations.too_long)

    def test_oversized_message(self):
        big = command("capture_lead", request="x" * (5 << 20))
        with self.assertRaises(Refused) as caught:
            self.client.execute(big)
        self.assertIn(caught.exception.code, ("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"))

    def test_unknown_enums(self):
        self.check_all(mutations.unknown_enums)

    def test_wrong_money(self):
        self.check_all(mutations.wrong_money)

    def test_wrong_dates(self):
        self.check_all(mutations.wrong_dates)

    def test_wrong_times(self):
        self.check_all(lambda request: mutations.wrong_times(request, FUTURE))

    def test_wrong_references(self):
        self.check_all(lambda request: mutations.wrong_references(request, self.foreign))

    def test_wrong_references_of_a_timeline(self):
        self.problems = []
        service = SERVICES["ReportService"]
        request = fill(v1.RunReportRequest(), report="entity_timeline", parameters=dict(record="deals/open", collection="deals"))
        method = service.methods_by_name["RunReport"]
        self.assertIsNone(self.call(self.client, service, method, request))
        count = 0
        for what, bad, codes, reasons in mutations.wrong_references(request, self.foreign):
            self.expect(service, method, what, self.call(self.client, service, method, bad), codes, reasons)
            count += 1
        self.assertFalse(self.problems, "\n" + "\n".join(self.problems))
        self.assertEqual(4, count)

    def test_wrong_page_tokens_and_cells(self):
        self.check_all(mutations.wrong_page_tokens)

    def test_revisions_that_are_not(self):
        skip = ("PublishRules", "DraftRules", "PublishDraft", "DiscardDraft", "WithdrawRule")
        self.problems = []
        before = self.heads()
        for service, method, request in self.every_rpc():
            if method.name not in skip:
                for what, bad, codes, reasons in mutations.wrong_revision(request):
                    self.expect(service, method, what, self.call(self.client, service, method, bad), codes, reasons)
        self.assertFalse(self.problems, "\n" + "\n".join(self.problems))
        self.assertEqual(before, self.heads())

    def refuse(self, kind, code, why, /, **fields):
        before = self.heads()
        with self.assertRaises(Refused, msg=f"{kind} {fields}") as caught:
            self.client.do(kind, **fields)
        self.assertEqual((code, why), (caught.exception.code, caught.exception.reason), str(caught.exception))
        self.assertEqual(before, self.heads())

    def test_stages(self):
        for stage, why in (("nowhere", "UNKNOWN_STAGE"), ("visit", "STAGE_OF_OTHER_PIPELINE")):
            self.refuse("change_deal_stage", "INVALID_ARGUMENT", why, deal="deals/open", stage=stage)
            self.refuse("create_deal", "INVALID_ARGUMENT", why, pipeline="sales", stage=stage)
        self.refuse("move_deal_to_pipeline", "INVALID_ARGUMENT", "UNKNOWN_PIPELINE", deal="deals/open", pipeline="nowhere")
        self.refuse("create_deal", "INVALID_ARGUMENT", "UNKNOWN_PIPELINE", pipeline="nowhere")
        self.refuse("create_deal", "FAILED_PRECONDITION", "STAGE_IS_OUTCOME", pipeline="sales", stage="won")

    def test_states(self):
        self.refuse("lose_deal", "INVALID_ARGUMENT", "REASON_REQUIRED", deal="deals/open")
        self.refuse("lose_deal", "INVALID_ARGUMENT", "UNKNOWN_REASON", deal="deals/open", reason="weather")
        self.refuse("lose_deal", "FAILED_PRECONDITION", "DEAL_CLOSED", deal="deals/won", reason="no_budget")
        self.refuse("reopen_deal", "FAILED_PRECONDITION", "DEAL_OPEN", deal="deals/open")
        self.refuse("assign_deal", "FAILED_PRECONDITION", "RECORD_DELETED", deal="deals/deleted", owner="users/ann")
        self.refuse("change_deal_stage", "FAILED_PRECONDITION", "BACKDATING_CONFLICT", deal="deals/open", stage="offer", occurred="2023-12-31")
        self.refuse("capture_lead", "INVALID_ARGUMENT", "LEAD_UNIDENTIFIED", request="a pump")
        self.refuse("convert_lead", "INVALID_ARGUMENT", "PARTY_REQUIRED", lead="leads/open")
        self.refuse("create_deal", "ALREADY_EXISTS", "EXTERNAL_ID_TAKEN", external_ids=[("crm", "deals/open")])
        self.refuse("create_deal", "ALREADY_EXISTS", "RECORD_EXISTS", name="deals/open")
        self.refuse("set_organization_parent", "FAILED_PRECONDITION", "PARENT_CYCLE", organization="organizations/o",
                    parent="organizations/o")
        self.refuse("annotate_record", "INVALID_ARGUMENT", "UNKNOWN_FIELD", record="deals/open",
                    fields=[dict(field_id="nowhere", value=dict(text="x"))])
        self.refuse("annotate_record", "INVALID_ARGUMENT", "FIELD_TYPE_MISMATCH", record="deals/open",
                    fields=[dict(field_id="segment", value=dict(integer=1))])
        self.refuse("withdraw_rule", "NOT_FOUND", "RULE_VERSION_NOT_FOUND", kind=v1.RULE_KIND_REASONS, published_position=99999)
        self.refuse("publish_draft", "NOT_FOUND", "DRAFT_NOT_FOUND", draft="drafts/nowhere")

    def test_request_ids(self):
        first = self.client.do("assign_deal", deal="deals/won", request_id="r1", owner="users/ann")
        again = self.client.do("assign_deal", deal="deals/won", request_id="r1", owner="users/ann")
        self.assertEqual((first.position, True), (again.position, again.repeated))
        self.refuse("assign_deal", "INVALID_ARGUMENT", "REQUEST_ID_REUSED", deal="deals/open", request_id="r1")

    def test_positions_and_parameters(self):
        report = lambda **p: (lambda: self.client.report("won_lost", **p))
        for ask, code, reason in (
                (report(as_of=10 ** 9), "OUT_OF_RANGE", "POSITION_BEYOND_HEAD"),
                (report(period="yesterday"), "INVALID_ARGUMENT", "PARAMETER_INVALID"),
                (report(period="2024-12-31..2024-01-01"), "INVALID_ARGUMENT", "PERIOD_INVALID"),
                (report(filter="no_such_field = 1"), "INVALID_ARGUMENT", "FILTER_INVALID"),
                (report(filter="((("), "INVALID_ARGUMENT", "FILTER_INVALID"),
                (report(group_by=["no_such"]), "INVALID_ARGUMENT", "PARAMETER_INVALID"),
                (report(mode="no_such"), "INVALID_ARGUMENT", "PARAMETER_INVALID"),
                (report(measures=["no_such"]), "INVALID_ARGUMENT", "PARAMETER_INVALID"),
                (report(currency="XQX"), "INVALID_ARGUMENT", ("UNKNOWN_CURRENCY", "CURRENCY_INVALID")),
                (report(rule_basis=dict(kind=v1.RULE_BASIS_KIND_DRAFT, draft="drafts/nowhere")), "NOT_FOUND", "DRAFT_NOT_FOUND"),
                (lambda: self.client.report("no_such"), "NOT_FOUND", "REPORT_NOT_FOUND")):
            with self.assertRaises(Refused) as caught:
                ask()
            reasons = reason if isinstance(reason, tuple) else (reason,)
            self.assertEqual(code, caught.exception.code, str(caught.exception))
            self.assertIn(caught.exception.reason, reasons, str(caught.exception))

    def test_a_read_that_cannot_wait_long_enough(self):
        stub = self.client.Report.RunReport
        with self.assertRaises(Refused) as caught:
            self.client.call(stub, v1.RunReportRequest(report="won_lost", min_position=10 ** 9), timeout=1)
        self.assertEqual("DEADLINE_EXCEEDED", caught.exception.code)

    def test_tokens_of_another_tenant(self):
        answer = self.client.report("pipeline_detail", page_size=1, mode="all")
        token, cell = answer.response.next_page_token, QUERIES["ExplainReport"]["cell_id"]
        page_two = v1.RunReportRequest(report="pipeline_detail", page_size=1, page_token=token, parameters=dict(mode="all"))
        self.assertEqual(1, len(self.client.call(self.client.Report.RunReport, page_two).rows))
        for ask in (lambda: self.other.call(self.other.Report.RunReport, page_two),
                    lambda: self.other.explain(cell),
                    lambda: self.other.call(self.other.Report.RunReport, v1.RunReportRequest(page_token=answer.response.pin))):
            with self.assertRaises(Refused) as caught:
                ask()
            self.assertEqual(("INVALID_ARGUMENT", "TOKEN_INVALID"), (caught.exception.code, caught.exception.reason))

    def test_credentials(self):
        self.problems = []
        before = self.heads()
        wrong = {"none": (), "unknown": (("authorization", "Bearer nobody"),), "garbage": (("authorization", "Bearer " + "~" * 4000),),
                 "another scheme": (("authorization", "Basic YTpi"),), "insecure ones": (("recount-tenant", "acme"), ("recount-actor", "x"))}
        for service, method, request in self.every_rpc():
            for what, metadata in wrong.items():
                error = self.call(self.client, service, method, request, metadata=metadata)
                self.expect(service, method, f"credentials: {what}", error, ("UNAUTHENTICATED",), ("CREDENTIALS_INVALID",))
        self.assertFalse(self.problems, "\n" + "\n".join(self.problems[:50]))
        self.assertEqual(before, self.heads())

    def test_roles(self):
        self.problems = []
        reader = Client(self.server.address, token="reader-0123456789abcdef")
        for service, method, request in self.every_rpc():
            if method.name in COMMANDS or method.name in ("CreateTenant", "Rebuild", "BackUp", "SetClock"):
                self.expect(service, method, "as a viewer", self.call(reader, service, method, request), ("PERMISSION_DENIED",),
                            ("ROLE_NOT_ALLOWED",))
        reader.channel.close()
        self.assertFalse(self.problems, "\n" + "\n".join(self.problems))


if __name__ == "__main__":
    sys.exit(unittest.main())
