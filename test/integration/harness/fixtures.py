"""Fixtures that more than one folder of tests takes: a conftest imports them by name."""

import pytest

from .world import World


@pytest.fixture
def world(tmp_path):
    """What the other fixtures are taken from."""
    with World(tmp_path) as world:
        yield world
