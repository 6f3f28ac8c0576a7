"""A broker, a real Home Assistant that uses it, and the agent with two doors."""

import json
import re
import signal
from contextlib import suppress

from harness import ask, door, merge, wait_until

DOORS = [door("left", travel_time="3s"), door("right", relay="GPIO5", closed_sensor={"line": "GPIO6"}, open_sensor={"line": "GPIO13"})]
DOCUMENT = re.compile("^homeassistant/device/portcullis_[^/]+/config$")


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
        """Where there was no broker while Home Assistant started, the agent looks for it once a minute at last."""
        self.home.wait_state("binary_sensor.garage_connection", "on", 100)
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
