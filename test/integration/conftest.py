"""Fixtures of the integration tests, and TAP for Meson.

With PORTCULLIS_TAP=1 (meson.build sets it) pytest's own output gives way to TAP, so that Meson counts the cases; without,
pytest behaves as it always does.
"""

import os
import shutil

import pytest

import harness
from harness.fixtures import world  # noqa: F401
from harness.standstill import Standstills
from harness.tap import Tap


@pytest.fixture
def broker_factory(world):
    return world.broker_factory


@pytest.fixture
def broker(world):
    return world.broker


@pytest.fixture
def agent_factory(world):
    return world.agent_factory


@pytest.fixture
def recorder_factory(world):
    return world.recorder_factory


@pytest.fixture
def fakes(world):
    return world.fakes


@pytest.fixture
def agent(world):
    return world.agent


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.pluginmanager.register(Standstills(), "standstills")
    if os.environ.get("PORTCULLIS_TAP") == "1":
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(Tap(), "tap")


def pytest_collection_modifyitems(items):
    """PORTCULLIS_PART=0/3: the first, fourth ... test of the file. Meson runs the parts side by side."""
    part, parts = map(int, os.environ.get("PORTCULLIS_PART", "0/1").split("/"))
    items[:] = items[part::parts]


def pytest_sessionstart(session):
    if not shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"):
        pytest.exit("mosquitto is missing: apt-get install mosquitto", returncode=1)
