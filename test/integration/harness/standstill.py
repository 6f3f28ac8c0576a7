"""What failed while this machine stood still is run once more.

A virtual machine that its host pauses, or that gets no processor for a while, makes agents refuse commands and limits pass:
what the agent then does is right, and the test says nothing of it. So each test that failed while the machine stood still is
repeated, once, and the output tells so: "# repeated: ...". What the test itself freezes is no standstill of the machine.
"""

import threading
import time

from _pytest.runner import runtestprotocol

LIMIT_S = 0.5  # shorter ones are within what tests allow for
LOOK_S = 0.05
WHY = 10  # lines


class Watch:
    """A thread that sleeps for short times and sees how late it wakes."""

    def __init__(self):
        self.seen = []  # (its end by time.monotonic(), how many seconds)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        before = time.monotonic()
        while True:
            time.sleep(LOOK_S)
            now = time.monotonic()
            if now - before - LOOK_S >= LIMIT_S:
                self.seen.append((now, now - before))
            before = now

    def longest(self, since):
        """The seconds of the longest that was under way after that time; 0 where there was none."""
        time.sleep(2 * LOOK_S)  # the thread may wake after us
        return max((seconds for end, seconds in self.seen if end >= since), default=0)


def why(reports):
    """The lines that say what went wrong, the first ones."""
    return [line for report in reports if report.failed for line in report.longreprtext.splitlines() if line[:1] == "E"][:WHY]


class Standstills:
    """The pytest plugin."""

    def __init__(self):
        self.watch = Watch()

    def pytest_runtest_protocol(self, item, nextitem):
        """Runs a test, and again where it failed for a standstill. Tests that run side by side say themselves since when."""
        began = time.monotonic()
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        failed = any(report.failed for report in reports)
        if failed and (seconds := self.watch.longest(getattr(item, "began", began))):
            name = item.nodeid.split("::", 1)[-1]
            print(f"\n# repeated: {name}: it failed while this machine stood still for {seconds:.1f} s", *why(reports), sep="\n# ", flush=True)
            item.repeats = True
            item._initrequest()  # its fixtures anew
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True
