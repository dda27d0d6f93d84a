#!/usr/bin/python3
"""The repository checks itself: who may include whom, what stays out of domain/, how long files and functions are.

Every finding names the place and the remedy. The rules are DESIGN.md's picture of the folders and STYLE.md's limits.
"""

import os
import re
import sys
import unittest

SOURCE = os.environ.get("RECOUNT_SOURCE") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Folder -> folders that its files may include, beside itself and the protos.
MAY_INCLUDE = {
    "domain": set(),
    "eventstore": set(),
    "projections": {"domain", "eventstore"},
    "services": {"projections", "domain", "eventstore"},
    "tools": {"services", "projections", "domain", "eventstore", "tests"},
    "tests": {"services", "projections", "domain", "eventstore", "tools"},
}
FOLDERS = tuple(MAY_INCLUDE)
# What fuzz targets share; they stand beside the code that they fuzz.
FUZZING = '"tests/fuzz/fuzzing.h"'
# eventstore/ knows envelopes, not events of the domain.
EVENTSTORE_PROTOS = ("recount/storage/v1/", "recount/v1/options.pb.h", "recount/v1/error_reason.pb.h")

# What would bring a clock, chance or the outside world into the domain.
IMPURE = [
    (r"\babsl::Now\b", "take the time from Context::now_micros"),
    (r"\b(system|steady|high_resolution)_clock\b", "take the time from Context::now_micros"),
    (r"(?<![.>\w:])(time|clock)\s*\(\s*(nullptr|NULL|0)?\s*\)", "take the time from Context::now_micros"),
    (r"\b(gettimeofday|clock_gettime)\b", "take the time from Context::now_micros"),
    (r"\b(s?rand|random|drand48)\s*\(", "take ids from Context::new_id"),
    (r"\bstd::(random_device|mt19937|mt19937_64)\b", "take ids from Context::new_id"),
    (r"\b(fopen|open|read|write|popen|system)\s*\(\s*\"", "let the caller read and hand the content in"),
    (r"\bgetenv\b", "let the caller hand the setting in"),
    (r"\bstd::(cout|cerr|clog|ifstream|ofstream|fstream)\b", "return a value or a status"),
]
IMPURE_HEADERS = {"<random>", "<chrono>", "<fstream>", "<iostream>", "<filesystem>", "<thread>", "<ctime>",
                  "\"absl/random/random.h\"", "\"absl/time/clock.h\""}

MAX_FILE_LINES = 400
MAX_PROTO_LINES = 600
MAX_FUNCTION_LINES = 70
MAX_CORPUS_BYTES = 200_000
BANNED_WORDS = ("TO" + "DO", "FIX" + "ME")
TEXT_FILES = (".cc", ".h", ".proto", ".py", ".textproto", ".txt", ".md", ".sh", ".map", ".test", ".cmake")

INCLUDE = re.compile(r"^\s*#\s*include\s+([<\"][^>\"]+[>\"])", re.M)


def files(*suffixes):
    """Paths of the repository's own files, relative to its top."""
    for folder, subfolders, names in os.walk(SOURCE):
        subfolders[:] = sorted(f for f in subfolders if not f.startswith(".git") and f not in ("build", "__pycache__", "_Deps"))
        for name in sorted(names):
            if name.endswith(suffixes):
                yield os.path.relpath(os.path.join(folder, name), SOURCE)


def text_of(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def without_comments_and_texts(source):
    """C++ with comments and literals blanked, line breaks kept."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)

    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return '""' + "\n" * found.count("\n")

    # A digit separator (1'000) is no literal.
    return pattern.sub(blank, re.sub(r"(?<=\d)'(?=\d)", "", source))


def functions(source):
    """(name, first line, last line) of each function defined at namespace or class level."""
    # Directives go, also macros of several lines; their lines stay, so that places are right.
    code = re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", lambda found: "\n" * found.group().count("\n"), without_comments_and_texts(source),
                  flags=re.M)
    found, stack = [], []  # of the stack: (is a scope that may hold functions, name or None, line)
    start, line, head_line = 0, 1, 1
    parentheses = 0
    for index, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char == "(":
            parentheses += 1
        elif char == ")":
            parentheses -= 1
        elif parentheses == 0 and char in ";}{":
            if char == "{":
                head = code[start:index].strip()
                at_scope = all(entry[0] for entry in stack)
                is_scope = bool(re.match(r"(inline\s+)?namespace\b|extern\s*\"|(template\s*<.*>\s*)?(class|struct|union|enum)\b", head, re.S)
                                and not re.search(r"\)\s*(const|override|noexcept|final|\s)*$", head))
                name = re.search(r"([~\w:]+|operator\s*\S+)\s*\(", head)
                is_function = at_scope and not is_scope and name and not re.search(r"=\s*$", head)
                head_line = line - head.count("\n")
                stack.append((is_scope, name.group(1) if is_function else None, head_line))
            elif char == "}" and stack:
                _, name, first = stack.pop()
                if name:
                    found.append((name, first, line))
            start = index + 1
    return found


def python_functions(source):
    """(name, first line, last line) of each function of a Python file."""
    import ast

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno


class LayersTest(unittest.TestCase):
    def expect_none(self, findings):
        self.assertFalse(findings, "\n" + "\n".join(findings))

    def test_folders_include_only_what_lies_below_them(self):
        findings = []
        for path in files(".cc", ".h"):
            folder = path.split(os.sep)[0]
            if folder not in MAY_INCLUDE:
                continue
            for include in INCLUDE.findall(text_of(path)):
                target = include.strip("<>\"").split("/")[0]
                if path.endswith("_fuzz.cc") and include == FUZZING:
                    continue
                if target in FOLDERS and target != folder and target not in MAY_INCLUDE[folder]:
                    findings.append(f"{path}: includes {include}; {folder}/ may include {sorted(MAY_INCLUDE[folder]) or 'only itself'}: "
                                    f"declare an interface in {folder}/ and let the folder above implement it")
        self.expect_none(findings)

    def test_the_event_store_knows_envelopes_only(self):
        findings = []
        for path in files(".cc", ".h"):
            if not path.startswith("eventstore/") or path.endswith(("_test.cc", "_fuzz.cc")):
                continue
            for include in INCLUDE.findall(text_of(path)):
                name = include.strip("<>\"")
                if name.startswith("recount/") and not name.startswith(EVENTSTORE_PROTOS):
                    findings.append(f"{path}: includes {include}; eventstore/ knows envelopes only: hand bytes or a message descriptor in")
        self.expect_none(findings)

    def test_rocksdb_stays_in_its_files(self):
        findings = []
        for path in files(".cc", ".h"):
            name = os.path.basename(path)
            allowed = name.startswith("rocksdb_") and path.split(os.sep)[0] in ("eventstore", "projections")
            if allowed or path.startswith("tests/") or "bench" in name:
                continue
            if re.search(r"^\s*#\s*include\s+[<\"]rocksdb/", text_of(path), re.M):
                findings.append(f"{path}: includes RocksDB; move that code into a rocksdb_*.cc file of eventstore/ or projections/ "
                                "behind an interface without it")
        self.expect_none(findings)

    def test_grpc_stays_in_services_and_tools(self):
        findings = []
        for path in files(".cc", ".h"):
            if path.split(os.sep)[0] in ("services", "tools", "tests"):
                continue
            if re.search(r"^\s*#\s*include\s+[<\"](grpc|grpcpp|grpc\+\+)/|\.grpc\.pb\.h", text_of(path), re.M):
                findings.append(f"{path}: includes gRPC; return absl::Status and let services/ translate")
        self.expect_none(findings)

    def test_the_domain_is_pure(self):
        findings = []
        for path in files(".cc", ".h"):
            if not path.startswith("domain/") or path.endswith(("_test.cc", "_fuzz.cc")):
                continue
            source = text_of(path)
            for include in INCLUDE.findall(source):
                if include in IMPURE_HEADERS:
                    findings.append(f"{path}: includes {include}; domain/ knows no clock, chance or I/O: let it come in through Context")
            for number, line in enumerate(without_comments_and_texts(source).splitlines(), 1):
                for pattern, remedy in IMPURE:
                    if re.search(pattern, line):
                        findings.append(f"{path}:{number}: {line.strip()}: {remedy}")
        self.expect_none(findings)

    def test_files_are_short(self):
        findings = []
        for path in files(".cc", ".h", ".py", ".proto"):
            limit = MAX_PROTO_LINES if path.endswith(".proto") else MAX_FILE_LINES
            lines = text_of(path).count("\n")
            if lines > limit:
                findings.append(f"{path}: {lines} lines, the limit is {limit}: split it by concept")
        self.expect_none(findings)

    def test_functions_are_short(self):
        findings = []
        for path in files(".cc", ".h", ".py"):
            source = text_of(path)
            found = python_functions(source) if path.endswith(".py") else functions(source)
            lines = source.splitlines()
            for name, first, last in found:
                # An exhaustive switch is a table: its bare labels do not count.
                length = sum(not re.fullmatch(r"\s*case [\w:]+:", line) for line in lines[first - 1:last])
                if length > MAX_FUNCTION_LINES:
                    findings.append(f"{path}:{first}: {name} has {length} lines, the limit is {MAX_FUNCTION_LINES}: "
                                    "name its steps and make them functions")
        self.expect_none(findings)

    def test_nothing_is_left_for_later(self):
        findings = []
        for path in files(*TEXT_FILES):
            for number, line in enumerate(text_of(path).splitlines(), 1):
                for word in BANNED_WORDS:
                    if re.search(rf"\b{word}\b", line):
                        findings.append(f"{path}:{number}: {word}: do it, or open an issue and take the word out")
        self.expect_none(findings)

    def test_fuzz_targets_are_told_of_and_have_a_corpus(self):
        findings, sizes = [], 0
        told = text_of("docs/testing.md")
        for path in files("_fuzz.cc"):
            folder = os.path.join(SOURCE, "tests/fuzz/corpus", path[:-3].replace(os.sep, "_"))
            inputs = os.listdir(folder) if os.path.isdir(folder) else []
            sizes += sum(os.path.getsize(os.path.join(folder, name)) for name in inputs)
            if f"`{path}`" not in told:
                findings.append(f"{path}: say in the table of docs/testing.md what it decodes")
            if not inputs:
                findings.append(f"{path}: put a few small inputs into {os.path.relpath(folder, SOURCE)}")
        if sizes > MAX_CORPUS_BYTES:
            findings.append(f"tests/fuzz/corpus has {sizes} bytes, the limit is {MAX_CORPUS_BYTES}: keep what is small")
        self.expect_none(findings)

    def test_headers_are_guarded(self):
        findings = []
        for path in files(".h"):
            guard = "RECOUNT_" + re.sub(r"[^A-Z0-9]", "_", path.upper()) + "_"
            if f"#ifndef {guard}\n#define {guard}\n" not in text_of(path):
                findings.append(f"{path}: the include guard must be {guard}")
        self.expect_none(findings)


class MeasuringTest(unittest.TestCase):
    """The rules above are only as good as what they see."""

    def test_functions_are_found(self):
        source = ("namespace a {\nstruct S {\n  int F() const {\n    if (x) {\n    }\n  }\n};\n"
                  "int G(int a,\n      int b) {\n  // {\n  auto s = \"}\";\n  return [&] { return 1; }();\n}\n"
                  "constexpr int kTable[] = {\n  1,\n};\n}  // namespace a\n")
        self.assertEqual([("F", 3, 6), ("G", 8, 13)], functions(source))

    def test_texts_and_comments_are_not_code(self):
        self.assertNotIn("absl::Now", without_comments_and_texts("// absl::Now\nf(\"absl::Now\");"))


if __name__ == "__main__":
    sys.exit(unittest.main())
