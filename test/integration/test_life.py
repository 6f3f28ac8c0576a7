"""The agent's life: starting, ending in every way, the service manager, the log, the command line."""

import ctypes
import fcntl
import json
import os
import platform
import re
import select
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

from harness import DEADLINE, SLOWNESS, door, free_port, logged_at, merge, retained, wait_until


def press(agent, pulse_door="left"):
    agent.recorder.publish(agent.topic(pulse_door, "set"), "OPEN")
    agent.log.wait(rf"door {pulse_door}: relay on")


@pytest.fixture
def long_pulse(agent_factory, recorder_factory, broker):
    """An agent whose pulses last long enough to be caught in the middle."""
    agent = agent_factory(broker, config={"doors": [door(pulse="5s")]}).start()
    agent.recorder = recorder_factory(broker)
    agent.recorder.wait(agent.topic("left", "state"), "closed")
    return agent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_signal_in_a_pulse_releases_the_relay_first(long_pulse, broker, number):
    press(long_pulse)
    began = time.monotonic()
    assert long_pulse.stop(number) == 0
    assert time.monotonic() - began < 3 * SLOWNESS
    lines = long_pulse.log.lines
    on, stopping, off, ended = [next(i for i, line in enumerate(lines) if part in line) for part in
                                ("door left: relay on", ": stopping", "door left: relay off", "info: ended")]
    assert on < stopping < off < ended
    long_pulse.recorder.wait(long_pulse.topic("availability"), "offline")
    assert retained(broker)[long_pulse.topic("availability")] == "offline"


def test_a_frozen_broker_holds_the_end_up_for_less_than_three_seconds(long_pulse, broker):
    press(long_pulse)
    broker.freeze()
    began = time.monotonic()
    assert long_pulse.stop() == 0
    assert time.monotonic() - began < 3 * SLOWNESS
    long_pulse.log.wait("relay off")


def test_a_second_signal_ends_at_once(long_pulse, broker):
    broker.freeze()
    long_pulse.send_signal(signal.SIGTERM)
    long_pulse.log.wait(": stopping")
    long_pulse.send_signal(signal.SIGTERM)
    assert long_pulse.wait() == 0
    again, ended = [logged_at(long_pulse.log.wait(said)) for said in ("again: ending at once", "info: ended")]
    assert (ended - again).total_seconds() < 1.5, "less than the farewell's 2.5 s"


def test_commands_while_stopping_are_refused(agent, broker):
    broker.freeze()  # so that the end takes a while
    with socket.create_connection(("127.0.0.1", agent.http_port), timeout=DEADLINE) as page:
        agent.send_signal(signal.SIGTERM)
        agent.log.wait(": stopping")
        page.sendall(b"POST /api/doors/left/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        answer = page.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 409 ") and '"stopping"' in answer
    assert agent.wait() == 0
    assert not agent.log.find("relay on")


def test_a_killed_agent_is_offline_by_its_will(agent, broker):
    agent.kill()
    agent.recorder.wait(agent.topic("availability"), "offline")


def test_a_log_that_nobody_reads_holds_up_nothing(agent_factory, recorder_factory, broker, tmp_path):
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    recorder = recorder_factory(broker)
    agent = agent_factory(broker).start(prefix=("sh", "-c", f'exec "$@" 2>{pipe}', "sh"))
    recorder.wait(agent.topic("left", "attributes"), lambda text: '"settled":true' in text)
    time.sleep(2 + SLOWNESS)  # commands count from then on; the log cannot tell when
    recorder.publish(agent.topic("left", "set"), "OPEN")
    recorder.wait(agent.topic("left", "state"), "open")
    read = os.read(reader, 65536)
    assert b"listening on" not in read, "the pipe was full before that"
    recorder.publish(agent.topic("left", "set"), "CLOSE")
    recorder.wait(agent.topic("left", "state"), "closed", count=2)  # the first was at the start
    read = b""
    while b"lines of the log are lost here" not in read:
        assert select.select([reader], [], [], DEADLINE)[0], f"in vain waited for the word of lost lines; read: {read}"
        more = os.read(reader, 65536)
        assert more, f"the agent closed its log; read: {read}"
        read += more
    assert agent.stop() == 0
    os.close(reader)


def test_starting_and_ending_touch_no_relay(agent):
    assert agent.stop() == 0
    assert not agent.log.find("relay (on|off)")


def test_the_service_manager_is_told(agent_factory, broker, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(DEADLINE)
        agent = agent_factory(broker).start(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
        heard = [manager.recv(256).decode() for _ in range(4)]
        assert heard == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]

        agent.freeze()  # a loop that does not turn is silent
        manager.settimeout(1)
        with pytest.raises(TimeoutError):
            for _ in range(50):  # more than a socket keeps of before
                manager.recv(256)
        agent.thaw()
        manager.settimeout(DEADLINE)
        assert manager.recv(256).decode() == "WATCHDOG=1"
        agent.send_signal(signal.SIGTERM)
        while (last := manager.recv(256).decode()) == "WATCHDOG=1":
            pass
        assert last == "STOPPING=1"
        assert agent.wait() == 0


def test_ready_does_not_wait_for_a_broker(agent_factory, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(DEADLINE)
        agent_factory().start(env={"NOTIFY_SOCKET": path})
        assert manager.recv(256).decode() == "READY=1"


def test_the_journal_gets_priorities(agent_factory, tmp_path):
    agent = agent_factory()
    agent.write_config()
    log = tmp_path / "journal"
    with log.open("w") as stream:
        status = log.stat()
        process = subprocess.Popen([*agent.command, "--config", str(agent.config_path)], stderr=stream,
                                   env={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        try:
            wait_until(lambda: "127.0.0.1" in log.read_text(), "a warning of the missing broker")
        finally:
            process.terminate()
            process.wait(DEADLINE)
    lines = log.read_text().splitlines()
    assert all(re.match(r"<[3467]>", line) for line in lines)
    assert any(line.startswith("<6>portcullis") for line in lines)
    assert any(line.startswith("<4>the doors are simulated") for line in lines)


def test_a_json_log_is_json_line_by_line(agent_factory, broker):
    agent = agent_factory(broker, config={"log": {"format": "json"}, "doors": [door(name='A "door"\u00e9')]}).start()
    agent.log.wait("connected to the broker")
    assert agent.stop() == 0
    lines = [json.loads(line) for line in agent.log.lines]
    assert {"time", "level", "message"} == set(lines[0])
    assert any(line["message"] == "ended" for line in lines)


def test_secrets_are_not_logged(agent_factory, broker_factory, recorder_factory, tmp_path):
    broker = broker_factory(users={"portcullis": "s3cret-of-mqtt"})
    secret = tmp_path / "page"
    secret.write_text("s3cret-of-page\n")
    secret.chmod(0o600)
    agent = agent_factory(broker, config={
        "mqtt": {"username": "portcullis", "password": "s3cret-of-mqtt"},
        "http": {"username": "me", "password_file": str(secret)}})
    checked = agent.run("--check")
    assert checked.returncode == 0 and "s3cret" not in checked.stdout + checked.stderr
    agent.start()
    agent.log.wait("connected to the broker")
    agent.stop()
    assert not agent.log.find("s3cret")


def test_the_started_agent_has_locked_itself_down(agent):
    """What that makes impossible is in test/unit/test_sandbox.c, from inside."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{agent.process.pid}/status").read_text().splitlines())
    said = agent.log.wait("locked down")
    if "sanitizer" in said:
        pytest.skip(said)
    if len(agent.command) > 1:
        pytest.skip("QEMU's user emulation knows neither Landlock nor filters: " + said)
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    for thread in Path(f"/proc/{agent.process.pid}/task").iterdir():
        assert "Seccomp:\t2" in (thread / "status").read_text()


def without_timers():
    """In the child: a seccomp filter as that of an engine that is too old, which refuses timerfd_settime with EPERM."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = b"".join(struct.pack("<HBBI", *each) for each in (
        (0x20, 0, 0, 0), (0x15, 0, 1, 286), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)))
    program = ctypes.create_string_buffer(code)
    filters = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(program))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filters, 0, 0):
        os._exit(99)


def test_a_call_that_the_container_s_engine_refuses_ends_the_start(agent_factory):
    """Which calls are looked at is in test/unit/test_kernel.c."""
    agent = agent_factory()
    if platform.machine() != "x86_64" or "qemu" in " ".join(agent.command):
        pytest.skip("the filter is for this architecture's numbers")
    agent.write_config()
    for mode, status in (((), 1), (("--check",), 1), (("--release",), 0)):
        done = subprocess.run([*agent.command, "--config", str(agent.config_path), *mode], text=True, capture_output=True,
                              timeout=DEADLINE, check=False, preexec_fn=without_timers)
        assert done.returncode == status, done.stderr
        if status:
            assert "refuses timerfd (Operation not permitted)" in done.stderr and "libseccomp 2.4.2" in done.stderr


# ---- The command line ----


def test_exit_statuses(agent_factory):
    agent = agent_factory()
    assert agent.run("--check").returncode == 0
    assert agent.run("--nonsense").returncode == 2
    assert agent.run("extra").returncode == 2
    assert agent.run("--check", "--release").returncode == 2
    assert agent.run("--config").returncode == 2
    version = agent.run("--version")
    assert version.returncode == 0 and re.fullmatch(r"portcullis \d+\.\d+\.\d+\n", version.stdout)
    usage = agent.run("--help")
    assert usage.returncode == 0 and "--healthcheck" in usage.stdout


def test_a_broken_configuration_is_status_78_and_touches_nothing(agent_factory):
    agent = agent_factory(config={"doors": [door(pulse="9s")], "colour": "red"})
    for mode in ([], ["--check"], ["--release"], ["--watch"], ["--healthcheck"]):
        done = agent.run(*mode)
        assert done.returncode == 78
        said = [line for line in done.stderr.splitlines() if "backend: simulated" not in line]  # which is warned of
        assert len(re.findall(r"portcullis\.yaml:\d+:\d+: ", "\n".join(said))) == 2
    agent.config_path.unlink()
    done = subprocess.run([*agent.command, "--config", str(agent.config_path)], capture_output=True, text=True)
    assert done.returncode == 78
    assert str(agent.config_path) in done.stderr


def test_after_a_simulated_agent_no_line_is_released(agent_factory, tmp_path):
    """It has driven none: neither those of the configuration, which has become a real one, nor those of the agent before."""
    agent = agent_factory()
    (tmp_path / "outputs").write_text("run 5\nchip /dev/no-such-chip\nlow name GPIO17\nend\n")
    agent.command = ["env", f"RUNTIME_DIRECTORY={tmp_path}", "INVOCATION_ID=5", *agent.command]
    assert "no-such-chip" in agent.run("--release").stderr
    agent.start().log.wait("HTTP: listening")
    agent.stop()
    agent.config = merge(agent.config, {"gpio": {"backend": "libgpiod", "chip": "nowhere"}})
    done = agent.run("--release")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("directories, noted", [("{0}:{0}/another", True), ("", False)], ids=["several", "none"])
def test_where_the_note_is(agent_factory, tmp_path, directories, noted):
    """A unit may have several directories: RUNTIME_DIRECTORY names all of them."""
    agent = agent_factory()
    agent.command = ["env", f"RUNTIME_DIRECTORY={directories.format(tmp_path)}", *agent.command]
    agent.start().log.wait("HTTP: listening")
    agent.stop()
    assert not agent.log.find("cannot write")
    assert (tmp_path / "outputs").exists() == noted and not Path("/outputs").exists()


def test_the_note_of_another_agent_in_the_same_directory_is_not_gone_by(agent_factory, tmp_path):
    """systemd gives a unit and its release one INVOCATION_ID. Else the relays of the one that died would stay as they were."""
    died, lives = agent_factory(config={"gpio": {"backend": "libgpiod", "chip": "/dev/no-such-chip"}}), agent_factory()
    for agent, run in ((died, "1"), (lives, "2")):
        agent.command = ["env", f"RUNTIME_DIRECTORY={tmp_path}", f"INVOCATION_ID={run}", *agent.command]
    lives.start().log.wait("HTTP: listening")
    assert "/dev/no-such-chip" in died.run("--release").stderr
    lives.stop()
    lives.config = merge(lives.config, {"gpio": {"backend": "libgpiod", "chip": "nowhere"}})
    assert lives.run("--release").returncode == 0  # by its note: a simulated one has driven nothing


def test_a_port_in_use_is_said_and_the_page_comes_when_it_is_free(agent_factory, recorder_factory, broker):
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        agent = agent_factory(broker, config={"http": {"listen": f"127.0.0.1:{port}"}}).start()
        said = agent.log.wait("HTTP: cannot listen")
        assert str(port) in said and "in use" in said.lower() and "without the page" in said
        recorder = recorder_factory(broker)
        recorder.wait(agent.topic("left", "state"), "closed")
        recorder.publish(agent.topic("left", "set"), "OPEN")
        recorder.wait(agent.topic("left", "state"), "open")
        assert agent.run("--healthcheck").returncode == 1
        agent.log.wait("tried again every 5 s")
        time.sleep(6)  # one attempt more, which says nothing new
        assert len(agent.log.find("cannot listen")) == 1
    agent.log.wait(f"listening on http://127.0.0.1:{port}/")
    wait_until(lambda: agent.run("--healthcheck").returncode == 0, "the page")


def test_an_address_that_is_not_there_yet_holds_up_nothing(agent_factory, recorder_factory, broker):
    agent = agent_factory(broker, config={"http": {"listen": "192.0.2.77:8080"}})
    checked = agent.run("--check")
    assert checked.returncode == 0 and "http.listen: no interface of this machine has 192.0.2.77 now" in checked.stderr
    assert "warning" in checked.stdout
    agent.start()
    agent.log.wait("HTTP: no interface of this machine has the address 192.0.2.77 yet.*without the page")
    recorder = recorder_factory(broker)
    recorder.wait(agent.topic("availability"), "online")
    recorder.wait(agent.topic("left", "state"), "closed")
    agent.send_signal(signal.SIGHUP)  # which tries it, too
    agent.log.wait("the configuration is taken over")
    assert agent.stop() == 0


def test_a_reload_lets_no_damaged_hash_in_before_the_page_is_there(agent_factory, broker):
    agent = agent_factory(broker, config={"http": {"listen": "192.0.2.77:8080"}}).start()
    agent.log.wait("HTTP: no interface")
    text = agent.config_path.read_text()
    agent.config_path.write_text(text.replace('"192.0.2.77:8080"', '"192.0.2.77:8080", "username": "a", "password": "$pbkdf2-sha256$x"'))
    assert agent.config_path.read_text() != text
    agent.send_signal(signal.SIGHUP)
    agent.log.wait("begins like a hash and is none")
    agent.log.wait("the reload is refused")


def test_a_history_without_its_directory_is_warned_of(agent_factory, tmp_path):
    agent = agent_factory(config={"history": {"directory": str(tmp_path / "none")}})
    checked = agent.run("--check")
    assert checked.returncode == 0 and "history.directory: there is no " in checked.stderr
    assert "each door is locked out until" in checked.stderr
    (tmp_path / "file").write_text("")
    checked = agent_factory(config={"history": {"directory": str(tmp_path / "file" / "in it")}}).run("--check")
    assert checked.returncode == 0 and "may not write in " in checked.stderr and "Not a directory" in checked.stderr


@pytest.mark.parametrize("root", ["//none.pem", "/../none.pem", "/./none.pem"])
def test_no_spelling_of_the_root_opens_everything(agent_factory, tmp_path, root):
    """The folders of the named files stay readable; that of a file in the root would be all there is."""
    agent = agent_factory("mqtts://127.0.0.1:1", config={"mqtt": {"tls": {"ca_file": root}}}).start()
    if "locked down: Landlock" not in agent.log.wait("locked down"):
        pytest.skip("this kernel or program has no Landlock")
    agent.log.wait("door left: closed")
    elsewhere = tmp_path / "elsewhere" / "portcullis.yaml"
    elsewhere.parent.mkdir()
    agent.config_path.rename(elsewhere)
    agent.config_path.symlink_to(elsewhere)
    agent.send_signal(signal.SIGHUP)
    agent.log.wait("cannot be read: Permission denied")


def test_the_health_check(agent_factory):
    agent = agent_factory()
    done = agent.run("--healthcheck")
    assert done.returncode == 1 and "127.0.0.1" in done.stderr
    agent.start()
    wait_until(lambda: agent.run("--healthcheck").returncode == 0, "a healthy agent")
    agent.freeze()  # alive and not answering
    done = agent.run("--healthcheck")
    assert done.returncode == 1 and "unhealthy" in done.stderr
    agent.thaw()
    off = agent_factory(config={"http": {"listen": "off"}})
    done = off.run("--healthcheck")
    assert done.returncode == 1 and "off" in done.stderr


def test_the_page_can_be_off(agent_factory, broker, recorder_factory):
    recorder = recorder_factory(broker)
    agent = agent_factory(broker, config={"http": {"listen": "off"}}).start()
    recorder.wait(agent.topic("availability"), "online")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", agent.http_port))


def test_sixty_four_doors(agent_factory, broker, recorder_factory):
    recorder = recorder_factory(broker)
    doors = [{"id": f"d{i}", "name": f"Door {i}", "relay": {"line": 3 * i},
              "closed_sensor": {"line": 3 * i + 1}, "open_sensor": {"line": 3 * i + 2},
              "travel_time": "1s", "pulse": "100ms"} for i in range(64)]
    agent = agent_factory(broker, config={"doors": doors}).start()
    for i in range(64):
        recorder.wait(agent.topic(f"d{i}", "state"), "closed")
        recorder.wait(f"homeassistant/device/portcullis_garage_d{i}/config")
    recorder.publish(agent.topic("d63", "set"), "OPEN")
    recorder.wait(agent.topic("d63", "state"), "open")
    assert not [m for m in recorder.seen(payload="opening") if m.topic != agent.topic("d63", "state")]
