"""The score of a control plane against the conformance corpus, and whether it keeps the floor.

    score.py --cp KUMA_CP --corpus DIR [--floor FILE] [--only AREA]... [--failures FILE] [--jobs N]

Runs the corpus's own check.py, counts what it compares, and exits 1 where a count is below the floor: a JSON object of
xds_cases, xds_resources, rest_cases and bootstrap_cases (a missing one is not judged), and `areas`, what it is measured
over (empty: the whole corpus). With --only nothing is judged.
"""
import argparse
import collections
import json
import os
import pathlib
import socket
import sys
import threading
import types

# As recorded, every key is RSA.
KEYS = {f"KUMASIM_IDENTITY_{use}_KEY": "rsa-2048" for use in ("LEAF", "CA", "SIGNING")}
# Our control plane pushes at once, so little waiting is enough; what does not come within the limit does not come.
WAITING = ["--settle", "1.2", "--min-wait", "1.5", "--timeout", "8"]


def load_check(path):
    """check.py as a module. Its run_xds reads `ready` before it is set where a case is equal at the first look."""
    text = path.read_text().replace("key = None; lastc = None\n", "key = None; lastc = None; ready = True\n")
    module = types.ModuleType("check")
    module.__file__ = str(path)
    exec(compile(text, path, "exec"), module.__dict__)
    return module


def count_into(module, score):
    """Let every comparison of the checker be counted: cases by kind, and resources of xds cases."""
    compare, lock = module.execute, threading.Lock()

    def execute(cp, case, want, options):
        equal, pair, matched, total = compare(cp, case, want, options)
        with lock:
            score[f"{case.kind}_cases"] += equal
            if case.kind == "xds":
                score["xds_resources"] += matched
        return equal, pair, matched, total

    module.execute = execute


class Absent:
    """Stands for a control plane that did not start: every case on it fails."""

    def __init__(self, why):
        self.why = why

    def __getattr__(self, name):
        raise RuntimeError(self.why)

    def close(self):
        pass


def survive_failed_starts(module):
    start = module.start_cp

    def start_cp(command, slot, profile, *rest):
        try:
            return start(command, slot, profile, *rest)
        except RuntimeError as error:
            print(f"profile {profile}: {error}", flush=True)
            return Absent(f"profile {profile}: {error}")

    module.start_cp = start_cp


def free_ports():
    """The first of a hundred ports of which none is taken; check.py numbers its control planes' ports from there."""
    def is_free(port):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
            return True
    return next(base for base in range(25000, 32000, 100) if all(is_free(base + i) for i in range(100)))


def judge(score, floor):
    """One line for each count; the number of those below their floor."""
    below = 0
    for name in ("xds_cases", "xds_resources", "rest_cases", "bootstrap_cases"):
        if name not in floor:
            continue
        verdict = "ok"
        if score[name] < floor[name]:
            below += 1
            verdict = "BELOW THE FLOOR"
        elif score[name] > floor[name]:
            verdict = f"ok; the floor may be raised to {score[name]}"
        print(f"{name:16} {score[name]:6} of at least {floor[name]:6}  {verdict}")
    return below


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cp", required=True)
    parser.add_argument("--corpus", required=True, type=pathlib.Path)
    parser.add_argument("--floor", type=pathlib.Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--failures")
    parser.add_argument("--jobs", default="6")
    options = parser.parse_args()

    floor = json.loads(options.floor.read_text()) if options.floor else {}
    areas = options.only or floor.get("areas", [])
    os.environ.update(KEYS)
    check = load_check(options.corpus / "check.py")
    score = collections.Counter()
    count_into(check, score)
    survive_failed_starts(check)
    arguments = ["--cp-cmd", f"{options.cp} run", "--jobs", options.jobs, "--port-base", str(free_ports()), *WAITING]
    arguments += [word for area in areas for word in ("--only", area)]
    if options.failures:
        arguments += ["--failures", options.failures]
    if check.main([*arguments, str(options.corpus)]) == 2:
        return 2
    return 1 if judge(score, {} if options.only else floor) else 0


if __name__ == "__main__":
    sys.exit(main())
