"""scripts/make-certificates: a CA of one's own for a real mosquitto that lets in only whom it knows, and for the page."""

import http.client
import os
import re
import shutil
import socket
import ssl
import stat
import subprocess

import pytest

from harness import DEADLINE, ROOT, door, wait_until

SCRIPT = ROOT / "scripts/make-certificates"


def make(folder, *arguments):
    return subprocess.run([SCRIPT, folder, *arguments], text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=DEADLINE)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates") / "ca"
    for arguments in (("broker", "localhost", "127.0.0.1", "::1"), ("agent", "garage"), ("agent", "shed"),
                      ("page", "garage.local", "*.garage.example", "127.0.0.1")):
        done = make(folder, *arguments)
        assert done.returncode == 0, done.stderr
    return folder


def test_what_is_made(made):
    names = {"ca", "broker", "agent-garage", "agent-shed", "page"}
    assert {path.name for path in made.iterdir()} == {f"{name}.{end}" for name in names for end in ("crt", "key")}
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in made.iterdir())
    for name, days in (("ca", 3650), ("broker", 730), ("agent-garage", 730), ("page", 730)):
        for left, expected in ((days - 1, 0), (days + 1, 1)):
            assert subprocess.run(["openssl", "x509", "-noout", "-checkend", str(left * 86400), "-in",
                                   made / f"{name}.crt"], capture_output=True).returncode == expected
    for name, purpose, good in (("broker", "sslserver", True), ("agent-garage", "sslclient", True), ("page", "sslserver", True),
                                ("agent-garage", "sslserver", False), ("broker", "sslclient", False)):
        verified = subprocess.run(["openssl", "verify", "-CAfile", made / "ca.crt", "-purpose", purpose, made / f"{name}.crt"],
                                  capture_output=True)
        assert (verified.returncode == 0) == good, (name, purpose)


def test_nothing_is_overwritten(made):
    before = {path: path.read_bytes() for path in made.iterdir()}
    for arguments in (("broker", "other.lan"), ("agent", "garage"), ("page", "other.lan")):
        done = make(made, *arguments)
        assert done.returncode == 1 and "is there already: move it away first" in done.stderr
    assert {path: path.read_bytes() for path in made.iterdir()} == before


@pytest.mark.parametrize("arguments", [(), ("broker",), ("cat", "x"), ("agent", "a", "b"), ("agent", "Garage"),
                                       ("broker", "a b"), ("page", "x,DNS:y"), ("page", "x\n[y]")])
def test_wrong_words_make_nothing(arguments, tmp_path):
    done = make(tmp_path / "ca", *arguments)
    assert done.returncode in (1, 2) and done.stderr and not (tmp_path / "ca").exists()


def test_without_the_ca_s_key(made, tmp_path):
    (tmp_path / "ca.crt").write_bytes((made / "ca.crt").read_bytes())
    done = make(tmp_path, "agent", "garage")
    assert done.returncode == 1 and "ca.key is missing" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["ca.crt"]


@pytest.fixture
def broker(broker_factory, made):
    """As docs/security.md has it, and with an ACL by the certificate's name."""
    return broker_factory(acl="user garage\ntopic readwrite portcullis/garage/#\n", listener_options=[
        f"certfile {made / 'broker.crt'}", f"keyfile {made / 'broker.key'}", f"cafile {made / 'ca.crt'}",
        "require_certificate true", "use_identity_as_username true"])


def config(made, client="agent-garage"):
    own = {"certificate_file": str(made / f"{client}.crt"), "key_file": str(made / f"{client}.key")} if client else {}
    return {"mqtt": {"tls": {"ca_file": str(made / "ca.crt"), **own}}, "home_assistant": {"discovery": False},
            "http": {"tls": {"certificate_file": str(made / "page.crt"), "key_file": str(made / "page.key")}},
            "doors": [door()]}


def test_broker_agent_and_page(made, broker, agent_factory):
    agent = agent_factory(f"mqtts://localhost:{broker.port}", config=config(made)).start()
    agent.log.wait("connected to the broker")
    broker.log.wait(r"as portcullis-garage .*u'garage'")
    context = ssl.create_default_context(cafile=str(made / "ca.crt"))
    for name in ("garage.local", "my.garage.example", "127.0.0.1"):
        with socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE) as plain:
            with context.wrap_socket(plain, server_hostname=name) as sock:
                assert sock.version() == "TLSv1.3"
    page = http.client.HTTPSConnection("127.0.0.1", agent.http_port, timeout=DEADLINE, context=context)
    page.request("GET", "/healthz")
    wait_until(lambda: page.getresponse().read() or True, "an answer")
    page.close()
    with pytest.raises(ssl.SSLCertVerificationError):
        with socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE) as plain:
            context.wrap_socket(plain, server_hostname="other.lan")
    assert agent.stop() == 0


@pytest.mark.parametrize("client, says", [(None, "certificate required"), ("page", "refuses: ")])
def test_whom_the_broker_does_not_know(client, says, made, broker, agent_factory):
    agent = agent_factory(f"mqtts://localhost:{broker.port}", config=config(made, client)).start()
    assert says in agent.log.wait("warning: broker localhost:")
    assert not agent.log.find("connected to the broker")


def test_another_agent_s_certificate_is_no_pass(made, broker, agent_factory):
    agent = agent_factory(f"mqtts://localhost:{broker.port}", config=config(made, "agent-shed")).start()
    agent.log.wait("connected to the broker")
    agent.log.wait("refuses what is published|denies the subscription|[Nn]ot authorized")


def test_renewal(made, broker, agent_factory, tmp_path):
    """Moved away, made again, put in place: the page has it from then on."""
    folder = tmp_path / "ca"
    shutil.copytree(made, folder)
    agent = agent_factory(f"mqtts://localhost:{broker.port}", config=config(folder)).start()
    agent.log.wait("connected to the broker")
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))

    def serial():
        with socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as sock:
                return sock.getpeercert()["serialNumber"]

    before = serial()
    os.rename(folder / "page.crt", folder / "page.crt.old")
    os.rename(folder / "page.key", folder / "page.key.old")
    assert make(folder, "page", "127.0.0.1").returncode == 0
    wait_until(lambda: serial() != before, "the renewed certificate")
    assert re.fullmatch("[0-9A-F]{32}", before)
