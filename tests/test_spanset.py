"""The span set: its storms and its history's bug, which must show both of its faces.

Runs end after so many operations or hits, never by a time that would be evidence.
"""
import json
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUG = "BUG_BLOCK_USED"
LONG = "600"  # seconds: never reached
BOUND_S = 280
STORMS = ("flow", "pair", "rapids", "sweep")


def build(lane, variant):
    """Make a variant's program; returns its path, relative to the root."""
    program, rules = {
        "native": (f"build/native/spanset/{variant}/storm", []),
        "explore": (f"build/explore/spanset/{variant}/explore", ["-f", "fuzz/rules.mk"]),
    }[lane]
    made = subprocess.run(["make", "-s", "-j2", *rules, program], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return program


def run(program, *options):
    """Run a program; returns (exit code, its document)."""
    done = subprocess.run([program, "--json", *options], cwd=ROOT, capture_output=True,
                          text=True, timeout=BOUND_S, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def storm(variant, name, *options):
    return run(build("native", variant), "--storm", name, "--seconds", LONG, "--children", "1",
               "--seed", "10", *options)


@pytest.mark.parametrize("name", STORMS)
def test_fixed_loses_nothing_in_any_mix(name):
    code, document = storm("fixed", name, "--until-ops", "1000000")
    assert (code, document["verdict"], document["hits"]) == (0, "CLEAN", {})
    done = document["operations"]
    assert done["push"] > 0 and done["reset"] > 0
    if name != "sweep":  # which pops what it moves twice
        assert done["push"] == done["pop"]
    assert all(sample["blocks_leaked"] == 0 for sample in document["samples"])


def test_memory_stays_within_its_bound():
    """Blocks: peak items / 512, one per thread, and one."""
    _, document = storm("fixed", "pair", "--until-ops", "1000000")
    assert max(sample["blocks_allocated"] for sample in document["samples"]) <= 2 + 1


def test_two_threads_leak_nine_blocks_of_ten():
    code, document = storm(BUG, "pair", "--until-hits", "30")
    assert (code, document["verdict"]) == (0, "CAUGHT")
    assert set(document["hits"]) == {"block_leak"}
    last = document["samples"][-1]
    assert last["blocks_leaked"] >= 0.9 * last["blocks_allocated"]


@pytest.mark.parametrize("name", ["flow", "rapids"])
def test_more_threads_free_blocks_early_as_a_class_of_its_own(name):
    for hits in (100, 1000, 10000):  # leaks come first
        code, document = storm(BUG, name, "--until-hits", str(hits))
        assert (code, document["verdict"]) == (0, "CAUGHT")
        if "early_free" in document["hits"]:
            return
    pytest.fail(f"no early free among {document['hits']}")


@pytest.mark.parametrize("model", ["sc", "tso"])
def test_the_explorer_needs_no_more_than_20_executions(model):
    code, document = run(build("explore", BUG), "--case", "last_slots", "--model", model)
    assert (code, document["verdict"]) == (0, "CAUGHT")
    assert document["first_hit_execution"] <= 20
    assert list(document["hits"]) == ["block_leak"]


@pytest.mark.parametrize("case", ["last_slots", "last_slots_three", "late_push",
                                  "push_at_growth", "pop_vs_push", "reset_after_drain",
                                  "node_again"])
def test_fixed_is_clean_in_every_order_of_its_accesses(case):
    code, document = run(build("explore", "fixed"), "--case", case, "--model", "sc")
    assert (code, document["verdict"], document["exhausted"]) == (0, "CLEAN", True)
