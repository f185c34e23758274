"""The explorer over the cases that reach a candidate's files, within a time for all."""
import concurrent.futures
import json
import threading
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Set, Tuple

from fuzz import table
from reports import process
from validate.clock import PATIENCE, Clock
from validate.step import Step, timed
from validate.tree import Tree, reached

SECONDS = 60.0         # for all cases and models together
FIRST_EXECUTIONS = 40000  # of a cell's first turn: half a second of a free processor
SECOND_S, LONGER = 1.0, 4.0  # of its second turn; by what later ones are longer
LIST_BOUND_S, SLACK_S = 60.0, 60.0

Cell = Tuple[str, str, str]  # target, case, model


@dataclass
class Case:
    """One case of a program: what it promises, and which files of the tree it reaches."""
    target: str
    case: str
    listed: dict
    files: Set[str]

    @property
    def name(self) -> str:
        """target/case."""
        return f"{self.target}/{self.case}"


@dataclass
class Explored:
    """What the search came to: the last result of every cell that had a turn."""
    results: Dict[Cell, dict] = field(default_factory=dict)
    found: Optional[dict] = None
    failures: List[str] = field(default_factory=list)


def asked(command: List[str], cwd) -> List[dict]:
    """The JSON objects that a program prints. Raises EngineFailure."""
    ended = process.run(command, LIST_BOUND_S, cwd)
    if ended.exit != 0:
        raise table.EngineFailure(f"{' '.join(command)}: "
                                  f"{process.last_line(ended.stderr) or ended.exit}")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def cases_of(tree: Tree) -> Tuple[List[Case], List[Case]]:
    """The cases whose accesses stand in a changed file, and those that reach none.

    A changed file without accesses of its own, as of macros, is reached by what includes it.
    """
    every = []
    for target in tree.touched():
        program = tree.program("explore", target)
        lists = {d["case"]: d for d in asked([program, "--list", "--json"], tree.top)}
        every += [Case(target, d["case"], lists[d["case"]], {p["file"] for p in d["places"]})
                  for d in asked([program, "--reach"], tree.top)]
    told = {name for case in every for name in case.files}
    silent = set(tree.change) - told

    def touches(case):
        if case.files & set(tree.change):
            return True
        return any(silent & reached(tree.top, tree.top / name) for name in case.files
                   if "/cases/" not in name and (tree.top / name).is_file()) if silent else False
    return [c for c in every if touches(c)], [c for c in every if not touches(c)]


class Search:
    """Cells in turn, each longer than before, until all have ended or the time has.

    Its seconds are those of a Clock: a busy machine searches as much.
    """

    def __init__(self, top, program, seconds: float, jobs: int, stops: bool = True,
                 patience: float = PATIENCE):
        """program(target): where it is, from `top`; seconds: for all; jobs: at once; stops: at
        the first finding."""
        self.top, self.program, self.jobs, self.stops = top, program, jobs, stops
        self.clock = Clock(seconds, jobs, patience)
        self.stop = threading.Event()
        self.explored = Explored()

    def run(self, cells: List[Cell]) -> Explored:
        """Search the cells; those that fail or are done get no further turn."""
        left, turn_s, seed = list(cells), None, 1
        while left and not self.stop.is_set() and self.clock.left_s() > 0:
            with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
                try:
                    list(pool.map(lambda cell, s=turn_s, n=seed: self._turn(cell, s, n), left))
                except BaseException:
                    self.stop.set()  # or all that is left would still have its turn
                    raise
            done = self.explored.results
            left = [c for c in left if c not in done or not (
                done[c]["ended"] or done[c]["exhausted"] or any(done[c]["hits"].values()))]
            turn_s, seed = turn_s * LONGER if turn_s else SECOND_S, seed + 1
        return self.explored

    def _turn(self, cell: Cell, turn_s: Optional[float], seed: int) -> None:
        """turn_s: seconds, if it goes by them; the first turn goes by executions."""
        seconds = min(self.clock.left_s(), (turn_s or SLACK_S) * self.clock.stretch())
        if self.stop.is_set() or seconds < 0.1:
            return
        target, case, model = cell
        command = [self.program(target), "--case", case, "--model", model, "--seconds",
                   f"{seconds:.2f}", "--seed", str(seed), "--json"]
        if not turn_s:
            command += ["--executions", str(FIRST_EXECUTIONS)]
        ended = process.run(command, seconds + SLACK_S, self.top)
        try:
            result = json.loads(ended.stdout)
        except ValueError:
            self.explored.failures.append(
                f"{' '.join(command)}: {process.last_line(ended.stderr) or ended.exit}")
            return
        self.explored.results[cell] = result
        if any(result["hits"].values()):
            self.explored.found = self.explored.found or result
            if self.stops:
                self.stop.set()


def in_order(cases: List[Case], against: Optional[str]) -> List[Cell]:
    """Every case under every model; where the control shows, first."""
    def promised(case, model):
        return any(model in e["models"] for e in case.listed["expect"]
                   if against in (None, e["variant"]))
    cells = [(c, m) for c in cases if not c.listed.get("whole") for m in table.MODELS]
    cells.sort(key=lambda cell: not promised(*cell))
    return [(c.target, c.case, m) for c, m in cells]


def explore(tree: Tree, cases: List[Case], against: Optional[str], seconds: float,
            jobs: int, patience: float = PATIENCE) -> Tuple[Step, Explored]:
    """Explore the candidate; a counterexample refutes it."""
    with timed(Step("explorer")) as step:
        search = Search(tree.top, lambda target: tree.program("explore", target), seconds, jobs,
                        patience=patience)
        cells = in_order(cases, against)
        explored = search.run(cells)
        tell(step, cases, cells, explored, seconds)
    return step, explored


def tell(step: Step, cases: List[Case], cells: List[Cell], explored: Explored,
         seconds: float) -> None:
    """What the search came to, in words."""
    done, found = explored.results, explored.found
    if found:
        hits = ", ".join(name for name, n in found["hits"].items() if n)
        step.refute(f'{found["target"]}/{found["case"]} under {found["model"]}: {hits} '
                    f'({found["finding"]["meaning"]})', *found["finding"]["trace"])
        return
    exhausted = sum(r["exhausted"] for r in done.values())
    step.text = (f"no counterexample: {exhausted} of {len(cells)} (case, model) exhausted, "
                 f"{len(done) - exhausted} searched in part, "
                 f'{sum(r["executions"] for r in done.values())} executions')
    for target, case, model in cells:
        result = done.get((target, case, model))
        if result is None:
            step.not_covered.append(f"explorer: {target}/{case} under {model}: no time left of "
                                    f"{seconds:g} s")
        elif not result["exhausted"]:
            step.not_covered.append(
                f'explorer: {target}/{case} under {model}: {result["executions"]} executions, '
                + (f'{result["cut"]} choices cut by the model\'s bounds' if result["ended"]
                   else "not exhausted"))
    step.not_covered += [f"explorer: {c.name}: a run of the whole runtime, not explored"
                         for c in cases if c.listed.get("whole")]
    if explored.failures:
        step.state = "doubt"
        step.lines += explored.failures
    if not cells:
        step.skip("no case reaches the changed files")


def current_hits(root, cases: List[Case], seconds: float, jobs: int) -> Dict[Cell, str]:
    """Where the current code fails, and with what: what a fix of it must end."""
    search = Search(root, lambda t: f"build/explore/{t}/fixed/explore", seconds, jobs, False)
    results = search.run(in_order(cases, None)).results
    return {cell: max(result["hits"], key=result["hits"].get)
            for cell, result in results.items() if any(result["hits"].values())}
