"""Canaries: variants that must be caught. Which of a night were silent.

One is silent when it had no hit for so long that, by its own rate in the nights before, this is
no chance (reports.compare.silence_s). Where they tell no rate its run's verdict counts, which
goes by a constant (reports.judge.PROMISE_S). One that had less time is not shown, and is told.
"""
from typing import Dict, List, NamedTuple, Optional

from reports import compare
from reports.history import History, name_of

NOT_SILENT = ("CAUGHT", "SKIPPED", "INCONCLUSIVE")  # verdicts
BY_TIME = ("NOT_CAUGHT", "INCONCLUSIVE")            # those that more or less time decides
RATE = "hits a second"                              # the figure of a regression

CANARIES = ("SELECT results.lane AS id, target, case_name, variant, lanes.lane AS lane, "
            "placement, verdict, hits, seconds, starved FROM results JOIN lanes ON lanes.id = "
            "results.lane WHERE run = ? AND canary")


class Silences(NamedTuple):
    """A night's canaries that had no hit, one line each."""
    red: List[str]
    unshown: List[str]


def silences(history: History, run: dict) -> Silences:
    """Which canaries of a run were silent, and which only lacked the time to show."""
    here, found = history.rows(CANARIES, (run["id"],)), Silences([], [])
    for row in here:
        name = name_of(row)
        if row["verdict"] in BY_TIME and not row["hits"]:
            due = silence_due_s(history, run, row["id"], len(here))
            measure = "" if due is None else (
                f': no hit in {row["seconds"]:.3g} s; at its rate in the nights before, '
                f"{max(due, 0.001):.3g} s are certain to make one")
            if row["starved"] or not row["seconds"] or due is None:
                is_red = row["verdict"] not in NOT_SILENT
            else:
                is_red = row["seconds"] >= due
            if is_red:
                found.red.append(f'canary silent: {name}{measure or ": " + row["verdict"]}')
            else:
                found.unshown.append(f"not shown: {name}{measure}")
        elif row["verdict"] not in NOT_SILENT:
            found.red.append(f'canary silent: {name}: {row["verdict"]}')
    return found


def silence_due_s(history: History, run: dict, lane: int, canaries: int) -> Optional[float]:
    """Seconds without a hit that are no chance after the nights before; None: no rate is known.

    run: its class, and `started` and `key` that end the nights before; lane: its id;
    canaries: of the run. Nights that were starved are no measure, nor those before a level
    that somebody accepted.
    """
    before = history.rows(
        "SELECT hits, seconds FROM results JOIN runs ON runs.id = results.run JOIN machines ON "
        "machines.id = machine WHERE results.lane = ? AND class = ? AND (started, key) < (?, ?) "
        "AND seconds > 0 AND NOT starved AND started >= coalesce((SELECT max(began.started) FROM "
        "regressions AS r JOIN lanes ON lanes.id = ? AND (r.target, r.case_name, r.variant, "
        "r.lane, r.placement) = (lanes.target, lanes.case_name, lanes.variant, lanes.lane, "
        "lanes.placement) JOIN runs AS began ON began.key = r.since WHERE r.class = ? AND "
        "r.figure = ? AND r.accepted), '') ORDER BY started, key",
        (lane, run["class"], run["started"], run["key"], lane, run["class"], RATE))
    return compare.certain_silence_s([r["hits"] for r in before], [r["seconds"] for r in before],
                                     canaries)


def known(history: History, machine_class: str, lane: str, placement: str,
          canaries: int) -> Dict[tuple, float]:
    """silence_due_s of a run that is to begin, by (target, case, variant).

    Only of variants whose rate is known. canaries: of the run.
    """
    coming = {"class": machine_class, "started": "~", "key": ""}  # after every date
    due = {(row["target"], row["case_name"], row["variant"]):
           silence_due_s(history, coming, row["id"], canaries)
           for row in history.rows("SELECT * FROM lanes WHERE lane = ? AND placement = ?",
                                   (lane, placement))}
    return {key: seconds for key, seconds in due.items() if seconds is not None}


def missing(history: History, run: dict, runs: List[dict]) -> List[str]:
    """Canaries of the night before that this one lacks."""
    earlier = [r for r in runs if r["class"] == run["class"] and r["lane"] == run["lane"]
               and r["whole"] and (r["started"], r["key"]) < (run["started"], run["key"])]
    if not run["whole"] or not earlier:
        return []
    names = {name_of(r) for r in history.rows(CANARIES, (run["id"],))}
    return [f"canary missing: {name_of(r)}: in the night before, not here"
            for r in history.rows(CANARIES, (earlier[-1]["id"],)) if name_of(r) not in names]
