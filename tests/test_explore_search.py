"""The random searches: what POS promises of orders, and budgets per execution.

Counts of a fixed seed on small programs (tests/unit/explore_programs.c), nothing timed.
"""
import collections
import json
import os
import subprocess

import pytest

from tests.explorer import ROOT, SUBJECTS as UNIT, build
from tests.models import program
from tests.test_explore import explore, subjects

RUNS = 12000
R = 3  # the first register in a final state; four a thread


@pytest.fixture(scope="session", autouse=True)
def built():
    build("explore-unit")


def final_states(threads, path, search, *arguments):
    """Every execution's final state, in order."""
    env = os.environ | {"EXPLORE_PROGRAM": program.text(threads), "EXPLORE_STATES": str(path)}
    ran = subprocess.run([UNIT, "--case", "program", "--search", search, "--json", "--executions",
                          str(RUNS), *arguments], env=env, cwd=ROOT, capture_output=True,
                         text=True, check=True)
    states = [tuple(map(int, line.split())) for line in path.read_text().splitlines()]
    assert len(states) == json.loads(ran.stdout)["executions"]
    return states


# --- POS ---


def test_pos_takes_every_order_of_racing_operations_alike(tmp_path):
    """Three exchanges of one word: each of the six orders a sixth of the time."""
    threads = [[("X", "r0", "x", n)] for n in (1, 2, 3)]
    counts = collections.Counter((s[R], s[R + 4], s[R + 8])
                                 for s in final_states(threads, tmp_path / "states", "pos"))
    assert len(counts) == 6
    # five standard deviations of a binomial with p = 1/6 are 204 of 12,000
    assert all(abs(n - RUNS / 6) < 204 for n in counts.values()), counts


@pytest.mark.parametrize("steps", [2, 4, 7])
def test_pos_does_not_forget_a_rare_order_in_a_long_thread(steps, tmp_path):
    """One store against a load behind n unrelated ones: missed once in n + 2.

    Each pending operation draws once; the store's must be below all n + 1 of the other thread.
    """
    threads = [[("S", "x", 1, "rlx")],
               [*[("S", "y", 1, "rlx")] * steps, ("L", "r0", "x", "rlx")]]
    missed = [s[R + 4] == 0 for s in final_states(threads, tmp_path / "states", "pos")]
    wanted = 1 / (steps + 2)
    deviation = (wanted * (1 - wanted) / RUNS) ** 0.5
    assert abs(sum(missed) / RUNS - wanted) < 5 * deviation


def test_pos_draws_anew_after_a_race(tmp_path):
    """Behind a race that it lost, a thread has the same chances in the next one.

    Two threads exchange x, then y. The winner's exchange of y draws, the loser's of x draws
    anew, then its of y: it is first there if the winner's draw is the least of three. Had it
    kept the priority with which it lost, it would be: of four.
    """
    threads = [[("X", "r0", "x", n), ("X", "r1", "y", n)] for n in (1, 2)]
    counts = collections.Counter((s[R] == 0) == (s[R + 1] == 0)
                                 for s in final_states(threads, tmp_path / "states", "pos"))
    assert abs(counts[True] / RUNS - 2 / 3) < 0.022, counts


FINDABLE = [s for s in subjects()
            if s.startswith(("race_", "deadlock_", "fatal_", "crash_", "stranded", "unlisted"))]


@pytest.mark.parametrize("case", FINDABLE)
def test_pos_finds_each_bug(case):
    assert explore(case, "--search", "pos", "--executions", "20000")["verdict"] == "CAUGHT"


# --- budgets ---


@pytest.mark.parametrize("search", ["auto", "random", "pct", "pos"])
def test_a_budget_of_switches_holds_in_a_random_search(search):
    """deadlock_order needs one preemption."""
    arguments = ("deadlock_order", "--search", search, "--executions", "2000", "--preemptions")
    none = explore(*arguments, "0", status=(1,))
    assert none["hits"] == {} and none["bounded"]
    assert explore(*arguments, "1")["verdict"] == "CAUGHT"


def stale_reads(state):
    """How many loads of the program below missed a store that was done."""
    return sum(value == 0 for value in state[R + 4:R + 8])


@pytest.mark.parametrize("search", ["random", "pct", "pos"])
def test_a_budget_of_stale_reads_holds_in_a_random_search(search, tmp_path):
    """One thread only stores and, by its budget of switches, is done before the other begins."""
    threads = [[("S", "x", 1, "rlx")], [("L", f"r{n}", "x", "rlx") for n in range(4)]]
    for budget in range(4):
        states = final_states(threads, tmp_path / "states", search, "--model", "armv8",
                              "--preemptions", "0", "--stale", str(budget))
        after_store = [s for s in states if 0 < stale_reads(s) < 4]
        assert all(stale_reads(s) <= budget for s in after_store)
        assert any(stale_reads(s) == budget for s in states if stale_reads(s) < 4)


# --- traces ---


def test_a_trace_tells_that_a_store_was_placed_early(tmp_path):
    """Two stores of one thread under armv8, the second before the first in memory."""
    threads = [[("S", "x", 1, "rlx"), ("S", "y", 1, "rlx")], [("L", "r0", "y", "rlx")]]
    env = os.environ | {"EXPLORE_PROGRAM": program.text(threads),
                        "EXPLORE_STATES": str(tmp_path / "states")}
    ran = subprocess.run([UNIT, "--replay", "1|unit/fixed|program|armv8|1|0.0.1|h"], env=env,
                         cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [line.split() for line in ran.stdout.splitlines() if " store state" in line]
    assert "(takes its place before 1 of first)" in " ".join(lines[1])
    assert "takes" not in lines[0]
