"""portcullis --set-password: asks without an echo, replaces the password file in one step, and leaves no trace of the word."""

import base64
import grp
import hashlib
import os
import pty
import re
import select
import shlex
import shutil
import stat
import subprocess
import tempfile
import termios
import time
from pathlib import Path

import pytest

AGENT = shlex.split(os.environ["PORTCULLIS_AGENT"])
DEADLINE = 60
DOORS = "gpio: {backend: simulated}\ndoors: [{name: Left, relay: GPIO17, closed_sensor: GPIO23}]\n"


def run(*arguments, typed=None):
    return subprocess.run([*AGENT, *map(str, arguments)], input=typed, capture_output=True, text=True, timeout=DEADLINE, check=False)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "portcullis.yaml"
    path.write_text("mqtt: {broker: 'mqtt://localhost', username: u, password_file: mqtt-password}\n"
                    "http: {username: family, password_file: page-password}\n" + DOORS)
    return path


def right_hash(text, password):
    found = re.fullmatch(r"\$pbkdf2-sha256\$(\d+)\$([^$]+)\$([^$]+)\n", text)
    assert found, text
    rounds = int(found.group(1))
    salt, checksum = (base64.b64decode(part.replace(".", "+") + "=" * (-len(part) % 4)) for part in found.groups()[1:])
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds) == checksum


class Terminal:
    """The program on a terminal of its own, which is its controlling one, so that Ctrl-C is a signal."""

    def __init__(self, *arguments):
        self.said = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(AGENT[0], [*AGENT, *map(str, arguments)])

    def wait(self, text):
        """Reads until the text comes, and drops what came before it."""
        end = time.monotonic() + DEADLINE
        while text.encode() not in self.said:
            assert select.select([self.fd], [], [], max(0, end - time.monotonic()))[0], (text, self.said)
            try:
                piece = os.read(self.fd, 4096)
            except OSError:  # how a terminal ends
                piece = b""
            assert piece, (text, self.said)
            self.said += piece

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """Exit status, with all that was said in self.said."""
        try:
            while piece := os.read(self.fd, 4096):
                self.said += piece
        except OSError:
            pass
        echoes = self.echoes()
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status, echoes


def test_a_password_for_the_broker(config):
    path = config.parent / "mqtt-password"
    done = run("--config", config, "--set-password", "mqtt", typed="s\u00e9same \"open\"\r\nmore\n")
    assert done.returncode == 0, done.stderr
    assert path.read_text() == "s\u00e9same \"open\"\n" and str(path) in done.stdout
    assert "same" not in done.stdout + done.stderr
    try:
        group, mode = grp.getgrnam("gpio").gr_gid, 0o640
        if os.geteuid() != 0 and group not in os.getgroups():
            raise KeyError
    except KeyError:
        group, mode = path.parent.stat().st_gid, 0o600
        assert "for its owner alone" in done.stdout
    assert stat.S_IMODE(path.stat().st_mode) == mode and path.stat().st_gid == group
    assert sorted(file.name for file in config.parent.iterdir()) == ["mqtt-password", "portcullis.yaml"]


def test_a_password_of_the_page_is_kept_as_a_hash(config):
    path = config.parent / "page-password"
    (config.parent / "mqtt-password").write_text("x\n")
    for password in ("first", "second"):
        assert run("--config", config, "--set-password", "page", typed=password).returncode == 0
        assert right_hash(path.read_text(), password)
    checked = run("--config", config, "--check")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root")
def test_owner_group_and_mode_stay_and_everybody_s_right_goes(config):
    path = config.parent / "mqtt-password"
    path.write_text("old\n")
    os.chown(path, 10001, 1883)
    path.chmod(0o444)
    inode = path.stat().st_ino
    assert run("--config", config, "--set-password", "mqtt", typed="new\n").returncode == 0
    now = path.stat()
    assert (now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode)) == (10001, 1883, 0o440)
    assert path.read_text() == "new\n" and now.st_ino != inode  # another file in one step, not this one emptied and filled


def test_a_link_stays_a_link(config, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "secret").write_text("old\n")
    link = config.parent / "mqtt-password"
    link.symlink_to(kept / "secret")
    done = run("--config", config, "--set-password", "mqtt", typed="new\n")
    assert done.returncode == 0 and f"{link} is a link: the password goes to {kept / 'secret'}" in done.stderr
    assert link.is_symlink() and (kept / "secret").read_text() == "new\n" and len(list(kept.iterdir())) == 1
    (kept / "secret").unlink()
    done = run("--config", config, "--set-password", "mqtt", typed="new\n")
    assert done.returncode == 78 and "is a link that leads to no file; nothing was changed" in done.stderr
    assert link.is_symlink() and not list(kept.iterdir())


def test_what_is_no_file_stays(config):
    path = config.parent / "mqtt-password"
    os.mkfifo(path)
    done = run("--config", config, "--set-password", "mqtt", typed="new\n")
    assert done.returncode == 78 and "is no regular file; nothing was changed" in done.stderr
    assert path.is_fifo() and len(list(config.parent.iterdir())) == 2


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="takes root and unshare")
def test_a_file_that_is_mounted_stays_and_is_told(config, tmp_path):
    """As a container's secret is: a new file cannot take its place."""
    path, mounted = config.parent / "mqtt-password", tmp_path / "mounted"
    path.write_text("old\n")
    mounted.write_text("mounted\n")
    words = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', str(mounted), str(path)]
    done = subprocess.run([*words, *AGENT, "--config", str(config), "--set-password", "mqtt"], input="new\n",
                          capture_output=True, text=True, timeout=DEADLINE, check=False)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    assert done.returncode == 1 and "Device or resource busy" in done.stderr and "nothing was changed" in done.stderr
    assert path.read_text() == "old\n" and mounted.read_text() == "mounted\n" and len(list(config.parent.iterdir())) == 3


@pytest.mark.parametrize("typed", ["", "\n", "a\tb\n", "a\0b\n", "\u2028\n", "x" * 1025], ids=ascii)
def test_what_is_no_password_changes_nothing(config, typed):
    path = config.parent / "mqtt-password"
    path.write_text("old\n")
    done = run("--config", config, "--set-password", "mqtt", typed=typed)
    assert done.returncode == 2 and "expected a password" in done.stderr and "nothing was changed" in done.stderr
    assert path.read_text() == "old\n" and len(list(config.parent.iterdir())) == 2


def test_on_a_terminal_it_asks_twice_and_echoes_nothing(config):
    terminal = Terminal("--config", config, "--set-password", "page")
    for prompt in ("New password of the page: ", "The same again: "):
        terminal.wait(prompt)
        assert not terminal.echoes()
        terminal.type("open sesame\n")
    status, echoes = terminal.end()
    assert status == 0 and echoes and b"sesame" not in terminal.said
    assert right_hash((config.parent / "page-password").read_text(), "open sesame")


def test_two_that_differ(config):
    terminal = Terminal("--config", config, "--set-password", "mqtt")
    terminal.wait("New password for the broker: ")
    terminal.type("open sesame\n")
    terminal.wait("The same again: ")
    terminal.type("open sesamf\n")
    status, echoes = terminal.end()
    assert status == 2 and echoes and b"nothing was changed" in terminal.said and b"sesam" not in terminal.said
    assert not (config.parent / "mqtt-password").exists()


@pytest.mark.parametrize("key", ["\x03", "\x1c"], ids=["ctrl-c", "ctrl-backslash"])
@pytest.mark.parametrize("arguments", [["--set-password", "mqtt"], ["--hash-password"]], ids=["set", "hash"])
def test_who_leaves_has_a_terminal_that_echoes(config, arguments, key):
    terminal = Terminal("--config", config, *arguments)
    terminal.wait("assword")
    terminal.wait(": ")
    terminal.type("half a pass" + key)
    status, echoes = terminal.end()
    assert status != 0 and echoes and b"half" not in terminal.said
    assert len(list(config.parent.iterdir())) == 1


def test_a_configuration_without_a_file_is_told_what_to_add(config):
    config.write_text("mqtt: {broker: 'mqtt://localhost'}\n" + DOORS)
    for which, section in (("mqtt", "mqtt"), ("page", "http")):
        done = run("--config", config, "--set-password", which, typed="secret\n")
        assert done.returncode == 78 and f"in its section {section}:" in done.stderr
        assert f"password_file: /etc/portcullis/{which}-password" in done.stderr
    config.write_text("mqtt: {broker: 'mqtt://localhost', username: u, password_file: /run/credentials/portcullis.service/mqtt}\n" + DOORS)
    done = run("--config", config, "--set-password", "mqtt", typed="secret\n")
    assert done.returncode == 78 and "LoadCredential=" in done.stderr
    config.write_text("mqtt: {brokre: 'mqtt://localhost'}\n" + DOORS)
    done = run("--config", config, "--set-password", "mqtt", typed="secret\n")
    assert done.returncode == 78 and f"{config}:1:8: unknown key" in done.stderr


def test_wrong_usage(config):
    for arguments in (["--set-password"], ["--set-password", "door"], ["--set-password", "mqtt", "--check"]):
        assert run("--config", config, *arguments).returncode == 2, arguments


def test_who_may_not_write_is_told():
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("takes root and setpriv")
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *AGENT]
    if subprocess.run([*other, "--version"], capture_output=True, timeout=DEADLINE, check=False).returncode != 0:
        pytest.skip("another user cannot run this agent")
    with tempfile.TemporaryDirectory(prefix="password-") as folder:
        os.chmod(folder, 0o755)
        path, secret = Path(folder, "portcullis.yaml"), Path(folder, "secret")
        path.write_text(f"mqtt: {{broker: 'mqtt://localhost', username: u, password_file: {secret}}}\n" + DOORS)
        path.chmod(0o644)
        secret.write_text("old\n")
        command = [*other, "--config", str(path), "--set-password", "mqtt"]
        done = subprocess.run(command, input="new\n", capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert done.returncode == 1 and "Permission denied; run it as root" in done.stderr
        assert secret.read_text() == "old\n"
        os.chmod(folder, 0o777)  # he may make a file, but not give it to root
        done = subprocess.run(command, input="new\n", capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert done.returncode == 1 and "nothing was changed" in done.stderr
        assert secret.read_text() == "old\n" and len(os.listdir(folder)) == 2
