"""Searches shared by processes, and exhaustive ones that are interrupted and go on.

What all find together is what one finds; nothing here depends on how fast anybody is.
"""
import json
import pathlib
import signal
import subprocess
import time

import pytest

from tests.explorer import ROOT, SUBJECTS as UNIT, build
from tests.test_explore import explore, run

SPANSET = ROOT / "build/explore/spanset/fixed/explore"
LEAKY = ROOT / "build/explore/spanset/BUG_BLOCK_USED/explore"
LONG = ("--case", "ordered_lock", "--search", "dfs", "--json", "--seconds", "600")


@pytest.fixture(scope="session", autouse=True)
def built():
    build("explore-unit", *(str(p.relative_to(ROOT)) for p in (SPANSET, LEAKY)))


@pytest.fixture(scope="session")
def server():
    """The explorer of a variant that a run of the whole runtime shows."""
    sched = ROOT / "build/explore/sched"
    build(str((sched / "fixed/explore").relative_to(ROOT)))
    listed = subprocess.run([sched / "fixed/explore", "--list", "--json"], check=True,
                            capture_output=True, text=True).stdout
    (serve,) = [c for c in map(json.loads, listed.splitlines()) if c["case"] == "serve"]
    program = sched / serve["expect"][0]["variant"] / "explore"
    build(str(program.relative_to(ROOT)))
    return program


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


@pytest.mark.parametrize("search", ["random", "pos"])
def test_processes_that_search_at_random_find_what_one_finds_first(search, server):
    """After hundreds of executions; which of them it is does not depend on who runs it."""
    arguments = ("serve", "--search", search, "--seed", "2")
    alone = explore(*arguments, binary=server)
    assert alone["verdict"] == "CAUGHT" and alone["first_hit_execution"] > 50
    for jobs in (2, 3):
        shared = explore(*arguments, "--jobs", str(jobs), binary=server)
        assert (shared["verdict"], shared["jobs"]) == ("CAUGHT", jobs)
        assert shared["first_hit_execution"] == alone["first_hit_execution"]
        assert shared["finding"]["replay_string"] == alone["finding"]["replay_string"]


@pytest.mark.parametrize("search", ["random", "pct", "pos"])
def test_processes_that_search_at_random_share_the_executions(search):
    arguments = ("last_slots", "--search", search, "--executions", "1001")
    shared = explore(*arguments, "--jobs", "3", binary=SPANSET)
    assert (shared["verdict"], shared["executions"]) == ("CLEAN", 1001)
    assert sum(shared["outcomes"].values()) == 1001
    assert round(shared["largest_share"] * 1001) == 334


def test_all_of_the_automatic_search_is_shared():
    alone = explore("last_slots_three", binary=SPANSET)
    shared = explore("last_slots_three", "--jobs", "2", binary=SPANSET)
    assert shared["exhausted"] and shared["executions"] == alone["executions"]


def alive(pid):
    try:
        return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_who_is_killed_leaves_no_process_behind():
    with subprocess.Popen([UNIT, *LONG, "--jobs", "2"], stdout=subprocess.DEVNULL) as asked:
        children = pathlib.Path(f"/proc/{asked.pid}/task/{asked.pid}/children")
        while len(pids := children.read_text().split()) < 2:
            assert asked.poll() is None
        asked.kill()
    while any(map(alive, pids)):
        time.sleep(0.01)


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


def test_only_exhaustive_searches_go_on():
    ran = run("--case", "wait_locks", "--search", "random", "--resume", "file")
    assert ran.returncode == 64 and "--resume is for --search dfs or dpor" in ran.stderr

