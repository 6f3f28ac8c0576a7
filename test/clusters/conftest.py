"""One cluster for all tests of it, and what each test found out: a row of the table (see run)."""

import json
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/integration"), str(ROOT / "test/brokers")]

import harness  # noqa: E402
from clusters import CLUSTERS, Cables  # noqa: E402

NAMES = os.environ.get("PORTCULLIS_CLUSTERS", " ".join(CLUSTERS)).split()
RESULTS = ROOT / "build/clusters"
FOUND = {}  # by a cluster's name: its title, its rows by mishap, its passed, failed and skipped tests


def pytest_configure(config):
    config.addinivalue_line("markers", "mishap(name): the row of the table that the test fills")


@pytest.fixture(scope="session")
def cables():
    return Cables()


@pytest.fixture(scope="session", params=NAMES)
def made(request, tmp_path_factory, cables):
    kind = CLUSTERS[request.param]
    if missing := kind.missing():
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    cluster = kind(tmp_path_factory.mktemp(request.param), cables)
    try:
        yield cluster.start()
    finally:
        cluster.kill()


@pytest.fixture
def cluster(made):
    """With all of its nodes, and whole: again after each test."""
    yield made.start()
    made.cables.heal()
    for node in made.nodes:
        if node.running:
            node.thaw()
    made.restart()


@pytest.fixture
def world(tmp_path):
    with harness.World(tmp_path) as world:
        yield world


@pytest.fixture
def house(request, cluster, world):
    from test_clusters import House
    return House(world, cluster, request.node.originalname.removeprefix("test_").replace("_", "-")).start()


@pytest.fixture
def seen(request):
    """seen(column, what): a cell of the test's row: a word, or seconds."""
    return lambda column, what: request.node.user_properties.append((column, what))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    name = item.callspec.params["made"]
    found = FOUND.setdefault(name, {"title": CLUSTERS[name].title, "rows": {}, "passed": 0, "failed": [], "skipped": []})
    if report.failed:
        found["failed"].append(f"{item.name}: {str(call.excinfo.value)[:600]}")
    elif report.skipped:
        found["skipped"].append(f"{item.name}: {call.excinfo.value}")
    elif report.when == "call":
        found["passed"] += 1
        found["rows"][item.get_closest_marker("mishap").args[0]] = dict(item.user_properties)


def pytest_sessionfinish():
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name, found in FOUND.items():
        (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
