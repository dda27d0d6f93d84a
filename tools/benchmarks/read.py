"""`tools/bench read`: loads one history everywhere, compares the answers, measures, prints, removes."""

import os
import signal
import subprocess
import sys

from benchmarks import history, read_measures, report
from benchmarks.programs import BenchError
from benchmarks.read_lab import ReadLab
from benchmarks.rounds import MOST_EXTRA_ROUNDS, Plan, run_group, say
from benchmarks.write import BINARIES, MOST_ROUNDS, SOURCES, chosen, end_by_exception

LIMIT_MINUTES = 20
QUICK_LEADS = 600
MOST_SIZE = 3


def describe(parser):
    parser.add_argument("--size", type=float, default=0.1,
                        help="of the history: 1 is a million leads, a million deals and ten million events (default 0.1, most 3)")
    parser.add_argument("--rounds", type=int, default=5, help="of each contestant, at least (default 5)")
    parser.add_argument("--only", metavar="NAME", action="append", default=[],
                        help="groups or rows whose names begin so, e.g. `quarter/` or `years/won_lost`; may be given again")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--quick", action="store_true", help="one short round on a small history: to see that everything runs")
    parser.add_argument("--seconds", type=float, default=1.0, help="of one contestant's calls in one round (default 1)")
    parser.add_argument("--minutes", type=float, default=LIMIT_MINUTES,
                        help=f"for measuring, after the loading (default {LIMIT_MINUTES})")
    parser.add_argument("--times", type=int, default=1, help="the whole of it so often, each with another history (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="of the history")
    parser.add_argument("--binaries", metavar="FOLDER", help="measure the programs there instead of building them")
    parser.add_argument("--without-duckdb", action="store_true",
                        help="leave out the peer that npm brings: no network is needed then")
    parser.add_argument("--folder", default="/var/tmp", help="where the folder of the run is made: its disk is measured")
    parser.add_argument("--list", action="store_true", help="print the names of groups and rows")


def build():
    """Release, with the programs that are measured."""
    subprocess.run([os.path.join(SOURCES, "tools", "setup"), "--bench"], check=True, stdout=sys.stderr)
    environment = dict(os.environ, CCACHE_BASEDIR=SOURCES, CCACHE_NOHASHDIR="1")
    for command in (["cmake", "--preset", "release"], ["ninja", "-C", "build/release", "recountd", "fold_bench"]):
        done = subprocess.run(command, cwd=SOURCES, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-4000:]}")


def guarded(call):
    """What gRPC refuses fails a group as any other error of the benchmark does."""
    import grpc  # python3-grpcio, which build() installs

    def made(lab):
        try:
            return call(lab)
        except grpc.RpcError as error:
            raise BenchError(f"{error.code().name}: {error.details()}") from None
    return made


def measure(groups, options, seed):
    """Rows of one history."""
    leads = QUICK_LEADS if options.quick else max(100, round(options.size * history.LEADS))
    seconds = min(0.05, options.seconds) if options.quick else options.seconds
    rows = []
    with ReadLab(os.path.join(options.binaries or BINARIES, "recountd"), SOURCES, leads, seconds, seed, options.folder) as lab:
        events = lab.load(with_duckdb=not options.without_duckdb)
        plan = Plan(groups, 1 if options.quick else options.rounds, seconds, options.minutes * 60,
                    extra_rounds=0 if options.quick else MOST_EXTRA_ROUNDS)
        for group in groups:
            group.events = events
            group.prepare = group.prepare and guarded(group.prepare)
            group.contestants = {name: guarded(call) for name, call in group.contestants.items()}
            group.note = f"{events:,} events, {leads:,} leads, seed {seed}"
            if lab.duckdb_missing:
                group.note += f"; without DuckDB: {lab.duckdb_missing}"
            made = run_group(group, lab, plan)
            for row in made:  # a run that is interrupted has said what it found
                say(f"  {row['name']}: {' | '.join(report.cells(row)[1:6])}")
            rows += made
    return rows


def main(options):
    if not 1 <= options.rounds <= MOST_ROUNDS:
        raise BenchError(f"--rounds is 1 to {MOST_ROUNDS}")
    if not 0 < options.size <= MOST_SIZE:
        raise BenchError(f"--size is more than 0 and at most {MOST_SIZE}; {options.size:g} was given")
    if options.list:
        for group in chosen(read_measures.groups(), options.only):
            print("\n".join(f"{row.name}  {row.title} ({row.goal})" for row in group.rows))
        return 0
    # Whatever ends the run, what it set up is removed.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_by_exception)
    if options.binaries is None:
        build()
    say("measuring; everything is in a folder of its own that is removed at the end")
    rows = []
    for run in range(options.times):
        rows += measure(chosen(read_measures.groups(), options.only), options, options.seed + run)
    print(report.as_json(rows) if options.format == "json" else report.table(rows))
    return 1 if any(note.startswith("failed: ") for row in rows for note in row["notes"]) else 0
