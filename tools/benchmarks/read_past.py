"""The measures of other moments, other rules and row rights, and of opening a number: all against the same report now."""

from datetime import date, datetime, time, timedelta, timezone

from benchmarks import history
from benchmarks.goals import STATED, Figure, Goal, Row
from benchmarks.measures import Group
from benchmarks.programs import BenchError
from benchmarks.questions import QUARTER, QUESTIONS, YEARS, cells_of_answer, cells_of_sql, difference, instant
from benchmarks.read_lab import MAIN

# The moment looked back to: before the rule change, so that its rules differ too.
BACK = date(2023, 12, 31)
QUARTER_BEFORE = (date(2023, 10, 1), BACK)
TEAM = 10  # users, of 200
MOST_EXPLAINED = 1000  # records of a cell, and of a page


def end_of(day):
    """The last day of knowledge: the clock stands at CLOCK_HOUR while a day is entered."""
    return datetime.combine(day, time(23), timezone.utc)


def as_of_position(position):
    return lambda parameters: setattr(parameters.as_of, "position", position)


def valid_at(parameters):
    parameters.valid_at.date.year, parameters.valid_at.date.month, parameters.valid_at.date.day = BACK.year, BACK.month, BACK.day


def old_rules(parameters):
    parameters.rule_basis.kind = 3  # RULE_BASIS_KIND_AT
    parameters.rule_basis.at.time.time.FromDatetime(end_of(BACK).replace(tzinfo=None))


def position_of(client, question):
    """The position that stood on the evening of BACK."""
    def fill(parameters):
        parameters.as_of.time.time.FromDatetime(end_of(BACK).replace(tzinfo=None))
    return client.answer(client.request(question, QUARTER_BEFORE, fill)).basis.position


def ways(lab, question):
    """Name -> what fills the parameters, events from which PostgreSQL counts the same, its rules, its day."""
    after = (BACK + timedelta(days=1)).isoformat()
    position = position_of(lab.on(MAIN), question)
    return {
        "now": (lambda parameters: None, "true", history.PROBABILITIES, history.LAST_DAY),
        "as_of": (as_of_position(position), f"recorded < timestamptz '{after} 00:00:00+00'", history.OLD_PROBABILITIES, BACK),
        "valid_at": (valid_at, f"occurred < timestamptz '{instant(BACK + timedelta(days=1))}'", history.PROBABILITIES, BACK),
        "rules": (old_rules, "true", history.OLD_PROBABILITIES, history.LAST_DAY),
    }


TITLES = {"as_of": "as of a position two years back", "valid_at": "valid at a day two years back",
          "rules": "rules of two years back"}


def past_group(question):
    """One report at other moments; each answer is compared with one that PostgreSQL counts from the events known then."""
    found = {}

    def prepare(lab):
        found.update(ways(lab, question))
        client = lab.on(MAIN)
        for name, (fill, known, probabilities, today) in found.items():
            ours = cells_of_answer(question, client.answer(client.request(question, QUARTER_BEFORE, fill)))
            with lab.past(known, probabilities) as execute:
                theirs = cells_of_sql(question, execute(question.sql("facts", QUARTER_BEFORE, today)))
            if differs := difference(ours, theirs):
                raise BenchError(f"{question.report}, {name}: PostgreSQL and we differ at {differs}")

    def ask(name):
        def measure(lab):
            client = lab.on(MAIN)
            return lab.ask_recount(client.question(client.request(question, QUARTER_BEFORE, found[name][0])))
        return measure

    group = f"past/{question.report}"
    rows = [Row(f"{group}/{name}", f"{question.report}, p50, {title}: the same now", "ms", Figure(name, "p50_ms"),
                (Figure("now", "p50_ms"),), Goal(at_most=1.5), less_is_better=True) for name, title in TITLES.items()]
    return Group(group, {name: ask(name) for name in ("now", *TITLES)}, rows, prepare=prepare)


def of_a_team(parameters):
    parameters.rights = ",".join(f"users/{name}" for name in history.USERS[:TEAM])


def filtered_by_a_team(parameters):
    parameters.filter = " OR ".join(f'owner = "users/{name}"' for name in history.USERS[:TEAM])


def by_present_owners(fill):
    """By whom rights go; a filter goes by the attribution."""
    def both(parameters):
        fill(parameters)
        parameters.attribution = 3  # ATTRIBUTION_CURRENT
    return both


def rights_group(question):
    """One report by a reader who may see the records of a team; its answer is that of a filter by their owners, but where it looks at
    other records too, of which rights hide some."""

    def prepare(lab):
        client = lab.on(MAIN)
        ours, filtered = (cells_of_answer(question, client.answer(client.request(question, QUARTER, by_present_owners(fill))))
                          for fill in (of_a_team, filtered_by_a_team))
        if not ours:
            raise BenchError(f"{question.report}: the team has nothing: this measures nothing")
        looks_at_others = question.report in ("sales_conversion", "sales_cycle")
        if (differs := difference(ours, filtered)) and not looks_at_others:
            raise BenchError(f"{question.report}: rights and a filter by owner differ at {differs}")

    def ask(fill):
        def measure(lab):
            client = lab.on(MAIN)
            return lab.ask_recount(client.question(client.request(question, QUARTER, fill)))
        return measure

    group = f"rights/{question.report}"
    row = Row(group, f"{question.report}, p50, a reader who may see one team: one who sees everything", "ms", Figure("team", "p50_ms"),
              (Figure("everything", "p50_ms"),), Goal(at_most=1.1), less_is_better=True)
    return Group(group, {"team": ask(of_a_team), "everything": ask(lambda parameters: None)}, [row], prepare=prepare)


def explain_group():
    """The cell of won_lost with the most records that are not more than a page."""
    question, found = QUESTIONS[0], {}

    def prepare(lab):
        client = lab.on(MAIN)
        answer = client.answer(client.request(question, YEARS))
        columns = [column.id for column in answer.columns]
        cells = [row.cells[columns.index(name)] for row in answer.rows for name in ("closed", "won", "lost")]
        chosen = max((cell for cell in cells if cell.value.integer <= MOST_EXPLAINED and cell.cell_id),
                     key=lambda cell: cell.value.integer)
        found.update(cell_id=chosen.cell_id, records=chosen.value.integer)
        opened = client.explained(chosen.cell_id, MOST_EXPLAINED)
        brought = sum(one.value.integer for one in opened.contributions)
        if (opened.total_contributions, brought) != (found["records"], found["records"]):
            raise BenchError(f"the cell says {found['records']}, its {opened.total_contributions} records bring {brought}")

    def ask(page_size):
        def measure(lab):
            figures = lab.ask_recount(lab.on(MAIN).explanation(found["cell_id"], page_size))
            return dict(figures, records=found["records"])
        return measure

    return Group("explain", {"whole": ask(MOST_EXPLAINED), "page": ask(100)}, [
        Row("explain/whole", "a cell opened into all its records with their events, p50", "ms", Figure("whole", "p50_ms"),
            goal=Goal(value_at_most=20, unit="ms")),
        Row("explain/page", "the first 100 of them, p50", "ms", Figure("page", "p50_ms")),
        Row("explain/records", "records of that cell", "records", Figure("whole", "records"), goal=STATED),
    ], prepare=prepare)


def groups():
    chosen = {question.report: question for question in QUESTIONS}
    limited = [rights_group(question) for question in QUESTIONS]
    return [past_group(chosen[report]) for report in ("won_lost", "pipeline_snapshot", "sales_forecast")] + limited + [explain_group()]
