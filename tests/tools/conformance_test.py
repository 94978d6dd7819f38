#!/usr/bin/env python3
"""The floor under the conformance score: a stand-in for the corpus's check.py, with its bug, counts and fails as the real one."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCORE = pathlib.Path(__file__).resolve().parents[2] / "tools" / "conformance" / "score.py"

# Two xds cases, of which one is equal (7 of 10 resources), and three REST cases that are equal.
CHECK = '''
import os, types
def run_xds():
    key = None; lastc = None
    while True:
        if os.environ["KUMASIM_IDENTITY_LEAF_KEY"] == "rsa-2048": break
        ready = True
    return ready
def execute(cp, case, want, a):
    run_xds()
    return case.equal, None, case.matched, 5
def start_cp(cmd, slot, profile, ca, key):
    raise RuntimeError("exited with 1")
def main(argv):
    print(" ".join(argv))
    cp = start_cp("kuma-cp", 0, "global", None, None)
    try: print(cp.rest)
    except RuntimeError as error: print("case fails:", error)
    cp.close()
    if "none" in argv: return 2
    for kind, equal, matched in [("xds", 1, 5), ("xds", 0, 2)] + [("rest", 1, 1)] * 3:
        execute(None, types.SimpleNamespace(kind=kind, equal=equal, matched=matched), None, None)
    return 1
'''


class Floor(unittest.TestCase):
    def score(self, floor, *arguments):
        with tempfile.TemporaryDirectory() as holder:
            root = pathlib.Path(holder)
            (root / "check.py").write_text(CHECK)
            (root / "floor.json").write_text(json.dumps(floor))
            command = [sys.executable, SCORE, "--cp", "kuma-cp", "--corpus", root, "--floor", root / "floor.json", *arguments]
            return subprocess.run(command, capture_output=True, text=True)

    def test_a_score_at_the_floor_passes(self):
        run = self.score({"xds_cases": 1, "xds_resources": 7, "rest_cases": 3})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertNotIn("raised", run.stdout)

    def test_a_score_below_the_floor_fails(self):
        run = self.score({"xds_cases": 1, "xds_resources": 8})
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("BELOW THE FLOOR", run.stdout)

    def test_a_better_score_is_said(self):
        self.assertIn("may be raised to 3", self.score({"rest_cases": 2}).stdout)

    def test_the_areas_of_the_floor_are_what_is_run(self):
        self.assertIn("--only xds/mtls", self.score({"areas": ["xds/mtls"], "xds_cases": 1}).stdout)

    def test_chosen_areas_are_not_judged(self):
        run = self.score({"xds_cases": 100}, "--only", "xds/mtls")
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_a_control_plane_that_does_not_start_fails_its_cases_only(self):
        self.assertIn("case fails: profile global: exited with 1", self.score({"xds_cases": 1}).stdout)

    def test_no_case_at_all_fails(self):
        self.assertEqual(self.score({}, "--only", "none").returncode, 2)


unittest.main()
