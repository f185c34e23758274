"""The report page: one self-contained offline file."""
from pathlib import Path
from typing import Dict, List, Optional

import jinja2

from reports import explored as explorer
from reports import audited, beside, covered, leaks, probed, svg, table, topology, words
from reports.folder import Run

TEMPLATES = Path(__file__).with_name("templates")
LIMIT_BYTES = 1_000_000
# What a page leaves out to stay small, one more at each level.
LEVELS = ("", "",
          "Outcomes, profiles and times are shown for clean variants, controls and what is "
          "unexpected only, to keep this page small; all is in results.jsonl.",
          "Clean variants, controls and what is unexpected are shown in full, the others in a "
          "line, to keep this page small; all is in results.jsonl.",
          "Only clean variants, controls and what is unexpected are shown below, to keep this "
          "page small; reports grade prints all.",
          "Only clean variants, controls and what is unexpected are shown below, and of the "
          "explorer what is unexpected, to keep this page small; reports grade prints all.",
          "Only what is unexpected is shown below, to keep this page small; reports grade prints "
          "all.")


def text(run: Run, verdicts: dict, explored: Optional[List[dict]] = None) -> str:
    """The page of a run.

    run, verdicts: as loaded and graded; explored: "explore" documents, None to look for
    them with the run (see reports.beside). Returns HTML; it refers to nothing
    outside itself. A page over LIMIT_BYTES goes through LEVELS of leaving out details of
    what is expected.
    """
    warnings = list(run.warnings)
    if explored is None:
        explored = beside.found(run.path, "explore", explorer.documents, warnings)
    probes = beside.found(run.path, "probe", probed.documents, warnings)
    coverage = beside.found(run.path, "coverage", covered.documents, warnings)
    audit = beside.found(run.path, "audit", audited.documents, warnings)
    for level in range(len(LEVELS)):
        page = _page(run, verdicts, warnings, explored, probes, coverage, audit, level)
        if len(page.encode()) < LIMIT_BYTES:
            break
    return page


def _page(run: Run, verdicts: dict, warnings: List[str], explored: List[dict],
          probes: List[dict], coverage: List[dict], audit: List[dict], level: int) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.globals.update(words=words, svg=svg, searched=searched)
    rows = words.ordered(verdicts["rows"])
    cases = by_case(rows)
    wrong_only = level >= 6
    told = {name for name, part in cases.items()
            if not wrong_only or not all(row["expected"] for row in part)}
    places = {(row["lane"], row["placement"]) for row in rows}
    many = len(places) > 1

    def ident(row):
        words_of_it = [row[k] for k in ("target", "case", "variant")]
        return "-".join(words_of_it + ([row["lane"], row["placement"]] if many else []))
    return environment.get_template("report.html").render(
        run=run.header, complete=run.complete, warnings=warnings, verdicts=verdicts,
        cases=cases, targets=by_target(rows, many), many=many, ident=ident,
        losses=leaks.statistics_of(rows), courses=courses(cases), replay=table.replay(run.header),
        wrong=[row for row in rows if not row["expected"]],
        overtime=table.overtime(run.header), seconds=sum(row["seconds"] for row in rows),
        explored=explorer.table(explored), probed=probed.table(probes),
        covered=covered.table(coverage), orders=audited.ordered(audit),
        traces=level < 1, brief=level >= 2, terse=level >= 3, bare=level >= 4,
        summed=level >= 5, wrong_only=wrong_only, told=told, left=LEVELS[level],
        pictures=placements(cases, topology.load(run.path / "topology.xml")))


def by_case(rows: List[dict]) -> Dict[str, List[dict]]:
    """Rows by "target/case", in their order."""
    found: Dict[str, List[dict]] = {}
    for row in rows:
        found.setdefault(f'{row["target"]}/{row["case"]}', []).append(row)
    return found


def by_target(rows: List[dict], many: bool) -> List[dict]:
    """One matrix per target: {"name", "variants", "lines": [{"case", "place", "cells", "red",
    "words"}]}, a line per case, lane and placement, with its rows by variant.

    many: lanes or placements differ, so that lines name theirs. Columns: clean variants
    first, then by name.
    """
    found: Dict[str, dict] = {}
    for row in rows:
        matrix = found.setdefault(row["target"], {"name": row["target"], "roles": {},
                                                  "lines": {}})
        matrix["roles"].setdefault(row["variant"], row["role"] not in ("clean", "list"))
        place = f'{row["lane"]} {row["placement"]}' if many else ""
        line = matrix["lines"].setdefault((row["case"], place), {
            "case": row["case"], "place": place, "cells": {}, "red": False, "words": ""})
        line["cells"][row["variant"]] = row
        line["red"] = line["red"] or not row["expected"]
        line["words"] += " " + searched(row)
    for matrix in found.values():
        roles = matrix.pop("roles")
        matrix["variants"] = sorted(roles, key=lambda name: (roles[name], name))
        matrix["lines"] = [matrix["lines"][key] for key in sorted(matrix["lines"])]
    return list(found.values())


def searched(row: dict) -> str:
    """What the page's filter looks for in a row."""
    return " ".join(str(row[key]) for key in ("target", "case", "variant", "lane", "placement",
                                              "role", "verdict")).lower()


def courses(cases: Dict[str, List[dict]]) -> Dict[str, List[tuple]]:
    """What storms held over their time, the buggy variants beside the fixed one.

    Returns {case: [(figure, [(variant, samples)])]} for the figures that moved at all.
    """
    found: Dict[str, List[tuple]] = {}
    for name, rows in cases.items():
        sampled = [(row["variant"], row["storm"]["samples"]) for row in rows
                   if row["storm"] and row["storm"].get("samples")]
        keys = dict.fromkeys(key for _, samples in sampled for key in samples[0]
                             if key not in ("t", "slice", "commits", "events"))
        found[name] = [
            (key, [(variant, samples) for variant, samples in sampled if key in samples[0]])
            for key in keys if len({s.get(key) for _, samples in sampled for s in samples}) > 1]
    return found


def placements(cases: Dict[str, List[dict]], machine) -> Dict[str, List[dict]]:
    """Where the actors of each case sat: {case: [{"pins": [(actor, location)], "picture"}]}.

    One entry per different placement of its rows; machine: from topology.load(). The
    picture is "" where it cannot be drawn.
    """
    found: Dict[str, List[dict]] = {}
    for name, rows in cases.items():
        different = dict.fromkeys(tuple(pins_of(row)) for row in rows if pins_of(row))
        found[name] = [{"pins": pins, "picture": topology.placement_svg(machine, pins)}
                       for pins in different]
    return found


def pins_of(row: dict) -> List[tuple]:
    """(actor, location obtained) of a row; [] where nothing was pinned."""
    got = (row["pin"] or {}).get("got") or []
    names = row["actors"] + [f"thread {n}" for n in range(len(row["actors"]), len(got))]
    return [(name, str(location)) for name, location in zip(names, got) if location]
