"""What the measurements share."""

import os
import random
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "bench"


def say(what, measured, goal):
    print(f"{what:<58} {measured:<46} {goal}", flush=True)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def free_port():
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def tool(name, *arguments):
    output = subprocess.run([BUILD / name, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [int(line) for line in output.split()]


class Child:
    """A process that ends with the with-block."""

    def __init__(self, *command, env=None, before=None):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(env or {})}, preexec_fn=before)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()

    def status(self, task=None):
        path = Path(f"/proc/{self.pid}/status" if task is None else f"/proc/{self.pid}/task/{task}/status")
        return dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)

    def kilobytes(self, key):
        return int(self.status()[key].split()[0])

    def wakeups(self):
        return sum(int(self.status(task)["voluntary_ctxt_switches"]) for task in os.listdir(f"/proc/{self.pid}/task"))


def two_sensors(i):
    return {"id": f"door{i}", "name": f"Door {i}", "relay": {"line": 3 * i + 2}, "travel_time": "15s",
            "closed_sensor": {"line": 3 * i + 3}, "open_sensor": {"line": 3 * i + 4}}
