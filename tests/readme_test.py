#!/usr/bin/python3
"""What the documentation prints is what the programs print.

README.md and docs/ are walked as a newcomer walks them: page by page, each in a clone of its own (harness/walk.py), every block
fenced as ```console test or ```python test in order. A command that a page shows elsewhere fails the test: nobody would notice
when it stops being true.
"""

import glob
import os
import re
import sys
import unittest

from harness.protos import SOURCE
from harness.walk import Lie, Walk, blocks, commands, matches

# Pages that must show commands at all.
WALKED = {"README.md", "docs/backup.md", "docs/cli.md", "docs/diff.md", "docs/first-steps.md", "docs/import.md", "docs/witness.md"}
# A shown command outside a tested block: indented, or in a block of another fence.
UNTESTED = re.compile(r"^(?:    (?:\$ )?|\$ )(?:recount|recountd|build/release/bin/\w+) .*", re.M)


def pages():
    return ["README.md"] + sorted(os.path.relpath(path, SOURCE) for path in glob.glob(SOURCE + "/docs/**/*.md", recursive=True))


def read(page):
    with open(os.path.join(SOURCE, page), encoding="utf-8") as file:
        return file.read()


class ReadmeTest(unittest.TestCase):
    maxDiff = None

    def test_the_documentation_tells_the_truth(self):
        walked = set()
        for page in pages():
            text = read(page)
            if not blocks(text):
                continue
            walked.add(page)
            with self.subTest(page=page), Walk(page) as walk:
                print(f"{page}: {walk.take(text)} commands")
        self.assertLessEqual(WALKED, walked, "these pages show nothing that is tested")

    def test_commands_stand_in_tested_blocks(self):
        untested = [f"{page}: {match.group(0)}" for page in pages()
                    for match in UNTESTED.finditer(re.sub(r"^```console test\n.*?^```$", "", read(page), flags=re.M | re.S))]
        self.assertFalse(untested, "put these into blocks fenced as ```console test:\n" + "\n".join(untested))


class WalkTest(unittest.TestCase):
    """The walk notices what is not so."""

    def lie(self, text):
        with Walk("a page") as walk, self.assertRaises(Lie) as caught:
            walk.take(text)
        return str(caught.exception)

    def test_another_output(self):
        self.assertIn("b", self.lie("```console test\n$ echo a\nb\n```\n"))
        self.assertIn("a", self.lie("```console test\n$ echo a\n```\n"))
        self.assertIn("a", self.lie("```console test\n$ true\na\n```\n"))

    def test_a_failure_that_the_page_does_not_show(self):
        self.assertIn("ended with 3", self.lie("```console test\n$ (exit 3)\n$ true\n```\n"))
        with Walk("a page") as walk:
            self.assertEqual(2, walk.take("```console test\n$ (exit 3)\n$ echo $?\n3\n```\n"))

    def test_code_that_fails(self):
        self.assertIn("wrong", self.lie("```python test\nraise SystemExit('wrong')\n```\n"))

    def test_what_is_set_stays(self):
        with Walk("a page") as walk:
            walk.take("```console test\n$ export A=1 && echo x >file\n```\n\n```console test\n$ echo $A; cat file\n1\nx\n$ ls README.md\nREADME.md\n```\n")

    def test_matching(self):
        self.assertTrue(matches("a ... c\n...\nd", "a b c\nx\ny\nd"))
        self.assertTrue(matches("", ""))
        self.assertFalse(matches("a\nb", "a\nc"))
        self.assertFalse(matches("a", "a\nb"))

    def test_commands(self):
        self.assertEqual([("a \\\n  b", "x\ny"), ("c", ""), ("cat <<END\nd\nEND", "d")],
                         commands("$ a \\\n  b\nx\ny\n$ c\n$ cat <<END\nd\nEND\nd\n"))


if __name__ == "__main__":
    sys.exit(unittest.main())
