"""The page, the table and JUnit: what they must show, and that nothing leaks or breaks out."""
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

import made_records
from made_records import planned, race, record, result, write_run
from reports import explored, folder, html, junit, schema, session, svg, table, words

VOID = {"meta", "link", "br", "line", "rect", "circle", "polyline", "input", "img", "hr"}


class Nesting(HTMLParser):
    """Checks that tags nest, collects ids, links and outward references."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.outward, self.wrong = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        """Note a tag and its attributes."""
        attributes = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        link = attributes.get("href", "") or attributes.get("src", "")
        if link.startswith("#"):
            self.links.append(link[1:])
        elif link and not link.startswith("data:"):
            self.outward.append(link)

    def handle_startendtag(self, tag, attrs):
        """Self-closed tags (SVG)."""

    def handle_endtag(self, tag):
        """Note a closing tag."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def page(path, slices, explored=(), **more):
    """(text, parsed) of the page of a made run."""
    run = folder.load(write_run(path, slices, **more))
    text = html.text(run, session.graded(run), list(explored))
    parsed = Nesting()
    parsed.feed(text)
    return text, parsed


def test_the_page_is_well_formed_self_contained_and_small(tmp_path):
    text, parsed = page(tmp_path / "run", race())
    assert parsed.wrong == [] and parsed.open == [] and parsed.outward == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert set(parsed.links) <= set(parsed.ids)
    assert "http" not in re.sub(r"&[a-z]+;", "", text).replace("http-equiv", "")
    assert len(text) < 60_000


def test_the_verdict_comes_first(tmp_path):
    text, _ = page(tmp_path / "run", race())
    assert text.index("<h1>") < text.index("AS EXPECTED</h1>") < text.index("<table")
    assert text.index('class="matrix"') < text.index("<details")


def test_what_is_unexpected_is_open_listed_and_replayable(tmp_path):
    text, parsed = page(tmp_path / "run", race(fixed=result("fixed", hits=2)))
    assert re.search(r'<details id="toy-race-fixed" class="bad"[^>]*\sopen>', text)
    assert '<a href="#toy-race-fixed">' in text and "REFUTED" in text
    assert "<code>storm --case race" in text
    assert "&lt;parked&gt;" in text and "<parked>" not in text


def test_figures_are_on_the_page(tmp_path):
    text, _ = page(tmp_path / "run", race())
    for shown in ("readied in time", "two actors meet", "ρ ≤", "near misses", "per block",
                  "per child", "core:0", "offset", "<svg", "layout=natural", "20 children"):
        assert shown in text, shown


def test_hostile_texts_stay_texts(tmp_path):
    bad = '"><script>alert(1)</script>'
    slices = [record("BUG_A", "control", "crash", bad), record("fixed", "clean", made=result(
        "fixed", env=bad))]
    text, parsed = page(tmp_path / "run", slices)
    assert "<script>alert" not in text and parsed.wrong == []
    ElementTree.fromstring(junit.text(*loaded(tmp_path / "run")))


def loaded(path):
    """(run, verdicts) of a folder."""
    run = folder.load(path)
    return run, session.graded(run)


def test_a_partial_run_says_so(tmp_path):
    text, _ = page(tmp_path / "run", race()[:1], state="interrupted")
    assert "interrupted</h1>" in text and "cut short" in text


def test_a_huge_run_still_fits_into_the_page(tmp_path, monkeypatch):
    run, verdicts = loaded(write_run(tmp_path / "run", race(fixed=result("fixed", hits=1))))
    one = next(row for row in verdicts["rows"] if row["verdict"] == "CAUGHT")
    more = [{**one, "case": f"race{n}", "role": "buggy"} for n in range(100)]
    verdicts["rows"] += more
    whole = html.text(run, verdicts)
    monkeypatch.setattr(html, "LIMIT_BYTES", len(whole) - 1)
    brief = html.text(run, verdicts)
    assert len(brief) < 0.8 * len(whole) and "to keep this page small" in brief
    assert brief.count('class="profile"') == 2 < whole.count('class="profile"')


def test_the_smallest_page_still_shows_what_is_unexpected(tmp_path, monkeypatch):
    monkeypatch.setattr(html, "LIMIT_BYTES", 1)
    slices = [*race(), record("BUG_B", made=result("BUG_B", hits=0))]
    text, parsed = page(tmp_path / "run", slices, [
        made_records.explored("tso", case="fine"), made_records.explored("sc", expected=False)])
    assert "Only what is unexpected is shown below" in text and parsed.wrong == []
    assert 'id="toy-race-BUG_B"' in text and text.count("<article") == 1
    targets = set(re.findall(r'id="([^"]+)"', text))
    assert all(link in targets for link in re.findall(r'href="#([^"]+)"', text))
    explorer = text[text.index("Explorer: which"):]
    assert explorer.count("✔ as expected") == 1 and explorer.count("✘ ● lost_wakeup") == 1


def test_explorer_results_become_a_table(tmp_path):
    text, parsed = page(tmp_path / "run", race(), [
        made_records.explored("tso"), made_records.explored("sc", hits={}, exhausted=True),
        made_records.explored("c11", expected=False)])
    assert "Explorer" in text and "none, exhausted" in text and "✘ ● lost_wakeup" in text
    assert parsed.wrong == []


def test_explorer_results_beside_the_run_are_found(tmp_path):
    place = tmp_path / "explore"
    place.mkdir()
    run = folder.load(write_run(tmp_path / "report", race()))
    assert "Explorer" not in html.text(run, session.graded(run))
    (place / "results.jsonl").write_text(
        json.dumps(made_records.explored("tso")) + '\n{"schema":1,"kind":"other"}\n')
    assert "Explorer" in html.text(run, session.graded(run))
    (place / "results.jsonl").write_text('{"schema": 1, "kind": "explore"}\n')
    assert "explore results left out" in html.text(run, session.graded(run))
    with pytest.raises(schema.BadDocument, match="line 1"):
        explored.documents(place / "results.jsonl")


def test_the_profile_is_drawn_to_scale():
    assert svg.profile_svg([]) == "" and svg.profile_svg([[0, 0, 0, 0]]) == ""
    text = svg.profile_svg([[-10, 100, 0, 0], [0, 100, 50, 20], [10, 100, 25, 10]])
    bars = re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)", text)
    heights = [float(base) - float(top) for base, top in bars]
    assert len(heights) == 2 and heights[0] == pytest.approx(2 * heights[1])
    assert "top 50 %" in text and "top 20 %" in text
    ElementTree.fromstring(text)
    ElementTree.fromstring(svg.profile_svg([[5, 10, 1, 1]]))


def test_junit_has_classes_and_counts(tmp_path):
    slices = race(fixed=result("fixed", hits=1)) + [
        record("BUG_B", state="crash", reason="SIGSEGV"),
        record("BUG_ARM", "quiet", "skipped", "one core")]
    plan = planned(("BUG_A", "control"), ("fixed", "clean"), ("BUG_B", "buggy"),
                   ("BUG_ARM", "quiet"))
    run, verdicts = loaded(write_run(tmp_path / "run", slices, plan))
    root = ElementTree.fromstring(junit.text(run, verdicts))
    suite = root.find("testsuite")
    assert [suite.get(k) for k in ("tests", "failures", "errors", "skipped")] == [
        "4", "1", "1", "1"]
    cases = {c.get("name"): c for c in suite.iter("testcase")}
    assert cases["fixed"].find("failure").get("type") == "lost_wakeup"
    assert cases["BUG_B"].find("error").get("type") == "crash"
    assert cases["BUG_ARM"].find("skipped").get("message") == "one core"
    assert "replay: storm" in cases["BUG_A"].find("system-out").text


def test_the_table_explains_and_ends_with_the_verdict(tmp_path, monkeypatch):
    run, verdicts = loaded(write_run(tmp_path / "run", race(fixed=result("fixed", hits=1))))
    lines = table.lines(run, verdicts, False, tmp_path)
    assert lines[0].startswith("verdict") and lines[1].startswith("✘ REFUTED")
    assert "  replay: storm --case race --env 'layout=natural'" in lines
    assert lines[-1].startswith("NOT AS EXPECTED: 2 verdicts (1 CAUGHT, 1 REFUTED)")
    assert lines[-1].endswith("--rig-seed 7")
    monkeypatch.setenv("COLUMNS", "300")
    coloured = table.lines(run, verdicts, True, tmp_path)
    assert "\x1b[" in "".join(coloured)
    assert [re.sub(r"\x1b\[[\d;]*m", "", c).split()[:4] for c in coloured[:3]] == [
        line.split()[:4] for line in lines[:3]]


@pytest.mark.parametrize("value, text", [
    (0, "0"), (None, "-"), (float("inf"), "-"), (12345, "12.3k"), (4.2e6, "4.2M"),
    (0.00012, "1.2e-04"), (0.5, "0.5")])
def test_numbers_in_words(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize("seconds, text", [
    (None, "-"), (2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.5e-5, "45 µs"), (3e-8, "30 ns")])
def test_durations_in_words(seconds, text):
    assert words.duration(seconds) == text


def test_every_verdict_has_a_meaning_and_colour_never_stands_alone():
    for verdict in words.MEANINGS:
        assert words.mark(verdict) in set(words.MARKS.values()) | {words.UNEXPECTED_MARK}
    assert words.mark("REFUTED") != words.mark("CAUGHT")


def test_a_narrow_terminal_goes_without_columns_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    run, verdicts = loaded(write_run(tmp_path / "run", race()))
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line)
             for line in table.lines(run, verdicts, True, tmp_path)]
    assert all(len(line) <= 100 for line in lines[:3])
    assert "verdict" in lines[0] and "Fano" not in lines[0] and "ratio" in lines[0]
    assert lines[3].startswith("(no room here for") and "Fano" in lines[3]
