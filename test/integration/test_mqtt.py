"""The agent and a real mosquitto: topics, commands, answers, and a broker that comes and goes."""

import ctypes
import json
import os
import random
import re
import socket
import subprocess
import time

import pytest

import harness
from harness import CONNECT, DEADLINE, PINGREQ, PUBLISH, SLOWNESS, FakeBroker, door, logged_at, retained, sleep_until
from side_by_side import side_by_side

OPTIONS_COMMAND = 1 | 1 << 3 | 2 << 4  # QoS 1, retain as published, Retain Handling 2


def answer_to(agent, command, **more):
    """Publishes a command and returns the answer."""
    return agent.recorder.command(agent, agent.topic("left", "set"), command, "answers/here", **more)


def command_events(agent, since=0):
    return [m.json for m in agent.recorder.seen(agent.topic("left", "event"), since=since)
            if m.json["event_type"].startswith("command_")]


def wait_command_event(agent, since, **wanted):
    agent.recorder.wait(agent.topic("left", "event"), since=since, payload=lambda text: all(
        json.loads(text).get(key) == value for key, value in wanted.items()))


def relay_switched(agent):
    return bool(agent.log.find(r"relay on$"))


# ---- What is published ----

@side_by_side
def test_everything_retained_is_there_and_events_are_not(agent, broker):
    agent.recorder.publish(agent.topic("left", "set"), "OPEN")
    agent.recorder.wait(agent.topic("left", "state"), "open")
    agent.recorder.wait(agent.topic("left", "event"), re.compile('"opened"'))
    kept = retained(broker, agent.topic("#"))
    assert set(kept) == {agent.topic("availability"), agent.topic("agent"), agent.topic("doors"), agent.topic("left", "state"),
                         agent.topic("left", "position"), agent.topic("left", "attributes"), agent.topic("left", "lockout"),
                         agent.topic("lockout")}
    assert kept[agent.topic("availability")] == "online"
    assert (kept[agent.topic("left", "state")], kept[agent.topic("left", "position")]) == ("open", "100")
    assert json.loads(kept[agent.topic("left", "attributes")])["source"] == "mqtt"
    own = [m for m in agent.recorder.messages if m.topic.startswith("portcullis/") and not m.topic.endswith("/set")]
    assert {m.qos for m in own} == {1}
    assert all(m.retained != m.topic.endswith("/event") for m in own), "the retain flag as published"


@side_by_side
def test_the_first_connect_is_mqtt_5_with_a_will(fakes, agent_factory):
    fake = fakes(FakeBroker())
    agent = agent_factory(fake, config={"mqtt": {"username": "u", "password": "p", "keepalive": "7s"}}).start()
    connect = fake.wait_connection().connect
    assert (connect.protocol, connect.version, connect.clean_start) == ("MQTT", 5, True)
    assert connect.properties == b"\x27\0\1\0\0", "no packet above 64 KB; no session expiry: 0"
    assert connect.client_id == "portcullis-garage"
    assert (connect.username, connect.password, connect.keepalive) == ("u", "p", 7)
    assert connect.will == (agent.topic("availability"), "offline") and connect.will_retain and connect.will_qos == 1


@side_by_side
def test_commands_are_subscribed_without_the_retained_ones_before_online_is_said(fakes, agent_factory):
    fake = fakes(FakeBroker())
    agent = agent_factory(fake, config={"doors": [door(f"d{i}", relay=f"GPIO{i}", closed_sensor=None, open_sensor=None)
                                                  for i in range(20)]}).start()
    fake.wait_publish(agent.topic("availability"), "online")
    received = fake.connections[0].received
    before = received[:next(i for i, p in enumerate(received) if p.kind == PUBLISH)]
    subscribed = dict(pair for p in before if p.kind == harness.SUBSCRIBE for pair in p.filters)
    for i in range(20):
        assert subscribed[agent.topic(f"d{i}", "set")] == OPTIONS_COMMAND
    assert all(len(p.filters) <= 8 for p in before if p.kind == harness.SUBSCRIBE)


@side_by_side
def test_a_clean_stop_says_offline_and_then_disconnects(fakes, agent_factory):
    fake = fakes(FakeBroker())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("availability"), "online")
    assert agent.stop() == 0
    connection = fake.connections[0]
    fake.wait(lambda: connection.closed, "the end of the connection")
    last = [packet for packet in connection.received if packet.kind != PINGREQ][-2:]
    assert (last[0].kind, last[0].topic, last[0].payload, last[0].retain) == (
        PUBLISH, agent.topic("availability"), "offline", True)
    assert (last[1].kind, last[1].reason) == (harness.DISCONNECT, 0)


# ---- Commands ----

@side_by_side
def test_an_answer_carries_the_correlation_data(agent):
    answer = answer_to(agent, "OPEN", correlation=b"\0\xff42")
    assert answer.json == {"result": "accepted"}
    assert answer.properties.CorrelationData == b"\0\xff42"
    assert not answer.retained
    assert not hasattr(answer_to(agent, "OPEN").properties, "CorrelationData")


@pytest.mark.parametrize("topic", ["/" * 40, "portcullis/shed/doors", "portcullis/garage/left/state",
                                   "homeassistant/device/x/config", "$SYS/x"])
@side_by_side
def test_no_answer_where_the_agent_s_right_would_be_misused(agent, topic):
    """Whoever may command a door could have the agent publish where he may not, or have it thrown out."""
    mark = agent.recorder.mark()
    agent.recorder.publish(agent.topic("left", "set"), "CLOSE", response_topic=topic)
    agent.recorder.wait(agent.topic("left", "event"), lambda text: "command_unchanged" in text, since=mark)
    assert answer_to(agent, "CLOSE").json == {"result": "unchanged"}
    assert not [m for m in agent.recorder.seen(topic, since=mark) if '"result"' in m.payload]
    assert not agent.log.find("the connection was lost|ended the connection")


@pytest.mark.parametrize("payload", ["", "OPEN THE DOOR", "{}", "OPEN\0", "\u00f6ffnen", "x" * 1024])
@side_by_side
def test_what_is_no_command_is_rejected_and_moves_nothing(agent, payload):
    answer = answer_to(agent, payload).json
    assert (answer["result"], answer["reason"]) == ("rejected", "unknown_command")
    assert not relay_switched(agent)


@side_by_side
def test_a_huge_payload_is_dropped_and_the_next_command_is_heard(agent):
    agent.recorder.publish(agent.topic("left", "set"), "OPEN" + " " * 1_000_000)
    agent.recorder.publish(agent.topic("left", "set"), "OPEN" + " " * 1021)
    assert answer_to(agent, "CLOSE").json == {"result": "unchanged"}
    assert not relay_switched(agent)


def test_a_flood_of_commands_is_survived_and_the_last_one_counts(broker, agent_factory, recorder_factory):
    agent = agent_factory(broker).start()
    agent.recorder = recorder_factory(broker, topics=["answers/here", agent.topic("left", "state")])
    agent.recorder.wait(agent.topic("left", "state"), "closed")
    # An emulated agent beside much else may read a hundred a second, and a broker whose answer lies behind 10 s of them is left.
    for _ in range(3000 if SLOWNESS < 4 else 400):
        agent.recorder.client.publish(agent.topic("left", "set"), "CLOSE", qos=0)
    until = time.monotonic() + (40 if SLOWNESS > 1 else 0)  # what comes behind a late answer is stale
    while (answer := answer_to(agent, "OPEN").json) == {"result": "rejected", "reason": "stale"} and time.monotonic() < until:
        sleep_until(time.monotonic() + 3)
    assert answer == {"result": "accepted"}
    agent.recorder.wait(agent.topic("left", "state"), "open")
    assert len(agent.log.find("relay on$")) == 1


@side_by_side
def test_a_retained_command_of_the_past_is_not_even_sent(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    agent = agent_factory(broker)
    recorder.publish(agent.topic("left", "set"), "OPEN", retain=True)
    agent.recorder = recorder
    agent.start()
    recorder.wait(agent.topic("availability"), "online")
    recorder.wait(agent.topic("left", "state"), "closed")
    assert answer_to(agent, "CLOSE").json == {"result": "unchanged"}
    assert [e["command"] for e in command_events(agent)] == ["close"]
    assert not relay_switched(agent)


@side_by_side
def test_a_command_that_is_published_as_retained_is_refused(agent):
    mark = agent.recorder.mark()
    answer = answer_to(agent, "OPEN", retain=True).json
    assert (answer["result"], answer["reason"]) == ("rejected", "retained")
    wait_command_event(agent, mark, event_type="command_rejected", reason="retained", command="open")
    assert not relay_switched(agent)


@side_by_side
def test_commands_sent_while_the_agent_is_away_do_not_act(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    agent = agent_factory(broker)
    agent.recorder = recorder
    agent.start()
    recorder.wait(agent.topic("left", "state"), "closed")
    agent.kill()
    recorder.wait(agent.topic("availability"), "offline")
    for _ in range(3):
        recorder.publish(agent.topic("left", "set"), "OPEN", expiry=60)
    mark = recorder.mark()
    agent.start()
    recorder.wait(agent.topic("availability"), "online", since=mark)
    recorder.wait(agent.topic("left", "state"), "closed", since=mark)
    assert answer_to(agent, "CLOSE").json == {"result": "unchanged"}
    assert not relay_switched(agent)


# ---- A broker that comes and goes ----

@side_by_side
def test_after_a_restart_everything_is_published_afresh_and_nothing_moves(agent, broker):
    agent.recorder.wait("homeassistant/device/portcullis_garage_left/config")  # the last of all, but for what settles
    agent.recorder.wait(agent.topic("doors"), lambda text: '"settled":true' in text)
    before = retained(broker)
    own = json.loads(before[agent.topic("agent")])
    before[agent.topic("agent")] = json.dumps(own | {"reconnects": own["reconnects"] + 1}, separators=(",", ":"))
    broker.restart()  # without persistence: it has forgotten all
    agent.log.wait("connected to the broker", count=2)
    harness.wait_until(lambda: retained(broker) == before, "all that was retained before", deadline=10)
    assert not relay_switched(agent)


@side_by_side
def test_what_changed_meanwhile_is_published_on_return(agent, broker, recorder_factory):
    agent.recorder.publish(agent.topic("left", "set"), "OPEN")
    agent.recorder.wait(agent.topic("left", "state"), "opening")
    broker.stop()
    agent.log.wait(r"door left: open \(")
    broker.start()
    recorder = recorder_factory(broker)
    assert recorder.wait(agent.topic("left", "state")).payload == "open"
    recorder.wait(agent.topic("left", "position"), "100")
    recorder.wait(agent.topic("availability"), "online")


@side_by_side
def test_a_broker_that_comes_after_the_agent(broker_factory, agent_factory, recorder_factory):
    broker = broker_factory()
    broker.stop()
    agent = agent_factory(broker).start()
    agent.log.wait(rf"broker 127\.0\.0\.1:{broker.port}: connection refused: is the broker running")
    time.sleep(2)  # a few attempts more
    assert len(agent.log.find("warning: .*connection refused")) == 1, "said once"
    broker.start()
    recorder = recorder_factory(broker)
    recorder.wait(agent.topic("availability"), "online")
    recorder.wait(agent.topic("left", "state"), "closed")


@side_by_side
def test_a_frozen_broker_is_noticed_and_left(broker, agent_factory):
    agent = agent_factory(broker, config={"mqtt": {"keepalive": "2s"}}).start()
    agent.log.wait("connected to the broker")
    broker.freeze()
    agent.log.wait("the connection was lost: no answer to a ping", deadline=20)
    broker.thaw()
    agent.log.wait("connected to the broker", count=2, deadline=30)


@side_by_side
def test_a_wrong_password(broker_factory, agent_factory, recorder_factory):
    broker = broker_factory(users={"watcher": "w", "agent": "right"})
    recorder = recorder_factory(broker, username="watcher", password="w")
    agent = agent_factory(broker, config={"mqtt": {"username": "agent", "password": "wrong"}}).start()
    line = agent.log.wait("refuses the connection: not authorized")
    assert "mqtt.password" in line and "wrong" not in line
    agent.log.wait("debug: .*refuses the connection: not authorized", count=1)
    assert len(agent.log.find("warning: .*not authorized")) == 1, "said once"
    assert not recorder.messages
    agent.stop()
    agent.config["mqtt"]["password"] = "right"
    agent.start()
    recorder.wait(agent.topic("availability"), "online")


@side_by_side
def test_two_agents_with_one_client_id(agent, broker, agent_factory):
    other = agent_factory(broker, config={"node": "other", "mqtt": {"client_id": "portcullis-garage"}})
    other.start()
    # mosquitto before 2.0.15 does not say why it closes: then three short connections in a row tell
    both = agent.log, other.log
    named = re.compile('(has taken over|does another client use) the client id "portcullis-garage"')
    harness.wait_until(lambda: any(log.find(named) for log in both), "the shared client id in a log", deadline=20)
    loser, winner = (agent, other) if agent.log.find(named) else (other, agent)
    since = loser.log.find(named)[0][:len("2026-11-26T19:13:26.761Z")]  # the logs are read side by side
    time.sleep(5)  # the ordinary back-off would be over by far
    assert max(loser.log.find("connected to the broker")) < since, "a long pause, so that the two do not fight"
    assert max(winner.log.find("lost"), default="") < since
    began = time.monotonic()
    assert loser.stop() == 0 and time.monotonic() - began < 2 * SLOWNESS, "and it does not hold up the end"


@side_by_side
def test_quick_restarts_of_the_broker_are_no_shared_client_id(agent, broker):
    for count in range(2, 6):
        broker.stop()
        agent.log.wait("connection refused", count=count - 1)
        broker.start()
        agent.log.wait("connected to the broker", count=count, deadline=20)
    assert not agent.log.find("does another client use")


@side_by_side
def test_an_old_will_is_contradicted_but_not_in_a_fight(agent):
    topic = agent.topic("availability")
    mark = agent.recorder.mark()
    agent.recorder.publish(topic, "offline", retain=True)
    agent.recorder.wait(topic, "online", since=mark)
    agent.log.wait("somebody published .offline.")
    for _ in range(30):
        agent.recorder.publish(topic, "offline", retain=True)
        time.sleep(0.1)
    agent.log.wait("somebody published .offline.", count=2)
    at = [logged_at(line) for line in agent.log.find("somebody published .offline.")]
    gaps = [(after - before).total_seconds() for before, after in zip(at, at[1:])]
    assert all(gap > 0.95 * 2 ** number for number, gap in enumerate(gaps, 1)), "each time twice as long"


@side_by_side
def test_its_own_will_is_no_stranger(agent, broker):
    """A broker that ends publishes our will to us, too; one that stays has kept it for our return."""
    topic = agent.topic("availability")
    agent.kill()
    agent.recorder.wait(topic, "offline")
    mark = agent.recorder.mark()
    agent.start()
    agent.recorder.wait(topic, "online", since=mark)
    time.sleep(1.5)  # a contradiction would take a second
    broker.stop()
    agent.log.wait("the connection was lost")
    broker.start()
    agent.log.wait("connected to the broker", count=2)
    agent.recorder.wait(topic, "online", since=mark, count=2)
    time.sleep(1.5)
    assert not agent.log.find("somebody published")


@side_by_side
def test_brokers_are_tried_in_turn(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    nobody = f"mqtt://127.0.0.1:{harness.free_port()}"
    agent = agent_factory([nobody, "mqtt://no-such-host.invalid", broker.url]).start()
    began = time.monotonic()
    recorder.wait(agent.topic("availability"), "online")
    agent.log.wait("connection refused")
    agent.log.wait(r"no-such-host\.invalid:1883: the name does not resolve")
    assert time.monotonic() - began < 30 * SLOWNESS


@side_by_side
def test_the_other_broker_takes_over_when_one_ends(broker_factory, agent_factory, recorder_factory):
    first, second = broker_factory(), broker_factory()
    recorder = recorder_factory(second)
    agent = agent_factory([first, second]).start()
    agent.log.wait(f"connected to the broker 127.0.0.1:{first.port}")
    assert not recorder.messages
    first.stop()
    recorder.wait(agent.topic("left", "state"), "closed")
    recorder.wait(agent.topic("availability"), "online")


@side_by_side
def test_reading_is_denied_by_the_brokers_access_control(broker_factory, agent_factory, tmp_path):
    plugin = next((path for path in (f"/usr/lib/{os.uname().machine}-linux-gnu/mosquitto_dynamic_security.so",)
                   if os.path.exists(path)), None)
    if not plugin:
        pytest.skip("mosquitto's dynamic security plugin is not installed")
    rules = tmp_path / "rules.json"
    subprocess.run(["mosquitto_ctrl", "dynsec", "init", str(rules), "admin", "secret"], check=True,
                   stdout=subprocess.DEVNULL)
    security = json.loads(rules.read_text())
    security["defaultACLAccess"] = {"publishClientSend": True, "publishClientReceive": True, "subscribe": False,
                                    "unsubscribe": True}
    admin = security["clients"][0]
    security["roles"].append({"rolename": "agent", "acls": [
        {"acltype": "subscribePattern", "topic": "+/+/availability", "priority": 0, "allow": True}]})
    security["clients"].append({**admin, "username": "agent", "roles": [{"rolename": "agent"}]})
    rules.write_text(json.dumps(security))
    broker = broker_factory(options=[f"plugin {plugin}", f"plugin_opt_config_file {rules}"], users={"agent": "secret"})
    agent = agent_factory(broker, config={"mqtt": {"username": "agent", "password": "secret"}}).start()
    line = agent.log.wait("warning: .*denies the subscription")
    assert agent.topic("left", "set") in line and "not authorized" in line and "access control" in line


@side_by_side
def test_writing_is_denied_by_the_brokers_access_control(broker_factory, agent_factory):
    broker = broker_factory(users={"agent": "secret"}, acl="user agent\ntopic readwrite +/+/availability\n")
    agent = agent_factory(broker, config={"mqtt": {"username": "agent", "password": "secret"}}).start()
    line = agent.log.wait("warning: .*refuses what is published to")
    assert "not authorized" in line and "access control" in line
    agent.log.wait("debug: .*refuses what is published to")
    assert len(agent.log.find("warning: .*refuses what is published")) == 1, "said once"


# ---- The wire ----

def test_the_connection_has_no_delay(agent, broker):
    """TCP_NODELAY on the agent's connection, looked at through a duplicate of its descriptor (pidfd_getfd)."""
    pidfd = os.pidfd_open(agent.process.pid)
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    for number in os.listdir(f"/proc/{agent.process.pid}/fd"):
        fd = libc.syscall(438, pidfd, int(number), 0)
        if fd < 0 and ctypes.get_errno() in (1, 38):
            pytest.skip("pidfd_getfd is not permitted here")
        if fd < 0:
            continue
        try:
            with socket.socket(fileno=fd) as sock:
                if sock.family == socket.AF_INET and sock.getpeername()[1] == broker.port:
                    found.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        except OSError:
            pass
    os.close(pidfd)
    assert found and all(found)


def test_commands_in_a_row_do_not_wait_for_delayed_acknowledgements(fakes, agent_factory):
    """A broker that leaves Nagle on sends the second of two small packets only when the first is acknowledged. How long that takes
    is compared with the same without Nagle, in turns: both are as slow as the machine."""
    fake = fakes(FakeBroker())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("left", "state"), "closed")
    connection = fake.wait_connection()
    agent.log.wait("settled|door left: closed")
    times = {0: [], 1: []}  # by TCP_NODELAY
    for i in range(60):
        nodelay = i // 10 % 2
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, nodelay)
        seen = len([p for p in connection.received if p.kind == PUBLISH and p.topic == agent.topic("left", "event")])
        began = time.monotonic()
        connection.publish(agent.topic("left", "set"), "CLOSE", qos=1, id=100 + i)
        fake.wait_publish(agent.topic("left", "event"), count=seen + 1)
        times[nodelay].append(time.monotonic() - began)
    assert sorted(times[0])[15] - sorted(times[1])[15] < 0.025, times
