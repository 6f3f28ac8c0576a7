"""Sensors to the broker, and a door whose broker or network goes away and comes back."""

import json
import signal
import time
import urllib.request

import pytest

import harness
from guest import CLOSED, OPEN, RELAY, contact, door

SENSORS = {"closed_sensor": contact(CLOSED), "open_sensor": contact(OPEN), "debounce": "20ms"}


@pytest.fixture
def agent(agent_factory, broker, recorder, header):
    """An agent on a closed door, online."""
    header.pull(CLOSED, up=True)
    config = {"mqtt": {"keepalive": "3s"}, "doors": [door(**SENSORS)]}
    agent = agent_factory(broker, config=config).start()
    recorder.wait(agent.topic("availability"), "online", deadline=20)
    recorder.wait(agent.topic("left", "state"), "closed")
    return agent


def test_sensor_edges_become_states(agent, header, recorder):
    for line, up, state in ((CLOSED, False, "opening"), (OPEN, True, "open"), (OPEN, False, "closing"),
                            (CLOSED, True, "closed")):  # fmt: skip
        since = recorder.mark()
        header.pull(line, up)
        recorder.wait(agent.topic("left", "state"), state, since=since)
        recorder.wait(agent.topic("left", "attributes"), lambda text: '"local"' in text, since=since)


def test_what_a_sensor_said_during_a_freeze_comes_before_what_time_brings(machine, agent_factory, broker, header, recorder):
    """The end of the travel is reached while the agent stands still, and it wakes after the latest time for it."""
    header.pull(CLOSED, up=True)
    agent = agent_factory(broker, config={"doors": [door(**SENSORS | {"travel_time": "5s"})]}).start()
    recorder.wait(agent.topic("left", "state"), "closed", deadline=20)
    recorder.publish(agent.topic("left", "set"), "OPEN")
    recorder.wait(agent.topic("left", "state"), "opening")
    header.pull(CLOSED, up=False)
    machine.run("usleep 300000")  # the pulse's end
    agent.send_signal(signal.SIGSTOP)
    header.pull(OPEN, up=True)
    machine.run("sleep 10")  # a quarter more than the travel time, and 2 s, would have been enough
    agent.send_signal(signal.SIGCONT)
    recorder.wait(agent.topic("left", "state"), "open")
    assert not recorder.seen(agent.topic("left", "event"), lambda text: json.loads(text)["event_type"] == "fault")
    assert not recorder.seen(agent.topic("left", "attributes"), lambda text: json.loads(text)["fault"])


def test_contact_to_ground_with_the_pull_up_of_the_line(agent_factory, broker, recorder, header):
    """The usual wiring. The agent's own request pulls the line up; the contact pulls it down."""
    config = {"doors": [door(closed_sensor={"line": f"GPIO{CLOSED}"})]}
    agent = agent_factory(broker, config=config).start()
    recorder.wait(agent.topic("left", "state"), "open", deadline=20)  # not closed, that is
    assert header.value(CLOSED) == 1
    header.pull(CLOSED, up=False)
    recorder.wait(agent.topic("left", "state"), "closed")


def test_bouncing_contact_is_one_change(agent_factory, broker, recorder, header, machine):
    header.pull(CLOSED, up=True)
    agent = agent_factory(broker, config={"doors": [door(**SENSORS | {"debounce": "500ms"})]}).start()
    recorder.wait(agent.topic("left", "state"), "closed", deadline=20)
    pull = f"{header.folder}/sim_gpio{CLOSED}/pull"
    machine.run(f"for i in 1 2 3 4 5; do echo pull-down >{pull}; echo pull-up >{pull}; done; echo pull-down >{pull}")
    recorder.wait(agent.topic("left", "state"), "opening")
    header.pull(CLOSED, up=True)
    recorder.wait(agent.topic("left", "state"), "closed", count=2)
    states = [m.payload for m in recorder.seen(agent.topic("left", "state")) if m.payload != "None"]
    assert states == ["closed", "opening", "closed"]


def test_broker_killed_and_back_moves_nothing_and_is_told_afresh(agent, machine, header, broker, recorder_factory):
    with machine.record() as wire:
        broker.kill()
        agent.wait_log("(?i)lost|disconnected")
        header.pull(CLOSED, up=False)
        header.pull(OPEN, up=True)
        broker.start()  # with nothing kept
        recorder = recorder_factory(broker)
        recorder.wait(agent.topic("availability"), "online", deadline=30)
        recorder.wait(agent.topic("left", "state"), "open")
    kept = harness.retained(broker, agent.topic("#"))
    assert kept[agent.topic("left", "state")] == "open"
    assert kept[agent.topic("left", "position")] == "100"
    assert not wire.of(RELAY)


def test_network_cut_in_a_pulse_and_back(agent_factory, machine, header, broker, recorder):
    """The pulse ends in time, the door goes on, and what happened meanwhile is published when the network is back."""
    if machine.control_is_network:
        pytest.skip("this machine is controlled over the network that would be cut")
    header.pull(CLOSED, up=True)
    config = {"mqtt": {"keepalive": "2s"}, "doors": [door(**SENSORS, pulse="1s")]}
    agent = agent_factory(broker, config=config)
    with machine.record() as wire:
        agent.start()
        recorder.wait(agent.topic("left", "state"), "closed", deadline=20)
        recorder.publish(agent.topic("left", "set"), "OPEN")
        harness.wait_until(lambda: len(wire.levels(RELAY)) == 2, "the pulse")
        machine.set_link(False)
        try:
            since = recorder.mark()
            header.pull(CLOSED, up=False)
            recorder.wait(agent.topic("availability"), "offline", deadline=30)  # the will
            header.pull(OPEN, up=True)
            agent.wait_log("left: open ")
        finally:
            machine.set_link(True)
        recorder.wait(agent.topic("availability"), "online", since=since, deadline=60)
        recorder.wait(agent.topic("left", "state"), "open", since=since)
        time.sleep(0.5)  # for what must not come
    (length,) = wire.pulses(RELAY)
    assert 999 < length < 2000


def test_steps_of_the_clock(agent_factory, machine, header, broker, recorder):
    """From 1970 to now, hours back, over a year ahead, and back, each in a pulse and again in the travel after it: each pulse
    has its length, nothing else is pressed, the travel has its time, and commands count as ever."""
    now = int(time.time())
    steps = [now, now - 5 * 3600, now + 400 * 86400, now]
    header.pull(CLOSED, up=True)
    doors = [door(**SENSORS, pulse="4s", travel_time="8s")]
    machine.run("date -s @1000")
    try:
        agent = agent_factory(broker, config={"mqtt": {"keepalive": "5s"}, "doors": doors})
        agent.await_commands = lambda connect=False: None  # it reckons by the clock
        with machine.record() as wire:
            since = recorder.mark()
            agent.start()
            recorder.wait(agent.topic("left", "state"), "closed", deadline=20)
            recorder.wait(agent.topic("availability"), "online", deadline=20)
            machine.run("sleep 4")  # until commands count
            for number, step in enumerate(steps):
                command, goal, near, far = (("OPEN", "open", CLOSED, OPEN), ("CLOSE", "closed", OPEN, CLOSED))[number % 2]
                since, answer = recorder.mark(), f"test/{number}"
                recorder.publish(agent.topic("left", "set"), command, response_topic=answer)
                assert recorder.wait(answer, since=since).json["result"] == "accepted"
                machine.run(f"usleep 200000; date -s @{step}")
                assert wire.levels(RELAY)[-1][1] == 1, "the step has to come in the pulse"
                header.pull(near, up=False)
                machine.run(f"usleep 4200000; date -s @{step + 7200}; usleep 300000; date -s @{step}")
                assert recorder.seen(agent.topic("left", "state"), since=since)[-1].payload in ("opening", "closing")
                header.pull(far, up=True)
                recorder.wait(agent.topic("left", "state"), goal, since=since)
                told = recorder.wait(agent.topic("left", "attributes"), lambda text: '"sensed"' in text, since=since).json
                assert told["fault"] is None and told["source"] == "mqtt", told
            agent.send_signal(signal.SIGTERM)
            assert agent.wait() == 0
        lengths = wire.pulses(RELAY)
        assert len(lengths) == len(steps) and all(-50 < length - 4000 < 1000 for length in lengths), lengths
        assert recorder.seen(agent.topic("availability"), "offline") == recorder.seen(agent.topic("availability"))[-1:]
    finally:
        machine.run(f"date -s @{time.time():.0f}")


def test_page_answers_from_outside_and_to_the_health_check(agent, machine):
    with urllib.request.urlopen(machine.page + "/api/doors", timeout=harness.DEADLINE) as answer:
        assert json.load(answer)["doors"][0]["state"] == "closed"
    assert agent.run("--healthcheck")[0] == 0
