"""Programs that are measured: started, asked, ended, and their folders removed."""

import ctypes
import json
import os
import re
import select
import signal
import subprocess
import time

START_SECONDS = 120
RUN_SECONDS = 120  # a run of some seconds that takes longer is stuck


class BenchError(Exception):
    """Says in a sentence what went wrong."""


def die_with_parent(signal_number):
    """For preexec_fn: a program ends when the benchmark does, however that happens."""
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(1, signal_number, 0, 0, 0)


def run(command, environment=None, most_seconds=RUN_SECONDS):
    """Runs a program to its end; the object that it prints in its last line."""
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=most_seconds,
                              preexec_fn=die_with_parent(signal.SIGKILL), start_new_session=True)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{' '.join(command)} did not end within {most_seconds} s") from None
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:].strip()}")
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}


def flags(**values):
    """in_flight=64 -> --in-flight=64"""
    return [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]


class Process:
    """One that runs until it is stopped."""

    def __init__(self, command, environment, log_path, stop_signal=signal.SIGTERM, **options):
        self.stop_signal, self.log_path = stop_signal, log_path
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True,
                                            preexec_fn=die_with_parent(stop_signal), **options)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def await_line(self, pattern):
        """The first group of what it prints."""
        seen, end = b"", time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                break
            seen += chunk
            if match := re.search(pattern, seen.decode(errors="replace")):
                return match.group(1)
        raise BenchError(f"{self.process.args[0]} did not start: {seen.decode(errors='replace')}{self.log()}")

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()[-2000:]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


class GrpcServer(Process):
    """recountd or the echo."""

    def __init__(self, command, environment, log_path, load_program):
        begin = time.monotonic()
        super().__init__(command, environment, log_path)
        self.load_program = load_program
        try:
            self.address = self.await_line(r"listening on (\S+:\d+)\n")
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.monotonic() - begin

    def ask(self, mode, **values):
        return run([self.load_program, mode, *flags(address=self.address, server_pid=self.pid, **values)])


def memory_mb_of(pid):
    """(resident, most that was ever resident)"""
    values = {}
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(("VmRSS:", "VmHWM:")):
                values[line[:5]] = int(line.split()[1]) / 1024
    return values["VmRSS"], values["VmHWM"]
