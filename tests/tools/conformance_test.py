#!/usr/bin/env python3
"""The conformance gate on a stand-in for the corpus's check.py: what passes, what fails, and what it refuses to start with."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "conformance"
SCORE = TOOLS / "score.py"

# Of check.py: the texts that are changed, and what the gate calls. Time passes with the looks only. Each attempt of a case is one of
# RESULTS: the spans of time in which the state is the recorded one, True for always, False for never, or "together": always, on a
# control plane that takes changes in together.
CHECK = '''
import os, time, types
CPU = [0.0]
KINDS = {"Mesh": ("meshes", "Global"), "Dataplane": ("dataplanes", "Mesh")}
writing = {}
def state(case, now): return "recorded" if any(first <= now < last for first, last in case["spans"]) else "another"
def run_xds(cp, opts, docs, nodes, want=None, settle=3.0, min_wait=4.0, timeout=20.0):
    live = {n: types.SimpleNamespace(err=None, complete=lambda: True) for n in nodes}
    t1 = now = stable = 0.0; prev = None; wantp = want["proxies"]; key = None; lastc = None
    while True:
        now += 0.1
        cur = {n: {"xds": state(opts, now)} for n in live}
        if cur != prev: prev, stable = cur, now
        if want and cur and all(wantp[n] == cur.get(n) for n in wantp): break
        ready = all(p.err or p.complete() for p in live.values())
        if now - t1 > timeout: break
        if ready and now - t1 > min_wait and now - stable > settle: break
    return {"proxies": cur}
def run_rest(cp, case, want=None, timeout=8.0):
    t0 = now = stable = 0.0; prev = None
    while True:
        got = {"body": state(case, now)}
        if got != prev: prev, stable = got, now
        if want is not None:
            if got == want or not (case["request"]["method"] == "GET" and case.get("eventual")): break
        if now - t0 > timeout: break
        now += 0.3
    return [], got
def import_protos(): pass
def make_certificate(cert, key): pass
def resources(want): return want.get("proxies", {})
def diff(a, b): return [f"expected {a} got {b}"]
def fresh_groups(cases): return [[case] for case in cases]
def http(method, url, body=None, ctx=None): return 404, {}, f"no {body['mesh']}/{body['name']}"
def path_for(doc): return f"/{KINDS[doc['type']][0]}/{doc['name']}"
class Case:
    def __init__(self, id):
        mesh = "same" if "same" in id else id.replace("/", "-")
        self.docs = [{"sleep": 1}, {"type": "Mesh", "name": mesh}]
        self.data = {"setup": [{"sleep": 1}], "request": {"method": "PUT", "path": f"/meshes/{mesh}/dataplanes/{id[-1]}?force=yes"}}
        if "setup" in id: self.data = {"setup": [{"method": "PUT", "path": "/meshes/x", "body": self.docs[1]}]}
        self.id, (self.kind, self.area) = id, id.split("/")[:2]
        self.isolated, self.profile, self.opts = "fresh" in id, "global" if "down" in id else "zone", {}
    def expected(self):
        if self.kind != "xds": return {"body": "recorded"}
        refused = {"refused": {"bootstrap_error": [404, "no m/refused"]}} if "refused" in self.id else {}
        return {"proxies": {"dp": {"xds": "recorded"}, **refused}}
def find_cases(root, only):
    return [Case(id) for id in RESULTS if not only or any(id.startswith(o) for o in only)]
def start_cp(command, slot, profile, ca, key, ports, log_dir, env):
    assert os.environ["KUMASIM_IDENTITY_LEAF_KEY"] == "rsa-2048" and command == "kuma-cp run"
    if profile == "global": raise RuntimeError("exited with 1")
    return types.SimpleNamespace(close=lambda: None, ca=b"", dp="localhost:1", ctx=None, env=env)
def execute(cp, case, want, a):
    attempt = RESULTS[case.id].pop(0)
    if "same" in case.id:
        beside = writing.setdefault(id(cp), case.id)
        assert beside == case.id, f"{case.id} runs beside {beside}"
        time.sleep(0.05)
        del writing[id(cp)]
    if attempt == "together": attempt = cp.env.get("KUMASIM_XDS_SERVER_BATCH_INTERVAL") == "300ms"
    spans = attempt if isinstance(attempt, list) else [(0, 1000)] if attempt else []
    if case.kind == "xds":
        docs = [{"type": "Dataplane", "name": "refused", "mesh": "m"}]
        got = run_xds(cp, {"spans": spans}, docs, {"dp": {}}, want, a.settle, a.min_wait, a.timeout)
    else:
        eventual = "eventual" in case.id
        _, got = run_rest(cp, {"request": {"method": "GET"}, "eventual": eventual, "spans": spans}, want, a.timeout)
    return got == want, (want, got), 3 * (got == want), 3
'''
BOTH = {"xds/a/one": [True], "rest/b/two": [True]}
# The recorded state comes and stays; it comes for less than the gate's 0.8 seconds; it comes and goes until the time is up.
LATE, BRIEFLY, UNSTEADY = [(3.5, 1000)], [(3.0, 3.5)], [(second, second + 0.5) for second in range(30)]


class Gate(unittest.TestCase):
    def gate(self, results, *arguments, known=None, check=CHECK, **tables):
        """The gate's run over these cases; by default the file of known misses is of just this corpus and empty."""
        counts = {kind: sum(case.startswith(kind) for case in results) for kind in ("xds", "rest", "bootstrap")}
        file = {"corpus": counts, "misses": {}, "timing": {}, **tables}
        with tempfile.TemporaryDirectory() as holder:
            root = pathlib.Path(holder)
            (root / "check.py").write_text(f"RESULTS = {results}\n{check}")
            (root / "known.json").write_text(known or json.dumps(file))
            command = [sys.executable, SCORE, "--cp", "kuma-cp", "--corpus", root, "--known", root / "known.json", *arguments]
            return subprocess.run(command, capture_output=True, text=True)

    def assert_wrong(self, run, text):
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("WRONG: " + text, run.stdout)

    def test_all_equal_passes(self):
        run = self.gate(BOTH)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("xds: 1 of 1 cases equal, 0 known misses", run.stdout)
        self.assertIn("xds resources: 3 of 3 equal", run.stdout)

    def test_a_case_that_is_not_named_must_pass(self):
        run = self.gate({**BOTH, "rest/b/three": [False, True]})
        self.assert_wrong(run, "rest/b/three: fails and is no known miss")

    def test_a_gain_does_not_make_up_for_a_loss(self):
        run = self.gate({"rest/b/two": [False], "rest/b/three": [True, True]}, misses={"rest/b/three": "why"})
        self.assert_wrong(run, "rest/b/two: fails")
        self.assert_wrong(run, "rest/b/three: passes: delete it")

    def test_a_known_miss_may_fail_and_may_pass_by_chance(self):
        run = self.gate({"rest/b/two": [False], "rest/b/three": [True, False]}, misses={"rest/b/two": "why", "rest/b/three": "why"})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("rest/b/three: a known miss that passed once", run.stdout)

    def test_what_depends_on_the_moment_is_tried_again_once(self):
        run = self.gate({"xds/a/one": [False, True]}, timing={"xds/a/one": "why"})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("xds/a/one: passed at the second try (why)", run.stdout)
        run = self.gate({"xds/a/one": [False, False, True]}, timing={"xds/a/one": "why"})
        self.assert_wrong(run, "xds/a/one: fails, tried twice (why)")

    def test_a_state_that_comes_and_stays_is_equal(self):
        run = self.gate({"xds/a/one": [LATE], "rest/b/eventual": [LATE]})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_a_state_that_does_not_stay_equal_fails(self):
        run = self.gate({"xds/a/one": [BRIEFLY], "rest/b/eventual": [BRIEFLY]})
        self.assert_wrong(run, "xds/a/one: fails")
        self.assert_wrong(run, "rest/b/eventual: fails")

    def test_a_state_that_is_equal_just_when_the_time_is_up_fails(self):
        with tempfile.NamedTemporaryFile("r") as failures:
            run = self.gate({"xds/a/one": [UNSTEADY], "rest/b/eventual": [UNSTEADY]}, "--failures", failures.name)
            said = failures.read()
        self.assert_wrong(run, "xds/a/one: fails")
        self.assert_wrong(run, "rest/b/eventual: fails")
        self.assertEqual(said.count("'unheld': 'changed 0."), 2, said)
        self.assertEqual(said.count("'recorded', 'unheld'"), 2, said)

    def test_an_answer_is_looked_at_once(self):
        run = self.gate({"rest/b/two": [[(0, 0.1)]], "bootstrap/two": [[(0, 0.1)]]})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_a_refused_bootstrap_is_asked_for(self):
        run = self.gate({"xds/a/refused": [True]})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_only_what_depends_on_the_moment_is_tried_with_other_settings(self):
        run = self.gate({"xds/a/one": [False, "together"]}, timing={"xds/a/one": "why"})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        run = self.gate({"xds/a/one": [True, "together"]}, misses={"xds/a/one": "why"})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("xds/a/one: a known miss that passed once", run.stdout)

    def test_the_file_is_of_this_corpus(self):
        run = self.gate(BOTH, misses={"rest/b/gone": "why"})
        self.assert_wrong(run, "rest/b/gone: named in the file of known misses, but not in the corpus")
        run = self.gate(BOTH, corpus={"xds": 2, "rest": 1, "bootstrap": 0})
        self.assert_wrong(run, "xds: the corpus has 1 cases, the file of known misses is of 2")

    def test_of_chosen_areas_only_their_cases_are_judged(self):
        run = self.gate({**BOTH, "rest/b/three": [False]}, "--only", "xds/a", misses={"rest/b/gone": "why"})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(self.gate(BOTH, "--only", "none").returncode, 2)

    def test_cases_that_write_the_same_resources_run_one_after_the_other(self):
        run = self.gate({f"{kind}/a/same-{i}": [True] for kind in ("xds", "rest", "rest/setup") for i in range(4)})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("rest: 8 of 8 cases equal", run.stdout)

    def test_what_differs_is_said_of_a_case_that_fails(self):
        run = self.gate({"rest/b/two": [False]})
        self.assertIn("fails and is no known miss\n  expected {'body': 'recorded'} got {'body': 'another'}", run.stdout)

    def test_a_control_plane_that_does_not_start_fails_its_cases_only(self):
        run = self.gate({**BOTH, "rest/b/down-fresh": [True]})
        self.assert_wrong(run, "rest/b/down-fresh: fails")
        self.assertIn("rest: 1 of 2 cases equal", run.stdout)

    def test_an_unknown_or_doubled_key_is_refused(self):
        for known, why in [('{"corpus": {}, "misses": {}, "timing": {}, "flaky": {}}', "and no other"),
                           ('{"corpus": {}, "misses": {}}', "and no other"),
                           ('{"corpus": {"xds": 1, "rest": 1}, "misses": {}, "timing": {}}', "a number of cases"),
                           ('{"corpus": {"xds": 1, "rest": 1, "bootstrap": 0}, "misses": {"a": "x", "a": "y"}, "timing": {}}',
                            "named twice: a"),
                           ('{"corpus": {"xds": 1, "rest": 1, "bootstrap": 0}, "misses": {"a": ""}, "timing": {}}', "the reason"),
                           ('{"corpus": {"xds": 1, "rest": 1, "bootstrap": 0}, "misses": {"a": "x"}, "timing": {"a": "y"}}',
                            "in both tables: a")]:
            run = self.gate(BOTH, known=known)
            self.assertEqual(run.returncode, 2, known)
            self.assertIn(why, run.stderr)

    def test_a_check_that_has_changed_is_refused(self):
        for gone in ("key = None; lastc = None", "all(wantp[n]", "if got == want or not", "ready = all(", "if ready and",
                     "if now - t1 > timeout", "if now - t0 > timeout"):
            run = self.gate(BOTH, check=CHECK.replace(gone, "pass; " + gone[3:]))
            self.assertEqual(run.returncode, 2, gone)
            self.assertIn("expected once, found 0 times", run.stderr)
        run = self.gate(BOTH, check=CHECK + "\n# key = None; lastc = None\n")
        self.assertIn("expected once, found 2 times", run.stderr)

    def test_without_a_corpus_it_passes_unless_one_is_required(self):
        with tempfile.TemporaryDirectory() as holder:
            script = pathlib.Path(holder) / "main" / "tools" / "conformance" / "conformance"
            script.parent.mkdir(parents=True)
            shutil.copy(TOOLS / "conformance", script)
            for required, code, text in (("", 0, "skipped"), ("1", 1, "KUMASIM_REQUIRE_CORPUS")):
                run = subprocess.run([script], env={**os.environ, "KUMASIM_REQUIRE_CORPUS": required}, capture_output=True, text=True)
                self.assertEqual(run.returncode, code, run.stdout + run.stderr)
                self.assertIn(text, run.stdout + run.stderr)


unittest.main()
