"""Facts of one record: the fold of its events with position <= P and occurred <= D, in the order (occurred, position).

The creating event always comes first; what occurred before it is applied at its time and keeps its own (a lead that was
converted before its first contact; a deal won on the day of its creation, known by the day only). Whatever is asked of another moment is folded again for that moment.
"""

from reference.log import day_of, money_of

CREATING = {"DealCreated", "LeadCaptured", "PersonCreated", "OrganizationCreated", "ProductCreated", "UserCreated", "TeamCreated",
            "OrgUnitCreated"}
LEVELS = {0: "none", 1: "mql", 2: "sql", 3: "sal"}
RANKS = {level: rank for rank, level in LEVELS.items()}


class Facts:
    """What is so of a record; an attribute that is not set is None."""

    def __init__(self, name):
        self.name, self.exists, self.deleted, self.tags, self.fields = name, False, False, set(), {}
        self.external_ids = []
        self.events = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return None


class Withdrawn:
    """An outcome that a reopening withdrew: what it was, when and whose; all else is the deal as it stands."""

    def __init__(self, deal, event):
        self.standing, self.events = deal, [deal.closing_event, event]
        for name in ("outcome", "closed_at", "won_at", "lost_at", "lost_reason", "competitor", "owner_at_close"):
            setattr(self, name, getattr(deal, name))

    def __getattr__(self, name):
        return getattr(self.__dict__["standing"], name)


def standing(record):
    """The record itself of what was withdrawn."""
    return record.standing if isinstance(record, Withdrawn) else record


def fold(name, events, position, valid_at):
    """Of the events of one stream. Facts that do not exist (yet) have exists = False."""
    known = [e for e in events if e.position <= position]
    creation = next((e for e in known if e.kind in CREATING), None)
    facts = Facts(name)
    if creation is None:
        return facts
    order = sorted(known, key=lambda e: (e is not creation, e.occurred, e.position))
    for event in order:
        at = max(event.occurred, creation.occurred)
        if at <= valid_at:
            facts.events.append(event)
            _apply(facts, event, event.occurred)
    return facts


def fold_of(name, events):
    """Of just these events, the creating one among them."""
    return fold(name, events, max(e.position for e in events), max(e.occurred for e in events))


def _apply(facts, event, at):
    body = event.body
    if event.kind in CREATING:
        facts.exists, facts.created_at, facts.created_is_day = True, event.occurred, event.is_day
        facts.created_position = event.position
        facts.tags = set(body.tags)
        facts.external_ids = [(one.source, one.id) for one in body.external_ids]
        _set_fields(facts, body.fields)
    if event.kind == "RecordDeleted":
        facts.deleted, facts.deleted_at = True, event.occurred
        facts.delete_reason = body.personal_reason or body.reason
    elif event.kind == "RecordRestored":
        facts.deleted, facts.deleted_at, facts.delete_reason, facts.restored_at = False, None, None, event.occurred
    elif event.kind == "RecordAnnotated":
        facts.tags = (facts.tags | set(body.tags_added)) - set(body.tags_removed)
        _set_fields(facts, body.fields)
    elif event.stream.startswith("deals/"):
        _apply_deal(facts, event, at)
    elif event.stream.startswith("leads/"):
        _apply_lead(facts, event)
    elif event.stream.startswith("organizations/"):
        _apply_organization(facts, event)


def _set_fields(facts, changes):
    for change in changes:
        if change.remove:
            facts.fields.pop(change.field_id, None)
        else:
            facts.fields[change.field_id] = change.value


def _source(facts, source):
    facts.source, facts.medium, facts.campaign = source.id or None, source.medium or None, source.campaign or None


# ---- Deals ----


def _apply_deal(deal, event, at):
    body = event.body
    step = getattr(_DealSteps, event.kind, None)
    if step:
        step(deal, event, body, at)


def _enter(deal, event, pipeline, stage, at):
    """A new visit; the one before ends. Time after an outcome is no visit."""
    if deal.visits and deal.visits[-1]["reopening"] == event.commit:
        deal.visits.pop()  # reopened into this stage at once
    _leave(deal, event, stage if pipeline == deal.pipeline else "moved", at)
    deal.pipeline, deal.stage, deal.stage_position = pipeline, stage, event.position
    deal.stage_entered_at, deal.stage_is_day = at, event.is_day
    if deal.outcome == "open":
        _start(deal, event, at)


def _start(deal, event, at, reopening=None):
    deal.visits.append({"pipeline": deal.pipeline, "stage": deal.stage, "entered": at, "is_day": event.is_day, "left": None,
                        "position": event.position, "left_is_day": None, "left_to": None, "reopening": reopening})


def _leave(deal, event, to, at):
    if deal.visits and deal.visits[-1]["left"] is None:
        deal.visits[-1].update(left=at, left_to=to, left_is_day=event.is_day)


def _clear_probability(deal, keep):
    if not (keep or deal.probability_kept):
        deal.probability_bp = None


class _DealSteps:
    @staticmethod
    def DealCreated(deal, event, body, at):
        deal.visits, deal.withdrawn = [], []
        deal.outcome = "open"
        deal.value, deal.owner = money_of(body), body.owner or None
        deal.lead, deal.person, deal.organization, deal.product = (getattr(body, f) or None for f in
                                                                  ("lead", "person", "organization", "product"))
        _source(deal, body.source)
        deal.expected_close = day_of(body, "expected_close")
        deal.probability_bp = body.probability_bp if body.HasField("probability_bp") else None
        deal.probability_position = event.position
        _enter(deal, event, body.pipeline, body.stage, at)

    @staticmethod
    def DealDetailsChanged(deal, event, body, at):
        for field in ("lead", "person", "organization", "product"):
            if body.HasField(field):
                setattr(deal, field, getattr(body, field) or None)
        if body.HasField("source"):
            _source(deal, body.source)

    @staticmethod
    def DealStageChanged(deal, event, body, at):
        _clear_probability(deal, body.keep_probability)
        deal.probability_position = event.position
        _enter(deal, event, deal.pipeline, body.stage, at)

    @staticmethod
    def DealMovedToPipeline(deal, event, body, at):
        _clear_probability(deal, False)
        deal.probability_position = event.position
        _enter(deal, event, body.pipeline, body.stage, at)

    @staticmethod
    def DealValueChanged(deal, event, body, at):
        deal.value = money_of(body)

    @staticmethod
    def DealExpectedCloseChanged(deal, event, body, at):
        deal.expected_close = day_of(body, "expected_close")

    @staticmethod
    def DealAssigned(deal, event, body, at):
        deal.owner = body.owner or None

    @staticmethod
    def DealProbabilityOverridden(deal, event, body, at):
        deal.probability_bp, deal.probability_kept = body.probability_bp, body.keep
        deal.probability_position = event.position

    @staticmethod
    def DealProbabilityCleared(deal, event, body, at):
        deal.probability_bp, deal.probability_kept = None, False
        deal.probability_position = event.position

    @staticmethod
    def DealWon(deal, event, body, at):
        _close(deal, event, "won", at)
        deal.won_at = at

    @staticmethod
    def DealLost(deal, event, body, at):
        _close(deal, event, "lost", at)
        deal.lost_at = at
        deal.lost_reason_given = body.reason or None
        deal.lost_reason = body.reason if body.reason not in ("", "NOT_STATED") else None
        deal.competitor = body.competitor or None

    @staticmethod
    def DealReopened(deal, event, body, at):
        if deal.outcome != "open":
            deal.withdrawn.append(Withdrawn(deal, event))
        deal.outcome = "open"
        deal.won_at = deal.lost_at = deal.closed_at = deal.lost_reason = deal.competitor = deal.owner_at_close = None
        deal.closed_is_day = deal.completed_at = deal.lost_reason_given = None
        deal.reopened_at = at
        _start(deal, event, at, reopening=event.commit)

    @staticmethod
    def DealCompleted(deal, event, body, at):
        deal.completed_at = at


def _close(deal, event, outcome, at):
    _leave(deal, event, outcome, at)
    deal.outcome, deal.closed_at, deal.closed_is_day, deal.owner_at_close = outcome, at, event.is_day, deal.owner
    deal.closing_event = event


# ---- Leads ----


def _apply_lead(lead, event):
    body, kind = event.body, event.kind
    if kind == "LeadCaptured":
        lead.captured_at, lead.captured_is_day, lead.state, lead.level = event.occurred, event.is_day, "open", "none"
        _source(lead, body.source)
        lead.owner, lead.status = body.owner or None, body.status or None
        lead.reached = {}
        if lead.owner:
            lead.assigned_at = event.occurred
    elif kind == "LeadDetailsChanged":
        if body.HasField("source"):
            _source(lead, body.source)
    elif kind == "LeadAssigned":
        lead.owner = body.owner or None
        if lead.owner and lead.assigned_at is None:
            lead.assigned_at = event.occurred
    elif kind == "LeadStatusChanged":
        lead.status = body.status or None
    elif kind in ("LeadQualified", "LeadAccepted", "LeadRequalified"):
        rank = 3 if kind == "LeadAccepted" else body.level
        if kind == "LeadRequalified":
            lead.state = "open"
            lead.disqualified_at = lead.disqualify_reason = None
            lead.reached = {level: at for level, at in lead.reached.items() if at is not None and RANKS[level] <= rank}
        lead.level = LEVELS[rank]
        for level in range(1, rank + 1):
            lead.reached.setdefault(LEVELS[level], event.occurred)
    elif kind == "LeadDisqualified":
        lead.state, lead.disqualified_at, lead.disqualify_reason = "disqualified", event.occurred, body.reason
    elif kind == "LeadConverted":
        lead.state, lead.converted_at, lead.deal = "converted", event.occurred, body.deal or None
        lead.person, lead.organization = body.person or None, body.organization or None


# ---- Organizations ----


def _apply_organization(organization, event):
    if event.kind == "OrganizationCreated" or event.kind == "OrganizationDetailsChanged" and event.body.HasField("sector"):
        organization.sector = event.body.sector or None
    if event.kind == "OrganizationCreated":
        organization.display_name = event.body.display_name
