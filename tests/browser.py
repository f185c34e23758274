"""A headless Chromium, by WebDriver's own protocol: what a reader's hands and eyes would do."""
import base64
import json
import re
import shutil
import subprocess
import urllib.request
from contextlib import contextmanager

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage"]
BOUND_S = 180


class Browser:
    """A session of a driver that listens on a port of this machine."""

    def __init__(self, port):
        """port: of chromedriver."""
        self.base = f"http://127.0.0.1:{port}/session"
        made = self.call("POST", "", {"capabilities": {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"args": ARGUMENTS}}}})
        self.base += "/" + made["sessionId"]

    def call(self, method, path, body=None):
        """One command of the protocol; returns its value."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method, headers={
            "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=BOUND_S) as answer:
            return json.load(answer)["value"]

    def open(self, path):
        """Load a file of this machine."""
        self.call("POST", "/url", {"url": f"file://{path}"})

    def element(self, selector):
        """Path of the first element that a CSS selector finds."""
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        return f"/element/{found[ELEMENT]}"

    def press(self, selector, keys):
        """Type keys at the first element that a CSS selector finds."""
        self.call("POST", self.element(selector) + "/value", {"text": keys})

    def click(self, selector):
        """Click the first element that a CSS selector finds."""
        self.call("POST", self.element(selector) + "/click", {})

    def script(self, text):
        """What a script's promise or value comes to."""
        return self.call("POST", "/execute/sync", {"script": text, "args": []})

    def size(self, width, height):
        """Size of what is seen, in pixels of a screen of that size."""
        self.developer("Emulation.setDeviceMetricsOverride", width=width, height=height,
                       deviceScaleFactor=1, mobile=width < 700)

    def developer(self, command, **parameters):
        """A command of the developer tools."""
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def log(self, kind):
        """Log entries since the last call: of the "browser", or of the "performance"."""
        return self.call("POST", "/se/log", {"type": kind})

    def requests(self):
        """Addresses that the page asked for since the last call, its own and data: left out."""
        events = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        asked = [event["params"]["request"]["url"] for event in events
                 if event["method"] == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith(("file:", "data:"))]

    def screenshot(self, path):
        """Write what is seen as a PNG; returns its bytes."""
        data = base64.b64decode(self.call("GET", "/screenshot"))
        path.write_bytes(data)
        return data


def missing():
    """Why there is no browser here; "" where there is one."""
    lacking = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f'no {" and no ".join(lacking)} here (make deps)' if lacking else ""


@contextmanager
def chromium():
    """A browser, ended with the block."""
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
