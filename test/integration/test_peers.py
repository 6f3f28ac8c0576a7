"""Other garages: real agents that follow each other over a real mosquitto, and peers that are none and send what hurts."""

import json
import re
import signal
import socket
import threading
import time
from contextlib import suppress

import pytest

from harness import (CONNACK, ROOT, SLOWNESS, FakeBroker, Recorder, TcpServer, agent_command, await_commands, door, hand_on,
                     is_static, packet, retained, wait_until)
from test_events import Listener
from test_http import ask, browse, press

SHED = "/api/peers/shed/doors/left/"


@pytest.fixture
def agents(agent_factory, broker):
    """Makes and starts agents: agents("garage", peers=["shed"]); returns when their doors have settled."""
    def make(node, *doors, via=None, **config):
        agent = agent_factory(via or broker, config={"node": node, "doors": list(doors) or [door()], **config}).start()
        agent.log.wait("HTTP: listening")
        wait_until(lambda: all(one["settled"] for one in ask(agent, "GET", "/api/doors").json["doors"])
                   and ask(agent, "GET", "/api/doors").json["broker"] == "connected", f"{node} on its feet")
        return agent
    return make


def peers(agent):
    answer = ask(agent, "GET", "/api/peers")
    assert answer.status == 200, answer.text
    return {peer["node"]: peer for peer in answer.json["peers"]}


def peer(agent, wanted, node="shed"):
    """The peer as agent sees it, once it is as wanted."""
    def now():
        seen = peers(agent).get(node)
        return seen if seen and wanted(seen) else None
    return wait_until(now, f"{node} to be seen as wanted; it is {peers(agent).get(node)}")


def reachable(agent, node="shed"):
    return peer(agent, lambda one: one["availability"] == "online" and one["doors"]
                and all(it["settled"] for it in one["doors"]), node)


def command(agent, word, node="shed", id="left", **headers):
    await_commands()
    return ask(agent, "POST", f"/api/peers/{node}/doors/{id}/{word}", Content_Length="0", **headers)


def outcome(agent, result, id="left"):
    def ended(one):
        return any(it["id"] == id and it["last_command"] and it["last_command"]["result"] == result for it in one["doors"])
    return next(it for it in peer(agent, ended)["doors"] if it["id"] == id)


# ---- What an agent tells. ----

def test_doors_are_told_on_one_retained_topic(agents, recorder_factory, broker):
    recorder = recorder_factory(broker, topics=["portcullis/shed/doors"])
    shed = agents("shed", door(travel_time="2s"))
    told = wait_until(lambda: (it := retained(broker, "portcullis/shed/doors").get("portcullis/shed/doors"))
                      and json.loads(it)["doors"][0]["settled"] and it, "a settled door")
    said = ask(shed, "GET", "/api/doors").text
    own = re.compile(r',"lockout_remote".*?,"last_command":null')
    assert told == own.sub("", said), "what /api/doors says, to the letter, without last_command and what is about a lock-out"
    assert told != said
    mark, began = recorder.mark(), time.monotonic()
    assert ask(shed, "POST", "/api/doors/left/open", Content_Length="0").status == 202
    recorder.wait(payload=lambda text: json.loads(text)["doors"][0]["state"] == "open", since=mark)
    seen = recorder.seen(since=mark)
    assert {json.loads(m.payload)["doors"][0]["state"] for m in seen} == {"opening", "open"}
    assert all(m.retained and m.qos == 1 for m in seen)
    assert len(seen) <= 2 + (time.monotonic() - began) / 0.4, "more often than twice a second"


# ---- What an agent sees of others. ----

def test_a_peers_door_is_seen_live(agents, recorder_factory, broker):
    garage = agents("garage", peers=["shed"])
    assert peers(garage)["shed"]["availability"] == "unknown" and "Nothing has been heard" in browse(garage).text
    shed = agents("shed", door(name="The <i>shed's</i> door", travel_time="6s"))
    seen = reachable(garage)
    assert seen["since"] is None or re.match(r"\d{4}-", seen["since"])
    theirs, ours = ask(shed, "GET", "/api/doors").json["doors"][0], dict(seen["doors"][0])
    assert ours.pop("last_command") is None and theirs.pop("last_command") is None
    assert ours == {key: value for key, value in theirs.items() if not key.startswith(("lockout_", "vent"))}, "what it alone can do"
    listener = Listener(garage)
    recorder_factory(broker).publish("portcullis/shed/left/set", "OPEN")
    states = []
    while "open" not in states:
        name, document = listener.event()
        states += [one["doors"][0]["state"] for one in document.get("peers", []) if name == "peers"]
    listener.close()
    assert states[0] == "closed" and "opening" in states
    page = browse(garage)
    assert page.state == ["Closed", "Open"] and "The &lt;i&gt;shed" in page.text and "<i>" not in page.text
    assert page.forms[SHED + "close"] and not page.forms[SHED + "open"]
    assert [one["id"] for one in ask(garage, "GET", "/api/doors").json["doors"]] == ["left"], "its own doors only"


def test_an_agent_without_peers_has_none(agents):
    agents("shed")
    garage = agents("garage")
    assert ask(garage, "GET", "/api/peers").json == {"peers": []} and command(garage, "open").status == 404


def test_it_is_no_peer_of_its_own(agents):
    garage = agents("garage", peers=["garage", "shed"])
    assert list(peers(garage)) == ["shed"]
    assert command(garage, "open", node="garage").status == 404


class Exact(FakeBroker):
    """Gives what it has kept to who asks for exactly that topic, and to nobody by a wildcard."""

    kept = {"portcullis/shed/availability": "online", "portcullis/shed/doors": '{"doors":[{"id":"left","settled":true}]}'}

    def on_subscribe(self, connection, subscribe):
        super().on_subscribe(connection, subscribe)
        for topic, _ in subscribe.filters:
            if topic in self.kept:
                connection.publish(topic, self.kept[topic], retain=True)


def test_a_broker_that_keeps_nothing_for_wildcards(agents, fakes):
    fake = fakes(Exact())
    garage = agents("garage", via=fake, peers=["shed"])
    reachable(garage)
    fake.connections[-1].publish("portcullis/shed/availability", "offline")
    peer(garage, lambda one: one["availability"] == "offline")


def test_all(agents, recorder_factory, broker):
    gate, garage = agents("gate"), agents("garage", peers="all")
    reachable(garage, "gate")
    agents("shed")
    reachable(garage, "shed")
    assert list(peers(garage)) == ["gate", "shed"], "by name, and not itself"
    assert command(garage, "open", "gate").status == 202
    peer(garage, lambda one: one["doors"][0]["state"] == "open", "gate")
    gate.stop()
    peer(garage, lambda one: one["availability"] == "offline", "gate")
    recorder_factory(broker).publish("portcullis/gate/doors", "", retain=True)
    wait_until(lambda: list(peers(garage)) == ["shed"], "an agent that was taken down for good to be forgotten")


def test_gone_and_back(agents, recorder_factory, broker):
    recorder = recorder_factory(broker, topics=["portcullis/shed/left/set"])
    garage, shed = agents("garage", peers=["shed"]), agents("shed")
    reachable(garage)
    shed.send_signal(signal.SIGKILL)
    seen = peer(garage, lambda one: one["availability"] == "offline")
    assert seen["doors"][0]["state"] == "closed", "what was last known"
    page = browse(garage)
    assert "Not reachable" in page.text and not any(on for action, on in page.forms.items() if action.startswith(SHED))
    if not garage.log.find("the clock is not set"):
        assert re.search(r"Not reachable since <time datetime=", page.text) and seen["since"]
    answer = command(garage, "open")
    assert answer.status == 409 and (answer.json["result"], answer.json["reason"]) == ("rejected", "unreachable")
    assert outcome(garage, "not_sent") and "Not sent." in browse(garage).text
    shed.wait()
    shed.start().log.wait("HTTP: listening")
    reachable(garage)
    assert command(garage, "open").status == 202
    outcome(garage, "accepted")
    recorder.wait("portcullis/shed/left/set", "open")
    assert [m.payload for m in recorder.seen()] == ["open"], "the command of before was not sent"


def test_a_command_that_waited_while_the_agent_was_frozen_is_not_sent(agents, recorder_factory, broker):
    """To the other agent it would be one of now."""
    recorder = recorder_factory(broker, topics=["portcullis/shed/left/set"])
    garage = agents("garage", peers=["shed"])
    agents("shed")
    reachable(garage)
    garage.freeze()
    with socket.create_connection(("127.0.0.1", garage.http_port), timeout=30 * SLOWNESS) as wire:
        wire.sendall(f"POST {SHED}open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
        time.sleep(12.5)  # the bound itself: a check every 10 s, 2 s late
        garage.thaw()
        answer = wire.recv(4096).decode()
    assert " 409 " in answer.splitlines()[0] and '"reason":"stale"' in answer, answer
    assert outcome(garage, "not_sent") and not recorder.seen()


class OneAtATime(FakeBroker):
    """Acknowledges a publish as late as it is told to."""

    connack_properties = b"\x21\0\1"

    def __init__(self):
        super().__init__()
        self.hold = threading.Event()
        self.held = []

    def on_publish(self, connection, publish):
        if self.hold.is_set():
            self.held.append(publish)
        else:
            super().on_publish(connection, publish)


def test_a_command_that_waited_for_room_expires_as_early(agents, fakes):
    """What it waited here, in a connection and for the broker, is no time that it may still wait at the broker."""
    fake = fakes(OneAtATime())
    garage = agents("garage", via=fake, peers=["shed"])
    fake.wait(lambda: fake.connections[-1].subscribed, "the subscriptions")
    fake.connections[-1].publish("portcullis/shed/availability", "online", retain=True)
    fake.connections[-1].publish("portcullis/shed/doors", document(pretended()), retain=True)
    reachable(garage)
    fake.hold.set()
    assert ask(garage, "POST", "/api/doors/left/open").status == 202
    fake.wait(lambda: fake.held, "a publish that is not acknowledged")
    with socket.create_connection(("127.0.0.1", garage.http_port), timeout=30 * SLOWNESS) as wire:
        time.sleep(3)
        wire.sendall(f"POST {SHED}open HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert b" 202 " in wire.recv(4096)
        time.sleep(2)
        fake.hold.clear()
        fake.connections[-1].puback(fake.held[0])
        sent = fake.wait_publish("portcullis/shed/left/set")
    found = re.search(rb"\x02\0\0\0(.)", sent.properties, re.DOTALL)
    assert 1 <= found[1][0] <= 5, sent.properties


def test_without_the_broker_nothing_is_known(agents, broker):
    garage, shed = agents("garage", peers=["shed"]), agents("shed")
    reachable(garage)
    broker.stop()
    seen = peer(garage, lambda one: one["availability"] == "unknown")
    assert seen["doors"][0]["state"] == "closed" and "not connected to the broker" in browse(garage).text
    assert command(garage, "open").status == 409
    broker.start()
    reachable(garage)
    assert not shed.log.find("relay on")


def test_other_peers_by_a_reload(agents, recorder_factory, broker):
    recorder = recorder_factory(broker, topics=["portcullis/garage/#", "portcullis/house/#"])
    garage, _, _ = agents("garage", peers=["shed"]), agents("shed"), agents("gate")
    reachable(garage)

    def reload(**changes):
        garage.config.update(changes)
        garage.write_config()
        garage.send_signal(signal.SIGHUP)

    reload(peers=["gate", "shed"])
    wait_until(lambda: list(peers(garage)) == ["gate", "shed"], "both")
    assert reachable(garage, "gate") and reachable(garage)
    assert command(garage, "open", "gate").status == 202
    peer(garage, lambda one: one["doors"][0]["last_command"] and one["doors"][0]["state"] == "open", "gate")
    reload(peers="all", node="house")
    wait_until(lambda: list(peers(garage)) == ["gate", "shed"] and reachable(garage, "gate"), "all but itself")
    recorder.wait("portcullis/house/doors")
    assert "portcullis/garage/doors" not in retained(broker, "portcullis/#")
    del garage.config["peers"]
    reload()
    wait_until(lambda: not peers(garage), "nobody")
    assert "peer-" not in browse(garage).text


# ---- Commands. ----

def test_a_command_reaches_the_peers_door(agents, recorder_factory, broker):
    recorder = recorder_factory(broker, topics=["portcullis/+/+/set", "portcullis/garage/answers"])
    garage, shed = agents("garage", peers=["shed"]), agents("shed", door(obstruction_sensor={"line": "GPIO25"}))
    reachable(garage)
    answer = command(garage, "open")
    assert (answer.status, answer.json) == (202, {"result": "sent"})
    sent = recorder.wait("portcullis/shed/left/set")
    assert (sent.payload, sent.qos, sent.retained) == ("open", 1, False)
    assert sent.properties.ResponseTopic == "portcullis/garage/answers" and 1 <= sent.properties.MessageExpiryInterval <= 10
    assert recorder.wait("portcullis/garage/answers").properties.CorrelationData == sent.properties.CorrelationData
    assert outcome(garage, "accepted")["last_command"] == {"command": "open", "result": "accepted"}
    peer(garage, lambda one: one["doors"][0]["state"] == "open" and one["doors"][0]["source"] == "mqtt")
    assert command(garage, "open").status == 202
    outcome(garage, "unchanged")
    # Refused: whoever pressed sees it, with the reason, on the page.
    ask(shed, "POST", "/api/simulator/left/obstruct", Content_Length="0")
    peer(garage, lambda one: one["doors"][0]["obstruction_sensor"])
    assert command(garage, "close").status == 202
    assert outcome(garage, "rejected")["last_command"] == {"command": "close", "result": "rejected", "reason": "obstructed"}
    page = browse(garage)
    assert "Refused." in page.text and not page.forms[SHED + "close"]
    assert not garage.log.find("relay on"), "its own door stood still"


def test_a_position(agents, recorder_factory, broker):
    """By the page's own form. The slider is there only where the other agent says that its door can be sent somewhere."""
    recorder = recorder_factory(broker, topics=["portcullis/shed/left/#"])
    garage = agents("garage", peers=["shed"])
    shed = agents("shed", door(relay=None, open_relay="GPIO17", close_relay="GPIO27", stop_relay="GPIO22", gap="100ms", travel_time="15s"))
    assert reachable(garage)["doors"][0]["positions"] == ask(shed, "GET", "/api/doors").json["doors"][0]["positions"] != None
    await_commands()
    page = browse(garage)
    assert f'action="{SHED[1:]}position"><input type="range"' in page.text
    assert ask(garage, "POST", SHED + "position", body="position=40").json == {"result": "sent"}
    sent = recorder.wait("portcullis/shed/left/position/set")
    assert (sent.payload, sent.qos, sent.retained) == ("40", 1, False) and 1 <= sent.properties.MessageExpiryInterval <= 10
    assert outcome(garage, "accepted")["last_command"] == {"command": "position", "result": "accepted"}
    wait_until(lambda: f'action="{SHED[1:]}position"' not in browse(garage).text, "no slider while it moves")
    recorder.wait("portcullis/shed/left/state", "stopped")
    stood = peer(garage, lambda one: one["doors"][0]["state"] == "stopped")["doors"][0]
    assert 39 <= stood["position"] <= 45 and stood["source"] == "mqtt"
    assert ask(garage, "POST", SHED + "position", body=f"position={stood['position'] + 1}").status == 202
    assert outcome(garage, "rejected")["last_command"]["reason"] in ("no_way", "busy"), "too near"
    assert ask(garage, "POST", SHED + "position", body="position=101").status == 400
    assert ask(garage, "POST", SHED + "position", body="position=0").status == 202
    recorder.wait("portcullis/shed/left/set", "close")
    assert not garage.log.find("relay on"), "its own door stood still"


def test_from_the_page_without_javascript(agents):
    garage = agents("garage", peers=["shed"])
    agents("shed")
    reachable(garage)
    await_commands()
    press(garage, browse(garage), SHED + "open")
    wait_until(lambda: "Asked." in browse(garage).text, "the answer on the page")
    wait_until(lambda: browse(garage).state == ["Closed", "Open"], "the open door on the page")


def test_who_may_command(agents):
    garage = agents("garage", peers=["shed"])
    shed = agents("shed")
    reachable(garage)
    assert command(garage, "open", Origin="http://evil.example").status == 403
    assert command(garage, "open", Sec_Fetch_Site="cross-site").status == 403
    assert ask(garage, "GET", SHED + "open").status == 405
    for path in (SHED, SHED + "push", SHED + "open/", "/api/peers/shed/left/open", "/api/peers/shed/doors/other/open",
                 "/api/peers/other/doors/left/open", "/api/peers/+/doors/left/open", "/api/peers/shed/doors/%2B/open",
                 "/api/peers/", "/api/peers/shed/doors//open", f"/api/peers/{'s' * 400}/doors/left/open"):
        assert ask(garage, "POST", path, Content_Length="0").status == 404, path
    assert ask(shed, "GET", "/api/doors").json["doors"][0]["state"] == "closed" and not shed.log.find("relay on")


def test_read_only_and_password(agents, tmp_path):
    agents("shed")
    (tmp_path / "password").write_text("secret")
    (tmp_path / "password").chmod(0o600)
    closed = agents("garage", peers=["shed"])
    closed.stop()
    closed.config["http"]["listen"] = f"0.0.0.0:{closed.http_port}"
    closed.start().log.wait("HTTP: listening")
    reachable(closed)
    page = browse(closed)
    assert command(closed, "open").status == 403 and page.forms and not any(page.forms.values())
    closed.stop()
    closed.config["http"].update(username="family", password_file=str(tmp_path / "password"))
    closed.start().log.wait("HTTP: listening")
    assert ask(closed, "GET", "/api/peers").status == 401
    assert command(closed, "open").status == 401


class Without5:
    """Between agents and a broker: refuses MQTT 5 as an older broker does, and passes the rest on."""

    def __init__(self, broker):
        self.broker = broker
        self.listener = TcpServer(self.serve)
        self.url = f"mqtt://127.0.0.1:{self.listener.port}"

    def serve(self, client):
        with suppress(OSError), client:
            connect = client.recv(4096)
            if connect[connect.index(b"MQTT") + 4] == 5:
                client.sendall(packet(CONNACK, bytes([0, 1])))
                return
            with socket.create_connection(("127.0.0.1", self.broker.port)) as server:
                server.sendall(connect)
                threading.Thread(target=hand_on, args=(server, client, socket.SHUT_RDWR), daemon=True).start()
                hand_on(client, server, socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


def test_on_mqtt_3_1_1(agents, broker, fakes):
    old = fakes(Without5(broker))
    garage, shed = agents("garage", via=old, peers=["shed"]), agents("shed", door(obstruction_sensor={"line": "GPIO25"}), via=old)
    garage.log.wait(r"connected to the broker .*MQTT 3\.1\.1")
    reachable(garage)
    ask(shed, "POST", "/api/simulator/left/obstruct", Content_Length="0")
    peer(garage, lambda one: one["doors"][0]["obstruction_sensor"])
    assert command(garage, "open").status == 202
    outcome(garage, "accepted")
    peer(garage, lambda one: one["doors"][0]["state"] == "open")
    assert command(garage, "close").status == 202
    assert outcome(garage, "rejected")["last_command"]["reason"] == "obstructed"
    shed.kill()
    peer(garage, lambda one: one["availability"] == "offline")


# ---- Peers that are none, and say what hurts. ----

def pretended(**changes):
    return {"id": "left", "name": "Left", "state": "closed", "settled": True, "can_stop": True, **changes}


def document(*doors, **more):
    return json.dumps({"node": "shed", "version": "9.9", "doors": list(doors), **more})


HOSTILE = {
    "no JSON": "OPEN",
    "empty object": "{}",
    "a list": "[]",
    "not UTF-8": b'{"doors":[{"id":"left","name":"\xff\xfe"}]}',
    "NUL": b'{"doors":[]}\0',
    "NUL in a name": '{"doors":[{"id":"left","name":"a\\u0000b"}]}',
    "deep": "[" * 20000,
    "deep inside": '{"doors":' + "[" * 9 + "]" * 9 + "}",
    "many": '{"doors":[' + ",".join(["{}"] * 10000) + "]}",
    "huge": '{"doors":[],"more":"' + "x" * 200000 + '"}',
    "twice the same key": '{"doors":[],"doors":[]}',
    "doors is a number": '{"doors":7}',
    "a door is a text": '{"doors":["left"]}',
    "id with a slash": document(pretended(id="a/b")),
    "id with markup": document(pretended(id='"><script>alert(1)</script>')),
    "id too long": document(pretended(id="x" * 33)),
    "no id": document({"name": "Left"}),
    "two of one id": document(pretended(), pretended()),
    "unheard-of fault": document(pretended(fault="on_fire")),
}


def test_hostile_documents(agents, recorder_factory, broker):
    garage = agents("garage", peers=["shed"])
    recorder = recorder_factory(broker, topics=[])
    recorder.publish("portcullis/shed/availability", "online", retain=True)
    recorder.publish("portcullis/shed/doors", document(pretended()), retain=True)
    assert reachable(garage)["understood"]
    for what, payload in HOSTILE.items():
        recorder.publish("portcullis/shed/doors", payload, retain=True)
        if what != "huge":  # that one stays with the broker
            seen = peer(garage, lambda one: not one["understood"])
            assert [one["id"] for one in seen["doors"]] == ["left"], f"{what}: what was told before is shown"
            page = browse(garage)
            assert "Not understood" in page.text and "<script>" not in page.text, what
            assert command(garage, "open").json["reason"] == "not_understood", what
        recorder.publish("portcullis/shed/doors", document(pretended(name=what)), retain=True)
        peer(garage, lambda one: one["understood"] and one["doors"][0]["name"] == what)
    assert len(garage.log.find("is not understood")) <= 2 + len(HOSTILE) // 10, "logged once a minute, not each time"
    metrics = ask(garage, "GET", "/metrics").text
    assert f"portcullis_peer_documents_refused_total {len(HOSTILE) - 1}" in metrics
    assert 'portcullis_peer_online{peer="shed"} 1' in metrics
    assert 'portcullis_mqtt_messages_dropped_total{reason="too_long"} 0' in metrics
    assert ask(garage, "GET", "/api/doors").json["doors"][0]["state"] == "closed"


def test_odd_values_are_unknown_ones(agents, recorder_factory, broker):
    garage = agents("garage", peers=["shed"])
    recorder = recorder_factory(broker, topics=[])
    recorder.publish("portcullis/shed/availability", "online", retain=True)
    name = "<script>alert(1)</script>\u202e\n" + "\u00fc" * 40
    recorder.publish("portcullis/shed/doors", document(pretended(
        name=name, device_class="<b>", state="ajar", position=1e300, confidence=1, source=[], cycles=-1, fault=None,
        last_changed="2026-13-99T99:99:99.999Z", last_open_ms=2 ** 62, open_sensor="yes", more={"a": [1]})), retain=True)
    one = reachable(garage)["doors"][0]
    assert len(one["name"].encode()) <= 64 and one["name"].startswith("<script>alert(1)") and "\n" not in one["name"]
    assert (one["device_class"], one["state"], one["position"], one["confidence"]) == ("garage", None, None, "unknown")
    assert (one["source"], one["cycles"], one["open_sensor"], one["last_open_ms"]) == (None, 0, None, 2 ** 62)
    page = browse(garage)
    assert "<script>alert" not in page.text and "&lt;script&gt;alert" in page.text and page.state[1] == "Unknown"


def test_all_says_how_many_agents_it_leaves_out(agents, recorder_factory, broker):
    garage = agents("garage", peers="all")
    recorder = recorder_factory(broker, topics=[])

    def left_out(count):
        return wait_until(lambda: ask(garage, "GET", "/api/peers").json.get("left_out", 0) == count, f"{count} agents left out")

    left_out(0)
    for number in range(67):
        recorder.publish(f"portcullis/peer{number:02}/doors", document(pretended()), retain=True)
    left_out(3)
    assert len(peers(garage)) == 64
    garage.log.wait(r"warning: peers: all: there is room for 64 agents: peer64 is left out")
    assert len(garage.log.find("is left out")) == 1
    assert "portcullis_peers_left_out 3\n" in ask(garage, "GET", "/metrics").text
    assert "3 more tell of doors" in browse(garage).text
    for number in range(2):
        recorder.publish(f"portcullis/peer{number + 65:02}/doors", "", retain=True)
    left_out(1)


def test_room_for_64_doors(agents, recorder_factory, broker):
    garage = agents("garage", peers=["gate", "shed", "barn"])
    recorder = recorder_factory(broker, topics=[])
    doors = [pretended(id=f"door{number}", name="\"<&>'" * 12) for number in range(70)]
    recorder.publish("portcullis/gate/doors", document(*doors[:40]), retain=True)
    recorder.publish("portcullis/shed/doors", document(*doors), retain=True)
    peer(garage, lambda one: len(one["doors"]) == 32)  # who has most makes room
    recorder.publish("portcullis/barn/doors", document(*doors[:2]), retain=True)
    seen = peer(garage, lambda one: len(one["doors"]) == 2, "barn") and peers(garage)
    assert {node: (len(one["doors"]), one["left_out"]) for node, one in seen.items()} == {
        "gate": (31, 9), "shed": (31, 39), "barn": (2, 0)}
    assert [door["id"] for door in seen["shed"]["doors"]] == [f"door{number}" for number in range(31)]
    page = browse(garage)
    assert len(page.state) == 65 and page.text.endswith("</html>") and "left out" in page.text
    recorder.publish("portcullis/gate/doors", "", retain=True)
    peer(garage, lambda one: not one["doors"], "gate")
    recorder.publish("portcullis/barn/doors", document(*doors[:2]), retain=True)
    peer(garage, lambda one: len(one["doors"]) == 2 and one["left_out"] == 0, "barn")


def test_a_crowd_of_nodes_is_bounded(agents, recorder_factory, broker):
    garage = agents("garage", peers="all")
    recorder = recorder_factory(broker, topics=[])
    for number in range(80):  # who is only gone makes room for who tells of doors
        recorder.publish(f"portcullis/ghost{number}/availability", "offline", retain=True, qos=0)
    for number in range(70):
        recorder.publish(f"portcullis/n{number:02}/doors", document(pretended()), qos=0)
    for bad in ("A", "a b", "n" * 64, "\u00fc"):
        recorder.publish(f"portcullis/{bad}/doors", document(pretended()), qos=0)
    recorder.publish("portcullis/n00/doors", document(pretended(state="open")))
    peer(garage, lambda one: one["doors"][0]["state"] == "open", "n00")
    assert list(peers(garage)) == [f"n{number:02}" for number in range(64)]
    assert browse(garage).text.endswith("</html>")


def test_a_flood_of_documents_pushes_out_no_command(agents, recorder_factory, broker):
    garage = agents("garage", peers=["shed"])
    recorder = recorder_factory(broker, topics=[garage.topic("left", "event")])
    large = document(*[pretended(id=f"door{number}", more="x" * 600) for number in range(64)])
    garage.freeze()  # so that all of it waits for the agent at once
    for _ in range(40):
        for _ in range(4):
            recorder.client.publish("portcullis/shed/doors", large)
        recorder.publish(garage.topic("left", "set"), "STOP")
    garage.thaw()
    recorder.wait(payload=lambda text: '"command":"stop"' in text, count=40)
    wait_until(lambda: len(peers(garage)["shed"]["doors"]) == 64, "the newest of the flood")


def test_a_forged_answer_is_not_believed(agents, recorder_factory, broker):
    """Nobody but who got the command knows its correlation data."""
    garage = agents("garage", peers=["shed"])
    recorder = recorder_factory(broker, topics=["portcullis/shed/left/set"])
    recorder.publish("portcullis/shed/availability", "online", retain=True)
    recorder.publish("portcullis/shed/doors", document(pretended()), retain=True)
    reachable(garage)
    assert command(garage, "open").status == 202
    sent = recorder.wait("portcullis/shed/left/set")
    for correlation in (None, b"", b"\0" * 8, (1).to_bytes(8, "little"), sent.properties.CorrelationData + b"x"):
        recorder.publish("portcullis/garage/answers", '{"result":"accepted"}', correlation=correlation)
    for payload in ("", "{}", '{"result":7}', "[" * 1000, '{"result":"accepted","result":"accepted"}'):
        recorder.publish("portcullis/garage/answers", payload, correlation=sent.properties.CorrelationData)
    recorder.publish("portcullis/garage/answers", '{"result":"rejected","reason":"<b>"}',
                     correlation=sent.properties.CorrelationData)
    seen = peer(garage, lambda one: one["doors"][0]["last_command"]["result"] != "sent")
    assert seen["doors"][0]["last_command"] == {"command": "open", "result": "rejected"}
    assert "gave no reason" in browse(garage).text


@pytest.mark.skipif(len(agent_command()) > 1 or not is_static(agent_command()[0]),
                    reason="ten seconds of waiting: once, as released, is enough")
def test_no_answer_is_told(agents, recorder_factory, broker):
    garage = agents("garage", peers=["shed"])
    recorder = recorder_factory(broker, topics=[])
    recorder.publish("portcullis/shed/availability", "online", retain=True)
    recorder.publish("portcullis/shed/doors", document(pretended()), retain=True)
    reachable(garage)
    assert command(garage, "open").status == 202 and "has not answered yet" in browse(garage).text
    wait_until(lambda: peers(garage)["shed"]["doors"][0]["last_command"]["result"] == "unanswered", "ten seconds to pass", 30)
    assert "No answer." in browse(garage).text


# ---- The access control list of the handbook. ----

def test_least_privilege(agent_factory, broker_factory):
    handbook = (ROOT / "docs/mqtt.md").read_text()
    acl = re.search(r"following each other:\n\n((?:    .*\n|\n)+)", handbook).group(1).replace("    ", "")
    assert "#" not in re.sub(r"portcullis/(garage|shed)/#", "", acl), "no one may read or write all"
    users = {"garage": "a", "shed": "b"}
    broker = broker_factory(users=users, acl=acl)
    made = {}
    for node, other in (("garage", "shed"), ("shed", "garage")):
        made[node] = agent_factory(broker, config={
            "node": node, "peers": [other], "home_assistant": {"discovery": False},
            "mqtt": {"username": node, "password": users[node]}}).start()
    garage = made["garage"]
    garage.log.wait("HTTP: listening")
    reachable(garage)
    assert command(garage, "open").status == 202
    outcome(garage, "accepted")
    peer(garage, lambda one: one["doors"][0]["state"] == "open")
    intruder = Recorder(broker, topics=["portcullis/garage/left/state"], username="shed", password="b")
    intruder.publish("portcullis/garage/doors", document())
    intruder.publish("portcullis/garage/availability", "offline")
    intruder.close()
    assert ask(garage, "GET", "/api/doors").json["doors"][0]["state"] == "closed"
    assert not garage.log.find("somebody published")
