"""A Chromium without a window, driven over its DevTools pipe; the standard library is all that it needs."""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ANSWER_SECONDS_MAX = 60  # a busy machine starts a browser slowly


def find():
    """The path of an installed browser; None for none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One page. What went wrong on it is in `errors`, what it asked the network for in `requests`."""

    def __init__(self, executable):
        self.errors, self.requests = [], []
        self._loaded, self._asked, self._unread = False, 0, b""
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._start(executable)
        target = self._call("Target.createTarget", {"url": "about:blank"}, session=None)["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True}, session=None)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def _start(self, executable):
        # The browser reads commands on its descriptor 3 and answers on 4.
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (theirs_in, theirs_out)]

        def descriptors():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self._process = subprocess.Popen(
            [executable, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", "--disable-background-networking", "--hide-scrollbars",
             f"--user-data-dir={self._folder.name}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(3, 4), preexec_fn=descriptors)
        for end in (theirs_in, theirs_out, *high):
            os.close(end)

    def close(self):
        try:
            self._call("Browser.close", session=None)
            self._process.wait(timeout=10)
        except (ConnectionError, BrokenPipeError):
            self._process.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._folder.cleanup()

    def _receive(self, deadline):
        while b"\0" not in self._unread:
            if not select.select([self._from], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"the browser did not answer within {ANSWER_SECONDS_MAX} s")
            read = os.read(self._from, 1 << 16)
            if not read:
                raise ConnectionError("the browser has ended")
            self._unread += read
        message, self._unread = self._unread.split(b"\0", 1)
        return json.loads(message)

    def _note(self, event):
        method, params = event.get("method"), event.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert", "warning"):
            self.errors.append(json.dumps(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(json.dumps(params["entry"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def _call(self, method, params=None, session="page"):
        self._asked += 1
        message = {"id": self._asked, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while True:
            answer = self._receive(deadline)
            if answer.get("id") != self._asked:
                self._note(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def open(self, path, scripts=True):
        """Loads a file; what `errors` and `requests` hold is of this page."""
        self.errors, self.requests, self._loaded = [], [], False
        self._call("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self._call("Page.navigate", {"url": path.resolve().as_uri()})
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while not self._loaded:
            self._note(self._receive(deadline))

    def evaluate(self, expression):
        """The value of a JavaScript expression on the page."""
        answer = self._call("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {json.dumps(answer['exceptionDetails'])}")
        return answer["result"].get("value")

    def press(self, key, code):
        """One key, given to what has the focus."""
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code})

    def colours(self, scheme):
        """Shows the page as on a "light" or a "dark" screen."""
        self._call("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def names(self):
        """(role, name) of each element as a screen reader has it."""
        nodes = self._call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")]

    def screenshot(self, path, width=1200):
        """The whole page as a PNG."""
        height = self.evaluate("document.documentElement.scrollHeight")
        self._call("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))
        self._call("Emulation.clearDeviceMetricsOverride")
