#!/usr/bin/python3
"""How fast the history is: nights made to order, imported, compared, shown; JSON on stdout.

    ci/bench_history.py [NIGHTS [LANES]]        1000 and 200 where not told
"""
import json
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
import numpy as np  # noqa: E402 (the project's own are found only now)

from made_nights import night, row  # noqa: E402
from reports import history, nights, trends  # noqa: E402


def make(place, count, lanes):
    """Nights in which each lane's rate varies by 20 %, storms hold memory, a kernel changes."""
    rng = np.random.default_rng(3)
    for number in range(count):
        rates = 200 * (1 + np.arange(lanes) % 7) * rng.gamma(25, 0.04, lanes)
        rows = []
        for lane, hits in enumerate(rng.poisson(rates)):
            fixed = lane % 4 == 0
            figures = {"rounds_s": 5e6 * rng.lognormal(0, 0.02)}
            if hits and not fixed:
                figures["first_hit_s"] = rng.exponential(1 / hits)
            if lane % 20 == 3:
                figures.update(rss_kib_top=5000.0 + lane, rss_kib_growth_h=rng.normal(0, 3))
            rows.append(row("fixed" if fixed else "BUG_A", 0 if fixed else int(hits),
                            case=f"case_{lane}", figures=figures))
        night(place, number, rows, facts={"kernel": "6.1" if number < 0.9 * count else "6.5"})


def timed(work):
    """(what it gives, wall seconds, CPU seconds)."""
    wall, cpu = time.monotonic(), time.process_time()
    return work(), round(time.monotonic() - wall, 2), round(time.process_time() - cpu, 2)


def measured(count, lanes):
    """The figures, of a history in a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        make(place / "runs", count, lanes)
        there = history.History(place / "history.sqlite")
        (counts, failed), *imported = timed(
            lambda: history.import_all(there, history.run_folders([place / "runs"])))
        _, *again = timed(lambda: history.import_all(there, history.run_folders([place / "runs"])))
        found, *judged = timed(lambda: nights.judge(there))
        page, *shown = timed(lambda: trends.text(there))
        if failed or counts["new"] != count or found.red:
            sys.exit(f"bench_history: {failed or counts or found.found}")
        return {"nights": count, "lanes": lanes, "import_s": imported, "import_again_s": again,
                "compare_s": judged, "page_s": shown, "page_bytes": len(page.encode()),
                "unit": "[wall, CPU]"}


if __name__ == "__main__":
    sizes = [int(word) for word in sys.argv[1:3]]
    print(json.dumps(measured(*(sizes + [1000, 200][len(sizes):]))))
