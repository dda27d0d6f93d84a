"""Walks a page of the documentation as a newcomer does, in a clone of its own.

Blocks fenced as ```console test: lines that begin with `$ ` are commands (continued by a backslash at the end of a line, or up
to the end of a here document), the lines after them what they print. `...` in an expected line stands for anything; a line that
is only `...` for any lines. A command ends with 0, unless the next one is `echo $?`. One that ends with ` &` is a server: it runs
until the page ends. Blocks fenced as ```python test are run with the classes in build/python.

A page that starts no server gets one, the programs on its path, and the environment that the README sets. The address 127.0.0.1:7420 stands for whatever free port the server took, so that pages
can be walked side by side.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

from harness.protos import BIN, SOURCE
from harness.server import Server

ADDRESS = "127.0.0.1:7420"
BLOCK = re.compile(r"^```(console|python) test\n(.*?)^```$", re.M | re.S)
HERE_DOCUMENT = re.compile(r"<<'?(\w+)'?")
INVISIBLE = re.compile("[\u2068\u2069]")  # what keeps right-to-left names in their column
SECONDS = 120


class Lie(AssertionError):
    """A page shows what is not so."""


def blocks(text):
    """[(console or python, content)] of a page."""
    return BLOCK.findall(text)


def commands(block):
    """[(command, expected output)] of a block."""
    found, end = [], None
    for line in block.splitlines():
        if end is not None or (found and found[-1][0].endswith("\\") and not found[-1][1]):
            found[-1][0] += "\n" + line
            end = None if line == end else end
        elif line.startswith("$ "):
            found.append([line[2:], []])
            here = HERE_DOCUMENT.search(line)
            end = here.group(1) if here else None
        elif found:
            found[-1][1].append(line)
    return [(command, "\n".join(lines).rstrip()) for command, lines in found]


def matches(expected, printed):
    pattern = []
    for line in expected.splitlines():
        if line.strip() == "...":
            pattern.append(r"(?:.*\n)*?")
        else:
            pattern.append("[^\n]*?".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ ]*\n")
    return re.fullmatch("".join(pattern), printed.rstrip() + "\n" if printed.strip() else "") is not None


class Walk:
    """Walks one page; `with` ends its servers and removes its folder."""

    def __init__(self, page):
        self.page = page
        self.folder = tempfile.mkdtemp(prefix="recount-walk-")
        self.clone = os.path.join(self.folder, "recount")
        self.address = ADDRESS
        self.exit_code = 0
        self.started, self.server = [], None
        self.environment = dict(os.environ, LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
        for name in [name for name in self.environment if name.startswith("RECOUNT_")]:
            del self.environment[name]
        os.makedirs(os.path.join(self.clone, "build", "release"))
        for name in os.listdir(SOURCE):
            if name != "build" and not name.startswith(".git"):
                os.symlink(os.path.join(SOURCE, name), os.path.join(self.clone, name))
        os.symlink(BIN, os.path.join(self.clone, "build", "release", "bin"))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for process in self.started:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            process.stdout.close()
        if self.server:
            self.server.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    def take(self, text):
        """All tested blocks of a page; returns how many commands they held. Lie: at the first that is not so."""
        steps = [(kind, step) for kind, block in blocks(text) for step in (commands(block) if kind == "console" else [(block, "")])]
        if any("recount" in command for _, (command, _) in steps) and not any(command.endswith(" &") for _, (command, _) in steps):
            self._be_ready()
        for i, (kind, (command, expected)) in enumerate(steps):
            follower = steps[i + 1][1][0] if i + 1 < len(steps) else ""
            if kind == "python":
                self._run_python(command)
            elif command.endswith(" &"):
                self._start(command, expected)
            else:
                self._run(command, expected, may_fail=follower.startswith("echo $?"))
        return len(steps)

    def _be_ready(self):
        """For a page that leaves out how to start: a server, and the programs on the path."""
        self.server = Server()
        self.address = self.server.address
        self.environment |= dict(RECOUNT_SERVER=self.address, RECOUNT_TENANT="acme", RECOUNT_ACTOR="users/me")
        self.environment["PATH"] = BIN + ":" + self.environment["PATH"]

    def _compare(self, command, expected, printed):
        printed = "\n".join(line.rstrip() for line in INVISIBLE.sub("", printed).replace(self.address, ADDRESS).rstrip().splitlines())
        if not matches(expected, printed):
            raise Lie(f"{self.page}: $ {command}\nprints\n{printed}\ninstead of\n{expected}\ncorrect the page or the program")

    def _run(self, command, expected, may_fail):
        """As a line of one shell: what it exports, and `$?`, are there for the next."""
        kept = os.path.join(self.folder, "environment")
        script = f"(exit {self.exit_code})\n{command.replace(ADDRESS, self.address)}\ncode=$?\nenv -0 >{kept}\nexit $code"
        done = subprocess.run(["bash", "-c", script], cwd=self.clone, env=self.environment, capture_output=True, text=True, timeout=SECONDS)
        self.exit_code = done.returncode
        if os.path.exists(kept):
            with open(kept, encoding="utf-8", errors="surrogateescape") as file:
                self.environment = dict(pair.split("=", 1) for pair in file.read().split("\0") if pair)
        self._compare(command, expected, done.stdout + done.stderr)
        if done.returncode != 0 and not may_fail:
            raise Lie(f"{self.page}: $ {command}\nended with {done.returncode}; if that is meant, let `echo $?` follow")

    def _run_python(self, code):
        environment = dict(self.environment, PYTHONPATH=os.path.join(self.clone, "build", "python"))
        done = subprocess.run(["/usr/bin/python3", "-"], input=code.replace(ADDRESS, self.address), cwd=self.clone, env=environment,
                              capture_output=True, text=True, timeout=SECONDS)
        if done.returncode != 0:
            raise Lie(f"{self.page}: the Python code ended with {done.returncode}:\n{code}\n{done.stdout}{done.stderr}")

    def _start(self, command, expected):
        """A server, on a free port; what it prints is waited for."""
        words = "exec " + command[:-2].replace(ADDRESS, "127.0.0.1:0")
        process = subprocess.Popen(["bash", "-c", words], cwd=self.clone, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.started.append(process)
        printed, end = b"", time.monotonic() + SECONDS
        while printed.count(b"\n") < max(1, len(expected.splitlines())) and time.monotonic() < end:
            ready, _, _ = select.select([process.stdout], [], [], max(0, end - time.monotonic()))
            chunk = os.read(process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                break
            printed += chunk
        listening = re.search(r"listening on (\S+:\d+)", printed.decode())
        if listening:
            self.address = self.environment["RECOUNT_SERVER"] = listening.group(1)
        self._compare(command, expected, printed.decode())
