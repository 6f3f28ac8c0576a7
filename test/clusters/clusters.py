"""Three nodes of one broker, each with an address of its own: in a network namespace, at the end of a cable that can be cut.

All of it is in the network and mount namespaces that run makes: the machine's network does not see it. node1 has the address
10.77.1.2, and what is here is its router 10.77.1.1.
"""

import shutil
import subprocess
from pathlib import Path

from brokers import Ejabberd, Nats, RabbitMQ, fetch
from harness import wait_until

NODES = (1, 2, 3)
STARTS_WITHIN_S = 150
TICK_S = 8  # a node on Erlang that says nothing is given up after three to five quarters of it: what waits for it is not ten seconds old


def address(number):
    return f"10.77.{number}.2"


def do(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)


class Cables:
    """Made once for all clusters."""

    def __init__(self):
        self.cuts = []
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        for number in NODES:
            do("ip", "netns", "add", f"node{number}")
            do("ip", "link", "add", f"cable{number}", "type", "veth", "peer", "name", "eth0", "netns", f"node{number}")
            do("ip", "address", "add", f"10.77.{number}.1/24", "dev", f"cable{number}")
            do("ip", "link", "set", f"cable{number}", "up")
            for words in (("link", "set", "lo", "up"), ("address", "add", f"{address(number)}/24", "dev", "eth0"),
                          ("link", "set", "eth0", "up"), ("route", "add", "default", "via", f"10.77.{number}.1")):
                do("ip", "-n", f"node{number}", *words)

    def cut(self, one, others):
        """Loses all packets between a node and others, without a word. What is here still reaches each node."""
        for other in others:
            for source, target in ((one, other), (other, one)):
                rule = ("iif", f"cable{source}", "to", f"{address(target)}/32", "blackhole")
                do("ip", "rule", "add", *rule)
                self.cuts.append(rule)

    def heal(self):
        while self.cuts:
            do("ip", "rule", "del", *self.cuts.pop())


class Node:
    """Before a class of brokers: the same, in the node's namespace."""

    port = 1883

    def __init__(self, folder, number):
        self.number, self.host, self.node = number, address(number), f"broker@node{number}"
        super().__init__(folder)
        self.port = Node.port

    def command(self, *words):
        return ["nsenter", f"--net=/run/netns/node{self.number}", *super().command(*words)]

    def hosts(self):
        return "127.0.0.1 localhost\n" + "".join(f"{address(number)} node{number}\n" for number in NODES)


class Cluster:
    """kind: the class of its nodes."""

    title = None
    kind = None

    def __init__(self, folder, cables):
        self.cables = cables
        self.nodes = [self.kind(Path(folder) / f"node{number}", number) for number in NODES]

    def start(self):
        """All nodes that do not run, at once, until each lets a client in."""
        for node in self.nodes:
            if not node.running:
                node.launch()
        for node in self.nodes:
            wait_until(node.answers, f"{node.title} to answer", STARTS_WITHIN_S)
        return self

    @classmethod
    def missing(cls):
        """Why it cannot be had, None where it can."""
        return fetch.found(cls.kind.package)[1]

    def kill(self):
        for node in self.nodes:
            node.kill()

    def restart(self):
        """From nothing: as if nothing had been."""
        self.kill()
        for node in self.nodes:
            shutil.rmtree(node.folder)
            node.folder.mkdir()
        return self.start()


class RabbitNode(Node, RabbitMQ):
    distribution, epmd = 25672, 4369
    again = 3

    def answers(self):
        """Where all nodes are new at once, one fails now and then."""
        if not self.running and self.again:
            self.again -= 1
            shutil.rmtree(self.folder / "mnesia")
            self.launch()
            return False
        return super().answers()

    def settings(self):
        peers = "\n".join(f"cluster_formation.classic_config.nodes.{number} = broker@node{number}" for number in NODES)
        return f"""
cluster_formation.peer_discovery_backend = classic_config
{peers}
cluster_partition_handling = pause_minority
net_ticktime = {TICK_S}
mqtt.durable_queue_type = quorum
"""


class RabbitCluster(Cluster):
    title, kind = "RabbitMQ 4.0.5", RabbitNode


class NatsNode(Node, Nats):
    replicas = len(NODES)  # said: it is as many as the first client finds, else

    def more(self):
        routes = ", ".join(f'"nats://{address(number)}:6222"' for number in NODES if number != self.number)
        return f'cluster {{ name: garages, listen: "{self.host}:6222", routes: [{routes}], ping_interval: "2s", ping_max: 2 }}'


class NatsCluster(Cluster):
    title, kind = "NATS 2.15.2", NatsNode


class EjabberdNode(Node, Ejabberd):
    distribution, epmd, more = 25672, 4369, f"-kernel net_ticktime {TICK_S}"


class EjabberdCluster(Cluster):
    title, kind = "ejabberd 26.07", EjabberdNode

    def start(self):
        """A new node has to be told of the first one, once."""
        fresh = not self.nodes[0].folder.joinpath("joined").exists()
        super().start()
        for node in self.nodes[1:] if fresh else ():
            joined = subprocess.run([str(word) for word in node.command("join_cluster", self.nodes[0].node)],
                                    cwd=node.folder, capture_output=True, text=True)
            assert joined.returncode == 0, joined.stdout + joined.stderr
            wait_until(node.answers, f"{node.title} to answer", STARTS_WITHIN_S)
        self.nodes[0].folder.joinpath("joined").touch()
        return self


CLUSTERS = {"rabbitmq": RabbitCluster, "nats": NatsCluster, "ejabberd": EjabberdCluster}
