"""Source sets and states left lose nothing: final states are those without, executions are few.

Random programs, the same for every search; and cases of the explorer's own subjects whose
threads wait, wake and time out.
"""
import itertools
import json
import os
import random
import re
import subprocess

import pytest

from tests.explorer import ROOT, SUBJECTS as UNIT, build
from tests.models import program
from tests.test_explore import explore
from tests.test_litmus import litmus, programs, results

MODELS = ("sc", "tso", "armv8", "armv8+lse+rcpc", "c11")
WEAKEST = ("tso", "armv8", "armv8+lse+rcpc", "armv8+unordered", "c11", "c11+relseq11")
PROGRAMS, BOUNDED = 1000, int(os.environ.get("EXPLORE_BOUNDED", "100"))
LARGEST = {False: 6, True: 5}  # accesses of a program; the first number: mostly seq_cst


@pytest.fixture(scope="session", autouse=True)
def built():
    build("explore-unit", "build/explore/litmus")


def texts(seed, heavy):
    """Small random programs, numbered."""
    small = [text for text in programs(seed, 2 * PROGRAMS, heavy)
             if text.count("_explicit") <= LARGEST[heavy]][:PROGRAMS // 2]
    return [re.sub(r"C random\d+", f"C random{n}", text) for n, text in enumerate(small)]


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_random_programs_have_the_same_final_states(model, heavy, tmp_path):
    """A thousand a model, against the search that leaves only states met before."""
    files = []
    for number, text in enumerate(texts(17 + heavy, heavy)):
        files.append(tmp_path / f"{number}.litmus")
        files[-1].write_text(text)
    found = {}
    for search in ("states", "dpor"):
        ran = litmus(*files, "--model", model, "--search", search)
        assert ran.returncode == 0, ran.stderr
        found[search] = results(ran.stdout)
    assert len(found["states"]) == len(files) >= PROGRAMS // 4
    for name, states in found["states"].items():
        assert found["dpor"][name] == states, files[int(name[len("random"):])].read_text()


def final_states(threads, path, *arguments):
    """The final states that the explorer reaches, and how many executions that took."""
    env = os.environ | {"EXPLORE_PROGRAM": program.text(threads), "EXPLORE_STATES": str(path)}
    ran = subprocess.run([UNIT, "--case", "program", "--json", *arguments], env=env, cwd=ROOT,
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert result["ended"] or "--executions" in arguments
    return set(path.read_text().splitlines()), result["executions"]


BOUNDS = [bound for bound in itertools.product(("", "0", "1", "2", "3"), repeat=2) if any(bound)]


@pytest.mark.parametrize("model", WEAKEST)
def test_a_bound_keeps_its_promise(model, tmp_path):
    """Whatever is within the bounds is reached, though states met before are left.

    EXPLORE_BOUNDED=N for so many programs.
    """
    rnd, few, many = random.Random(2013), 0, 0
    for _ in range(BOUNDED):
        threads = program.random_program(rnd, rnd.choice((0, 2)), rnd.choice((False, True)))
        preemptions, stale = rnd.choice(BOUNDS)
        within = ["--model", model, "--search", "dfs", "--executions", "50000"]
        within += ["--preemptions", preemptions] if preemptions else []
        within += ["--stale", stale] if stale else []
        every, m = final_states(threads, tmp_path / "a", *within, "--no-sleep")
        if m == 50000:
            continue
        reached, n = final_states(threads, tmp_path / "b", *within)
        assert reached == every, (within, program.text(threads))
        few, many = few + n, many + m
    assert 0 < few < many / 2


def test_one_execution_for_each_equivalence_class(tmp_path):
    """Three exchanges of one word: six orders; of three words: one; and none begun in vain."""
    for words, classes in (("xxx", 6), ("xyz", 1), ("xxy", 2)):
        threads = [[("X", "r0", word, n)] for n, word in enumerate(words, 1)]
        _, executions = final_states(threads, tmp_path / "states", "--search", "dpor")
        assert executions == classes


SUBJECTS_OF_WAITS = ("wait_", "two_", "deadlock_", "race_thread", "race_park", "fatal_", "crash_")


def waits_and_ends():
    listed = {json.loads(line)["case"] for line in subprocess.run(
        [UNIT, "--list", "--json"], capture_output=True, text=True, check=True).stdout.splitlines()}
    return sorted(c for c in listed if c.startswith(SUBJECTS_OF_WAITS))


@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "c11"])
def test_waits_and_ends_have_the_same_outcomes(model):
    """Parks, futexes, time-outs, and what ends an execution before its time."""
    for case in waits_and_ends():
        every = explore(case, "--model", model, "--search", "dfs")
        few = explore(case, "--model", model, "--search", "dpor")
        for key in ("hits", "outcomes"):
            assert set(few[key]) == set(every[key]), (case, key)
        assert few["executions"] <= every["executions"], case
        assert few["ended"] and every["ended"]


@pytest.mark.parametrize("bounds", [(0, 2), (1, 1), (2, 0)])
@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "c11"])
def test_bounds_keep_waits_and_ends(model, bounds):
    """The same behind states that were met before."""
    within = ("--model", model, "--search", "dfs", "--preemptions", str(bounds[0]), "--stale",
              str(bounds[1]))
    for case in waits_and_ends():
        every = explore(case, *within, "--no-sleep", status=(0, 1))
        few = explore(case, *within, status=(0, 1))
        for key in ("hits", "outcomes"):
            assert set(few[key]) == set(every[key]), (case, key)
        assert few["executions"] <= every["executions"], case
        assert few["ended"] and every["ended"]


@pytest.mark.parametrize("model", ["armv8", "c11"])
@pytest.mark.parametrize("target", ["poller", "spanset"])
def test_cases_of_two_are_exhausted_within_bounds(target, model):
    """Within 3 preemptions and 3 stale reads, each in a third of what a minute is enough for.

    Before states were left, the span set's reset_after_drain took five minutes.
    """
    binary = f"build/explore/{target}/fixed/explore"
    build(binary)
    listed = [json.loads(line) for line in subprocess.run(
        [ROOT / binary, "--list", "--json"], capture_output=True, text=True, check=True,
        cwd=ROOT).stdout.splitlines()]
    cases = [c["case"] for c in listed
             if len(c["actors"]) == 2 and c["file"].startswith("targets/")]
    assert cases
    for case in cases:
        found = explore(case, "--model", model, "--search", "dfs", "--preemptions", "3", "--stale",
                        "3", "--seconds", "300", binary=ROOT / binary)
        assert found["ended"] and found["executions"] + found["pruned"] < 2_000_000, case


@pytest.mark.parametrize("case, classes", [("two", 4), ("three", 36), ("four", 576)])
def test_the_pops_of_a_span_set_have_so_many_classes(case, classes):
    """As many as other tools count graphs: none is run twice, none begun in vain."""
    build("build/explore/shapes/fixed/explore", "build/explore/shapes/BUG_USED_DOWN/explore")
    shapes = ROOT / "build/explore/shapes"
    found = explore(f"span_pop_{case}", "--search", "dpor", binary=shapes / "fixed/explore")
    assert (found["executions"], found["pruned"], found["exhausted"]) == (classes, 0, True)
    bug = explore(f"span_pop_{case}", "--search", "dpor", binary=shapes / "BUG_USED_DOWN/explore")
    assert bug["verdict"] == "CAUGHT" and bug["exhausted"]
