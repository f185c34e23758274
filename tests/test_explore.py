"""The explorer: what it finds, what it must not find, and that what it says holds.

The subjects are small cases in tests/unit/explore_*.c; each carries its own expectation.
Everything is bounded by counts of executions, so that nothing depends on the machine.
"""
import json
import subprocess

import pytest

from reports import schema
from tests.explorer import ROOT, SUBJECTS as UNIT, build

ENOUGH = "200000"  # executions: more than any subject but ordered_lock needs
MODELS = ("sc", "tso", "armv8", "c11")
WEAK = {"armv8", "c11"}  # a loop that waits is made to read the newest store: a cut
TOO_MANY = {"ordered_lock"}  # three threads and a lock: 1.9 million executions
REFUSED = {"mixed_sizes"}


@pytest.fixture(scope="session", autouse=True)
def built():
    """The explorer's subjects and two variants of the poller."""
    build("explore-unit", *(f"build/explore/poller/{v}/explore"
                            for v in ("fixed", "BUG_RELEASE_DUMMY")))


def run(*arguments, binary=UNIT, env=None):
    return subprocess.run([str(binary), *arguments], cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300, check=False)


def explore(case, *arguments, binary=UNIT, status=(0, 1)):
    ran = run("--case", case, *arguments, "--json", binary=binary)
    assert ran.returncode in status, ran.stderr
    assert ran.stderr == ""
    (line,) = ran.stdout.splitlines()
    result = json.loads(line)
    assert result["expected"] == (ran.returncode == 0)
    return result


def cases(binary=UNIT):
    return [json.loads(line) for line in run("--list", "--json", binary=binary).stdout.splitlines()]


def subjects():
    """Names of the cases in the sources, which the binary must list (see below)."""
    texts = [p.read_text() for p in sorted((ROOT / "tests/unit").glob("explore_*.c"))]
    names = []
    for text in texts:
        for line in text.splitlines():
            for macro in ("CASE(", "SUBJECT(", "RACES(", "ORDERED(", "SPINS("):
                if line.startswith(macro):
                    names.append(line[len(macro):].split(",")[0])
    return sorted(names)


def test_every_case_in_the_sources_is_listed():
    assert [case["case"] for case in cases()] == subjects()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("case", [s for s in subjects() if s not in REFUSED])
def test_subject(case, model):
    """Each is caught with exactly its class, or exhausted without a finding."""
    result = explore(case, "--model", model, "--executions", ENOUGH)
    assert result["expected"], result
    expected = [c for c in cases() if c["case"] == case][0]["expect"]
    if expected:
        assert result["finding"]["class"] == expected[0]["failure"]
        assert list(result["hits"]) == [expected[0]["failure"]] or case == "two_classes"
        assert result["verdict"] == "CAUGHT"
    else:
        assert result["verdict"] == "CLEAN"
        cut = model in WEAK and result["cut"] > 0
        assert result["exhausted"] == (case not in TOO_MANY and not cut)


# --- the race detector's words ---


def test_a_race_names_both_sites():
    sites = explore("race_read_write")["finding"]["sites"]
    lines = (ROOT / "tests/unit/explore_races.c").read_text().splitlines()
    places = {name: n for n, line in enumerate(lines, 1) for name in ("write_plain", "read_plain")
              if line.startswith(f"ACTOR({name})")}
    assert len(sites) == 2
    assert any(f"plain write by writer at write_plain tests/unit/explore_races.c:"
               f"{places['write_plain']}" == site for site in sites)
    assert any(f"plain read by reader at read_plain tests/unit/explore_races.c:"
               f"{places['read_plain']}" == site for site in sites)


def test_two_sizes_are_refused():
    ran = run("--case", "mixed_sizes")
    assert ran.returncode == 2
    assert "two sizes" in ran.stderr and len(ran.stderr.splitlines()) == 1


# --- what a search claims ---


def test_time_outs_come_early_and_late():
    assert set(explore("wait_timeout", "--search", "dfs")["outcomes"]) == {"done", "other"}


def test_exhausted_or_bounded_is_told_apart():
    whole = explore("wait_locks", "--search", "dfs")
    assert (whole["exhausted"], whole["bounded"], whole["cut"]) == (True, False, 0)
    short = explore("wait_locks", "--search", "dfs", "--executions", "5")
    assert (short["exhausted"], short["bounded"], short["executions"]) == (False, True, 5)
    bound = explore("wait_locks", "--search", "dfs", "--preemptions", "1")
    assert not bound["exhausted"] and bound["bounded"] and bound["cut"] > 0
    wide = explore("wait_hint", "--search", "dfs", "--preemptions", "100")
    assert wide["exhausted"] and wide["cut"] == 0
    assert not explore("wait_locks", "--search", "random", "--executions", "5000")["exhausted"]


def test_a_bound_on_preemptions_excludes_what_needs_more():
    none = explore("deadlock_order", "--search", "dfs", "--preemptions", "0", status=(1,))
    assert none["hits"] == {} and none["verdict"] == "NOT_CAUGHT"
    assert explore("deadlock_order", "--search", "dfs", "--preemptions", "1")["hits"]


POLLER_BUG = ROOT / "build/explore/poller/BUG_RELEASE_DUMMY/explore"


def test_a_bound_on_stale_reads_excludes_what_needs_them():
    dfs = ("close_vs_block", "--model", "tso", "--search", "dfs", "--preemptions", "2")
    none = explore(*dfs, "--stale", "0", binary=POLLER_BUG, status=(1,))
    assert none["hits"] == {} and none["cut"] > 0
    assert explore(*dfs, "--stale", "2", binary=POLLER_BUG)["hits"] == {"lost_wakeup":
           explore(*dfs, "--stale", "2", binary=POLLER_BUG)["hits"]["lost_wakeup"]}


@pytest.mark.parametrize("search", ["random", "pct", "pos", "auto"])
def test_a_seed_gives_the_same_search(search):
    def found(seed):
        result = explore("close_vs_block", "--model", "tso", "--search", search, "--seed",
                         str(seed), "--executions", "20000", binary=POLLER_BUG)
        return result["first_hit_execution"], result["finding"]["replay_string"]

    first = [found(seed) for seed in range(1, 9)]
    assert first == [found(seed) for seed in range(1, 9)]
    assert len(set(first)) > 1


@pytest.mark.parametrize("depth", ["1", "2", "3"])
def test_pct_depth(depth):
    """A lost wakeup under tso needs one store held back: priorities alone find it."""
    result = explore("close_vs_block", "--model", "tso", "--search", "pct", "--depth", depth,
                     "--executions", "20000", binary=POLLER_BUG)
    assert result["verdict"] == "CAUGHT"


def test_pct_depth_is_the_number_of_constraints():
    """A deadlock of two locks needs a change of priority in the middle of a thread."""
    pct = ("deadlock_order", "--search", "pct", "--executions", "3000", "--depth")
    assert explore(*pct, "1", status=(1,))["verdict"] == "NOT_CAUGHT"
    assert explore(*pct, "2")["verdict"] == "CAUGHT"


# --- replay and shrinking ---


FOUND = [s for s in subjects()
         if s.startswith(("race_", "deadlock_", "livelock_", "fatal_", "crash_", "stranded",
                          "unlisted"))]


@pytest.mark.parametrize("shrink", [(), ("--no-shrink",)])
@pytest.mark.parametrize("case", FOUND)
def test_a_finding_replays(case, shrink):
    for seed in ("1", "2", "3"):
        finding = explore(case, "--seed", seed, "--model", "tso", "--search", "random", *shrink,
                          "--executions", "20000")["finding"]
        ran = run("--replay", finding["replay_string"], "--json")
        assert ran.returncode == 0 and ran.stderr == "", ran.stderr
        again = json.loads(ran.stdout)["finding"]
        assert (again["class"], again["outcome"]) == (finding["class"], finding["outcome"])
        assert again["trace"] == finding["trace"] and again["sites"] == finding["sites"]


def choices(finding):
    coded = finding["replay_string"].split("|")[5]
    expanded = []
    for item in [] if coded == "-" else coded.split("."):
        value, _, times = item.partition("x")
        expanded += [int(value)] * int(times or 1)
    return expanded


def test_shrinking_makes_choices_fewer():
    def weights(*shrink):
        found = [choices(explore("close_vs_block", "--model", "tso", "--search", "random", "--seed",
                                 str(seed), *shrink, "--executions", "20000",
                                 binary=POLLER_BUG)["finding"]) for seed in range(1, 11)]
        return [sum(c != 0 for c in choice) for choice in found]

    assert all(small <= large for small, large in zip(weights(), weights("--no-shrink")))
    assert sum(weights()) < sum(weights("--no-shrink"))


def test_the_replay_command_runs():
    result = explore("close_vs_block", "--model", "tso", binary=POLLER_BUG)
    ran = subprocess.run(result["replay"], shell=True, cwd=ROOT, capture_output=True, text=True,
                         check=False)
    assert ran.returncode == 0 and "lost_wakeup" in ran.stdout
    assert "(stale: newest is 1 by" in ran.stdout and "poll_unblock targets/poller/" in ran.stdout


def test_a_replay_says_that_the_code_has_changed():
    found = explore("close_vs_block", "--model", "tso", binary=POLLER_BUG)
    string = found["finding"]["replay_string"]
    changed = string.rsplit("|", 1)[0] + "|000000000000"
    ran = run("--replay", changed, binary=POLLER_BUG)
    assert ran.returncode == 0 and "lost_wakeup" in ran.stdout
    assert "the code has changed" in ran.stderr
    odd = string.split("|")
    odd[5] = "200x3.7"
    ran = run("--replay", "|".join(odd), "--json", binary=POLLER_BUG)
    assert ran.returncode in (0, 1) and "did not fit" in ran.stderr
    assert json.loads(ran.stdout)["misfits"] > 0


# --- the command line ---


@pytest.mark.parametrize("arguments, words", [
    ((), "--case NAME or --list"),
    (("--case", "nowhere"), 'no case "nowhere"'),
    (("--case",), "value is missing"),
    (("--frobnicate",), "unknown option"),
    (("--case", "wait_hint", "--model", "power"), 'no model "power"'),
    (("--case", "wait_hint", "--search", "luck"), 'no search "luck"'),
    (("--case", "wait_hint", "--seconds", "0"), "takes a number from"),
    (("--case", "wait_hint", "--executions", "-1"), "whole number"),
    (("--case", "wait_hint", "--preemptions", "-2"), "takes a number from"),
    (("--case", "wait_hint", "--depth", "2"), "--search pct"),
    (("--case", "wait_hint", "--bench", "--search", "dfs"), "--search random, pct or pos"),
    (("--replay", "1|unit/fixed|wait_hint|sc|1"), "got 5 parts"),
    (("--replay", "1|unit/fixed|wait_hint|sc|1|0xx|h"), "cannot read the choices"),
    (("--replay", "1|poller/fixed|close_vs_block|sc|1|-|h"), "this is unit/fixed"),
    (("--replay", "2|unit/fixed|wait_hint|sc|1|-|h"), "version 2"),
])
def test_usage_errors(arguments, words):
    ran = run(*arguments)
    assert ran.returncode == 64 and ran.stdout == ""
    assert words in ran.stderr and len(ran.stderr.splitlines()) == 1


def test_json_holds_the_common_fields():
    result = explore("close_vs_block", "--model", "tso", binary=POLLER_BUG)
    for field in ("schema kind target variant lane case seed seconds hits first_hit_s verdict "
                  "expected replay build_id model search executions executions_per_s pruned "
                  "exhausted bounded first_hit_execution finding").split():
        assert field in result, field
    assert (result["schema"], result["kind"], result["lane"]) == (1, "explore", "explore")
    assert sum(result["outcomes"].values()) == result["executions"]
    assert schema.check(result, "explore") == result
    none = explore("close_vs_block", binary=POLLER_BUG)
    assert none["finding"] is None and none["first_hit_s"] is None
    assert none["verdict"] == "QUIET_AS_EXPECTED"


def test_bench_measures():
    ran = run("--case", "close_vs_block", "--bench", "--executions", "1000", binary=POLLER_BUG)
    assert ran.returncode == 0
    figures = json.loads(ran.stdout)
    assert figures["executions"] == 1000 and figures["executions_per_s"] > 0
