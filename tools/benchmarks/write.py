"""`tools/bench write`: sets up, measures, prints, removes."""

import os
import signal
import subprocess
import sys

from benchmarks import measures, report
from benchmarks.lab import Lab
from benchmarks.programs import BenchError
from benchmarks.rounds import MOST_EXTRA_ROUNDS, Plan, run_group, say

SOURCES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARIES = os.path.join(SOURCES, "build", "release", "bin")
LIMIT_SECONDS = 19 * 60
MOST_ROUNDS = 25


def describe(parser):
    parser.add_argument("--rounds", type=int, default=5, help="of each contestant, at least (default 5)")
    parser.add_argument("--only", metavar="NAME", action="append", default=[],
                        help="groups or rows whose names begin so, e.g. `unary_64` or `slow/`; may be given again")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--quick", action="store_true", help="one short round on small logs: to see that everything runs")
    parser.add_argument("--large", action="store_true",
                        help="start with 10 million events and append at 20 million too: takes about half an hour more")
    parser.add_argument("--seconds", type=float, default=2.0, help="of one run (default 2)")
    parser.add_argument("--folder", default="/var/tmp", help="where the folder of the run is made: its disk is measured")
    parser.add_argument("--list", action="store_true", help="print the names of groups and rows")


def chosen(groups, names):
    """Groups with the rows asked for; contestants of other rows are not run."""
    if not names:
        return groups
    result = []
    for group in groups:
        rows = [row for row in group.rows
                if any(row.name.startswith(name) or group.name == name for name in names)]
        if not rows:
            continue
        needed = {figure.contestant for row in rows for figure in (row.ours, *row.peers, *(row.relative_to or ()))}
        group.rows = rows
        group.contestants = {name: run for name, run in group.contestants.items() if name in needed}
        result.append(group)
    if not result:
        raise BenchError(f"no measure is called {' or '.join(names)}: --list has the names")
    return result


def build():
    """Release, with the programs that measure."""
    subprocess.run([os.path.join(SOURCES, "tools", "setup"), "--bench"], check=True, stdout=sys.stderr)
    environment = dict(os.environ, CCACHE_BASEDIR=SOURCES, CCACHE_NOHASHDIR="1")
    for command in (["cmake", "--preset", "release"], ["ninja", "-C", "build/release", "recountd", "benchmarks"]):
        done = subprocess.run(command, cwd=SOURCES, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    if not os.path.exists(os.path.join(BINARIES, "postgres_load")):
        raise BenchError("libpq was not found: tools/setup --bench installs it")


def measure(groups, options):
    limit = LIMIT_SECONDS * (3 if options.large else 1)
    rounds = 1 if options.quick else options.rounds
    seconds = min(0.5, options.seconds) if options.quick else options.seconds
    plan = Plan(groups, rounds, seconds, limit, extra_rounds=0 if options.quick else MOST_EXTRA_ROUNDS)
    rows = []
    with Lab(BINARIES, SOURCES, seconds, 0.2 if options.quick else 0.5, options.folder,
             plan.seconds_left) as lab:
        for group in groups:
            rows += run_group(group, lab, plan)
    return rows


def end_by_exception(signal_number, frame):
    raise SystemExit(128 + signal_number)


def main(options):
    sizes = measures.QUICK if options.quick else measures.LARGE if options.large else measures.Sizes()
    if not 1 <= options.rounds <= MOST_ROUNDS:
        raise BenchError(f"--rounds is 1 to {MOST_ROUNDS}")
    groups = chosen(measures.groups(sizes), options.only)
    if options.list:
        for group in groups:
            print("\n".join(f"{row.name}  {row.title} ({row.goal})" for row in group.rows))
        return 0
    # Whatever ends the run, what it set up is removed.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_by_exception)
    build()
    say("measuring; everything is in a folder of its own that is removed at the end")
    rows = measure(groups, options)
    print(report.as_json(rows) if options.format == "json" else report.table(rows))
    return 1 if any(note.startswith("failed: ") for row in rows for note in row["notes"]) else 0
