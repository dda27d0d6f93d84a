"""The measures of a server that is written to, rebuilt, started, and of what it takes in memory and on disk. They change the
history, so that they come after those that compare it."""

import json
import os
import subprocess
import time
from datetime import timedelta

from benchmarks.goals import STATED, Figure, Goal, Row
from benchmarks.measures import Group
from benchmarks.programs import BenchError, die_with_parent, memory_mb_of, run
from benchmarks.questions import QUARTER, QUESTIONS, YEARS, cells_of_answer
from benchmarks.read_lab import FACTS, MAIN, VIEWS, figures_of, read_sql

COMMANDS_A_SECOND = 5000
SMALL = "small"  # folder of a history a tenth as long


# ---- Growth ----

def as_many(client, question, deals):
    """The period from the quarter's first day on in which at least so many deals were closed."""
    first, last = QUARTER
    for days in range((last - first).days + 1):
        period = (first, first + timedelta(days=days))
        if deals_closed(client, question, period) >= deals:
            return period
    raise BenchError(f"in the quarter of the large history fewer than {deals} deals were closed")


def deals_closed(client, question, period):
    closed = question.measures.index("closed")
    return sum(measures[closed] for measures in cells_of_answer(question, client.answer(client.request(question, period))).values())


def growth_group():
    """As many deals counted in both: only what lies outside the period differs."""
    question, found = QUESTIONS[0], {}

    def prepare(lab):
        lab.load_recount(SMALL, max(100, lab.leads // 10), os.devnull)
        deals = deals_closed(lab.client, question, QUARTER)
        lab.stop_server()
        found["period"] = as_many(lab.on(MAIN), question, deals)

    def big(lab):
        client = lab.on(MAIN)
        return lab.ask_recount(client.question(client.request(question, found["period"])))

    def small(lab):
        with lab.other_server(SMALL) as client:
            call = client.question(client.request(question, QUARTER))
            call()
            return lab.ask_recount(call)

    return Group("growth", {"big": big, "small": small}, [
        Row("growth/won_lost", "won_lost of days in which as many deals were closed, p50: a quarter of a history a tenth as large", "ms",
            Figure("big", "p50_ms"), (Figure("small", "p50_ms"),), Goal(at_most=1.2), less_is_better=True)],
        prepare=prepare, prepare_seconds=60)


# ---- Fresh reports ----

def fresh(lab):
    """A command now and then, and the report that has it, while another process sends many."""
    client = lab.on(MAIN)
    request = client.request(QUESTIONS[0], QUARTER)
    command = lab.load_command("--rate", str(COMMANDS_A_SECOND))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          preexec_fn=die_with_parent(9)) as load:
        if load.stdout.readline().strip() != "running":
            raise BenchError("the load beside fresh reports did not start")
        micros, end = [], time.monotonic() + 2 * lab.seconds
        while not micros or time.monotonic() < end:
            micros.append(client.fresh_micros(request))
        load.stdin.close()
        done = json.loads(load.stdout.read())
    if done["refused"]:
        raise BenchError(f"{done['refused']} commands of the load were refused")
    return dict(figures_of(micros), load_per_second=done["commands"] / done["seconds"])


def fresh_group():
    title = "won_lost, one quarter, from a command's acknowledgement to the report that has it"
    rows = [Row(f"fresh/{at}", f"{title}, {at}", "ms", Figure("recount", f"{at}_ms"), goal=Goal(value_at_most=most, unit="ms"))
            for at, most in (("p50", 3), ("p99", 15))]
    rows.append(Row("fresh/load", f"commands a second meanwhile, of {COMMANDS_A_SECOND:,} wanted", "commands/s",
                    Figure("recount", "load_per_second"), goal=STATED))
    return Group("fresh", {"recount": fresh}, rows)


# ---- Counting again ----

def made_again(execute, files):
    """Seconds that PostgreSQL takes for what these files make, beside what is there."""
    execute("create schema rebuilt; set search_path = rebuilt, public")
    try:
        begin = time.monotonic()
        for name in files:
            execute(read_sql(name))
        return {"seconds": time.monotonic() - begin}
    finally:
        execute("set search_path = public; drop schema rebuilt cascade")


def rebuild_group():
    def postgres(lab):
        return made_again(lab.connection.execute, FACTS)

    def aggregates(lab):
        return made_again(lab.connection.execute, FACTS + VIEWS)

    def duckdb(lab):
        if lab.duckdb is None:
            return {}
        lab.duckdb.execute("create schema rebuilt; set schema = 'rebuilt'")
        try:
            begin = time.monotonic()
            lab.duckdb.execute(read_sql("facts.sql"))
            return {"seconds": time.monotonic() - begin}
        finally:
            lab.duckdb.execute("set schema = 'main'; drop schema rebuilt cascade")

    contestants = {"recount": lambda lab: lab.on(MAIN).rebuild(), "postgres": postgres, "aggregates": aggregates, "duckdb": duckdb}
    return Group("rebuild", contestants, [
        Row(f"rebuild/{peer}", f"all subjects counted again from the log: {title}", "s", Figure("recount", "seconds"),
            (Figure(peer, "seconds"),), STATED, less_is_better=True, is_speed=True)
        for peer, title in (("postgres", "PostgreSQL makes the fact tables from the event table"),
                            ("aggregates", "PostgreSQL makes them and four aggregates by month"), ("duckdb", "DuckDB does"))] + [
        Row("rebuild/left", "by how much of a rebuild the time left was wrong at most", "%", Figure("recount", "left_wrong"),
            goal=Goal(value_at_most=20, unit="%"))])


def one_subject_group():
    """In process and on one core, by tools/benchmarks/fold_bench_main.cc, on a folder that no server runs on."""
    def program(lab, mode):
        path = os.path.join(os.path.dirname(lab.program), "fold_bench")
        if not os.path.exists(path):
            raise BenchError(f"{path} is missing: ninja -C build/release fold_bench")
        lab.stop_server()
        return run([path, mode, f"--data={lab.path(MAIN)}", f"--events={lab.path('events')}"], most_seconds=600)

    return Group("one_subject", {"recount": lambda lab: program(lab, "subject"), "rocksdb": lambda lab: program(lab, "events")}, [
        Row("one_subject/rocksdb", "all versions of deal states from the log, one core: RocksDB with an event a value, parsed whole, newest states",
            "events/s", Figure("recount"), (Figure("rocksdb"),), Goal(at_least=3))],
        prepare=lambda lab: program(lab, "prepare"), prepare_seconds=60)


# ---- Starting, and following the log ----

def timed_start(lab, *flags):
    """(until it serves, until the read models stand at the head), seconds."""
    lab.stop_server()  # which takes as long as it likes
    begin = time.monotonic()
    lab.start_server(MAIN, *flags)
    serves = time.monotonic() - begin
    if "--pause-projectors" not in flags:
        while not lab.client.is_caught_up():
            time.sleep(0.01)
    return serves, time.monotonic() - begin


def restart(lab):
    serves, at_head = timed_start(lab)
    resident, _ = memory_mb_of(lab.server.pid)
    facts = lab.loaded[MAIN]
    return {"serves_seconds": serves, "at_head_seconds": at_head, "resident_mb": resident,
            "memory_bytes": resident * 2 ** 20 / facts["deals"], "disk_bytes": bytes_in(lab.path(MAIN)) / facts["deals"],
            "models_bytes": bytes_in(lab.path(os.path.join(MAIN, "models"))) / facts["deals"]}


def bytes_in(folder):
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(path, name)).st_blocks * 512
            except FileNotFoundError:  # RocksDB removes files meanwhile
                pass
    return total


def postgres_bytes(lab):
    deals = lab.loaded[MAIN]["deals"]

    def of(*tables):
        sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in tables)
        return int(lab.connection.execute(f"select {sizes}")[0][0]) / deals
    facts = of("deals", "deal_stages", "leads")
    return {"facts_bytes": facts, "all_bytes": facts + of("events")}


def start_group():
    return Group("start", {"recountd": restart, "postgres": postgres_bytes}, [
        Row("start/serves", "start with the whole log and its read models, until it serves", "s",
            Figure("recountd", "serves_seconds"), goal=Goal(value_at_most=3, unit="s")),
        Row("start/memory", "resident memory then, for a deal (and its lead, their events, all subjects)", "bytes",
            Figure("recountd", "memory_bytes")),
        Row("start/disk", "on disk for a deal, log and all: PostgreSQL's event and fact tables with their indexes", "bytes",
            Figure("recountd", "disk_bytes"), (Figure("postgres", "all_bytes"),), less_is_better=True),
        Row("start/disk_models", "of that the read models: PostgreSQL's fact tables with their indexes", "bytes",
            Figure("recountd", "models_bytes"), (Figure("postgres", "facts_bytes"),), less_is_better=True)])


def live_group():
    """Commands while the read models stand still; then how much longer a start takes that has them to follow."""
    def recountd(lab):
        timed_start(lab, "--pause-projectors")
        count = max(20_000, lab.loaded[MAIN]["events"] // 10)
        done = run(lab.load_command("--count", str(count)), most_seconds=600)
        if done["refused"]:
            raise BenchError(f"{done['refused']} commands were refused")
        _, with_them = timed_start(lab)
        _, without = timed_start(lab)
        return {"per_second": count / max(1e-6, with_them - without)}

    return Group("live", {"recountd": recountd}, [
        Row("live/events", "read models follow the log", "events/s", Figure("recountd"),
            goal=Goal(value_at_least=50_000, unit="events/s"))])


# ---- More than memory ----

def memory_group():
    """Read models that are two and a half times what the server may take, with a second generation beside them while it rebuilds."""
    limit, rebuilt, most = {}, [], []

    def prepare(lab):
        timed_start(lab)
        arrays = lab.client.status().memory.arrays_in_memory >> 20
        limit["mb"] = max(256, arrays * 2 // 5)

    def little(lab):
        timed_start(lab, "--memory-mb", str(limit["mb"]))
        if not rebuilt:  # once: it takes longer than all else
            rebuilt.append(lab.client.rebuild())
        made = asked(lab)
        most.append(memory_mb_of(lab.server.pid)[1])
        lab.stop_server()
        return dict(made, limit_mb=limit["mb"], most_mb=max(most))

    def enough(lab):
        timed_start(lab)
        made = asked(lab)
        lab.stop_server()
        return made

    def asked(lab):
        made = {}
        for name, period in (("quarter", QUARTER), ("years", YEARS)):
            call = lab.client.question(lab.client.request(QUESTIONS[0], period))
            call()  # the first one after a start makes indexes
            made[name] = lab.ask_recount(call)["p50_ms"]
        return made

    return Group("memory", {"little": little, "enough": enough}, [
        Row("memory/most", "resident memory at most, in a start, a rebuild, questions: the flag, 2/5 of the read models", "MB",
            Figure("little", "most_mb"), (Figure("little", "limit_mb"),), Goal(at_most=1), less_is_better=True)] + [
        Row(f"memory/{name}", f"won_lost of {title}, p50: with enough memory", "ms", Figure("little", name), (Figure("enough", name),),
            less_is_better=True)
        for name, title in (("quarter", "a quarter"), ("years", "five years"))], prepare=prepare, prepare_seconds=10)


def groups():
    return [growth_group(), start_group(), rebuild_group(), one_subject_group(), fresh_group(), live_group(), memory_group()]
