"""What the agent promises, with a real broker: it holds with each, or the test fails. What a broker does in its own way is a word
in its cell of the table in docs/brokers.md, which explains each word that is not the usual one.
"""

import re
import signal
import time
from contextlib import suppress

import pytest

from harness import SLOWNESS, ask, door, merge, sleep_until, wait_until
from proxy import Proxy

EXPIRY_S = 1
FROZEN_S = 12  # a command of before is older than 10 s then; the agent has left, or is about to
SETTLED_S = 8  # after which commands count again, whether the agent had left or not
REDELIVERY_S = 10
DOORS = 64


class House:
    """An agent with a door that is closed and settled, and a client that hears all that it says."""

    def __init__(self, world, peer, node, brokers=None, **config):
        self.world, self.peer = world, peer
        self.recorder = world.recorder_factory(peer, version=peer.version)
        self.agent = world.agent_factory(brokers or peer, config=merge({"node": node}, config))

    def start(self, deadline=30):
        mark = self.recorder.mark()
        self.agent.start()
        self.recorder.wait(self.agent.topic("availability"), "online", since=mark, deadline=deadline)
        self.recorder.wait(self.agent.topic("left", "attributes"), lambda text: '"settled":true' in text, since=mark)
        return self

    def ready(self):
        """Until commands count: STOP presses nothing for a door at rest, and is stale before that."""
        def counts():
            mark = self.recorder.mark()
            self.send("STOP")
            with suppress(AssertionError):  # the agent may be without a connection
                return self.ending(mark, 3) == "unchanged"
            return False
        wait_until(counts, "commands to count", 30)
        return self

    def send(self, command, **more):
        """Publishes a command at once, whether commands count or not."""
        self.recorder.client.publish(self.agent.topic("left", "set"), command, qos=1, **more)

    def ending(self, since, deadline=None):
        """How the next command ends: accepted, or the reason of its refusal."""
        message = self.recorder.wait(self.agent.topic("left", "event"), re.compile('"command_'), since, deadline)
        kind = message.json["event_type"].removeprefix("command_")
        return message.json["reason"] if kind == "rejected" else kind

    def endings(self, command, since):
        """All the ways in which this command ended. A broker may tell of one more than once."""
        events = [message.json for message in self.recorder.seen(self.agent.topic("left", "event"), re.compile('"command_'), since)]
        return {event.get("reason") or event["event_type"].removeprefix("command_") for event in events
                if event["command"] == command}

    def presses(self):
        return len(self.agent.log.find("relay on$"))

    def kept(self, *levels, wait_s=10):
        """What the broker has for somebody who subscribes to this topic now: the payload, None without any."""
        return kept(self.world, self.peer, self.agent.topic(*levels), wait_s)


def kept(world, peer, topic, wait_s=10, **more):
    recorder = world.recorder_factory(peer, topics=[topic], version=peer.version, **more)
    try:
        return recorder.wait(re.compile(""), deadline=wait_s).payload
    except AssertionError:
        return None
    finally:
        recorder.client.disconnect()


def connected(agent, since=0, deadline=30):
    """The version of MQTT on the next connection."""
    line = agent.log.wait(r"connected to the broker .*\(MQTT (5|3\.1\.1)\)", since=since, deadline=deadline)
    return re.search(r"\(MQTT (.*)\)", line)[1]


def accepted(agent, recorder, id):
    """Whether an OPEN, sent at once, is accepted; what is refused as stale may be sent again."""
    mark = recorder.mark()
    recorder.client.publish(agent.topic(id, "set"), "OPEN", qos=1)
    with suppress(AssertionError):  # the agent may be without a connection
        return recorder.wait(agent.topic(id, "event"), re.compile('"command_'), mark, 3).json["event_type"] == "command_accepted"
    return False


@pytest.mark.column("MQTT")
def test_connects(peer, world, node, cell):
    house = House(world, peer, node).start()
    version = connected(house.agent)
    assert (version == "5") == peer.speaks_5
    assert not house.agent.log.find("warning: broker"), "nothing is wrong"
    assert house.agent.stop() == 0
    assert house.kept("availability") == "offline"
    cell(version)


@pytest.mark.column("3.1.1")
def test_falls_back(peer, world, node, cell):
    """A broker that speaks 5 is met through a proxy that refuses it."""
    if not peer.speaks_5:
        cell("yes")
        return
    proxy = world.fakes(Proxy(peer, refuse_5=True))
    house = House(world, peer, node, proxy)
    house.agent.start()
    try:
        assert connected(house.agent, deadline=15) == "3.1.1"
    except AssertionError:
        assert not house.agent.log.find("connected to the broker") and house.agent.running
        cell("no")
        return
    house.recorder.wait(house.agent.topic("left", "state"), "closed")
    house.ready().send("OPEN")
    house.recorder.wait(house.agent.topic("left", "state"), "open")
    assert house.presses() == 1
    cell("yes")


@pytest.mark.column("retained")
def test_retained(peer, world, node, cell):
    house = House(world, peer, node).start()
    exact = [world.recorder_factory(peer, topics=[house.agent.topic(*levels)], version=peer.version)
             for levels in (("availability",), ("left", "state"))]
    said = [recorder.wait(re.compile("")) for recorder in exact]
    assert [message.payload for message in said] == ["online", "closed"]
    assert {message.qos for message in said} == {1}
    wild = kept(world, peer, house.agent.topic("+", "state"), 3)
    flagged = all(message.retained for message in said)
    cell("without its flag" if not flagged else "yes" if wild == "closed" else "exact topics only")


@pytest.mark.column("will")
def test_will(peer, world, node, cell):
    house = House(world, peer, node).start()
    mark = house.recorder.mark()
    began = time.monotonic()
    house.agent.kill()
    house.recorder.wait(house.agent.topic("availability"), "offline", since=mark, deadline=30)
    cell.measured("the will after kill -9", time.monotonic() - began)
    later = house.kept("availability")
    house.start()
    wait_until(lambda: house.kept("availability", wait_s=2) == "online", "the living agent to be online")
    assert house.presses() == 0
    cell("yes" if later == "offline" else "live only")


@pytest.mark.column("command")
def test_command(peer, world, node, cell):
    house = House(world, peer, node).start().ready()
    topic = house.agent.topic("left", "set")
    for number, (command, state) in enumerate((("OPEN", "open"), ("CLOSE", "closed")), 1):
        mark = house.recorder.mark()
        house.recorder.publish(topic, command, response_topic="test/answer", correlation=b"7")
        assert house.ending(mark) == "accepted"
        house.recorder.wait(house.agent.topic("left", "state"), state, since=mark)
        assert house.presses() == number
        if peer.speaks_5:
            answer = house.recorder.wait("test/answer", since=mark)
            assert answer.json["result"] == "accepted" and answer.properties.CorrelationData == b"7"
    mark = house.recorder.mark()
    house.recorder.publish(topic, "CLOSE")
    assert house.ending(mark) == "unchanged" and house.presses() == 2
    cell("answered" if peer.speaks_5 else "no answer")


@pytest.mark.column("retained command")
def test_retained_command(peer, world, node, cell):
    house = House(world, peer, node)
    house.send("OPEN", retain=True)
    wait_until(lambda: house.kept("left", "set", wait_s=2) == "OPEN", "the broker to keep the command")
    house.start()
    house.ready()
    assert house.presses() == 0, "what was kept from before moves nothing"
    mark = house.recorder.mark()
    house.send("OPEN", retain=True)
    ending = house.ending(mark)
    assert ending in ("retained", "accepted")
    if ending == "retained":
        assert house.presses() == 0
    else:  # new, and looks new: asked for at this moment
        house.recorder.wait(house.agent.topic("left", "state"), "open", since=mark)
        assert house.presses() == 1
    house.agent.kill()
    house.start()
    house.ready()
    assert house.presses() == 0, "of the agent's second run"
    house.send("", retain=True)
    cell("refused" if ending == "retained" else "looks new")


@pytest.mark.column("just connected")
def test_just_connected(peer, world, node, cell):
    """What comes right after the connection may be a replay."""
    house = House(world, peer, node).start()
    mark = house.recorder.mark()
    house.send("OPEN")
    assert house.ending(mark) == "stale" and house.presses() == 0
    cell("refused")


@pytest.mark.column("late")
def test_late(peer, world, node, cell):
    """What lay in a broker that stood still is refused, or is lost with the connection. What comes later counts."""
    house = House(world, peer, node).start().ready()
    mark = house.recorder.mark()
    peer.freeze()
    try:
        house.send("OPEN")
        time.sleep(FROZEN_S)
    finally:
        peer.thaw()
    sleep_until(time.monotonic() + SETTLED_S)
    assert house.presses() == 0 and house.endings("open", mark) <= {"stale"}

    house.ready().send("OPEN")
    house.recorder.wait(house.agent.topic("left", "state"), "open", since=mark)
    assert house.presses() == 1
    cell("refused")


@pytest.mark.column("expiry")
def test_expiry(peer, world, node, cell):
    if not peer.speaks_5:
        cell("3.1.1 has none")
        return
    recorder = world.recorder_factory(peer)
    recorder.publish(f"{node}/expiring", "OPEN", retain=True, expiry=EXPIRY_S)
    assert kept(world, peer, f"{node}/expiring") == "OPEN"
    time.sleep(2.5 * EXPIRY_S)
    cell("yes" if kept(world, peer, f"{node}/expiring", 3) is None else "no")


@pytest.mark.column("restart")
def test_restart(peer, world, node, cell):
    """The door moves while the broker is away: afterwards the broker has the new state, whatever it kept."""
    house = House(world, peer, node).start()
    marker = f"{node}/marker"
    house.recorder.publish(marker, "kept", retain=True)
    mark = len(house.agent.log.lines)
    peer.stop()
    house.agent.log.wait("warning: broker", since=mark, deadline=20)
    assert ask(house.agent, "POST", "/api/doors/left/open").status == 202
    house.agent.log.wait(r"door left: open \(", since=mark)
    mark = len(house.agent.log.lines)
    peer.start()
    began = time.monotonic()
    connected(house.agent, since=mark, deadline=70)
    cell.measured("back after the broker's start", time.monotonic() - began)
    wait_until(lambda: (house.kept("left", "state", wait_s=3), house.kept("availability", wait_s=3)) == ("open", "online"),
               "the present state")
    assert house.presses() == 1
    cell("keeps" if kept(world, peer, marker, 3) == "kept" else "forgets")


@pytest.mark.column("frozen")
def test_frozen(peer, world, node, cell):
    """A broker that stands still is left for the next of the list."""
    second = world.broker_factory()
    house = House(world, peer, node, [peer, second]).start()
    other = world.recorder_factory(second)
    mark, line = house.recorder.mark(), len(house.agent.log.lines)
    began = time.monotonic()
    peer.freeze()
    try:
        assert connected(house.agent, since=line) == "5"
        other.wait(house.agent.topic("availability"), "online", deadline=25)
        took = time.monotonic() - began
        cell.measured("at the other broker", took)
        assert took < 17 * SLOWNESS
        wait_until(lambda: accepted(house.agent, other, "left"), "a command to be accepted there", 30)
        other.wait(house.agent.topic("left", "state"), "open")
    finally:
        peer.thaw()
    assert house.presses() == 1
    try:
        house.recorder.wait(house.agent.topic("availability"), "offline", since=mark, deadline=60)
        cell("left")
    except AssertionError:
        cell("left, no will")
    finally:
        peer.restart()  # some are never quite themselves again


@pytest.mark.column("redelivery")
def test_redelivery(peer, world, node, cell):
    """A command whose acknowledgement is lost acts once, and what comes again is refused."""
    proxy = world.fakes(Proxy(peer))
    house = House(world, peer, node, proxy).start().ready()
    mark, line = house.recorder.mark(), len(house.agent.log.lines)
    proxy.mute = True
    house.send("OPEN")
    assert house.ending(mark) == "accepted"
    began = time.monotonic()
    while time.monotonic() - began < REDELIVERY_S * SLOWNESS and not proxy.again:
        time.sleep(0.1)
    assert proxy.held > 0, "the acknowledgement was kept back"
    proxy.mute = False
    proxy.cut()
    connected(house.agent, since=line)
    house.ready()
    house.recorder.wait(house.agent.topic("left", "state"), "open", since=mark)
    endings = house.endings("open", mark)
    assert house.presses() == 1 and endings <= {"accepted", "stale"}
    assert "stale" in endings or not proxy.again
    cell("refused" if "stale" in endings else "none")


@pytest.mark.column("new prefix")
def test_new_prefix(peer, world, node, cell):
    """A reload with another prefix: nothing is left below the old one."""
    house = House(world, peer, node).start()
    agent, recorder = house.agent, house.recorder
    recorder.wait(re.compile(f"^homeassistant/device/portcullis_{re.escape(node)}_left/config$"), re.compile(re.escape(node)))
    old = {message.topic for message in recorder.messages
           if message.topic.startswith(agent.topic("")) and not message.topic.endswith(("/event", "/set"))}
    assert {agent.topic("availability"), agent.topic("left", "state"), agent.topic("doors")} <= old
    agent.config = merge(agent.config, {"mqtt": {"topic_prefix": "garages/here"}})
    agent.write_config()
    line = len(agent.log.lines)
    agent.send_signal(signal.SIGHUP)
    connected(agent, since=line)
    recorder.wait(agent.topic("availability"), "online")
    recorder.wait(agent.topic("left", "state"), "closed")
    ghosts = world.recorder_factory(peer, topics=sorted(old), version=peer.version)
    fresh = world.recorder_factory(peer, topics=[agent.topic("left", "state")], version=peer.version)
    fresh.wait(agent.topic("left", "state"), "closed")
    time.sleep(1)
    assert not [message for message in ghosts.messages if message.payload], "ghosts"
    assert not agent.log.find("may keep, retained")
    assert house.presses() == 0
    cell("clean")


@pytest.mark.column("64 doors")
def test_64_doors(peer, world, node, cell):
    doors = [door(f"d{i}", relay={"line": 3 * i}, closed_sensor={"line": 3 * i + 1}, open_sensor={"line": 3 * i + 2})
             for i in range(DOORS)]
    recorder = world.recorder_factory(peer, version=peer.version)
    agent = world.agent_factory(peer, config={"node": node, "doors": doors})
    began = time.monotonic()
    agent.start()
    for i in range(DOORS):
        recorder.wait(agent.topic(f"d{i}", "state"), "closed", deadline=60)
    recorder.wait(agent.topic("availability"), "online")
    cell.measured("64 doors told", time.monotonic() - began)
    fresh = world.recorder_factory(peer, topics=[agent.topic(f"d{i}", "state") for i in range(DOORS)], version=peer.version)
    for i in range(DOORS):
        fresh.wait(agent.topic(f"d{i}", "state"), "closed", deadline=30)
    wait_until(lambda: accepted(agent, recorder, f"d{DOORS - 1}"), "a command to be accepted", 30)
    recorder.wait(agent.topic(f"d{DOORS - 1}", "state"), "open")
    assert len(agent.log.find("relay on$")) == 1 and not agent.log.find("warning: broker")
    cell("yes")
