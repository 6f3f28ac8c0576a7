"""What the integration tests are made of: a real mosquitto, the real agent, a client that records, and brokers that
misbehave on purpose.

Nothing here sleeps for luck: whatever is waited for has a deadline (seconds, times PORTCULLIS_TEST_SLOWNESS) and ends with
an AssertionError that says what was seen instead. Every port is free when it is chosen, every file is below the test's own
folder, so the tests of several files run side by side.
"""

import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path

import paho.mqtt.client
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

SLOWNESS = float(os.environ.get("PORTCULLIS_TEST_SLOWNESS", "1"))
DEADLINE = 10.0 * SLOWNESS
ROOT = Path(__file__).resolve().parents[2]


CLAIMS = []  # names that end with this process


def free_port():
    """A TCP port of loopback that nobody listens on, outside the range that outgoing connections take theirs from; and
    that no other test is about to listen on: it is claimed, by a name that only one socket on this machine can have.
    """
    for _ in range(200):
        port = random.randint(20000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                claim.bind(f"\0portcullis-test-port-{port}")
                probe.bind(("127.0.0.1", port))
                CLAIMS.append(claim)
                return port
        claim.close()
    raise AssertionError("no free port between 20000 and 32000")


def wait_until(condition, what, deadline=None):
    """Polls for what has no event of its own (a file, a process, another host's table)."""
    end = time.monotonic() + (DEADLINE if deadline is None else deadline * SLOWNESS)
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"in vain waited for {what}"
        time.sleep(0.01)


def with_file(place, instead):
    """What to put before a command so that it finds the file instead in that place, or skips the test."""
    prefix = ["unshare", "--mount", "sh", "-c", f'mount --bind {instead} "$(realpath {place})" && exec "$@"', "sh"]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no other {place} for one program: {tried.stderr.strip()}")
    return prefix


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


class Log:
    """Lines that a process writes, collected by a thread, with something to wait on."""

    def __init__(self, stream, echo):
        self.lines = []
        self.times = []  # of each line, by time.monotonic()
        self.changed = threading.Condition()
        self.ended = False
        self.thread = threading.Thread(target=self._collect, args=(stream, echo), daemon=True)
        self.thread.start()

    def _collect(self, stream, echo):
        for line in stream:
            line = line.rstrip("\n")
            with self.changed:
                self.lines.append(line)
                self.times.append(time.monotonic())
                self.changed.notify_all()
            sys.stdout.write(f"# {echo}: {line}\n")  # a comment in one piece: TAP may be written beside it
            sys.stdout.flush()
        with self.changed:
            self.ended = True
            self.changed.notify_all()
        stream.close()

    def find(self, pattern, since=0):
        return [line for line in self.lines[since:] if re.search(pattern, line)]

    def wait(self, pattern, since=0, deadline=None, count=1):
        """The count-th line from index since on that matches the regular expression."""
        seconds = DEADLINE if deadline is None else deadline * SLOWNESS
        with self.changed:
            found = self.changed.wait_for(
                lambda: len(self.find(pattern, since)) >= count or self.ended, timeout=seconds)
            lines = self.find(pattern, since)
            assert found and len(lines) >= count, \
                f"in vain waited {seconds:.0f} s for {pattern!r} in the log; the log:\n" + "\n".join(self.lines[since:])
            return lines[count - 1]


class Process:
    """A child process with a log. Ends with the test: see the fixtures in conftest.py."""

    name = "process"

    def __init__(self):
        self.process = None
        self.log = None

    def _spawn(self, command, env=None, cwd=None, **more):
        self.process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="backslashreplace", **more)
        self.log = Log(self.process.stdout, self.name)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def send_signal(self, number):
        self.process.send_signal(number)

    def freeze(self):
        """Stops the process without ending it: connections stay open and nothing is answered."""
        self.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.send_signal(signal.SIGCONT)

    def wait(self, deadline=None):
        """The exit status (negative: the signal that ended it)."""
        code = self.process.wait(DEADLINE if deadline is None else deadline * SLOWNESS)
        self.log.thread.join(2)
        return code

    def stop(self, number=signal.SIGTERM, deadline=None):
        """Ends it in good order and returns its exit status."""
        if not self.running:
            return None if self.process is None else self.process.returncode
        self.send_signal(signal.SIGCONT)
        self.send_signal(number)
        return self.wait(deadline)

    def kill(self):
        """Ends it as a power cut would."""
        if self.running:
            self.process.kill()
            self.wait()


class Broker(Process):
    """A real mosquitto on loopback.

    options: lines of mosquitto.conf, before the listener. users: {name: password}; then anonymous clients are refused.
    acl: the text of an ACL file. Stopping and starting again keeps port and configuration; persistence is off unless the
    options say otherwise, so a restarted broker has lost what it retained.
    """

    name = "broker"

    def __init__(self, folder, options=(), users=None, acl=None, listener_options=(), env=None):
        super().__init__()
        self.env = {**os.environ, **env} if env else None
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.options = list(options)
        self.listener_options = list(listener_options)
        self.users = users
        self.acl = acl
        self.port = free_port()

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def write_acl(self, acl):
        self.acl = acl
        path = self.folder / "acl"
        path.write_text(acl)
        path.chmod(0o600)
        return path

    def _configure(self):
        lines = ["log_dest stderr", "log_type all", "connection_messages true", *self.options]
        if os.geteuid() == 0:
            lines.append("user root")
        if self.users is None:
            lines.append("allow_anonymous true")
        else:
            passwords = self.folder / "passwords"
            passwords.write_text("")
            passwords.chmod(0o600)
            for name, password in self.users.items():
                subprocess.run(["mosquitto_passwd", "-b", str(passwords), name, password], check=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        if self.acl is not None:
            lines.append(f"acl_file {self.write_acl(self.acl)}")
        lines += [f"listener {self.port} 127.0.0.1", *self.listener_options]
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join(lines) + "\n")
        return path

    def start(self):
        executable = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        assert executable, "mosquitto is missing: apt-get install mosquitto"
        first = self.process is None
        for attempt in range(5):
            self._spawn([executable, "-c", str(self._configure())], env=self.env)
            with self.log.changed:
                self.log.changed.wait_for(lambda: self.log.ended or self.log.find("running$"), timeout=DEADLINE)
            if self.log.find("running$") and self.running:
                return self
            self.kill()
            assert first and attempt < 4, "mosquitto does not start:\n" + "\n".join(self.log.lines)
            self.port = free_port()
        return self

    def stop(self, number=signal.SIGTERM, deadline=None):
        end = time.monotonic() + (DEADLINE if deadline is None else deadline * SLOWNESS)
        while self.running:
            self.send_signal(signal.SIGCONT)
            self.send_signal(number)  # mosquitto 2.0 forgets one that comes just as it begins to run
            with suppress(subprocess.TimeoutExpired):
                return self.wait(0.2)
            assert time.monotonic() < end, "mosquitto does not stop"
        return None if self.process is None else self.process.returncode

    def restart(self):
        self.stop()
        return self.start()


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


def is_static(program):
    """Whether it runs wherever it is put: a sanitizer's build does not."""
    return b"/ld-linux" not in Path(program).read_bytes()[:8192]


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


AGENTS = weakref.WeakSet()
REPLAY = {5: 2.0, 3: 5.0}  # seconds from a SUBACK on in which commands are refused, by MQTT's version


def sleep_until(moment):
    time.sleep(max(0, moment - time.monotonic()))


def await_commands(topic=None):
    """Until commands count at all agents, or at the one whose topic it is."""
    for agent in list(AGENTS):
        if topic is None or topic.startswith(agent.topic("")):
            agent.await_commands(connect=topic is not None)


class Agent(Process):
    """The real agent on simulated doors.

    config: changes to the default configuration, as a nested dictionary in the words of the YAML file (see merge).
    brokers: a Broker, or whatever has a url, or a list of them.
    """

    name = "agent"

    def __init__(self, folder, brokers=None, config=None, command=None):
        super().__init__()
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
            sleep_until(at + REPLAY[5 if "(MQTT 5)" in line else 3] + 0.2 * SLOWNESS)

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


class Message:
    def __init__(self, message):
        self.topic = message.topic
        self.payload = message.payload.decode(errors="backslashreplace")
        self.retained = bool(message.retain)
        self.qos = message.qos
        self.at = time.monotonic()
        self.properties = getattr(message, "properties", None)

    @property
    def json(self):
        return json.loads(self.payload)

    def __repr__(self):
        return f"{self.topic}={self.payload[:80]!r}{' (retained)' if self.retained else ''}"


class Recorder:
    """An MQTT client (5 unless said) that keeps all that it hears, in order."""

    def __init__(self, broker, topics=("#",), version=5, username=None, password=None, client_id="", tls=None):
        protocol = paho.mqtt.client.MQTTv5 if version == 5 else paho.mqtt.client.MQTTv311
        arguments = {"client_id": client_id, "protocol": protocol}
        if hasattr(paho.mqtt.client, "CallbackAPIVersion"):  # paho-mqtt 2
            arguments["callback_api_version"] = paho.mqtt.client.CallbackAPIVersion.VERSION1
        self.client = paho.mqtt.client.Client(**arguments)
        if username is not None:
            self.client.username_pw_set(username, password)
        if tls is not None:
            self.client.tls_set_context(tls)
        self.version = version
        self.topics = list(topics)
        self.messages = []
        self.changed = threading.Condition()
        self.ready = False
        self.refused = None
        self.client.on_connect = self._connected
        self.client.on_subscribe = self._subscribed
        self.client.on_message = self._message
        self.client.reconnect_delay_set(0.05, 0.2)  # a wait that also holds up its end when the broker ended first
        self.client.connect("127.0.0.1", broker.port, keepalive=60)
        self.client.loop_start()
        with self.changed:
            assert self.changed.wait_for(lambda: self.ready or self.refused, DEADLINE), "the recorder cannot connect"
        assert not self.refused, f"the broker refused the recorder: {self.refused}"

    def _connected(self, client, user, flags, code, *properties):
        failed = code.is_failure if hasattr(code, "is_failure") else int(getattr(code, "value", code)) != 0
        if failed:
            with self.changed:
                self.refused = str(code)
                self.changed.notify_all()
        elif not self.topics:
            self._subscribed()
        elif self.version == 5:  # shows live messages with the flag that they were published with
            client.subscribe([(topic, SubscribeOptions(qos=1, retainAsPublished=True)) for topic in self.topics])
        else:
            client.subscribe([(topic, 1) for topic in self.topics])

    def _subscribed(self, *_):
        with self.changed:
            self.ready = True
            self.changed.notify_all()

    def _message(self, client, user, message):
        with self.changed:
            self.messages.append(Message(message))
            self.changed.notify_all()

    def mark(self):
        """An index for since: what comes from now on."""
        with self.changed:
            return len(self.messages)

    def seen(self, topic=None, payload=None, since=0):
        """Messages of a topic (exact, or a compiled pattern) and payload (text, pattern or predicate)."""
        def fits(wanted, value):
            if wanted is None:
                return True
            if callable(wanted):
                return wanted(value)
            return bool(wanted.search(value)) if hasattr(wanted, "search") else wanted == value
        with self.changed:
            return [m for m in self.messages[since:] if fits(topic, m.topic) and fits(payload, m.payload)]

    def wait(self, topic=None, payload=None, since=0, deadline=None, count=1):
        """The count-th such message, already heard (from since on) or still to come."""
        seconds = DEADLINE if deadline is None else deadline * SLOWNESS
        with self.changed:
            self.changed.wait_for(lambda: len(self.seen(topic, payload, since)) >= count, seconds)
            found = self.seen(topic, payload, since)
            assert len(found) >= count, (f"in vain waited {seconds:.0f} s for {topic} = {payload}; heard:\n"
                                         + "\n".join(map(repr, self.messages[since:])))
            return found[count - 1]

    def publish(self, topic, payload="", retain=False, qos=1, response_topic=None, correlation=None, expiry=None):
        """Publishes and waits for the acknowledgement. A command waits before that until commands count."""
        if topic.endswith("/set"):
            await_commands(topic)
        properties = None
        if self.version == 5:
            properties = Properties(PacketTypes.PUBLISH)
            if response_topic is not None:
                properties.ResponseTopic = response_topic
            if correlation is not None:
                properties.CorrelationData = correlation
            if expiry is not None:
                properties.MessageExpiryInterval = expiry
        info = self.client.publish(topic, payload, qos=qos, retain=retain, properties=properties)
        end = time.monotonic() + DEADLINE
        while not info.is_published():
            assert time.monotonic() < end, f"{topic} was not acknowledged"
            time.sleep(0.001)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def retained(broker, topic="#", **credentials):
    """What the broker keeps at this moment, as {topic: payload}: a fresh subscriber gets just that."""
    token = f"harness/{random.getrandbits(64):x}"
    recorder = Recorder(broker, topics=[topic, token], **credentials)
    try:
        recorder.publish(token, "end")  # comes after everything retained
        recorder.wait(token, "end")
        return {m.topic: m.payload for m in recorder.messages if m.retained and m.topic != token}
    finally:
        recorder.close()


# ---- Brokers that misbehave on purpose: raw MQTT over sockets, as much of it as the agent needs to meet. ----

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14)


def varint(number):
    encoded = bytearray()
    while True:
        number, digit = divmod(number, 128)
        encoded.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(encoded)


def packet(kind, body=b"", flags=0):
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def text(value):
    encoded = value.encode()
    return struct.pack("!H", len(encoded)) + encoded


class Packet:
    """A packet as it came, with the parts that tests look at."""

    def __init__(self, kind, flags, body, version):
        self.kind, self.flags, self.body, self.version = kind, flags, body, version
        self.position = 0
        if kind == CONNECT:
            self.protocol = self._text()
            self.version = self._byte()
            bits = self._byte()
            self.keepalive = self._short()
            self.clean_start = bool(bits & 2)
            self.properties = self._properties() if self.version == 5 else b""
            self.client_id = self._text()
            self.will = None
            if bits & 4:
                self.will_properties = self._properties() if self.version == 5 else b""
                self.will = (self._text(), self._bytes().decode())
                self.will_qos, self.will_retain = bits >> 3 & 3, bool(bits & 0x20)
            self.username = self._text() if bits & 0x80 else None
            self.password = self._bytes().decode() if bits & 0x40 else None
        elif kind == PUBLISH:
            self.topic = self._text()
            self.id = self._short() if flags & 6 else 0
            self.properties = self._properties() if version == 5 else b""
            self.payload = body[self.position:].decode(errors="backslashreplace")
            self.retain = bool(flags & 1)
        elif kind in (SUBSCRIBE, UNSUBSCRIBE):
            self.id = self._short()
            self.properties = self._properties() if version == 5 else b""
            self.filters = []
            while self.position < len(body):
                topic = self._text()
                self.filters.append((topic, self._byte() if kind == SUBSCRIBE else 0))
        elif kind in (PUBACK,):
            self.id = self._short()
        elif kind == DISCONNECT:
            self.reason = body[0] if body else 0

    def _byte(self):
        self.position += 1
        return self.body[self.position - 1]

    def _short(self):
        self.position += 2
        return struct.unpack("!H", self.body[self.position - 2:self.position])[0]

    def _bytes(self):
        length = self._short()
        self.position += length
        return self.body[self.position - length:self.position]

    def _text(self):
        return self._bytes().decode()

    def _properties(self):
        length = shift = 0
        while True:
            digit = self._byte()
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        self.position += length
        return self.body[self.position - length:self.position]


class Closed(Exception):
    """The other side closed the connection."""


class Connection:
    """One client of a fake broker, in a thread of its own."""

    def __init__(self, broker, sock):
        self.broker, self.sock = broker, sock
        self.version = 0
        self.connect = None
        self.received = []
        self.opened = time.monotonic()
        self.closed = False
        self.subscribed = None  # when the last SUBACK went out
        self.lock = threading.Lock()

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                piece = self.sock.recv(count - len(data))
            except OSError as error:
                raise Closed from error
            if not piece:
                raise Closed
            data += piece
        return data

    def read(self):
        head = self._exactly(1)[0]
        length = shift = 0
        while True:
            digit = self._exactly(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        packet_ = Packet(head >> 4, head & 15, self._exactly(length), self.version)
        if packet_.kind == CONNECT:
            self.version = packet_.version
            self.connect = packet_
        with self.broker.changed:
            self.received.append(packet_)
            self.broker.changed.notify_all()
        return packet_

    def send(self, data):
        with self.lock, suppress(OSError):
            self.sock.sendall(data)

    def connack(self, code=0, properties=b""):
        self.send(packet(CONNACK, bytes([0, code]) + (varint(len(properties)) + properties if self.version == 5 else b"")))

    def suback(self, subscribe, codes):
        self.subscribed = time.monotonic()
        self.send(packet(SUBACK, struct.pack("!H", subscribe.id) + (b"\0" if self.version == 5 else b"") + bytes(codes)))

    def puback(self, publish, code=0):
        body = struct.pack("!H", publish.id)
        self.send(packet(PUBACK, body + (bytes([code, 0]) if self.version == 5 and code else b"")))

    def wait_commands_count(self):
        """Until the agent no longer takes a command for the replay of an old one."""
        sleep_until(self.subscribed + REPLAY[5 if self.version == 5 else 3] + 0.2 * SLOWNESS)

    def publish(self, topic, payload, retain=False, qos=0, id=1, properties=b"", at_once=False, dup=False):
        """A command waits until commands count, unless at_once."""
        if topic.endswith("/set") and self.subscribed and not at_once:
            self.wait_commands_count()
        body = text(topic) + (struct.pack("!H", id) if qos else b"")
        if self.version == 5:
            body += varint(len(properties)) + properties
        self.send(packet(PUBLISH, body + payload.encode(), flags=(dup << 3) | (qos << 1) | retain))

    def disconnect(self, reason):
        self.send(packet(DISCONNECT, bytes([reason, 0]) if self.version == 5 else b""))

    def close(self, reset=False):
        if reset:
            with suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self.sock.close()
        with self.broker.changed:
            self.closed = True
            self.broker.changed.notify_all()


class FakeBroker:
    """Listens on loopback and speaks as much MQTT as it must. Subclasses change one answer.

    accepts everything: CONNECT, SUBSCRIBE, PUBLISH, PINGREQ. Each of the on_ methods runs in its connection's thread.
    """

    connack_properties = b""

    def __init__(self):
        self.changed = threading.Condition()
        self.connections = []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock)
            with self.changed:
                self.connections.append(connection)
                self.changed.notify_all()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with suppress(Closed):
            self.serve(connection)
        connection.close()

    def serve(self, connection):
        """The whole conversation; override for one that is no MQTT at all."""
        self.on_connect(connection, connection.read())
        while True:
            received = connection.read()
            if received.kind == SUBSCRIBE:
                self.on_subscribe(connection, received)
            elif received.kind == UNSUBSCRIBE:
                connection.send(packet(UNSUBACK, struct.pack("!H", received.id)
                                       + (bytes([0] + [0] * len(received.filters)) if connection.version == 5 else b"")))
            elif received.kind == PUBLISH:
                self.on_publish(connection, received)
            elif received.kind == PINGREQ:
                self.on_ping(connection)
            elif received.kind == DISCONNECT:
                return

    def on_connect(self, connection, connect):
        connection.connack(0, self.connack_properties)

    def on_subscribe(self, connection, subscribe):
        connection.suback(subscribe, [self.grant(topic) for topic, _ in subscribe.filters])

    def grant(self, topic):
        return 1

    def on_publish(self, connection, publish):
        if publish.flags & 6:
            connection.puback(publish)

    def on_ping(self, connection):
        connection.send(packet(PINGRESP))

    def wait(self, condition, what, deadline=None):
        """Waits until condition() is true; it is looked at again after each packet and each new or closed connection."""
        seconds = DEADLINE if deadline is None else deadline * SLOWNESS
        with self.changed:
            value = self.changed.wait_for(condition, seconds)
            assert value, f"in vain waited {seconds:.0f} s for {what}"
            return value

    def wait_connection(self, count=1, deadline=None):
        """The count-th connection, once its CONNECT is in."""
        self.wait(lambda: len([c for c in self.connections if c.connect]) >= count, f"{count} CONNECT packets", deadline)
        return [c for c in self.connections if c.connect][count - 1]

    def wait_publish(self, topic, payload=None, deadline=None, count=1):
        """The count-th PUBLISH of the agent to this topic, on whatever connection."""
        def found():
            return [p for c in self.connections for p in c.received
                    if p.kind == PUBLISH and p.topic == topic and (payload is None or p.payload == payload)]
        self.wait(lambda: len(found()) >= count, f"{topic} = {payload}", deadline)
        return found()[count - 1]

    def close(self):
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in list(self.connections):
            connection.close()


class Silent(FakeBroker):
    """Accepts TCP and says nothing."""

    def serve(self, connection):
        while True:
            connection.read()
