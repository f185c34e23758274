"""The report page: one self-contained offline file."""
from pathlib import Path
from typing import Dict, List, Optional

import jinja2

from reports import explored as explorer
from reports import probed, svg, table, topology, words
from reports.folder import Run

TEMPLATES = Path(__file__).with_name("templates")
LIMIT_BYTES = 1_000_000


def text(run: Run, verdicts: dict, explored: Optional[List[dict]] = None) -> str:
    """The page of a run.

    run, verdicts: as loaded and graded; explored: "explore" documents, None to look for
    them beside the run (../explore/results.jsonl). Returns HTML; it refers to nothing
    outside itself. A page over LIMIT_BYTES goes without the explorer's traces of what is
    expected, then without other details of it.
    """
    warnings = list(run.warnings)
    if explored is None:
        explored = explorer.found_beside(run.path, warnings)
    probes = probed.found_beside(run.path, warnings)
    for traces, brief in ((True, False), (False, False), (False, True)):
        page = _page(run, verdicts, warnings, explored, probes, traces, brief)
        if len(page.encode()) < LIMIT_BYTES:
            break
    return page


def _page(run: Run, verdicts: dict, warnings: List[str], explored: List[dict],
          probes: List[dict], traces: bool, brief: bool) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.globals.update(words=words, svg=svg)
    rows = words.ordered(verdicts["rows"])
    cases = by_case(rows)
    return environment.get_template("report.html").render(
        run=run.header, complete=run.complete, warnings=warnings, verdicts=verdicts,
        cases=cases, targets=by_target(rows), replay=table.replay(run.header),
        wrong=[row for row in rows if not row["expected"]],
        overtime=table.overtime(run.header), seconds=sum(row["seconds"] for row in rows),
        explored=explorer.table(explored), probed=probed.table(probes), traces=traces, brief=brief,
        pictures=placements(cases, topology.load(run.path / "topology.xml")))


def by_case(rows: List[dict]) -> Dict[str, List[dict]]:
    """Rows by "target/case", in their order."""
    found: Dict[str, List[dict]] = {}
    for row in rows:
        found.setdefault(f'{row["target"]}/{row["case"]}', []).append(row)
    return found


def by_target(rows: List[dict]) -> List[dict]:
    """One matrix per target: {"name", "variants", "cases": {name: {variant: row}}}.

    Columns: clean variants first, then by name.
    """
    found: Dict[str, dict] = {}
    for row in rows:
        matrix = found.setdefault(row["target"], {"name": row["target"], "roles": {},
                                                  "cases": {}})
        matrix["roles"].setdefault(row["variant"], row["role"] != "clean")
        matrix["cases"].setdefault(row["case"], {})[row["variant"]] = row
    for matrix in found.values():
        roles = matrix.pop("roles")
        matrix["variants"] = sorted(roles, key=lambda name: (roles[name], name))
    return list(found.values())


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
