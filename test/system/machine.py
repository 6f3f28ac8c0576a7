"""A virtual machine with a real kernel GPIO chip (gpio-sim): boot it, talk to it, and record what its lines do.

    with Machine("amd64", files={"bin/portcullis": Path("build/amd64/portcullis")}) as machine:
        machine.add_chip("pinctrl-bcm2835", 28)
        with machine.record() as wire:
            agent = machine.start("portcullis --config /run/a.yaml")
            ...
        wire.pulses(17)

The guest reaches a server on the host's loopback as 10.0.2.2, and its port 8080 is `page` on the host. Commands go over
a virtio-serial port where there is one, so that they arrive while the network link is down.
"""

import ctypes
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import image
from harness import SLOWNESS, free_port
from unavailable import Unavailable

HOST = "10.0.2.2"  # the host's loopback, seen from the guest
BOOT_TIMEOUT_S = 120 * SLOWNESS
HERE = Path(__file__).resolve().parent

# What the kernel tells of a line is taken where its driver writes the (simulated) register: physical levels, the
# kernel's time stamps, and independent of whatever drives the line.
PROBES = {
    "request": "gpio_sim_request line={line}",
    "output": "gpio_sim_direction_output line={line} value={value}",
    "input": "gpio_sim_direction_input line={line}",
    "set": "gpio_sim_set line={line} value={value}",
    "set_multiple": "gpio_sim_set_multiple mask={mask} value={bits}",
    "free": "gpio_sim_free line={line}",
}


@dataclass(frozen=True)
class Hardware:
    emulator: str
    package: str  # Debian's, that brings the emulator
    arguments: tuple
    # An instruction takes 2^shift ns of the guest's time, however busy the host is, and idle time passes as on the
    # host: a computer that never stutters. Without this, what is measured in the guest is the host's load, and a Pi
    # Zero's timer, met too late, sleeps for 71 minutes.
    shift: int
    boot: str  # of the kernel's command line; what it does not know becomes the environment of /init
    registers: tuple  # second and third argument of a function, for a probe
    disk: tuple = ()  # the drive "disk"; ADDRESS stands for its server
    disk_device: str = ""  # in the guest
    file_systems: tuple = ()
    can_be_saved: bool = False


VIRTIO_PORT = ("-device", "virtserialport,chardev=control,name=control")

HARDWARE = {
    "amd64": Hardware(
        "qemu-system-x86_64", "qemu-system-x86",
        ("-M", "pc", "-m", "256", "-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci",
         "-device", "virtio-serial-pci", *VIRTIO_PORT),
        1,
        "console=ttyS0 CONTROL=/dev/vport?p1 NETWORK=eth0",
        ("%si", "%dx"),
        ("-drive", "file=ADDRESS,format=raw,if=none,id=disk,cache=writeback", "-device", "virtio-blk-pci,drive=disk"),
        "/dev/vda",
        ("ext4", "f2fs"),
        can_be_saved=True,
    ),
    "arm64": Hardware(
        "qemu-system-aarch64", "qemu-system-arm",
        ("-M", "virt", "-cpu", "cortex-a53", "-m", "256", "-device", "virtio-net-device,netdev=net",
         "-device", "virtio-rng-device", "-device", "virtio-serial-device", *VIRTIO_PORT),
        1,
        "console=ttyAMA0 CONTROL=/dev/vport?p1 NETWORK=eth0",
        ("%x1", "%x2"),
    ),
    "armv7": Hardware(
        "qemu-system-arm", "qemu-system-arm",
        ("-M", "virt,highmem=off", "-cpu", "cortex-a7", "-m", "256", "-device", "virtio-net-device,netdev=net",
         "-device", "virtio-rng-device", "-device", "virtio-serial-device", *VIRTIO_PORT),
        3,
        "console=ttyAMA0 CONTROL=/dev/vport?p1 NETWORK=eth0",
        ("%r1", "%r2"),
    ),
    # A Pi Zero. The network is a USB adapter; the control port is a TCP connection, since its emulated UARTs lose what
    # they are sent.
    "armv6": Hardware(
        "qemu-system-arm", "qemu-system-arm",
        ("-M", "raspi0", "-device", "usb-net,netdev=net"),
        3,
        "console=ttyAMA0 CONTROL=tcp NETWORK=usb0 initcall_blacklist=bcm2835_power_driver_init",
        ("%r1", "%r2"),
        ("-drive", "file=ADDRESS,format=raw,if=sd,cache=writethrough"),  # a card has no cache of its own
        "/dev/mmcblk0",
        ("ext4",),
    ),
}  # fmt: skip


# The agent's threads: Paho gives its own a name. (What the control port sends must not be recorded: reading the record
# would add to it without end.)
SENDERS = 'COMM ~ "portcullis*" || COMM ~ "MQTT*"'


class CommandFailed(Exception):
    pass


class Machine:
    def __init__(self, name="amd64", files=None, disk=None, state=None):
        """files: what the guest is to have besides, {path in the guest: file of the host}; all are executable. disk: the
        address of its server (disk.py). state: of a machine that was saved; this one goes on from there and does not boot.
        """
        hardware = HARDWARE[name]
        if not shutil.which(hardware.emulator):
            raise Unavailable(f"{hardware.emulator} is not installed: apt-get install {hardware.package}")
        folder = image.fetch(name)
        self.hardware = hardware
        self.chips = {}
        self.qemu = self.control = self.qmp = None
        self.count = 0
        self.folder = Path(tempfile.mkdtemp(prefix="portcullis-vm-"))
        try:
            self._boot(folder, files or {}, disk, state)
        except BaseException:
            self.close()
            raise

    def _boot(self, folder, files, disk, state):
        contents = {name: ((HERE / "guest" / name).read_bytes(), 0o755) for name in ("init", "control")}
        contents.update({path: (Path(source).read_bytes(), 0o755) for path, source in files.items()})
        image.write_initramfs(self.folder / "initrd", folder, contents, disk is not None)
        self.page_port, self.control_port = free_port(), free_port()
        tree = folder / "device-tree"
        self.qemu = subprocess.Popen(
            (
                self.hardware.emulator, "-accel", "tcg", "-icount", f"shift={self.hardware.shift}",
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-serial", "file:console", "-qmp", "unix:qmp,server=on,wait=off",
                "-chardev", "socket,id=control,path=control,server=on,wait=off",
                "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.page_port}-:8080"
                f",hostfwd=tcp:127.0.0.1:{self.control_port}-:7000",
                *self.hardware.arguments, *(("-dtb", tree) if tree.exists() else ()),
                *(word.replace("ADDRESS", disk) for word in self.hardware.disk if disk),
                *(("-incoming", f"exec:cat {shlex.quote(str(state.path))}") if state else ()),
                "-kernel", folder / "vmlinuz", "-initrd", "initrd",
                "-append", f"{self.hardware.boot} quiet panic=-1 CLOCK={time.time():.0f}",
            ),
            cwd=self.folder, stdin=subprocess.DEVNULL, stderr=open(self.folder / "errors", "w"),
            preexec_fn=_end_with_us,
        )  # fmt: skip
        deadline = time.monotonic() + BOOT_TIMEOUT_S
        self.qmp = self._connect("qmp", deadline)
        self.qmp.settimeout(10 * SLOWNESS)
        self.qmp_file = self.qmp.makefile("r")
        self.qmp_file.readline()
        self._qmp("qmp_capabilities")
        if state:
            self._go_on(state, deadline)
        else:
            self._greet(deadline)
            self._add_probes()

    def _greet(self, deadline):
        """Waits for the shell on the control port."""
        if not self.control_is_network:
            self.control = self._connect("control", deadline)
            self._until(rb"ready\n", deadline - time.monotonic(), "the boot")
            return
        while True:
            self.control = self._connect(("127.0.0.1", self.control_port), deadline)
            try:
                self._until(rb"ready\n", 1, "the boot")
                return
            except RuntimeError:  # made before the guest listens, a connection is closed without a word
                if time.monotonic() > deadline or self.qemu.poll() is not None:
                    raise
                self.control.close()
                time.sleep(0.1)

    def _go_on(self, state, deadline):
        self.control = self._connect("control", deadline)
        while self._qmp("query-status")["status"] == "inmigrate":
            time.sleep(0.01)
        self.chips = {label: replace(chip, machine=self) for label, chip in state.chips.items()}
        # The shell that was saved may have ended with the connection of then.
        self.control.sendall(b"\necho ready\n")
        self._until(rb"ready\n", deadline - time.monotonic(), "the machine that was saved")
        self.run(f"date -s @{time.time():.0f}")

    def save(self, path):
        """The machine as it is now, in a file, to go on from as often as one likes. It ends with that."""
        self._qmp("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        self._qmp("migrate", uri=f"exec:cat >{shlex.quote(str(path))}")
        while (status := self._qmp("query-migrate").get("status")) in (None, "setup", "active", "device"):
            time.sleep(0.02)
        assert status == "completed", status
        self.close()
        return State(path, self.chips)

    def _connect(self, to, deadline):
        peer = socket.socket(socket.AF_UNIX if isinstance(to, str) else socket.AF_INET)
        while True:
            try:
                peer.connect(os.path.relpath(self.folder / to) if isinstance(to, str) else to)
                return peer
            except OSError:
                if self.qemu.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.hardware.emulator} does not start: {self._last_words()}") from None
                time.sleep(0.02)

    def _last_words(self):
        texts = ((self.folder / name).read_text(errors="replace").strip() for name in ("errors", "console")
                 if (self.folder / name).exists())  # fmt: skip
        return "\n".join(text[-2000:] for text in texts if text) or "it said nothing"

    def close(self):
        for peer in (self.control, self.qmp):
            if peer:
                peer.close()
        if self.qemu:
            self.qemu.kill()
            self.qemu.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def control_is_network(self):
        return "CONTROL=tcp" in self.hardware.boot

    @property
    def page(self):
        return f"http://127.0.0.1:{self.page_port}"

    def run(self, command, timeout=60, check=True):
        """Runs a shell command in the guest and returns its output, standard error included."""
        status, output = self.status(command, timeout)
        if check and status:
            raise CommandFailed(f"{command}: status {status}: {output}")
        return output

    def status(self, command, timeout=20):
        """(exit status, output) of a shell command in the guest. timeout: of a host that is not busy."""
        self.count += 1
        mark = f"--{self.count}"
        self.control.sendall(f"(\n{command}\n) </dev/null 2>&1; printf '\\n{mark} %d end\\n' $?\n".encode())
        found, output = self._until(rb"\n?\n%s (\d+) end\n" % mark.encode(), timeout * SLOWNESS, command)
        return int(found.group(1)), output.decode(errors="replace")

    def _until(self, pattern, timeout, what):
        """Reads the control port up to the pattern: the match, and what came before it."""
        received = b""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern + rb"$", received)):
            self.control.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                part = self.control.recv(65536)
            except (TimeoutError, ConnectionResetError):
                raise RuntimeError(f"no end of {what!r} in {timeout:.0f} s: {self._last_words()}") from None
            if not part:
                raise RuntimeError(f"the machine is gone: {self._last_words()}")
            received += part
        return found, received[: found.start()]

    def uptime_s(self):
        return float(self.run("cat /proc/uptime").split()[0])

    def write(self, path, text):
        self.run(f"cat >{shlex.quote(path)} <<'---end---'\n{text}\n---end---")

    def start(self, command):
        """Starts a program in the background."""
        return Process(self, command)

    def _qmp(self, command, **arguments):
        self.qmp.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = json.loads(self.qmp_file.readline())
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']}")
            if "return" in answer:
                return answer["return"]

    def load_for_disk(self, pattern="*"):
        """Loads such modules that are for the disk, if they are not there yet."""
        self.run(f"cd /modules/disk; for file in {pattern}.ko; do name=${{file#*-}};"
                 "[ -d /sys/module/${name%.ko} ] || insmod $file || exit; done", timeout=60)  # fmt: skip

    def mount(self, kind, folder):
        """Mounts the disk as a file system of this kind."""
        self.load_for_disk()
        self.run(f"mkdir -p {folder}; while [ ! -e {self.hardware.disk_device} ]; do usleep 20000; done;"
                 f"mount -t {kind} -o noatime {self.hardware.disk_device} {folder}", timeout=60)  # fmt: skip

    def set_link(self, up):
        """Plugs the network cable in or out."""
        self._qmp("set_link", name="net", up=up)

    def add_chip(self, label, lines, names=None, hogs=None):
        """A simulated chip: lines 0..lines-1, named {offset: name}, of which the kernel itself holds those of
        hogs {offset: consumer}. To be had as chips[label] afterwards."""
        folder = "/sys/kernel/config/gpio-sim/" + label
        script = [f"mkdir -p {folder}/bank0", f"echo {lines} >{folder}/bank0/num_lines",
                  f"echo {label} >{folder}/bank0/label"]  # fmt: skip
        for offset, name in (names or {}).items():
            script += [f"mkdir {folder}/bank0/line{offset}", f"echo {name} >{folder}/bank0/line{offset}/name"]
        for offset, consumer in (hogs or {}).items():
            hog = f"{folder}/bank0/line{offset}/hog"
            script += [f"mkdir -p {hog}", f"echo {consumer} >{hog}/name", f"echo input >{hog}/direction"]
        script += [f"echo 1 >{folder}/live", f"cat {folder}/dev_name {folder}/bank0/chip_name"]
        device, chip = self.run("\n".join(script)).split()
        self.chips[label] = Chip(self, chip, lines, f"/sys/devices/platform/{device}/{chip}")
        return self.chips[label]

    def _add_probes(self):
        first, second = self.hardware.registers
        fields = {
            "line": f"{first}:u32",
            "value": f"{second}:s32",
            "mask": f"+0({first}):u32",
            "bits": f"+0({second}):u32",
        }
        probes = [f"p:wire/{name} gpio_sim:{probe.format_map(fields)}" for name, probe in PROBES.items()]
        self.write("/sys/kernel/tracing/kprobe_events", "\n".join([*probes, "p:wire/send tcp_sendmsg"]))
        self.run(
            "cd /sys/kernel/tracing; echo mono >trace_clock; echo 0 >tracing_on;"
            f"echo '{SENDERS}' >events/wire/send/filter; echo 1 >events/wire/enable;"
            "cd events/signal/signal_generate; echo sig==15 >filter; echo 1 >enable"
        )

    def record(self):
        """A recorder of every line of every chip, for use in `with`: after the block it holds what happened."""
        return Wire(self)


@dataclass(frozen=True)
class State:
    path: Path
    chips: dict


@dataclass(frozen=True)
class Chip:
    machine: Machine
    name: str  # gpiochip0
    lines: int
    folder: str

    @property
    def path(self):
        return "/dev/" + self.name

    def pull(self, line, up):
        """What stands at an input: a contact that pulls it up or down."""
        self.machine.run(f"echo pull-{'up' if up else 'down'} >{self.folder}/sim_gpio{line}/pull")

    def pull_all_down(self):
        self.machine.run(f"for pull in {self.folder}/sim_gpio*/pull; do echo pull-down >$pull; done")

    def value(self, line):
        return int(self.machine.run(f"cat {self.folder}/sim_gpio{line}/value"))


class Process:
    """A program in the guest, its output in a file."""

    def __init__(self, machine, command):
        self.machine = machine
        machine.count += 1
        self.base = f"/tmp/process{machine.count}"
        inner = f"echo $$ >{self.base}.pid; exec {command}"
        machine.run(
            f"(sh -c {shlex.quote(inner)} >{self.base}.log 2>&1; echo $? >{self.base}.tmp;"
            f" mv {self.base}.tmp {self.base}.status) >/dev/null &\n"
            f"while [ ! -s {self.base}.pid ]; do usleep 1000; done"
        )
        self.pid = int(machine.run(f"cat {self.base}.pid"))

    def output(self):
        return self.machine.run(f"cat {self.base}.log")

    def running(self):
        return self.machine.status(f"[ -e {self.base}.status ]")[0] != 0

    def signal(self, number=signal.SIGTERM):
        self.machine.run(f"kill -{int(number)} {self.pid}")

    def wait(self, timeout=10):
        """The exit status, as the shell has it: 128 + number when a signal ended it. timeout: by the guest's clock, which is
        slower than the host's where the host is busy."""
        deadline = self.machine.uptime_s() + timeout
        while self.running():
            if self.machine.uptime_s() > deadline:
                raise TimeoutError(f"process {self.pid} still runs after {timeout} s: {self.output()}")
            time.sleep(0.02)
        return int(self.machine.run(f"cat {self.base}.status"))

    def stop(self):
        """Ends it, however that takes."""
        if self.running():
            self.machine.status(f"kill -9 {self.pid}")
            self.wait()


@dataclass(frozen=True)
class Event:
    at_ms: float
    what: str  # a name of PROBES, "terminate" (SIGTERM to anyone) or "send" (over TCP, by the agent)
    line: int = None
    value: int = None  # the physical level, where there is one


class Wire:
    """The kernel's record of all lines. Lines are offsets; levels are physical, before any active-low."""

    def __init__(self, machine):
        self.machine = machine
        self.events = []

    def __enter__(self):
        self.machine.run("cd /sys/kernel/tracing; echo 1 >tracing_on; echo >trace")
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.events = self.so_far()
        self.machine.run("echo 0 >/sys/kernel/tracing/tracing_on")

    def so_far(self):
        text = self.machine.run("cat /sys/kernel/tracing/trace", timeout=60)
        written, kept = re.search(r"entries-in-buffer/entries-written: (\d+)/(\d+)", text).groups()
        assert written == kept, "the kernel's trace buffer is too small for this test"
        events = []
        for at, what, fields in re.findall(r" (\d+\.\d+): (\w+): (?:\(.*?\))?(.*)", text, re.M):
            at_ms = float(at) * 1e3
            numbers = {name: int(number, 0) for name, number in re.findall(r"(\w+)=(-?\d\w*)", fields)}
            if what == "signal_generate":
                events.append(Event(at_ms, "terminate"))
            elif what == "send":
                events.append(Event(at_ms, "send"))
            elif what == "set_multiple":
                lines = [line for line in range(32) if numbers["mask"] >> line & 1]
                events += [Event(at_ms, "set", line, numbers["value"] >> line & 1) for line in lines]
            else:
                events.append(Event(at_ms, what, numbers["line"], numbers.get("value")))
        return events

    def of(self, line):
        return [event for event in self.events or self.so_far() if event.line == line]

    def levels(self, line):
        """[(at_ms, level)]: each change of level that a pin keeps which stays driven when its owner goes, as on a Pi.
        The first entry is the first level that anyone drove."""
        changes = []
        for event in self.of(line):
            if event.value is not None and (not changes or changes[-1][1] != event.value):
                changes.append((event.at_ms, event.value))
        return changes

    def pulses(self, line, active=1):
        """The lengths in ms of all pulses, after making sure that there was nothing else: the line's first level is the
        inactive one, it is never made an input, and it ends inactive."""
        assert "input" not in [event.what for event in self.of(line)], "an output was made an input"
        levels = self.levels(line)
        assert not levels or levels[0][1] != active, f"line {line} starts active: {levels}"
        assert len(levels) % 2 == 1 or not levels, f"line {line} ends active: {levels}"
        edges = [at for at, _ in levels[1:]]
        return [end - start for start, end in zip(edges[::2], edges[1::2])]


def _end_with_us():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, for when a time limit ends the tests
