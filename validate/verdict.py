"""From what the steps came to, to one verdict: pure functions.

A candidate is refuted by the first thing that goes wrong. It is confirmed when every case in
which the bug shows is proven: by exposure (FIX_CONFIRMED with real threads, against a living
control), or by exhaustion (the explorer has run every execution, under every model in which
the bug shows). Everything else is inconclusive.
"""
from typing import Dict, List, Optional, Tuple

from validate.explorer import Case, Cell
from validate.native import CURRENT
from validate.step import REFUTED, Step

CONFIRMED, REFUTED_CANDIDATE, INCONCLUSIVE = "CONFIRMED", "REFUTED", "INCONCLUSIVE"
EXITS = {CONFIRMED: 0, REFUTED_CANDIDATE: 1, INCONCLUSIVE: 3}


def shown_under(cases: List[Case], against: Optional[str],
                current: Dict[Cell, str]) -> Dict[str, List[str]]:
    """Models under which each case shows the bug that the candidate must not have.

    against: a switch, `current` (then current: where that code was found to fail), or None
    for all switches. Cases that show none are left out.
    """
    found: Dict[str, List[str]] = {}
    for case in cases:
        if case.listed.get("whole"):
            continue
        if against == CURRENT:
            models = [model for (target, name, model) in current
                      if (target, name) == (case.target, case.case)]
        else:
            models = [m for e in case.listed["expect"] if e["failure"] != "data_race"
                      and against in (None, e["variant"]) for m in e["models"]]
        if models:
            found[case.name] = sorted(set(models))
    return found


def proofs(shown: Dict[str, List[str]], results: Dict[Cell, dict],
           rows: Dict[str, dict]) -> Dict[str, Tuple[str, str]]:
    """Per case ("exposure", "exhaustion" or "", in words).

    shown: from shown_under(); results: of the explorer; rows: of the races, by case. A case is
    left out that this machine cannot race (SKIPPED: its actors want more processors) and that
    is not exhausted: it is not covered here, and the races say so.
    """
    found = {}
    for name, models in shown.items():
        target, case = name.split("/")
        open_ = [m for m in models if not results.get((target, case, m), {}).get("exhausted")]
        row = rows.get(name)
        if not open_:  # the stronger one
            found[name] = "exhaustion", f"no execution fails under {', '.join(models)}"
        elif row and row["verdict"] == "FIX_CONFIRMED":
            found[name] = "exposure", row["reason"]
        elif not row or row["verdict"] != "SKIPPED":
            why = f'{row["verdict"]} {row["reason"]}'.strip() if row else "no race here"
            found[name] = "", f"not exhausted under {', '.join(open_)}; with real threads: {why}"
    return found


def decide(steps: List[Step], proven: Dict[str, Tuple[str, str]]) -> Tuple[str, str]:
    """(verdict, why in a line)."""
    for step in steps:
        if step.state == REFUTED:
            return REFUTED_CANDIDATE, f"{step.name}: {step.text}"
    if not proven:
        return INCONCLUSIVE, "no case that reaches the changed files shows the bug"
    missing = [f"{name}: {why}" for name, (how, why) in proven.items() if not how]
    if missing:
        return INCONCLUSIVE, f"{len(missing)} of {len(proven)} cases unproven: {missing[0]}"
    ways = [how for how, _ in proven.values()]
    counts = [f"{ways.count(how)} by {how}" for how in ("exposure", "exhaustion") if how in ways]
    return CONFIRMED, f"all {len(proven)} cases that show the bug: {', '.join(counts)}"
