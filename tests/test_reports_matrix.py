"""The matrix end to end, on pretended storm programs: one for each thing that can go wrong."""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from made_nights import night, row
from made_records import record, result
from reports import folder, history, judge, matrix, process, provenance, session, storm
from reports.subject import Subject

ROOT = Path(__file__).resolve().parent.parent
FAKE = Path(__file__).with_name("fakes") / "storm.py"
DUE = ["lost_wakeup"]


def expect(variant):
    """A case's expectation of a fake variant, by its name."""
    failure = "data_race" if "+plain" in variant else "lost_wakeup"
    models = {"BUG_A": ["tso", "c11"], "BUG_ARM": ["armv8"]}.get(variant, ["sc", "tso", "c11"])
    return {"variant": variant, "failure": failure, "models": models}


def make(root, **variants):
    """A build folder of fakes.

    variants: what each does (a word, or settings of its behaviour); "A_plain" stands for
    BUG_A+plain, other names but `fixed` get the BUG_ prefix.
    """
    names = {name: name if name == "fixed" else "BUG_" + name.replace("_", "+")
             for name in variants}
    promises = [expect(name) for name in reversed(names.values()) if name != "fixed"]
    for short, name in names.items():
        place = root / "build" / "native" / "toy" / name
        place.mkdir(parents=True)
        shutil.copy(FAKE, place / "storm")
        seen_here = "tso" in expect(name)["models"] and "+" not in name and name != "fixed"
        do = variants[short]
        settings = do if isinstance(do, dict) else {"do": do}
        (place / "behaviour.json").write_text(json.dumps(
            {"race": {"expect": promises, "expected": DUE if seen_here else [], **settings}}))
    return root


def rig(root, *options, seconds=1, **more):
    """Run the matrix as make storm does; returns the finished process."""
    command = [sys.executable, "-m", "pytest", "tests/test_matrix.py", "-p", "no:cacheprovider",
               f"--rig-build={root}/build", f"--rig-out={root}/out", f"--rig-seconds={seconds}",
               "--rig-seed=5", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, **more)


def verdicts(root):
    """Verdict by variant, as the run wrote them."""
    found = json.loads((root / "out" / "verdicts.json").read_text())
    return {row["variant"]: row["verdict"] for row in found["rows"]}


def test_a_good_run_from_end_to_end(tmp_path):
    done = rig(make(tmp_path, fixed="quiet", A="catch", WIDE="catch", ARM="quiet",
                    A_plain="catch"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(tmp_path) == {
        "fixed": "FIX_CONFIRMED", "BUG_A": "CAUGHT", "BUG_WIDE": "CAUGHT",
        "BUG_ARM": "QUIET_AS_EXPECTED"}
    run = folder.load(tmp_path / "out")
    assert run.complete and run.header["state"] == "complete"
    roles = {(s["variant"], s["role"]) for s in run.slices}
    assert roles == {("fixed", "clean"), ("BUG_A", "control"), ("BUG_WIDE", "buggy"),
                     ("BUG_ARM", "quiet")}
    turns = [s["variant"] for s in run.slices if s["role"] in ("control", "clean")]
    assert turns[:4] == ["BUG_A", "fixed", "BUG_A", "fixed"]
    again = [s["command"] for s in run.slices if s["variant"] == "BUG_A"][1]
    assert "--env" in again
    last = done.stdout.rstrip().split("\n")[-1]
    assert last.startswith("AS EXPECTED: 4 verdicts") and "--rig-seed" in last
    assert done.stdout.lstrip().startswith("verdict")
    for name in ("index.html", "junit.xml", "run.json"):
        assert (tmp_path / "out" / name).stat().st_size
    assert "\r" not in done.stdout and "\x1b" not in done.stdout


ENOUGH = {"do": "quiet", "seconds": judge.PROMISE_S}  # to say that nothing shows
BROKEN = {  # by variant: what it does, its verdict, its mark in JUnit
    "WIDE": ("wrong", "WRONG_CLASS", "failure"), "SILENT": (ENOUGH, "NOT_CAUGHT", "failure"),
    "ARM": ("catch", "UNEXPECTED_HIT", "failure"), "CRASHES": ("crash", "ENGINE_ERROR", "error"),
    "GARBLES": ("garbage", "ENGINE_ERROR", "error"),
    "FOREIGN": ("foreign", "ENGINE_ERROR", "error"),
    "NEWER": ("newer", "ENGINE_ERROR", "error"), "REFUSES": ("refuse", "ENGINE_ERROR", "error"),
    "FAILS": ("engine_error", "ENGINE_ERROR", "error"), "SKIPS": ("skip", "SKIPPED", "skipped"),
    "fixed": ("catch", "REFUTED", "failure"), "HANGS": ("hang", "ENGINE_ERROR", "error"),
}


@pytest.fixture(scope="module", name="broken_run")
def fixture_broken_run(tmp_path_factory):
    """One run of all that can be broken: (folder, finished process)."""
    root = tmp_path_factory.mktemp("broken")
    make(root, A="catch", **{name: do for name, (do, _, _) in BROKEN.items()})
    return root, rig(root, "--rig-grace=4", seconds=4)


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_subject_gets_its_verdict(broken_run, name):
    root, done = broken_run
    _, verdict, mark = BROKEN[name]
    variant = name if name == "fixed" else f"BUG_{name}"
    assert verdicts(root)[variant] == verdict, done.stdout + done.stderr
    cases = ElementTree.parse(root / "out" / "junit.xml").getroot().iter("testcase")
    marks = {c.get("name"): [e.tag for e in c if e.tag != "system-out"] for c in cases}
    assert marks[variant] == [mark]
    if mark != "skipped":
        assert f"toy/race {variant}: {verdict}" in done.stdout and "  replay: " in done.stdout


def test_engine_errors_decide_the_exit_code(broken_run):
    assert broken_run[1].returncode == 2
    assert broken_run[1].stdout.rstrip().split("\n")[-1].startswith("ENGINE ERROR: 13 verdicts")


def test_stderr_of_a_failure_is_kept(broken_run):
    out = broken_run[0] / "out"
    crashed = next(s for s in folder.load(out).slices if s["state"] == "crash")
    assert "about to crash" in (out / crashed["stderr"]).read_text()


def test_a_hang_is_killed_with_its_children_and_is_a_timeout(broken_run):
    root, _ = broken_run
    slices = [s for s in folder.load(root / "out").slices if s["variant"] == "BUG_HANGS"]
    assert slices[0]["state"] == "timeout" and slices[0]["wall_s"] < 60
    alive = subprocess.run(["pgrep", "-f", f"{root}/build/native/toy/BUG_HANGS"],
                           capture_output=True, text=True)
    assert alive.stdout == ""


def test_a_fix_outside_the_controls_window_is_inconclusive(tmp_path):
    done = rig(make(tmp_path, fixed="far", A="catch"))
    assert verdicts(tmp_path)["fixed"] == "INCONCLUSIVE" and done.returncode == 3
    assert "near misses below half" in done.stdout


def test_a_program_that_cannot_list_is_an_engine_error(tmp_path):
    make(tmp_path, fixed="quiet", A="catch", WIDE="catch")
    place = tmp_path / "build" / "native" / "toy" / "BUG_WIDE" / "behaviour.json"
    place.write_text('{"*": {}}')
    assert rig(tmp_path).returncode == 2
    assert verdicts(tmp_path)["BUG_WIDE"] == "ENGINE_ERROR"


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_a_valid_folder_that_says_so(tmp_path, number, code):
    make(tmp_path, fixed={"do": "quiet", "sleep": 30}, A={"do": "catch", "sleep": 30})
    command = [sys.executable, "-m", "pytest", "tests/test_matrix.py", "-p", "no:cacheprovider",
               f"--rig-build={tmp_path}/build", f"--rig-out={tmp_path}/out"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    wait_for(f"{tmp_path}.*--case")
    running.send_signal(number)
    text, _ = running.communicate(timeout=90)
    assert running.returncode == code
    run = folder.load(tmp_path / "out")
    assert run.header["state"] == "interrupted" and not run.complete
    assert text.rstrip().split("\n")[-1].startswith("NOT AS EXPECTED (interrupted)")
    wait_for(f"{tmp_path}.*--case", there=False)  # what is killed takes a moment to go


@pytest.mark.parametrize("room, code", [(1_000, 64), (150_000, 2)])
def test_a_full_disk_is_one_line(tmp_path, room, code):
    """At the start, and in the middle of the run."""
    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    big = {"do": "catch", "pad": 100_000}
    done = rig(make(tmp_path, fixed="quiet", A=big, WIDE=big), preexec_fn=no_room)
    said = done.stdout + done.stderr
    assert done.returncode == code
    assert "cannot write" in said and "Traceback" not in said and "INTERNAL" not in said
    if room > 1_000:
        assert folder.load(tmp_path / "out").header["state"] != "complete"


def test_a_killed_run_still_loads_and_is_no_pass(tmp_path):
    make(tmp_path, fixed={"do": "quiet", "sleep": 30}, A="catch")
    command = [sys.executable, "-m", "pytest", "tests/test_matrix.py", "-p", "no:cacheprovider",
               f"--rig-build={tmp_path}/build", f"--rig-out={tmp_path}/out"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for(f"{tmp_path}/build/native/toy/fixed/storm --case")
    running.kill()
    running.wait()
    left = subprocess.run(["pgrep", "-f", f"{tmp_path}/build/native/toy/fixed/storm"],
                          capture_output=True, text=True, check=True)
    for pid in left.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    run = folder.load(tmp_path / "out")
    assert run.header["state"] == "running" and len(run.slices) == 1 and not run.complete
    assert session.graded(run)["exit"] == 1


def wait_for(pattern, there=True):
    """Wait until a process whose command line matches is there, or none is."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        found = subprocess.run(["pgrep", "-f", pattern], capture_output=True).stdout
        if bool(found) == there:
            return
        time.sleep(0.05)
    pytest.fail(f'{"no" if there else "still a"} process {pattern}')


def test_a_case_without_a_due_variant_fails(tmp_path):
    done = rig(make(tmp_path, fixed="quiet", ARM="quiet"))
    assert verdicts(tmp_path)["fixed"] == "CLEAN" and done.returncode == 1
    assert "no variant of it is caught on this hardware" in done.stdout


@pytest.mark.parametrize("do, verdict, code", [
    ("skip", "SKIPPED", 1), ("crash", "ENGINE_ERROR", 2)])
def test_without_a_living_control_the_fix_is_not_confirmed(tmp_path, do, verdict, code):
    done = rig(make(tmp_path, fixed="quiet", A=do))
    assert verdicts(tmp_path) == {"fixed": "INCONCLUSIVE", "BUG_A": verdict}
    assert done.returncode == code and f"not reproduced ({verdict})" in done.stdout


def test_selecting_a_variant_runs_it_alone(tmp_path):
    make(tmp_path, fixed="quiet", A="catch", WIDE="catch")
    assert rig(tmp_path, "--rig-variant=BUG_WIDE").returncode == 0
    assert verdicts(tmp_path) == {"BUG_WIDE": "CAUGHT"}


@pytest.mark.parametrize("options, text", [
    (["--rig-case=nonsense"], "select nothing"), (["--rig-seed=many"], "no whole number"),
    (["--rig-seconds=-1"], "over 0"), (["--rig-seconds=soon"], "no number"),
    (["--rig-lane=vax"], "make build LANE=vax"), (["--rig-out=README.md/x"], "cannot write")])
def test_wrong_use_is_refused_in_one_line(tmp_path, options, text):
    make(tmp_path, fixed="quiet", A="catch")
    (tmp_path / "file").write_text("")
    options = [o.replace("README.md", str(tmp_path / "file")) for o in options]
    done = rig(tmp_path, *options)
    assert done.returncode == 64
    assert text in done.stdout + done.stderr


def test_a_foreign_folder_is_not_overwritten(tmp_path):
    make(tmp_path, fixed="quiet", A="catch")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("dear")
    assert rig(tmp_path).returncode == 64
    assert (tmp_path / "out" / "thesis.tex").read_text() == "dear"


def test_plain_test_runs_do_not_see_the_matrix():
    done = subprocess.run([sys.executable, "-m", "pytest", "tests", "--collect-only", "-q",
                           "-p", "no:cacheprovider"], cwd=ROOT, capture_output=True, text=True)
    assert "test_stats.py" in done.stdout and "test_matrix" not in done.stdout


@pytest.mark.parametrize("rate_s, seconds, verdict", [
    (1000, 3.0, "NOT_CAUGHT"), (0.1, judge.PROMISE_S, "INCONCLUSIVE")])
def test_a_silent_variant_is_judged_by_its_rate_in_the_nights_before(tmp_path, rate_s, seconds,
                                                                     verdict):
    facts = {"machine_class": provenance.machine_class(provenance.cpu())}
    there = history.History(tmp_path / "h")
    for n in range(20):
        there.import_run(night(tmp_path / "runs", n, [
            row("BUG_RARE", hits=int(30 * rate_s) + n % 2, seconds=30.0)], facts=facts))
    make(tmp_path, fixed="quiet", A="catch", RARE={"do": "quiet", "seconds": seconds})
    done = rig(tmp_path, f"--rig-history={tmp_path}/h", "--rig-variant=BUG_A,BUG_RARE")
    assert verdicts(tmp_path) == {"BUG_A": "CAUGHT", "BUG_RARE": verdict}, done.stdout + done.stderr
    assert done.returncode == (1 if verdict == "NOT_CAUGHT" else 3)
    plan = folder.load(tmp_path / "out").header["planned"]
    assert [p["variant"] for p in plan if "due_s" in p] == ["BUG_RARE"]
    none = rig(tmp_path, f"--rig-history={tmp_path}/none")
    assert none.returncode == 64 and "does not exist" in none.stderr + none.stdout


def test_pins_and_placement_are_handed_through():
    programs = storm.Programs(Path("build"), "native", ROOT, "core:0", "l2")
    words = programs.command(storm.Order("toy", "fixed", "race", 1.5, 9, env="a b"))
    assert words == ["build/native/toy/fixed/storm", "--case", "race", "--seconds", "1.5",
                     "--seed", "9", "--patience", "9", "--pin", "core:0", "--placement", "l2",
                     "--env", "a b", "--json"]


def test_seeds_differ_by_slice_and_repeat_by_run():
    seeds = [storm.seed_of(5, "toy", "race", v, n) for v in ("a", "b") for n in (0, 1)]
    assert len(set(seeds)) == 4 and seeds[0] == storm.seed_of(5, "toy", "race", "a", 0)
    assert all(0 <= seed < 2 ** 63 for seed in seeds)


def test_what_a_quick_item_saves_the_others_get():
    plan = [matrix.Item("buggy", "toy", str(n), None, ("BUG_A",)) for n in range(10)]
    plan.append(matrix.Item("race", "toy", "race", "BUG_A", ("fixed",)))
    budget = matrix.Budget(8.0, plan)
    for item in plan[:-1]:
        assert budget.share(item) <= 5.1
    assert budget.share(plan[-1]) == pytest.approx(8.0 * (1 - matrix.BY_NEED), abs=0.5)
    assert matrix.Budget(0.001, plan).share(plan[0]) == matrix.SHORTEST_S


def test_the_hardest_due_variant_is_the_control():
    both = [expect("BUG_WIDE"), expect("BUG_A")]
    assert matrix.choose_control(["BUG_WIDE", "BUG_A"], both) == "BUG_A"
    assert matrix.choose_control([], both) is None


def test_where_a_clean_variant_goes_next():
    """Its own place once that counts; else the control's and anew by turns."""
    def subject(variant, *results):
        return Subject("toy", "race", variant, "native", slices=[
            record(variant, made=made) for made in results])
    control = subject("BUG_A", result("BUG_A", hits=500, env="theirs"))
    far, near = result("fixed", near=1, env="far"), result("fixed", env="mine")
    assert matrix.clean_env(control, subject("fixed")) is None
    assert matrix.clean_env(control, subject("fixed", far)) == "theirs"
    assert matrix.clean_env(control, subject("fixed", far, far)) is None
    assert matrix.clean_env(control, subject("fixed", near, far)) == "mine"
    blind = subject("BUG_A", result("BUG_A", hits=500, near=0, env="theirs"))
    assert matrix.clean_env(blind, subject("fixed")) == "theirs"


def test_groups_that_a_program_opened_are_killed_with_it(tmp_path):
    script = "import os, time\nif not os.fork(): os.setpgid(0, 0)\ntime.sleep(50)"
    ended = process.run([sys.executable, "-c", script, str(tmp_path)], 0.7)
    assert ended.exit is None and ended.wall_s < 10
    alive = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True)
    assert alive.stdout == ""
