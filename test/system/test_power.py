"""The power is cut at random instants, and comes back: see power.py.

PORTCULLIS_POWER_CUTS says how often, PORTCULLIS_POWER_SEED where the chances begin (the tests' names say it), and
PORTCULLIS_POWER_PHASES="pulse,lock-out" cuts in these only. Each test is a disk of its own that is cut a few times. Where the machine can be saved, it boots once, and each later start goes on from a kernel that is up
and has not seen the disk; elsewhere it boots each time.
"""

import os
import random
import shutil
from pathlib import Path

import pytest

import harness
from conftest import MACHINE
from disk import Disk
from machine import HARDWARE, Machine
from power import DISK_BYTES, PHASES, Garage, add_header
from unavailable import Unavailable, missing

CUTS = int(os.environ.get("PORTCULLIS_POWER_CUTS", "4"))
SEED = int(os.environ.get("PORTCULLIS_POWER_SEED") or random.SystemRandom().randrange(1 << 30))
CHOSEN = tuple(filter(None, os.environ.get("PORTCULLIS_POWER_PHASES", "").split(","))) or PHASES
DISKS = -(-CUTS // len(PHASES))
TOOLS = {"ext4": ("mkfs.ext4", "e2fsprogs"), "f2fs": ("mkfs.f2fs", "f2fs-tools")}


def disks():
    """(file system, seed, cuts) of each: every fifth is not ext4, where the machine has another."""
    kinds = HARDWARE[MACHINE].file_systems
    for number in range(DISKS):
        yield kinds[-1 if number % 5 == 4 else 0], SEED + number, min(len(PHASES), CUTS - number * len(PHASES))


@pytest.fixture(scope="module")
def machine_state(tmp_path_factory):
    """(the program, the state of a machine to go on from, or None)."""
    program = Path(harness.agent_command()[-1])
    if b"ld-linux" in program.read_bytes()[:4096]:
        missing(f"{program} is linked dynamically and cannot run in the guest")
    if not HARDWARE[MACHINE].can_be_saved:
        yield program, None
        return
    folder = tmp_path_factory.mktemp("state")
    disk = Disk(bytes(DISK_BYTES), folder / "disk")
    try:
        machine = Machine(MACHINE, {"bin/portcullis": program}, disk.address)
    except Unavailable as reason:
        missing(f"no virtual machine: {reason}")
    with machine:
        add_header(machine)
        machine.load_for_disk("0[1-9]-*")  # all but the disk's driver
        state = machine.save(folder / "state")
    disk.close()
    yield program, state
    (folder / "state").unlink()  # pytest would keep it


@pytest.mark.parametrize(("kind", "seed", "cuts"), disks())
def test_cuts(kind, seed, cuts, machine_state, broker, recorder, tmp_path):
    """After each: no relay moves, what is published is what the contacts say, the lock-out that was confirmed holds, the
    history is there but for its last seconds, its counters do not go back, and the broker has heard it all again."""
    program, state = machine_state
    tool, package = TOOLS[kind]
    if not shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
        missing(f"{tool} is not installed: apt-get install {package}")
    chance = random.Random(seed)
    phases = chance.sample(CHOSEN, cuts) if CHOSEN == PHASES else [chance.choice(CHOSEN) for _ in range(cuts)]
    garage = Garage(MACHINE, {"bin/portcullis": program}, state, kind, seed, tmp_path, broker, recorder)
    try:
        for phase in [*phases, None]:
            garage.switch_on()
            if phase != "start":
                garage.look()
            if phase:
                garage.live(phase)
    finally:
        garage.tell()
        garage.close()
