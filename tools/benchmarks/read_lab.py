"""What the read side is measured on: one history in the product, in PostgreSQL and in DuckDB; all removed at the end."""

import contextlib
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time

from benchmarks import history
from benchmarks.duckdb import DuckDb
from benchmarks.libpq import Connection
from benchmarks.machine import tree_seconds
from benchmarks.postgres import Postgres, binaries as postgres_binaries
from benchmarks.programs import BenchError, Process
from benchmarks.questions import SQL
from benchmarks.rounds import say

# Calls in one round, at least; a question that takes longer than the round is asked once.
LEAST_CALLS = 1
READ_MODEL_SECONDS = 1800
MAIN = "data"  # folder of the history that is measured
FACTS = ("facts.sql", "facts_postgres.sql")
VIEWS = ("views_postgres.sql",)


def read_sql(name):
    with open(os.path.join(SQL, name), encoding="utf-8") as file:
        return file.read()


def fill_probabilities(execute, table):
    rows = [f"('{pipeline}', '{stage}', {rank}, {probability})" for pipeline, probabilities in table.items()
            for rank, (stage, probability) in enumerate(zip(history.STAGES, probabilities), 1)]
    execute(f"insert into probabilities values {', '.join(rows)}")


def figures_of(micros, cpu_seconds=None):
    """Of the calls of one round."""
    ordered = sorted(micros)

    def at(share):
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] / 1000

    made = {"p50_ms": at(0.5), "p99_ms": at(0.99), "calls": len(ordered)}
    if cpu_seconds is not None:
        made["server_cpu_us"] = 1e6 * cpu_seconds / len(ordered)
    return made


def repeat(call, seconds, least=LEAST_CALLS):
    """Microseconds of each call."""
    micros, end = [], time.perf_counter() + seconds
    while len(micros) < least or time.perf_counter() < end:
        begin = time.perf_counter()
        call()
        micros.append(1e6 * (time.perf_counter() - begin))
    return micros


class Server(Process):
    """recountd on a folder with a simulated clock."""

    def __init__(self, program, folder, log_path, *more):
        command = [program, "--data", folder, "--listen", "127.0.0.1:0", "--insecure", "--simulated-clock", *more]
        super().__init__(command, None, log_path)
        try:
            self.address = self.await_line(r"listening on (\S+:\d+)\n")
        except BaseException:
            self.stop()
            raise


class ReadLab:
    """`with ReadLab(...)`; then load()."""

    def __init__(self, program, sources, leads, seconds, seed=1, parent="/var/tmp"):
        self.program, self.sources, self.parent = program, sources, parent
        self.leads, self.seconds, self.seed = leads, seconds, seed
        self.loaded = {}  # figures of the loading
        self.duckdb, self.duckdb_missing = None, ""
        self.server = self.client = self.postgres = self.connection = None
        self.prepared, self.loads = set(), 0

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="recount-bench-read-", dir=self.parent)
        try:
            os.chmod(self.folder, 0o711)  # the peer's user has a folder in it
            self._make_stubs()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        self.stop_server()
        if self.connection is not None:
            self.connection.close()
        if self.postgres is not None:
            self.postgres.stop()
        if self.duckdb is not None:
            self.duckdb.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_stubs(self):
        stubs = self.path("stubs")
        subprocess.run([os.path.join(self.sources, "tools", "python_stubs"), stubs], check=True, stdout=sys.stderr)
        sys.path.insert(0, stubs)

    def path(self, name):
        return os.path.join(self.folder, name)

    # ---- The product ----

    def start_server(self, folder=MAIN, *flags):
        from benchmarks.read_client import ReadClient  # needs the stubs
        self.stop_server()
        self.server = Server(self.program, self.path(folder), self.path("recountd.log"), *flags)
        self.server.folder = folder
        self.client = ReadClient(self.server.address)
        return self.server

    def stop_server(self):
        if self.client is not None:
            self.client.close()
        if self.server is not None:
            self.server.stop()
        self.client = self.server = None

    def on(self, folder):
        """The server that runs on this folder, started if another one does."""
        if self.server is None or self.server.folder != folder:
            self.start_server(folder)
        return self.client

    def await_read_models(self):
        """Seconds until they stand at the head."""
        begin = time.monotonic()
        while time.monotonic() < begin + READ_MODEL_SECONDS:
            if self.client.is_caught_up():
                return time.monotonic() - begin
            time.sleep(0.2)
        raise BenchError(f"the read models did not catch up within {READ_MODEL_SECONDS} s: {self.server.log()}")

    @contextlib.contextmanager
    def other_server(self, folder):
        """A client of a second server, on another folder."""
        from benchmarks.read_client import ReadClient
        with Server(self.program, self.path(folder), self.path("recountd.log")) as server:
            client = ReadClient(server.address)
            try:
                yield client
            finally:
                client.close()

    def load_command(self, *more):
        """Of paced_load.py; each call makes records of its own."""
        self.loads += 1
        return [sys.executable, "-B", os.path.join(self.sources, "tools", "benchmarks", "paced_load.py"), self.server.address,
                self.path("stubs"), str(self.loads), *more]

    # ---- Loading ----

    def load(self, with_duckdb=True):
        """The same history into all of them; the number of events."""
        events = self.load_recount(MAIN, self.leads, self.path("events.csv"))
        self.load_postgres()
        try:
            if not with_duckdb:
                raise BenchError("it was left out")
            self.load_duckdb()
        except BenchError as error:
            self.duckdb, self.duckdb_missing = None, str(error)
            say(f"without DuckDB: {error}")
        os.remove(self.path("events.csv"))
        return events

    def load_recount(self, folder, leads, rows_path):
        from benchmarks.history_load import Loader
        self.start_server(folder)
        say(f"playing five years with {leads:,} leads into recountd")
        past, loader, shown, begin = history.History(self.seed, leads), Loader(self.server.address), [0], time.monotonic()

        def progress(day, events):
            if day.year != shown[0]:
                shown[0] = day.year
                say(f"  {day.year}: {events:,} events so far, {time.monotonic() - begin:,.0f} s")

        try:
            with open(rows_path, "w", encoding="utf-8") as rows:
                loader.play(past, history.EventRows(rows), progress)
        finally:
            loader.close()
        played = time.monotonic() - begin
        behind = self.await_read_models()
        self.loaded[folder] = dict(events=loader.position, leads=past.leads, deals=past.deals, seconds=played,
                                   per_second=loader.position / (played + behind), behind_seconds=behind)
        say(f"  {loader.position:,} events in {played:,.0f} s; read models at the head {behind:.1f} s later")
        return loader.position

    def load_postgres(self):
        say("loading PostgreSQL")
        self.postgres = Postgres(self.path("postgres"), None, os.path.join(SQL, "events.sql"), lambda slow: None)
        self.postgres.start(False)
        self.connection = Connection(self.postgres.connection())
        self.connection.execute("set jit = off; set client_min_messages = warning")
        self._copy_events()
        self.connection.execute(read_sql("events_postgres.sql"))
        fill_probabilities(self.connection.execute, history.PROBABILITIES)
        self.connection.execute("vacuum analyze events")
        begin = time.monotonic()
        for name in FACTS:
            self.connection.execute(read_sql(name))
        self.loaded["postgres_facts_seconds"] = time.monotonic() - begin
        for name in VIEWS:
            self.connection.execute(read_sql(name))
        self.connection.execute("vacuum analyze")

    def _copy_events(self):
        copy = [postgres_binaries() + "/psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.postgres.folder, "-d", "postgres",
                "-U", self.postgres.owner, "-c", f"\\copy events from '{self.path('events.csv')}' csv"]
        done = subprocess.run(copy, capture_output=True, text=True, cwd="/")
        if done.returncode != 0:
            raise BenchError(f"the events cannot be copied into PostgreSQL: {done.stderr[-2000:]}")

    def load_duckdb(self):
        say("loading DuckDB")
        self.duckdb = DuckDb(self.path("duckdb"), os.path.join(self.sources, "tools", "benchmarks", "duckdb_peer.mjs"))
        try:
            self.duckdb.execute(read_sql("events.sql"))
            self.duckdb.execute(f"copy events from '{self.path('events.csv')}' (format csv, header false)")
            fill_probabilities(self.duckdb.execute, history.PROBABILITIES)
            self.duckdb.execute(read_sql("events_duckdb.sql"))
            self.duckdb.execute(read_sql("facts.sql"))
            self.duckdb.execute("checkpoint")
        except BaseException:
            self.duckdb.close()
            raise

    @contextlib.contextmanager
    def past(self, known, probabilities=history.PROBABILITIES):
        """Facts in PostgreSQL from the events alone for which `known`, a condition, holds: executes SQL on them."""
        execute = self.connection.execute
        execute("create schema past; set search_path = past, public")
        try:
            execute(f"create table events as select * from public.events where {known}")
            execute("create table probabilities (like public.probabilities)")
            fill_probabilities(execute, probabilities)
            execute(read_sql("facts.sql"))
            yield execute
        finally:
            execute("set search_path = public; drop schema past cascade")

    # ---- Asking; each gives figures. ----

    def ask_recount(self, call):
        """`call` of no arguments, as client.question() makes it."""
        before = tree_seconds(self.server.pid)
        micros = repeat(call, self.seconds)
        return figures_of(micros, tree_seconds(self.server.pid) - before)

    def ask_postgres(self, sql):
        name = f"pg{hash(sql) & 0xffffffffffff:x}"
        if name not in self.prepared:
            self.connection.prepare(name, sql)
            self.prepared.add(name)
        before = tree_seconds(self.postgres.process.pid)
        micros = repeat(lambda: self.connection.ask(name), self.seconds)
        return figures_of(micros, tree_seconds(self.postgres.process.pid) - before)

    def ask_duckdb(self, sql):
        if self.duckdb is None:
            return {}
        name = f"duckdb{hash(sql) & 0xffffffffffff:x}"
        if name not in self.prepared:
            self.duckdb.ask(prepare=name, sql=sql)
            self.prepared.add(name)
        before = tree_seconds(self.duckdb.pid)
        micros = self.duckdb.ask(measure=name, seconds=self.seconds, least=LEAST_CALLS)["micros"]
        return figures_of(micros, tree_seconds(self.duckdb.pid) - before)
