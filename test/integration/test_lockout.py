"""The lock-out: commands from afar do not open a door, whoever gives them and however often the agent starts anew.

What the door's machine does with it in every state is in test/unit/test_door*.c; here is that it is set and lifted from each
side, kept, and told.
"""

import json
import os
import time

import pytest

from harness import PUBLISH, FakeBroker, ask, door, retained, wait_until

RIGHT = door("right", relay="GPIO27", closed_sensor=None, open_sensor=None)


class House:
    def __init__(self, agent, recorder):
        self.agent, self.recorder = agent, recorder

    def send(self, topic, payload, **how):
        """Publishes a command and returns the answer."""
        return self.recorder.command(self.agent, self.agent.topic(topic), payload, **how).json

    def wait(self, topic, payload, since=0):
        return self.recorder.wait(self.agent.topic(topic), payload, since=since)

    def attributes(self, since=0, **wanted):
        def fits(text):
            seen = json.loads(text)
            return all(seen[key] == value for key, value in wanted.items())
        return self.recorder.wait(self.agent.topic("left/attributes"), fits, since=since).json

    def start(self, prefix=()):
        since = self.recorder.mark()
        self.agent.start(prefix=prefix)
        self.wait("availability", "online", since)
        self.attributes(since, settled=True)
        return since


@pytest.fixture
def house(agent_factory, recorder_factory, broker, tmp_path):
    def make(*doors, history=True, prefix=(), **config):
        if history:
            config["history"] = history if isinstance(history, dict) else {"directory": str(tmp_path)}
        agent = agent_factory(broker, config={"doors": [*doors] or [door(), RIGHT], **config})
        made = House(agent, recorder_factory(broker))
        made.start(prefix)
        return made
    return make


REFUSED = {"result": "rejected", "reason": "locked_out"}
# An agent that runs as root may use no directory that comes after its start (docs/history.md).
USER = (["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"]
        if os.geteuid() == 0 else [])


def test_it_is_set_refuses_and_is_lifted_by_mqtt(house, broker):
    home = house()
    home.wait("left/lockout", "OFF")
    assert retained(broker)["portcullis/garage/left/lockout"] == "OFF"
    since = home.recorder.mark()
    assert home.send("left/lockout/set", "ON") == {"result": "accepted"}
    home.wait("left/lockout", "ON", since)
    event = home.wait("left/event", lambda text: "locked_out" in text, since).json
    assert (event["event_type"], event["source"]) == ("locked_out", "mqtt")
    assert home.send("left/set", "OPEN") == REFUSED
    assert home.send("left/set", "TOGGLE") == REFUSED
    assert home.send("left/set", "CLOSE") == {"result": "unchanged"}
    told = home.attributes(since, locked_out=True, lockout_saved=True)
    assert (told["lockout_remote"], told["lockout_sensor"], told["lockout_refuses"]) == (True, None, "open")
    assert 'portcullis_door_locked_out{door="left"} 1' in ask(home.agent, "GET", "/metrics").text
    assert not home.agent.log.find("relay on$")
    assert home.send("left/lockout/set", "OFF") == {"result": "accepted"}
    home.wait("left/lockout", "OFF", since)
    assert home.send("left/set", "OPEN") == {"result": "accepted"}
    home.wait("left/state", "open")


def test_it_is_set_refuses_and_is_lifted_by_the_api(house):
    home = house()
    since = home.recorder.mark()
    assert ask(home.agent, "POST", "/api/doors/left/lockout/on").status == 202
    answer = ask(home.agent, "POST", "/api/doors/left/lockout/on")
    assert (answer.status, answer.json) == (200, {"result": "unchanged"})
    answer = ask(home.agent, "POST", "/api/doors/left/open")
    assert (answer.status, answer.json["result"], answer.json["reason"]) == (409, "rejected", "locked_out")
    home.wait("left/lockout", "ON", since)
    left, right = ask(home.agent, "GET", "/api/doors").json["doors"]
    assert (left["locked_out"], left["lockout_remote"], right["locked_out"]) == (True, True, False)
    page = ask(home.agent, "GET", "/").text
    assert "Locked out." in page and 'action="api/doors/left/lockout/off"' in page
    assert 'action="api/doors/right/lockout/on"' in page and "by the page" not in page
    assert ask(home.agent, "POST", "/api/doors/left/lockout/off").status == 202
    home.wait("left/lockout", "OFF", since)
    assert ask(home.agent, "POST", "/api/doors/left/open").status == 202
    for path in "doors/left/lockout", "doors/left/lockout/", "doors/nobody/lockout/on", "lockout/", "lockout/maybe":
        assert ask(home.agent, "POST", f"/api/{path}").status == 404, path
    events = ask(home.agent, "GET", "/api/history?door=left").json["events"]
    assert [(one["event"], one["source"]) for one in events if "lock" in one["event"]] == [
        ("lockout_lifted", "http"), ("locked_out", "http")]


def test_all_doors_at_once(house):
    home = house()
    since = home.recorder.mark()
    assert ask(home.agent, "POST", "/api/lockout/on").json == {"result": "accepted"}
    home.wait("lockout", "ON", since)
    assert home.send("right/set", "TOGGLE") == REFUSED
    assert home.send("lockout/set", "OFF") == {"result": "accepted"}
    home.wait("lockout", "OFF", since)
    home.wait("left/lockout", "OFF", since)
    assert ask(home.agent, "POST", "/api/lockout/off").json == {"result": "unchanged"}
    since = home.recorder.mark()
    answer = ask(home.agent, "POST", "/api/lockout/on", Accept="text/html")
    assert answer.type == "text/html" and "Locked out." in answer.text, "a form leads back to the page"
    home.wait("lockout", "ON", since)


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_it_outlives_the_agent(house, end):
    home = house()
    assert home.send("left/lockout/set", "ON") == {"result": "accepted"}
    home.wait("left/lockout", "ON")
    getattr(home.agent, end)()
    since = home.start()
    home.wait("left/lockout", "ON", since)
    home.agent.log.wait("door left: locked out, by a command before the start")
    assert home.send("left/set", "OPEN") == REFUSED
    assert ask(home.agent, "GET", "/api/doors").json["doors"][0]["lockout_saved"] is True
    assert home.send("left/lockout/set", "OFF") == {"result": "accepted"}
    home.wait("left/lockout", "OFF", since)
    home.agent.kill()
    home.start()
    assert home.send("left/set", "OPEN") == {"result": "accepted"}


def test_without_a_directory_it_ends_with_the_agent_and_that_is_said(house):
    home = house(history=False)
    assert home.send("left/lockout/set", "ON") == {"result": "accepted"}
    home.wait("left/lockout", "ON")
    home.agent.log.wait("door left: a restart lifts the lock-out")
    assert ask(home.agent, "GET", "/api/doors").json["doors"][0]["lockout_saved"] is False
    assert "A restart lifts it" in ask(home.agent, "GET", "/").text
    assert home.agent.stop() == 0
    home.start()
    assert home.send("left/set", "OPEN") == {"result": "accepted"}


@pytest.mark.parametrize("damage", [b"", b"portcullis lockouts\ncrc32 00000000\n", b"\0" * 5000])
def test_a_damaged_file_locks_each_door_out(house, tmp_path, damage):
    home = house()
    assert home.agent.stop() == 0
    (tmp_path / "lockouts").write_bytes(damage)
    home.start()
    home.agent.log.wait("lockouts is damaged: each door is locked out until that is lifted")
    assert home.send("left/set", "OPEN") == REFUSED
    assert home.send("right/set", "TOGGLE") == REFUSED
    assert home.send("lockout/set", "OFF") == {"result": "accepted"}
    wait_until(lambda: ask(home.agent, "GET", "/api/doors").json["doors"][0]["lockout_saved"], "a file that is written anew")
    home.agent.kill()
    home.start()
    assert not home.agent.log.find("is damaged")
    assert home.send("left/set", "OPEN") == {"result": "accepted"}


def test_it_stays_when_it_is_said_while_nobody_knows(house, tmp_path):
    """Each door is locked out for want of a history then, so that the word changes nothing yet."""
    home = house(history={"directory": str(tmp_path / "late")}, prefix=USER)
    assert home.send("left/lockout/set", "ON") == {"result": "unchanged"}
    assert home.send("right/set", "OPEN") == REFUSED
    since = home.recorder.mark()
    (tmp_path / "late").mkdir()
    home.wait("right/lockout", "OFF", since)
    assert home.send("left/set", "OPEN") == REFUSED
    home.attributes(since, locked_out=True, lockout_saved=True)
    home.agent.kill()
    home.start(USER)
    assert home.send("left/set", "OPEN") == REFUSED


def test_the_page_says_that_not_all_are_locked_out(house):
    """Whoever leaves for a vacation must not take a page without a word for a yes."""
    home = house()
    home.agent.freeze()
    time.sleep(3)
    home.agent.thaw()
    answer = ask(home.agent, "POST", "/api/lockout/on", Accept="text/html")
    assert '<p class="message bad notice"><strong>Refused.</strong> The command may be old' in answer.text
    assert ask(home.agent, "POST", "/api/lockout/on").json["reason"] == "stale"
    time.sleep(5.5)
    answer = ask(home.agent, "POST", "/api/lockout/on", Accept="text/html")
    assert "notice" not in answer.text and answer.text.count('<p class="message"><strong>Locked out.</strong>') == 2


@pytest.mark.parametrize("topic", ["left/lockout/set", "lockout/set"])
def test_a_retained_word_does_not_lift_it(house, topic):
    home = house()
    assert home.send("lockout/set", "ON") == {"result": "accepted"}
    home.wait("lockout", "ON")
    assert home.send(topic, "OFF", retain=True) == {"result": "rejected", "reason": "retained"}
    home.agent.kill()
    home.start()
    assert home.send("left/set", "OPEN") == REFUSED
    assert home.send("left/lockout/set", "LIFT") == {"result": "rejected", "reason": "unknown_command"}
    assert home.send("left/set", "OPEN") == REFUSED


@pytest.mark.parametrize("topic", ["left/lockout/set", "lockout/set"])
def test_a_word_that_may_be_old_does_not_lift_it(fakes, agent_factory, tmp_path, topic):
    """A broker that plays the last word again right after the subscription, and one that delivers it once more."""
    class Replaying(FakeBroker):
        def on_subscribe(self, connection, subscribe):
            super().on_subscribe(connection, subscribe)
            if any(asked in (agent.topic(topic), agent.topic("+/lockout/set")) for asked, _ in subscribe.filters):
                connection.publish(agent.topic(topic), "OFF", at_once=True)

    broker = fakes(Replaying())
    agent = agent_factory(broker, config={"history": {"directory": str(tmp_path)}, "doors": [door()]})
    (tmp_path / "lockouts").write_bytes(b"damaged")
    agent.start()
    connection = broker.wait_connection()
    broker.wait_publish(agent.topic("availability"), "online")

    def refused():
        return [p for p in connection.received if p.kind == PUBLISH and p.topic == agent.topic("left/event") and "stale" in p.payload]

    broker.wait(refused, "a refusal")
    connection.publish(agent.topic(topic), "OFF", qos=1, dup=True)
    broker.wait(lambda: len(refused()) == 2, "another one")
    answer = ask(agent, "POST", "/api/doors/left/open")
    assert (answer.status, answer.json["reason"]) == (409, "locked_out")


def test_a_key_switch_alone_lifts_what_it_has_set(house):
    home = house(door(lockout_sensor="GPIO26", lockout="all"))
    since = home.recorder.mark()
    ask(home.agent, "POST", "/api/simulator/left/lock")
    home.wait("left/lockout", "ON", since)
    event = home.wait("left/event", lambda text: "locked_out" in text, since).json
    assert event["source"] == "local"
    assert home.send("left/lockout/set", "OFF") == REFUSED
    assert home.send("left/set", "OPEN") == REFUSED
    assert home.send("left/set", "CLOSE") == REFUSED
    assert "Its key switch holds it." in ask(home.agent, "GET", "/").text
    assert ask(home.agent, "POST", "/api/doors/left/lockout/on").json == {"result": "accepted"}
    ask(home.agent, "POST", "/api/simulator/left/unlock")
    home.attributes(since, lockout_sensor=False, lockout_remote=True, locked_out=True)
    assert home.send("left/set", "OPEN") == REFUSED
    assert home.send("left/lockout/set", "OFF") == {"result": "accepted"}
    assert home.send("left/set", "OPEN") == {"result": "accepted"}
    assert "by its key switch" in ask(home.agent, "GET", "/").text


def test_home_assistant_has_switches(house):
    home = house()
    one = home.recorder.wait("homeassistant/device/portcullis_garage_left/config").json["components"]["lockout"]
    every = home.recorder.wait("homeassistant/device/portcullis_garage/config").json["components"]["lockout"]
    assert one["platform"] == every["platform"] == "switch"
    assert one["entity_category"] == every["entity_category"] == "config"
    for switch, topic in (one, "left/lockout"), (every, "lockout"):
        assert (switch["command_topic"], switch["state_topic"]) == (home.agent.topic(topic, "set"), home.agent.topic(topic))
        home.wait(topic, switch["payload_off"])
        since = home.recorder.mark()
        home.recorder.publish(switch["command_topic"], switch["payload_on"])
        home.recorder.wait(switch["state_topic"], switch["payload_on"], since=since)
