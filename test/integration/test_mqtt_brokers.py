"""Brokers that misbehave, as thirteen real ones were seen to: they refuse MQTT 5, say nothing, take little at a time,
hang up, and say why or do not."""

import json
import time
import urllib.error
import urllib.request

import pytest

import harness
from harness import CONNACK, DEADLINE, PUBLISH, SLOWNESS, FakeBroker, Silent, ask, door, packet
from side_by_side import side_by_side


def health(agent):
    """How long /healthz takes, in seconds."""
    began = time.monotonic()
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{agent.http_port}/healthz", timeout=DEADLINE).read()
    except urllib.error.HTTPError as error:
        error.read()
    return time.monotonic() - began


# ---- Four ways of refusing MQTT 5 ----

class Refusing(FakeBroker):
    """Speaks 3.1.1 only; answer: the bytes for a CONNECT of MQTT 5 before it hangs up."""

    def __init__(self, answer):
        self.answer = answer
        super().__init__()

    def on_connect(self, connection, connect):
        if connect.version == 5:
            connection.send(self.answer)
            connection.close()
            raise harness.Closed
        super().on_connect(connection, connect)


WAYS = {
    "CONNACK with 0x84": packet(CONNACK, bytes([0, 0x84, 0])),
    "CONNACK of 3.1.1 with code 1": packet(CONNACK, bytes([0, 1])),
    "CONNACK of 5 with reason 0x01": packet(CONNACK, bytes([0, 1, 0])),
    "a close without a byte": b"",
}


@pytest.mark.parametrize("way", WAYS)
@side_by_side
def test_a_broker_that_refuses_mqtt_5_is_met_with_3_1_1(fakes, agent_factory, way):
    fake = fakes(Refusing(WAYS[way]))
    agent = agent_factory(fake, config={"mqtt": {"username": "u", "password": "p"}}).start()
    began = time.monotonic()
    fake.wait_publish(agent.topic("availability"), "online")
    fake.wait_publish(agent.topic("left", "state"), "closed")
    assert time.monotonic() - began < 3 * SLOWNESS, "at once, without a pause"
    assert [c.connect.version for c in fake.connections] == [5, 4]
    connect = fake.connections[1].connect
    assert connect.clean_start and connect.client_id == "portcullis-garage"
    assert (connect.username, connect.password) == ("u", "p")
    assert connect.will == (agent.topic("availability"), "offline") and connect.will_retain
    agent.log.wait(r"connected to the broker 127\.0\.0\.1:\d+ \(MQTT 3\.1\.1\)")
    assert not agent.log.find("warning: broker"), "nothing is wrong"

    fake.connections[1].close()
    third = fake.wait_connection(3)
    assert third.connect.version == 4, "what worked is remembered"


@side_by_side
def test_a_broker_that_hung_up_while_it_started_is_met_with_mqtt_5(fakes, agent_factory):
    class Starting(FakeBroker):
        def on_connect(self, connection, connect):
            if len(self.connections) <= 2:
                raise harness.Closed
            super().on_connect(connection, connect)

    fake = fakes(Starting())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("availability"), "online")
    assert [c.connect.version for c in fake.connections] == [5, 4, 5]


@side_by_side
def test_on_3_1_1_a_retained_command_is_refused_by_its_flag(fakes, agent_factory):
    fake = fakes(Refusing(WAYS["CONNACK with 0x84"]))
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("left", "state"), "closed")
    connection = fake.wait_connection(2)
    connection.publish(agent.topic("left", "set"), "OPEN", retain=True, qos=1)
    event = fake.wait_publish(agent.topic("left", "event"))
    assert '"command_rejected"' in event.payload and '"retained"' in event.payload
    connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=2)
    fake.wait_publish(agent.topic("left", "state"), "open")
    assert len(agent.log.find("relay on$")) == 1


@side_by_side
def test_mqtt_5_is_not_given_up_for_a_wrong_password(fakes, agent_factory):
    class Guarded(FakeBroker):
        def on_connect(self, connection, connect):
            connection.connack(0x86)
            connection.close()
            raise harness.Closed

    fake = fakes(Guarded())
    agent = agent_factory(fake).start()
    line = agent.log.wait("refuses the connection: bad user name or password")
    assert "mqtt.username" in line
    fake.wait_connection(3)
    assert {c.connect.version for c in fake.connections if c.connect} == {5}
    assert len(agent.log.find("warning: broker")) == 1


# Reasons that a person can do something about, in MQTT 5's code and in 3.1.1's.
@pytest.mark.parametrize("code, code3, says", [
    (0x85, 2, "client identifier not valid"), (0x88, 3, "server unavailable"),
    (0x86, 4, "bad user name or password"), (0x87, 5, "not authorized"), (0x8A, None, "banned"),
    (0x9D, None, "server moved")])
@side_by_side
def test_a_refusal_is_said_in_words(fakes, agent_factory, code, code3, says):
    class Saying(FakeBroker):
        def on_connect(self, connection, connect):
            if connect.version == 4 and code3 is not None:
                connection.connack(code3)
            else:
                connection.connack(0x84 if code3 is not None and self.old else code)
            connection.close()
            raise harness.Closed

    for old in (False, True) if code3 is not None else (False,):
        fake = fakes(Saying())
        fake.old = old
        agent = agent_factory(fake).start()
        line = agent.log.wait(f"warning: broker 127.0.0.1:{fake.port}: refuses the connection: {says}")
        assert f"(0x{code:02x})" in line
        agent.kill()


@side_by_side
def test_many_denied_subscriptions_are_one_line(fakes, agent_factory):
    class Denying(FakeBroker):
        def grant(self, topic):
            return 0x80

    fake = fakes(Denying())
    doors = [door(f"d{i}", relay=f"GPIO{i}", closed_sensor=None, open_sensor=None) for i in range(20)]
    agent = agent_factory(fake, config={"doors": doors}).start()
    assert "d0/set and others" in agent.log.wait("denies the subscription to")
    fake.wait_publish(agent.topic("availability"), "deaf")
    assert len(agent.log.find("denies the subscription")) == 1


# ---- Brokers that say nothing, or not enough ----

@side_by_side
def test_a_broker_that_accepts_and_says_nothing_is_left_for_the_next(fakes, agent_factory, broker, recorder_factory):
    silent = fakes(Silent())
    recorder = recorder_factory(broker)
    agent = agent_factory([silent.url, broker.url]).start()
    silent.wait_connection()
    line = agent.log.wait("takes the connection but does not answer", deadline=20)
    assert f"127.0.0.1:{silent.port}" in line and "mqtts://" in line
    recorder.wait(agent.topic("availability"), "online")
    silent.wait(lambda: silent.connections[0].closed, "the end of the silent connection")
    assert [c.connect.version for c in silent.connections] == [5], "silence is no refusal of MQTT 5"


@side_by_side
def test_repeated_silence_to_mqtt_5_leads_to_a_try_of_3_1_1(fakes, agent_factory):
    """As of amqtt, which takes the connection and says nothing to a CONNECT of MQTT 5."""
    class Speechless(FakeBroker):
        def on_connect(self, connection, connect):
            if connect.version == 5:
                connection.read()
            super().on_connect(connection, connect)

    fake = fakes(Speechless())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("availability"), "online", deadline=30)
    assert [c.connect.version for c in fake.connections] == [5, 5, 4]


@side_by_side
def test_ending_while_a_broker_says_nothing(fakes, agent_factory):
    silent = fakes(Silent())
    agent = agent_factory(silent).start()
    silent.wait_connection()
    assert health(agent) < 1 * SLOWNESS
    began = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 3 * SLOWNESS


@side_by_side
def test_a_port_that_speaks_something_else(fakes, agent_factory):
    class Web(FakeBroker):
        def serve(self, connection):
            connection.sock.recv(1)
            connection.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            connection.close()

    fake = fakes(Web())
    agent = agent_factory(fake).start()
    line = agent.log.wait("the broker breaks MQTT")
    assert "is this the port of an MQTT broker" in line
    assert health(agent) < 1 * SLOWNESS


@side_by_side
def test_a_broker_that_resets_every_connection(fakes, agent_factory):
    class Resetting(FakeBroker):
        def serve(self, connection):
            connection.close(reset=True)

    fake = fakes(Resetting())
    agent = agent_factory(fake).start()
    agent.log.wait("warning: broker .*(hangs up|reset)")
    time.sleep(3)
    assert len(fake.connections) <= 12, "with pauses in between"
    assert agent.running and len(agent.log.find("warning: broker")) <= 2, "before the first words, or after them"


# ---- Receive Maximum ----

class Slow(FakeBroker):
    """Acknowledges nothing before release is set, and counts what is in flight."""

    connack_properties = b"\x21\x00\x0a"  # Receive Maximum 10

    def __init__(self):
        self.flying, self.most, self.held, self.release = 0, 0, [], False
        super().__init__()

    def on_publish(self, connection, publish):
        assert publish.flags & 6 == 2, "QoS 1"
        with self.changed:
            self.flying += 1
            self.most = max(self.most, self.flying)
            self.held.append((connection, publish))
            self.changed.notify_all()
        if self.release:
            self.let_go()

    def let_go(self):
        with self.changed:
            self.release = True
            held, self.held = self.held, []
            self.flying -= len(held)
        for connection, publish in held:
            connection.puback(publish)


@side_by_side
def test_receive_maximum_is_kept_and_no_last_value_is_lost(fakes, agent_factory):
    fake = fakes(Slow())
    doors = [door(f"d{i}", relay=f"GPIO{i}", closed_sensor=f"GPIO{10 + i}", open_sensor=None, travel_time="300ms")
             for i in range(10)]
    agent = agent_factory(fake, config={"doors": doors}).start()
    fake.wait(lambda: fake.flying == 10, "ten messages in flight")
    agent.log.wait(r"door d9: closed \(")
    connection = fake.wait_connection()
    for i in range(10):  # new states, while the old ones still wait; by MQTT commands would not count
        assert ask(agent, "POST", f"/api/doors/d{i}/open").status == 202
    agent.log.wait(r"door d9: open \(")
    assert fake.flying == fake.most == 10
    fake.let_go()
    fake.wait_publish(agent.topic("availability"), "online")  # the last but the documents
    truth = {d["id"]: d for d in json.load(urllib.request.urlopen(
        f"http://127.0.0.1:{agent.http_port}/api/doors", timeout=DEADLINE))["doors"]}
    assert {d["state"] for d in truth.values()} == {"open"}

    def told():
        last = {p.topic: p.payload for p in connection.received if p.kind == PUBLISH}
        return all(last.get(agent.topic(id, "state")) == (d["state"] or "None") and agent.topic(id, "attributes") in last
                   for id, d in truth.items())
    fake.wait(told, "the present state of all doors")
    assert fake.most == 10


@side_by_side
def test_a_receive_maximum_of_one(fakes, agent_factory):
    class One(Slow):
        connack_properties = b"\x21\x00\x01"

    fake = fakes(One())
    agent = agent_factory(fake).start()
    fake.wait(lambda: fake.flying == 1, "one message in flight")
    fake.let_go()
    fake.wait_publish(agent.topic("availability"), "online")
    fake.wait_publish(agent.topic("left", "state"), "closed")
    assert fake.most == 1
    assert agent.stop() == 0
    fake.wait_publish(agent.topic("availability"), "offline")


@side_by_side
def test_a_receive_maximum_of_none_is_no_connection(fakes, agent_factory, broker, recorder_factory):
    class Mute(FakeBroker):
        connack_properties = b"\x21\x00\x00"

    agent = agent_factory([fakes(Mute()), broker]).start()
    agent.log.wait("warning: .*takes no message at all")
    recorder_factory(broker).wait(agent.topic("left", "state"), "closed")


@side_by_side
def test_what_is_not_acknowledged_does_not_hold_up_the_end(fakes, agent_factory):
    fake = fakes(Slow())
    agent = agent_factory(fake).start()
    fake.wait(lambda: fake.flying > 0, "a message in flight")
    began = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 3 * SLOWNESS
    connection = fake.connections[0]
    fake.wait(lambda: connection.closed, "the end of the connection")
    assert connection.received[-1].kind != harness.DISCONNECT, "the broker shall publish the will"


# ---- What a broker says of subscriptions and at the end ----

@side_by_side
def test_denied_subscriptions_are_said_once_and_the_rest_works(fakes, agent_factory):
    class Denying(FakeBroker):
        def grant(self, topic):
            return 0x87 if topic.endswith("left/set") else 1

    fake = fakes(Denying())
    doors = [door("left"), door("right", relay="GPIO5", closed_sensor="GPIO6", open_sensor="GPIO7")]
    agent = agent_factory(fake, config={"doors": doors}).start()
    line = agent.log.wait("warning: .*denies the subscription to")
    assert agent.topic("left", "set") in line and "others" not in line
    fake.wait_publish(agent.topic("right", "state"), "closed")
    fake.connections[0].publish(agent.topic("right", "set"), "OPEN", qos=1)
    fake.wait_publish(agent.topic("right", "state"), "open")
    fake.connections[0].close()
    fake.wait_connection(2)
    fake.wait_publish(agent.topic("availability"), "online", count=2)
    time.sleep(0.5)
    assert len(agent.log.find("denies the subscription")) == 1


@pytest.mark.parametrize("codes", [[1], [0x80], [1] * 30])
@pytest.mark.parametrize("way", ["CONNACK with 0x84", None])
@side_by_side
def test_a_suback_with_another_number_of_codes_than_topics(fakes, agent_factory, codes, way):
    """Paho 1.3 would hand on a pointer that it has not set, or an array that ends early. The guard lets no such thing pass."""
    class Miscounting(Refusing):
        def on_connect(self, connection, connect):
            if way:
                super().on_connect(connection, connect)
            else:
                FakeBroker.on_connect(self, connection, connect)

        def on_subscribe(self, connection, subscribe):
            connection.suback(subscribe, codes)

    fake = fakes(Miscounting(WAYS[way] if way else b""))
    doors = [door(f"d{i}", relay=f"GPIO{i}", closed_sensor=None, open_sensor=None) for i in range(10)]
    agent = agent_factory(fake, config={"doors": doors}).start()
    if len(codes) == 1:  # each topic is asked for by itself
        fake.wait_publish(agent.topic("d9", "attributes"))
    else:
        agent.log.wait("the broker breaks MQTT: SUBACK", count=2)
    assert agent.running and agent.stop() == 0


@pytest.mark.parametrize("reason, says", [(0x8E, "another client has taken over"), (0x98, "administrative action"),
                                          (0x8B, "server shutting down"), (0x8D, "keep alive timeout")])
@side_by_side
def test_why_the_broker_ends_the_connection(fakes, agent_factory, reason, says):
    fake = fakes(FakeBroker())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("availability"), "online")
    fake.connections[0].disconnect(reason)
    line = agent.log.wait(f"warning: broker .*{says}")
    fake.wait(lambda: fake.connections[0].closed, "the agent's hanging up")
    assert len(agent.log.find("warning: broker")) == 1, "and nothing of the messages in flight"
    if reason == 0x8E:
        assert '"portcullis-garage"' in line
        time.sleep(4 * SLOWNESS)
        assert len(fake.connections) == 1, "a long pause: two agents with one client id shall not fight"
    else:
        fake.wait_connection(2)


@side_by_side
def test_a_broker_without_retained_messages(fakes, agent_factory):
    class Forgetful(FakeBroker):
        connack_properties = b"\x25\x00"  # Retain Available 0

    fake = fakes(Forgetful())
    agent = agent_factory(fake).start()
    assert not fake.wait_publish(agent.topic("left", "state"), "closed").retain
    agent.log.wait("warning: .*retains no messages")


@side_by_side
def test_a_packet_that_the_broker_would_not_take_is_not_sent(fakes, agent_factory):
    class Narrow(FakeBroker):
        connack_properties = b"\x27\x00\x00\x00\xc8"  # Maximum Packet Size 200

    fake = fakes(Narrow())
    agent = agent_factory(fake).start()  # its discovery documents are longer
    fake.wait_publish(agent.topic("left", "state"), "closed")
    assert "packet too large" in agent.log.wait("warning: .*refuses what is published to")
    time.sleep(0.5)
    received = [p for p in fake.connections[0].received if p.kind == PUBLISH]
    assert all(len(p.body) < 198 for p in received)
    assert len(fake.connections) == 1
