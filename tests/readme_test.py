#!/usr/bin/python3
"""What the documentation prints is what the programs print.

Blocks fenced as ```console test in README.md and docs/ are run in order, file by file, against an empty server of their own:
lines that begin with `$ ` are commands (continued by a backslash at the end of a line), the lines after them what they
print. `...` in an expected line stands for anything; a line that is only `...` for any lines. `recount` and `recountd` are
those of this build; RECOUNT_SERVER, RECOUNT_TENANT (acme) and RECOUNT_ACTOR are set.
"""

import glob
import os
import re
import subprocess
import sys
import unittest

from harness.protos import BIN, SOURCE
from harness.server import Server

BLOCK = re.compile(r"^```console test\n(.*?)^```$", re.M | re.S)


def commands(block):
    """[(command, expected output)] of a block."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1][0] += "\n" + line
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


class ReadmeTest(unittest.TestCase):
    maxDiff = None

    def test_the_documentation_tells_the_truth(self):
        files = [path for path in [os.path.join(SOURCE, "README.md")] + sorted(glob.glob(SOURCE + "/docs/**/*.md", recursive=True))
                 if os.path.exists(path)]
        ran = 0
        for path in files:
            with open(path, encoding="utf-8") as file:
                blocks = BLOCK.findall(file.read())
            if blocks:
                with Server() as server:
                    for block in blocks:
                        for command, expected in commands(block):
                            self.check(server, os.path.relpath(path, SOURCE), command, expected)
                            ran += 1
        print(f"{ran} commands of {len(files)} files")

    def check(self, server, path, command, expected):
        environment = dict(os.environ, RECOUNT_SERVER=server.address, RECOUNT_TENANT="acme", RECOUNT_ACTOR="users/me",
                           PATH=BIN + ":" + os.environ["PATH"], LC_ALL="C.UTF-8", COLUMNS="120")
        done = subprocess.run(["bash", "-c", command.replace("build/release/bin/", "")], cwd=SOURCE, env=environment,
                              capture_output=True, text=True, timeout=120)
        printed = "\n".join(line.rstrip() for line in (done.stdout + done.stderr).rstrip().splitlines())
        if not matches(expected, printed):
            self.assertEqual(expected, printed, f"{path}: $ {command}\nprints something else; correct the page or the program")


class MatchingTest(unittest.TestCase):
    def test_matching(self):
        self.assertTrue(matches("a ... c\n...\nd", "a b c\nx\ny\nd"))
        self.assertTrue(matches("", ""))
        self.assertFalse(matches("a\nb", "a\nc"))
        self.assertFalse(matches("a", "a\nb"))

    def test_commands(self):
        self.assertEqual([("a \\\n  b", "x\ny"), ("c", "")], commands("$ a \\\n  b\nx\ny\n$ c\n"))


if __name__ == "__main__":
    sys.exit(unittest.main())
