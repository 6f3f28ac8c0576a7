"""Brokers that mean harm: each packet here once overran Paho's memory, filled it, or was obeyed. The agent names what is
wrong, counts it, comes back, and its doors have not moved."""

import re
import resource
import socket
import struct
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from harness import CONNACK, DEADLINE, PUBACK, PUBLISH, SUBACK, Closed, FakeBroker, door, packet, text, varint
from side_by_side import side_by_side

PUBREC, AUTH = 5, 15
SET = "portcullis/garage/left/set"
MEMORY_KB = 4 * 1024  # what a flood may leave


def props(version, data=b""):
    return varint(len(data)) + data if version == 5 else b""


class Hostile(FakeBroker):
    """Does its worst on the first connection: act(connection, subscribe) in place of one of its answers."""

    def __init__(self, when, act, version):
        self.when, self.act, self.version = when, act, version
        self.hostile = 0
        super().__init__()

    def _worst(self, when, connection, packet_=None):
        if self.when != when or self.hostile and self.worst is not connection:
            return False
        self.worst, self.hostile = connection, self.hostile + 1
        self.act(connection, packet_)
        return True

    def on_connect(self, connection, connect):
        if connection.version == 5 and self.version == 4:
            connection.send(packet(CONNACK, b"\0\x84\0"))
            connection.close()
            raise Closed
        if not self._worst("connect", connection):
            super().on_connect(connection, connect)

    def on_subscribe(self, connection, subscribe):
        if not self._worst("subscribe", connection, subscribe):
            super().on_subscribe(connection, subscribe)

    def on_publish(self, connection, publish):
        super().on_publish(connection, publish)
        if publish.topic.endswith("/left/state"):
            self._worst("publish", connection, publish)


def sends(*packets):
    return lambda connection, _: [connection.send(data) for data in packets]


def command(flags, properties=b"", version=5, topic=SET):
    head = text(topic) + (b"\0\x09" if flags & 6 else b"")
    return packet(PUBLISH, head + props(version, properties) + b"OPEN", flags=flags)


def one_code_more(connection, subscribe):
    connection.suback(subscribe, [1] * (len(subscribe.filters) + 1))


def seven_bytes(connection, _):
    """As the overrun needs it: the bytes that Paho's buffer still holds decide what is written behind another."""
    for letter in b"ABCDEFGH":
        connection.send(packet(PUBLISH, text("q") + b"\0" + bytes([letter]) * 1400))
    for _ in range(6):
        connection.send(b"\x30\5\0\1a\5\2")
        time.sleep(0.02)


def stalls_in_256_mb(connection, _):
    connection.send(b"\x32\xff\xff\xff\x7f" + 1000 * b"x")


CASES = {  # name: (version, when, act, what the log says)
    "the seven bytes": (5, "publish", seven_bytes, "PUBLISH: its properties reach beyond its end"),
    "AUTH": (5, "publish", sends(*100 * [packet(AUTH, b"\x18" + props(5, b"\x15" + text("m")))]),
             "AUTH: it was not asked for"),
    "AUTH before CONNACK": (5, "connect", sends(packet(AUTH, b"\x18" + props(5, b"\x15" + text("m")))),
                            "AUTH: it was not asked for"),
    "256 MB": (5, "publish", stalls_in_256_mb, "PUBLISH: it is longer than 64 KB"),
    "256 MB on 3.1.1": (4, "publish", stalls_in_256_mb, "PUBLISH: it is longer than 64 KB"),
    "256 MB before CONNACK": (5, "connect", sends(b"\x20\xff\xff\xff\x7f"), "CONNACK: it is longer than 64 KB"),
    "QoS 2": (5, "publish", sends(*[command(4)] * 100), "PUBLISH: QoS 2"),
    "QoS 2 on 3.1.1": (4, "publish", sends(command(4, version=4)), "PUBLISH: QoS 2"),
    "PUBREC with properties": (5, "publish", sends(packet(PUBREC, b"\xff\xff\x10" + props(5, b"\x1f" + text("r" * 900)))),
                               "PUBREC: there is no QoS 2"),
    "PUBREC on 3.1.1": (4, "publish", sends(packet(PUBREC, b"\0\1")), "PUBREC: there is no QoS 2"),
    "a command before CONNACK": (5, "connect", sends(command(2), command(0)), "PUBLISH: it comes before CONNACK"),
    "a command before CONNACK on 3.1.1": (4, "connect", sends(command(0, version=4)), "PUBLISH: it comes before CONNACK"),
    "SUBACK with one code too many": (5, "subscribe", one_code_more, "SUBACK: it has another number of codes"),
    "SUBACK with one code too many on 3.1.1": (4, "subscribe", one_code_more, "SUBACK: it has another number of codes"),
    "SUBACK of nothing": (4, "publish", sends(packet(SUBACK, b"\xff\xee\1")), "SUBACK: nothing of ours"),
    "PUBACK of nothing": (5, "publish", sends(packet(PUBACK, b"\xff\xee")), "PUBACK: nothing of ours"),
    "a topic alias": (5, "publish", sends(command(0, b"\x23\0\1")), "PUBLISH: a topic alias"),
    "CONNACK twice": (5, "publish", sends(packet(CONNACK, b"\0\0\0")), "CONNACK: a second one"),
    "an impossible length": (5, "publish", sends(b"\x30\xff\xff\xff\xff\xff\x01"), "PUBLISH: its remaining length"),
}


def metric(agent, name="portcullis_mqtt_protocol_errors_total"):
    with urllib.request.urlopen(f"http://127.0.0.1:{agent.http_port}/metrics", timeout=DEADLINE) as answer:
        lines = answer.read().decode().splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith(f"{name} ")]


def is_plain(agent):
    """Neither sanitized nor emulated: its memory is its own."""
    with open(agent.command[-1], "rb") as program:
        return len(agent.command) == 1 and not re.search(rb"(Address|Thread)Sanitizer", program.read())


@pytest.mark.parametrize("case", CASES)
@side_by_side
def test_what_is_no_mqtt_ends_the_connection(fakes, agent_factory, case):
    version, when, act, said = CASES[case]
    fake = fakes(Hostile(when, act, version))
    agent = agent_factory(fake, config={"doors": [door(travel_time="200ms")]}).start()
    agent.log.wait(f"warning: broker .*: the broker breaks MQTT: {said}")
    fake.wait(lambda: fake.hostile and fake.worst.closed, "the agent to hang up")
    agent.log.wait("info: connected to the broker", count=1 if when == "connect" else 2)
    fake.wait(lambda: any(p.kind == PUBLISH and p.payload == "online" for c in fake.connections
                          if c.connect and c is not fake.worst for p in c.received), "another connection")
    assert metric(agent) == [1]
    moved = [p for c in fake.connections for p in c.received if p.kind == PUBLISH and p.topic == agent.topic("left", "state")
             and p.payload in ("opening", "open")]
    assert not moved, "no door has moved"
    good = [c for c in fake.connections if c.connect and not c.closed][-1]
    good.publish(SET, "OPEN", qos=1)
    fake.wait_publish(agent.topic("left", "state"), "open")
    assert metric(agent) == [1]
    assert agent.stop() == 0


@side_by_side
def test_a_packet_that_no_memory_is_left_for(fakes, agent_factory):
    """Paho asked for 256 MB, did not get it, and never connected again."""
    fake = fakes(Hostile("publish", stalls_in_256_mb, 5))
    agent = agent_factory(fake)
    if not is_plain(agent):
        pytest.skip("a sanitizer or an emulator needs more addresses")
    agent.start(prefix=("prlimit", "--as=200000000"))
    agent.log.wait("the broker breaks MQTT: PUBLISH: it is longer than 64 KB")
    agent.log.wait("info: connected to the broker", count=2)
    assert agent.stop() == 0


@side_by_side
def test_memory_that_comes_after_the_first_connection(broker_factory, agent_factory, recorder_factory):
    """Paho starts its threads with the first connection, and takes for granted that they began: none worked any more."""
    broker = broker_factory()
    broker.stop()
    agent = agent_factory(broker)
    if not is_plain(agent):
        pytest.skip("a sanitizer or an emulator needs more addresses")
    agent.start()
    agent.log.wait("connection refused", count=2)  # so the thread that connects has had its stack
    has = int(re.search(r"VmSize:\s+(\d+)", Path(f"/proc/{agent.process.pid}/status").read_text())[1]) * 1024
    _, most = resource.prlimit(agent.process.pid, resource.RLIMIT_AS)
    resource.prlimit(agent.process.pid, resource.RLIMIT_AS, (has, most))
    broker.start()
    agent.log.wait("the memory or the number of threads does not allow")
    resource.prlimit(agent.process.pid, resource.RLIMIT_AS, (most, most))
    agent.log.wait("info: connected to the broker")
    recorder_factory(broker).wait(agent.topic("left", "state"), "closed")
    assert agent.stop() == 0


class Splitting(FakeBroker):
    """Sends what it has in pieces of some bytes, and more at once than one packet."""

    def say(self, connection, step, *packets):
        data = b"".join(packets)
        with connection.lock:  # what else it says comes before or after
            for at in range(0, len(data), step):
                connection.sock.sendall(data[at:at + step])
                if step < 100:
                    time.sleep(0.001)


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@side_by_side
def test_packets_in_pieces_and_many_at_once(fakes, agent_factory, step):
    fake = fakes(Splitting())
    agent = agent_factory(fake, config={"doors": [door(travel_time="200ms")]}).start()
    fake.wait_publish(agent.topic("left", "state"), "closed")
    connection = fake.wait_connection()
    connection.wait_commands_count()
    noise = [packet(PUBLISH, text("q/r") + b"\0" + bytes(n)) for n in range(0, 60, 7)]
    long = [packet(PUBLISH, text("q/r") + b"\0" + bytes(65530 - 10))] if step > 7 else []
    for state, word in (("open", b"OPEN"), ("closed", b"CLOSE")):
        fake.say(connection, step, *noise, *long, packet(PUBLISH, text(SET) + b"\0\x09\0" + word, flags=2), *noise)
        fake.wait_publish(agent.topic("left", "state"), state, count=1 if state == "open" else 2)
    assert metric(agent) == [0]


def resident_kb(agent):
    with open(f"/proc/{agent.process.pid}/status") as status:
        return int(status.read().split("RssAnon:")[1].split()[0])


FLOODS = {
    "QoS 1": lambda i: packet(PUBLISH, text("x/y") + struct.pack("!H", 1 + i % 65535) + b"\0" + bytes(1000), flags=2),
    "user properties": lambda i: packet(PUBLISH, text("x") + props(5, b"\x26\0\0\0\0" * 100)),
    "as many user properties as fit": lambda i: packet(PUBLISH, text("x") + props(5, b"\x26\0\0\0\0" * 13100)),
    "the longest": lambda i: packet(PUBLISH, text("x") + b"\0" + bytes(65000)),
}


@pytest.mark.parametrize("kind", FLOODS)
@side_by_side
def test_a_flood_of_what_is_right_leaves_no_memory_behind(fakes, agent_factory, kind):
    fake = fakes(FakeBroker())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("left", "state"), "closed")
    connection = fake.wait_connection()
    before = resident_kb(agent)
    total, i = 0, 0
    connection.sock.settimeout(DEADLINE)
    with suppress(OSError, socket.timeout):
        while total < 4_000_000:
            data = FLOODS[kind](i)
            connection.send(data)
            total += len(data)
            i += 1
    # While the flood is read, and some seconds beyond it, a command may be old: it is given again until it counts.
    for id in range(1, 30):
        connection.publish(SET, "OPEN", qos=1, id=id)
        with suppress(AssertionError):
            fake.wait_publish(agent.topic("left", "state"), "opening", deadline=2)
            break
    fake.wait_publish(agent.topic("left", "state"), "opening")
    assert metric(agent) == [0]
    if is_plain(agent):
        assert resident_kb(agent) - before < MEMORY_KB
