"""Runs merged: shards, lanes; twice, torn, foreign, of other classes, and with one missing."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from made_records import RACE, explored, listed, planned, race, record, result, write_run
from reports import folder, merge, session
from test_reports_matrix import make, rig, verdicts

ROOT = Path(__file__).resolve().parent.parent


def reports(*words):
    """Run `python3 -m reports`."""
    return subprocess.run([sys.executable, "-m", "reports", *map(str, words)], cwd=ROOT,
                          capture_output=True, text=True, timeout=180)


def shard(place, number, of, variant, slices, elsewhere=()):
    """The run folder of one shard."""
    return write_run(place / f"s{number}", slices, planned((variant, slices[0]["role"])),
                     [listed("BUG_A"), listed("BUG_B"), listed("fixed")], id=f"s{number}",
                     options={"whole": True, "shard": [number, of], "elsewhere": list(elsewhere)})


@pytest.fixture(name="shards")
def fixture_shards(tmp_path):
    """Two shards: a race, and a further variant."""
    other = planned(("BUG_B", "buggy"))
    one = write_run(tmp_path / "s1", race(), RACE, id="s1", options={
        "whole": True, "shard": [1, 2], "elsewhere": other})
    two = shard(tmp_path, 2, 2, "BUG_B", [record("BUG_B", made=result("BUG_B", hits=30))], RACE)
    return [one, two]


def test_shards_make_a_run(shards, tmp_path):
    done = reports("merge", "-o", tmp_path / "all", *shards)
    assert done.returncode == 0, done.stdout + done.stderr
    run = folder.load(tmp_path / "all")
    rows = {r["variant"]: r["verdict"] for r in session.graded(run)["rows"]}
    assert rows == {"BUG_A": "CAUGHT", "fixed": "FIX_CONFIRMED", "BUG_B": "CAUGHT"}
    assert run.complete and (tmp_path / "all" / "index.html").stat().st_size


def test_what_the_explorer_found_with_a_shard_is_on_the_page_of_all(shards, tmp_path):
    (shards[1] / "explore.jsonl").write_text(json.dumps(explored("tso")) + "\n")
    assert reports("merge", "-o", tmp_path / "all", *shards).returncode == 0
    text = (tmp_path / "all" / "index.html").read_text()
    assert "Explorer" in text and "explore --replay 3f" in text


def test_merging_twice_and_in_any_order_changes_nothing(shards, tmp_path):
    merge.merge(tmp_path / "a", shards)
    once = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir() if p.is_file()}
    assert all("there already" in line for line in merge.merge(tmp_path / "a", shards * 2))
    merge.merge(tmp_path / "b", shards[1:])
    merge.merge(tmp_path / "b", shards[:1])
    for place in ("a", "b"):
        again = {p.name: p.read_bytes() for p in (tmp_path / place).iterdir() if p.is_file()}
        assert again == once


def test_a_missing_shard_is_missing_exposure_and_no_pass(shards, tmp_path):
    done = reports("merge", "-o", tmp_path / "all", shards[0])
    assert done.returncode == 1
    assert "shard 2 of 2 of lane native is missing: its exposure is, too" in done.stdout
    rows = {r["variant"]: r for r in session.graded(folder.load(tmp_path / "all"))["rows"]}
    assert rows["BUG_B"]["verdict"] == "INCONCLUSIVE" and "lost shard" in rows["BUG_B"]["reason"]


def test_a_shard_that_has_grown_replaces_itself_and_never_shrinks(shards, tmp_path):
    half = tmp_path / "half" / "s1"
    shutil.copytree(shards[0], half)
    lines = (half / "results.jsonl").read_text().splitlines(keepends=True)
    (half / "results.jsonl").write_text("".join(lines[:-1]))
    merge.merge(tmp_path / "all", [half])
    assert not folder.load(tmp_path / "all").complete
    assert "replaced" in merge.merge(tmp_path / "all", [shards[0]])[0]
    with pytest.raises(folder.BadFolder, match="earlier state of s1"):
        merge.merge(tmp_path / "all", [half])


def test_lanes_and_placements_stay_apart(tmp_path):
    one = write_run(tmp_path / "one", race(), id="one")
    slices = [{**s, "lane": "tsan", "placement": "smt", "result": {**s["result"], "lane": "tsan"}}
              for s in race(fixed=result("fixed", hits=1))]
    lists = [listed(v, lane="tsan") for v in ("BUG_A", "fixed")]
    two = write_run(tmp_path / "two", slices, lists=lists, id="two", lane="tsan")
    merge.merge(tmp_path / "all", [one, two])
    rows = {(r["variant"], r["lane"], r["placement"]): r["verdict"]
            for r in session.graded(folder.load(tmp_path / "all"))["rows"]}
    assert rows == {("BUG_A", "native", "all"): "CAUGHT", ("BUG_A", "tsan", "smt"): "CAUGHT",
                    ("fixed", "native", "all"): "FIX_CONFIRMED",
                    ("fixed", "tsan", "smt"): "REFUTED"}
    session.render(folder.load(tmp_path / "all"))
    page = (tmp_path / "all" / "index.html").read_text()
    assert 'id="toy-race-fixed-tsan-smt"' in page and "tsan smt</span>" in page


def spoil(path, tmp_path, name):
    """Spoil a shard in the named way; returns the folder to merge."""
    lines, head = path / "results.jsonl", path / "run.json"
    if name == "truncated":
        head.write_text(head.read_text()[:200])
    elif name == "foreign":
        head.write_text('{"name": "package"}')
    elif name in ("newer", "older"):
        text = head.read_text()
        head.write_text(text.replace('"schema": 1', f'"schema": {2 if name == "newer" else 0}'))
    elif name == "newer line":
        lines.write_text(lines.read_text().replace('"schema": 1', '"schema": 2', 1))
    elif name == "another class":
        document = json.loads(head.read_text())
        document["provenance"]["machine_class"] = "other"
        head.write_text(json.dumps(document))
    elif name == "a merged one":
        merge.merge(tmp_path / "merged", [path])
        return tmp_path / "merged"
    return path


@pytest.mark.parametrize("name, said", [
    ("truncated", "not JSON"), ("foreign", "wanted \"run\""), ("newer", "schema 2 is newer"),
    ("older", "schema 0 is older"), ("newer line", "line 1: schema 2 is newer"),
    ("another class", "machine class other, the others are toy"),
    ("a merged one", "is a merged run itself")])
def test_what_cannot_be_merged_is_one_line_and_changes_nothing(shards, tmp_path, name, said):
    merge.merge(tmp_path / "all", shards[:1])
    before = {p: p.read_bytes() for p in (tmp_path / "all").rglob("*") if p.is_file()}
    done = reports("merge", "-o", tmp_path / "all", spoil(shards[1], tmp_path, name))
    assert done.returncode in (2, 64) and said in done.stderr and done.stderr.count("\n") == 1
    assert {p: p.read_bytes() for p in (tmp_path / "all").rglob("*") if p.is_file()} == before


def test_a_truncated_last_line_is_missing_exposure(shards, tmp_path):
    lines = shards[1] / "results.jsonl"
    lines.write_text(lines.read_text()[:-30])
    done = reports("merge", "-o", tmp_path / "all", *shards)
    assert done.returncode == 1
    rows = {r["variant"]: r["verdict"] for r in session.graded(
        folder.load(tmp_path / "all"))["rows"]}
    assert rows["BUG_B"] == "INCONCLUSIVE"


def test_a_foreign_folder_is_no_place_to_merge_into(shards, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    done = reports("merge", "-o", tmp_path / "mine", *shards)
    assert done.returncode == 64 and "neither empty nor a merged run" in done.stderr


def test_the_matrix_in_shards_is_the_matrix(tmp_path):
    root = make(tmp_path, fixed="quiet", A="catch", WIDE="catch", ARM="quiet")
    for number in (1, 2):
        done = rig(root, f"--rig-shard={number}/2", f"--rig-out={root}/s{number}")
        assert done.returncode == 0, done.stdout + done.stderr
    done = reports("merge", "-o", root / "out", root / "s1", root / "s2")
    assert done.returncode == 0, done.stdout + done.stderr
    session.render(folder.load(root / "out"))
    assert verdicts(root) == {"fixed": "FIX_CONFIRMED", "BUG_A": "CAUGHT", "BUG_WIDE": "CAUGHT",
                              "BUG_ARM": "QUIET_AS_EXPECTED"}
    for bad in ("3/2", "0/2", "x"):
        assert rig(root, f"--rig-shard={bad}").returncode == 64
