"""The brokers of make test-brokers, each as a process of its own on a free port of loopback.

A class says how its broker is configured and started, and what is known of it beforehand: which versions of MQTT it speaks. All
else is found out by the tests. Data goes below the test's folder and outlives a restart, where the broker keeps any.
"""

import importlib.util
import os
import shutil
import signal
import socket
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path

import harness
from harness import CONNACK, Process, free_port, packet, text, wait_until

STARTS_WITHIN_S = 90


def _load(path):
    loader = SourceFileLoader(path.name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(path.name, loader))
    loader.exec_module(module)
    return module


fetch = _load(Path(__file__).resolve().parent / "fetch")


class RealBroker(Process):
    """folder: of its configuration and data. home: where its program is, from fetch."""

    name = "broker"
    title = None  # in the table
    package = None  # fetch's name for it; None: of the machine
    speaks_5 = True

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.home, self.missing = fetch.found(self.package) if self.package else (None, None)
        self.port = free_port()

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def version(self):
        """What a client of the tests speaks with it."""
        return 5 if self.speaks_5 else 3

    def command(self):
        """Writes its configuration and returns the words that start it."""
        raise NotImplementedError

    def answers(self):
        """Whether a client on MQTT 3.1.1 is let in: TCP alone says little."""
        assert self.running, f"{self.title} does not start:\n" + "\n".join(self.log.lines[-40:])
        body = text("MQTT") + bytes([4, 2, 0, 60]) + text("are-you-up")
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2) as probe:
            probe.settimeout(2)
            probe.sendall(packet(harness.CONNECT, body))
            return probe.recv(4)[:1] == bytes([CONNACK << 4])
        return False

    def start(self):
        self._spawn([str(word) for word in self.command()], cwd=self.folder, start_new_session=True,
                    env={**os.environ, **self.environment()})
        wait_until(self.answers, f"{self.title} to answer", STARTS_WITHIN_S)
        return self

    def environment(self):
        return {}

    def send_signal(self, number):
        """To all of its processes: some start through a shell."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def stop(self, number=signal.SIGTERM, deadline=30):
        return super().stop(number, deadline)

    def kill(self):
        if self.process is not None:
            self.send_signal(signal.SIGKILL)
        if self.running:
            self.wait()

    def restart(self):
        self.stop()
        return self.start()

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path


class Mosquitto(RealBroker):
    title = "mosquitto 2.0"

    def command(self):
        self.missing = None
        program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
        return [program, "-c", self.write("mosquitto.conf", f"""
listener {self.port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {self.folder}/
{"user root" if os.geteuid() == 0 else ""}
""")]


class Aedes(RealBroker):
    title, package, speaks_5 = "Aedes 1.2.0", "aedes", False

    def command(self):
        return ["node", self.home / "broker.mjs", self.port]


class Mochi(RealBroker):
    title, package = "mochi 2.7.9", "mochi"

    def command(self):
        return [self.home / "broker", f"127.0.0.1:{self.port}"]


class Nats(RealBroker):
    """ack_wait: after this time it sends again what was not acknowledged; 30 s if nobody says otherwise. max_ack_pending: 1024 if
    nobody says otherwise, and of a client's subscriptions together at most 65,535: it would deny a subscription of 64 doors.
    """

    title, package, speaks_5 = "NATS 2.15.2", "nats", False

    def command(self):
        return [self.home / "broker", "-c", self.write("nats.conf", f"""
server_name: single
listen: 127.0.0.1:{free_port()}
jetstream {{ store_dir: "{self.folder}/store" }}
mqtt {{ listen: "127.0.0.1:{self.port}", ack_wait: "2s", max_ack_pending: 500 }}
""")]


class Rumqttd(RealBroker):
    """One port speaks MQTT 5, another 3.1.1."""

    title, package = "rumqttd 0.20.0", "rumqttd"
    kind, number = "v5", 5

    def command(self):
        return [self.home / "broker", self.write("rumqttd.toml", f"""
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[{self.kind}.1]
name = "{self.kind}"
listen = "127.0.0.1:{self.port}"
next_connection_delay_ms = 1
[{self.kind}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 100
dynamic_filters = true
""")]

    def answers(self):
        if not self.speaks_5:
            return super().answers()
        assert self.running, "rumqttd does not start:\n" + "\n".join(self.log.lines[-40:])
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2):
            return True
        return False


class RumqttdOld(Rumqttd):
    title, speaks_5, kind = "rumqttd 0.20.0, its port for 3.1.1", False, "v4"


class OnJava(RealBroker):
    def java(self, *words):
        return ["java", "-Xmx256m", "-XX:+UseSerialGC", *words]

    @property
    def classes(self):
        return f"{self.home}:{self.home}/jars/*"


class HiveMQ(OnJava):
    title, package = "HiveMQ CE 2025.5", "hivemq"

    def command(self):
        self.write("conf/config.xml", f"""<?xml version="1.0"?>
<hivemq>
  <listeners><tcp-listener><port>{self.port}</port><bind-address>127.0.0.1</bind-address></tcp-listener></listeners>
  <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
</hivemq>
""")
        return self.java("-cp", self.classes, "Broker", self.folder)


class Artemis(OnJava):
    title, package = "Artemis 2.55.0", "artemis"

    def command(self):
        return self.java("-cp", self.classes, "Broker", self.port, self.folder)


BROKERS = {
    "mosquitto": Mosquitto,
    "hivemq": HiveMQ,
    "artemis": Artemis,
    "mochi": Mochi,
    "rumqttd": Rumqttd,
    "rumqttd-3.1.1": RumqttdOld,
    "aedes": Aedes,
    "nats": Nats,
}
