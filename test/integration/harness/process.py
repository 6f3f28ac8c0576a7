"""A child process that ends with its test."""

import signal
import subprocess

from .log import Log
from .waiting import DEADLINE, SLOWNESS


class Process:
    """A child process with a log. Ends with the test: see the fixtures in conftest.py."""

    name = "process"

    def __init__(self):
        self.process = None
        self.log = None

    def _spawn(self, command, env=None, cwd=None, **more):
        self.process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="backslashreplace", **more)
        self.log = Log(self.process.stdout, self.name)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def send_signal(self, number):
        self.process.send_signal(number)

    def freeze(self):
        """Stops the process without ending it: connections stay open and nothing is answered."""
        self.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.send_signal(signal.SIGCONT)

    def wait(self, deadline=None):
        """The exit status (negative: the signal that ended it)."""
        code = self.process.wait(DEADLINE if deadline is None else deadline * SLOWNESS)
        self.log.thread.join(2)
        return code

    def stop(self, number=signal.SIGTERM, deadline=None):
        """Ends it in good order and returns its exit status."""
        if not self.running:
            return None if self.process is None else self.process.returncode
        self.send_signal(signal.SIGCONT)
        self.send_signal(number)
        return self.wait(deadline)

    def kill(self):
        """Ends it as a power cut would."""
        if self.running:
            self.process.kill()
            self.wait()
