"""Overtime: races that lack exposure go on for a while, by a clock that the test turns."""
import dataclasses
import json
import math

import pytest

from made_records import LISTS, child, record, result
from reports import folder, judge, matrix, table
from reports.subject import Subject
from test_reports_matrix import make, rig, verdicts


class Script:
    """Programs that cost the time ordered and give what the test says."""

    def __init__(self, monkeypatch, control, fixed):
        """control, fixed: (number of the slice) -> "case" document."""
        self.now, self.made = 0.0, {"BUG_A": control, "fixed": fixed}
        monkeypatch.setattr(matrix.time, "monotonic", lambda: self.now)

    def run(self, order):
        """A slice record; the clock goes on."""
        self.now += order.seconds
        made = self.made[order.variant](order.slice)
        return record(order.variant, order.role, number=order.slice, made=made)


def steady(number):
    """A control's slice: hits enough in every child."""
    return result("BUG_A", hits=500)


def slow(number):
    """A clean slice of next to no exposure."""
    return result("fixed", rounds=500, near=10, blocks=1)


def raced(script, seconds=6.0):
    """(runner, race) after the planned time."""
    kept = []
    runner = matrix.Runner(script, LISTS, 5, kept.append)
    item = matrix.Item("race", "toy", "race", "BUG_A", ("fixed",))
    runner.run(item, seconds)
    assert all(record["result"] for record in kept)
    return runner, runner.races[item.name]


def verdict(race):
    """Of the fixed variant."""
    return judge.judge_clean(race.clean[0], race.control, True)[0]


def test_a_starved_race_goes_on_where_it_stopped(monkeypatch):
    script = Script(monkeypatch, steady, lambda n: slow(n) if n < 8 else result("fixed"))
    runner, race = raced(script)
    before = list(race.clean[0].slices)
    assert verdict(race) == "INCONCLUSIVE" and runner.in_doubt() == [race]
    script.made["fixed"] = lambda n: result("fixed")
    assert runner.overtime(3.0) == [race]
    assert verdict(race) == "FIX_CONFIRMED" and runner.in_doubt() == []
    assert race.clean[0].slices[:len(before)] == before
    numbers = [s["slice"] for s in race.clean[0].slices]
    assert numbers == list(range(len(numbers)))


def test_children_that_a_control_lacks_are_made_up_for(monkeypatch):
    few = [child(hits=500)] * 4
    script = Script(monkeypatch, lambda n: result("BUG_A", per_child=few),
                    lambda n: result("fixed"))
    runner, race = raced(script)
    assert "children" in judge.judge_clean(race.clean[0], race.control, True)[1]
    runner.overtime(3.0)
    assert verdict(race) == "FIX_CONFIRMED"


def test_overtime_ends_and_doubt_stays_doubt(monkeypatch):
    script = Script(monkeypatch, steady, slow)
    runner, race = raced(script)
    start, turns = script.now, race.turns
    runner.overtime(3.0)
    assert 3.0 <= script.now - start <= 3.0 + 2 * 1.2  # a turn that has begun is ended
    assert race.turns > turns and verdict(race) == "INCONCLUSIVE"


def test_a_hit_in_overtime_refutes_and_is_never_run_again(monkeypatch):
    script = Script(monkeypatch, steady, slow)
    runner, race = raced(script)
    script.made["fixed"] = lambda n: result("fixed", hits=1)
    runner.overtime(3.0)
    assert verdict(race) == "REFUTED" and runner.in_doubt() == []
    slices = len(race.clean[0].slices)
    script.made["fixed"] = lambda n: result("fixed")
    assert runner.overtime(100.0) == [] and len(race.clean[0].slices) == slices


@pytest.mark.parametrize("control, fixed", [
    (steady, lambda n: result("fixed")),                            # confirmed
    (steady, lambda n: result("fixed", hits=1)),                    # refuted
    (lambda n: {**result("BUG_A"), "cpu_s": 99.0}, slow),            # control not caught
    (steady, lambda n: result("fixed", hits=1, failure="timeout")),  # no evidence
])
def test_what_more_time_cannot_mend_gets_none(monkeypatch, control, fixed):
    runner, _ = raced(Script(monkeypatch, control, fixed))
    assert runner.overtime(100.0) == []


def test_the_worst_comes_last_and_gets_what_the_others_save(monkeypatch):
    runner, first = raced(Script(monkeypatch, steady, slow))
    needs = {"a": 3.0, "b": math.inf, "c": 1.5}
    for name, need in needs.items():
        race = dataclasses.replace(first, item=dataclasses.replace(first.item, case=name))
        race.lacking = lambda need=need: need
        runner.races[race.item.name] = race
    del runner.races[first.item.name]
    monkeypatch.setattr(matrix.Race, "lacking", lambda race: race.lacking())
    monkeypatch.setattr(matrix.time, "monotonic", lambda: 0.0)
    given, begun = [], []
    runner.turns = lambda race, seconds: given.append(seconds)
    runner.overtime(9.0, lambda race: begun.append(race.item.case))
    assert begun == ["c", "a", "b"]
    assert given == [3.0, 4.5, 9.0]  # the clock stands still: each saved all of its share


def test_without_a_control_one_slice_has_all_the_time(monkeypatch):
    script = Script(monkeypatch, steady, lambda n: result("fixed"))
    runner = matrix.Runner(script, LISTS, 5, lambda record: None)
    alone = matrix.Item("race", "toy", "race", None, ("fixed",))
    control, clean = runner.run(alone, 4.0)
    assert control is None and len(clean[0].slices) == 1 and script.now == 4.0
    assert runner.overtime(9.0) == []
    assert alone.weight == matrix.ALONE < matrix.WEIGHT["race"]


def test_how_much_is_lacking():
    def subject(variant, *made):
        return Subject("toy", "race", variant, "native", listed=next(
            d for d in LISTS if d["variant"] == variant), slices=[
                record(variant, made=m) for m in made])
    control = subject("BUG_A", result("BUG_A", hits=500))
    assert judge.lacking(subject("fixed", result("fixed")), control) is None
    assert judge.lacking(subject("fixed", result("fixed")), None) is None
    assert judge.lacking(subject("fixed", result("fixed", children=5)), control) == 4.0
    assert judge.lacking(subject("fixed", result("fixed", near=1)), control) == math.inf
    assert judge.lacking(subject("fixed"), control) is None  # lost


def test_a_late_race_is_confirmed_in_overtime_and_the_last_line_says_so(tmp_path):
    make(tmp_path, fixed={"do": "quiet", "late": 2, "sleep": 0.6}, A={"do": "catch", "sleep": 0.6})
    done = rig(tmp_path, seconds=1)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(tmp_path) == {"fixed": "FIX_CONFIRMED", "BUG_A": "CAUGHT"}
    last = done.stdout.rstrip().split("\n")[-1]
    assert "s of overtime for 1 race in doubt; replay" in last
    run = folder.load(tmp_path / "out")
    assert run.header["options"]["overtime"]["races"] == ["toy/race"]
    assert [s["slice"] for s in run.slices if s["variant"] == "fixed"] == [0, 1, 2]
    assert "1 race in doubt" in (tmp_path / "out" / "index.html").read_text()


def test_a_selection_by_name_has_its_overtime_too(tmp_path):
    make(tmp_path, fixed={"do": "quiet", "late": 99, "sleep": 0.6}, A={"do": "catch", "sleep": 0.6})
    done = rig(tmp_path, "-k", "toy/race", seconds=1)
    assert done.returncode == 3 and verdicts(tmp_path)["fixed"] == "INCONCLUSIVE"
    assert "NOT ALL SHOWN" in done.stdout and "for 1 race in doubt, 1 still are;" in done.stdout
    assert len(json.loads((tmp_path / "out" / "run.json").read_text())["planned"]) == 2


def hushed(script, seconds=1.0, due_s=None):
    """(runner, promise) of a due variant that is silent in its share of the time."""
    runner = matrix.Runner(script, LISTS, 5, lambda record: None)
    item = matrix.Item("buggy", "toy", "race", None, ("BUG_A",), due_s)
    runner.run(item, seconds)
    return runner, runner.promises[item.name]


def lasting(script, hits=0, seconds=None):
    """What a slice gives that runs as long as it is told, or so long."""
    return lambda n: {**result("BUG_A", hits=hits), "seconds": seconds or script.lasted}


class Timed(Script):
    """A script that knows how long its last order was."""

    def run(self, order):
        self.lasted = order.seconds
        return super().run(order)


def test_a_silent_variant_goes_on_until_it_shows_or_its_silence_counts(monkeypatch):
    script = Timed(monkeypatch, None, None)
    script.made["BUG_A"] = lasting(script)
    runner, promise = hushed(script)
    assert judge.judge_buggy(promise.subject, True)[0] == "INCONCLUSIVE"
    assert runner.in_doubt() == [promise] and promise.lacking() == judge.PROMISE_S
    runner.by_need(script.now + 100)
    assert judge.judge_buggy(promise.subject, True)[0] == "NOT_CAUGHT"
    assert promise.subject.total("seconds") == pytest.approx(judge.PROMISE_S, abs=0.5)
    lengths = [s["result"]["seconds"] for s in promise.subject.slices]
    assert lengths[:3] == pytest.approx([1, 1, 2])  # first as long again as it had
    assert runner.in_doubt() == [] and runner.overtime(9.0) == []


def test_one_whose_rate_makes_its_silence_count_goes_on_as_long_as_others(monkeypatch):
    script = Timed(monkeypatch, None, None)
    script.made["BUG_A"] = lasting(script)
    runner, promise = hushed(script, due_s=0.05)
    assert judge.judge_buggy(promise.subject, True)[0] == "NOT_CAUGHT"
    assert runner.in_doubt() == [promise] and judge.unshown(promise.subject) is None
    script.made["BUG_A"] = lasting(script, hits=1)
    runner.by_need(script.now + 100)
    assert judge.judge_buggy(promise.subject, True)[0] == "CAUGHT" and not runner.in_doubt()


def test_a_variant_that_shows_late_is_caught_and_a_short_one_stays_in_doubt(monkeypatch):
    script = Timed(monkeypatch, None, None)
    script.made["BUG_A"] = lasting(script)
    runner, promise = hushed(script)
    assert runner.overtime(2.0) == [promise] and runner.in_doubt() == [promise]
    assert len(promise.subject.slices) == 2
    script.made["BUG_A"] = lasting(script, hits=1)
    runner.overtime(2.0)
    assert judge.judge_buggy(promise.subject, True)[0] == "CAUGHT" and not runner.in_doubt()


def test_what_must_stay_quiet_is_left_out_where_time_is_short_and_nothing_else():
    plan = [matrix.Item("quiet", "toy", f"q{n}", None, ("BUG_ARM",)) for n in range(20)]
    plan += [matrix.Item("buggy", "toy", f"b{n}", None, ("BUG_A",)) for n in range(20)]
    plan += [matrix.Item("race", "toy", f"r{n}", None, ("fixed",)) for n in range(20)]
    floor = matrix.SHORTEST_S + matrix.START_S
    assert matrix.Budget(60.5 * floor, plan, 1).left_out == set()
    some = [matrix.Budget(50.5 * floor, plan, seed).left_out for seed in (1, 2)]
    assert [len(names) for names in some] == [10, 10] and some[0] != some[1]
    none = matrix.Budget(0.1, plan, 1)
    assert none.left_out == {item.name for item in plan[:20]}
    assert none.share(plan[20]) == matrix.SHORTEST_S
    slow = matrix.Budget(60.5 * floor, plan, 1, slow=4.0)
    assert len(slow.left_out) == 20


def test_what_is_left_out_says_so_and_is_no_pass(tmp_path):
    root = make(tmp_path, fixed="quiet", A="catch", ARM="quiet")
    done = rig(root, seconds=0.5)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(tmp_path)["BUG_ARM"] == "SKIPPED"
    assert "BUG_ARM: skipped: not run for want of time" in done.stdout
    assert "1 SKIPPED" in done.stdout.rstrip().split("\n")[-1]
    assert not (tmp_path / "build/native/toy/BUG_ARM/storm.calls").exists()


def test_no_overtime_no_word():
    assert table.overtime({"options": {}}) == "" and table.overtime({}) == ""
    done = {"seconds": 3.2, "races": ["toy/a", "toy/b-BUG_A", "toy/b-BUG_B"],
            "still_in_doubt": ["toy/a"]}
    assert table.overtime({"options": {"overtime": done}}) == (
        ", 3 s of overtime for 1 race and 2 silent variants in doubt, 1 still are")
