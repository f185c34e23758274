"""An exhaustive search shared by processes, and one that is interrupted and goes on.

What all find together is what one finds; nothing here depends on how fast anybody is.
"""
import json
import pathlib
import signal
import subprocess

import pytest

from tests.explorer import ROOT, SUBJECTS as UNIT, build
from tests.test_explore import explore, run

SPANSET = ROOT / "build/explore/spanset/fixed/explore"
LEAKY = ROOT / "build/explore/spanset/BUG_BLOCK_USED/explore"
LONG = ("--case", "ordered_lock", "--search", "dfs", "--json", "--seconds", "600")


@pytest.fixture(scope="session", autouse=True)
def built():
    build("explore-unit", *(str(p.relative_to(ROOT)) for p in (SPANSET, LEAKY)))


def found(result):
    return {key: result[key] for key in ("executions", "hits", "outcomes", "exhausted", "verdict")}


# --- sharing ---


@pytest.mark.parametrize("search", ["dfs", "dpor"])
@pytest.mark.parametrize("jobs", ["2", "5"])
def test_processes_find_together_what_one_finds(search, jobs):
    arguments = ("last_slots_three", "--search", search)
    for binary in (SPANSET, LEAKY):
        alone = explore(*arguments, binary=binary)
        shared = explore(*arguments, "--jobs", jobs, binary=binary)
        assert found(shared) == found(alone) and alone["exhausted"]
        assert 1 / int(jobs) <= shared["largest_share"] <= 1 and shared["jobs"] == int(jobs)
        # What sharing costs: decisions near the root are taken in every way,
        # more of them the more often pieces change hands.
        assert shared["pruned"] <= alone["pruned"] + alone["executions"] // 2


@pytest.mark.parametrize("model", ["tso", "armv8", "c11"])
@pytest.mark.parametrize("case", ["wait_locks", "wait_timeout", "deadlock_order", "two_classes",
                                  "fatal_twice"])
def test_sharing_keeps_outcomes(case, model):
    arguments = (case, "--model", model, "--search", "dpor")
    alone, shared = explore(*arguments), explore(*arguments, "--jobs", "3")
    assert set(shared["hits"]) == set(alone["hits"])
    assert set(shared["outcomes"]) == set(alone["outcomes"])
    assert shared["verdict"] == alone["verdict"] and shared["ended"]


def test_a_finding_of_several_processes_replays():
    finding = explore("deadlock_order", "--search", "dpor", "--jobs", "3")["finding"]
    ran = run("--replay", finding["replay_string"], "--json")
    assert json.loads(ran.stdout)["finding"]["class"] == "deadlock"


def test_a_failing_process_ends_all():
    ran = run("--case", "mixed_sizes", "--search", "dpor", "--jobs", "3")
    assert ran.returncode == 2 and "two sizes" in ran.stderr and ran.stdout == ""


# --- going on ---


@pytest.mark.parametrize("binary", [SPANSET, LEAKY])
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_parts_of_a_search_are_the_whole(binary, jobs, tmp_path):
    arguments = ("last_slots_three", "--search", "dpor")
    file = tmp_path / "search"
    parts = 0
    while parts == 0 or file.exists():
        ran = run("--case", *arguments, "--jobs", jobs, "--resume", str(file), "--executions",
                  "1500", "--json", binary=binary)
        part = json.loads(ran.stdout)
        assert part["ended"] != file.exists()
        assert ("goes on from" in ran.stderr) == file.exists()
        parts += 1
    assert parts >= 2 and found(part) == found(explore(*arguments, binary=binary))
    assert list(tmp_path.iterdir()) == []


def interrupted(*arguments):
    """Runs a long search and interrupts it as soon as it listens."""
    with subprocess.Popen([UNIT, *arguments], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        listens = 0
        while not listens >> (signal.SIGINT - 1) & 1:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            listens = int(status.split("SigCgt:")[1].split()[0], 16)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=300)
    return process.returncode, json.loads(out)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_search_goes_on(jobs, tmp_path):
    file = tmp_path / "search"
    status, first = interrupted(*LONG, "--jobs", jobs, "--resume", str(file))
    assert status == 128 + signal.SIGINT
    assert first["bounded"] and not first["ended"] and file.exists()
    ran = run(*LONG, "--jobs", jobs, "--resume", str(file), "--executions", "5000")
    second = json.loads(ran.stdout)
    assert second["executions"] > first["executions"] and file.exists()


def test_only_its_own_search_goes_on(tmp_path):
    file = tmp_path / "search"
    cut = (*LONG, "--resume", str(file), "--executions", "100")
    assert run(*cut).returncode == 0
    for other in (("--case", "wait_locks"), ("--search", "dpor"), ("--model", "tso"),
                  ("--preemptions", "3"), ("--no-sleep",)):
        ran = run(*cut, *other)
        assert ran.returncode == 64 and "is of another search" in ran.stderr
    whole = file.read_text()
    for damaged in (whole[:-30], whole.replace("end\n", ""), whole.replace("piece", "peace", 1)):
        file.write_text(damaged)
        ran = run(*cut)
        assert ran.returncode == 64 and "is damaged" in ran.stderr, damaged
    ran = run(*LONG, "--resume", str(tmp_path / "no" / "such"))
    assert ran.returncode == 64 and "No such file" in ran.stderr


@pytest.mark.parametrize("option", [("--jobs", "2"), ("--resume", "file")])
def test_only_exhaustive_searches_are_shared_or_go_on(option):
    ran = run("--case", "wait_locks", "--search", "random", *option)
    assert ran.returncode == 64 and "are for --search dfs or dpor" in ran.stderr
