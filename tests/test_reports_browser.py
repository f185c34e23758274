"""The pages under a reader's hands and eyes, in a headless Chromium."""
import struct

import pytest

import browser as chrome
from made_nights import night, row
from made_records import listed, planned, race, record, result, write_run
from reports import folder, history, html, nights, session, trends

ENTER = "\ue007"
SHOWN = ("return [...document.querySelectorAll('[data-row]')].filter(r => r.offsetParent || "
         "r.getClientRects().length).length")


@pytest.fixture(name="browser", scope="module")
def fixture_browser():
    """One headless Chromium for all."""
    if chrome.missing():
        pytest.skip(chrome.missing())
    with chrome.chromium() as browser:
        yield browser


def run_page(place):
    """The page of a run with a race, an unexpected verdict, and a storm that leaks."""
    samples = [{"t": n, "slice": 0, "ops": 10 * n, "commits": n, "events": n, "lost": n,
                "stuck": 0, "open": 9, "files": 70, "rss_kib": 5000 + n} for n in range(1, 40)]
    gales = [{**result(v, hits=h, case="gale"), "storm": "gale", "ops": 30, "commits": 12,
              "events": 77, "operations": {"read": 20, "close": 10}, "samples": samples}
             for v, h in (("BUG_A", 3), ("fixed", 0))]
    slices = race() + [record("BUG_B", made=result("BUG_B"))] + [
        record(g["variant"], "buggy" if g["variant"] == "BUG_A" else "clean", made=g, case="gale")
        for g in gales]
    lists = [listed(v) for v in ("BUG_A", "BUG_B", "fixed")]
    lists += [listed(v, "gale", storm="gale") for v in ("BUG_A", "fixed")]
    plan = planned(("BUG_A", "control"), ("fixed", "clean"), ("BUG_B", "buggy")) + planned(
        ("BUG_A", "buggy"), ("fixed", "clean"), case="gale")
    path = write_run(place, slices, plan, lists)
    run = folder.load(path)
    (path / "index.html").write_text(html.text(run, session.graded(run)))
    return path / "index.html"


def history_page(place):
    """The page of a history in which a lane fell by half."""
    there = history.History(place / "h.sqlite")
    for n in range(30):
        there.import_run(night(place / "runs", n, [
            row(case=f"c{i}", hits=(200 + n % 7) // (2 if i == 1 and n > 24 else 1))
            for i in range(4)] + [row("fixed", 0)]))
        nights.judge(there)
    (place / "history.html").write_text(trends.text(there))
    return place / "history.html"


@pytest.fixture(name="page", params=["run", "history"])
def fixture_page(request, tmp_path):
    """The file of either page."""
    return run_page(tmp_path / "run") if request.param == "run" else history_page(tmp_path)


def test_it_opens_without_errors_and_asks_the_network_for_nothing(browser, page):
    browser.log("browser"), browser.requests()
    browser.open(page)
    browser.script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.log("browser") == [] and browser.requests() == []
    assert page.stat().st_size < html.LIMIT_BYTES


def test_the_watch_for_errors_and_requests_sees_them(browser, tmp_path):
    """The broken subject of the test above."""
    (tmp_path / "bad.html").write_text(
        "<script>undefined_function()</script><img src='http://127.0.0.1:9/x.png'>")
    browser.log("browser"), browser.requests()
    browser.open(tmp_path / "bad.html")
    assert any("undefined_function" in entry["message"] for entry in browser.log("browser"))
    assert browser.requests() == ["http://127.0.0.1:9/x.png"]


def test_the_filter_leaves_what_matches(browser, page):
    browser.open(page)
    everything = browser.script(SHOWN)
    browser.press(".filter input[type=search]", "fixed")
    some = browser.script(SHOWN)
    assert 0 < some < everything
    assert "shown" in browser.script("return document.querySelector('.filter output').textContent")
    browser.press(".filter input[type=search]", " nothing-like-it")
    assert browser.script(SHOWN) == 0
    browser.open(page)
    browser.click(".filter input[type=checkbox]")
    assert 0 < browser.script(SHOWN) < everything


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_every_screen_in_light_and_dark(browser, page, width, scheme, tmp_path):
    browser.size(width, 900)
    browser.developer("Emulation.setEmulatedMedia", features=[
        {"name": "prefers-color-scheme", "value": scheme}])
    browser.open(page)
    assert browser.script("return document.documentElement.scrollWidth") <= width
    data = browser.screenshot(tmp_path / "seen.png")
    assert struct.unpack(">II", data[16:24])[0] == width
    paper = browser.script("return getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, paper[4:-1].split(","))) > 384
    assert light == (scheme == "light")


def test_keys_alone_reach_everything(browser, page):
    browser.open(page)
    kinds = browser.script(
        "return [...document.querySelectorAll('a[href],button,summary,input,.wide')].map("
        "e => [e.tagName, e.tabIndex])")
    assert kinds and all(index >= 0 for _, index in kinds)


def test_colour_never_stands_alone(browser, page):
    browser.open(page)
    bare = browser.script(
        "return [...document.querySelectorAll('td.good, td.bad, .verdict')].filter("
        "e => !/[✔✘○?–●]/.test(e.textContent)).length")
    assert bare == 0


def test_paper_shows_what_is_folded(browser, page):
    browser.open(page)
    browser.developer("Page.printToPDF")
    assert browser.script("return [...document.querySelectorAll('details')].every(d => d.open)")


def test_keys_open_what_is_closed_and_copy_what_replays(browser, tmp_path):
    browser.open(run_page(tmp_path / "run"))
    details = "document.getElementById('toy-race-fixed')"
    assert browser.script(f"return {details}.open") is False
    browser.press("#toy-race-fixed summary", ENTER)
    assert browser.script(f"return {details}.open") is True
    browser.press("#toy-race-fixed .replay button", ENTER)
    said = browser.script(
        f"const b = {details}.querySelector('.replay button'); return new Promise("
        "r => { const look = () => b.textContent == 'copy' ? setTimeout(look, 20) : "
        "r(b.textContent); look(); })")
    assert said == "copied"
    browser.script("document.body.insertAdjacentHTML('afterbegin', '<textarea id=t></textarea>')")
    browser.press("#t", "\ue009v")
    pasted = browser.script("return document.getElementById('t').value")
    assert pasted.strip() == "storm --case race --env 'layout=natural'"


def test_a_cell_of_the_matrix_opens_its_details(browser, tmp_path):
    browser.open(run_page(tmp_path / "run"))
    browser.click(".matrix td.good a[href='#toy-race-BUG_A']")
    assert browser.script("return document.getElementById('toy-race-BUG_A').open") is True
