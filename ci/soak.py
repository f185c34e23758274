#!/usr/bin/python3
"""Soak: each storm of each fixed target for a long time, in one process, must hold what it
holds: resident memory and open files stay flat.

    ci/soak.py [--seconds S] [--short] [--keep FOLDER] [STORM_RESULT.json...]

Without files it runs the storms that build/native/*/fixed/storm list, one after the other
(--keep: where their results go); with files it judges results that are there. One line per
figure on stdout:

    poller/churn rss_kib  FLAT  median 5816  growth [-8, 24] over 480 s, allowed 256
    spanset/pair push  ENOUGH  421,000,000 of 50,000,000

A short soak runs as many storms, one after the other from another one each day, as get
LEAST_S each: with less nobody can tell. It says what it leaves out, and what stays unclear.

Growth is the Theil-Sen slope's 99 % interval times the time, from medians of consecutive
samples after a time of warming up. A storm may have a quota of operations, which it must have
made unless the run is short; one that has not goes on, in a second process, and so does one of
which nobody can tell whether it is flat, for twice as long: for all together at most half as
long as was planned. Exit: 0 all flat; 1 a figure grows, or nobody can tell, or fewer
operations than the quota, or the storm was not clean; 2 a result that cannot be read; 3 short,
and of a figure nobody can tell; 64 usage.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time
from typing import List, NamedTuple, Optional

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from reports.leaks import trend  # noqa: E402 (its place is known only now)

SHARE = 0.02          # growth allowed, as a share of the median
LEAST = {"rss_kib": 256, "files": 16, "open": 16}  # and at least so much
LEAST_S = 20          # of a storm, to tell: it samples once a second
OVERTIME = 0.5        # share of the planned time that may follow it, for quotas
MARGIN = 1.2          # of the time that a quota seems to need
LONGER = 2            # times as long tells what was unclear, if anything does
DAY_S = 86400
EXIT_GROWS, EXIT_UNREADABLE, EXIT_UNCLEAR, EXIT_USAGE = 1, 2, 3, 64


class Judged(NamedTuple):
    """What one figure does over time; growth: interval, over `seconds`."""
    word: str
    median: float
    low: float
    high: float
    seconds: float
    allowed: float


def judge(times: List[float], values: List[float], least: float) -> Judged:
    """Whether a figure is flat.

    times: in seconds, rising; values: at these; least: growth that is allowed in any case.
    FLAT: growth above what is allowed is ruled out. GROWS: no growth is ruled out, and more
    than is allowed was seen. UNCLEAR: neither.
    """
    found = trend(times, values)
    if found is None:
        return Judged("UNCLEAR", values[-1] if values else 0, float("-inf"), float("inf"), 0, least)
    allowed = max(least, SHARE * found.median)
    low, high = found.low * found.seconds, found.high * found.seconds
    grows = low > 0 and found.slope * found.seconds > allowed
    word = "FLAT" if high <= allowed else "GROWS" if grows else "UNCLEAR"
    return Judged(word, found.median, low, high, found.seconds, allowed)


def judge_storm(document: dict) -> List[tuple]:
    """(figure, Judged) of each figure of a storm's result that has a limit."""
    samples = document["samples"]
    times = [s["t"] for s in samples]
    return [(name, judge(times, [s[name] for s in samples], least))
            for name, least in LEAST.items()]


def needed_s(document: dict) -> float:
    """Seconds that a storm needs for its quotas, by what it has made, and to tell whether it is
    flat; 0: it has them, and it is told."""
    lacking = [quota / max(document["operations"][operation], 1) - 1
               for operation, quota in document.get("quota", {}).items()]
    more = max(lacking, default=0.0)
    quotas = max(LEAST_S, document["seconds"] * more * MARGIN) if more > 0 else 0.0
    unclear = any(found.word == "UNCLEAR" for _, found in judge_storm(document))
    return max(quotas, LONGER * document["seconds"] if unclear else 0.0)


def report(document: dict, short: bool = False, more: bool = False) -> int:
    """Print a line per figure; returns 0 where the storm was clean and all is flat, else a status.

    short: quotas are told, not demanded, and what is unclear is no more than that.
    more: the storm goes on, so quotas and what is unclear are told, not demanded.
    """
    name = f'{document["target"]}/{document["storm"]}'
    good, told = document["verdict"] == "CLEAN", True
    kinds = ", ".join(f"{n} {kind}" for kind, n in document.get("operations", {}).items())
    print(f'{name}  {document["verdict"]}  {document["ops"]} operations in '
          f'{document["seconds"]:.0f} s, {document["slices"]} process: {kinds}')
    if document["slices"] != 1:
        print(f"{name}  UNCLEAR  a leak ends with its process: run it in one (--children 1)")
        good = False
    for operation, quota in document.get("quota", {}).items():
        made = document["operations"][operation]
        good = good and (short or more or made >= quota)
        word = "ENOUGH" if made >= quota else "SO FAR" if short or more else "TOO FEW"
        print(f"{name} {operation}  {word}  {made:,} of {quota:,}")
    for figure, found in judge_storm(document):
        print(f"{name} {figure}  {found.word}  median {found.median:.0f}  growth "
              f"[{found.low:.0f}, {found.high:.0f}] over {found.seconds:.0f} s, "
              f"allowed {found.allowed:.0f}")
        unclear = found.word == "UNCLEAR"
        told = told and (more or not unclear)
        good = good and (found.word == "FLAT" or (short or more) and unclear)
    return EXIT_GROWS if not good else 0 if told else EXIT_UNCLEAR


def storms() -> List[tuple]:
    """(program, storm) of every storm of every fixed target that is built."""
    found = []
    for program in sorted(ROOT.glob("build/native/*/fixed/storm")):
        listed = subprocess.run([program, "--list", "--json"], capture_output=True, text=True,
                                check=True).stdout
        names = [json.loads(line).get("storm") for line in listed.splitlines()]
        found += [(str(program.relative_to(ROOT)), name) for name in names if name]
    return found


def chosen(found: list, seconds: float, day: int) -> list:
    """Those of a list that a short soak has LEAST_S for, at least one; another one each day."""
    n = min(len(found), max(1, int(seconds // LEAST_S)))
    start = day * n % len(found)
    return (found + found)[start:start + n]


def run(program: str, name: str, seconds: float) -> dict:
    """Run one storm in one process. Raises ValueError with one line if it gave no result."""
    done = subprocess.run([program, "--storm", name, "--seconds", f"{seconds:g}", "--children",
                           "1", "--patience", "60", "--json"], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    if not done.stdout:
        raise ValueError(f"{program} {name}: {done.stderr.strip() or done.returncode}")
    return json.loads(done.stdout)


def add(before: dict, document: dict) -> dict:
    """A result with the operations of what went before it."""
    made = {name: n + before["operations"].get(name, 0)
            for name, n in document["operations"].items()}
    return {**document, "operations": made}


def keep(folder: Optional[pathlib.Path], document: dict, suffix: str = "") -> dict:
    """Write a result into the folder, if there is one; returns it."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f'{document["target"]}-{document["storm"]}{suffix}.json'
        path.write_text(json.dumps(document) + "\n", encoding="utf-8")
    return document


def codes(options):
    """The statuses of the results, from files or from running."""
    for path in options.results:
        yield report(json.loads(path.read_text(encoding="utf-8")), options.short)
    if options.results:
        return
    found = storms()
    if not found:
        raise ValueError("no storm is built: make build LANE=native")
    if options.short:
        known, found = found, chosen(found, options.seconds, int(time.time() // DAY_S))
        print(f"{len(found)} of {len(known)} storms: {LEAST_S} s each is what tells")
    lacking = []
    for program, name in found:
        document = keep(options.keep, run(program, name, options.seconds / len(found)))
        need = 0.0 if options.short else needed_s(document)
        if need > 0:
            lacking.append((need, program, document))
        yield report(document, options.short, more=need > 0)
    left = OVERTIME * options.seconds
    # The least comes first: what it leaves over of its share, others get.
    for number, (need, program, before) in enumerate(sorted(lacking, key=lambda one: one[0])):
        longer = min(need, left / (len(lacking) - number))
        left -= longer
        document = run(program, before["storm"], longer)
        yield report(add(before, keep(options.keep, document, "-more")))


class Parser(argparse.ArgumentParser):
    """Usage errors are one line, and exit 64."""

    def error(self, message):
        sys.stderr.write(f"soak: {message}; --help tells more\n")
        sys.exit(EXIT_USAGE)


def main() -> int:
    """The command line."""
    parser = Parser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=600, help="for all storms together")
    parser.add_argument("--short", action="store_true",
                        help="as many storms as the time tells of; no quotas")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("results", type=pathlib.Path, nargs="*")
    options = parser.parse_args()
    if not 0 < options.seconds < 1e6:
        parser.error("--seconds: a time over 0 seconds, please")
    try:
        found = set(codes(options))
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"soak: cannot judge: {str(error).splitlines()[0]}\n")
        return EXIT_UNREADABLE
    code = min(found - {0}, default=0)
    print({0: "FLAT", EXIT_UNCLEAR: "FLAT AS FAR AS IS CLEAR"}.get(code, "NOT FLAT"))
    return code


if __name__ == "__main__":
    sys.exit(main())
