"""Everything that a measure needs: programs, folders, the peer; removed at the end."""

import contextlib
import os
import shutil
import sys
import tempfile

from benchmarks.postgres import Postgres
from benchmarks.programs import GrpcServer, flags, memory_mb_of, run

SLOW_MICROS = 2000
# Tries for the best form of the peer: (connections, other flags).
CANDIDATES = {
    "single": [dict(connections=n) for n in (4, 8, 16, 32)],
    "pipeline": [dict(connections=n, depth=d) for n, d in ((1, 64), (4, 16), (8, 8), (8, 16), (16, 16))],
    "batch": [dict(connections=n, rows=100) for n in (1, 2, 4, 8)],
}
SLOW_CANDIDATES = {
    "single": [dict(connections=n) for n in (64, 128)],
    "pipeline": [dict(connections=n, depth=d) for n, d in ((8, 16), (32, 8), (64, 4))],
    "batch": [dict(connections=n, rows=100) for n in (8, 16, 32)],
}


class Lab:
    """`with Lab(...)`: a folder on the disk that is measured."""

    def __init__(self, binaries, sources, seconds, warm, parent="/var/tmp", seconds_left=lambda: 1800):
        self.binaries, self.sources, self.seconds, self.warm = binaries, sources, seconds, warm
        self.parent, self.seconds_left = parent, seconds_left
        self.best = {}  # (mode, slow) -> flags of the peer's best form
        self.counter = 0

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="recount-bench-", dir=self.parent)
        os.chmod(self.folder, 0o711)  # the peer's user has a folder in it
        self.shim = os.path.join(self.folder, "libslow_sync.so")
        shutil.copy(self.program("libslow_sync.so"), self.shim)
        self.postgres = Postgres(os.path.join(self.folder, "postgres"), self.program("postgres_load"),
                                 os.path.join(self.sources, "tools", "benchmarks", "postgres_messages.sql"), self.environment)
        return self

    def __exit__(self, *exc):
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def program(self, name):
        return os.path.join(self.binaries, name)

    def environment(self, slow):
        return dict(os.environ, LD_PRELOAD=self.shim, SLOW_SYNC_MICROS=str(SLOW_MICROS)) if slow else None

    def path(self, name):
        return os.path.join(self.folder, name)

    @contextlib.contextmanager
    def new_folder(self):
        self.counter += 1
        folder = self.path(f"run-{self.counter}")
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    # ---- Servers ----

    @contextlib.contextmanager
    def recountd(self, folder, paused=False, slow=False):
        command = [self.program("recountd"), "--data", folder, "--listen", "127.0.0.1:0", "--insecure"]
        with GrpcServer(command + (["--pause-projectors"] if paused else []), self.environment(slow),
                        self.path("recountd.log"), self.program("grpc_load")) as server:
            yield server

    @contextlib.contextmanager
    def echo(self, api="callback", stream=None):
        command = [self.program("grpc_echo"), *flags(listen="127.0.0.1:0", api=api, **({"stream": stream} if stream else {}))]
        with GrpcServer(command, None, self.path("echo.log"), self.program("grpc_load")) as server:
            yield server

    # ---- Loads; each gives figures. ----

    def load_recount(self, mode, paused=False, slow=False, **values):
        with self.new_folder() as folder, self.recountd(folder, paused, slow) as server:
            server.ask("prepare")
            os.sync()
            figures = server.ask(mode, seconds=self.seconds, warm=self.warm, status=1, **values)
            if not paused:
                figures["lag"] = figures["head"] - figures["projected"]
            figures["resident_mb"] = memory_mb_of(server.pid)[0]
            return figures

    def load_echo(self, mode, api="callback", **values):
        with self.echo(api) as server:
            return server.ask(mode, seconds=self.seconds, warm=self.warm, **values)

    def load_postgres(self, mode, slow=False, **values):
        os.sync()
        return self.postgres.load(mode, slow, seconds=self.seconds, warm=self.warm, **values)

    def load_best_postgres(self, mode, slow=False):
        return self.load_postgres(mode, slow, **self.best_of(mode, slow))

    def best_of(self, mode, slow):
        """Tried once, shortly."""
        if (mode, slow) not in self.best:
            seconds = min(1.5, self.seconds)
            tried = [(self.postgres.load(mode, slow, seconds=seconds, warm=0.3, **form)["per_second"], form)
                     for form in (SLOW_CANDIDATES if slow else CANDIDATES)[mode]]
            self.best[mode, slow] = max(tried, key=lambda one: one[0])[1]
            print(f"bench: PostgreSQL, {mode}{', slow disk' if slow else ''}: "
                  + ", ".join(f"{text_of(form)} {rate:,.0f}/s" for rate, form in tried), file=sys.stderr)
        return self.best[mode, slow]

    def writers(self, program, slow=False, folder=None, **values):
        """64 threads in one process."""
        with contextlib.ExitStack() as stack:
            folder = folder or stack.enter_context(self.new_folder())
            os.sync()
            return run([self.program(program), "append", *flags(folder=folder, writers=64, seconds=self.seconds, **values)],
                       self.environment(slow))

    # ---- Logs that are made once. ----

    def filled(self, program, events, **values):
        """Folder with so many events on a tenth as many deals."""
        folder = self.path(f"{program}-{events}" + "".join(f"-{name}" for name in values))
        if not os.path.exists(folder):
            run([self.program(program), "fill", *flags(folder=folder, commits=events, deals=max(1, events // 10), **values)],
                most_seconds=self.seconds_left())
        return folder

    def filled_server(self, events):
        """The same as the data folder of a recountd."""
        folder = self.path(f"server-{events}")
        if not os.path.exists(folder):
            with self.recountd(folder, paused=True) as server:
                server.ask("prepare", tenant_only=1)
            run([self.program("log_bench"), "fill", *flags(folder=folder, commits=events, deals=max(1, events // 10))],
                most_seconds=self.seconds_left())
        return folder

    def forget(self, *prefixes):
        """Removes what was made."""
        for name in os.listdir(self.folder):
            if name.startswith(prefixes):
                shutil.rmtree(self.path(name), ignore_errors=True)


def text_of(form):
    return " ".join(f"{name}={value}" for name, value in form.items())
