"""The page in a real browser: Debian's Chromium, driven by ChromeDriver, in front of the real agent.

What the server says in words is tested in test/unit/test_http_page.c; here is what a person sees, taps, types and hears.
After each test the browser's console must be empty and every request must have gone to the agent.
"""

import base64
import gzip
import http.client
import json
import re
import shutil
import signal
import tempfile
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from harness import DEADLINE, ROOT, Ingress, PathProxy, door, wait_until
from test_http import ask

if not shutil.which("chromium") or not shutil.which("chromedriver"):
    pytest.skip("no chromium and chromedriver here: scripts/setup test installs them", allow_module_level=True)
selenium = pytest.importorskip("selenium", reason="no python3-selenium here: scripts/setup test installs it")

from selenium import webdriver  # noqa: E402
from selenium.common.exceptions import WebDriverException  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

FLAGS = ("--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
         "--disable-component-update --disable-sync --disable-dev-shm-usage --force-color-profile=srgb").split()
AXE = ROOT / "build" / "axe-core" / "package" / "axe.min.js"
WIRE_MAX = 30 * 1024

# Openers and wirings that show every state: both sensors and a light beam; one sensor and relays for each way; none.
LEFT = door("left", obstruction_sensor={"line": "GPIO25"}, travel_time="2s")
RIGHT = {"id": "right", "name": "Right door", "open_relay": "GPIO27", "close_relay": "GPIO22", "stop_relay": "GPIO10",
         "closed_sensor": "GPIO26", "travel_time": "4s", "debounce": "20ms"}
SIDE = {"id": "side", "name": "Side entrance", "device_class": "door", "relay": "GPIO5", "travel_time": "2s"}
# A move that a test must see lasts longer than a busy machine takes to look. One that it stops itself may last for ever.
SLOW_LEFT, SLOW_RIGHT = ({**slow, "travel_time": "6s"} for slow in (LEFT, RIGHT))
ENDLESS = {"travel_time": "5m"}
GATE = {"id": "gate", "name": "Drive gate", "device_class": "gate", "relay": "GPIO6", "closed_sensor": "GPIO7",
        "travel_time": "2s", "close_warning": {"line": "GPIO8", "time": "5s"}}


@pytest.fixture(scope="module")
def chromium():
    options = webdriver.ChromeOptions()
    profile = tempfile.mkdtemp(prefix="portcullis-chromium-")
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    driver.set_page_load_timeout(DEADLINE)
    driver.set_script_timeout(3 * DEADLINE)
    yield driver
    driver.quit()
    shutil.rmtree(profile, ignore_errors=True)


class Browser:
    """One test's view of the browser. expected: a pattern of console messages that the test means to cause."""

    def __init__(self, driver, agent):
        self.driver, self.agent = driver, agent
        self.origin = f"http://127.0.0.1:{agent.http_port}"
        self.expected = None
        self.size(1280, 900)
        self.media()
        for kind in "browser", "performance":
            driver.get_log(kind)

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def size(self, width, height, mobile=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def media(self, scheme="light", motion="no-preference"):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme},
                                                         {"name": "prefers-reduced-motion", "value": motion}])

    def open(self, path="/"):
        self.driver.get(self.origin + path)
        return self

    def live(self):
        """Until the script has shown that it works: before that the forms are the browser's."""
        wait_until(lambda: self.script("return document.documentElement.className") == "live", "a live page")
        return self

    def script(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    # The page draws a door anew whenever it changes, and without JavaScript the browser loads it anew: what is found in one
    # call may be gone in the next. What is read is therefore read in one call.

    def close_all_but(self, first):
        """The tabs of a test, which goes on in the first."""
        for handle in self.driver.window_handles:
            if handle != first:
                self.driver.switch_to.window(handle)
                self.driver.close()
        self.driver.switch_to.window(first)

    def there(self, selector):
        return self.script("return document.querySelector(arguments[0]) !== null", selector)

    def shown(self, selector):
        return self.script("""const e = document.querySelector(arguments[0]);
            return !!e && e.checkVisibility({visibilityProperty: true})""", selector)

    def text(self, selector):
        """What is seen there now, or "" where there is nothing."""
        return self.script("""const e = document.querySelector(arguments[0]);
            return e && e.checkVisibility({visibilityProperty: true}) ? e.innerText : ''""", selector)

    def wait(self, selector, pattern):
        return wait_until(lambda: re.search(pattern, now := self.text(selector)) and now, f"{pattern} at {selector}")

    def state(self, id, pattern):
        return self.wait(f"#door-{id} .state", pattern)

    def tap(self, selector, may_go=False):
        """A tap of a finger or mouse, where the thing is seen: what covers it gets it instead. Where it may go: whether it was
        there."""
        place = "const e = document.querySelector(arguments[0]); return e && JSON.stringify(e.getBoundingClientRect())"
        seen = [None]

        def stands():
            seen.append(self.script(place, selector))
            return seen[-1] == seen[-2] if seen[-1] else may_go

        wait_until(stands, f"{selector} to stand still")
        for _ in range(10 if seen[-1] else 0):
            try:
                ActionChains(self.driver).click(self.find(selector)).perform()
                return True
            except WebDriverException as error:  # found in a page that was gone when the finger came down
                if may_go and "no such element" in error.msg:
                    return False
                if not re.search("stale element|no such element|does not belong to the document", error.msg):
                    raise
        assert may_go, f"{selector} does not stay long enough to be tapped"
        return False

    def confirm(self, id, command):
        """First and second tap. The first counts for six seconds."""
        details = f"#door-{id} details.{command}"
        again = f"{details} button"

        def counts():
            if not self.there(f"{details}[open]"):
                self.tap(f"{details} summary")
            return self.shown(again)

        wait_until(counts, "the second button")
        self.tap(again)

    def poke(self, id, poke):
        if not self.script("return document.querySelector(arguments[0]).open", f"#door-{id} .simulator"):
            self.tap(f"#door-{id} .simulator summary")
        self.tap(f"#door-{id} form[action$='/{poke}'] button")

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.agent.http_port, timeout=DEADLINE)
        connection.request("GET", path)
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def post(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.agent.http_port, timeout=DEADLINE)
        connection.request("POST", path)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def axe(self):
        """What axe-core finds wrong, in short."""
        if not AXE.is_file():
            pytest.skip("no axe-core in build/: scripts/setup test fetches it by npm")
        self.script("if (!window.axe) { " + AXE.read_text() + " }")
        found = self.driver.execute_async_script("axe.run(document).then(arguments[0])")
        assert found["passes"]
        return [(v["id"], [node["target"] for node in v["nodes"]]) for v in found["violations"]]

    def check(self):
        # Chromium fetches the manifest's icon when it likes, and complains where the page is left meanwhile.
        console = [message for entry in self.driver.get_log("browser")
                   if "following icon from the Manifest" not in (message := entry["message"])]
        assert not [line for line in console if not (self.expected and re.search(self.expected, line))], console
        asked = [re.sub("//[^/]*@", "//", message["params"]["request"]["url"]) for entry in self.driver.get_log("performance")
                 if (message := json.loads(entry["message"])["message"])["method"] == "Network.requestWillBeSent"]
        assert asked and all(url.startswith((self.origin + "/", "data:,", "about:")) for url in asked), asked


@pytest.fixture
def browse(chromium, agent_factory, broker):
    """browse(doors...): a browser on the page of an agent with these doors, settled and connected."""
    made = []

    def make(*doors, **changes):
        agent = agent_factory(broker, config={"doors": list(doors) or [LEFT, RIGHT], **changes}).start()
        agent.log.wait("connected to the broker")
        agent.log.wait(f"door {(doors or [LEFT, RIGHT])[0]['id']}: " if (doors or [LEFT])[0].get("closed_sensor") else "HTTP")
        made.append(Browser(chromium, agent))
        page = made[-1].open()
        return page.live() if page.there("#doors") else page  # a page that asks for the password has none

    yield make
    for browser in made:
        browser.check()
        chromium.get("about:blank")
        browser.cdp("Emulation.setScriptExecutionDisabled", value=False)
        browser.cdp("Emulation.setTimezoneOverride", timezoneId="")


# ---- What a person does. ----

def test_open_watch_and_close(browse):
    page = browse(SLOW_LEFT, RIGHT)
    page.state("left", "^Closed$")
    assert page.driver.title == "Closed · garage"
    page.script("""window.shifts = [];
        const look = () => {
            shifts.push(new DOMMatrix(getComputedStyle(document.querySelector('#door-left .panel')).transform).f);
            requestAnimationFrame(look);
        };
        look()""")
    page.confirm("left", "open")
    page.state("left", "^Opening")
    wait_until(lambda: page.driver.title == "Left door: Opening · garage", "the title of an opening door")
    wait_until(lambda: page.script("return window.shifts.at(-1) < -79.9"), "the drawing of an open door")
    seen = page.script("return window.shifts")
    assert len({round(value) for value in seen}) > 8 and sorted(seen, reverse=True) == seen, seen
    page.state("left", "^Open$")
    assert "asked from the page" in page.text("#door-left .since")
    assert page.text("#door-left .sure") == "Seen by a sensor."
    assert page.there("#door-left button.open[disabled]") and "It is open." in page.text("#door-left button.open")
    page.confirm("left", "close")
    page.state("left", "^Closing")
    page.state("left", "^Closed$")
    assert page.text("#door-right .state") == "Closed"


def test_one_tap_moves_nothing(browse):
    page = browse(RIGHT)
    details, unfolded = "#door-right details.open", "return document.querySelector('#door-right details.open').open"
    # Two taps in one breath are none: the second takes back what the first began.
    for _ in "the first time", "once it has been unfolded before":
        ActionChains(page.driver).double_click(page.find(details + " summary")).perform()
        assert not page.script(unfolded)
        page.tap(details + " summary")
        assert page.script(unfolded)
        wait_until(lambda: not page.script(unfolded), "the end of its patience")
    assert not page.agent.log.find("accepted") and page.text("#door-right .state") == "Closed"


def test_a_slider_sends_it_to_a_position(browse):
    page = browse({**RIGHT, "travel_time": "10s"}, SLOW_LEFT)
    slider, again = "#door-right details.position input", "#door-right details.position button"
    assert not page.shown(slider) and not page.shown(again)
    page.tap("#door-right details.position summary")
    wait_until(lambda: page.shown(again), "the second button")
    page.script("""const e = document.querySelector(arguments[0]);
        e.value = 60; e.dispatchEvent(new Event("input", {bubbles: true}))""", slider)
    assert page.text("#door-right details.position output") == "60 %"
    assert page.post("/api/doors/left/open") == 202
    page.state("left", "^Opening")  # the page is another one, and the slider the same
    assert page.text("#door-right details.position output") == "60 %"
    page.tap(again)
    page.state("right", "^Opening")
    page.state("right", "^Stopped")
    assert page.agent.log.find("position 60 % from http accepted")


def test_a_button_lets_air_in(browse):
    page = browse({**RIGHT, "vent": 30})
    summary, again = "#door-right details.vent summary", "#door-right details.vent button"
    assert not page.shown(again)
    page.tap(summary)
    wait_until(lambda: page.shown(again), "the second button")
    assert not page.agent.log.find("accepted")
    page.tap(again)
    page.state("right", "^Stopped")
    assert page.agent.log.find("position 30 % from http accepted")
    position = ask(page.agent, "GET", "/api/doors").json["doors"][0]["position"]
    why = "It is there already." if position == 30 else "The opener cannot."  # so small a way, after a press that came late
    assert 30 <= position < 35 and why in page.text("#door-right button.position[disabled]")


def test_a_second_tap_counts_for_its_own_control_alone(browse):
    """Where another control comes to the place of one that was tapped once, it takes two taps of its own."""
    stops = {"while_opening": "stop", "while_closing": "stop", "after_stop": "reverse"}
    page = browse({**LEFT, "travel_time": "10s", "opener": stops, "lockout": "all"})
    page.state("left", "^Closed")
    assert page.post("/api/doors/left/lockout/on") < 400
    wait_until(lambda: page.there("#door-left details.lockout"), "the button that lifts the lock-out")
    page.tap("#door-left details.lockout summary")
    wait_until(lambda: page.shown("#door-left details.lockout button"), "the second tap")
    assert page.post("/api/doors/left/lockout/off") < 400
    wait_until(lambda: page.there("#door-left details.position"), "the slider")
    assert not page.shown("#door-left details.position button")


HIDE = """Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});
    document.dispatchEvent(new Event('visibilitychange'))"""
UNFOLDED = "return document.querySelectorAll('details.control[open]').length"


SLEEP = "const now = Date.now; Date.now = () => now() + 3600000"  # as a lid that is closed: it hides no page
STILL = "const now = Date.now(); window.late = 0; Date.now = () => now + late; performance.now = () => 0"


def test_a_first_tap_does_not_outlast_a_sleep(browse):
    """The timers of a machine that sleeps stand still: what was tapped once before that takes two taps after it."""
    page = browse(RIGHT)
    page.state("right", "^Closed")
    details = "#door-right details.open"
    page.tap(f"{details} summary")
    wait_until(lambda: page.shown(f"{details} button"), "the second button")
    page.script(HIDE, True)  # as when a phone's screen goes off
    assert page.script(UNFOLDED) == 0
    page.script(HIDE, False)
    page.tap(f"{details} summary")
    wait_until(lambda: page.shown(f"{details} button"), "the second button")
    page.script(SLEEP)
    page.script("document.querySelector(arguments[0]).click()", f"{details} button")
    assert page.script(UNFOLDED) == 0
    assert page.post("/api/doors/right/stop") == 200 and not page.agent.log.find("accepted")


def test_a_command_without_a_network_does_not_outlast_a_sleep(browse):
    """The network comes back after the sleep, and the browser would send what it still has."""
    page = browse(RIGHT)
    page.state("right", "^Closed")
    page.script("""window.fetch = (address, options) => new Promise((done, failed) => {
        window.asked = true;
        options.signal.addEventListener("abort", () => failed(new Error("aborted")));
    })""")
    page.script(STILL)
    page.confirm("right", "open")
    assert page.script("return window.asked") and not page.text("#messages .notice")
    page.script("window.late = 3600000")  # the sleep alone ends its patience: no other time passes here
    page.wait("#messages .notice", "No answer")


def test_a_second_tap_counts_for_what_was_seen_at_the_first(browse):
    """A slider that gets other ends, since the door has opened meanwhile, takes two taps anew."""
    page = browse({**RIGHT, "open_sensor": "GPIO11"})
    page.state("right", "^Closed")
    page.script(HIDE, True)
    assert page.post("/api/doors/right/open") == 202
    page.agent.log.wait(r"door right: open \(")
    page.tap("#door-right details.position summary")
    wait_until(lambda: page.shown("#door-right details.position button"), "the second button")
    page.script(HIDE, False)
    page.state("right", "^Open")
    assert page.there("#door-right details.position") and page.script(UNFOLDED) == 0


def test_stop_is_at_hand_while_moving(browse):
    page = browse({**RIGHT, **ENDLESS}, LEFT, SIDE)
    page.size(390, 600, mobile=True)
    assert not page.script("return document.querySelectorAll('#stops button').length")
    page.confirm("right", "open")
    page.state("right", "^Opening")
    wait_until(lambda: page.script("return document.querySelectorAll('#stops button').length") == 1, "one STOP")
    for scrolled in "document.body.scrollHeight", "0":
        page.script(f"scrollTo(0, {scrolled})")
        box = page.script("return document.querySelector('#stops button').getBoundingClientRect().toJSON()")
        assert 0 <= box["top"] and box["bottom"] <= 600, "in view wherever the page is scrolled to"
    page.tap("#stops button")
    page.state("right", "^Stopped")
    wait_until(lambda: not page.script("return document.querySelectorAll('#stops button').length"), "its end")


def test_refusals(browse):
    page = browse(LEFT, SIDE)
    page.state("side", "^Unknown$")  # toggle wiring: which way would it go?
    for button in "open", "close":
        assert "It could go either way." in page.text(f"#door-side button.{button}[disabled]")
    page.open("/setup")  # where one may try
    page.confirm("side", "open")
    page.wait("#door-side .notice", r"^Refused\. .*either way")
    assert "Refused." in page.script("return document.querySelector('#said').textContent")
    page.open()
    page.confirm("left", "open")
    page.state("left", "^Open$")
    page.poke("left", "obstruct")
    page.wait("#door-left button.close", "Something is in the way")
    wait_until(lambda: page.shown("#door-left .cone"), "the cone")
    assert page.there("#door-left button.close[disabled]")
    page.poke("left", "clear")
    wait_until(lambda: page.script("return document.querySelector('#door-left details.close') != null"), "Close again")


def test_fault_and_recovery(browse):
    page = browse(LEFT)
    page.poke("left", "jam")
    page.confirm("left", "open")
    page.wait("#door-left .message.bad", r"^It did not start\..*Look at the opener")
    page.state("left", "^Closed$")
    page.poke("left", "unjam")
    page.confirm("left", "open")
    page.state("left", "^Open$")
    assert not page.text("#door-left .message.bad")


def test_every_poke_of_the_simulator(browse):
    page = browse(door("left", obstruction_sensor={"line": "GPIO25"}, travel_time=None, open_time="6s", close_time="60s"))
    page.poke("left", "wall_button")
    page.state("left", "^Open$")
    assert "moved by wall button" in page.text("#door-left .since")
    page.poke("left", "wall_button")
    page.state("left", "^Closing")
    page.poke("left", "obstruct")
    page.wait("#door-left .message.bad", "Something is in the way")
    page.poke("left", "clear")
    page.state("left", "^Open$")


def test_close_warning(browse):
    page = browse({**GATE, "close_warning": {"line": "GPIO8", "time": "60s"}})
    page.confirm("gate", "open")
    page.state("gate", "^Open$")
    page.confirm("gate", "close")
    page.wait("#door-gate .state", "about to close")
    assert page.there("#door-gate.warning")
    page.tap("#door-gate button.stop")
    page.state("gate", "^Open$")


def test_another_client_is_seen_at_once(browse):
    page = browse(SLOW_LEFT)
    page.script("window.mark = true")
    assert page.post("/api/doors/left/open") == 202
    page.state("left", "^Opening")
    page.state("left", "^Open$")
    assert page.script("return window.mark"), "the page was not loaded anew"
    wait_until(lambda: page.script("return document.querySelector('#said').textContent") == "Left door: Open", "a voice")


def test_broker_lost_and_found(browse, broker):
    page = browse(LEFT)
    page.wait(".broker", "^MQTT broker: connected$")
    broker.kill()
    page.wait(".broker", "^MQTT broker: (disconnected|connecting)")
    broker.start()
    page.wait(".broker", "^MQTT broker: connected$")


def test_other_garages(browse, broker, agent_factory):
    """The shed's door on the garage's page: seen live, commanded by the broker, gone and back; and the gate, of which
    nobody has heard."""
    page = browse(RIGHT, peers=["shed", "gate"])
    shed = agent_factory(broker, config={"node": "shed", "doors": [{**LEFT, **ENDLESS, "name": "Shed <b>door</b>"}]}).start()
    page.wait("[aria-labelledby=peer-shed] > .broker", "^Reachable$")
    page.state("shed\\/left", "^Closed$")
    shed.await_commands()
    assert page.text("[id='name-shed/left']") == "Shed <b>door</b>"
    assert page.text("[aria-labelledby=peer-gate] > .broker") == "Nothing has been heard of it."
    page.confirm("shed\\/left", "open")
    page.state("shed\\/left", "^Opening")
    page.wait("[id='door-shed/left'] .notice", "^Asked. ")
    page.wait("#stops", r"Stop\s+Shed <b>door</b>")
    page.tap("#stops form[action='api/peers/shed/doors/left/stop'] button")
    page.state("shed\\/left", "^Stopped")
    assert page.text("#door-right .state") == "Closed"
    shed.log.wait("open from mqtt accepted")
    assert not page.axe()
    page.size(320, 700, mobile=True)
    assert page.script("return document.documentElement.scrollWidth") == 320
    shed.kill()
    page.wait("[aria-labelledby=peer-shed] > .broker", "^Not reachable since ")
    page.wait("#said", "shed: Not reachable since")
    assert "Not reachable." in page.text("[id='door-shed/left'] button.close")
    assert not page.axe()
    shed.start()
    page.wait("[aria-labelledby=peer-shed] > .broker", "^Reachable$")
    page.state("shed\\/left", "^Closed$")


def test_agent_stops_and_returns(browse):
    page = browse(LEFT)
    page.expected = "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED"
    page.agent.stop()
    said = page.wait("#lost", r"^Not connected since \d")
    assert re.search(r"since \d+:\d\d:\d\d", said) and "last known" in said
    assert page.find("#lost").get_attribute("role") == "alert" and page.text("#door-left .state") == "Closed"
    assert not page.axe()
    page.agent.start()
    wait_until(lambda: not page.shown("#lost"), "the connection")
    page.state("left", "^Closed$")
    page.confirm("left", "open")
    page.state("left", "^Open$")


def test_keyboard_alone(browse):
    page = browse(LEFT)
    body = page.find("body")
    focused = "return document.activeElement.innerText"
    for _ in range(10):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        if page.script(focused).startswith("Open"):
            break
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert page.script(focused).startswith("Open") and page.script(outline) == "solid"
    ActionChains(page.driver).send_keys(Keys.ENTER).perform()
    wait_until(lambda: page.script(focused).startswith("Tap again"), "the focus on the second button")
    ring = "return getComputedStyle(document.activeElement).outlineColor == getComputedStyle(document.body).color"
    assert page.script(outline) == "solid" and page.script(ring)
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    assert not page.there("#door-left details.open[open]") and page.script(focused).startswith("Open")
    ActionChains(page.driver).send_keys(Keys.ENTER).perform()
    wait_until(lambda: page.script(focused).startswith("Tap again"), "the focus on the second button")
    ActionChains(page.driver).send_keys(Keys.ENTER).perform()
    page.state("left", "^Open$")
    assert body and page.script("return document.activeElement.closest('#door-left') != null"), "the focus is not lost"


def test_a_key_that_is_held_is_one_tap(browse):
    page = browse(RIGHT)
    page.state("right", "^Closed")
    focused = "return document.activeElement.innerText"
    for _ in range(10):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        if page.script(focused).startswith("Open"):
            break
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
    page.cdp("Input.dispatchKeyEvent", type="keyDown", **enter)
    wait_until(lambda: page.script(focused).startswith("Tap again"), "the focus on the second button")
    for _ in range(3):
        page.cdp("Input.dispatchKeyEvent", type="keyDown", autoRepeat=True, **enter)
    page.cdp("Input.dispatchKeyEvent", type="keyUp", **enter)
    assert page.post("/api/doors/right/stop") == 200 and not page.agent.log.find("accepted")
    ActionChains(page.driver).send_keys(Keys.ENTER).perform()
    page.state("right", "^Open")


def test_what_is_unfolded_stays_so(browse):
    page = browse(LEFT)
    page.tap("#door-left .simulator summary")
    page.post("/api/doors/left/open")
    page.state("left", "^Open$")
    assert page.there("#door-left .simulator[open]")


def test_without_javascript(browse):
    page = browse({**LEFT, "travel_time": "15s"})
    page.cdp("Emulation.setScriptExecutionDisabled", value=True)
    page.open()
    assert page.text("#door-left .state") == "Closed" and page.there("#door-left .drawing")
    page.confirm("left", "open")
    asked = "return document.body.textContent.includes('Asked.') && location.search"
    assert wait_until(lambda: page.script(asked), "the notice") == "?door=left&said=accepted"
    # The browser refreshes by itself: "Asked." after 5 s, and after 2 s while something moves.
    page.state("left", "^Opening")
    page.state("left", "^Open$")


def test_history(browse):
    page = browse(LEFT)
    page.wait("#history", "(?s)^Today and yesterday.*Left door when the agent started: Closed")
    page.confirm("left", "open")
    page.wait("#history li:first-child", r"^\d+:\d\d.*\s+Left door opened, asked from the page or the API$")
    page.poke("left", "wall_button")
    page.wait("#history li:first-child", "Left door closed, moved by wall button, remote or hand$")


def test_set_up(browse):
    page = browse(LEFT, SIDE)
    page.tap("#about a")
    page.wait("h1", "^Set-up of garage$")
    row = "#door-left tbody tr:nth-child(2)"
    page.wait(row, r"Closed sensor\s+GPIO23\s+\w+\s+The door is closed\.")
    assert "its travel time is then measured" in page.text("#door-left .travel")
    page.confirm("left", "open")
    page.wait("#door-left .notice", "Asked")
    page.wait(row, "The door is not closed")
    page.wait("#door-left pre", r"(?s)- id: left\n.*relay: \{line: GPIO17, active: high\}\n.*"
              r"closed_sensor: \{line: GPIO23, contact: normally_open, bias: pull_up\}\n.*open_time: (2[1-9]|[3-9]\d)00ms\n")
    page.confirm("side", "toggle")
    page.wait("#door-side .stopwatch", "It has arrived")
    page.tap("#door-side .stopwatch button")
    page.wait("#door-side output", r"^travel_time: \d+ms$")
    page.size(320, 640, mobile=True)
    assert page.script("return document.documentElement.scrollWidth") <= 320
    assert page.axe() == []


def test_pulse_of_a_relay(browse):
    page = browse({**RIGHT, **ENDLESS})
    page.open("/setup")

    def pulse(relay):
        if not page.script("return document.querySelector('#door-right .pulses').open"):
            page.tap("#door-right .pulses > summary")
        control = f"#door-right details.pulse:has(form[action*='/{relay}?'])"
        page.tap(control + " summary")
        assert "Tap again" in page.wait(control + " button", "Tap again")
        wait_until(lambda: page.shown(control + " button"), "the second button")
        page.tap(control + " button")

    page.tap("#door-right .pulses > summary")
    assert "The door may start at once" in page.text("#door-right .pulses .message")
    page.script("document.querySelector('#door-right .pulses').open = false")
    pulse("close_relay")  # CLOSE would press nothing
    page.wait("#door-right .notice", "^Asked")
    page.wait("#door-right tbody tr:nth-child(2)", "Off")
    pulse("open_relay")
    page.state("right", "^Opening")
    pulse("stop_relay")
    page.state("right", "^Stopped")
    page.open()
    page.wait("#history", "(?s)Right door had a relay pulsed, asked from the page or the API.*had a relay pulsed")


# ---- In a browser that lacks something. ----

SAFARI_15 = "delete AbortSignal.timeout;"
SAFARI_12 = SAFARI_15 + """
    delete String.prototype.replaceAll; delete Element.prototype.replaceChildren; delete window.structuredClone;
    const matches = Element.prototype.matches;
    Element.prototype.matches = function(selector) {
        if (/focus-visible|:has|:is/.test(selector)) throw new SyntaxError(selector);
        return matches.call(this, selector);
    };"""


@pytest.fixture
def browse_without(browse, chromium):
    """browse_without(source, doors...): as browse, where source has taken something from the browser before the page's
    script runs."""
    added = []

    def make(source, *doors):
        page = browse(*doors)
        added.append(page.cdp("Page.addScriptToEvaluateOnNewDocument", source=source)["identifier"])
        page.driver.get_log("browser")
        return page.open()

    yield make
    for identifier in added:
        chromium.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": identifier})


@pytest.mark.parametrize("source", [SAFARI_15, SAFARI_12, SAFARI_12 + "delete window.AbortController;"],
                         ids=["Safari 15", "Safari 12", "no AbortController"])
def test_older_browser(browse_without, source):
    page = browse_without(source, LEFT)
    page.post("/api/doors/left/open")
    page.state("left", "^Open$")
    assert page.script("return document.documentElement.className") == "live"
    page.confirm("left", "close")
    page.wait("#door-left .notice", "^Asked")
    page.state("left", "^Closed$")
    assert not page.shown("#dead") and not page.shown("#lost") and page.script("return location.search") == ""


@pytest.mark.parametrize("source", ["delete window.EventSource", "delete window.fetch", "delete window.DOMParser",
                                    "Element.prototype.isEqualNode = () => { throw 1 }"])
def test_script_fails(browse_without, source):
    """What is shown does not change, and the page says so; the buttons are the browser's own forms."""
    page = browse_without(source, LEFT)
    page.expected = "script.js"
    page.post("/api/doors/left/open")
    wait_until(lambda: page.shown("#dead") or page.shown("#lost"), "a word that it is not live")
    assert "does not renew itself" in page.text("#dead") or "Not connected" in page.text("#lost")
    page.agent.log.wait("door left: open ")
    page.open()
    page.confirm("left", "close")
    page.agent.log.wait("close from http accepted")
    wait_until(lambda: "Asked." in page.driver.page_source, "the notice")


def test_script_does_not_come(browse):
    page = browse(LEFT)
    page.expected = "script.js"
    page.cdp("Network.enable")
    page.cdp("Network.setBlockedURLs", urls=["*script.js*"])
    try:
        page.open()
        assert not page.shown("#dead"), "it has some seconds"
        assert page.wait("#dead", "^This page does not renew itself. Load it again$") and not page.axe()
        page.tap("#dead a")
        assert page.text("#door-left .state") == "Closed"
    finally:
        page.cdp("Network.setBlockedURLs", urls=[])


def test_script_dies(browse_without):
    """It has been live; then no event and no timer reaches it any more."""
    page = browse_without("""
        const add = EventSource.prototype.addEventListener;
        EventSource.prototype.addEventListener = function(kind, call) {
            add.call(this, kind, (event) => { if (!window.killed) call(event); });
        };""", LEFT)
    page.live()
    # What is left of its time: each proof makes the notice anew.
    left = """const late = document.getElementById('dead').getAnimations()[0];
        return late.effect.getComputedTiming().endTime - late.currentTime"""
    assert 30000 < page.script(left) <= 40000
    page.script("window.killed = true; for (let i = 0; i < 10000; i++) { clearTimeout(i); clearInterval(i); }")
    page.post("/api/doors/left/open")
    page.agent.log.wait("door left: open ")
    assert page.text("#door-left .state") == "Closed"
    page.script("document.getElementById('dead').getAnimations()[0].currentTime += 39000")
    page.wait("#dead", "^This page does not renew itself")


def test_password_in_the_address(browse):
    page = browse(LEFT, http={"username": "me", "password": "right"})
    page.expected = "status of 401"  # of the first, without one
    page.origin = page.origin.replace("//", "//me:right@")
    page.open()
    page.confirm("left", "open")
    page.wait("#door-left .notice", "^Asked")
    page.state("left", "^Open$")
    assert not page.shown("#dead") and not page.shown("#lost")
    page.origin = page.origin.replace("me:right@", "")


def log_in(page, name="me", password="right"):
    for field, typed in ("username", name), ("password", password):
        page.find(f"#{field}").clear()
        page.find(f"#{field}").send_keys(typed)
    page.tap("button")


def arrives(page, text):
    """Without a script of the driver's in the page, which may be on its way out or run none."""
    wait_until(lambda: text in page.driver.page_source, text)


def guess(page, times):
    """Another program on the same machine, which does not know the password."""
    for i in range(times):
        connection = http.client.HTTPConnection("127.0.0.1", page.agent.http_port, timeout=DEADLINE)
        password = base64.b64encode(f"me:wrong{i}".encode()).decode()
        connection.request("GET", "/api/doors", headers={"Authorization": f"Basic {password}"})
        status = connection.getresponse().status
        connection.close()
    return status


@pytest.mark.parametrize("script", [True, False], ids=["", "without JavaScript"])
def test_log_in_and_out(browse, script):
    page = browse(LEFT, http={"username": "me", "password": "right"})
    page.expected = "status of 401"
    page.cdp("Emulation.setScriptExecutionDisabled", value=not script)
    page.open("/login?setup")
    log_in(page, password="wrong")
    arrives(page, '<p class="said" role="alert">Wrong user name or password.</p>')
    log_in(page)
    arrives(page, "Set-up of")
    page.open()
    wait_until(lambda: guess(page, 6) == 429, "guesses that have to wait")  # and yet:
    page.confirm("left", "open")
    page.agent.log.wait("door left: open from http accepted")
    page.tap(".log-out button")
    arrives(page, 'api/login"')
    assert page.driver.current_url == f"{page.origin}/login"
    page.open()  # there is no window of the browser's now, and the form is one for the doors
    wait_until(lambda: page.driver.current_url == f"{page.origin}/login", "the login page again")
    assert [cookie["name"] for cookie in page.driver.get_cookies()] == ["portcullis-form"]
    page.driver.delete_all_cookies()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_login_page_for_all(browse, scheme):
    page = browse(LEFT, http={"username": "me", "password": "right"})
    page.expected = "status of 401"
    page.media(scheme)
    page.size(320, 640, mobile=True)
    page.open("/login")
    assert page.script("return document.documentElement.scrollWidth") <= 320
    log_in(page, password="wrong")
    arrives(page, "Wrong user name or password.")
    assert page.axe() == []


def test_a_link_from_another_site_finds_the_session(browse):
    page = browse(LEFT, http={"username": "me", "password": "right"})
    page.expected = "status of 401|from the Manifest"
    page.open("/login")
    log_in(page)
    page.state("left", "^Closed$")
    page.driver.get("about:blank")
    page.script("document.body.innerHTML = `<a href='${arguments[0]}'>the garage</a>`", page.origin + "/")
    page.find("a").click()
    page.state("left", "^Closed$")
    assert page.driver.current_url == f"{page.origin}/"
    page.driver.delete_all_cookies()


def test_a_session_that_ended_shows_the_login_page(browse):
    """In a page that is open: its script loads it anew, and no window of the browser's opens."""
    page = browse(LEFT, http={"username": "me", "password": "right"})
    page.expected = "status of 401|ERR_"
    page.open("/login")
    log_in(page)
    page.live()
    page.agent.stop()
    page.agent.start()
    wait_until(lambda: page.there("form[action$='api/login']"), "the login page")
    log_in(page)
    page.state("left", "^Closed$")
    page.driver.delete_all_cookies()


@pytest.mark.parametrize("path, script", [("/house/garage", True), ("/house/garage", False), ("//house/garage", True)],
                         ids=["script", "no script", "two slashes"])
def test_below_a_path_of_a_proxy(browse, fakes, path, script):
    """Browser.check sees that nothing is asked for elsewhere."""
    page = browse(LEFT, http={"username": "me", "password": "right"})
    page.expected = "status of 40[15]|from the Manifest"
    page.driver.get("about:blank")
    page.driver.get_log("performance")
    proxy = fakes(PathProxy(page.agent.http_port, path))
    page.origin = proxy.url
    page.cdp("Emulation.setScriptExecutionDisabled", value=not script)
    page.open("/login?setup")
    log_in(page, password="wrong")
    arrives(page, "Wrong user name or password.")
    log_in(page)
    arrives(page, "Set-up of")
    assert page.driver.current_url == f"{page.origin}/setup"
    page.tap("a[href='./']")
    wait_until(lambda: page.driver.current_url == f"{page.origin}/", "the doors")
    if script:
        page.live()
    page.confirm("left", "open")
    page.agent.log.wait("door left: open from http accepted")
    if script:
        page.state("left", "^Open$")
    page.driver.get(f"{page.origin}/api/doors/nobody/x")
    arrives(page, "To the doors")
    page.tap("main a")
    wait_until(lambda: page.driver.current_url == f"{page.origin}/", "the doors")
    page.tap(".log-out button")
    arrives(page, 'api/login"')
    assert page.driver.current_url == f"{page.origin}/login" and not proxy.elsewhere
    page.driver.delete_all_cookies()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_in_a_frame_below_an_ingress(chromium, agent_factory, broker, fakes, script):
    """As in Home Assistant's sidebar, which a page with a frame and a proxy stand in for. Browser.check sees that nothing is
    asked for elsewhere."""
    agent = agent_factory(broker, config={"doors": [LEFT], "http": {"ingress": Ingress.address, "frame_ancestors": "self"}}).start()
    agent.log.wait("connected to the broker")
    agent.log.wait("door left: ")
    ingress = fakes(Ingress(agent.http_port))
    page = Browser(chromium, agent)
    page.origin = ingress.root
    page.cdp("Emulation.setScriptExecutionDisabled", value=not script)
    page.open()
    try:
        chromium.switch_to.frame(page.find("iframe"))
        if script:
            page.live()
        arrives(page, "Simulated.")  # so says the page of the example, too
        page.confirm("left", "open")
        agent.log.wait("door left: open from http accepted")
        if script:
            page.state("left", "^Open$")
        page.tap("a[href='setup']")
        arrives(page, "Set-up of")
        page.confirm("left", "close")
        agent.log.wait("door left: close from http accepted")
        arrives(page, "Set-up of")
        assert not ingress.elsewhere
    finally:
        chromium.switch_to.default_content()
        page.cdp("Emulation.setScriptExecutionDisabled", value=False)
    page.check()
    chromium.get("about:blank")


def test_not_in_a_frame_of_others(chromium, agent_factory, broker, fakes):
    """Without frame_ancestors the same page shows nothing in the frame."""
    agent = agent_factory(broker, config={"doors": [LEFT], "http": {"ingress": Ingress.address}}).start()
    agent.log.wait("connected to the broker")
    ingress = fakes(Ingress(agent.http_port))
    page = Browser(chromium, agent)
    page.origin, page.expected = ingress.root, "frame-ancestors"
    page.open()
    chromium.switch_to.frame(page.find("iframe"))
    assert not page.there("#door-left")
    chromium.switch_to.default_content()
    assert wait_until(lambda: [line for line in chromium.get_log("browser") if "frame-ancestors" in line["message"]], "a refusal")
    chromium.get("about:blank")


def test_many_tabs(browse):
    """A browser opens six connections to a server: the seventh tab has one, too, since hidden ones need none."""
    page = browse(LEFT)
    first = page.driver.current_window_handle
    try:
        for _ in range(7):
            page.driver.switch_to.new_window("tab")
            page.open()
            page.live()
    finally:
        page.close_all_but(first)


def test_hidden(browse):
    """A tab that is not seen holds no connection, and its title says nothing of the doors."""
    page = browse(LEFT)
    page.wait("#door-left .state", "^Closed$")
    page.script(HIDE, True)
    assert page.driver.title == "garage"
    wait_until(lambda: "portcullis_http_listeners 0\n" in page.get("/metrics"), "the end of its stream")
    page.post("/api/doors/left/open")
    page.agent.log.wait("door left: open ")
    assert page.driver.title == "garage"
    page.script(HIDE, False)
    wait_until(lambda: page.driver.title == "Left door: Open · garage", "the title of a tab that is seen")
    assert not page.shown("#dead")


def test_hidden_while_it_asks(browse):
    """What comes while the tab is hidden already says nothing in its title: nobody would renew it."""
    page = browse(LEFT)
    page.wait("#door-left .state", "^Closed$")
    page.script("""const fetched = window.fetch; window.asked = window.told = 0;
        window.fetch = (...how) => { window.asked++; return new Promise((done) => setTimeout(() => done(fetched(...how)), 1000)); };
        document.addEventListener("shown", () => window.told++)""")
    page.post("/api/doors/left/open")
    wait_until(lambda: page.script("return window.asked"), "a question")
    page.script(HIDE, True)
    wait_until(lambda: page.script("return window.told"), "its answer")
    assert page.driver.title == "garage"


# ---- What a person sees, whoever it is. ----

@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_sizes(browse, width):
    name = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahl"  # on the door and its STOP
    page = browse(LEFT, {**SLOW_RIGHT, "name": name}, SIDE)
    page.size(width, 700, mobile=width < 500)
    page.open()
    page.post("/api/doors/right/open")
    page.state("right", "^Opening")
    wider = "return document.documentElement.scrollWidth"
    assert page.script(wider) <= width
    page.script("document.documentElement.style.fontSize = '200%'")
    assert page.script(wider) <= width, "with larger letters"
    page.script("document.documentElement.style.fontSize = ''")
    small = """return [...document.querySelectorAll('button, summary, a')].filter(e => {
        const box = e.getBoundingClientRect();
        return box.height && (box.height < 44 || box.width < 44); }).map(e => e.innerText)"""
    page.tap("#door-left .simulator summary")
    assert page.script(small) == []
    cut = page.script("""return [...document.querySelectorAll('.controls button')].filter(
        e => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1).map(e => e.innerText)""")
    assert not cut
    page.open("/setup")
    page.tap("#door-left .pulses > summary")
    assert page.script(small) == [] and page.script(wider) <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe(browse, scheme):
    """In each state that looks different, at the size of a phone and of a desk."""
    page = browse(LEFT, {**RIGHT, **ENDLESS}, SIDE, GATE)
    page.media(scheme)
    page.open()
    back = page.script("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", back)[:3])) < 150) == (scheme == "dark")
    assert page.axe() == []
    page.size(320, 640, mobile=True)
    page.tap("#door-left details.open summary")
    wait_until(lambda: page.shown("#door-left details.open button"), "the second button")
    assert page.axe() == []
    page.tap("#door-right details.position summary")
    wait_until(lambda: page.shown("#door-right details.position button"), "the slider's button")
    assert page.axe() == []
    page.size(1280, 900)
    page.poke("left", "jam")
    page.confirm("side", "toggle")
    page.wait("#door-side .notice", "Asked")
    page.confirm("right", "open")
    page.confirm("left", "open")
    page.state("right", "^Opening")
    assert page.axe() == []
    page.wait("#door-left .message.bad", "did not start")
    assert page.axe() == []


def test_reduced_motion(browse):
    page = browse(LEFT)
    page.media(motion="reduce")
    assert page.script("return getComputedStyle(document.querySelector('.panel')).transitionDuration") in ("0s", "")
    page.confirm("left", "open")
    page.state("left", "^Open$")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/St_Johns"])
def test_times_are_the_viewers(browse, zone):
    page = browse(LEFT)
    page.cdp("Emulation.setTimezoneOverride", timezoneId=zone)
    page.post("/api/doors/left/open")
    page.state("left", "^Open$")
    page.open()
    moment, shown = page.script("const time = document.querySelector('#door-left time'); return [time.dateTime, time.innerText]")
    there = datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone(ZoneInfo(zone))
    assert shown.endswith(there.strftime("%H:%M")), shown


# ---- In whose language. ----

STATES = {"en": ("Closed", "Opening"), "de": ("Geschlossen", "Öffnet sich"), "fr": ("Fermée", "S’ouvre"),
          "nl": ("Gesloten", "Gaat open"), "es": ("Cerrada", "Abriéndose"), "it": ("Chiusa", "Si apre")}
assert set(STATES) == {path.stem for path in (ROOT / "src/http/page/words").iterdir()}

# What is wider than the window or than itself, in letters of one size and larger ones; and what is cut off.
TOO_WIDE = """
    const seen = (e) => e.checkVisibility({visibilityProperty: true}) && !e.closest('.unseen, svg, .lines, pre');
    const wrong = [];
    for (const size of ['', '200%']) {
        document.documentElement.style.fontSize = size;
        if (document.documentElement.scrollWidth > innerWidth) wrong.push(['page', size, document.documentElement.scrollWidth]);
        if (size) continue;
        for (const e of document.querySelectorAll('body *')) {
            const box = e.getBoundingClientRect();
            if (seen(e) && (box.right > innerWidth + 1 || box.left < -1)) wrong.push([e.outerHTML.slice(0, 80), 'outside', box.right]);
        }
        for (const e of document.querySelectorAll('button, summary, .lines'))
            if (seen(e) && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1))
                wrong.push([e.innerText, 'cut', e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight]);
    }
    document.documentElement.style.fontSize = '';
    return wrong"""


def ask_in(page, language):
    """From now on the browser asks for the language as one of a country does; "": for its own."""
    agent = page.script("return navigator.userAgent")
    page.cdp("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=f"{language}-AT,{language};q=0.9,en;q=0.5" if language else "")


def unfold(page, selector):
    page.script("document.querySelector(arguments[0]).open = true", selector)


def test_languages_fit_a_phone(browse, broker, agent_factory):
    """In each language every view at 320 pixels: a fault, a door that moves, one that is not known, one that is about to close,
    garages that can be reached and that cannot, Set-up with its pulses, and refusals."""
    page = browse(LEFT, {**RIGHT, **ENDLESS}, SIDE, {**GATE, "close_warning": {"line": "GPIO8", "time": "60s"}}, peers=["shed", "gate"])
    shed = agent_factory(broker, config={"node": "shed", "doors": [{**LEFT, "name": "Shed"}]}).start()
    page.expected = "status of 404"
    page.state("shed\\/left", "^Closed$")
    page.poke("left", "jam")
    page.confirm("left", "open")
    page.wait("#door-left .message.bad", "did not start")
    page.confirm("gate", "open")
    page.state("gate", "^Open$")
    page.confirm("right", "open")
    page.state("right", "^Opening")
    page.size(320, 640, mobile=True)
    try:
        for language, (closed, opening) in STATES.items():
            ask_in(page, language)
            page.post("/api/doors/gate/close")
            page.open()
            assert page.script("return document.documentElement.lang") == language
            page.wait("#door-left .state", f"^{closed}$")
            page.wait("#door-right .state", f"^{opening}")
            assert page.there("#door-gate.warning") and page.shown("#door-gate .state small")
            unfold(page, "#door-left .simulator")  # a tap could hit the STOP that lies over all
            assert not page.script(TOO_WIDE), language
            unfold(page, "#door-left details.open")
            wait_until(lambda: page.shown("#door-left details.open button"), "the second button")
            assert not page.script(TOO_WIDE), language
            page.open("/setup")
            page.wait("#door-left .state", f"^{closed}$")
            unfold(page, "#door-left .pulses")
            page.script("for (const e of document.querySelectorAll('.stopwatch')) e.hidden = false")
            assert not page.script(TOO_WIDE), language
            page.open("/nothing")
            assert page.script("return document.documentElement.lang") == language and not page.script(TOO_WIDE)
            page.post("/api/doors/gate/stop")
        shed.stop()
        for language in STATES:
            ask_in(page, language)
            page.open()
            wait_until(lambda: page.there("[id='door-shed/left'].away"), "a garage that is gone")
            assert not page.script(TOO_WIDE), language
    finally:
        ask_in(page, "")


def test_login_in_each_language(browse):
    page = browse(LEFT, http={"username": "me", "password": "right"})
    page.expected = "status of (401|429)"  # so many wrong passwords may have to wait
    page.size(320, 640, mobile=True)
    try:
        for language in STATES:
            ask_in(page, language)
            page.open("/login")
            log_in(page, password="wrong")
            wait_until(lambda: page.script("return document.documentElement.lang") == language and page.text(".said"), "a refusal")
            assert not page.script(TOO_WIDE) and not page.axe(), language
    finally:
        ask_in(page, "")
        page.driver.delete_all_cookies()


def test_each_tab_has_its_language(browse):
    """Two tabs of one browser, in two languages, and both are live."""
    page = browse(LEFT)
    first = page.driver.current_window_handle
    ask_in(page, "de")
    page.open()
    page.state("left", "^Geschlossen$")
    try:
        page.driver.switch_to.new_window("window")
        ask_in(page, "fr")
        page.open()
        page.state("left", "^Fermée$")
        page.post("/api/doors/left/open")
        page.state("left", "^Ouverte$")
        assert page.driver.title == "Left door: Ouverte · garage"
        page.driver.switch_to.window(first)
        page.state("left", "^Offen$")
        assert re.search(r"^Seit \d\d:\d\d \(.*\), über die Seite", page.text("#door-left .since"))
    finally:
        page.close_all_but(first)
        ask_in(page, "")


def test_the_configuration_chooses_the_language(browse):
    """A page that is open takes it over at once; the script's own words follow."""
    page = browse(LEFT)
    page.expected = "ERR_|from the Manifest"
    page.live()
    page.agent.config["http"] = {**page.agent.config["http"], "language": "nl"}
    page.agent.write_config()
    page.agent.send_signal(signal.SIGHUP)
    page.state("left", "^Gesloten$")
    page.live()
    assert page.script("return document.documentElement.lang") == "nl"
    page.agent.stop()
    assert re.search(r"^Geen verbinding sinds \d\d:\d\d:\d\d\. U ziet", page.wait("#lost", "^Geen verbinding"))


@pytest.mark.parametrize("language, day", [("en", "yesterday"), ("de", "gestern"), ("es", "ayer")])
def test_times_are_of_24_hours(browse, language, day):
    """At midnight, at noon and of days before, in the page's language."""
    page = browse(LEFT)
    page.cdp("Emulation.setTimezoneOverride", timezoneId="Europe/Vienna")
    ask_in(page, language)
    try:
        page.open()
        page.live()
        page.script("""
            const at = (days, hours) => { const t = new Date(); t.setDate(t.getDate() - days); t.setHours(hours, 5, 0); return t.toISOString(); };
            const real = window.fetch;
            window.fetch = (...asked) => real(...asked).then(async (answer) => {
                const page = (await answer.text()).replace(/(<p class="since">).*?<\\/p>/,
                    `$1<time datetime="${at(0, 0)}"></time> <time datetime="${at(0, 15)}"></time> <time datetime="${at(1, 0)}"></time> <time datetime="${at(9, 13)}"></time></p>`);
                return new Response(page, {status: answer.status, headers: answer.headers});
            });""")
        page.post("/api/doors/left/open")
        text = page.wait("#door-left .since", rf"^00:05 15:05 {day} 00:05 \S+.* 13:05$")
        assert (re.search(r" (Mo|Di|Mi|Do|Fr|Sa|So)", text) is not None) == (language == "de"), text
    finally:
        ask_in(page, "")


def test_read_only(browse):
    page = browse(LEFT)
    page.agent.stop()
    page.agent.config["http"] = {"listen": f"0.0.0.0:{page.agent.http_port}"}
    page.agent.start()
    page.agent.log.wait("HTTP: listening")
    page.expected = "ERR_|from the Manifest"
    page.open()
    page.wait("#messages", "^Read-only")
    assert page.there("button") and not page.there("button:not([disabled])")
    assert "Read-only." in page.text("#door-left button.open") and not page.axe()


def test_refused(browse):
    """Who strays, or cancels the login, reads a page; its style is its own, and the policy knows it."""
    page = browse(LEFT)
    page.expected = "status of 404"
    page.open("/nothing")
    assert page.text("h1") == "There is nothing at this address."
    assert page.script("return getComputedStyle(document.querySelector('main')).textAlign") == "center"
    assert not page.axe()
    page.tap("a")
    page.state("left", "^Closed$")


# ---- What it is made of. ----

def test_content_security_policy(browse):
    page = browse(LEFT)
    page.expected = "Content Security Policy"
    assert page.script("""
        let count = 0;
        document.addEventListener("securitypolicyviolation", () => count++);
        const script = document.createElement("script");
        script.textContent = "window.bad = true";
        document.body.append(script);
        const image = new Image();
        image.src = "https://example.invalid/x.png";
        document.body.append(image);
        const style = document.createElement("style");
        style.textContent = "body { display: none }";
        document.head.append(style);
        return window.bad""") is None
    wait_until(lambda: len([1 for entry in page.driver.get_log("browser") if "Content Security Policy" in entry["message"]])
               or page.script("return getComputedStyle(document.body).display") == "flex", "violations")
    assert page.script("return getComputedStyle(document.body).display") == "flex"
    policy = page.script("return fetch('/').then(answer => answer.headers.get('Content-Security-Policy'))")
    assert "default-src 'none'" in policy and "unsafe" not in policy
    page.driver.get_log("performance")
    page.open()


def test_installable(browse):
    page = browse(LEFT)
    manifest = page.cdp("Page.getAppManifest")
    assert manifest["url"] == page.origin + "/manifest.webmanifest" and not manifest["errors"]
    wait_until(lambda: not page.cdp("Page.getInstallabilityErrors")["installabilityErrors"], "an installable page")


@pytest.mark.parametrize("language", STATES)
def test_weight(browse, language):
    """Everything that a first visit takes over the wire, heads and all."""
    page = browse(LEFT, RIGHT)
    ask_in(page, language)
    page.open()
    ask_in(page, "")
    connection = http.client.HTTPConnection("127.0.0.1", page.agent.http_port, timeout=DEADLINE)
    total = 0
    source = page.driver.page_source
    links = ["/" + path for path in re.findall(r'(?:href|src)="([^"#]+)"', source)]
    assert {path.split("?")[0] for path in links} >= {"/style.css", "/script.js", "/icon.svg", "/icon.png"}
    links.remove("/setup")  # another page
    for path in ["/", *links]:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip", "Accept-Language": language})
        answer = connection.getresponse()
        body = answer.read()
        size = len(body) + sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + 19
        print(f"# {path}: {size} bytes")
        total += size
        if path != "/":
            if answer.headers.get("Content-Encoding") == "gzip":
                gzip.decompress(body)
            connection.request("GET", path, headers={"If-None-Match": answer.headers["ETag"], "Accept-Language": language})
            again = connection.getresponse()
            assert (again.status, again.read()) == (304, b""), path
    print(f"# all: {total} bytes")
    assert total <= WIRE_MAX
