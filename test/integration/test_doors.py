"""Whole doors, as a household sees them: commands by MQTT, a simulated opener and door below, states above.

What the door's machine does in every state is in test/unit/test_door*.c; here is that the agent carries it out.
"""

import time

import pytest

from harness import ask, door, get, wait_until

BOTH = {"relay": None, "open_relay": "GPIO5", "close_relay": "GPIO6", "stop_relay": "GPIO13"}


def poke(agent, what, id="left"):
    assert ask(agent, "POST", f"/api/simulator/{id}/{what}").status in (200, 202, 204)


def metrics(agent):
    return get(agent, "/metrics")


class House:
    def __init__(self, agent, recorder):
        self.agent, self.recorder = agent, recorder

    def send(self, command, id="left"):
        """Publishes a command and returns the answer."""
        return self.recorder.command(self.agent, self.agent.topic(id, "set"), command).json

    def state(self, state, since=0, id="left"):
        return self.recorder.wait(self.agent.topic(id, "state"), state, since=since)

    def event(self, event_type, since=0, id="left"):
        return self.recorder.wait(self.agent.topic(id, "event"), since=since,
                                  payload=lambda text: f'"event_type":"{event_type}"' in text).json

    def attributes(self, since=0, id="left", **wanted):
        topic = self.agent.topic(id, "attributes")
        self.recorder.wait(topic, since=since, payload=lambda _: any(
            all(m.json.get(k) == v for k, v in wanted.items()) for m in self.recorder.seen(topic)[-1:]))

    def pulses(self):
        return [line.split("door ")[1] for line in self.agent.log.find(r"(relay|warning) (on|off)$")]


@pytest.fixture
def house(agent_factory, recorder_factory, broker):
    def make(*doors):
        agent = agent_factory(broker, config={"doors": [door(**changes) for changes in doors or ({},)]})
        recorder = recorder_factory(broker)
        agent.start()
        for changes in doors or ({},):
            recorder.wait(agent.topic(changes.get("id", "left"), "state"), "closed")
        return House(agent, recorder)
    return make


def test_open_and_close_with_a_toggle_relay(house):
    house = house()
    assert house.send("OPEN") == {"result": "accepted"}
    house.state("opening")
    house.state("open")
    assert house.send(" open\n") == {"result": "unchanged"}
    mark = house.recorder.mark()
    assert house.send("CLOSE") == {"result": "accepted"}
    house.state("closed", since=mark)
    assert house.send("close") == {"result": "unchanged"}
    assert house.pulses() == ["left: relay on", "left: relay off"] * 2
    attributes = house.recorder.seen(house.agent.topic("left", "attributes"))[-1].json
    assert attributes["source"] == "mqtt" and attributes["cycles"] == 1 and attributes["confidence"] == "sensed"
    assert 800 < attributes["last_open_ms"] < 3000


def test_stop_and_reverse_in_mid_travel(house):
    house = house({"travel_time": "60s"})
    house.send("OPEN")
    house.state("opening")
    house.agent.log.wait("simulator.* opens")
    house.agent.log.wait("relay off")
    assert house.send("STOP") == {"result": "accepted"}
    house.state("stopped")
    mark = house.recorder.mark()
    assert house.send("CLOSE") == {"result": "accepted"}
    house.state("closing", since=mark)
    house.state("closed", since=mark)


def test_the_wall_button_is_local(house):
    house = house()
    poke(house.agent, "wall_button")
    house.state("opening")
    house.state("open")
    house.attributes(source="local")
    assert house.pulses() == []


ONLY_CLOSED = {"open_sensor": None, "open_time": "20s", "close_time": "100ms", "travel_time": None,
               "opener": {"while_opening": "reverse"}}


def test_a_sensor_whose_edge_the_chip_lost_is_looked_at_again(house):
    """Nobody tells that the door has opened. It is not said to be closed for long."""
    house = house(ONLY_CLOSED)
    poke(house.agent, "lose_edge")
    poke(house.agent, "wall_button")
    house.recorder.wait(house.agent.topic("left", "state"), "opening", deadline=20)
    house.attributes(source="local", closed_sensor=False)


def test_a_bounce_whose_last_edge_the_chip_lost_is_no_change(house):
    house = house(ONLY_CLOSED | {"debounce": "2s"})
    edge = 'portcullis_gpio_edges_total{door="left",sensor="closed"} 1\n'
    mark, begun = house.recorder.mark(), time.monotonic()
    poke(house.agent, "wall_button")
    wait_until(lambda: edge in metrics(house.agent), "the first edge")
    poke(house.agent, "lose_edge")
    poke(house.agent, "wall_button")
    house.agent.log.wait("simulator: door 1 stands")
    if time.monotonic() - begun > 1.8:
        pytest.skip("this machine is too busy for a quick bounce")
    time.sleep(2.5)  # for what must not come
    assert edge in metrics(house.agent)
    assert not house.recorder.seen(house.agent.topic("left", "state"), since=mark)


def test_an_obstruction_refuses_close_and_clears(house):
    house = house({"obstruction_sensor": {"line": "GPIO25"}})
    house.send("OPEN")
    house.state("open")
    poke(house.agent, "obstruct")
    house.attributes(obstruction_sensor=True)
    pulses, mark = house.pulses(), house.recorder.mark()
    assert house.send("CLOSE") == {"result": "rejected", "reason": "obstructed"}
    assert house.event("command_rejected")["reason"] == "obstructed"
    assert house.pulses() == pulses
    poke(house.agent, "clear")
    house.attributes(obstruction_sensor=False)
    assert house.send("CLOSE") == {"result": "accepted"}
    house.state("closed", since=mark)


def test_an_obstruction_while_closing_is_a_fault_and_the_door_goes_up(house):
    house = house({"obstruction_sensor": {"line": "GPIO25"}, "travel_time": None, "open_time": "1s", "close_time": "60s"})
    house.send("OPEN")
    house.state("open")
    mark = house.recorder.mark()
    house.send("CLOSE")
    house.attributes(open_sensor=False)
    poke(house.agent, "obstruct")
    assert house.event("fault", since=mark)["fault"] == "obstructed"
    house.state("open", since=mark)
    assert house.pulses().count("left: relay on") == 2  # no reversal of ours


def test_a_jammed_door_did_not_finish(house):
    house = house({"travel_time": "6s"})
    house.send("OPEN")
    house.attributes(closed_sensor=False)
    poke(house.agent, "jam")
    assert house.event("fault")["fault"] == "did_not_finish"
    house.state("stopped")
    poke(house.agent, "unjam")


def test_an_opener_that_does_nothing_did_not_start(house):
    house = house()
    poke(house.agent, "jam")
    mark = house.recorder.mark()
    house.send("OPEN")
    assert house.event("fault")["fault"] == "did_not_start"
    house.state("closed", since=mark)
    assert house.pulses().count("left: relay on") == 1  # and it is not tried again


def test_open_close_stop_wiring(house):
    house = house({**BOTH, "open_sensor": None, "travel_time": None, "open_time": "6s", "close_time": "1s"})
    house.send("OPEN")
    house.agent.log.wait("simulator.* opens")
    house.agent.log.wait("open relay off")
    assert house.send("STOP") == {"result": "accepted"}
    house.state("stopped")
    house.agent.log.wait("stop relay off")
    assert house.send("OPEN") == {"result": "accepted"}
    house.state("open")
    mark = house.recorder.mark()
    house.send("CLOSE")
    house.state("closed", since=mark)
    assert house.pulses() == [f"left: {which} relay {level}" for which in ("open", "stop", "open", "close")
                              for level in ("on", "off")]


def test_a_close_warning_comes_first_and_stop_cancels_it(house):
    house = house({"close_warning": {"line": "GPIO5", "time": "6s"}})
    house.send("OPEN")
    house.state("open")
    house.send("CLOSE")
    house.event("close_warning")
    assert house.send("STOP") == {"result": "accepted"}
    house.event("command_cancelled")
    assert house.pulses() == ["left: relay on", "left: relay off", "left: close warning on", "left: close warning off"]
    mark = house.recorder.mark()
    house.send("CLOSE")
    house.state("closed", since=mark)
    assert house.pulses()[4:] == ["left: close warning on", "left: close warning off", "left: relay on",
                                  "left: relay off"]


def test_auto_close_warns_and_names_itself(house):
    house = house({"close_warning": {"line": "GPIO5", "time": "5s"}, "auto_close": "1s"})
    mark = house.recorder.mark()
    house.send("OPEN")
    house.state("open")
    house.event("auto_close", since=mark)
    house.event("close_warning", since=mark)
    house.state("closed", since=mark)
    house.attributes(source="auto_close")


def test_two_doors_do_not_mix(house):
    house = house({}, {"id": "right", "relay": "GPIO18", "closed_sensor": {"line": "GPIO26"},
                       "open_sensor": {"line": "GPIO27"}})
    house.send("OPEN", id="right")
    house.state("open", id="right")
    assert not house.recorder.seen(house.agent.topic("left", "state"), "opening")
    assert house.pulses() == ["right: relay on", "right: relay off"]


def test_position_comes_before_state_and_agrees_with_it(house):
    house = house()
    house.send("OPEN")
    house.state("open")
    mark = house.recorder.mark()
    house.send("CLOSE")
    house.state("closed", since=mark)
    position, state = None, None
    topics = (house.agent.topic("left", "position"), house.agent.topic("left", "state"))
    for message in house.recorder.messages:
        if message.topic == topics[0]:
            position = message.payload
        elif message.topic == topics[1]:
            state = message.payload
            assert (state, position) not in (("open", "0"), ("closed", "100"), ("open", None))
            if state == "closed":
                assert position == "0"
    assert (state, position) == ("closed", "0")
