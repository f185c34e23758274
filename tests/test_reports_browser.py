"""The page under a reader's hands: its keys and its copy button, by WebDriver's own protocol."""
import json
import re
import shutil
import subprocess
import urllib.request

import pytest

from made_records import race, write_run
from reports import folder, html, session

ENTER = "\ue007"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]
BOUND_S = 180


class Browser:
    """A session of a driver that listens on a port of this machine."""

    def __init__(self, port):
        """port: of chromedriver."""
        self.base = f"http://127.0.0.1:{port}/session"
        made = self.call("POST", "", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": ARGUMENTS}}}})
        self.base += "/" + made["sessionId"]

    def call(self, method, path, body=None):
        """One command of the protocol; returns its value."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method, headers={
            "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=BOUND_S) as answer:
            return json.load(answer)["value"]

    def press(self, selector, keys):
        """Type keys at the first element that a CSS selector finds."""
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        self.call("POST", f"/element/{found[ELEMENT]}/value", {"text": keys})

    def script(self, text):
        """What a script's promise or value comes to."""
        return self.call("POST", "/execute/sync", {"script": text, "args": []})


@pytest.fixture(name="browser")
def fixture_browser():
    """A headless Chromium."""
    if not shutil.which("chromedriver") or not shutil.which("chromium"):
        pytest.skip("no chromedriver here")
    driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        port = next(m[1] for m in (re.search(r"on port (\d+)\.", line) for line in driver.stdout)
                    if m)
        browser = Browser(port)
        yield browser
        browser.call("DELETE", "")
    finally:
        driver.terminate()
        driver.wait()


def test_keys_open_what_is_closed_and_copy_what_replays(browser, tmp_path):
    path = write_run(tmp_path / "run", race())
    run = folder.load(path)
    (path / "index.html").write_text(html.text(run, session.graded(run)))
    browser.call("POST", "/url", {"url": f"file://{path}/index.html"})
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
