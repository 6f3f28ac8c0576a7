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
    host = "127.0.0.1"

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.home, self.missing = fetch.found(self.package) if self.package else (None, None)
        self.port = free_port()

    @property
    def url(self):
        return f"mqtt://{self.host}:{self.port}"

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
        with suppress(OSError), socket.create_connection((self.host, self.port), 2) as probe:
            probe.settimeout(2)
            probe.sendall(packet(harness.CONNECT, body))
            return probe.recv(4)[:1] == bytes([CONNACK << 4])
        return False

    def launch(self):
        self._spawn([str(word) for word in self.command()], cwd=self.folder, start_new_session=True,
                    env={**os.environ, **self.environment()})

    def start(self):
        self.launch()
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


class InRoot(RealBroker):
    """In a Debian root of its own. Its processes end with it: those that it leaves behind, too. Its folder is /state there."""

    def in_root(self, *words, **environment):
        mount = """mount --bind "$2" "$1/state" && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
            mount --bind "$2/hosts" "$1/etc/hosts" && root=$1 && shift 2 && exec chroot "$root" env -i "$@\""""
        self.write("hosts", self.hosts())
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/state", **environment}
        return ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "sh", "-c", mount, "sh",
                self.home / "root", self.folder, *(f"{name}={value}" for name, value in variables.items()), *words]

    def hosts(self):
        return "127.0.0.1 localhost\n"

    def cookie(self):
        """What nodes on Erlang know each other by. Nobody else may read it, or they do not start."""
        path = self.folder / ".erlang.cookie"
        if not path.exists():
            path.write_text("portcullis-tests")
            path.chmod(0o400)


class Mosquitto21(InRoot):
    title, package = "mosquitto 2.1.2", "mosquitto"
    more = ""

    def command(self):
        self.write("mosquitto.conf", f"""
listener {self.port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location /state/
user root
{self.more}
""")
        return self.in_root("mosquitto", "-c", "/state/mosquitto.conf")


class Mosquitto21Old(Mosquitto21):
    title, speaks_5, more = "mosquitto 2.1.2, a listener for 3.1.1", False, "accept_protocol_versions 3,4"


class RabbitMQ(InRoot):
    title, package = "RabbitMQ 4.0.5", "rabbitmq"
    node, distribution, epmd = "rabbit@localhost", None, None

    def __init__(self, folder):
        super().__init__(folder)
        self.distribution, self.epmd = self.distribution or free_port(), self.epmd or free_port()

    def settings(self):
        """More lines of its configuration."""
        return ""

    def command(self):
        self.cookie()
        self.write("enabled_plugins", "[rabbitmq_mqtt].")
        self.write("rabbitmq.conf", f"""
listeners.tcp = none
mqtt.listeners.tcp.1 = {self.host}:{self.port}
anonymous_login_user = guest
anonymous_login_pass = guest
loopback_users = none
log.console = true
log.console.level = error
log.file = false
{self.settings()}
""")
        for name in ("mnesia", "log"):
            (self.folder / name).mkdir(exist_ok=True)
        return self.in_root(
            "/usr/lib/rabbitmq/bin/rabbitmq-server", RABBITMQ_NODENAME=self.node, RABBITMQ_DIST_PORT=self.distribution,
            RABBITMQ_MNESIA_BASE="/state/mnesia", RABBITMQ_LOG_BASE="/state/log", RABBITMQ_CONFIG_FILE="/state/rabbitmq.conf",
            RABBITMQ_ENABLED_PLUGINS_FILE="/state/enabled_plugins", RABBITMQ_PID_FILE="/state/pid", ERL_EPMD_PORT=self.epmd,
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none")


class Ejabberd(InRoot):
    title, package = "ejabberd 26.07", "ejabberd"
    more = ""  # options of Erlang
    node, distribution, epmd = "ejabberd@localhost", None, None

    def __init__(self, folder):
        super().__init__(folder)
        self.distribution, self.epmd = self.distribution or free_port(), self.epmd or free_port()

    def command(self, *words):
        self.cookie()
        self.write("ejabberd.yml", f"""
hosts: [localhost]
loglevel: warning
auth_method: [anonymous]
anonymous_protocol: login_anon
allow_multiple_connections: true
listen:
  - {{port: {self.port}, ip: "{self.host}", module: mod_mqtt}}
modules:
  mod_mqtt:
    access_publish: {{"#": [{{allow: all}}]}}
    access_subscribe: {{"#": [{{allow: all}}]}}
""")
        self.write("ctl.cfg", f"""
ERLANG_NODE={self.node}
FIREWALL_WINDOW={self.distribution}-{self.distribution}
ERL_OPTIONS="+S 1:1 +sbwt none {self.more}"
""")
        for name in ("db", "log"):
            (self.folder / name).mkdir(exist_ok=True)
        inside = 'chown -R ejabberd /state && exec setpriv --reuid=ejabberd --regid=ejabberd --clear-groups "$@"'
        return self.in_root(
            "sh", "-c", inside, "sh", "ejabberdctl", "--config", "/state/ejabberd.yml", "--ctl-config", "/state/ctl.cfg",
            "--logs", "/state/log", "--spool", "/state/db", *(words or ["foreground"]), ERL_EPMD_PORT=self.epmd)


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
    replicas = 1

    def command(self):
        return [self.home / "broker", "-c", self.write("nats.conf", f"""
server_name: "{self.folder.name}"
listen: 127.0.0.1:{free_port()}
jetstream {{ store_dir: "{self.folder}/store" }}
mqtt {{ listen: "{self.host}:{self.port}", ack_wait: "2s", max_ack_pending: 500, stream_replicas: {self.replicas} }}
{self.more()}
""")]

    def more(self):
        """More lines of its configuration."""
        return ""


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
    "mosquitto-2.1": Mosquitto21,
    "mosquitto-2.1-3.1.1": Mosquitto21Old,
    "rabbitmq": RabbitMQ,
    "ejabberd": Ejabberd,
    "hivemq": HiveMQ,
    "artemis": Artemis,
    "mochi": Mochi,
    "rumqttd": Rumqttd,
    "rumqttd-3.1.1": RumqttdOld,
    "aedes": Aedes,
    "nats": Nats,
}
