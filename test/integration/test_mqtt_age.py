"""Nothing acts late: how old a command may be, and how the agent knows."""

import select
import socket
import threading
import time
import urllib.request
from contextlib import suppress

import pytest

from certificates import Authority
from harness import DEADLINE, PINGREQ, PUBACK, PUBLISH, SLOWNESS, Closed, FakeBroker, door, sleep_until
from side_by_side import side_by_side


class Pinged(FakeBroker):
    """Answers while hold is not set. refuses_5: speaks MQTT 3.1.1 only."""

    def __init__(self, refuses_5=False):
        self.hold, self.held, self.pings, self.refuses_5 = False, [], 0, refuses_5
        self.hold_acknowledgements = False
        super().__init__()

    def on_connect(self, connection, connect):
        if self.refuses_5 and connect.version == 5:
            connection.connack(0x84)
            raise Closed
        super().on_connect(connection, connect)

    def _keep(self, answer):
        with self.changed:
            self.held.append((time.monotonic(), answer))
            self.changed.notify_all()

    def on_ping(self, connection):
        self.pings += 1
        if self.hold:
            self._keep(lambda: FakeBroker.on_ping(self, connection))
        else:
            super().on_ping(connection)

    def on_publish(self, connection, publish):
        if self.held or self.hold_acknowledgements:
            self._keep(lambda: connection.puback(publish))
        else:
            super().on_publish(connection, publish)

    def wait_held(self):
        """When the next ping comes, which is not answered, nor is anything after it."""
        self.hold = True
        self.wait(lambda: self.held, "a ping")
        return self.held[0][0]

    def release(self):
        """Gives all answers. For so many seconds what comes after them counts as old: it depends on how late they are."""
        self.hold = self.hold_acknowledgements = False
        held, self.held = self.held, []
        late = time.monotonic() - held[0][0] > 2.9
        for _, answer in held:
            answer()
        return 5 if late else 1

    @property
    def connection(self):
        return self.connections[-1]

    def endings(self, agent):
        """How the commands ended so far."""
        return [p.payload for c in self.connections for p in c.received
                if p.kind == PUBLISH and p.topic == agent.topic("left", "event") and '"command' in p.payload]

    def ending(self, agent, count):
        self.wait(lambda: len(self.endings(agent)) >= count, f"the end of command {count}")
        return self.endings(agent)[count - 1]


def start(fake, agent_factory):
    """An agent whose connection is old enough for commands and that is at rest."""
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("left", "attributes"), deadline=20)
    fake.wait(lambda: fake.connection.subscribed, "the subscriptions")
    return agent


@pytest.mark.parametrize("refuses_5, seconds", [(True, 5.0), (False, 2.0)])
@side_by_side
def test_what_a_broker_replays_to_a_new_subscriber_is_refused(fakes, agent_factory, refuses_5, seconds):
    """Without the retain flag nothing but the time tells that it is old."""
    class Replaying(Pinged):
        def on_subscribe(self, connection, subscribe):
            super().on_subscribe(connection, subscribe)
            for topic, _ in subscribe.filters:
                if topic.endswith("left/set"):
                    connection.publish(topic, "OPEN", qos=1, id=1, at_once=True)
                    threading.Timer(seconds - min(1.5, 0.4 * SLOWNESS), connection.publish, [topic, "OPEN"],
                                    {"qos": 1, "id": 2, "at_once": True}).start()

    fake = fakes(Replaying(refuses_5))
    agent = start(fake, agent_factory)
    connection, topic = fake.connection, agent.topic("left", "set")
    assert '"reason":"stale"' in fake.ending(agent, 1)
    assert '"reason":"stale"' in fake.ending(agent, 2)
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{agent.http_port}/metrics", timeout=DEADLINE).read().decode()
    assert 'portcullis_door_commands_rejected_total{door="left",reason="stale"} 2' in metrics, metrics
    connection.publish(topic, "OPEN", qos=1, id=3)
    assert '"command_accepted"' in fake.ending(agent, 3)
    agent.log.wait("relay on$")
    assert len(agent.log.find("relay on$")) == 1


@side_by_side
def test_a_redelivery_is_refused(fakes, agent_factory):
    fake = fakes(Pinged())
    agent = start(fake, agent_factory)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=1, dup=True)
    assert '"reason":"stale"' in fake.ending(agent, 1)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=2)
    assert '"command_accepted"' in fake.ending(agent, 2)


@side_by_side
def test_a_command_that_may_be_older_than_ten_seconds_is_refused(fakes, agent_factory):
    """The newest answer is to the ping before the one that is held: five seconds more than since this one. Already three
    seconds after this one what comes is refused."""
    fake = fakes(Pinged())
    agent = start(fake, agent_factory)
    fake.wait(lambda: fake.pings, "a ping that is answered")
    pinged = fake.wait_held()
    sleep_until(pinged + 1)
    fake.connection.publish(agent.topic("left", "set"), "CLOSE", qos=1, id=1)
    sleep_until(pinged + 6.5)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=2)
    fake.wait(lambda: len([p for p in fake.connection.received if p.kind == PUBACK]) >= 2, "both taken in")
    time.sleep(0.3 * SLOWNESS)
    fake.release()
    assert '"command_unchanged"' in fake.ending(agent, 1), "that one was six seconds old at most"
    assert '"reason":"stale"' in fake.ending(agent, 2)
    assert not agent.log.find("relay on$")


@side_by_side
def test_what_comes_behind_a_late_answer_is_refused(fakes, agent_factory):
    """A broker or a network that stood still hands over all that waited, also behind its answer."""
    fake = fakes(Pinged())
    agent = start(fake, agent_factory)
    pinged = fake.wait_held()
    sleep_until(pinged + 3.3)
    fake.release()
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=1)
    assert '"reason":"stale"' in fake.ending(agent, 1)
    answered = time.monotonic()  # at the agent, too
    sleep_until(answered + 5 + 0.2 * SLOWNESS)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=2)
    assert '"command_accepted"' in fake.ending(agent, 2)


@side_by_side
def test_what_comes_while_an_acknowledgement_is_owed_is_refused(fakes, agent_factory):
    """A cluster without a leader: the node answers pings, and nothing else. It hands over later what was kept elsewhere."""
    fake = fakes(Pinged())
    agent = start(fake, agent_factory)
    fake.connection.publish(agent.topic("left", "set"), "CLOSE", qos=1, id=1)
    assert '"command_unchanged"' in fake.ending(agent, 1)
    fake.hold_acknowledgements = True
    fake.connection.publish(agent.topic("left", "set"), "CLOSE", qos=1, id=2)
    assert '"command_unchanged"' in fake.ending(agent, 2), "the agent tells it, and this is not acknowledged"
    owed = fake.held[0][0]
    sleep_until(owed + 3.3)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=3)
    assert '"reason":"stale"' in fake.ending(agent, 3)
    fake.release()
    fake.connection.publish(agent.topic("left", "set"), "BARK", qos=1, id=4)
    fake.ending(agent, 4)
    answered = time.monotonic()  # at the agent, too
    sleep_until(answered + 5 + 0.2 * SLOWNESS)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=5)
    assert '"command_accepted"' in fake.ending(agent, 5)
    assert len(fake.connections) == 1 and fake.pings


def refused_for(fake, agent, seconds):
    """What comes now is refused, and so many seconds later no more."""
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=1, at_once=True)
    assert '"reason":"stale"' in fake.ending(agent, 1)
    time.sleep(seconds)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=2, at_once=True)
    assert '"command_accepted"' in fake.ending(agent, 2)


@side_by_side
def test_what_comes_with_the_first_acknowledgements_is_refused(fakes, agent_factory):
    """A cluster that waits for a node which has gone takes in nothing, and then all that waited at its other nodes."""
    fake = fakes(Pinged())
    fake.hold_acknowledgements = True
    agent = agent_factory(fake).start()
    fake.wait(lambda: fake.connections and fake.connection.subscribed, "the subscriptions")
    sleep_until(fake.connection.subscribed + 2.6)
    old_s = fake.release()
    refused_for(fake, agent, old_s + 0.5 * SLOWNESS)


@side_by_side
def test_what_waits_for_a_receive_maximum_is_said_first_too(fakes, agent_factory):
    """The first acknowledgement alone shows little: the rest has not even gone out."""
    class OneAtATime(Pinged):
        connack_properties = b"\x21\0\1"

        def on_publish(self, connection, publish):
            super().on_publish(connection, publish)
            self.hold_acknowledgements = not self.held and not self.takes_in

    fake = fakes(OneAtATime())
    fake.takes_in = False
    agent = agent_factory(fake).start()
    fake.wait(lambda: fake.connections and fake.connection.subscribed and fake.held, "a second publish, after the first")
    sleep_until(fake.connection.subscribed + 2.6)
    fake.takes_in = True
    old_s = fake.release()
    refused_for(fake, agent, old_s + 1.5 * SLOWNESS)


@pytest.mark.parametrize("refuses_5", [False, True])
@side_by_side
def test_what_is_said_at_rest(fakes, agent_factory, refuses_5):
    fake = fakes(Pinged(refuses_5))
    agent = start(fake, agent_factory)
    connections = len(fake.connections)
    fake.wait(lambda: fake.pings, "the first ping")
    time.sleep(11)  # what is said again some seconds after a connect
    before, began = len(fake.connection.received), time.monotonic()
    time.sleep(20)
    said, took = fake.connection.received[before:], time.monotonic() - began
    assert {p.kind for p in said} == {PINGREQ}
    assert 3 <= len(said) <= took / 5 + 1, "one every five seconds"
    assert len(fake.connections) == connections, "what was said has been acknowledged"


@pytest.mark.parametrize("properties", [b"", b"\x13\0\0"], ids=["keepalive 30 s", "Server Keep Alive 0"])
@side_by_side
def test_a_broker_that_hangs_is_left_for_the_next(fakes, agent_factory, broker, recorder_factory, properties):
    class Hanging(Pinged):
        connack_properties = properties

    fake = fakes(Hanging())
    recorder = recorder_factory(broker)
    agent = agent_factory([fake, broker]).start()
    fake.wait_publish(agent.topic("left", "attributes"))
    fake.wait(lambda: fake.pings, "a ping that is answered")
    began = fake.wait_held()
    recorder.wait(agent.topic("availability"), "online", deadline=20)
    took = time.monotonic() - began
    print(f"# another broker has us {took:.1f} s after the ping that it did not answer")
    assert 6 < took < 10 + 2 * SLOWNESS  # the ping may have been heard of late, seen by 1.6 s
    agent.log.wait("the connection was lost: no answer within 10 s")
    assert len(fake.connections) == 1, "the one that hangs is not tried first"


class Gap:
    """A relay before a broker, that can stop: then it takes in nothing any more. greeting_only: stops by itself after the
    first that the broker says.
    """

    def __init__(self, port, greeting_only=False):
        self.port, self.greeting_only, self.flows = port, greeting_only, threading.Event()
        self.near = None
        self.flows.set()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the least there is
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.url = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            self.near, _ = self.listener.accept()
            self.far = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self._pass, args=(self.far, self.near), daemon=True).start()
            self._pass(self.near, self.far)

    def _pass(self, source, target):
        with suppress(OSError):
            while data := source.recv(65536):
                self.flows.wait()
                target.sendall(data)
                if source is self.far and self.greeting_only:
                    self.flows.clear()

    def await_cut(self):
        """Until the agent has reset its connection, whatever waits in it: an end in good order shows as no error."""
        near = select.poll()
        near.register(self.near, 0)
        seen = near.poll(DEADLINE * 1000)
        assert seen, "in vain waited for the end of the connection"
        assert seen[0][1] & select.POLLERR, "the connection was ended in good order: what waits in it arrives"

    def close(self):
        self.listener.close()


@side_by_side
def test_a_broker_that_grants_slowly_is_not_left(fakes, agent_factory):
    """A cluster that makes a stored consumer of each subscription, and answers all else after that."""
    class Granting(Pinged):
        def on_subscribe(self, connection, subscribe):
            time.sleep(2.2)
            super().on_subscribe(connection, subscribe)

    fake = fakes(Granting())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("left", "state"), "closed", deadline=25)
    fake.wait(lambda: fake.connection.subscribed, "the subscriptions", 25)
    assert len(fake.connections) == 1 and not agent.log.find("the connection was lost")


@side_by_side
def test_by_tls_pings_are_answered_and_a_connection_that_is_left_is_cut(fakes, broker_factory, agent_factory, tmp_path):
    """What the bridge and the kernel still hold of it does not arrive when the gap ends."""
    ca = Authority(tmp_path / "ca")
    pair = ca.issue("broker", ["127.0.0.1"])
    broker = broker_factory(listener_options=[f"certfile {pair.certificate}", f"keyfile {pair.key}"])
    gap = fakes(Gap(broker.port))
    agent = agent_factory(f"mqtts://{gap.url}",
                          config={"mqtt": {"tls": {"ca_file": str(ca.certificate)}}}).start()
    agent.log.wait("connected to the broker")
    broker.log.wait("Sending PINGRESP to portcullis-garage", count=2, deadline=20)
    assert not agent.log.find("the connection was lost")
    gap.flows.clear()
    agent.log.wait("the connection was lost: no answer within 10 s", deadline=30)
    gap.await_cut()  # just after that line, in another thread


@side_by_side
def test_what_waits_in_a_connection_that_is_left_does_not_arrive(fakes, broker, agent_factory):
    """A command to another agent, say: the network takes nothing, and later it does."""
    gap = fakes(Gap(broker.port, greeting_only=True))
    agent = agent_factory(f"mqtt://{gap.url}", config={"home_assistant": {"discovery": True}, "doors": [
        door(f"d{i}", relay={"line": 3 * i}, closed_sensor={"line": 3 * i + 1}, open_sensor={"line": 3 * i + 2})
        for i in range(32)]}).start()  # with so many, what it says after a connect fills the gap
    agent.log.wait("the connection was lost: no answer within 10 s", deadline=20)
    gap.await_cut()  # just after that line, in another thread


@side_by_side
def test_a_frozen_mosquitto_is_left_for_the_next(broker_factory, agent_factory, recorder_factory):
    first, second = broker_factory(), broker_factory()
    recorder = recorder_factory(second)
    agent = agent_factory([first, second]).start()
    agent.log.wait(f"connected to the broker 127.0.0.1:{first.port}")
    time.sleep(3)
    first.freeze()
    began = time.monotonic()
    recorder.wait(agent.topic("availability"), "online", deadline=20)
    took = time.monotonic() - began
    print(f"# another broker has us {took:.1f} s after the freeze")
    assert took < 15 + 2 * SLOWNESS


@side_by_side
def test_an_agent_that_was_frozen_does_not_leave_its_broker(agent):
    """The answers came; it is the agent who did not hear them."""
    agent.log.wait("connected to the broker")
    time.sleep(6)
    agent.freeze()
    time.sleep(16)
    agent.thaw()
    agent.log.wait("stood still")
    time.sleep(3)
    assert not agent.log.find("the connection was lost")
