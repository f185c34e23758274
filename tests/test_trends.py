"""The page and the table of the history; leaks over time and over nights."""
import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from made_nights import night, row
from reports import history, html, leaks, svg, trends


ROOT = Path(__file__).resolve().parent.parent


def filled(place, nights=40, lanes=3, **more):
    """A history of steady nights, in which lane c1 doubles after 25."""
    there = history.History(place / "h")
    rng = np.random.default_rng(8)
    for n in range(nights):
        rows = [row(case=f"c{i}", hits=int(rng.poisson(100 * (1 + (i == 1 and n >= 25)))), **more)
                for i in range(lanes)]
        there.import_run(night(place / "runs", n, rows,
                               facts={"kernel": "6.1" if n < 25 else "6.5"}))
    return there


def test_a_change_of_level_is_drawn_and_dated(tmp_path):
    text = trends.text(filled(tmp_path))
    assert text.count('class="step"') == 1 and "2031-01-26: 10" in text
    assert "kernel: 6.1 -&gt; 6.5" in text and "No open regression" in text


def test_the_head_of_the_page_is_not_green_over_red_lanes(tmp_path):
    there = filled(tmp_path)
    assert '<header class="good">' in trends.text(there)
    there.import_run(night(tmp_path / "runs", 60, [
        row(case="c0", hits=0, verdict="NOT_CAUGHT"), row(case="c1", hits=200)]))
    text = trends.text(there)
    assert '<header class="bad">' in text and "1 lane not as expected" in text


@pytest.mark.parametrize("hits, said", [(3000, "✘ canary silent: toy/race BUG_A"),
                                        (3, "○ not shown: toy/race BUG_A")])
def test_the_page_tells_a_silent_canary_from_one_that_is_not_shown(tmp_path, hits, said):
    there = history.History(tmp_path / "h.sqlite")
    for n in range(20):
        there.import_run(night(tmp_path / "runs", n, [row(hits=hits, seconds=30.0)]))
    there.import_run(night(tmp_path / "runs", 20, [
        row(hits=0, seconds=3.0, verdict="INCONCLUSIVE", expected=False)]))
    page = trends.text(there)
    assert said in page and "its own rate in the nights before" in page
    assert ("Everything red: a canary is silent" in page) == (hits == 3000)


def test_an_empty_history_has_a_page(tmp_path):
    assert "No open regression" in trends.text(history.History(tmp_path / "h"))


def test_growth_over_the_nights_is_told(tmp_path):
    figures = {"rounds_s": 5e6, "rss_kib_growth_h": 12.5}
    text = trends.text(filled(tmp_path, nights=12, lanes=1, figures=figures))
    assert "Leaks and standstills" in text and "rss kib <b>12.5</b>" in text
    assert "lost_wakeup" in text


def test_a_large_history_stays_a_small_page(tmp_path, monkeypatch):
    there = filled(tmp_path, lanes=20)
    whole = trends.text(there)
    monkeypatch.setattr(trends, "LIMIT_BYTES", len(whole.encode()) - 1)
    less = trends.text(there)
    assert len(less) < len(whole) and less.count("<tr data-row") == whole.count("<tr data-row")
    assert len(whole.encode()) < html.LIMIT_BYTES


def test_the_table_has_a_line_per_run(tmp_path):
    lines = list(csv.DictReader(io.StringIO(trends.csv_text(filled(tmp_path, nights=5)))))
    assert len(lines) == 5 and lines[0]["time"] == "2031-01-01T02:00:00Z"
    assert 5 < float(lines[0]["toy/c0.BUG_A.native.all.hits_s"]) < 15
    assert float(lines[4]["toy/c2.BUG_A.native.all.rounds_s"]) == 5e6


def samples(growth, noise=20.0, n=200):
    """A storm's samples over 100 s whose memory grows by `growth` KiB/s."""
    rng = np.random.default_rng(2)
    return [{"t": t, "slice": 0, "ops": 9, "commits": 1, "events": 1, "files": 7,
             "rss_kib": 5000 + growth * t + rng.normal(0, noise)}
            for t in np.linspace(0, 100, n)]


@pytest.mark.parametrize("growth", [0.0, 1.0, 10.0])
def test_a_leak_is_a_slope_that_noise_does_not_explain(growth):
    slope, low, high = leaks.growth(samples(growth))["rss_kib"]
    assert low <= 3600 * growth <= high and low <= slope <= high
    assert (low > 0) == (growth > 0.5)
    assert leaks.growth(samples(growth))["files"] == [0, 0, 0]


def test_too_few_samples_tell_nothing():
    assert leaks.growth(samples(1, n=10)) == {} and leaks.growth([]) == {}


def test_losses_are_told_an_hour_and_an_operation():
    made = {"storm": {"growth": {}}, "hits": {"deadlock": 3, "block_leak": 1, "fatal": 5},
            "seconds": 3600.0, "rounds": 1000}
    one, = leaks.statistics_of([made, {"storm": None}])
    assert one["standstills"] == {"deadlock": 3} and one["leaks"] == {"block_leak": 1}
    assert one["other"] == {"fatal": 5}
    assert one["per_hour"] == 9 and one["per_operation"] == 0.009


def test_the_time_to_the_first_hit_is_drawn_from_three_calls_on():
    assert svg.first_hits_svg([0.1, 0.2]) == ""
    picture = svg.first_hits_svg([0.001, 0.002, 0.5])
    assert picture.count("V") == 3 and "1 ms" in picture and "500 ms" in picture


def test_the_history_is_measured():
    done = subprocess.run([sys.executable, "ci/bench_history.py", "30", "20"], cwd=ROOT,
                          capture_output=True, text=True, timeout=180, check=True)
    found = json.loads(done.stdout)
    assert (found["nights"], found["lanes"]) == (30, 20) and found["page_bytes"] < html.LIMIT_BYTES
