#!/usr/bin/python3
"""Explores every case of every explore binary under every model, and prints the table.

    fuzz/table.py [--target T] [--variant V] [--case C] [--model M] [--seconds S] [--seed N]

--seconds is for each case and model, 2 unless given: enough for what can be exhausted soon; the
rest gets random search and the beginning of the exhaustive one (--seconds 60 for more). What
must be caught goes on beyond that, for a number of executions. The binaries are found
(build/explore/TARGET/VARIANT/explore) and say themselves which cases they have. Each result goes
as one line of JSON into build/explore/results.jsonl.
Exit status: 0 as the cases expect, 1 unexpected verdict, 2 the rig failed, 64 usage.

    poller/BUG_ACQREL_STORE           tso
      close_vs_block                  caught @7     exhausted      22  150k/s
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

MODELS = ("sc", "tso", "armv8", "armv8+lse", "armv8+rcpc", "armv8+lse+rcpc", "c11")
SECONDS = 2  # what can be exhausted soon is, the rest is random search and a bounded part
SLACK = 60  # seconds beyond --seconds before a run counts as hanging
# What must be caught and was not in its seconds, as on a loaded machine, goes
# on: the same search with room for so many executions, which is what bounds it;
# seconds only end a hang.
EXECUTIONS = 1_000_000
PATIENCE = 900
CELL = 42
SHORT = {"QUIET_AS_EXPECTED": "quiet", "CAUGHT": "caught", "CLEAN": "clean",
         "NOT_CAUGHT": "NOT CAUGHT", "UNEXPECTED_HIT": "UNEXPECTED HIT", "REFUTED": "REFUTED",
         "WRONG_CLASS": "WRONG CLASS"}


class EngineFailure(Exception):
    """A binary did not answer as it should."""


def binaries(folder, target, variant):
    """The explore programs under folder, those of one target or variant if named."""
    found = sorted(folder.glob("*/*/explore"))
    return [p for p in found if target in (None, p.parent.parent.name)
            and variant in (None, p.parent.name)]


def lines_of(command, timeout):
    """Runs a command; its exit status and its stdout as JSON objects."""
    try:
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=timeout, check=False)
    except subprocess.TimeoutExpired as late:
        raise EngineFailure(f"{' '.join(map(str, command))}: no end after {timeout:g} s") from late
    if ran.returncode not in (0, 1):
        raise EngineFailure(f"{' '.join(map(str, command))}: status {ran.returncode}: "
                            f"{ran.stderr.strip()}")
    return [json.loads(line) for line in ran.stdout.splitlines()]


def work(options):
    """Every (binary, case, model, seconds) that the options leave."""
    models = options.model or MODELS
    todo = [(binary, case["case"], model, patience(binary.parent.name, case, model, options))
            for binary in binaries(options.build, options.target, options.variant)
            for case in lines_of([binary, "--list", "--json"], SLACK)
            if options.case in (None, case["case"])
            for model in models]
    return [item for item in todo if item[3] > 0]


def patience(variant, case, model, options):
    """Seconds for one case and model.

    A run of a whole runtime gets none in a variant that it need not show: random search that
    finds nothing there says nothing.
    """
    if not case.get("whole") or variant == "fixed" or options.case:
        return options.seconds
    hit = any(e["variant"] == variant and model in e["models"] for e in case["expect"])
    return options.seconds if hit else 0


def explore(binary, case, model, seconds, options):
    """One result, or what went wrong as text."""
    command = [binary, "--case", case, "--model", model, "--seed", str(options.seed), "--json"]
    try:
        result = lines_of([*command, "--seconds", str(seconds)], seconds + SLACK)[0]
        # Another class may come before the promised one, which ends the search.
        if result["verdict"] in ("NOT_CAUGHT", "WRONG_CLASS") and not result["exhausted"]:
            longer = max(seconds, PATIENCE)
            result = lines_of([*command, "--seconds", str(longer), "--executions",
                               str(EXECUTIONS)], longer + SLACK)[0]
        return result
    except (EngineFailure, ValueError, IndexError) as error:
        return str(error)


def cell(result):
    """A result in one cell: verdict, first hit, exhausted or bounded, executions, rate."""
    verdict = SHORT[result["verdict"]]
    if result["first_hit_execution"]:
        verdict += f" @{result['first_hit_execution']}"
    extent = "exhausted" if result["exhausted"] else "bounded"
    rate = f"{result['executions_per_s'] / 1000:.0f}k/s"
    return f"{verdict:<14}{extent:<10}{result['executions']:>7} {rate:>6}"


def table(results):
    """The results as text: a block per variant, a line per case, a column per model."""
    models = [m for m in MODELS if any(r["model"] == m for r in results)]
    out, subject = [], None
    for key in sorted({(r["target"], r["variant"], r["case"]) for r in results}):
        if key[:2] != subject:
            subject = key[:2]
            head = "".join(f"{m:<{CELL}}" for m in models)
            out.append(f"\n{'/'.join(subject):<34}{head}".rstrip())
        row = {r["model"]: r for r in results if (r["target"], r["variant"], r["case"]) == key}
        cells = "".join(f"{cell(row[m]) if m in row else '':<{CELL}}" for m in models)
        mark = "" if all(r["expected"] is not False for r in row.values()) else " <- unexpected"
        out.append(f"  {key[2]:<32}{cells}".rstrip() + mark)
    return "\n".join(out)


def summary(results, failures):
    """A line per model, and one for what is not as expected."""
    out = [""]
    for model in MODELS:
        mine = [r for r in results if r["model"] == model]
        if not mine:
            continue
        runs = sum(r["executions"] + r["pruned"] for r in mine)
        spent = sum(r["seconds"] for r in mine)
        out.append(f"{model}: {len(mine)} explored, {sum(r['verdict'] == 'CAUGHT' for r in mine)} "
                   f"caught, {sum(r['exhausted'] for r in mine)} exhausted, "
                   f"{sum(r['expected'] is False for r in mine)} unexpected; {runs} executions, "
                   f"{runs / max(spent, 1e-9):,.0f}/s, {spent:.1f} s")
    for result in results:
        if result["expected"] is False:
            out.append(f"unexpected: {result['target']}/{result['variant']} {result['case']} "
                       f"{result['model']}: {result['verdict']} {result['hits']}\n"
                       f"  {result['replay']}")
    return "\n".join(out + [f"failed: {failure}" for failure in failures])


def save(path, results):
    """Writes JSON lines whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as out:
        for result in results:
            out.write(json.dumps(result) + "\n")
        out.flush()
        os.fsync(out.fileno())
    os.chmod(out.name, 0o644)
    os.replace(out.name, path)


class Parser(argparse.ArgumentParser):
    """argparse with this project's exit status for usage errors."""

    def error(self, message):
        self.exit(64, f"{self.prog}: {message}\n")


def model_names(text):
    """Models parted by commas."""
    names = text.split(",")
    for name in names:
        if name not in MODELS:
            raise argparse.ArgumentTypeError(f"{name}: not one of {', '.join(MODELS)}")
    return names


def parse(arguments):
    parser = Parser(description="Explore every case, variant and model.")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/explore"))
    parser.add_argument("--out", type=pathlib.Path, help="default: results.jsonl in --build")
    for name in ("target", "variant", "case"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--model", type=model_names, help="one or several, by commas; all")
    parser.add_argument("--seconds", type=float, default=SECONDS,
                        help="per case and model, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    try:
        todo = work(options)
    except EngineFailure as failure:
        print(failure, file=sys.stderr)
        return 2
    if not todo:
        print("fuzz/table.py: nothing to explore: build it first (make build LANE=explore), or "
              "no such target, variant or case", file=sys.stderr)
        return 64
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        answers = list(pool.map(lambda item: explore(*item, options), todo))
    results = [a for a in answers if isinstance(a, dict)]
    failures = [a for a in answers if isinstance(a, str)]
    save(options.out or options.build / "results.jsonl", results)
    print(table(results))
    print(summary(results, failures))
    if failures:
        return 2
    return 1 if any(r["expected"] is False for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
