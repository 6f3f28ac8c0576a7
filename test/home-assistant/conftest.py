"""One Home Assistant and one broker for all tests, which are a story: each goes on where the one before it ended, file by file."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

import harness  # noqa: E402
from house import House  # noqa: E402
from peer import HomeAssistant, fetched  # noqa: E402

RELEASE = os.environ.get("HOME_ASSISTANT", "newest")  # or oldest


def missing(reason):
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    with harness.World(tmp_path_factory.mktemp("house")) as world:
        yield world


@pytest.fixture(scope="session")
def home(world):
    if os.geteuid() != 0:
        missing("Home Assistant runs in a root of its own, which takes root")
    root = fetched(RELEASE)
    if not root:
        missing(f"there is no Home Assistant here: test/home-assistant/fetch {RELEASE} says why")
    home = HomeAssistant(root, world.folder / "home-assistant")
    try:
        yield home.start()
    finally:
        home.stop(deadline=30)


@pytest.fixture(scope="session")
def house(world, home):
    house = House(world, home)
    house.agent.start()
    house.all_is_well()
    house.ready()
    return house


@pytest.fixture(autouse=True)
def nothing_is_complained_of(home):
    """In no test Home Assistant warns of MQTT or of the agent."""
    before = len(home.complaints())
    yield
    complaints = home.complaints()[before:]
    assert not complaints, "\n".join(complaints)
