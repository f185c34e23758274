"""Nights as runs leave them in small, made to order: run.json, summary.json, no results."""
import json
from datetime import datetime, timedelta

from made_records import header

START = datetime(2031, 1, 1, 2, 0, 0)


def row(variant="BUG_A", hits=200, seconds=10.0, case="race", verdict=None, lane="native",
        rounds_s=5e6, **more):
    """One lane's line of a summary: a canary that is caught unless told otherwise."""
    buggy = variant.startswith("BUG_")
    return {"target": "toy", "case": case, "variant": variant, "lane": lane, "placement": "all",
            "role": "buggy" if buggy else "clean", "canary": buggy, "expected": True,
            "verdict": verdict or ("CAUGHT" if buggy else "CLEAN"), "reason": "",
            "hits": {"lost_wakeup": hits} if hits else {}, "replay": f"storm --case {case}",
            "counted": {"hits": hits, "seconds": seconds, "rounds": int(seconds * rounds_s)},
            "figures": {"rounds_s": rounds_s}, **more}


def night(root, number, rows, machine="m0", complete=True, lane="native", facts=None, key=None):
    """Write the run folder of a night; returns its path."""
    when = (START + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    key = key or f"night{number:04}-{machine}-{lane}"
    path = root / key
    path.mkdir(parents=True, exist_ok=True)
    made = header([], 0, id=key, lane=lane)
    made["started"] = when
    made["provenance"].update({"machine": machine, "kernel": "6.1", **(facts or {})})
    (path / "run.json").write_text(json.dumps(made))
    (path / "results.jsonl").write_text("")
    (path / "summary.json").write_text(json.dumps({
        "schema": 1, "kind": "summary", "id": key, "bytes": 0, "complete": complete,
        "verdict": "AS EXPECTED", "exit": 0, "problems": [], "rows": rows}))
    return path
