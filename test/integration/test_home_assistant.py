"""Home Assistant as the agent sees it: a client that reads discovery documents and says when it was born."""

import datetime
import json
import os
import pathlib
import re
import signal
import socket
import time

import pytest

import harness
from harness import ask, door, retained

AGENT = "homeassistant/device/portcullis_garage/config"
LEFT = "homeassistant/device/portcullis_garage_left/config"
RIGHT = "homeassistant/device/portcullis_garage_right/config"
DOCUMENTS = re.compile("^homeassistant/device/")
TWO = [door("left"), door("right", relay="GPIO27", closed_sensor={"line": "GPIO22"}, open_sensor={"line": "GPIO5"})]


def has_time(agent):
    """An emulator's kernel does not say that the clock is set: nothing has a time then."""
    return not agent.log.find("the clock is not set")


def started(agent_factory, recorder, broker, **config):
    """A running agent that is online and whose sensors have settled."""
    agent = agent_factory(broker, config=config)
    since = recorder.mark()
    agent.start()
    recorder.wait(agent.topic("availability"), "online", since=since)
    for each in agent.config["doors"]:
        recorder.wait(agent.topic(each["id"], "attributes"), lambda text: json.loads(text)["settled"], since=since)
    return agent


def test_documents_are_sent_on_connect_the_agent_first(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    agent = started(agent_factory, recorder, broker, doors=TWO)
    recorder.wait(RIGHT)
    assert [m.topic for m in recorder.seen(DOCUMENTS)] == [AGENT, LEFT, RIGHT]
    kept = retained(broker)
    assert {AGENT, LEFT, RIGHT} <= set(kept)
    left, own = recorder.wait(LEFT).json, recorder.wait(AGENT).json
    assert left["device"]["via_device"] == own["device"]["identifiers"][0]
    cover = left["components"]["door"]
    assert cover["command_topic"] == agent.topic("left", "set")
    assert cover["message_expiry_interval"] == 10  # MQTT 5
    # What Home Assistant is told to read is there.
    for topic in (left["availability_topic"], left["state_topic"], cover["state_topic"], cover["position_topic"]):
        assert topic in kept, topic
    assert kept[cover["state_topic"]] == "closed" and kept[cover["position_topic"]] == "0"
    recorder.publish(cover["command_topic"], cover["payload_open"])
    recorder.wait(cover["state_topic"], cover["state_opening"])
    event = recorder.wait(left["components"]["event"]["state_topic"]).json
    assert event["event_type"] in left["components"]["event"]["event_types"]


def test_the_agents_device_tells_of_itself_and_its_machine(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    agent = started(agent_factory, recorder, broker)
    components = recorder.wait(AGENT).json["components"]
    said = json.loads(retained(broker)[components["started"]["state_topic"]])
    assert components["started"]["state_topic"] == agent.topic("agent")
    if has_time(agent):
        began = datetime.datetime.fromisoformat(said["started"].replace("Z", "+00:00"))
        assert abs((datetime.datetime.now(datetime.timezone.utc) - began).total_seconds()) < 60
    assert said["reconnects"] == 0 and said["version"] == recorder.wait(AGENT).json["device"]["sw_version"]
    thermal = pathlib.Path("/sys/class/thermal/thermal_zone0/temp")
    assert (said["temperature_c"] is not None) == thermal.exists() == (len(components["temperature"]) > 1)
    assert (said["wifi_dbm"] is not None) == (len(components["wifi"]) > 1)


@pytest.mark.parametrize("http, url", [
    ({"listen": "127.0.0.1:PORT"}, None),
    ({"listen": "0.0.0.0:PORT"}, f"http://{socket.gethostname().split('.')[0]}.local:PORT/"),
    ({"listen": "0.0.0.0:PORT", "hosts": ["garage.example"]}, "http://garage.example:PORT/"),
    ({"listen": "0.0.0.0:PORT", "ingress": "172.30.32.2"}, None),
    ({"listen": "off"}, None),
])
def test_a_device_leads_to_the_page(broker, agent_factory, recorder_factory, http, url):
    recorder = recorder_factory(broker)
    agent = agent_factory(broker)
    port = str(agent.http_port)
    agent.config["http"] = {key: value.replace("PORT", port) if isinstance(value, str) else value
                            for key, value in http.items()}
    agent.config["doors"][0]["area"] = "Yard"
    agent.start()
    device = recorder.wait(LEFT).json["device"]
    assert device.get("configuration_url") == (url and url.replace("PORT", port))
    assert recorder.wait(AGENT).json["device"].get("configuration_url") == device.get("configuration_url")
    assert (device["suggested_area"], device["model"]) == ("Yard", "Garage door (simulated)")


def test_a_door_that_is_left_open_is_told_of_until_it_closes(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    agent = started(agent_factory, recorder, broker, doors=[door("left", left_open="1s", left_open_again="1s"),
                                                            door("right", relay="GPIO27", closed_sensor=None, open_sensor=None)])
    if not has_time(agent):
        pytest.skip("this emulator's clock is never set: nothing has a time")
    components = recorder.wait(LEFT).json["components"]
    assert components["left_open"]["value_template"] == "{{ value_json.left_open }}"
    assert "left_open" in components["event"]["event_types"]
    assert recorder.wait(RIGHT).json["components"]["left_open"] == {"platform": "binary_sensor"}
    attributes, event = agent.topic("left", "attributes"), agent.topic("left", "event")
    since = recorder.mark()
    recorder.publish(agent.topic("left", "set"), "OPEN")
    opened = recorder.wait(attributes, lambda text: json.loads(text)["open_since"], since=since).json
    assert (opened["left_open"], opened["open_at_least"]) == (False, False)
    told = recorder.wait(attributes, lambda text: json.loads(text)["left_open"], since=since).json
    assert told["open_since"] == opened["open_since"]
    recorder.wait(event, re.compile('"left_open"'), since=since, count=2)
    assert 'portcullis_door_left_open{door="left"} 1' in ask(agent, "GET", "/metrics").text
    assert "Left open." in ask(agent, "GET", "/").text
    since = recorder.mark()
    recorder.publish(agent.topic("left", "set"), "CLOSE")
    closed = recorder.wait(attributes, lambda text: json.loads(text)["open_since"] is None, since=since).json
    assert (closed["left_open"], closed["closed_sensor"]) == (False, True)
    history = json.loads(ask(agent, "GET", "/api/history?door=left").text)["events"]
    assert [one["event"] for one in history].count("left_open") == 1, "told once an opening"


def test_what_a_former_name_has_left_is_named_once(broker, agent_factory, tmp_path):
    said = "this agent had the topics"
    for node, count in ("old_garage", 0), ("garage", 1), ("garage", 0):
        config = {"node": node, "history": {"directory": str(tmp_path)}}
        if count:  # a start that fails says nothing of it, and keeps the former name
            gpio = {"backend": "libgpiod", "chip": "none"}
            assert agent_factory(broker, config=config | {"gpio": gpio}).run().returncode == 1
        agent = agent_factory(broker, config=config)
        agent.start().log.wait("connected to the broker")
        assert len(agent.log.find(said)) == count, node
        if count:
            line = agent.log.wait(said)
            assert "portcullis/old_garage before" in line and "homeassistant/device/portcullis_oldUgarage*/config" in line
        assert agent.stop() == 0
    agent.start().log.wait("connected to the broker")
    agent.config["node"] = "barn"
    agent.write_config()
    agent.send_signal(signal.SIGHUP)
    agent.log.wait("connected to the broker", count=2)
    assert agent.stop() == 0
    agent.start().log.wait("connected to the broker")
    assert not agent.log.find(said), "a reload has taken the name back"
    assert agent.stop() == 0
    agent.config["node"] = "garage"
    for damage in b"", b"\0 x y", b"portcullis garage", b"a b c" * 100, b"a \x1b[31m c\n":
        (tmp_path / "name").write_bytes(damage)
        agent.start().log.wait("connected to the broker", count=1)
        assert not agent.log.find(said), damage
        assert agent.stop() == 0
    assert (tmp_path / "name").read_text() == "portcullis garage homeassistant\n"


def test_an_agent_in_another_one_s_directory_takes_it_for_no_former_name(broker, agent_factory, tmp_path):
    """Nothing of an agent that lives is to be removed from the broker."""
    history = {"history": {"directory": str(tmp_path)}}
    first, second = (agent_factory(broker, config=history | {"node": node}) for node in ("garage", "shed"))
    first.start().log.wait("connected to the broker")
    second.start().log.wait("another agent writes in")
    second.log.wait("connected to the broker")
    second.config["node"] = "barn"
    second.write_config()
    second.send_signal(signal.SIGHUP)
    second.log.wait("connected to the broker", count=2)
    for agent in (first, second):
        assert not agent.log.find("this agent had the topics")
        assert agent.stop() == 0
    assert (tmp_path / "name").read_text() == "portcullis garage homeassistant\n"


def test_a_former_name_that_is_no_file_holds_up_no_start(broker, agent_factory, tmp_path):
    os.mkfifo(tmp_path / "name")
    agent_factory(broker, config={"history": {"directory": str(tmp_path)}}).start().log.wait("connected to the broker")


class OnlyThree(harness.FakeBroker):
    """Knows no MQTT 5."""

    def on_connect(self, connection, connect):
        connection.connack(0x84 if connect.version == 5 else 0)
        if connect.version == 5:
            connection.close()


def test_over_mqtt_3_commands_do_not_expire(agent_factory):
    """Where Home Assistant speaks 3.1.1 too, as it would at this broker, it could not command the door at all."""
    broker = OnlyThree()
    try:
        agent_factory(broker).start()
        document = json.loads(broker.wait_publish(LEFT).payload)
        assert "message_expiry_interval" not in document["components"]["door"] | document["components"]["toggle"]
    finally:
        broker.close()


def test_a_birth_brings_the_documents_again_after_a_short_random_time(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    started(agent_factory, recorder, broker, doors=TWO)
    recorder.wait(RIGHT)
    delays = []
    for _ in range(4):
        since, born = recorder.mark(), time.monotonic()
        recorder.publish("homeassistant/status", "online")
        delays.append(recorder.wait(AGENT, since=since).at - born)
        recorder.wait(RIGHT, since=since)
        assert [m.topic for m in recorder.seen(DOCUMENTS, since=since)] == [AGENT, LEFT, RIGHT]
    assert min(delays) > 0.05 and max(delays) < 5 * harness.SLOWNESS, delays
    assert max(delays) - min(delays) > 0.03, f"not random: {delays}"


def test_a_death_or_nonsense_brings_nothing(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    agent = started(agent_factory, recorder, broker, doors=[door("left", travel_time="3s")])
    recorder.wait(LEFT)
    since = recorder.mark()
    for payload in ("offline", "", "ONLINE!"):
        recorder.publish("homeassistant/status", payload)
    recorder.publish(agent.topic("left", "set"), "OPEN")  # longer than the longest delay
    recorder.wait(agent.topic("left", "state"), "open", since=since)
    assert not recorder.seen(DOCUMENTS, since=since)


def test_births_in_a_row_are_answered_once(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    started(agent_factory, recorder, broker)
    recorder.wait(LEFT)
    since = recorder.mark()
    for _ in range(5):
        recorder.publish("homeassistant/status", "online")
    recorder.wait(LEFT, since=since)
    since = recorder.mark()
    recorder.publish("homeassistant/status", "online")
    recorder.wait(LEFT, since=since)
    assert len(recorder.seen(LEFT, since=since)) == 1


def test_a_removed_door_is_removed_and_nobody_elses(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    others = {"portcullis/other/right/state": "open", "portcullis/garage2/right/state": "open",
              "homeassistant/device/portcullis_other_right/config": "{}", "portcullis/garage/note": "keep"}
    for topic, payload in others.items():
        recorder.publish(topic, payload, retain=True)
    first = started(agent_factory, recorder, broker, doors=TWO)
    recorder.wait(RIGHT)
    assert first.stop() == 0
    assert first.topic("right", "state") in retained(broker)
    since = recorder.mark()
    second = started(agent_factory, recorder, broker, doors=TWO[:1])
    recorder.wait(RIGHT, "", since=since)
    harness.wait_until(lambda: not [t for t in retained(broker) if t.startswith(first.topic("right"))],
                       "the removed door's topics to go")
    emptied = [message.topic for message in recorder.seen(payload="", since=since) if "right" in message.topic]
    assert (emptied[0], emptied[-1]) == (RIGHT, first.topic("right", "state")), "Home Assistant would warn; we would not find it"
    kept = retained(broker)
    assert others.items() <= kept.items()
    assert LEFT in kept and second.topic("left", "state") in kept and RIGHT not in kept


def test_a_renamed_door_is_renamed_and_stays_the_same_device(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    first = started(agent_factory, recorder, broker)
    before = recorder.wait(LEFT).json
    assert first.stop() == 0
    since = recorder.mark()
    started(agent_factory, recorder, broker, doors=[door("left", name="Tor „links“")])
    after = recorder.wait(LEFT, since=since).json
    assert after["device"]["name"] == "Tor „links“"
    assert after["device"]["identifiers"] == before["device"]["identifiers"]
    assert after["components"] == before["components"]


def test_a_sensor_taken_away_is_removed(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    first = started(agent_factory, recorder, broker)
    assert len(recorder.wait(LEFT).json["components"]["open_contact"]) > 1
    assert first.stop() == 0
    since = recorder.mark()
    started(agent_factory, recorder, broker, doors=[door("left", open_sensor=None)])
    assert recorder.wait(LEFT, since=since).json["components"]["open_contact"] == {"platform": "binary_sensor"}


def test_discovery_off_sends_nothing(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    started(agent_factory, recorder, broker, home_assistant={"discovery": False})
    since = recorder.mark()
    recorder.publish("homeassistant/status", "online")
    recorder.publish("portcullis/garage/left/set", "OPEN")
    recorder.wait("portcullis/garage/left/state", "open", since=since)
    assert not [m for m in recorder.messages if m.topic.startswith("homeassistant/") and m.topic != "homeassistant/status"]


def test_another_prefix_moves_documents_and_birth(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    started(agent_factory, recorder, broker, home_assistant={"prefix": "hass/discovery"})
    recorder.wait("hass/discovery/device/portcullis_garage_left/config")
    since = recorder.mark()
    recorder.publish("hass/discovery/status", "online")
    recorder.wait("hass/discovery/device/portcullis_garage_left/config", since=since)
    assert not recorder.seen(DOCUMENTS)


def test_a_state_is_published_on_change_only_and_fits_its_position(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    agent = started(agent_factory, recorder, broker)
    recorder.wait(LEFT)
    state, position = agent.topic("left", "state"), agent.topic("left", "position")
    recorder.wait(state, "closed")  # settled
    since = recorder.mark()
    for command, end in (("OPEN", "open"), ("CLOSE", "closed")):
        before = recorder.mark()
        recorder.publish(agent.topic("left", "set"), command)
        recorder.wait(state, end, since=before)
    said = [m.payload for m in recorder.seen(state, since=since)]
    changes = [payload for payload, before in zip(said, [None, *said]) if payload != before]
    assert changes == ["opening", "open", "closing", "closed"]
    long_ago = time.monotonic() - agent.log.times[0] > 9  # 10 s after the connect all is said again
    assert len(said) <= len(changes) + long_ago, said
    shown = [m for m in recorder.messages if m.topic in (state, position)]
    assert shown[0].topic == position, "the position comes before the state"
    at = None
    for message in shown:
        if message.topic == position:
            at = message.payload
        elif message.payload == "open":
            assert at == "100", "an open door at 0 cannot be closed in Home Assistant"
        elif message.payload == "closed":
            assert at == "0"


def test_a_refusal_is_seen_at_once_each_time(broker, agent_factory, recorder_factory):
    """Where Home Assistant's buttons can do nothing the attributes say so, and the button that works is there."""
    recorder = recorder_factory(broker)
    agent = started(agent_factory, recorder, broker, doors=[door("left", closed_sensor=None, open_sensor=None)])
    components = recorder.wait(LEFT).json["components"]
    assert "enabled_by_default" not in components["toggle"]
    assert components["last_command"]["json_attributes_topic"] == agent.topic("left", "attributes")
    told = []
    for command in "OPEN", "OPEN", "STOP", "BARK":
        since = recorder.mark()
        recorder.publish(agent.topic("left", "set"), command)
        told.append(recorder.wait(  # all is said again 10 s after the connect
            agent.topic("left", "attributes"), since=since,
            payload=lambda text: (json.loads(text)["last_command"] or {}).get("number") == len(told) + 1).json["last_command"])
    assert [one["command"] for one in told] == ["open", "open", "stop", None]
    assert {one["result"] for one in told} == {"rejected"} and [one["number"] for one in told] == [1, 2, 3, 4]
    assert [one["reason"] for one in told] == ["unknown_state"] * 3 + ["unknown_command"]
    assert "either way" in told[0]["detail"] and told[0]["source"] == "mqtt"
    assert not has_time(agent) or told[0]["time"] < told[1]["time"]
    since = recorder.mark()
    recorder.publish(components["toggle"]["command_topic"], components["toggle"]["payload_press"])
    last = recorder.wait(agent.topic("left", "attributes"), lambda text: json.loads(text)["last_command"]["number"] == 5,
                         since=since).json["last_command"]
    assert (last["command"], last["result"], last["reason"], last["detail"]) == ("toggle", "accepted", None, None)


def test_a_command_that_is_cancelled_is_seen(broker, agent_factory, recorder_factory):
    """Something comes into the way during the warning: nobody is left with a Close that was accepted and does not come."""
    recorder = recorder_factory(broker)
    warned = door("left", obstruction_sensor="GPIO25", close_warning={"line": "GPIO12", "time": "60s"})
    agent = started(agent_factory, recorder, broker, doors=[warned])
    assert "'cancelled': ' cancelled'" in recorder.wait(LEFT).json["components"]["last_command"]["value_template"]
    attributes = agent.topic("left", "attributes")
    recorder.publish(agent.topic("left", "set"), "OPEN")
    recorder.wait(agent.topic("left", "state"), "open")
    since = recorder.mark()
    recorder.publish(agent.topic("left", "set"), "CLOSE")
    recorder.wait(attributes, lambda text: json.loads(text)["close_warning"], since=since)
    assert ask(agent, "POST", "/api/simulator/left/obstruct").status == 202
    last = recorder.wait(attributes, lambda text: json.loads(text)["obstruction_sensor"], since=since).json["last_command"]
    assert (last["command"], last["result"], last["reason"], last["number"]) == ("close", "cancelled", None, 2)
    assert json.loads(ask(agent, "GET", "/api/doors").text)["doors"][0]["last_command"] == last
    assert 'portcullis_door_commands_cancelled_total{door="left"} 1' in ask(agent, "GET", "/metrics").text


def test_not_closed_is_no_position(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    agent = started(agent_factory, recorder, broker,
                    doors=[door("left", open_sensor=None, obstruction_sensor={"line": "GPIO25"}, travel_time=None, open_time="1s",
                                close_time="10s")])
    since = recorder.mark()
    recorder.publish(agent.topic("left", "set"), "OPEN")
    recorder.wait(agent.topic("left", "state"), "open", since=since)
    assert recorder.wait(agent.topic("left", "attributes"), since=since).json["position_known"] is True
    recorder.publish(agent.topic("left", "set"), "CLOSE")
    recorder.wait(agent.topic("left", "state"), "closing", since=since)
    since = recorder.mark()
    ask(agent, "POST", "/api/simulator/left/obstruct")
    recorder.wait(agent.topic("left", "state"), "None", since=since)
    recorder.wait(agent.topic("left", "position"), "99", since=since)
    recorder.wait(agent.topic("left", "attributes"), lambda text: not json.loads(text)["position_known"], since=since)


def test_an_unknown_state_is_none_and_has_no_position(broker, agent_factory, recorder_factory):
    recorder = recorder_factory(broker)
    agent = started(agent_factory, recorder, broker, doors=[door("left", closed_sensor=None, open_sensor=None)])
    recorder.wait(LEFT)
    kept = retained(broker)
    assert kept[agent.topic("left", "state")] == "None"
    assert agent.topic("left", "position") not in kept
    attributes = recorder.wait(agent.topic("left", "attributes")).json
    assert attributes["confidence"] == "unknown" and attributes["closed_sensor"] is None
