"""make validate: its rules on made results, its answers to bad input, and three known answers."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import candidates
from reports import schema
from validate import build, cost, explorer, page, verdict
from validate.candidate import BadInput, read
from validate.step import Step
from validate.tree import Tree, reached, targets, with_target

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHRINK = "targets/sched/status.c"


def validate(*arguments, cwd=ROOT):
    return subprocess.run([sys.executable, "-m", "validate", *map(str, arguments)], cwd=cwd,
                          capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})


# --- what a candidate is ---


@pytest.fixture
def tree(tmp_path):
    """A tree of three files, small enough to read."""
    root = tmp_path / "tree"
    for name, text in {"targets/base/order.h": "int order;\n",
                       "targets/set/set.h": '#include "base/order.h"\nint set;\n',
                       "targets/set/set.c": '#include "set/set.h"\nint a;\nint b;\n',
                       "targets/set/cases/race.c": '#include "set/set.h"\n',
                       "targets/user/user.c": '#include "set/set.h"\n',
                       "targets/user/cases/use.c": "int use;\n",
                       "Makefile": "all:\n"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def folder(tmp_path, **files):
    place = tmp_path / "candidate"
    for name, text in files.items():
        path = place / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place


@pytest.mark.parametrize("where", ["set__set_dot_c", "targets__set__set_dot_c"])
def test_files_replace_those_of_the_same_path(tree, tmp_path, where):
    assert read(folder(tmp_path, **{where: "int c;\n"}), tree) == {
        "targets/set/set.c": b"int c;\n"}


PATCH = """--- {a}targets/set/set.c
+++ {b}targets/set/set.c
@@ -1,3 +1,3 @@
 #include "set/set.h"
-int a;
+int c;
 int b;
"""


@pytest.mark.parametrize("a, b", [("a/", "b/"), ("", "")])
def test_a_patch_replaces_what_it_changes(tree, tmp_path, a, b):
    patch = tmp_path / "fix.diff"
    patch.write_text(PATCH.format(a=a, b=b))
    assert read(patch, tree) == {"targets/set/set.c": b'#include "set/set.h"\nint c;\nint b;\n'}


def test_a_patch_may_add_and_remove(tree, tmp_path):
    patch = tmp_path / "fix.diff"
    patch.write_text("--- /dev/null\n+++ b/targets/set/new.c\n@@ -0,0 +1 @@\n+int n;\n"
                     "--- a/targets/user/user.c\n+++ /dev/null\n@@ -1 +0,0 @@\n"
                     '-#include "set/set.h"\n')
    assert read(patch, tree) == {"targets/set/new.c": b"int n;\n", "targets/user/user.c": None}


def test_bad_input_is_told_in_a_line(tree, tmp_path):
    stale = tmp_path / "stale.diff"
    stale.write_text(PATCH.format(a="a/", b="b/").replace("-int a;", "-int z;"))
    stray = tmp_path / "stray.diff"
    stray.write_text(PATCH.format(a="a/", b="b/").replace("targets/set/set.c", "ci/x.py"))
    prose = tmp_path / "prose.diff"
    prose.write_text("nothing\n")
    for place, words in [
            (tmp_path / "nowhere", "no such folder or patch"),
            (folder(tmp_path / "1", set__sett_dot_c="x"), "replaces nothing"),
            (folder(tmp_path / "2", README_dot_md="x"), r"no \*.c"),
            (folder(tmp_path / "3", set__set_dot_c=(tree / "targets/set/set.c").read_text()),
             "the same as what is there"),
            (stale, "does not apply"), (stray, "only targets/"), (prose, "no unified diff")]:
        with pytest.raises(BadInput, match=words) as said:
            read(place, tree)
        assert "\n" not in str(said.value)


def test_bad_input_ends_with_64_and_leaves_nothing(tmp_path):
    out = tmp_path / "out"
    for arguments in [(tmp_path / "nowhere",), (), (ROOT, "--since", "HEAD"),
                      (tmp_path / "nowhere", "--time", "soon"), ("--since", "no-such-commit"),
                      (ROOT / "tests/candidates/tail_before_slot/candidate.patch", "--against",
                       "BUG_NONE_SUCH")]:
        ran = validate(*arguments, "-o", out)
        assert ran.returncode == 64, ran.stderr
        assert len(ran.stderr.splitlines()) == 1 and ran.stderr.startswith("validate: ")
        assert not out.exists()


# --- the scratch tree ---


def test_the_tree_is_not_touched_and_the_copy_goes(tree):
    before = (tree / "targets/set/set.c").read_text()
    with Tree(tree, {"targets/set/set.c": b"int c;\n", "targets/user/user.c": None}) as copy:
        assert (copy.top / "targets/set/set.c").read_text() == "int c;\n"
        assert not (copy.top / "targets/user/user.c").exists()
        top = copy.top
    assert not top.exists()
    assert (tree / "targets/set/set.c").read_text() == before
    assert (tree / "targets/user/user.c").exists()


def test_what_a_change_reaches(tree):
    assert targets(tree) == ["set", "user"]
    assert with_target(tree, "user") == {"set", "user"}
    assert "targets/base/order.h" in reached(tree, tree / "targets/user/user.c")
    with Tree(tree, {"targets/set/set.h": b"int other;\n"}) as copy:
        assert copy.owners() == ["set"] and copy.touched() == ["set", "user"]
        assert copy.affected("set") == ["targets/set/cases/race.c", "targets/set/set.c"]
    with Tree(tree, {"targets/user/user.c": b"int other;\n"}) as copy:
        assert copy.touched() == ["user"] and copy.affected("user") == ["targets/user/user.c"]
    with Tree(tree, {"targets/base/order.h": b"int other;\n"}) as copy:
        assert copy.owners() == copy.touched() == ["set", "user"]


def test_cases_that_ask_for_more_than_a_candidate_has_are_left_out(tree):
    with Tree(tree, {"targets/set/set.h": b"int other;\n"}) as copy:
        own = "targets/set/set.h:1:2: error: bad\n"
        case = "targets/set/cases/race.c:1:2: error: no member\n"
        assert build.leave_out(copy, own + case) == []
        told = build.leave_out(copy, case)
        assert len(told) == 1 and "race.c: does not compile" in told[0]
        assert not (copy.top / "targets/set/cases/race.c").exists()


def test_what_a_case_reaches_is_told_by_line():
    program = ROOT / "build/explore/spanset/fixed/explore"
    if not program.exists():
        pytest.skip("the explorer is not built")
    ran = subprocess.run([program, "--reach", "--case", "node_again"], cwd=ROOT,
                         capture_output=True, text=True, check=True)
    places = schema.parse(ran.stdout, "reach")["places"]
    assert {"targets/spanset/stack.c", "targets/spanset/cases/node_again.c"} \
        == {place["file"] for place in places}
    lines = [(place["file"], place["line"]) for place in places]
    assert lines == sorted(lines)


# --- verdicts ---


def a_case(name="race", **expect):
    return explorer.Case("set", name, {"case": name, "expect": [
        {"variant": v, "failure": "lost_item", "models": m} for v, m in expect.items()]}, set())


def result(**more):
    return {"exhausted": True, "ended": True, **more}


RACED = {"set/race": {"verdict": "FIX_CONFIRMED", "reason": "0 hits"}}
STARVED = {"set/race": {"verdict": "INCONCLUSIVE", "reason": "starved"}}


@pytest.mark.parametrize("exhausted, rows, wanted", [
    ([True, True], {}, "CONFIRMED"), ([True, True], STARVED, "CONFIRMED"),
    ([True, True], RACED, "CONFIRMED"),
    ([True, False], RACED, "CONFIRMED"), ([False, False], RACED, "CONFIRMED"),
    ([True, False], STARVED, "INCONCLUSIVE"), ([False, False], {}, "INCONCLUSIVE")])
def test_a_case_is_proven_by_exposure_or_by_exhaustion(exhausted, rows, wanted):
    shown = verdict.shown_under([a_case(BUG_A=["sc", "c11"])], "BUG_A", {})
    results = {("set", "race", model): result(exhausted=e)
               for model, e in zip(("sc", "c11"), exhausted)}
    proven = verdict.proofs(shown, results, rows)
    assert verdict.decide([Step("explorer")], proven)[0] == wanted
    assert (proven["set/race"][0] == "exhaustion") == all(exhausted)


def test_what_this_machine_cannot_race_is_not_covered():
    shown = verdict.shown_under([a_case(BUG_A=["sc"]), a_case("three", BUG_A=["sc"])], None, {})
    results = {("set", "race", "sc"): result(), ("set", "three", "sc"): result(exhausted=False)}
    rows = {"set/three": {"verdict": "SKIPPED", "reason": "needs 3 cores"}}
    proven = verdict.proofs(shown, results, rows)
    assert list(proven) == ["set/race"]
    assert verdict.decide([], proven)[0] == "CONFIRMED"
    assert verdict.decide([], verdict.proofs({"set/three": ["sc"]}, results, rows))[0] \
        == "INCONCLUSIVE"


def test_nothing_is_confirmed_where_nothing_shows_the_bug():
    shown = verdict.shown_under([a_case(BUG_B=["sc"])], "BUG_A", {})
    assert shown == {}
    assert verdict.decide([Step("explorer")], verdict.proofs(shown, {}, RACED))[0] \
        == "INCONCLUSIVE"


def test_one_unproven_case_is_enough_to_doubt():
    shown = verdict.shown_under([a_case(BUG_A=["sc"]), a_case("other", BUG_A=["sc"])], None, {})
    proven = verdict.proofs(shown, {("set", "race", "sc"): result()}, {})
    word, why = verdict.decide([Step("explorer")], proven)
    assert word == "INCONCLUSIVE" and "set/other" in why


def test_the_first_refutation_is_the_verdict():
    step = Step("explorer")
    step.refute("lost")
    proven = {"set/race": ("exhaustion", "")}
    assert verdict.decide([Step("compiles"), step], proven) == ("REFUTED", "explorer: lost")


def test_of_the_current_code_what_it_shows_counts():
    cases = [a_case(BUG_A=["sc"]), a_case("other", BUG_A=["sc"])]
    shown = verdict.shown_under(cases, "current", {("set", "other", "tso"): "wedge"})
    assert shown == {"set/other": ["tso"]}


def test_exit_codes_differ():
    assert sorted(verdict.EXITS.values()) == [0, 1, 3]


# --- cost ---

CALLGRIND = """fl=(1) bench.c
fn=(1) main
5 10
cfi=(2) /x/targets/set/set.c
cfn=(2) span_push
calls=4 9
5 80
cfn=(3) helper
calls=1 3
6 7

fl=(2)
fn=(2)
9 60
cfn=(4) inner
calls=4 20
9 20
"""


def test_instructions_are_counted_per_call():
    assert cost.per_call(CALLGRIND, {"targets/set/set.c"}) == {"span_push": 20.0, "inner": 5.0}


# --- the page ---


def test_the_page_says_what_was_not_covered(tmp_path):
    step = Step("explorer", "refuted", "lost", lines=["<trace>"], not_covered=["a & b"])
    about = {"candidate": "fix.diff", "changed": ["targets/a.c"], "against": None, "seed": 1,
             "started": "now", "command": "c", "seconds": 3.0, "replay": "cd x", "machine": "m"}
    step.rows = [("push", 20.0, 21.0, "instructions a call")]
    told = page.document(about, ("REFUTED", "explorer: lost"), [step],
                         {"set/race": ("", "starved")})
    schema.check(told, "validation")
    page.write(tmp_path, told)
    assert json.loads((tmp_path / "validation.json").read_text()) == told
    text = (tmp_path / "index.html").read_text()
    assert "REFUTED" in text and "&lt;trace&gt;" in text and "a &amp; b" in text
    assert "http" not in text
    assert page.lines(told, tmp_path)[-1] == "REFUTED: explorer: lost; replay: cd x"
    assert "a & b" in page.paragraph(told)


# --- known answers ---


def test_expectations_can_be_read():
    stored = candidates.stored()
    assert len(stored) + len(candidates.switches()) >= 20
    assert sum(e.get("cheap", False) for e in stored.values()) == 3
    for name, expect in stored.items():
        assert expect["verdict"] in verdict.EXITS and expect["why"], name
        assert expect.get("over") in (None, *candidates.switches()), name


@pytest.mark.parametrize("told, fault", [
    ({"verdict": "REFUTED", "reason": "", "proofs": {}, "steps": [
        {"name": "explorer", "state": "refuted", "text": "sched/a under sc: wedge (x)"}]}, ""),
    ({"verdict": "REFUTED", "reason": "", "proofs": {}, "steps": [
        {"name": "explorer", "state": "refuted", "text": "sched/a under sc: fatal (x)"}]},
     "expected wedge"),
    ({"verdict": "REFUTED", "reason": "", "proofs": {}, "steps": [
        {"name": "races", "state": "refuted", "text": "wedge"}]}, "by races"),
    ({"verdict": "CONFIRMED", "reason": "", "proofs": {}, "steps": []}, "CONFIRMED"),
    (None, "no verdict")])
def test_a_wrong_answer_is_told(told, fault):
    said = candidates.wrong("status_not_read_again", 1, told)
    assert fault in said and bool(said) == bool(fault)


needs_unifdef = pytest.mark.skipif(not shutil.which("unifdef"), reason="unifdef is missing")


@needs_unifdef
def test_a_switch_becomes_the_code(tmp_path):
    candidates.as_code("BUG_COPYSTACK_CAS", tmp_path)
    text = (tmp_path / SHRINK).read_text()
    assert "BUG_COPYSTACK_CAS" not in text and "status_set(g, seen, G_COPYSTACK)" in text


@needs_unifdef
@pytest.mark.parametrize("switch", candidates.switches())
def test_nothing_asks_for_a_switch_that_is_the_code(switch, tmp_path):
    candidates.as_code(switch, tmp_path)
    changed = [p.read_text() for p in tmp_path.rglob("*.[chS]")]
    assert changed
    assert not any(re.search(rf"^[ \t]*#(?:\\\n|.)*\b{switch}\b", text, re.MULTILINE)
                   and f"define {switch}" not in text for text in changed)


@needs_unifdef
@pytest.mark.parametrize("name, expect", candidates.stored().items())
def test_each_candidate_still_fits_its_tree(name, expect, tmp_path):
    shutil.copytree(ROOT / "targets", tmp_path / "targets")
    if expect.get("over"):
        candidates.as_code(expect["over"], tmp_path)
    place = candidates.HOME / name
    patch = place / "candidate.patch"
    assert read(patch if patch.exists() else place, tmp_path)


@pytest.mark.parametrize("name", [n for n, e in candidates.stored().items() if e.get("cheap")])
def test_known_answer(name, tmp_path):
    code, told, said, _ = candidates.validate(name, tmp_path)
    assert candidates.wrong(name, code, told) == "", said
    assert code == verdict.EXITS[schema.check(told, "validation")["verdict"]]
    if told["replay"]:
        again = subprocess.run(told["replay"], shell=True, cwd=ROOT, capture_output=True,
                               text=True, check=False)
        assert again.returncode == 1, again.stdout + again.stderr
