"""A PostgreSQL cluster of the benchmark's own: a folder, a Unix socket, no network."""

import glob
import os
import pwd
import signal
import subprocess
import time

from benchmarks.programs import BenchError, Process, flags, run

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
unix_socket_permissions = 0700
max_connections = 300
shared_buffers = {shared_mb}MB
effective_cache_size = {cache_mb}MB
work_mem = 64MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
wal_compression = off
fsync = on
synchronous_commit = on
autovacuum = on
"""


def binaries():
    """Folder of PostgreSQL 15's programs."""
    found = glob.glob("/usr/lib/postgresql/15/bin/postgres")
    if not found:
        raise BenchError("PostgreSQL 15 is not installed: tools/setup --bench installs it")
    return os.path.dirname(found[0])


def memory_mb():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)


class Postgres:
    """Made at the first use; `slow` runs it with longer syncs."""

    def __init__(self, folder, load_program, schema, environment_of):
        self.folder, self.load_program, self.schema = folder, load_program, schema
        self.environment_of = environment_of
        self.process, self.is_slow = None, None
        # PostgreSQL does not run as root.
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        self.owner = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name

    def load(self, mode, slow, **values):
        self.start(slow)
        return run([self.load_program, mode, *flags(server_pid=self.process.pid, connection=self.connection(), **values)])

    def connection(self):
        return f"host={self.folder} dbname=postgres user={self.owner}"

    def start(self, slow):
        if self.process is not None and self.is_slow == slow:
            return
        self.stop()
        data = os.path.join(self.folder, "data")
        fresh = not os.path.exists(data)
        if fresh:
            self._make(data)
        self.process = Process([binaries() + "/postgres", "-D", data], self.environment_of(slow),
                               os.path.join(self.folder, "..", "postgres.log"), signal.SIGINT, cwd=self.folder, **self.user)
        self.is_slow = slow
        self._await_ready()
        if fresh:
            self._make_tables()

    def _make(self, data):
        os.makedirs(self.folder, exist_ok=True)
        if self.user:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        os.chmod(self.folder, 0o700)
        made = subprocess.run([binaries() + "/initdb", "-D", data, "-A", "trust", "-U", self.owner, "-E", "UTF8", "--locale=C",
                               "--no-sync"], capture_output=True, text=True, cwd=self.folder, **self.user)
        if made.returncode != 0:
            raise BenchError(f"initdb failed: {made.stderr[-2000:]}")
        shared = min(4096, memory_mb() // 6)
        with open(os.path.join(data, "postgresql.conf"), "a") as file:
            file.write(SETTINGS.format(folder=self.folder, shared_mb=shared, cache_mb=memory_mb() // 2))

    def _await_ready(self):
        for _ in range(300):
            if self.process.process.poll() is not None:
                break
            ready = subprocess.run([binaries() + "/pg_isready", "-q", "-h", self.folder], cwd="/", **self.user)
            if ready.returncode == 0:
                return
            time.sleep(0.1)
        raise BenchError(f"PostgreSQL does not start: {self.process.log()}")

    def _make_tables(self):
        with open(self.schema) as file:
            done = subprocess.run([binaries() + "/psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", self.owner,
                                   "-d", "postgres"], stdin=file, capture_output=True, text=True, cwd="/", **self.user)
        if done.returncode != 0:
            raise BenchError(f"the peer's tables cannot be made: {done.stderr[-2000:]}")

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None
