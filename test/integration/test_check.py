"""The agent's command line, as far as it needs no broker: --check, its exit statuses, and the manual page's options."""

import grp
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from harness import ROOT

AGENT = shlex.split(os.environ["PORTCULLIS_AGENT"])
FILES = [ROOT / "config/portcullis.yaml", ROOT / "config/demo.yaml", *sorted((ROOT / "config/examples").glob("*.yaml"))]


def run(*arguments):
    return subprocess.run([*AGENT, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_examples_pass(path):
    result = run("--config", path, "--check")
    assert result.returncode == 0, result.stdout + result.stderr
    warnings = re.findall(r"warning: (.*)", result.stdout + result.stderr)
    said = {"no-sensors.yaml": "its state is never known", "portcullis.yaml": "backend: simulated drives no line",
            "demo.yaml": "backend: simulated drives no line"}
    if path.name in said:  # what follows from it is said
        assert len(warnings) == 1 and said[path.name] in warnings[0], warnings
    else:
        assert not warnings


@pytest.mark.parametrize("name", ["toggle-high", "toggle-low", "separate-high", "separate-low"])
def test_a_new_configuration_is_the_example_and_has_no_warning(name):
    printed = run("--new-config", name)
    assert printed.returncode == 0 and printed.stdout == (ROOT / f"config/examples/{name}.yaml").read_text()
    checked = subprocess.run([*AGENT, "--config", "/dev/stdin", "--check"], input=printed.stdout, capture_output=True, text=True,
                             timeout=60, check=False)
    assert checked.returncode == 0 and "good: node garage, 1 door\n" in checked.stdout and not checked.stderr
    assert "- id: main" in printed.stdout  # no entity is called garage_garage_door_door


@pytest.mark.parametrize("name", ["toggle-high", "separate-low"])
def test_what_is_commented_out_in_a_new_configuration_is_right(name):
    printed = run("--new-config", name).stdout
    all_keys, count = re.subn(r"^( *)#(?!username|password_file)([a-z_]+:)", r"\1\2", printed, flags=re.M)
    checked = subprocess.run([*AGENT, "--config", "/dev/stdin", "--check"], input=all_keys, capture_output=True, text=True,
                             timeout=60, check=False)
    assert count >= 8 and checked.returncode == 0, checked.stderr


def test_all_errors_with_their_places(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("mqtt: {brokre: mqtt://b}\ndoors:\n  - name: Left\n    relay: GPIO17\n    pulse: 6s\n")
    result = run("--config", path, "--check")
    said = result.stdout + result.stderr
    assert result.returncode == 78
    assert f'{path}:1:8: unknown key "brokre", did you mean broker?' in said
    assert f"{path}:1:7: broker is missing" in said
    assert f'{path}:5:12: pulse: "6s" is too long, expected 50ms to 5s' in said


def test_a_wrong_file_starts_nothing(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("mqtt: {broker: mqtt://b}\ngpio: {backend: simulated}\ndoors: []\n")
    for arguments in ([], ["--check"], ["--release"], ["--watch"]):
        assert run("--config", path, *arguments).returncode == 78, arguments
    assert run("--config", tmp_path / "missing.yaml").returncode == 78


def test_wrong_usage():
    for arguments in (["--frobnicate"], ["--config"], ["stray"], ["--new-config"], ["--new-config", "toggle"]):
        assert run(*arguments).returncode == 2, arguments


def test_the_manual_has_the_options_of_help():
    result = run("--help")
    assert result.returncode == 0
    manual = (ROOT / "docs/portcullis.8").read_text().replace("\\-", "-")
    options = set(re.findall(r"--[a-z-]+", result.stdout + result.stderr))
    assert options == set(re.findall(r"--[a-z-]+", manual))


DOOR = "gpio: {backend: simulated}\ndoors: [{name: Left, relay: GPIO17, closed_sensor: GPIO23}]\n"


def as_packaged_user(command, group):
    """Runs it as the unit does: a user of its own, in the group of the GPIO lines."""
    return subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", f"--groups={group}", *command],
                          capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("inside", [True, False], ids=["in the file", "in a file of its own"])
def test_the_advice_about_a_readable_password_works_for_the_packaged_user(inside):
    """Each of its words is carried out as printed, and the agent can still read what it must."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("takes root and setpriv")
    if as_packaged_user([*AGENT, "--version"], 1).returncode != 0:
        pytest.skip("another user cannot run this agent")
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        os.chmod(folder, 0o755)
        path, secret = Path(folder, "portcullis.yaml"), Path(folder, "password")
        secret.write_text("secret\n")
        login = "password: secret" if inside else f"password_file: {secret}"
        path.write_text(f"mqtt: {{broker: mqtt://localhost, username: u, {login}}}\n" + DOOR)
        path.chmod(0o644)
        secret.chmod(0o644)
        said = run("--config", path, "--check").stderr
        advice = re.findall(r": (chgrp gpio (\S+) && chmod 640 (\S+), so that)", said)
        assert len(advice) == 1 and set(advice[0][1:]) == {str(path if inside else secret)}, said
        try:
            group = grp.getgrnam("gpio").gr_gid
        except KeyError:  # a machine without that group: another one in its place
            group = 1
        command = advice[0][0].removesuffix(", so that").replace("gpio", str(group))
        subprocess.run(["sh", "-c", command], check=True)
        checked = as_packaged_user([*AGENT, "--config", str(path), "--check"], group)
        assert checked.returncode == 0 and "may read" not in checked.stderr, checked.stderr
        assert as_packaged_user([*AGENT, "--config", str(path), "--check"], 2).returncode == 78  # others may not


def test_what_root_alone_may_read_is_warned_of(tmp_path):
    """--check is run with sudo, and the packaged agent is not root: it would refuse to start."""
    if os.geteuid() != 0:
        pytest.skip("takes root")
    path, secret = tmp_path / "portcullis.yaml", tmp_path / "password"
    secret.write_text("secret\n")
    path.write_text(f"mqtt: {{broker: mqtt://localhost, username: u, password_file: {secret}}}\n" + DOOR)
    for mode, owner, warned in ((0o600, 0, True), (0o400, 0, True), (0o640, 0, False), (0o604, 0, False), (0o600, 1, False)):
        for file, other in ((secret, path), (path, secret)):
            other.chmod(0o640)
            os.chown(other, 0, 0)
            file.chmod(mode)
            os.chown(file, owner, 0)
            result = run("--config", path, "--check")
            said = f"warning: root alone may read {file}: an agent that is another user, as the package's is, cannot start" in result.stderr
            assert result.returncode == 0 and said == warned, result.stderr
            assert ("2 warnings" if warned else "1 warning\n") in result.stdout or mode == 0o604, result.stdout


def test_a_port_that_the_packaged_agent_may_not_have_is_warned_of(tmp_path):
    """Whoever checks with sudo may have it; the packaged agent would refuse to start."""
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    path = tmp_path / "portcullis.yaml"
    for port in (first - 1, first):
        if port < 1:
            pytest.skip("here everybody may listen on each port")
        path.write_text(f"mqtt: {{broker: mqtt://localhost}}\nhttp: {{listen: '127.0.0.1:{port}'}}\n" + DOOR)
        result = run("--config", path, "--check")
        said = f"warning: http.listen: port {port} takes CAP_NET_BIND_SERVICE" in result.stderr
        assert result.returncode == 0 and said == (port < first), result.stderr


@pytest.mark.parametrize("mode", ["--check", "--watch", "--healthcheck"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_ctrl_c_ends_what_waits_for_its_configuration(tmp_path, mode, number):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    process = subprocess.Popen([*AGENT, "--config", str(path), mode])
    try:
        time.sleep(0.3)  # it waits for somebody who writes
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(20) == -number
    finally:
        process.kill()
        process.wait()


def test_what_people_write_for_home_assistant_is_warned_of(tmp_path):
    path = tmp_path / "portcullis.yaml"
    for broker, says in (("mqtt://core-mosquitto", "that machine's address"),
                         ("mqtt://10.0.0.2:8123", "Home Assistant's own page")):
        path.write_text(f"mqtt: {{broker: '{broker}'}}\n" + DOOR)
        result = run("--config", path, "--check")
        assert result.returncode == 0 and re.search(rf"{path}:1:16: warning: broker: .*{says}", result.stderr)


def test_a_key_that_was_uncommented_without_its_section(tmp_path):
    """As one does in the example that the package installs."""
    path = tmp_path / "portcullis.yaml"
    text = (ROOT / "config/portcullis.yaml").read_text()
    path.write_text(text.replace("  #username: family", "  username: family"))
    line = text[:text.index("  #username: family")].count("\n") + 1
    section = text[:text.index("#http:")].count("\n") + 1
    result = run("--config", path, "--check")
    assert result.returncode == 78
    assert f"{path}:{line}:3: key \"username\" does not belong here, expected it in http, whose own line ({section}) is a comment" \
        in result.stderr
