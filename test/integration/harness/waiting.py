"""How long tests wait, and for what.

Nothing sleeps for luck: whatever is waited for has a deadline (seconds, times PORTCULLIS_TEST_SLOWNESS) and ends with an
AssertionError that says what was seen instead.
"""

import os
import time

SLOWNESS = float(os.environ.get("PORTCULLIS_TEST_SLOWNESS", "1"))
DEADLINE = 10.0 * SLOWNESS
REPLAY = {5: 2.0, 3: 5.0}  # seconds from a SUBACK on in which commands are refused, by MQTT's version


def wait_until(condition, what, deadline=None):
    """Polls for what has no event of its own (a file, a process, another host's table)."""
    end = time.monotonic() + (DEADLINE if deadline is None else deadline * SLOWNESS)
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"in vain waited for {what}"
        time.sleep(0.01)


def sleep_until(moment):
    time.sleep(max(0, moment - time.monotonic()))
