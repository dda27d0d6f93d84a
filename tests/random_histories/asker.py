"""Random questions about one history."""

import datetime

from random_histories.filters import DEAL_FILTERS, LEAD_FILTERS
from random_histories.movements import runs_forward
from random_histories.questions import ATTRIBUTIONS, Question


RIGHTS = ["users/u1", "users/u0,users/u2,unassigned", "teams/t0", "teams/t1,teams/t2,users/u1", "org_units/o0", "org_units/o1,unassigned",
          "unassigned"]


class Asker:
    def __init__(self, random, events, calendar, zone, reports, today):
        self.random, self.events, self.calendar, self.zone, self.reports, self.today = random, events, calendar, zone, reports, today
        self.drafts = sorted({e.stream for e in events if e.kind == "DraftSaved"})

    def question(self):
        report = self.random.choice([*self.reports, "pipeline_movement"])  # which has the most to say
        spec = self.reports[report]
        question = Question(report)
        self._group(question, spec)
        question.mode = self.random.choice(spec.modes) if spec.modes else ""
        question.filter = self.random.choice(LEAD_FILTERS if spec.collection == "leads" else DEAL_FILTERS)
        if self.random.random() < spec.period_chance and question.mode not in spec.modes_of_a_moment:
            question.period = self._period()
        question.attribution = self.random.choice(["", "", *ATTRIBUTIONS])
        question.currency = self.random.choice(["", "", "USD", "JPY", "EUR"]) if spec.has_money else ""
        if self.random.random() < 0.3:
            question.rights, question.today = self.random.choice(RIGHTS), self.today
        question.as_of, question.valid_at, question.basis = self._as_of(), self._valid_at(), self._basis()
        question.arguments = {key: self.random.choice(values) for key, values in spec.arguments.items() if self.random.random() < 0.5}
        if spec.has_opening:
            self._open(question)
        if self.random.random() < 0.25:
            self._compare(question)
        if self.random.random() < 0.3:
            question.measures = spec.measures
        question.page_size = self.random.choice([0, 0, 0, 3, 11])
        return question

    def _group(self, question, spec):
        question.no_groups = ("-",) if spec.dimensions else ()
        if spec.default_group_by and self.random.random() < 0.1:
            question.group_by, question.says_groups = spec.default_group_by, False
        elif spec.dimensions and self.random.random() < 0.75:
            question.group_by = tuple(self.random.sample(spec.dimensions, self.random.choice([1, 1, 2])))

    def _open(self, question):
        """Sometimes an opening of its own, if it is not after the closing."""
        for field, value in (("opening_as_of", self._event().position), ("opening_valid_at", self._event().occurred)):
            if self.random.random() < 0.3:
                setattr(question, field, value)
                if not runs_forward(question, self.events, self.zone):
                    setattr(question, field, None)

    def _compare(self, question):
        choices = [("basis", self._basis()), ("as_of", self._as_of() or self._event().position), ("valid_at", self._event().occurred)]
        if question.period:
            choices += [("period", self._period())] * 2
            if not (question.period.startswith("..") or question.period.endswith("..")):
                choices += [("prior_period", True)] * 3
        question.compare = dict([self.random.choice(choices)])
        compared = question.compared(self.events, self.zone)
        if question.report == "pipeline_movement" and not runs_forward(compared, self.events, self.zone):
            question.compare = {}

    def _event(self):
        """One after the tenant and its first rules: before those there is nothing to ask for."""
        first = self.events[0].commit
        return self.random.choice([e for e in self.events if e.commit > first and e.kind != "RuleVersionPublished"] or self.events)

    def _period(self):
        day = self.calendar.day_of(self._event().occurred)
        year, week, _ = day.isocalendar()
        fiscal = (day.year * 12 + day.month - self.calendar.fiscal_start) // 12
        return self.random.choice([
            f"{day.year}", f"{day.year}-{day.month:02}", f"{day.year}-{day.month:02}", f"{day.year}-Q{(day.month + 2) // 3}",
            f"{year}-W{week:02}", f"{day}", f"FY{fiscal}", f"FY{fiscal}-Q{self.random.randint(1, 4)}",
            f"{day.year}-{day.month:02}..{day.year}-12", f"{day}..{day + datetime.timedelta(days=self.random.randint(0, 60))}", f"{day.year}-01..{day}", f"..{day}", f"{day}.."])

    def _as_of(self):
        choice, event = self.random.random(), self._event()
        if choice < 0.5:
            return None
        if choice < 0.8:
            return event.position
        return ("time", event.recorded) if choice < 0.9 else ("time", self.calendar.day_of(event.recorded).isoformat())

    def _valid_at(self):
        choice, event = self.random.random(), self._event()
        if choice < 0.6:
            return None
        return event.occurred - self.random.choice([0, 0, 1]) if choice < 0.85 else self.calendar.day_of(event.occurred).isoformat()

    def _basis(self):
        at = self._event()
        choices = [("current",)] * 4 + [("head",), ("at", at.position), ("at", ("time", at.recorded))] + [("as_recorded",)] * 3
        drafts = [name for name in self.drafts if self._is_open(name)]
        return self.random.choice(choices + [("draft", name) for name in drafts])

    def _is_open(self, draft):
        return not any(e.stream == draft and e.kind in ("DraftPublished", "DraftDiscarded") for e in self.events)
