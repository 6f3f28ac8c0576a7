"""TLS: what it costs, beside plain MQTT and beside Paho with OpenSSL, here and on an emulated ARM1176 (QEMU's user mode: its
times are not a Pi's, but all three have the same processor)."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack

from common import BUILD, ROOT, Child, free_port, percentile, say, two_sensors

sys.path.append(str(ROOT / "test/integration"))
from certificates import Authority

SYSROOTS = ROOT / "build/sysroot"
# Build, its sysroot, clang's words for it, the dynamic linker there, the command before it.
MACHINES = {
    "amd64": ("amd64", ["--target=x86_64-linux-gnu"], "x86_64-linux-gnu/ld-linux-x86-64.so.2", []),
    "armv6": ("armel", ["--target=arm-linux-gnueabi", "-march=armv6", "-marm"], "ld-linux.so.3",
              ["qemu-arm-static", "-cpu", "arm1176"]),
}
HANDSHAKES, TICKET_MS = {"amd64": 40, "armv6": 10}, {"amd64": 50, "armv6": 300}
ROUNDS = {"amd64": 3, "armv6": 2}
IDLE_CLIENTS = 8


def broker_config(folder, port, tls_port):
    """Plain and TLS, a P-256 certificate; folder/ca/ca.crt is its CA."""
    ca = Authority(folder / "ca")
    pair = ca.issue("broker", ["localhost", "127.0.0.1"], file=folder / "broker")
    path = folder / "mosquitto.conf"
    path.write_text(f"user root\nallow_anonymous true\nper_listener_settings false\nlistener {port} 127.0.0.1\n"
                    f"listener {tls_port} 127.0.0.1\ncertfile {pair.certificate}\nkeyfile {pair.key}\n")
    return path


class Secure:
    def tls(self):
        self.ca = self.folder / "ca/ca.crt"
        self.tls_memory()
        for machine, where in ("amd64", ""), ("armv6", ", emulated ARM1176"):
            if machine != "amd64" and not shutil.which("qemu-arm-static"):
                say(f"TLS{where}", "not measured: no qemu-arm-static here", "")
                continue
            subprocess.run([ROOT / "cross/build", machine, "portcullis", "test/bench/handshake"], check=True,
                           stdout=subprocess.DEVNULL)
            self.tls_handshakes(machine, where)
            self.tls_latency(machine, where)

    def broker_at(self, tls):
        if not tls:
            return {"broker": f"mqtt://127.0.0.1:{self.port}"}
        return {"broker": f"mqtts://127.0.0.1:{self.tls_port}", "tls": {"ca_file": str(self.ca)}}

    def tls_latency(self, machine, where):
        sysroot, target, loader, emulator = MACHINES[machine]
        program = [*emulator, ROOT / "build" / machine / "portcullis"]
        paho = self.foreign_paho(machine)
        with ExitStack() as stack:
            for node, tls in ("plain", False), ("secure", True):
                stack.enter_context(self.agent(self.config(node, self.latency_doors(), mqtt=self.broker_at(tls)), program))
            stack.enter_context(Child(*paho, self.tls_port, "paho", self.ca))
            plain, secure, openssl = self.command_to_state(ROUNDS[machine], "plain", "secure", "paho")
        for share, name in (0.5, "p50"), (0.99, "p99"):
            mine, bare, theirs = (percentile(times, share) for times in (secure, plain, openssl))
            say(f"command to state by TLS{where}, {name} of {len(secure)}",
                f"{mine / 1000:.3f} ms; plain {bare / 1000:.3f}: {mine / bare:.2f} x; Paho, OpenSSL {theirs / 1000:.3f}: "
                f"{mine / theirs:.2f} x", "")

    def foreign_paho(self, machine):
        """The command that starts paho.c with the sysroot's libraries."""
        sysroot, target, loader, emulator = MACHINES[machine]
        root, output = (SYSROOTS / sysroot).resolve(), BUILD / f"paho-{machine}"
        subprocess.run(["clang", *target, f"--sysroot={root}", "-fuse-ld=lld", "-O2", "-D_GNU_SOURCE", "-o", output,
                        ROOT / "test/bench/paho.c", "-lpaho-mqtt3as"], check=True)
        return [*self.foreign(machine), output]

    def foreign(self, machine):
        """What runs a dynamic program of the machine with its sysroot's libraries."""
        sysroot, target, loader, emulator = MACHINES[machine]
        root = (SYSROOTS / sysroot).resolve()
        if emulator:
            return [*emulator, "-L", root]
        return [root / "usr/lib" / loader, "--library-path", root / "usr/lib/x86_64-linux-gnu"]

    def tls_handshakes(self, machine, where):
        emulator = MACHINES[machine][3]
        port, count = free_port(), HANDSHAKES[machine]
        server = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", self.folder / "broker.crt", "-key",
                  self.folder / "broker.key", "-quiet"]
        with Child(*server):
            self.wait_port(port)
            command = [*emulator, ROOT / "build" / machine / "test/bench/handshake", port, self.ca, count, TICKET_MS[machine]]
            output = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout
            times = {"full": [], "resumed": []}
            for line in output.splitlines():
                kind, took = line.split()
                times[kind].append(int(took))
            theirs = self.openssl_handshake_us(machine, port)
        full, resumed = (percentile(times[kind], 0.5) for kind in ("full", "resumed"))
        say(f"TLS 1.3 handshake, client{where}, p50 of {len(times['full'])}",
            f"full {full / 1000:.2f} ms, resumed {resumed / 1000:.2f} ms; OpenSSL full {theirs / 1000:.2f} ms: "
            f"{full / theirs:.2f} x", "")

    def openssl_handshake_us(self, machine, port):
        """Of OpenSSL's own s_time, from connect to close."""
        root = (SYSROOTS / MACHINES[machine][0]).resolve()
        command = [*self.foreign(machine), root / "usr/bin/openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new",
                   "-verify", "1", "-CAfile", self.ca, "-time", "4"]
        environment = {**os.environ, "OPENSSL_CONF": "/dev/null"}
        output = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, env=environment).stdout
        count, seconds = re.search(r"(\d+) connections in (\d+) real seconds", output).groups()
        return int(seconds) * 1e6 / int(count)

    def wait_port(self, port):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"nobody listens on port {port}")

    def tls_memory(self):
        doors, kilobytes = [two_sensors(0), two_sensors(1)], {}
        for tls in False, True:
            with self.agent(self.config("bench", doors, mqtt=self.broker_at(tls))) as agent:
                self.wait_online("bench")
                time.sleep(3)
                kilobytes[tls] = agent.kilobytes("RssAnon"), agent.kilobytes("VmRSS")
        (plain, plain_all), (secure, secure_all) = kilobytes[False], kilobytes[True]
        say("memory for TLS to the broker", f"RssAnon {secure} kB: {secure - plain} kB more; RSS {secure_all - plain_all} kB "
            "more", "")
        http = {"certificate_file": str(self.folder / "broker.crt"), "key_file": str(self.folder / "broker.key")}
        trust = ssl.create_default_context(cafile=str(self.ca))
        config = self.config("bench", doors)
        text = config.read_text().replace('"listen"', f'"tls": {{"certificate_file": "{http["certificate_file"]}", '
                                          f'"key_file": "{http["key_file"]}"}}, "listen"')
        config.write_text(text)
        with self.agent(config) as agent:
            self.wait_online("bench")
            clients, seen = [], []
            for count in 1, 1 + IDLE_CLIENTS:
                while len(clients) < count:
                    client = trust.wrap_socket(socket.create_connection(("127.0.0.1", self.http)), server_hostname="localhost")
                    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    client.recv(4096)
                    clients.append(client)
                time.sleep(1)
                seen.append(agent.kilobytes("RssAnon"))
            for client in clients:
                client.close()
        say("memory for each connection to the page by TLS", f"{(seen[1] - seen[0]) / IDLE_CLIENTS:.0f} kB", "")
