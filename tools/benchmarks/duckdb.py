"""DuckDB as a peer: the prebuilt package from npm, in a folder of the benchmark's own, driven by duckdb_peer.mjs."""

import json
import os
import shutil
import signal
import subprocess

from benchmarks.programs import BenchError, die_with_parent

PACKAGE = "@duckdb/node-api@1.5.6-r.1"
INSTALL_SECONDS = 240


class DuckDb:
    """Raises BenchError with the reason if it cannot be had."""

    def __init__(self, folder, script):
        os.makedirs(folder)
        self._install(folder)
        shutil.copy(script, folder)
        self.database = os.path.join(folder, "facts.duckdb")
        self.log_path = os.path.join(folder, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(["node", os.path.basename(script), self.database], cwd=folder, text=True, stderr=log,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                                            preexec_fn=die_with_parent(signal.SIGKILL))
        self.pid = self.process.pid

    def _install(self, folder):
        if shutil.which("npm") is None or shutil.which("node") is None:
            raise BenchError("node and npm are not installed")
        environment = dict(os.environ, npm_config_cache=os.path.join(folder, "cache"))
        command = ["npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE]
        try:
            done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise BenchError(f"npm did not bring {PACKAGE} within {INSTALL_SECONDS} s") from None
        if done.returncode != 0:
            raise BenchError(f"npm did not bring {PACKAGE}: {done.stderr.strip()[-300:]}")

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            with open(self.log_path, errors="replace") as log:
                raise BenchError(f"DuckDB ended: {log.read()[-500:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise BenchError(f"DuckDB refused `{str(request)[:200]}`: {answer['error']}")
        return answer

    def execute(self, sql):
        return [tuple(row) for row in self.ask(execute=sql)["rows"]]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
