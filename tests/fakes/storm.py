#!/usr/bin/python3 -SE
"""A storm program that only pretends: a broken subject for each branch of orchestration.

Linked as <build>/native/<target>/<variant>/storm; behaviour.json beside it says, per case,
what it promises and does:

  {"CASE": {"expect": [...], "expected": ["lost_wakeup"], "do": "catch", "rate": 0.01}}

do: catch, quiet, wrong (class), far (no near misses), crash, hang, garbage, foreign,
    skip, refuse, engine_error, newer; "no_list" for a case named "*".
sleep: seconds per call; seconds: that it says it ran; late: so many calls give next to no
exposure.
"""
import json
import os
import random
import signal
import sys
import time

BLOCK = 1000
PROMISE = [{"name": "woken", "grade": "ok", "failure": "none", "meaning": "parked and readied"},
           {"name": "missed", "grade": "near", "failure": "none", "meaning": "inside"},
           {"name": "lost", "grade": "bad", "failure": "lost_wakeup", "meaning": "lost"},
           {"name": "odd", "grade": "bad", "failure": "wedge", "meaning": "odd"}]
STORM_NAMES = ("schema", "target", "variant", "lane", "seed", "seconds", "hits", "first_hit_s",
               "findings", "replay", "build_id", "pin", "verdict", "expected")


def main():
    """What storm does, without storming."""
    here = os.path.dirname(os.path.abspath(sys.argv[0]))
    target, variant = here.split("/")[-2:]
    with open(os.path.join(here, "behaviour.json"), encoding="utf-8") as file:
        cases = json.load(file)
    words = sys.argv[1:]
    if "--list" in words:
        if "*" in cases:
            print("not a list")
            return 0
        for name, case in cases.items():
            print(json.dumps(listed(target, variant, name, case)))
        return 0
    given = {a: b for a, b in zip(words, words[1:]) if a.startswith("--")}
    name = given.get("--storm") or given["--case"]
    case = cases[name]
    assert bool(case.get("storm")) == ("--storm" in given)
    return act(case, {"target": target, "variant": variant, "case": name}, given)


def listed(target, variant, name, case):
    """One line of --list."""
    said = {"schema": 1, "kind": "list", "target": target, "variant": variant,
            "lane": "native", "model": "tso", "case": name, "layouts": ["natural"],
            "file": name + ".c", "purpose": "a pretended race", "actors": ["a", "b"],
            "outcomes": PROMISE, "expect": case.get("expect", []),
            "expected_failures": case.get("expected", [])}
    if case.get("storm"):
        said["storm"] = said.pop("case")
        del said["outcomes"]
    return said


def act(case, subject, given):
    """Behave as told; returns the exit status."""
    do = case["do"]
    if do == "crash":
        sys.stderr.write("about to crash\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
    if do == "hang":
        if not os.fork():
            os.setpgid(0, 0)
        time.sleep(60)
    plain = {"garbage": (0, "rounds: many", ""), "skip": (77, "", "only one core here"),
             "refuse": (64, "", "storm: no such case"), "engine_error": (2, "", "fork failed"),
             "newer": (0, '{"schema": 99, "kind": "case"}', "")}
    if do in plain:
        code, out, err = plain[do]
        sys.stdout.write(out)
        sys.stderr.write(err)
        return code
    time.sleep(case.get("sleep", 0))
    print(json.dumps(result(case, dict(subject), given)))
    return 0


def result(case, subject, given):
    """A case document: hits and near misses drawn from the given rates."""
    draw = random.Random(int(given["--seed"]))
    do = case["do"]
    rate = case.get("rate", 0.01) if do in ("catch", "wrong") else 0
    near = 0.0 if do == "far" else case.get("near", 0.02)
    blocks = 1 if late(case) else case.get("blocks", 200)
    children = [child(draw, rate, near, blocks)
                for _ in range(int(given.get("--children", 20)))]
    total = {key: sum(c[key] for c in children) for key in children[0]}
    name = "wedge" if do == "wrong" else "lost_wakeup"
    if do == "foreign":
        subject["variant"] = "another"
    env = given.get("--env", "layout=natural,offset=%d" % draw.randrange(-9, 9))
    fakes = {"woken": total["rounds"] - total["hits"] - total["near"],
             "missed": total["near"], "odd" if do == "wrong" else "lost": total["hits"]}
    document = {"schema": 1, "kind": "case", **subject, "lane": "native",
                "seed": int(given["--seed"]), "seconds": case.get("seconds", total["seconds"]),
                "rounds": total["rounds"], "rounds_per_s": 4e6, "hits": {name: total["hits"]},
                "first_hit_s": 0.001 if total["hits"] else None, "near": total["near"],
                "spoilt": case.get("spoilt", 0), "outcomes": fakes, "blocks": total["blocks"],
                "hit_blocks": total["hit_blocks"], "children": len(children),
                "fano": {"block": 1.0, "child": 1.0},
                "pin": {"wanted": ["core:0.pu:0"], "got": ["0"], "placement": "all"},
                "env": {"text": env}, "layout": "natural",
                "aim": {"profile": [[-10, 1000, 0, 1], [0, 1000, 9, 30], [10, 1000, 1, 4]],
                        "seconds": 0.1},
                "measured": {**total, "spoilt": 0, "per_child": children},
                "findings": [{"class": name, "outcome": "lost", "round": 7,
                              "evidence": {"rg": "parked"}}] if total["hits"] else [],
                "verdict": None, "expected": None, "build_id": "f00d", "ratio_bound": None,
                "replay": " ".join(["storm"] + sys.argv[1:]), "padding": "x" * case.get("pad", 0)}
    if case.get("storm"):
        document = {name: document[name] for name in STORM_NAMES} | {
            "kind": "storm", "storm": subject["case"], "slices": 1, "operations": {},
            "ops": total["rounds"], "commits": 1, "samples": []}
    return document


def late(case):
    """True for the first case["late"] calls of this program: their exposure is tiny."""
    with open(sys.argv[0] + ".calls", "a+", encoding="utf-8") as calls:
        calls.write("x")
        calls.seek(0)
        return len(calls.read()) <= case.get("late", 0)


def child(draw, rate, near, blocks):
    """One child's exposure; hits are spread over blocks by a binomial in the normal limit."""
    hits = []
    for _ in range(blocks):
        mean = rate * BLOCK
        hits.append(max(0, round(draw.gauss(mean, mean ** 0.5))) if mean else 0)
    return {"rounds": blocks * BLOCK, "hits": sum(hits), "near": round(near * blocks * BLOCK),
            "blocks": blocks, "hit_blocks": sum(1 for h in hits if h),
            "sum_sq": sum(h * h for h in hits), "seconds": blocks * BLOCK / 4e6}


if __name__ == "__main__":
    sys.exit(main())
