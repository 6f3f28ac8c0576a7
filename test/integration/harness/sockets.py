"""What stands between two programs listens, reads so much, or hands on all that comes."""

import socket
import threading
from contextlib import suppress


class TcpServer:
    """A port of its own on loopback. Each connection runs serve(socket) in a thread of its own."""

    def __init__(self, serve):
        self.serve = serve
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.socket.accept()[0],), daemon=True).start()

    def close(self):
        """No connection is accepted any more. Those that there are go on."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # ends accept
        self.socket.close()


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
