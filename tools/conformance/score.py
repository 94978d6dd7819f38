"""A control plane against the conformance corpus: every case must pass that is not a known miss.

    score.py --cp KUMA_CP --corpus DIR --known FILE [--only AREA]... [--failures FILE] [--key-pool LIBRARY | --own-keys]

Exit 1 where a case fails that FILE does not name, where a known miss passes, or where FILE is not of this corpus; 2 where
nothing could be run. With --only the rest of the corpus is not missed. README.md says more.
"""
import argparse
import collections
import os
import pathlib
import socket
import sys
import tempfile
import time
import types

import checker
import misses
import runner

# As recorded, every key is RSA.
KEYS = {f"KUMASIM_IDENTITY_{use}_KEY": "rsa-2048" for use in ("LEAF", "CA", "SIGNING")}
# A state that equals the recording must stay for so many seconds.
HOLD = 0.8
# Differences printed of a case that fails; --failures has all of them.
SHOWN = 10
# How long what differs may take: nothing new for `settle`, at least `min_wait`, at most `timeout` seconds. For `min_wait`, as by
# check.py's default, a proxy that shall get nothing is watched too.
WAITING = {"settle": 3.0, "min_wait": 4.0, "timeout": 20.0}


def free_ports(slots):
    """The first of ports of which none is taken; check.py numbers its control planes' ports from there."""
    def is_free(port):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
            return True
    count = slots * runner.PORTS_OF_SLOT
    return next(base for base in range(25000, 32000, count) if all(is_free(base + i) for i in range(count)))


def make_tls(check, directory):
    certificate, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
    check.make_certificate(certificate, key)
    return certificate, key


def print_areas(outcomes, cases):
    areas = collections.defaultdict(list)
    for case in cases:
        areas["bootstrap" if case.kind == "bootstrap" else f"{case.kind}/{case.area}"].append(outcomes[case.id])
    for area, of in sorted(areas.items()):
        print(f"{area:44} {sum(o.passed for o in of):4} of {len(of):4}  {sum(o.seconds for o in of):6.1f}s")


def run(arguments, check, known, scratch):
    cases = check.find_cases(str(arguments.corpus), arguments.only or None)
    if not cases:
        print("no such cases")
        return 2
    options = types.SimpleNamespace(log_dir=arguments.log_dir, **WAITING)

    def report(case, outcome):
        if not outcome.passed or arguments.verbose:
            resources = f"  ({outcome.matched}/{outcome.total} resources)" if case.kind == "xds" else ""
            print(("pass " if outcome.passed else "differs ") + f"{case.id}{resources}  {outcome.seconds:.1f}s", flush=True)

    started = time.monotonic()
    check.import_protos()
    work = runner.Runner(check, options, f"{arguments.cp} run", free_ports(arguments.workers),
                         None if arguments.own_keys else arguments.key_pool, make_tls(check, scratch), report)
    first = work.run(runner.plan(check, cases), arguments.workers)
    unsure = [case for case in cases if known.wants_another_try(case.id, first[case.id].passed)]
    # Only what depends on the moment may pass with other settings.
    batches = (runner.plan(check, [case for case in unsure if case.id not in known.timing]) +
               runner.plan(check, [case for case in unsure if case.id in known.timing], together=True))
    second = work.run(batches, arguments.workers)
    attempts = {case.id: [o[case.id].passed for o in (first, second) if case.id in o] for case in cases}

    if arguments.failures:
        with open(arguments.failures, "w") as file:
            for name, outcome in sorted(first.items()):
                if not outcome.passed:
                    file.write(name + "\n" + "".join(f"  {line}\n" for line in outcome.differences) + "\n")
    if arguments.verbose:
        print_areas(first, cases)
    wrong, said = known.judge(attempts, whole=not arguments.only)
    for line in said:
        print("note: " + line)
    for line in wrong:
        print("WRONG: " + line)
        for difference in first[line.split(":")[0]].differences[:SHOWN] if line.split(":")[0] in first else []:
            print("  " + difference)
    for kind in ("xds", "rest", "bootstrap"):
        of = [case.id for case in cases if case.kind == kind]
        print(f"{kind}: {sum(any(attempts[name]) for name in of)} of {len(of)} cases equal, "
              f"{sum(name in known.known for name in of)} known misses")
    resources = [first[case.id] for case in cases if case.kind == "xds"]
    print(f"xds resources: {sum(o.matched for o in resources)} of {sum(o.total for o in resources)} equal")
    cpu = os.times()
    print(f"time {time.monotonic() - started:.0f}s, CPU {cpu.user + cpu.system:.0f}s here, "
          f"{check.CPU[0]:.0f}s in the control planes")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cp", required=True)
    parser.add_argument("--corpus", required=True, type=pathlib.Path)
    parser.add_argument("--known", required=True, type=pathlib.Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--failures", help="file for the differences of what failed")
    parser.add_argument("--key-pool", help="library of key_pool.cpp")
    parser.add_argument("--own-keys", action="store_true", help="let the control planes make their keys themselves")
    parser.add_argument("--workers", type=int, default=3, help="control planes at once")
    parser.add_argument("--log-dir", help="directory for what the control planes log")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    os.environ.update(KEYS)
    try:
        known = misses.Misses.read(arguments.known)
        check = checker.load_check(arguments.corpus / "check.py", HOLD)
    except (misses.BadFile, checker.Changed) as error:
        print(error, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        return run(arguments, check, known, scratch)


if __name__ == "__main__":
    sys.exit(main())
