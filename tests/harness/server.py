"""A real recountd on a folder and a free port of its own."""

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

from harness.certificates import channel_to
from harness.protos import BIN, SOURCE, health_pb2, health_pb2_grpc

START_SECONDS = 60


class Server:
    """Starts at once; `with` stops it and removes a folder that it made. `tokens`: lines of a tokens file, instead of --insecure.
    `tls`: Certificates (harness/certificates.py) to serve with. `backups`: it may write backups into `self.backups`.
    `started=False`: not yet. `wrapper`: words before the command, such as `env NAME=VALUE` or `prlimit --nofile=100`."""

    SECONDS_OF_A_START = 0.6  # about, until it serves
    FILES_ARE_AT_HAND = True

    def __init__(self, folder=None, flags=("--insecure",), tokens=None, tls=None, backups=False, started=True, wrapper=()):
        self.made_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="recount-test-")
        self.data = os.path.join(self.folder, "data")
        self.flags = list(flags)
        self.process = None
        self.wrapper = wrapper
        self.backups = os.path.join(self.folder, "backups")
        if tokens:
            path = os.path.join(self.folder, "tokens")
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
                file.write(tokens)
            self.flags = ["--tokens", path]
        if backups:
            self.flags += ["--backups", self.backups]
        self.tls = tls
        if tls:
            self.flags += ["--tls-cert", tls.certificate, "--tls-key", tls.key]
        if started:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()
        if self.made_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, flags=None):
        self.launch(flags)
        self.address = self._read_address()
        self._wait_until_serving()

    def launch(self, flags=None):
        """Starts the program and does not wait until it serves."""
        os.makedirs(self.folder, exist_ok=True)
        self.log_path = os.path.join(self.folder, "recountd.log")
        log = open(self.log_path, "ab")
        command = [*self.wrapper, os.path.join(BIN, "recountd"), "--data", self.data, "--listen", "127.0.0.1:0",
                   *(self.flags if flags is None else flags)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        log.close()

    def _read_address(self):
        """The address that the server prints; it is printed once the port is open."""
        seen, end = b"", time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                break
            seen += chunk
            match = re.search(rb"listening on (\S+:\d+)", seen)
            if match:
                return match.group(1).decode()
        self.kill()
        raise RuntimeError(f"recountd did not say where it listens: {seen.decode(errors='replace')}\n{self.log()}")

    def _wait_until_serving(self):
        with channel_to(self.address, self.tls and self.tls.authority) as channel:
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=START_SECONDS, wait_for_ready=True)

    def stop(self):
        """Asks the server to end and waits for it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
                raise RuntimeError(f"recountd did not end within a minute after SIGTERM\n{self.log()}")
        self._close()

    def kill(self):
        """kill -9."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._close()

    def _close(self):
        if self.process and self.process.stdout:
            self.process.stdout.close()

    def restart(self, flags=None):
        self.stop()
        self.start(flags)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()[-4000:]

    def recount(self, *arguments, tenant="acme", actor="tester", check=True, cwd=SOURCE, stdin=None, **more):
        """Runs the command line against this server; returns its standard output. `more`: environment variables."""
        environment = dict(os.environ, RECOUNT_SERVER=self.address, RECOUNT_TENANT=tenant, RECOUNT_ACTOR=actor) | more
        done = subprocess.run([os.path.join(BIN, "recount"), *arguments], env=environment, cwd=cwd, input=stdin,
                              capture_output=True, text=True)
        if check and done.returncode != 0:
            raise RuntimeError(f"recount {' '.join(arguments)} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return done.stdout if check else done
