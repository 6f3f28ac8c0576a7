"""A move to a position: from each side it comes to the door, which stops on its way and says so, and no more than that.

What the door's machine does with it in every state is in test/unit/test_door*.c.
"""

import json
import signal

import pytest

from harness import ask, door, wait_until

RELAYS = {"relay": None, "open_relay": "GPIO17", "close_relay": "GPIO27", "stop_relay": "GPIO22", "gap": "100ms"}
DISCOVERY = "homeassistant/device/portcullis_garage_left/config"
REAL_S = 12  # a whole travel, of the simulated door


@pytest.fixture
def house(agent_factory, recorder_factory, broker):
    def make(**changes):
        agent = agent_factory(broker, config={"doors": [door(travel_time=f"{REAL_S}s", **{**RELAYS, **changes})]}).start()
        agent.recorder = recorder_factory(broker)
        agent.recorder.wait(agent.topic("left", "attributes"), lambda text: json.loads(text)["settled"])
        return agent
    return make


def order(agent, payload, **how):
    return agent.recorder.command(agent, agent.topic("left", "position/set"), payload, **how).json


def state(agent, wanted, since=0):
    agent.recorder.wait(agent.topic("left", "state"), wanted, since=since)


def only_door(agent):
    return ask(agent, "GET", "/api/doors").json["doors"][0]


def relays(agent):
    return agent.log.find("door left: \\w* ?relay on$")


def test_by_mqtt(house):
    agent = house()
    assert order(agent, "40") == {"result": "accepted"}
    assert order(agent, "40") == {"result": "unchanged"}
    assert order(agent, "60") == {"result": "rejected", "reason": "busy"}
    state(agent, "stopped")
    one = only_door(agent)
    assert (one["confidence"], one["source"], one["fault"]) == ("estimated", "mqtt", None)
    assert 39 <= one["position"] <= 45
    pressed = len(relays(agent))
    assert pressed == 2
    for payload in "101", "-1", "1.5", "half", "OPEN":
        assert order(agent, payload)["reason"] == "unknown_command", payload
    assert "0 to 100 for a position" in only_door(agent)["last_command"]["detail"]
    agent.log.wait("refused: This is not a command; .* and 0 to 100 for a position")
    assert order(agent, "80", retain=True)["reason"] == "retained"
    assert len(relays(agent)) == pressed
    mark = agent.recorder.mark()
    assert order(agent, "0") == {"result": "accepted"}
    state(agent, "closed", mark)
    assert only_door(agent)["last_command"]["command"] == "close"


def test_by_the_api(house):
    agent = house()
    path = "/api/doors/left/position"
    for body in b"", b"position=", b"position=101", b"position=1&position=2", b"percent=5", b"15", b"position=x":
        assert ask(agent, "POST", path, body).status == 400, body
    assert not relays(agent)
    assert only_door(agent)["positions"]["from"] < 15 < only_door(agent)["positions"]["to"]
    answer = ask(agent, "POST", path, b"position=15")
    assert (answer.status, answer.json) == (202, {"result": "accepted"})
    state(agent, "stopped")
    wait_until(lambda: ask(agent, "POST", path, b"position=16").json["reason"] == "no_way", "the gap to be over")
    assert ask(agent, "POST", path, b"position=16").status == 409
    assert only_door(agent)["last_command"]["command"] == "position"
    mark = agent.recorder.mark()
    assert ask(agent, "POST", path, b"position=100").status == 202
    state(agent, "open", mark)


@pytest.mark.parametrize("changes, possible", [
    ({}, True), ({"stop_relay": None}, False),
    ({**dict.fromkeys(("open_relay", "close_relay", "stop_relay")), "relay": "GPIO17"}, True),
    ({**dict.fromkeys(("open_relay", "close_relay", "stop_relay")), "relay": "GPIO17", "closed_sensor": None}, False)])
def test_home_assistant_is_told_where_it_is_possible(house, changes, possible):
    agent = house(**changes)
    told = agent.recorder.wait(DISCOVERY).json["components"]["door"]
    assert told.get("set_position_topic") == (agent.topic("left", "position/set") if possible else None)
    assert (only_door(agent)["positions"] is not None) == possible


def test_the_button_for_air(house):
    """As Home Assistant presses it: the payload to the topic, both of the agent's own document."""
    agent = house(vent=15)
    button = agent.recorder.wait(DISCOVERY).json["components"]["vent"]
    assert (button["name"], button["platform"], button["message_expiry_interval"]) == ("Air", "button", 10)
    assert only_door(agent)["vent"] == 15
    mark = agent.recorder.mark()
    agent.recorder.publish(button["command_topic"], button["payload_press"])
    state(agent, "stopped", mark)
    assert 14 <= only_door(agent)["position"] <= 20
    assert len(relays(agent)) == 2
    agent.config["doors"] = [door(**RELAYS, travel_time=f"{REAL_S}s")]
    agent.write_config()
    agent.recorder.wait(DISCOVERY)  # that of the start
    mark = agent.recorder.mark()
    agent.send_signal(signal.SIGHUP)
    told = agent.recorder.wait(DISCOVERY, since=mark).json["components"]
    assert told["vent"] == {"platform": "button"} and only_door(agent)["vent"] is None


@pytest.mark.parametrize("before, after", [("ignore", "stop"), ("stop", "ignore")])
def test_it_is_heard_since_a_reload(house, before, after):
    """What Home Assistant is told of after a reload is listened to, and no more than that."""
    def config(while_opening):
        return {**dict.fromkeys(("open_relay", "close_relay", "stop_relay")), "relay": "GPIO17", "opener": {"while_opening": while_opening}}
    agent = house(**config(before))
    agent.config["doors"] = [door(travel_time=f"{REAL_S}s", **{**RELAYS, **config(after)})]
    agent.write_config()
    agent.recorder.wait(DISCOVERY)  # that of the start
    mark = agent.recorder.mark()
    agent.send_signal(signal.SIGHUP)
    told = agent.recorder.wait(DISCOVERY, since=mark).json["components"]["door"]
    if after == "stop":
        assert told["set_position_topic"] == agent.topic("left", "position/set")
        wait_until(lambda: order(agent, "20")["result"] == "accepted", "the door to obey")
    else:
        assert "set_position_topic" not in told


@pytest.mark.parametrize("configured_s, word", [(REAL_S, "as configured"), (REAL_S * 1.25, "a fifth shorter"),
                                                (REAL_S / 1.2, "a fifth longer")])
def test_how_near_it_comes(house, configured_s, word, capsys):
    """The simulated door keeps the travel time of the start, while the agent reckons with another. The simulator's own lines show
    for how long it moved; nothing is asserted but that the agent claims no more than an estimate."""
    agent = house()
    agent.config["doors"] = [door(**RELAYS, travel_time=f"{int(configured_s * 1000)}ms")]
    agent.write_config()
    mark = len(agent.log.lines)
    agent.send_signal(signal.SIGHUP)
    agent.log.wait("the configuration is taken over", since=mark)
    assert order(agent, "40") == {"result": "accepted"}
    state(agent, "stopped")
    one = only_door(agent)
    assert one["confidence"] == "estimated" and one["fault"] is None
    agent.log.wait("simulator: door 1 stands")
    began, ended = [float(line[17:23]) for line in agent.log.find("simulator: door 1 (opens|stands)")]
    with capsys.disabled():
        print(f"# real travel {word}: asked 40 %, said {one['position']} %, stood at {(ended - began) % 60 / REAL_S * 100:.1f} %")
