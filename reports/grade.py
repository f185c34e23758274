"""Run records in, verdicts out: pure functions.

A verdict stands for one (target, case, variant, lane, placement). `expected` says whether it
is what the case promises for this hardware; the run is as expected when all of them are, and
when every case has at least one variant that it catches here. `short` says of one that is
not that more time may mend it: with nothing worse, not all is shown, which is neither.
"""
from typing import Dict, List, Optional

from reports.figures import row
from reports.judge import judge_buggy, judge_clean, lacking, unshown
from reports.subject import Subject, is_clean

EXPECTED = ("CAUGHT", "QUIET_AS_EXPECTED", "CLEAN", "FIX_CONFIRMED", "SKIPPED")
EXIT_OK, EXIT_UNEXPECTED, EXIT_ENGINE, EXIT_UNSHOWN = 0, 1, 2, 3


def subjects(lists: List[dict], slices: List[dict], planned: List[dict]) -> List[Subject]:
    """Group a run's records, in the order of the plan, then of the results.

    lists: "list" documents; slices: "slice" documents; planned: the run's plan. The same
    slice twice (a merged run) counts once.
    """
    promised = {(d["target"], d["case"], d["variant"], d["lane"]): d for d in lists}
    found: Dict[tuple, Subject] = {}
    lane = next((d["lane"] for d in lists + slices), "")
    placement = next((d["placement"] for d in slices if "placement" in d), "all")

    def subject_of(document):
        key = (document["target"], document["case"], document["variant"],
               document.get("lane", lane))
        place = document.get("placement", placement)
        if (key, place) not in found:
            found[key, place] = Subject(*key, document["role"], promised.get(key), placement=place)
        return found[key, place]

    for document in planned:
        subject = subject_of(document)
        subject.due_s = document.get("due_s", subject.due_s)
    seen = set()
    for document in slices:
        identity = (document["command"], document["lane"], document.get("placement"),
                    document.get("started"), document["slice"])
        if identity not in seen:
            seen.add(identity)
            subject_of(document).slices.append(document)
    return list(found.values())


def control_of(subject: Subject, everything: List[Subject]) -> Optional[Subject]:
    """The control that ran interleaved with a clean variant, if any did."""
    for other in everything:
        if other.role == "control" and all(getattr(other, name) == getattr(subject, name)
                                           for name in ("target", "case", "lane", "placement")):
            return other
    return None


def grade(lists: List[dict], slices: List[dict], planned: List[dict], complete: bool = True,
          whole: bool = True) -> dict:
    """Verdicts of a run.

    lists, slices, planned: its records; complete: False when it was cut short; whole:
    False when the caller selected variants, so that a case may lack its bug.
    Returns {"rows": [...], "problems": [...], "verdict", "exit", "counts"}: rows as
    reports.figures makes them and `short`, problems one line each, exit 0 to 3.
    """
    everything = subjects(lists, slices, planned)
    rows = []
    for subject in everything:
        if is_clean(subject.variant):
            control = control_of(subject, everything)
            judged = judge_clean(subject, control, complete)
        else:
            control, judged = None, judge_buggy(subject, complete)
        need = lacking(subject, control) if is_clean(subject.variant) else unshown(subject)
        rows.append({**row(subject, control, judged, judged[0] in EXPECTED),
                     "short": need is not None})
    problems = uncaught_cases(rows) if whole else []
    if not complete:
        problems.append("the run was cut short: what did not run is no pass")
    return {"rows": rows, "problems": problems, **overall(rows, problems)}


def uncaught_cases(rows: List[dict]) -> List[str]:
    """Cases that no variant fails on this hardware: they prove nothing here.

    Not those of which a variant is short: its own row says that.
    """
    caught: Dict[tuple, bool] = {}
    for each in rows:
        key = (each["target"], each["case"])
        if each["role"] != "list":
            caught[key] = (caught.get(key, False) or each["verdict"] in ("CAUGHT", "SKIPPED")
                           or each["short"] and not is_clean(each["variant"]))
    return [f"{target}/{case}: no variant of it is caught on this hardware"
            for (target, case), good in caught.items() if not good]


def overall(rows: List[dict], problems: List[str]) -> dict:
    """The run's verdict, exit code, and counts by verdict."""
    counts: Dict[str, int] = {}
    for each in rows:
        counts[each["verdict"]] = counts.get(each["verdict"], 0) + 1
    tested = len(rows) - counts.get("SKIPPED", 0)
    if counts.get("ENGINE_ERROR"):
        verdict, code = "ENGINE ERROR", EXIT_ENGINE
    elif problems or not tested or not all(each["expected"] or each["short"] for each in rows):
        verdict, code = "NOT AS EXPECTED", EXIT_UNEXPECTED
    elif not all(each["expected"] for each in rows):
        verdict, code = "NOT ALL SHOWN", EXIT_UNSHOWN
    else:
        verdict, code = "AS EXPECTED", EXIT_OK
    if not tested:
        problems.append("nothing was tested")
    return {"verdict": verdict, "exit": code, "counts": counts}
