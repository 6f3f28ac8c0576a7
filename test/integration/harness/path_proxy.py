"""A reverse proxy that has the page below a path, as nginx, Caddy, Traefik and Home Assistant's ingress do."""

import re
import socket
import threading
from contextlib import suppress

from .sockets import TcpServer, hand_on


class PathProxy:
    """Hands on what is asked below path, without that path, and everything else as it came. Answers 404 elsewhere."""

    address = "127.0.0.1"  # that it comes from

    def __init__(self, port, path):
        self.port, self.path, self.elsewhere = port, path, []
        self.listener = TcpServer(self._serve)
        self.url = f"http://127.0.0.1:{self.listener.port}{path}"

    def _serve(self, near):
        head = b""
        with suppress(OSError), near:
            while b"\r\n\r\n" not in head:
                data = near.recv(65536)
                if not data:
                    return
                head += data
            method, path, rest = head.split(b" ", 2)
            if not path.decode().startswith(self.path + "/"):
                near.sendall(self.answer_elsewhere(path.decode()))
                return
            rest = re.sub(rb"\r\nConnection: [^\r]*", b"", rest, flags=re.IGNORECASE)
            rest = rest.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)  # one request each
            with socket.create_connection(("127.0.0.1", self.port), source_address=(self.address, 0)) as far:
                far.sendall(b" ".join([method, *self.change(path[len(self.path):], rest)]))
                threading.Thread(target=hand_on, args=(near, far), daemon=True).start()
                hand_on(far, near)

    def answer_elsewhere(self, path):
        self.elsewhere.append(path)
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def change(self, target, rest):
        """What is asked for, and the rest of the request, as they are handed on."""
        return target, rest

    def close(self):
        self.listener.close()
