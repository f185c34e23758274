"""The tsan and asan lanes: what is planted is found where it was planted, and nothing else.

tests/sanitized (with its tests/sanitized/cases/*.c) is a target like those in targets/, in
a tree of links to the real one, so that the engine is compiled once.
"""
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess

import pytest

from reports import sanitizer, schema, storm
from tests.made import made

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tests/sanitized/planted.c"
PLAIN = "BUG_RELEASE_DUMMY+plain"  # one of the poller's, as an example


def make(folder, *arguments):
    made(*arguments, folder=folder)


def link_tree(top, stress):
    """A tree whose only target is the subject; stress: the folder with the engine."""
    (top / "targets").mkdir()
    for name, to in [("Makefile", ROOT / "Makefile"), ("ci", ROOT / "ci"), ("stress", stress),
                     ("targets/base", ROOT / "targets/base"),
                     *((f"targets/{rules.name}", rules) for rules in ROOT.glob("targets/*.mk")),
                     ("targets/sanitized", ROOT / "tests/sanitized")]:
        (top / name).symlink_to(to)


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """The subject, built in both lanes; the engine's objects are the real tree's."""
    top = tmp_path_factory.mktemp("sanitized")
    link_tree(top, ROOT / "stress")
    for lane in sanitizer.LANES:
        (ROOT / "build" / lane / "obj").mkdir(parents=True, exist_ok=True)
        (top / "build" / lane).mkdir(parents=True)
        (top / "build" / lane / "obj").symlink_to(ROOT / "build" / lane / "obj")
        make(top, f"build-{lane}")
    return top


@pytest.fixture(scope="session")
def poller():
    """Two variants of the poller in the tsan lane of this tree."""
    built = {variant: f"build/tsan/poller/{variant}/storm" for variant in ("fixed", PLAIN)}
    make(ROOT, *built.values())
    return built


def run(program, case, *options, cwd=ROOT, **settings):
    """Returns (exit code, document or None, stderr)."""
    done = subprocess.run([program, "--case", case, "--json", "--seconds", "0.4", *options],
                          cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
                          **settings)
    document = schema.parse(done.stdout, "case") if done.stdout else None
    return done.returncode, document, done.stderr


def visits(tree, lane, variant, *options, **settings):
    return run(f"build/{lane}/sanitized/{variant}/storm", "visits", *options, cwd=tree,
               **settings)


def planted(what):
    """The line of the subject that carries that mark."""
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if f"planted: {what} " in line)


def places(finding):
    return [(s["function"], s["file"], s["line"]) for s in finding["sites"]]


def at(function, mark):
    return function, "targets/sanitized/planted.c", planted(mark)


# --- what is planted is found ---


def test_a_race_is_found_with_both_sites(tree):
    code, document, stderr = visits(tree, "tsan", "BUG_UNLOCKED")
    assert (code, document["lane"], document["verdict"]) == (0, "tsan", "CAUGHT")
    assert list(document["hits"]) == ["data_race"]
    finding, = document["findings"]
    assert finding["class"] == "data_race"
    assert places(finding) == [at("note_last", "race")] * 2
    assert {s["access"].rsplit(" by ")[0] for s in finding["sites"]} == {"write of size 8"}
    assert finding["count"] == document["hits"]["data_race"] >= 1
    assert document["first_hit_s"] > 0
    assert "WARNING: ThreadSanitizer: data race" in finding["report"]
    assert stderr.count("WARNING: ThreadSanitizer") == 1, "each kind of report once"


@pytest.mark.parametrize("variant, failure, kind, sites", [
    ("BUG_FREED_EARLY", "memory_error", "heap-use-after-free",
     [("use_freed", "use"), ("use_freed", "free")]),
    ("BUG_LEAKS", "memory_error", "leak", [("leak", "leak")]),
    ("BUG_OVERFLOWS", "undefined_behaviour", "signed integer overflow",
     [("plot_visit", "overflow")]),
    ("BUG_STRAYS", "crash", "SEGV", [("plot_visit", "stray")]),
])
def test_what_is_planted_for_asan(tree, variant, failure, kind, sites):
    code, document, _ = visits(tree, "asan", variant)
    assert (code, document["lane"], document["verdict"]) == (0, "asan", "CAUGHT")
    assert list(document["hits"]) == [failure]
    finding, = document["findings"]
    assert (finding["class"], finding["outcome"].split(":")[0]) == (failure, kind)
    assert places(finding) == [at(*site) for site in sites]
    assert finding["count"] == document["hits"][failure]


def test_a_crash_under_tsan_is_a_crash(tree):
    """And told to its end, though the detector allocates while it tells it."""
    _, document, stderr = visits(tree, "tsan", "BUG_STRAYS")
    assert list(document["hits"]) == ["crash"]
    assert places(document["findings"][0]) == [at("plot_visit", "stray")]
    assert "nested bug" not in stderr


@pytest.mark.parametrize("lane", sanitizer.LANES)
def test_the_fixed_subject_is_clean(tree, lane):
    code, document, stderr = visits(tree, lane, "fixed")
    assert (code, document["verdict"], document["hits"], document["findings"]) == (
        0, "CLEAN", {}, [])
    assert document["rounds"] > 0
    assert stderr == ""


def test_each_lane_promises_what_it_can_see(tree):
    """asan sees no race, tsan no overflow: there the variants are quiet, and none is due."""
    for lane, variant in [("asan", "BUG_UNLOCKED"), ("tsan", "BUG_OVERFLOWS")]:
        code, document, _ = visits(tree, lane, variant)
        assert (code, document["verdict"]) == (0, "QUIET_AS_EXPECTED")


def test_a_report_that_nobody_promised_is_a_failure(tree):
    code, document, _ = visits(tree, "tsan", "BUG_UNSAID")
    assert (code, document["verdict"]) == (1, "UNEXPECTED_HIT")
    assert list(document["hits"]) == ["data_race"]


def test_a_child_ends_at_its_sixteenth_report(tree):
    """Or a use in every round would be said millions of times."""
    _, document, _ = visits(tree, "asan", "BUG_FREED_EARLY", "--no-aim", "--children", "2",
                            "--until-hits", "1",
                            env=os.environ | {"ASAN_OPTIONS": "suppress_equal_pcs=0"})
    assert document["hits"] == {"memory_error": 16}
    assert len(document["findings"]) == 1


def test_until_hits_counts_reports(tree):
    _, document, _ = visits(tree, "tsan", "BUG_UNLOCKED", "--until-hits", "1", "--seconds", "60")
    assert document["seconds"] < 30


def test_a_race_within_the_engine_is_the_engines_failure(tree, tmp_path):
    """One that it had: the leader read what a follower had yet to write."""
    shutil.copytree(ROOT / "stress", tmp_path / "edited")
    block = tmp_path / "edited/engine/block.c"
    text = block.read_text(encoding="utf-8")
    waits = "wait_until(shop, &shop->through[a], k + 1);"
    assert text.count(waits) == 1
    block.write_text(text.replace(waits, ";"), encoding="utf-8")
    link_tree(tmp_path, tmp_path / "edited")
    shutil.copytree(ROOT / "build/tsan/obj", tmp_path / "build/tsan/obj")
    make(tmp_path, "build/tsan/sanitized/fixed/storm")
    code, document, _ = visits(tmp_path, "tsan", "fixed", "--seconds", "1")
    assert (code, document["verdict"]) == (2, "ENGINE_ERROR")
    assert list(document["hits"]) == ["engine_error"]
    assert {s["file"] for f in document["findings"] for s in f["sites"]} == {
        "stress/engine/block.c"}


# --- the poller ---


def listed(program):
    """By case: what this variant must show."""
    done = subprocess.run([program, "--list", "--json"], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    return {d["case"]: d["expected_failures"] for d in documents if "case" in d}


def test_the_fixed_poller_is_clean(poller):
    for case in listed(poller["fixed"]):
        code, document, _ = run(poller["fixed"], case)
        assert (code, document["verdict"], document["findings"]) == (0, "CLEAN", []), case


def test_plain_fields_are_reported_wherever_promised(poller):
    due = [case for case, failures in listed(poller[PLAIN]).items() if "data_race" in failures]
    assert due
    for case in due:
        code, document, _ = run(poller[PLAIN], case, "--until-hits", "1", "--seconds", "10")
        assert (code, document["verdict"]) == (0, "CAUGHT"), case
        for finding in document["findings"]:
            if finding["class"] == "data_race":
                # The detector may have forgotten the earlier access: no file.
                there = [s for s in finding["sites"] if s["file"]]
                assert there and all(s["file"].startswith("targets/poller/") and s["line"] > 0
                                     for s in there), finding


# Copies whole stacks, the red zones of their frames among it.
UNWATCHED = {"targets/sched/stack.c": 1}


def test_nothing_is_suppressed():
    """No report is kept from being made, neither by a file nor by an attribute, but where a
    stack is moved; and that is still needed."""
    silent = re.compile(r"default_suppressions|no_sanitize|suppressions=|__lsan_ignore|"
                        r"__lsan_disable|ANNOTATE_BENIGN|disable_sanitizer")
    for folder in ("targets", "stress"):
        for path in sorted((ROOT / folder).rglob("*.[chm]*")):
            lines = [line for line in path.read_text(encoding="utf-8").splitlines()
                     if silent.search(line)]
            assert len(lines) == UNWATCHED.get(str(path.relative_to(ROOT)), 0), (path, lines)
    assert not (ROOT / "ci/suppressions").exists()


def test_moving_a_stack_unwatched_is_still_needed(tmp_path):
    """Without the attribute the words between a frame's variables are reported, in that place."""
    for folder in ("targets", "stress"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (name,) = UNWATCHED
    path, test = tmp_path / name, ROOT / "tests/unit/sched_stack_test.c"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "no_sanitize" not in line),
                    encoding="utf-8")
    links = re.findall(r"^/\* links: (.*) \*/$", test.read_text(encoding="utf-8"), re.M)
    subprocess.run(["gcc", "-std=gnu11", "-O2", "-g", "-fsanitize=address", "-pthread",
                    "-fno-omit-frame-pointer", "-Wl,-z,now", "-I", "targets", "-I", "stress",
                    "-I", ROOT, "-o", "stack_test", test, *" ".join(links).split()],
                   cwd=tmp_path, check=True)
    ran = subprocess.run(["timeout", "100", "./stack_test"], cwd=tmp_path, text=True,
                         capture_output=True, errors="replace", check=False)
    assert ran.returncode not in (0, 124)
    assert "AddressSanitizer: stack-buffer" in ran.stderr and "copy_words" in ran.stderr


# --- programs that never begin ---

MAPPING = {
    "gcc": "FATAL: ThreadSanitizer: unexpected memory mapping 0x5d1fcd6f3000-0x5d1fcd6f4000\n",
    "clang": "==7==FATAL: ThreadSanitizer: unexpected memory mapping 0x5d1f-0x5d20\n",
}


@pytest.mark.parametrize("compiler", MAPPING)
def test_a_failed_start_says_what_to_do(tmp_path, compiler):
    """It exits with 66, as a race does elsewhere: the text decides."""
    program = tmp_path / "build/tsan/poller/fixed/storm"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\nprintf '{MAPPING[compiler]}' >&2\nexit 66\n")
    program.chmod(0o755)
    programs = storm.Programs(pathlib.Path("build"), "tsan", tmp_path)
    record = programs.run(storm.Order("poller", "fixed", "close_vs_block", 1.0, 1))
    assert (record["state"], record["exit"]) == ("engine_error", 66)
    assert "vm.mmap_rnd_bits=28" in record["reason"] and "setarch -R" in record["reason"]
    assert programs.list()[0]["state"] == "engine_error"


def test_a_start_without_room_is_an_engine_error(tree):
    """A real one: the address space is too small for the sanitizer's shadow."""
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    for lane in sanitizer.LANES:
        done = subprocess.run([f"build/{lane}/sanitized/fixed/storm", "--list"], cwd=tree,
                              capture_output=True, text=True, preexec_fn=limit, check=False)
        assert done.returncode not in (0, 1)
        assert sanitizer.start_error(done.stderr), done.stderr


def test_other_words_are_no_failed_start():
    assert sanitizer.start_error("") is None
    assert sanitizer.start_error("WARNING: ThreadSanitizer: data race (pid=1)\n") is None


# --- make ---


def test_asan_leaves_out_what_only_a_race_detector_sees():
    """And each lane is known to make: `make tsan` and `make asan`."""
    for lane, wanted in [("tsan", True), ("asan", False)]:
        plan = subprocess.run(["make", "-nB", "build", f"LANE={lane}"], cwd=ROOT, text=True,
                              capture_output=True, check=True).stdout
        assert f"build/{lane}/poller/fixed/storm" in plan
        assert ("+plain" in plan) == wanted
        make(ROOT, "-n", lane)
