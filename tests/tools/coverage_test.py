#!/usr/bin/env python3
"""tools/coverage on stand-ins for llvm's tools: the table, the floor, and what it refuses."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COVERAGE = ROOT / "tools" / "coverage"


class Coverage(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.build = pathlib.Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)
        self.tools = self.build / "tools"
        for folder in (self.tools, self.build / "coverage" / "profiles"):
            folder.mkdir(parents=True)
        (self.build / "libone.a").write_text("")
        (self.build / "coverage" / "objects.txt").write_text(f"{self.build}/libone.a\n{self.build}/never-built.a\n")
        (self.build / "coverage" / "profiles" / "1.profraw").write_text("")
        self.lines({"reference-cp/model/kinds/mesh.cpp": (9, 10), "reference-cp/model/codec.cpp": (3, 10),
                    "reference-cp/store/memory.cpp": (8, 8), "tests/store/run_now.hpp": (0, 99)})
        self.merges = f'echo "$@" > {self.build}/merged; while [ "$1" != -o ]; do shift; done; : > "$2"'
        self.tool("llvm-profdata-22", self.merges)

    def tool(self, name, body):
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def lines(self, files):
        """(covered, in all) by file."""
        data = [{"filename": str(ROOT / name), "summary": {"lines": {"covered": covered, "count": count}}}
                for name, (covered, count) in files.items()]
        (self.build / "export.json").write_text(json.dumps({"data": [{"files": data}]}))
        self.tool("llvm-cov-22", f'echo "$@" >> {self.build}/asked; cat {self.build}/export.json')

    def run_it(self, *arguments):
        return subprocess.run([COVERAGE, "--report", "--build", self.build, *arguments], text=True, capture_output=True,
                              env={**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}"}, check=False)

    def test_a_table_by_folder(self):
        ran = self.run_it("--floor", "70")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(ran.stdout.splitlines()[2:], ["| model | 10 | 3 | 30.0 |", "| model/kinds | 10 | 9 | 90.0 |",
                                                       "| store | 8 | 8 | 100.0 |", "| all | 28 | 20 | 71.4 |"])
        self.assertNotIn("never-built.a", (self.build / "asked").read_text())

    def test_a_floor(self):
        ran = self.run_it()
        self.assertEqual(ran.returncode, 1)
        self.assertIn("71.43 % is below the floor of 90 %", ran.stderr)

    def test_the_biggest_holes(self):
        ran = self.run_it("--holes", "1", "--floor", "0")
        self.assertEqual(ran.stdout.splitlines()[0].split(), ["7", "of", "10", "left", "reference-cp/model/codec.cpp"])

    def test_the_tests_own_profiles_give_way_to_one(self):
        profiles = self.build / "coverage" / "profiles"
        self.assertEqual(self.run_it("--floor", "0").returncode, 0)
        self.assertEqual([path.name for path in profiles.iterdir()], ["all.profdata"])
        (profiles / "2.profraw").write_text("")
        self.assertEqual(self.run_it("--floor", "0").returncode, 0)
        self.assertEqual((self.build / "merged").read_text().split()[-2:],
                         [f"{profiles}/2.profraw", f"{profiles}/all.profdata"])
        (profiles / "3.profraw").write_text("")
        self.tool("llvm-profdata-22", "exit 1")
        self.assertEqual(self.run_it().returncode, 2)
        self.assertEqual(sorted(path.name for path in profiles.iterdir()), ["3.profraw", "all.profdata"])

    def test_nothing_to_report_is_no_success(self):
        self.lines({"tests/store/run_now.hpp": (9, 9)})
        self.assertEqual(self.run_it("--floor", "0").returncode, 2)
        self.tool("llvm-cov-22", "exit 3")
        ran = self.run_it()
        self.assertEqual(ran.returncode, 2)
        self.assertIn("reading coverage failed with status 3", ran.stderr)
        (self.build / "coverage" / "profiles" / "all.profdata").unlink()
        ran = self.run_it()
        self.assertEqual(ran.returncode, 2)
        self.assertIn("no test left a profile", ran.stderr)
        (self.build / "coverage" / "objects.txt").unlink()
        self.assertEqual(self.run_it().returncode, 2)


if __name__ == "__main__":
    unittest.main()
