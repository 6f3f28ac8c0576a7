"""The broker's access control list of docs/security.md, at a real mosquitto: the agent needs no more, and more it has not."""

import re
import shutil
import subprocess

import pytest

from harness import DEADLINE, ROOT, door, retained

LINES = re.search(r"^    user garage\n(?:(?:    .*)?\n)+", (ROOT / "docs/security.md").read_text(), re.M)[0]
ACL = re.sub(r"^    ", "", LINES, flags=re.M)
NAMES = ["garage", "homeassistant", "visitor", "admin"]


def as_user(name):
    return {"username": name, "password": f"{name}'s"}


@pytest.fixture
def broker(broker_factory):
    return broker_factory(users={name: f"{name}'s" for name in NAMES}, acl=f"{ACL}\nuser admin\ntopic readwrite #\n")


@pytest.fixture
def admin(broker, recorder_factory):
    return recorder_factory(broker, **as_user("admin"))


@pytest.fixture
def agent(agent_factory, broker, admin):
    doors = [door(travel_time="200ms"), door("right", relay="GPIO18", closed_sensor=None, open_sensor=None)]
    agent = agent_factory(broker, config={"mqtt": as_user("garage"), "doors": doors,
                                          "home_assistant": {"discovery": True}}).start()
    admin.wait(agent.topic("availability"), "online")
    admin.wait(agent.topic("left", "attributes"), lambda text: '"settled":true' in text)
    return agent


def complains(agent):
    return agent.log.find(r"denies the subscription|refuses what is published|[Nn]ot authorized")


def test_all_of_the_agent_s_work(agent, broker, admin, recorder_factory):
    for topic in ("homeassistant/device/portcullis_garage/config", "homeassistant/device/portcullis_garage_left/config",
                  "homeassistant/device/portcullis_garage_right/config", agent.topic("left", "state"),
                  agent.topic("left", "position"), agent.topic("right", "attributes")):
        admin.wait(topic)

    # A command, its answer, and what becomes of it; by the user who may, and seen by him.
    home = recorder_factory(broker, **as_user("homeassistant"))
    home.publish(agent.topic("left", "set"), "OPEN", response_topic="portcullis-answers/1")
    assert admin.wait("portcullis-answers/1").json["result"] == "accepted"
    home.wait(agent.topic("left", "state"), "open")
    admin.wait(agent.topic("left", "event"), lambda text: "command_accepted" in text)

    since = admin.mark()
    home.publish("homeassistant/status", "online")
    admin.wait("homeassistant/device/portcullis_garage_left/config", since=since, deadline=30)
    since = admin.mark()
    admin.publish(agent.topic("availability"), "offline", retain=True)
    admin.wait(agent.topic("availability"), "online", since=since, deadline=30)
    assert not complains(agent)

    # The will, and a door that is no longer there.
    since = admin.mark()
    agent.kill()
    admin.wait(agent.topic("availability"), "offline", since=since, deadline=30)
    del agent.config["doors"][1]
    agent.start()
    admin.wait("homeassistant/device/portcullis_garage_right/config", "", since=since, deadline=30)
    admin.wait(agent.topic("right", "state"), "", since=since)
    assert not complains(agent)
    since = admin.mark()
    assert agent.stop() == 0
    admin.wait(agent.topic("availability"), "offline", since=since)


def test_an_answer_where_none_may_be_given(agent, admin):
    admin.publish(agent.topic("left", "set"), "OPEN", response_topic="elsewhere/1")
    admin.wait(agent.topic("left", "state"), "open")
    admin.publish(agent.topic("left", "set"), "CLOSE", response_topic="portcullis-answers/2")
    assert admin.wait("portcullis-answers/2").json["result"] == "accepted"
    assert not admin.seen("elsewhere/1")


@pytest.mark.parametrize("user, refused, granted", [
    ("garage", ["portcullis/garage/left/set", "portcullis/shed/availability", "portcullis/shed/left/state",
                "homeassistant/device/portcullis_shed/config", "homeassistant/status", "elsewhere"],
     "portcullis/garage/left/event"),
    ("homeassistant", ["portcullis/garage/left/state", "portcullis/garage/availability",
                       "homeassistant/device/portcullis_garage/config", "elsewhere"], "homeassistant/status"),
    ("visitor", ["portcullis/garage/left/set", "portcullis/garage/left/state", "homeassistant/status"], None),
])
def test_nobody_may_publish_more(user, refused, granted, broker, admin, recorder_factory):
    client = recorder_factory(broker, topics=[], **as_user(user))
    for topic in refused:
        client.publish(topic, user)
    if granted:
        client.publish(granted, user)
        admin.wait(granted, user)
    else:
        client.publish("portcullis/garage/left/state", user)  # acknowledged: what came before has been through, too
    token = retained(broker, "none", **as_user("admin"))
    assert token == {} and [message.topic for message in admin.seen(payload=user)] == ([granted] if granted else [])


@pytest.mark.parametrize("user, refused, granted", [
    ("garage", ["portcullis/shed/left/set", "portcullis/garage/left/event", "homeassistant/device/x/config", "elsewhere"],
     "portcullis/garage/left/set"),
    ("homeassistant", ["portcullis-answers/1", "elsewhere"], "portcullis/shed/left/state"),
    ("visitor", ["portcullis/garage/left/set", "portcullis/shed/left/state", "homeassistant/status", "elsewhere"],
     "portcullis/garage/left/state"),
])
def test_nobody_may_hear_more(user, refused, granted, broker, admin, recorder_factory):
    client = recorder_factory(broker, **as_user(user))
    for topic in [*refused, granted]:
        admin.publish(topic, "to be heard?")
    client.wait(granted)
    assert [message.topic for message in client.messages] == [granted]


# ---- The broker of docker/compose.yaml ----

COMPOSE = (ROOT / "docker/compose.yaml").read_text()


@pytest.fixture
def compose_broker(broker_factory):
    return broker_factory(users={name: f"{name}'s" for name in ("portcullis", *NAMES)},
                          acl=(ROOT / "docker/mosquitto.acl").read_text() + "\nuser admin\ntopic readwrite #\n")


def test_the_compose_file_s_list_lets_the_agent_work_and_no_more(compose_broker, agent_factory, recorder_factory):
    admin = recorder_factory(compose_broker, **as_user("admin"))
    agent = agent_factory(compose_broker, config={"mqtt": as_user("portcullis")}).start()
    admin.wait(agent.topic("availability"), "online")
    for topic in ("homeassistant/device/portcullis_garage/config", "homeassistant/device/portcullis_garage_left/config",
                  agent.topic("left", "attributes"), agent.topic("left", "position")):
        admin.wait(topic)
    home = recorder_factory(compose_broker, **as_user("homeassistant"))
    home.publish(agent.topic("left", "set"), "OPEN", response_topic="portcullis-answers/1")
    home.wait(agent.topic("left", "state"), "open")
    assert admin.wait("portcullis-answers/1").json["result"] == "accepted"
    admin.wait(agent.topic("left", "event"))
    other = recorder_factory(compose_broker, topics=[], **as_user("portcullis"))
    other.publish(agent.topic("left", "set"), "CLOSE")
    other.publish("elsewhere", "x")
    visitor = recorder_factory(compose_broker, topics=[], **as_user("visitor"))
    visitor.publish(agent.topic("left", "set"), "CLOSE")
    home.publish("homeassistant/status", "online")
    admin.wait("homeassistant/status", "online")
    assert not admin.seen("elsewhere") and not admin.seen(agent.topic("left", "set"), "CLOSE")
    assert not complains(agent)


def test_the_compose_file_s_health_check_tells_no_password(compose_broker, tmp_path):
    command = re.search(r"- CMD-SHELL.*\n +- >-\n((?: {10}.*\n)+)", COMPOSE)[1]
    command = " ".join(command.split()).replace("$$", "$").replace("/dev/shm", str(tmp_path))
    for password, good in (("portcullis's", True), ("wrong", False)):
        (tmp_path / "password").write_text(password + "\n")
        line = command.replace("/run/secrets/mqtt_password", str(tmp_path / "password"))
        line = line.replace("mosquitto_sub -t", f"mosquitto_sub -p {compose_broker.port} -t")
        done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=execve", "-s", "1000", "-o", str(tmp_path / "calls"),
                               "sh", "-c", line] if shutil.which("strace") else ["sh", "-c", line],
                              capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert (done.returncode == 0) == good, done.stdout + done.stderr
        if (tmp_path / "calls").exists():
            assert "mosquitto_sub" in (tmp_path / "calls").read_text() and password not in (tmp_path / "calls").read_text()
    assert (tmp_path / "mosquitto_sub").stat().st_mode & 0o77 == 0
    assert not re.search(r"-P \"?\$", COMPOSE)


def test_the_compose_file_s_ports_are_this_machine_s_alone():
    ports = re.findall(r"^ +- (\S+:\d+)(?: |$)", COMPOSE, re.M)
    assert len(ports) == 2 and all(re.match(r"(127\.0\.0\.1|\$\{MQTT_ADDRESS:-127\.0\.0\.1\}):", port) for port in ports)


# ---- The line of docs/scaling.md ----


def test_households_with_a_folder_each_do_not_hear_or_command_each_other(broker_factory, agent_factory, recorder_factory):
    line = re.search(r"^    (pattern .*)$", (ROOT / "docs/scaling.md").read_text(), re.M)[1]
    users = {name: f"{name}'s" for name in ("h4711", "h4712", "admin")}
    broker = broker_factory(users=users, acl=f"user admin\ntopic readwrite #\n{line}\n")
    admin = recorder_factory(broker, **as_user("admin"))
    agents = [agent_factory(broker, config={
        "mqtt": {**as_user(name), "client_id": f"{name}-garage", "topic_prefix": f"{name}/portcullis"},
        "home_assistant": {"prefix": f"{name}/homeassistant"}}).start() for name in ("h4711", "h4712")]
    for name, agent in zip(users, agents):
        admin.wait(agent.topic("availability"), "online")
        admin.wait(agent.topic("left", "attributes"), lambda text: '"settled":true' in text)
        admin.wait(f"{name}/homeassistant/device/portcullis_garage_left/config")
    home = recorder_factory(broker, **as_user("h4711"))
    mark = admin.mark()
    home.publish("h4712/portcullis/garage/left/set", "OPEN")
    home.publish("h4712/homeassistant/status", "online")
    home.publish("h4711/portcullis/garage/left/set", "OPEN")
    home.wait("h4711/portcullis/garage/left/state", "open")
    assert not agents[1].log.find("relay on$") and not any(complains(agent) for agent in agents)
    assert {message.topic.split("/")[0] for message in home.messages} == {"h4711"}
    assert not admin.seen(re.compile("^h4712/.*/(set|status|event)$"), since=mark), "states are said again by themselves"
