"""What stands between two programs reads so much, or hands on all that comes."""

import socket
from contextlib import suppress


def exactly(sock, count):
    """So many bytes, or an OSError where the other side has closed before."""
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise OSError("closed")
        data += piece
    return data


def hand_on(source, target, end=socket.SHUT_WR):
    """Until source ends; then the target is told, by what end says of shutdown(2)."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(end)
