"""Home Assistant's own bridge to HomeKit, with the door in it and a client that stands for an iPhone: what accessory the door is, that it
follows, and that a refusal does not leave it at "Opening...".
"""

import json
import re
import subprocess

import pytest

from harness import Process, wait_until
from house import DOORS
from peer import HERE

OPEN, CLOSED, OPENING, CLOSING, STOPPED = range(5)
CURRENT, TARGET, OBSTRUCTION = "0000000E", "00000032", "00000024"  # of Apple's characteristics, the first eight digits


class Phone(Process):
    name = "iphone"

    def __init__(self, home, port, code):
        super().__init__()
        (home.folder / "iphone.py").write_bytes((HERE / "iphone.py").read_bytes())
        self.process = subprocess.Popen(
            [*home.inside(), "/opt/ha/bin/python", "/config/iphone.py", str(port), code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=home.environment)
        assert self.answer() == "paired"

    def answer(self):
        line = self.process.stdout.readline()
        assert line, "the iPhone has ended"
        return json.loads(line)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def door(self, name):
        """Of the garage door opener of that name: {characteristic: (aid, iid, value)}."""
        for accessory in self.ask("get"):
            values = {one["type"][:8].upper().rjust(8, "0"): (accessory["aid"], one["iid"], one.get("value"))
                      for service in accessory["services"] for one in service["characteristics"]}
            if values["00000023"][2] == name and CURRENT in values:
                return values
        raise AssertionError(f"no garage door opener is called {name}")

    def wait(self, what, value, name="Left door"):
        seen = []

        def there():
            seen[:] = [self.door(name)[what][2]]
            return seen[0] == value
        try:
            wait_until(there, f"{what} to be {value}", 20)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {seen[0]}") from None

    def turn(self, value, name="Left door"):
        aid, iid, _ = self.door(name)[TARGET]
        assert self.ask("put", aid, iid, value) == "{}"


@pytest.fixture(scope="module")
def phone(house):
    home = house.home
    house.restart({"doors": [{**DOORS[0], "obstruction_sensor": "GPIO25"}, DOORS[1]]})
    house.all_is_well()
    house.ready()
    entry = home.add("homekit", {"include_domains": ["cover"]}, {})
    said = wait_until(lambda: next((one["message"] for one in home.ask("persistent_notification/get")
                                    if "HomeKit" in one["message"] or "HomeKit" in (one["title"] or "")), None), "the code", 60)
    title = next(one["title"] for one in home.get("/api/config/config_entries/entry") if one["entry_id"] == entry)  # "HASS Bridge:21064"
    phone = Phone(home, int(title.split(":")[1]), re.search(r"\d{3}-\d{2}-\d{3}", said)[0])
    yield phone
    phone.process.kill()
    home.call("DELETE", f"/api/config/config_entries/entry/{entry}")
    house.restart({"doors": DOORS})
    house.all_is_well()
    house.ready()


def test_the_door_is_a_garage_door_that_follows(house, phone):
    assert {phone.door(name)[CURRENT][2] for name in ("Left door", "Right door")} == {CLOSED}
    phone.turn(OPEN)
    phone.wait(CURRENT, OPENING)
    house.home.wait_state(house.cover, "open")
    phone.wait(CURRENT, OPEN)
    phone.turn(CLOSED)
    house.home.wait_state(house.cover, "closed")
    phone.wait(CURRENT, CLOSED)
    house.poke("wall_button")
    phone.wait(CURRENT, OPEN)
    phone.wait(TARGET, OPEN)
    phone.turn(CLOSED)
    house.home.wait_state(house.cover, "closed")


def test_a_refusal_does_not_leave_it_opening(house, phone):
    house.home.service("turn_on", "switch.garage_left_lockout")
    house.home.wait_state("switch.garage_left_lockout", "on")
    phone.turn(OPEN)
    wait_until(lambda: house.home.state("sensor.garage_left_last_command").startswith("Open refused"), "the refusal")
    phone.wait(CURRENT, CLOSED)
    phone.wait(TARGET, CLOSED)
    house.home.service("turn_off", "switch.garage_left_lockout")
    house.home.wait_state("switch.garage_left_lockout", "off")


def test_an_obstruction_is_shown(house, phone):
    house.home.service("open_cover", house.cover)
    house.home.wait_state(house.cover, "open")
    phone.wait(OBSTRUCTION, False)
    house.poke("obstruct")
    phone.wait(OBSTRUCTION, True)
    phone.turn(CLOSED)  # refused
    phone.wait(TARGET, OPEN)
    phone.wait(CURRENT, OPEN)
    house.poke("clear")
    phone.wait(OBSTRUCTION, False)
    house.home.service("close_cover", house.cover)
    house.home.wait_state(house.cover, "closed")
