"""The native engine, on subjects that fail in every way it must tell apart.

tests/subject (with its tests/subject/cases/*.c) is a target like those in targets/, put
there in a copy of the tree: so these tests also show that a new folder is all that a new
target needs.
"""
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def sources():
    """What git knows or would add, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if os.path.exists(os.path.join(ROOT, name))]


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """A copy of the tree with the subject as its only target, built."""
    top = tmp_path_factory.mktemp("tree")
    for name in sources():
        os.makedirs(os.path.dirname(top / name), exist_ok=True)
        shutil.copy2(os.path.join(ROOT, name), top / name)
    shutil.copytree(os.path.join(ROOT, "tests/subject"), top / "targets/subject")
    subprocess.run(["make", "-j2", "build-native", "targets=subject", "benches="], cwd=top,
                   check=True, capture_output=True, text=True)
    return top


def storm(tree, variant, case, *options, timeout=120):
    """Run one; returns (exit code, document or None, stderr)."""
    if case in ("sleepers", "spinners"):  # three actors, wherever there are fewer processors
        options = ("--placement", "none", *options)
    done = subprocess.run([f"build/native/subject/{variant}/storm", "--case", case, "--json",
                           "--seconds", "0.3", "--children", "3", *options], cwd=tree,
                          capture_output=True, text=True, timeout=timeout, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def quiet(document, verdict):
    """What a run without a hit is called: nothing, where every block was spoilt."""
    return verdict if document["measured"]["rounds"] else "INCONCLUSIVE"


def test_the_folder_alone_made_the_variants(tree):
    """Every switch in the text is a variant, and the fixed form beside them."""
    found = sorted(os.listdir(tree / "build/native/subject"))
    named = subprocess.run("grep -rhoE 'BUG_[A-Z_]+' tests/subject | sort -u", shell=True,
                           cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert found == sorted(named + ["fixed"])


@pytest.mark.parametrize("case", ["count", "sleepers", "spinners"])
def test_fixed_is_clean_and_every_round_is_counted(tree, case):
    code, document, _ = storm(tree, "fixed", case)
    assert (code, document["verdict"], document["hits"]) == (0, quiet(document, "CLEAN"), {})
    assert document["rounds"] > 0
    assert sum(document["outcomes"].values()) == document["rounds"]
    assert document["rounds"] == document["blocks"] * document["block_rounds"]


@pytest.mark.parametrize("variant,case,failure", [
    ("BUG_NOBODY_WAKES", "sleepers", "lost_wakeup"),
    ("BUG_NOBODY_SETS", "spinners", "lost_item"),
    ("BUG_KEEPS_LOCK", "count", "deadlock"),
    ("BUG_KEEPS_LOCK", "spinners", "deadlock"),
    ("BUG_THROWS", "count", "fatal"),
    ("BUG_CRASHES", "count", "crash"),
    ("BUG_UNLISTED", "count", "wrong_outcome"),
])
def test_every_failure_has_its_own_class(tree, variant, case, failure):
    code, document, _ = storm(tree, variant, case)
    assert (code, document["verdict"]) == (0, "CAUGHT")
    assert list(document["hits"]) == [failure]
    assert document["findings"][0]["class"] == failure
    assert document["first_hit_s"] is None or document["first_hit_s"] >= 0


def test_two_stranded_actors_are_judged_once_and_go_on(tree):
    _, document, _ = storm(tree, "BUG_NOBODY_WAKES", "sleepers")
    assert document["outcomes"] == {"woken": 0, "left_alone": document["rounds"]}
    evidence = document["findings"][0]["evidence"]
    assert [actor["stranded"] for actor in evidence] == [True, True, False]
    assert document["rounds"] >= 512


def test_stranded_spinners_are_judged_and_go_on(tree):
    """Who looked for long and then went on was not stranded: both counted their looks."""
    _, document, _ = storm(tree, "BUG_NOBODY_SETS", "spinners")
    assert document["outcomes"] == {"met": 0, "spun": document["rounds"]}
    evidence = document["findings"][0]["evidence"]
    assert [actor["stranded"] for actor in evidence] == [True, True, False]
    assert document["rounds"] >= 512


def test_a_throw_says_its_message_and_frees_who_waits_for_the_lock(tree):
    _, document, _ = storm(tree, "BUG_THROWS", "count")
    assert document["findings"][0]["message"] == "the first one throws"
    assert document["outcomes"]["fatal"] == document["rounds"]


def test_a_hang_is_a_timeout_and_leaves_no_process(tree):
    code, document, _ = storm(tree, "BUG_HANGS", "count", "--patience", "0.5")
    assert list(document["hits"]) == ["timeout"]
    assert (code, document["verdict"]) == (0, "CAUGHT")
    left = subprocess.run(["pgrep", "-f", f"{tree}/build|subject/BUG_HANGS/storm"],
                          capture_output=True, text=True, check=False).stdout
    assert left == ""


def test_another_class_than_promised_is_a_failure_of_the_rig(tree):
    code, document, _ = storm(tree, "BUG_WRONG_CLASS", "count")
    assert (code, document["verdict"], document["expected"]) == (1, "WRONG_CLASS", False)


def test_a_variant_without_expectation_must_stay_quiet(tree):
    code, document, _ = storm(tree, "BUG_NOBODY_WAKES", "count")
    assert (code, document["verdict"]) == (0, quiet(document, "QUIET_AS_EXPECTED"))
    code, document, _ = storm(tree, "BUG_THROWS", "sleepers")
    assert (code, document["verdict"]) == (0, quiet(document, "QUIET_AS_EXPECTED"))


def test_the_replay_command_runs_in_the_environment_found(tree):
    _, document, _ = storm(tree, "BUG_THROWS", "count", "--seed", "5")
    done = subprocess.run(document["replay"] + " --json", shell=True, cwd=tree,
                          capture_output=True, text=True, timeout=120, check=False)
    again = json.loads(done.stdout)
    assert again["env"] == document["env"]
    assert again["seed"] == 5
    assert again["hits"].keys() == document["hits"].keys()
    assert again["pin"]["got"] == document["pin"]["got"]


def test_more_actors_than_processors_is_a_skip(tree):
    done = subprocess.run(["taskset", "-c", "0", "build/native/subject/fixed/storm", "--case",
                           "count", "--seconds", "0.1"], cwd=tree, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 77
    assert done.stdout == ""
    assert "2 actors want a processor each" in done.stderr


def test_until_hits_ends_the_run(tree):
    _, document, _ = storm(tree, "BUG_THROWS", "count", "--until-hits", "1", "--seconds", "60")
    assert document["blocks"] == 1


def test_no_aim_stays_in_the_plain_environment(tree):
    _, document, _ = storm(tree, "fixed", "count", "--no-aim")
    assert document["env"]["layout"] == "natural"
    assert document["env"]["offset_ns"] == 0
    assert document["measured"]["rounds"] <= document["rounds"]
    assert len(document["measured"]["per_child"]) >= 1


def test_an_interrupted_run_reports_what_it_has(tree):
    process = subprocess.Popen(["build/native/subject/fixed/storm", "--case", "count", "--json",
                                "--seconds", "600"], cwd=tree, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert json.loads(out)["interrupted"] is True


def test_a_loaded_host_spoils_blocks_and_not_the_run(tree):
    """Two busy loops on the same processors: the run still ends, and says so."""
    busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(2)]
    try:
        code, document, _ = storm(tree, "BUG_THROWS", "count", "--seconds", "1")
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert (code, document["verdict"]) == (0, "CAUGHT")
    assert document["spoilt"] > 0


@pytest.mark.parametrize("options,code,word", [
    (["--case", "nothing"], 64, "no case 'nothing'"),
    ([], 64, "--case NAME"),
    (["--case", "count", "--seconds", "0"], 64, "--seconds 0"),
    (["--case", "count", "--seconds", "x"], 64, "--seconds x"),
    (["--case", "count", "--children", "0"], 64, "--children 0"),
    (["--case", "count", "--seed", "-1"], 64, "--seed -1"),
    (["--case", "count", "--env", "layout=wide"], 64, "no such layout"),
    (["--case", "count", "--env", "speed=9"], 64, "unknown part"),
    (["--case", "count", "--env", "delay=1"], 64, "one number per actor"),
    (["--case", "count", "--layout", "wide"], 64, "no layout 'wide'"),
    (["--case", "count", "--pin", "core:99,core:98"], 64, "99"),
    (["--case", "count", "--pin", "core:0"], 64, ""),
    (["--case", "count", "--placement", "moon"], 64, "moon"),
    (["--case", "count", "--frobnicate"], 64, "frobnicate"),
    (["--case", "count", "more"], 64, "'more'"),
])
def test_bad_input_gets_one_line_and_its_exit_code(tree, options, code, word):
    done = subprocess.run(["build/native/subject/fixed/storm", *options], cwd=tree,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert word in done.stderr


def test_an_unwritable_output_is_an_engine_error(tree):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(["build/native/subject/fixed/storm", "--case", "count", "--json",
                               "--seconds", "0.1"], cwd=tree, stdout=full, timeout=60,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "cannot write" in done.stderr
