"""The page of the history: one self-contained offline file; and figures as CSV."""
import csv
import io
import json
from typing import Dict, List, NamedTuple

import jinja2
import numpy as np

from reports import canaries, changes, compare, leaks, nights, svg, words
from reports.history import History
from reports.html import LIMIT_BYTES, TEMPLATES

SHOWN = 120        # nights of a lane that are drawn and searched for changes
POINTS = 60        # of a drawn line
EXPLORED = 14      # nights of the explorer that are listed
LISTED = 100       # changes of its results that are
GROWTH = "_growth_h"


class Lane(NamedTuple):
    """A lane of one machine class, as the page shows it. Lists are oldest first."""
    name: str
    role: str
    verdicts: List[str]
    nights: List[int]           # indices of its nights among all of the class
    hits: np.ndarray
    seconds: np.ndarray
    changes: List[changes.Change]
    variation: float
    growth: Dict[str, List[float]]  # KiB or pieces an hour, of a storm
    classes: Dict[str, int]         # hits by failure class, all nights
    replay: str
    first_hits: List[float]     # seconds to the first hit, a night each, rising

    @property
    def red(self) -> bool:
        """Whether its last verdict wants a look."""
        return self.verdicts[-1] not in nights.EXPECTED

    @property
    def rates(self) -> np.ndarray:
        """Hits a second, a night."""
        return self.hits / np.maximum(self.seconds, 1e-9)


def text(history: History) -> str:
    """The page of a history. Lanes that never change lose their drawing where room is short."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.globals.update(words=words, svg=svg, len=len, thinned=thinned)
    runs = history.runs()
    classes = [collected(history, name, [r for r in runs if r["class"] == name])
               for name in dict.fromkeys(r["class"] for r in reversed(runs))]
    regressions = history.rows("SELECT * FROM regressions ORDER BY closed IS NOT NULL, id DESC")
    for row in regressions:
        row["name"] = nights.name_of(row)
    page = environment.get_template("history.html")
    for points in (POINTS, POINTS // 3, 0):
        made = page.render(classes=classes, regressions=regressions, points=points,
                           runs=runs, db=history.path.name, leaks=leaks, listed=LISTED)
        if len(made.encode()) < LIMIT_BYTES:
            break
    return made


def collected(history: History, name: str, runs: List[dict]) -> dict:
    """A machine class: its nights, machines and lanes, what is red first."""
    number = {run["id"]: n for n, run in enumerate(runs)}
    shown = [run["id"] for run in runs[-SHOWN:]]
    first = min(shown)  # ids rise with imports; a night may be imported late
    wanted = set(shown)
    rows = [r for r in history.rows(
        "SELECT results.lane AS id, target, case_name, variant, lanes.lane AS lane, placement, "
        "role, verdict, results.run AS run, hits, seconds FROM lanes CROSS JOIN results ON "
        "results.lane = lanes.id WHERE results.run >= ? ORDER BY results.lane", (first,))
        if r["run"] in wanted]
    growth: Dict[tuple, list] = {}
    for r in history.rows("SELECT lane, name, run, value FROM figures WHERE run >= ? AND "
                          "name LIKE ?", (first, f"%{GROWTH}")):
        if r["run"] in wanted:
            growth.setdefault((r["lane"], r["name"][:-len(GROWTH)]), []).append(
                (number[r["run"]], r["value"]))
    classes: Dict[int, Dict[str, int]] = {}
    replay: Dict[int, str] = {}
    for r in history.rows("SELECT lane, class, sum(hits) AS hits, max(replay) AS replay FROM "
                          "findings WHERE run >= ? GROUP BY lane, class", (first,)):
        classes.setdefault(r["lane"], {})[r["class"]] = r["hits"]
        replay[r["lane"]] = r["replay"]
    first_hits: Dict[int, List[float]] = {}
    for r in history.rows("SELECT lane, value FROM figures WHERE run >= ? AND "
                          "name = 'first_hit_s' ORDER BY lane, value", (first,)):
        first_hits.setdefault(r["lane"], []).append(r["value"])
    by_lane: Dict[int, List[dict]] = {}
    for row in rows:
        by_lane.setdefault(row["id"], []).append(row)
    found = [_lane(part, number, growth, classes.get(key, {}), replay.get(key, ""),
                   first_hits.get(key, []))
             for key, part in by_lane.items()]
    found.sort(key=lambda lane: (not lane.red, not lane.changes, lane.name))
    steps = [_step(before, after) for before, after in zip(runs[-SHOWN:], runs[-SHOWN:][1:])]
    last = {run["lane"]: run for run in runs}
    silent = [canaries.silences(history, run) for run in last.values()]
    return {"name": name, "runs": runs, "lanes": found,
            "silent": [line for one in silent for line in one.red],
            "unshown": [line for one in silent for line in one.unshown],
            "first": max(0, len(runs) - SHOWN),
            "red": sum(lane.red for lane in found),
            "machines": sorted({r["name"] for r in runs}), "explored": explored(history, runs),
            "steps": [step for step in steps if step]}


def explored(history: History, runs: List[dict]) -> dict:
    """What the explorer made of the last nights, oldest first: {"nights", "changes"}.

    nights: totals of each run that has explorer results, at most EXPLORED; changes: a line for
    each case, variant and model whose last result differs from the one before. The search is
    the same for the same sources and seed, so a change comes from these.
    """
    started = {run["id"]: run["started"] for run in runs}
    totals = [r for r in history.rows(
        "SELECT run, count(*) AS cells, sum(verdict = 'CAUGHT') AS caught, sum(exhausted) AS "
        "exhausted, sum(NOT expected) AS unexpected, sum(executions) AS executions, "
        "sum(seconds) AS seconds FROM explored GROUP BY run") if r["run"] in started]
    totals.sort(key=lambda r: started[r["run"]])
    last = [{(r["target"], r["case_name"], r["variant"], r["model"]): (
        f'{words.short(r["verdict"])} after {words.count(r["first_hit"])}' if r["first_hit"] else
        f'{words.short(r["verdict"])}, {"exhausted" if r["exhausted"] else "not exhausted"}')
        for r in history.rows("SELECT * FROM explored WHERE run = ?", (total["run"],))}
        for total in totals[-2:]]
    changed = [f"{key[0]}/{key[1]} {key[2]} {key[3]}: {last[0].get(key, 'not there')} → "
               f"{last[1].get(key, 'not there')}" for key in sorted({*last[0], *last[1]})
               if last[0].get(key) != last[1].get(key)] if len(last) == 2 else []
    return {"nights": [{**r, "started": started[r["run"]]} for r in totals[-EXPLORED:]],
            "changes": changed}


def thinned(values: List[float]) -> List[float]:
    """At most POINTS // 3 of the values, evenly, their ends among them."""
    most = POINTS // 3
    if len(values) <= most:
        return values
    return [values[round(i * (len(values) - 1) / (most - 1))] for i in range(most)]


def _step(before: dict, after: dict):
    if before["provenance"] == after["provenance"]:
        return None
    from reports import provenance
    found = provenance.differences(json.loads(before["provenance"]),
                                   json.loads(after["provenance"]))
    return (after["started"], found) if found else None


def _lane(part: List[dict], number: Dict[int, int], growth, classes, replay,
          first_hits) -> Lane:
    part.sort(key=lambda r: number[r["run"]])
    last = part[-1]
    hits = np.array([r["hits"] for r in part], float)
    seconds = np.array([r["seconds"] for r in part], float)
    able = seconds > 0
    enough = able.sum() >= compare.FEWEST
    steps = changes.of_rates(hits[able], seconds[able]) if enough and hits.any() else []
    where = np.flatnonzero(able)
    held = {name: [v for _, v in sorted(values)] for (lane, name), values in growth.items()
            if lane == last["id"]}
    return Lane(nights.name_of(last), last["role"], [r["verdict"] for r in part],
                [number[r["run"]] for r in part], hits, seconds,
                [step._replace(at=int(where[step.at])) for step in steps],
                compare.between_variation(hits, seconds), held, classes, replay, first_hits)


def csv_text(history: History) -> str:
    """A line per run: time, commit, and hits a second and figures of each lane as columns."""
    runs = history.runs()
    table: Dict[int, Dict[str, float]] = {run["id"]: {} for run in runs}
    for r in history.rows("SELECT run, target, case_name, variant, lanes.lane AS lane, placement, "
                          "hits / seconds AS value, 'hits_s' AS name FROM results JOIN lanes ON "
                          "lanes.id = results.lane WHERE seconds > 0 UNION ALL "
                          "SELECT run, target, case_name, variant, lanes.lane, placement, value, "
                          "name FROM figures JOIN lanes ON lanes.id = figures.lane"):
        column = f'{nights.name_of(r).replace(" ", ".")}.{r["name"]}'
        table[r["run"]][column] = r["value"]
    columns = sorted({name for row in table.values() for name in row})
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["time", "run", "machine", "commit", *columns])
    for run in runs:
        commit = json.loads(run["provenance"]).get("commit") or ""
        writer.writerow([run["started"], run["key"], run["name"], commit,
                         *(table[run["id"]].get(name, "") for name in columns)])
    return out.getvalue()
