"""A disk that loses, when its power is cut, what it was not told to keep: a server for QEMU's NBD client.

A write stays in the disk's cache until a FLUSH, or is kept at once where it asks for that (FUA), as on a real disk with a
cache. When the power is cut, of what is in the cache each sector is kept or lost by chance, whichever was written first.
"""

import socket
import struct
import threading
from contextlib import suppress

from harness import exactly

SECTOR = 512  # what a disk writes whole or not at all

FIXED_NEWSTYLE, NO_ZEROES = 1, 2
EXPORT_NAME, ABORT, INFO, GO = 1, 2, 6, 7  # options
ACK, INFORMATION, UNSUPPORTED = 1, 3, 1 << 31 | 1  # answers to them
HAS_FLAGS, SEND_FLUSH, SEND_FUA = 1, 4, 8
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
FUA = 1
INVALID = 22


class Disk:
    """image: its content. path: of a socket to be made, at most 100 characters."""

    def __init__(self, image, path):
        self.kept = bytearray(image)  # what outlives a cut
        self.seen = bytearray(image)  # what the machine reads
        self.cache = []  # [(offset, bytes, is it kept already)], in the order of the writes
        self.lock = threading.RLock()
        self.off = False
        self.requests = 0  # writes and flushes
        self.alarm = None  # (number of a request, before it is done or after, what to call)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.address = f"nbd:unix:{path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.off = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # ends accept
        self.socket.close()

    def cut(self, kill):
        """Cuts the power: kill ends the machine, and no request counts that is not done by now."""
        with self.lock:
            self.off = True
            kill()

    def when(self, requests, before, act):
        """Calls act, in another thread, at the so many-th write or flush from now on, before it is done or after."""
        with self.lock:
            self.alarm = (self.requests + requests, before, act)

    def survivors(self, random, chance):
        """(the content after a cut, sectors that were lost). chance: that a sector in the cache is kept."""
        lost = 0
        for offset, data, kept in self.cache:
            for start in range(0, len(data), SECTOR):
                if kept or random.random() < chance:
                    self._keep(offset + start, data[start : start + SECTOR])
                else:
                    lost += 1
        return bytes(self.kept), lost

    def _accept(self):
        with suppress(OSError):
            while True:
                peer, _ = self.socket.accept()
                with peer, suppress(OSError):
                    if self._greet(peer):
                        self._serve(peer)

    def _greet(self, peer):
        peer.sendall(b"NBDMAGIC" b"IHAVEOPT" + struct.pack(">H", FIXED_NEWSTYLE | NO_ZEROES))
        (flags,) = struct.unpack(">I", exactly(peer, 4))
        export = struct.pack(">QH", len(self.seen), HAS_FLAGS | SEND_FLUSH | SEND_FUA)
        while True:
            _, option, length = struct.unpack(">QII", exactly(peer, 16))
            exactly(peer, length)
            if option == EXPORT_NAME:
                peer.sendall(export + (b"" if flags & NO_ZEROES else bytes(124)))
                return True
            if option in (INFO, GO):
                self._answer(peer, option, INFORMATION, struct.pack(">H", 0) + export)
            self._answer(peer, option, ACK if option in (INFO, GO, ABORT) else UNSUPPORTED)
            if option in (GO, ABORT):
                return option == GO

    @staticmethod
    def _answer(peer, option, kind, data=b""):
        peer.sendall(struct.pack(">QIII", 0x3E889045565A9, option, kind, len(data)) + data)

    def _serve(self, peer):
        while True:
            _, flags, kind, handle, offset, length = struct.unpack(">IHHQQI", exactly(peer, 28))
            data = exactly(peer, length) if kind == WRITE else b""
            if kind == DISCONNECT:
                return
            with self.lock:
                error, data = self._do(kind, flags, offset, length, data)
                if self.off:
                    return
            peer.sendall(struct.pack(">IIQ", 0x67446698, error, handle) + data)

    def _do(self, kind, flags, offset, length, data):
        if kind == READ:
            return 0, bytes(self.seen[offset : offset + length])
        if kind not in (WRITE, FLUSH):
            return INVALID, b""
        self.requests += 1
        self._ring(before=True)
        if self.off:
            return 0, b""
        if kind == WRITE:
            self.seen[offset : offset + length] = data
            self.cache.append((offset, data, bool(flags & FUA)))
        if kind == FLUSH or all(kept for _, _, kept in self.cache):
            for place, written, _ in self.cache:
                self._keep(place, written)
            self.cache = []
        self._ring(before=False)
        return 0, b""

    def _keep(self, offset, data):
        self.kept[offset : offset + len(data)] = data

    def _ring(self, before):
        if self.alarm and self.alarm[:2] == (self.requests, before) and not self.off:
            self.alarm[2]()
