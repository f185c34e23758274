"""Figures in words, the same in the table, JUnit and HTML."""
import json
import math
from typing import List, Optional

MARKS = {"CAUGHT": "✔", "QUIET_AS_EXPECTED": "✔", "FIX_CONFIRMED": "✔", "CLEAN": "○",
         "SKIPPED": "–", "INCONCLUSIVE": "?"}
UNEXPECTED_MARK = "✘"

MEANINGS = {
    "CAUGHT": "the bug showed, with the failure class that the case promises",
    "NOT_CAUGHT": "the bug must show here and was silent for longer than chance explains",
    "WRONG_CLASS": "a failure showed, but not of the class that the case promises",
    "QUIET_AS_EXPECTED": "this hardware cannot show the bug, and nothing showed",
    "UNEXPECTED_HIT": "a failure showed where none may",
    "CLEAN": "no failure, but no control ran beside it: claims nothing",
    "FIX_CONFIRMED": "no failure, and the ratio bound against a living control is reached",
    "REFUTED": "the fix failed",
    "INCONCLUSIVE": "too little evidence to say",
    "ENGINE_ERROR": "the rig itself failed",
    "SKIPPED": "not run, as the machine lacks what it needs or the run the time: no evidence",
}

STORM = {"commits": "goroutines that parked, and were in the semaphore",
         "aborts": "parks called off by their commit step", "events": "from the kernel",
         "descriptors": "held by the target at once, at most",
         "parked_most": "goroutines parked at once, at most",
         "graces": "times that suspicions were put to the proof",
         "cleared": "suspicions that did not hold", "rescued": "goroutines readied by the rig",
         "failed_opens": "for want of descriptors or ports",
         "in_vain": "waits that ended with nothing there"}
SAMPLED = {"lost": "lost", "stuck": "stuck", "open": "open descriptors",
           "files": "files of the process", "rss_kib": "RSS in KiB", "ops": "operations"}

SHORT = {"FIX_CONFIRMED": "confirmed", "QUIET_AS_EXPECTED": "quiet"}


def mark(verdict: str) -> str:
    """A sign for a verdict, so that colour never stands alone."""
    return MARKS.get(verdict, UNEXPECTED_MARK)


def short(verdict: str) -> str:
    """A verdict in as few letters as the matrix can spare."""
    return SHORT.get(verdict, verdict.replace("_", " ").lower())


def number(value: Optional[float]) -> str:
    """Three significant digits, with k, M, G; "-" for unknown."""
    if value is None or not math.isfinite(value):
        return "-"
    if value and abs(value) < 0.001:
        return f"{value:.1e}"
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def count(value: Optional[float]) -> str:
    """A count: whole up to 9999, then as number()."""
    if value is None:
        return "-"
    return f"{value:.0f}" if value < 10_000 else number(value)


def duration(seconds: Optional[float]) -> str:
    """A time with a fitting unit, from nanoseconds to seconds."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    for limit, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= limit:
            return f"{seconds / limit:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def rate(row: dict) -> str:
    """Hits a second with their 99.9 % interval; without hits their upper bound."""
    if not row["rate_s"]:
        return "-"
    value, low, high = row["rate_s"]
    if not value:
        return f"< {number(high)}/s"
    return f"{number(value)}/s [{number(low)}, {number(high)}]"


def hits(row: dict) -> str:
    """Hits by class, commonest first: "12 lost_wakeup + 1 crash"."""
    by_class = sorted(row["hits"].items(), key=lambda h: -h[1])
    return " + ".join(f"{count(n)} {name}" for name, n in by_class) or "0"


def fano(row: dict) -> str:
    """Fano factor per block / per child; * where the dispersion test fails."""
    parts = []
    for name in ("block", "child"):
        one = row["dispersion"][name]
        parts.append(number(one["fano"]) + ("*" if one["fails"] else ""))
    return "/".join(parts)


def ratio(row: dict) -> str:
    """The ratio bound that counts and what it rests on, "-" where there is none."""
    proof = row["proof"]
    return f'{number(proof["ratio"])} {proof["basis"]}' if proof and proof["ratio"] else "-"


def ordered(rows: List[dict]) -> List[dict]:
    """Rows by case: the clean variants, the control, then the others as they ran."""
    rank = {"list": 0, "clean": 1, "control": 2}
    return sorted(rows, key=lambda r: (r["target"], r["case"], rank.get(r["role"], 3)))


def evidence(value) -> List[str]:
    """Evidence of a finding, one line per member, JSON without the noise."""
    if isinstance(value, dict):
        return [f"{name}: {compact(member)}" for name, member in value.items()]
    if isinstance(value, list):
        return [compact(member) for member in value]
    return [compact(value)]


def compact(value) -> str:
    """A value as short text: key=value pairs for objects, JSON for the rest."""
    if isinstance(value, dict):
        return "  ".join(f"{name}={compact(member)}" for name, member in value.items())
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def chance(p: float) -> str:
    """A p value; below 1e-9 it says only that."""
    return "< 1e-9" if p < 1e-9 else number(p)
