"""Clients that mean harm, or merely stall: doors, MQTT and whoever behaves go on, and afterwards nothing is left of them.

How late a pulse ends meanwhile is measured in test/system/test_hostile.py, where time does not depend on this machine.
"""

import os
import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from certificates import Authority
from harness import DEADLINE, FakeBroker, door, retained, wait_until
from test_https import ask, config, files, trusting, trusting_hello  # noqa: F401 (files is a fixture)

MEMORY_KB = 12 * 1024  # what all places taken, each with TLS, may cost besides; with a sanitizer it is more than docs/figures.md says


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates") / "ca")


@pytest.fixture(params=["http", "https"])
def agent(request, agent_factory, recorder_factory, broker, files):  # noqa: F811
    """Online and settled, its page with or without TLS."""
    recorder = recorder_factory(broker)
    changes = config(files) if request.param == "https" else {"doors": [door(travel_time="200ms")]}
    agent = agent_factory(broker, config=changes).start()
    agent.recorder, agent.secure = recorder, request.param == "https"
    recorder.wait(agent.topic("availability"), "online")
    recorder.wait(agent.topic("left", "attributes"), lambda text: '"settled":true' in text)
    return agent


def command_and_state(agent):
    """The door goes by MQTT, the other way each time, and says so."""
    agent.moves = getattr(agent, "moves", 0) + 1
    command, state = ("OPEN", "open") if agent.moves % 2 else ("CLOSE", "closed")
    since = agent.recorder.mark()
    assert agent.recorder.command(agent, agent.topic("left", "set"), command).json["result"] == "accepted"
    agent.recorder.wait(agent.topic("left", "state"), state, since=since)


def dial(agent, receive_buffer=None):
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(DEADLINE)
    sock.connect(("127.0.0.1", agent.http_port))
    return sock


def client(agent, ca, **more):
    sock = dial(agent, **more)
    return trusting(ca).wrap_socket(sock, server_hostname="localhost") if agent.secure else sock


def page_answers(agent, ca):
    """Room for one who behaves, as soon as who stalls has made it."""
    def answered():
        with suppress(OSError), client(agent, ca) as sock:
            sock.sendall(b"GET /api/doors HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return sock.recv(4096).startswith(b"HTTP/1.1 200 ")
        return False
    wait_until(answered, "the page", deadline=30)


def kilobytes(agent):
    status = Path(f"/proc/{agent.process.pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0])


def descriptors(agent):
    return len(os.listdir(f"/proc/{agent.process.pid}/fd"))


def slow_writer(agent, ca):
    sock = client(agent, ca)
    sock.sendall(b"GET / HT")
    return sock


def slow_reader(agent, ca):
    """Asks for page after page and takes none of it."""
    sock = client(agent, ca, receive_buffer=4096)
    sock.settimeout(0.05)
    with suppress(OSError):
        for _ in range(200):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return sock


def half_open(agent, ca):
    """Its own side is closed, and it never goes."""
    sock = client(agent, ca)
    sock.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    sock.shutdown(socket.SHUT_WR)
    return sock


def endless_headers(agent, ca):
    sock = client(agent, ca)
    sock.settimeout(0.2)
    with suppress(OSError):
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(50):
            sock.sendall(b"X: " + 1000 * b"x" + b"\r\n")
    return sock


def listener_that_takes_nothing(agent, ca):
    sock = client(agent, ca, receive_buffer=4096)
    sock.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return sock


def silence(agent, ca):
    return dial(agent)


def half_a_hello(agent, ca):
    sock = dial(agent)
    hello = trusting_hello()
    sock.sendall(hello[:len(hello) // 2])
    return sock


KINDS = [slow_writer, slow_reader, half_open, endless_headers, listener_that_takes_nothing, silence, half_a_hello]


@contextmanager
def flood(agent):
    """Each connection says a little and goes with a reset, from four sides at once."""
    over = threading.Event()
    hello = trusting_hello()

    def run(words):
        while not over.wait(0.002):
            with suppress(OSError), dial(agent) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.sendall(words)

    threads = [threading.Thread(target=run, args=(words,))
               for words in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", hello, hello[:90])]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_more_of_each_than_there_is_room_for_and_a_flood_besides(agent, ca):
    page_answers(agent, ca)
    before, memory = descriptors(agent), kilobytes(agent)
    held = []
    for kind in KINDS:
        for _ in range(70 if kind == silence else 20):
            with suppress(OSError):
                held.append(kind(agent, ca))
        command_and_state(agent)
        page_answers(agent, ca)
    with flood(agent):
        for _ in range(4):
            command_and_state(agent)
    page_answers(agent, ca)
    most = kilobytes(agent)
    for sock in held:
        sock.close()
    command_and_state(agent)

    def freed():
        page_answers(agent, ca)  # whoever comes tidies up after those who went
        return descriptors(agent) <= before + 2

    wait_until(freed, "the slots to be free again", deadline=30)
    print(f"# memory: {memory} kB before, {most} kB at most")
    if len(agent.command) == 1 and not agent.log.find("built with a sanitizer"):
        assert most < memory + MEMORY_KB


class StallingBroker(FakeBroker):
    """Takes the connection, and sends the beginning of a TLS record, a byte a second."""

    def serve(self, connection):
        with suppress(OSError):
            for byte in b"\x16\x03\x03\x40\x00" + bytes(60):
                connection.sock.sendall(bytes([byte]))
                time.sleep(1)


def test_handshakes_as_slow_as_can_be(agent_factory, broker, fakes, files, ca):  # noqa: F811
    """With the broker and with the page, a byte now and then: for ten seconds, and no longer. Others go on meanwhile."""
    stalling = fakes(StallingBroker())
    agent = agent_factory([f"mqtts://127.0.0.1:{stalling.port}", broker], config=config(files)).start()
    stalling.wait(lambda: stalling.connections, "the agent")
    agent.log.wait("door left: closed")
    socks, ended, hello, began = [dial(agent) for _ in range(20)], [], trusting_hello(), time.monotonic()
    moves = 0
    for byte in range(len(hello)):
        for sock in list(socks):
            try:
                sock.sendall(hello[byte:byte + 1])
                sock.settimeout(0.001)
                if not sock.recv(4096):
                    raise ConnectionError
            except TimeoutError:
                pass
            except OSError:
                socks.remove(sock)
                ended.append(time.monotonic() - began)
        if not socks:
            break
        if byte % 50 == 0:
            moves += ask(agent, ca, "POST", f"/api/doors/left/{'close' if moves % 2 else 'open'}")[0] == 202
        time.sleep(0.05)
    assert len(ended) == 20 and min(ended) > 5 and moves >= 2
    agent.log.wait("stalls in the handshake", deadline=30)
    wait_until(lambda: retained(broker).get(agent.topic("availability")) == "online", "the other broker", deadline=60)
