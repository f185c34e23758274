#!/usr/bin/python3
"""Runs the fuzzers of build/fuzz, each for a while, and prints what they found.

    fuzz/fuzzers/run.py [--target T] [--variant V] [--fuzzer F] [--time S] [--fixed-time S]
                        [--empty] [--repeat N] [--feedback LETTERS] [--jobs N] [--seed N]
                        [--out FILE] [--zip FILE]

Each has --time seconds and ends with a finding; those of what is fixed have --fixed-time, if that
is given. Each begins with the inputs of fuzz/fuzzers/inputs/TARGET/FUZZER, or with none (--empty);
what it keeps goes to build/fuzz/corpus, what it finds to build/fuzz/findings, a line of JSON per
run to build/fuzz/results.jsonl. --repeat runs each so often, with seeds that follow each other, and
prints the median of the executions to the finding, and how many a second of a core; --feedback
says which counters are on, by letters of "rhs" (reads-from, hand-offs, values that succeed each
other), and with "a" that counters that are alike are all told.
Exit status: 0 as expected (a variant is found, whatever is fixed stays clean), 1 not, 2 a fuzzer
failed, 64 usage.

    poller/BUG_RELEASE_DUMMY  fuzz_case    CAUGHT  lost_wakeup      561 executions   0.1 s of a core
    poller/fixed              fuzz_case    CLEAN              6,289,770 executions  60.0 s of a core
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
INPUTS = ROOT / "fuzz/fuzzers/inputs"
SLACK = 60  # seconds beyond --time before a run counts as hanging
EXECUTIONS = ("fuzz_case", "fuzz_whole", "fuzz_check")  # one program over different cases
LONGEST = 1024  # bytes of an input of these: more choices than a case has
FOUND = re.compile(r"^\S+ (\S+) (\S+): execution \d+: (\w+):", re.M)
OTHER = re.compile(r"^(?:finding: .*|SUMMARY: .*)$", re.M)
UNITS = re.compile(r"^stat::number_of_executed_units:\s+(\d+)", re.M)
REPLAY = re.compile(r"^replay: (.*)$", re.M)


def fuzzers(options):
    """(target, variant, name, path) of each program, those asked for."""
    for path in sorted(options.build.glob("*/*/fuzz_*")):
        target, variant, name = path.parts[-3:]
        wanted = ((options.target, target), (options.variant, variant), (options.fuzzer, name))
        if path.is_file() and os.access(path, os.X_OK) and path.suffix == "" \
                and all(w in (None, got) for w, got in wanted):
            yield target, variant, name, path


def expected(target, variant, name):
    """Whether a case of that fuzzer says that the variant must be caught; None: it may be.

    A run of a whole runtime says only what it must show, and may show any other bug too.
    """
    explore = ROOT / "build/explore" / target / variant / "explore"
    if variant == "fixed":
        return False
    if name not in ("fuzz_case", "fuzz_whole"):
        return None
    if not explore.exists():
        return None
    listed = subprocess.run([explore, "--list", "--json"], capture_output=True, text=True,
                            check=True).stdout
    cases = [json.loads(line) for line in listed.splitlines()]
    whole = name == "fuzz_whole"
    must = any(e["variant"] == variant and e["models"] for c in cases for e in c["expect"]
               if c["whole"] == whole)
    return must or (None if whole else False)


def inputs(target, name):
    """Folders of inputs: the committed ones, and those that the source names."""
    source = ROOT / f"fuzz/fuzzers/{target}/{name}.c"
    said = re.findall(r"^/\* inputs: (.*) \*/$", source.read_text(), re.M) \
        if source.exists() else []
    folders = [INPUTS / target / name, *(ROOT / f for line in said for f in line.split())]
    return [f for f in folders if f.is_dir()]


def pack(path, target, name):
    """The inputs as a zip file, as fuzzing farms want them; one byte where there are none."""
    files = [f for folder in inputs(target, name) for f in sorted(folder.iterdir()) if f.is_file()]
    with zipfile.ZipFile(path, "w") as out:
        for f in files:
            out.write(f, f.name)
        if not files:
            out.writestr("start", b"\0")


def command(path, name, corpus, artifacts, seed, options):
    """libFuzzer's command line; its own time-out is twenty minutes if none is given."""
    seconds = options.time
    if path.parts[-2] == "fixed" and options.fixed_time:
        seconds = options.fixed_time
    asked = ["timeout", "-k", "10", str(seconds + SLACK), path, f"-max_total_time={seconds}",
             "-timeout=20", "-rss_limit_mb=2048", f"-seed={seed}", "-print_final_stats=1",
             f"-artifact_prefix={artifacts}/", "-close_fd_mask=2", "-verbosity=0", corpus]
    if name in EXECUTIONS:
        asked.append(f"-max_len={LONGEST}")
    else:
        words = ROOT / f"fuzz/fuzzers/{path.parts[-3]}/{name}.dict"
        asked += [f"-dict={words}"] if words.exists() else []
    return asked if options.empty else asked + inputs(path.parts[-3], name)


def ran(command, env):
    """What the command said on stdout and stderr, its exit status, and its seconds of a core."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen([str(a) for a in command], cwd=ROOT, env=env, stdout=out,
                                 stderr=err, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
    return (*said, child.returncode, used.ru_utime + used.ru_stime)


def run(fuzzer, seed, options, feedback):
    """One run of one fuzzer, with these counters, as a result."""
    target, variant, name, path = fuzzer
    artifacts = options.build / "findings" / target / variant / name
    artifacts.mkdir(parents=True, exist_ok=True)
    kept = options.build / "corpus" / target / name
    env = dict(os.environ, FEEDBACK=feedback)
    with tempfile.TemporaryDirectory() as fresh:
        if not options.empty:
            kept.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        out, err, status, cpu = ran(command(path.resolve(), name, fresh if options.empty else
                                            kept, artifacts, seed, options), env)
        seconds = time.monotonic() - start
    said = out + err
    found, other, units = FOUND.search(said), OTHER.search(said), UNITS.search(said)
    replay = REPLAY.search(out)
    result = {"schema": 1, "kind": "fuzz", "target": target, "variant": variant, "fuzzer": name,
              "seed": seed, "feedback": feedback, "seconds": round(seconds, 3),
              "cpu_seconds": round(cpu, 3),
              "executions": int(units.group(1)) if units else None, "status": status,
              "found": found.group(3) if found else other.group(0) if other else None,
              "case": found.group(1) if found else None,
              "model": found.group(2) if found else None,
              "caught": "\nCAUGHT" in said, "replay": replay.group(1) if replay else None}
    if status != 0 and not result["found"]:
        result["found"] = f"status {status}: {said.strip().splitlines()[-1:]}"
    return result


def verdict(result, wanted):
    """In the words of the explorer, and whether it is as expected."""
    if result["found"]:
        # A program that failed has found nothing in a case.
        whole = result["fuzzer"] == "fuzz_whole" and result["case"]
        caught = wanted is None or bool(wanted and (whole or result["caught"]))
        return ("CAUGHT", True) if caught else ("REFUTED", False)
    if wanted:
        return "NOT_CAUGHT", False
    return "CLEAN" if wanted is False else "QUIET", True


def line(results, word):
    """The runs of one fuzzer in a line."""
    first = results[0]
    hits = [r for r in results if r["found"]]
    shown = hits or results
    executions = statistics.median(r["executions"] or 0 for r in shown)
    seconds = statistics.median(r["cpu_seconds"] for r in shown)
    times = f"  {len(hits)} of {len(results)}" if len(results) > 1 else ""
    what = hits[0]["found"].split("\n")[0][:40] if hits else ""
    subject = first["target"] + "/" + first["variant"]
    return (f"{subject:<34} {first['fuzzer']:<14} {word:<11} {what:<16} {executions:>13,.0f} "
            f"executions {seconds:>7.1f} s of a core"
            f"{executions / seconds if seconds else 0:>10,.0f}/s{times}")


class Parser(argparse.ArgumentParser):
    """argparse with this project's exit status for usage errors."""

    def error(self, message):
        self.exit(64, f"{self.prog}: {message}\n")


def parse(arguments):
    parser = Parser(description="Run the fuzzers.")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/fuzz")
    for name in ("target", "variant", "fuzzer"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--time", type=int, default=60, help="seconds for each, at most")
    parser.add_argument("--fixed-time", type=int, help="likewise, for those of what is fixed")
    parser.add_argument("--empty", action="store_true", help="begin without inputs")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--feedback", default="rhs")
    parser.add_argument("--out", type=pathlib.Path, metavar="FILE",
                        help="a line of JSON per run (BUILD/results.jsonl)")
    parser.add_argument("--zip", type=pathlib.Path, metavar="FILE",
                        help="only put the inputs of --target's --fuzzer there")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    if options.zip:
        pack(options.zip, options.target, options.fuzzer)
        return 0
    todo = list(fuzzers(options))
    if not todo:
        print("run.py: no such fuzzer: build them first (make build LANE=fuzz)", file=sys.stderr)
        return 64
    if not shutil.which("timeout"):
        print("run.py: needs the command timeout", file=sys.stderr)
        return 2
    everything, failed = [], False
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        running = [(f, [pool.submit(run, f, options.seed + i, options,
                                        options.feedback)
                        for i in range(options.repeat)]) for f in todo]
        for fuzzer, runs in running:
            results = [r.result() for r in runs]
            words = [verdict(r, expected(*fuzzer[:3])) for r in results]
            for result, (word, good) in zip(results, words):
                result.update(verdict=word, expected=good)
            bad = [r for r in results if not r["expected"]]
            failed = failed or bool(bad)
            everything += results
            print(line(results, (bad or results)[0]["verdict"])
                  + ("  <- unexpected" if bad else ""), flush=True)
            for result in bad:
                if result["replay"] or result["found"]:
                    print(f"  {result['found']}\n  {result['replay']}")
    out = options.out or options.build / "results.jsonl"
    out.write_text("".join(json.dumps(r) + "\n" for r in everything))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
