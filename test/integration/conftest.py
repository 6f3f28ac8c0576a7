"""Fixtures of the integration tests, and TAP for Meson.

With PORTCULLIS_TAP=1 (meson.build sets it) pytest's own output gives way to TAP, so that Meson counts the cases; without,
pytest behaves as it always does.
"""

import os
import shutil
import sys

import pytest

import harness


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


class Tap:
    """One line a test, its captured output as comments when it failed."""

    def __init__(self):
        self.count = 0
        self.reports = {}

    def say(self, line):
        sys.stdout.write(line.encode("ascii", "backslashreplace").decode() + "\n")
        sys.stdout.flush()

    def pytest_collectreport(self, report):
        if report.failed:
            for line in str(report.longrepr).splitlines():
                self.say(f"# {line}")
            self.say("Bail out! the tests cannot be collected")

    def pytest_collection_finish(self, session):
        self.say(f"1..{len(session.items)}" if session.items else "1..0 # SKIP no tests")

    def pytest_runtest_logreport(self, report):
        self.reports.setdefault(report.nodeid, []).append(report)
        if report.when != "teardown":
            return
        reports = self.reports.pop(report.nodeid)
        self.count += 1
        name = f"{self.count} - {report.nodeid.split('::', 1)[-1].replace('#', ' ')}"
        failed = [r for r in reports if r.failed]
        skipped = [r for r in reports if r.skipped]
        if failed:
            self.say(f"not ok {name}")
            for bad in failed:
                for line in f"{bad.longreprtext}\n{bad.capstdout}\n{bad.capstderr}".splitlines():
                    self.say(f"# {line}")
        elif skipped:
            reason = skipped[0].longrepr[2] if isinstance(skipped[0].longrepr, tuple) else skipped[0].longrepr
            self.say(f"ok {name} # SKIP {str(reason).replace('Skipped: ', '')}")
        else:
            self.say(f"ok {name}")
            for line in reports[-1].capstdout.splitlines():  # what a test measured
                if line.startswith("# "):
                    self.say(line)


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
