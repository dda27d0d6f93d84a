"""A client that knows nothing but the protos."""

import grpc

from harness import values
from harness.certificates import channel_to
from harness.protos import error_details_pb2, status_pb2, v1

DEADLINE_SECONDS = 60


class Refused(Exception):
    """A call that the server refused, with the reason that a program acts on."""

    def __init__(self, status):
        self.code = grpc_code(status.code)
        self.reason, self.metadata, self.fields = None, {}, []
        for detail in status.details:
            info, bad, failed = (error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(),
                                 error_details_pb2.PreconditionFailure())
            if detail.Unpack(info):
                self.reason, self.metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(bad):
                self.fields += [violation.field for violation in bad.field_violations]
            elif detail.Unpack(failed):
                self.fields += [violation.subject for violation in failed.violations]
        self.message = status.message
        super().__init__(f"{self.code} {self.reason}: {self.message}")


def grpc_code(number):
    return next(code.name for code in grpc.StatusCode if code.value[0] == number)


def refused(error):
    """The Refused of an RpcError."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            return Refused(status_pb2.Status.FromString(value))
    return Refused(status_pb2.Status(code=error.code().value[0], message=error.details() or ""))


def command(kind, /, occurred=None, request_id="", expected_revision=None, validate_only=False, correlation_id="", **fields):
    """A Command: `command("create_deal", occurred="2024-03-01", name="deals/7", value=(3000000, "ILS"))`."""
    result = v1.Command()
    message = getattr(result, kind)
    message.SetInParent()
    message.header.SetInParent()
    values.fill(message.header, occurred=occurred, request_id=request_id, expected_revision=expected_revision,
                validate_only=validate_only, correlation_id=correlation_id)
    values.fill(message, **fields)
    return result


class Client:
    def __init__(self, address, tenant="acme", actor="tester", token=None, authority=None):
        """`authority`: PEM file of the one that signed the server's certificate; without it in clear."""
        self.channel = channel_to(address, authority)
        if token is not None:
            self.metadata = (("authorization", "Bearer " + token),)
        else:
            self.metadata = (("recount-tenant", tenant), ("recount-actor", actor))
        for name in ("Command", "Report", "History", "Rulebook", "Admin", "Deal", "Lead", "Person", "Organization", "Product", "User",
                     "Team", "OrgUnit", "Record"):
            setattr(self, name, getattr(v1, name + "ServiceStub")(self.channel))
        self.head = 0  # the newest position that a command of ours was answered with

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.channel.close()

    def call(self, method, request, timeout=DEADLINE_SECONDS):
        try:
            return method(request, metadata=self.metadata, timeout=timeout)
        except grpc.RpcError as error:
            raise refused(error) from None

    def stream(self, method, request, timeout=600):
        try:
            yield from method(request, metadata=self.metadata, timeout=timeout)
        except grpc.RpcError as error:
            raise refused(error) from None

    # ---- Commands ----

    def do(self, kind, /, **fields):
        return self.execute(command(kind, **fields))

    def execute(self, one):
        result = self.call(self.Command.Execute, one)
        self.head = max(self.head, result.position)
        return result

    def execute_all(self, commands, atomic=False):
        """Outcomes in order: CommandResult or Refused."""
        outcomes = []
        for start in range(0, len(commands), 500):
            batch = v1.CommandBatch(atomic=atomic, commands=[
                v1.SequencedCommand(sequence=start + i, command=one) for i, one in enumerate(commands[start:start + 500])])
            for outcome in self.call(self.Command.ExecuteBatch, batch).outcomes:
                outcomes.append(outcome.result if outcome.status.code == 0 else Refused(outcome.status))
                if outcome.status.code == 0:
                    self.head = max(self.head, outcome.result.position)
        return outcomes

    def publish(self, *rules, effective_from=None, **header):
        """Publishes rules given as messages of rule.proto."""
        return self.do("publish_rules", rules=[proposal(rule, effective_from) for rule in rules], **header)

    # ---- Administration ----

    def create_tenant(self, tenant_id="acme", zone="UTC", currency="USD", region="US"):
        return self.call(self.Admin.CreateTenant, v1.CreateTenantRequest(tenant_id=tenant_id, zone=zone, currency=currency, region=region))

    def status(self):
        return self.call(self.Admin.GetStatus, v1.GetStatusRequest())

    def set_clock(self, micros):
        return self.call(self.Admin.SetClock, v1.SetClockRequest(time=values.timestamp(micros)))

    def rebuild(self, target="deal"):
        return list(self.stream(self.Admin.Rebuild, v1.RebuildRequest(target=target)))[-1]

    def digests(self):
        """Digest by subject, at one position for all."""
        status = self.settled_status()
        return {model.subject: model.digest for model in status.read_models}

    def settled_status(self):
        """A status whose read models stand at the head: a report waits for it first."""
        head = self.status().head
        if head:
            self.call(self.Report.RunReport, v1.RunReportRequest(report="pipeline_snapshot", min_position=head, page_size=1))
        return self.status()

    # ---- Reading ----

    def log(self, after=0):
        """All events of the log."""
        events = []
        while True:
            page = self.call(self.History.ReadLog, v1.ReadLogRequest(after_position=after, page_size=1000))
            events += page.events
            if page.next_after_position == 0:
                return events
            after = page.next_after_position

    def report(self, report_id, min_position=None, compare=None, sort="", page_size=0, **parameters):
        request = v1.RunReportRequest(report=report_id, sort=sort, page_size=page_size,
                                      min_position=self.head if min_position is None else min_position)
        values.fill(request.parameters, **parameters)
        if compare:
            values.fill(request.compare, **compare)
        return Answer(self, request)

    def pinned(self, pin):
        """The answer that a pin reproduces."""
        return Answer(self, v1.RunReportRequest(page_token=pin))

    def explain(self, cell_id):
        """(response of the first page, contributions of all pages)."""
        contributions, token = [], ""
        while True:
            page = self.call(self.Report.ExplainReport, v1.ExplainReportRequest(cell_id=cell_id, page_size=1000, page_token=token))
            contributions += page.contributions
            token = page.next_page_token
            if not token:
                return page, contributions


def proposal(rule, effective_from=None):
    result = v1.RuleProposal()
    for field in result.content.DESCRIPTOR.fields:
        if field.message_type.full_name == rule.DESCRIPTOR.full_name:
            getattr(result.content, field.name).CopyFrom(rule)
    return values.fill(result, effective_from=effective_from)


class Answer:
    """A report's answer: rows as dicts of Python values by column id."""

    def __init__(self, client, request):
        """All pages of it."""
        response = client.call(client.Report.RunReport, request)
        rows = list(response.rows)
        token = response.next_page_token
        while token:
            request.page_token = token
            page = client.call(client.Report.RunReport, request)
            rows += page.rows
            token = page.next_page_token
        self._take(response, rows)

    @classmethod
    def of(cls, response):
        """Of one that was got in another way."""
        answer = cls.__new__(cls)
        answer._take(response, list(response.rows))
        return answer

    def _take(self, response, rows):
        self.response, self.basis, self.raw_rows = response, response.basis, rows
        self.notes = {note.code: note.count for note in response.notes}
        self.columns = [column.id for column in response.columns]
        self.rows = [self._read(row) for row in rows if not row.is_total and not row.apart]
        self.totals = [self._read(row) for row in rows if row.is_total]
        self.apart = {row.apart: self._read(row) for row in rows if row.apart}

    def _read(self, row):
        return {column: values.value_of(cell.value) for column, cell in zip(self.columns, row.cells)}

    @property
    def dimensions(self):
        return [column.id for column in self.response.columns if column.is_dimension]

    def row(self, **where):
        """The one row (or total) with these values."""
        found = [row for row in self.rows + self.totals if all(row.get(key) == value for key, value in where.items())]
        assert len(found) == 1, f"{len(found)} rows with {where} in\n{self.table()}"
        return found[0]

    def total(self):
        assert len(self.totals) == 1, f"{len(self.totals)} totals in\n{self.table()}"
        return self.totals[0]

    def cell_id(self, column, **where):
        index = self.columns.index(column)
        for raw in self.raw_rows:
            row = self._read(raw)
            if not raw.apart and all(row.get(key) == value for key, value in where.items()):
                return raw.cells[index].cell_id
        raise AssertionError(f"no row with {where} in\n{self.table()}")

    def table(self):
        lines = [" | ".join(self.columns)]
        lines += [("= " if raw.is_total else f"{raw.apart}: " if raw.apart else "") + " | ".join(str(value) for value in self._read(raw).values()) for raw in self.raw_rows]
        return "\n".join(lines)
