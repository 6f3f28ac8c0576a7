"""SIGHUP: another configuration without a restart. No door moves, no pulse is cut or made again, the page stays, and what
cannot be used, or takes a restart, changes nothing.
"""

import base64
import http.client
import json
import os
import pty
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from contextlib import suppress

import pytest

from certificates import Authority
import harness
from harness import DEADLINE, SLOWNESS, Silent, door, free_port, get, merge, retained, sleep_until, wait_until

WARNS = {"close_warning": {"line": "GPIO5", "time": "30s"}}


@pytest.fixture
def agent(agent):
    agent.recorder.wait(agent.topic("left", "state"), "closed")
    return agent


def status(agent, path="/api/doors", method="GET", **headers):
    return harness.ask(agent, method, path, **headers).status


def only_door(agent):
    return json.loads(get(agent, "/api/doors"))["doors"][0]


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


TAKEN = "the configuration is taken over"
REFUSED = "the reload is refused: nothing has changed"


def reload(agent, changes=None, says=TAKEN):
    mark = len(agent.log.lines)
    agent.config = merge(agent.config, changes or {})
    agent.write_config()
    agent.send_signal(signal.SIGHUP)
    agent.log.wait(says, since=mark)
    return mark


def send(agent, command, wanted="accepted"):
    assert agent.recorder.command(agent, agent.topic("left", "set"), command).json["result"] == wanted


def relays(agent, since=0):
    return [line.rsplit(" ", 1)[1] for line in agent.log.find(r"door left: relay (on|off)$", since=since)]


def test_nothing_new_changes_nothing(agent):
    before = only_door(agent)
    connects = len(agent.log.find("connected to the broker"))
    for _ in range(5):
        reload(agent)
    assert only_door(agent) == before and before["state"] == "closed"
    assert not agent.log.find("(?i)error|refused|denies|out of memory")
    assert len(agent.log.find("connected to the broker")) == connects
    assert not relays(agent) and agent.running
    send(agent, "OPEN")
    agent.recorder.wait(agent.topic("left", "state"), "open")
    assert agent.stop() == 0


def test_names_and_times_are_taken_over(agent):
    send(agent, "OPEN")
    agent.recorder.wait(agent.topic("left", "state"), "open")
    mark = agent.recorder.mark()
    reload(agent, {"doors": [door(name="The other name", device_class="gate", pulse="300ms", travel_time="2s")]})
    told = agent.recorder.wait("homeassistant/device/portcullis_garage_left/config", since=mark,
                               payload=lambda text: "The other name" in text).json
    assert told["components"]["door"]["device_class"] == "gate"
    one = only_door(agent)
    assert (one["name"], one["device_class"], one["state"]) == ("The other name", "gate", "open")
    assert "The other name" in get(agent, "/")
    mark = agent.recorder.mark()
    began = len(agent.log.lines)
    send(agent, "CLOSE")
    agent.recorder.wait(agent.topic("left", "state"), "closed", since=mark)
    on, off = [float(line[17:23]) for line in agent.log.find("door left: relay (on|off)$", since=began)]
    assert 0.28 < (off - on) % 60 < 0.28 + 1 * SLOWNESS


def test_a_pulse_is_neither_cut_nor_made_again(agent_factory, recorder_factory, broker):
    agent = agent_factory(broker, config={"doors": [door(pulse="1500ms", travel_time="4s")]}).start()
    agent.recorder = recorder_factory(broker)
    agent.recorder.wait(agent.topic("left", "state"), "closed")
    send(agent, "OPEN")
    agent.log.wait("door left: relay on")
    mark = reload(agent, {"mqtt": {"keepalive": "20s"}, "doors": [door(pulse="100ms", travel_time="5s", name="New")]})
    agent.log.wait("connected to the broker", since=mark)
    agent.log.wait("door left: relay off")
    agent.recorder.wait(agent.topic("left", "state"), "open")
    assert relays(agent) == ["on", "off"]
    lines = agent.log.lines
    on, off, taken = [next(i for i, line in enumerate(lines) if part in line)
                      for part in ("left: relay on", "left: relay off", TAKEN)]
    assert on < off < taken  # what reads files waits for the relay
    on, off = [float(line[17:23]) for line in agent.log.find("door left: relay (on|off)$")]
    assert 1.49 < (off - on) % 60 < 1.5 + 0.5 * SLOWNESS


def test_a_door_in_motion_goes_on_and_arrives(agent_factory, recorder_factory, broker):
    agent = agent_factory(broker, config={"doors": [door(travel_time="10s")]}).start()
    agent.recorder = recorder_factory(broker)
    agent.recorder.wait(agent.topic("left", "state"), "closed")
    send(agent, "OPEN")
    agent.log.wait("door left: relay off")
    agent.recorder.wait(agent.topic("left", "state"), "opening")
    mark = reload(agent, {"node": "shed", "doors": [door(travel_time="60s", pulse="200ms", debounce="10ms", gap="1s",
                                                         opener={"while_opening": "ignore"})]})
    assert only_door(agent)["state"] == "opening"
    agent.recorder.wait("portcullis/shed/left/state", "opening")
    agent.recorder.wait("portcullis/shed/left/state", "open")
    door_now = only_door(agent)
    assert (door_now["state"], door_now["source"], door_now["fault"]) == ("open", "mqtt", None)
    assert not relays(agent, since=mark)


def test_a_warning_under_way_ends_as_it_was_to(agent_factory, recorder_factory, broker):
    """With the same warning the door that somebody asked to close closes, warned for the whole time."""
    agent = agent_factory(broker, config={"doors": [door(**merge(WARNS, {"close_warning": {"time": "2s"}}))]}).start()
    agent.recorder = recorder_factory(broker)
    agent.recorder.wait(agent.topic("left", "state"), "closed")
    send(agent, "OPEN")
    agent.recorder.wait(agent.topic("left", "state"), "open")
    mark = agent.recorder.mark()
    send(agent, "CLOSE")
    agent.log.wait("close warning on")
    reload(agent, {"doors": [merge(agent.config["doors"][0], {"name": "New"})]})
    agent.recorder.wait(agent.topic("left", "state"), "closed", since=mark)
    on, off = [float(line[17:23]) for line in agent.log.find("close warning (on|off)$")]
    assert 1.99 < (off - on) % 60 < 2 + SLOWNESS and relays(agent) == ["on", "off"] * 2


def test_an_auto_close_that_was_cancelled_stays_so(agent_factory, recorder_factory, broker):
    agent = agent_factory(broker, config={"doors": [door(**WARNS, auto_close="1s")]}).start()
    agent.recorder = recorder_factory(broker)
    agent.recorder.wait(agent.topic("left", "state"), "closed")
    send(agent, "OPEN")
    agent.recorder.wait(agent.topic("left", "state"), "open")
    agent.log.wait("close warning on")
    send(agent, "STOP")
    agent.log.wait("close warning off")
    mark = reload(agent)
    reload(agent, {"doors": [door(**WARNS, auto_close="2s")]})
    agent.log.wait("auto_close counts from the next opening on", since=mark)
    time.sleep(2.5)  # for what must not come
    assert only_door(agent)["state"] == "open" and not agent.log.find("close warning on|relay on", since=mark)


def test_an_auto_close_that_is_turned_off_in_its_warning_does_not_close(agent_factory, recorder_factory, broker):
    agent = agent_factory(broker, config={"doors": [door(**WARNS, auto_close="1s")]}).start()
    agent.recorder = recorder_factory(broker)
    agent.recorder.wait(agent.topic("left", "state"), "closed")
    send(agent, "OPEN")
    agent.log.wait("close warning on")
    reload(agent, {"doors": [door(**WARNS)]})
    agent.recorder.wait(agent.topic("left", "event"), re.compile("command_cancelled"))
    agent.log.wait("close warning off")
    assert only_door(agent)["state"] == "open" and relays(agent) == ["on", "off"]


def test_a_warning_is_cancelled_when_its_time_is_another(agent_factory, recorder_factory, broker):
    agent = agent_factory(broker, config={"doors": [door(**WARNS)]}).start()
    agent.recorder = recorder_factory(broker)
    agent.recorder.wait(agent.topic("left", "state"), "closed")
    send(agent, "OPEN")
    agent.recorder.wait(agent.topic("left", "state"), "open")
    send(agent, "CLOSE")
    agent.log.wait("close warning on")
    reload(agent, {"doors": [door(close_warning={"line": "GPIO5", "time": "31s"})]})
    agent.recorder.wait(agent.topic("left", "event"), re.compile("command_cancelled"))
    agent.log.wait("close warning off")
    assert only_door(agent)["state"] == "open" and relays(agent) == ["on", "off"]


BAD = [
    ({"doors": [door(pulse="9s")]}, r"portcullis\.yaml:\d+:\d+: "),
    ({"colour": "red"}, r"portcullis\.yaml:\d+:\d+: unknown key"),
    ({"mqtt": {"password_file": "/nowhere/secret", "username": "me"}}, r"portcullis\.yaml:\d+:\d+: password_file: cannot"),
]


@pytest.mark.parametrize("changes, says", BAD, ids=["a time", "a key", "a secret"])
def test_a_bad_file_changes_nothing_and_says_where(agent, changes, says):
    good = agent.config
    changes = merge({"doors": [door(name="Not taken")]}, changes)
    mark = reload(agent, changes, says=REFUSED)
    agent.log.wait(says, since=mark)
    assert only_door(agent)["name"] == "Left door"
    send(agent, "OPEN")
    agent.recorder.wait(agent.topic("left", "state"), "open")
    agent.config = good
    reload(agent, {"doors": [door(name="Taken")]})
    assert only_door(agent)["name"] == "Taken" and only_door(agent)["state"] == "open"


def test_a_file_that_is_gone_changes_nothing(agent):
    agent.config_path.unlink()
    agent.send_signal(signal.SIGHUP)
    agent.log.wait(REFUSED)
    agent.log.wait("there is no such file")
    assert only_door(agent)["state"] == "closed"


def test_what_is_no_file_changes_nothing_and_holds_nobody_up(agent):
    agent.config_path.unlink()
    os.mkfifo(agent.config_path)
    agent.send_signal(signal.SIGHUP)
    agent.log.wait(REFUSED)
    agent.log.wait("no file that can be read again")
    assert only_door(agent)["state"] == "closed"


def test_a_file_that_may_not_be_read_changes_nothing(agent_factory, broker):
    like_others = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
    agent = agent_factory(broker).start(prefix=like_others)
    agent.log.wait("door left: closed")
    agent.config_path.chmod(0)
    agent.send_signal(signal.SIGHUP)
    agent.log.wait(REFUSED)
    agent.log.wait("cannot be read: Permission denied")
    assert only_door(agent)["state"] == "closed"


def test_a_thousand_errors_are_counted_and_change_nothing(agent):
    agent.config_path.write_text("doors: []\n" + "".join(f"key{i}: 1\n" for i in range(1000)))
    agent.send_signal(signal.SIGHUP)
    agent.log.wait(REFUSED)
    assert len(agent.log.find(r"portcullis\.yaml:\d+:1: unknown key")) in range(50, 65)
    agent.log.wait(r"portcullis\.yaml: and 9\d\d more")
    assert only_door(agent)["state"] == "closed"


def test_a_file_that_the_lock_down_hides_is_told_so(agent, tmp_path):
    if not agent.log.find("locked down: Landlock"):
        pytest.skip("this kernel or program has no Landlock")
    secret = tmp_path / "elsewhere" / "secret"
    secret.parent.mkdir()
    secret.write_text("secret\n")
    secret.chmod(0o600)
    changes = {"http": {"username": "me", "password_file": str(secret)}}
    mark = reload(agent, changes, says=REFUSED)
    agent.log.wait(r"portcullis\.yaml:\d+:\d+: password_file: cannot read .*Permission denied", since=mark)
    agent.log.wait("since the lock-down at its start the agent can read no files but below .*restart", since=mark)
    inside = agent.folder / "secret"  # where the configuration is
    shutil.copy(secret, inside)
    mark = reload(agent, {"http": {"password_file": str(inside)}})
    assert status(agent) == 401 and not agent.log.find("since the lock-down", since=mark)


RESTARTS = [
    ({"doors": [door(relay="GPIO18")]}, "left: relay is wired in another way"),
    ({"doors": [door(open_sensor=None)]}, "left: open_sensor is wired in another way"),
    ({"doors": [door(), door("right", relay="GPIO18", closed_sensor=None, open_sensor=None)]}, "right is new"),
    ({"http": {"listen": "127.0.0.1:1"}}, "http.listen"),
    ({"history": {"directory": "/tmp"}}, "history.directory"),
]


@pytest.mark.parametrize("changes, says", RESTARTS, ids=range(len(RESTARTS)))
def test_what_takes_a_restart_is_refused_as_a_whole(agent, changes, says):
    mark = reload(agent, merge({"log": {"level": "error"}}, changes), says=REFUSED)
    agent.log.wait(says + ".* takes a restart", since=mark)
    assert only_door(agent)["state"] == "closed" and not relays(agent)
    send(agent, "OPEN")
    agent.log.wait("door left: relay on")  # debug: the log's level is as it was


def ask(sock, **headers):
    """Status and body, on a connection that is kept."""
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    sock.sendall(f"GET /api/doors HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
    stream = sock.makefile("rb")
    code, length = int(stream.readline().split()[1]), 0
    for line in iter(stream.readline, b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return code, stream.read(length)


def test_a_broker_that_is_not_there_is_no_standstill(agent):
    """The garage's looks at standstills count on a connection's threads. After a reload none may come for long."""
    agent.recorder.wait(agent.topic("availability"), "online")
    mark = reload(agent, {"mqtt": {"broker": f"mqtt://127.0.0.1:{free_port()}"}})
    sleep_until(time.monotonic() + 9)  # three looks
    assert not agent.log.find("stood still", since=mark)
    answer = harness.ask(agent, "POST", "/api/doors/left/open")
    assert answer.status == 202, answer.text


def test_the_page_gets_another_password_and_stays(agent, tmp_path):
    secret = tmp_path / "agent0" / "page-password"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("first\n")
    secret.chmod(0o600)
    with socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE) as page:
        assert ask(page)[0] == 200
        reload(agent, {"http": {"username": "me", "password_file": str(secret)}})
        assert ask(page)[0] == 401 and ask(page, **basic("me", "first"))[0] == 200
        secret.write_text("second\n")  # the configuration is the same, the secret is not
        reload(agent)
        assert ask(page, **basic("me", "first"))[0] == 401 and ask(page, **basic("me", "second"))[0] == 200
        # another file in that place, as a hash: the lock-down goes by the folder
        subprocess.run([*agent.command, "--config", agent.config_path, "--set-password", "page"], input=b"third\n", check=True,
                       timeout=DEADLINE)
        reload(agent)
        assert ask(page, **basic("me", "second"))[0] == 401 and ask(page, **basic("me", "third"))[0] == 200
        reload(agent, {"http": {"username": None, "password_file": None}})
        assert ask(page)[0] == 200
    assert status(agent, "/healthz") == 200


def test_a_session_lives_through_a_reload_but_not_through_another_password(agent):
    reload(agent, {"http": {"username": "me", "password": "first"}})

    def log_in(password):
        page = http.client.HTTPConnection("127.0.0.1", agent.http_port, timeout=DEADLINE)
        page.request("POST", "/api/login", f"username=me&password={password}")
        answer = page.getresponse()
        answer.read()
        page.close()
        return {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}

    with socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE) as page:
        session = log_in("first")
        reload(agent, {"doors": [door(name="Another name")]})
        assert ask(page)[0] == 401 and ask(page, **session)[0] == 200
        reload(agent, {"http": {"password": "second"}})
        assert ask(page, **session)[0] == 401 and ask(page, **log_in("second"))[0] == 200


def listen(agent):
    stream = socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE)
    stream.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return stream, stream.makefile("rb")


def next_doors(stream):
    for line in stream:
        if line.startswith(b"data: {\"node\""):
            return json.loads(line[6:])["doors"]
    return None


def test_who_listens_goes_on_listening(agent):
    connection, stream = listen(agent)
    with connection:
        assert next_doors(stream)[0]["name"] == "Left door"
        reload(agent, {"doors": [door(name="New")]})
        assert next_doors(stream)[0]["name"] == "New"
        reload(agent, {"http": {"username": "me", "password": "secret"}})
        with pytest.raises((ConnectionResetError, AssertionError)):
            assert next_doors(stream) is not None  # the end: it has to show the password


def test_the_hosts_of_the_page(agent):
    assert status(agent, Host="garage.example") == 421
    reload(agent, {"http": {"hosts": ["garage.example"]}})
    assert status(agent, Host="garage.example") == 200


def test_every_answer_says_whose_pages_may_frame_it_now(agent):
    """Also to a request that cannot be read, on a connection that is older than the reload."""
    def policy(answer):
        head = dict(line.split(": ", 1) for line in answer.decode().split("\r\n\r\n")[0].split("\r\n")[1:])
        return head["Content-Security-Policy"].rpartition("; frame-ancestors ")[2]

    reload(agent, {"http": {"frame_ancestors": "https://first.example"}})
    with socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE) as connection:
        connection.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert policy(connection.recv(4096)) == "https://first.example"
        reload(agent, {"http": {"frame_ancestors": "https://second.example"}})
        connection.sendall(b"BAD\r\n\r\n")
        answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 400 ") and policy(answer) == "https://second.example"


def test_devices_lead_to_the_page_by_its_new_name(agent_factory, broker, recorder_factory):
    recorder, agent = recorder_factory(broker), agent_factory(broker)
    agent.config["http"]["listen"] = f"0.0.0.0:{agent.http_port}"
    agent.start()
    document = "homeassistant/device/portcullis_garage_left/config"
    assert ".local:" in recorder.wait(document).json["device"]["configuration_url"]
    mark = recorder.mark()
    reload(agent, {"http": {"hosts": ["garage.example"]}})
    again = recorder.wait(document, since=mark).json["device"]["configuration_url"]
    assert again == f"http://garage.example:{agent.http_port}/"


def test_the_log(agent):
    reload(agent, {"log": {"format": "json"}}, says=f'"message":"{TAKEN}"')
    agent.config = merge(agent.config, {"log": {"level": "warning"}})
    agent.write_config()
    agent.send_signal(signal.SIGHUP)
    mark = agent.recorder.mark()

    def silent():
        before = len(agent.log.lines)
        nonlocal mark
        mark = agent.recorder.mark()
        send(agent, "TOGGLE", wanted="accepted")
        agent.recorder.wait(agent.topic("left", "state"), re.compile("open|closed"), since=mark)
        wait_until(lambda: only_door(agent)["state"] in ("open", "closed"), "a door at rest")
        return len(agent.log.lines) == before
    wait_until(silent, "a log that says nothing of a command")


def test_another_password_for_the_broker(agent_factory, broker_factory, recorder_factory, tmp_path):
    broker = broker_factory(users={"portcullis": "first", "test": "test"})
    secret = tmp_path / "secrets" / "mqtt-password"  # a folder of its own: the lock-down has to leave it readable
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("first\n")
    secret.chmod(0o600)
    agent = agent_factory(broker, config={"mqtt": {"username": "portcullis", "password_file": str(secret)}}).start()
    recorder = recorder_factory(broker, username="test", password="test")
    recorder.wait(agent.topic("availability"), "online")
    recorder.close()
    broker.stop()
    broker.users["portcullis"] = "second"
    broker.start()
    agent.log.wait("user name|not authori|refused", deadline=20)
    secret.write_text("second\n")
    mark = reload(agent)
    agent.log.wait("connected to the broker", since=mark)
    assert not relays(agent)


def test_another_broker(agent, broker, broker_factory, recorder_factory):
    other = broker_factory()
    mark = agent.recorder.mark()
    reload(agent, {"mqtt": {"broker": other.url}})
    agent.recorder.wait(agent.topic("availability"), "offline", since=mark)
    agent.recorder = recorder_factory(other)
    agent.recorder.wait(agent.topic("availability"), "online")
    agent.recorder.wait(agent.topic("left", "state"), "closed")
    send(agent, "OPEN")
    agent.recorder.wait(agent.topic("left", "state"), "open")
    assert retained(broker)[agent.topic("availability")] == "offline"


def test_counters_go_on_with_another_connection(agent):
    """A counter that goes back looks like a restart, and what was counted is lost."""
    def counters():
        return {name: float(value) for name, value in re.findall(
            r"^(portcullis_mqtt_\w+_total(?:{.*?})?) (\S+)$", get(agent, "/metrics"), re.M)}
    before = wait_until(lambda: (now := counters())["portcullis_mqtt_messages_received_total"] > 0 and now, "a message")
    assert before["portcullis_mqtt_messages_received_total"] > 0 and before["portcullis_mqtt_connections_total"] == 1
    reload(agent, {"mqtt": {"keepalive": "20s"}})
    agent.log.wait("connected to the broker", count=2)
    after = counters()
    assert after["portcullis_mqtt_connections_total"] == 2
    assert all(after[name] >= value for name, value in before.items()), (before, after)


def test_another_node_leaves_nothing_behind(agent, broker):
    mark = reload(agent, {"node": "shed"})
    agent.log.wait("connected to the broker", since=mark)
    agent.recorder.wait("portcullis/shed/availability", "online")
    agent.recorder.wait("portcullis/shed/left/state", "closed")
    agent.recorder.wait("homeassistant/device/portcullis_shed_left/config")
    assert not [topic for topic in retained(broker) if "garage" in topic]
    assert json.loads(get(agent, "/api/doors"))["node"] == "shed"


MAY_KEEP = r"may keep, retained, portcullis/garage/# and homeassistant/device/portcullis_garage\*/config"


def test_another_node_leaves_nothing_behind_on_a_slow_broker(agent, broker):
    """Slower than an end would wait for it: a reload has the time."""
    broker.freeze()
    mark = reload(agent, {"node": "shed"})
    time.sleep(3)
    assert not agent.log.find(MAY_KEEP)
    broker.thaw()
    agent.log.wait("connected to the broker", since=mark)
    agent.recorder.wait("portcullis/shed/left/state", "closed")
    assert not [topic for topic in retained(broker) if "garage" in topic]


def test_what_another_node_leaves_behind_is_said(agent, broker):
    broker.freeze()
    reload(agent, {"node": "shed"})
    broker.kill()
    agent.log.wait(MAY_KEEP)
    broker.start()
    agent.recorder.wait("portcullis/shed/left/state", "closed")
    mark = reload(agent, {"home_assistant": {"discovery": False}})
    agent.log.wait("connected to the broker", since=mark)
    broker.freeze()
    mark = reload(agent, {"node": "barn"})
    assert agent.stop() == 0
    agent.log.wait("may keep, retained, portcullis/shed/# \\(each", since=mark)


def test_discovery_is_taken_back_and_given_again(agent, broker):
    topic = "homeassistant/device/portcullis_garage_left/config"
    agent.recorder.wait(topic)
    mark = agent.recorder.mark()
    reload(agent, {"home_assistant": {"discovery": False}})
    agent.recorder.wait(topic, "", since=mark)
    agent.recorder.wait(agent.topic("availability"), "online", since=mark)
    assert topic not in retained(broker) and agent.topic("left", "state") in retained(broker)
    reload(agent, {"home_assistant": {"discovery": True, "prefix": "ha"}})
    agent.recorder.wait("ha/device/portcullis_garage_left/config", since=mark)


def test_commands_expire_or_not(agent, broker):
    topic = "homeassistant/device/portcullis_garage_left/config"
    assert agent.recorder.wait(topic).json["components"]["door"]["message_expiry_interval"] == 10
    for expires in False, True:
        mark = agent.recorder.mark()
        reload(agent, {"home_assistant": {"command_expiry": expires}})
        components = agent.recorder.wait(topic, since=mark).json["components"]
        assert {"message_expiry_interval" in one for key, one in components.items() if "command_topic" in one} == {expires}
    assert agent.log.find("MQTT 5")


def test_the_service_manager_is_told(agent_factory, broker, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(DEADLINE)
        agent = agent_factory(broker).start(env={"NOTIFY_SOCKET": path})
        assert manager.recv(256) == b"READY=1"
        begins = []
        for says, changes in ((TAKEN, {}), (REFUSED, {"colour": "red"}), (TAKEN, {"colour": None, "node": "shed"})):
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            reload(agent, changes, says=says)
            begin = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", manager.recv(256).decode())
            # systemd takes one that is older than its own request for that of another reload
            begins.append(int(begin[1]))
            assert before <= begins[-1] <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            assert manager.recv(256) == b"READY=1"
        assert any(at % 1000 for at in begins), "rounded down it would be older"


def test_many_signals_at_once(agent):
    for i in range(20):
        agent.config = merge(agent.config, {"doors": [door(name=f"Name {i}")], "mqtt": {"keepalive": f"{20 + i}s"}})
        agent.write_config()
        agent.send_signal(signal.SIGHUP)
    wait_until(lambda: only_door(agent)["name"] == "Name 19", "the last name")
    mark = agent.recorder.mark()
    send_deadline = time.monotonic() + DEADLINE
    while time.monotonic() < send_deadline:  # a command that comes between two connections is lost
        agent.recorder.publish(agent.topic("left", "set"), "OPEN")
        if agent.recorder.seen(agent.topic("left", "state"), "opening", since=mark):
            break
        time.sleep(0.1)
    agent.recorder.wait(agent.topic("left", "state"), "open", since=mark)
    assert agent.stop() == 0


def test_an_end_in_the_middle_of_a_reload(agent, broker):
    broker.freeze()  # the farewell takes its time
    reload(agent, {"node": "shed"})
    assert agent.stop() == 0


def test_while_it_connects(agent_factory, fakes, broker, recorder_factory):
    """A broker that takes TCP and says nothing."""
    silent = fakes(Silent())
    agent = agent_factory(silent).start()
    silent.wait_connection()
    agent.log.wait("door left: closed")
    reload(agent, {"mqtt": {"broker": broker.url}, "node": "shed"})
    agent.log.wait(MAY_KEEP)
    recorder = recorder_factory(broker)
    recorder.wait("portcullis/shed/left/state", "closed")
    assert not relays(agent) and agent.stop() == 0


def test_a_frozen_broker_holds_nobody_up(agent, broker):
    broker.freeze()
    reload(agent, {"mqtt": {"keepalive": "20s"}, "doors": [door(name="New")]})
    assert only_door(agent)["name"] == "New"
    assert status(agent, "/api/doors/left/open", "POST") == 202
    agent.log.wait("door left: relay off")
    mark = len(agent.log.lines)
    agent.config = merge(agent.config, {"doors": [door(name="Newer")]})
    agent.write_config()
    agent.send_signal(signal.SIGHUP)  # while the agent still takes its leave
    agent.log.wait(TAKEN, since=mark)
    assert only_door(agent)["name"] == "Newer"
    broker.thaw()
    agent.log.wait("connected to the broker", count=2, deadline=30)
    agent.recorder.wait(agent.topic("left", "state"), "open")
    assert relays(agent) == ["on", "off"]


def test_who_closes_the_terminal_wants_an_end(agent_factory, broker):
    agent = agent_factory(broker)
    agent.write_config()
    master, slave = pty.openpty()
    process = subprocess.Popen([*agent.command, "--config", str(agent.config_path)], stdin=subprocess.DEVNULL,
                               stdout=slave, stderr=slave)
    os.close(slave)

    def said(what, text=""):
        end = time.monotonic() + DEADLINE
        while what not in text and time.monotonic() < end:
            text += os.read(master, 65536).decode()
        assert what in text

    try:
        said("door left: closed")
        process.send_signal(signal.SIGHUP)
        said(TAKEN)
        os.close(master)
        process.send_signal(signal.SIGHUP)
        assert process.wait(DEADLINE) == 0
    finally:
        process.kill()
        process.wait()


# ---- Certificates ----

@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates") / "ca")


def install(pair, folder, name):
    folder.mkdir(exist_ok=True, parents=True)
    for source, suffix in ((pair.certificate, "crt"), (pair.key, "key")):
        shutil.copy(source, folder / "new")
        (folder / "new").rename(folder / f"{name}.{suffix}")
    return {"certificate_file": str(folder / f"{name}.crt"), "key_file": str(folder / f"{name}.key")}


def dial(agent, ca):
    context = ssl.create_default_context(cafile=str(ca.certificate))
    sock = socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE)
    return context.wrap_socket(sock, server_hostname="localhost")


def common_name(sock):
    return dict(pair[0] for pair in sock.getpeercert()["subject"])["commonName"]


def ask_doors(sock):
    code, body = ask(sock)
    assert code == 200
    return body


def test_the_page_gets_another_certificate_and_stays(agent_factory, ca, broker, tmp_path):
    folder = tmp_path / "agent0" / "tls"
    first = install(ca.issue("first", ["localhost"]), folder, "first")
    second = install(ca.issue("second", ["localhost"]), folder, "second")
    agent = agent_factory(broker, config={"http": {"tls": first}}).start()
    agent.log.wait("door left: closed")
    with dial(agent, ca) as page:
        assert common_name(page) == "first" and ask_doors(page)
        reload(agent, {"http": {"tls": second}})
        with dial(agent, ca) as other:
            assert common_name(other) == "second" and ask_doors(other)
        assert ask_doors(page)  # the one that was there goes on

        third = ca.issue("third", ["localhost"])
        shutil.copy(third.certificate, second["certificate_file"])  # not the key of this one
        mark = reload(agent, {"doors": [door(name="Not taken")]}, says=REFUSED)
        agent.log.wait(r"portcullis\.yaml: http\.tls: .*is not that of the first certificate", since=mark)
        with dial(agent, ca) as other:
            assert common_name(other) == "second" and b"Left door" in ask_doors(other)

        shutil.copy(third.key, second["key_file"])
        reload(agent)
        with dial(agent, ca) as other:
            assert common_name(other) == "third"
        assert b"Not taken" in ask_doors(page)


def test_the_page_turns_to_https_and_back(agent, ca):
    pair = install(ca.issue("page", ["localhost"]), agent.folder, "page")
    stream, lines = listen(agent)
    with stream:
        assert next_doors(lines)
        reload(agent, {"http": {"tls": pair}})
        agent.log.wait(f"listening on https://127.0.0.1:{agent.http_port}/")
        with suppress(ConnectionResetError):
            assert next_doors(lines) is None  # no longer in the clear
    with dial(agent, ca) as page:
        assert ask_doors(page)
    reload(agent, {"http": {"tls": None}})
    assert status(agent) == 200
    reload(agent, {"http": {"tls": pair}})
    with dial(agent, ca) as page:
        assert ask_doors(page)


def test_the_broker_s_tls(agent, broker, broker_factory, ca, tmp_path):
    """From a broker in the clear to one with TLS, to another CA for it, and what is broken changes nothing."""
    other = Authority(tmp_path / "other", "Other CA")
    pair = install(ca.issue("broker", ["127.0.0.1"]), agent.folder, "broker")
    shutil.copy(ca.certificate, agent.folder / "ca.crt")
    shutil.copy(other.certificate, agent.folder / "other.crt")
    secure = broker_factory(listener_options=[f"certfile {pair['certificate_file']}", f"keyfile {pair['key_file']}"])
    url = secure.url.replace("mqtt:", "mqtts:")
    connects = len(agent.log.find("connected to the broker"))

    mark = reload(agent, {"mqtt": {"broker": url, "tls": {"ca_file": str(agent.folder / "none.crt")}}}, says=REFUSED)
    agent.log.wait(r"mqtt\.tls: .*cannot read .*none\.crt", since=mark)
    send(agent, "OPEN")  # by the broker that there was
    assert len(agent.log.find("connected to the broker")) == connects
    agent.recorder.wait(agent.topic("left", "state"), "open")

    mark = reload(agent, {"mqtt": {"tls": {"ca_file": str(agent.folder / "ca.crt")}}})
    agent.log.wait("connected to the broker", since=mark)
    agent.log.wait("TLS with 127.0.0.1", since=mark)
    mark = reload(agent, {"mqtt": {"tls": {"ca_file": str(agent.folder / "other.crt")}}})
    agent.log.wait("signed by|not trusted|unknown CA|no CA", since=mark)
    mark = reload(agent, {"mqtt": {"tls": {"ca_file": str(agent.folder / "ca.crt")}}})
    agent.log.wait("connected to the broker", since=mark)
    mark = reload(agent, {"mqtt": {"broker": broker.url, "tls": None}})
    agent.log.wait("connected to the broker", since=mark)
    assert only_door(agent)["state"] == "open" and relays(agent) == ["on", "off"]
