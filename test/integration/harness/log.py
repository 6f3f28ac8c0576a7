"""What a process writes, line by line."""

import re
import sys
import threading
import time

from .waiting import DEADLINE, SLOWNESS


class Log:
    """Lines that a process writes, collected by a thread, with something to wait on."""

    def __init__(self, stream, echo):
        self.lines = []
        self.times = []  # of each line, by time.monotonic()
        self.changed = threading.Condition()
        self.ended = False
        self.thread = threading.Thread(target=self._collect, args=(stream, echo), daemon=True)
        self.thread.start()

    def _collect(self, stream, echo):
        for line in stream:
            line = line.rstrip("\n")
            with self.changed:
                self.lines.append(line)
                self.times.append(time.monotonic())
                self.changed.notify_all()
            sys.stdout.write(f"# {echo}: {line}\n")  # a comment in one piece: TAP may be written beside it
            sys.stdout.flush()
        with self.changed:
            self.ended = True
            self.changed.notify_all()
        stream.close()

    def find(self, pattern, since=0):
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
