"""Runs of the whole runtime in the simulated world: threads, timers, descriptors, epoll.

What PCT finds in them depends on the seed alone; counts of executions bound everything.
"""
import json
import subprocess

import pytest

from tests.explorer import ROOT, build

FOLDER = ROOT / "build/explore"
LONG = {"sched": 500}  # executions that must stay clean, where one has thousands of steps
CHECKS = 10            # of a check, which is much the same each time
TARGETS = sorted({p.parent.name for top in ("whole", "checks")
                  for p in (ROOT / "fuzz" / top).glob("*/*.c")})


def whole(target):
    """(target, case, what it expects) of the cases that run a whole runtime."""
    fixed = f"build/explore/{target}/fixed/explore"
    build(fixed)
    listed = subprocess.run([ROOT / fixed, "--list", "--json"], capture_output=True,
                            text=True, check=True)
    cases = [json.loads(line) for line in listed.stdout.splitlines()]
    return [(target, c["case"], c["expect"]) for c in cases
            if c["whole"] or is_check(target, c["case"])]


def is_check(target, case):
    return (ROOT / "fuzz/checks" / target / f"{case}.c").exists()


CASES = [case for target in TARGETS for case in whole(target)]
EXPECTED = [(target, e["variant"], case, e["models"][0], e["failure"])
            for target, case, expect in CASES for e in expect]


@pytest.fixture(scope="module", autouse=True)
def built():
    build(*(f"build/explore/{t}/{v}/explore" for t, v in sorted({e[:2] for e in EXPECTED})))


def explore(target, variant, *arguments):
    """One result of PCT, and the status."""
    program = FOLDER / target / variant / "explore"
    ran = subprocess.run([program, "--search", "pct", "--seconds", "400", "--json", *arguments],
                         cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                         timeout=500, check=False)
    assert ran.stderr == ""
    return json.loads(ran.stdout), ran.returncode


def test_they_are_found():
    sources = [p for top in ("whole", "checks") for p in (ROOT / "fuzz" / top).glob("*/*.c")]
    assert sorted(c[:2] for c in CASES) == sorted((p.parent.name, p.stem) for p in sources)


@pytest.mark.parametrize("target, variant, case, model, failure", EXPECTED)
def test_a_bug_is_found(target, variant, case, model, failure):
    """And what is printed is the finding again, in another run."""
    result, status = explore(target, variant, "--case", case, "--model", model,
                             "--executions", "2000000")
    assert (status, result["verdict"]) == (0, "CAUGHT")
    assert result["finding"]["class"] == failure
    again = subprocess.run([FOLDER / target / variant / "explore", "--json", "--replay",
                            result["finding"]["replay_string"]], cwd=ROOT, capture_output=True,
                           text=True, timeout=100, check=False)
    assert json.loads(again.stdout)["finding"]["class"] == failure


@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "c11"])
@pytest.mark.parametrize("target, case", [c[:2] for c in CASES])
def test_fixed_is_clean(target, case, model):
    count = CHECKS if is_check(target, case) else LONG.get(target, 2000)
    result, status = explore(target, "fixed", "--case", case, "--model", model,
                             "--executions", str(count))
    assert (status, result["verdict"]) == (0, "CLEAN")
    assert result["executions"] == count
    assert len(result["outcomes"]) == 1


def test_each_message_of_a_check_is_told():
    """None is allowed that nothing brings about: more and more executions, until all came."""
    never, known = [], 0
    for target, case in (c[:2] for c in CASES if is_check(*c[:2])):
        for count in (1, 100, 1000, 10000):
            told = explore(target, "fixed", "--case", case, "--executions", str(count))[0]["told"]
            if all(told.values()):
                break
        known += len(told)
        never += [f"{target}/{case}: {message}" for message, times in told.items() if not times]
    assert known > 0
    assert not never, "\n".join(["never told:", *never])


def test_pct_starves_nobody():
    """Goroutines that yield to each other, or a thread that naps, do not keep the others out
    until the limit of steps: a run takes less than twice the steps of a random one."""
    steps = {}
    for search in ("random", "pct"):
        ran = subprocess.run([FOLDER / "sched/fixed/explore", "--case", "serve", "--bench",
                              "--search", search, "--executions", "300"], cwd=ROOT,
                             capture_output=True, text=True, timeout=300, check=True)
        figures = json.loads(ran.stdout)
        assert figures["search"] == search
        steps[search] = figures["steps_per_execution"]
    assert steps["pct"] < 2 * steps["random"]


@pytest.mark.parametrize("case, failure", [
    ("kept_memory", "memory_error"), ("kept_descriptor", "desc_leak"),
    ("half_given_back", "fatal"), ("committed_beyond", "fatal"),
    ("written_beyond", "fatal"), ("written_in_page", "fatal"),
    ("used_after", "memory_error"), ("used_decommitted", "memory_error")])
def test_what_is_not_given_back_is_a_finding(case, failure):
    program = ROOT / "build/explore-unit/unit/fixed/explore"
    build(str(program.relative_to(ROOT)))
    ran = subprocess.run([program, "--case", case, "--model", "sc", "--json"],
                         capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert list(json.loads(ran.stdout)["hits"]) == [failure]
