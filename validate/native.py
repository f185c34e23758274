"""Real threads: a candidate's races, interleaved with the bug that they must not show."""
import os
import shutil
from pathlib import Path
from typing import Dict, List, Optional, Set

from reports import judge, matrix, process
from reports.folder import write_atomic
from reports.session import Session
from reports.storm import Order, Programs, seed_of
from validate.build import SANITIZERS
from validate.clock import Clock
from validate.explorer import Case, asked
from validate.step import DOUBT, REFUTED, Step, timed
from validate.tree import VARIANT, Tree

CURRENT = "current"      # as AGAINST: the code as it stands is what is buggy
LANE = "native"
SANITIZED_S = 1.0        # of each case under each sanitizer
SHOWS_ANYWHERE = ["fatal", "deadlock", "livelock", "crash"]


class Native:
    """The programs of the native lane: the candidate's, and the controls' beside them."""

    def __init__(self, tree: Tree, cases: List[Case], against: Optional[str], fails: Set[str]):
        """cases: those that reach the candidate; against: a switch, `current`, or None for
        whatever each case promises to show on this machine; fails: where the current code
        does, as the explorer found it: `current` races there."""
        self.tree, self.against, self.fails = tree, against, fails
        wanted = {case.name for case in cases}
        self.lists: Dict[str, dict] = {}
        for target in tree.touched():
            for document in asked([tree.program(LANE, target), "--list", "--json"], tree.top):
                if f'{target}/{document.get("case")}' in wanted:
                    self.lists[f'{target}/{document["case"]}'] = document
        self.controls = {name: self._control(name) for name in self.lists}

    def _control(self, name: str) -> Optional[str]:
        """The variant that a case is compared with here; None: this machine shows none."""
        if self.against == CURRENT:
            return "fixed" if name in self.fails else None
        document = self.lists[name]
        due = [e["variant"] for e in document["expect"] if document["model"] in e["models"]
               and e["failure"] != "data_race" and self.against in (None, e["variant"])]
        return matrix.choose_control(due, document["expect"])

    def build_controls(self) -> None:
        """Build the controls in the current tree. Raises RuntimeError."""
        programs = sorted({f"build/{LANE}/{name.split('/')[0]}/{control}/storm"
                           for name, control in self.controls.items() if control})
        jobs = len(os.sched_getaffinity(0))
        ended = process.run(["make", "-s", f"-j{jobs}", *programs], 1500.0, self.tree.root)
        if programs and ended.exit != 0:
            raise RuntimeError(f"the control cannot be built: {process.last_line(ended.stderr)}")
        for program in programs:
            to = self.tree.top / program
            to.parent.mkdir(parents=True, exist_ok=True)
            to.unlink(missing_ok=True)
            shutil.copy2(self.tree.root / program, to)

    def run(self, out: Path, clock: Clock, seed: int, command: str) -> Step:
        """Race until every ratio bound is reached, a hit comes, or the time is over.

        out: of the run's folder, with its report; clock: for all, overtime included: on a busy
        machine what is in doubt goes on for as much.
        """
        with timed(Step("races")) as step:
            items = [matrix.Item("race", *name.split("/"), control, (VARIANT,))
                     for name, control in sorted(self.controls.items()) if control]
            step.not_covered += [f"races: {name}: no control shows on this machine"
                                 for name, control in sorted(self.controls.items()) if not control]
            if not items:
                step.skip("no case has a control that this machine shows")
                return step
            self.build_controls()
            verdicts = self._race(items, out, clock, seed, command)
            tell(step, verdicts)
        return step

    def _race(self, items: List[matrix.Item], out: Path, clock: Clock, seed: int,
              command: str) -> dict:
        programs = Programs(Path("build"), LANE, self.tree.top)
        lists = [self._promised(d) for d in programs.list()]
        # As a run's own options are: overtime comes on top of its time.
        session = Session(out, programs, lists, items, seed,
                          clock.seconds / (1 + matrix.OVERTIME),
                          False, {"against": self.against})
        session.folder.header["command"] = command
        clock.start()
        for item in items:
            if any(row["verdict"] == REFUTED.upper() and row["variant"] == VARIANT
                   for row in session.run(item)):  # the control is there to be
                break
        else:
            session.overtime()
            while session.runner.in_doubt() and clock.left_s() > matrix.SHORTEST_S * len(items):
                session.overtime(min(clock.left_s(), session.longest_overtime_s))
        return session.finish(False)

    def _promised(self, document: dict) -> dict:
        """What the code as it stands must show, where that is the control."""
        if self.against != CURRENT or document.get("variant") != "fixed":
            return document
        bad = {o["failure"] for o in document["outcomes"] if o["grade"] == "bad"}
        return {**document, "expected_failures": sorted(bad), "allowed_failures": SHOWS_ANYWHERE}


def tell(step: Step, verdicts: dict) -> None:
    """What the races came to; `proofs` are the rows of the candidate."""
    step.proofs = {f'{r["target"]}/{r["case"]}': r for r in verdicts["rows"]
                   if r["variant"] == VARIANT}
    words = {}
    for name, row in step.proofs.items():
        words.setdefault(row["verdict"], []).append(name)
        line = f'{name}: {row["verdict"]} {row["reason"]}'
        step.lines.append(line)
        if row["verdict"] == "REFUTED":
            step.refute(f'{name} with real threads: {row["reason"]}', f'replay: {row["replay"]}')
        elif row["verdict"] != "FIX_CONFIRMED":
            step.not_covered.append(f"races: {line}")
    if step.state != REFUTED:
        step.text = ", ".join(f"{len(names)} {verdict}" for verdict, names in words.items())
        if set(words) != {"FIX_CONFIRMED"}:
            step.state = DOUBT


def sanitize(tree: Tree, cases: List[Case], seed: int) -> Step:
    """The candidate's own cases under the race detector and the memory checkers, for a short
    time each: what they report refutes."""
    with timed(Step("sanitizers")) as step:
        for lane in SANITIZERS:
            goals = [tree.program(lane, target) for target in tree.owners()]
            ended = tree.make(*goals)
            if ended.exit != 0:
                step.state = DOUBT
                step.not_covered.append(f"{lane}: does not link: "
                                        f"{process.last_line(ended.stderr)}")
                continue
            programs = Programs(Path("build"), lane, tree.top)
            for case in (c for c in cases if c.target in tree.owners()
                         and not c.listed.get("whole")):
                if not report_of(step, programs, case, lane, seed):
                    return step
        step.text = f"nothing reported ({', '.join(SANITIZERS)}, {SANITIZED_S:g} s a case)"
    return step


def report_of(step: Step, programs: Programs, case: Case, lane: str, seed: int) -> bool:
    """Run one case under one sanitizer; False where it refutes the candidate."""
    record = programs.run(Order(case.target, VARIANT, case.case, SANITIZED_S,
                                seed_of(seed, case.name, lane)))
    if record["state"] != "ok":
        text = f'{lane}: {case.name}: {record["state"]}: {record["reason"]}'
        if record["state"] == "crash":
            step.refute(text, *record["stderr_text"].splitlines()[-40:])
            return False
        step.not_covered.append(text)
        return True
    hits = {k: n for k, n in record["result"]["hits"].items() if n and k != "timeout"}
    if hits:
        reports = [str(r) for r in record["result"].get("findings", [])][:5]
        step.refute(f"{case.name} under {lane}: {judge.describe(hits)}", *reports,
                    *record["stderr_text"].splitlines()[-40:])
        return False
    return True


def keep_programs(tree: Tree, out: Path, target: str) -> None:
    """Leave the candidate's explorer and sources where its replay runs after the scratch tree
    is gone: from `out`, by the path that it had."""
    program = tree.program("explore", target)
    (out / program).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(tree.top / program, out / program)
    for name in tree.change:
        if (tree.top / name).exists():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            write_atomic(out / name, (tree.top / name).read_text(errors="replace"))
