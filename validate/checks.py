"""What is looked at beside the races: unit tests, and the code of the ARM64 lanes."""
import json
import re
import shutil
import sys
from pathlib import Path
from typing import List

from reports import process
from validate.build import arm_lanes, compiler
from validate.step import DOUBT, Step, timed
from validate.tree import VARIANT, Tree, reached, with_target

UNIT_BOUND_S = 90.0
LINKS = re.compile(r"^/\* links: (.*) \*/$", re.MULTILINE)
NO_CODE = 2  # of ci/disassembly.py: nothing to read


def unit_tests(tree: Tree) -> Step:
    """The unit tests that link what the candidate changes; a failed one refutes it."""
    with timed(Step("unit tests")) as step:
        tests = [f"build/unit/{path.stem}" for path in sorted(
            (tree.top / "tests/unit").glob("*_test.c")) if links(tree, path)]
        if not tests:
            step.skip("none links the changed files")
            return step
        ended = tree.make(*tests, options=["-f", "tests/unit/rules.mk"])
        passed = 0
        for test in tests:
            if not (tree.top / test).exists():
                step.not_covered.append(f"unit tests: {Path(test).name} does not build with the "
                                        f"candidate: {first_error(ended.stderr)}")
                continue
            ran = process.run([f"./{test}"], UNIT_BOUND_S, tree.top)
            if ran.exit == 0:
                passed += 1
                continue
            if ran.exit is None:
                step.state = DOUBT
                step.text = f"{Path(test).name}: no end after {UNIT_BOUND_S:g} s, which proves " \
                    "nothing; the rest was left"
                step.not_covered.append(f"unit tests: {step.text}")
                return step
            said = (ran.stdout + ran.stderr).splitlines()
            why = [line.strip() for line in said if " failed: " in line] or said[-1:]
            step.refute(f"{Path(test).name}: {(why or [f'status {ran.exit}'])[0]}", *said[-40:])
            return step
        step.text = f"{passed} of {len(tests)} programs passed"
        if not passed:
            step.state = DOUBT
    return step


def links(tree: Tree, test: Path) -> bool:
    """Whether a unit test is built from what the candidate changes."""
    changed = set(tree.change)
    if changed & reached(tree.top, test):
        return True
    for word in " ".join(LINKS.findall(test.read_text())).split():
        folder = re.fullmatch(r"targets/([^/]+)", word)
        if folder and set(tree.owners()) & with_target(tree.top, folder[1]):
            return True
        if not folder and any(changed & reached(tree.top, p) for p in tree.top.glob(word)):
            return True
    return False


def first_error(said: str) -> str:
    """The first line that tells of an error."""
    return next((line.strip() for line in said.splitlines() if " error: " in line),
                process.last_line(said))


def disassembly(tree: Tree) -> Step:
    """What the native and the ARM64 compilers made of the accesses that decide.

    No verdict by itself: an access that became weaker than its order promises, or code in
    which a processor may lose the wakeup, is a doubt.
    """
    with timed(Step("ARM code")) as step:
        read: List[str] = []
        lanes = ["native"] + [lane for lane in arm_lanes(tree) if shutil.which(compiler(lane))]
        build_critical(tree, lanes)
        for lane in lanes:
            out = tree.top / "build" / lane / "disassembly.json"
            out.unlink(missing_ok=True)
            ran = process.run([sys.executable, "ci/disassembly.py", "--lane", lane, "--out",
                               str(out)], 300.0, tree.top)
            if ran.exit == NO_CODE or not out.exists():
                step.not_covered.append(f"code of {lane}: "
                                        f"{process.last_line(ran.stderr) or ran.exit}")
                continue
            code = {name: entry for name, entry in json.loads(out.read_text())["code"].items()
                    if name.split("/")[0] in tree.owners()}
            if not code:
                continue
            judge(step, lane, code, [line for line in ran.stdout.splitlines()
                                     if line.split("/")[0] in tree.owners()])
            read.append(lane)
        if not read:
            step.skip("no decisive access is known in the changed target")
        elif step.state != DOUBT:
            step.text = f"as ordered in {', '.join(read)}"
    return step


def build_critical(tree: Tree, lanes: List[str]) -> None:
    """Compile the files whose code is read, where the target has them."""
    told = process.run([sys.executable, "-c", "import json; from ci import disassembly as d; "
                        "print(json.dumps(d.CRITICAL))"], 60.0, tree.top)
    goals = [f"build/{lane}/{target}/{VARIANT}/natural/targets/{target}/"
             + name.replace(".c", ".o")
             for target, files in json.loads(told.stdout).items() if target in tree.owners()
             for name in files for lane in lanes]
    if goals:
        tree.make(*goals)


def judge(step: Step, lane: str, code: dict, said: List[str]) -> None:
    """What one lane's code comes to."""
    wrong = [line for line in said if " WRONG for " in line]
    may = [name for name, entry in code.items() if entry.get("may_reorder")]
    step.lines += [f"{lane}: {line}" for line in wrong]
    for entry in code.values():
        step.lines += [f'{lane}: {row["function"]} {row["at"]} {row["access"]}: {row["became"]}'
                       for row in entry["accesses"]]
    if wrong or may:
        step.state = DOUBT
        step.text = "; ".join(filter(None, [step.text] + (
            [f"{lane}: {len(wrong)} accesses are not what their order promises"] if wrong else [])
            + ([f"{lane}: the processor may reorder the store and the load on which the wakeup "
                "depends"] if may else [])))
