"""Progress of a matrix, on a terminal and without; and its time, shared by need."""
import io
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from made_records import result
from reports import folder, judge, matrix, progress
from test_reports_matrix import ROOT, make, rig
from test_reports_overtime import Script, raced, steady, verdict


def state(**more):
    """A state in the middle of a run."""
    made = progress.State(120, 10)
    vars(made).update({"done": 4, "hits": 12345, "caught": 3, "doing": "toy/race", **more})
    return made


def test_a_line_tells_it_all():
    made = state(start=time.monotonic() - 50, in_doubt=2)
    assert made.line() == ("0:50 of 2:00  4/10 done, 3 caught, 0 confirmed, 2 in doubt, 12,345 "
                           "hits  toy/race")
    assert progress.clock(3725) == "1:02:05"


def test_verdicts_are_counted_and_the_last_ones_kept():
    made = state(caught=0)
    rows = [{"verdict": v, "target": "t", "case": "c", "variant": f"V{n}", "hits": {}}
            for n, v in enumerate(["CAUGHT", "FIX_CONFIRMED", "REFUTED", "CAUGHT"])]
    made.note(rows)
    assert (made.caught, made.proven) == (2, 1)
    assert len(made.last) == progress.REMEMBERED and made.last[-2].startswith("✘ t/c V2 REFUTED")


def test_plain_lines_come_now_and_then(monkeypatch):
    out, now = io.StringIO(), [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    shown = progress.Progress(None, out)
    shown.tick()
    shown.state = state()
    for n in range(100):
        now[0] = n
        shown.tick()
    lines = out.getvalue().splitlines()
    assert len(lines) == 6 and all("4/10 done" in line and "\x1b" not in line for line in lines)
    shown.stop()


def on_a_terminal(root, *options, stop=None):
    """Run the matrix on a terminal: (exit status, all that it wrote); stop: a text to end it at."""
    pid, master = pty.fork()
    if not pid:
        os.chdir(ROOT)
        os.environ.update(COLUMNS="120", LINES="30", TERM="xterm")
        os.execv(sys.executable, [
            sys.executable, "-m", "pytest", "tests/test_matrix.py", "-p", "no:cacheprovider",
            f"--rig-build={root}/build", f"--rig-out={root}/out", "--rig-seed=5", *options])
    text, end = "", time.monotonic() + 240
    while time.monotonic() < end:
        if select.select([master], [], [], 1)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            text += data.decode("utf-8", "replace")
            if stop and stop in text:
                os.kill(pid, signal.SIGINT)
                stop = None
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status, text


def test_a_terminal_shows_what_runs_and_what_is_left(tmp_path):
    status, text = on_a_terminal(make(tmp_path, fixed="quiet", A="catch", WIDE="catch"),
                                 "--rig-time=2s")
    assert status == 0, text
    for shown in ("of 0:02", "left", "toy/race", " of 2: ", "caught", "runs", "hits"):
        assert shown in text, shown
    assert "AS EXPECTED: 3 verdicts" in text


def test_ctrl_c_leaves_a_valid_run_that_says_so(tmp_path):
    status, text = on_a_terminal(make(tmp_path, fixed="quiet", A="catch", HANGS="hang"),
                                 "--rig-time=2m", stop="toy/race-BUG_HANGS")
    assert status == 130, text
    run = folder.load(tmp_path / "out")
    assert run.header["state"] == "interrupted" and not run.complete
    assert "NOT AS EXPECTED (interrupted)" in text and (tmp_path / "out" / "index.html").exists()


@pytest.mark.parametrize("text, seconds", [("1s", 1), ("0.05m", 3)])
def test_a_time_with_its_unit(tmp_path, text, seconds):
    done = rig(make(tmp_path, fixed="quiet", A="catch"), f"--rig-time={text}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert folder.load(tmp_path / "out").header["options"]["seconds"] == seconds


@pytest.mark.parametrize("text", ["5", "5 m", "1d", "-3s", "0s"])
def test_a_time_without_its_unit_is_refused(tmp_path, text):
    done = rig(make(tmp_path, fixed="quiet"), f"--rig-time={text}")
    assert done.returncode == 64 and "time" in done.stdout + done.stderr


def test_make_hands_a_time_on():
    done = subprocess.run(["make", "-n", "storm", "TIME=30s"], cwd=ROOT, capture_output=True,
                          text=True)
    assert "--rig-time 30s" in done.stdout




def test_controls_without_their_hits_come_first_then_the_least_lacking(monkeypatch):
    faint = {"hits": 0}
    starved = Script(monkeypatch, steady, lambda n: result("fixed", rounds=3000, near=60, blocks=6))
    runner, first = raced(starved)
    hungry = Script(monkeypatch, steady, lambda n: result("fixed", rounds=500, near=10, blocks=1))
    _, second = raced(hungry)
    dim = Script(monkeypatch, lambda n: result("BUG_A", hits=0, per_child=None) if n else result(
        "BUG_A", **{**faint, "hits": 0}), lambda n: result("fixed"))
    _, third = raced(dim)
    assert first.need_s() < second.need_s()
    order = sorted([second, first, third], key=matrix.Race.turn_first)
    assert order == [third, first, second]


def test_what_is_left_goes_to_who_lacks_and_ends_with_the_proof(monkeypatch):
    script = Script(monkeypatch, steady, lambda n: result("fixed", rounds=500, near=10, blocks=1))
    runner, race = raced(script)
    assert verdict(race) == "INCONCLUSIVE"
    begun, start = [], script.now
    runner.by_need(script.now + 100, begun.append)
    assert begun and script.now <= start + 110
    script.made["fixed"] = lambda n: result("fixed")
    runner.by_need(script.now + 100, begun.append)
    assert verdict(race) == "FIX_CONFIRMED" and runner.in_doubt() == []
    before = script.now
    runner.by_need(script.now + 100, begun.append)
    assert script.now == before
    assert judge.lacking(race.clean[0], race.control) is None


def test_a_share_is_kept_back_for_need(monkeypatch):
    monkeypatch.setattr(matrix.time, "monotonic", lambda: 0.0)
    races = [matrix.Item("race", "toy", f"r{n}", "BUG_A", ("fixed",)) for n in range(10)]
    budget = matrix.Budget(100, races)
    assert sum(budget.share(item) for item in races[:1]) == pytest.approx(100 * (1 - .25) / 10)
    assert matrix.Budget(100, races[:1]).reserve == 0
