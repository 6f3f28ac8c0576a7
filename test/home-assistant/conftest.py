"""One Home Assistant and one broker for all tests, which are a story: each goes on where the one before it ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

import harness  # noqa: E402
from peer import HomeAssistant  # noqa: E402


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
    found = subprocess.run([HERE / "fetch", "--where"], capture_output=True, text=True, check=False)
    if found.returncode:
        missing("there is no Home Assistant here: test/home-assistant/fetch says why")
    home = HomeAssistant(Path(found.stdout.strip()) / "root", world.folder / "home-assistant")
    try:
        yield home.start()
    finally:
        home.stop(deadline=30)
