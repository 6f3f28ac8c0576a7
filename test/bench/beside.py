"""The page beside NormallyClosed, the published crate, where scripts/setup could build it."""

import http.client
import itertools
import os
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

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
ROUNDS = 5
SECONDS = 2


def by_nice():
    """Before everything else by weight only: SCHED_RR would hold up a runtime of several threads by the one that asks it."""
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, -20)


def processor_us(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


class Beside:
    def requests_beside(self, doors):
        """
        Requests a second to ours and to NormallyClosed, in turns, and the processor's time that each took the server,
        which says more on a busy machine.
        """
        with ExitStack() as stack:
            agent = stack.enter_context(self.agent(self.config("bench", doors), before=by_nice))
            self.wait_online("bench")
            servers = {"ours": (self.http, agent.pid, ("/", "/api/doors"))}
            theirs = self.normally_closed(stack)
            if theirs:
                servers["theirs"] = (*theirs, ("/", "/doors.json"))
            for i, (route, goal) in enumerate((("/", 31000), ("/api/doors", 30000))):
                rates, costs = {name: [] for name in servers}, {name: [] for name in servers}
                for _ in range(ROUNDS):
                    for name, (port, pid, routes) in servers.items():
                        before = processor_us(pid)
                        rate, _ = self.wrk(routes[i], port=port, seconds=SECONDS, before=by_nice)
                        rates[name].append(rate)
                        costs[name].append((processor_us(pid) - before) / (rate * SECONDS))
                ours, cost = percentile(rates["ours"], 0.5), percentile(costs["ours"], 0.5)
                said = f"{ours:,.0f} requests/s of {cost:.1f} us"
                if theirs:
                    other, other_cost = percentile(rates["theirs"], 0.5), percentile(costs["theirs"], 0.5)
                    said += f"; NormallyClosed {other:,.0f} of {other_cost:.1f} us: {ours / other:.2f} x"
                else:
                    said += "; NormallyClosed not measured: no cargo"
                say(f"GET {route}, wrk -t1 -c4", said, f"at least {goal:,}, and 1 x")
            if theirs:
                self.their_pulses(theirs[0])

    def normally_closed(self, stack):
        """Its port and process; None where it could not be had."""
        if not PROGRAM.exists():
            return None
        config, port = self.folder / "normally-closed.toml", free_port()
        config.write_text(CONFIG)
        child = stack.enter_context(Child(PROGRAM, "--http-port", port, config, before=by_nice))
        self.wait_port(port)
        return port, child.pid

    def their_pulses(self, port):
        _, rest = self.wrk("/doors.json", connections=1, port=port, before=by_nice)
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
        _, busy = self.wrk("/doors.json", connections=1, port=port, before=by_nice)
        stop.set()
        presses.join()
        say("NormallyClosed: p99 of GET while pulses run", f"{busy:.3f} ms, at rest {rest:.3f} ms: {busy / rest:.0f} x", "")
