"""The agent in the guest, with the face that harness.Agent has on the host."""

import datetime
import json
import re
import shlex

import harness
from machine import HOST

HEADER = "pinctrl-sim"  # the chip that stands for a Pi's header; the emulated Pi Zero has a pinctrl-bcm2835 besides
RELAY = 17
CLOSED, OPEN = 23, 24  # sensors


def door(id="left", **changes):
    """A door of the configuration that presses once for TOGGLE whatever it knows, since it has no sensor."""
    base = {"id": id, "relay": f"GPIO{RELAY}", "pulse": "100ms", "gap": "100ms", "travel_time": "10s"}
    return harness.merge(base, changes)


def contact(line):
    """A sensor that pulls its line up when it has something to say, and leaves the pull as the test set it."""
    return {"line": f"GPIO{line}", "bias": "as_is", "active": "high"}


class GuestAgent(harness.Agent):
    """config: changes to the configuration, as for harness.Agent."""

    def __init__(self, machine, folder, broker=None, config=None):
        url = f"mqtt://{HOST}:{broker.port if broker else 9}"
        base = {
            "gpio": {"backend": "libgpiod", "chip": HEADER},
            "http": {"listen": "0.0.0.0:8080"},
            "doors": [door()],
        }
        super().__init__(folder, url, config=harness.merge(base, config or {}), command=["portcullis"])
        self.machine = machine

    @property
    def config_path(self):
        return f"/tmp/{self.folder.parent.name}-{self.folder.name}.yaml"

    def write_config(self):
        self.machine.write(self.config_path, json.dumps(self.config, indent=2))
        self.machine.run(f"chmod 600 {self.config_path}")
        return self.config_path

    def _command(self, arguments):
        return shlex.join([*self.command, "--config", self.write_config(), *arguments])

    def start(self, *arguments):
        self.process = self.machine.start(self._command(arguments))
        return self

    def run(self, *arguments, user=None):
        """(exit status, output) of the agent run to its end, as this user of the guest if one is named."""
        command = "timeout 15 " + self._command(arguments)
        return self.machine.status(f"su {user} -c {shlex.quote(command)}" if user else command, timeout=120)

    @property
    def running(self):
        return self.process is not None and self.process.running()

    def send_signal(self, number):
        self.process.signal(number)

    def wait(self, deadline=10):
        """The exit status, as a shell has it."""
        return self.process.wait(deadline)

    def wait_log(self, pattern, deadline=10):
        found = lambda: re.search(pattern, self.log_text(), re.M)  # noqa: E731
        return harness.wait_until(found, f"{pattern!r} in the log", deadline)

    def log_text(self):
        return self.process.output()

    def await_commands(self, connect=False):
        """As harness.Agent's, by the guest's clock, which the log's times are of."""
        lines = re.findall(r"^(\S+Z) info: connected to the broker .*\(MQTT (\d)", self.log_text(), re.M) if self.running else []
        if lines:
            at = datetime.datetime.fromisoformat(lines[-1][0].replace("Z", "+00:00")).timestamp()
            left = at + harness.REPLAY[5 if lines[-1][1] == "5" else 3] + 1.2 - int(self.machine.run("date +%s"))
            if left > 0:
                self.machine.run(f"sleep {left:.1f}", timeout=60)

    def kill(self):
        if self.process:
            self.process.stop()
            print(self.log_text())
