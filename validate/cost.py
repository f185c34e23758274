"""What a candidate costs beside the current code: time, rounds and instructions."""
import json
import os
import re
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Dict, List, Tuple

from reports import process
from validate.explorer import Case
from validate.step import Step, timed
from validate.tree import VARIANT, Tree

TURNS, ENOUGH_S, BENCH_BOUND_S, CALLGRIND_BOUND_S = 5, 12.0, 40.0, 60.0
ROUNDS_S = 0.5
RATES = re.compile(r"(_ns|_us|_per_s|_\d+)$|^[a-z_0-9]+\.[a-z_]+$")
NAME = re.compile(r"\((\d+)\)(?: (.*))?")


def cost(tree: Tree, cases: List[Case]) -> Step:
    """Bench programs and cases of the changed targets, theirs and ours in turns.

    Says nothing about right or wrong. Returns the step; step.rows: [(what, current, candidate,
    unit)], medians of the turns, instructions per call from callgrind.
    """
    with timed(Step("cost")) as step:
        step.rows = []
        with tempfile.TemporaryDirectory(prefix="stormrig-cost-") as scratch:
            for target in tree.owners():
                sides = {name: program for name, program in benches(tree, step, target)}
                for name, (ours, theirs) in sides.items():
                    step.rows += timings(step, name, ours, theirs)
                    step.rows += instructions(step, tree, name, ours, theirs, Path(scratch))
        step.rows += rounds(tree, cases)
        step.text = f"{len(step.rows)} figures; load {os.getloadavg()[0]:.1f}"
    return step


def benches(tree: Tree, step: Step, target: str):
    """(name, (current program, candidate's)) of a target's benches that can be built."""
    names = [p.stem for p in sorted((tree.top / "stress/bench").glob("*.c"))
             if p.stem.split(".")[0] == target]
    for folder in (tree.top / "build/native" / t for t in tree.touched()):
        if (folder / VARIANT).is_dir() and not (folder / "fixed").exists():
            (folder / "fixed").symlink_to(VARIANT)
    for name in names:
        goal = f"build/native/bench/{name}"
        mine = tree.make(goal)
        theirs = process.run(["make", "-s", goal], 900.0, tree.root)
        if mine.exit or theirs.exit:
            step.not_covered.append(f"cost: {name}'s bench does not build with the candidate")
            continue
        yield name, (tree.root / goal, tree.top / goal)


def figures(program: Path) -> Dict[str, float]:
    """The numbers of a bench's answer by their path; {} where it gives none in time."""
    ended = process.run([str(program)], BENCH_BOUND_S)
    if ended.exit != 0:
        return {}
    found: Dict[str, float] = {}

    def walk(value, path):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, path + [key])
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[".".join(path)] = float(value)
    walk(json.loads(ended.stdout), [])
    return found


def timings(step: Step, name: str, ours: Path, theirs: Path) -> List[Tuple]:
    """Medians of both sides' bench figures, run in turns."""
    both: Tuple[List[dict], List[dict]] = ([], [])
    spent = 0.0
    for _ in range(TURNS):
        if spent > ENOUGH_S:
            break
        for side, program in zip(both, (ours, theirs)):
            ended_at = os.times().elapsed
            side.append(figures(program))
            spent += os.times().elapsed - ended_at
    rows = []
    for key in both[0][0]:
        values = [[turn[key] for turn in side if key in turn] for side in both]
        if all(values) and RATES.search(key):
            rows.append((f"{name}: {key}", statistics.median(values[0]),
                         statistics.median(values[1]), "bench"))
    if not rows:
        step.not_covered.append(f"cost: {name}'s bench gave no figures in {BENCH_BOUND_S:g} s")
    return rows


def instructions(step: Step, tree: Tree, name: str, ours: Path, theirs: Path,
                 scratch: Path) -> List[Tuple]:
    """Instructions per call, with what they call, of functions in the changed files."""
    if not shutil.which("valgrind"):
        step.not_covered.append("cost: instructions: valgrind is not installed here")
        return []
    sides = []
    for number, program in enumerate((ours, theirs)):
        out = scratch / f"{name}.{number}"
        process.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                     str(program)], CALLGRIND_BOUND_S)
        if not out.exists() or not out.stat().st_size:
            step.not_covered.append(f"cost: instructions: callgrind of {name}'s bench was not "
                                    f"done in {CALLGRIND_BOUND_S:g} s")
            return []
        sides.append(per_call(out.read_text(errors="replace"), set(tree.change)))
    return [(f"{name}: {function}", sides[0][function], sides[1][function], "instructions a call")
            for function in sorted(set(sides[0]) & set(sides[1]))]


def per_call(text: str, files: set) -> Dict[str, float]:
    """Instructions per call of functions that stand in `files`, from callgrind's output.

    The format: valgrind.org's "Callgrind Format Specification": names are numbered at their
    first use, and the line after "calls=" has the call's inclusive cost.
    """
    names: Dict[tuple, str] = {}
    total: Dict[tuple, List[float]] = {}
    file = callee_file = callee = ""
    calls = None

    def name_of(kind, value):
        found = NAME.match(value)
        if not found:
            return value
        if found[2] is not None:
            names[kind, found[1]] = found[2]
        return names.get((kind, found[1]), "")

    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key == "fl":
            file = callee_file = name_of("file", value)
        elif key in ("fi", "fe"):
            name_of("file", value)
        elif key == "fn":
            name_of("function", value)
            callee_file = file
        elif key in ("cfi", "cfl"):
            callee_file = name_of("file", value)
        elif key == "cfn":
            callee = name_of("function", value)
        elif key == "calls":
            calls = int(value.split()[0])
        elif calls is not None and line[:1] in "+-*0123456789":
            entry = total.setdefault((callee_file, callee), [0.0, 0.0])
            entry[0] += calls
            entry[1] += float(line.split()[1])
            calls, callee_file = None, file
    return {function.split("'")[0]: cost_ / count for (path, function), (count, cost_)
            in total.items() if count and any(path.endswith(f) for f in files)}


def rounds(tree: Tree, cases: List[Case]) -> List[Tuple]:
    """Rounds a second of the changed targets' own cases, without aim."""
    rows = []
    for case in cases:
        if case.target not in tree.owners() or case.listed.get("whole"):
            continue
        sides = [(tree.root, f"build/native/{case.target}/fixed/storm"),
                 (tree.top, tree.program("native", case.target))]
        if not (sides[0][0] / sides[0][1]).exists():
            continue
        values: Tuple[List[float], List[float]] = ([], [])
        for _ in range(2):
            for side, (top, program) in zip(values, sides):
                ended = process.run([program, "--case", case.case, "--seconds", f"{ROUNDS_S}",
                                     "--no-aim", "--json"], 60.0, top)
                if ended.exit in (0, 1):
                    side.append(json.loads(ended.stdout)["rounds_per_s"])
        if all(values):
            rows.append((case.name, max(values[0]), max(values[1]), "rounds a second"))
    return rows
