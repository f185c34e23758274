"""The report page: one self-contained offline file."""
import json
from pathlib import Path
from typing import Dict, List, Optional

import jinja2

from reports import schema, table, words
from reports.folder import Run
from reports.svg import profile_svg

TEMPLATES = Path(__file__).with_name("templates")
LIMIT_BYTES = 1_000_000


def text(run: Run, verdicts: dict, explored: Optional[List[dict]] = None) -> str:
    """The page of a run.

    run, verdicts: as loaded and graded; explored: "explore" documents, None to look for
    them beside the run (../explore/results.jsonl). Returns HTML; it refers to nothing
    outside itself. A page over LIMIT_BYTES goes without the details of what is expected.
    """
    warnings = list(run.warnings)
    if explored is None:
        explored = found_beside(run.path, warnings)
    page = _page(run, verdicts, warnings, explored, brief=False)
    if len(page.encode()) < LIMIT_BYTES:
        return page
    return _page(run, verdicts, warnings, explored, brief=True)


def _page(run: Run, verdicts: dict, warnings: List[str], explored: List[dict],
          brief: bool) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.globals.update(words=words, profile_svg=profile_svg)
    rows = words.ordered(verdicts["rows"])
    return environment.get_template("report.html").render(
        run=run.header, complete=run.complete, warnings=warnings, verdicts=verdicts,
        cases=by_case(rows), targets=by_target(rows), replay=table.replay(run.header),
        wrong=[row for row in rows if not row["expected"]],
        overtime=table.overtime(run.header), seconds=sum(row["seconds"] for row in rows),
        explored=explored_table(explored), brief=brief)


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


def found_beside(path: Path, warnings: List[str]) -> List[dict]:
    """The explorer's documents in ../explore/results.jsonl; [] without that file.

    path: of the run. A file that cannot be read gets a line in `warnings`, no more: it is
    not this run's.
    """
    try:
        return explore_documents(path.parent / "explore" / "results.jsonl")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, schema.BadDocument) as error:
        warnings.append(f"explorer results left out: {error}")
        return []


def explore_documents(path: Path) -> List[dict]:
    """The "explore" documents of a JSON-lines file; other kinds are left out.

    Raises schema.BadDocument with the line's number, OSError if it cannot be read.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            document = json.loads(line)
            if isinstance(document, dict) and document.get("kind") == "explore":
                found.append(schema.check(document, "explore"))
        except (ValueError, schema.BadDocument) as error:
            raise schema.BadDocument(f"{path} line {number}: {error}") from None
    return found


def explored_table(documents: List[dict]) -> dict:
    """Explorer results, a table per case: models across, variants down.

    Returns {"models": [...], "cases": {name: {"wrong": unexpected cells, "lines": {variant:
    {model: cell}}}}}; a cell says what was found, or how far was searched in vain.
    """
    cases: Dict[str, dict] = {}
    for document in documents:
        hits = {name: n for name, n in document["hits"].items() if n}
        searched = "exhausted" if document.get("exhausted") else "searched"
        case = cases.setdefault(f'{document["target"]}/{document["case"]}',
                                {"wrong": 0, "lines": {}})
        case["wrong"] += document.get("expected") is False
        case["lines"].setdefault(document["variant"], {})[document["model"]] = {
            "hit": bool(hits), "expected": document.get("expected"),
            "text": ", ".join(hits) if hits else f"none, {searched}",
            "executions": words.count(document["executions"]),
            "replay": document.get("replay", "")}
    return {"models": list(dict.fromkeys(d["model"] for d in documents)), "cases": cases}
