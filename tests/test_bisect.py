"""What made a lane regress: from rates, and end to end on a small repository of fakes."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from made_records import RACE, listed, record, result, write_run
from reports import bisect, folder

ROOT = Path(__file__).resolve().parent.parent
FAST, SLOW = (20_000, 10.0), (2_000, 10.0)
KERNEL = ["kernel: 6.1 -> 6.5", "commit: a -> b"]


@pytest.mark.parametrize("sources, compiler, factor", [
    (SLOW, FAST, "sources"), (FAST, SLOW, "compiler"), (SLOW, SLOW, "both"), (FAST, FAST, "both")])
@pytest.mark.parametrize("then, now", [(FAST, SLOW), (SLOW, FAST)])
def test_the_swap_that_makes_the_difference_is_named(then, now, sources, compiler, factor):
    flip = {FAST: SLOW, SLOW: FAST} if then == SLOW else {FAST: FAST, SLOW: SLOW}
    found = bisect.verdict({"then": then, "now": now, "sources": flip[sources],
                            "compiler": flip[compiler]}, KERNEL)
    assert found.factor == factor


def test_what_makes_no_difference_here_is_not_blamed():
    found = bisect.verdict({"then": FAST, "now": (20_300, 10.0), "sources": FAST,
                            "compiler": FAST}, KERNEL)
    assert found.factor is None and "cannot be swapped here: kernel: 6.1 -> 6.5" in found.lines[-1]
    assert "commit" not in found.lines[-1]
    assert "nothing else is known" in bisect.verdict({"then": FAST, "now": FAST}, []).lines[-1]


def test_a_swap_that_could_not_be_made_leaves_it_unnamed():
    found = bisect.verdict({"then": FAST, "now": SLOW, "sources": SLOW}, KERNEL)
    assert found.factor is None and "compiler alone could not be swapped" in found.lines[-1]


def test_compilers_are_found_by_their_version():
    version = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True,
                             text=True).stdout.strip()
    assert bisect.installed_compiler({"compiler": version}) in ("gcc", f"gcc-{version[:2]}")
    assert bisect.installed_compiler({"compiler": "3.0.9"}) is None
    assert bisect.installed_compiler({}) == ""


def git(place, *words):
    """Run git there; returns what it says."""
    return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=place,
                          check=True, capture_output=True, text=True).stdout.strip()


MAKEFILE = """build/native/toy/BUG_A/storm: program
\tmkdir -p $(@D) && cp program $@
"""
PROGRAM = """#!{python}
import json, sys
made = json.loads('''{made}''')
made["seed"] = int(sys.argv[sys.argv.index("--seed") + 1])
print(json.dumps(made))
"""


@pytest.fixture(name="repository")
def fixture_repository(tmp_path):
    """A repository of two commits, the second of which catches a tenth: (place, commits)."""
    place, commits = tmp_path / "tree", []
    place.mkdir()
    git(place, "init", "-q")
    (place / "Makefile").write_text(MAKEFILE)
    for hits in (5000, 500):
        (place / "program").write_text(PROGRAM.format(
            python=sys.executable, made=json.dumps(result("BUG_A", hits=hits))))
        (place / "program").chmod(0o755)
        git(place, "add", "-A")
        git(place, "commit", "-qm", str(hits))
        commits.append(git(place, "rev-parse", "HEAD"))
    return place, commits


def a_run(place, commit, hits, **facts):
    """The run folder of one commit."""
    path = write_run(place, [record("BUG_A", "control", made=result("BUG_A", hits=hits))],
                     RACE[:1], [listed("BUG_A")], id=place.name)
    head = json.loads((path / "run.json").read_text())
    head["provenance"].update(commit=commit, compiler={}, **facts)
    (path / "run.json").write_text(json.dumps(head))
    return path


def command(place, *words):
    """Run `reports bisect` in a tree that has the package."""
    if not (place / "reports").exists():
        shutil.copytree(ROOT / "reports", place / "reports")
    return subprocess.run([sys.executable, "-m", "reports", "bisect", *map(str, words), "--work",
                           "build/bisect", "--seconds", "0.1", "--turns", "2"], cwd=place,
                          capture_output=True, text=True, timeout=180)


def test_a_commit_is_named(repository, tmp_path):
    place, commits = repository
    a = a_run(tmp_path / "a", commits[0], 5000)
    b = a_run(tmp_path / "b", commits[1], 500)
    done = command(place, a, b)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "toy/race BUG_A native all: 0.1 times" in done.stdout
    assert "factor: sources" in done.stdout.splitlines()[-1]
    again = command(place, a, b, "--lane", "toy/race/BUG_A")
    assert again.returncode == 0 and "factor: sources" in again.stdout


def test_a_kernel_is_not_swapped_but_told(repository, tmp_path):
    place, commits = repository
    a = a_run(tmp_path / "a", commits[0], 5000, kernel="6.1")
    b = a_run(tmp_path / "b", commits[0], 500, kernel="6.5")
    done = command(place, a, b)
    assert done.returncode == 1 and "kernel: 6.1 -> 6.5" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("facts, words, said", [
    ({"commit": None}, [], "commit is unknown"), ({"dirty": ["x"]}, [], "differed from commit"),
    ({"compiler": {"compiler": "3.0.9"}}, [], "compiler 3.0.9 is not installed"),
    ({}, ["--lane", "toy/none/BUG_A"], "in neither or only one")])
def test_what_cannot_be_bisected_is_one_line(repository, tmp_path, facts, words, said):
    place, commits = repository
    a, b = (a_run(tmp_path / name, commits[0], 5000) for name in "ab")
    head = json.loads((b / "run.json").read_text())
    head["provenance"].update(facts)
    (b / "run.json").write_text(json.dumps(head))
    done = command(place, a, b, *words)
    assert done.returncode == 64 and said in done.stderr and done.stderr.count("\n") == 1


def test_a_commit_that_cannot_be_built_is_told(repository, tmp_path):
    place, commits = repository
    a = a_run(tmp_path / "a", "0" * 40, 5000)
    b = a_run(tmp_path / "b", commits[1], 500)
    done = command(place, a, b)
    assert done.returncode == 2 and "then cannot be built: git worktree add" in done.stdout
    assert folder.load(a).complete
