"""A fixed script of commands, reports, a rebuild and a backup, and what must be true after it whatever failed meanwhile."""

import collections
import time

from harness import rules
from harness.client import Client, Refused, command
from harness.protos import v1

DEADLINE_SECONDS = 30  # of every call: who answers later hangs
SECONDS_TO_RESUME = 60  # after there is room again
LEADS, DEALS = 28, 14
ACTOR = "script"
# What a client may be told: nobody knows whether the command was executed; there is no room, and it was not.
UNKNOWN, NO_ROOM = "UNAVAILABLE", "RESOURCE_EXHAUSTED"
GIVEN_UP = "ABORTED"  # a rebuild: the old read models serve on


class Wrong(AssertionError):
    """The server broke a promise."""


def require(truth, sentence):
    if not truth:
        raise Wrong(sentence)


def lead_name(number):
    return f"Noa Levi {number}"


def _steps():
    """Lists of (request id, command): one command is executed alone, several are one batch."""
    setup = command("publish_rules", request_id="rules")
    with_rules = rules.pipelines(sales=["potential", "offer", "order", "won", "lost"])
    setup.publish_rules.rules.add().content.pipelines.CopyFrom(with_rules)
    leads = [(f"lead-{i}", command("capture_lead", request_id=f"lead-{i}", name=f"leads/{i}", occurred="2024-01-01",
                                   person_name=dict(display=lead_name(i)), emails=[dict(raw=f"noa{i}@example.com")]))
             for i in range(LEADS)]
    deals = [(f"deal-{i}", command("create_deal", request_id=f"deal-{i}", name=f"deals/{i}", title="Pump", occurred="2024-01-02",
                                   value=(100 * (i + 1), "USD"))) for i in range(DEALS)]
    changes = [(f"change-{i}", command("change_deal_value", request_id=f"change-{i}", deal=f"deals/{i}", occurred="2024-01-03",
                                       value=(1000 * (i + 1), "USD"))) for i in range(DEALS)]
    alone = [[one] for one in leads[:8] + deals[:4]]
    first = [[("rules", setup)]] + alone + [leads[8:18], deals[4:], changes[:6]]
    second = [leads[18:24]] + [[one] for one in changes[6:10]] + [changes[10:], leads[24:]] + [[]]
    return first, second


class Script:
    """Plays the steps against servers that may fail, and keeps what was acknowledged."""

    FIRST, SECOND = _steps()

    def __init__(self, answers=()):
        self.answers = dict(answers)  # request id -> position
        self.tenant_waits = False     # the new tenant's read models could not be opened: it is there after a restart

    def connect(self, server):
        return Client(server.address, actor=ACTOR)

    def play(self, server, halves=2):
        """Whether the server answered everything. If it does not: it ends."""
        with self.connect(server) as client:
            try:
                self._create_tenant(client)
                for step in self.FIRST:
                    self._execute(client, step)
                self.look(client)
                if halves == 2:
                    self._try(lambda: self.back_up(client))
                    for number, step in enumerate(self.SECOND):
                        self._execute(client, step)
                        if number == 2:
                            self._try(lambda: self._rebuild(client))
                    self.look(client)
                return True
            except Refused as error:
                require(error.code == UNKNOWN or self.tenant_waits, f"a client was told {error}")
                return False

    def _try(self, doing):
        """Something whose failure may be its own affair: a backup, a rebuild."""
        try:
            doing()
        except Refused as error:
            require(error.code in (UNKNOWN, NO_ROOM, GIVEN_UP), f"a client was told {error}")

    def _create_tenant(self, client):
        try:
            client.call(client.Admin.CreateTenant, v1.CreateTenantRequest(tenant_id="acme", zone="UTC", currency="USD", region="US"),
                        timeout=DEADLINE_SECONDS)
        except Refused as error:
            self.tenant_waits = error.code in (UNKNOWN, NO_ROOM) and "opening the read models" in error.message
            if error.code != "ALREADY_EXISTS":
                raise

    def _execute(self, client, step):
        """Until all is acknowledged; Refused if it cannot be."""
        refused, end = [], time.monotonic() + SECONDS_TO_RESUME
        while not refused or time.monotonic() < end:
            outcomes = self._outcomes(client, [one for _, one in step]) if step else []
            for (request_id, _), outcome in zip(step, outcomes):
                self._note(request_id, outcome)
            refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
            if not refused:
                return
            if refused[0].code != NO_ROOM:
                raise refused[0]
        raise Wrong(f"room came back, but commands are still refused: {refused[0]}")

    def _outcomes(self, client, commands):
        if len(commands) == 1:
            try:
                return [client.call(client.Command.Execute, commands[0], timeout=DEADLINE_SECONDS)]
            except Refused as error:
                return [error]
        batch = v1.CommandBatch(commands=[v1.SequencedCommand(sequence=i, command=one) for i, one in enumerate(commands)])
        answer = client.call(client.Command.ExecuteBatch, batch, timeout=DEADLINE_SECONDS)
        return [outcome.result if outcome.status.code == 0 else Refused(outcome.status) for outcome in answer.outcomes]

    def _note(self, request_id, outcome):
        if isinstance(outcome, Refused):
            require(request_id not in self.answers, f"{request_id} was acknowledged, and its repeat is told {outcome}")
            return
        known = self.answers.setdefault(request_id, outcome.position)
        require(known == outcome.position, f"{request_id} was acknowledged at {known}, and its repeat at {outcome.position}")

    def look(self, client):
        """A report tells what was acknowledged; what was not may be in it."""
        head = max(self.answers.values(), default=0)
        answer = client.report("pipeline_snapshot", min_position=head)
        deals = sum(request_id.startswith("deal-") for request_id in self.answers)
        require(answer.total()["deals"] >= deals, f"{deals} deals were acknowledged, and the report says\n{answer.table()}")

    def back_up(self, client):
        list(client.stream(client.Admin.BackUp, v1.BackUpRequest(folder="b", keys_folder="k"), timeout=DEADLINE_SECONDS))

    def _rebuild(self, client):
        list(client.stream(client.Admin.Rebuild, v1.RebuildRequest(target="deal"), timeout=DEADLINE_SECONDS))

    # ---- After the fault ----

    def check(self, server):
        """On a server without a fault: nothing acknowledged is lost, all of it can be sent again, and all agrees."""
        with self.connect(server) as client:
            self._check_log(client, complete=False)
            require(self.play(server), "the server without a fault ended")
            self._check_log(client, complete=True)
            self._check_names(client)
            self.back_up(client)
            list(client.stream(client.Admin.Verify, v1.VerifyRequest(), timeout=DEADLINE_SECONDS))
            live = client.digests()
            done = client.rebuild()
            require(live == {digest.subject: digest.after for digest in done.digests}, "live and rebuilt read models differ")

    def _check_log(self, client, complete):
        try:
            events = client.log()
        except Refused as error:
            require(error.reason == "TENANT_NOT_FOUND" and not self.answers, f"the log cannot be read: {error}")
            return
        require([event.position for event in events] == list(range(1, len(events) + 1)), "positions have a gap")
        commits = collections.defaultdict(set)
        for event in events:
            if event.actor == ACTOR and event.request_id:
                commits[event.request_id].add(event.commit_position)
        for request_id, position in self.answers.items():
            require(commits.get(request_id) == {position},
                    f"{request_id} was acknowledged at {position} and stands at {commits.get(request_id)}")
        twice = {request_id for request_id, positions in commits.items() if len(positions) > 1}
        require(not twice, f"more than once in the log: {sorted(twice)}")
        wanted = {request_id for step in self.FIRST + self.SECOND for request_id, _ in step}
        require(not complete or set(commits) == wanted, f"missing or made up: {sorted(set(commits) ^ wanted)}")

    def _check_names(self, client):
        """The key of every person is there."""
        refs = [v1.Ref(name=f"leads/{i}") for i in range(LEADS)]
        found = client.call(client.Lead.BatchGetLeads, v1.BatchGetRequest(refs=refs)).leads
        require([lead.person_name.display for lead in found] == [lead_name(i) for i in range(LEADS)], "personal data cannot be read")
