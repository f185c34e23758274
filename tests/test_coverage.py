"""Coverage: how llvm-cov's figures become lines and branches. `make coverage` is the whole."""
import importlib.util
import json
import subprocess

import pytest

from made_records import race, write_run
from reports import covered, folder, html, schema, session
from tests.explorer import ROOT

SCRIPT = ROOT / "fuzz/fuzzers/coverage.py"
spec = importlib.util.spec_from_file_location("coverage_of_inputs", SCRIPT)
coverage = importlib.util.module_from_spec(spec)
spec.loader.exec_module(coverage)


def test_lines_between_segments_have_the_count_that_holds():
    segments = [[3, 1, 5, True, True, False], [6, 2, 0, True, True, False],
                [7, 3, 5, True, False, False], [9, 1, 0, False, False, False]]
    assert dict(coverage.line_counts(segments)) == {3: 5, 4: 5, 5: 5, 6: 5, 7: 0, 8: 5}


def test_what_goes_on_behind_a_statement_is_not_its():
    segments = [[1, 1, 5, True, True, False], [1, 9, 0, True, False, True],
                [2, 2, 0, True, True, False], [2, 6, 5, True, False, False],
                [3, 2, 0, False, False, False]]
    assert dict(coverage.line_counts(segments)) == {1: 5, 2: 0, 3: 5}


def test_a_gap_is_no_code():
    segments = [[1, 1, 2, True, True, False], [2, 1, 0, True, False, True],
                [4, 1, 0, False, False, False]]
    assert dict(coverage.line_counts(segments)) == {1: 2}


def summary(tmp_path, monkeypatch, source, **mine):
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    (tmp_path / "targets").mkdir()
    (tmp_path / "a.c").write_text(source)
    return coverage.summary({"a.c": mine})[0]


def test_branches_to_fatal_checks_are_counted_apart(tmp_path, monkeypatch):
    result = summary(tmp_path, monkeypatch, 'if (bad)\n\tworld_fatal("bad");\nif (good)\n\tf();\n',
                     lines={1, 2, 3, 4}, hit={1, 3},
                     branches={(1, 5, "true"): False, (1, 5, "false"): True,
                               (3, 5, "true"): False, (3, 5, "false"): True})
    row = result["files"]["a.c"]
    assert (row["lines"], row["lines_hit"], row["lines_missed"]) == (
        2, 1, [{"line": 4, "reason": None}])
    assert (row["branches"], row["branches_hit"], row["fatal_branches"]) == (2, 1, 2)
    assert result["total"]["branches"] == 2


def test_a_condition_of_several_lines_before_a_fatal_check_is_part_of_it(tmp_path, monkeypatch):
    source = 'f();\nif (a ||\n    b)\n\tworld_fatal("bad");\ng();\n'
    result = summary(tmp_path, monkeypatch, source, lines={1, 2, 3, 4, 5}, hit={1, 2, 3, 5},
                     branches={(2, 5, "true"): False, (3, 5, "true"): False})
    assert result["total"]["branches"] == 0
    assert result["total"]["lines"] == result["total"]["lines_hit"] == 2


def test_a_comment_explains_the_statement_that_follows(tmp_path, monkeypatch):
    source = ("/* unreached: only on\n * another machine */\nif (there) {\n\tf();\n}\n"
              "if (here)\n\tg();\n")
    result = summary(tmp_path, monkeypatch, source, lines={3, 4, 6, 7}, hit={3, 6},
                     branches={(3, 5, "true"): False, (6, 5, "true"): False})
    row = result["files"]["a.c"]
    assert [m["reason"] for m in row["lines_missed"]] == ["only on another machine", None]
    assert [m["reason"] for m in row["branches_missed"]] == ["only on another machine", None]


def test_a_reason_for_what_is_reached_is_told(tmp_path, monkeypatch):
    source = "/* unreached: never */\nf();\n/* unreached: nor this */\ng();\nh();\n"
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    (tmp_path / "targets").mkdir()
    (tmp_path / "a.c").write_text(source)
    files = {"a.c": {"lines": {2, 4, 5}, "hit": {2, 5}, "branches": {}}}
    assert coverage.summary(files)[1] == [("a.c", 1)]
    files["a.c"]["hit"] = {5}
    assert coverage.summary(files)[1] == []


@pytest.mark.parametrize("missed, reason, needless, status", [
    (set(), None, [], 0), ({3}, "elsewhere", [], 0), ({3}, None, [], 1),
    (set(), None, [("targets/a/x.c", 2)], 1)])
def test_what_is_open_is_an_error(tmp_path, monkeypatch, capsys, missed, reason, needless, status):
    rows = {"lines_missed": [{"line": n, "reason": reason} for n in missed], "branches_missed": [],
            "lines": 3, "lines_hit": 3 - len(missed), "branches": 0, "branches_hit": 0,
            "fatal_branches": 0}
    monkeypatch.setattr(coverage, "built", lambda target: [])
    monkeypatch.setattr(coverage, "summary", lambda files: (
        {"files": {"targets/a/x.c": rows}, "total": rows}, needless))
    monkeypatch.setattr("sys.argv", ["coverage.py", "--out", str(tmp_path / "out")])
    assert coverage.main() == status
    said = capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["coverage.py", "--open", "1", "--out", str(tmp_path / "out")])
    assert coverage.main() == 0
    assert ("targets/a/x.c:3" in said) == (status == 1 and bool(missed))
    assert ("targets/a/x.c:2: all is reached" in said) == bool(needless)


def test_braces_and_directives_are_no_code():
    lines = ["#ifdef X", "{", "} else {", "/* a", " * b */", "\tf(); /* c */", "}",
             "#define X \\", "\tf()", "g();"]
    assert coverage.code(lines) == {6, 10}


def test_whatever_only_calls_the_fatal_check_is_one():
    assert "status_illegal(" in coverage.fatal_calls()
    assert "go_exit(" not in coverage.fatal_calls()


ROW = {"lines": 4, "lines_hit": 3, "branches": 8, "branches_hit": 6, "fatal_branches": 2,
       "lines_missed": [{"line": 7, "reason": "<elsewhere>"}],
       "branches_missed": [{"line": n, "column": 2, "side": "true", "reason": None}
                           for n in (3, 4, 9)]}
NOTHING = {**ROW, "lines": 0, "lines_hit": 0, "branches": 0, "branches_hit": 0,
           "lines_missed": [], "branches_missed": []}
DOCUMENT = {"schema": 1, "kind": "coverage", "total": ROW,
            "files": {"targets/a/x.c": ROW, "targets/a/y.c": ROW, "targets/b/z.c": NOTHING}}


def test_figures_add_up_by_target():
    table = covered.table([schema.check(DOCUMENT, "coverage")])
    first, second = table["targets"]
    assert (first["name"], first["sum"]["lines_hit"], first["sum"]["branch_share"]) == ("a", 6, 75)
    assert second["sum"]["line_share"] == 100
    assert table["total"]["branches"] == 16
    assert first["files"][0]["missed"] == {"": "3-4, 9", "<elsewhere>": "7"}
    assert covered.table([])["targets"] == []


def test_the_page_shows_it(tmp_path):
    path = write_run(tmp_path / "run", race())
    run = folder.load(path)
    assert "Coverage" not in html.text(run, session.graded(run), [])
    (path / "coverage.jsonl").write_text(json.dumps(DOCUMENT) + "\n")
    page = html.text(run, session.graded(run), [])
    assert "Coverage" in page and "75.0 %" in page
    assert "3-4, 9; 7: &lt;elsewhere&gt;" in page
    (path / "coverage.jsonl").write_text(json.dumps({**DOCUMENT, "files": 3}) + "\n")
    assert "coverage results left out" in html.text(folder.load(path), session.graded(run), [])


def test_a_full_page_shows_the_sums_alone(tmp_path, monkeypatch):
    path = write_run(tmp_path / "run", race())
    (path / "coverage.jsonl").write_text(json.dumps(DOCUMENT) + "\n")
    run = folder.load(path)
    monkeypatch.setattr(html, "LIMIT_BYTES", 1)
    page = html.text(run, session.graded(run), [])
    assert "75.0 %" in page and "elsewhere" not in page


@pytest.mark.parametrize("arguments", [["--target", "nonsense"], ["--nonsense"]])
def test_usage(arguments):
    ran = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 64
    assert len(ran.stderr.splitlines()) == 1
