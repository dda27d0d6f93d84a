"""The measures of `tools/bench read`: groups of contestants that run one after the other, round by round, and their rows."""

from benchmarks import read_past, read_running
from benchmarks.goals import STATED, Figure, Goal, Row
from benchmarks.measures import Group
from benchmarks.programs import BenchError
from benchmarks.questions import QUARTER, QUESTIONS, YEARS, cells_of_answer, cells_of_sql, difference
from benchmarks.read_lab import MAIN

PEER_TITLES = {"facts": "PostgreSQL's fact tables", "duckdb": "DuckDB", "events": "PostgreSQL's typed event table",
               "views": "PostgreSQL's materialized views"}
PERIODS = {
    "quarter": (QUARTER, "one quarter", {"facts": Goal(at_least=10), "duckdb": Goal(at_least=2), "events": Goal(at_least=50)}),
    "years": (YEARS, "five years", {"facts": Goal(at_least=30), "duckdb": Goal(at_least=2), "events": STATED}),
}


def compare(lab, question, period, peers):
    """Every cell of every contestant; raises BenchError with the first one that differs."""
    client = lab.on(MAIN)
    ours = cells_of_answer(question, client.answer(client.request(question, period)))
    if not ours:
        raise BenchError(f"{question.report} answers nothing: this compares nothing")
    for peer in peers:
        if peer == "duckdb" and lab.duckdb is None:
            continue
        execute = lab.duckdb.execute if peer == "duckdb" else lab.connection.execute
        theirs = cells_of_sql(question, execute(question.sql("facts" if peer == "duckdb" else peer, period)))
        if differs := difference(ours, theirs):
            raise BenchError(f"{question.report}: {PEER_TITLES[peer]} and we differ at {differs}")


def question_group(period_name, question):
    """One report against its peers."""
    period, title, goals = PERIODS[period_name]
    title = title if question.has_period else "now"
    peers = ("facts", "duckdb") + question.more_peers
    group, report = f"{period_name}/{question.report}", question.report

    def recount(lab):
        client = lab.on(MAIN)
        return lab.ask_recount(client.question(client.request(question, period)))

    def postgres(kind):
        return lambda lab: lab.ask_postgres(question.sql(kind, period))

    contestants = {"recount": recount}
    for peer in peers:
        contestants[peer] = (lambda lab: lab.ask_duckdb(question.sql("facts", period))) if peer == "duckdb" else postgres(peer)
    rows = []
    for peer in peers:
        for at in ("p50", "p99"):
            name = f"{group}/{peer}" + ("_p99" if at == "p99" else "")
            rows.append(Row(name, f"{report}, {title}, {at}: {PEER_TITLES[peer]}", "ms", Figure("recount", f"{at}_ms"),
                            (Figure(peer, f"{at}_ms"),), goals.get(peer, STATED), less_is_better=True, is_speed=True))
    return Group(group, contestants, rows, prepare=lambda lab: compare(lab, question, period, peers))


def groups():
    made = [question_group("quarter", question) for question in QUESTIONS]
    # A snapshot has no period.
    made += [question_group("years", question) for question in QUESTIONS if question.has_period]
    return made + read_past.groups() + read_running.groups()
