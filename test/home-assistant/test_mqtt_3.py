"""MQTT 3.1.1 on the agent's side, and on Home Assistant's: what works, and what docs/home-assistant.md says does not."""

import socket
import threading
from contextlib import suppress

import pytest

from harness import TcpServer, exactly, hand_on, wait_until
from peer import DEFAULT_IS_5


class Elder(TcpServer):
    """In front of a broker, one that refuses MQTT 5 as a broker of 3.1.1 does."""

    def __init__(self, broker):
        self.broker = broker
        super().__init__(self._serve)

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def _serve(self, client):
        with suppress(OSError):
            head = exactly(client, 2)
            while head[-1] & 0x80:
                head += exactly(client, 1)
            name = exactly(client, 7)  # 00 04 "MQTT", and the version
            if name[-1] == 5:
                client.sendall(b"\x20\x02\x00\x01")  # unacceptable protocol version
                client.shutdown(socket.SHUT_WR)
                client.close()
                return
            server = socket.create_connection(("127.0.0.1", self.broker.port))
            server.sendall(head + name)
            threading.Thread(target=hand_on, args=(server, client, socket.SHUT_RDWR), daemon=True).start()
            hand_on(client, server)


@pytest.fixture(scope="module")
def elder(house):
    elder = Elder(house.broker)
    yield elder
    elder.close()


def moves(house):
    house.home.service("open_cover", house.cover)
    house.home.wait_state(house.cover, "open")
    house.home.service("close_cover", house.cover)
    house.home.wait_state(house.cover, "closed")


def expires(house):
    return "message_expiry_interval" in house.documents()["portcullis_garage_left"]["components"]["door"]


@pytest.fixture
def agent_on_3(house, elder):
    with_5 = house.agent.config["mqtt"]["broker"]
    house.restart({"mqtt": {"broker": elder.url}})
    house.all_is_well()
    house.agent.log.wait(r"connected to the broker .*\(MQTT 3\.1\.1\)")
    house.ready()
    yield
    house.restart({"mqtt": {"broker": with_5}})
    house.all_is_well()
    house.ready()


@pytest.fixture
def home_on_3(house, elder):
    house.home.set_mqtt_broker(elder.port, "3.1.1")
    house.all_is_well()
    yield
    house.home.set_mqtt_broker(house.broker.port, "5")
    house.all_is_well()


def test_the_agent_on_3(house, agent_on_3):
    assert not expires(house)
    moves(house)


def test_home_assistant_on_3(house, home_on_3):
    """States come. With a cover that has an expiry nothing can be commanded, where Home Assistant knows that key; command_expiry leaves
    it out."""
    assert expires(house)
    house.poke("wall_button")
    house.home.wait_state(house.cover, "open")
    house.poke("wall_button")
    house.home.wait_state(house.cover, "closed")
    if house.home.version < DEFAULT_IS_5:
        moves(house)
    else:
        presses = len(house.agent.log.find("relay on"))
        with pytest.raises(AssertionError, match="400"):
            house.home.service("open_cover", house.cover)
        assert len(house.agent.log.find("relay on")) == presses
        house.reload({"home_assistant": {"command_expiry": False}})
        wait_until(lambda: not expires(house), "documents without an expiry")
        house.all_is_well()
        house.ready()
        moves(house)
        house.reload({"home_assistant": {"command_expiry": True}})
        wait_until(lambda: expires(house), "documents with an expiry")


def test_both_on_3(house, home_on_3, agent_on_3):
    wait_until(lambda: not expires(house), "documents without an expiry")
    moves(house)
