#!/usr/bin/python3
"""Runs what the ARM64 lanes built: unit tests, each case for some rounds, a short storm of each
kind, the probes, the explorer and its litmus tests; reads their code (ci/disassembly.py).

    ci/check_arm64.py LANE...

Where this is no ARM64 they run under qemu-aarch64: a test of function, not of memory order.
A lane takes four minutes of one processor, and another one to build; as many run at once as there
are processors.
Exit status: 0 all passed, 1 something failed, 2 the rig failed. The last lines:

    arm64-llsc: 21 unit tests, 37 cases, 25 storms, 51 probes, 128 explored, …: passed
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EMULATOR = [] if os.uname().machine == "aarch64" else ["qemu-aarch64"]
PATIENCE = 1200  # seconds: only a hang takes so long
SKIPPED = 77
# A comment of a unit test that an emulator answers otherwise than a kernel.
NOT_EMULATED = re.compile(r"^/\* not emulated: (.*) \*/$", re.MULTILINE)
MODELS = ("armv8", "armv8+lse+rcpc")
FEW = 0.001  # of a case's rounds: what the emulator's own reordering may spoil


class Lane:
    """One lane's programs; counts what passed, tells what failed."""

    def __init__(self, name):
        self.name, self.done, self.failed = name, {}, 0
        self.build = ROOT / "build" / name

    def run(self, kind, *command, good=(0,)):
        """Runs a program. Its output, or None: told as a failure, or skipped."""
        try:
            ran = subprocess.run([*EMULATOR, *map(str, command)], cwd=ROOT, text=True,
                                 stdin=subprocess.DEVNULL, capture_output=True,
                                 timeout=PATIENCE, check=False)
            code, said = ran.returncode, ran.stdout + ran.stderr
        except subprocess.TimeoutExpired:
            code, said = "none", f"no end after {PATIENCE} s"
        if code == SKIPPED:
            print(f"{self.name}: skipped: {' '.join(map(str, command))}: {said.strip()[-200:]}")
            return None
        if code not in good:
            self.failed += 1
            print(f"{self.name}: FAILED: {' '.join([*EMULATOR, *map(str, command)])}: status "
                  f"{code}\n{said[-2000:]}")
            return None
        self.done[kind] = self.done.get(kind, 0) + 1
        return ran.stdout

    def listed(self, program):
        said = self.run("lists", program, "--list", "--json")
        return [json.loads(line) for line in (said or "").splitlines()]

    # What each kind of program is asked for.

    def unit_tests(self):
        for program in sorted((ROOT / f"build/unit-{self.name}").glob("*_test")):
            reason = EMULATOR and NOT_EMULATED.search(
                (ROOT / f"tests/unit/{program.name}.c").read_text())
            if reason:
                print(f"{self.name}: skipped: {program.name}: {reason[1]}")
            else:
                self.run("unit tests", program)

    def storms(self):
        for program in sorted(self.build.glob("*/fixed/storm")):
            for one in self.listed(program):
                if "storm" in one:
                    self.run("storms", program, "--storm", one["storm"], "--seconds", 3,
                             "--descriptors", 64, "--patience", 120)
                else:
                    self.case(program, one)

    def case(self, program, one):
        """An emulator that lets a load pass an earlier seq_cst store (see probes()) breaks now
        and then what rests on that order: told. What is wrong in itself fails more often."""
        few = len(one["actors"]) > len(os.sched_getaffinity(0))
        said = self.run("cases", program, "--case", one["case"], "--seconds", 0.5,
                        "--children", 1, "--patience", 120, "--json",
                        *(["--placement", "none"] if few else []),
                        good=(0, 1) if EMULATOR else (0,))
        result = json.loads(said.splitlines()[-1]) if said else {"hits": {}}
        hits = sum(result["hits"].values())
        if hits > FEW * result.get("rounds", 0):
            self.failed += 1
            print(f"{self.name}: FAILED: {one['case']}: {result['hits']} in {result['rounds']} "
                  f"rounds: {result['replay']}")
        elif hits:
            print(f"{self.name}: the emulator's reordering, or a rare failure: {one['case']}: "
                  f"{result['hits']} in {result['rounds']} rounds")

    def probes(self):
        """An emulator need not keep the order that ARM64 promises (qemu 7.2 on x86 lets a load
        pass an earlier seq_cst store): what it gets wrong is told, and no failure here."""
        said = self.run("probe runs", self.build / "probe", "--json", "--tune", 0, "--seconds", 0,
                        "--rounds", 2000, good=(0, 1) if EMULATOR else (0,))
        results = [json.loads(line) for line in (said or "").splitlines()]
        results = [r for r in results if r["kind"] == "probe"]
        self.done["probes"] = len(results)
        broken = [f'{r["test"]} {r["order"]}' for r in results if r["expected"] is False]
        if broken:
            print(f"{self.name}: the emulator does what ARM64 forbids: {', '.join(broken)}")

    def explorer(self):
        for program in sorted((self.build / "explore").glob("*/fixed/explore")):
            for one in self.listed(program):
                for model in MODELS:
                    self.run("explored", program, "--case", one["case"], "--model", model,
                             "--executions", 2000, "--seconds", 2)
        files = sorted((ROOT / "fuzz/litmus").glob("*.litmus"))
        for model in ("sc", "tso", *MODELS, "c11"):
            here = subprocess.run([ROOT / "build/explore/litmus", *files, "--model", model],
                                  capture_output=True, text=True, check=True).stdout
            said = self.run("litmus models", self.build / "explore/litmus", *files,
                            "--model", model)
            if said is not None and said != here:
                self.failed += 1
                print(f"{self.name}: FAILED: litmus --model {model} differs from this machine's")

    def code(self):
        told = subprocess.run([sys.executable, ROOT / "ci/disassembly.py", "--lane", self.name,
                               "--out", self.build / "disassembly.json"], check=False)
        self.failed += told.returncode != 0
        self.done["kinds of code read"] = 1 if told.returncode == 0 else 0


WORK = (Lane.code, Lane.unit_tests, Lane.storms, Lane.probes, Lane.explorer)
WANTED = ("cases", "explored", "litmus models", "probes", "storms", "unit tests")


def check(name):
    """All of a lane's work, told at its end. The number of failures."""
    lane = Lane(name)
    for work in WORK:
        work(lane)
    for kind in WANTED:
        if not lane.done.get(kind):
            lane.failed += 1
            print(f"{name}: FAILED: no {kind}")
    print(f"{name}: " + ", ".join(f"{n} {kind}" for kind, n in lane.done.items())
          + (f": {lane.failed} FAILED" if lane.failed else ": passed"), flush=True)
    return lane.failed


def main():
    lanes = sys.argv[1:]
    if not lanes:
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 64
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        failed = sum(pool.map(check, lanes))
    if EMULATOR:
        print("emulated: a test of function. Never run on ARM hardware.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
