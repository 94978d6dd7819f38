"""One kuma-cp on free ports of the loopback interface."""
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

START_LIMIT_S = 60
STOP_LIMIT_S = 15


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
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def cpu_s(self):
        """Processor seconds so far, user's and system's."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self):
        """Most resident memory so far, MiB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"process {self.process.pid} tells no VmHWM")
