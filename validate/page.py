"""A validation for people and machines: a page, JSON, and a paragraph."""
import json
import platform
from pathlib import Path
from typing import List

import jinja2

from reports import explored as explorer
from reports import words
from reports.folder import write_atomic
from reports.html import TEMPLATES

SCHEMA = 1
MOST_SHOWN = 6  # of what was not covered, in the paragraph


def document(about: dict, verdict: tuple, steps: list, proven: dict) -> dict:
    """Everything that is known, as JSON.

    about: what was validated and how (see __main__); verdict: (word, why); proven: per case
    (how, why).
    """
    beyond = [] if platform.machine() == "aarch64" else [
        "ARM hardware: explored under its models, its code compiled and read, never run here"]
    return {"schema": SCHEMA, "kind": "validation", **about, "verdict": verdict[0],
            "reason": verdict[1],
            "steps": [{"name": s.name, "state": s.state, "text": s.text, "lines": s.lines,
                       "seconds": round(s.seconds, 2)} for s in steps],
            "proofs": {name: {"by": how or None, "text": why}
                       for name, (how, why) in proven.items()},
            "cost": [dict(zip(("figure", "current", "candidate", "unit"), row))
                     for s in steps for row in getattr(s, "rows", [])],
            "not_covered": beyond + [line for s in steps for line in s.not_covered]}


def paragraph(told: dict) -> str:
    """What to paste into a merge request."""
    parts = [f'**{told["verdict"]}** ({told["reason"]}). {told["candidate"]} changes '
             f'{", ".join(told["changed"])}; against {told["against"] or "every known bug"}, on '
             f'{told["machine"]}, seed {told["seed"]}, {words.duration(told["seconds"])}.']
    parts += [f'{step["name"].capitalize()}: {step["text"]}.' for step in told["steps"]
              if step["state"] != "refuted" and step["text"]]
    dearer = [c for c in told["cost"] if c["unit"] == "instructions a call"
              and c["candidate"] != c["current"]]
    if dearer:
        parts.append("Instructions a call: " + ", ".join(
            f'{c["figure"]} {c["current"]:.1f} → {c["candidate"]:.1f}' for c in dearer[:4]) + ".")
    if told["replay"]:
        parts.append(f'Replay: `{told["replay"]}`.')
    left = told["not_covered"]
    parts.append("Not covered: " + ("; ".join(left[:MOST_SHOWN]) or "nothing") + (
        f"; and {len(left) - MOST_SHOWN} more, see the page" if len(left) > MOST_SHOWN else "")
        + ".")
    return " ".join(parts)


def write(out: Path, told: dict, finding: dict = None) -> None:
    """Write validation.json and index.html into a folder. finding: "explore" document."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.globals.update(words=words)
    text = environment.get_template("validation.html").render(
        told=told, paragraph=paragraph(told), trace=explorer.trace(finding) if finding else None)
    write_atomic(out / "validation.json", json.dumps(told, indent=1) + "\n")
    write_atomic(out / "index.html", text)


def lines(told: dict, out: Path) -> List[str]:
    """What a terminal shows in the end; the last line is the verdict."""
    marks = {"passed": "✔", "refuted": "✘", "doubt": "?", "skipped": "–"}
    text = [f'{marks[s["state"]]} {s["name"]:<12} {s["seconds"]:>5.1f} s  {s["text"]}'
            for s in told["steps"]]
    refuted = next((s for s in told["steps"] if s["state"] == "refuted"), None)
    if refuted:
        text += [f"    {line}" for line in refuted["lines"]]
    text += [f'  {name}: {p["by"] or "unproven"}: {p["text"]}'
             for name, p in told["proofs"].items()]
    return text + ["", paragraph(told), "", f"page: {out / 'index.html'}", "{}: {}{}".format(
        told["verdict"], told["reason"],
        f'; replay: {told["replay"]}' if told["replay"] else "")]
