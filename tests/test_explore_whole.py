"""Runs of the whole runtime in the simulated world: threads, timers, descriptors, epoll.

What PCT finds in them depends on the seed alone; counts of executions bound everything.
"""
import json
import subprocess

import pytest

from tests.explorer import ROOT, build

FOLDER = ROOT / "build/explore/poller"
FIXED = FOLDER / "fixed/explore"


def whole():
    """The cases that run a whole runtime, with what they expect."""
    build(str(FIXED.relative_to(ROOT)))
    listed = subprocess.run([FIXED, "--list", "--json"], capture_output=True, text=True, check=True)
    cases = [json.loads(line) for line in listed.stdout.splitlines()]
    return {c["case"]: c["expect"] for c in cases if c["whole"]}


CASES = whole()
EXPECTED = [(e["variant"], case, e["models"][0], e["failure"])
            for case, expect in CASES.items() for e in expect]


@pytest.fixture(scope="module", autouse=True)
def built():
    build(*(f"build/explore/poller/{v}/explore" for v in sorted({e[0] for e in EXPECTED})))


def explore(variant, *arguments):
    """One result of PCT, and the status."""
    ran = subprocess.run([FOLDER / variant / "explore", "--search", "pct", "--seconds", "400",
                          "--json", *arguments], cwd=ROOT, capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, timeout=500, check=False)
    assert ran.stderr == ""
    return json.loads(ran.stdout), ran.returncode


def test_they_are_found():
    sources = (ROOT / "fuzz/whole/poller").glob("*.c")
    assert sorted(CASES) == sorted(p.stem for p in sources)


@pytest.mark.parametrize("variant, case, model, failure", EXPECTED)
def test_a_bug_is_found(variant, case, model, failure):
    """And what is printed is the finding again, in another run."""
    result, status = explore(variant, "--case", case, "--model", model, "--executions", "400000")
    assert (status, result["verdict"]) == (0, "CAUGHT")
    assert result["finding"]["class"] == failure
    again = subprocess.run([FOLDER / variant / "explore", "--json", "--replay",
                            result["finding"]["replay_string"]], cwd=ROOT, capture_output=True,
                           text=True, timeout=100, check=False)
    assert json.loads(again.stdout)["finding"]["class"] == failure


@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "c11"])
@pytest.mark.parametrize("case", CASES)
def test_fixed_is_clean(case, model):
    result, status = explore("fixed", "--case", case, "--model", model, "--executions", "8000")
    assert (status, result["verdict"]) == (0, "CLEAN")
    assert result["executions"] == 8000
    assert len(result["outcomes"]) == 1
