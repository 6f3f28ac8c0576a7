"""A household with a real Home Assistant: what appears, what it does, and that nothing stays behind. The entities that must be
there are read from the agent's own documents, so a change of the discovery needs no change here.
"""

import itertools
import json
import re
import signal
import time
from contextlib import suppress

import pytest

from harness import ask, door, merge, wait_until

DOORS = [door("left", travel_time="3s"), door("right", relay="GPIO5", closed_sensor={"line": "GPIO6"}, open_sensor={"line": "GPIO13"})]
DOCUMENT = re.compile("^homeassistant/device/portcullis_[^/]+/config$")
IDLE_S = 60
CYCLE_ROWS = 60  # of a cycle's states in the database, at most; none is written while nothing happens


class House:
    def __init__(self, world, home):
        self.world, self.home = world, home
        self.broker = world.broker_factory()
        self.recorder = world.recorder_factory(self.broker)
        home.add_mqtt(self.broker.port)
        self.agent = world.agent_factory(self.broker, config={"doors": DOORS})
        self.cover = "cover.garage_left_door"

    def documents(self):
        """{device id: document} as they were last heard; an empty one is gone."""
        last = {message.topic: message.payload for message in self.recorder.seen(DOCUMENT)}
        return {topic.split("/")[2]: json.loads(text) for topic, text in last.items() if text}

    def components(self):
        """Those that are to be entities: (device's document, component). One without an id takes an entity away."""
        return [(document, component) for document in self.documents().values()
                for component in document["components"].values() if "unique_id" in component]

    def entity(self, name):
        return next(component["default_entity_id"] for document, component in self.components()
                    if component["name"] == name and document["device"]["name"].startswith("Left"))

    def reload(self, changes):
        self.agent.config = merge(self.agent.config, changes)
        self.agent.write_config()
        mark = len(self.agent.log.lines)
        self.agent.send_signal(signal.SIGHUP)
        self.agent.log.wait("the configuration is taken over", since=mark)

    def all_is_well(self):
        self.home.wait_state("binary_sensor.garage_connection", "on", 40)
        self.home.wait_state(self.cover, "closed", 40)

    def restart(self, changes):
        """With another configuration: to take a door away takes a restart."""
        self.agent.stop()
        self.agent.config = merge(self.agent.config, changes)
        self.agent.start()

    def ready(self):
        """Until commands count: STOP presses nothing for a door at rest, and is stale before that."""
        def counts():
            mark = self.recorder.mark()
            self.recorder.client.publish(self.agent.topic("left", "set"), "STOP", qos=1)
            with suppress(AssertionError):
                return self.recorder.wait(self.agent.topic("left", "event"), re.compile('"command_unchanged"'), mark, 2)
            return False
        wait_until(counts, "commands to count", 30)

    def poke(self, what, id="left"):
        assert ask(self.agent, "POST", f"/api/simulator/{id}/{what}").status in (200, 202, 204)


@pytest.fixture(scope="session")
def house(world, home):
    house = House(world, home)
    house.agent.start()
    house.all_is_well()
    house.ready()
    return house


def test_each_entity_appears_by_itself(house):
    wanted = {component["default_entity_id"]: (document, component) for document, component in house.components()}
    assert len(wanted) > 20, "of two doors and the agent"
    wait_until(lambda: set(house.home.entities()) == set(wanted), "just these entities")
    entities, devices = house.home.entities(), house.home.devices()
    by_id = {device["id"]: device for device in devices.values()}
    for id, (document, component) in wanted.items():
        entity = entities[id]
        assert entity["unique_id"] == component["unique_id"]
        assert entity["original_name"] == component["name"], id
        assert entity["entity_category"] == component.get("entity_category"), id
        assert entity["disabled_by"] == (None if component.get("enabled_by_default", True) else "integration"), id
        assert by_id[entity["device_id"]]["name"] == document["device"]["name"], id
        state = house.home.get(f"/api/states/{id}")
        if entity["disabled_by"]:
            assert state is None, id
        else:
            assert state["attributes"].get("device_class") == component.get("device_class"), id
            assert state["state"] != "unavailable", id
    agent = devices["portcullis_garage"]
    for id in ("portcullis_garage_left", "portcullis_garage_right"):
        assert devices[id]["via_device_id"] == agent["id"] and devices[id]["manufacturer"] == "Portcullis"
    print(f"# entities: {len(wanted)}, devices: {len(devices)}")


def test_services_and_states(house):
    home, cover = house.home, house.cover
    home.service("open_cover", cover)
    home.wait_state(cover, "opening")
    home.service("stop_cover", cover)
    wait_until(lambda: home.get(f"/api/states/{cover}")["attributes"]["current_position"] not in (0, 100), "a stop on the way")
    home.service("open_cover", cover)
    home.wait_state(cover, "open")
    home.service("close_cover", cover)
    home.wait_state(cover, "closing")
    home.wait_state(cover, "closed")
    home.service("close_cover", cover)  # nothing to do
    presses = len(house.agent.log.find("door left: relay on"))
    house.poke("wall_button")
    home.wait_state(cover, "open")
    home.wait_state(house.entity("Last moved by"), "By hand")
    assert len(house.agent.log.find("door left: relay on")) == presses, "neither CLOSE nor the wall's button pressed"
    home.service("close_cover", cover)
    home.wait_state(cover, "closed")


def test_the_button(house):
    button = house.entity("Press the opener's button")
    house.home.ask("config/entity_registry/update", entity_id=button, disabled_by=None)
    house.home.wait_state(button, "unknown", 60)  # half a minute later Home Assistant takes it over: never pressed
    house.home.service("press", button)
    house.home.wait_state(house.cover, "open")
    house.home.service("press", button)
    house.home.wait_state(house.cover, "closed")


def test_a_fault(house):
    home, problem = house.home, house.entity("Problem")
    home.wait_state(problem, "off")
    house.poke("jam")
    home.service("open_cover", house.cover)
    home.wait_state(problem, "on")
    home.wait_state(house.entity("Fault"), "Did not start")
    house.poke("unjam")
    home.service("open_cover", house.cover)
    home.wait_state(house.cover, "open")
    home.wait_state(problem, "off")
    home.service("close_cover", house.cover)
    home.wait_state(house.cover, "closed")


def test_rows_and_activity(house, capsys):
    """What a day costs: of one cycle, and of a minute in which nothing happens."""
    home = house.home
    entities = [component["default_entity_id"] for document, component in house.components()]

    def cycle():
        home.service("open_cover", house.cover)
        home.wait_state(house.cover, "open")
        home.service("close_cover", house.cover)
        home.wait_state(house.cover, "closed")
    time.sleep(3)  # what is still to be written
    before, began = home.rows(entities), time.time()
    cycle()
    time.sleep(3)
    after = home.rows(entities)
    lines = home.activity(entities, began)
    grown = {id: after[id] - before[id] for id in entities if after[id] != before[id]}
    with capsys.disabled():
        print(f"\n# a cycle: {sum(grown.values())} rows {grown}, {len(lines)} lines of Activity")
    assert 0 < sum(grown.values()) <= CYCLE_ROWS
    began = time.time()
    time.sleep(IDLE_S)
    idle = sum(home.rows(entities).values()) - sum(after.values())
    lines = home.activity(entities, began)
    with capsys.disabled():
        print(f"# idle for {IDLE_S} s: {idle} rows, {len(lines)} lines of Activity")
    assert idle == 0 and not lines


@pytest.mark.parametrize("order", itertools.permutations(("broker", "agent", "home")), ids="-".join)
def test_restarts_in_every_order(house, order):
    """All three end, and come back in this order."""
    house.home.stop(deadline=30)
    house.agent.stop()
    house.broker.stop()
    for what in order:
        {"broker": house.broker, "agent": house.agent, "home": house.home}[what].start()
    house.all_is_well()
    assert not house.agent.log.find("relay on"), "nothing moves by itself"


def test_an_agent_that_is_gone(house):
    house.agent.kill()
    house.home.wait_state(house.cover, "unavailable")
    house.home.wait_state("binary_sensor.garage_connection", "off")
    house.home.service("open_cover", house.cover)
    house.agent.start()
    house.all_is_well()
    house.ready()
    assert not house.agent.log.find("relay on"), "what was asked meanwhile is lost"


def test_a_renamed_door(house):
    before = house.home.entities()
    house.reload({"doors": [{**DOORS[0], "name": "Barn door"}, DOORS[1]]})
    wait_until(lambda: house.home.devices()["portcullis_garage_left"]["name"] == "Barn door", "the new name", 20)
    assert set(house.home.entities()) == set(before), "the same entities"
    house.reload({"doors": DOORS})
    wait_until(lambda: house.home.devices()["portcullis_garage_left"]["name"] == "Left door", "the former name", 20)
    house.all_is_well()


def test_a_removed_door_leaves_no_ghost(house):
    house.restart({"doors": DOORS[:1]})
    wait_until(lambda: "portcullis_garage_right" not in house.home.devices(), "the device to go", 20)
    assert not [id for id in house.home.entities() if "right" in id]
    assert not [topic for topic in house.documents() if "right" in topic]
    house.restart({"doors": DOORS})
    wait_until(lambda: house.home.state("cover.garage_right_door") == "closed", "the door to come back", 20)


def test_no_discovery_and_back(house):
    house.reload({"home_assistant": {"discovery": False}})
    wait_until(lambda: not house.home.entities() and not house.home.devices(), "all devices to go", 20)
    house.reload({"home_assistant": {"discovery": True}})
    house.all_is_well()


def test_nothing_was_complained_of(house):
    complaints = house.home.complaints()
    assert not complaints, "\n".join(complaints)
