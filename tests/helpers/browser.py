"""Open a page in headless Chromium, driven over a pipe, and say what it did: for tests of pages."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
STARTS = 3  # a loaded machine may kill a browser that starts
SECONDS = 120  # that it has for an answer
ABOVE = 100  # the number of a descriptor that isn't one of the two that the browser asks for


class BrowserGone(Exception):
    """The browser ended, or doesn't answer."""


def found_browser() -> str:
    """Return the path of a browser, or skip the test."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    pytest.skip(
        "there is no Chromium; `apt-get install chromium fonts-noto-cjk` has these tests run"
    )


class Browser:
    """Headless Chromium with one page, by the DevTools protocol.

    Attributes:
        console: what the page wrote on the console, and errors of the browser about it.
        requests: the addresses that it asked for, but for its own and data in it.
    """

    def __init__(self, width: int = 1280, height: int = 900) -> None:
        for start in range(1, STARTS + 1):
            try:
                self._start()
                break
            except BrowserGone as error:
                self.close()
                if start == STARTS:
                    pytest.skip(f"Chromium can't open a blank page here: {error}")
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.resize(width, height)

    def _start(self) -> None:
        """Start it with a blank page, and speak to that page."""
        self.console: list[str] = []
        self.requests: list[str] = []
        self._rest, self._number, self._session = b"", 0, ""
        browser = found_browser()
        self._folder = tempfile.mkdtemp(prefix="browser-")
        self._said = Path(self._folder, "said.txt")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def hand_over() -> None:
            """Put the pipes where the browser looks for them; either may stand there now."""
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, ABOVE) for end in (to_browser, from_browser)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [browser, *FLAGS, f"--user-data-dir={self._folder}", "about:blank"],
                preexec_fn=hand_over,
                close_fds=False,
                stdout=said,
                stderr=said,
            )
        os.close(to_browser)
        os.close(from_browser)
        found = self.send("Target.getTargets")["targetInfos"]
        page = next((one["targetId"] for one in found if one["type"] == "page"), None)
        if page is None:
            raise BrowserGone("it has no page")
        attached = self.send("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End it, and remove what it wrote."""
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)
        shutil.rmtree(self._folder, ignore_errors=True)

    def open(self, path: Path) -> None:
        """Open a file, and wait until it is loaded."""
        self.send("Page.navigate", url=path.resolve().as_uri())
        self.run(
            "new Promise(done => document.readyState == 'complete' ? done() : "
            "addEventListener('load', done))"
        )

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def resize(self, width: int, height: int, *, dark: bool = False, media: str = "") -> None:
        """Make the window this large, in px."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def press(self, key: str) -> None:
        """Press a key: Tab, Enter or Escape."""
        code = {"Tab": 9, "Enter": 13, "Escape": 27}[key]
        shared = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        text = {"text": "\r"} if key == "Enter" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **shared, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **shared)

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Write a picture of the page."""
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command, and return what the browser answers."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        try:
            os.write(self._out, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise self._gone() from None
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._heard(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], SECONDS)
            more = os.read(self._in, 1 << 20) if ready else b""
            if not more:
                raise self._gone()
            self._rest += more
        text, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(text)
        return found

    def _gone(self) -> BrowserGone:
        """Return an error with how it ended and the last that it said."""
        try:
            how = f"it ended with {self._process.wait(1)}"
        except subprocess.TimeoutExpired:
            how = f"no answer in {SECONDS} s"
        lines = self._said.read_text("utf-8", "replace").splitlines()
        return BrowserGone("; ".join([how, *lines[-3:]]))

    def _heard(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        match event.get("method"):
            case "Runtime.consoleAPICalled":
                self.console.append(str(params["args"]))
            case "Runtime.exceptionThrown":
                self.console.append(str(params["exceptionDetails"]))
            case "Log.entryAdded":
                self.console.append(params["entry"]["text"])
            case "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("data:", "file:", "about:")):
                    self.requests.append(url)
