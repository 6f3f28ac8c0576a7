"""A real mosquitto."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from .places import free_port
from .process import Process
from .waiting import DEADLINE, SLOWNESS


class Broker(Process):
    """A real mosquitto on loopback.

    options: lines of mosquitto.conf, before the listener. users: {name: password}; then anonymous clients are refused.
    acl: the text of an ACL file. Stopping and starting again keeps port and configuration; persistence is off unless the
    options say otherwise, so a restarted broker has lost what it retained.
    """

    name = "broker"

    def __init__(self, folder, options=(), users=None, acl=None, listener_options=(), env=None, prefix=()):
        super().__init__()
        self.env = {**os.environ, **env} if env else None
        self.prefix = prefix  # words before the command (a namespace)
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.options = list(options)
        self.listener_options = list(listener_options)
        self.users = users
        self.acl = acl
        self.port = free_port()

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def write_acl(self, acl):
        self.acl = acl
        path = self.folder / "acl"
        path.write_text(acl)
        path.chmod(0o600)
        return path

    def _configure(self):
        lines = ["log_dest stderr", "log_type all", "connection_messages true", *self.options]
        if os.geteuid() == 0:
            lines.append("user root")
        if self.users is None:
            lines.append("allow_anonymous true")
        else:
            passwords = self.folder / "passwords"
            passwords.write_text("")
            passwords.chmod(0o600)
            for name, password in self.users.items():
                subprocess.run(["mosquitto_passwd", "-b", str(passwords), name, password], check=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        if self.acl is not None:
            lines.append(f"acl_file {self.write_acl(self.acl)}")
        lines += [f"listener {self.port} 127.0.0.1", *self.listener_options]
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join(lines) + "\n")
        return path

    def start(self):
        executable = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        assert executable, "mosquitto is missing: apt-get install mosquitto"
        first = self.process is None
        for attempt in range(5):
            self._spawn([*self.prefix, executable, "-c", str(self._configure())], env=self.env)
            with self.log.changed:
                self.log.changed.wait_for(lambda: self.log.ended or self.log.find("running$"), timeout=DEADLINE)
            if self.log.find("running$") and self.running:
                return self
            self.kill()
            assert first and attempt < 4, "mosquitto does not start:\n" + "\n".join(self.log.lines)
            self.port = free_port()
        return self

    def stop(self, number=signal.SIGTERM, deadline=None):
        end = time.monotonic() + (DEADLINE if deadline is None else deadline * SLOWNESS)
        while self.running:
            self.send_signal(signal.SIGCONT)
            self.send_signal(number)  # mosquitto 2.0 forgets one that comes just as it begins to run
            with suppress(subprocess.TimeoutExpired):
                return self.wait(0.2)
            assert time.monotonic() < end, "mosquitto does not stop"
        return None if self.process is None else self.process.returncode

    def restart(self):
        self.stop()
        return self.start()
