"""A garage whose power is cut: the machine is gone at once, and its disk loses what it was not told to keep. The doors, whoever
moves them by hand, and the broker go on.

    garage = Garage(...)
    for phase in ...:
        garage.switch_on()
        garage.look()       # is all as it has to be after a cut?
        garage.live(phase)  # until the next one

Each random choice comes from the seed; when exactly a cut comes also depends on the host.
"""

import datetime
import json
import random
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
import zlib
from contextlib import suppress
from pathlib import Path

import harness
from disk import SECTOR, Disk
from guest import HEADER, GuestAgent, contact, door
from machine import Machine

PHASES = ("start", "idle", "pulse", "travel", "history write", "lock-out", "reload", "reconnect")
DISK_BYTES = 64 << 20
FULL_BYTES = 256 << 10  # HISTORY_FILE_BYTES of src/history/history.h
SYNC_S = 10  # a line is on the disk after so long, says docs/history.md
SLACK_S = 2  # and the disk gets so long to take it
MEMORY = 80  # events of a door that the agent gives out
PULSE_MS = 600
RELAYS = {"left": 17, "right": 18}
CONTACTS = {"left": (23, 24), "right": (25, 26)}  # closed, open
TRUTHS = {"closed": (True, False), "open": (False, True), "between": (False, False)}
STATES = {"closed": "closed", "open": "open", "between": "None"}
ROUND = ("closed", "between", "open", "between")  # a door that is moved by hand
PAST = datetime.timedelta(days=3)


class Wall:
    """Between the agent and the broker: connections that break, and such that the broker believes in although the agent has
    gone without a word."""

    def __init__(self, broker):
        self.broker, self.pairs = broker, []
        self.silent = False  # then the broker does not hear of the end of a connection
        self.server = harness.TcpServer(self._serve)
        self.port = self.server.port

    def _serve(self, near):
        far = socket.create_connection(("127.0.0.1", self.broker.port))
        self.pairs.append((near, far))
        threading.Thread(target=harness.hand_on, args=(far, near), daemon=True).start()
        with suppress(OSError):
            while data := near.recv(65536):
                far.sendall(data)
        if not self.silent:
            far.close()

    def break_all(self):
        for near, far in self.pairs:
            for end in (near, far):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self.pairs = []


def line(number, at, run, up_ms, name, event, state, cycles):
    """A line of the history, as docs/history.md has it."""
    record = {"number": number, "time": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "run": run, "up_ms": up_ms, "door": name,
              "event": event, "state": state, "source": "local", "command": None, "reason": None, "fault": None,
              "cycles": cycles, "open_ms": 14000, "close_ms": 14000, "travel_ms": 14000}  # fmt: skip
    text = json.dumps(record, separators=(",", ":"))[:-1]
    return f'{text},"crc32":"{zlib.crc32(text.encode()):08x}"}}\n'


def past(room):
    """A history whose file is full but for so many bytes: the next lines make a new one."""
    begin = datetime.datetime.now(datetime.timezone.utc) - PAST
    text, number = "", 0
    while True:
        event, state = (("opening", "opening"), ("opened", "open"), ("closing", "closing"), ("closed", "closed"))[number % 4]
        name = "left" if number // 4 % 2 == 0 else "right"
        at = begin + datetime.timedelta(seconds=10 * number)
        new = line(number + 1, at, 1, 10000 * number, name, event, state, (number // 4 + (name == "left") + (number % 4 == 3)) // 2)
        if len(text) + len(new) > FULL_BYTES - room:
            return text
        text, number = text + new, number + 1


def file_system(kind, room):
    """The content of a disk with a history that is almost full."""
    with tempfile.TemporaryDirectory() as scratch:
        tree, image = Path(scratch) / "tree", Path(scratch) / "image"
        (tree / "history").mkdir(parents=True)
        (tree / "history/history.jsonl").write_text(past(room))
        with open(image, "wb") as file:
            file.truncate(DISK_BYTES)
        commands = {
            "ext4": [["mkfs.ext4", "-q", "-F", "-b", "4096", "-J", "size=4", "-d", tree, image]],
            "f2fs": [["mkfs.f2fs", "-q", "-f", image], ["sload.f2fs", "-f", tree, image]],
        }
        for command in commands[kind]:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return image.read_bytes()


class Garage:
    """name, files, state: of the machine, as Machine has them. kind: of the file system. broker, recorder: of the harness."""

    def __init__(self, name, files, state, kind, seed, folder, broker, recorder):
        self.name, self.files, self.state, self.kind, self.folder = name, files, state, kind, folder
        self.broker, self.recorder, self.wall = broker, recorder, Wall(broker)
        self.random = random.Random(seed)
        self.image = file_system(kind, self.random.randrange(500, 12000))
        self.truth = {name: self.random.choice(list(TRUTHS)) for name in RELAYS}
        self.machine = self.disk = self.agent = None
        self.lives = 0
        self.asked = []  # of the right door's lock-out, and not confirmed
        self.durable = ({}, {name: 0 for name in RELAYS})  # what must be there after a cut: {number: event}, {door: cycles}
        self.polls = []  # of this life: (seconds since the agent's start, {number: event}, {door: cycles})
        self.told = {}  # the last poll's events
        self.seconds = 0  # since the agent's start, at least
        self.pulses = 0  # that were asked for in this life
        self.story = []  # of each cut

    def close(self):
        if self.machine:
            self._end()
        self.wall.server.close()
        self.wall.break_all()

    # On

    def switch_on(self):
        self.lives += 1
        self.dark = threading.Event()
        self.wall.silent = self.random.random() < 0.5
        self.disk = Disk(self.image, self.folder / f"disk{self.lives}")
        self.machine = Machine(self.name, self.files, self.disk.address, self.state)
        if not self.machine.chips:
            add_header(self.machine)
        self.header = self.machine.chips[HEADER]
        for name in RELAYS:
            self.machine.run(self._moved(name, self.truth[name]))
        self.machine.mount(self.kind, "/disk")
        self.wire = self.machine.record().__enter__()
        self.agent = GuestAgent(self.machine, self.folder / f"agent{self.lives}", self.wall, config={
            "mqtt": {"keepalive": "30s"}, "history": {"directory": "/disk/history"}, "log": {"level": "info"},
            "doors": [door(name, relay=f"GPIO{RELAYS[name]}", pulse=f"{PULSE_MS}ms", debounce="20ms",
                           closed_sensor=contact(CONTACTS[name][0]), open_sensor=contact(CONTACTS[name][1]))
                      for name in RELAYS]})  # fmt: skip
        self.since = self.recorder.mark()
        self.polls, self.seconds, self.pulses = [], 0, 0
        self.agent.start()
        self.begun = self.machine.uptime_s()

    def _moved(self, name, truth):
        """The command that brings the contacts of a door to where it is."""
        self.truth[name] = truth
        return ";".join(f"echo pull-{'up' if up else 'down'} >{self.header.folder}/sim_gpio{line}/pull"
                        for line, up in zip(CONTACTS[name], TRUTHS[truth]))  # fmt: skip

    def wait(self, seconds):
        if seconds > 0:
            self.machine.run(f"usleep {int(seconds * 1e6)}", timeout=600)

    # What has to be so

    def _last(self, *levels):
        said = self.recorder.seen(self.agent.topic(*levels), since=self.since)
        return said[-1].payload if said else None

    def look(self):
        """After a start: the relays, what is published, the lock-out, and the history."""
        for name in RELAYS:
            wanted = STATES[self.truth[name]]
            right = lambda: ('"settled":true' in (self._last(name, "attributes") or "")  # noqa: E731
                             and self._last(name, "state") == wanted)  # fmt: skip
            harness.wait_until(right, f"the {name} door to be {wanted}: {self._said(name)}", deadline=60)
            wrong = [m for m in self.recorder.seen(self.agent.topic(name, "state"), since=self.since)
                     if m.payload not in (wanted, "None")]  # fmt: skip
            assert not wrong, f"the {name} door is {wanted}, and was said to be {wrong}"
        self._look_at_the_lockout()
        self._look_at_what_is_kept()
        self._look_at_the_history()
        self._look_at_the_relays()

    def _said(self, name):
        return [self._last(name, topic) for topic in ("state", "attributes")]

    def _look_at_the_lockout(self):
        topic = self.agent.topic("right", "lockout")
        now = harness.wait_until(lambda: self._last("right", "lockout"), "the lock-out", deadline=60)
        said = self.recorder.seen(topic)
        before = said[: len(said) - len(self.recorder.seen(topic, since=self.since))]
        allowed = {before[-1].payload if before else "OFF", *self.asked}
        assert now in allowed, f"the lock-out is {now}, and before the cut it was {allowed}"
        self.locked, self.asked = now, []

    def _look_at_what_is_kept(self):
        """By the broker: that it is told comes within half a minute."""
        told = lambda: self._last("availability") == "online" and self._document_is_right(self._last("doors"))  # noqa: E731
        harness.wait_until(told, "the document of all doors", deadline=60)
        kept = harness.retained(self.broker, self.agent.topic("#"))
        assert kept[self.agent.topic("availability")] == "online", kept
        assert kept[self.agent.topic("right", "lockout")] == self.locked, kept
        assert self._document_is_right(kept[self.agent.topic("doors")]), kept
        for name in RELAYS:
            assert kept[self.agent.topic(name, "state")] == STATES[self.truth[name]], kept

    def _document_is_right(self, text):
        doors = {each["id"]: each for each in json.loads(text or '{"doors":[]}')["doors"]}
        return all(doors and (doors[name]["state"] or "None") == STATES[self.truth[name]] for name in RELAYS)

    def _ask(self, path):
        with urllib.request.urlopen(self.machine.page + path, timeout=60) as answer:
            return json.load(answer)

    def poll(self):
        """What the agent knows now: ({number: event}, {door: cycles}, {door: document})."""
        events = {}
        for name in RELAYS:
            answer = self._ask(f"/api/history?door={name}&limit=100")
            assert answer["problem"] is None, answer["problem"]
            events.update({each["number"]: each for each in answer["events"] if each["event"] != "command_rejected"})
        doors = {each["id"]: each for each in self._ask("/api/doors")["doors"]}
        cycles = {name: doors[name]["cycles"] for name in RELAYS}
        self.tick()
        self.polls.append((self.seconds, events, cycles))
        return events, cycles, doors

    def tick(self):
        self.seconds = self.machine.uptime_s() - self.begun

    def _look_at_the_history(self):
        events, cycles, doors = self.poll()
        assert doors["right"]["locked_out"] == (self.locked == "ON") and doors["right"]["lockout_saved"], doors["right"]
        must, least = self.durable
        runs = [event["run"] for event in events.values()]
        for name in RELAYS:
            assert cycles[name] >= least[name], f"{name}: {cycles[name]} cycles, after {least[name]}"
            numbers = sorted(number for number, event in events.items() if event["door"] == name)
            oldest = numbers[-MEMORY] if len(numbers) >= MEMORY else 0
            for number, event in must.items():
                if event["door"] == name and number >= oldest:
                    assert same(events.get(number), event), f"{event} was written {SYNC_S} s before the cut; now {events.get(number)}"
        assert max(runs) > max((event["run"] for event in must.values()), default=0), "a run was counted twice"
        before = {number: event for number, event in events.items() if event["run"] < max(runs)}
        if self.story:
            self.story[-1]["events"] = len([number for number in self.told if number > max(before, default=0)])
        self.durable = (before, cycles)

    def _look_at_the_relays(self):
        """No more pulses than were asked for, and no line that begins active."""
        self.wire.events = self.wire.so_far()
        for name, relay in RELAYS.items():
            levels = [level for _, level in self.wire.levels(relay)]
            assert levels[:1] in ([], [0]), f"{name}: the relay begins with {levels}"
            assert "input" not in [event.what for event in self.wire.of(relay)], f"{name}: the relay's line became an input"
            assert levels.count(1) <= (self.pulses if name == "left" else 0), f"{name}: {levels}, {self.pulses} presses were asked for"

    # The phases, until the cut

    def live(self, phase):
        self.story.append({"phase": phase, "how": "by time", "relay": "?", "sectors": "?", "of": "?", "events": "?"})
        try:
            if phase != "start" and self.random.random() < 0.3:
                self._play(self.random.randrange(2, 6))
                self._dwell()
            getattr(self, "_live_" + phase.replace(" ", "_").replace("-", "_"))()
            self.tick()
            self._look_at_the_relays()
            self.story[-1]["relay"] = "on" if (self.wire.levels(RELAYS["left"]) or [(0, 0)])[-1][1] else "off"
        except (RuntimeError, OSError):
            if not self.dark.is_set():
                raise
        self._cut()
        self._after()

    def _dwell(self):
        """Until what is known now has to be on the disk."""
        self.poll()
        self.wait(SYNC_S + SLACK_S + 3 * self.random.random())
        self.tick()

    def _cut(self):
        self.dark.set()
        self.disk.cut(self.machine.qemu.kill)  # SIGKILL

    def _alarm(self, most):
        """The cut comes at a write or flush from now on, by chance, or at the phase's own time if there are fewer."""
        number, before = self.random.randrange(1, most + 1), self.random.random() < 0.5

        def act():
            self.story[-1]["how"] = f"{'before' if before else 'after'} disk request {number}"
            self._cut()

        self.disk.when(number, before, act)

    def _play(self, moves):
        """The left door goes round by hand."""
        at = ROUND.index(self.truth["left"])
        script = []
        for move in range(1, moves + 1):
            script += [self._moved("left", ROUND[(at + move) % 4]), f"usleep {self.random.randrange(60000, 150000)}"]
        self.machine.run(";".join(script), timeout=600)

    def _press(self):
        command = {"closed": "OPEN", "open": "CLOSE", "between": "TOGGLE"}[self.truth["left"]]
        self.pulses += 1
        self.recorder.publish(self.agent.topic("left", "set"), command)

    def _live_start(self):
        if self.random.random() < 0.5:
            self._alarm(6)
        self.wait(self.random.random())

    def _live_idle(self):
        self.wait(2 * self.random.random())

    def _live_pulse(self):
        self._press()
        self.wait(0.9 * self.random.random() * PULSE_MS / 1000)

    def _live_travel(self):
        goal = "closed" if self.truth["left"] == "open" else "open"

        def answer():
            since = self.recorder.mark()
            self._press()
            return self.recorder.wait(self.agent.topic("left", "event"), lambda text: '"command_' in text, since).payload

        while '"uncertain"' in answer():  # TOGGLE, while it is believed to come to its end: later it is believed to stand
            self.pulses -= 1
            self.wait(1)
        harness.wait_until(lambda: 1 in [event.value for event in self.wire.so_far() if event.line == RELAYS["left"]],
                           "the press that was asked for")
        self.wait((PULSE_MS + 150) / 1000)
        self.machine.run(self._moved("left", "between"))
        self.wait(3 * self.random.random())
        if self.random.random() < 0.3:
            self.machine.run(self._moved("left", goal))
            self.wait(0.3 * self.random.random())

    def _live_history_write(self):
        if self.random.random() < 0.7:
            self._alarm(16)
        self._play(self.random.randrange(8, 50))
        if self.disk.alarm:
            self.wait(SYNC_S * self.random.random())
        else:
            self._dwell()

    def _live_lock_out(self):
        if self.random.random() < 0.6:
            self._alarm(24)
        changes = self.random.randrange(1, 5)
        for number in range(changes):
            self.asked = ["OFF" if self.locked == "ON" else "ON"]
            self.recorder.publish(self.agent.topic("right", "lockout", "set"), *self.asked)
            if number < changes - 1 or self.random.random() < 0.5:
                told = lambda: self.dark.is_set() or self._last("right", "lockout") in self.asked  # noqa: E731
                harness.wait_until(told, f"the lock-out to be {self.asked}", deadline=60)
                self.locked = self.asked[0]
            self.wait(0.1 * self.random.random())

    def _live_reload(self):
        self.agent.config = harness.merge(self.agent.config, {"mqtt": {"keepalive": "20s"}})
        self.agent.write_config()
        self.agent.send_signal(1)
        self.wait(0.5 * self.random.random())

    def _live_reconnect(self):
        self.wall.break_all()
        self.wait(3 * self.random.random())

    # Off

    def _after(self):
        """What the cut has left, and where the doors are when the power comes back."""
        time.sleep(0.3)  # what the agent had sent arrives
        self._end()
        cut = self.story[-1]
        cut["chance"] = self.random.choice((0, 0.5, 0.5, 0.9))
        cut["of"] = sum(len(data) // SECTOR for _, data, kept in self.disk.cache if not kept)
        self.image, cut["sectors"] = self.disk.survivors(self.random, cut["chance"])
        old = [poll for poll in self.polls if poll[0] + SYNC_S + SLACK_S <= self.seconds]
        if old:
            self.durable = old[-1][1:]
        if self.polls:
            self.told = self.polls[-1][1]
        for name in RELAYS:
            if self.random.random() < 0.5:
                self.truth[name] = self.random.choice(list(TRUTHS))

    def _end(self):
        if self.agent:
            self.agent.process = None
        self.machine.close()
        self.machine = None
        self.disk.close()

    def tell(self):
        for number, cut in enumerate(self.story, 1):
            print("# cut {}: {phase}, {how}, relay {relay}; lost: {sectors} of {of} sectors, {events} events".format(number, **cut))


def add_header(machine):
    machine.add_chip(HEADER, 28, {line: f"GPIO{line}" for line in range(28)})


def same(event, other):
    """But for what may change: the count of equal refusals, and the time, which may come later."""
    keys = ("number", "run", "uptime_ms", "door", "event", "state", "source", "command", "reason", "fault")
    return event is not None and all(event[key] == other[key] for key in keys)
