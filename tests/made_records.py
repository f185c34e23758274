"""Records as a run leaves them, made to order for the tests of grading and rendering."""
import json

OUTCOMES = [
    {"name": "woken", "grade": "ok", "failure": "none", "meaning": "readied in time"},
    {"name": "missed", "grade": "near", "failure": "none", "meaning": "both inside"},
    {"name": "lost", "grade": "bad", "failure": "lost_wakeup", "meaning": "nobody left"},
]
EXPECT = [{"variant": "BUG_A", "failure": "lost_wakeup", "models": ["tso", "c11"]},
          {"variant": "BUG_ARM", "failure": "lost_wakeup", "models": ["armv8"]},
          {"variant": "BUG_B", "failure": "lost_wakeup", "models": ["sc", "tso", "c11"]}]
DUE = {"BUG_A": ["lost_wakeup"], "BUG_B": ["lost_wakeup"]}


def listed(variant, case="race", **more):
    """A "list" document."""
    return {"schema": 1, "kind": "list", "target": "toy", "variant": variant, "lane": "native",
            "model": "tso", "case": case, "layouts": ["natural"], "file": "race.c",
            "purpose": "two actors meet", "actors": ["a", "b"], "outcomes": OUTCOMES,
            "expect": EXPECT, "expected_failures": DUE.get(variant, []), **more}


def child(rounds=50_000, hits=0, near=1000, blocks=100, hit_blocks=None, sum_sq=None):
    """One element of per_child; hits spread one to a block unless told otherwise."""
    return {"rounds": rounds, "hits": hits, "near": near, "blocks": blocks,
            "hit_blocks": min(hits, blocks) if hit_blocks is None else hit_blocks,
            "sum_sq": hits if sum_sq is None else sum_sq, "seconds": rounds / 5e6}


def result(variant, hits=0, failure="lost_wakeup", children=20, case="race", env="layout=natural",
           spoilt=0, per_child=None, **more):
    """A "case" document whose children are equal."""
    per_child = per_child or [child(hits=hits, **more) for _ in range(children)]
    total = {key: sum(c[key] for c in per_child) for key in per_child[0]}
    found = [{"class": failure, "outcome": "lost", "round": 3, "evidence": {"rg": "<parked>"}}]
    return {"schema": 1, "kind": "case", "target": "toy", "variant": variant, "lane": "native",
            "case": case, "seed": 1, "seconds": total["seconds"], "rounds": total["rounds"],
            "rounds_per_s": 5e6, "hits": {failure: total["hits"]} if total["hits"] else {},
            "first_hit_s": 0.002 if total["hits"] else None, "near": total["near"],
            "spoilt": spoilt, "blocks": total["blocks"], "hit_blocks": total["hit_blocks"],
            "outcomes": {"woken": total["rounds"] - total["near"] - total["hits"],
                         "missed": total["near"], "lost": total["hits"]},
            "children": len(per_child), "pin": {"wanted": ["core:0"], "got": ["core:0"]},
            "env": {"text": env}, "layout": "natural",
            "aim": {"profile": [[-40, 900, 0, 3], [0, 900, 9, 90], [40, 900, 1, 9]]},
            "measured": {**total, "per_child": per_child},
            "findings": found if total["hits"] else [], "build_id": "f00d",
            "replay": f"storm --case {case} --env '{env}'"}


def record(variant, role="buggy", state="ok", reason="", number=0, made=None, case="race"):
    """A "slice" document around a "case" document (None: the program gave none)."""
    return {"schema": 1, "kind": "slice", "target": "toy", "variant": variant, "lane": "native",
            "case": case, "role": role, "slice": number, "seed": 1, "started": 1.0,
            "command": f"build/native/toy/{variant}/storm --case {case} --seed {number}",
            "state": state, "reason": reason, "exit": 0, "wall_s": 0.3, "stderr": None,
            "result": made}


def planned(*pairs, case="race"):
    """Plan entries from (variant, role) pairs."""
    return [{"target": "toy", "case": case, "variant": v, "role": r} for v, r in pairs]


RACE = planned(("BUG_A", "control"), ("fixed", "clean"))
LISTS = [listed(v) for v in ("BUG_A", "BUG_B", "BUG_ARM", "fixed")]


def race(control=None, fixed=None):
    """Slices of a control and a fixed variant; a good race unless told otherwise."""
    return [record("BUG_A", "control", made=control or result("BUG_A", hits=500)),
            record("fixed", "clean", made=fixed or result("fixed"))]


def header(plan, results, state="complete", **more):
    """run.json of a run."""
    return {"schema": 1, "kind": "run", "id": "made", "state": state,
            "started": "2026-01-02T03:04:05Z", "ended": "2026-01-02T03:06:05Z",
            "lane": "native", "seed": 7, "command": "python3 -m pytest tests/test_matrix.py",
            "options": {"seconds": 120, "whole": True}, "planned": plan, "results": results,
            "provenance": {"commit": "0" * 40, "dirty": [], "machine_class": "toy",
                           "cpu": {"model": "toy"}}, **more}


def write_run(path, slices, plan=None, lists=None, **more):
    """Write a run folder by hand; returns its path."""
    lists = LISTS if lists is None else lists
    path.mkdir(parents=True, exist_ok=True)
    documents = lists + slices
    (path / "run.json").write_text(json.dumps(header(plan or RACE, len(documents), **more)))
    (path / "results.jsonl").write_text("".join(json.dumps(d) + "\n" for d in documents))
    return path


def explored(model, **more):
    """An "explore" document."""
    return {"schema": 1, "kind": "explore", "target": "toy", "variant": "BUG_A", "case": "race",
            "lane": "explore", "model": model, "hits": {"lost_wakeup": 1}, "executions": 12345,
            "verdict": "CAUGHT", "first_hit_execution": 3, "exhausted": False, "seconds": 0.5,
            "expected": True, "replay": "explore --replay 3f", **more}
