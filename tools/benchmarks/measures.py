"""The measures of `tools/bench write`: groups of contestants that run one after the other, round by round, and the rows
that come of them."""

import dataclasses
import itertools
import time
from typing import Callable, Optional

from benchmarks.goals import STATED, Figure, Goal, Row
from benchmarks.programs import BenchError, memory_mb_of, run

BATCH = dict(in_flight=8, commands_a_message=100)
STREAM = dict(in_flight=256)


@dataclasses.dataclass
class Group:
    name: str
    contestants: dict  # name -> callable(lab), gives figures
    rows: list
    prepare: Optional[Callable] = None  # of the lab, before the first round
    clean_up: Optional[Callable] = None
    prepare_seconds: float = 0  # about, to plan with
    events: int = 0
    note: str = ""

    def needs_seconds(self, rounds, seconds):
        """About, to plan with."""
        return self.prepare_seconds + rounds * len(self.contestants) * (seconds + 2)


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Events in logs that are filled beforehand."""
    catch_up: int = 300_000
    start: int = 1_000_000
    small: int = 1_000_000
    big: int = 5_000_000
    biggest: int = 0  # 0: left out
    scan: int = 1_000_000


QUICK = Sizes(catch_up=20_000, start=20_000, small=30_000, big=60_000, scan=20_000)
LARGE = Sizes(start=10_000_000, biggest=20_000_000)


def unary():
    def row(name, title, ours, peer, goal):
        return Row(f"unary_64/{name}", f"unary, 64 in flight: {title}", "commands/s", Figure(ours), peer, goal)

    echoes = (Figure("echo"), Figure("echo_async"))
    return Group("unary_64", {
        "running": lambda lab: lab.load_recount("unary", in_flight=64),
        "postgres_64": lambda lab: lab.load_postgres("single", connections=64),
        "paused": lambda lab: lab.load_recount("unary", paused=True, in_flight=64),
        "echo": lambda lab: lab.load_echo("unary", in_flight=64),
        "postgres_best": lambda lab: lab.load_best_postgres("single"),
        "echo_async": lambda lab: lab.load_echo("unary", api="async", in_flight=64),
        "personal": lambda lab: lab.load_recount("unary", in_flight=64, mix="personal"),
    }, [
        row("postgres_64", "PostgreSQL, 64 connections", "running", (Figure("postgres_64"),), Goal(at_least=2.5)),
        row("postgres_best", "PostgreSQL, its best number of connections", "running",
            (Figure("postgres_64"), Figure("postgres_best")), Goal(at_least=2)),
        row("echo_paused", "empty echo; projectors paused", "paused", echoes, Goal(at_least=0.8)),
        row("echo_running", "empty echo; projectors running", "running", echoes, Goal(at_least=0.6)),
        row("personal", "echo; all capture leads with personal data", "personal", echoes, STATED),
        Row("cpu/unary", "server's CPU for a command, unary; echo", "us", Figure("paused", "server_cpu_us"),
            tuple(Figure(figure.contestant, "server_cpu_us") for figure in echoes), less_is_better=True),
    ], prepare_seconds=12)


def stream():
    return Group("stream_256", {
        "paused": lambda lab: lab.load_recount("stream", paused=True, **STREAM),
        "postgres_pipeline": lambda lab: lab.load_best_postgres("pipeline"),
        "echo": lambda lab: lab.load_echo("stream", **STREAM),
    }, [
        Row("stream_256/postgres", "one stream, 256 in flight: PostgreSQL's pipeline mode; projectors paused", "commands/s",
            Figure("paused"), (Figure("postgres_pipeline"),), Goal(at_least=3)),
        Row("stream_256/echo", "one stream, 256 in flight: empty echo; projectors paused", "commands/s",
            Figure("paused"), (Figure("echo"),), Goal(at_least=0.8)),
    ], prepare_seconds=12)


def batch():
    def row(name, title, ours, peer, goal):
        return Row(f"batch_100/{name}", f"100 commands a message: {title}", "commands/s", Figure(ours), (Figure(peer),), goal)

    return Group("batch_100", {
        "paused": lambda lab: lab.load_recount("stream", paused=True, **BATCH),
        "postgres_batch": lambda lab: lab.load_best_postgres("batch"),
        "running": lambda lab: lab.load_recount("stream", **BATCH),
        "echo": lambda lab: lab.load_echo("stream", **BATCH),
    }, [
        row("postgres_paused", "PostgreSQL, 100 rows a transaction; projectors paused", "paused", "postgres_batch", Goal(at_least=4)),
        row("postgres_running", "the same with projectors running", "running", "postgres_batch", Goal(at_least=2)),
        row("echo", "empty echo; projectors paused", "paused", "echo", STATED),
        Row("cpu/batch", "server's CPU for a command, batched; echo", "us", Figure("paused", "server_cpu_us"),
            (Figure("echo", "server_cpu_us"),), less_is_better=True),
    ], prepare_seconds=10)


def in_process():
    return Group("in_process_64", {
        "log": lambda lab: lab.writers("log_bench"),
        "rocksdb": lambda lab: lab.writers("rocksdb_bench"),
    }, [Row("in_process_64/rocksdb", "in process, 64 writers: RocksDB alone, one put a commit", "commits/s", Figure("log"),
            (Figure("rocksdb"),), Goal(at_least=0.6))])


def lone():
    return Group("lone", {
        "recount": lambda lab: lab.load_recount("unary", in_flight=1),
        "postgres": lambda lab: lab.load_postgres("single", connections=1),
    }, [Row("lone/postgres_p50", "a lone command, p50: PostgreSQL", "us", Figure("recount", "p50_us"),
            (Figure("postgres", "p50_us"),), Goal(at_most=1.0), less_is_better=True)])


def slow():
    """Every durable row again with 2 ms added to every sync."""
    def row(name, title, ours, peers, goal=STATED, unit="commands/s"):
        return Row(f"slow/{name}", f"2 ms a sync: {title}", unit, Figure(ours), tuple(map(Figure, peers)), goal)

    return Group("slow", {
        "unary": lambda lab: lab.load_recount("unary", slow=True, in_flight=64),
        "postgres_64": lambda lab: lab.load_postgres("single", slow=True, connections=64),
        "lone": lambda lab: lab.load_recount("unary", slow=True, in_flight=1),
        "postgres_lone": lambda lab: lab.load_postgres("single", slow=True, connections=1),
        "stream": lambda lab: lab.load_recount("stream", slow=True, paused=True, **STREAM),
        "postgres_pipeline": lambda lab: lab.load_best_postgres("pipeline", slow=True),
        "batch": lambda lab: lab.load_recount("stream", slow=True, paused=True, **BATCH),
        "postgres_batch": lambda lab: lab.load_best_postgres("batch", slow=True),
        "postgres_best": lambda lab: lab.load_best_postgres("single", slow=True),
        "log": lambda lab: lab.writers("log_bench", slow=True),
        "rocksdb": lambda lab: lab.writers("rocksdb_bench", slow=True),
    }, [
        row("unary_64", "unary, 64 in flight: PostgreSQL, 64 connections", "unary", ["postgres_64"], Goal(at_least=2)),
        row("unary_64_best", "unary, 64 in flight: PostgreSQL, its best number", "unary", ["postgres_64", "postgres_best"]),
        row("lone", "one client: PostgreSQL", "lone", ["postgres_lone"], Goal(at_least=0.9)),
        row("stream_256", "one stream, 256 in flight: PostgreSQL's pipeline mode", "stream", ["postgres_pipeline"]),
        row("batch_100", "100 commands a message: PostgreSQL, 100 rows", "batch", ["postgres_batch"]),
        row("in_process_64", "in process, 64 writers: RocksDB alone", "log", ["rocksdb"], unit="commits/s"),
    ], prepare_seconds=20)


def catch_up(events):
    def saved(lab):
        return lab.path(f"subscription-{events}")

    def prepare(lab):
        with lab.recountd(lab.filled_server(events), paused=True) as server:
            server.ask("subscribe", save_to=saved(lab))

    def ours(lab):
        with lab.recountd(lab.filled_server(events), paused=True) as server:
            return server.ask("subscribe")

    def memory(lab):
        with lab.echo(stream=saved(lab)) as server:
            return server.ask("subscribe")

    return Group("catch_up", {"recount": ours, "memory": memory}, [
        Row("catch_up/memory", "catch-up subscription, whole log: the same messages from memory", "events/s",
            Figure("recount"), (Figure("memory"),), Goal(at_least=0.6))],
        prepare=prepare, prepare_seconds=20, events=events, note=f"{events:,} events")


def start(events):
    def prepare(lab):
        """All read models stand at the head and are kept."""
        with lab.recountd(lab.filled_server(events)) as server:
            while lab.seconds_left() > 1:
                status = server.ask("status")
                if status["head"] == status["projected"]:
                    return
                time.sleep(0.5)
        raise BenchError("the read models did not catch up in the time there is")

    def ours(lab):
        with lab.recountd(lab.filled_server(events)) as server:
            server.ask("status")
            resident, most = memory_mb_of(server.pid)
            return {"start_seconds": server.start_seconds, "resident_mb": resident, "most_resident_mb": most}

    goal_events = 10_000_000
    return Group("start", {"recountd": ours}, [
        Row("start/seconds", "start with a long log, until it serves", "s", Figure("recountd", "start_seconds"),
            goal=Goal(value_at_most=2, unit="s"), at_events=goal_events),
        Row("start/memory", "resident memory then", "MB", Figure("recountd", "resident_mb"), at_events=goal_events),
    ], prepare=prepare, prepare_seconds=60 * events / 1e6, events=events, note=f"{events:,} events on {events // 10:,} streams")


def growth(small, big, goal_at=5_000_000):
    name = "growth_20m" if goal_at > 5_000_000 else "growth"

    def ours(events):
        slices = itertools.count()  # each round moves other deals
        return lambda lab: lab.writers("log_bench", folder=lab.filled("log_bench", events), old_deals=events // 10,
                                       old_revision=10, slice=next(slices))

    def bare(events):
        return lambda lab: lab.writers("rocksdb_bench", folder=lab.filled("rocksdb_bench", events))

    def prepare(lab):
        for events in (small, big):
            lab.filled("log_bench", events)
            lab.filled("rocksdb_bench", events)

    return Group(name, {"log_small": ours(small), "rocksdb_small": bare(small), "log_big": ours(big), "rocksdb_big": bare(big)}, [
        Row(f"{name}/ratio", f"append at {goal_at // 1_000_000} million events: ratio to RocksDB alone, against that at 1 million",
            "commits/s", Figure("log_big"), (Figure("rocksdb_big"),), Goal(at_least=0.85),
            relative_to=(Figure("log_small"), Figure("rocksdb_small")), at_events=goal_at)],
        prepare=prepare, clean_up=lambda lab: lab.forget("log_bench-", "rocksdb_bench-"),
        prepare_seconds=20 * (small + big) / 1e6, events=big, note=f"{small:,} and {big:,} events")


def scan(events):
    def ours(lab):
        return run([lab.program("log_bench"), "scan", f"--folder={lab.filled('log_bench', events)}"])

    def bare(decode):
        return lambda lab: run([lab.program("rocksdb_bench"), "scan", "--like-log=1", f"--decode={decode}",
                                f"--folder={lab.filled('rocksdb_bench', events, like_log=1)}"])

    def prepare(lab):
        lab.filled("log_bench", events)
        lab.filled("rocksdb_bench", events, like_log=1)

    return Group("scan", {"log": ours, "one_a_value": bare(0), "one_a_value_decoded": bare(1)}, [
        Row("scan/one_a_value", "scan of the log: one event a value, same compression, bytes touched", "events/s", Figure("log"),
            (Figure("one_a_value"),), Goal(at_least=2.5)),
        Row("scan/decoded", "the same, parsed and checked against the hash chain as the log does", "events/s", Figure("log"),
            (Figure("one_a_value_decoded"),)),
    ], prepare=prepare, clean_up=lambda lab: lab.forget("log_bench-", "rocksdb_bench-"), prepare_seconds=20 * events / 1e6,
        events=events, note=f"{events:,} events; the log's reader parses and checks every commit, the peer only touches bytes")


def groups(sizes=Sizes()):
    made = [unary(), stream(), batch(), in_process(), lone(), slow(), catch_up(sizes.catch_up), start(sizes.start),
            scan(sizes.scan), growth(sizes.small, sizes.big)]
    if sizes.biggest:
        made.append(growth(sizes.small, sizes.biggest, goal_at=20_000_000))
    return made
