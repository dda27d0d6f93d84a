"""Plays a history into a server with a simulated clock, by one command stream: the way that any client has. The generated
classes of the public language (tools/python_stubs) must be on the path."""

import queue
from datetime import datetime, time, timedelta, timezone

import grpc
from google.type import date_pb2, money_pb2
from recount.v1 import admin_pb2, admin_pb2_grpc, command_pb2, command_pb2_grpc, lead_pb2

from benchmarks import history
from benchmarks.programs import BenchError

COMMANDS_A_MESSAGE = 250
METADATA = (("recount-tenant", history.TENANT["tenant_id"]), ("recount-actor", history.ACTOR))
LEVELS = {1: lead_pb2.LEAD_LEVEL_MQL, 2: lead_pb2.LEAD_LEVEL_SQL, 3: lead_pb2.LEAD_LEVEL_SAL}


def to_date(day):
    moment = history.FIRST_DAY + timedelta(days=day)
    return date_pb2.Date(year=moment.year, month=moment.month, day=moment.day)


def set_money(message, amount, currency):
    message.currency_code = currency
    message.units, cents = divmod(amount, 100)
    message.nanos = cents * 10_000_000


# ---- A command for each kind of occurrence; each gives the part whose header is then filled ----

def captured(command, one):
    part = command.capture_lead
    part.name = f"leads/{one.record}"
    part.external_ids.add(source="bench", id=str(one.record))
    if one.fields["source"]:
        part.source.id = one.fields["source"]
    return part


def lead_assigned(command, one):
    part = command.assign_lead
    part.lead.name = f"leads/{one.record}"
    part.owner.name = f"users/{one.fields['owner']}"
    return part


def qualified(command, one):
    part = command.qualify_lead
    part.lead.name = f"leads/{one.record}"
    part.level = LEVELS[one.fields["level"]]
    return part


def disqualified(command, one):
    part = command.disqualify_lead
    part.lead.name = f"leads/{one.record}"
    part.reason = "no_interest"
    return part


def status(command, one):
    part = command.change_lead_status
    part.lead.name = f"leads/{one.record}"
    part.status = "called"
    return part


def created(command, one):
    part, fields = command.create_deal, one.fields
    part.name = f"deals/{one.record}"
    part.pipeline, part.stage = fields["pipeline"], fields["stage"]
    set_money(part.value, fields["amount"], fields["currency"])
    part.owner.name = f"users/{fields['owner']}"
    if fields["lead"]:
        part.lead.name = f"leads/{fields['lead']}"
    if fields["source"]:
        part.source.id = fields["source"]
    if fields["expected"] is not None:
        part.expected_close.CopyFrom(to_date(fields["expected"]))
    return part


def deal(part, one):
    part.deal.name = f"deals/{one.record}"
    return part


def stage(command, one):
    part = deal(command.change_deal_stage, one)
    part.stage = one.fields["stage"]
    return part


def value(command, one):
    part = deal(command.change_deal_value, one)
    set_money(part.value, one.fields["amount"], one.fields["currency"])
    return part


def expected(command, one):
    part = deal(command.change_deal_expected_close, one)
    part.expected_close.CopyFrom(to_date(one.fields["expected"]))
    return part


def assigned(command, one):
    part = deal(command.assign_deal, one)
    part.owner.name = f"users/{one.fields['owner']}"
    return part


def override(command, one):
    part = deal(command.override_deal_probability, one)
    part.probability_bp = one.fields["probability"]
    return part


def won(command, one):
    return deal(command.win_deal, one)


def lost(command, one):
    part = deal(command.lose_deal, one)
    part.reason = history.REASONS[one.record % len(history.REASONS)]
    return part


def reopened(command, one):
    part = deal(command.reopen_deal, one)
    part.stage = one.fields["stage"]
    return part


MAKERS = {
    history.CAPTURED: captured, history.LEAD_ASSIGNED: lead_assigned, history.QUALIFIED: qualified,
    history.DISQUALIFIED: disqualified, history.STATUS: status, history.CREATED: created, history.STAGE: stage,
    history.VALUE: value, history.EXPECTED: expected, history.ASSIGNED: assigned, history.OVERRIDE: override,
    history.WON: won, history.LOST: lost, history.REOPENED: reopened,
}


def add_probabilities(publish, table):
    rule = publish.rules.add().content.probabilities
    for pipeline, probabilities in table.items():
        for name, probability in zip(history.STAGES, probabilities):
            rule.probabilities.add(pipeline=pipeline, stage=name, probability_bp=probability)


def new_probabilities():
    command = command_pb2.Command()
    add_probabilities(command.publish_rules, history.PROBABILITIES)
    return command


def rules():
    """What the company lays down before its first day."""
    command = command_pb2.Command()
    publish = command.publish_rules
    pipelines = publish.rules.add().content.pipelines
    for pipeline in history.PIPELINES:
        made = pipelines.pipelines.add(id=pipeline)
        for name in history.STAGES:
            made.stages.add(id=name)
        made.stages.add(id="won", meaning=1)
        made.stages.add(id="lost", meaning=2)
    add_probabilities(publish, history.OLD_PROBABILITIES)
    reasons = publish.rules.add().content.reasons
    for reason in history.REASONS:
        reasons.reasons.add(id=reason, for_lost_deals=True)
    reasons.reasons.add(id="no_interest", for_disqualified_leads=True)
    return command


def users():
    commands = []
    for name in history.USERS:
        command = command_pb2.Command()
        command.create_user.name = f"users/{name}"
        command.create_user.display_name = f"User {name}"
        commands.append(command)
    return commands


class Loader:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 64 << 20)])
        self.admin = admin_pb2_grpc.AdminServiceStub(self.channel)
        self.requests = queue.SimpleQueue()
        self.answers = command_pb2_grpc.CommandServiceStub(self.channel).Stream(iter(self.requests.get, None), metadata=METADATA)
        self.sent = self.position = 0

    def clock(self, day, hour):
        request = admin_pb2.SetClockRequest()
        request.time.FromDatetime(datetime.combine(day, time(hour), timezone.utc).replace(tzinfo=None))
        self.admin.SetClock(request, metadata=METADATA)

    def batches(self, occurrences):
        """Bytes are made while the server still works on the day before."""
        made = []
        for begin in range(0, len(occurrences), COMMANDS_A_MESSAGE):
            batch = command_pb2.CommandBatch()
            for one in occurrences[begin:begin + COMMANDS_A_MESSAGE]:
                self.sent += 1
                sequenced = batch.commands.add()
                sequenced.sequence = self.sent
                header = MAKERS[one.kind](sequenced.command, one).header
                header.request_id = str(self.sent)
                header.occurred.time.seconds = history.EPOCH + one.second
            made.append(batch)
        return made

    def send(self, batches):
        for batch in batches:
            self.requests.put(batch)

    def receive(self, batches):
        """Waits for the answers of these."""
        for batch in batches:
            for outcome, sent in zip(next(self.answers).outcomes, batch.commands):
                if outcome.status.code:
                    raise BenchError(f"the server refused a command of the history: {outcome.status.message}\n{sent.command}")
                self.position = outcome.result.position

    def found(self):
        """Tenant, users and rules."""
        self.clock(history.FIRST_DAY - timedelta(days=1), 20)
        self.admin.CreateTenant(admin_pb2.CreateTenantRequest(**history.TENANT), metadata=METADATA)
        self.execute(users() + [rules()])

    def execute(self, commands):
        batch = command_pb2.CommandBatch()
        for command in commands:
            self.sent += 1
            batch.commands.add(sequence=self.sent, command=command)
        self.send([batch])
        self.receive([batch])

    def play(self, past, rows, progress=lambda day, events: None):
        """A `history.History`; `rows` takes the same for the peers."""
        self.found()
        under_way = []
        for day, occurrences in past.days():
            batches = self.batches(occurrences)
            self.receive(under_way)
            self.clock(day, 20)
            if day == history.RULE_CHANGE:
                self.execute([new_probabilities()])
            self.send(batches)
            under_way = batches
            rows.write(day, occurrences)
            progress(day, rows.number)
        self.receive(under_way)
        self.requests.put(None)

    def close(self):
        self.requests.put(None)
        self.channel.close()
