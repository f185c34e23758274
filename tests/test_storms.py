"""Storms: the whole poller over real descriptors, and whether its oracles see what is lost.

Runs end after so many operations or hits, not after a time. Each oracle sees a broken
subject: a variant of the poller, or a mutant of it that is built in a copy of the tree.
"""
import json
import pathlib
import resource
import signal
import subprocess

import pytest

from reports import schema
from tests import mutants
from tests.made import made

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONG = "600"  # seconds: never reached, for every run ends by a count
BOUND_S = 200


def build(variant, folder=ROOT):
    """Make a variant's program; returns its path, relative to the folder."""
    program = f"build/native/poller/{variant}/storm"
    made(program, folder=folder)
    return program


def call(program, *options, folder=ROOT, limit=None):
    """Run a program to its end. limit: on open files."""
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    return subprocess.run([program, *options], cwd=folder, capture_output=True, text=True,
                          timeout=BOUND_S, check=False, preexec_fn=lower if limit else None)


def storm(variant, *options, folder=ROOT, name="churn"):
    """Run a storm; returns (exit code, document)."""
    done = call(build(variant, folder), "--storm", name, "--json", "--seconds", LONG,
                *options, folder=folder)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def listed(variant):
    """What the program lists of its storms."""
    lines = call(build(variant), "--list", "--json").stdout.splitlines()
    return [d for d in map(json.loads, lines) if "storm" in d]


# --- the fixed poller ---

@pytest.fixture(scope="module")
def fixed():
    """One run of the fixed poller over a million operations."""
    return storm("fixed", "--until-ops", "1000000", "--seed", "7")


def test_nothing_is_lost_stuck_or_leaked_in_a_million_operations(fixed):
    code, document = fixed
    assert (code, document["verdict"], document["expected"]) == (0, "CLEAN", True)
    assert document["hits"] == {} and document["first_hit_s"] is None
    assert document["ops"] >= 1_000_000
    assert document["descriptors"] >= 4_000
    assert document["commits"] >= 100_000
    assert document["events"] >= 50_000
    assert document["failed_opens"] == 0


def test_each_kind_of_disturbance_has_its_tenth(fixed):
    operations = fixed[1]["operations"]
    assert sum(operations.values()) == fixed[1]["ops"]
    for kind in ("close", "deadline", "readiness", "reset"):
        assert operations[kind] >= 0.1 * fixed[1]["ops"], kind


def test_samples_tell_of_every_second_and_never_fall(fixed):
    samples = fixed[1]["samples"]
    assert len(samples) >= 1
    for before, after in zip(samples, samples[1:]):
        assert all(after[key] >= before[key] for key in ("t", "ops", "commits", "events"))
    for sample in samples:
        assert (sample["lost"], sample["stuck"]) == (0, 0)
        assert 0 < sample["open"] < sample["files"] and sample["rss_kib"] > 0


def test_results_and_lists_keep_to_the_schema(fixed):
    schema.check(fixed[1])
    for document in listed("fixed"):
        schema.check(document)


def test_suspicions_arose_and_were_put_to_the_proof(fixed):
    """A clean run in which nothing was ever examined would prove nothing."""
    assert fixed[1]["graces"] > 0
    assert fixed[1]["cleared"] > 0


def test_the_replay_command_runs_with_the_same_seed_and_pins(fixed):
    words = fixed[1]["replay"]
    done = subprocess.run(words + " --until-ops 20000 --json", shell=True, cwd=ROOT, text=True,
                          capture_output=True, timeout=BOUND_S, check=False)
    again = json.loads(done.stdout)
    assert done.returncode == 0
    assert (again["seed"], again["storm"]) == (7, "churn")
    assert again["pin"]["got"] == fixed[1]["pin"]["got"]


def test_a_soak_too_short_to_tell_says_so(tmp_path):
    """The long one runs at night; this one shows that it runs what is listed."""
    build("fixed")
    done = subprocess.run(["ci/soak.py", "--seconds", "1", "--keep", tmp_path], cwd=ROOT,
                          capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert done.returncode == 1, done.stderr
    assert "poller/churn rss_kib  UNCLEAR" in done.stdout
    kept = json.loads((tmp_path / "poller-churn.json").read_text())
    assert (kept["verdict"], kept["slices"], kept["ops"] > 0) == ("CLEAN", 1, True)


# --- variants: what the storm promises ---

def promises():
    """(storm, variant, failure) of all that must show here, by the storms' own lists."""
    first = next((p for p in sorted((ROOT / "build/native/poller").glob("*/storm"))), None)
    if first is None:
        build("fixed")
    return sorted((d["storm"], e["variant"], e["failure"])
                  for d in listed("fixed") for e in d["expect"]
                  if d["model"] in e["models"] and e["failure"] != "data_race")


@pytest.mark.parametrize("name,variant,failure", promises())
def test_what_must_show_is_caught_with_its_own_class(name, variant, failure):
    code, document = storm(variant, "--until-hits", "3", name=name)
    assert (code, document["verdict"]) == (0, "CAUGHT")
    assert list(document["hits"]) == [failure]
    assert document["hits"][failure] >= 3
    assert 0 < document["first_hit_s"] <= document["seconds"]
    assert document["cpu_s"] > 0
    assert document["findings"][0]["class"] == failure
    # Who was lost went on, in the same process, and nothing has leaked.
    assert document["slices"] == 1
    assert document["rescued"] >= (3 if failure in ("lost_wakeup", "lost_event") else 0)


def test_a_rare_one_is_reported_as_a_rate_and_need_not_show():
    rare = [e["variant"] for d in listed("fixed") if d["storm"] == "churn"
            for e in d["may"] if d["model"] in e["models"]]
    code, document = storm(rare[0], "--until-ops", "100000")
    assert (code, document["expected"]) == (0, True)
    assert document["verdict"] in ("CAUGHT", "QUIET_AS_EXPECTED")
    rate = sum(document["hits"].values()) / document["seconds"]
    assert document["hits_per_s"] == pytest.approx(rate, rel=1e-3)


def test_every_variant_named_by_a_storm_exists():
    named = {e["variant"] for d in listed("fixed") for e in d["expect"] + d["may"]}
    sources = subprocess.run("grep -rhoE 'BUG_[A-Z0-9_]+(\\+plain)?' targets/poller", shell=True,
                             cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert named and named <= set(sources.split())


# --- mutants: oracles that no variant fails ---

@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the sources, and of what is built of the fixed poller."""
    build("fixed")
    return mutants.copy_tree(tmp_path_factory.mktemp("mutants"), "poller")


MUTANTS = {
    "a reference is not given back": (
        "fd.c", "\tpoll_set_deadline(f->pd, d, modes);\n\tdrop_reference(f);",
        "\tpoll_set_deadline(f->pd, d, modes);\n\tif (d % 64 != 1)\n\t\tdrop_reference(f);",
        "deadlock"),
    "a file is not closed": (
        "fd.c", "\tworld_close(f->fd);", "\tif (f->fd % 64)\n\t\tworld_close(f->fd);",
        "desc_leak"),
    "a waiter is counted twice": (
        "block.c", "\tfetch_add_relaxed(&p->waiters, 1);",
        "\tfetch_add_relaxed(&p->waiters, 1 + (g->parks == 50)); /* relaxed: a mutant */",
        "desc_leak"),
    "closing is neither published nor told": (
        "desc.c", "\tpoll_publish_and_take(pd, POLL_READ | POLL_WRITE, taken, &waiters);",
        "\ttaken[0] = taken[1] = NULL;", "lost_wakeup"),
    "readiness is dropped for writers": (
        "epoll.c", "\treturn poll_ready(pd, modes, list, waiters);",
        "\treturn poll_ready(pd, modes & POLL_READ, list, waiters);", "lost_event"),
    "a goroutine is taken and not readied": (
        "block.c", "\t\tif (taken[i])\n", "\t\tif (taken[i] && taken[i]->parks % 64 != 1)\n",
        "lost_wakeup"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_refuted_with_the_class_of_its_fault(tree, name):
    file, before, after, failure = MUTANTS[name]
    with mutants.changed(tree, f"poller/{file}", before, after):
        code, document = storm("fixed", "--until-ops", "60000", "--until-hits", "50",
                               "--descriptors", "1024", "--children", "1", folder=tree)
    assert (code, document["verdict"]) == (1, "REFUTED")
    assert list(document["hits"]) == [failure]


# --- bad input, and ends that are not the usual ---

@pytest.mark.parametrize("options,code,word", [
    (["--storm", "drizzle"], 64, "no storm 'drizzle'"),
    (["--storm", "churn", "--case", "close_vs_block"], 64, "--storm NAME"),
    (["--storm", "churn", "--descriptors", "0"], 64, "--descriptors 0"),
    (["--storm", "churn", "--descriptors", "many"], 64, "--descriptors many"),
    (["--storm", "churn", "--descriptors", "3"], 64, "16 at least"),
    (["--storm", "churn", "--until-ops", "-1"], 64, "--until-ops -1"),
    (["--storm", "churn", "--seconds", "0"], 64, "--seconds 0"),
    (["--storm", "churn", "--pin", "core:99"], 64, "99"),
    (["--storm", "churn", "--placement", "moon"], 64, "moon"),
    (["--storm"], 64, "--storm"),
])
def test_bad_input_gets_one_line_and_its_exit_code(options, code, word):
    done = call(build("fixed"), *options)
    assert done.returncode == code
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert word in done.stderr


def test_too_low_a_limit_on_files_is_a_skip_that_says_what_to_do():
    done = call(build("fixed"), "--storm", "churn", limit=1000)
    assert done.returncode == 77
    assert "4096 descriptors need" in done.stderr and "the limit is 1000" in done.stderr
    assert "--descriptors" in done.stderr
    fewer = call(build("fixed"), "--storm", "churn", "--descriptors", "256", "--until-ops",
                 "5000", "--seconds", LONG, limit=1000)
    assert fewer.returncode == 0, fewer.stderr


def test_an_interrupted_storm_reports_what_it_has():
    running = subprocess.Popen([build("fixed"), "--storm", "churn", "--json", "--seconds", LONG],
                               cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(1)
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=BOUND_S)
    document = json.loads(out)
    assert running.returncode == 128 + signal.SIGINT
    assert document["interrupted"] is True and document["ops"] > 0
    assert document["hits"] == {}


def test_an_unwritable_output_is_an_engine_error():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([build("fixed"), "--storm", "churn", "--json", "--seconds", LONG,
                               "--until-ops", "5000", "--descriptors", "64"], cwd=ROOT,
                              stdout=full, stderr=subprocess.PIPE, text=True, timeout=BOUND_S,
                              check=False)
    assert done.returncode == 2
    assert "cannot write" in done.stderr
