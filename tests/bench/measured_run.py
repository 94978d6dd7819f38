"""One run of a program: what it printed, its seconds and its memory."""
import os
import subprocess
import sys
import time


class Run:
    """Runs `kumasim run PATH`; ends this program where the run does not end with 0.

    output: both streams, text. wall, cpu: seconds. peak_mb: most resident memory, MiB.
    """

    def __init__(self, kumasim, path):
        began = time.monotonic()
        process = subprocess.Popen([str(kumasim), "run", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = process.stdout.read().decode(errors="replace")
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.wall = time.monotonic() - began
        self.cpu = used.ru_utime + used.ru_stime
        self.peak_mb = used.ru_maxrss / 1024
        if process.returncode != 0:
            sys.exit(f"kumasim run ended with {process.returncode}:\n{self.output[-4000:]}")
