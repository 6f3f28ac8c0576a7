"""What the relay's line does, as the kernel recorded it: the asked pulses and nothing else."""

import random
import signal
import socket
import threading
import time

import pytest

import harness
from guest import CLOSED, OPEN, RELAY, contact, door

LOAD_PER_SECOND = 5000


@pytest.fixture(params=["high", "low"])
def relay(request, header):
    """A relay's polarity; its line is pulled to the inactive level while nobody drives it, as boards do."""
    header.pull(RELAY, up=request.param == "low")
    return request.param


def active(polarity):
    return 0 if polarity == "low" else 1


def online(agent, recorder):
    recorder.wait(agent.topic("availability"), "online", deadline=20)
    return agent


def rest(machine):
    """For longer than a pulse and its gap, by the guest's clock, which may be slower than ours."""
    machine.run("usleep 250000")


def press(agent, recorder, count, door="left"):
    """TOGGLE, count times, each when the pulse before it is over."""

    def toggle():
        since = recorder.mark()
        answer = f"test/{random.getrandbits(64):x}"
        recorder.publish(agent.topic(door, "set"), "TOGGLE", response_topic=answer)
        return recorder.wait(answer, since=since, deadline=60).json

    for _ in range(count):
        answer = toggle()
        for _ in range(20):  # a guest that crawls does well to refuse what may be old, or what comes while it is late itself
            if answer.get("reason") not in ("stale", "busy"):
                break
            rest(agent.machine)
            answer = toggle()
        assert answer["result"] == "accepted", answer
        rest(agent.machine)


def tell(what, errors):
    errors = sorted(errors)
    p50, p99 = errors[len(errors) // 2], errors[-(-len(errors) * 99 // 100) - 1]
    figures = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, {errors[0]:.2f} to {errors[-1]:.2f} ms"
    print(f"# {what}: {len(errors)} pulses, error {figures}")


def test_pulses_have_their_level_and_length(relay, machine, agent_factory, broker, recorder):
    agent = agent_factory(broker, config={"doors": [door(relay={"line": f"GPIO{RELAY}", "active": relay})]})
    with machine.record() as wire:
        online(agent.start(), recorder)
        press(agent, recorder, 10)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait() == 0
    errors = [length - 100 for length in wire.pulses(RELAY, active(relay))]
    assert len(errors) == 10
    tell(f"active-{relay}", errors)
    assert all(-50 < error < 1000 for error in errors)


def test_start_and_exit_move_nothing(relay, machine, header, agent_factory, broker, recorder):
    """With sensors that say something from the first moment on, and a command that the broker has kept."""
    header.pull(CLOSED, up=True)
    config = {"doors": [door(relay={"line": f"GPIO{RELAY}", "active": relay}, debounce="1ms",
                             closed_sensor=contact(CLOSED), open_sensor=contact(OPEN))]}  # fmt: skip
    recorder.publish("portcullis/garage/left/set", "OPEN", retain=True)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        with machine.record() as wire:
            since = recorder.mark()
            agent = agent_factory(broker, config=config).start()
            recorder.wait(agent.topic("left", "state"), "closed", since=since, deadline=20)
            recorder.publish(agent.topic("left", "set"), "no command", response_topic="test/answer")
            recorder.wait("test/answer", since=since)  # what the broker had kept came before
            agent.send_signal(number)
            agent.wait()
        first = wire.of(RELAY)[:2]
        assert [event.what for event in first] == ["request", "output"]
        assert first[1].value != active(relay)
        assert wire.pulses(RELAY, active(relay)) == []


def test_orderly_stop_in_a_pulse_releases_the_relay_before_anything_is_sent(
    relay, machine, agent_factory, broker, recorder
):
    agent = agent_factory(
        broker, config={"doors": [door(relay={"line": f"GPIO{RELAY}", "active": relay}, pulse="5s")]}
    )
    with machine.record() as wire:
        online(agent.start(), recorder)
        recorder.publish(agent.topic("left", "set"), "TOGGLE")
        harness.wait_until(lambda: len(wire.levels(RELAY)) == 2, "the pulse")
        since = recorder.mark()
        agent.send_signal(signal.SIGTERM)
        recorder.wait(agent.topic("availability"), "offline", since=since)
        assert agent.wait() == 0
    (length,) = wire.pulses(RELAY, active(relay))
    assert length < 4000
    (stop,) = [event.at_ms for event in wire.events if event.what == "terminate"]
    after = [event.what for event in wire.events if event.at_ms > stop and event.what in ("set", "send")]
    assert after[0] == "set" and "send" in after


def reload(agent, says, config):
    agent.config = config
    agent.write_config()
    before = agent.log_text().count(says)
    agent.send_signal(signal.SIGHUP)
    return lambda: agent.log_text().count(says) > before


def test_a_reload_touches_no_line_and_lets_a_pulse_end(machine, agent_factory, broker, recorder):
    """In a pulse and at rest; a good file with a new connection to the broker, a bad one, and one that takes a restart."""
    taken, refused = "the configuration is taken over", "the reload is refused: nothing has changed"
    agent = agent_factory(broker, config={"doors": [door(pulse="5s")]})
    with machine.record() as wire:
        online(agent.start(), recorder)
        recorder.publish(agent.topic("left", "set"), "TOGGLE")
        harness.wait_until(lambda: len(wire.levels(RELAY)) == 2, "the pulse")
        since = recorder.mark()
        other = harness.merge(agent.config, {"mqtt": {"keepalive": "20s"}, "doors": [door(name="New")]})
        done = reload(agent, taken, other)
        assert len(wire.levels(RELAY)) == 2, "it has to come in the pulse"
        harness.wait_until(done, "the reload", deadline=20)
        assert len(wire.levels(RELAY)) == 3, "the pulse ended before"
        recorder.wait(agent.topic("availability"), "online", since=since, deadline=20)
        harness.wait_until(reload(agent, refused, harness.merge(other, {"colour": "red"})), "the refusal")
        moved = harness.merge(other, {"doors": [door(relay={"line": f"GPIO{RELAY}", "active": "low"})]})
        harness.wait_until(reload(agent, refused, moved), "the refusal")
        rest(machine)
        press(agent, recorder, 1)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait() == 0
    first, second = wire.pulses(RELAY)
    assert -50 < first - 5000 < 1000 and -50 < second - 100 < 1000
    assert [event.what for event in wire.of(RELAY)].count("request") == 1


@pytest.mark.parametrize("how", ["--release", "--release by the note", "the next start"])
def test_killed_in_a_pulse_the_relay_is_put_to_rest_by(how, relay, machine, agent_factory, broker, recorder):
    """By the note: the configuration has become a wrong one by then, with another line."""
    agent = agent_factory(
        broker, config={"doors": [door(relay={"line": f"GPIO{RELAY}", "active": relay}, pulse="5s")]}
    )
    if how == "--release by the note":
        directory = agent.config_path + ".d"
        machine.run(f"mkdir {directory}")
        agent.command = ["env", f"RUNTIME_DIRECTORY={directory}", *agent.command]
    with machine.record() as wire:
        online(agent.start(), recorder)
        recorder.publish(agent.topic("left", "set"), "TOGGLE")
        harness.wait_until(lambda: len(wire.levels(RELAY)) == 2, "the pulse")
        agent.send_signal(signal.SIGKILL)
        agent.wait()
        died = len(wire.so_far())
        assert wire.levels(RELAY)[-1][1] == active(relay)  # a Pi's line stays as it is
        since = recorder.mark()
        if how == "--release by the note":
            agent.config = harness.merge(agent.config, {"colour": "red", "doors": [door(relay=f"GPIO{RELAY + 1}")]})
            assert agent.run("--check")[0] == 78
        if how != "the next start":
            assert agent.run("--release")[0] == 0
        else:
            agent.start()
            recorder.wait(agent.topic("availability"), "online", since=since, deadline=20)
            agent.send_signal(signal.SIGTERM)
            assert agent.wait() == 0
    assert len(wire.pulses(RELAY, active(relay))) == 1
    assert all(event.value != active(relay) for event in wire.events[died:] if event.line == RELAY)


WARNING = 5

# Of a press: what comes before, how many levels of the relay and of the warning's line there are then, and the contact that
# is reached while nobody looks.
PHASES = {
    "warning": (["CLOSE"], 1, 2, OPEN),
    "pulse": (["OPEN"], 2, 1, OPEN),
    "gap": (["OPEN", "CLOSE"], 5, 1, None),  # the second stops the door, and would turn it round
    "travel": (["OPEN"], 3, 1, None),
}


@pytest.mark.parametrize(
    ("phase", "number"),
    [("warning", signal.SIGABRT), ("pulse", signal.SIGSEGV), ("pulse", signal.SIGABRT), ("gap", signal.SIGSEGV),
     ("travel", signal.SIGABRT), ("warning", signal.SIGKILL), ("gap", signal.SIGKILL), ("travel", signal.SIGKILL)],
    ids=lambda value: getattr(value, "name", value))  # fmt: skip
def test_a_crash_in_each_phase_of_a_press(phase, number, machine, header, agent_factory, broker, recorder):
    """As the unit has it: the release after the end, then the next start; but for SIGSEGV that start alone. Nothing is pressed
    any more, and what is published is what the contacts say."""
    commands, relay_levels, warning_levels, reached = PHASES[phase]
    header.pull(OPEN if phase == "warning" else CLOSED, up=True)
    lengths = {phase: "5s"} if phase in ("pulse", "gap") else {}
    warning = {"close_warning": {"line": f"GPIO{WARNING}", "time": "5s"}} if phase == "warning" else {}
    agent = agent_factory(broker, config={"doors": [
        door(closed_sensor=contact(CLOSED), open_sensor=contact(OPEN), debounce="20ms", **lengths, **warning)]})  # fmt: skip

    def levels():
        return len(wire.levels(RELAY)), len(wire.levels(WARNING)) if warning else 1

    with machine.record() as wire:
        online(agent.start(), recorder)
        recorder.wait(agent.topic("left", "state"), "open" if phase == "warning" else "closed")
        for command in commands:
            since = recorder.mark()
            recorder.publish(agent.topic("left", "set"), command)
            if phase in ("gap", "travel"):
                recorder.wait(agent.topic("left", "state"), since=since)
                header.pull(CLOSED, up=False)
                rest(machine)
        harness.wait_until(lambda: levels() == (relay_levels, warning_levels), f"the {phase}")
        agent.send_signal(number)
        assert agent.wait() == 128 + number
        died, since = len(wire.so_far()), recorder.mark()
        recorder.wait(agent.topic("availability"), "offline", deadline=20)
        assert levels() == (relay_levels, warning_levels), f"the end came behind the {phase}"
        for line in (CLOSED, OPEN):
            header.pull(line, up=line == reached)
        if number == signal.SIGSEGV:
            assert agent.run("--release")[0] == 0
            assert wire.levels(RELAY)[-1][1] == 0 and (not warning or wire.levels(WARNING)[-1][1] == 0)
        online(agent.start(), recorder)
        state = "open" if reached else "None"  # between its ends nothing tells where it is
        recorder.wait(agent.topic("left", "attributes"), lambda text: '"settled":true' in text, since=since)
        recorder.wait(agent.topic("left", "state"), state, since=since)
        machine.run("sleep 5")  # longer than what was left of the press
        told = [message.payload for message in recorder.seen(agent.topic("left", "state"), since=since)]
        assert set(told) <= {state, "None"}, told
        agent.send_signal(signal.SIGTERM)
        assert agent.wait() == 0
    assert all(event.value != 1 for event in wire.events[died:] if event.line in (RELAY, WARNING))
    assert wire.levels(RELAY)[-1][1] == 0 and (not warning or wire.levels(WARNING)[-1][1] == 0)


def test_nothing_but_the_asked_pulses_while_commands_pour_in(
    machine, header, agent_factory, broker_factory, recorder_factory
):
    """Commands that need no press, to the door beside; what is measured is the length of pulses meanwhile."""
    broker = broker_factory(options=["log_type none", "log_type information"])
    recorder = recorder_factory(broker, topics=["+/+/availability", "+/+/right/state", "test/#"])
    header.pull(CLOSED, up=True)
    doors = [door(), door("right", relay="GPIO18", closed_sensor=contact(CLOSED))]
    config = {"doors": doors, "log": {"level": "info"}, "http": {"allow_anonymous_commands": True}}
    with machine.record() as wire:
        agent = online(agent_factory(broker, config=config).start(), recorder)
        recorder.wait(agent.topic("right", "state"), "closed")
        press(agent, recorder, 10)
        quiet = len(wire.pulses(RELAY))
        start_s, start_bytes = machine.uptime_s(), heard(machine)
        with Load(broker, agent.topic("right", "set"), "CLOSE") as load:
            for _ in range(40):  # by the page, since a broker drops what a client is too slow for
                answer = machine.run("wget -q -O - --post-data= http://127.0.0.1:8080/api/doors/left/toggle")
                assert '"accepted"' in answer
                rest(machine)
            arrived = (heard(machine) - start_bytes) / load.size / (machine.uptime_s() - start_s)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(20) == 0
    errors = [length - 100 for length in wire.pulses(RELAY)]
    assert quiet == 10 and len(errors) == 50
    assert wire.pulses(18) == []
    tell("at rest", errors[:10])
    tell(f"while {arrived:.0f} commands a second arrive", errors[10:])
    assert all(-50 < error < 1000 for error in errors)


def heard(machine):
    """Bytes that came over the network, without the headers of Ethernet, IP and TCP."""
    total, packets = machine.run("cd /sys/class/net/[eu]*/statistics; cat rx_bytes rx_packets").split()
    return int(total) - 54 * int(packets)


class Load:
    """Publishes one command over and over, at QoS 0, for as long as the block runs."""

    def __init__(self, broker, topic, payload):
        self.socket = socket.create_connection(("127.0.0.1", broker.port))
        self.socket.sendall(harness.packet(harness.CONNECT, harness.text("MQTT") + b"\4\2\0\0" + harness.text("load")))
        assert self.socket.recv(4)[3] == 0
        command = harness.packet(harness.PUBLISH, harness.text(topic) + payload.encode())
        self.batch = command * (LOAD_PER_SECOND // 100)
        self.size = len(command)
        self.over = threading.Event()

    def _run(self):
        start = time.monotonic()
        batches = 0
        while not self.over.wait(max(0, start + batches / 100 - time.monotonic())):
            self.socket.sendall(self.batch)
            batches += 1

    def __enter__(self):
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.socket.close()
