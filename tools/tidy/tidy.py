#!/usr/bin/env python3
"""Style as a test: every finding names a file, a line, what is wrong and what to do instead.

    tools/tidy/tidy.py [--fix] [ROOT]

With --fix, clang-format-22 lays out the files whose lines are too wide or end in spaces, before the check.

Checked: doors to the outside world anywhere but in the live adapter, includes against the direction of the layers, file
length, line width, how files begin, paths of one machine, unfinished work. design/conventions.md gives the reasons.
"""
import pathlib
import re
import subprocess
import sys

LINES_MAX = 500
WIDTH_MAX = 120
SKIPPED_DIRECTORIES = {".git", "build", "__pycache__"}

# Files that may touch the operating system. An application's file may where it is a part of the live world, which it
# shows by including the adapter; the applications' libraries run simulated too and may not.
LIVE_DIRECTORIES = ("reference-cp/live/", "scenarios/live/")
LIVE_BY_INCLUDE = ("reference-cp/app/", "tools/")
DOORS_CHECKED = ("include/", "sim/", "reference-cp/", "fault-injection/", "chaos/", "scenarios/", "tools/")

DOORS = [
    (r"\b(std::chrono::)?(steady|system|high_resolution)_clock\b", "Clock::now() or wall_now() (runtime/clock.hpp)"),
    (r"\b(gettimeofday|clock_gettime|std::time|localtime|gmtime_now)\s*\(|\btime\s*\(\s*(nullptr|NULL|0)\s*\)",
     "Clock::wall_now() (runtime/clock.hpp)"),
    (r"\bstd::j?thread\b(?!::id)|\bstd::async\b|\bpthread_create\b",
     "a coroutine on the executor that was handed over (spawn, runtime/task.hpp)"),
    (r"\bstd::this_thread::sleep_(for|until)\b|\b(u?sleep|nanosleep)\s*\(\s*\d", "sleep(Timers&, Duration) (runtime/task.hpp)"),
    (r"\bstd::random_device\b|\bs?rand\s*\(|\bstd::mt19937|\bgetrandom\s*\(|\barc4random", "Random (runtime/random.hpp)"),
    (r"\bstd::\w+_distribution\b", "Random::below or sim::DelayLaw: the standard's laws differ between libraries"),
    (r"\b(secure_)?getenv\s*\(|\bsetenv\s*\(|\benviron\b", "live::environment_variable, read in app/ and handed over"),
    (r"\basio::detached\b|\bboost/asio/detached\.hpp", "spawn(executor, log, name, task) (runtime/task.hpp): detached swallows errors"),
    (r"\basio::(steady|system|high_resolution|deadline)_timer\b|\bboost/asio/\w+_timer\.hpp", "Timer (runtime/timer.hpp)"),
    (r"\b(beast::)tcp_stream\b", "Stream (runtime/stream.hpp): tcp_stream hides timers"),
    (r"\basio::ssl::stream\b", "tls_connect and tls_accept (transport/tls.hpp)"),
    (r"\basio::io_context\b|\bboost/asio/io_context\.hpp|\basio::thread_pool\b", "the executor of Runtime (runtime/runtime.hpp)"),
    (r"\basio::ip::(tcp|udp|icmp)\b|\bboost/asio/ip/(tcp|udp|icmp|multicast)|\basio::local::|"
     r"(?<![\w:])::(socket|connect|bind|listen|accept|getaddrinfo)\s*\(|\bsys/socket\.h",
     "Network (runtime/network.hpp)"),
    (r"\basio::signal_set\b|(?<![\w:])::(fork|execve?|kill|waitpid|signal|sigaction)\s*\(|"
     r"\bstd::system\s*\(|\bpopen\s*\(",
     "live::ChildProcess and live::Signals, in app/"),
    (r"\bf?open\s*\(\s*\"|\bfopen\s*\(|\bstd::([io]?f)stream\b|\bstd::filesystem\b|<fstream>|<filesystem>",
     "Disk (runtime/disk.hpp), or live::read_file in app/"),
    (r"\bSerialize(Partial)?(AsString|ToString|ToArray)\s*\(|\bPackFrom\s*\(",
     "deterministic_bytes and pack (xds/wire.hpp) or to_bytes (sim/envoy/config/wire.hpp): protobuf orders maps by chance"),
    (r"\bstd::(cout|cerr|cin|clog)\b|(?<![\w:.])printf\s*\(|\bputs\s*\(", "Log (runtime/log.hpp)"),
]
DOOR_EXCEPTIONS = {
    "sim/kernel/kernel.cpp": "says on the standard error why the guard against foreign threads ends the program",
    "include/kumasim/testing/seeds.cpp": "reads which seeds a test is to run, before there is a world",
    "scenarios/engine/reader.cpp": "reads the scenario, before there is a world",
    "scenarios/engine/reader_resources.cpp": "reads the files that the scenario names, before there is a world",
}

# (who, what it may not include, why)
LAYERS = [
    ("include/kumasim/runtime/", r"kumasim/(?!runtime/)|reference-cp/|sim/|scenarios/|chaos/|fault-injection/",
     "the seam knows nothing else"),
    ("include/kumasim/transport/", r"kumasim/(?!runtime/|transport/)|reference-cp/|sim/|scenarios/|chaos/",
     "the transport stands on the seam alone"),
    ("include/", r"reference-cp/|scenarios/|tools/|tests/", "the framework does not know the control plane that it judges"),
    ("sim/", r"reference-cp/|scenarios/|tools/|tests/|chaos/",
     "the simulator does not know the control plane that it judges; they meet in scenarios/engine"),
    ("fault-injection/", r"reference-cp/|sim/|scenarios/|tools/|tests/", "faults wrap the seam's interfaces"),
    ("chaos/", r"reference-cp/|scenarios/|tools/|tests/", "chaos stands on the simulator"),
    ("reference-cp/", r"sim/|kumasim/(sim|envoy|scenario|chaos|testing)/|scenarios/|chaos/|tools/|tests/",
     "the control plane does not know the world it runs in"),
    ("reference-cp/model/", r"reference-cp/(?!model/)", "the model is the lowest layer"),
    ("reference-cp/store/", r"reference-cp/(?!model/|store/)", "the store knows the model only"),
    ("reference-cp/policy/", r"reference-cp/(store|manager|rest|identity|live|app)/", "policies are pure"),
    ("reference-cp/xds/generate/", r"reference-cp/(store|manager|rest|live|app)/", "generation is pure"),
    ("reference-cp/manager/", r"reference-cp/(rest|live|app)/|reference-cp/xds/", "the manager stands below rest and xds"),
    ("reference-cp/identity/", r"reference-cp/(rest|live|app|xds)/", "identity stands below rest and xds"),
    ("reference-cp/xds/", r"reference-cp/(rest|live|app)/", "xds stands below rest and app"),
    ("reference-cp/rest/", r"reference-cp/(live|app)/", "rest stands below app"),
    ("scenarios/engine/", r"reference-cp/live/|tools/|tests/", "only app, scenarios/live and tests see the live adapter"),
    ("tools/", r"reference-cp/live/|tests/", "only app, scenarios/live and tests see the live adapter"),
]

MACHINE_PATHS = re.compile(r"(?<![\w.])/(work|home|root|tmp/w|tmp/peer)/[\w.]")
REGISTRIES = re.compile(r"\b(pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org|proxy\.golang\.org|"
                        r"crates\.io|repo1?\.maven\.org)\b")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
NDEBUG = re.compile(r"\bNDEBUG\b")
THIS_FILE = "tools/tidy/tidy.py"


def code_of(text):
    """The text with comments and string contents blanked out, line by line the same."""
    pattern = re.compile(r'R"(\w*)\((?s:.*?)\)\1"|//[^\n]*|/\*(?s:.*?)\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'')

    def blank(match):
        found = match.group(0)
        if found.startswith('"') and text[:match.start()].rsplit("\n", 1)[-1].lstrip().startswith("#include"):
            return found
        return re.sub(r"[^\n]", " ", found) if found[0] == "/" else found[0] + re.sub(r"[^\n]", " ", found[1:-1]) + found[-1]

    return pattern.sub(blank, text)


def lines_of_raw_strings(text):
    """Recorded text (JSON, HTML, a conversation) is as wide as it is."""
    lines = set()
    for found in re.finditer(r'R"(\w*)\((?s:.*?)\)\1"', text):
        first = text.count("\n", 0, found.start()) + 1
        lines.update(range(first, first + found.group(0).count("\n") + 1))
    return lines


class Tidy:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.findings = []

    def say(self, name, line, message):
        self.findings.append(f"{name}:{line}: {message}")

    def files(self):
        for path in sorted(self.root.rglob("*")):
            parts = path.relative_to(self.root).parts
            if any(part in SKIPPED_DIRECTORIES or part.startswith("cmake-build") for part in parts) or not path.is_file():
                continue
            if path.suffix in {".hpp", ".cpp", ".py", ".sh", ".cmake", ".yaml"} or path.name == "CMakeLists.txt" or parts[:2] in {
                    ("tools", "kumasim"), ("tools", "test"), (".ci", "run")}:
                yield path.relative_to(self.root).as_posix(), path

    def check(self):
        for name, path in self.files():
            text = path.read_text(encoding="utf-8", errors="replace")
            if name != THIS_FILE:
                self.check_text(name, text)
            if path.suffix in {".hpp", ".cpp"}:
                self.check_code(name, text)
        return self.findings

    def check_text(self, name, text):
        lines = text.split("\n")
        data = name.endswith(".yaml")
        if len(lines) - 1 > LINES_MAX and not data:
            self.say(name, len(lines), f"{len(lines) - 1} lines; the limit is {LINES_MAX}: split it, one noun a file")
        for number, line in enumerate(lines, 1):
            if MACHINE_PATHS.search(line) and not name.startswith("tests/tools/tidy"):
                self.say(name, number, "a path of one machine; take it from the build or from an option")
            if REGISTRIES.search(line):
                self.say(name, number, "the host of a package registry; use its ordinary client without naming the host")
            if UNFINISHED.search(line) and not name.startswith("tests/tools/tidy"):
                self.say(name, number, "unfinished work; finish it, or write it down as an issue")

    def check_code(self, name, text):
        lines = text.split("\n")
        recorded = lines_of_raw_strings(text)
        for number, line in enumerate(lines, 1):
            if len(line) > WIDTH_MAX and number not in recorded:
                self.say(name, number, f"{len(line)} characters wide; the limit is {WIDTH_MAX}: clang-format-22 -i {name}")
            if line.rstrip() != line or "\t" in line:
                self.say(name, number, "a tab or a space at the end of the line; indent by two spaces")
        if name.endswith(".hpp"):
            if not lines[0].startswith("/// "):
                self.say(name, 1, "begin a header with one sentence that says what it is: `/// ...`")
            if "#pragma once" not in lines:
                self.say(name, 1, "a header needs `#pragma once`")
        code = code_of(text)
        self.check_layers(name, text)
        self.check_doors(name, text, code)
        for number, line in enumerate(code.split("\n"), 1):
            if NDEBUG.search(line):
                self.say(name, number, "asserts stay on in every build: do not look at NDEBUG")

    def check_layers(self, name, text):
        for number, line in enumerate(text.split("\n"), 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            target = include.group(1)
            if target.startswith(".."):
                self.say(name, number, "include from the root of the tree, not by `..`")
            for who, forbidden, why in LAYERS:
                if name.startswith(who) and re.match(forbidden, target):
                    self.say(name, number, f"{who} may not include {target}: {why}")
                    break

    def check_doors(self, name, text, code):
        if not name.startswith(DOORS_CHECKED) or name.startswith(LIVE_DIRECTORIES):
            return
        if name.startswith(LIVE_BY_INCLUDE) and ('"reference-cp/live/' in text or name.startswith("tools/")):
            return
        if name in DOOR_EXCEPTIONS:
            return
        for number, line in enumerate(code.split("\n"), 1):
            for pattern, instead in DOORS:
                found = re.search(pattern, line)
                if found:
                    self.say(name, number, f"`{found.group(0).strip()}` opens a door to the outside; use {instead}")


def fix(root):
    """Only files that need it are touched, so that little is built anew."""
    wide = {finding.split(":")[0] for finding in Tidy(root).check() if "characters wide" in finding or "end of the line" in finding}
    if wide:
        subprocess.run(["clang-format-22", "-i", *sorted(wide)], cwd=root, check=True)
    print(f"{len(wide)} files laid out")


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--fix"]
    root = arguments[0] if arguments else pathlib.Path(__file__).resolve().parents[2]
    if "--fix" in sys.argv[1:]:
        fix(root)
    findings = Tidy(root).check()
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings" if findings else "tidy")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
