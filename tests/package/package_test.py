#!/usr/bin/env python3
"""The example of a user's own: built from an installed package, it finds the lost reply, shrinks it to one fault and
replays it; the client that tries on passes.

    package_test.py BUILD CMAKE COMPILER
"""
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

BUILD, CMAKE, COMPILER = sys.argv[1:]
HERE = pathlib.Path(__file__).resolve().parent
PLACE = pathlib.Path(BUILD) / "package"


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def install(*components):
    for component in components:
        done = run(CMAKE, "--install", BUILD, "--prefix", PLACE / "installed", "--component", component)
        assert done.returncode == 0, done.stdout + done.stderr


def configure(project, folder, compiler=COMPILER):
    return run(CMAKE, "-S", HERE / project, "-B", folder, "-G", "Ninja",
               f"-DCMAKE_PREFIX_PATH={PLACE / 'installed'}", f"-DCMAKE_CXX_COMPILER={compiler}")


def build(project):
    for done in (configure(project, PLACE / project), run(CMAKE, "--build", PLACE / project)):
        assert done.returncode == 0, done.stdout + done.stderr


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(PLACE, ignore_errors=True)
        install("sim", "testing", "live", "programs")
        build("example")

    def orders(self, name):
        return run(PLACE / "example" / "orders_test", f"--gtest_filter=Orders.AreAnsweredWhereTheClient{name}")

    def test_a_lost_reply_is_found_and_shrunk_to_one_fault(self):
        found = self.orders("TriesOnce")
        self.assertEqual(found.returncode, 1, found.stdout + found.stderr)
        self.assertRegex(found.stdout, r"seed \d+ fails under this fault, the least of \d+ drawn")
        self.assertEqual(len(re.findall(r"fault: net.partition", found.stdout)), 1, found.stdout)

    def test_the_printed_command_replays_it(self):
        found = self.orders("TriesOnce").stdout
        command = re.search(r"replay: (.*)", found).group(1)
        again = run("sh", "-c", command)
        self.assertEqual(again.returncode, 1, command + "\n" + again.stdout + again.stderr)
        told = re.compile(r"seed \d+ fails.*?fingerprint=\w+", re.DOTALL)
        self.assertEqual(told.search(again.stdout).group(0), told.search(found).group(0))

    def test_the_mended_client_passes(self):
        mended = self.orders("TriesOn")
        self.assertEqual(mended.returncode, 0, mended.stdout + mended.stderr)

    def test_the_same_kind_of_code_runs_live(self):
        build("live")
        self.assertEqual(run(PLACE / "live" / "echo").stdout, "question\n")

    def test_the_programs_run_from_where_they_are_installed(self):
        bin = PLACE / "installed" / "bin"
        self.assertEqual(sorted(path.name for path in bin.iterdir()),
                         ["kuma-cp", "kuma-cp-planted", "kuma-dp", "kumactl", "kumasim", "kumasim-echo"])
        version = run(bin / "kumasim", "--version")
        self.assertEqual(version.returncode, 0, version.stderr)
        self.assertRegex(version.stdout, r"^kumasim \d+\.\d+\.\d+ commit=")

    def test_nothing_of_envoy_is_installed(self):
        installed = [path.relative_to(PLACE / "installed").as_posix() for path in (PLACE / "installed").rglob("*")]
        self.assertIn("include/kumasim/testing/simulate.hpp", installed)
        self.assertEqual([name for name in installed if "envoy" in name or name.endswith(".pb.h")], [])

    def test_a_compiler_that_breaks_coroutines_is_refused(self):
        refused = configure("example", PLACE / "refused", "g++-12")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("kumasim needs clang 19 or newer", " ".join(refused.stderr.split()))


unittest.main(argv=sys.argv[:1])
