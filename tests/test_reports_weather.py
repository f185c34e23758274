"""Storms in the matrix: listed, run, judged and shown beside the cases."""
import json

import pytest

from reports import matrix, weather
from test_reports_matrix import ENOUGH, expect, make, rig

LOSS = {"do": "catch", "expected": ["lost_wakeup"]}


def add_gale(root, **behaviour):
    """Let each fake program have a storm `gale`; behaviour: by variant."""
    for place in (root / "build/native/toy").iterdir():
        path = place / "behaviour.json"
        known = json.loads(path.read_text())
        gale = {"storm": True, "expect": [expect("BUG_A")], **behaviour[place.name]}
        path.write_text(json.dumps({**known, "gale": gale}))


def gale_rows(root):
    found = json.loads((root / "out/verdicts.json").read_text())
    return {row["variant"]: row for row in found["rows"] if row["case"] == "gale"}


def test_a_storm_stands_in_the_table_the_page_and_junit(tmp_path):
    add_gale(make(tmp_path, fixed="quiet", A="catch"), fixed={"do": "quiet"}, BUG_A=LOSS)
    ran = rig(tmp_path, "--rig-case=gale")
    rows = gale_rows(tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "fixed": "CLEAN", "BUG_A": "CAUGHT"}
    assert "nothing lost in" in rows["fixed"]["reason"]
    assert "--storm gale" in rows["BUG_A"]["replay"]
    assert "toy/gale" in ran.stdout
    assert "gale" in (tmp_path / "out/index.html").read_text()
    assert "gale" in (tmp_path / "out/junit.xml").read_text()


@pytest.mark.parametrize("fixed, bug, verdict", [
    ({"do": "catch"}, LOSS, "REFUTED"),
    ({"do": "quiet"}, {**LOSS, **ENOUGH}, "NOT_CAUGHT"),
    ({"do": "quiet"}, {**LOSS, "do": "wrong"}, "WRONG_CLASS"),
    ({"do": "garbage"}, LOSS, "ENGINE_ERROR"),
])
def test_a_storm_that_fails_fails_the_run(tmp_path, fixed, bug, verdict):
    add_gale(make(tmp_path, fixed="quiet", A="catch"), fixed=fixed, BUG_A=bug)
    ran = rig(tmp_path, "--rig-case=gale")
    assert ran.returncode in (1, 2)
    assert verdict in {row["verdict"] for row in gale_rows(tmp_path).values()}


def test_storms_have_no_control_and_are_not_split_into_children():
    listed = {"kind": "list", "target": "toy", "lane": "native", "model": "tso", "storm": "gale",
              "purpose": "", "expect": [expect("BUG_A")]}
    lists = [weather.listed_as_case({**listed, "variant": v, "expected_failures": e})
             for v, e in (("fixed", []), ("BUG_A", ["lost_wakeup"]))]
    found = matrix.items(lists)
    assert [(i.kind, i.control, i.variants) for i in found] == [
        ("buggy", None, ("BUG_A",)), ("race", None, ("fixed",))]


def test_a_variant_that_a_storm_may_show_is_run_for_its_rate():
    listed = {"kind": "list", "target": "toy", "lane": "native", "model": "tso", "storm": "gale",
              "purpose": "", "expect": [], "expected_failures": []}
    lists = [weather.listed_as_case({**listed, "variant": v, "allowed_failures": a})
             for v, a in (("fixed", []), ("BUG_A", ["lost_wakeup"]), ("BUG_A+plain", ["fatal"]),
                          ("BUG_B", []))]
    assert [(i.kind, i.variants) for i in matrix.items(lists)] == [
        ("quiet", ("BUG_A",)), ("race", ("fixed",))]
