"""The agent gets other doors, another name, another prefix: Home Assistant follows, and nothing stays behind."""

import signal

from harness import door, wait_until
from house import DOORS

THIRD = door("shed", relay="GPIO27", closed_sensor={"line": "GPIO22"}, open_sensor=None, travel_time=None)


def nodes(home):
    """Of all its entities' unique ids, what stands in the place of the node."""
    return {entity["unique_id"].split("_")[1] for entity in home.entities().values()}


def ghosts(house):
    """What the broker keeps and nobody stands behind: documents and topics of the agent other than its present ones."""
    last = {message.topic: message.payload for message in house.recorder.messages if message.retained or message.payload == ""}
    return [topic for topic, payload in last.items() if payload and "portcullis" in topic and
            house.agent.config["node"] not in topic]


def test_an_added_door_takes_a_restart_and_appears(house):
    house.agent.config["doors"] = [*DOORS, THIRD]
    house.agent.write_config()
    mark = len(house.agent.log.lines)
    house.agent.send_signal(signal.SIGHUP)
    house.agent.log.wait("the reload is refused: nothing has changed", since=mark)
    assert house.home.state("cover.garage_shed_door") is None
    house.restart({"doors": [*DOORS, THIRD]})
    house.home.wait_state("cover.garage_shed_door", "closed", 30)
    house.restart({"doors": DOORS})
    wait_until(lambda: "portcullis_garage_shed" not in house.home.devices(), "the device to go", 20)


def test_a_door_that_loses_a_sensor_loses_its_entity(house):
    house.restart({"doors": [{**DOORS[0], "obstruction_sensor": "GPIO25"}, DOORS[1]]})
    house.home.wait_state("binary_sensor.garage_left_obstruction", "off", 30)
    house.restart({"doors": DOORS})
    wait_until(lambda: "binary_sensor.garage_left_obstruction" not in house.home.entities(), "the entity to go", 20)


def test_another_node(house):
    home, before = house.home, set(house.home.entities())
    house.reload({"node": "barn"})
    home.wait_state("cover.barn_left_door", "closed", 30)
    wait_until(lambda: nodes(home) == {"barn"}, "the former devices to go", 20)
    assert set(home.entities()) == {id.replace("garage_", "barn_") for id in before}
    assert not ghosts(house)
    house.reload({"node": "garage"})
    house.all_is_well()
    wait_until(lambda: nodes(home) == {"garage"}, "the devices to come back", 20)
    assert set(home.entities()) == before


def test_another_discovery_prefix(house):
    """First the agent's, then Home Assistant's, and back."""
    home, before = house.home, set(house.home.entities())
    house.reload({"home_assistant": {"prefix": "other/place"}})
    wait_until(lambda: not home.entities() and not home.devices(), "all devices to go", 20)
    home.set_mqtt_option(discovery_prefix="other/place")
    wait_until(lambda: set(home.entities()) == before, "all entities to come back", 40)
    house.all_is_well()
    house.ready()
    home.service("open_cover", house.cover)
    home.wait_state(house.cover, "open")
    home.service("close_cover", house.cover)
    home.wait_state(house.cover, "closed")
    house.reload({"home_assistant": {"prefix": "homeassistant"}})
    wait_until(lambda: not home.entities() and not home.devices(), "all devices to go", 20)
    home.set_mqtt_option(discovery_prefix="homeassistant")
    wait_until(lambda: set(home.entities()) == before, "all entities to come back", 40)
    house.all_is_well()
    house.ready()
