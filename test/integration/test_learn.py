"""The walk that learns an opener, in Chromium: its judgement by tables; whole walks with openers of several kinds, whose YAML is
compared with what the simulated opener really does; and that nothing is pressed but by two taps on a page that is looked at.

Between start and walk the agent is given a configuration that is wrong (SIGHUP). The simulator keeps the right one.
"""

import os
import re
import shlex
import signal
import subprocess
import time
from datetime import datetime

import pytest

from harness import ROOT, SLOWNESS, door, wait_until
from test_page import STATES, TOO_WIDE, ask_in, browse, chromium  # noqa: F401

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

AGENT = shlex.split(os.environ["PORTCULLIS_AGENT"])
STATUS = ".learn [role=status]"


# ---- The judgement ----

def table(page, code, rows):
    """code is a function of the module m and a row's input. rows: {name: (input, expected)}."""
    said = page.driver.execute_async_script("""const done = arguments[arguments.length - 1], inputs = arguments[0];
        import("/learn.js").then((m) => done(inputs.map((input) => (""" + code + """)(m, input))))""",
        [row[0] for row in rows.values()])
    assert {name: value for name, value in zip(rows, said)} == {name: row[1] for name, row in rows.items()}


def press(moment, did, word=False):
    return {"moment": moment, "did": did, "word": word}


def travel(way, ms, word=False, from_press=False):
    return {"way": way, "ms": ms, "word": word, "press": from_press}


def edges(line, *times):
    return [{"line": line, "active": i % 2 == 0, "at": at} for i, at in enumerate(times)]


def seen(**changes):
    return {"toggle": True, "contacts": ["closed_sensor", "open_sensor"], "presses": [], "travels": [], "reactions": [400],
            "changes": [], "unseen": False, "count": 0, **changes}


ALL_PRESSES = [press("opening", "stop"), press("closing", "reverse"), press("stopped", "continue", True)]
BOTH_TRAVELS = [travel("up", 12340), travel("down", 15000)]
SEPARATE = {"toggle": False, "contacts": ["closed_sensor"], "reactions": [100]}


def judged(keys, *doubts, reaction=400):
    return {"keys": keys, "doubts": list(doubts), "reaction": reaction}


# What --check takes at most, as a travel.
LONGEST_MS = 60000 * int(re.search(r"CONFIG_TRAVEL_MAX_MS \(\(int64_t\)(\d+) \* 60 \* 1000\)", (ROOT / "src/config/config.h").read_text())[1])

JUDGEMENTS = {
    "all seen": (seen(presses=ALL_PRESSES, travels=BOTH_TRAVELS, changes=edges("closed_sensor", 1000, 20000)),
                 judged({"while_opening": "stop", "while_closing": "reverse", "after_stop": "continue", "open_time": 13000,
                         "close_time": 15800, "debounce": 50}, "word", "once", "few")),
    "nothing seen": (seen(reactions=[]),
                     judged({}, "untried", "after", "once", "travel", "few", "reaction", reaction=None)),
    "no press stops it": (seen(presses=[press("opening", "ignore"), press("closing", "reverse")], travels=BOTH_TRAVELS),
                          judged({"while_opening": "ignore", "while_closing": "reverse", "open_time": 13000, "close_time": 15800},
                                 "after", "once", "few")),
    "the same press does this and that": (
        seen(presses=[*ALL_PRESSES, press("opening", "reverse")], travels=BOTH_TRAVELS),
        judged({"while_closing": "reverse", "after_stop": "continue", "open_time": 13000, "close_time": 15800},
               "differs", "word", "once", "few")),
    "the same press twice alike": (
        seen(presses=[*ALL_PRESSES[:2], press("stopped", "reverse"), press("stopped", "reverse")], travels=BOTH_TRAVELS),
        judged({"while_opening": "stop", "while_closing": "reverse", "after_stop": "reverse", "open_time": 13000,
                "close_time": 15800}, "once", "few")),
    "the longest of two travels, by tap, from the press": (
        seen(presses=ALL_PRESSES, travels=[travel("up", 9000), travel("up", 10001, True), travel("down", 8000, False, True)]),
        judged({"while_opening": "stop", "while_closing": "reverse", "after_stop": "continue", "open_time": 10600,
                "close_time": 8400}, "word", "once", "tap", "press", "few")),
    "a contact that bounces": (
        seen(presses=ALL_PRESSES, travels=BOTH_TRAVELS, changes=edges("open_sensor", 1000, 1030, 1031, 1072, 9000, 9004)),
        judged({"while_opening": "stop", "while_closing": "reverse", "after_stop": "continue", "open_time": 13000,
                "close_time": 15800, "debounce": 90}, "word", "once", "few")),
    "a contact that bounces too long, and more than was kept": (
        seen(presses=ALL_PRESSES, travels=BOTH_TRAVELS, changes=edges("open_sensor", 1000, 1499), unseen=True),
        judged({"while_opening": "stop", "while_closing": "reverse", "after_stop": "continue", "open_time": 13000,
                "close_time": 15800, "debounce": 1000}, "word", "once", "few", "unseen", "bounce")),
    "an opener that sleeps": (
        seen(presses=ALL_PRESSES, travels=BOTH_TRAVELS, reactions=[300, 8251]),
        judged({"while_opening": "stop", "while_closing": "reverse", "after_stop": "continue", "open_time": 13000,
                "close_time": 15800}, "word", "once", "few", "slow", reaction=8251)),
    "one that is not late yet": (
        seen(presses=ALL_PRESSES, travels=BOTH_TRAVELS, reactions=[8250]),
        judged({"while_opening": "stop", "while_closing": "reverse", "after_stop": "continue", "open_time": 13000,
                "close_time": 15800}, "word", "once", "few", reaction=8250)),
    "separate relays": (seen(**SEPARATE, travels=BOTH_TRAVELS, changes=edges("closed_sensor", 1000, 1003)),
                        judged({"open_time": 13000, "close_time": 15800, "debounce": 50}, "few", reaction=100)),
    "no contacts": (seen(contacts=[], reactions=[], presses=ALL_PRESSES, travels=BOTH_TRAVELS),
                    judged({"while_opening": "stop", "while_closing": "reverse", "after_stop": "continue", "open_time": 13000,
                            "close_time": 15800}, "word", "once", "no_contact", "reaction", reaction=None)),
    "the shortest and the longest travel": (
        seen(**SEPARATE, travels=[travel("up", 1), travel("down", 3599999)]),
        judged({"open_time": 100, "close_time": LONGEST_MS}, "few", reaction=100)),
}

DOOR = {"toggle": True, "pulse": 500, "gap": 500, "open": 15000, "close": 15000, "warning": 0, "autoClose": False}
UP, DOWN = travel("up", 9000), travel("down", 9000)
OPENING, CLOSING, STOPPED = (press(moment, "stop") for moment in ("opening", "closing", "stopped"))
MEASURED = {"travels": [UP, DOWN]}

NEXT = {
    "the first": ([seen(), "closed"], "run_up"),
    "then down": ([seen(travels=[UP]), "open"], "run_down"),
    "it came back": ([seen(travels=[UP]), "closed"], "go_up"),
    "no press on the way of the first travel": ([seen(), "up"], "up"),
    "a press on the way": ([seen(**MEASURED), "closed"], "go_up"),
    "on the way up": ([seen(**MEASURED), "up"], "mid_up"),
    "after it stood": ([seen(**MEASURED, presses=[OPENING]), "stopped"], "after"),
    "on the way down": ([seen(**MEASURED, presses=[OPENING, STOPPED]), "down"], "mid_down"),
    "down again, the press was missed": ([seen(**MEASURED, presses=[OPENING, STOPPED]), "open"], "go_down"),
    "up, to go down": ([seen(**MEASURED, presses=[OPENING, STOPPED]), "closed"], "run_up"),
    "nothing more to press": ([seen(**MEASURED, presses=[OPENING, STOPPED, CLOSING]), "down"], "down"),
    "all is known": ([seen(**MEASURED, presses=[OPENING, STOPPED, CLOSING]), "stopped"], "done"),
    "only what is after a stop is not": ([seen(**MEASURED, presses=[OPENING, press("closing", "reverse")]), "closed"], "go_up"),
    "the same from above": ([seen(**MEASURED, presses=[OPENING, press("closing", "reverse")]), "open"], "run_down"),
    "no press stops it": ([seen(**MEASURED, presses=[press("opening", "ignore"), press("closing", "reverse")]), "open"], "done"),
    "a press that differs is not tried again": ([seen(**MEASURED, presses=[OPENING, press("opening", "ignore"), CLOSING]), "open"],
                                                "go_down"),
    "a way that is too short": ([seen(**MEASURED), "closed", {"opening": True}], "run_up"),
    "both are": ([seen(**MEASURED), "closed", {"opening": True, "closing": True}], "done"),
    "too many presses": ([seen(count=16), "closed"], "done"),
    "separate relays": ([seen(**SEPARATE), "closed"], "run_up"),
    "separate relays, on the way": ([seen(**SEPARATE, travels=[UP, DOWN]), "up"], "up"),
    "separate relays, down": ([seen(**SEPARATE, travels=[UP]), "open"], "run_down"),
    "separate relays, done": ([seen(**SEPARATE, travels=[UP, DOWN]), "closed"], "done"),
}

YAML = """- id: left
  name: "x  debounce: 1s"
  relay: {line: GPIO17, active: high}
  pulse: 500ms
  gap: 1s
  debounce: 20ms
  travel_time: 15s
  opener: {while_opening: stop, while_closing: reverse, after_stop: reverse, allow_detour: true}
  close_warning: {line: GPIO5, active: high, time: 1m}
  auto_close: 10m
"""
TWO_TIMES = YAML.replace("travel_time: 15s", "open_time: 14s\n  close_time: 15500ms")
LEARNT = {"while_opening": "ignore", "after_stop": "continue", "open_time": 9000, "close_time": 9500, "debounce": 90}
PASTED = (TWO_TIMES.replace("14s", "9000ms").replace("15500ms", "9500ms").replace("  debounce: 20ms", "  debounce: 90ms")
          .replace("while_opening: stop", "while_opening: ignore").replace("after_stop: reverse", "after_stop: continue"))

PASTES = {
    "one time becomes two": ([YAML, LEARNT], PASTED),
    "two stay two": ([TWO_TIMES, LEARNT], PASTED),
    "two become one": ([TWO_TIMES, {"open_time": 9000, "close_time": 9000}], YAML.replace("15s", "9000ms")),
    "nothing is known": ([YAML, {}], YAML.replace("travel_time: 15s", "travel_time: 15000ms")),
    "one time is": ([YAML, {"close_time": 15500}], TWO_TIMES.replace("14s", "15000ms")),
}


def test_the_judgement(browse):  # noqa: F811
    page = browse(door())
    table(page, "(m, input) => m.judge(input, " + str(DOOR).replace("True", "true").replace("False", "false") + ")", JUDGEMENTS)
    table(page, "(m, input) => m.next(...input)", NEXT)
    table(page, "(m, input) => m.paste(...input)", PASTES)
    table(page, "(m, input) => m.readDoor(input)", {
        "toggle": (YAML, {"toggle": True, "pulse": 500, "gap": 1000, "open": 15000, "close": 15000, "warning": 60000, "autoClose": True}),
        "separate": ("- id: left\n  open_relay: {line: 1, active: high}\n  pulse: 1s\n  gap: 100ms\n  open_time: 1h\n  close_time: 2s\n",
                     {"toggle": False, "pulse": 1000, "gap": 100, "open": 3600000, "close": 2000, "warning": 0, "autoClose": False})})
    table(page, "(m, input) => m.readTrace(input)", {
        "at the start": ("123 0 closed_sensor=1 open_sensor=?",
                         {"now": 123, "count": 0, "levels": {"closed_sensor": True, "open_sensor": None}, "changes": []}),
        "later": ("123 70 relay+99 closed_sensor-100 closed_sensor=0",
                  {"now": 123, "count": 70, "levels": {"closed_sensor": False},
                   "changes": [{"line": "relay", "active": True, "at": 99}, {"line": "closed_sensor", "active": False, "at": 100}]})})


# ---- Whole walks ----

def learner(browse, *doors, belief=None):  # noqa: F811
    """A page of Set-up before doors as they are, of which the agent believes something else."""
    page = browse(*doors, log={"level": "debug"})
    agent = page.agent
    agent.config["doors"] = [{**one, **({} if belief is None else belief)} for one in doors]
    agent.write_config()
    mark = len(agent.log.lines)
    agent.send_signal(signal.SIGHUP)
    agent.log.wait("the configuration is taken over", since=mark)
    page.open("/setup")
    for one in doors:
        page.tap(f"#door-{one['id']} .learn > summary")
    for one in doors:
        page.wait(f"#door-{one['id']} {STATUS}", ".")
    return page


def presses(page, since=0):
    return len(page.agent.log.find("a pulse of the .*relay from http accepted", since=since))


class Person:
    """Somebody in front of a simulated door, who taps as asked and says what is seen."""

    def __init__(self, page, id, number, patience=0.0):
        self.page, self.id, self.number, self.patience = page, id, number, patience
        self.before = "stands"  # the motor, at the last press
        self.heard = []
        self.late_ms = 0  # the latest tap, after the door stood

    def place(self, selector):
        return f"#door-{self.id} .learn {selector}"

    def await_pulse(self):
        """Until it is over, and the opener has heard it."""
        switched = rf"door {self.id}: [\w ]*relay (on|off)$"
        wait_until(lambda: self.page.agent.log.find(switched)[-1:] and self.page.agent.log.find(switched)[-1].endswith("off"),
                   "the end of a pulse")

    def motor(self):
        words = self.page.agent.log.find(rf"simulator: door {self.number} (opens|stands|closes)$")
        return words[-1].rsplit(" ", 1)[1] if words else "stands"

    def button(self, text):
        for number, said in enumerate(self.page.script(
                "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", self.place(".controls > button"))):
            if said == text:
                return self.place(f".controls > button:nth-of-type({number + 1})")
        return None

    def tap(self, selector):
        """A tap in the middle of the screen, where no STOP lies over it. False: what was to be tapped is gone."""
        self.page.script("const e = document.querySelector(arguments[0]); if (e) e.scrollIntoView({block: 'center'})", selector)
        return self.page.tap(selector, may_go=True)

    def say(self, text):
        place = self.button(text)
        return place and self.tap(place)

    def press(self):
        """Both taps of what is offered, unless it is taken back meanwhile."""
        self.before = self.motor()
        control = self.place("details.pulse")
        if self.tap(control + " summary"):
            wait_until(lambda: self.page.shown(control + " button") or not self.page.there(control + "[open]"), "the second button")
            self.page.shown(control + " button") and self.tap(control + " button")

    def step(self):
        """One look, and what it asks for. False: the walk has ended."""
        page, text = self.page, self.page.text(self.place("[role=status]"))
        if text not in self.heard[-1:]:
            self.heard.append(text)
        if text.startswith("Done"):
            return False
        if "Bring the door" in text:
            self.say("It is closed")
        elif "What did the door do" in text:
            time.sleep(0.3)
            self.await_pulse()
            motor = self.motor()
            self.say("It stopped" if motor == "stands" else "It went on" if motor == self.before else "It turned round")
        elif "Which way" in text:
            time.sleep(0.3)
            self.await_pulse()
            self.say("It opens" if self.motor() == "opens" else "It closes")
        elif page.there(self.place("details.pulse")):
            time.sleep(self.patience if "half-way" in text else 0)
            self.press()
        elif self.button("It has arrived") and self.motor() == "stands" and self.say("It has arrived"):
            stood = re.match(r"\S+", self.page.agent.log.find(rf"simulator: door {self.number} stands$")[-1])[0]
            self.late_ms = max(self.late_ms, int(1000 * (time.time() - datetime.fromisoformat(stood).timestamp())))
        return True

    def stuck(self):
        """What helps to see why it does not go on."""
        return self.heard[-1:], self.motor(), self.page.script(
            "return document.querySelector(arguments[0]).outerHTML", f"#door-{self.id} .learn")[-2000:]

    def result(self):
        return self.page.text(self.place("[role=status] pre")), self.page.text(self.place("ul")).split("\n")


def walk(*people):
    """All of them, side by side."""
    left = list(people)
    end = time.monotonic() + 200 * SLOWNESS
    while left:
        assert time.monotonic() < end, [person.stuck() for person in left]
        left = [person for person in left if person.step()]
        time.sleep(0.05)


def milliseconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(number) * {"ms": 1, "s": 1000, "m": 60000}[unit]


def checked(tmp_path, yaml):
    path = tmp_path / "pasted.yaml"
    path.write_text(f"node: garage\nmqtt: {{broker: mqtt://broker.lan}}\ngpio: {{backend: simulated}}\ndoors:\n{yaml}\n")
    result = subprocess.run([*AGENT, "--config", path, "--check"], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0 and "good: node garage" in result.stdout, result.stdout + result.stderr


def agrees(yaml, opener, open_ms, close_ms, late_ms):
    """The YAML is what the simulator does; a time is a twentieth longer, and may be as late as a press is heard and a hand taps."""
    key = dict(re.findall(r"^  (\w+): (.*)$", yaml, re.M))
    for name, real in ("open_time", open_ms), ("close_time", close_ms):
        told = milliseconds(key.get(name) or key["travel_time"])
        assert real * 1.05 <= told <= (real + late_ms) * 1.05 + 100, (name, yaml)
    if opener:
        assert key["opener"] == "{" + ", ".join(f"{name}: {word}" for name, word in opener.items()) + "}"


WRONG = {"travel_time": "20s", "open_time": None, "close_time": None, "debounce": "120ms",
         "opener": {"while_opening": "ignore", "while_closing": "ignore", "after_stop": "reverse"}}


def opener(while_opening, while_closing, after_stop):
    return {"while_opening": while_opening, "while_closing": while_closing, "after_stop": after_stop}


def toggle(id, first_line, words, open_s=8, close_s=9, **changes):
    relay, closed, open_line = (f"GPIO{first_line + i}" for i in range(3))
    return door(id, **{"relay": relay, "closed_sensor": {"line": closed}, "open_sensor": {"line": open_line}, "travel_time": None,
                       "open_time": f"{open_s}s", "close_time": f"{close_s}s", "opener": opener(*words), **changes})


def has(doubts, pattern):
    return any(re.search(pattern, doubt) for doubt in doubts)


@pytest.mark.parametrize("pair", [[("stop", "reverse", "reverse"), ("ignore", "stop", "reverse")],
                                  [("stop", "stop", "continue"), ("reverse", "reverse", "reverse")]], ids=["one", "another"])
def test_with_both_contacts(browse, tmp_path, pair):  # noqa: F811
    doors = [toggle(f"door{i}", 5 * i, words) for i, words in enumerate(pair, 1)]
    page = learner(browse, *doors, belief=WRONG)
    people = [Person(page, one["id"], i) for i, one in enumerate(doors, 1)]
    walk(*people)
    for person, words in zip(people, pair):
        yaml, doubts = person.result()
        never = "stop" not in words[:2]
        agrees(yaml, opener(*words[:2], "reverse" if never else words[2]), 8000, 9000, 60)
        assert "\n  debounce: 50ms\n" in yaml
        assert has(doubts, "after_stop is as before") == never
        assert has(doubts, "heard a few times") and not has(doubts, "your tap|travel time|not tried|[Nn]o contact (at|shows)")
        assert re.search(r"first move: 0[.,][0-4]\s*s", page.text(f"#door-{person.id} {STATUS}"))
        checked(tmp_path, yaml)


def test_with_one_contact_and_with_none(browse, tmp_path):  # noqa: F811
    """The person's word stands in for what no contact tells."""
    doors = [toggle("closed", 5, ("stop", "reverse", "reverse"), open_sensor=None),
             toggle("none", 10, ("reverse", "stop", "continue"), closed_sensor=None, open_sensor=None)]
    page = learner(browse, *doors, belief=WRONG)
    people = [Person(page, one["id"], i) for i, one in enumerate(doors, 1)]
    walk(*people)
    for person, one in zip(people, doors):
        yaml, doubts = person.result()
        agrees(yaml, one["opener"], 8000, 9000, person.late_ms + 500)  # the agent may log late that the door stands
        assert has(doubts, "ends with your tap") and has(doubts, "begins with the press") and has(doubts, "seen by you alone")
        assert has(doubts, "no contact at an end") == has(doubts, "how long the opener takes") == (person.id == "none")
        assert f"\n  debounce: {'120' if person.id == 'none' else '50'}ms\n" in yaml
        checked(tmp_path, yaml)


def test_separate_relays(browse, tmp_path):  # noqa: F811
    one = door(relay=None, open_relay="GPIO17", close_relay="GPIO27", stop_relay="GPIO22", open_time="4s", close_time="5s", travel_time=None)
    page = learner(browse, one, belief={**WRONG, "opener": None})
    person = Person(page, "left", 1)
    walk(person)
    yaml, doubts = person.result()
    agrees(yaml, None, 4000, 5000, 60)
    assert "opener" not in yaml and "\n  debounce: 50ms\n" in yaml and not has(doubts, "after_stop|tried|seen by you")
    assert presses(page) == 2
    checked(tmp_path, yaml)


def test_an_opener_that_starts_late(browse):  # noqa: F811
    """It is jammed at first: it leaves its end half a second after the press. That is its reaction, and no part of the travel."""
    page = learner(browse, door(relay=None, open_relay="GPIO17", close_relay="GPIO27", travel_time="4s"))
    person = Person(page, "left", 1)
    person.say("It is closed")
    page.wait(STATUS, "^Press, and let the door open")
    page.post("/api/simulator/left/jam")
    person.press()
    page.agent.log.wait("simulator: door 1 opens")
    time.sleep(0.4)
    page.post("/api/simulator/left/unjam")
    if person.motor() == "stands":  # so late that its motor gave up
        page.post("/api/simulator/left/wall_button")
        page.post("/api/doors/left/open")
    walk(person)
    yaml, _ = person.result()
    assert "\n  travel_time: 4200ms\n" in yaml
    reaction = re.search(r"first move: (\d+)[.,](\d)\s*s", page.text(f"#door-left {STATUS}"))
    assert int(reaction[1] + reaction[2]) >= 4, person.heard


# ---- The walk without a page: what it makes of what it sees and hears ----

# A step: what happens, and what is then the state, the reason why the walk lost its way, and the relay that is offered.
PLAY = """(m, [door, steps]) => {
    let now = 100000, count = 7, levels, walk;
    const ring = [];
    const trace = () => ({now, count, levels: {...levels}, changes: ring.slice(-48)});
    const happen = (line, active, at) => {
        ring.push({line, active, at});
        count++;
        if (line in levels) levels[line] = active;
    };
    return steps.map(([what, ...how]) => {
        if (what === "begin") { levels = how[0]; walk = new m.Walk(door, trace()); }
        else if (what === "wait") { now += how[0]; walk.tick(now); walk.see(trace()); }
        else if (what === "press") { walk.ask(now); now += 100; walk.answered(true, now); happen("relay", true, now); walk.see(trace()); }
        else if (what === "ask") walk.ask(now);
        else if (what === "answered") walk.answered(how[0], now);
        else if (what === "say") walk.say(how[0], now);
        else if (what === "left") walk.left(now);
        else if (what === "restart") { count = 0; ring.length = 0; walk.see(trace()); }
        else if (what === "happen") { now += how[2]; happen(how[0], how[1], now); walk.see(trace()); }
        else throw new Error(what);
        return [walk.word(now), walk.note, walk.relay(now)].join(" ").trim();
    }).concat([walk.seen.presses.map((press) => `${press.moment} ${press.did}${press.word ? " said" : ""}`).join(", ") + "; " +
        walk.seen.travels.map((travel) => `${travel.way} ${travel.ms}${travel.word ? " said" : ""}`).join(", ")]);
}"""

CLOSED = {"closed_sensor": True, "open_sensor": False}
TEN = {**DOOR, "open": 10000, "close": 10000}
# Up and down: (what happens, what is then said).
GO = [(["begin", CLOSED], "bring"), (["say", "closed"], "run_up  relay"), (["press"], "start"),
      (["happen", "closed_sensor", False, 300], "start"), (["wait", 1000], "up"),
      (["happen", "open_sensor", True, 9000], "up"), (["wait", 1000], "run_down  relay"), (["press"], "start"),
      (["happen", "open_sensor", False, 300], "start"), (["wait", 1000], "down"),
      (["happen", "closed_sensor", True, 8000], "down"), (["wait", 1000], "go_up  relay")]
# ... and on the way up again, for a second.
UP_AGAIN = [*GO, (["press"], "start"), (["happen", "closed_sensor", False, 300], "start"), (["wait", 1000], "mid_up  relay")]
TRAVELS = "up 10000, down 9000"


def play(*steps, end):
    return [TEN, [step for step, _ in steps]], [said.strip() for _, said in steps] + [end]


# Said as "word note relay", joined by blanks: two blanks where there is no note.
PLAYS = {
    "both contacts": play(*UP_AGAIN, (["press"], "what"), (["say", "stopped"], "after  relay"), (["press"], "which"),
                          (["say", "closes"], "down"), (["happen", "closed_sensor", True, 900], "down"), (["wait", 600], "run_up  relay"),
                          end="opening stop said, stopped reverse said; " + TRAVELS),
    "contacts tell before the person": play(
        *UP_AGAIN, (["press"], "what"), (["happen", "closed_sensor", True, 1500], "what"), (["wait", 600], "run_up  relay"),
        end="opening reverse; " + TRAVELS),
    "a press that is ignored": play(
        *UP_AGAIN, (["press"], "what"), (["happen", "open_sensor", True, 9000], "what"), (["wait", 600], "go_down  relay"),
        end="opening ignore; " + TRAVELS + ", up 10100"),
    "contacts bounce": play(
        *GO[:5], (["happen", "open_sensor", True, 9000], "up"), (["happen", "open_sensor", False, 3], "up"),
        (["happen", "open_sensor", True, 5], "up"), (["wait", 1000], "run_down  relay"), (["press"], "start"),
        (["happen", "open_sensor", False, 300], "start"), (["happen", "open_sensor", True, 4], "start"),
        (["happen", "open_sensor", False, 2], "start"), (["wait", 1000], "down"), end="; up 10000"),
    "a click that the wire hears is no start": play(
        *GO[:3], (["happen", "closed_sensor", False, 1], "start"), (["happen", "closed_sensor", True, 1], "start"),
        (["wait", 1000], "start"), (["happen", "closed_sensor", False, 1000], "start"), (["wait", 1000], "up"),
        (["happen", "open_sensor", True, 7000], "up"), (["wait", 600], "run_down  relay"), end="; up 8000"),
    "a contact contradicts": play(
        *UP_AGAIN, (["press"], "what"), (["say", "stopped"], "after  relay"), (["happen", "open_sensor", True, 8000], "after  relay"),
        (["wait", 600], "bring denied"), end="; " + TRAVELS),
    "another does": play(
        *UP_AGAIN, (["press"], "what"), (["say", "went_on"], "up"), (["happen", "closed_sensor", True, 1000], "up"),
        (["wait", 600], "bring denied"), end="; " + TRAVELS),
    "the way is cut off": play(
        *GO[:5], (["happen", "closed_sensor", True, 500], "up"), (["wait", 600], "bring foreign"), end="; "),
    "the offer ends before the door stands": play(
        *UP_AGAIN, (["wait", 7400], "mid_up  relay"), (["wait", 200], "up"), (["press"], "bring foreign"), end="; " + TRAVELS),
    "a press that comes too late": play(
        *UP_AGAIN, (["ask"], "asked"), (["happen", "open_sensor", True, 9000], "asked"), (["happen", "relay", True, 10], "bring late"),
        end="; " + TRAVELS),
    "one that comes so late by the time": play(
        *UP_AGAIN, (["ask"], "asked"), (["happen", "relay", True, 8600], "bring late"), end="; " + TRAVELS),
    "a press of others": play(*GO[:2], (["happen", "relay", True, 10], "bring foreign"), end="; "),
    "a press of others while this one is refused": play(
        *GO[:2], (["ask"], "asked"), (["answered", False], "run_up  relay"), (["happen", "relay", True, 10], "bring foreign"), end="; "),
    "another relay": play(*GO[:2], (["ask"], "asked"), (["happen", "open_relay", True, 10], "bring foreign"), end="; "),
    "a move of others": play(*GO[:2], (["happen", "closed_sensor", False, 10], "run_up  relay"), (["wait", 600], "bring foreign"), end="; "),
    "it had left before the press": play(
        *GO[:2], (["happen", "closed_sensor", False, 10], "run_up  relay"), (["press"], "start"), (["wait", 600], "bring foreign"), end="; "),
    "a press while there is none to come": play((["begin", CLOSED], "bring"), (["happen", "relay", True, 10], "bring"), end="; "),
    "it does not start": play(*GO[:3], (["wait", 29000], "start"), (["wait", 2000], "bring still"), end="; "),
    "nobody taps": play(*GO[:2], (["wait", 119000], "run_up  relay"), (["wait", 2000], "bring slow"), end="; "),
    "nobody says": play(*UP_AGAIN, (["press"], "what"), (["wait", 119000], "what"), (["wait", 2000], "bring slow"), end="; " + TRAVELS),
    "it never arrives": play(*GO[:5], (["wait", 599000], "up"), (["wait", 2000], "bring slow"), end="; "),
    "no answer": play(*GO[:2], (["ask"], "asked"), (["wait", 19000], "asked"), (["wait", 2000], "bring slow"), end="; "),
    "refused on the way": play(*UP_AGAIN, (["ask"], "asked"), (["answered", False], "mid_up  relay"), end="; " + TRAVELS),
    "the page is left": play(*UP_AGAIN, (["left"], "bring left"), (["say", "closed"], "bring left"), end="; " + TRAVELS),
    "left, and on from the closed end": play(
        *UP_AGAIN, (["left"], "bring left"), (["happen", "closed_sensor", True, 9000], "bring left"), (["wait", 600], "bring left"),
        (["say", "closed"], "go_up  relay"), end="; " + TRAVELS),
    "the agent starts anew": play(*GO[:2], (["restart"], "bring foreign"), end="; "),
    "what has no word": play(*UP_AGAIN, (["press"], "what"), (["say", "other"], "bring other"), end="; " + TRAVELS),
    "what was not to be said": play(*GO[:2], (["say", "arrived"], "run_up  relay"), (["say", "stopped"], "run_up  relay"), end="; "),
    "the contact says that it is not closed": play(
        (["begin", {"closed_sensor": False, "open_sensor": False}], "bring"), (["say", "closed"], "bring"), end="; "),
}


def test_the_walk_alone(browse):  # noqa: F811
    table(browse(door()), PLAY, PLAYS)


# ---- Nothing is pressed unless somebody asks ----

HIDE = """Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});
    document.dispatchEvent(new Event('visibilitychange'))"""
CONTROL = "#door-left .learn details.pulse"


def armed(page):
    """The walk's first press is offered, and its first tap is made."""
    page.wait(STATUS, "^Press, and let the door open")
    assert Person(page, "left", 1).tap(CONTROL + " summary")
    wait_until(lambda: page.shown(CONTROL + " button"), "the second button")


def begun(browse, *doors):  # noqa: F811
    page = learner(browse, *(doors or [door(travel_time="8s")]))
    Person(page, "left", 1).say("It is closed")
    armed(page)
    return page


def still(page):
    """Nothing was asked of the opener until now, and nothing comes."""
    time.sleep(1)
    assert not page.agent.log.find("relay on$|accepted") and page.text("#door-left .state") == "Closed"


def test_a_page_that_is_left_presses_nothing(browse):  # noqa: F811
    page = begun(browse)
    page.script(HIDE, True)
    assert not page.there(CONTROL)
    page.script(HIDE, False)
    page.wait(STATUS, "The page was left. Nothing was pressed meanwhile")
    still(page)
    Person(page, "left", 1).say("It is closed")
    armed(page)
    page.driver.refresh()
    wait_until(lambda: page.text("#door-left .state") == "Closed", "the page")
    assert not page.there(".learn[open]") and not page.there(CONTROL)
    page.tap(".learn > summary")
    page.wait(STATUS, "^Bring the door")
    Person(page, "left", 1).say("It is closed")
    armed(page)
    page.open("/")
    page.driver.back()
    wait_until(lambda: page.text("#door-left .state") == "Closed" and page.there(".learn"), "the page")
    assert not page.there(".learn[open]") and not page.there(CONTROL)
    still(page)


def test_waiting_too_long_presses_nothing(browse):  # noqa: F811
    page = begun(browse)
    wait_until(lambda: not page.there(CONTROL + "[open]"), "the end of its patience")
    assert page.there(CONTROL)
    page.script("""const real = performance.now.bind(performance);
        performance.now = () => real() + 121000;
        document.querySelector(arguments[0]).click()  // the second tap, before the page has looked at its clock""", CONTROL + " button")
    page.wait(STATUS, "Nobody went on for too long")
    assert not page.there(CONTROL)
    still(page)


@pytest.mark.parametrize("kept", [False, True], ids=["folded", "kept by the browser, to go back to"])
def test_folding_it_presses_nothing(browse, kept):  # noqa: F811
    page = begun(browse)
    if kept:
        page.script("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    else:
        page.tap(".learn > summary")
    wait_until(lambda: not page.there(CONTROL), "its end")
    assert not page.there(".learn[open]")
    still(page)
    page.tap(".learn > summary")
    page.wait(STATUS, "Bring the door")
    still(page)


def test_a_second_page_presses_nothing(browse):  # noqa: F811
    """Both are at the same step; the press of one is nothing that the other has asked for."""
    page = begun(browse)
    first = page.driver.current_window_handle
    try:
        page.driver.switch_to.new_window("window")
        page.open("/setup")
        page.tap(".learn > summary")
        page.wait(STATUS, "Bring the door")
        Person(page, "left", 1).say("It is closed")
        armed(page)
        page.tap(CONTROL + " button")
        page.wait(STATUS, "^The door opens")
        page.driver.switch_to.window(first)
        page.wait(STATUS, "had not asked for")
        assert not page.there(CONTROL)
        page.state("left", "^Open$")
        assert presses(page) == 1
    finally:
        page.close_all_but(first)


def test_a_refused_press_is_offered_again(browse):  # noqa: F811
    page = begun(browse)
    page.post("/api/doors/left/lockout/on")
    page.tap(CONTROL + " button")
    page.wait("#door-left .notice", "^Refused")
    page.wait(STATUS, "^Press, and let the door open")
    assert page.there(CONTROL) and not page.agent.log.find("relay on$")


def test_nothing_is_offered_while_not_connected(browse):  # noqa: F811
    page = begun(browse)
    page.expected = "ERR_"
    page.agent.stop()
    wait_until(lambda: page.shown("#lost"), "a word of it")
    wait_until(lambda: not page.there(CONTROL), "the end of the offer")


def test_where_there_is_no_walk(browse, chromium):  # noqa: F811
    page = browse(door(auto_close="10m", close_warning={"line": "GPIO5"}))
    page.open("/setup")
    page.tap(".learn > summary")
    page.wait(".learn", "Take auto_close out of the configuration first")
    assert not page.there(CONTROL) and not page.there(".learn button")
    page.cdp("Emulation.setScriptExecutionDisabled", value=True)
    page.open("/setup")
    page.tap(".learn > summary")
    assert "This walk needs JavaScript" in page.text(".learn")


def test_by_keyboard(browse):  # noqa: F811
    page = learner(browse, door(travel_time="8s"))
    inside = "return document.activeElement.closest('.learn') !== null && document.activeElement.innerText"

    def key(*keys):
        ActionChains(page.driver).send_keys(*keys).perform()

    page.script("document.querySelector('.learn > summary').focus()")
    for text in "It is closed", "Pulse the relay":
        for _ in range(4):
            key(Keys.TAB)
            if page.script(inside).startswith(text):
                break
        assert page.script(inside).startswith(text)
        key(Keys.ENTER)
    wait_until(lambda: page.script(inside).startswith("Tap again"), "the focus on the second button")
    key(Keys.ENTER)
    page.wait(STATUS, "^The door opens")
    assert page.script(inside), "the focus is not lost"
    assert presses(page) == 1


# ---- What a person sees ----

def test_it_fits_a_phone_in_each_language(browse):  # noqa: F811
    """With all of its words at once, and an offer."""
    page = learner(browse, door(travel_time="4s"))
    page.size(320, 640, mobile=True)
    try:
        for language in STATES:
            ask_in(page, language)
            page.open("/setup")
            page.script("document.querySelector('.learn').open = true")
            page.wait(STATUS, ".")
            page.script("""const add = (parent, kind, word) => {
                    const e = document.createElement(kind);
                    e.append(...word.cloneNode(true).childNodes);
                    document.querySelector(parent).append(e);
                };
                return fetch("learn", {headers: {"Accept-Language": arguments[0]}}).then((answer) => answer.text()).then((text) => {
                    for (const word of new DOMParser().parseFromString(text, "text/html").querySelectorAll("[data-word]")) {
                        const say = word.dataset.word.startsWith("say_");
                        add(say ? ".learn .controls" : ".learn [role=status]", say ? "button" : "p", word);
                    }
                })""", language)
            assert page.script("return document.querySelectorAll('.learn .controls button').length") > 8
            assert not page.script(TOO_WIDE), language
            assert not page.axe(), language
    finally:
        ask_in(page, "")
