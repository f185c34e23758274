"""Grading: every verdict has a run that earns it, and each rule a run that breaks it."""
import pytest

from made_records import LISTS, RACE, child, listed, planned, race, record, result
from reports import grade, judge, sanitizer
from reports.subject import Subject


def graded(slices, plan=RACE, complete=True, whole=False):
    """Rows by variant, and the whole."""
    found = grade.grade(LISTS, slices, plan, complete, whole)
    return {row["variant"]: row for row in found["rows"]}, found


def verdict(variant, made, role="buggy", **more):
    """Verdict of one variant alone."""
    slices = [record(variant, role, made=made, **more)]
    rows, _ = graded(slices, planned((variant, role)))
    return rows[variant]


def test_a_promised_failure_is_caught():
    row = verdict("BUG_A", result("BUG_A", hits=3))
    assert row["verdict"] == "CAUGHT" and row["expected"]
    assert row["hits"] == {"lost_wakeup": 60} and row["first_hit_s"] == 0.002


def test_silence_of_a_due_variant_is_not_caught():
    row = verdict("BUG_A", {**result("BUG_A"), "seconds": judge.PROMISE_S})
    assert row["verdict"] == "NOT_CAUGHT" and not row["expected"]
    assert 0 < row["rate_upper"] < 1e-4


@pytest.mark.parametrize("lane, seconds, word", [
    ("native", judge.PROMISE_S, "NOT_CAUGHT"), ("native", judge.PROMISE_S - 0.1, "INCONCLUSIVE"),
    ("asan", judge.PROMISE_S, "INCONCLUSIVE"),
    ("asan", sanitizer.SLOWER * judge.PROMISE_S, "NOT_CAUGHT")])
def test_silence_counts_only_after_time_enough_to_be_caught(lane, seconds, word):
    subject = Subject("toy", "race", "BUG_A", lane, listed=LISTS[0], slices=[
        record("BUG_A", made={**result("BUG_A"), "seconds": seconds})])
    assert judge.judge_buggy(subject, True)[0] == word
    assert (judge.unshown(subject) is None) == (word == "NOT_CAUGHT")


@pytest.mark.parametrize("due, seconds, word", [
    (0.15, 0.2, "NOT_CAUGHT"), (0.25, 0.2, "INCONCLUSIVE"), (90.0, 2 * judge.PROMISE_S,
                                                             "INCONCLUSIVE")])
def test_silence_counts_by_a_known_rate_whatever_the_constant_says(due, seconds, word):
    plan = [{**planned(("BUG_A", "buggy"))[0], "due_s": due}]
    made = result("BUG_A", per_child=[{**child(), "seconds": seconds / 20} for _ in range(20)])
    rows, found = graded([record("BUG_A", made=made)], plan)
    assert rows["BUG_A"]["verdict"] == word
    assert f"{due:.3g} s that its rate in the nights before" in rows["BUG_A"]["reason"]
    assert found["exit"] == (1 if word == "NOT_CAUGHT" else grade.EXIT_UNSHOWN)


def test_what_only_lacks_time_is_neither_as_expected_nor_not():
    short = [record("BUG_A", made=result("BUG_A"))]
    plan = planned(("BUG_A", "buggy"))
    for whole in (False, True):
        rows, found = graded(short, plan, whole=whole)
        assert rows["BUG_A"]["short"] and not rows["BUG_A"]["expected"]
        assert (found["verdict"], found["exit"]) == ("NOT ALL SHOWN", 3) and not found["problems"]
    assert graded(short, plan, complete=False)[1]["exit"] == 1
    wrong = planned(("BUG_A", "buggy"), ("BUG_ARM", "quiet"))
    hit = record("BUG_ARM", "quiet", made=result("BUG_ARM", hits=1))
    assert graded(short + [hit], wrong)[1]["exit"] == 1
    lost = graded([], plan)
    assert not lost[0]["BUG_A"]["short"] and lost[1]["exit"] == 1


@pytest.mark.parametrize("failure", ["wedge", "timeout", "crash"])
def test_another_class_is_wrong_even_a_hang(failure):
    row = verdict("BUG_A", result("BUG_A", hits=1, failure=failure))
    assert (row["verdict"], row["failure"]) == ("WRONG_CLASS", failure)


def test_another_class_beside_the_promised_one_is_wrong():
    made = result("BUG_A", hits=1)
    made["hits"]["wedge"] = 2
    assert verdict("BUG_A", made)["verdict"] == "WRONG_CLASS"


def test_a_class_with_count_zero_is_no_hit():
    made = result("BUG_A", hits=1)
    made["hits"]["wedge"] = 0
    assert verdict("BUG_A", made)["verdict"] == "CAUGHT"


def test_quiet_where_the_hardware_cannot_show_it():
    assert verdict("BUG_ARM", result("BUG_ARM"), "quiet")["verdict"] == "QUIET_AS_EXPECTED"
    row = verdict("BUG_ARM", result("BUG_ARM", hits=1), "quiet")
    assert row["verdict"] == "UNEXPECTED_HIT" and not row["expected"]


def test_quiet_without_sound_blocks_says_nothing():
    made = result("BUG_ARM", blocks=10, spoilt=900)
    assert verdict("BUG_ARM", made, "quiet")["verdict"] == "INCONCLUSIVE"
    assert verdict("BUG_A", {**made, "variant": "BUG_A"})["verdict"] == "INCONCLUSIVE"


def test_fixed_without_a_control_claims_nothing():
    row = verdict("fixed", result("fixed"), "clean")
    assert row["verdict"] == "CLEAN" and row["expected"] and row["proof"] is None


def test_a_good_race_confirms_the_fix():
    rows, found = graded(race())
    assert rows["fixed"]["verdict"] == "FIX_CONFIRMED"
    assert rows["fixed"]["proof"]["ratio"] <= 1e-3 == rows["fixed"]["proof"]["wanted"]
    assert rows["fixed"]["control"] == "BUG_A"
    assert (found["verdict"], found["exit"]) == ("AS EXPECTED", 0)


def test_one_hit_refutes_and_is_replayable():
    made = result("fixed", per_child=[child(hits=1)] + [child() for _ in range(19)])
    rows, found = graded(race(fixed=made))
    assert rows["fixed"]["verdict"] == "REFUTED"
    assert rows["fixed"]["replay"].startswith("storm --case race")
    assert found["exit"] == 1


def test_a_crash_of_the_fixed_variant_refutes():
    rows, _ = graded(race(fixed=result("fixed", hits=1, failure="crash")))
    assert (rows["fixed"]["verdict"], rows["fixed"]["failure"]) == ("REFUTED", "crash")


def test_a_time_out_of_the_fixed_variant_is_never_evidence():
    rows, found = graded(race(fixed=result("fixed", hits=1, failure="timeout")))
    assert (rows["fixed"]["verdict"], rows["fixed"]["failure"]) == ("INCONCLUSIVE", "timeout")
    assert found["exit"] == 1


INCONCLUSIVE = {
    "control silent": (result("BUG_A"), result("fixed"), "not reproduced"),
    "nine hits": (result("BUG_A", per_child=[child(hits=1)] * 9 + [child()] * 11),
                  result("fixed"), "9 hits of 10"),
    "control in few children": (result("BUG_A", hits=500, children=19), result("fixed"),
                                "19 of 20"),
    "fixed in few children": (result("BUG_A", hits=500), result("fixed", children=19),
                              "ran in 19 of 20"),
    "too little time": (result("BUG_A", hits=500), result("fixed", rounds=500, near=10),
                        "budget short"),
    "few near misses": (result("BUG_A", hits=500), result("fixed", near=499),
                        "near misses below half"),
    "children differ": (
        result("BUG_A", per_child=[child(hits=n, hit_blocks=min(n, 100), sum_sq=n * 30)
                                   for n in [3000] + [2] * 19]),
        result("fixed", rounds=9_000_000, near=200_000), "overdispersed"),
    "starved": (result("BUG_A", hits=500), result("fixed", spoilt=5000), "starved"),
}


@pytest.mark.parametrize("name", INCONCLUSIVE)
def test_weak_evidence_confirms_nothing(name):
    control, fixed, reason = INCONCLUSIVE[name]
    rows, found = graded(race(control, fixed))
    assert rows["fixed"]["verdict"] == "INCONCLUSIVE", rows["fixed"]["reason"]
    assert reason in rows["fixed"]["reason"]
    assert found["exit"] == grade.EXIT_UNSHOWN


def test_the_largest_bound_decides_not_the_one_by_rounds():
    control, fixed, _ = INCONCLUSIVE["children differ"]
    proof = graded(race(control, fixed))[0]["fixed"]["proof"]
    assert proof["rounds"] < proof["wanted"] < (proof["ratio"] or 1)


def test_half_of_the_near_misses_is_enough():
    rows, _ = graded(race(fixed=result("fixed", near=500)))
    assert rows["fixed"]["verdict"] == "FIX_CONFIRMED"


def test_only_exposure_in_the_controls_window_counts():
    slices = race() + [record("fixed", "clean", number=1, made=result(
        "fixed", near=1, rounds=9_000_000, env="layout=spread"))]
    alone, _ = graded(race())
    both, _ = graded(slices)
    assert both["fixed"]["proof"]["ratio"] == alone["fixed"]["proof"]["ratio"]
    assert both["fixed"]["proof"]["share"] < 0.01


def test_without_near_misses_only_the_same_environment_counts():
    control = result("BUG_A", hits=500, near=0, env="offset=-35")
    rows, _ = graded(race(control, result("fixed", near=0, env="offset=-35")))
    assert rows["fixed"]["verdict"] == "FIX_CONFIRMED"
    rows, _ = graded(race(control, result("fixed", near=0, env="offset=90")))
    assert rows["fixed"]["verdict"] == "INCONCLUSIVE"


def test_the_near_miss_rate_is_taken_where_the_control_was_caught():
    silent = record("BUG_A", "control", number=1, made=result(
        "BUG_A", near=40_000, env="elsewhere", children=5))
    rows, _ = graded(race() + [silent])
    assert rows["fixed"]["verdict"] == "FIX_CONFIRMED"


def test_a_rare_control_asks_for_less():
    assert judge.wanted_ratio(99.9) == 1e-2
    assert judge.wanted_ratio(100) == 1e-3


@pytest.mark.parametrize("state, kind", [
    ("timeout", "timeout"), ("crash", "crash"), ("garbage", "engine_error"),
    ("refused", "engine_error"), ("engine_error", "engine_error")])
@pytest.mark.parametrize("variant, role", [
    ("BUG_A", "buggy"), ("BUG_ARM", "quiet"), ("fixed", "clean")])
def test_a_failing_program_is_an_engine_error(variant, role, state, kind):
    slices = [record(variant, role, state, "why", made=None)]
    rows, found = graded(slices, planned((variant, role)))
    row = rows[variant]
    assert (row["verdict"], row["failure"], found["exit"]) == ("ENGINE_ERROR", kind, 2)
    assert row["replay"] == slices[0]["command"] and "why" in row["reason"]


def test_engine_errors_among_the_hits_count_as_such():
    made = result("BUG_A", hits=1, failure="engine_error")
    assert verdict("BUG_A", made)["verdict"] == "ENGINE_ERROR"


def test_a_broken_slice_beside_good_ones_spoils_them():
    slices = race() + [record("fixed", "clean", "crash", "SIGSEGV", 1)]
    rows, _ = graded(slices)
    assert rows["fixed"]["verdict"] == "ENGINE_ERROR"


def test_a_skip_has_its_reason_and_is_no_pass():
    slices = [record("BUG_A", "buggy", "skipped", "no SMT here")]
    rows, found = graded(slices, planned(("BUG_A", "buggy")))
    assert (rows["BUG_A"]["verdict"], rows["BUG_A"]["reason"]) == ("SKIPPED", "no SMT here")
    assert found["exit"] == 1 and "nothing was tested" in found["problems"]


def test_what_was_planned_and_is_missing_is_a_lost_shard():
    rows, found = graded([], RACE)
    assert {row["verdict"] for row in rows.values()} == {"INCONCLUSIVE"}
    assert found["exit"] == 1


def test_a_run_cut_short_never_passes():
    rows, found = graded(race(), complete=False)
    assert found["exit"] == 1 and "cut short" in found["problems"][0]
    row = graded([record("BUG_A", made=result("BUG_A"))], planned(("BUG_A", "buggy")), False)
    assert row[0]["BUG_A"]["verdict"] == "INCONCLUSIVE"


def test_a_case_that_nothing_fails_here_is_a_problem():
    plan = planned(("fixed", "clean"), ("BUG_ARM", "quiet"))
    slices = [record("fixed", "clean", made=result("fixed")),
              record("BUG_ARM", "quiet", made=result("BUG_ARM"))]
    _, found = graded(slices, plan, whole=True)
    assert found["exit"] == 1 and "toy/race: no variant" in found["problems"][0]
    _, chosen = graded(slices, plan, whole=False)
    assert chosen["exit"] == 0


def test_the_same_slice_twice_counts_once():
    once, _ = graded(race())
    twice, _ = graded(race() + race())
    assert once["BUG_A"]["rounds"] == twice["BUG_A"]["rounds"]


def test_an_outcome_that_is_not_listed_is_shown_as_bad():
    made = result("BUG_A", hits=1)
    made["outcomes"]["odd"] = 4
    row = verdict("BUG_A", made)
    odd = next(o for o in row["outcomes"] if o["name"] == "odd")
    assert odd["grade"] == "bad" and odd["failure"] == "wrong_outcome"


def test_variants_without_measured_exposure_still_have_a_rate():
    made = result("BUG_A", hits=2)
    made["measured"] = None
    row = verdict("BUG_A", made)
    assert row["rate_s"][0] == pytest.approx(40 / made["seconds"])


def test_the_list_says_what_is_due():
    assert listed("BUG_A")["expected_failures"] and not listed("fixed")["expected_failures"]
