"""The explorer's results as the page shows them: a table per case, traces in columns."""
import json
import re
from pathlib import Path
from typing import Dict, List

from reports import schema, words

STEP = re.compile(r"\s*(\d+)\s+(\d+)  (.*)")
SITE = re.compile(r"(.*?)(?:\s{2,}|\s\|\s)(\S+ (?:\| )?\S+:\d+)\s*")
THREADS = re.compile(r"(\d+) ([^,]+)")


def documents(path: Path) -> List[dict]:
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


def table(found: List[dict]) -> dict:
    """Explorer results, a table per case: models across, variants down.

    Returns {"models": [...], "cases": {name: {"wrong": unexpected cells, "lines": {variant:
    {model: cell}}, "traces": [...]}}}; a cell says what was found, or how far was searched
    in vain. A variant's trace is that of the first model that shows its bug.
    """
    cases: Dict[str, dict] = {}
    for document in found:
        hits = {name: n for name, n in document["hits"].items() if n}
        searched = "exhausted" if document.get("exhausted") else "searched"
        case = cases.setdefault(f'{document["target"]}/{document["case"]}',
                                {"wrong": 0, "lines": {}, "traces": []})
        case["wrong"] += document.get("expected") is False
        case["lines"].setdefault(document["variant"], {})[document["model"]] = {
            "hit": bool(hits), "expected": document.get("expected"),
            "text": ", ".join(hits) if hits else f"none, {searched}",
            "executions": words.count(document["executions"]),
            "replay": document.get("replay", "")}
        shown = trace(document)
        if shown["steps"] and document["variant"] not in [t["variant"] for t in case["traces"]]:
            case["traces"].append(shown)
    return {"models": list(dict.fromkeys(d["model"] for d in found)), "cases": cases}


def trace(document: dict) -> dict:
    """The trace of a document's finding, in columns.

    Returns {"variant", "model", "class", "meaning", "replay", "threads": names, "steps":
    [(number, column or None, what, where)]}; a line that is no step has no column.
    """
    finding = document.get("finding") or {}
    lines = [str(line) for line in finding.get("trace") or []]
    threads, steps = [], []
    for line in lines:
        step = STEP.fullmatch(line)
        if line.startswith("threads, by column:"):
            threads = [name.strip() for _, name in THREADS.findall(line.split(":", 1)[1])]
        elif step and int(step[2]) < len(threads):
            at = SITE.fullmatch(step[3])
            what, where = at.groups() if at else (step[3], "")
            steps.append((step[1], int(step[2]), what.strip(), where.replace(" | ", " ")))
        else:
            steps.append(("", None, line.strip(), ""))
    return {"variant": document["variant"], "model": document["model"],
            "class": finding.get("class", ""), "meaning": finding.get("meaning") or "",
            "replay": document.get("replay", ""), "threads": threads, "steps": steps}
