"""What the probes saw of this machine, as the page and `make probe` show it."""
import json
from pathlib import Path
from typing import List

from reports import schema

ORDERS = ("plain", "release_acquire", "seq_cst")
BUGS = {"poller": "lost wakeup of close against block (golang/go#45211)",
        "port": "arm after close (event port)",
        "sched": "collector hangs on a goroutine made ready (golang/go#9186)",
        "spanset": "span-set block leaks"}


def documents(path: Path) -> List[dict]:
    """The documents of a file that `make probe` wrote. Raises schema.BadDocument, OSError."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(schema.check(json.loads(line)))
        except (ValueError, schema.BadDocument) as error:
            raise schema.BadDocument(f"{path} line {number}: {error}") from None
    return found


def precondition(document: dict) -> str:
    """Whether the window of a bug was met, in words."""
    if document["verdict"] == "SKIPPED":
        return f'not looked for: {document["reason"]}'
    if document["weak"]:
        return f'seen: {document["weak"]} in {document["rounds"]} rounds'
    return f'not seen in {document["rounds"]} rounds'


def table(found: List[dict]) -> dict:
    """Probe documents for rendering: {"model", "rows", "bugs", "transfers", "wrong"}.

    rows: per (test, form), its documents by order; bugs: (what, words) of each bug's bare
    shape in plain order, the historic one; wrong: documents of model violations.
    """
    probes = [d for d in found if d["kind"] == "probe"]
    rows: dict = {}
    for document in probes:
        key = (document["test"], document["form"])
        rows.setdefault(key, {})[document["order"]] = document
    bugs = [(BUGS.get(d["test"], d["test"]), precondition(d)) for d in probes
            if d["bug"] and d["order"] == ORDERS[0] and d["form"] == "strided"]
    return {"model": probes[0]["model"] if probes else None,
            "rows": sorted(rows.items()), "bugs": bugs, "orders": ORDERS,
            "transfers": [d for d in found if d["kind"] == "transfer"],
            "wrong": [d for d in probes if d["expected"] is False]}
