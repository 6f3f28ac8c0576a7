"""pytest's results as TAP (testanything.org), which Meson counts. conftest.py turns it on."""

import sys


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
