"""What hostile clients do to a pulse, as the kernel recorded it: test/bench/run has more pulses, and the figures.

While the guest is busy, its time is counted in instructions and does not depend on the host's load; what it does at rest
shows how late the host lets it wake up.
"""

import os
import socket
import ssl
import threading
from contextlib import suppress

import pytest

import harness
from certificates import Authority
from guest import door
from test_wire import online, tell

ROUNDS = int(os.environ.get("PORTCULLIS_TEST_ROUNDS", "2"))
RELAYS = [5, 6, 13, 16, 17, 19, 20, 26]  # a pulse of each in a round
PULSE_MS = 300  # what the guest does to wait for its end, it has begun long before that


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates") / "ca")


def press(agent, recorder):
    for _ in range(ROUNDS):
        since = recorder.mark()
        answer = f"test/{since}"
        for relay in RELAYS:
            recorder.publish(agent.topic(f"door{relay}", "set"), "TOGGLE", response_topic=answer)
        recorder.wait(answer, lambda text: '"accepted"' in text, since=since, deadline=60, count=len(RELAYS))
        agent.machine.run(f"usleep {(PULSE_MS + 300) * 1000}", timeout=60)


class Flood:
    """Some threads that do one thing over and over to the page's port, for as long as the block runs."""

    def __init__(self, machine, act, threads):
        self.port, self.act, self.over, self.count = machine.page_port, act, threading.Event(), 0
        self.threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def _run(self):
        while not self.over.is_set():
            with suppress(OSError):
                self.act(self)
                self.count += 1

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def handshake(flood):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with flood.connect() as plain, context.wrap_socket(plain) as sock:
        sock.recv(0)


def garbage(flood):
    """Endless headers, and an end without a farewell."""
    with flood.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n" + b"X: " + 4096 * b"x")
        for _ in range(20):
            sock.sendall(b"\r\nX: " + 1000 * b"x")


@pytest.mark.parametrize("what", ["TLS handshakes with the page", "requests of endless headers"])
def test_pulses_under_a_flood_of(what, machine, header, agent_factory, broker_factory, recorder_factory, ca):
    broker = broker_factory(options=["log_type none", "log_type information"])
    recorder = recorder_factory(broker, topics=["+/+/availability", "test/#"])
    http = {"listen": "0.0.0.0:8080"}
    if "TLS" in what:
        page = ca.issue("page", ["127.0.0.1"])
        machine.write("/tmp/page.crt", page.certificate.read_text())
        machine.write("/tmp/page.key", page.key.read_text())
        http["tls"] = {"certificate_file": "/tmp/page.crt", "key_file": "/tmp/page.key"}
    doors = [door(f"door{relay}", relay=f"GPIO{relay}", pulse=f"{PULSE_MS}ms") for relay in RELAYS]
    agent = agent_factory(broker, config={"http": http, "doors": doors, "log": {"level": "info"}})
    with machine.record() as wire:
        online(agent.start(), recorder)
        press(agent, recorder)
        with Flood(machine, handshake if "TLS" in what else garbage, threads=4) as flood:
            harness.wait_until(lambda: flood.count > 4, "the flood", deadline=60)
            begun = flood.count
            press(agent, recorder)
            done = flood.count - begun
        assert agent.running
        agent.kill()
    lengths = [wire.pulses(relay) for relay in RELAYS]
    assert [len(each) for each in lengths] == len(RELAYS) * [2 * ROUNDS] and done > 0
    rest, under = ([length - PULSE_MS for each in lengths for length in each[part]]
                   for part in (slice(ROUNDS), slice(ROUNDS, None)))
    tell("at rest", rest)
    tell(f"under {done} {what}", under)
    assert all(-50 < error < 1000 for error in rest + under)
