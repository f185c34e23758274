"""make mutation: what its rules make of C, and that what the explorer finds counts as killed."""
import pathlib
import shutil
import subprocess
import sys

import pytest

from reports import schema
from tests.explorer import ROOT, build

sys.path[:0] = [str(ROOT / "ci"), str(ROOT / "fuzz")]
import hunt  # noqa: E402
import mutants  # noqa: E402
import mutation  # noqa: E402
import rebuild  # noqa: E402
import tidy  # noqa: E402

CODE = """\
void f(struct s *s, int n)
{
	int i = n + 1;
	s->x = i; /* wake(s) in a comment is none */
	publish(s);
	if (s->closing)
		return;
	for (i = 0; i < n; i++)
		note_wakeup(&s->note);
	world_fatal("an oracle");
}
"""


def made(tmp_path, text=CODE, live=None):
    (tmp_path / "x.c").write_text(text)
    source = tidy.Source(tmp_path, "x.c")
    every = range(1, text.count("\n") + 1)
    return source, mutants.all_mutants(source, {n: {"f"} for n in live or every})


def test_each_rule_makes_its_change(tmp_path):
    source, found = made(tmp_path)
    changes = {(m.line, m.rule, mutants.squeezed(m.after)) for m in found}
    assert changes == {
        (3, "off by one", "int i = n + 0;"), (4, "drop store", ";"), (5, "drop store", ";"),
        (4, "swap", "publish(s); s->x = i;"), (6, "negate", "if (!(s->closing))"),
        (6, "drop check", "if ((s->closing) && 0)"),
        (8, "off by one", "for (i = 0; i <= n; i++)"), (9, "skip wake", ";")}
    for mutant in found:
        text = mutant.applied(source.text)
        assert text != source.text and text.count("\n") == source.text.count("\n")
        assert mutant.functions == {"f"}


def test_hints_and_constants_are_no_mutants(tmp_path):
    text = ("void f(struct s *s)\n{\n\twhile (load_acquire(&s->x) == 0)\n\t\tworld_relax();\n"
            "\ts->a = UINT64_C(1);\n\ts->b = 2 * sizeof(long);\n\ts->c = (char *)s;\n}\n")
    assert {(m.line, m.rule) for m in made(tmp_path, text)[1]} == {
        (3, "negate"), (5, "drop store"), (6, "drop store"), (7, "drop store")}


def test_only_lines_with_code_are_changed(tmp_path):
    assert {m.line for m in made(tmp_path, live=[5])[1]} == {5}


def test_a_key_outlives_comments_and_lines_above(tmp_path):
    keys = {m.key for m in made(tmp_path)[1]}
    moved = "/* more */\n" + CODE.replace(" /* wake(s) in a comment is none */", "")
    assert {m.key for m in made(tmp_path, moved)[1]} == keys


def test_commands_write_beside_the_tree():
    lines = ["gcc -I targets -c -o build/e/poller/a.o targets/poller/a.c",
             "objcopy x build/e/poller/a.o",
             "gcc -o build/e/explore.new build/e/poller/a.o build/e/poller/b.o && "
             "mv build/e/explore.new build/e/explore"]
    written, out = rebuild.redirected(lines, "targets/poller/a.c", pathlib.Path("/m"))
    assert written == {"build/e/poller/a.o", "build/e/explore"}
    assert out == [
        "gcc -I /m/targets -I targets -c -o /m/build/e/poller/a.o /m/targets/poller/a.c",
        "objcopy x /m/build/e/poller/a.o",
        "gcc -o /m/build/e/explore.new /m/build/e/poller/a.o build/e/poller/b.o && "
        "mv /m/build/e/explore.new /m/build/e/explore"]


@pytest.fixture(scope="module")
def binaries():
    build(*(f"build/explore/{name}/fixed/explore" for name in mutation.targets()))


def test_reasons_are_for_mutants_that_there_are(binaries, monkeypatch, tmp_path):
    known = mutation.reasons()
    assert mutation.stale(known) == []
    (tmp_path / "reasons").write_text("# a comment\nno | such | mutant | x\n    a reason,\n"
                                      "    on two lines\nwithout | a | reason | x\n")
    monkeypatch.setattr(mutation, "EQUIVALENT", tmp_path / "reasons")
    known = mutation.reasons()
    assert known == {"no | such | mutant | x": "a reason, on two lines",
                     "without | a | reason | x": ""}
    assert mutation.stale(known) == list(known)


def test_a_reason_may_be_for_all_of_a_kind():
    known = {"a.c | swap | f(...); g(); | ...": "a reason", "a.c | drop call | f(*p); | ;": "one"}

    def reason(rule, before, after):
        return mutation.reason_for(mutants.Mutant("a.c", 1, rule, before, after), known)
    assert reason("swap", "f(1);\ng();", "g();\nf(1);") == "a reason"
    assert reason("drop call", "f(*p);", ";") == "one"
    assert reason("drop call", "f(**p);", ";") == reason("swap", "h();\ng();", "g();\nh();") == ""


def test_what_the_explorer_finds_is_killed(binaries, tmp_path):
    out = tmp_path / "mutation.json"
    ran = subprocess.run(
        ["fuzz/mutation.py", "--target", "poller", "--only", "block.c | drop check | if (old ",
         "--sample", "all", "--out", str(out)], cwd=ROOT, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=600, check=False)
    assert ran.returncode in (0, 1), ran.stderr
    document = schema.parse(out.read_text(encoding="utf-8"), "mutation")
    fate = {row["key"].split(" | ")[2]: row for row in document["rows"]}
    lost = fate["if (old == SEM_READY || (old == SEM_NIL && !ready))"]
    assert lost["status"] == "killed" and lost["case"] and lost["model"]
    score = document["summary"]["score"]
    assert (ran.returncode == 0) == (score >= mutation.WANTED)
    assert f"score {score:.1%}" in ran.stdout
    assert not list((ROOT / "build").glob("mutant-*"))  # nothing is left


def test_what_the_source_fails_too_is_no_kill(binaries):
    """Here the mutant's binary is a variant with a bug, and so is what stands for its source."""
    build("build/explore/poller/BUG_TAKE_SPLIT/explore")
    buggy = ROOT / "build/explore/poller/BUG_TAKE_SPLIT/explore"
    fixed = ROOT / "build/explore/poller/fixed/explore"
    mutant = mutants.Mutant("targets/poller/block.c", 1, "none", "", "")
    cases = [{"case": "ready_vs_close"}, {"case": "close_vs_block"}, {"case": "timer_vs_block"}]
    options = mutation.parse([])
    found = hunt.hunted(buggy, mutant, options, hunt.Luck(), cases, fixed)
    assert found and found["found"]
    assert hunt.hunted(buggy, mutant, options, hunt.Luck(), cases, buggy) is None


def test_storms_race_what_they_have_and_the_source_stands(tmp_path):
    program = tmp_path / "storm"
    program.write_text("#!/bin/sh\n[ $# = 2 ] && echo '{\"case\": \"a\"}' && exit 0\n"
                       "[ $2 = a ]\n")
    program.chmod(0o755)
    assert mutation.raced(program) == ["a"]
    assert not mutation.source_fails(program, "--case", "a", "--seconds")
    assert mutation.source_fails(program, "--case", "b", "--seconds")


def test_the_same_code_is_equivalent(binaries, tmp_path):
    commands = rebuild.Commands()
    line = (ROOT / "targets/poller/block.c").read_text().split("\n").index("{") + 1
    same = mutants.Mutant("targets/poller/block.c", line, "none", "{", "{ ;")
    assert rebuild.build(commands, "explore", "poller", same, tmp_path)
    assert rebuild.same_code(commands, "poller", same, tmp_path)


@pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="no compiler for ARM64")
@pytest.mark.parametrize("file, target, before, after, same", [
    # What only sanitizers are told is no code of the program.
    ("targets/sched/context.c", "sched", "\ttell_made(c, stack_low, bytes);", "\t;", True),
    ("targets/sched/context.c", "sched", "\tc->ended = false;", "\tc->ended = true;", False),
    ("targets/spanset/stack.c", "spanset", "\t} while (!cas_release(&s->head, &seen, new));",
     "\t} while (!cas_relaxed(&s->head, &seen, new));", False)])
def test_the_same_program_is_told(binaries, tmp_path, file, target, before, after, same):
    line = (ROOT / file).read_text(encoding="utf-8").split("\n").index(before) + 1
    mutant = mutants.Mutant(file, line, "none", before, after)
    assert rebuild.same_product(rebuild.Commands(), target, mutant, tmp_path) == same


def test_data_is_compared_as_well_as_instructions(tmp_path):
    for name, number in (("a", 1), ("b", 2)):
        (tmp_path / f"{name}.c").write_text(f"const int table[2] = {{7, {number}}};\n")
        subprocess.run(["gcc", "-g", "-c", "-o", f"{name}.o", f"{name}.c"], cwd=tmp_path,
                       check=True)
    (tmp_path / "again").mkdir()
    (tmp_path / "again/a.o").write_bytes((tmp_path / "a.o").read_bytes())
    assert rebuild.code_of(tmp_path, ["a.o"]) == rebuild.code_of(tmp_path / "again", ["a.o"])
    assert rebuild.code_of(tmp_path, ["a.o"]) != rebuild.code_of(tmp_path, ["b.o"])


@pytest.mark.parametrize("first, second, free", [
    ("store_relaxed(&s->a, 0);", "s->b = true;", True),
    ("s->a = 1;", "mutex_lock(&s->lock);", True),
    ("mutex_unlock(&s->lock);", "s->a = s->b = NULL;", True),
    ("store_release(&s->a, 1);", "s->b++;", True),
    ("mutex_lock(&s->lock);", "s->a = 1;", False),   # out of what the lock guards
    ("s->a = 1;", "mutex_unlock(&s->lock);", False),
    ("s->b++;", "store_release(&s->a, 1);", False),
    ("s->a = 1;", "store_relaxed(&s->b, s->a);", False),
    ("i++;", "store_relaxed(&s->a[i], 1);", False),
    ("store_relaxed(&s->p[i]->a, 1);", "i++;", False),
    ("store_relaxed(&s->p[i]->a, 1);", "n++;", True),
    ("store_relaxed(&s->a, f(1));", "s->b = 1;", False),
    ("*p = 1;", "store_relaxed(&s->b, 1);", False),  # who knows where that is
    ("store_relaxed(&s->a, 1);", "store_seq_cst(&s->b, 1);", False)])
def test_what_every_compiler_may_swap_is_no_fault(first, second, free):
    both = f"\t{first}\n\t{second}"
    mutant = mutants.Mutant("x.c", 1, "swap", both, f"\t{second}\n\t{first}")
    assert mutants.free_to_swap(mutant) == free


def test_the_score_leaves_out_what_is_equivalent_or_not_reached():
    rows = [{"status": status} for status in
            ["killed"] * 8 + ["survived"] * 2 + ["unreached"] * 6 + ["equivalent", "no code"]]
    total = mutation.summary(rows)
    assert (total["score"], total["score_with_unreached"], total["mutants"]) == (0.8, 0.5, 17)


def test_a_lane_that_is_none_is_a_usage_error(binaries):
    ran = subprocess.run(["fuzz/mutation.py", "--beside", "nonsense", "--sample", "0"], cwd=ROOT,
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 64 and "unit" in ran.stderr
