#!/usr/bin/env python3
"""Explorations on several machines: what tools/explore-job.yaml runs in its Pods, and tools/explore_on_ray on a Ray of this machine
(skipped where this Python has none). KUMASIM is the binary."""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ["KUMASIM"]).resolve()
SCENARIO = """apiVersion: kumasim/v1
kind: Scenario
metadata: {name: pair}
spec:
  duration: 2s
  topology: {services: [{name: web, calls: [backend]}, {name: backend}]}
  resources: [{type: Mesh, name: default}]
  load: [{from: web, to: backend, rate: 5/s}]
  expect: [{always: "calls(web -> backend) >= LEAST"}]
"""


class Shards(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "scenario").mkdir()
        self.found = self.folder / "found"
        self.found.mkdir()

    def scenario(self, least):
        path = self.folder / "scenario" / "pair.yaml"
        path.write_text(SCENARIO.replace("LEAST", str(least)), encoding="utf-8")
        return path

    def merged(self):
        return subprocess.run([BINARY, "explore", "--merge", *sorted(self.found.iterdir())], capture_output=True, text=True,
                              check=False)


class KubernetesJob(Shards):
    """The container's command, with its two volumes at other places."""

    def pod(self, index, shards=2, seeds="1..4"):
        text = (ROOT / "tools" / "explore-job.yaml").read_text(encoding="utf-8")
        script = re.search(r"args:\n        - \|\n((?:          .*\n)+)", text)[1]
        script = script.replace("/scenario/", f"{self.folder}/scenario/").replace("/found/", f"{self.found}/")
        bin_folder = self.folder / "bin"
        bin_folder.mkdir(exist_ok=True)
        link = bin_folder / "kumasim"
        if not link.exists():
            link.symlink_to(BINARY)
        env = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": str(index), "SHARDS": str(shards),
               "SCENARIO": "pair.yaml", "SEEDS": seeds, "PROFILE": "smoke"}
        return subprocess.run(["sh", "-euc", script], env=env, capture_output=True, text=True, check=False)

    def test_its_pods_share_the_seeds_and_their_results_merge(self):
        self.scenario(1)
        for index in range(2):
            ran = self.pod(index)
            self.assertEqual(ran.returncode, 0, ran.stderr)
        merged = self.merged()
        self.assertEqual(merged.returncode, 0, merged.stdout + merged.stderr)
        self.assertIn("4 of 4 runs passed", merged.stdout)

    def test_a_pod_that_starts_again_goes_on_where_it_was_left(self):
        self.scenario(1)
        self.pod(0)
        results = self.found / "shard-1" / "results.jsonl"
        whole = results.read_bytes()
        results.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
        ran = self.pod(0)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(len(results.read_bytes().splitlines()), len(whole.splitlines()))

    def test_what_a_shard_finds_completes_the_job_and_bad_input_does_not(self):
        self.scenario(1000)
        for index in range(2):
            self.assertEqual(self.pod(index).returncode, 0)
        merged = self.merged()
        self.assertEqual(merged.returncode, 1)
        self.assertIn("0 of 4 runs passed", merged.stdout)
        shutil.rmtree(self.found / "shard-1")
        self.assertEqual(self.pod(0, seeds="none").returncode, 1)

    def test_a_shard_that_was_cut_short_does_not_complete_the_job(self):
        self.scenario(1)
        link = self.folder / "bin" / "kumasim"
        link.parent.mkdir()
        link.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
        link.chmod(0o755)
        self.assertEqual(self.pod(0).returncode, 1)

    def test_there_are_as_many_shards_as_pods(self):
        text = (ROOT / "tools" / "explore-job.yaml").read_text(encoding="utf-8")
        pods = re.search(r"completions: (\d+)", text)[1]
        self.assertIn(f'{{name: SHARDS, value: "{pods}"}}', text)


@unittest.skipUnless(importlib.util.find_spec("ray"), "this Python has no Ray (pip install ray)")
class OnRay(Shards):
    def explore(self, scenario):
        return subprocess.run([sys.executable, ROOT / "tools" / "explore_on_ray", scenario, "--seeds", "1..4", "--profile",
                               "smoke", "--shards", "2", "--out", self.found, "--program", BINARY], capture_output=True,
                              text=True, check=False)

    def test_shards_come_back_and_go_on(self):
        scenario = self.scenario(1)
        ran = self.explore(scenario)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("4 of 4 runs passed", ran.stdout)
        again = self.explore(scenario)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("4 of 4 runs passed", again.stdout)

    def test_a_finding_fails_it(self):
        ran = self.explore(self.scenario(1000))
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn("0 of 4 runs passed", ran.stdout)

    def test_a_shard_that_cannot_run_says_why(self):
        scenario = self.scenario(1)
        scenario.write_text("kind: Nothing\n", encoding="utf-8")
        ran = self.explore(scenario)
        self.assertEqual(ran.returncode, 2)
        self.assertIn("pair.yaml", ran.stderr)


if __name__ == "__main__":
    unittest.main()
