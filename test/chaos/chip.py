"""A GPIO chip that the agent takes for the kernel's, so that the released program runs on it with libgpiod and all.

The agent's GPIO calls go to this process instead of to the kernel (seccomp's user notification). What it answers is the kernel's interface
(linux/gpio.h, version 2): lines are requested with their first level, edges come through a descriptor with time stamp and number, lines
are free when the process that holds them ends, and keep their level then, as a Pi's do. The device's file is /dev/null under another name;
where it is and what /sys says of it, the namespace of `run` shows.
"""

import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import time
from dataclasses import dataclass

LIBC = ctypes.CDLL(None, use_errno=True)
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[os.uname().machine]
SYS_IOCTL = {"x86_64": 16, "aarch64": 29}[os.uname().machine]
NOTIF_RECV, NOTIF_SEND, NOTIF_ADDFD = 0xC0502100, 0xC0182101, 0x40182103

CHIPINFO, LINEINFO, GET_LINE, GET_VALUES, SET_VALUES = 0x8044B401, 0xC100B405, 0xC250B407, 0xC010B40E, 0xC010B40F
USED, ACTIVE_LOW, INPUT, OUTPUT, PULL_UP = 1, 2, 4, 8, 256
RISING, FALLING = 1, 2
QUEUE_MAX = 16 * 64  # edges that wait; the kernel drops what comes after them


class _Statement(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Statement))]


def _read(memory, length, pointer):
    data = os.pread(memory, length, pointer)
    if len(data) < length:
        raise ProcessLookupError("it was killed in the call")
    return data


def _filter():
    """ioctl with a GPIO number (0xB4 in its second byte) is told to us, all else goes to the kernel."""
    load, equal, both, answer = 0x20, 0x15, 0x54, 0x06
    rows = [(load, 0, 0, 4), (equal, 0, 5, AUDIT_ARCH), (load, 0, 0, 0), (equal, 0, 3, SYS_IOCTL), (load, 0, 0, 24),
            (both, 0, 0, 0xFF00), (equal, 1, 0, 0xB400), (answer, 0, 0, 0x7FFF0000), (answer, 0, 0, 0x7FC00000)]
    return (_Statement * len(rows))(*rows)


@dataclass
class Line:
    """level: on the wire. A line that nobody holds keeps its level."""
    level: bool = False
    flags: int = 0
    held: "Request | None" = None


class Request:
    """Lines that the agent requested in one call. its: its end of a socket, which is readable when edges wait."""

    def __init__(self, offsets):
        self.offsets = offsets
        self.ours, self.its = socket.socketpair()
        self.ours.setblocking(False)
        self.ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.seqno = 0


class Chip:
    """driven(offset, level, why): called for each output level that somebody sets; why: "request" or "set"."""

    def __init__(self, loop, size, driven):
        self.loop, self.driven = loop, driven
        self.lines = [Line() for _ in range(size)]
        self.requests = {}  # (process, its descriptor): Request
        self.listeners = {}  # each with its process

    def start(self, command, **more):
        """Starts a program whose GPIO chip this is. Nothing else of it is touched."""
        ours, its = socket.socketpair()
        program = _filter()

        def in_child():
            pointer = _Program(len(program), program)
            LIBC.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
            # A filter, and a descriptor to listen at; a call that was taken is not given up for a signal, where the kernel can (5.19).
            listener = LIBC.syscall(SYS_SECCOMP, 1, 8 | 32, ctypes.byref(pointer))
            if listener < 0:
                listener = LIBC.syscall(SYS_SECCOMP, 1, 8, ctypes.byref(pointer))
            if listener < 0:
                os._exit(126)
            socket.send_fds(its, [b"x"], [listener])

        with ours, its:
            process = subprocess.Popen(command, preexec_fn=in_child, stdin=subprocess.DEVNULL, **more)
            listener = socket.recv_fds(ours, 1, 1)[1][0]
        self.listeners[listener] = process
        self.loop.add_reader(listener, self._called, listener, process)
        return process

    def catch_up(self):
        """Serves the calls that wait for it. A program that is stopped in one makes it anew when it goes on: that is late, and no kernel's way."""
        while waiting := select.select(self.listeners, [], [], 0)[0]:
            for listener in waiting:
                self._called(listener, self.listeners[listener])

    def _called(self, listener, process):
        if not select.select([listener], [], [], 0)[0]:
            return  # catch_up was before the loop: the next call may be a stopped program's
        notice = bytearray(80)
        try:
            fcntl.ioctl(listener, NOTIF_RECV, notice)
        except OSError:  # the call was given up, by a signal
            if process.poll() is not None:  # nobody is left who could call
                self.loop.remove_reader(listener)
                self.listeners.pop(listener, None)
                os.close(listener)
            return
        number, thread = struct.unpack_from("QI", notice)
        descriptor, request, pointer = struct.unpack_from("3Q", notice, 32)
        try:
            memory = os.open(f"/proc/{thread}/mem", os.O_RDWR | os.O_CLOEXEC)
            try:
                error = self._serve(listener, number, process.pid, descriptor, request & 0xFFFFFFFF, memory, pointer)
            finally:
                os.close(memory)
            fcntl.ioctl(listener, NOTIF_SEND, struct.pack("QqiI", number, 0, -error, 0))
        except (FileNotFoundError, ProcessLookupError):
            pass  # it was killed in the call

    def _serve(self, listener, number, pid, descriptor, request, memory, pointer):
        """One ioctl: 0, or the error's number."""
        if request == CHIPINFO:
            os.pwrite(memory, struct.pack("32s32sI", b"gpiochip0", b"pinctrl-chaos", len(self.lines)), pointer)
            return 0
        if request == LINEINFO:
            offset = struct.unpack_from("I", _read(memory, 256, pointer), 64)[0]
            if offset >= len(self.lines):
                return 22
            line = self.lines[offset]
            os.pwrite(memory, struct.pack("32s32sIIQ", f"GPIO{offset}".encode(), b"", offset, 0, line.flags | bool(line.held)), pointer)
            return 0
        if request == GET_LINE:
            return self._request(listener, number, pid, memory, pointer)
        held = self.requests.get((pid, descriptor))
        if not held:
            return 25
        bits, mask = struct.unpack("QQ", _read(memory, 16, pointer))
        if request == GET_VALUES:
            bits = sum(self.logical(offset) << i for i, offset in enumerate(held.offsets) if mask >> i & 1)
            os.pwrite(memory, struct.pack("QQ", bits, mask), pointer)
            return 0
        if request == SET_VALUES:
            for i, offset in enumerate(held.offsets):
                if mask >> i & 1:
                    self._drive(offset, bool(bits >> i & 1), "set")
            return 0
        return 25

    def _request(self, listener, number, pid, memory, pointer):
        data = _read(memory, 592, pointer)
        count = struct.unpack_from("I", data, 560)[0]
        offsets = struct.unpack_from(f"{count}I", data)
        flags, attributes = struct.unpack_from("QI", data, 288)
        if any(offset >= len(self.lines) for offset in offsets):
            return 22
        if any(self.lines[offset].held for offset in offsets):
            return 16
        request = Request(offsets)
        with request.its:
            answer = struct.pack("QIIII", number, 0, request.its.fileno(), 0, os.O_CLOEXEC)
            try:
                its = fcntl.ioctl(listener, NOTIF_ADDFD, bytearray(answer))
            except OSError as error:
                request.ours.close()
                return error.errno
        values = 0
        of_line = [flags] * count
        for i in range(attributes):
            kind, value, mask = struct.unpack_from("I4xQQ", data, 320 + 24 * i)
            for place in range(count):
                if mask >> place & 1 and kind == 1:
                    of_line[place] = value
            if kind == 2:
                values = value & mask
        for place, offset in enumerate(offsets):
            line = self.lines[offset]
            line.held, line.flags = request, of_line[place] & ~USED
            if line.flags & OUTPUT:
                self._drive(offset, bool(values >> place & 1), "request")
        os.pwrite(memory, struct.pack("i", its), pointer + 588)
        self.requests[pid, its] = request
        self.loop.add_reader(request.ours, self._freed, pid, its)
        return 0

    def _freed(self, pid, its):
        request = self.requests.pop((pid, its))
        self.loop.remove_reader(request.ours)
        request.ours.close()
        for offset in request.offsets:
            self.lines[offset].held = None

    def _drive(self, offset, active, why):
        line = self.lines[offset]
        line.level = active != bool(line.flags & ACTIVE_LOW)
        self.driven(offset, active, why)

    def logical(self, offset):
        line = self.lines[offset]
        return line.level != bool(line.flags & ACTIVE_LOW)

    def sense(self, offset, level, lose=None):
        """An input's level on the wire becomes another one. lose: None, "edge" (nobody is told), "dropped" (the number is used up)."""
        line = self.lines[offset]
        if line.level == level:
            return
        line.level = level
        request = line.held
        if not request or lose == "edge":
            return
        request.seqno += 1
        if lose == "dropped":
            return
        kind = RISING if self.logical(offset) else FALLING
        try:
            request.ours.send(struct.pack("QIIII24x", time.monotonic_ns(), kind, offset, request.seqno, request.seqno))
        except BlockingIOError:
            pass  # the queue is full; the number is used up
        except OSError:
            pass  # it is about to be freed

    def close(self):
        for listener in self.listeners:
            self.loop.remove_reader(listener)
            os.close(listener)
        self.listeners.clear()
