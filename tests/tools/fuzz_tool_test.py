#!/usr/bin/env python3
"""tools/fuzz with stand-ins for its targets: what it asks of them, and what it makes of how they end."""
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUIET = """for last; do :; done
echo "#2 INITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 40Mb" >&2
echo "#8 NEW    cov: 12 ft: 15 corp: 2/5b exec/s: 0 rss: 40Mb" >&2
echo "stat::number_of_executed_units: 4321" >&2
"""
CRASH = """for word; do case $word in -artifact_prefix=*) prefix=${word#*=};; esac; done
echo bad > "${prefix}crash-0123"
echo "SUMMARY: AddressSanitizer: heap-buffer-overflow somewhere" >&2
exit 1
"""


class Fuzz(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name)
        (self.build / "fuzz").mkdir()

    def target(self, name, body):
        path = self.build / "fuzz" / f"fuzz_{name}"
        path.write_text(f'#!/bin/sh\necho "$@" > {self.build}/asked-{name}\n{body}')
        path.chmod(0o755)

    def run_it(self, *arguments):
        return subprocess.run([ROOT / "tools" / "fuzz", "--built", "--build", self.build, *arguments], text=True,
                              capture_output=True, check=False)

    def test_every_target_runs_from_what_it_kept_and_the_seeds(self):
        for name in ("ads", "http2", "kds", "resources", "rest"):
            self.target(name, QUIET)
        ran = self.run_it("--seconds", "7")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        for name in ("ads", "http2", "kds", "resources", "rest"):
            self.assertIn(f"{name}: nothing found; 4321 runs, 12 edges, 0 inputs kept", ran.stderr)
            words = (self.build / f"asked-{name}").read_text().split()
            self.assertIn("-max_total_time=7", words)
            folders = [word for word in words if not word.startswith("-")]
            self.assertEqual(folders[:2], [f"{self.build}/corpus/{name}", f"{ROOT}/tests/fuzz/corpus/{name}"])
            self.assertTrue((self.build / "corpus" / name).is_dir())

    def test_a_finding_is_told_with_how_to_see_it_again(self):
        self.target("ads", QUIET)
        self.target("rest", CRASH)
        ran = self.run_it("ads", "rest")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("ads: nothing found", ran.stderr)
        self.assertIn("heap-buffer-overflow somewhere", ran.stderr)
        self.assertIn(f"rest: again with {self.build}/fuzz/fuzz_rest {self.build}/findings/rest-crash-0123", ran.stderr)
        # What an earlier run found does not fail this one.
        self.target("rest", QUIET)
        self.assertEqual(self.run_it("rest").returncode, 0)

    def test_progress_is_told(self):
        self.target("rest", QUIET + "sleep 0.5\n")
        ran = self.run_it("rest", "--every", "0.2")
        self.assertIn("of 600 s: #8 NEW", ran.stderr)

    def test_what_does_not_run_is_no_success(self):
        self.assertEqual(self.run_it("rest").returncode, 2)
        self.assertEqual(self.run_it("nothing").returncode, 2)
        self.target("rest", "exit 3\n")
        ran = self.run_it("rest")
        self.assertEqual(ran.returncode, 2)
        self.assertIn("rest: ended with status 3: its log says why", ran.stderr)


if __name__ == "__main__":
    unittest.main()
