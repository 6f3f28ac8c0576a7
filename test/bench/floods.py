"""What hostile peers cost: memory under each flood, the guesses of a password that are reckoned, and the time from a broker that
hangs until the next one has the agent."""

import base64
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from common import BUILD, ROOT, Child, free_port, percentile, say, two_sensors

sys.path.append(str(ROOT / "test/integration"))
from harness.fake_broker import PUBLISH, FakeBroker, packet, text

FLOOD_S = 5
FLOOD_RATE = 5000  # commands a second
LONG_BYTES, LONG_COUNT = 60000, 300  # of a payload on a topic for commands: below the guard's bound, above the agent's
CLIENTS = 80  # more than the page has places for
GUESSERS, GUESS_S, GUESS_EACH_S = 8, 60, 0.05
FROZEN_ROUNDS = 4


def peak_kb(agent):
    """The most that the program ever had in memory since reset()."""
    return agent.kilobytes("VmHWM")


def reset(agent):
    Path(f"/proc/{agent.pid}/clear_refs").write_text("5")


class Flooder(FakeBroker):
    """A broker that sends what it should not, as soon as it is asked for topics."""

    def __init__(self, data):
        self.data = data
        super().__init__()

    def on_subscribe(self, connection, subscribe):
        super().on_subscribe(connection, subscribe)
        with suppress(Exception):
            connection.send(self.data)


class Floods:
    def floods(self):
        self.floods_of_broker()
        self.floods_of_page()
        self.floods_of_hostile_brokers()

    @contextmanager
    def measured(self, agent, what):
        before = agent.kilobytes("VmRSS")
        reset(agent)
        yield
        peak = peak_kb(agent)
        time.sleep(1)
        say(f"memory under {what}", f"RSS {peak:,} kB, {peak - before:,} more than before; after it "
            f"{agent.kilobytes('VmRSS') - before:,} more", "at most 4,096 more")

    def resting(self):
        return self.agent(self.config("bench", [two_sensors(0), two_sensors(1)]))

    def floods_of_broker(self):
        topic = "portcullis/bench/door0/set"
        with self.resting() as agent:
            self.wait_online("bench")
            time.sleep(3)
            with self.measured(agent, f"{FLOOD_RATE:,} commands/s by MQTT"):
                subprocess.run([BUILD / "measure", "flood", str(self.port), topic, "STOP", str(FLOOD_RATE), str(FLOOD_S)],
                               check=False)
            payload = self.folder / "long"
            payload.write_bytes(b"x" * LONG_BYTES)
            with self.measured(agent, f"{LONG_COUNT} commands of {LONG_BYTES:,} bytes"):
                subprocess.run(["mosquitto_pub", "-p", str(self.port), "-t", topic, "-f", payload, "-q", "1", "--repeat",
                                str(LONG_COUNT)], check=True)

    def floods_of_page(self):
        for tls in False, True:
            with ExitStack() as stack:
                agent = stack.enter_context(self.page_agent(tls))
                self.wait_online("bench")
                time.sleep(3)
                kind = "HTTPS" if tls else "HTTP"
                for name, flood in ("heads without end", self.endless), ("clients that read nothing", self.unread):
                    with self.measured(agent, f"{CLIENTS} {kind} clients: {name}"):
                        self.by_clients(flood, tls)
                if tls:
                    with self.measured(agent, "handshakes that stop half-way, and whole ones beside them"):
                        self.by_clients(self.handshakes, False)
                else:
                    with self.measured(agent, "GET / as fast as wrk can, 32 connections"):
                        self.wrk("/", connections=32)

    def page_agent(self, tls):
        config = self.config("bench", [two_sensors(0), two_sensors(1)])
        if tls:
            self.trust = ssl.create_default_context(cafile=str(self.folder / "ca/ca.crt"))
            said = json.loads(config.read_text())
            said["http"]["tls"] = {"certificate_file": str(self.folder / "broker.crt"),
                                   "key_file": str(self.folder / "broker.key")}
            config.write_text(json.dumps(said))
        return self.agent(config)

    def by_clients(self, flood, tls):
        self.came = set()
        end = time.monotonic() + FLOOD_S
        clients = [threading.Thread(target=self.client, args=(flood, tls, end, number)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        if not self.came:
            sys.exit("test/bench/run: no client of the flood came in")

    def client(self, flood, tls, end, number):
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.http), timeout=FLOOD_S) as sock:
                with self.trust.wrap_socket(sock, server_hostname="localhost") if tls else sock as connection:
                    connection.settimeout(0.2)
                    self.came.add(number)
                    flood(connection, end, number)

    def endless(self, sock, end, _):
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        while time.monotonic() < end:
            sock.sendall(b"X-Flood: " + 1000 * b"x" + b"\r\n")

    def unread(self, sock, end, _):
        with suppress(OSError):
            while time.monotonic() < end:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(max(0.0, end - time.monotonic()))

    def handshakes(self, sock, end, number):
        if number % 2:
            sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            time.sleep(max(0.0, end - time.monotonic()))
        else:
            sock.settimeout(FLOOD_S)
            self.trust.wrap_socket(sock, server_hostname="localhost").close()

    def floods_of_hostile_brokers(self):
        legal = packet(PUBLISH, text("portcullis/bench/door0/set") + b"\0" + LONG_BYTES * b"x")
        for name, data in (("a broker's packet of 256 MB", b"\x32\xff\xff\xff\x7f" + 20_000_000 * b"x"),
                           ("10,000 packets AUTH", 10000 * packet(15, b"\x18\5\x15\0\2me")),
                           (f"{LONG_COUNT} messages of {LONG_BYTES:,} bytes at once", LONG_COUNT * legal)):
            config = self.config("bench", [two_sensors(0), two_sensors(1)])
            quiet = FakeBroker()
            said = json.loads(config.read_text())
            said["mqtt"]["broker"] = quiet.url
            config.write_text(json.dumps(said))
            with self.agent(config) as agent:
                self.until(lambda broker=quiet: broker.connections)
                time.sleep(3)
                before = agent.kilobytes("VmRSS")
                flooder = Flooder(data)
                said["mqtt"]["broker"] = flooder.url
                config.write_text(json.dumps(said))
                reset(agent)
                os.kill(agent.pid, signal.SIGHUP)
                self.until(lambda broker=flooder: broker.connections)
                time.sleep(FLOOD_S)
                say(f"memory under {name}", f"RSS {peak_kb(agent):,} kB, {peak_kb(agent) - before:,} more than before",
                    "at most 4,096 more")

    def until(self, true):
        for _ in range(400):
            if true():
                return
            time.sleep(0.05)
        sys.exit("test/bench/run: the agent never came")

    def guesses(self):
        """From one address by several connections, and from an address for each of them."""
        hashed = subprocess.run([self.agent_path, "--hash-password"], input="open sesame\n", check=True, text=True,
                                stdout=subprocess.PIPE).stdout.strip()
        for spread in False, True:
            config = self.config("bench", [two_sensors(0)])
            said = json.loads(config.read_text())
            said["http"] |= {"username": "Aladdin", "password": hashed}
            config.write_text(json.dumps(said))
            with self.agent(config):
                self.wait_online("bench")
                counts, end = {}, time.monotonic() + GUESS_S
                guessers = [threading.Thread(target=self.guess, args=(f"127.0.0.{2 + number * spread}", counts, end))
                            for number in range(GUESSERS)]
                for guesser in guessers:
                    guesser.start()
                for guesser in guessers:
                    guesser.join()
            tries = sum(counts.values())
            say(f"guesses of a password in {GUESS_S} s, {GUESSERS} clients{' of an address each' if spread else ', one address'}",
                f"{counts.get(401, 0)} checked of {tries:,}; answers {dict(sorted(counts.items()))}", "")

    def guess(self, address, counts, end):
        number = 0
        while time.monotonic() < end:
            number += 1
            login = base64.b64encode(f"Aladdin:sesame{number}".encode()).decode()
            status = 0
            with suppress(OSError, http.client.HTTPException):
                client = http.client.HTTPConnection("127.0.0.1", self.http, timeout=10, source_address=(address, 0))
                client.request("GET", "/", headers={"Authorization": f"Basic {login}"})
                status = client.getresponse().status
                client.close()
            counts[status] = counts.get(status, 0) + 1
            time.sleep(GUESS_EACH_S)

    def frozen(self):
        """Two brokers; the one that has the agent stops in the middle of all, its sockets open."""
        times = []
        for _ in range(FROZEN_ROUNDS):
            with ExitStack() as stack:
                broker = self.broker_program
                ports = [free_port(), free_port()]
                brokers = []
                for port in ports:
                    path = self.folder / f"frozen{port}.conf"
                    path.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
                    brokers.append(stack.enter_context(Child(broker, "-c", path)))
                time.sleep(1)
                config = self.config("bench", [two_sensors(0)],
                                     mqtt={"broker": [f"mqtt://127.0.0.1:{port}" for port in ports]})
                stack.enter_context(self.agent(config))
                wait = ["mosquitto_sub", "-t", "portcullis/bench/availability", "-C", "1", "-W", "60", "-p"]
                subprocess.run([*wait, str(ports[0])], check=True, stdout=subprocess.DEVNULL)
                time.sleep(5)
                os.kill(brokers[0].pid, signal.SIGSTOP)
                begin = time.monotonic()
                subprocess.run([*wait, str(ports[1])], check=True, stdout=subprocess.DEVNULL)
                times.append(time.monotonic() - begin)
                os.kill(brokers[0].pid, signal.SIGCONT)
        say(f"from a frozen broker until the next has the agent, {FROZEN_ROUNDS} times",
            f"p50 {percentile(times, 0.5):.1f} s, most {max(times):.1f} s", "at most 15 s")
