"""An agent that stands still: frozen, or starved of the processor. What was said to it meanwhile is of the past."""

import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from harness import DEADLINE, PUBLISH, FakeBroker, door, wait_until
from side_by_side import side_by_side


def frozen(agent, seconds=2.2):
    """Stands still for long enough to be noticed for certain."""
    agent.freeze()
    time.sleep(seconds)
    agent.thaw()


@pytest.mark.parametrize("phase", [0, 0.3, 0.6, 0.9])
@side_by_side
def test_what_waited_while_the_agent_was_frozen_is_refused(agent_factory, broker_factory, recorder_factory, phase):
    """Wherever in a second of its threads the freeze begins."""
    broker = broker_factory()
    recorder = recorder_factory(broker)
    agent = agent_factory(broker).start()
    recorder.wait(agent.topic("left", "state"), "closed")
    agent.await_commands()
    time.sleep(phase)
    agent.freeze()
    for command in ("OPEN", "TOGGLE"):
        recorder.publish(agent.topic("left", "set"), command)
    time.sleep(2.2)
    agent.thaw()
    for count in (1, 2):
        recorder.wait(agent.topic("left", "event"), lambda text: '"reason":"stale"' in text, count=count)
    agent.log.wait("stood still")
    assert not agent.log.find("relay on")
    wait_until(lambda: command_works(agent, recorder), "commands that are heard again")


@pytest.mark.parametrize("connected", [True, False])
@side_by_side
def test_a_request_that_waited_while_the_agent_was_frozen_is_refused(agent_factory, broker_factory, connected):
    """A press of the page's button before the freeze is over."""
    agent = agent_factory(broker_factory() if connected else None).start()
    if connected:
        agent.await_commands(connect=True)
    agent.log.wait("left: closed")
    wait_until(lambda: '"settled":true' in get(agent, "/api/doors"), "a settled door")
    time.sleep(2.5)  # at rest
    answers = []

    def press():
        try:
            with urllib.request.urlopen(urllib.request.Request(
                    f"http://127.0.0.1:{agent.http_port}/api/doors/left/open", method="POST"), timeout=DEADLINE) as answer:
                answers.append(answer.read().decode())
        except urllib.error.HTTPError as error:
            answers.append(error.read().decode())

    agent.freeze()
    button = threading.Thread(target=press)
    button.start()
    time.sleep(2.2)
    agent.thaw()
    button.join()
    assert '"stale"' in answers[0], answers
    assert not agent.log.find("relay on")
    wait_until(lambda: press() or '"accepted"' in answers[-1], "a request that counts again")


@side_by_side
def test_a_freeze_in_the_middle_of_a_turn_is_noticed_before_the_next_command(fakes, agent_factory):
    """The agent stops while it publishes, and goes on with what has come meanwhile before any timer runs."""
    class Stopping(FakeBroker):
        stopped = False

        def on_publish(self, connection, publish):
            super().on_publish(connection, publish)
            if not self.stopped:
                self.stopped = True
                agent.freeze()
                connection.publish(agent.topic("d5", "set"), "OPEN", qos=1, id=1)

    fake = fakes(Stopping())
    agent = agent_factory(fake)
    agent.config["doors"] = [door(f"d{i}", relay={"line": 3 * i}, closed_sensor={"line": 3 * i + 1},
                                  open_sensor={"line": 3 * i + 2}) for i in range(64)]
    agent.start()
    fake.wait(lambda: fake.stopped, "the freeze")
    time.sleep(2.2)
    agent.thaw()
    fake.wait_publish(agent.topic("d5", "event"))
    assert agent.log.wait("stood still")
    assert not agent.log.find("relay on")


@side_by_side
def test_after_a_freeze_commands_count_again_once_the_broker_has_echoed(fakes, agent_factory):
    """What a slow broker still holds when the agent thaws comes before the echo of what the agent says then."""
    fake = fakes(FakeBroker())
    agent = agent_factory(fake).start()
    availability = agent.topic("availability")

    def told(what):
        return any(what in packet.payload for packet in connection.received
                   if packet.kind == PUBLISH and packet.topic == agent.topic("left", "event"))

    fake.wait_publish(agent.topic("left", "state"), "closed")
    connection = fake.connections[0]
    frozen(agent)
    fake.wait_publish(availability, "online", count=2)
    time.sleep(5.5)  # past the fixed window, which is not what is tried here
    connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=1)
    fake.wait(lambda: told('"reason":"stale"'), "the refusal")
    connection.publish(availability, "online", qos=1, id=2)
    connection.publish(agent.topic("left", "set"), "OPEN", qos=1, id=3)
    fake.wait(lambda: told("command_accepted"), "a command that counts")


@side_by_side
def test_a_press_that_was_due_while_the_agent_was_frozen_is_not_made(agent_factory, recorder_factory, broker):
    """Who asked has gone, and the door may since have been moved by hand."""
    recorder = recorder_factory(broker, topics=["portcullis/#"])
    agent = agent_factory(broker, config={"doors": [door(close_warning={"line": 9, "time": "5s"})]}).start()
    recorder.wait(agent.topic("left", "state"), "closed")
    recorder.publish(agent.topic("left", "set"), "OPEN")
    time.sleep(0.1)
    recorder.wait(agent.topic("left", "state"), "open")
    recorder.publish(agent.topic("left", "set"), "CLOSE")
    recorder.wait(agent.topic("left", "event"), lambda text: "close_warning" in text)
    agent.freeze()
    time.sleep(10.5)  # the bound itself: a warning of 5 s, and 5 s late
    agent.thaw()
    recorder.wait(agent.topic("left", "event"), lambda text: "command_cancelled" in text)
    assert len(agent.log.find("left: relay on")) == 1, "OPEN's alone"


@side_by_side
def test_after_a_freeze_only_the_present_is_published(agent_factory, recorder_factory, broker):
    """The wall button opens the door while the agent is frozen: nobody hears of `opening` when it is open."""
    recorder = recorder_factory(broker, topics=["portcullis/#"])
    agent = agent_factory(broker, config={"doors": [door(debounce="2s", travel_time="1s")]}).start()
    recorder.wait(agent.topic("left", "attributes"), lambda text: '"settled":true' in text)
    recorder.wait(agent.topic("doors"), lambda text: '"settled":true' in text)
    mark = recorder.mark()
    with urllib.request.urlopen(urllib.request.Request(
            f"http://127.0.0.1:{agent.http_port}/api/simulator/left/wall_button", method="POST"), timeout=DEADLINE):
        pass
    frozen(agent, 6)  # from before the contact has stood still on
    agent.log.wait("stood still")
    recorder.wait(agent.topic("left", "state"), "open", since=mark)
    recorder.wait(agent.topic("left", "event"), lambda text: '"opened"' in text, since=mark)
    recorder.wait(agent.topic("doors"), lambda text: '"state":"open"' in text, since=mark)
    time.sleep(1)
    assert {m.payload for m in recorder.seen(agent.topic("left", "state"), since=mark)} == {"open"}  # said again 10 s after the connect
    assert [m.json["event_type"] for m in recorder.seen(agent.topic("left", "event"), since=mark)] == ["opened"]
    assert not recorder.seen(agent.topic("doors"), lambda text: '"state":"opening"' in text, since=mark)


@side_by_side
def test_after_a_freeze_who_listens_to_the_page_is_told_the_present(agent_factory, recorder_factory, broker):
    """The door opens while the agent is frozen, and nothing changes afterwards. Every ten seconds he is told in any case."""
    recorder = recorder_factory(broker, topics=["portcullis/#"])
    agent = agent_factory(broker, config={"doors": [door(debounce="1s", travel_time="1s")]}).start()
    recorder.wait(agent.topic("doors"), lambda text: '"settled":true' in text)
    with urllib.request.urlopen(f"http://127.0.0.1:{agent.http_port}/api/events", timeout=DEADLINE) as events:
        with urllib.request.urlopen(urllib.request.Request(
                f"http://127.0.0.1:{agent.http_port}/api/simulator/left/wall_button", method="POST"), timeout=5):
            pass
        frozen(agent, 6)
        thawed = time.monotonic()
        for line in events:
            assert b'"state":"opening"' not in line
            if b'"state":"open"' in line:
                assert time.monotonic() - thawed < 5
                break
        else:
            pytest.fail("the stream has ended")


@side_by_side
def test_the_clock_goes_on_while_the_machine_is_suspended(broker, agent_factory, recorder_factory, tmp_path):
    """A suspended machine is a clock that stops, and one that goes on: a time namespace sets the two apart."""
    prefix = ["unshare", "--time", "--boottime", "400000", "--fork", "--kill-child"]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no time namespace: {tried.stderr.strip()}")
    recorder = recorder_factory(broker, topics=["portcullis/#"])
    agent = agent_factory(broker, config={"history": {"directory": str(tmp_path)}}).start(prefix=prefix)
    recorder.wait(agent.topic("left", "state"), "closed")
    child = Path(f"/proc/{agent.process.pid}/task/{agent.process.pid}/children").read_text().split()[0]
    timers = [text for fd in os.listdir(f"/proc/{child}/fdinfo")
              if "clockid" in (text := Path(f"/proc/{child}/fdinfo/{fd}").read_text())]
    assert timers and all("clockid: 7\n" in text for text in timers), "CLOCK_BOOTTIME"
    recorder.publish(agent.topic("left", "set"), "OPEN")
    time.sleep(0.1)
    recorder.wait(agent.topic("left", "state"), "open")
    wait_until(lambda: any('"opened"' in path.read_text() for path in tmp_path.glob("history*")), "a history on disk")
    for _ in range(50):  # a wait for the next write that is in the past would be a loop
        assert int(Path(f"/proc/{child}/stat").read_text().split()[13]) < 300
        time.sleep(0.02)
    os.kill(int(child), signal.SIGTERM)
    assert agent.wait() == 0


def get(agent, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{agent.http_port}{path}", timeout=DEADLINE) as answer:
        return answer.read().decode()


def command_works(agent, recorder):
    recorder.publish(agent.topic("left", "set"), "OPEN")
    time.sleep(0.1)
    return agent.log.find("relay on")
