#!/usr/bin/env python3
"""The HTML report in a real browser: loads, replays, is read without JavaScript, on light and dark screens, by names.

    tests/tools/report_page_test.py KUMASIM [--screenshots DIR]

Needs Chromium (Debian: apt-get install chromium) and is skipped, with exit code 77, where there is none.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import browser

SKIPPED = 77
KILLED, STARTED = 4, 7  # seconds

SCENARIO = f"""apiVersion: kumasim/v1
kind: Scenario
metadata: {{name: page}}
spec:
  duration: 12s
  topology:
    services: [{{name: web, calls: [backend]}}, {{name: backend, instances: 2}}]
  resources:
  - {{type: Mesh, name: default, mtls: {{enabledBackend: ca, backends: [{{name: ca, type: builtin}}]}}}}
  - {{type: MeshTrafficPermission, mesh: default, name: all, spec: {{from: [{{targetRef: {{kind: Mesh}}, default: {{action: Allow}}}}]}}}}
  load: [{{from: web, to: backend, rate: 100/s, start: 2s}}]
  faults:
  - {{at: {KILLED}s, for: {STARTED - KILLED}s, fault: proc.kill, target: backend-1}}
  - {{at: 8s, for: 2s, fault: net.partition, between: [web, kuma-cp]}}
  expect:
  - always: failed-calls(web -> backend) == 0
"""


class ReportPage(unittest.TestCase):
    kumasim = screenshots = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        scenario = pathlib.Path(folder.name) / "page.yaml"
        scenario.write_text(SCENARIO)
        cls.file = pathlib.Path(folder.name) / "page.html"
        ran = subprocess.run([cls.kumasim, "run", scenario, "--output", "html", "--report", cls.file], text=True, capture_output=True,
                             check=False)
        assert ran.returncode == 1, f"a call fails at the kill: {ran.returncode}\n{ran.stdout}{ran.stderr}"
        cls.page = browser.Browser(browser.find())
        cls.addClassCleanup(cls.page.close)

    def setUp(self):
        self.page.open(self.file)
        self.page.colours("light")
        self.run_data = json.loads(self.page.evaluate("document.getElementById('report').textContent"))["runs"][0]
        self.course = self.run_data["course"]
        self.flow = self.course["flows"][0]

    def tearDown(self):
        self.assertEqual(self.page.errors, [])

    def value(self, expression):
        return self.page.evaluate(expression)

    def seek(self, seconds):
        slot = round(seconds / self.course["slotSeconds"])
        self.value(f"(() => {{ const s = document.querySelector('.replay input'); s.value = {slot}; "
                   "s.dispatchEvent(new Event('input')); })()")
        return slot

    def classes(self, part):
        return self.value(f"document.getElementById('sim-1-{part}').getAttribute('class')").split()

    def text(self, selector):
        return self.value(f"document.querySelector({json.dumps(selector)}).textContent")

    def picture(self, name):
        if self.screenshots:
            self.page.screenshot(self.screenshots / f"{name}.png")

    def test_asks_for_nothing_but_itself(self):
        self.assertEqual([url for url in self.page.requests if not url.startswith("data:")], [self.file.resolve().as_uri()])
        self.picture("whole-run")

    def test_curves_have_the_points_of_the_json(self):
        called = [slot for slot, calls in enumerate(self.flow["calls"]) if calls > 0]
        self.assertGreater(len(called), 50)
        self.assertGreater(self.flow["calls"].count(0), 10, "the load begins late, so the curve has a gap")
        points = "(document.querySelector('path.{}').getAttribute('d').match(/[ML]/g) || []).length"
        self.assertEqual(self.value(points.format("success")), len(called))
        for curve, field in (("p50", "p50Seconds"), ("p99", "p99Seconds")):
            self.assertEqual(self.value(points.format(curve)), sum(value is not None for value in self.flow[field]), curve)
        self.assertEqual(self.value("Number(document.querySelector('.replay input').max)"), len(self.flow["calls"]) - 1)

    def test_the_slider_shows_who_is_up_and_what_came_of_the_calls(self):
        edge = "#sim-1-flow-web-backend text"
        whole = self.text(edge)
        slot = self.seek((KILLED + STARTED) / 2)
        self.assertIn("is-partly", self.classes("service-backend"))
        self.assertEqual(self.value("[...document.querySelectorAll('#sim-1-service-backend text.is-down')].map(t => t.textContent)"),
                         ["backend-1"])
        self.assertIn("is-up", self.classes("service-web"))
        self.assertTrue(self.text(edge).startswith(f"{self.flow['calls'][slot]} calls, "), self.text(edge))
        self.assertIn("down: backend-1", self.text(".now"))
        self.assertNotEqual(self.value("getComputedStyle(document.querySelector('.cursor')).display"), "none")
        cursor = self.value("Number(document.querySelector('.cursor').getAttribute('x1'))")
        self.picture("replay")
        self.seek(9)
        self.assertIn("is-up", self.classes("service-backend"))
        self.assertIn("is-cut", self.classes("service-web"))
        self.assertIn("is-cut", self.classes("xds-web"))
        self.assertGreater(self.value("Number(document.querySelector('.cursor').getAttribute('x1'))"), cursor)
        self.value("document.querySelector('.replay .whole').click()")
        self.assertEqual(self.text(edge), whole)
        self.assertEqual(self.value("document.querySelectorAll('.topology [class*=\"is-\"]').length"), 0)

    def test_plays_and_pauses(self):
        button = "document.querySelector('.replay .play')"
        at = "Number(document.querySelector('.replay input').value)"
        self.value(f"{button}.click()")
        self.assertEqual(self.text(".replay .play"), "Pause")
        deadline = time.monotonic() + 20
        while self.value(at) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertGreaterEqual(self.value(at), 3)
        self.value(f"{button}.click()")
        stopped = self.value(at)
        time.sleep(0.4)
        self.assertEqual(self.value(at), stopped)
        self.assertEqual(self.text(".replay .play"), "Play")

    def test_works_by_keyboard(self):
        self.value("document.querySelector('.replay input').focus()")
        self.page.press("ArrowRight", 39)
        self.page.press("ArrowRight", 39)
        self.assertEqual(self.value("document.querySelector('.replay input').value"), "2")
        self.assertIn(" to ", self.text(".replay output"))
        self.value("document.querySelector('.replay .whole').focus()")
        self.page.press(" ", 32)
        self.assertEqual(self.text(".replay output"), "the whole run")

    def test_a_click_on_the_curves_goes_to_that_time(self):
        self.value("(() => { const c = document.querySelector('svg.course'), b = c.getBoundingClientRect();"
                   "c.dispatchEvent(new MouseEvent('click', {clientX: b.left + b.width * (190 + 795 / 2) / 1000, clientY: b.top + 9})); })()")
        self.assertAlmostEqual(int(self.value("document.querySelector('.replay input').value")), len(self.flow["calls"]) / 2, delta=1)

    def test_draws_the_messages_before_the_failure(self):
        messages = self.run_data["messages"]
        self.assertAlmostEqual(messages["momentSeconds"], KILLED, delta=0.5)
        self.assertGreater(len(messages["messages"]), 20)
        self.assertEqual(self.value("document.querySelectorAll('svg.messages line.message').length"), len(messages["messages"]))
        for sent, taken in messages["messages"]:
            sender, taker = messages["events"][sent], messages["events"][taken]
            self.assertNotEqual(sender["process"], taker["process"])
            self.assertLess(sender["id"], taker["id"])
            self.assertLessEqual(sender["atSeconds"], taker["atSeconds"])
        self.assertLessEqual({"call", "request", "response"}, {event["what"] for event in messages["events"]})

    def test_is_read_without_javascript(self):
        self.page.open(self.file, scripts=False)
        self.assertEqual(self.value("getComputedStyle(document.querySelector('.replay')).display"), "none")
        for part in ("svg.course", "svg.messages", ".topology", "table", "pre"):
            self.assertGreater(self.value(f"document.querySelector('{part}').getBoundingClientRect().height"), 20, part)
        self.assertIn("tools/kumasim replay ", self.text("section.run > pre"))

    def test_all_has_a_name(self):
        self.seek(KILLED + 1)
        names = self.page.names()
        for role in ("image", "slider", "button"):
            named = [name for found, name in names if found in (role, {"image": "img"}.get(role))]
            self.assertTrue(named and all(named), f"{role}: {named}")
        self.assertEqual(self.value("document.querySelector('.replay input').getAttribute('aria-valuetext')"), f"{KILLED + 1}s")
        self.assertEqual(self.value("[...document.querySelectorAll('[id]')].length"),
                         self.value("new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"))

    def test_is_legible_on_light_and_dark_screens(self):
        # The contrast of text that WCAG 2 asks for (AA).
        contrast = """(() => {
            const light = (c) => c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
                .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
            const paper = light(getComputedStyle(document.body).backgroundColor);
            const ratio = (v) => (Math.max(v, paper) + .05) / (Math.min(v, paper) + .05);
            return [...document.querySelectorAll('svg text')].map(t => [ratio(light(getComputedStyle(t).fill)), t.textContent])
                .concat([...document.querySelectorAll('td, th, p, h1, h2, h3')].map(t => [ratio(light(getComputedStyle(t).color)), t.textContent]))
                .filter(([r]) => r < 4.5); })()"""
        paper = set()
        for scheme in ("light", "dark"):
            self.page.colours(scheme)
            self.seek(KILLED + 1)
            self.assertEqual(self.value(contrast), [], scheme)
            paper.add(self.value("getComputedStyle(document.body).backgroundColor"))
            self.picture(scheme)
        self.assertEqual(len(paper), 2)


def main():
    if browser.find() is None:
        print(f"skipped: there is no browser (looked for {', '.join(browser.NAMES)}); on Debian: apt-get install chromium")
        return SKIPPED
    arguments = sys.argv[1:]
    if "--screenshots" in arguments:
        place = arguments.index("--screenshots")
        ReportPage.screenshots = pathlib.Path(arguments[place + 1])
        ReportPage.screenshots.mkdir(parents=True, exist_ok=True)
        del arguments[place:place + 2]
    ReportPage.kumasim = arguments[0]
    outcome = unittest.main(argv=sys.argv[:1] + arguments[1:], exit=False).result
    return 0 if outcome.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
