"""Every service of Home Assistant in every state of a door, and each fault as Home Assistant shows it. What has to become of a command
is the table of docs/door.md: a door with a toggle relay and one with three relays, each with both contacts.
"""

import json
import time

import pytest

from harness import ask, door, wait_until
from house import DOORS

TRAVEL_S = 4
RELAYS = {"relay": None, "open_relay": "GPIO20", "close_relay": "GPIO21", "stop_relay": "GPIO22", "gap": "100ms"}
FOUR = [door("left", travel_time=f"{TRAVEL_S}s"),
        door("three", **RELAYS, closed_sensor={"line": "GPIO6"}, open_sensor={"line": "GPIO13"}, travel_time=f"{TRAVEL_S}s"),
        door("bare", relay="GPIO5", closed_sensor=None, open_sensor=None, travel_time=None),
        door("free", relay=None, open_relay="GPIO7", close_relay="GPIO8", stop_relay="GPIO9", gap="100ms", closed_sensor=None,
             open_sensor=None, travel_time="2s")]
YES, NOTHING = ("accepted", None), ("unchanged", None)
# What becomes of a service in a state: for both wirings, or for (a toggle relay, three relays). A press of this toggle relay after a
# stopped opening would close.
BECOMES = {
    "closed": {"open_cover": YES, "close_cover": NOTHING, "stop_cover": NOTHING, "toggle": YES},
    "opening": {"open_cover": NOTHING, "close_cover": YES, "stop_cover": YES, "toggle": YES},
    "open": {"open_cover": NOTHING, "close_cover": YES, "stop_cover": NOTHING, "toggle": YES},
    "closing": {"open_cover": YES, "close_cover": (NOTHING, YES), "stop_cover": YES, "toggle": YES},
    "stopped": {"open_cover": (("rejected", "no_way"), YES), "close_cover": YES, "stop_cover": NOTHING, "toggle": YES},
}
POSITION = {"closed": YES, "opening": ("rejected", "uncertain"), "open": YES, "closing": ("rejected", "uncertain"), "stopped": YES}
UNKNOWN = {"bare": {"open_cover": ("rejected", "unknown_state"), "close_cover": ("rejected", "unknown_state"),
                    "stop_cover": ("rejected", "unknown_state")},
           "free": {"open_cover": YES}}


class Door:
    def __init__(self, house, id):
        self.house, self.id, self.cover = house, id, f"cover.garage_{id}_door"

    @property
    def state(self):
        return next(one["state"] for one in ask(self.house.agent, "GET", "/api/doors").json["doors"] if one["id"] == self.id)

    @property
    def last(self):
        """Of its last command, as Home Assistant knows it: (number, what it was, how it ended and why)."""
        found = self.house.home.get(f"/api/states/sensor.garage_{self.id}_last_command")["attributes"]
        return found.get("number", 0), found.get("command"), (found.get("result"), found.get("reason"))

    def wait(self, *states):
        wait_until(lambda: self.state in states, f"{self.id} to be {states}", 40)

    def call(self, service, entity=None, **data):
        """How it ended."""
        before = self.last[0]
        self.house.home.service(service, entity or self.cover, **data)
        wait_until(lambda: self.last[0] > before, f"a word of {service} of {self.id}", 20)
        assert self.last[0] == before + 1, "one command"
        return self.last[2]

    def under_way(self):
        """Until it has left its end, and no press is to come."""
        wait_until(lambda: 8 < self.house.home.get(f"/api/states/{self.cover}")["attributes"]["current_position"] < 92, "a way", 20)
        time.sleep(0.3)

    def bring(self, state):
        """From wherever it is, by its services."""
        if self.state == state and state in ("closed", "open", "stopped"):
            return
        if state == "closed":
            self.call("close_cover")
            self.wait(state)
        elif state == "open":
            self.bring("closed")
            self.call("open_cover")
            self.wait(state)
        elif state == "stopped":
            self.bring("opening")
            self.call("stop_cover")
            self.wait(state)
            time.sleep(0.5)
        else:
            self.bring("closed" if state == "opening" else "open")
            self.call("open_cover" if state == "opening" else "close_cover")
            self.wait(state)
            self.under_way()


@pytest.fixture(scope="module")
def four(house):
    house.restart({"doors": FOUR})
    house.all_is_well()
    house.home.wait_state("cover.garage_three_door", "closed")
    house.ready()
    yield {one["id"]: Door(house, one["id"]) for one in FOUR}
    house.restart({"doors": DOORS})
    house.all_is_well()
    house.ready()


@pytest.mark.parametrize("state", BECOMES)
def test_every_service(four, state):
    wrong = []
    for service, becomes in BECOMES[state].items():
        for number, one in enumerate((four["left"], four["three"])):
            wanted = becomes[number] if isinstance(becomes[0], tuple) else becomes
            one.bring(state)
            if (found := one.call(service)) != wanted:
                wrong.append((one.id, service, found, wanted))
            one.bring("closed")
    four["three"].bring(state)
    if (found := four["three"].call("set_cover_position", position=50)) != POSITION[state]:
        wrong.append(("three", "set_cover_position", found, POSITION[state]))
    assert not wrong


def test_an_unknown_state(house, four):
    for id, becomes in UNKNOWN.items():
        for service, wanted in becomes.items():
            house.home.wait_state(four[id].cover, "unknown")
            assert four[id].call(service) == wanted, (id, service)
    assert four["bare"].call("press", "button.garage_bare_toggle") == YES, "on from the start: nothing else works"
    house.home.wait_state(four["bare"].cover, "unknown")
    house.home.wait_state(four["free"].cover, "open")


def test_a_position(house, four):
    three = four["three"]
    three.bring("closed")
    assert three.call("set_cover_position", position=40) == YES
    three.wait("stopped")
    house.home.wait_state(three.cover, "open")  # a moment after the agent's own page
    assert 35 <= house.home.get(f"/api/states/{three.cover}")["attributes"]["current_position"] <= 60
    assert three.call("set_cover_position", position=0) == YES
    three.wait("closed")


def test_a_cancelled_command(house, four):
    """Another pulse takes the press back that was to stop the door: it goes on to its end."""
    three = four["three"]
    three.bring("closed")
    assert three.call("set_cover_position", position=80) == YES
    house.reload({"doors": [{**one, "pulse": "600ms"} if one["id"] == "three" else one for one in FOUR]})
    house.home.wait_state("sensor.garage_three_last_command", "Position cancelled")
    assert three.last[1:] == ("position", ("cancelled", None))
    three.wait("open")
    three.bring("closed")
    house.reload({"doors": FOUR})


def test_a_lock_out(house, four):
    home, left, three = house.home, four["left"], four["three"]
    every, one = "switch.garage_lockout", "switch.garage_left_lockout"
    for door_ in (left, three):
        door_.bring("closed")
    for entity in (every, one):
        home.wait_state(entity, "off")
    assert left.call("turn_on", one) == YES
    home.wait_state(one, "on")
    assert home.state("sensor.garage_left_last_command") == "Lock-out accepted"
    home.wait_state(every, "off")
    assert left.call("open_cover") == ("rejected", "locked_out")
    assert left.call("toggle") == ("rejected", "locked_out")
    assert left.call("stop_cover") == NOTHING
    assert three.call("open_cover") == YES
    three.bring("closed")
    home.service("turn_on", every)
    home.wait_state(every, "on")
    assert three.call("set_cover_position", position=50) == ("rejected", "locked_out")
    home.service("turn_off", every)
    for entity in (every, one):
        home.wait_state(entity, "off")
    home.wait_state("sensor.garage_left_last_command", "Lifting the lock-out accepted")
    assert left.call("open_cover") == YES


def test_each_fault_that_a_simulated_door_can_have(house, four):
    home, three = house.home, four["three"]
    problem, fault = "binary_sensor.garage_three_problem", "sensor.garage_three_fault"
    three.bring("closed")
    house.poke("jam", "three")
    three.call("open_cover")
    home.wait_state(fault, "Did not start", 30)
    home.wait_state(problem, "on")
    house.poke("unjam", "three")
    three.bring("open")
    home.wait_state(problem, "off")
    three.call("close_cover")
    wait_until(lambda: home.get(f"/api/states/{three.cover}")["attributes"]["current_position"] < 90, "a way", 20)
    house.poke("jam", "three")
    home.wait_state(fault, "Did not finish", 60)
    house.poke("unjam", "three")
    three.bring("open")
    home.wait_state(fault, "No fault")
    three.call("close_cover")
    wait_until(lambda: home.get(f"/api/states/{three.cover}")["attributes"]["current_position"] < 90, "a way", 20)
    house.poke("obstruct", "three")
    home.wait_state(fault, "Reversed", 60)
    house.poke("clear", "three")
    three.bring("closed")
    home.wait_state(fault, "No fault")


def test_each_fault_has_its_word(house, four):
    """Those that a simulated door cannot have, too: said on the door's own topic in the agent's place."""
    topic = house.agent.topic("three", "attributes")
    said = house.recorder.seen(topic)[-1].json
    options = house.documents()["portcullis_garage_three"]["components"]["fault"]["options"]
    for word in options:
        name = None if word == "No fault" else word.lower().replace(" ", "_")
        house.recorder.client.publish(topic, json.dumps({**said, "fault": name}), qos=1, retain=True)
        house.home.wait_state("sensor.garage_three_fault", word)
        house.home.wait_state("binary_sensor.garage_three_problem", "off" if name is None else "on")
    house.recorder.client.publish(topic, json.dumps(said), qos=1, retain=True)
    assert len(options) == 8
