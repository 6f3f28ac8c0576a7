"""The page over HTTPS: what a browser sees, certificates that are renewed while it runs, and clients that stall."""

import http.client
import json
import os
import platform
import re
import shutil
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from certificates import DAY, NOW, Authority
from harness import DEADLINE, SLOWNESS, door, wait_until


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates") / "ca")


def install(pair, folder):
    """Both files at once, as far as that goes: ACME tools rename, too."""
    for source, name in ((pair.certificate, "page.crt"), (pair.key, "page.key")):
        shutil.copy(source, folder / "new")
        (folder / "new").rename(folder / name)


@pytest.fixture
def files(tmp_path, ca):
    folder = tmp_path / "tls"
    folder.mkdir()
    install(ca.issue("page", ["localhost", "127.0.0.1"]), folder)
    return folder


@pytest.fixture
def page(agent_factory, files):
    """The agent, serving HTTPS."""
    agent = agent_factory(config=config(files)).start()
    agent.log.wait(f"listening on https://127.0.0.1:{agent.http_port}/")
    agent.log.wait("door left: closed")
    return agent


def config(files, **http):
    return {"http": {"tls": {"certificate_file": str(files / "page.crt"), "key_file": str(files / "page.key")}, **http},
            "doors": [door(travel_time="200ms")]}


def trusting(ca):
    return ssl.create_default_context(cafile=str(ca.certificate))


def connect(agent, context, session=None):
    sock = socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE)
    return context.wrap_socket(sock, server_hostname="localhost", session=session)


def ask(agent, ca, method, path, connection=None):
    """Status and text of an answer."""
    own = connection or http.client.HTTPSConnection("127.0.0.1", agent.http_port, timeout=DEADLINE, context=trusting(ca))
    own.request(method, path)
    answer = own.getresponse()
    text = answer.read().decode()
    if connection is None:
        own.close()
    return answer.status, text


def opens_the_door(agent, ca):
    status, text = ask(agent, ca, "POST", "/api/doors/left/open")
    assert (status, json.loads(text)["result"]) == (202, "accepted")
    wait_until(lambda: json.loads(ask(agent, ca, "GET", "/api/doors")[1])["doors"][0]["state"] == "open", "the door to open")


def serial(agent, ca):
    """The number of the certificate that a new connection is shown."""
    with connect(agent, trusting(ca)) as sock:
        return sock.getpeercert()["serialNumber"]


def test_page_and_api(page, ca):
    status, text = ask(page, ca, "GET", "/")
    assert status == 200 and "Left door" in text
    opens_the_door(page, ca)
    connection = http.client.HTTPSConnection("127.0.0.1", page.http_port, timeout=DEADLINE, context=trusting(ca))
    sock = None
    for _ in range(3):
        assert ask(page, ca, "GET", "/api/doors", connection)[0] == 200
        assert sock in (None, connection.sock), "the connection is kept"
        sock = connection.sock
    connection.close()


def test_a_browser_s_post_from_the_page_itself(page, ca):
    connection = http.client.HTTPSConnection("127.0.0.1", page.http_port, timeout=DEADLINE, context=trusting(ca))
    for origin, status in ((f"https://127.0.0.1:{page.http_port}", 202), ("https://evil.example", 403)):
        connection.request("POST", "/api/doors/left/open", headers={"Origin": origin})
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (status, 200 if status == 202 else status)


def test_a_session_comes_back_by_https_alone(agent_factory, files, ca):
    agent = agent_factory(config=config(files, username="me", password="right")).start()
    agent.log.wait("HTTP: listening on https")
    connection = http.client.HTTPSConnection("127.0.0.1", agent.http_port, timeout=DEADLINE, context=trusting(ca))
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    connection.request("POST", "/api/login", "username=me&password=right", form)  # as by a browser that sends no Origin
    answer = connection.getresponse()
    answer.read()
    cookies = answer.headers.get_all("Set-Cookie")
    assert answer.status == 303 and cookies[0].startswith("__Host-portcullis=")
    assert all("; Secure" in cookie and "; HttpOnly" in cookie and "; Path=/" in cookie for cookie in cookies)
    assert all("Domain" not in cookie for cookie in cookies)
    for headers, status in ({}, 401), ({"Cookie": cookies[0].split(";")[0]}, 200):
        connection.request("GET", "/", headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


def test_a_page_of_64_doors_arrives_whole(agent_factory, files, ca):
    """More than a record, more than any buffer on the way."""
    doors = [door(f"d{i}", relay={"line": 100 + i}, closed_sensor=None, open_sensor=None) for i in range(64)]
    agent = agent_factory(config=config(files) | {"doors": doors}).start()
    agent.log.wait("listening on https")
    status, text = ask(agent, ca, "GET", "/")
    assert status == 200 and text.rstrip().endswith("</html>") and len(text) > 20000
    assert all(f"D{i} door" in text for i in range(64))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLSv1.2", "TLSv1.3"])
def test_versions_and_sessions(version, page, ca):
    context = trusting(ca)
    context.minimum_version = context.maximum_version = version
    session = None
    for round in range(2):
        with connect(page, context, session) as sock:
            assert sock.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
            assert sock.session_reused == (round > 0)
            sock.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert b"200 OK" in sock.recv(4096)
            session = sock.session


def test_nothing_older_than_tls_1_2(page, ca):
    context = trusting(ca)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        connect(page, context)


@pytest.mark.parametrize("later_s", [0, 0.5])
def test_plain_http_gets_a_readable_answer(page, later_s):
    with socket.create_connection(("127.0.0.1", page.http_port), timeout=DEADLINE) as sock:
        time.sleep(later_s)  # for the agent to wait for the first byte
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        assert answer.status == 400 and "https://" in answer.read().decode()
        assert sock.recv(1) == b""


def test_a_renewed_certificate_is_taken_into_use_and_nothing_is_dropped(page, ca, files):
    before = serial(page, ca)
    events = connect(page, trusting(ca))
    events.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"event-stream" in events.recv(8192)

    install(ca.issue("renewed", ["localhost", "127.0.0.1"]), files)
    wait_until(lambda: serial(page, ca) != before, "the renewed certificate")
    page.log.wait("took the renewed certificate")

    opens_the_door(page, ca)  # and the listener of before hears of it
    heard = b""
    while b'"open"' not in heard:
        piece = events.recv(8192)
        assert piece, heard
        heard += piece
    events.close()


def test_a_bad_renewal_keeps_the_former_certificate(page, ca, files):
    before = serial(page, ca)
    (files / "page.crt").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    wait_until(lambda: serial(page, ca) == before and page.log.find("error: TLS: .*former certificate stays in use"),
               "the word on the bad file")
    (files / "page.crt").unlink()
    wait_until(lambda: serial(page, ca) == before and page.log.find("error: TLS: cannot read .*page.crt"),
               "the word on the missing file")
    assert len(page.log.find("error: ")) == 2, "each once"
    install(ca.issue("good", ["localhost", "127.0.0.1"]), files)
    wait_until(lambda: serial(page, ca) != before, "the good one")


def make_certbot(folder, pair, number):
    """live/NAME/X leads to ../../archive/NAME/XNUMBER, one link a file."""
    archive, live = folder / "archive/garage", folder / "live/garage"
    for made in (archive, live):
        made.mkdir(parents=True, exist_ok=True)
    for source, name in ((pair.certificate, "page.crt"), (pair.key, "page.key")):
        shutil.copy(source, archive / f"{name}{number}")
        (live / "new").symlink_to(f"../../archive/garage/{name}{number}")
        (live / "new").rename(live / name)
    return live


def make_kubernetes(folder, pair, number):
    """X leads to ..data/X and ..data to a folder of the day, which goes when the next one is there."""
    day, former = folder / f"..2026_{number}", folder / f"..2026_{number - 1}"
    day.mkdir()
    install(pair, day)
    (folder / "..data_tmp").symlink_to(day.name)
    (folder / "..data_tmp").rename(folder / "..data")
    for name in ("page.crt", "page.key"):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    if former.exists():
        shutil.rmtree(former)
    return folder


def make_kubernetes_data(folder, pair, number):
    return make_kubernetes(folder, pair, number) / "..data"


def make_acmetool(folder, pair, number):
    """live/NAME leads to a folder of its own beside live."""
    real = folder / f"certs/{number}"
    real.mkdir(parents=True)
    install(pair, real)
    (folder / "live").mkdir(exist_ok=True)
    (folder / "live/new").symlink_to(f"../certs/{number}")
    (folder / "live/new").rename(folder / "live/garage")
    return folder / "live/garage"


LAYOUTS = [make_certbot, make_kubernetes, make_kubernetes_data, make_acmetool]


@pytest.mark.parametrize("make", LAYOUTS, ids=[make.__name__ for make in LAYOUTS])
def test_renewal_behind_links(make, agent_factory, ca, tmp_path):
    """Locked down as it is, the agent reads what a link leads to that did not before."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    names = ["localhost", "127.0.0.1"]
    agent = agent_factory(config=config(make(folder, ca.issue("page", names), 1))).start()
    agent.log.wait("listening on https")
    before = serial(agent, ca)
    for number in (2, 3):
        make(folder, ca.issue(f"renewed {number}", names), number)
        wait_until(lambda: serial(agent, ca) != before, f"renewal {number - 1}")
        agent.log.wait("took the renewed certificate", count=number - 1)
        before = serial(agent, ca)


def test_start_with_bad_files(agent_factory, ca, files):
    for name in ("page.crt", "page.key"):
        agent = agent_factory(config=config(files))
        kept = (files / name).read_text()
        (files / name).write_text("")
        checked = agent.run("--check")
        assert checked.returncode == 78 and re.search(rf"http\.tls: TLS: \S+{name} holds no", checked.stderr)
        agent.start()
        agent.log.wait(rf"error: http\.tls: TLS: \S+{name} holds no.*without the page")
        agent.log.wait("door left: closed")  # the doors need no page
        (files / name).write_text(kept)
        agent.log.wait("listening on https")
        with connect(agent, trusting(ca)):
            pass
        agent.stop()


def test_health_check(agent_factory, ca, files):
    agent = agent_factory(config=config(files)).start()
    agent.log.wait("listening on https")
    assert agent.run("--healthcheck").returncode == 0

    expired = ca.issue("expired", ["gate.example"], begin=NOW - 30 * DAY, end=NOW - DAY)
    install(expired, files)  # the check asks by address, and for this very certificate
    wait_until(lambda: agent.run("--healthcheck").returncode == 0, "the check of an expired certificate of another name")

    other = agent_factory(config=config(files, listen=f"127.0.0.1:{agent.http_port}"))
    other.config["http"]["tls"]["certificate_file"] = str(ca.certificate)
    checked = other.run("--healthcheck")
    assert checked.returncode == 1 and "the certificate is not the one in" in checked.stderr

    assert agent.stop() == 0
    checked = agent.run("--healthcheck")
    assert checked.returncode == 1 and "Connection refused" in checked.stderr


def test_clients_that_stall_hold_up_nobody(page, ca):
    """More than there is room for, silent or in the middle of a handshake: doors and page go on."""
    hello = trusting_hello()
    stalled = []
    for i in range(150):
        with suppress(OSError):
            sock = socket.create_connection(("127.0.0.1", page.http_port), timeout=DEADLINE)
            if i % 2:
                sock.sendall(hello[:len(hello) // 2])
            stalled.append(sock)

    def answered():
        with suppress(OSError, http.client.HTTPException):
            return ask(page, ca, "GET", "/api/doors")[0] == 200
        return False

    began = time.monotonic()
    wait_until(answered, "room for one that does not stall")
    assert time.monotonic() - began < 5 * SLOWNESS
    opens_the_door(page, ca)
    for sock in stalled:
        sock.settimeout(15 * SLOWNESS)
        with suppress(ConnectionError):
            while sock.recv(4096):
                pass
        sock.close()


def trusting_hello():
    """The bytes of a ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    engine = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        engine.do_handshake()
    return outgoing.read()


def scheduling(process, thread):
    """Policy, nice value and slice in ns that the kernel holds for a thread."""
    text = (process / "task" / thread / "sched").read_text()
    values = {name: int(value) for name, value in re.findall(r"^(policy|prio|se\.slice) +: +(\d+)$", text, re.M)}
    return values["policy"], values["prio"] - 120, values["se.slice"]


def test_who_ends_a_pulse_comes_before_who_shakes_hands(page):
    """What src/base/priority.h asks for, as the kernel holds it."""
    if tuple(map(int, re.findall(r"\d+", platform.release())[:2])) < (6, 12):
        pytest.skip("this kernel knows no slices of a thread")
    if len(page.command) > 1:
        pytest.skip("the emulator's threads are not the agent's")
    process, loop = Path(f"/proc/{page.process.pid}"), str(page.process.pid)
    try:
        policy, nice, usual = scheduling(Path("/proc/self"), str(os.getpid()))
    except (OSError, KeyError) as error:
        pytest.skip(f"the kernel does not show the scheduling of a thread: {error!r}")
    if policy != 0 or nice > 9:
        pytest.skip(f"the test itself runs with policy {policy} and nice {nice}")

    def nicer():
        found = []
        for thread in os.listdir(process / "task"):
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
                found.append(scheduling(process, thread))
        return [each for each in found if each[1] > nice]

    wait_until(lambda: scheduling(process, loop) == (0, nice, 100_000), "the loop to have the shortest slice there is")
    assert not nicer()
    with socket.create_connection(("127.0.0.1", page.http_port), timeout=DEADLINE):  # a handshake that does not go on
        wait_until(lambda: nicer() == [(0, nice + 10, usual)], "a thread that is nicer, with the usual slice")


def test_nothing_is_left_of_clients_that_went(page, ca):
    process = Path(f"/proc/{page.process.pid}")
    opens_the_door(page, ca)

    def state():
        return len(os.listdir(process / "fd")), len(os.listdir(process / "task"))

    before = state()
    hello = trusting_hello()
    for i in range(200):
        with suppress(OSError, ssl.SSLError):
            if i % 4 == 0:
                connect(page, trusting(ca)).close()
            elif i % 4 == 1:
                ask(page, ca, "GET", "/")
            else:
                with socket.create_connection(("127.0.0.1", page.http_port), timeout=DEADLINE) as sock:
                    sock.sendall(hello[:len(hello) // (i % 4 - 1)])
    wait_until(lambda: state()[1] <= before[1] + 1, "the threads to end", deadline=20)
    assert state()[0] <= before[0] + 80  # one for each place that was used, until the next client's coming


def test_stopping_waits_for_nobody(page, ca):
    listening = connect(page, trusting(ca))
    listening.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert listening.recv(4096)
    stalled = socket.create_connection(("127.0.0.1", page.http_port), timeout=DEADLINE)
    began = time.monotonic()
    assert page.stop() == 0
    assert time.monotonic() - began < 3 * SLOWNESS
    stalled.close()
    listening.close()


def warns_without_end(page, ca):
    """In the place of the key exchange come warnings, which TLS passes over."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    sock = socket.create_connection(("127.0.0.1", page.http_port), timeout=DEADLINE)
    sock.sendall(outgoing.read())
    return sock, b"\x15\x03\x03\x00\x02\x01\x5a" * 2000


def goes_on_after_the_answer(page, ca):
    """The page has said its last word, and reads no more."""
    sock = connect(page, trusting(ca))
    sock.sendall(b"NONSENSE\r\n\r\n")
    assert sock.recv(4096).startswith(b"HTTP/1.1 400 ")
    return sock, bytes(16384)


@pytest.mark.parametrize("kind", [warns_without_end, goes_on_after_the_answer])
def test_bytes_without_end(kind, page, ca):
    """They keep no place for longer than any, and not the agent from stopping."""
    ended, over = [], threading.Event()

    def run(sock, words):
        with suppress(OSError), sock:
            while not over.is_set():
                sock.sendall(words)
        ended.append(time.monotonic() - began)

    began = time.monotonic()
    threads = [threading.Thread(target=run, args=kind(page, ca), daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        opens_the_door(page, ca)
        wait_until(lambda: len(ended) == 4, "the end of them", deadline=15 * SLOWNESS)
        if kind == warns_without_end:
            assert min(ended) > 9, "as long as any handshake"
        threads = [threading.Thread(target=run, args=kind(page, ca), daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        assert page.stop() == 0
        assert time.monotonic() - began < 3 * SLOWNESS
    finally:
        over.set()


def test_https_and_mqtts_at_once(agent_factory, broker_factory, recorder_factory, ca, files):
    broker = broker_factory(listener_options=[f"certfile {files / 'page.crt'}", f"keyfile {files / 'page.key'}"])
    agent = agent_factory(f"mqtts://127.0.0.1:{broker.port}",
                          config=config(files) | {"mqtt": {"tls": {"ca_file": str(ca.certificate)}}}).start()
    agent.log.wait("connected to the broker")
    recorder = recorder_factory(broker, tls=trusting(ca))
    opens_the_door(agent, ca)
    recorder.wait(agent.topic("left", "state"), "open")
    assert agent.stop() == 0
