"""A run in small: what the history keeps of each lane, one file beside the results.

summary.json is rendered from the run like its page, and stands for it as long as it tells of
the results.jsonl that lies there. Reading it takes a millisecond, grading anew a second.
"""
import json
from pathlib import Path
from typing import Optional

from reports import schema
from reports.folder import Run

NAME = "summary.json"


def of_run(run: Run, verdicts: dict) -> dict:
    """The summary of a run. run, verdicts: as loaded and graded."""
    return {"schema": schema.VERSION, "kind": "summary", "id": run.header["id"],
            "bytes": results_bytes(run.path), "complete": run.complete,
            "verdict": verdicts["verdict"], "exit": verdicts["exit"],
            "problems": verdicts["problems"],
            "rows": [line(row) for row in verdicts["rows"] if row["role"] != "list"]}


def line(row: dict) -> dict:
    """What the history keeps of a verdict row."""
    counted = row["counted"] or {"hits": 0, "seconds": 0.0, "rounds": 0}
    return {**{key: row[key] for key in ("target", "case", "variant", "lane", "placement", "role",
                                         "verdict", "expected", "reason", "hits", "replay")},
            "canary": bool(row["expects"]), "starved": row["starved"],
            "counted": counted, "figures": figures(row)}


def figures(row: dict) -> dict:
    """Continuous figures of a row that nights are compared by; only those that are known."""
    storm = row["storm"] or {}
    found = {"rounds_s": row["rounds_s"]}
    if row["first_hit_s"]:
        found["first_hit_s"] = row["first_hit_s"]
    for name in ("rss_kib", "files"):
        held = [sample[name] for sample in storm.get("samples") or [] if sample.get(name)]
        if held:
            found[f"{name}_top"] = max(held)
    for name, (slope, _, _) in (storm.get("growth") or {}).items():
        found[f"{name}_growth_h"] = slope
    return {name: value for name, value in found.items() if value is not None}


def read(path: Path) -> Optional[dict]:
    """The summary in a run's folder; None where there is none that tells of these results."""
    try:
        document = json.loads((path / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("kind") != "summary" \
            or document.get("schema") != schema.VERSION \
            or document.get("bytes") != results_bytes(path):
        return None
    return document


def results_bytes(path: Path) -> Optional[int]:
    """Size of a run's results.jsonl; None without one."""
    try:
        return (path / "results.jsonl").stat().st_size
    except OSError:
        return None
