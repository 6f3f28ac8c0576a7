"""What the agent promises, on a cluster of three nodes that has a mishap.

The agent has the first two nodes in its list. Who commands is at the third one. In each test commands are given in the moment
before the mishap and in the moment after, and some meanwhile. None may act twice. Those of QoS 0 may not act later than ten
seconds after they were given. Those of QoS 1 a client publishes again when its node has not acknowledged them, which nobody can
tell from a new command: how late they acted is a cell of the table in docs/brokers.md, and so is how a cluster treats words that
are no longer true.
"""

import re
import threading
import time
from contextlib import suppress

import pytest

from harness import SLOWNESS, ask, door, sleep_until, wait_until

LATE_S = 10
WORKS_WITHIN_S = 180
GIVEN = {"before": 0, "after": 0, "before-1": 1, "after-1": 1}  # doors that get a command at the mishap, and its QoS
MEANWHILE_S = (2, 5, 10, 20, 30, 45)  # so long after it a further door gets one, with QoS 0
MEANWHILE = {f"in-{seconds}": 0 for seconds in MEANWHILE_S}
DOORS = (*GIVEN, *MEANWHILE, "again", "quiet")


class House:
    """An agent with closed doors, and a client at the third node that hears all that the agent says."""

    def __init__(self, world, cluster, node):
        self.world, self.cluster = world, cluster
        lines = {id: {"relay": {"line": 3 * i}, "closed_sensor": {"line": 3 * i + 1}, "open_sensor": {"line": 3 * i + 2}}
                 for i, id in enumerate(DOORS)}
        self.agent = world.agent_factory(cluster.nodes[:2], config={
            "node": node, "doors": [door(id, **lines[id]) for id in DOORS]})
        self.recorder = self.client(cluster.nodes[2])
        self.other = self.client(cluster.nodes[2], topics=[])  # waits for nothing that it publishes
        self.given = {}  # when a door's command was published

    def client(self, node, topics=("#",)):
        return self.world.recorder_factory(node, topics=topics, version=node.version)

    def start(self):
        self.agent.start()
        self.recorder.wait(self.agent.topic("availability"), "online", deadline=60)
        self.works("quiet", "STOP", "unchanged")
        assert self.at() == 1, "the agent begins with the first node of its list"
        return self

    def at(self):
        """The number of the node that the agent was connected to last."""
        line = self.agent.log.find(r"connected to the broker .*10\.77\.")[-1]
        return int(re.search(r"10\.77\.(\d)\.", line)[1])

    def give(self, when):
        for id in (when, f"{when}-1"):
            self.given[id] = time.monotonic()
            self.recorder.client.publish(self.agent.topic(id, "set"), "OPEN", qos=GIVEN[id])

    def works(self, id, command="OPEN", ending="accepted", deadline=WORKS_WITHIN_S):
        """Gives a command again and again, until one ends in this way. The moment."""
        mark, end = self.recorder.mark(), time.monotonic() + deadline * SLOWNESS
        fits = re.compile(f'"command_{ending}"')
        while time.monotonic() < end:
            self.recorder.client.publish(self.agent.topic(id, "set"), command, qos=1)
            with suppress(AssertionError):
                return self.recorder.wait(self.agent.topic(id, "event"), fits, mark, 0.5 / SLOWNESS).at
        raise AssertionError(f"in vain waited {deadline} s for {command} to be {ending}")

    def presses(self, id):
        """When the door's relay was switched on."""
        return [at for at, line in zip(self.agent.log.times, self.agent.log.lines) if re.search(f"door {id}: .*relay on$", line)]

    def struck(self, mishap):
        """Commands in the moments before and after. When it was."""
        self.give("before")
        began = time.monotonic()
        threading.Thread(target=self.meanwhile, args=(began,), daemon=True).start()
        mishap()
        self.give("after")
        return began

    def meanwhile(self, began):
        """Gives commands until those that are given again and again are obeyed."""
        for seconds, id in zip(MEANWHILE_S, MEANWHILE):
            sleep_until(began + seconds)
            if self.presses("again"):
                return
            self.given[id] = time.monotonic()
            self.other.client.publish(self.agent.topic(id, "set"), "OPEN", qos=0)

    def kept(self, node, *levels, wait_s=3):
        """What a node has for somebody who subscribes to this topic now."""
        recorder = self.client(node, topics=[self.agent.topic(*levels)])
        try:
            return recorder.wait(re.compile(""), deadline=wait_s).payload
        except AssertionError:
            return None
        finally:
            recorder.client.disconnect()

    def told(self, seen):
        """Which nodes tell the truth to who subscribes now; the agent's own has to."""
        def words(node):
            return self.kept(node, "availability"), self.kept(node, "again", "state")
        own = self.cluster.nodes[self.at() - 1]
        wait_until(lambda: words(own) == ("online", "open"), "the agent's node to tell the truth", 30)
        others = {words(node) for node in self.cluster.nodes if node is not own}
        seen("kept at other nodes", "true" if others == {("online", "open")} else
             "none" if others == {(None, None)} else "stale" if ("offline" in str(others)) else "older")

    def settled(self, seen, mark):
        """The door is open, what may come late has had its time, and all of it is as it has to be."""
        self.recorder.wait(self.agent.topic("again", "state"), "open", deadline=60)
        time.sleep(LATE_S * SLOWNESS)
        self.contradicted(seen, mark)
        self.told(seen)
        self.unharmed(seen)

    def unharmed(self, seen):
        """No command acted twice or late, and no door moved that nobody asked for."""
        presses = {id: self.presses(id) for id in DOORS}
        assert all(len(times) <= 1 for times in presses.values()) and not presses["quiet"], presses
        assert len(presses["again"]) == 1, f"the presses are not read: {presses}"
        ages = {id: presses[id][0] - given for id, given in self.given.items() if presses[id]}
        qos_of = {**GIVEN, **MEANWHILE}
        oldest = {qos: max((age for id, age in ages.items() if qos_of[id] == qos), default=None) for qos in (0, 1)}
        assert oldest[0] is None or oldest[0] <= LATE_S, f"commands acted so many seconds after they were given: {ages}"
        for qos, age in oldest.items():
            seen(f"oldest of QoS {qos} that acted", "none" if age is None else age)

    def contradicted(self, seen, since):
        """How long the last word that was heard of the living agent was a false one."""
        heard = self.recorder.seen(self.agent.topic("availability"), since=since)
        false = [message for message in heard if message.payload == "offline"]
        wait_until(lambda: self.recorder.seen(self.agent.topic("availability"))[-1].payload == "online", "online", 60)
        after = self.recorder.seen(self.agent.topic("availability"), "online", since=since)
        seen("offline contradicted",
             max(next(word.at for word in after if word.at >= message.at) - message.at for message in false) if false else "none came")


@pytest.mark.mishap("node killed")
def test_killed(house, cluster, seen):
    """The agent's node is killed, and comes back."""
    mark = house.recorder.mark()
    began = house.struck(cluster.nodes[0].kill)
    seen("commands again", house.works("again") - began)
    assert house.at() == 2
    house.recorder.wait(house.agent.topic("again", "state"), "open", deadline=60)
    cluster.start()
    time.sleep(LATE_S * SLOWNESS)
    house.contradicted(seen, mark)
    house.told(seen)
    house.unharmed(seen)


@pytest.mark.mishap("node frozen, later thawed")
def test_frozen(house, cluster, seen):
    """The agent's node stands still until the agent has left it and commands act at the next one."""
    mark = house.recorder.mark()
    began = house.struck(cluster.nodes[0].freeze)
    try:
        seen("commands again", house.works("again") - began)
        assert house.at() == 2
    finally:
        cluster.nodes[0].thaw()
    house.recorder.wait(house.agent.topic("again", "state"), "open", deadline=60)
    cluster.start()
    time.sleep(2 * LATE_S * SLOWNESS)
    house.contradicted(seen, mark)
    house.told(seen)
    house.unharmed(seen)


@pytest.mark.mishap("node frozen for 12 s")
def test_frozen_shortly(house, cluster, seen):
    """The agent's node goes on at about the moment in which the agent leaves it."""
    mark = house.recorder.mark()
    began = house.struck(cluster.nodes[0].freeze)
    try:
        sleep_until(began + 12)
    finally:
        cluster.nodes[0].thaw()
    seen("commands again", house.works("again") - began)
    house.settled(seen, mark)


@pytest.mark.mishap("rolled")
def test_rolled(house, cluster, seen):
    """Each node ends in good order and starts again, one after the other."""
    mark = house.recorder.mark()
    house.give("before")
    longest = 0
    for node in cluster.nodes:
        began = time.monotonic()
        node.stop()
        cluster.start()
        longest = max(longest, house.works("quiet", "STOP", "unchanged") - began)
    house.give("after")
    seen("commands again", longest)
    house.works("again")
    house.settled(seen, mark)


@pytest.mark.mishap("node cut off from the others")
def test_partitioned(house, cluster, seen):
    """The agent and all clients still reach each node. The link heals after 30 s."""
    mark = house.recorder.mark()
    began = house.struck(lambda: cluster.cables.cut(1, [2, 3]))
    sleep_until(began + 30)
    cluster.cables.heal()
    healed = time.monotonic()
    seen("commands again", house.works("again") - healed)
    house.settled(seen, mark)


@pytest.mark.mishap("all down")
def test_all_down(house, cluster, seen):
    """All nodes are killed. A door is opened by HTTP meanwhile; the cluster that comes back has the new state."""
    mark = house.recorder.mark()
    line = len(house.agent.log.lines)
    house.struck(cluster.kill)
    house.agent.log.wait("warning: broker", since=line, deadline=30)
    assert ask(house.agent, "POST", "/api/doors/again/open").status == 202
    house.agent.log.wait(r"door again: open \(", since=line)
    cluster.start()
    began = time.monotonic()
    seen("commands again", house.works("quiet", "STOP", "unchanged") - began)
    time.sleep(LATE_S * SLOWNESS)
    house.contradicted(seen, mark)
    house.told(seen)
    house.unharmed(seen)
