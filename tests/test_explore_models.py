"""The explorer's memory models against their references, and sleep sets against none.

Small programs run through the real engine (tests/unit/explore_programs.c), depth first to
the end; the set of final states must be the reference's, no more and no less.
"""
import json
import os
import random
import subprocess

import pytest

from tests.explorer import ROOT, SUBJECTS as UNIT, build
from tests.models import program, sc, tso

REFERENCES = {"sc": sc, "tso": tso}
PROGRAMS, UNREDUCED = 300, 60  # programs a model; how many of them without sleep sets too


@pytest.fixture(scope="session", autouse=True)
def built():
    """The explorer with the case that runs any program."""
    build("explore-unit")


def explored(threads, model, path, *arguments):
    """The final states that the explorer reaches, and how many executions that took."""
    env = os.environ | {"EXPLORE_PROGRAM": program.text(threads), "EXPLORE_STATES": str(path)}
    ran = subprocess.run([UNIT, "--case", "program", "--model", model, "--search", "dfs", "--json",
                          *arguments], env=env, cwd=ROOT, capture_output=True, text=True,
                         check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["exhausted"]
    lines = path.read_text().splitlines()
    return {tuple(map(int, line.split())) for line in lines}, len(lines)


X, Y, R = 0, 1, 3  # indices into a final state: locations, then registers, four a thread


def store_buffering(store, load, fence=()):
    return [[("S", mine, 1, store), *fence, ("L", "r0", other, load)]
            for mine, other in (("x", "y"), ("y", "x"))]


def both_missed(state):
    return state[R] == 0 and state[R + 4] == 0


FENCED = (("F", "sc"),)
SWAPPED = [[("X", "r1", mine, 1), ("L", "r0", other, "rlx")] for mine, other in ("xy", "yx")]
MESSAGE = [[("S", "x", 1, "rlx"), ("S", "y", 1, "rlx")],
           [("L", "r0", "y", "rlx"), ("L", "r1", "x", "rlx")]]
FORWARDED = [[("S", mine, 1, "rlx"), ("L", "r1", mine, "rlx"), ("L", "r0", other, "rlx")]
             for mine, other in ("xy", "yx")]


@pytest.mark.parametrize("threads, weak, models", [
    (store_buffering("rlx", "rlx"), both_missed, {"tso"}),
    (store_buffering("rel", "acq"), both_missed, {"tso"}),
    (store_buffering("rel", "sc"), both_missed, {"tso"}),
    (store_buffering("sc", "rlx"), both_missed, set()),
    (store_buffering("rlx", "rlx", FENCED), both_missed, set()),
    (store_buffering("rlx", "rlx", (("F", "acq"),)), both_missed, {"tso"}),
    (SWAPPED, both_missed, set()),
    (MESSAGE, lambda s: s[R + 4] == 1 and s[R + 5] == 0, set()),
    (FORWARDED, lambda s: both_missed(s) and s[R + 1] == 1 and s[R + 5] == 1, {"tso"}),
    ([[("A", "r0", "x", 1)]] * 3, lambda s: s[X] != 3, set()),
])
def test_known_shapes(threads, weak, models, tmp_path):
    """Store buffering and its cures, message passing, forwarding: by hand, not by program."""
    for model in REFERENCES:
        states, _ = explored(threads, model, tmp_path / "states")
        assert any(map(weak, states)) == (model in models), (model, program.text(threads))


@pytest.mark.parametrize("model", REFERENCES)
def test_random_programs(model, tmp_path):
    rnd = random.Random(45211)
    for number in range(PROGRAMS):
        threads = program.random_program(rnd)
        states, _ = explored(threads, model, tmp_path / "states")
        assert states == REFERENCES[model].final_states(threads), (number, program.text(threads))


@pytest.mark.parametrize("model", REFERENCES)
def test_sleep_sets_lose_nothing_and_save_much(model, tmp_path):
    rnd, reduced, whole = random.Random(37487), 0, 0
    for _ in range(UNREDUCED):
        threads = program.random_program(rnd)
        with_sets, n = explored(threads, model, tmp_path / "states")
        without, m = explored(threads, model, tmp_path / "states", "--no-sleep")
        assert with_sets == without, program.text(threads)
        assert n <= m
        reduced, whole = reduced + n, whole + m
    assert reduced * 3 < whole


@pytest.mark.parametrize("search", ["random", "pct", "pos"])
def test_random_searches_stay_within_the_model(search, tmp_path):
    rnd = random.Random(9186)
    for _ in range(20):
        threads = program.random_program(rnd)
        env = os.environ | {"EXPLORE_PROGRAM": program.text(threads),
                            "EXPLORE_STATES": str(tmp_path / "states")}
        subprocess.run([UNIT, "--case", "program", "--model", "tso", "--search", search,
                        "--executions", "300", "--json"], env=env, cwd=ROOT, check=True,
                       capture_output=True)
        states = {tuple(map(int, line.split()))
                  for line in (tmp_path / "states").read_text().splitlines()}
        assert states <= tso.final_states(threads)
        assert len(states) > 1 or len(tso.final_states(threads)) == 1
