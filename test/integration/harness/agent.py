"""The real agent on simulated doors, and its configuration."""

import json
import os
import shlex
import subprocess
import threading
import weakref
from contextlib import suppress
from pathlib import Path

from .places import ROOT, free_port
from .process import Process
from .waiting import DEADLINE, REPLAY, SLOWNESS, sleep_until

AGENTS = weakref.WeakSet()
LOCAL = threading.local()  # world: of the test that runs in this thread, where several run side by side


def agent_command():
    """The words that start the agent under test: PORTCULLIS_AGENT as a shell would split it, else the first build found."""
    given = os.environ.get("PORTCULLIS_AGENT")
    if given:
        return shlex.split(given)
    for build in ("amd64", "debug", "release", "."):
        path = ROOT / "build" / build / "portcullis"
        if path.is_file():
            return [str(path)]
    raise AssertionError("no agent to test: build it, or say in PORTCULLIS_AGENT which one")


def merge(base, changes):
    """A copy of base with the changes of a nested dictionary; a value of None removes the key."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


def door(id="left", **changes):
    """One door of the configuration: toggle wiring, both sensors, one second from end to end."""
    base = {
        "id": id,
        "name": f"{id.capitalize()} door",
        "relay": "GPIO17",
        "pulse": "100ms",
        "closed_sensor": {"line": "GPIO23"},
        "open_sensor": {"line": "GPIO24"},
        "debounce": "20ms",
        "travel_time": "1s",
    }
    return merge(base, changes)


def await_commands(topic=None):
    """Until commands count at all agents, or at the one whose topic it is."""
    for agent in AGENTS.copy():
        if agent.world is getattr(LOCAL, "world", None) and (topic is None or topic.startswith(agent.topic(""))):
            agent.await_commands(connect=topic is not None)


class Agent(Process):
    """The real agent on simulated doors.

    config: changes to the default configuration, as a nested dictionary in the words of the YAML file (see merge).
    brokers: a Broker, or whatever has a url, or a list of them.
    """

    name = "agent"

    def __init__(self, folder, brokers=None, config=None, command=None):
        super().__init__()
        self.world = getattr(LOCAL, "world", None)
        AGENTS.add(self)
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.command = list(command or agent_command())
        self.http_port = free_port()
        if brokers is None:
            urls = [f"mqtt://127.0.0.1:{free_port()}"]
        else:
            urls = [broker if isinstance(broker, str) else broker.url
                    for broker in (brokers if isinstance(brokers, (list, tuple)) else [brokers])]
        self.config = merge({
            "node": "garage",
            "mqtt": {"broker": urls if len(urls) > 1 else urls[0]},
            "gpio": {"backend": "simulated"},
            "http": {"listen": f"127.0.0.1:{self.http_port}"},
            "log": {"level": "debug"},
            "doors": [door()],
        }, config or {})

    @property
    def config_path(self):
        return self.folder / "portcullis.yaml"

    def topic(self, *levels):
        mqtt = self.config["mqtt"]
        return "/".join([mqtt.get("topic_prefix", "portcullis"), self.config["node"], *levels])

    def finish(self):
        """Ends it after its test: in good order, so that a sanitizer it was built with has the last word."""
        if self.running:
            with suppress(subprocess.TimeoutExpired):
                self.stop(deadline=5)
            self.kill()
        if self.log:
            found = self.log.find(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error: ")
            assert not found, "a sanitizer found something:\n" + "\n".join(self.log.lines)

    def await_commands(self, connect=False):
        """Waits until what a broker replays to a new subscriber would have come: commands count from then on. connect: also
        until the agent has connected for the first time."""
        if connect and self.running and self.log is not None:
            with suppress(AssertionError):  # a test may command an agent that has no broker
                self.log.wait("connected to the broker", deadline=5)
        lines = [] if self.log is None else [
            (at, line) for at, line in zip(self.log.times, self.log.lines) if "connected to the broker" in line]
        if self.running and lines:
            at, line = lines[-1]
            # Also until what is said first has been acknowledged, for which an emulated agent takes its time.
            slack = 2.0 if SLOWNESS >= 4 else 0.4 * SLOWNESS
            sleep_until(at + REPLAY[5 if "(MQTT 5)" in line else 3] + slack)
            # A machine that had no processor for it has the agent take what comes for old.
            stood = [at for at, line in zip(self.log.times, self.log.lines) if "the agent stood still" in line]
            sleep_until(stood[-1] + 5 + slack if stood else 0)

    def write_config(self):
        new = self.config_path.with_suffix(".new")  # an agent that is just starting never sees half of it
        new.write_text(json.dumps(self.config, indent=2) + "\n")  # JSON is YAML
        new.chmod(0o600)
        new.rename(self.config_path)
        return self.config_path

    def start(self, *arguments, env=None, prefix=(), cwd=None):
        """Starts it and returns at once. prefix: words before the command (a namespace, strace)."""
        self.write_config()
        environment = {key: value for key, value in os.environ.items()
                       if key not in ("NOTIFY_SOCKET", "JOURNAL_STREAM", "WATCHDOG_USEC", "WATCHDOG_PID")}
        environment.update(env or {})
        self._spawn([*prefix, *self.command, "--config", str(self.config_path), *arguments], env=environment, cwd=cwd)
        return self

    def run(self, *arguments):
        """Runs it to its end (--check, --list-lines, ...) and returns the CompletedProcess, output as text."""
        self.write_config()
        return subprocess.run([*self.command, "--config", str(self.config_path), *arguments], text=True,
                              capture_output=True, timeout=DEADLINE, stdin=subprocess.DEVNULL)
