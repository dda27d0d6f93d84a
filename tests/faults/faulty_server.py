"""A recountd under libmachine_faults.so: a system call of it fails, or its time of day is set."""

import os
import subprocess

from harness.protos import BIN
from harness.server import Server

LIBRARY = os.path.join(BIN, "libmachine_faults.so")
ENDS_WITHIN_SECONDS = 60
# Exit codes of recountd (docs/operating.md).
STOPPED, WRITE_FAILED, CANNOT_START, ABORTED = 0, 3, 4, 5


def is_sanitized():
    """Whether the server was built with AddressSanitizer."""
    with open(os.path.join(BIN, "recountd"), "rb") as file:
        return b"__asan_init" in file.read()


class DidNotStart(Exception):
    """The server ended before it listened."""


def preload(**settings):
    """The words before a command under the library; `folder="/data"` sets MACHINE_FAULTS_FOLDER."""
    return ["env", f"LD_PRELOAD={LIBRARY}", "ASAN_OPTIONS=verify_asan_link_order=0",
            *(f"MACHINE_FAULTS_{name.upper()}={value}" for name, value in settings.items())]


class FaultyServer(Server):
    """Starts under a fault; `start()` once more starts without it. DidNotStart if it ends at once."""

    def __init__(self, folder, **settings):
        self.trace = os.path.join(folder, "trace")
        if os.path.exists(self.trace):
            os.remove(self.trace)
        super().__init__(folder, backups=True, wrapper=preload(folder=folder + "/", trace=self.trace, **settings))

    def start(self, flags=None):
        try:
            super().start(flags)
        except RuntimeError:
            raise DidNotStart() from None
        finally:
            self.wrapper = ()

    def _wait_until_serving(self):
        """The first call finds out: a server that is killed meanwhile never serves."""

    def calls(self):
        """[(name, path)] of the calls that the library counted, or of the one that it let fail."""
        if not os.path.exists(self.trace):
            return []
        with open(self.trace) as file:
            return [tuple(line.split()[1:3]) for line in file]

    def end(self):
        """The exit code of one that must have ended, or must end now that it is asked; it hangs: RuntimeError."""
        self.stop()
        return self.process.returncode

    def wait_for_end(self):
        """Whether it ends by itself."""
        try:
            self.process.wait(ENDS_WITHIN_SECONDS)
            return True
        except subprocess.TimeoutExpired:
            return False
