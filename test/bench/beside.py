"""The page beside NormallyClosed, the published crate, where scripts/setup could build it."""

import http.client
import itertools
import os
import threading
import time
from contextlib import ExitStack, suppress

from common import BUILD, Child, free_port, percentile, say

PROGRAM = BUILD / "normally-closed/bin/normally-closed"
CONFIG = """version = 0
[relays]
board = "PIM213"
[[door]]
name = "Left"
relay = 1
[[door]]
name = "Right"
open_relay = 2
close_relay = 3
"""
ROUNDS = 3
SECONDS = 3


def like_everything_else():
    """A runtime of several threads before everything else would be held up by the one that asks it."""
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Beside:
    def requests_beside(self, doors):
        """Requests a second to ours and to NormallyClosed, in turns, all of ordinary priority."""
        with ExitStack() as stack:
            stack.enter_context(self.agent(self.config("bench", doors), before=like_everything_else))
            self.wait_online("bench")
            theirs = self.normally_closed(stack)
            for route, other, goal in ("/", "/", 31000), ("/api/doors", "/doors.json", 30000):
                rates = {}
                for _ in range(ROUNDS):
                    for name, port, path in ("ours", self.http, route), ("theirs", theirs, other):
                        if port:
                            rate, _ = self.wrk(path, port=port, seconds=SECONDS, before=like_everything_else)
                            rates.setdefault(name, []).append(rate)
                ours = percentile(rates["ours"], 0.5)
                if theirs:
                    against = percentile(rates["theirs"], 0.5)
                    said = f"; NormallyClosed {against:,.0f}: {ours / against:.2f} x"
                else:
                    said = "; NormallyClosed not measured: no cargo"
                say(f"GET {route}, wrk -t1 -c4", f"{ours:,.0f} requests/s{said}", f"at least {goal:,}, and 1 x")
            if theirs:
                self.their_pulses(theirs)

    def normally_closed(self, stack):
        """Its port; None where it could not be had."""
        if not PROGRAM.exists():
            return None
        config, port = self.folder / "normally-closed.toml", free_port()
        config.write_text(CONFIG)
        stack.enter_context(Child(PROGRAM, "--http-port", port, config, before=like_everything_else))
        self.wait_port(port)
        return port

    def their_pulses(self, port):
        _, rest = self.wrk("/doors.json", connections=1, port=port)
        stop = threading.Event()

        def press():
            for _ in itertools.count():
                client = http.client.HTTPConnection("127.0.0.1", port)
                client.request("POST", "/door/0/toggle", headers={"Content-Length": "0"})
                client.getresponse()
                client.close()
                if stop.wait(0.5):
                    return

        presses = threading.Thread(target=press)
        presses.start()
        time.sleep(0.1)
        _, busy = self.wrk("/doors.json", connections=1, port=port)
        stop.set()
        presses.join()
        say("NormallyClosed: p99 of GET while pulses run", f"{busy:.3f} ms, at rest {rest:.3f} ms: {busy / rest:.0f} x", "")
