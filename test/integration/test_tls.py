"""mqtts:// against a real mosquitto and against servers that misbehave, with certificates made here. Every row ends
connected, or says exactly why not, goes on with doors and page, and tries again. OpenSSL's own client is asked about the
same server with the same trust, and has to agree.
"""

import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import pytest

from certificates import CONSTRAINED, DAY, NOW, Authority, chain
from harness import (CONNECT, DEADLINE, SLOWNESS, Closed, FakeBroker, TcpServer, ask, door, exactly, free_port, get, packet, text,
                     wait_until, with_file)

NAME = "door.broker.test"
HELLO = 0x16
CONNECT_PACKET = packet(CONNECT, text("MQTT") + b"\x04\x02\x00\x3c" + text("s_client"))


# ---- Certificates ----

@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Paths by name: X.crt and X.key, ca.crt and so on."""
    folder = tmp_path_factory.mktemp("certificates")
    here = ["localhost", "127.0.0.1"]
    ca = Authority(folder / "ca")
    other = Authority(folder / "other", "Other CA")
    again = Authority(folder / "again")
    middle = Authority(folder / "middle", "Middle CA", issuer=ca)
    pairs = {
        "right": ca.issue("right", here),
        "rsa": ca.issue("rsa", here, key="rsa"),
        "renewed": ca.issue("renewed", here),
        "expired": ca.issue("expired", here, begin=NOW - 30 * DAY, end=NOW - DAY),
        "early": ca.issue("early", here, begin=NOW + 30 * DAY, end=NOW + 90 * DAY),
        "name": ca.issue("name", ["gate.example", "*.gate.example"]),
        "localhost": ca.issue("localhost", ["localhost"]),
        "address": ca.issue("address", ["127.0.0.1"]),
        "other address": ca.issue("other address", ["127.0.0.2"]),
        "common address": ca.issue("127.0.0.1"),
        "wildcard": ca.issue("wildcard", ["*.broker.test"]),
        "high wildcard": ca.issue("high wildcard", ["*.test"]),
        "client usage": ca.issue("client usage", here, usage="clientAuth"),
        "leaf": middle.issue("leaf", here),
        "self-signed": ca.self_signed("self-signed", here),
        "client": ca.issue("client", usage="clientAuth"),
        "rsa client": ca.issue("rsa client", usage="clientAuth", key="rsa"),
        "locked client": ca.issue("locked client", usage="clientAuth", password="open sesame"),
        "other client": other.issue("other client", usage="clientAuth"),
        "expired client": ca.issue("expired client", usage="clientAuth", begin=NOW - 30 * DAY, end=NOW - DAY),
    }
    paths = {"ca": ca.certificate, "other": other.certificate, "again": again.certificate,
             "no file": folder / "none.crt", "password": folder / "password", "wrong": folder / "wrong"}
    for name, pair in pairs.items():
        paths[f"{name}.crt"], paths[f"{name}.key"] = pair.certificate, pair.key
    paths["chain.crt"] = chain(folder / "chain.crt", pairs["leaf"].certificate, middle.certificate)
    paths["chain.key"] = pairs["leaf"].key
    constrained = Authority(folder / "constrained", "Constrained CA", more=[CONSTRAINED])
    between = Authority(folder / "between", "Constrained Middle CA", issuer=ca, more=[CONSTRAINED])
    below = between.issue("below", ["localhost", "127.0.0.1"])
    paths["constrained chain.crt"] = chain(folder / "constrained.crt", below.certificate, between.certificate)
    paths["constrained chain.key"] = below.key
    paths["constrained beside"] = chain(folder / "beside.crt", constrained.certificate, ca.certificate)
    paths["constrained alone"] = constrained.certificate
    paths["both"] = chain(folder / "both.crt", other.certificate, ca.certificate)
    paths["password"].write_text("open sesame\n")
    paths["wrong"].write_text("open barley\n")
    return paths


def only(version, folder):
    """The environment in which OpenSSL speaks this version of TLS: mosquitto's tls_version is only the least one."""
    path = folder / "openssl.cnf"
    path.write_text(f"openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                    f"MinProtocol = {version}\nMaxProtocol = {version}\n")
    return {"OPENSSL_CONF": str(path)}


def issue_like(folder):
    """A CA and a server's certificate that have nothing to do with the others."""
    ca = Authority(folder / "another ca", "Another CA")
    return ca.certificate, ca.issue("another", ["localhost", "127.0.0.1"])


# ---- What OpenSSL says ----

def s_client(port, made, name, ca, client=None, password=None, patience=DEADLINE):
    """Does openssl s_client get an MQTT broker's answer from there? True or False, and what it printed."""
    command = ["openssl", "s_client", "-quiet", "-verify_quiet", "-verify_return_error", "-CAfile", str(made[ca]),
               "-connect", f"127.0.0.1:{port}", "-servername", name,
               "-verify_ip" if name[0].isdigit() else "-verify_hostname", name]
    if client:
        command += ["-cert", str(made[f"{client}.crt"]), "-key", str(made[f"{client}.key"])]
        command += ["-pass", f"file:{made[password]}"] if password else []
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    timer = threading.Timer(patience, process.kill)
    timer.start()
    with suppress(BrokenPipeError):
        process.stdin.write(CONNECT_PACKET)
        process.stdin.flush()
    answer = process.stdout.read(4)
    process.kill()
    said = process.stderr.read().decode(errors="replace")
    process.wait()
    timer.cancel()
    return answer == b"\x20\x02\x00\x00", said


# ---- The agent ----

def tls_config(made, ca="ca", client=None, password=None):
    config = {"ca_file": str(made[ca])} if ca else {}
    if client:
        config |= {"certificate_file": str(made[f"{client}.crt"]), "key_file": str(made[f"{client}.key"])}
    if password:
        config["key_password_file"] = str(made[password])
    return config


@pytest.fixture
def start_agent(agent_factory, made, tmp_path):
    """start_agent(url or urls, tls={...}, hosts=[names that are 127.0.0.1])."""
    def start(urls, tls, hosts=()):
        prefix = ()
        if hosts:
            hosts_file = tmp_path / "hosts"
            hosts_file.write_text(f"127.0.0.1 localhost {' '.join(hosts)}\n")
            prefix = with_file("/etc/hosts", hosts_file)
        agent = agent_factory(urls, config={"mqtt": {"tls": tls or None}, "doors": [door(travel_time="200ms")]})
        return agent.start(prefix=prefix)
    return start


def api(agent, method, path):
    answer = ask(agent, method, path)
    assert answer.status < 300, answer.text
    return answer.json


def goes_on(agent):
    """Door, relay and page work, and the page says the same as the log."""
    shown = api(agent, "GET", "/api/doors")
    assert shown["broker"] != "connected"
    page = get(agent, "/")
    assert "broker 127.0.0.1:" in page or "broker localhost:" in page or f"broker {NAME}:" in page
    opens_the_door(agent)


def opens_the_door(agent):
    agent.log.wait("door left: closed")  # its sensors have settled
    assert api(agent, "POST", "/api/doors/left/open")["result"] == "accepted"
    wait_until(lambda: api(agent, "GET", "/api/doors")["doors"][0]["state"] == "open", "the door to open")


def is_refused(agent, port, host, says):
    """Says why, with the address, at once as a warning, and tries again."""
    line = agent.log.wait(rf"warning: broker {re.escape(host)}:{port}: ")
    assert re.search(says, line), f"{says!r} is not in {line!r}"
    goes_on(agent)
    agent.log.wait(rf"broker {re.escape(host)}:{port}: .*{says}", count=2, deadline=30)
    assert not agent.log.find("connected to the broker")


# ---- The matrix against a real mosquitto ----

@dataclass
class Row:
    title: str
    certificate: str = "right"
    ca: str = "ca"
    host: str = "127.0.0.1"
    says: str = None  # None: connected
    client: str = None
    password: str = None
    options: tuple = ()
    version: str = "TLSv1.3"
    differs: str = None  # why OpenSSL's client may see it in another way


ASKED = ("require_certificate true", "cafile {ca}")

ROWS = [
    Row("right CA"),
    Row("right CA, RSA", certificate="rsa"),
    Row("right CA, TLS 1.2", version="TLSv1.2"),
    Row("right CA among others", ca="both"),
    Row("right CA beside one with name constraints", ca="constrained beside"),
    Row("a CA with name constraints alone", ca="constrained alone",
        says=r"1 of the certificates in \S+ cannot be read; .* a critical extension .* such as name constraints"),
    Row("an intermediate with name constraints", certificate="constrained chain",
        says="a certificate of the other side cannot be read: it has a critical extension",
        differs="OpenSSL knows name constraints"),
    Row("an intermediate with name constraints, TLS 1.2", certificate="constrained chain", version="TLSv1.2",
        says="a certificate of the other side cannot be read: it has a critical extension",
        differs="OpenSSL knows name constraints"),
    Row("wrong CA", ca="other", says=r'TLS: .* from an unknown CA: "CN=Test CA" is not in \S+other\S+'),
    Row("wrong CA, TLS 1.2", ca="other", version="TLSv1.2", says="from an unknown CA"),
    Row("CA made anew", ca="again", says=r'the CA "CN=Test CA" .* another key than the one .* made anew'),
    Row("expired", certificate="expired", says=r'"CN=expired" expired on \d{4}-\d\d-\d\d \(the clock here says \d{4}'),
    Row("not yet valid", certificate="early",
        says=r'"CN=early" is not valid before \d{4}-\d\d-\d\d .* the clock here says .* is that clock right'),
    Row("wrong name", certificate="name", host="localhost",
        says=r"the certificate is for gate\.example, \*\.gate\.example, not for localhost"),
    Row("a name, reached by its address", certificate="localhost", says="for localhost, not for 127.0.0.1"),
    Row("a name, reached by that", certificate="localhost", host="localhost"),
    Row("an address, reached by that", certificate="address"),
    Row("an address, reached by a name", certificate="address", host="localhost",
        says="for 127.0.0.1, not for localhost"),
    Row("another address", certificate="other address", says="for 127.0.0.2, not for 127.0.0.1"),
    Row("an address as a common name", certificate="common address", says="for CN=127.0.0.1, not for 127.0.0.1"),
    Row("wildcard", certificate="wildcard", host=NAME),
    Row("a wildcard is one label", certificate="high wildcard", host=NAME, says=rf"for \*\.test, not for {NAME}"),
    Row("intermediate sent", certificate="chain"),
    Row("intermediate missing", certificate="leaf",
        says=r'"CN=Middle CA" is not in \S+, nor has the server sent an intermediate'),
    Row("self-signed", certificate="self-signed", says=r'"CN=self-signed" is self-signed and not in \S+ca\.crt'),
    Row("self-signed and trusted", certificate="self-signed", ca="self-signed.crt"),
    Row("made for clients", certificate="client usage", says="not made for a server"),
    Row("client certificate asked and given", options=ASKED, client="client"),
    Row("client certificate, RSA", options=ASKED, client="rsa client"),
    Row("client certificate given, not asked", client="client"),
    Row("client certificate not given", options=ASKED, says="certificate required .*set certificate_file and key_file"),
    Row("client certificate not given, TLS 1.2", options=ASKED, version="TLSv1.2",
        says="handshake failure .*client certificate"),
    Row("client certificate of another CA", options=ASKED, client="other client",
        says="refuses: (unknown CA|.*certificate).*that of .*crt"),
    Row("client certificate expired", options=ASKED, client="expired client",
        says="refuses: certificate expired.*that of .*crt"),
    Row("encrypted key, right password", options=ASKED, client="locked client", password="password"),
    Row("encrypted key, wrong password", options=ASKED, client="locked client", password="wrong",
        says=r"the password in \S+wrong does not open the key in \S+"),
    Row("no such CA file", ca="no file", says=r"cannot read \S+none\.crt: No such file"),
    Row("only old ciphers", options=("ciphers AES128-SHA",), version="TLSv1.2", certificate="rsa",
        says="handshake failure", differs="s_client still offers CBC and RSA key exchange"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_matrix(row, made, broker_factory, start_agent, tmp_path):
    options = [f"certfile {made[row.certificate + '.crt']}", f"keyfile {made[row.certificate + '.key']}",
               *(option.format(**made) for option in row.options)]
    broker = broker_factory(listener_options=options, env=only(row.version, tmp_path))
    accepted, said = s_client(broker.port, made, row.host, row.ca, row.client, row.password)
    if not row.differs:
        assert accepted == (row.says is None), f"OpenSSL's client sees it in another way:\n{said}"
    agent = start_agent(f"mqtts://{row.host}:{broker.port}", tls_config(made, row.ca, row.client, row.password),
                        [NAME] if row.host == NAME else [])
    if row.says is None:
        agent.log.wait("connected to the broker")
        agent.log.wait(f"TLS with {re.escape(row.host)}: {row.version}, ")
        assert not agent.log.find("warning: broker")
        assert api(agent, "GET", "/api/doors")["broker"] == "connected"
    else:
        is_refused(agent, broker.port, row.host, row.says)
    assert agent.stop() == 0


def test_a_ca_that_cannot_be_read_is_told_once_for_each_state_of_the_file(made, broker_factory, start_agent, tmp_path):
    broker = broker_factory(listener_options=[f"certfile {made['right.crt']}", f"keyfile {made['right.key']}"])
    trust = tmp_path / "trust.crt"
    shutil.copy(made["constrained beside"], trust)
    agent = start_agent(f"mqtts://127.0.0.1:{broker.port}", {"ca_file": str(trust)})
    agent.log.wait("connected to the broker")
    left_out = r"warning: TLS: 1 of the certificates in \S+trust\.crt cannot be read and are left out; the first is number 1 of 2"
    assert len(agent.log.find(left_out)) == 1
    broker.restart()
    agent.log.wait("connected to the broker", count=2)
    assert len(agent.log.find(left_out)) == 1
    shutil.copy(made["constrained beside"], trust)
    broker.restart()
    agent.log.wait("connected to the broker", count=3)
    assert len(agent.log.find(left_out)) == 2
    checked = agent.run("--check")
    assert checked.returncode == 0 and "are left out" in checked.stderr


def listens(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True


@pytest.mark.parametrize("preference", [(), ("-serverpref",)], ids=["client's choice", "server's choice"])
def test_rsa_with_tls_1_2(preference, made, start_agent):
    """mbedTLS 3.6.6 refuses RSA-PSS there although it offers it: where the server insists, the second try goes without."""
    port = free_port()
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", made["rsa.crt"], "-key",
                               made["rsa.key"], "-tls1_2", "-quiet", *preference], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(port), "openssl s_server")
        agent = start_agent(f"mqtts://127.0.0.1:{port}", tls_config(made))
        if preference:
            assert "signs with RSA-PSS in TLS 1.2" in agent.log.wait("warning: broker")
        assert ": TLSv1.2, TLS-ECDHE-RSA-" in agent.log.wait("TLS with")
    finally:
        server.kill()
        server.wait()


def test_check_reads_the_files(made, agent_factory):
    for tls, says in (
            (tls_config(made), None),
            (tls_config(made, "no file"), "none.crt: No such file"),
            (tls_config(made, "ca", "locked client"), "is encrypted: give its password in key_password_file"),
            (tls_config(made, "ca", "locked client", "wrong"), "does not open the key"),
            (tls_config(made) | {"certificate_file": str(made["client.crt"]), "key_file": str(made["rsa.key"])},
             "is not that of the first certificate"),
    ):
        checked = agent_factory("mqtts://broker.lan", config={"mqtt": {"tls": tls}}).run("--check")
        assert (checked.returncode, "mqtt.tls: TLS: " in checked.stderr) == ((78, True) if says else (0, False))
        assert (says or "") in checked.stderr and "barley" not in checked.stderr


def test_the_system_s_cas_are_the_default(made, broker_factory, start_agent):
    broker = broker_factory(listener_options=[f"certfile {made['right.crt']}", f"keyfile {made['right.key']}"])
    agent = start_agent(f"mqtts://127.0.0.1:{broker.port}", None)
    line = agent.log.wait("warning: broker")
    assert "TLS: " in line and ("from an unknown CA" in line or "no bundle of CA certificates" in line)


def test_the_system_s_cas_and_hosts_behind_links(made, broker_factory, agent_factory, tmp_path):
    """As openSUSE and NixOS have them: below neither /etc nor /run, where the lock-down lets read."""
    broker = broker_factory(listener_options=[f"certfile {made['wildcard.crt']}", f"keyfile {made['wildcard.key']}"])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(made["ca"], elsewhere / "bundle.pem")
    (elsewhere / "hosts").write_text(f"127.0.0.1 localhost {NAME}\n")
    etc = ["unshare", "--mount", "sh", "-c",
           f"mount -t tmpfs none /etc && mkdir /etc/ssl && ln -s {elsewhere}/hosts /etc/hosts && "
           f"ln -s {elsewhere}/bundle.pem /etc/ssl/ca-bundle.pem && exec \"$@\"", "sh"]
    tried = subprocess.run([*etc, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no other /etc for one program: {tried.stderr.strip()}")
    agent = agent_factory(f"mqtts://{NAME}:{broker.port}").start(prefix=etc)
    assert "connected" in agent.log.wait("connected to the broker|warning: broker")


def server_context(made, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made[f"{name}.crt"], made[f"{name}.key"])
    return context


class SecureBroker(FakeBroker):
    """A FakeBroker behind TLS."""

    def __init__(self, context):
        super().__init__()
        self.context = context

    def serve(self, connection):
        with suppress(OSError):
            connection.sock = self.context.wrap_socket(connection.sock, server_side=True)
            super().serve(connection)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_name_is_sent_and_an_address_is_not(version, made, fakes, start_agent):
    """RFC 6066, 3: servers that look refuse one."""
    context = server_context(made, "wildcard")
    context.minimum_version = context.maximum_version = version
    asked = []
    context.sni_callback = lambda sock, name, context: asked.append(name)

    fake = fakes(SecureBroker(context))
    for host in ("127.0.0.1", NAME):
        agent = start_agent(f"mqtts://{host}:{fake.port}", tls_config(made), [NAME])
        agent.log.wait("connected to the broker" if host == NAME else "the certificate is for .*, not for 127")
        assert agent.stop() == 0
    assert asked == [None, NAME]


@pytest.mark.parametrize("word", [True, False], ids=["goodbye", "cut"])
def test_only_the_broker_can_say_that_it_speaks_3_1_1(word, made, fakes, start_agent):
    """After the handshake somebody on the way can cut TCP, but not say TLS's farewell."""
    class Word(SecureBroker):
        def on_connect(self, connection, connect):
            if len(self.connections) > 1:
                super().on_connect(connection, connect)
                return
            if word:
                connection.sock.unwrap()
            connection.close()
            raise Closed

    fake = fakes(Word(server_context(made, "right")))
    agent = start_agent(fake.url.replace("mqtt://", "mqtts://"), tls_config(made))
    agent.log.wait("connected to the broker .*MQTT " + ("3.1.1" if word else "5"))
    assert [c.connect.version for c in fake.connections] == [5, 4 if word else 5]
    if not word:
        agent.log.wait("warning: broker .*TLS: the other side closed the connection without TLS's farewell")


def test_silence_is_no_word_of_the_broker(made, fakes, start_agent):
    """Somebody on the way can hold back all that follows the handshake, as often as he likes."""
    class Held(SecureBroker):
        def on_connect(self, connection, connect):
            if len(self.connections) <= 2:
                connection.read()
            super().on_connect(connection, connect)

    fake = fakes(Held(server_context(made, "right")))
    agent = start_agent(fake.url.replace("mqtt://", "mqtts://"), tls_config(made))
    agent.log.wait("connected to the broker .*MQTT", deadline=40)
    assert [c.connect.version for c in fake.connections] == [5, 5, 5]


def test_commands_states_and_farewell_over_tls(made, broker_factory, start_agent, recorder_factory):
    broker = broker_factory(listener_options=[f"certfile {made['right.crt']}", f"keyfile {made['right.key']}"])
    agent = start_agent(f"mqtts://127.0.0.1:{broker.port}", tls_config(made))
    agent.log.wait("connected to the broker")
    context = ssl.create_default_context(cafile=str(made["ca"]))
    recorder = recorder_factory(broker, tls=context)
    recorder.wait(agent.topic("left", "state"), "closed")
    recorder.publish(agent.topic("left", "set"), "OPEN")
    recorder.wait(agent.topic("left", "state"), "open")
    recorder.publish("x/" + "y" * 40, "z" * 60000)  # more than one record, and nobody's business
    assert agent.stop() == 0
    last = recorder.wait(agent.topic("availability"), "offline")
    assert last
    broker.log.wait(r"Received DISCONNECT from portcullis-garage|Client portcullis-garage disconnected\.")


# ---- Sessions ----

class Relay:
    """Passes bytes between its own port and a broker's. cut() ends what is open; cuts is what ends connections to come."""

    def __init__(self, target, cuts=None):
        self.target = target
        self.cuts = cuts  # one for each connection, used up: how many records pass, and how much of the next
        self.records = []
        self.open = []
        self.lock = threading.Lock()
        self.listener = TcpServer(self._serve)
        self.port = self.listener.port
        self.url = f"mqtts://127.0.0.1:{self.port}"

    def _serve(self, near):
        far = socket.create_connection(("127.0.0.1", self.target))
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            cut = self.cuts.pop(0) if self.cuts else None
            self.open += [near, far]
            self.records.append(0)
            state = {"cut": cut, "connection": len(self.records) - 1}
        threading.Thread(target=self._pass, args=(near, far, state), daemon=True).start()
        self._pass(far, near, state)

    def _pass(self, source, target, state):
        with suppress(OSError):
            while True:
                head = exactly(source, 5)
                record = head + exactly(source, int.from_bytes(head[3:5], "big"))
                with self.lock:
                    number = self.records[state["connection"]]
                    self.records[state["connection"]] += 1
                if state["cut"] is not None and number >= state["cut"][0]:
                    target.sendall(record[:int(len(record) * state["cut"][1])])
                    break
                target.sendall(record)
        self._end(source, target)

    @staticmethod
    def _end(*ends):
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        with self.lock:
            self._end(*self.open)

    def close(self):
        self.listener.close()
        self.cut()


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_session_is_resumed(version, made, broker_factory, start_agent, fakes, tmp_path):
    broker = broker_factory(listener_options=[f"certfile {made['right.crt']}", f"keyfile {made['right.key']}"],
                            env=only(version, tmp_path))
    relay = fakes(Relay(broker.port))
    agent = start_agent(relay.url, tls_config(made))
    agent.log.wait("connected to the broker")
    assert "resumed" not in agent.log.wait("TLS with")
    relay.cut()
    assert re.search("TLS: the (other side closed the connection without TLS's farewell|connection broke)",
                     agent.log.wait("the connection was lost"))
    agent.log.wait("connected to the broker", count=2)
    assert "resumed" in agent.log.wait("TLS with", count=2)
    assert f": {version}, " in agent.log.wait("TLS with")


def test_renewed_certificates_between_two_connects(made, broker_factory, start_agent, tmp_path):
    """The server's under the same CA; then, with a new CA in the agent's file, without touching the agent."""
    trusted = tmp_path / "trusted.crt"
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"

    def install(source_certificate, source_key):
        shutil.copy(source_certificate, certificate)
        shutil.copy(source_key, key)

    install(made["right.crt"], made["right.key"])
    shutil.copy(made["ca"], trusted)
    broker = broker_factory(listener_options=[f"certfile {certificate}", f"keyfile {key}"])
    agent = start_agent(f"mqtts://127.0.0.1:{broker.port}", {"ca_file": str(trusted)})
    agent.log.wait("connected to the broker")
    install(made["renewed.crt"], made["renewed.key"])
    broker.restart()
    agent.log.wait("connected to the broker", count=2)

    new_ca, pair = issue_like(tmp_path)
    install(pair.certificate, pair.key)
    broker.restart()
    agent.log.wait('from an unknown CA: "CN=Another CA"')
    shutil.copy(new_ca, trusted)
    agent.log.wait("connected to the broker", count=3, deadline=30)


# ---- Servers that misbehave ----

class Server(FakeBroker):
    """Takes one record of the client (its ClientHello), and does something with it. Listens as mqtts://."""

    def __init__(self, act):
        super().__init__()
        self.act = act

    @property
    def url(self):
        return super().url.replace("mqtt://", "mqtts://")

    def serve(self, connection):
        with suppress(OSError):
            self.act(connection.sock)


def take_hello(sock):
    first = sock.recv(1, socket.MSG_WAITALL)
    assert first == bytes([HELLO])
    sock.recv(16384)


def closes_at_once(sock):
    sock.shutdown(socket.SHUT_RDWR)


def closes_after_the_hello(sock):
    take_hello(sock)


def stalls(sock):
    while sock.recv(4096):
        pass


def stalls_in_a_record(sock):
    take_hello(sock)
    sock.sendall(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")
    stalls(sock)


def says_plain_text(sock):
    take_hello(sock)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    stalls(sock)


def says_garbage(sock):
    take_hello(sock)
    sock.sendall(b"\x16\x03\x03\x00\x20\x63\x00\x00\x1c" + bytes(range(28)))
    stalls(sock)


def says_garbage_without_end(sock):
    take_hello(sock)
    with suppress(OSError):
        while True:
            sock.sendall(b"\x16\x03\x03\x40\x00" + b"\x00" * 16384)


def refuses(sock):
    take_hello(sock)
    sock.sendall(b"\x15\x03\x03\x00\x02\x02\x70")


BAD_SERVERS = [
    (closes_at_once, "closed the connection in the handshake, without a word; is this its port for TLS"),
    (closes_after_the_hello, "closed the connection in the handshake, without a word"),
    (says_plain_text, "speaks something else than TLS; is this its port for TLS"),
    (says_garbage, "breaks the protocol"),
    (says_garbage_without_end, "breaks the protocol"),
    (refuses, "unrecognized name"),
]


@pytest.mark.parametrize("act,says", BAD_SERVERS, ids=[act.__name__ for act, _ in BAD_SERVERS])
def test_a_server_that(act, says, made, fakes, start_agent):
    server = fakes(Server(act))
    accepted, _ = s_client(server.port, made, "127.0.0.1", "ca", patience=2 * SLOWNESS)
    assert not accepted
    agent = start_agent(server.url, tls_config(made))
    is_refused(agent, server.port, "127.0.0.1", rf"TLS: .*({says}|broke in the handshake)")


def test_servers_that_stall_are_left_after_a_while(made, fakes, start_agent, broker_factory):
    """The next broker of the list has its turn; doors and page do not wait for it."""
    servers = [fakes(Server(act)) for act in (stalls, stalls_in_a_record)]
    for server in servers:
        accepted, _ = s_client(server.port, made, "127.0.0.1", "ca", patience=2)
        assert not accepted
    agents = []
    for server in servers:
        agents.append(start_agent([server.url, broker_factory().url], tls_config(made)))
        opens_the_door(agents[-1])
        assert not agents[-1].log.find("warning: broker")
    for agent in agents:
        assert "stalls in the handshake" in agent.log.wait("warning: broker", deadline=30)
        agent.log.wait("connected to the broker")
        agent.stop()


def test_a_stalled_handshake_ends_with_the_agent(made, fakes, start_agent):
    server = fakes(Server(stalls))
    agent = start_agent(server.url, tls_config(made))
    wait_until(lambda: server.connections, "the agent to connect")
    began = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 3 * SLOWNESS


def warns_without_end(sock):
    take_hello(sock)
    while True:
        sock.sendall(b"\x15\x03\x03\x00\x02\x01\x5a" * 2000)


def test_a_server_that_warns_without_end_is_left(made, fakes, start_agent, broker_factory):
    """The next broker has its turn after the time of a handshake; and stopping waits for none."""
    agent = start_agent([fakes(Server(warns_without_end)).url, broker_factory().url], tls_config(made))
    opens_the_door(agent)
    assert "stalls in the handshake" in agent.log.wait("warning: broker", deadline=30)
    agent.log.wait("connected to the broker")
    agent.stop()
    server = fakes(Server(warns_without_end))
    agent = start_agent(server.url, tls_config(made))
    wait_until(lambda: server.connections, "the agent to connect")
    time.sleep(0.5)
    began = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 3 * SLOWNESS


def test_a_session_without_a_new_key_is_not_offered(made, fakes, start_agent):
    """RFC 8446, 4.2.9: psk_dhe_ke (1) alone; psk_ke (0) would not be forward secret."""
    hellos = []

    def takes_it(sock):
        hellos.append(sock.recv(16384))

    start_agent(fakes(Server(takes_it)).url, tls_config(made))
    wait_until(lambda: hellos, "a ClientHello")
    assert b"\x00\x2d\x00\x02\x01\x01" in hellos[0]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # it is to speak what nobody should
def test_a_server_of_tls_1_1(made, fakes, start_agent):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(made["rsa.crt"], made["rsa.key"])

    def serve(sock):
        with suppress(ssl.SSLError):
            context.wrap_socket(sock, server_side=True).recv(1)

    server = fakes(Server(serve))
    accepted, _ = s_client(server.port, made, "127.0.0.1", "ca")
    assert not accepted
    agent = start_agent(server.url, tls_config(made))
    is_refused(agent, server.port, "127.0.0.1", "neither TLS 1.2 nor 1.3|older than TLS 1.2")


def test_a_plain_broker(made, broker_factory, start_agent):
    broker = broker_factory()
    agent = start_agent(broker.url.replace("mqtt://", "mqtts://"), tls_config(made))
    is_refused(agent, broker.port, "127.0.0.1", "TLS: .* in the handshake.*; is this its port for TLS")


def test_plain_mqtt_to_the_port_for_tls(made, broker_factory, start_agent):
    broker = broker_factory(listener_options=[f"certfile {made['right.crt']}", f"keyfile {made['right.key']}"])
    agent = start_agent(broker.url, None)
    line = agent.log.wait("warning: broker")
    assert "mqtts://" in line


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_cuts_at_every_record(version, made, broker_factory, start_agent, fakes, tmp_path):
    """Each connection is cut after one more record, then in the middle of the next, until one gets through."""
    broker = broker_factory(listener_options=[f"certfile {made['right.crt']}", f"keyfile {made['right.key']}"],
                            env=only(version, tmp_path))
    cuts = [(number, part) for number in range(10) for part in (0, 0.5)]  # the handshake has so many, and some more
    relays = [fakes(Relay(broker.port, cuts)) for _ in range(8)]
    agent = start_agent([relay.url for relay in relays], tls_config(made))
    agent.log.wait("connected to the broker", deadline=60)
    wait_until(lambda: not cuts, "every cut to be made", deadline=60)
    agent.log.wait("connected to the broker", since=len(agent.log.lines) if cuts else 0, deadline=60)
    lines = agent.log.find("warning: broker")
    assert len(lines) >= 8
    for line in lines:
        assert re.search(r"TLS: the (other side closed|connection broke)|hangs up without an answer|was lost", line), line
    opens_the_door(agent)
