"""The audit of memory orders as text and as a page of its own."""
import collections
from pathlib import Path
from typing import List

import jinja2

from reports import schema

TEMPLATES = Path(__file__).with_name("templates")
STATUS = {"needed": "every weaker order has a counterexample",
          "kept": "a weaker order breaks nothing here; the comment says why it stays",
          "excess": "a weaker order breaks nothing here, and no comment says why it stays",
          "unreached": "no case of the explorer makes this access",
          "relaxed": "there is no weaker order"}


def documents(path: Path) -> List[dict]:
    """The "audit" documents of a JSON-lines file.

    Raises schema.BadDocument, OSError if it cannot be read.
    """
    return [schema.parse(line, "audit") for line in path.read_text(encoding="utf-8").splitlines()]


def ordered(found: List[dict]) -> dict:
    """For the run's page: the accesses of all audits but the relaxed ones, and their counts."""
    rows = [{**row, "summary": summary(row)} for document in found for row in document["rows"]
            if row["status"] != "relaxed"]
    return {"rows": rows, "meaning": STATUS, "counts": counts({"rows": rows}),
            "executions": sum(document["executions"] for document in found)}


def counts(document: dict) -> dict:
    """How many accesses have each status, in the order of STATUS; those with none left out."""
    found = collections.Counter(row["status"] for row in document["rows"])
    return {status: found[status] for status in STATUS if found[status]}


def text(document: dict) -> str:
    """A line per access but the relaxed ones, and the counts.

    document: of the kind "audit" (schema.json).
    """
    lines = []
    for row in document["rows"]:
        if row["status"] == "relaxed":
            continue
        where = f'{row["file"]}:{row["line"]}'
        lines.append(f'{row["status"]:<10} {row["order"] or "?":<8} {row["operation"]:<9} '
                     f'{where:<34} {summary(row)}'.rstrip())
    total = ", ".join(f"{n} {status}" for status, n in counts(document).items())
    return "\n".join(lines + [f'{len(document["rows"])} atomic accesses: {total}; '
                              f'{document["executions"]} executions, {document["seconds"]} s'])


def summary(row: dict) -> str:
    """What the audit found of an access, in a line."""
    said = []
    for trial in row["weaker"]:
        if trial["found"]:
            said.append(f'{trial["order"]}: {trial["found"]} ({trial["place"]})')
        else:
            said.append(f'{trial["order"]}: nothing in {len(trial["places"])} searches, '
                        f'{trial["executions"]} executions')
    return "; ".join(said[-2:])


def page(document: dict) -> str:
    """The page: HTML that refers to nothing outside itself."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    files: dict = {}
    for row in document["rows"]:
        files.setdefault(row["file"], []).append(row)
    return environment.get_template("audit.html").render(
        audit=document, files=files, counts=counts(document), meaning=STATUS)
