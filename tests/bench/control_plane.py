"""What side_by_side and zones_live share: one kuma-cp on free ports of the loopback interface, and the load program."""
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

START_LIMIT_S = 60
STOP_LIMIT_S = 15


def check_programs(parser, options):
    """Makes --ours, --peer and --load absolute, or ends this program."""
    if not options.ours and not options.peer:
        parser.error("there is nothing to measure: give --ours, --peer or both")
    for program in (options.ours, options.peer, options.load):
        if program and not os.access(program, os.X_OK):
            parser.error(f"{program} is no program")
    for name in ("ours", "peer", "load"):
        if getattr(options, name):
            setattr(options, name, str(pathlib.Path(getattr(options, name)).resolve()))


def prepare_process():
    """Lets each client have a connection of its own, at both ends, and SIGTERM end what has been started."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def end(number, _):
        signal.signal(number, signal.SIG_IGN)  # a second one would cut the stopping short
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)


def emptied(directory):
    """The directory, there and without files of an earlier run."""
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.iterdir():
        if old.is_file():
            old.unlink()
    return directory


def phases_of(command, directory, proxies, limit_s, watchdog_s, seen=lambda phase: None):
    """The phases of a load program that came about, and what went wrong or "".

    seen is called with each phase as it comes. The program and its children are killed after watchdog_s.
    """
    phases, trouble = [], ""
    with open(directory / "load.err", "wb") as errors:
        load = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
        watchdog = threading.Timer(watchdog_s, os.killpg, (load.pid, signal.SIGKILL))
        try:
            watchdog.start()
            for line in load.stdout:
                phase = json.loads(line)
                phases.append(phase)
                print(f"  {json.dumps(phase)}", file=sys.stderr, flush=True)
                seen(phase)
                if phase["phase"] == "connect" and phase["full"] < proxies:
                    trouble = f"{phase['full']} of {proxies} proxies configured in {phase['all_full_s']:.0f} s"
                elif phase.get("done", 0) < phase.get("want", 0):
                    trouble = f"{phase['phase']}: {phase['done']} of {phase['want']} proxies within {limit_s} s"
                if trouble:
                    break
        finally:
            watchdog.cancel()
            os.killpg(load.pid, signal.SIGKILL)
            load.wait()
            load.stdout.close()
    if not trouble and (not phases or phases[-1]["phase"] != "end"):
        trouble = "the load ended early: " + (directory / "load.err").read_text(errors="replace")[-300:].strip()
    return phases, trouble


def free_ports(count):
    """Ports that nobody listens on just now; all are held at once, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class ControlPlane:
    """One process of a kuma-cp, from its start to its end."""

    def __init__(self, binary, directory, environment):
        names = ("dp", "http", "https", "diagnostics", "mads", "inter_cp", "kds")
        self.ports = dict(zip(names, free_ports(len(names))))
        self.log = open(directory / "kuma-cp.log", "wb")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("KUMA_")}
        own = {
            "KUMA_MODE": "zone",
            "KUMA_ENVIRONMENT": "universal",
            "KUMA_GENERAL_WORK_DIR": str(directory),
            "KUMA_DP_SERVER_PORT": str(self.ports["dp"]),
            "KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE": "none",
            "KUMA_DP_SERVER_AUTHN_ZONE_PROXY_TYPE": "none",
            "KUMA_API_SERVER_HTTP_PORT": str(self.ports["http"]),
            "KUMA_API_SERVER_HTTPS_PORT": str(self.ports["https"]),
            "KUMA_DIAGNOSTICS_SERVER_PORT": str(self.ports["diagnostics"]),
            "KUMA_MONITORING_ASSIGNMENT_SERVER_PORT": str(self.ports["mads"]),
            "KUMA_INTER_CP_SERVER_PORT": str(self.ports["inter_cp"]),
            "KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT": str(self.ports["kds"]),
        }
        self.process = subprocess.Popen([binary, "run"], cwd=directory, stdout=self.log, stderr=subprocess.STDOUT,
                                        env={**inherited, **own, **environment})

    def wait_ready(self):
        """Empty once it serves, else what is wrong."""
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return f"it ended at its start with status {self.process.returncode}"
            try:
                for url in (f"http://127.0.0.1:{self.ports['diagnostics']}/ready",
                            f"http://127.0.0.1:{self.ports['http']}/"):
                    urllib.request.urlopen(url, timeout=2).read()
                return ""
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        return f"it was not ready within {START_LIMIT_S} s"

    def stop(self):
        try:
            self.process.terminate()
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.process.kill()
            self.process.wait()
            self.log.close()

    def cpu_s(self):
        """Processor seconds so far, user's and system's."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self):
        """Most resident memory so far, MiB, which the tables call MB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"process {self.process.pid} tells no VmHWM")
