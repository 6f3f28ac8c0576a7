"""One garage: an agent, its doors, its broker. It lives a story and tells what was wrong in it."""

import asyncio
import json
import os
import random
import re
import resource
import signal
import ssl
import subprocess
import time
import traceback
from contextlib import suppress
from pathlib import Path

import story
from broker import Broker, Names
from certificates import Authority
from chip import Chip
from garage import Door
from oracle import Given, Oracle, Violation
from peers import NODE, TELLS

HTTP = 8080
ANSWERS = "chaos/answers"
CALM_S = 100.0   # until all is right again after a round: the longest pause before a new attempt at the broker is 60 s
GROWTH_KB = 1024


def mount(*words):
    return subprocess.run(["mount", *words], stderr=subprocess.DEVNULL).returncode


class World:
    def __init__(self, seed, agent, folder, sanitized):
        self.seed, self.agent, self.folder, self.sanitized = seed, agent, Path(folder), sanitized
        self.settings = story.doors(seed)
        self.random = random.Random(f"{seed} contacts")
        self.trace, self.log, self.calms, self.started = [], [], [], False
        self.stops_at_press = False
        self.follows, self.tls = story.peers(seed), None
        self.process = None
        self.born = time.monotonic()
        self.changes = {"names": 0, "pulse": 0, "debounce": 0, "broken": False}
        self.tasks = set()
        self.waited = {}
        self.beat_at = self.sampled_at = time.monotonic()
        self.sampled_life, self.delays = 0, {}
        self.log_looked = 0

    def note(self, words):
        self.trace.append(f"{time.monotonic() - self.born:8.3f}  {words}")

    # The agent.

    def configuration(self):
        doors = []
        for number, door in enumerate(self.settings):
            active = "low" if door["active_low"] else "high"
            doors.append({
                "id": door["id"], "name": f"Door {door['id']} {self.changes['names']}",
                **{role: {"line": line, "active": active} for role, line in door["relays"].items()},
                "pulse": f"{door['pulse_ms'] + self.changes['pulse']}ms", "gap": f"{door['gap_ms']}ms",
                **{{"closed": "closed_sensor", "open": "open_sensor", "beam": "obstruction_sensor"}[name]:
                   {"line": wire["line"], "contact": "normally_closed" if wire["normally_closed"] else "normally_open"}
                   for name, wire in door["wires"].items()},
                "debounce": f"{door['debounce_ms'] + self.changes['debounce']}ms", "travel_time": f"{door['travel_ms']}ms", "lockout": door["lockout"],
            })
            if "relay" in door["relays"]:
                doors[-1]["opener"] = door["opener"]
            if door["warning_ms"]:
                doors[-1]["close_warning"] = {"line": door["warning_line"], "active": active, "time": f"{door['warning_ms']}ms"}
            if door["auto_close_s"]:
                doors[-1]["auto_close"] = f"{door['auto_close_s']}s"
        mqtt = {"broker": "mqtt://broker.chaos:1883"}
        if self.tls:
            mqtt = {"broker": "mqtts://broker.chaos:1883", "tls": {"ca_file": str(self.folder / "ca/ca.crt")}}
        return {"node": "chaos", **({"peers": [NODE]} if self.follows else {}), "mqtt": mqtt, "gpio": {"chip": str(self.folder / "chip")},
                "http": {"listen": f"127.0.0.1:{HTTP}"}, "history": {"directory": str(self.folder / "history")},
                "log": {"level": "debug"}, "doors": doors}

    def write_configuration(self):
        path = self.folder / "portcullis.yaml"
        path.write_text("doors: [" if self.changes["broken"] else json.dumps(self.configuration()))
        path.chmod(0o600)
        return str(path)

    def start_agent(self, *more):
        process = self.chip.start([self.agent, "--config", self.write_configuration(), *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  env={**os.environ, "MALLOC_ARENA_MAX": "2"})
        os.set_blocking(process.stderr.fileno(), False)
        self.loop.add_reader(process.stderr.fileno(), self._read_log, process)
        return process

    def _read_log(self, process):
        data = os.read(process.stderr.fileno(), 65536)
        if not data:
            self.loop.remove_reader(process.stderr.fileno())
            process.stderr.close()
            return
        for line in data.decode(errors="replace").splitlines():
            self.log.append(line)
            if "locked down" in line and process is self.process:
                self.started, self.oracle.ready_at = True, time.monotonic() + 0.5  # then it knows its contacts
            if ".yaml:1:" not in line:  # what --check thinks of such doors
                self.note(f"agent: {line[25:]}")

    def begin_life(self):
        self.changes["broken"] = False
        self.oracle.life += 1
        self.oracle.stopping = False
        self.started = False
        self.process = self.start_agent()
        self.oracle.alive, self.oracle.ready_at = True, float("inf")
        self.calms = []
        for watch in self.oracle.watches:
            watch.said_at = 0.0

    async def ended(self, process, within_s):
        until = time.monotonic() + within_s
        while process.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.01)
        return process.poll()

    # Its surroundings.

    async def begin(self):
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(lambda _, what: self._failed(what.get("exception") or what["message"]))
        (self.folder / "history").mkdir()
        mount("-t", "tmpfs", "-o", "size=600k", "history", str(self.folder / "history"))
        self.chip = Chip(self.loop, 28, self._driven)
        self.doors = [Door(settings, self.chip, self.random) for settings in self.settings]
        self.oracle = Oracle(self.settings, self.doors, self._sample)
        self.roles = {}
        for number, door in enumerate(self.settings):
            self.roles.update({line: (number, role) for role, line in door["relays"].items()})
            if door["warning_line"] is not None:
                self.roles[door["warning_line"]] = number, "warning"
        if story.tls(self.seed):
            pair = Authority(self.folder / "ca").issue("broker.chaos", names=["broker.chaos"])
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(pair.certificate, pair.key)
        self.broker = Broker(self.loop, self._heard, self._arrived, story.five(self.seed), TELLS if self.follows else {}, self.tls)
        await self.broker.start()
        self.names = Names()
        await self.loop.create_datagram_endpoint(lambda: self.names, ("127.0.0.1", 53))
        self.document, self.others = None, None
        self.begin_life()
        self.spawn(self._follow())
        self.spawn(self._beat())

    def spawn(self, work):
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            self._failed(task.exception())

    def _failed(self, error):
        """What goes on beside the story has failed: from then on not all is looked at."""
        where = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(getattr(error, "__traceback__", None))]
        self.oracle.breach("the test itself", f"{error!r} in {where}")

    def _driven(self, line, active, why):
        number, role = self.roles[line]
        if role != "warning":
            self.doors[number].relay(line, active)
        if active or why == "set":
            self.note(f"door {self.settings[number]['id']}: {role} {'on' if active else 'off'}")
        self.oracle.driven(number, role, active, why)
        if self.stops_at_press and role == "warning" and not active and why == "set":
            self.do_stopped(None)

    def _arrived(self, topic, correlation):
        """The other garage answers, mostly."""
        if topic.startswith(f"portcullis/{NODE}/") and correlation and self.random.random() < 0.8:
            self.broker.publish("portcullis/chaos/answers", '{"result":"accepted"}', correlation=correlation)

    def _heard(self, topic, payload, correlation, expiry_s):
        if topic.startswith(f"portcullis/{NODE}/"):
            self.note(f"agent sends to {topic}: {payload}, to expire after {expiry_s} s")
            self.oracle.peers.sent("POSITION" if topic.endswith("position/set") else payload.upper(), expiry_s)
            return
        if topic == ANSWERS:
            answer = json.loads(payload)
            self.oracle.answered(self.oracle.given[int(correlation)], answer["result"], answer.get("reason"))
            return
        match = re.fullmatch(r"portcullis/chaos/(\w)/state", topic)
        if match:
            self.note(f"agent says by MQTT: door {match[1]} {payload}")
            self.oracle.told("abc".index(match[1]), payload)

    async def _follow(self):
        """What the page shows, live."""
        while True:
            with suppress(OSError, asyncio.IncompleteReadError, ValueError):
                life = self.oracle.life
                reader, writer = await asyncio.open_connection("127.0.0.1", HTTP, limit=1 << 20)
                try:
                    writer.write(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    kind = b""
                    while line := await reader.readline():
                        if line.startswith(b"event: "):
                            kind = line[7:].strip()
                        elif line.startswith(b"data: ") and kind == b"doors":
                            self.document = json.loads(line[6:])
                            for number, door in enumerate(self.document["doors"]):
                                self.oracle.told(number, door["state"], door["confidence"], door["position"])
                                self.oracle.lockouts.told(number, door["lockout_remote"], door["lockout_saved"], life)
                        elif line.startswith(b"data: ") and kind == b"peers":
                            self.others = json.loads(line[6:])["peers"]
                finally:
                    writer.close()
                    self.document = self.others = None
            await asyncio.sleep(0.1)

    async def _beat(self):
        while True:
            self.beat_at = time.monotonic() + 0.05
            await asyncio.sleep(0.05)
            self._sample()
            if self.oracle.alive and self.process.poll() is not None and not self.oracle.stopping:
                self.oracle.alive = False
                self.oracle.breach("the agent lives", f"it ended with {self.process.returncode}: {self.log[-3:]}")
            self.oracle.look()
            self.oracle.lockouts.look(self.document is not None and self.oracle.alive and not self.oracle.frozen)

    def _sample(self):
        """Notes whether the agent or this process had no processor since the last time."""
        now = time.monotonic()
        if now - self.sampled_at < 0.01:
            return
        lost_s = now - max(self.beat_at, self.sampled_at) - 0.02
        waiting = {}
        with suppress(OSError, IndexError, ValueError):
            for thread in Path(f"/proc/{self.process.pid}/task").iterdir():
                waiting[thread.name] = int((thread / "schedstat").read_text().split()[1]) / 1e9
                if self.sampled_life == self.oracle.life:  # what it waited is only counted when it runs again
                    lost_s = max(lost_s, waiting[thread.name] - self.delays.get(thread.name, 0.0) - 0.01)
                if (thread / "stat").read_text().rpartition(")")[2].split()[0] == "R":
                    lost_s = max(lost_s, now - self.sampled_at)
        if lost_s > 0:
            self.oracle.stalls.append((now - lost_s, now))
        self.sampled_at, self.sampled_life, self.delays = now, self.oracle.life, waiting

    # What happens.

    async def do(self, what, details):
        self.note(f"story: {what} {details if what == 'command' else self.settings[details['door']]['id']}")
        done = getattr(self, f"do_{what}")(details)
        if asyncio.iscoroutine(done):
            await done

    def topic(self, details):
        return f"portcullis/chaos/{self.settings[details['door']]['id']}/set"

    def wire(self, details):
        wires = self.doors[details["door"]].wires
        return wires[sorted(wires)[details["dice"] % len(wires)]] if wires else None

    def aimed(self, details, words):
        """A topic and a word for it that the agent must not obey: one of words; or, now and then, what changes the lock-out."""
        if details["dice"] // 1000 % 3:
            return self.topic(details), words[details["dice"] % len(words)]
        return self.topic(details)[:-3] + "lockout/set", "OFF" if self.oracle.lockouts.locks[details["door"]].said else "ON"

    def do_command(self, details):
        if details["word"] == "garbage" and details["way"] != "mqtt":
            return
        given = Given(len(self.oracle.given), details["door"], details["word"], details["way"], time.monotonic())
        given.life, given.percent = self.oracle.life, details["percent"] if given.word == "POSITION" else 0
        if details.get("peer"):
            self.oracle.counts["for the other garage"] += 1
            self.oracle.peers.given.append(given)
            self.spawn(self._ask(given, details))
            return
        if given.word.startswith("LOCKOUT"):
            given.doors, given.door = range(len(self.doors)) if details["every"] else [given.door], None
        self.oracle.counts["lock-out's commands" if given.doors else "commands"] += 1
        self.oracle.given.append(given)
        self.oracle.lockouts.given(given)
        if details["way"] == "mqtt":
            topic, word = self.topic(details), details["word"]
            if given.doors:
                topic, word = "portcullis/chaos/lockout/set" if details["every"] else topic[:-3] + "lockout/set", word[len("LOCKOUT_"):]
            if word == "POSITION":
                topic, word = topic[:-3] + "position/set", str(details["percent"])
            if word == "garbage":
                given.answer, word = "rejected", "OPENN"
            if not self.broker.publish(topic, word, answer=ANSWERS, correlation=str(given.number)):
                given.answer = "rejected"  # nobody got it
        else:
            self.spawn(self._ask(given, details))

    async def _ask(self, given, details):
        """By the page or the API. slow: the request's second half comes later; it counts from its first byte."""
        body = f"position={details['percent']}" if given.word == "POSITION" else ""
        place = f"/api/doors/{self.settings[details['door']]['id']}/" if not details.get("every") else "/api/"
        place = f"/api/peers/{NODE}/doors/left/" if details.get("peer") else place
        html = "Accept: text/html\r\n" if given.way == "page" else ""
        request = (f"POST {place}{given.word.lower().replace('_', '/')} HTTP/1.1\r\nHost: localhost\r\n{html}"
                   f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}").encode()
        with suppress(OSError, asyncio.TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", HTTP)
            try:
                if given.way == "slow":
                    writer.write(request[:30])
                    await asyncio.sleep(details["slow_s"])
                    request, given.whole_at = request[30:], time.monotonic()
                writer.write(request)
                answer = (await asyncio.wait_for(reader.read(), 30)).decode()
                words = answer.split()
                status = int(words[1]) if len(words) > 1 else 0  # none: it was killed before or meanwhile
                self.note(f"answer to {given.word} by {given.way}: {status}")
                if details.get("peer"):
                    given.answer = "rejected" if status >= 400 else "sent"
                elif status in (200, 202) and not html:
                    self.oracle.answered(given, {200: "unchanged", 202: "accepted"}[status], None)
                elif status >= 400:
                    self.oracle.answered(given, "rejected", "locked_out" if '"locked_out"' in answer else None)
            finally:
                writer.close()

    def do_broker_killed(self, _):
        self.broker.kill()

    def do_broker_emptied(self, _):
        self.broker.kill()
        self.broker.retained.clear()

    def do_broker_replays(self, details):
        self.broker.kill()
        self.broker.replays = *self.aimed(details, ["TOGGLE"]), (details["dice"] % 100) / 100 * (1.4 if self.broker.five else 4.2)

    async def do_broker_started(self, _):
        await self.broker.start()

    def do_broker_keeps_command(self, details):
        self.broker.publish(*self.aimed(details, ["TOGGLE", "OPEN", "CLOSE"]), retain=True)

    def do_redelivered(self, details):
        """What was given last, or a TOGGLE, comes with the flag that says so."""
        last = [given.word for given in self.oracle.given if given.door == details["door"] and given.word in ("OPEN", "CLOSE", "TOGGLE")]
        self.broker.publish(*self.aimed(details, [last[-1] if last else "TOGGLE", "TOGGLE"]), dup=True)

    def do_old_will(self, _):
        self.broker.keep("portcullis/chaos/availability", "offline")
        self.broker.publish("portcullis/chaos/availability", "offline")

    def do_network_held(self, _):
        self.broker.network = "hold"

    do_network_held_long = do_network_held

    def do_network_let_go(self, _):
        self.broker.let_go()

    def do_network_dropped(self, _):
        self.broker.network = "drop"
        self.broker.held.clear()

    def do_network_cut(self, _):
        self.broker.network = "open"
        self.broker.cut()

    def do_network_slow(self, details):
        self.broker.latency_s = [0.05, 0.3, 1.0, 2.0][details["dice"] % 4]

    def do_network_fast(self, _):
        self.broker.latency_s = 0.0

    def do_names(self, details):
        self.names.mode = ["hang", "none", "lie"][details["dice"] % 3]

    def do_names_true(self, _):
        self.names.mode = "true"

    def do_disk_full(self, _):
        with suppress(OSError), open(self.folder / "history/filler", "wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))

    def do_disk_empty(self, _):
        with suppress(OSError):
            (self.folder / "history/filler").unlink()

    def do_disk_read_only(self, _):
        mount("-o", "remount,ro", str(self.folder / "history"))

    def do_disk_writable(self, _):
        mount("-o", "remount,rw", str(self.folder / "history"))

    def limit(self, what, most):
        if time.monotonic() < self.oracle.ready_at:
            return  # a start without memory or descriptors is given up
        with suppress(ProcessLookupError):
            resource.prlimit(self.process.pid, what, (most, resource.prlimit(self.process.pid, what)[1]))

    def do_descriptors(self, details):
        with suppress(OSError):
            self.limit(resource.RLIMIT_NOFILE, len(os.listdir(f"/proc/{self.process.pid}/fd")) + details["dice"] % 2)

    def do_memory(self, details):
        with suppress(OSError):
            if not self.sanitized:
                self.limit(resource.RLIMIT_AS, self.figures()["VmSize"] * 1024 + details["dice"] % 3 * 65536)

    def do_limits_off(self, _):
        for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS):
            self.limit(what, resource.prlimit(self.process.pid, what)[1])

    def do_reload(self, details):
        """A door's name, or times, or a file that is none."""
        if not self.started:
            return
        dice = details["dice"] % 4
        self.changes["broken"] = dice == 3
        if dice == 0:
            self.changes["names"] += 1
        if dice == 1:
            self.changes["pulse"] = 100 - self.changes["pulse"]
        if dice == 2:
            self.changes["debounce"] = 30 - self.changes["debounce"]
        for number, door in enumerate(self.settings):
            self.oracle.ranges[number]["pulse_ms"].add(door["pulse_ms"] + self.changes["pulse"])
            self.oracle.ranges[number]["debounce_ms"].add(door["debounce_ms"] + self.changes["debounce"])
        self.write_configuration()
        self.process.send_signal(signal.SIGHUP)

    def do_stopped(self, _):
        if self.oracle.frozen is None and self.oracle.alive:
            self.chip.catch_up()
            self.process.send_signal(signal.SIGSTOP)
            self.oracle.frozen = time.monotonic()

    do_stopped_long = do_stopped

    def do_stopped_at_press(self, _):
        """When a warning ends: what comes after it is decided already."""
        self.stops_at_press = True

    def do_continued(self, _):
        self.stops_at_press = False
        if self.oracle.frozen is not None:
            self.process.send_signal(signal.SIGCONT)
            self.oracle.stalls.append((self.oracle.frozen, time.monotonic()))
            self.oracle.frozen = None

    async def do_killed(self, details):
        """As a crash does; then what the unit file does, or only a new start."""
        await self._end(signal.SIGKILL)
        self.changes["broken"] = False  # with a file that is none nobody knows what to release
        if details["dice"] % 10 < 7:
            release = self.start_agent("--release")
            if await self.ended(release, 10) != 0:
                self.oracle.breach("the release works", f"it ended with {release.poll()}: {self.log[-3:]}")
            self._resting("after --release")
        self.begin_life()

    async def do_restarted(self, _):
        await self._end(signal.SIGTERM)
        if self.process.poll() != 0:
            self.oracle.breach("the agent ends well", f"it ended with {self.process.poll()}: {self.log[-3:]}")
        self._resting("after SIGTERM")
        self.begin_life()

    async def _end(self, number):
        self.do_continued(None)
        self.do_limits_off(None)
        until = time.monotonic() + 10
        while number == signal.SIGTERM and not self.started and self.process.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.05)  # before that it is no agent yet, and does not know the signal
        self.oracle.stopping = True
        self.process.send_signal(number)
        await self.ended(self.process, 20)
        self.oracle.alive = False
        self.oracle.lockouts.ended()

    def _resting(self, when):
        on = [role for line, role in self.roles.items() if self.chip.lines[line].flags and self.chip.logical(line)]
        if on:
            self.oracle.breach("each pulse ends", f"{on} is on {when}")

    def do_wall_button(self, details):
        self.doors[details["door"]].wall_button()

    def do_bounce(self, details):
        for wire in self.doors[details["door"]].wires.values():
            wire.bounces = 2 * (1 + details["dice"] % 6)

    def do_chatter(self, details):
        if wire := self.wire(details):
            wire.chatter(2 * (20 + details["dice"] % 60), 3.0)

    def do_stick(self, details):
        if wire := self.wire(details):
            wire.stick(bool(details["dice"] >> 8 & 1))

    def do_mended(self, details):
        if wire := self.wire(details):
            wire.stick(None)

    def do_swap(self, details):
        if {"closed", "open"} <= set(self.doors[details["door"]].wires):
            self.doors[details["door"]].swap(True)

    def do_unswapped(self, details):
        self.doors[details["door"]].swap(False)

    def do_lose_edge(self, details):
        if wire := self.wire(details):
            wire.loses = "edge"

    def do_drop_edges(self, details):
        if wire := self.wire(details):
            wire.loses = "dropped"

    def do_deaf(self, details):
        self.doors[details["door"]].deaf = 1

    def do_turn_round(self, details):
        self.doors[details["door"]].turn_round()

    def do_power_cut(self, details):
        self.doors[details["door"]].power(False)

    def do_power_back(self, details):
        self.doors[details["door"]].power(True)

    def do_beam(self, details):
        self.doors[details["door"]].break_beam(True)

    def do_beam_free(self, details):
        self.doors[details["door"]].break_beam(False)

    # A round.

    async def play(self, events):
        begin = time.monotonic()
        for at_s, what, details in events:
            await asyncio.sleep(max(0.0, begin + at_s - time.monotonic()))
            await self.do(what, details)
            self.check()

    def check(self):
        if self.oracle.breaches:
            raise self.oracle.breaches[0]

    async def calm(self):
        """All mishaps end. Then all must be right again, and stay so."""
        self.note("story: calm")
        begin = self.calm_at = time.monotonic()
        self.do_continued(None)
        self.do_limits_off(None)
        self.do_network_fast(None)
        self.do_names_true(None)
        self.do_disk_empty(None)
        self.do_disk_writable(None)
        if self.broker.network == "drop":
            self.do_network_cut(None)
        self.broker.let_go()
        await self.broker.start()
        for door in self.doors:
            door.powered, door.deaf = True, 0
            door.swap(False)
            door.break_beam(False)
            for wire in door.wires.values():
                wire.loses, wire.bounces = None, 0
                if wire.stuck is not None:
                    wire.stick(None)
        wrong = "?"
        while wrong:
            await asyncio.sleep(0.1)
            self.check()
            if any("is lost again and again" in line for line in self.log[self.log_looked:]):
                await self.do_restarted(None)  # after the third short connection it pauses for one to two minutes
            self.log_looked = len(self.log)
            wrong = self.wrong()
            why = re.sub(r"door .|[(].*|, and.*", "", wrong)
            self.waited[why] = self.waited.get(why, 0) + 0.1
            if wrong and time.monotonic() - begin > CALM_S:
                raise Violation("calm heals", f"{CALM_S:.0f} s after the last mishap {wrong}")
        self.oracle.judge_presses()
        self.oracle.peers.judge()
        self.oracle.count_estimates()
        self.check()
        self.calms.append(self.figures())

    def wrong(self):
        """What is not yet as it must be at rest; empty: nothing."""
        now = time.monotonic()
        if len(self.tasks) > 2:
            return "a request to the page waits for its answer"
        if not self.broker.connected:
            return "the agent is not at the broker"
        if not self.document:
            return "the page tells nothing"
        if self.follows and (not self.others or self.others[0]["availability"] != "online"):
            return "the other garage is not reachable"
        retained = self.broker.retained
        if retained.get("portcullis/chaos/availability") != "online":
            return f"the broker keeps availability {retained.get('portcullis/chaos/availability')}"
        for number, (settings, door) in enumerate(zip(self.settings, self.doors)):
            name, said = f"door {settings['id']}", self.document["doors"][number]["state"]
            watch, expected = self.oracle.watches[number], self.oracle.expected(number)
            if door.motor or expected is None or said in ("opening", "closing"):
                return f"{name} does not rest ({said})"
            comes_by = max(watch.said_at, self.calm_at) + settings["auto_close_s"] + settings["warning_ms"] / 1000 + 1
            if settings["auto_close_s"] and (watch.warning_on or (said == "open" and now < comes_by)):
                return f"{name} is about to close by itself"
            if any(pulse.off is None or now - pulse.on < 1 for pulse in watch.pulses[-1:]):
                return f"{name} has a relay on"
            if said not in expected:
                return f"{name} is said to be {said}, and can be {expected}"
            kept = retained.get(f"portcullis/chaos/{settings['id']}/state")
            if kept != (said or "None"):
                return f"{name} is {said}, and the broker keeps {kept}"
            kept, locked = retained.get(f"portcullis/chaos/{settings['id']}/lockout"), self.document["doors"][number]["locked_out"]
            if kept != ("ON" if locked else "OFF"):
                return f"{name} is {'' if locked else 'not '}locked out, and the broker keeps {kept}"
        every = all(door["locked_out"] for door in self.document["doors"])
        if retained.get("portcullis/chaos/lockout") != ("ON" if every else "OFF"):
            return f"the broker keeps the lock-out of all doors as {retained.get('portcullis/chaos/lockout')}"
        return ""

    def descriptors(self):
        """What each of the agent's leads to. The history's file does not count: it is closed for a minute after a disk's mishap."""
        process, places = Path(f"/proc/{self.process.pid}"), []
        for descriptor in (process / "fd").iterdir():
            with suppress(FileNotFoundError):
                places.append(os.readlink(descriptor))
        wires = [line.split() for line in (process / "net/tcp").read_text().splitlines()[1:]]
        ends = {f"socket:[{wire[9]}]": f"TCP between the ports {int(wire[1][-4:], 16)} and {int(wire[2][-4:], 16)}" for wire in wires}
        return sorted(ends.get(place, place) for place in places if not place.startswith(str(self.folder / "history")))

    def figures(self):
        """What the agent has now."""
        status = dict(re.findall(r"(\w+):\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text()))
        opened = self.descriptors()
        return {"descriptors": len(opened), "open": opened, "threads": int(status["Threads"]), "RssAnon": int(status["RssAnon"]),
                "VmSize": int(status["VmSize"])}

    async def leaks(self):
        """At the end: as much of everything as after the first round of this start, where that was not the last one."""
        first, spare = self.calms[0], {"descriptors": int(story.tls(self.seed))}  # what is left of a bridge goes when the next begins
        self.oracle.counts["looks for leaks"] = int(len(self.calms) > 1)
        for _ in range(200):
            now = self.figures()
            more = {what: now[what] - first[what] for what in ("descriptors", "threads") if now[what] > first[what] + spare.get(what, 0)}
            if not self.sanitized and now["RssAnon"] - first["RssAnon"] > GROWTH_KB:
                more["KB"] = now["RssAnon"] - first["RssAnon"]
            if not more:
                return
            await asyncio.sleep(0.1)
        raise Violation("nothing leaks", f"at rest, {more} more than after the first round; it has {', '.join(now['open'])}, and had {', '.join(first['open'])}")

    async def live(self, rounds):
        """rounds: lists of events. Returns how many were lived, and the breach or None."""
        await self.begin()
        lived, breach = 0, None
        try:
            until = time.monotonic() + 15
            while not (self.broker.connected and self.document) and time.monotonic() < until:
                await asyncio.sleep(0.1)
            await asyncio.sleep(2.2 if self.broker.five else 5.2)  # then commands count
            for events in rounds:
                await self.play(events)
                await self.calm()
                lived += 1
            await self.leaks()
            await self._end(signal.SIGTERM)
            if self.process.poll() != 0:
                raise Violation("the agent ends well", f"it ended with {self.process.poll()}: {self.log[-3:]}")
            self._resting("after SIGTERM")
            self.check()
            found = [line for line in self.log if "Sanitizer" in line or "runtime error" in line]
            if found:
                raise Violation("no sanitizer speaks", found[0])
        except Violation as violation:
            self.note(f"BREACH {violation}")
            breach = violation
        finally:
            if self.process.poll() is None:
                self.process.kill()
        return lived, breach
