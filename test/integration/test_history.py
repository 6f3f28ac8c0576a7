"""The history: what happened to the doors, by GET /api/history and in files that outlive the agent, however it ends."""

import json
import os
import platform
import re
import signal
import subprocess
import time
import zlib
from datetime import datetime, timezone
from pathlib import Path

import pytest

from harness import SLOWNESS, agent_command, ask, door, get, logged_at, wait_until

FILE = "history.jsonl"


def events(agent, query=""):
    return json.loads(get(agent, f"/api/history{query}"))["events"]


def only_door(agent):
    return json.loads(get(agent, "/api/doors"))["doors"][0]


@pytest.fixture
def home(agent_factory, recorder_factory, broker, tmp_path):
    """Makes agents that keep their history in one folder, each ready when it comes."""
    folder = tmp_path / "history"
    folder.mkdir()

    def make(directory=folder, prefix=(), env=None, **changes):
        agent = agent_factory(broker, config={"history": {"directory": str(directory)},
                                              "doors": [door(**{"travel_time": "500ms", **changes})]})
        agent.recorder = recorder_factory(broker, topics=[agent.topic("#")])
        agent.mark = agent.recorder.mark()
        agent.start(prefix=prefix, env=env)
        agent.log.wait("listening on")
        agent.recorder.wait(agent.topic("availability"), "online", since=agent.mark)
        wait_until(lambda: only_door(agent)["settled"], "sensors that have settled")
        return agent

    make.folder = folder
    return make


def lift(agent):
    """Nobody knows which doors were locked out while the directory cannot be read (test_lockout)."""
    assert ask(agent, "POST", "/api/lockout/off").status == 202


def move(agent, command, state):
    mark = agent.recorder.mark()
    agent.recorder.publish(agent.topic("left", "set"), command)
    agent.recorder.wait(agent.topic("left", "state"), state, since=mark)


def lines(folder, name=FILE):
    """The lines of a file, each whole by its checksum, as whoever has Python would check it."""
    path = folder / name
    found = path.read_text().splitlines() if path.exists() else []
    for line in found:
        body, end = line.rsplit(',"crc32":', 1)
        assert f"{zlib.crc32(body.encode()):08x}" == json.loads("{\"a\":" + end)["a"]
    return [json.loads(line) for line in found]


def wait_written(folder, event, count=1):
    def found():
        path = folder / FILE
        return path.exists() and path.read_text().count(f'"event":"{event}"') >= count
    wait_until(found, f"{event} in {FILE}")


def has_clock(agent):
    """Whether the agent takes this machine's clock for set: see base/clock.h. Under emulation it is no PC's."""
    return len(agent.command) == 1 and platform.machine() == "x86_64"


def test_what_happened_with_source_and_reason(home):
    agent = home()
    before = datetime.now(timezone.utc)
    move(agent, "OPEN", "open")
    agent.recorder.publish(agent.topic("left", "set"), "CLOSE", retain=True)
    agent.recorder.wait(agent.topic("left", "event"), re.compile("retained|closing"))
    agent.recorder.publish(agent.topic("left", "set"), "", retain=True)
    found = events(agent)[::-1]
    assert [event["event"] for event in found[:4]] == ["started", "opening", "command_accepted", "opened"]
    started, opening, accepted, opened = found[:4]
    assert (started["state"], started["source"]) == ("closed", None)
    assert (opening["state"], opening["source"], opened["state"], opened["source"]) == ("opening", "mqtt", "open", "mqtt")
    assert (accepted["command"], accepted["reason"]) == ("open", None)
    assert all(event["door"] == "left" and event["run"] == 1 for event in found)
    numbers = [event["number"] for event in found]
    assert numbers == list(range(1, len(numbers) + 1))
    if has_clock(agent):
        at = datetime.fromisoformat(opened["time"].replace("Z", "+00:00"))
        assert abs((at - before).total_seconds()) < 30 * SLOWNESS
    else:
        assert opened["time"] is None or opened["time"] > "2026"

    page = json.loads(get(agent, "/api/history?limit=2"))
    assert [event["number"] for event in page["events"]] == numbers[:-3:-1] and page["next"] == numbers[-2]
    page = json.loads(get(agent, f"/api/history?limit=2&before={page['next']}&door=left"))
    assert [event["number"] for event in page["events"]] == numbers[-3:-5:-1]


def test_without_a_directory_it_is_in_memory(agent):
    wait_until(lambda: only_door(agent)["settled"], "sensors that have settled")
    assert [event["event"] for event in events(agent)] == ["started"]
    assert not agent.log.find("history:")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_loses_nothing(home, end):
    agent = home()
    move(agent, "OPEN", "open")
    move(agent, "CLOSE", "closed")
    before = only_door(agent)
    assert before["cycles"] == 1 and before["last_open_ms"] > 0 and before["last_close_ms"] > 0
    known = events(agent)
    if end == "kill":
        wait_written(home.folder, "closed")
    getattr(agent, end)()

    agent = home()
    after = only_door(agent)
    for key in ("cycles", "last_open_ms", "last_close_ms", "last_travel_ms", "last_changed", "source", "state"):
        assert after[key] == before[key], key
    found = events(agent)
    assert found[0]["event"] == "started" and found[0]["run"] == 2 and found[1:] == known
    agent.recorder.wait(agent.topic("left", "attributes"), since=agent.mark,
                        payload=lambda text: '"settled":true' in text and '"cycles":1' in text and '"source":"mqtt"' in text)
    assert not agent.log.find("relay (on|off)")
    move(agent, "OPEN", "open")
    move(agent, "CLOSE", "closed")
    assert only_door(agent)["cycles"] == 2


def test_a_door_that_moved_while_nobody_looked_has_no_last_change(home):
    agent = home()
    move(agent, "OPEN", "open")
    wait_written(home.folder, "opened")
    agent.kill()
    agent = home()  # the simulated door is closed again
    after = only_door(agent)
    assert (after["state"], after["source"], after["last_changed"]) == ("closed", None, None)
    assert events(agent)[0] | {"number": 0, "time": 0, "uptime_ms": 0} == {
        "number": 0, "time": 0, "run": 2, "uptime_ms": 0, "door": "left", "event": "started", "state": "closed",
        "source": None, "command": None, "reason": None, "fault": None, "count": 1}


def test_ordinary_tools_read_the_file(home):
    agent = home()
    move(agent, "OPEN", "open")
    agent.stop()
    found = lines(home.folder)
    assert [line["event"] for line in found] == ["started", "opening", "command_accepted", "opened"]
    assert list(found[0]) == ["number", "time", "run", "up_ms", "door", "event", "state", "source", "command", "reason",
                              "fault", "cycles", "open_ms", "close_ms", "travel_ms", "crc32"]
    done = subprocess.run(["grep", "-c", '"door":"left"', str(home.folder / FILE)], capture_output=True, text=True)
    assert done.stdout == "4\n"


def test_a_torn_end_is_dropped_and_written_over(home):
    agent = home()
    move(agent, "OPEN", "open")
    agent.stop()
    path = home.folder / FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    agent = home()
    assert [event["event"] for event in events(agent)] == ["started", "command_accepted", "opening", "started"]
    assert "1 lines" not in "".join(agent.log.find("damaged"))  # an end is torn, not damaged
    agent.stop()
    assert len(lines(home.folder)) == 4


def test_damaged_lines_are_passed_over_and_told_once(home):
    agent = home()
    move(agent, "OPEN", "open")
    agent.stop()
    path = home.folder / FILE
    path.write_bytes(path.read_bytes().replace(b'"event":"opening"', b'"event":"openinG"'))
    agent = home()
    assert [event["event"] for event in events(agent)] == ["started", "opened", "command_accepted", "started"]
    agent.log.wait("history: 1 lines in .* are damaged")
    assert len(agent.log.find("history: 1 lines in .* are damaged")) == 1


@pytest.mark.parametrize("trouble", ["missing", "a file", "not readable"])
def test_a_directory_that_cannot_be_used_is_told_once(home, tmp_path, trouble):
    directory = tmp_path / "trouble"
    if trouble == "a file":
        directory.write_text("")
    elif trouble == "not readable":
        (directory / FILE).mkdir(parents=True)
    agent = home(directory=directory)
    lift(agent)
    move(agent, "OPEN", "open")
    move(agent, "CLOSE", "closed")
    assert len(agent.log.find("history: .*in memory only, and it is tried again every 5 s")) == 1
    assert len(agent.log.find("warning.*history")) == 1
    assert events(agent)[0]["event"] == "closed"
    assert agent.stop() == 0


def has_problem(agent, pattern):
    """Waits until the agent says everywhere why its history is in memory only; pattern None: that it is not."""
    def says():
        problem = json.loads(get(agent, "/api/history"))["problem"]
        return problem is None if pattern is None else problem and re.search(pattern, problem)
    wait_until(says, f"a problem of the history: {pattern}")
    for path, wrong in (("/healthz", "degraded: the history is in memory only"), ("/", "The history is in memory only.")):
        assert (wrong in get(agent, path)) == (pattern is not None)
    assert f"portcullis_history_on_disk {0 if pattern else 1}\n" in get(agent, "/metrics")


# Root is left no way to a directory that was not there (docs/security.md): a user who may write everywhere is.
USER = (["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"]
        if os.geteuid() == 0 else [])


@pytest.mark.parametrize("trouble", ["missing", "not readable"])
def test_a_directory_that_comes_later_is_used(home, tmp_path, trouble):
    agent = home(prefix=USER)
    move(agent, "OPEN", "open")
    move(agent, "CLOSE", "closed")
    wait_written(home.folder, "closed")
    assert only_door(agent)["cycles"] == 1 and agent.stop() == 0
    before = lines(home.folder)
    away = tmp_path / "away"
    if trouble == "missing":
        home.folder.rename(away)
    else:
        (home.folder / FILE).rename(away)
        (home.folder / FILE).mkdir()
    agent = home(prefix=USER)
    has_problem(agent, "cannot be opened .No such file" if trouble == "missing" else "cannot be read .Invalid")
    lift(agent)
    move(agent, "OPEN", "open")
    move(agent, "CLOSE", "closed")
    assert only_door(agent)["cycles"] == 1 and events(agent)[0]["run"] == 1
    mark = agent.recorder.mark()
    if trouble == "missing":
        away.rename(home.folder)
    else:
        (home.folder / FILE).rmdir()
        away.rename(home.folder / FILE)
    wait_until(lambda: only_door(agent)["cycles"] == 2, "the cycles of both runs")
    agent.recorder.wait(agent.topic("left", "attributes"), lambda text: json.loads(text)["cycles"] == 2, since=mark)
    has_problem(agent, None)
    found = events(agent)[::-1]
    assert [event["number"] for event in found] == sorted({event["number"] for event in found})
    assert [event["run"] for event in found] == [1] * len(before) + [2] * (len(found) - len(before))
    former, now = found[:len(before)], found[len(before):]  # a command is accepted before or after its press: the gap tells
    lifted = ["command_accepted", "lockout_lifted"]
    assert sorted(event["event"] for event in now) == sorted([event["event"] for event in former] + lifted)
    move(agent, "OPEN", "open")
    wait_written(home.folder, "opened", 3)
    assert agent.stop() == 0
    written = lines(home.folder)
    assert written[:len(before)] == before and (written[-1]["run"], written[-1]["cycles"]) == (2, 2)
    numbers = [line["number"] for line in written]
    assert numbers == sorted(set(numbers))


def test_two_agents_do_not_share_a_directory(home):
    home()
    second = home()
    second.log.wait("another agent writes in")


def test_a_full_disk_is_told_once_and_the_doors_go_on(home):
    agent = home(prefix=["prlimit", f"--fsize={700}", "--"])
    move(agent, "OPEN", "open")
    agent.log.wait("history: cannot write in .*File too large")
    move(agent, "CLOSE", "closed")
    move(agent, "OPEN", "open")
    assert len(agent.log.find("warning.*history")) == 1
    assert events(agent)[0]["event"] == "opened" and only_door(agent)["cycles"] == 1
    assert agent.stop() == 0
    assert lines(home.folder)  # whole ones


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_file_system_without_room_or_read_only(home, tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k,nr_inodes=8", "tmpfs", str(place)],
                             capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no tmpfs here: {mounted.stderr.strip()}")
    try:
        (place / "filler").write_bytes(b"x" * 4096)
        agent = home(directory=place)
        for _ in range(4):
            move(agent, "OPEN", "open")
            move(agent, "CLOSE", "closed")
        agent.log.wait("history: cannot write in .*No space left")
        assert len(agent.log.find("warning.*history")) == 1
        assert agent.stop() == 0
        assert all(lines(place))
        (place / "filler").unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        agent = home(directory=place)
        agent.log.wait("history: cannot write in .*Read-only file system")
        has_problem(agent, "cannot write in .*Read-only file system")
        move(agent, "OPEN", "open")
        assert agent.stop() == 0
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_slow_disk_does_not_hold_up_a_relay(home):
    """fdatasync that takes 600 ms, as memory cards do, by strace: a pulse of 100 ms ends meanwhile, by the log."""
    if len(agent_command()) > 1:  # before anything is started: strace, when killed, leaves what it traces alive
        pytest.skip("not under emulation")
    strace = next((path for path in ("/usr/bin/strace", "/bin/strace") if Path(path).exists()), None)
    if not strace:
        pytest.skip("no strace: apt-get install strace")
    traced = subprocess.run([strace, "-f", "-o", "/dev/null", "true"], capture_output=True)
    if traced.returncode:
        pytest.skip("strace may not trace here")
    agent = home(prefix=[strace, "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=fdatasync",
                         "-e", f"inject=fdatasync:delay_enter={round(600_000 * SLOWNESS)}"],
                 env={"LSAN_OPTIONS": "detect_leaks=0"})  # which cannot work in a traced program
    for command, state in (("OPEN", "open"), ("CLOSE", "closed")):
        mark = agent.recorder.mark()
        move(agent, command, state)
        seen = agent.recorder.seen(agent.topic("left", "state"), since=mark)
        begin, end = [m.at for m in seen if m.payload in ("opening", "closing", state)][:2]  # not the one of the start
        assert end - begin < 1.5 * SLOWNESS
    on, off = ([logged_at(line) for line in agent.log.find(rf"door left: relay {way}\b")] for way in ("on", "off"))
    assert len(on) == len(off) == 2
    assert all(0.095 < (end - begin).total_seconds() < 0.1 + 0.4 * SLOWNESS for begin, end in zip(on, off))
    took = time.monotonic()
    process = agent.process.pid
    os.kill(int(Path(f"/proc/{process}/task/{process}/children").read_text()), signal.SIGTERM)
    assert agent.wait() == 0
    assert time.monotonic() - took < 5 * SLOWNESS
