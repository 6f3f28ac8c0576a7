"""Tests that mostly wait, side by side: @side_by_side makes each a test of its own for pytest, but the bodies of all that were
selected of a module run in threads, from the first of them on. A file takes as long as its longest test.

A body gets what it names: a fixture's name of conftest.py that World has, or a parameter of pytest.mark.parametrize.
"""

import inspect
import re
import time
from concurrent.futures import ThreadPoolExecutor

import harness

MOST = max(2, round(10 / harness.SLOWNESS))  # at once: each has an agent, and an emulator or a sanitizer is busy with it
RUNNING = {}  # of a module: the bodies' results, by the tests' ids


def _run(item, folder):
    item.began = time.monotonic()  # see harness/standstill.py
    body, arguments = item.function.body, item.callspec.params if hasattr(item, "callspec") else {}
    with harness.World(folder) as world:
        harness.LOCAL.world = world
        given = {name: arguments[name] if name in arguments else getattr(world, name)
                 for name in inspect.signature(body).parameters}
        body(**given)


def _folder(folders, item):
    return folders.mktemp(re.sub(r"\W+", "_", item.name)[:60])


def _start(request):
    items = [item for item in request.session.items
             if item.module is request.module and hasattr(item.function, "body")]
    pool = ThreadPoolExecutor(min(MOST, len(items)))
    folders = request.getfixturevalue("tmp_path_factory")
    results = {}
    for item in items:
        results[item.nodeid] = pool.submit(_run, item, _folder(folders, item))
    pool.shutdown(wait=False)
    return results


def side_by_side(body):
    parameters = [name for name in inspect.signature(body).parameters if not hasattr(harness.World, name)]

    def test(request, **_):
        if request.module not in RUNNING:
            RUNNING[request.module] = _start(request)
        elif getattr(request.node, "repeats", False):
            again = _folder(request.getfixturevalue("tmp_path_factory"), request.node)
            RUNNING[request.module][request.node.nodeid] = ThreadPoolExecutor(1).submit(_run, request.node, again)
        RUNNING[request.module][request.node.nodeid].result()

    test.__name__, test.__doc__, test.__module__, test.body = body.__name__, body.__doc__, body.__module__, body
    test.__signature__ = inspect.Signature([inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
                                            for name in ("request", *parameters)])
    return test
