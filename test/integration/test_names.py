"""Brokers by their names: names that nobody knows, name servers that are silent, names with several addresses."""

import socket
import time

import pytest

import harness
from harness import SLOWNESS
from test_chroot import NameServer
from test_mqtt_brokers import health


def test_a_name_that_does_not_resolve(agent_factory):
    agent = agent_factory("mqtt://no-such-host.invalid").start()
    line = agent.log.wait(r"warning: broker no-such-host\.invalid:1883: the name does not resolve")
    assert "DNS" in line
    began = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 3 * SLOWNESS


def test_a_name_of_the_local_network_says_what_to_do(agent_factory):
    agent = agent_factory("mqtt://no-such-host.local").start()
    assert "multicast DNS" in agent.log.wait(r"warning: broker no-such-host\.local:1883: the name does not resolve")


class SilentNameServer(NameServer):
    def _answer(self):
        while True:
            self.asked.append(self.socket.recvfrom(512))


def test_a_name_of_the_local_network_that_nobody_answers_to(agent_factory, tmp_path):
    server = SilentNameServer()
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {server.address}\n")
    agent = agent_factory("mqtt://no-such-host.local").start(prefix=harness.with_file("/etc/resolv.conf", resolv))
    agent.log.wait(r"no-such-host\.local:1883: the name does not resolve: no answer by multicast DNS, and none from a DNS",
                   deadline=30)
    server.close()


def test_a_name_server_that_is_silent_holds_up_nobody(broker, agent_factory, recorder_factory, tmp_path):
    server = SilentNameServer()
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {server.address}\n")
    recorder = recorder_factory(broker)
    agent = agent_factory(["mqtt://somewhere.example", broker.url])
    agent.start(prefix=harness.with_file("/etc/resolv.conf", resolv))
    harness.wait_until(lambda: server.asked, "a question to the name server")
    assert health(agent) < 1 * SLOWNESS
    agent.log.wait("door left: closed")
    assert harness.ask(agent, "POST", "/api/simulator/left/wall_button").status == 202
    agent.log.wait(r"door left: open \(")
    assert not agent.log.find("does not resolve"), "all this while the look-up hung"
    agent.log.wait("somewhere.example:1883: the name does not resolve: no answer", deadline=30)
    recorder.wait(agent.topic("left", "state"), "open")
    broker.stop()
    agent.log.wait("the connection was lost")
    mark = len(agent.log.lines)
    agent.log.wait("somewhere.example:1883: the name does not resolve", since=mark, deadline=60)
    began = time.monotonic()
    assert agent.stop() == 0, "with a look-up that still hangs"
    assert time.monotonic() - began < 3 * SLOWNESS
    server.close()


def test_a_name_with_two_addresses_is_tried_at_both(broker, agent_factory, recorder_factory, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("::1 two-addresses\n127.0.0.1 two-addresses\n")  # mosquitto listens on the second only
    recorder = recorder_factory(broker)
    agent = agent_factory(f"mqtt://two-addresses:{broker.port}")
    agent.start(prefix=harness.with_file("/etc/hosts", hosts))
    recorder.wait(agent.topic("availability"), "online")
    assert not agent.log.find("warning: broker")


def test_over_ipv6(broker_factory, agent_factory):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    broker = broker_factory()
    port = harness.free_port()
    broker.stop()
    broker.listener_options.append(f"listener {port} ::1")
    broker.start()
    agent = agent_factory(f"mqtt://[::1]:{port}").start()
    agent.log.wait(rf"connected to the broker \[::1\]:{port}")
