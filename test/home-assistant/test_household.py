"""A household with a real Home Assistant: what appears, what it does, and that nothing stays behind. The entities that must be
there are read from the agent's own documents, so a change of the discovery needs no change here.
"""

import itertools
import os
import time

import pytest

from harness import wait_until
from house import DOORS

IDLE_S = int(os.environ.get("IDLE_S", "60"))
CYCLE_ROWS = 60  # of a cycle's states in the database, at most; none is written while nothing happens


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
        # "user": test_automations has enabled it and disabled it again, and nobody else than the integration may say that it did.
        by = (None,) if component.get("enabled_by_default", True) else ("integration", "user")
        assert entity["disabled_by"] in by, id
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
    presses = len(house.agent.log.find("door left: relay on"))
    home.service("close_cover", cover)  # nothing to do
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
