"""Does a storm lose memory, descriptors or goroutines: trends of what it holds over time.

A storm samples what it holds (resident memory, files, descriptors, blocks, stuck
goroutines). A leak is a slope that the noise does not explain: Theil & Sen's, from medians
of consecutive samples after a time of warming up. Losses that a storm names itself, as
deadlocks and lost wakeups, are hits, with a rate an hour and an operation.
"""
import statistics
from typing import Dict, List, NamedTuple, Optional

WARMING = 0.2         # share of the time that does not count
GROUPS = 40           # medians that the slope is fitted to, at most
FEWEST = 12           # samples after warming up, or nobody can tell
CONFIDENCE = 0.99
COUNTS = ("t", "slice", "ops", "commits", "events")  # of a sample: not held, but done
LEAKS = ("block_leak", "desc_leak", "memory_error")
STANDSTILLS = ("deadlock", "livelock", "wedge", "lost_wakeup", "lost_work", "lost_event",
               "timeout")


class Trend(NamedTuple):
    """What one figure does: its median, growth a second with its 99 % interval, and time."""
    median: float
    slope: float
    low: float
    high: float
    seconds: float


def trend(times: List[float], values: List[float]) -> Optional[Trend]:
    """The trend of a figure; None with fewer than FEWEST samples after warming up.

    times: seconds, rising; values: at these. Source: Sen 1968, by scipy's theilslopes.
    """
    start = times[0] + WARMING * (times[-1] - times[0]) if times else 0
    kept = [(t, v) for t, v in zip(times, values) if t >= start]
    if len(kept) < FEWEST or kept[-1][0] <= kept[0][0]:
        return None
    from scipy import stats  # a second to load: not for a usage error
    size = max(1, len(kept) // GROUPS)
    groups = [kept[i:i + size] for i in range(0, len(kept) - size + 1, size)]
    t = [statistics.median(g[0] for g in group) for group in groups]
    v = [statistics.median(g[1] for g in group) for group in groups]
    fit = stats.theilslopes(v, t, CONFIDENCE)
    return Trend(statistics.median(v), *map(float, (fit[0], fit[2], fit[3])),
                 kept[-1][0] - kept[0][0])


def growth(samples: List[dict]) -> Dict[str, List[float]]:
    """Growth an hour of each figure that a storm holds: {name: [slope, low, high]}.

    samples: of the longest process of a storm. Empty where they are too few.
    """
    names = [name for name in (samples[0] if samples else {}) if name not in COUNTS]
    found = {name: trend([s["t"] for s in samples], [s.get(name, 0) for s in samples])
             for name in names}
    return {name: [3600 * x for x in (one.slope, one.low, one.high)]
            for name, one in found.items() if one}


def longest_process(samples: List[dict]) -> List[dict]:
    """The samples of the process with most of them: a leak ends with its process."""
    by_process: Dict[int, List[dict]] = {}
    for sample in samples:
        by_process.setdefault(sample["slice"], []).append(sample)
    return max(by_process.values(), key=len, default=[])


def statistics_of(rows: List[dict]) -> List[dict]:
    """Leak and standstill statistics of a run's storms, a line per storm and variant.

    rows: verdict rows. Returns {"row", "leaks", "standstills", "other", "per_hour",
    "per_operation", "growth"}: hits of each kind, all of them an hour and an operation, and
    growth().
    """
    found = []
    for row in rows:
        if not row.get("storm"):
            continue
        leaks, stuck = ({name: n for name, n in row["hits"].items() if name in kinds}
                        for kinds in (LEAKS, STANDSTILLS))
        other = {name: n for name, n in row["hits"].items() if name not in {**leaks, **stuck}}
        lost = sum(row["hits"].values())
        found.append({"row": row, "leaks": leaks, "standstills": stuck, "other": other,
                      "per_hour": 3600 * lost / row["seconds"] if row["seconds"] else None,
                      "per_operation": lost / row["rounds"] if row["rounds"] else None,
                      "growth": row["storm"].get("growth") or {}})
    return found
