"""What a process writes, line by line."""

import os
import re
import select
import sys
import threading
import time
from datetime import datetime

from .waiting import DEADLINE, SLOWNESS


def logged_at(line):
    """When the agent wrote a line of its log."""
    return datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))


class Log:
    """Lines that a process writes, collected by a thread, with something to wait on. Who looks for one takes what has been
    written by then: what the process says elsewhere after a line does not come before it.
    """

    def __init__(self, stream, echo):
        self.stream, self.echo, self.rest = stream, echo, b""
        self.lines = []
        self.times = []  # of each line, by time.monotonic()
        self.changed = threading.Condition()
        self.ended = False
        self.written = select.poll()  # with the lock held; the thread that waits has one of its own
        self.written.register(stream, select.POLLIN)
        self.thread = threading.Thread(target=self._collect, daemon=True)
        self.thread.start()

    def _collect(self):
        written = select.poll()
        written.register(self.stream, select.POLLIN)
        while not self.ended:
            written.poll()
            self._take()
        self.stream.close()

    def _take(self):
        with self.changed:
            while not self.ended and self.written.poll(0):
                data = os.read(self.stream.fileno(), 65536)
                *lines, self.rest = (self.rest + data).split(b"\n")
                if not data:
                    self.ended = True
                    lines = [self.rest] if self.rest else []
                for line in lines:
                    text = line.decode(errors="backslashreplace")
                    self.lines.append(text)
                    self.times.append(time.monotonic())
                    sys.stdout.write(f"# {self.echo}: {text}\n")  # a comment in one piece: TAP may be written beside it
                sys.stdout.flush()
                self.changed.notify_all()

    def find(self, pattern, since=0):
        self._take()
        return [line for line in self.lines[since:] if re.search(pattern, line)]

    def wait(self, pattern, since=0, deadline=None, count=1):
        """The count-th line from index since on that matches the regular expression."""
        seconds = DEADLINE if deadline is None else deadline * SLOWNESS
        with self.changed:
            found = self.changed.wait_for(
                lambda: len(self.find(pattern, since)) >= count or self.ended, timeout=seconds)
            lines = self.find(pattern, since)
            assert found and len(lines) >= count, \
                f"in vain waited {seconds:.0f} s for {pattern!r} in the log; the log:\n" + "\n".join(self.lines[since:])
            return lines[count - 1]
