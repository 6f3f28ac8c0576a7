"""Debian 13, to try packages in: an amd64 one that systemd boots, and an armhf one under emulation. Both need root on the
host, and leave nothing behind but the archives in build/deb/roots that they are unpacked from."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build/deb/roots"
LOCK = ROOT / "test/deb/roots.lock"
HERE = Path(__file__).resolve().parent


def packages(*words):
    done = subprocess.run([ROOT / "scripts/packages", *words], text=True, stdout=subprocess.PIPE, check=True)
    return done.stdout.splitlines()


def booted_root():
    """The archive of a Debian 13 with systemd, made when it is not there."""
    path = CACHE / f"amd64-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}.tar"
    if not path.exists():
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.mkdir(parents=True)
        packages("root", LOCK, "amd64", path)
    return path


class Debian:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="portcullis-debian-"))
        self.folder.chmod(0o755)

    def close(self):
        shutil.rmtree(self.folder)

    def command(self, script):
        raise NotImplementedError

    def status(self, script, timeout=120):
        """(exit status, output) of a shell script in there."""
        done = subprocess.run(self.command(script), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False)
        print(f"$ {script}\n{done.stdout}", end="")
        return done.returncode, done.stdout

    def run(self, script, **more):
        status, said = self.status(script, **more)
        assert status == 0, f"{script} ended with {status}:\n{said}"
        return said

    def put(self, package):
        """Copies a file to /root."""
        shutil.copy(package, self.folder / "root")
        return f"/root/{Path(package).name}"


class Booted(Debian):
    """amd64 with systemd as its first process, a broker, and a network of its own."""

    def __init__(self):
        super().__init__()
        subprocess.run(["tar", "-xf", booted_root(), "-C", self.folder], check=True)
        # A mount of our own: a container may have none, or one of cgroup v1.
        self.hierarchy = Path(tempfile.mkdtemp(prefix="portcullis-cgroup-"))
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", self.hierarchy], check=True)
        self.cgroup = Path(tempfile.mkdtemp(prefix="portcullis-", dir=self.hierarchy))
        (self.folder / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        self.log = open(self.folder / "root/boot.log", "w")
        self.process = subprocess.Popen(
            ["sh", "-c", 'echo $$ >"$1/cgroup.procs" && exec unshare --mount --pid --uts --ipc --net --cgroup --fork'
             ' sh "$2" "$3"', "sh", self.cgroup, HERE / "boot", self.folder],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)  # fmt: skip
        self.init = None
        deadline = time.monotonic() + 120
        while not self._is_up():
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "root/boot.log").read_text()
            time.sleep(0.1)

    def _is_up(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children or Path(f"/proc/{children[0]}/comm").read_text() != "systemd\n":
            return False
        self.init = children[0]
        status, said = self.status("systemctl is-system-running --wait")
        return said.strip() in ("running", "degraded")

    def command(self, script):
        return ["nsenter", "-t", self.init, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "env", "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "sh", "-c", script]

    def close(self):
        (self.cgroup / "cgroup.kill").write_text("1")
        self.process.wait()
        self.log.close()
        while "populated 1" in (self.cgroup / "cgroup.events").read_text():
            time.sleep(0.05)
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(folder)
        subprocess.run(["umount", self.hierarchy], check=True)
        self.hierarchy.rmdir()
        super().close()


class Emulated(Debian):
    """armhf, its programs run by QEMU, which only the scripts that are run in here see: the kernel's table of foreign
    formats (binfmt_misc) is one of their own user namespace. That takes Linux 6.7. No network but loopback."""

    def __init__(self):
        super().__init__()
        for package in packages("fetch", LOCK, "armhf"):
            subprocess.run(["dpkg-deb", "-x", package, self.folder], check=True)
        status = self.folder / "var/lib/dpkg/status"
        status.parent.mkdir(parents=True, exist_ok=True)
        status.touch()

    def command(self, script):
        return ["unshare", "--user", "--map-root-user", "--mount", "--net", "--fork", "sh", HERE / "emulate", self.folder, script]
