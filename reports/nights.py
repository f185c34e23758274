"""Tonight against the nights before: what changed, said once, with what else changed.

Compared are nights of one machine class, lane and placement: hits in their exposure, and the
continuous figures in ALARMED. A lane that is red among all of tonight's (see
reports.compare) opens a regression, which is reported in the night that finds it, and again
when an acknowledgement has expired. Until it closes its nights are no baseline; it closes
when the last nights are as those before it.

A canary is a variant that must be caught: reports.canaries. One that is silent makes the
whole night worthless, and everything red.
"""
import json
from datetime import datetime, timezone
from typing import Dict, List, NamedTuple, Optional

import numpy as np

from reports import canaries, compare, provenance, words
from reports.grade import EXPECTED
from reports.canaries import RATE
from reports.history import History, name_of

ALARMED = ("rounds_s", "rss_kib_top")
RECOVERED_P = 0.05    # at which the last nights are as those before the regression
KEY = ("class", "target", "case_name", "variant", "lane", "placement", "figure")


class Series(NamedTuple):
    """One figure of one lane over the nights of a machine class, oldest first."""
    key: tuple          # as KEY
    runs: List[int]     # run ids
    hits: np.ndarray    # the figure's values where it is no rate
    exposure: Optional[np.ndarray]

    @property
    def name(self) -> str:
        """target/case variant lane placement, for people."""
        _, target, case, variant, lane, placement, _ = self.key
        return f"{target}/{case} {variant} {lane} {placement}"

    def part(self, keep) -> "Series":
        """The nights whose run ids `keep` accepts."""
        chosen = np.array([keep(run) for run in self.runs], bool)
        return Series(self.key, [r for r, c in zip(self.runs, chosen) if c], self.hits[chosen],
                      None if self.exposure is None else self.exposure[chosen])

    def alarm(self) -> float:
        """p that the last nights are as those before."""
        if self.exposure is None:
            return float(compare.value_alarm(self.hits))
        return float(compare.rate_alarm(self.hits, self.exposure))

    def level(self) -> float:
        """Its rate, or the median of its values; nan for no night."""
        if not self.runs:
            return float("nan")
        if self.exposure is None:
            return float(np.median(self.hits))
        return float(self.hits.sum() / self.exposure.sum())


class Night(NamedTuple):
    """What a night comes to."""
    run: dict
    canaries: List[str]     # silent or missing, one line each
    problems: List[str]     # of the run itself
    found: List[dict]       # regressions to report
    open: List[dict]        # others, reported earlier
    closed: List[dict]
    suspects: List[str]     # what stands out with others, but is not red by itself
    compared: int           # figures that had enough nights
    unshown: List[str] = []  # canaries for which time was too short, one line each

    @property
    def red(self) -> bool:
        """True when somebody should look."""
        return bool(self.canaries or self.problems or self.found)


def series(history: History, run: dict) -> List[Series]:
    """All figures of a run's lanes over its class's nights up to and with it."""
    upto = (run["class"], run["started"], run["key"], run["id"])
    rows = history.rows(
        "SELECT results.lane AS id, target, case_name, variant, lanes.lane AS lane, placement, "
        "results.run AS run, hits, seconds FROM results JOIN lanes ON lanes.id = results.lane "
        "JOIN runs ON runs.id = results.run JOIN machines ON machines.id = machine "
        "WHERE class = ? AND (started, key) <= (?, ?) AND results.lane IN "
        "(SELECT lane FROM results WHERE run = ? AND seconds > 0) AND seconds > 0 "
        "ORDER BY results.lane, started, key", upto)
    found = [_series(run["class"], part, RATE) for part in _by_lane(rows)]
    marks = ",".join("?" * len(ALARMED))
    rows = history.rows(
        "SELECT figures.lane AS id, target, case_name, variant, lanes.lane AS lane, placement, "
        "figures.run AS run, figures.name AS name, value FROM figures "
        "JOIN lanes ON lanes.id = figures.lane "
        "JOIN runs ON runs.id = figures.run JOIN machines ON machines.id = machine "
        "WHERE class = ? AND (started, key) <= (?, ?) AND figures.lane IN "
        f"(SELECT lane FROM results WHERE run = ?) AND figures.name IN ({marks}) AND value > 0 "
        "ORDER BY figures.name, figures.lane, started, key",
        (*upto, *ALARMED))
    found += [_series(run["class"], part, part[0]["name"]) for part in _by_lane(rows)]
    return [one for one in found if one.runs[-1] == run["id"]]


def _by_lane(rows: List[dict]) -> List[List[dict]]:
    parts: Dict[tuple, List[dict]] = {}
    for row in rows:
        parts.setdefault((row["id"], row.get("name")), []).append(row)
    return list(parts.values())


def _series(machine_class: str, rows: List[dict], figure: str) -> Series:
    key = (machine_class, *(rows[0][name] for name in KEY[1:-1]), figure)
    if figure != RATE:
        return Series(key, [r["run"] for r in rows], np.array([r["value"] for r in rows]), None)
    return Series(key, [r["run"] for r in rows], np.array([r["hits"] for r in rows], float),
                  np.array([r["seconds"] for r in rows], float))


def judge(history: History, key: Optional[str] = None, now: Optional[datetime] = None) -> Night:
    """Judge one night and note in the history what it finds.

    key: of the run, None for the last one; now: for acknowledgements. Judging a night again
    reports what it reported before. Raises LookupError with one line.
    """
    runs = history.runs()
    run = next((r for r in reversed(runs) if key in (None, r["key"])), None)
    if run is None:
        raise LookupError(f"no run {key} in {history.path}" if key else
                          f"{history.path} holds no run")
    by_id = {r["id"]: r for r in runs}
    order = {r["id"]: n for n, r in enumerate(runs)}
    stamp = (now or datetime.now(timezone.utc)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with history.writing():
        known = history.rows("SELECT * FROM regressions WHERE class = ? AND (closed IS NULL OR "
                             "found = ?)", (run["class"], run["key"]))
        at = {r["key"]: r["id"] for r in runs}
        opened = {tuple(r[k] for k in KEY): r for r in known if r["closed"] is None}
        accepted = _accepted(history, run["class"])
        everything = series(history, run)
        fresh, closed = [], []
        for one in everything:
            old = opened.get(one.key)
            if old is None:
                start = order.get(at.get(accepted.get(one.key)), -1)
                fresh.append(one.part(lambda r, s=start: order[r] >= s))
            elif old["found"] != run["key"] and _recovered(one, order.get(at.get(old["since"]), 0),
                                                           order):
                history.db.execute("UPDATE regressions SET closed = ? WHERE id = ?",
                                   (run["key"], old["id"]))
                closed.append(old)
        fresh = [one for one in fresh if compare.windows(len(one.runs))]
        p = np.array([one.alarm() for one in fresh])
        for one, is_red in zip(fresh, compare.reds(p)):
            if is_red:
                _open(history, run, one, by_id)
        listed = compare.discoveries(p, compare.LIST_Q) & ~compare.reds(p)
        suspects = [f"{one.name}: {one.key[-1]}, p {words.chance(value)}"
                    for one, value, out in zip(fresh, p, listed) if out]
        here = history.rows("SELECT * FROM regressions WHERE class = ? AND closed IS NULL",
                            (run["class"],))
        found = [r for r in here if r["found"] == run["key"] and not r["until"]]
        found += [r for r in here if r["until"] and r["until"] <= stamp and not r["accepted"]]
    silent = canaries.silences(history, run)
    return Night(run, silent.red + canaries.missing(history, run, runs), _problems(history, run),
                 found, [r for r in here if r not in found], closed, suspects, len(fresh),
                 silent.unshown)


def _accepted(history: History, machine_class: str) -> Dict[tuple, str]:
    """Figures whose new level somebody accepted: the run it began with."""
    return {tuple(r[k] for k in KEY): r["since"] for r in history.rows(
        "SELECT * FROM regressions WHERE class = ? AND accepted ORDER BY id", (machine_class,))}


def _recovered(one: Series, since: int, order: Dict[int, int]) -> bool:
    before = one.part(lambda run: order[run] < since)
    last = set(one.runs[-min(compare.RECENT, len(one.runs) - len(before.runs)):])
    return len(before.runs) >= compare.FEWEST and len(last) >= 2 and one.part(
        lambda run: order[run] < since or run in last).alarm() > RECOVERED_P


def _open(history: History, run: dict, one: Series, by_id: Dict[int, dict]) -> None:
    recent = newest(one)
    before = one.part(lambda r: r in one.runs[:-recent])
    after = one.part(lambda r: r in one.runs[-recent:])
    first, last = by_id[after.runs[0]], by_id[before.runs[-1]]
    old, new = before.level(), after.level()
    times = f"{new / old:.3g}" if old else "inf"
    text = (f'{one.name}: {one.key[-1]} {"fell" if new < old else "rose"} from '
            f'{words.number(old)} to {words.number(new)} ({times} times) against '
            f'{min(len(before.runs), compare.LONGEST)} nights, since {first["started"]}, '
            f'p {words.chance(one.alarm())}; '
            + changed(json.loads(last["provenance"]), json.loads(first["provenance"])))
    history.db.execute(
        f"INSERT OR IGNORE INTO regressions ({', '.join(KEY)}, found, since, text) "
        f"VALUES ({', '.join('?' * (len(KEY) + 3))})",
        (*one.key, run["key"], first["key"], text))


def newest(one: Series) -> int:
    """How many last nights, taken as new, stand out most."""
    def sign(recent):
        if one.exposure is None:
            ratio = np.log(np.median(one.hits[-recent:]) / np.median(one.hits[:-recent]))
            return abs(ratio) * recent ** 0.5
        old, new = one.part(lambda r: r in one.runs[:-recent]), one.part(
            lambda r: r in one.runs[-recent:])
        ratio = np.log((new.level() + 1e-12) / (old.level() + 1e-12))
        return abs(ratio) * recent ** 0.5
    return max(compare.windows(len(one.runs)), key=sign)


def changed(before: dict, after: dict) -> str:
    """What else changed, in a phrase."""
    found = provenance.differences(before, after)
    return "changed too: " + "; ".join(found) if found else "nothing else changed that is known"


def _problems(history: History, run: dict) -> List[str]:
    found = [] if run["complete"] else ["the run was cut short: what did not run is no pass"]
    return found + [
        f'explorer: {r["target"]}/{r["case_name"]} {r["variant"]} {r["model"]}: {r["verdict"]}'
        for r in history.rows("SELECT * FROM explored WHERE run = ? AND NOT expected",
                              (run["id"],))]


def acknowledge(history: History, number: int, until: str, note: str, accept: bool) -> dict:
    """Say no more of a regression until a time, or accept the new level as the usual one.

    Returns the regression. Raises LookupError with one line.
    """
    with history.writing():
        rows = history.rows("SELECT * FROM regressions WHERE id = ?", (number,))
        if not rows:
            raise LookupError(f"no regression {number} in {history.path}: history list")
        if accept:
            history.db.execute("UPDATE regressions SET accepted = 1, closed = 'accepted', "
                               "note = ? WHERE id = ?", (note, number))
        else:
            history.db.execute("UPDATE regressions SET until = ?, note = ? WHERE id = ?",
                               (until, note, number))
    return rows[0]


def lines(night: Night, strict: bool = False) -> List[str]:
    """All that is printed of a night: one line per regression, the last is the verdict.

    strict: what is open and not acknowledged is red every night.
    """
    found = [f"✘ {text}" for text in night.canaries + night.problems]
    found += [f'✘ regression {r["id"]}: {r["text"]}' + (
        f' (acknowledged until {r["until"]}: expired)' if r["until"] else "")
        for r in night.found]
    found += [f'✔ closed {r["id"]}: {name_of(r)}: {r["figure"]} is as before'
              for r in night.closed]
    for what, some in (("suspects", [f"suspect: {text}" for text in night.suspects]),
                       ("that are not shown", night.unshown)):
        found += [f"○ {text}" for text in some[:5]]
        if len(some) > 5:
            found.append(f"○ and {len(some) - 5} more {what}")
    if night.open:
        found.append(f"○ {len(night.open)} open from earlier nights: " + ", ".join(
            f'{r["id"]} {name_of(r)}' + (f' until {r["until"]}' if r["until"] else "")
            for r in night.open[:5]) + (" …" if len(night.open) > 5 else ""))
    word = "EVERYTHING RED: a canary is silent" if night.canaries else (
        "RED" if red(night, strict) else "STEADY")
    too_few = "" if night.compared else f", no figure has {compare.FEWEST} nights before it"
    return found + [f'{word}: {night.run["key"]}: {len(night.found)} regressions in '
                    f"{night.compared} figures compared{too_few}"]


def red(night: Night, strict: bool) -> bool:
    """Whether the night's exit code is 1."""
    return night.red or strict and any(not r["until"] for r in night.open)


def peers(history: History, machine: str) -> List[str]:
    """A machine against its peers of the same class: a line per lane that stands out.

    Each machine's whole exposure of a lane is one value; the machine in question is last,
    and the others are what it is compared with. Raises LookupError with one line.
    """
    classes = [r["class"] for r in history.rows("SELECT class FROM machines WHERE name = ?",
                                                (machine,))]
    if not classes:
        raise LookupError(f"no machine {machine} in {history.path}: history list")
    rows = history.rows(
        "SELECT class, target, case_name, variant, lanes.lane AS lane, placement, name, "
        "sum(hits) AS hits, sum(seconds) AS seconds FROM results JOIN lanes ON lanes.id = "
        "results.lane JOIN runs ON runs.id = results.run JOIN machines ON machines.id = machine "
        f"WHERE class IN ({','.join('?' * len(classes))}) AND seconds > 0 "
        "GROUP BY class, results.lane, name ORDER BY name = ?", (*classes, machine))
    by_lane: Dict[str, List[dict]] = {}
    for row in rows:
        by_lane.setdefault(name_of(row), []).append(row)
    able = {name: part for name, part in by_lane.items()
            if part[-1]["name"] == machine and len(part) > compare.FEWEST}
    if not able:
        return [f"{machine}: fewer than {compare.FEWEST} peers of its class ran the same lanes: "
                "nothing can be said"]
    p = [float(compare.rate_alarm([[r["hits"] for r in part]], [[r["seconds"] for r in part]],
                                  most=1)[0]) for part in able.values()]
    return [f'✘ {machine}: {name}: {words.number(part[-1]["hits"] / part[-1]["seconds"])} hits a '
            f"second, {len(part) - 1} peers together {words.number(_pooled(part[:-1]))}, "
            f"p {words.chance(value)}"
            for (name, part), value, out in zip(able.items(), p,
                                                compare.discoveries(p, compare.LIST_Q)) if out]


def _pooled(part: List[dict]) -> float:
    return sum(r["hits"] for r in part) / sum(r["seconds"] for r in part)


def variations(history: History, machine_class: str) -> Dict[tuple, float]:
    """Variation between the nights of each lane of a class, where ten of them tell.

    Keys are (target, case, variant, lane, placement).
    """
    rows = history.rows(
        "SELECT results.lane AS id, target, case_name, variant, lanes.lane AS lane, placement, "
        "hits, seconds FROM results JOIN lanes ON lanes.id = results.lane JOIN runs ON runs.id = "
        "results.run JOIN machines ON machines.id = machine WHERE class = ? AND seconds > 0 "
        "ORDER BY results.lane", (machine_class,))
    return {tuple(part[0][name] for name in KEY[1:-1]): compare.between_variation(
        [r["hits"] for r in part], [r["seconds"] for r in part])
        for part in _by_lane(rows) if len(part) >= compare.FEWEST}
