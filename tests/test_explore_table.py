"""fuzz/table.py: what make explore runs, prints and leaves behind. Fake explorers answer."""
import json
import subprocess
import sys

import pytest

from tests.explorer import ROOT

FAKE = """#!{python}
import json, sys
subject = {{"schema": 1, "target": "toy", "variant": {variant!r}, "lane": "explore",
           "case": "race"}}
if "--list" in sys.argv:
    print(json.dumps({{**subject, "kind": "list"}}))
    sys.exit(0)
model = sys.argv[sys.argv.index("--model") + 1]
answers = {answers!r}
verdict, status = answers[model]
if "--executions" in sys.argv:
    verdict, status = answers.get(model + " in the end", answers[model])
if status == 2:
    print("engine error: broken", file=sys.stderr)
    sys.exit(2)
print(json.dumps({{**subject, "kind": "explore", "model": model, "verdict": verdict,
                  "expected": status == 0, "hits": {{}}, "executions": 12, "pruned": 3,
                  "executions_per_s": 1234567, "seconds": 0.5, "exhausted": model == "sc",
                  "first_hit_execution": 7 if verdict == "CAUGHT" else None,
                  "replay": "explore --again"}}))
sys.exit(status)
"""
GOOD = {"sc": ("QUIET_AS_EXPECTED", 0), "tso": ("CAUGHT", 0)}


def fake(folder, variant, answers):
    program = folder / "toy" / variant / "explore"
    program.parent.mkdir(parents=True)
    program.write_text(FAKE.format(python=sys.executable, variant=variant, answers=answers))
    program.chmod(0o755)


def table(folder, *arguments):
    """Under the two models that the fakes know, unless another one is asked for."""
    if "--model" not in arguments:
        arguments = ("--model", "sc,tso", *arguments)
    return subprocess.run([sys.executable, "fuzz/table.py", "--build", str(folder), *arguments],
                          cwd=ROOT, capture_output=True, text=True, check=False)


def results(folder):
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def test_as_expected(tmp_path):
    fake(tmp_path, "BUG_A", GOOD)
    fake(tmp_path, "fixed", {"sc": ("CLEAN", 0), "tso": ("CLEAN", 0)})
    ran = table(tmp_path)
    assert ran.returncode == 0 and ran.stderr == ""
    lines = [line.split() for line in ran.stdout.splitlines()]
    assert ["toy/BUG_A", "sc", "tso"] in lines
    assert ["race", "quiet", "exhausted", "12", "1235k/s",
            "caught", "@7", "bounded", "12", "1235k/s"] in lines
    assert [(r["variant"], r["model"]) for r in results(tmp_path)] == [
        ("BUG_A", "sc"), ("BUG_A", "tso"), ("fixed", "sc"), ("fixed", "tso")]
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["results.jsonl"]


def test_an_unexpected_verdict_fails(tmp_path):
    fake(tmp_path, "BUG_A", GOOD | {"tso": ("NOT_CAUGHT", 1)})
    ran = table(tmp_path)
    assert ran.returncode == 1
    assert "<- unexpected" in ran.stdout and "NOT CAUGHT" in ran.stdout
    assert "unexpected: toy/BUG_A race tso: NOT_CAUGHT {}\n  explore --again" in ran.stdout


@pytest.mark.parametrize("first", ["NOT_CAUGHT", "WRONG_CLASS"])
def test_what_must_be_caught_gets_the_executions_for_it(tmp_path, first):
    """However little of the processor its seconds were worth; where nothing must be caught, the
    seconds are all."""
    fake(tmp_path, "BUG_A", {"sc": ("QUIET_AS_EXPECTED", 0), "sc in the end": ("", 2),
                             "tso": (first, 1), "tso in the end": ("CAUGHT", 0)})
    ran = table(tmp_path)
    assert ran.returncode == 0 and [r["verdict"] for r in results(tmp_path)] == [
        "QUIET_AS_EXPECTED", "CAUGHT"]


def test_a_broken_explorer_is_no_pass(tmp_path):
    fake(tmp_path, "BUG_A", GOOD | {"sc": ("", 2)})
    ran = table(tmp_path)
    assert ran.returncode == 2
    assert "failed: " in ran.stdout and "engine error: broken" in ran.stdout
    assert [r["model"] for r in results(tmp_path)] == ["tso"]


@pytest.mark.parametrize("arguments", [(), ("--variant", "BUG_B"), ("--case", "none")])
def test_nothing_to_explore_is_an_error(arguments, tmp_path):
    if arguments:
        fake(tmp_path, "BUG_A", GOOD)
    ran = table(tmp_path, *arguments)
    assert ran.returncode == 64 and "nothing to explore" in ran.stderr
    assert not (tmp_path / "results.jsonl").exists()


def test_usage():
    assert table(ROOT, "--model", "power").returncode == 64


def test_selection(tmp_path):
    fake(tmp_path, "BUG_A", GOOD)
    assert table(tmp_path, "--model", "tso", "--variant", "BUG_A").returncode == 0
    assert [r["model"] for r in results(tmp_path)] == ["tso"]


# --- fuzz/medians.py ---

SEARCHER = """#!{python}
import json, sys
subject = {{"variant": {variant!r}, "case": "race"}}
if "--list" in sys.argv:
    print(json.dumps({{**subject, "expect": [{{"variant": "BUG_A", "failure": "lost_wakeup",
                                               "models": ["tso"]}}], "whole": True}}))
    sys.exit(0)
late = {late!r}
value = lambda name: sys.argv[sys.argv.index(name) + 1]
hit = {first!r} * (1 + int(value("--seed"))) if "--seed" in sys.argv else None
print(json.dumps({{**subject, "first_hit_execution": hit, "hits": {hits!r}, "seconds": 0.25,
                   "executions": 1, "first_hit_s": late if hit else None,
                   "exhausted": {whole!r} and value("--model") == "sc", "ended": {whole!r}}}))
"""


def searcher(folder, variant, first=1, hits=(), whole=True, late=0.5):
    program = folder / "toy" / variant / "explore"
    program.parent.mkdir(parents=True)
    program.write_text(SEARCHER.format(python=sys.executable, variant=variant, first=first,
                                       hits=dict.fromkeys(hits, 1), whole=whole, late=late))
    program.chmod(0o755)


def medians(folder, *arguments):
    ran = subprocess.run([sys.executable, "fuzz/medians.py", "--build", str(folder), "--target",
                          "toy", "--case", "race", *arguments], cwd=ROOT, capture_output=True,
                         text=True, check=False)
    return ran.returncode, [line.split() for line in ran.stdout.splitlines()], ran.stderr


def test_medians_as_promised(tmp_path):
    searcher(tmp_path, "BUG_A")
    searcher(tmp_path, "fixed")
    status, lines, errors = medians(tmp_path)
    assert (status, errors) == (0, "")
    assert lines[1][:5] == ["BUG_A", "all", "0.2s", "10.5", "3x3"]  # of 1 to 20
    assert lines[2][:5] == ["fixed", "all", "0.2s", "3x3", "0.2s"]
    assert lines[3][:4] == ["all", "14", "as", "promised:"]


@pytest.mark.parametrize("broken", [{"first": 50}, {"hits": ["lost_wakeup"]}, {"whole": False}])
def test_medians_not_as_promised(broken, tmp_path):
    searcher(tmp_path, "BUG_A", **broken)
    status, lines, _ = medians(tmp_path)
    assert status == 1 and any(cell.endswith("!") for cell in lines[1])


@pytest.mark.parametrize("late, kept", [(59, True), (61, False)])
def test_medians_of_whole_runs(late, kept, tmp_path):
    searcher(tmp_path, "BUG_A", late=late)
    searcher(tmp_path, "fixed")
    status, lines, errors = medians(tmp_path, "--whole", "--seeds", "3")
    assert (status, errors) == (int(not kept), "")
    assert lines[1] == ["toy/race", "BUG_A", "tso", "2", "3", f"{late}.000",
                        f"{late}.000" + "!" * (not kept)]
    assert len(lines) == 3


def test_medians_of_nothing(tmp_path):
    assert medians(tmp_path)[0] == 64
    assert medians(tmp_path, "--whole")[0] == 64
    searcher(tmp_path, "BUG_A")
    assert medians(tmp_path, "--case", "other")[0] == 64
