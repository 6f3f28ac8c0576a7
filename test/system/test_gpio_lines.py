"""The libgpiod backend alone, on a real kernel's chips. PORTCULLIS_GPIO_LINES: the program of gpio_lines.c."""

import os
import re

import pytest

from machine import Machine
from unavailable import Unavailable, missing

PI_LINES = {4: "GPIO_GCLK", 17: "GPIO17", 27: "GPIO27"}


@pytest.fixture(scope="module")
def machine():
    try:
        machine = Machine("amd64", files={"bin/gpio_lines": os.environ["PORTCULLIS_GPIO_LINES"]})
    except Unavailable as reason:
        missing(str(reason))
    with machine:
        machine.run("mkdir -p /etc; : >/etc/group")
        machine.add_chip("pinctrl-sim", 54, PI_LINES)
        machine.add_chip("sim-many", 128)
        machine.add_chip("sim-gone", 4)
        yield machine


def test_outputs_without_a_glitch(machine):
    pi = machine.chips["pinctrl-sim"]
    with machine.record() as wire:
        status, said = machine.status(f"gpio_lines outputs {pi.folder} {pi.path}")
    assert status == 0, said
    assert len(wire.pulses(17)) == 2
    assert len(wire.pulses(18, active=0)) == 1
    assert [level for _, level in wire.levels(21)] == [0]  # released, though line 20 was not to be had


def test_lines(machine):
    pi, many = machine.chips["pinctrl-sim"], machine.chips["sim-many"]
    live = "/sys/kernel/config/gpio-sim/sim-gone/live"
    status, said = machine.status(f"gpio_lines all {pi.folder} {pi.path} {many.folder} {live}", timeout=120)
    assert status == 0, said
    assert len(re.findall("^ok ", said, re.M)) == 27
