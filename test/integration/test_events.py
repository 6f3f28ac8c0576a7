"""Server-sent events of the real agent: what a listener is told, how soon, and what it costs."""

import json
import re
import socket
import time

import pytest

from harness import DEADLINE, SLOWNESS, door, wait_until


class Listener:
    """A client of GET /api/events that reads one event after the other."""

    def __init__(self, agent):
        self.socket = socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE)
        self.socket.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{agent.http_port}\r\n\r\n".encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        self.head = [line for line in iter(self.stream.readline, b"\r\n")]

    def event(self):
        """The next event's name and data; a block without a name (retry) is passed over."""
        fields = {}
        while True:
            line = self.stream.readline().decode()
            assert line, "the stream has ended"
            if line != "\n":
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
            elif "event" in fields:
                return fields["event"], json.loads(fields["data"])
            else:
                fields = {}

    def door(self, wanted, id="left"):
        """The first of the coming states of this door that is as wanted."""
        while True:
            name, document = self.event()
            for one in document.get("doors", []):
                if name == "doors" and one["id"] == id and wanted(one):
                    return one

    def close(self):
        self.stream.close()
        self.socket.close()


@pytest.fixture
def listen():
    made = []

    def make(agent):
        made.append(Listener(agent))
        return made[-1]

    yield make
    for listener in made:
        listener.close()


def test_all_first_then_each_change(agent, listen):
    listener = listen(agent)
    name, document = listener.event()
    assert name == "doors" and document["node"] == "garage" and document["broker"] == "connected"
    assert [one["state"] for one in document["doors"]] == ["closed"]
    agent.recorder.publish(agent.topic("left", "set"), "OPEN")
    seen = [listener.door(lambda one: one["state"] == "opening"), listener.door(lambda one: one["state"] == "open")]
    assert seen[1]["position"] == 100 and seen[1]["source"] == "mqtt" and seen[1]["confidence"] == "sensed"


def test_position_is_told_on_the_way(agent_factory, broker, listen):
    agent = agent_factory(broker, config={"doors": [door(travel_time="8s")]}).start()
    agent.log.wait("HTTP: listening")
    listener = listen(agent)
    listener.door(lambda one: one["settled"])
    with socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE) as client:
        client.sendall(f"POST /api/doors/left/open HTTP/1.1\r\nHost: 127.0.0.1:{agent.http_port}\r\n\r\n".encode())
    positions = []
    listener.door(lambda one: positions.append(one["position"]) or one["state"] == "open")
    assert len(set(positions)) >= 4 and sorted(positions) == positions


def test_lost_broker_is_told(agent, broker, listen):
    listener = listen(agent)
    assert listener.event()[1]["broker"] == "connected"
    broker.kill()
    while listener.event()[1].get("broker") not in ("connecting", "disconnected"):
        pass
    broker.start()
    while listener.event()[1].get("broker") != "connected":
        pass


def test_end_of_the_agent_ends_the_stream(agent, listen):
    listener = listen(agent)
    listener.event()
    assert agent.stop() == 0
    while line := listener.stream.readline():
        assert line


def memory(agent, key):
    with open(f"/proc/{agent.process.pid}/status") as status:
        return int(re.search(key + r":\s+(\d+)", status.read()).group(1))


def test_32_listeners(agent, listen):
    """All are told; together they cost at most 1 MB; a page and a command get through beside them."""
    before = memory(agent, "RssAnon")
    listeners = [listen(agent) for _ in range(32)]
    assert {listener.status for listener in listeners} == {200}
    assert listen(agent).status == 503
    for command, state in ("OPEN", "open"), ("CLOSE", "closed"):
        agent.recorder.publish(agent.topic("left", "set"), command)
        for listener in listeners:
            listener.door(lambda one: one["state"] == state)
    with open(f"/proc/{agent.process.pid}/exe", "rb") as program:
        sanitized = re.search(rb"(Address|Thread)Sanitizer", program.read())
    used = memory(agent, "RssAnon") - before
    print(f"# 32 listeners: {used} kB")
    assert sanitized or len(agent.command) > 1 or used <= 1024  # an emulator's memory is not the agent's
    for listener in listeners:
        listener.close()
    wait_until(lambda: listen(agent).status == 200, "a place for one more listener")


def test_a_listener_that_stops_reading_holds_up_nobody(agent, listen):
    agent.await_commands()
    silent = [listen(agent) for _ in range(8)]
    listener = listen(agent)
    agent.await_commands()
    for command, state in [("OPEN", "open"), ("CLOSE", "closed")] * 2:
        start = time.monotonic()
        agent.recorder.publish(agent.topic("left", "set"), command)
        listener.door(lambda one: one["state"] == state)
        assert time.monotonic() - start < 3 * SLOWNESS
    assert {one.status for one in silent} == {200}
