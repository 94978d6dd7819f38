#!/usr/bin/env python3
"""Plants one violation of each kind and expects the tidy check to name its file, its line and what to do instead."""
import importlib.util
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("tidy", ROOT / "tools/tidy/tidy.py")
tidy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tidy)

HEADER = "/// A header.\n#pragma once\n"


class TidyTest(unittest.TestCase):
    def findings(self, name, text):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / name
            path.parent.mkdir(parents=True)
            path.write_text(text)
            return tidy.Tidy(directory).check()

    def assert_finds(self, name, text, line, words):
        found = self.findings(name, text)
        hit = [f for f in found if f.startswith(f"{name}:{line}: ") and words in f]
        self.assertTrue(hit, f"{words!r} at line {line} of {name} was not found among {found}")

    def assert_clean(self, name, text):
        self.assertEqual(self.findings(name, text), [])

    def test_every_door_is_found_with_its_replacement(self):
        doors = {
            "auto t = std::chrono::steady_clock::now();": "Clock::now()",
            "auto t = std::chrono::system_clock::now();": "Clock::now()",
            "using C = std::chrono::high_resolution_clock;": "Clock::now()",
            "std::thread worker(run);": "spawn",
            "std::random_device device;": "Random",
            "int n = rand();": "Random",
            "auto* home = getenv(\"HOME\");": "live::environment_variable",
            "auto* home = std::getenv(\"HOME\");": "live::environment_variable",
            "co_spawn(executor, run(), asio::detached);": "spawn(executor, log, name, task)",
            "asio::steady_timer timer(executor);": "Timer",
            "beast::tcp_stream stream(executor);": "Stream",
            "std::exponential_distribution<> law;": "DelayLaw",
            "std::uniform_int_distribution<int> law(1, 6);": "DelayLaw",
            "auto* f = fopen(path, mode);": "Disk",
            "std::ifstream in(path);": "Disk",
            "std::ofstream out(path);": "Disk",
            "asio::ip::tcp::socket socket(executor);": "Network",
            "int s = ::socket(AF_INET, SOCK_STREAM, 0);": "Network",
            "asio::io_context context;": "executor of Runtime",
            "auto pid = ::fork();": "ChildProcess",
            "auto bytes = message.SerializeAsString();": "deterministic_bytes",
            "any.PackFrom(message);": "deterministic_bytes",
        }
        for line, replacement in doors.items():
            with self.subTest(line=line):
                self.assert_finds("reference-cp/xds/a.cpp", f"/// A file.\n{line}\n", 2, replacement)
                self.assert_finds("sim/net/a.cpp", f"/// A file.\n{line}\n", 2, replacement)
                self.assert_clean("reference-cp/live/a.cpp", f"/// A file.\n{line}\n")
                self.assert_clean("tests/live/a.cpp", f"/// A file.\n{line}\n")

    def test_an_application_opens_doors_only_beside_the_live_adapter(self):
        door = "auto t = std::chrono::steady_clock::now();\n"
        self.assert_finds("reference-cp/app/kuma_cp/a.cpp", "/// A file.\n" + door, 2, "Clock::now()")
        self.assert_clean("reference-cp/app/kuma_cp/a.cpp",
                          '/// A file.\n#include "reference-cp/live/live_runtime.hpp"\n' + door)

    def test_words_in_comments_and_texts_are_no_doors(self):
        self.assert_clean("sim/net/a.cpp", '/// Not std::thread.\n// rand() either\nauto s = "std::ifstream in(x)";\n')
        self.assert_clean("sim/net/a.cpp", "/// A file.\n/* asio::detached\n   std::thread t; */\nint operand(int);\n")
        self.assert_clean("sim/net/a.cpp", "/// A file.\nstd::thread::id home = std::this_thread::get_id();\n")

    def test_layers(self):
        cases = {
            "sim/net/a.cpp": "reference-cp/model/kind.hpp",
            "include/kumasim/sim/a.cpp": "reference-cp/model/kind.hpp",
            "include/kumasim/runtime/a.cpp": "kumasim/sim/world.hpp",
            "include/kumasim/transport/a.cpp": "kumasim/sim/world.hpp",
            "reference-cp/xds/a.cpp": "reference-cp/live/disk.hpp",
            "reference-cp/store/a.cpp": "reference-cp/live/disk.hpp",
            "reference-cp/model/a.cpp": "reference-cp/store/store.hpp",
            "reference-cp/policy/a.cpp": "reference-cp/store/store.hpp",
            "reference-cp/rest/a.cpp": "kumasim/sim/world.hpp",
            "scenarios/engine/a.cpp": "reference-cp/live/disk.hpp",
        }
        for name, target in cases.items():
            with self.subTest(name=name):
                self.assert_finds(name, f'/// A file.\n#include "{target}"\n', 2, f"may not include {target}")
        self.assert_clean("tests/live/a.cpp", '/// A file.\n#include "reference-cp/live/disk.hpp"\n')
        self.assert_clean("reference-cp/app/kuma_dp/a.cpp", '/// A file.\n#include "reference-cp/live/disk.hpp"\n')
        self.assert_clean("scenarios/engine/a.cpp",
                          '/// A file.\n#include "kumasim/sim/world.hpp"\n#include "reference-cp/model/kind.hpp"\n')
        self.assert_finds("sim/net/a.cpp", '/// A file.\n#include "../b.hpp"\n', 2, "from the root")

    def test_size_and_width(self):
        self.assert_finds("sim/net/a.cpp", "/// A file.\n" * 501, 502, "501 lines; the limit is 500")
        self.assert_clean("sim/net/a.cpp", "/// A file.\n" * 500)
        self.assert_finds("sim/net/a.cpp", "/// A file.\n" + "x" * 121 + "\n", 2, "121 characters wide")
        self.assert_clean("sim/net/a.cpp", "/// A file.\n" + "x" * 120 + "\n")
        self.assert_clean("tests/model/a.cpp", '/// A file.\nauto s = R"(' + "x" * 200 + ')";\n')
        self.assert_finds("sim/net/a.cpp", "/// A file.\nint a; \n", 2, "space at the end")

    def test_how_headers_begin(self):
        self.assert_clean("sim/net/a.hpp", HEADER)
        self.assert_finds("sim/net/a.hpp", "#pragma once\n", 1, "one sentence")
        self.assert_finds("sim/net/a.hpp", "/// A header.\n", 1, "#pragma once")

    def test_machine_paths_registries_and_unfinished_work(self):
        for path in ("/wo" + "rk/main/x", "/ho" + "me/me/x", "/ro" + "ot/x"):
            self.assert_finds("tools/a.py", f"#!\nopen('{path}')\n", 2, "a path of one machine")
        self.assert_finds("tools/a.sh", "#!\ncurl https://py" + "pi.org/simple\n", 2, "registry")
        self.assert_finds("sim/net/a.cpp", "/// A file.\n// TO" + "DO: later\n", 2, "unfinished")

    def test_asserts_stay_on(self):
        self.assert_finds("sim/net/a.cpp", "/// A file.\n#ifndef NDEBUG\n", 2, "asserts stay on")

    def test_build_folders_are_left_out(self):
        self.assert_clean("build/release/a.cpp", "std::thread t;\n")


if __name__ == "__main__":
    sys.exit(unittest.main())
