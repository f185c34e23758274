"""Coverage: how llvm-cov's figures become lines and branches. `make coverage` is the whole."""
import importlib.util
import subprocess

import pytest

from tests.explorer import ROOT

SCRIPT = ROOT / "fuzz/fuzzers/coverage.py"
spec = importlib.util.spec_from_file_location("coverage_of_inputs", SCRIPT)
coverage = importlib.util.module_from_spec(spec)
spec.loader.exec_module(coverage)


def test_lines_between_segments_have_the_count_that_holds():
    segments = [[3, 1, 5, True, True, False], [6, 2, 0, True, True, False],
                [7, 3, 5, True, False, False], [9, 1, 0, False, False, False]]
    assert dict(coverage.line_counts(segments)) == {3: 5, 4: 5, 5: 5, 6: 0, 7: 5, 8: 5}


def test_a_gap_is_no_code():
    segments = [[1, 1, 2, True, True, False], [2, 1, 0, True, False, True],
                [4, 1, 0, False, False, False]]
    assert dict(coverage.line_counts(segments)) == {1: 2}


def test_branches_to_fatal_checks_are_counted_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    (tmp_path / "a.c").write_text('if (bad)\n\tworld_fatal("bad");\nif (good)\n\tf();\n')
    mine = {"lines": {1, 2, 3, 4}, "hit": {1, 3, 4},
            "branches": {(1, 5, "true"): False, (1, 5, "false"): True,
                         (3, 5, "true"): True, (3, 5, "false"): False}}
    result = coverage.summary({"a.c": mine})
    assert result["files"]["a.c"] == {"lines": 4, "lines_hit": 3, "branches": 2, "branches_hit": 1,
                                      "fatal_branches": 2, "lines_missed": [2]}
    assert result["total"]["branches"] == 2


@pytest.mark.parametrize("arguments", [["--target", "nonsense"], ["--nonsense"]])
def test_usage(arguments):
    ran = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 64
    assert len(ran.stderr.splitlines()) == 1
