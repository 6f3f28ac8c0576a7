"""The program has to resolve its broker's name wherever it is put. Where nsswitch.conf asks for a module (resolve, mdns4,
mymachines), a static glibc would load it from a system that is another one or, in a container, is not there."""

import os
import random
import shutil
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import harness
from test_mdns import avahi, cable, port  # noqa: F401 (fixtures)

NAME = "broker.portcullis.test"


class NameServer:
    """Answers every question for an A record with 127.0.0.1, on port 53 of a loopback address of its own."""

    def __init__(self):
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            self.address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
            with suppress(FileExistsError):
                self.socket.bind((self.address, 53))
                break
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self):
        with suppress(OSError):
            while True:
                query, client = self.socket.recvfrom(512)
                name, at = [], 12
                while query[at]:
                    name.append(query[at + 1:at + 1 + query[at]].decode())
                    at += 1 + query[at]
                kind = struct.unpack_from("!H", query, at + 1)[0]
                self.asked.append(".".join(name))
                answers = 1 if kind == 1 else 0
                reply = query[:2] + struct.pack("!HHHHH", 0x8180, 1, answers, 0, 0) + query[12:at + 5]
                if answers:
                    reply += struct.pack("!HHHIH", 0xc00c, 1, 1, 60, 4) + socket.inet_aton("127.0.0.1")
                self.socket.sendto(reply, client)

    def close(self):
        self.socket.close()


@pytest.fixture
def root(tmp_path):
    """A folder with nothing but the agent, its emulator if it has one, and a name service that is not there."""
    if os.geteuid() != 0:
        pytest.skip("only root may change the root folder")
    folder = tmp_path / "root"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc/nsswitch.conf").write_text("hosts: resolve\n")
    for word in harness.agent_command():
        program = shutil.which(word)
        if program:
            if not harness.is_static(program):
                pytest.skip(f"{word} is no static program")
            shutil.copy(program, folder / Path(program).name)
    return folder


def start(agent_factory, url, root, prefix=()):
    command = [f"/{Path(word).name}" if shutil.which(word) else word for word in harness.agent_command()]
    agent = agent_factory(url, command=command)
    agent.write_config()
    shutil.copy(agent.config_path, root / "portcullis.yaml")
    agent._spawn([*prefix, "/usr/sbin/chroot", str(root), *command, "--config", "/portcullis.yaml"], env={})
    return agent


def test_a_name_of_etc_hosts_in_an_otherwise_empty_root(root, broker, agent_factory, recorder_factory):
    (root / "etc/hosts").write_text(f"127.0.0.1 {NAME}\n")
    recorder = recorder_factory(broker)
    agent = start(agent_factory, f"mqtt://{NAME}:{broker.port}", root)
    recorder.wait(agent.topic("availability"), "online")


def test_a_name_of_the_domain_name_system_in_an_otherwise_empty_root(root, broker, agent_factory, recorder_factory):
    server = NameServer()
    (root / "etc/resolv.conf").write_text(f"nameserver {server.address}\n")
    recorder = recorder_factory(broker)
    agent = start(agent_factory, f"mqtt://{NAME}:{broker.port}", root)
    recorder.wait(agent.topic("availability"), "online")
    assert NAME in server.asked
    server.close()


def test_a_local_name_in_an_otherwise_empty_root(root, cable, avahi, port, agent_factory):  # noqa: F811
    """As in the image with the host's network: no avahi-daemon's socket, no name service, only multicast."""
    avahi(cable.broker)
    agent = start(agent_factory, f"mqtt://homeassistant.local:{port}", root, cable.agent.prefix)
    agent.log.wait(f"connected to the broker homeassistant.local:{port}")
