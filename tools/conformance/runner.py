"""Runs cases of the corpus on several control planes at once."""
import collections
import concurrent.futures
import queue
import threading
import time

# A fresh control plane now and then keeps its state small. The slowest kind comes first, so that no worker ends late.
CHUNK = {"xds": 110, "rest": 320}
# xds cases wait for the control plane most of the time, REST cases are answered at once.
JOBS = {"xds": 6, "rest": 4}
# Where changes are to be taken in together, as the recorded Kuma did every 300 ms (VIP_REFRESH_INTERVAL in check.py).
TOGETHER = {"KUMASIM_XDS_SERVER_BATCH_INTERVAL": "300ms"}
# check.py gives each slot so many ports.
PORTS_OF_SLOT = 20

Batch = collections.namedtuple("Batch", "cases kind profile env jobs")
Outcome = collections.namedtuple("Outcome", "passed differences matched total seconds")


def plan(check, cases, together=False):
    """Batches, each for a control plane of its own."""
    more = TOGETHER if together else {}
    shared = collections.defaultdict(list)
    for case in cases:
        if not case.isolated:
            shared[case.profile, "xds" if case.kind == "xds" else "rest"].append(case)
    batches = []
    for (profile, kind), members in sorted(shared.items(), key=lambda item: (item[0][1] != "xds", item[0])):
        for first in range(0, len(members), CHUNK[kind]):
            batches.append(Batch(members[first:first + CHUNK[kind]], kind, profile, more, 1 if together else JOBS[kind]))
    for group in check.fresh_groups([case for case in cases if case.isolated]):
        batches.append(Batch(group, "fresh", group[0].profile, {**more, **(group[0].opts.get("env") or {})}, 1))
    return batches


def written(check, case):
    """Paths of what a case writes, and then deletes, on the control plane. All of a Mesh but `default` counts as the Mesh."""
    def path(doc, otherwise=None):
        return check.path_for(doc) if isinstance(doc, dict) and doc.get("type") in check.KINDS and doc.get("name") else otherwise

    if case.kind == "xds":
        paths = {path(doc) for doc in case.docs} - {None}
    else:
        requests = [*(case.data.get("setup") or []), case.data.get("request") or {}]
        paths = {path(request.get("body"), request["path"].split("?")[0])
                 for request in requests if request.get("method") in ("PUT", "DELETE")}
    meshes = [path.split("/") for path in paths]
    return {"/".join(parts[:3]) if parts[1] == "meshes" and parts[2:3] != ["default"] else "/".join(parts) for parts in meshes}


def in_turn(check, cases):
    """The cases in lists: those of one list write the same resources, so that they must not run at once on one control plane."""
    lists = []  # (paths, cases)
    for case in cases:
        paths, members = written(check, case), [case]
        apart = []
        for other_paths, others in lists:
            if paths & other_paths:
                paths, members = paths | other_paths, others + members
            else:
                apart.append((other_paths, others))
        lists = [*apart, (paths, members)]
    return [members for _, members in lists]


class Runner:
    def __init__(self, check, options, command, ports, key_pool, tls, report):
        """`options` are what check.execute reads; `report` is told of each case and its outcome."""
        self.check, self.options, self.command, self.ports = check, options, command, ports
        self.extra = {"LD_PRELOAD": str(key_pool)} if key_pool else {}
        self.certificate, self.key = tls
        self.report, self.lock = report, threading.Lock()

    def run(self, batches, workers):
        """case id -> Outcome"""
        todo, outcomes = queue.SimpleQueue(), {}
        for batch in batches:
            todo.put(batch)

        def work(slot):
            while True:
                try:
                    batch = todo.get_nowait()
                except queue.Empty:
                    return
                for case, outcome in self.run_batch(batch, slot):
                    with self.lock:
                        outcomes[case.id] = outcome
                        self.report(case, outcome)

        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(work, slot) for slot in range(workers)]:
                done.result()
        return outcomes

    def run_batch(self, batch, slot):
        try:
            cp = self.check.start_cp(self.command, slot, batch.profile, self.certificate, self.key, self.ports,
                                     self.options.log_dir, {**self.extra, **batch.env})
        except Exception as error:  # whatever keeps it from starting fails all that was to run on it
            why = [f"no control plane of profile {batch.profile}: {error}"]
            return [(case, Outcome(False, why, 0, 1, 0.0)) for case in batch.cases]
        try:
            with concurrent.futures.ThreadPoolExecutor(batch.jobs) as pool:
                runs = pool.map(lambda cases: [(case, self.attempt(cp, case)) for case in cases], in_turn(self.check, batch.cases))
                return [run for runs_in_turn in runs for run in runs_in_turn]
        finally:
            cp.close()

    def attempt(self, cp, case):
        start = time.monotonic()
        want = case.expected()
        try:
            passed, (left, right), matched, total = self.check.execute(cp, case, want, self.options)
            differences = [] if passed else self.check.diff(left, right)
        except Exception as error:  # as check.py: a case that cannot be run has failed
            passed, differences, matched = False, [f"{type(error).__name__}: {error}"], 0
            total = max(1, len(self.check.resources(want))) if case.kind == "xds" else 1
        return Outcome(passed, differences, matched, total, time.monotonic() - start)
