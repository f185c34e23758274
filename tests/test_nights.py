"""Tonight against the nights before, two runs, a machine and its peers: what is said, and when."""
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from made_nights import START, night, row
from made_records import explored, race, record, result, write_run
from reports import history, nights, trends

ROOT = Path(__file__).resolve().parent.parent
RNG = np.random.default_rng(20)


def reports(*words):
    """Run `python3 -m reports`."""
    return subprocess.run([sys.executable, "-m", "reports", *map(str, words)], cwd=ROOT,
                          capture_output=True, text=True, timeout=180)


def steady(number, factor=1.0, lanes=6, **more):
    """Rows of a night: lanes of different rates that vary by 10 %; the first by `factor`."""
    rng = np.random.default_rng(number)
    rates = 200 * rng.gamma(100, 0.01, lanes) * np.array([factor] + [1] * (lanes - 1))
    return [row(case=f"c{i}", hits=int(rng.poisson(rate)),
                rounds_s=float(5e6 * rng.lognormal(0, 0.02)), **more)
            for i, rate in enumerate(rates)]


@pytest.fixture(name="there")
def fixture_there(tmp_path):
    """A history of thirty steady nights, and a function that adds and judges a night."""
    made = history.History(tmp_path / "h.sqlite")
    for n in range(30):
        made.import_run(night(tmp_path / "runs", n, steady(n)))

    def add(number, rows, now=0, **more):
        path = night(tmp_path / "runs", number, rows, **more)
        made.import_run(path)
        return nights.judge(made, path.name, START + timedelta(days=number + now))
    return made, add


def test_steady_nights_are_steady(there):
    _, add = there
    for n in range(30, 36):
        found = add(n, steady(n))
        assert not found.red and found.compared == 12
        assert nights.lines(found)[-1].startswith("STEADY")


def test_a_fall_by_half_is_reported_once_with_what_changed(there):
    made, add = there
    said = []
    for n in range(30, 38):
        found = add(n, steady(n, 0.5), facts={"kernel": "6.5", "cpu": {"model": "toy",
                                                                       "microcode": "0x2"}})
        said.append([line for line in nights.lines(found) if line.startswith("✘")])
    reported = [line for lines in said for line in lines]
    assert len(reported) == 1 and any(said[:5])
    assert "toy/c0 BUG_A native all: hits a second fell" in reported[0]
    assert "kernel: 6.1 -> 6.5" in reported[0] and "cpu microcode: unknown -> 0x2" in reported[0]
    assert "since 2031-01-31" in reported[0]
    assert not nights.red(found, False) and nights.red(found, True)
    assert any("1 open from earlier nights" in line for line in nights.lines(found))
    again = nights.judge(made, next(r["found"] for r in made.rows("SELECT * FROM regressions")))
    assert len(again.found) == 1


def first_alarm(add, factor=0.2):
    """The number of the night that reports a fall."""
    for n in range(30, 36):
        if add(n, steady(n, factor)).found:
            return n
    raise AssertionError("no alarm")


def test_what_is_as_before_again_is_closed_and_may_be_reported_anew(there):
    _, add = there
    n = first_alarm(add) + 1
    closed = [found for m in range(n, n + 8) for found in [add(m, steady(m))] if found.closed]
    assert len(closed) == 1 and any("closed 1" in line for line in nights.lines(closed[0]))
    assert not add(n + 8, steady(n + 8)).open
    assert any(add(m, steady(m, 0.1)).found for m in range(n + 9, n + 14))


def test_an_acknowledgement_ends(there):
    made, add = there
    n = first_alarm(add) + 1
    until = (START + timedelta(days=n + 3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    nights.acknowledge(made, 1, until, "known", False)
    for m in range(n, n + 3):
        found = add(m, steady(m, 0.2))
        assert not found.red and not nights.red(found, True) and found.open
    found = add(n + 4, steady(n + 4, 0.2))
    assert found.red and "expired" in "\n".join(nights.lines(found))


def test_an_accepted_level_is_the_usual_one(there):
    made, add = there
    n = first_alarm(add) + 1
    nights.acknowledge(made, 1, "", "new compiler", True)
    for m in range(n, n + 16):
        assert not add(m, steady(m, 0.2)).red
    assert any(add(m, steady(m, 0.04)).found for m in range(n + 16, n + 21))


def test_a_slower_machine_is_reported(there):
    _, add = there
    slow = [{**r, "figures": {"rounds_s": r["figures"]["rounds_s"] * 0.7}} for r in steady(30)]
    lines = nights.lines(add(30, slow))
    assert sum("rounds_s fell" in line for line in lines) == 6


def test_a_silent_canary_turns_everything_red(there):
    _, add = there
    rows = steady(30)
    rows[2].update(verdict="NOT_CAUGHT", hits={}, counted={"hits": 0, "seconds": 9, "rounds": 9})
    found = add(30, rows)
    assert found.red and nights.lines(found)[-1].startswith("EVERYTHING RED")
    assert "✘ canary silent: toy/c2 BUG_A native all: no hit in 9 s" in "\n".join(
        nights.lines(found))


def hushed(number, seconds, verdict="INCONCLUSIVE", **more):
    """Rows of a night whose third canary had no hit in so many seconds."""
    rows = steady(number)
    rows[2].update(verdict=verdict, expected=False, hits={},
                   counted={"hits": 0, "seconds": seconds, "rounds": 9}, **more)
    return rows


@pytest.fixture(name="nightly")
def fixture_nightly(tmp_path):
    """Thirty nights of a canary, c0, at a rate; judges one in which it is silent."""
    def judged(rate_s, seconds, verdict="INCONCLUSIVE", earlier=30, **more):
        made = history.History(tmp_path / f"h{rate_s}-{seconds}-{earlier}")
        rng = np.random.default_rng(1)
        for n in range(earlier):
            made.import_run(night(tmp_path / "runs", n, [
                row(case="c0", hits=int(rng.poisson(30 * rate_s)), seconds=30.0)] + steady(n)[1:]))
        silent = row(case="c0", hits=0, seconds=seconds, verdict=verdict, expected=False, **more)
        made.import_run(night(tmp_path / "runs", earlier, [silent] + steady(earlier)[1:]))
        return nights.judge(made)
    return judged


def test_a_canary_that_hit_a_hundred_times_a_second_is_silent_after_three_seconds(nightly):
    found = nightly(100, 3.0)
    assert found.red and nights.lines(found)[-1].startswith("EVERYTHING RED")
    line, = found.canaries
    assert line.startswith("canary silent: toy/c0 BUG_A native all: no hit in 3 s; at its rate in "
                           "the nights before, 0.07")


def test_one_that_hit_every_ten_seconds_is_not(nightly):
    for verdict in ("INCONCLUSIVE", "NOT_CAUGHT"):  # whatever the constant says
        found = nightly(0.1, 3.0, verdict)
        assert not found.canaries and nights.lines(found)[-1].startswith("STEADY")
        assert "not shown: toy/c0 BUG_A native all: no hit in 3 s; at its rate" in found.unshown[0]


def test_without_nights_before_the_constant_stays(nightly):
    for earlier in (0, 9):
        assert nightly(100, 3.0, "NOT_CAUGHT", earlier).canaries == [
            "canary silent: toy/c0 BUG_A native all: NOT_CAUGHT"]
        found = nightly(100, 3.5, "INCONCLUSIVE", earlier)
        assert not found.canaries and found.unshown == ["not shown: toy/c0 BUG_A native all"]


def test_a_starved_night_is_no_silence(nightly):
    assert not nightly(100, 3.0, starved=True).canaries


def test_silence_lasts_until_there_is_a_hit_and_an_accepted_level_is_the_usual_one(there):
    made, add = there
    reds = [bool(add(n, hushed(n, 0.2)).canaries) for n in range(30, 50)]
    assert not reds[0] and all(reds[4:]) and reds == sorted(reds)
    assert not add(60, steady(60)).canaries
    for n in range(61, 80):
        add(n, steady(n, 0.001))
    rare = {**steady(80)[0], "verdict": "INCONCLUSIVE", "expected": False, "hits": {},
            "counted": {"hits": 0, "seconds": 1.0, "rounds": 9}}
    number, = [r["id"] for r in made.rows("SELECT * FROM regressions WHERE case_name = 'c0' AND "
                                          "figure = ?", (nights.RATE,))]
    nights.acknowledge(made, number, "", "known", True)
    assert not [line for line in add(80, [rare] + steady(80)[1:]).canaries if "c0" in line]


def test_a_canary_that_had_too_little_time_is_told_and_is_not_red(there):
    _, add = there
    found = add(30, hushed(30, 0.02))
    assert not found.red and nights.lines(found)[-1].startswith("STEADY")
    assert any("○ not shown: toy/c2 BUG_A native all" in line for line in nights.lines(found))


def test_a_missing_canary_and_a_cut_run_are_red(there):
    _, add = there
    found = add(30, steady(30)[1:])
    assert found.canaries == ["canary missing: toy/c0 BUG_A native all: in the night before, "
                              "not here"]
    assert add(31, steady(31), complete=False).problems


def test_what_the_explorer_found_is_kept_judged_and_shown(there, tmp_path):
    made, add = there

    def explores(number, *documents):
        path = night(tmp_path / "runs", number, steady(number))
        (path / "explore.jsonl").write_text("".join(json.dumps(d) + "\n" for d in documents))
        return add(number, steady(number))
    assert not explores(30, explored("sc"), explored("tso")).red
    silent = explored("tso", verdict="NOT_CAUGHT", hits={}, first_hit_execution=None,
                      exhausted=True, expected=False)
    found = explores(31, explored("sc"), silent)
    assert found.problems == ["explorer: toy/race BUG_A tso: NOT_CAUGHT"] and found.red
    shown = trends.explored(made, made.runs())
    assert [(r["cells"], r["caught"], r["unexpected"]) for r in shown["nights"]] == [
        (2, 2, 0), (2, 1, 1)]
    assert shown["changes"] == ["toy/race BUG_A tso: caught after 3 → not caught, exhausted"]
    page = trends.text(made)
    assert "The explorer" in page and "1 of its results changed" in page
    before = made.rows("SELECT * FROM explored ORDER BY run, model")
    assert made.import_run(tmp_path / "runs" / "night0031-m0-native") == "there"
    assert not history.rebuild(made.path, history.run_folders([tmp_path / "runs"]))
    assert [{**r, "run": 0} for r in before] == [
        {**r, "run": 0} for r in made.rows("SELECT * FROM explored ORDER BY run, model")]


def test_other_classes_lanes_and_few_nights_are_not_compared(there):
    _, add = there
    assert add(30, steady(30, 0.01), facts={"machine_class": "other"}).compared == 0
    found = add(31, steady(31, 0.01, lane="tsan"), lane="tsan")
    assert found.compared == 0 and "no figure has 10 nights" in nights.lines(found)[-1]


def test_the_exit_code_and_the_commands(tmp_path):
    db = tmp_path / "h.sqlite"
    for n in range(30):
        night(tmp_path / "runs", n, steady(n))
    assert reports("history", "compare", "--db", db).returncode == 2
    assert reports("history", "import", tmp_path / "runs", "--db", db).returncode == 0
    assert reports("history", "compare", "--db", db).returncode == 0
    bad = night(tmp_path / "bad", 30, steady(30, 0.1))
    done = reports("history", "compare", bad, "--db", db)
    assert done.returncode == 1 and done.stdout.count("✘ regression 1:") == 1
    done = reports("history", "ack", "1", "--until", "2w", "--note", "known", "--db", db)
    assert done.returncode == 0 and "acknowledged until" in done.stdout
    listed = reports("history", "list", "--db", db)
    assert "31 runs of 1 machines" in listed.stdout and "known" in listed.stdout
    for words, said in ((["ack"], "which regression"), (["ack", "7"], "no regression 7"),
                        (["ack", "1", "--until", "soon"], "no date"), (["peers"], "which machine"),
                        (["peers", "m9"], "no machine m9"), (["import"], "import which"),
                        (["import", tmp_path / "none"], "does not exist"),
                        (["sing"], "choose from")):
        done = reports("history", *words, "--db", db)
        assert done.returncode == 64 and said in done.stderr and done.stderr.count("\n") == 1


def test_a_machine_against_its_peers(tmp_path):
    there = history.History(tmp_path / "h")
    for m in range(14):
        for n in range(3):
            there.import_run(night(tmp_path / "runs", n, steady(100 * m + n, 0.2 if m == 5 else 1),
                                   machine=f"m{m}"))
    lines = nights.peers(there, "m5")
    assert len(lines) == 1 and "m5: toy/c0 BUG_A" in lines[0]
    assert nights.peers(there, "m6") == []
    there.import_run(night(tmp_path / "runs", 0, steady(1), machine="alone",
                           facts={"machine_class": "rare"}))
    assert "nothing can be said" in nights.peers(there, "alone")[0]


def test_two_runs(tmp_path):
    a = write_run(tmp_path / "a", race(), id="a")
    b = write_run(tmp_path / "b", race(control=result("BUG_A", hits=50)), id="b")
    head = json.loads((b / "run.json").read_text())
    head["provenance"]["kernel"] = "6.5"
    (b / "run.json").write_text(json.dumps(head))
    assert reports("compare", a, a).returncode == 0
    done = reports("compare", a, b)
    assert done.returncode == 1 and "fell to 0.1 times" in done.stdout
    assert "kernel: unknown -> 6.5" in done.stdout
    silent = write_run(tmp_path / "c", race(
        control={**result("BUG_A", hits=0), "cpu_s": 99.0}), id="c")
    done = reports("compare", a, silent)
    assert done.returncode == 1 and done.stdout.rstrip().split("\n")[-1].startswith(
        "EVERYTHING RED")
    soon = write_run(tmp_path / "f", race(control=result("BUG_A", hits=0)), id="f")
    done = reports("compare", a, soon)  # one run tells no rate of its own, but a change
    assert done.returncode == 1 and "BUG_A native all: CAUGHT became INCONCLUSIVE" in done.stdout
    refuted = write_run(tmp_path / "d", race(fixed=result("fixed", hits=1)), id="d")
    assert "FIX_CONFIRMED became REFUTED" in reports("compare", a, refuted).stdout
    half = write_run(tmp_path / "e", [record("BUG_A", "control", made=result("BUG_A", hits=500))],
                     plan=[{"target": "toy", "case": "race", "variant": "BUG_A",
                            "role": "control"}], id="e")
    done = reports("compare", a, half)
    assert done.returncode == 1 and "missing exposure" in done.stdout
