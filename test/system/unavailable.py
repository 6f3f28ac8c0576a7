"""What a machine lacks for these tests."""

import os


class Unavailable(Exception):
    """This machine cannot run the virtual one; the text says why and what would help."""


def missing(reason):
    """Skips the test, and fails it in CI, where nothing may be missing."""
    import pytest  # the benches do without
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
