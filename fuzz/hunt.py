"""What the explorer finds in a mutant: searches, cheap ones first, of the cases that reach it."""
import collections
import functools
import threading

from table import EngineFailure, lines_of

RANDOM = 300       # executions of the first look
WHOLE = 4, 100     # random executions of a whole runtime: the first look, the others
LOOK = 10          # seconds of a look at one case
PATIENCE = 60      # seconds before a run counts as hanging


class Luck:
    """Which cases killed mutants so far, to be tried first."""

    def __init__(self):
        self.kills, self.lock = collections.Counter(), threading.Lock()

    def add(self, mutant, case):
        with self.lock:
            self.kills.update([(mutant.file, case), (mutant.functions, case)])

    def sorted(self, mutant, cases):
        """Those of the same function, then of the same file; else whole runtimes come first."""
        with self.lock:
            return sorted(cases, key=lambda c: (
                -self.kills[mutant.functions, c["case"]], -self.kills[mutant.file, c["case"]],
                not c.get("whole"), c["case"]))


def looks(options, order):
    """The searches, cheap ones first: (model, arguments) for a case, and for a whole runtime."""
    most = str(options.executions)
    yield ("c11" if order else "sc", ("--search", "auto", "--executions", str(RANDOM))), (
        "c11", ("--search", "random", "--executions", str(WHOLE[0])))
    yield ("c11" if order else "sc", ("--search", "dpor", "--executions", most)), (
        "sc", ("--search", "random", "--executions", str(WHOLE[1])))
    yield ("c11", ("--search", "dpor", "--executions", most, "--preemptions", "3")), (
        "c11", ("--search", "pct", "--executions", str(WHOLE[1])))
    if order:
        yield ("armv8", ("--search", "dpor", "--executions", most)), None


@functools.cache
def is_quiet(source, arguments):
    """Whether the same search of the source finds nothing: else the mutant's finding is none."""
    try:
        return not lines_of([source, *arguments], PATIENCE)[0]["hits"]
    except (EngineFailure, ValueError, IndexError):
        return False


def hunted(binary, mutant, options, luck, cases, source, extra=()):
    """What the explorer finds in a mutant's binary: a dict with "found", or None.

    source: the binary without the change, in which the same search must find nothing.
    """
    executions = 0
    for look in looks(options, mutant.rule == "weaken"):
        for case in luck.sorted(mutant, cases):
            if look[bool(case.get("whole"))] is None:
                continue
            model, arguments = look[bool(case.get("whole"))]
            search = ("--case", case["case"], "--model", model, "--json", "--no-shrink",
                      "--seconds", str(LOOK), *arguments)
            try:
                result = lines_of([binary, *search, *extra], PATIENCE)[0]
            except (EngineFailure, ValueError, IndexError) as failure:
                if "no end after" in str(failure):
                    continue  # the machine may be busy: no evidence
                # The rig itself was brought down: seen, if not nicely.
                result = {"executions": 0, "hits": {"engine_error": 1}, "why": str(failure)[-160:]}
            executions += result["executions"]
            if result["hits"] and is_quiet(source, search):
                luck.add(mutant, case["case"])
                return {"found": max(result["hits"], key=result["hits"].get),
                        "case": case["case"], "model": model, "executions": executions,
                        "why": result.get("why", "")}
    return None
