"""Fixtures of the system tests: the one virtual machine that all of a run share, and agents in it.

PORTCULLIS_MACHINE says which one (amd64 unless said; machine.py has the list), PORTCULLIS_AGENT ends with the program
to put into it. Broker, client and TAP are those of the integration tests.
"""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

INTEGRATION = Path(__file__).resolve().parents[1] / "integration"
sys.path.insert(0, str(INTEGRATION))

import harness  # noqa: E402
from guest import HEADER, GuestAgent  # noqa: E402
from machine import Machine  # noqa: E402
from unavailable import Unavailable, missing  # noqa: E402

spec = importlib.util.spec_from_file_location("integration_conftest", INTEGRATION / "conftest.py")
integration = importlib.util.module_from_spec(spec)
spec.loader.exec_module(integration)
world = integration.world
broker_factory = integration.broker_factory
broker = integration.broker
recorder_factory = integration.recorder_factory
pytest_configure = integration.pytest_configure
pytest_sessionstart = integration.pytest_sessionstart
pytest_collection_modifyitems = integration.pytest_collection_modifyitems

MACHINE = os.environ.get("PORTCULLIS_MACHINE", "amd64")


@pytest.fixture(scope="session")
def machine():
    """The machine, with two chips besides its own: an expander that nothing is wired to, and the Pi's header."""
    agent = Path(harness.agent_command()[-1])
    if b"ld-linux" in agent.read_bytes()[:4096]:
        missing(f"{agent} is linked dynamically and cannot run in the guest")
    try:
        machine = Machine(MACHINE, files={"bin/portcullis": agent})
    except Unavailable as reason:
        missing(f"no virtual machine: {reason}")
    with machine:
        machine.add_chip("expander", 4)
        machine.add_chip(HEADER, 28, {line: f"GPIO{line}" for line in range(28)}, hogs={4: "one-wire"})
        yield machine


@pytest.fixture
def header(machine):
    """The Pi's header: the chip that everything is wired to, with all lines pulled down."""
    chip = machine.chips[HEADER]
    chip.pull_all_down()
    return chip


@pytest.fixture
def agent_factory(machine, header, tmp_path):
    """Makes agents that end with the test; not started: agent_factory(broker, config={...}).start()."""
    made = []

    def make(broker=None, **arguments):
        made.append(GuestAgent(machine, tmp_path / f"agent{len(made)}", broker, **arguments))
        return made[-1]

    yield make
    for agent in made:
        agent.kill()


@pytest.fixture
def recorder(recorder_factory, broker):
    return recorder_factory(broker)
