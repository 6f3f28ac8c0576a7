"""The automations and the blueprint of docs/home-assistant.md, as they stand there: Home Assistant loads each, and it does what it is
for, with shorter times. The phone is a file.
"""

import re
import time

import pytest

from harness import ROOT, wait_until
from house import DOORS

PAGE = (ROOT / "docs/home-assistant.md").read_text().split("## Automations to paste")[1].split("\n## ")[0]
TEXTS = {re.match("alias: (.*)", text)[1]: text for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)}
BLUEPRINT = ROOT / "config/home-assistant-blueprint.yaml"
OF_BLUEPRINT = """alias: Of the blueprint
use_blueprint:
  path: portcullis/door.yaml
  input:
    door: cover.garage_left_door
    fault: sensor.garage_left_fault
    last_command: sensor.garage_left_last_command
    open_for: {seconds: 3}
    tell:
      - action: notify.mobile_app_phone
        data: {message: "{{ message }}"}
"""


class Phone:
    def __init__(self, home):
        self.path = home.folder / "phone"
        self.since = len(self.messages())

    def messages(self):
        return [line for line in self.path.read_text().splitlines() if line]

    def new(self):
        return self.messages()[self.since:]

    def wait(self, text, deadline=20):
        """For a line that begins so."""
        wait_until(lambda: [line for line in self.new() if line.startswith(text)], f"{text!r} on the phone", deadline)


@pytest.fixture
def phone(house):
    house.home.wait_state(house.cover, "closed")
    return Phone(house.home)


@pytest.fixture
def automate(house):
    """Puts an automation into Home Assistant, and takes it away after the test."""
    home = house.home

    def load(text):
        entries = "".join(f"  {line}\n" for line in text.splitlines())
        (home.folder / "automations.yaml").write_text(f"- id: tried\n{entries}" if text else "[]\n")
        home.post("/api/services/automation/reload", {})
        if text:
            wait_until(lambda: [one for one in home.get("/api/states") if one["attributes"].get("id") == "tried" and
                                one["state"] == "on"], "the automation to be on")
    yield load
    load("")


def changed(name, *pairs):
    text = TEXTS[name]
    for old, new in pairs:
        assert old in text, (name, old)
        text = text.replace(old, new)
    return text


def refuse(house):
    """As OPEN to a door that is locked out is."""
    house.home.service("turn_on", "switch.garage_left_lockout")
    house.home.wait_state("switch.garage_left_lockout", "on")
    house.home.service("open_cover", house.cover)
    wait_until(lambda: house.home.state("sensor.garage_left_last_command").startswith("Open refused"), "the refusal")


def allow(house):
    house.home.service("turn_off", "switch.garage_left_lockout")
    house.home.wait_state("switch.garage_left_lockout", "off")


def open_and_close(house, meanwhile=lambda: None):
    house.home.service("open_cover", house.cover)
    house.home.wait_state(house.cover, "open")
    meanwhile()
    house.home.service("close_cover", house.cover)
    house.home.wait_state(house.cover, "closed")


def have_a_fault(house):
    house.poke("jam")
    house.home.service("open_cover", house.cover)
    house.home.wait_state("binary_sensor.garage_left_problem", "on", 30)


def end_the_fault(house):
    house.poke("unjam")
    open_and_close(house)
    house.home.wait_state("binary_sensor.garage_left_problem", "off")


def test_left_open(house, phone, automate):
    automate(changed("Garage left open", ('"00:10:00"', '"00:00:03"')))
    open_and_close(house)
    assert phone.new() == [], "it was not open for so long"
    open_and_close(house, lambda: phone.wait("The garage has been open for ten minutes."))


def test_a_fault_and_a_refusal(house, phone, automate):
    automate(TEXTS["Garage fault or refusal"])
    refuse(house)
    phone.wait("Garage: Open refused: The door is locked out.")
    allow(house)
    have_a_fault(house)
    phone.wait("Garage: Did not start")
    end_the_fault(house)
    assert len(phone.new()) == 2, phone.new()


def test_what_is_old_is_not_told_again(house, phone, automate):
    """After a restart of Home Assistant an old refusal and a fault that has not ended show again."""
    have_a_fault(house)
    refuse(house)
    automate(TEXTS["Garage fault or refusal"])
    time.sleep(61 - 15)  # what is younger than a minute would be told
    house.home.stop(deadline=30)
    time.sleep(15)
    house.home.start()
    house.home.wait_state("binary_sensor.garage_left_problem", "on", 40)
    wait_until(lambda: house.home.state("sensor.garage_left_last_command").startswith("Open refused"), "the refusal")
    time.sleep(2)
    assert phone.new() == []
    allow(house)
    end_the_fault(house)


def test_close_at_night(house, phone, automate):
    home = house.home
    text = changed("Garage closes at night", ('"00:02:00"', '"00:00:08"'), ('"22:30:00"', '"{at}"'))

    def at_night():
        automate(text.replace("{at}", time.strftime("%H:%M:%S", time.gmtime(time.time() + 10))))
    home.service("open_cover", house.cover)
    home.wait_state(house.cover, "open")
    at_night()
    home.wait_state(house.cover, "closed", 30)
    time.sleep(8)
    assert phone.new() == [], "it is closed"
    house.poke("jam")
    home.service("open_cover", house.cover)
    house.poke("unjam")
    home.service("open_cover", house.cover)
    home.wait_state(house.cover, "open", 30)
    house.poke("jam")
    at_night()
    wait_until(lambda: phone.new(), "a word that it is not closed", 40)
    assert phone.new()[0].startswith("The garage is not closed. Close accepted"), phone.new()
    house.poke("unjam")
    home.service("close_cover", house.cover)
    home.wait_state(house.cover, "closed")


def test_the_blueprint(house, phone, automate):
    folder = house.home.folder / "blueprints/automation/portcullis"
    folder.mkdir(parents=True)
    (folder / "door.yaml").write_bytes(BLUEPRINT.read_bytes())
    automate(OF_BLUEPRINT)
    open_and_close(house, lambda: phone.wait("Left door: left open"))
    refuse(house)
    phone.wait("Left door: Open refused: The door is locked out.")
    allow(house)
    have_a_fault(house)
    phone.wait("Left door: Did not start")
    end_the_fault(house)


def test_an_event_triggers(house, phone, automate):
    """The events of `left_open`, a fault and a refusal, each by the event entity, once a person has enabled it."""
    home = house.home
    event = "event.garage_left_event"
    house.restart({"doors": [{**DOORS[0], "left_open": "4s"}, DOORS[1]]})
    home.ask("config/entity_registry/update", entity_id=event, disabled_by=None)
    wait_until(lambda: home.state(event) is not None, "the event entity", 60)
    house.all_is_well()
    house.ready()
    automate(f"""alias: Of events
mode: queued
triggers:
  - trigger: state
    entity_id: {event}
    not_from: unavailable
actions:
  - action: notify.mobile_app_phone
    data:
      message: "{{{{ trigger.to_state.attributes.event_type }}}}"
""")
    open_and_close(house, lambda: (home.wait_state("binary_sensor.garage_left_left_open", "on"), phone.wait("left_open")))
    home.wait_state("binary_sensor.garage_left_left_open", "off")
    refuse(house)
    phone.wait("command_rejected")
    allow(house)
    have_a_fault(house)
    phone.wait("fault")
    end_the_fault(house)
    phone.wait("fault_cleared")
    wait_until(lambda: set(phone.new()) >= {"opening", "opened", "left_open", "closing", "closed", "command_accepted", "locked_out",
                                            "command_rejected", "lockout_lifted", "fault", "fault_cleared"}, "each of them")
    home.ask("config/entity_registry/update", entity_id=event, disabled_by="user")
    house.restart({"doors": DOORS})
    house.all_is_well()
    house.ready()
