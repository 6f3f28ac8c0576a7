"""One broker for all tests of it, and what each test found out: a cell of the table (see run)."""

import json
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/integration"))

import harness  # noqa: E402
from brokers import BROKERS  # noqa: E402
from harness.fixtures import world  # noqa: E402, F401

NAMES = os.environ.get("PORTCULLIS_BROKERS", " ".join(BROKERS)).split()
RESULTS = Path(os.environ.get("PORTCULLIS_BROKERS_RESULTS") or ROOT / "build/brokers")
FOUND = {}  # by a broker's name: its title, its cells by column, its passed, failed and skipped tests


def pytest_configure(config):
    config.addinivalue_line("markers", "column(name): the column of the table that the test fills")


@pytest.fixture(scope="session", params=NAMES)
def peer(request, tmp_path_factory):
    """The broker, up and running. It is there for all tests of it: each test has a node of its own."""
    broker = BROKERS[request.param](tmp_path_factory.mktemp(request.param))
    if broker.package and not broker.home:
        if os.environ.get("CI"):
            pytest.fail(broker.missing)
        pytest.skip(broker.missing)
    try:
        yield broker.start()
    finally:
        broker.kill()


@pytest.fixture
def node(request):
    """A name that no other test has: what one leaves on the broker is not met by the next."""
    return request.node.originalname.removeprefix("test_").replace("_", "-")


class Cell:
    """cell(word): what the broker was seen to do, for the table. cell.measured(what, seconds): printed below it."""

    def __init__(self, test):
        self.test = test

    def __call__(self, word):
        self.test.user_properties.append(("word", word))

    def measured(self, what, seconds):
        self.test.user_properties.append((what, seconds))


@pytest.fixture
def cell(request):
    return Cell(request.node)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    name = item.callspec.params["peer"]
    found = FOUND.setdefault(name, {"title": BROKERS[name].title, "cells": {}, "seconds": {},
                                    "passed": 0, "failed": [], "skipped": []})
    column = item.get_closest_marker("column").args[0]
    if report.failed:
        found["failed"].append(f"{item.name}: {str(call.excinfo.value)[:300]}")
        found["cells"][column] = "FAILED"
    elif report.skipped:
        found["skipped"].append(f"{item.name}: {call.excinfo.value}")
        found["cells"][column] = "not here"
    elif report.when == "call":
        found["passed"] += 1
        properties = dict(item.user_properties)
        found["cells"][column] = properties.pop("word")
        found["seconds"].update({what: round(seconds, 2) for what, seconds in properties.items()})


def pytest_sessionfinish():
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name, found in FOUND.items():
        (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
