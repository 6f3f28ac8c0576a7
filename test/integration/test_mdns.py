"""Brokers whose names end in .local: two machines with a cable between them, a real avahi-daemon or a responder that says
what a test wants."""

import ctypes
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from contextlib import suppress

import pytest

from certificates import Authority
from harness import DEADLINE, ROOT, Process, free_port, wait_until, with_file

AGENT, BROKER = "10.98.7.1", "10.98.7.2"
NAME = "homeassistant.local"
GROUP, PORT = "224.0.0.251", 5353
AVAHI = """[server]
host-name=homeassistant
use-ipv6={ipv6}
use-ipv4={ipv4}
enable-dbus=no
allow-interfaces=cable
[publish]
publish-workstation=no
publish-hinfo=no
"""


class Machine(Process):
    """A network of its own, and a /run/avahi-daemon."""

    name = "machine"

    def __init__(self):
        super().__init__()
        self._spawn(["unshare", "--net", "--mount", "sh", "-c",
                     "ip link set lo up && mount -t sysfs none /sys"
                     " && mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon"
                     " && echo up && exec sleep infinity"])
        with self.log.changed:
            self.log.changed.wait_for(lambda: self.log.lines or self.log.ended, DEADLINE)
        if self.log.lines != ["up"]:
            pytest.skip(f"no network of its own for one program: {self.log.lines}")

    @property
    def prefix(self):
        return ("nsenter", f"--target={self.process.pid}", "--net", "--mount")

    def run(self, command):
        return subprocess.run([*self.prefix, "sh", "-c", command], check=True, capture_output=True, text=True).stdout

    def inside(self, body):
        """What body returns, called in this machine's network: its sockets stay there."""
        results = []

        def enter():
            with open(f"/proc/{self.process.pid}/ns/net") as network:
                libc = ctypes.CDLL(None, use_errno=True)
                assert libc.setns(network.fileno(), 0) == 0, os.strerror(ctypes.get_errno())
            results.append(body())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return results[0]


class Cable:
    def __init__(self):
        self.agent = Machine()
        self.broker = Machine()
        subprocess.run(["nsenter", f"--target={self.agent.process.pid}", "--net", "ip", "link", "add", "cable", "index", "7",
                        "type", "veth", "peer", "name", "cable", "netns", str(self.broker.process.pid)], check=True)
        for machine, address in ((self.agent, AGENT), (self.broker, BROKER)):
            machine.run(f"ip address add {address}/24 dev cable && ip link set cable up")

    def close(self):
        self.agent.kill()
        self.broker.kill()


class Avahi(Process):
    name = "avahi"

    def __init__(self, folder, machine, ipv4="yes", ipv6="no"):
        super().__init__()
        path = folder / f"avahi-{machine.process.pid}.conf"
        path.write_text(AVAHI.format(ipv4=ipv4, ipv6=ipv6))
        self._spawn([*machine.prefix, "avahi-daemon", f"--file={path}", "--no-drop-root", "--no-chroot", "--no-rlimits"])
        self.log.wait("Server startup complete")

    def close(self):
        self.kill()


class Responder:
    """Answers with what answer(query, count) returns: a list of (socket's name, message)."""

    def __init__(self, machine, answer):
        self.answer, self.asked = answer, []
        self.sockets = machine.inside(self._sockets)
        threading.Thread(target=self._serve, daemon=True).start()

    def _sockets(self):
        group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        group.bind(("", PORT))
        group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(BROKER))
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        far.setsockopt(socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT: it may send from an address that is not its own
        far.bind(("192.0.2.9", PORT))
        return {"right": group, "another port": other, "far away": far}

    def _serve(self):
        with suppress(OSError):
            while True:
                query, client = self.sockets["right"].recvfrom(9000)
                self.asked.append((time.monotonic(), query, client[1]))
                for name, message in self.answer(query, len(self.asked)):
                    self.sockets[name].sendto(message, client)

    def close(self):
        for sock in self.sockets.values():
            sock.close()


def address_record(query, address, id=None, name=NAME):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return (query[:2] if id is None else id) + struct.pack("!HHHHH", 0x8400, 0, 1, 0, 0) + labels + b"\0" + \
        struct.pack("!HHIH", 1, 0x8001, 10, 4) + socket.inet_aton(address)


@pytest.fixture
def cable(request):
    if os.geteuid() != 0:
        pytest.skip("only root may make networks")
    made = Cable()
    request.addfinalizer(made.close)
    return made


@pytest.fixture
def answering(cable, request):
    def start(answer):
        responder = Responder(cable.broker, answer)
        request.addfinalizer(responder.close)
        return responder
    return start


@pytest.fixture
def avahi(cable, request, tmp_path):
    if not shutil.which("avahi-daemon", path=os.environ["PATH"] + ":/usr/sbin"):
        pytest.skip("no avahi-daemon here: scripts/setup test installs it")

    def start(machine, **how):
        daemon = Avahi(tmp_path, machine, **how)
        request.addfinalizer(daemon.close)
        return daemon
    return start


@pytest.fixture
def port(cable, broker_factory):
    """A real mosquitto's, on all addresses of its machine."""
    number = free_port()
    broker_factory(listener_options=[f"listener {number}"], prefix=cable.broker.prefix)
    return number


def test_a_responder_is_asked_until_it_answers(cable, answering, port, agent_factory):
    responder = answering(lambda query, count: [("right", address_record(query, BROKER))] if count == 2 else [])
    agent = agent_factory(f"mqtt://{NAME}:{port}").start(prefix=cable.agent.prefix)
    agent.log.wait(f"connected to the broker {NAME}:{port}")
    (first_s, first, _), (second_s, second, _) = responder.asked[:2]
    assert first == second and 0.5 < second_s - first_s
    labels = b"\x0dhomeassistant\x05local\0"
    assert first[2:] == struct.pack("!HHHHH", 0, 2, 0, 0, 0) + labels + struct.pack("!HH", 1, 1) + labels + struct.pack("!HH", 28, 1)


def test_what_is_no_answer_does_not_count(cable, answering, port, agent_factory):
    wrong = "10.98.7.77"
    responder = answering(lambda query, _: [
        ("right", address_record(query, wrong, id=bytes([query[0] ^ 1, query[1]]))),
        ("right", address_record(query, wrong, name="printer.local")),
        ("right", query),
        ("right", b"\xff" * 9000),
        ("another port", address_record(query, wrong)),
        ("far away", address_record(query, wrong)),
    ])
    agent = agent_factory(f"mqtt://{NAME}:{port}").start(prefix=cable.agent.prefix)
    line = agent.log.wait(f"warning: broker {NAME}:{port}: the name does not resolve: no machine of the local network")
    assert "container" in line
    assert len(responder.asked) >= 3, "at once, after one and after three seconds"


def test_a_second_machine_of_the_name_is_tried_too(cable, answering, port, agent_factory):
    answering(lambda query, _: [("right", address_record(query, AGENT)), ("right", address_record(query, BROKER))])
    agent = agent_factory(f"mqtt://{NAME}:{port}").start(prefix=cable.agent.prefix)
    agent.log.wait(f"connected to the broker {NAME}:{port}")


def test_an_avahi_daemon_on_the_broker_s_machine(cable, avahi, port, agent_factory):
    avahi(cable.broker)
    agent = agent_factory(f"mqtt://HomeAssistant.local:{port}").start(prefix=cable.agent.prefix)
    agent.log.wait(f"connected to the broker HomeAssistant.local:{port}")


@pytest.mark.parametrize("certified", [NAME, BROKER])
def test_by_tls_the_certificate_has_to_be_for_the_local_name(cable, answering, broker_factory, agent_factory, tmp_path, certified):
    """Anybody on the network can answer for a name; the address that was found is none to be certified for."""
    ca = Authority(tmp_path / "ca")
    pair = ca.issue("broker", [certified])
    number = free_port()
    broker_factory(listener_options=[f"listener {number}", f"certfile {pair.certificate}", f"keyfile {pair.key}"],
                   prefix=cable.broker.prefix)
    answering(lambda query, _: [("right", address_record(query, BROKER))])
    agent = agent_factory(f"mqtts://{NAME}:{number}",
                          config={"mqtt": {"tls": {"ca_file": str(ca.certificate)}}}).start(prefix=cable.agent.prefix)
    agent.log.wait(f"connected to the broker {NAME}:{number}" if certified == NAME else
                   f"the certificate is for {BROKER}, not for {NAME}", deadline=20)


def test_by_ipv6_alone(cable, avahi, port, agent_factory):
    for machine in (cable.agent, cable.broker):
        wait_until(lambda machine=machine: "fe80" in machine.run("ip -6 address show dev cable scope link -tentative"),
                   "a link-local address")
        machine.run("ip -4 address flush dev cable")
    avahi(cable.broker, ipv4="no", ipv6="yes")
    agent = agent_factory(f"mqtt://{NAME}:{port}").start(prefix=cable.agent.prefix)
    agent.log.wait(f"connected to the broker {NAME}:{port}")


def test_an_avahi_daemon_on_the_agent_s_machine(cable, avahi, answering, port, agent_factory):
    """It asks the network; the agent does not."""
    heard = answering(lambda query, _: [])
    avahi(cable.broker)
    avahi(cable.agent)
    agent = agent_factory(f"mqtt://{NAME}:{port}").start(prefix=cable.agent.prefix)
    agent.log.wait(f"connected to the broker {NAME}:{port}")
    assert {asked_by for _, query, asked_by in heard.asked if b"homeassistant" in query} == {PORT}, "not a one-shot query's"


def test_the_page_is_announced_by_the_file_of_the_documents(cable, avahi):
    """It is among the services of the network, with its port, as soon as avahi-daemon has the file."""
    cable.broker.run("mount -t tmpfs none /etc/avahi/services"
                     f" && cp {ROOT}/config/avahi-page.service /etc/avahi/services/")
    avahi(cable.broker)
    asker = cable.agent.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    asker.bind((AGENT, 0))
    asker.settimeout(1)
    answers = []

    def announced():
        asker.sendto(struct.pack("!6H", 7, 0, 1, 0, 0, 0) + b"\x05_http\x04_tcp\x05local\0" + struct.pack("!HH", 12, 1), (GROUP, PORT))
        with suppress(TimeoutError):
            answers.append(asker.recv(9000))
        return answers and b"Garage on homeassistant" in answers[-1] and struct.pack("!HHH", 0, 0, 8080) in answers[-1]

    wait_until(announced, "the page's name and port among the services")
    asker.close()


def test_a_name_that_nobody_has(cable, avahi, agent_factory):
    avahi(cable.agent)
    agent = agent_factory("mqtt://nobody.local").start(prefix=cable.agent.prefix)
    agent.log.wait("warning: broker nobody.local:1883: the name does not resolve: no machine of the local network", deadline=20)


def test_a_name_in_etc_hosts_is_not_asked_for(cable, answering, port, agent_factory, tmp_path):
    responder = answering(lambda query, _: [("right", address_record(query, AGENT))])
    hosts = tmp_path / "hosts"
    hosts.write_text(f"# {NAME}\n{BROKER} other.local HomeAssistant.local # the broker\n")
    agent = agent_factory(f"mqtt://{NAME}:{port}").start(prefix=[*cable.agent.prefix, *with_file("/etc/hosts", hosts)])
    agent.log.wait(f"connected to the broker {NAME}:{port}")
    assert not responder.asked


def test_without_a_network(agent_factory, request):
    if os.geteuid() != 0:
        pytest.skip("only root may make networks")
    machine = Machine()
    request.addfinalizer(machine.kill)
    agent = agent_factory(f"mqtt://{NAME}").start(prefix=machine.prefix)
    agent.log.wait(f"broker {NAME}:1883: the name does not resolve: multicast DNS cannot ask the local network: Network is down")


def test_check_warns_where_it_cannot_work(cable, agent_factory):
    """The agent's end of the cable is one half of a pair, as a container's is on a bridge."""
    agent = agent_factory(f"mqtt://{NAME}")
    check = ["--config", str(agent.write_config()), "--check"]

    def said(*prefix):
        return subprocess.run([*prefix, *agent.command, *check], capture_output=True, text=True).stderr

    assert ".local names are found by multicast DNS, and this container has a network of its own" in said(*cable.agent.prefix)
    cable.agent.run("ip link set cable down")
    assert ".local names are found by multicast DNS, and no network is up" in said(*cable.agent.prefix)
