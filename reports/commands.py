"""The commands of `python3 -m reports` that take more than one run."""
import argparse
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import List

DATABASE = Path("build/history.sqlite")
EXIT_OK, EXIT_RED, EXIT_ENGINE, EXIT_USAGE = 0, 1, 2, 64
SPAN = re.compile(r"(\d+)([dw])")
DAYS = {"d": 1, "w": 7}


def add(below) -> None:
    """Add the commands to argparse's subparsers."""
    pair = below.add_parser("compare", help="two runs, lane by lane")
    pair.add_argument("a", type=Path, metavar="A", help="folder of the earlier run")
    pair.add_argument("b", type=Path, metavar="B", help="folder of the later run")
    pair.add_argument("--db", type=Path, metavar="FILE",
                      help="history that tells how much nights vary (default: 20 %% each)")
    pair.set_defaults(act=compare_runs)
    merge = below.add_parser("merge", help="one run of several")
    merge.add_argument("-o", "--output", type=Path, metavar="OUT", required=True,
                       help="folder of the merged run; may hold an earlier merge")
    merge.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    merge.set_defaults(act=merge_runs)
    bisect = below.add_parser("bisect", help="name what made a lane regress")
    bisect.add_argument("a", type=Path, metavar="A", help="folder of the run before")
    bisect.add_argument("b", type=Path, metavar="B", help="folder of the run that regressed")
    bisect.add_argument("--lane", metavar="NAME", help="TARGET/CASE/VARIANT (default: the one "
                        "that differs most)")
    bisect.add_argument("--seconds", type=float, default=5.0, metavar="S",
                        help="per program and turn (default 5)")
    bisect.add_argument("--turns", type=int, default=5, metavar="N",
                        help="of each program, in turns (default 5)")
    bisect.add_argument("--work", type=Path, default=Path("build/bisect"), metavar="DIR",
                        help="for the sources and builds that are made (default build/bisect)")
    bisect.set_defaults(act=bisect_runs)
    add_history(below)


def add_history(below) -> None:
    """Add `history` and what it can do."""
    history = below.add_parser("history", help="the nights")
    history.add_argument("action", choices=sorted(ACTIONS))
    history.add_argument("names", nargs="*", metavar="NAME",
                         help="runs or folders of runs (import, rebuild, compare); number of a "
                              "regression (ack); name of a machine (peers)")
    history.add_argument("--db", type=Path, default=DATABASE, metavar="FILE",
                         help=f"the history (default {DATABASE})")
    history.add_argument("-o", "--output", type=Path, metavar="FILE",
                         help="page or export (default: beside the history)")
    history.add_argument("--until", metavar="WHEN", default="14d",
                         help="end of an acknowledgement: 2031-12-24, 14d, 2w (default 14d)")
    history.add_argument("--accept", action="store_true",
                         help="ack: the new level is the usual one from now on")
    history.add_argument("--note", default="", metavar="TEXT", help="ack: why")
    history.add_argument("--strict", action="store_true",
                         help="compare: what is open and not acknowledged is red every night")
    history.set_defaults(act=lambda options: ACTIONS[options.action](options))


def compare_runs(options: argparse.Namespace) -> int:
    """Two runs."""
    from reports import folder, history, nights, pair, session
    runs = [folder.load(path) for path in (options.a, options.b)]
    rows = [pair.lanes(run, session.graded(run)) for run in runs]
    variations = None
    if options.db:
        variations = nights.variations(history.History(options.db, create=False),
                                       runs[1].header["provenance"].get("machine_class"))
    found = pair.compared(*runs, *rows, variations)
    print("\n".join(pair.lines(found)))
    return EXIT_RED if found.red else EXIT_OK


def merge_runs(options: argparse.Namespace) -> int:
    """One run of several; its verdict is the exit code."""
    from reports import folder, merge, session, table
    for line in merge.merge(options.output, options.runs):
        print(line)
    run = folder.load(options.output)
    verdicts = session.render(run)
    print(table.verdict_line(run, verdicts))
    return verdicts["exit"]


def bisect_runs(options: argparse.Namespace) -> int:
    """Which factor made a lane regress."""
    from reports import bisect
    return bisect.command(options)


def opened(options: argparse.Namespace, create: bool = False):
    """The history that was named."""
    from reports.history import History
    if create:
        options.db.parent.mkdir(parents=True, exist_ok=True)
    return History(options.db, create)


def told(counts: dict, failed: List[str]) -> int:
    """Print what an import came to; 2 where a run could not be read."""
    for line in failed:
        sys.stderr.write(f"reports: {line}\n")
    print(", ".join(f"{n} runs {word}" for word, n in counts.items() if n) or "no runs")
    return EXIT_ENGINE if failed else EXIT_OK


def history_import(options: argparse.Namespace) -> int:
    """Import runs."""
    from reports import history
    runs = history.run_folders(wanted(options, "import which runs?"))
    return told(*history.import_all(opened(options, True), runs))


def history_rebuild(options: argparse.Namespace) -> int:
    """Everything anew from run folders; what was reported and acknowledged stays."""
    from reports import history
    runs = history.run_folders(wanted(options, "rebuild from which folders?"))
    there = opened(options, True)
    there.forget_runs()
    return told(*history.import_all(there, runs))


def history_compare(options: argparse.Namespace) -> int:
    """The last night of each lane, or the runs named, against the nights before."""
    from reports import folder, history, nights
    there = opened(options, bool(options.names))
    if options.names:
        runs = history.run_folders(options.names)
        code = told(*history.import_all(there, runs))
        keys = [folder.header(path)["id"] for path in runs] if not code else []
    else:
        code, keys = EXIT_OK, list({r["lane"]: r["key"] for r in there.runs()}.values())
        if not keys:
            raise LookupError(f"{options.db} holds no run")
    for key in keys:
        night = nights.judge(there, key)
        print("\n".join(nights.lines(night, options.strict)))
        code = max(code, EXIT_RED if nights.red(night, options.strict) else EXIT_OK)
    return code


def history_ack(options: argparse.Namespace) -> int:
    """Acknowledge a regression."""
    from reports import nights
    if len(options.names) != 1 or not options.names[0].isdigit():
        raise LookupError("acknowledge which regression? give its number: history list")
    until = moment(options.until)
    row = nights.acknowledge(opened(options), int(options.names[0]), until, options.note,
                             options.accept)
    print(f'{row["id"]}: {nights.name_of(row)}: ' + (
        "the new level is accepted" if options.accept else f"acknowledged until {until}"))
    return EXIT_OK


def moment(text: str) -> str:
    """The end of an acknowledgement as UTC, ISO 8601. Raises LookupError."""
    span = SPAN.fullmatch(text)
    try:
        when = (datetime.now(timezone.utc) + timedelta(int(span[1]) * DAYS[span[2]]) if span
                else datetime.strptime(text, "%Y-%m-%d"))
    except (ValueError, OverflowError):
        raise LookupError(f'--until: "{text}" is no date: 2031-12-24, 14d or 2w') from None
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def history_list(options: argparse.Namespace) -> int:
    """Machines, the last runs, and regressions."""
    there = opened(options)
    runs = there.runs()
    for run in runs[-20:]:
        print(f'{run["started"]}  {run["lane"]:7}  {run["name"]}  {run["verdict"]}  {run["key"]}')
    print(f'{len(runs)} runs of {len({r["name"] for r in runs})} machines in '
          f'{len({r["class"] for r in runs})} classes')
    for row in there.rows("SELECT * FROM regressions ORDER BY id"):
        state = "closed" if row["closed"] else (
            f'until {row["until"]}' if row["until"] else "open")
        print(f'regression {row["id"]} {state}: {row["text"]} {row["note"]}'.rstrip())
    return EXIT_OK


def history_peers(options: argparse.Namespace) -> int:
    """A machine against its peers."""
    from reports import nights
    if len(options.names) != 1:
        raise LookupError("which machine? give its name: history list")
    lines = nights.peers(opened(options), options.names[0])
    print("\n".join(lines) or f"{options.names[0]}: like its peers")
    return EXIT_RED if any(line.startswith("✘") for line in lines) else EXIT_OK


def history_page(options: argparse.Namespace) -> int:
    """The page of the history."""
    from reports import folder, trends
    path = options.output or options.db.with_suffix(".html")
    folder.write_atomic(path, trends.text(opened(options)))
    print(path)
    return EXIT_OK


def history_export(options: argparse.Namespace) -> int:
    """Figures as CSV, a line per run, for hunter and its successor otava."""
    from reports import folder, trends
    path = options.output or options.db.with_suffix(".csv")
    folder.write_atomic(path, trends.csv_text(opened(options)))
    print(path)
    return EXIT_OK


def wanted(options: argparse.Namespace, question: str) -> List[str]:
    """The names given; LookupError with a question where there are none."""
    if not options.names:
        raise LookupError(question)
    return options.names


ACTIONS = {name[len("history_"):]: function for name, function in list(globals().items())
           if name.startswith("history_")}
