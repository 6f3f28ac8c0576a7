"""The page and the API of the real agent, as a browser, a script and an attacker see them.

How every byte is read and every bound holds is in test/unit/test_http*.c; here is that the doors behind are real ones, that
the configuration reaches the server, and that nothing a client does holds up a door.
"""

import base64
import hashlib
import html.parser
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from harness import DEADLINE, ROOT, SLOWNESS, agent_command, door, wait_until


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.text)


def connect(agent, address="127.0.0.1"):
    return socket.create_connection((address, agent.http_port), timeout=DEADLINE)


def suppressed(errors, call, *arguments):
    try:
        return call(*arguments)
    except errors:
        return None


def hear(connection):
    response = http.client.HTTPResponse(connection)
    response.begin()
    return Answer(response)


def ask(agent, method, path, address="127.0.0.1", body="", **headers):
    """One request on a connection of its own; a header_name=None leaves it out."""
    lines = {"Host": f"127.0.0.1:{agent.http_port}", "Connection": "close"}
    if body:
        lines["Content-Length"] = len(body)
    lines.update({name.replace("_", "-"): value for name, value in headers.items()})
    with connect(agent, address) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
        connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}".encode())
        return hear(connection)


def second(id="right", **changes):
    """A door on lines of its own, beside the harness's first."""
    return door(id, relay="GPIO4", closed_sensor={"line": "GPIO5"}, open_sensor={"line": "GPIO6"}, **changes)


def basic(username, password):
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.fixture
def served(agent_factory, recorder_factory, broker):
    """An agent with these doors and this http section, online and settled, with a recorder."""
    def make(*doors, **http_config):
        config = {"doors": list(doors) or [door()]}
        agent = agent_factory(broker, config=config)
        http_config.setdefault("listen", f"127.0.0.1:{agent.http_port}")
        agent.config["http"] = {key: value(agent) if callable(value) else value for key, value in http_config.items()}
        agent.recorder = recorder_factory(broker)
        agent.start()
        for one in config["doors"]:
            agent.recorder.wait(agent.topic(one["id"], "state"), "closed")
        return agent
    return make


# ---- The API. ----

def test_doors_as_json(served):
    agent = served(door("left"), second("right", name="Gäste \"2\" <b>"))
    answer = ask(agent, "GET", "/api/doors")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    document = answer.json
    assert document["node"] == "garage" and document["broker"] == "connected" and document["version"]
    left, right = document["doors"]
    assert left["id"] == "left" and left["name"] == "Left door" and right["name"] == "Gäste \"2\" <b>"
    assert left["state"] == "closed" and left["position"] == 0 and left["confidence"] == "sensed"
    assert {"fault", "source", "last_changed", "cycles"} <= set(left)


def test_command_to_state(served):
    agent = served(door(travel_time="6s"))
    answer = ask(agent, "POST", "/api/doors/left/open")
    assert (answer.status, answer.json["result"]) == (202, "accepted")
    agent.recorder.wait(agent.topic("left", "state"), "opening")
    assert ask(agent, "GET", "/api/doors").json["doors"][0]["state"] == "opening"
    agent.recorder.wait(agent.topic("left", "state"), "open")
    left = ask(agent, "GET", "/api/doors").json["doors"][0]
    assert (left["state"], left["position"], left["source"]) == ("open", 100, "http")
    answer = ask(agent, "POST", "/api/doors/left/open")
    assert (answer.status, answer.json["result"]) == (200, "unchanged")


def test_refusal_has_its_reason(served):
    agent = served(door(obstruction_sensor={"line": "GPIO25"}))
    assert ask(agent, "POST", "/api/doors/left/open").status == 202
    agent.recorder.wait(agent.topic("left", "state"), "open")
    assert ask(agent, "POST", "/api/simulator/left/obstruct").status == 202
    answer = wait_until(lambda: (refused := ask(agent, "POST", "/api/doors/left/close")).status == 409 and refused,
                        "a refusal")
    assert (answer.json["result"], answer.json["reason"]) == ("rejected", "obstructed")
    assert ask(agent, "POST", "/api/simulator/left/clear").status == 202


def test_pokes_move_the_simulated_door(served):
    agent = served()
    assert ask(agent, "POST", "/api/simulator/left/wall_button").status == 202
    agent.recorder.wait(agent.topic("left", "state"), "open")
    assert ask(agent, "GET", "/api/doors").json["doors"][0]["source"] == "local"
    assert ask(agent, "POST", "/api/simulator/left/kick").status == 404
    assert ask(agent, "POST", "/api/simulator/nobody/jam").status == 404


ERRORS = [
    ("GET", "/nothing", 404, None),
    ("GET", "/../../etc/passwd", 404, None),
    ("POST", "/api/doors/nobody/open", 404, None),
    ("POST", "/api/doors/left/fly", 404, None),
    ("POST", "/", 405, "GET, HEAD"),
    ("GET", "/api/doors/left/open", 405, "POST"),
    ("DELETE", "/api/doors", 405, "GET, HEAD"),
]


def test_errors(agent):
    for method, path, status, allow in ERRORS:
        answer = ask(agent, method, path)
        assert (answer.status, answer.headers["Allow"]) == (status, allow), (method, path)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json["status"] == status and answer.json["detail"].endswith(".")


def test_a_person_reads_a_refusal(agent):
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for status, path, headers in ((404, "/nothing", {}), (421, "/", {"Host": "evil.example"}),
                                  (403, "/api/doors/left/open", {"Origin": "https://evil.example"})):
        method = "POST" if "open" in path else "GET"
        answer = ask(agent, method, path, Accept=browser, **headers)
        assert answer.status == status and answer.headers["Content-Type"] == "text/html; charset=utf-8"
        style = re.search("<style>(.*)</style>", answer.text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
        assert not re.search("src=|<link|<script|url", answer.text)
        problem = ask(agent, method, path, **headers).json
        assert problem["status"] == status and f"<h1>{problem['detail']}</h1>" in re.sub("</?code>", "", answer.text)


def test_health(agent):
    answer = ask(agent, "GET", "/healthz")
    assert (answer.status, answer.text) == (200, "ok\n")
    assert agent.run("--healthcheck").returncode == 0


# ---- The page, without JavaScript: forms, 303 and back. ----

class Page(html.parser.HTMLParser):
    """Forms, buttons, texts and what else a browser would fetch. All addresses as from the path of the page."""

    def __init__(self, text, path):
        super().__init__()
        self.path = path
        self.forms, self.fetched, self.state, self.refresh = {}, [], [], None
        self.form = self.words = None
        self.feed(text)
        self.text = text

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        assert not any(name.startswith("on") or name == "style" for name in attributes), "the CSP forbids these"
        assert tag not in ("style", "iframe") and (tag != "script" or attributes.get("src")), "nor these"
        if tag == "form":
            self.form = urljoin(self.path, attributes["action"])
            assert attributes["method"] == "post"
        elif tag == "button":
            self.forms[self.form] = "disabled" not in attributes
        elif tag == "script":
            self.fetched.append(urljoin(self.path, attributes["src"]))
        elif tag == "link":
            self.fetched.append(urljoin(self.path, attributes["href"]))
        elif tag == "meta" and attributes.get("http-equiv") == "refresh":
            self.refresh = attributes["content"]
        self.words = attributes.get("class") if tag == "p" else None

    def handle_data(self, data):
        if self.words == "state":
            self.state.append(data.strip())
            self.words = None


def browse(agent, path="/", **headers):
    answer = ask(agent, "GET", path, Accept="text/html", **headers)
    assert answer.status == 200, answer.text
    return Page(answer.text, path)


def press(agent, page, action, **headers):
    """What a browser does with a form of the page: the POST, and the page that it leads to."""
    assert page.forms[action], f"the button of {action} is disabled"
    answer = ask(agent, "POST", action, Accept="text/html,application/xhtml+xml,*/*;q=0.8",
                 Origin=f"http://127.0.0.1:{agent.http_port}", Sec_Fetch_Site="same-origin", Content_Length="0",
                 Content_Type="application/x-www-form-urlencoded", **headers)
    assert answer.status == 303, answer.text
    target = urlsplit(urljoin(f"http://127.0.0.1{action}", answer.headers["Location"]))
    return browse(agent, f"{target.path}?{target.query}", **headers)


def test_open_and_close_from_the_page(served):
    agent = served(door("left"), second("right", travel_time="8s"))  # near its end it cannot be stopped
    page = browse(agent)
    assert page.state == ["Closed", "Closed"]
    assert page.forms["/api/doors/right/open"] and not page.forms["/api/doors/right/close"]
    page = press(agent, page, "/api/doors/right/open")
    assert "Asked." in page.text and page.refresh.endswith("url=./")
    page = wait_until(lambda: (now := browse(agent)).state[1].startswith("Opening") and now, "a page that says Opening")
    assert page.forms["/api/doors/right/stop"] and page.refresh == "2"
    page = wait_until(lambda: (now := browse(agent)).state == ["Closed", "Open"] and now, "a page that says Open")
    assert "Asked." not in page.text
    if not agent.log.find("the clock is not set"):  # as on an emulated Pi; nothing has a date then
        assert "asked from the page" in page.text
    press(agent, page, "/api/doors/right/close")
    agent.recorder.wait(agent.topic("right", "state"), "closing")
    agent.recorder.wait(agent.topic("right", "state"), "closed", count=2)
    assert not agent.recorder.seen(agent.topic("left", "state"), "opening")


def test_all_that_the_page_asks_for_is_its_own(agent):
    page = browse(agent)
    assert page.fetched and all(address.startswith("/") and not address.startswith("//") for address in page.fetched)
    for address in page.fetched:
        assert ask(agent, "GET", address).status == 200
    assert not re.search(r"(src|href|action)=\"?https?:", page.text)


@pytest.mark.parametrize("given, said", [
    ({}, "'none'"), ({"frame_ancestors": "self"}, "'self'"),
    ({"frame_ancestors": "https://a.example http://b.example:8123"}, "https://a.example http://b.example:8123")])
def test_whose_pages_may_frame_it(served, given, said):
    agent = served(door(), **given)
    for path in "/", "/nowhere", "/login", "/style.css":
        policy = ask(agent, "GET", path, Accept="text/html").headers["Content-Security-Policy"]
        assert policy.endswith(f"; frame-ancestors {said}"), path


def test_page_tells_of_a_lost_broker(served, broker):
    agent = served()
    assert 'class="broker connected"' in browse(agent).text
    broker.kill()
    page = wait_until(lambda: 'class="broker connected"' not in (now := browse(agent)).text and now, "a page that says so")
    assert re.search(r'class="broker (disconnected|connecting)"', page.text) and page.state == ["Closed"]
    assert ask(agent, "GET", "/healthz").status == 200, "a lost broker is no reason to restart the agent"


def test_names_are_text(served):
    agent = served(door(name="<script>alert(1)</script> & \"x\""))
    assert "<script>" not in browse(agent).text and "&lt;script&gt;alert(1)" in browse(agent).text


# ---- Who may do what. ----

def own_name():
    return socket.gethostname().split(".")[0]


HOSTS = [
    ("localhost:1", 200, 200), ("127.0.0.1", 200, 200), ("[::1]:8080", 200, 200), ("192.0.2.9", 200, 200),
    ("OWN", 200, 200), ("OWN.local:8080", 200, 200), ("garage.example", 200, 200), ("Garage.Example:443", 200, 200),
    ("evil.example", 421, 421), ("garage.example.evil.example", 421, 421), ("", 421, 421), (None, 400, 400),
]


def heard_of(agent, mark):
    """What the door has said since, after a command that it surely has heard."""
    agent.recorder.publish(agent.topic("left", "set"), "NONSENSE", response_topic="test/answer")
    agent.recorder.wait("test/answer", since=mark)
    return [m for m in agent.recorder.seen(agent.topic("left", "event"), since=mark) if m.json.get("source") == "http"]


def test_hosts(served):
    agent = served(hosts=["garage.example"])
    for host, get, post in HOSTS:
        host = host and host.replace("OWN", own_name())
        assert ask(agent, "GET", "/api/doors", Host=host).status == get, host
        mark = agent.recorder.mark()
        assert ask(agent, "POST", "/api/doors/left/close", Host=host).status == post, host
        assert bool(heard_of(agent, mark)) == (post == 200), host


ORIGINS = [
    ({}, True),
    ({"Origin": "http://localhost:8080"}, True),
    ({"Origin": "https://localhost:8080", "Sec_Fetch_Site": "same-origin"}, True),
    ({"Sec_Fetch_Site": "none"}, True),
    ({"Origin": "http://localhost:8081"}, False),
    ({"Origin": "http://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Sec_Fetch_Site": "cross-site"}, False),
    ({"Sec_Fetch_Site": "same-site"}, False),
    ({"Origin": "http://localhost:8080", "Sec_Fetch_Site": "cross-site"}, False),
]


def test_origins(agent):
    for headers, ours in ORIGINS:
        mark = agent.recorder.mark()
        answer = ask(agent, "POST", "/api/doors/left/close", Host="localhost:8080", **headers)
        assert answer.status == (200 if ours else 403), headers
        assert bool(heard_of(agent, mark)) == ours, headers
    agent.log.wait(r"HTTP: refused a command from the page of another site")


def test_password(served, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("open sesame\n")
    secret.chmod(0o600)
    agent = served(username="Aladdin", password_file=str(secret))
    right, wrong = basic("Aladdin", "open sesame"), basic("Aladdin", "open says me")
    for method, path in ("GET", "/"), ("GET", "/api/doors"), ("POST", "/api/doors/left/open"), ("GET", "/style.css"):
        answer = ask(agent, method, path)
        assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    for headers in {"Authorization": wrong}, {"Authorization": "Basic"}:
        assert ask(agent, "POST", "/api/doors/left/open", **headers).status == 401
    assert not agent.recorder.seen(agent.topic("left", "event"))
    page = browse(agent, Authorization=right)
    press(agent, page, "/api/doors/left/open", Authorization=right)
    agent.recorder.wait(agent.topic("left", "state"), "opening")
    assert ask(agent, "GET", "/healthz").status == 200
    assert agent.run("--healthcheck").returncode == 0
    assert not agent.log.find("sesame")


def test_a_session_is_not_held_up_by_guesses(served):
    """Those of a gadget at the same address, with a password that it got once and that is another now."""
    agent = served(username="Aladdin", password="open sesame")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ask(agent, "POST", "/api/login", body="username=Aladdin&password=open+sesame", **form)
    assert answer.status == 200 and answer.json == {"result": "accepted"}
    session = {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}
    agent.log.wait("HTTP: 127.0.0.1 has logged in$")
    guesses = []
    while 429 not in guesses and len(guesses) < 12:  # who guesses slowly has waited already
        guesses.append(ask(agent, "GET", "/api/doors", Authorization=basic("Aladdin", f"close sesame {len(guesses)}")).status)
        assert ask(agent, "GET", "/api/doors", **session).status == 200
    assert guesses[:5] == [401] * 5 and guesses[-1] == 429, guesses
    assert ask(agent, "POST", "/api/doors/left/open", **session).status == 202
    agent.recorder.wait(agent.topic("left", "state"), "opening")
    assert not agent.log.find("sesame") and not agent.log.find(session["Cookie"][-64:])


def hashed(agent, password):
    made = subprocess.run([*agent.command, "--hash-password"], input=password + "\n", text=True, capture_output=True,
                          timeout=DEADLINE, check=True)
    return made.stdout.strip()


def test_a_hashed_password(agent_factory, served):
    password = "S\u00e9same, open!"
    hash = hashed(agent_factory(), password)
    method, rounds, salt, checksum = hash.split("$")[1:]
    assert method == "pbkdf2-sha256"
    decoded = [base64.b64decode(part.replace(".", "+") + "=" * (-len(part) % 4)) for part in (salt, checksum)]
    assert hashlib.pbkdf2_hmac("sha256", password.encode(), decoded[0], int(rounds)) == decoded[1]

    agent = served(username="Aladdin", password=hash)
    assert ask(agent, "GET", "/api/doors").status == 401
    assert ask(agent, "GET", "/api/doors", Authorization=basic("Aladdin", "wrong")).status == 401
    agent.log.wait("HTTP: wrong user name or password from 127.0.0.1$")
    for _ in range(3):
        assert ask(agent, "GET", "/api/doors", Authorization=basic("Aladdin", password)).status == 200
    assert ask(agent, "GET", "/api/doors", Authorization=basic("Aladdin", hash)).status == 401


def test_a_damaged_hash_is_told_before_the_start(agent_factory):
    agent = agent_factory()
    agent.config["http"] |= {"username": "Aladdin", "password": hashed(agent, "sesame")[:-1]}
    for mode, status in (["--check"], 78), ([], 1):
        done = agent.run(*mode)
        assert done.returncode == status and "--hash-password" in done.stderr


def test_guessing_is_slowed(served):
    agent = served(username="Aladdin", password="open sesame")
    tries = []
    while 429 not in tries and len(tries) < 12:  # who guesses slowly has waited already: then the wait is twice as long
        answer = ask(agent, "GET", "/", Authorization=basic("Aladdin", f"sesame{len(tries)}"),
                     Accept="text/html" if len(tries) < 5 else "*/*")
        tries.append(answer.status)
    wrong = len(tries) - 1
    assert wrong >= 5 and tries == [401] * wrong + [429], tries
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 2 ** (wrong - 5) and f"Wait {wait} s" in answer.json["detail"]
    assert ask(agent, "GET", "/healthz").status == 200
    wait_until(lambda: ask(agent, "GET", "/", Authorization=basic("Aladdin", "open sesame")).status == 200,
               "the end of the wait")
    assert len(agent.log.find("wrong user name or password from 127.0.0.1$")) == wrong


@pytest.mark.parametrize("allowed", [False, True])
def test_without_a_password_on_every_address(served, allowed):
    agent = served(listen=lambda agent: f"0.0.0.0:{agent.http_port}", allow_anonymous_commands=allowed)
    page = browse(agent)
    answer = ask(agent, "POST", "/api/doors/left/open")
    if allowed:
        assert answer.status == 202 and page.forms["/api/doors/left/open"] and "Read-only" not in page.text
    else:
        assert answer.status == 403 and "password" in answer.json["detail"]
        assert not any(page.forms.values()) and "Read-only." in page.text
        assert ask(agent, "POST", "/api/simulator/left/wall_button").status == 403
        agent.log.wait("read-only")
        assert not agent.recorder.seen(agent.topic("left", "event"))
    assert agent.run("--healthcheck").returncode == 0


def test_ipv6(served):
    agent = served(listen=lambda agent: f"[::1]:{agent.http_port}")
    assert ask(agent, "POST", "/api/doors/left/open", address="::1", Host=f"[::1]:{agent.http_port}").status == 202
    assert agent.run("--healthcheck").returncode == 0


def test_a_port_in_use_is_said(agent, agent_factory):
    other = agent_factory(config={"http": {"listen": f"127.0.0.1:{agent.http_port}"}}).start()
    other.log.wait(f"HTTP: cannot listen on 127.0.0.1 port {agent.http_port}: Address already in use")


# ---- Clients that mean no good. ----

def silent_deadline(agent, first_bytes):
    """Sends these bytes and nothing more; what came back, and after how many seconds."""
    start = time.monotonic()
    with connect(agent) as connection:
        connection.settimeout(30 * SLOWNESS)
        connection.sendall(first_bytes)
        heard = b""
        while piece := connection.recv(4096):
            heard += piece
        return heard, time.monotonic() - start


def test_deadline_of_a_request(agent):
    """The real ten seconds, for all kinds of silence at once."""
    kinds = [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n",
             b"POST /api/doors/left/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx"]
    results = [None] * len(kinds)
    def run(index):
        results[index] = silent_deadline(agent, kinds[index])
    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(kinds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for kind, (heard, seconds) in zip(kinds, results):
        assert 9.5 < seconds < 13 * SLOWNESS, kind
        assert heard.startswith(b"HTTP/1.1 408 ") if kind else heard == b"", kind
    assert not agent.recorder.seen(agent.topic("left", "event"))


def test_what_lay_in_the_network_does_nothing(served):
    """Bytes that come late, each on a connection of its own: as much as the agent can know of a request's age."""
    ids = ["left", "right", "shed", "barn", "yard"]
    agent = served(*(door(id, relay={"line": 3 * i}, closed_sensor={"line": 3 * i + 1}, open_sensor={"line": 3 * i + 2})
                     for i, id in enumerate(ids)))

    def post(id):
        return f"POST /api/doors/{id}/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n".encode()

    plans = [  # seconds after the connect, and what comes then; what comes back
        ([(0, post("left")), (13, b"{}")], 408, ""),
        ([(6, post("right")), (11, b"{}")], 409, "stale"),  # its first byte is not old, but may have been sent long ago
        ([(13, post("shed") + b"{}")], None, ""),  # the connection has ended
        ([(6, post("barn")[:20]), (11, post("barn")[20:] + b"{}")], 409, "stale"),
        ([(6, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), (11, post("yard") + b"{}")], 202, "accepted"),
    ]

    def carry_out(plan):
        with connect(agent) as connection:
            start = time.monotonic()
            for at, text in plan:
                time.sleep(max(0, start + at - time.monotonic()))
                try:
                    connection.sendall(text)
                except OSError:  # it is closed for certain
                    break
                if text.startswith(b"GET"):
                    assert hear(connection).status == 200
            try:
                answer = hear(connection)
            except (OSError, http.client.HTTPException):
                return None, ""
            return answer.status, answer.text

    with ThreadPoolExecutor(len(plans)) as pool:
        answers = list(pool.map(carry_out, [plan for plan, _, _ in plans]))
    for (_, status, word), (was, text) in zip(plans, answers):
        assert was == status and word in text, answers
    agent.log.wait("door yard: relay on")
    assert not agent.log.find("door (left|right|shed|barn): relay on")


def test_what_waited_for_a_descriptor_does_nothing(agent):
    """The kernel takes connections, and what is sent on them, while the agent has no descriptor for one."""
    process = agent.process.pid
    least, most = resource.prlimit(process, resource.RLIMIT_NOFILE)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (3, most))
    with connect(agent) as connection:
        connection.sendall(b"POST /api/doors/left/open HTTP/1.1\r\nHost: localhost\r\n\r\n")
        agent.log.wait("HTTP: cannot accept a client")
        time.sleep(11)
        resource.prlimit(process, resource.RLIMIT_NOFILE, (least, most))
        answer = hear(connection)
    assert answer.status == 409 and "stale" in answer.text
    assert ask(agent, "POST", "/api/doors/left/open").status == 202


def test_what_waited_for_the_start_does_nothing(agent_factory, broker, tmp_path):
    """The page's port is open before the history is read, which a card may hold up: by strace, for eleven seconds."""
    if len(agent_command()) > 1 or not shutil.which("strace"):
        pytest.skip("takes strace, and no emulation")
    if subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True).returncode:
        pytest.skip("strace may not trace here")
    agent = agent_factory(broker, config={"history": {"directory": str(tmp_path)},
                                          "doors": [{"id": "left", "open_relay": "GPIO17", "close_relay": "GPIO27"}]})

    def early():
        connection = wait_until(lambda: suppressed(OSError, connect, agent), "an open port")
        with connection:
            connection.settimeout(DEADLINE + 11)
            connection.sendall(b"POST /api/doors/left/open HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return hear(connection)

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(early)
        agent.start(prefix=["strace", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=flock",
                            "-e", "inject=flock:delay_enter=11000000"], env={"LSAN_OPTIONS": "detect_leaks=0"})
        assert answer.result().status == 409 and "stale" in answer.result().text
    assert ask(agent, "POST", "/api/doors/left/open").status == 202
    process = agent.process.pid
    os.kill(int(Path(f"/proc/{process}/task/{process}/children").read_text()), signal.SIGTERM)
    assert agent.wait() == 0


def test_a_flood_holds_up_no_door(agent):
    """More slow clients than slots, again and again, and endless headers: MQTT, the door and the health check go on."""
    stop = threading.Event()
    opened = [0]

    def slow():
        mine = []
        while not stop.is_set():
            try:
                connection = connect(agent)
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
                mine.append(connection)
                opened[0] += 1
            except OSError:
                pass
            if len(mine) > 60:
                mine.pop(0).close()
            time.sleep(0.005)
        for connection in mine:
            connection.close()

    def endless():
        while not stop.is_set():
            try:
                with connect(agent) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"a" * 100000)
                    connection.recv(100)
            except OSError:
                pass

    threads = [threading.Thread(target=task) for task in (slow, slow, endless)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: opened[0] > 100, "more than a hundred clients")
        times = []
        agent.await_commands()
        for command in ["OPEN", "CLOSE"] * 2:
            mark = agent.recorder.mark()
            start = time.monotonic()
            agent.recorder.publish(agent.topic("left", "set"), command, response_topic="test/answer")
            agent.recorder.wait("test/answer", since=mark)
            times.append(time.monotonic() - start)
            agent.recorder.wait(agent.topic("left", "state"), "open" if command == "OPEN" else "closed", since=mark)
        assert sorted(times)[1] < 0.5 * SLOWNESS and max(times) < 2 * SLOWNESS, times
        wait_until(lambda: agent.run("--healthcheck").returncode == 0, "a healthy agent in the flood")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    # Who is patient is served.
    wait_until(lambda: ask_quietly(agent) == 200, "the page after the flood")
    assert len(agent.log.find("WARNING|warning")) < 20


def ask_quietly(agent):
    try:
        return ask(agent, "GET", "/").status
    except OSError:
        return None


def memory(agent):
    with open(f"/proc/{agent.process.pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1))


def test_memory_does_not_grow(agent):
    with open(f"/proc/{agent.process.pid}/exe", "rb") as program:
        if len(agent.command) > 1 or re.search(rb"(Address|Thread)Sanitizer", program.read()):
            pytest.skip("a sanitizer keeps what is freed, and an emulator what it has translated")
    def burst():
        connections = [connect(agent) for _ in range(30)]
        for path in ["/?door=left&said=busy", "/api/doors"] * 10:
            for connection in connections:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            for connection in connections:
                assert hear(connection).status == 200
        for connection in connections:
            connection.close()
    burst()
    before = memory(agent)
    for _ in range(5):
        burst()
    assert memory(agent) - before < 128


def test_a_page_of_64_doors(served):
    doors = [door(f"door{number}", relay=None, open_relay={"line": number * 4}, close_relay={"line": number * 4 + 1},
                  closed_sensor={"line": number * 4 + 2}, open_sensor={"line": number * 4 + 3}) for number in range(64)]
    agent = served(*doors)
    page = browse(agent)
    assert len(page.state) == 64 and page.text.endswith("</html>")
    assert len(ask(agent, "GET", "/api/doors").json["doors"]) == 64


# ---- The handbook. ----

def test_handbook_knows_the_bounds():
    header = (ROOT / "src/http/http.h").read_text()
    handbook = (ROOT / "docs/api.md").read_text()
    bounds = {name: int(value) for name, value in re.findall(r"#define HTTP_(\w+) +(\d+)", header)}
    rows = dict(re.findall(r"^\| ([a-z][^|]+) \| ([^|]+) \|$", handbook, re.M))
    assert rows["clients at a time"].startswith(f"{bounds['CLIENTS_MAX']}, ")
    assert rows["listeners to events at a time"] == f"{bounds['LISTENERS_MAX']} of these"
    assert rows["address of a request"] == f"{bounds['TARGET_MAX']} bytes"
    assert rows["request line and headers"] == f"{bounds['HEAD_MAX'] // 1024} KB"
    assert rows["body"].startswith(f"{bounds['BODY_MAX'] // 1024} KB")
    assert rows["first byte of a request to last byte of its answer"] == f"{bounds['REQUEST_LIMIT_MS'] // 1000} s"
    assert rows["between two requests of a connection"] == f"{bounds['IDLE_LIMIT_MS'] // 1000} s"
