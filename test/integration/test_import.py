"""portcullis --import: what it prints passes --check, and what it refuses is told as the configuration's own errors are.

The inputs are this project's own, with the keys that the other programs document."""

import os
import shlex
import subprocess

import pytest

AGENT = shlex.split(os.environ["PORTCULLIS_AGENT"])

NORMALLY_CLOSED = """\
version = 0

[relays]
board = "RAS-194"

[[door]]
name = "Barn"
open_relay = 1
close_relay = 2
"""

GARAGEQTPI = """\
mqtt:
    host: 10.0.0.9
    port: 1883
    user: opener
    password: "it's \\"secret\\""
    discovery: true
doors:
    -
        id: 'barn'
        name: 'Barn'
        relay: 22
        state: 25
        state_mode: normally_closed
        invert_relay: true
        state_topic: "barn/state"
        command_topic: "barn/set"
"""

MQTT_IO = """\
mqtt:
  host: 10.0.0.9
  topic_prefix: barn
gpio_modules:
  - name: rpi
    module: raspberrypi
digital_outputs:
  - name: barn_button
    module: rpi
    pin: 22
    timed_set_ms: 400
digital_inputs:
  - name: barn_door
    module: rpi
    pin: 25
    pullup: yes
"""


def run(*arguments, stdin=None):
    return subprocess.run([*AGENT, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("text, says", [(NORMALLY_CLOSED, "open_relay: 1"),
                                        (GARAGEQTPI, "{line: GPIO22, active: low}"),
                                        (MQTT_IO, "pulse: 400ms")],
                         ids=["NormallyClosed", "GarageQTPi", "mqtt-io"])
def test_what_is_printed_passes_the_check(tmp_path, text, says):
    path = tmp_path / "other"
    path.write_text(text)
    made = run("--import", path)
    assert made.returncode == 0 and not made.stderr and says in made.stdout
    checked = run("--config", "/dev/stdin", "--check", stdin=made.stdout)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "/dev/stdin: good: " in checked.stdout


def test_a_comment_has_the_line_and_never_the_value(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(GARAGEQTPI)
    printed = run("--import", path).stdout
    assert "# line 15: doors.0.state_topic: not carried over: " in printed
    comments = [line for line in printed.splitlines() if "not carried over" in line]
    assert len(comments) == 2 and "barn" not in "".join(comments)


def test_errors_have_the_lines_of_the_other_file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(GARAGEQTPI.replace("state: 25", "state: 22"))
    refused = run("--import", path)
    assert refused.returncode == 78 and not refused.stdout
    assert f"{path}:12:1: converted: closed_sensor: GPIO22 is already the relay in line 11" in refused.stderr, refused.stderr
    assert "secret" not in refused.stderr

    path.write_text(NORMALLY_CLOSED.replace("= 2", "= 2.5"))
    refused = run("--import", path)
    assert refused.returncode == 78 and not refused.stdout and f"{path}:9:1: this is not the TOML" in refused.stderr


def test_what_is_no_configuration_of_those(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("mqtt: {broker: mqtt://b}\ndoors: [{name: Left, relay: GPIO17}]\n")
    refused = run("--import", path)
    assert refused.returncode == 78 and "of no program that is known" in refused.stderr and not refused.stdout
    missing = run("--import", tmp_path / "missing")
    assert missing.returncode == 78 and "there is no such file" in missing.stderr
    assert run("--import").returncode == 2
    assert run("--import", path, "--check").returncode == 2


@pytest.mark.parametrize("comments", [0, 200], ids=["short", "long"])  # the long one is more than stdio's buffer holds
def test_a_full_disk_is_no_success(tmp_path, comments):
    path = tmp_path / "config.yaml"
    path.write_text(GARAGEQTPI + "".join(f"extra{i}: 1\n" for i in range(comments)))
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([*AGENT, "--import", str(path)], stdout=full, timeout=60, check=False)
    assert done.returncode == 1
