"""Nothing acts late: how old a command may be, and how the agent knows."""

import time
import urllib.request

import pytest

from harness import PUBACK, PUBLISH, SLOWNESS, Closed, FakeBroker, sleep_until


class Probed(FakeBroker):
    """Answers probes while hold is not set. refuses_5: speaks MQTT 3.1.1 only."""

    def __init__(self, refuses_5=False):
        self.hold, self.held, self.refuses_5 = False, [], refuses_5
        super().__init__()

    def on_connect(self, connection, connect):
        if self.refuses_5 and connect.version == 5:
            connection.connack(0x84)
            raise Closed
        super().on_connect(connection, connect)

    def on_publish(self, connection, publish):
        if self.hold and (self.held or publish.topic.endswith("/probe")):
            with self.changed:
                publish.at = time.monotonic()
                self.held.append((connection, publish))
                self.changed.notify_all()
        else:
            super().on_publish(connection, publish)

    def wait_held(self):
        """The next probe, which is not answered, nor is anything after it."""
        self.hold = True
        self.wait(lambda: self.held, "a probe")
        return self.held[0]

    def release(self):
        self.hold = False
        held, self.held = self.held, []
        for connection, publish in held:
            connection.puback(publish)

    @property
    def connection(self):
        return self.connections[-1]

    def probes(self, agent):
        return [p for c in self.connections for p in c.received if p.kind == PUBLISH and p.topic == agent.topic("probe")]

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
def test_what_a_broker_replays_to_a_new_subscriber_is_refused(fakes, agent_factory, refuses_5, seconds):
    """Without the retain flag nothing but the time tells that it is old."""
    class Replaying(Probed):
        def on_subscribe(self, connection, subscribe):
            super().on_subscribe(connection, subscribe)
            for topic, _ in subscribe.filters:
                if topic.endswith("left/set"):
                    connection.publish(topic, "OPEN", qos=1, id=1, at_once=True)

    fake = fakes(Replaying(refuses_5))
    agent = start(fake, agent_factory)
    connection, topic = fake.connection, agent.topic("left", "set")
    assert '"reason":"stale"' in fake.ending(agent, 1)
    time.sleep(max(0, connection.subscribed + seconds - 0.4 - time.monotonic()))
    connection.publish(topic, "OPEN", qos=1, id=2, at_once=True)
    assert '"reason":"stale"' in fake.ending(agent, 2)
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{agent.http_port}/metrics", timeout=5).read().decode()
    assert 'portcullis_door_commands_rejected_total{door="left",reason="stale"} 2' in metrics, metrics
    connection.publish(topic, "OPEN", qos=1, id=3)
    assert '"command_accepted"' in fake.ending(agent, 3)
    agent.log.wait("relay on$")
    assert len(agent.log.find("relay on$")) == 1


def test_a_redelivery_is_refused(fakes, agent_factory):
    fake = fakes(Probed())
    agent = start(fake, agent_factory)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=1, dup=True)
    assert '"reason":"stale"' in fake.ending(agent, 1)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=2)
    assert '"command_accepted"' in fake.ending(agent, 2)


def test_a_command_that_may_be_older_than_ten_seconds_is_refused(fakes, agent_factory):
    """The newest answer is to the probe before the one that is held: five seconds more than since this one."""
    fake = fakes(Probed())
    agent = start(fake, agent_factory)
    fake.wait(lambda: fake.probes(agent), "a probe that is answered")
    _, probe = fake.wait_held()
    sleep_until(probe.at + 3)
    fake.connection.publish(agent.topic("left", "set"), "CLOSE", qos=1, id=1)
    sleep_until(probe.at + 6.5)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=2)
    fake.wait(lambda: len([p for p in fake.connection.received if p.kind == PUBACK]) >= 2, "both taken in")
    time.sleep(0.3 * SLOWNESS)
    fake.release()
    assert '"command_unchanged"' in fake.ending(agent, 1), "that one was eight seconds old at most"
    assert '"reason":"stale"' in fake.ending(agent, 2)
    assert not agent.log.find("relay on$")


def test_what_comes_behind_a_late_answer_is_refused(fakes, agent_factory):
    """A broker or a network that stood still hands over all that waited, also behind its answer."""
    fake = fakes(Probed())
    agent = start(fake, agent_factory)
    _, probe = fake.wait_held()
    sleep_until(probe.at + 3.3)
    fake.release()
    answered = time.monotonic()
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=1)
    assert '"reason":"stale"' in fake.ending(agent, 1)
    sleep_until(answered + 5 + 0.2 * SLOWNESS)
    fake.connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=2)
    assert '"command_accepted"' in fake.ending(agent, 2)


def test_what_is_said_at_rest(fakes, agent_factory):
    fake = fakes(Probed())
    agent = start(fake, agent_factory)
    fake.wait(lambda: fake.probes(agent), "the first probe")
    time.sleep(11)  # what is said again some seconds after a connect
    before = len(fake.connection.received)
    time.sleep(20)
    said = fake.connection.received[before:]
    assert {(p.kind, p.topic, p.payload, p.retain) for p in said} == {(PUBLISH, agent.topic("probe"), "", False)}
    assert 3 <= len(said) <= 5, "one every five seconds"


@pytest.mark.parametrize("properties", [b"", b"\x13\0\0"], ids=["keepalive 30 s", "Server Keep Alive 0"])
def test_a_broker_that_hangs_is_left_for_the_next(fakes, agent_factory, broker, recorder_factory, properties):
    class Hanging(Probed):
        connack_properties = properties

    fake = fakes(Hanging())
    recorder = recorder_factory(broker)
    agent = agent_factory([fake, broker]).start()
    fake.wait_publish(agent.topic("left", "attributes"))
    fake.wait(lambda: fake.probes(agent), "a probe that is answered")
    fake.wait_held()
    began = time.monotonic()
    recorder.wait(agent.topic("availability"), "online", deadline=20)
    took = time.monotonic() - began
    print(f"# another broker has us {took:.1f} s after the last answer's probe was due again")
    assert 9.5 < took < 10 + 1 * SLOWNESS
    agent.log.wait("the connection was lost: no answer within 10 s")
    assert len(fake.connections) == 1, "the one that hangs is not tried first"


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
    assert took < 15 + 1 * SLOWNESS


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
