"""Fixtures of the integration tests, and TAP for Meson.

With PORTCULLIS_TAP=1 (meson.build sets it) pytest's own output gives way to TAP, so that Meson counts the cases; without,
pytest behaves as it always does.
"""

import os
import shutil

import pytest

import harness
from harness.tap import Tap


@pytest.fixture
def broker_factory(tmp_path):
    """Makes and starts brokers that end with the test: broker_factory(options=[...], users={...}, acl="...")."""
    made = []

    def make(**arguments):
        made.append(harness.Broker(tmp_path / f"broker{len(made)}", **arguments))
        return made[-1].start()

    yield make
    for broker in made:
        broker.kill()


@pytest.fixture
def broker(broker_factory):
    """One mosquitto with its default settings."""
    return broker_factory()


@pytest.fixture
def agent_factory(tmp_path):
    """Makes agents that end with the test; not started: agent_factory(broker, config={...}).start()."""
    made = []

    def make(brokers=None, **arguments):
        made.append(harness.Agent(tmp_path / f"agent{len(made)}", brokers, **arguments))
        return made[-1]

    yield make
    for agent in made:
        agent.finish()


@pytest.fixture
def recorder_factory():
    """Makes clients that end with the test."""
    made = []

    def make(broker, **arguments):
        made.append(harness.Recorder(broker, **arguments))
        return made[-1]

    yield make
    for recorder in made:
        recorder.close()


@pytest.fixture
def fakes():
    """Keeps fake brokers until the end of the test: fake = fakes(MyFakeBroker())."""
    made = []

    def keep(fake):
        made.append(fake)
        return fake

    yield keep
    for fake in made:
        fake.close()


@pytest.fixture
def agent(agent_factory, recorder_factory, broker):
    """The agent on one simulated door, started, online and settled, with a recorder of everything in agent.recorder."""
    recorder = recorder_factory(broker)
    agent = agent_factory(broker).start()
    agent.recorder = recorder
    recorder.wait(agent.topic("availability"), "online")
    recorder.wait(agent.topic("left", "state"), "closed")
    recorder.wait(agent.topic("left", "attributes"), lambda text: '"settled":true' in text)
    return agent


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
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
