"""The pictures of the page: placement, rates, storms over time; and traces in columns."""
import re
import subprocess
from xml.etree import ElementTree

import pytest

from made_records import listed, planned, race, record, result, write_run
from reports import explored, folder, html, session, svg, topology
from test_reports_html import Nesting

TRACE = [
    "threads, by column: 0 blocker, 1 closer",
    "   1      1  store state+24 := 17 (release), into its store buffer     "
    "            info_publish targets/toy/info.h:60",
    "   2  0  load state+24 = 16 (acquire) from the start (stale: newest is 17 by 1 of closer)"
    "  info_get targets/toy/info.h:84",
    "(3 lines left out)",
    "   6      1      1 reaches memory: state+24 = 17                   ",
]


def machine(text, tmp_path):
    """The topology that hwloc's synthetic description stands for."""
    try:
        done = subprocess.run(["lstopo-no-graphics", "--input", text, "--of", "xml"],
                              capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("no lstopo-no-graphics here")
    (tmp_path / "topology.xml").write_text(done.stdout)
    return topology.load(tmp_path / "topology.xml")


def texts(picture):
    """All that a picture says, in order; it must be XML."""
    return [e.text for e in ElementTree.fromstring(picture).iter("text")]


def test_actors_sit_in_their_processors(tmp_path):
    xml = machine("package:1 l3:1 l2:2 core:1 pu:2", tmp_path)
    said = texts(topology.placement_svg(xml, [("a<b", "core:0.pu:1"), ("c", "core:1.pu:0")]))
    assert said[said.index("PU 1") + 1] == "a<b" and said[said.index("PU 2") + 1] == "c"
    assert said[:2] == ["machine", "Package 0"] and said[2].startswith("L3 0")
    whole = texts(topology.placement_svg(xml, [("a", "core:1")]))
    assert whole[whole.index("core 1") + 1] == "a"
    assert topology.boxes(xml, {})[0].names == []  # drawn anew each time


def test_a_large_machine_stays_a_small_picture(tmp_path):
    xml = machine("package:2 l3:1 l2:64 core:1 pu:2", tmp_path)
    picture = topology.placement_svg(xml, [("a", "core:3.pu:0"), ("b", "core:100.pu:1")])
    assert len(picture) < 5000
    said = texts(picture)
    assert "… 3 more L2" in said and "… 60 more L2" in said
    assert said[said.index("PU 201") + 1] == "b"


@pytest.mark.parametrize("location", ["core:9.pu:0", "all", "core", "0x3", "gpu:0", ""])
def test_unknown_places_are_not_drawn(tmp_path, location):
    xml = machine("core:2 pu:1", tmp_path)
    assert topology.placement_svg(xml, [("a", location)]) == ""


def test_without_a_topology_the_text_does(tmp_path):
    path = write_run(tmp_path / "run", race())
    assert "placement: a on core:0" in page(path)
    (path / "topology.xml").write_text("<topology><object")
    assert "placement: a on core:0" in page(path)
    machine("core:2 pu:1", path)
    assert 'class="placement"' in page(path) and "placement: a on" not in page(path)


def page(path, explorer=()):
    """A made run's page; its tags nest."""
    run = folder.load(path)
    text = html.text(run, session.graded(run), list(explorer))
    parsed = Nesting()
    parsed.feed(text)
    assert parsed.wrong == [] and parsed.open == [] and parsed.outward == []
    return text


def test_rates_share_one_scale():
    rows = [{"variant": "BUG_<A>", "rate_s": [100.0, 10.0, 1000.0]},
            {"variant": "BUG_B", "rate_s": [100.0, 50.0, 200.0]},
            {"variant": "fixed", "rate_s": [0.0, 0.0, 10.0]},
            {"variant": "BUG_C", "rate_s": None}]
    picture = svg.rates_svg(rows)
    marks = re.findall(r'class="mark hit" d="M([\d.]+) ', picture)
    assert len(marks) == 2 and marks[0] == marks[1]
    ranges = re.findall(r'class="range \w+" d="M([\d.]+) \d+H([\d.]+)"', picture)
    assert len(ranges) == 3 and ranges[2][1] == ranges[0][0]
    assert "BUG_<A>" in texts(picture) and "BUG_C" not in texts(picture)
    assert svg.rates_svg(rows[3:]) == ""


def test_curves_keep_their_ends_and_few_points():
    samples = [{"t": n / 10, "lost": n} for n in range(1000)]
    picture = svg.curve_svg("lost", samples, "lost")
    points = re.search(r'points="([^"]*)"', picture)[1].split()
    assert len(points) <= svg.CURVE_POINTS + 1 and "0 … 999 in 99.9 s" in picture
    assert svg.curve_svg("lost", [], "lost") == ""
    ElementTree.fromstring(svg.curve_svg("none", [{"t": 0, "lost": 0}], "lost"))


def explore(variant="BUG_A", model="tso", trace=None, **more):
    """An "explore" document with a trace."""
    return {"schema": 1, "kind": "explore", "target": "toy", "variant": variant, "case": "race",
            "lane": "explore", "model": model, "hits": {"lost_wakeup": 1}, "executions": 5,
            "expected": True, "replay": "explore --replay 3f", "finding": {
                "class": "lost_wakeup", "meaning": "left <behind>",
                "trace": TRACE if trace is None else trace}, **more}


def test_a_trace_has_a_column_per_thread(tmp_path):
    steps = explored.trace(explore())["steps"]
    assert steps == [
        ("1", 1, "store state+24 := 17 (release), into its store buffer",
         "info_publish targets/toy/info.h:60"),
        ("2", 0, "load state+24 = 16 (acquire) from the start (stale: newest is 17 by 1 of "
         "closer)", "info_get targets/toy/info.h:84"),
        ("", None, "(3 lines left out)", ""),
        ("6", 1, "1 reaches memory: state+24 = 17", "")]
    text = page(write_run(tmp_path / "run", race()), [explore(), explore(model="c11")])
    assert text.count('<table class="trace">') == 1  # of the first model that shows it
    assert '<th scope="col">blocker</th><th scope="col">closer</th>' in text
    assert "left &lt;behind&gt;" in text


@pytest.mark.parametrize("trace", [[], ["free text"], ["   1  7  no such thread"], TRACE[1:]])
def test_odd_traces_are_still_shown(tmp_path, trace):
    text = page(write_run(tmp_path / "run", race()), [explore(trace=trace)])
    assert all(line.strip().split("  ")[-1].strip() in text for line in trace)


def test_traces_go_first_when_the_page_grows_too_large(tmp_path, monkeypatch):
    path = write_run(tmp_path / "run", race())
    whole = page(path, [explore()])
    monkeypatch.setattr(html, "LIMIT_BYTES", len(whole.encode()) - 1)
    less = page(path, [explore()])
    assert 'class="trace"' not in less and "Traces are left out" in less
    assert less.count('class="profile"') == whole.count('class="profile"')


def test_a_storm_tells_its_operations_and_its_course(tmp_path):
    samples = [{"t": n, "slice": 0, "ops": 10 * n, "commits": n, "events": n, "lost": n,
                "stuck": 0, "open": 4096, "files": 7000, "rss_kib": 5000} for n in range(1, 4)]
    gale = {**result("BUG_A", hits=3, case="gale"), "storm": "gale", "ops": 30, "commits": 12345,
            "events": 77, "operations": {"read": 20, "close": 10}, "samples": samples}
    slices = [record("BUG_A", made=gale, case="gale")]
    lists = [listed("BUG_A", "gale", storm="gale")]
    del lists[0]["actors"]
    text = page(write_run(tmp_path / "run", slices, planned(("BUG_A", "buggy"), case="gale"),
                          lists))
    for shown in ("12,345", "66.7 %", "lost, to 3", "operations, to 30", "1 … 3 in 3 s"):
        assert shown in text, shown
    assert text.count('class="curve"') == 2  # what never moves is not drawn
    assert "<dt>near misses" not in text and "placement: thread 0 on core:0" in text
