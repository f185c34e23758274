"""The poller's own code under every memory model: what each switch shows, and where.

What must show stands in the cases (EXPECT); RUNTIME's table of golang/go#45211 is that of
close_vs_block. Counted in executions, so that nothing depends on the machine.
"""
import json
import statistics
import subprocess

import pytest

from tests.explorer import ROOT, build

MODELS = ("sc", "tso", "armv8", "armv8+lse", "armv8+rcpc", "armv8+lse+rcpc", "c11")
CASE = "close_vs_block"
SEEDS = range(20)
SOON = 200        # executions, the median of the seeds
ENOUGH = "100000"  # executions: more than exhausting takes


@pytest.fixture(scope="module")
def binaries():
    """One per switch that changes orders or the flags, and the fixed one: as the case says."""
    build("build/explore/poller/fixed/explore")
    folder = ROOT / "build/explore/poller"
    (case,) = [c for c in lines(folder / "fixed/explore", "--list") if c["case"] == CASE]
    expected = {e["variant"]: e["models"] for e in case["expect"] if e["failure"] == "lost_wakeup"}
    build(*(f"build/explore/poller/{v}/explore" for v in expected))
    return {variant: (folder / variant / "explore", set(expected.get(variant, ())))
            for variant in (*expected, "fixed")}


def lines(binary, *arguments):
    ran = subprocess.run([binary, *arguments, "--json"], cwd=ROOT, capture_output=True, text=True,
                         check=False)
    assert ran.returncode in (0, 1), ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def explored(binary, model, *arguments):
    return lines(binary, "--case", CASE, "--model", model, "--no-shrink", *arguments)[0]


@pytest.mark.parametrize("model", MODELS)
def test_every_switch_shows_where_it_must_and_nowhere_else(binaries, model):
    for variant, (binary, shows) in binaries.items():
        result = explored(binary, model, "--executions", ENOUGH)
        assert result["exhausted"], (variant, model)
        assert list(result["hits"]) == ["lost_wakeup"] * (model in shows), (variant, model)


@pytest.mark.parametrize("model", MODELS)
def test_random_search_is_quick(binaries, model):
    for variant, (binary, shows) in binaries.items():
        if model not in shows:
            continue
        hits = [explored(binary, model, "--search", "random", "--executions", "5000", "--seed",
                         str(seed))["first_hit_execution"] or 5000 for seed in SEEDS]
        assert statistics.median(hits) <= SOON, (variant, model, hits)


def test_bounds_on_stale_reads_and_preemptions_are_separate(binaries):
    """The bug of 2022 on LL/SC needs a switch and one stale read."""
    binary, _ = binaries["BUG_BARE_FLAGS"]
    none = explored(binary, "armv8", "--search", "dfs", "--stale", "0")
    assert none["hits"] == {} and none["bounded"] and none["cut"] > 0
    few = explored(binary, "armv8", "--search", "dfs", "--stale", "1", "--preemptions", "1")
    assert few["verdict"] == "CAUGHT" and few["bounded"]
    wide = explored(binaries["fixed"][0], "armv8", "--search", "dfs", "--stale", "3",
                    "--preemptions", "3")
    assert wide["hits"] == {}


WORDS = [  # the models that show it, and what a finding then says
    ({"sc"}, "any machine"),
    ({"tso", "armv8+lse"}, "x86 and ARM64"),
    ({"tso", "armv8"}, "x86; ARM64, LL/SC builds only: an LSE build hides it"),
    ({"tso", "armv8+lse+rcpc"}, "x86; ARM64 with RCpc"),
    ({"armv8+lse"}, "ARM64"),
    ({"armv8"}, "ARM64, LL/SC builds only: an LSE build hides it"),
    ({"armv8+lse+rcpc"}, "ARM64 with RCpc"),
    ({"armv8+rcpc"}, "ARM64 with RCpc, LL/SC builds only"),
]


def test_a_finding_says_on_which_machines(binaries):
    """The same words whichever of the models found it."""
    for variant, (binary, shows) in binaries.items():
        for model in sorted(shows)[:1] + sorted(shows)[-1:]:
            result = lines(binary, "--case", CASE, "--model", model, "--search", "random")[0]
            words = next(text for models, text in WORDS if models <= shows)
            assert result["finding"]["machines"] == words, (variant, model)


def test_a_stale_read_is_shrunk_replayed_and_told(binaries):
    binary, _ = binaries["BUG_BARE_FLAGS"]
    result = lines(binary, "--case", CASE, "--model", "armv8")[0]
    trace = result["finding"]["trace"]
    assert any("(stale: newest is 1 by" in line for line in trace)
    again = lines(binary, "--replay", result["finding"]["replay_string"])[0]
    assert again["finding"]["class"] == "lost_wakeup" and again["finding"]["trace"] == trace
    assert len([c for c in result["finding"]["replay_string"].split("|")[5].split(".")
                if not c.startswith("0")]) <= 6


@pytest.mark.parametrize("variant", ["fixed", "BUG_SWAP_ONCE"])
def test_a_weak_swap_fails_for_no_reason_a_few_times(variant):
    """On exclusive pairs and in C11; a loop that tries again ends, and says that it was cut."""
    build(f"build/explore/shapes/{variant}/explore")
    binary = ROOT / "build/explore/shapes" / variant / "explore"
    for model in MODELS:
        (result,) = lines(binary, "--case", "weak_swap", "--model", model, "--search", "dfs")
        weak = model in ("armv8", "armv8+rcpc", "c11")
        assert (result["verdict"] == "CAUGHT") == (weak and variant != "fixed"), model
        assert result["expected"] and result["bounded"] == (weak and variant == "fixed"), model
