"""build/explore/litmus: what it reads, and its final states against herd7 and the references.

The references (tests/models/reference) are the specification of the models in fuzz/memory.
LITMUS_PROGRAMS=20000 compares as many random programs a model instead of the usual thousand
(make -f fuzz/rules.mk differential).
"""
import concurrent.futures
import json
import os
import pathlib
import random
import re
import subprocess

import pytest

from tests.explorer import build
from tests.models.reference import generate, run

ROOT = pathlib.Path(__file__).resolve().parent.parent
LITMUS = ROOT / "build/explore/litmus"
FILES = ROOT / "fuzz/litmus"
PROGRAMS = int(os.environ.get("LITMUS_PROGRAMS", "1000"))
BATCH = 500
LARGEST = 7 if PROGRAMS > 1000 else 6  # accesses of a program: the references are slow
MODELS = ("sc", "tso", "armv8", "armv8+lse", "armv8+rcpc", "armv8+lse+rcpc", "armv8+unordered",
          "armv8+lse+rcpc+unordered", "c11", "c11+relseq11")
# Weaker in RC11 than on any machine but POWER: the seq_cst order of
# fuzz/memory/c11.c contains all of happens-before.
STRONGER_THAN_RC11 = {"Z6.U"}


@pytest.fixture(scope="session", autouse=True)
def built():
    build("build/explore/litmus")


def litmus(*arguments):
    return subprocess.run([LITMUS, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          timeout=600, check=False)


def results(text):
    """By test: its states as lines, and herd's observation."""
    found = {}
    for block in text.split("\n\n"):
        lines = block.strip().splitlines()
        if lines:
            count = int(lines[1].split()[1])
            seen = re.search(r"^Observation \S+ (\w+)", block, re.MULTILINE)
            found[lines[0].split()[1]] = lines[2:2 + count], seen and seen[1]
    return found


def of_text(path, text, *arguments):
    path.write_text(text)
    ran = litmus(path, *arguments)
    assert ran.returncode == 0, ran.stderr
    (answer,) = results(ran.stdout).values()
    return answer


# --- herd7 ---


def test_states_and_observations_are_those_of_rc11():
    verdicts = json.loads((FILES / "verdicts.json").read_text())["tests"]
    ran = litmus(*sorted(FILES.glob("*.litmus")), "--model", "c11+relseq11")
    assert ran.returncode == 0, ran.stderr
    found = results(ran.stdout)
    assert set(found) == set(verdicts)
    different = {name for name, herd in verdicts.items() if not herd["race_or_undef"]
                 and found[name] != (herd["states"], herd["observation"])}
    assert different == STRONGER_THAN_RC11
    for name in different:
        assert set(found[name][0]) < set(verdicts[name]["states"])


# --- the references ---


def expected(job):
    return run.lines(*job)


def programs(seed, count, sc_heavy):
    """Random programs that the references finish soon."""
    rnd, texts = random.Random(seed), []
    while len(texts) < count:
        text = generate.random_c11(rnd, sc_heavy)
        if text.count("_explicit") <= LARGEST and text.count("exchange") + text.count("fetch") <= 3:
            texts.append(text.replace("C T", f"C random{len(texts)}", 1))
    return texts


def compare(model, texts, folder, pool, *arguments):
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"{number}.litmus")
        files[-1].write_text(text)
    answers = pool.map(expected, [(model, text) for text in texts], chunksize=16)
    ran = litmus(*files, "--model", model, *arguments)
    assert ran.returncode == 0, ran.stderr
    found = results(ran.stdout)
    for number, lines in enumerate(answers):
        assert found[f"random{number}"][0] == lines, texts[number]


@pytest.mark.parametrize("model", MODELS)
def test_random_programs_have_the_states_of_the_reference(model, tmp_path):
    with concurrent.futures.ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for batch in range(0, PROGRAMS, BATCH):
            heavy = batch // BATCH % 2 == 1  # every other batch: mostly seq_cst, three threads
            texts = programs(batch + len(model), min(BATCH, PROGRAMS - batch), heavy)
            compare(model, texts, tmp_path, pool)


@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "c11"])
def test_sleep_sets_reach_the_same_states(model, tmp_path):
    """Small programs, as this search knows no states."""
    texts = [t for t in programs(7, 400, False) if t.count("_explicit") <= 5][:100]
    texts = [re.sub(r"C random\d+", f"C random{n}", text) for n, text in enumerate(texts)]
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        compare(model, texts, tmp_path, pool, "--search", "dfs")


# --- the reader ---

LOOP = """C spin
{ [x]=0; [y]=0; }
P0 (atomic_int* x, atomic_int* y) {
  *y = 5; // plain
  atomic_store_explicit(x,1,memory_order_release);
}
P1 (atomic_int* x, atomic_int* y) {
  int r = 0; int n = 0;
  while (r == 0) { r = atomic_load_explicit(x,memory_order_acquire); }
  int q = *y;
  do { n = n + 1; } while (n < 3);
}
locations [1:n;]
forall (1:r=1 /\\ 1:q=5)
"""


@pytest.mark.parametrize("model", MODELS)
def test_loops_end(model, tmp_path):
    states, observation = of_text(tmp_path / "t", LOOP, "--model", model)
    assert states == ["1:n=3; 1:q=5; 1:r=1;"] and observation == "Always"


def test_the_layout_is_herds():
    lines = litmus(FILES / "SB+rlx-rlxs.litmus", "--model", "tso").stdout.splitlines()
    assert lines == ["Test SB+rlx-rlxs Allowed", "States 4", "0:r0=0; 1:r0=0;", "0:r0=0; 1:r0=1;",
                     "0:r0=1; 1:r0=0;", "0:r0=1; 1:r0=1;", "Ok", "Witnesses",
                     "Positive: 1 Negative: 3", "Condition exists (0:r0=0 /\\ 1:r0=0)",
                     "Observation SB+rlx-rlxs Sometimes 1 3", ""]


@pytest.mark.parametrize("old, new, line", [
    ("while (r == 0)", "for (;;)", 9),
    ("memory_order_release", "memory_order_relese", 5),
    ("atomic_store_explicit(x,1", "atomic_stare_explicit(x,1", 5),
    ("int q = *y", "int q = z", 10),
    ("1:q=5", "1:p=5", 14),
    ("C spin", "LISA spin", 1),
    ("forall", "sometimes", 14),
    ("P1 (", "P2 (", 7),
    ("(x,1,", "(x,", 5),
    ("n + 1; }", "n + 1;", 15),
])
def test_what_is_not_read_is_told_with_its_line(old, new, line, tmp_path):
    path = tmp_path / "t.litmus"
    assert LOOP.count(old) == 1
    path.write_text(LOOP.replace(old, new))
    ran = litmus(path)
    assert ran.returncode == 64 and ran.stdout == ""
    (message,) = ran.stderr.splitlines()
    assert message.startswith(f"{path}:{line}: "), message


def test_usage_errors_and_bounds(tmp_path):
    sb = FILES / "SB+rlx-rlxs.litmus"
    for arguments in ([], [tmp_path / "absent"], [sb, "--model", "power"], [sb, "--modell", "sc"],
                      [sb, "--model", "armv8+relseq11"], [sb, "--executions", "0"]):
        ran = litmus(*arguments)
        assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (64, "", 1), arguments
    ran = litmus(sb, "--executions", "1")
    assert ran.returncode == 2 and "Bounded SB+rlx-rlxs" in ran.stdout
