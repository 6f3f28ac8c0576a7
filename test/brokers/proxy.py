"""Stands between the agent and a broker, and changes one thing: refuses MQTT 5, or keeps the agent's acknowledgements back."""

import socket
import threading
from contextlib import suppress

from harness import CONNACK, CONNECT, PUBACK, PUBLISH, TcpServer, exactly, packet

DUP = 8


def _frame(sock):
    """The next packet as it came."""
    frame = exactly(sock, 1)
    length = shift = 0
    while True:
        digit = exactly(sock, 1)
        frame += digit
        length |= (digit[0] & 0x7F) << shift
        shift += 7
        if not digit[0] & 0x80:
            return frame + exactly(sock, length)


class Proxy:
    """refuse_5: answers a CONNECT of MQTT 5 by 0x84. mute: while it is set the broker gets no PUBACK of the agent."""

    def __init__(self, broker, refuse_5=False):
        self.broker, self.refuse_5, self.mute = broker, refuse_5, False
        self.held = 0  # acknowledgements kept back
        self.again = []  # topics and payloads of what the broker sent with the DUP flag
        self.sockets = []
        self.listener = TcpServer(self._serve)
        self.url = f"mqtt://127.0.0.1:{self.listener.port}"

    def _serve(self, client):
        with suppress(OSError):
            hello = _frame(client)
            level = hello[hello.index(b"MQTT") + 4]
            if hello[0] >> 4 == CONNECT and level == 5 and self.refuse_5:
                client.sendall(packet(CONNACK, bytes([0, 0x84, 0])))
            else:
                broker = socket.create_connection(("127.0.0.1", self.broker.port), 10)
                broker.settimeout(None)
                self.sockets += [client, broker]
                broker.sendall(hello)
                threading.Thread(target=self._pass, args=(broker, client, self._from_broker), daemon=True).start()
                self._pass(client, broker, self._from_agent)
        client.close()

    def _pass(self, source, target, look):
        with suppress(OSError):
            while True:
                frame = _frame(source)
                if look(frame):
                    target.sendall(frame)
        for sock in (source, target):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _from_agent(self, frame):
        if frame[0] >> 4 == PUBACK and self.mute:
            self.held += 1
            return False
        return True

    def _from_broker(self, frame):
        if frame[0] >> 4 == PUBLISH and frame[0] & DUP:
            self.again.append(frame)
        return True

    def cut(self):
        """Ends all connections at once, without a word."""
        sockets, self.sockets = self.sockets, []
        for sock in sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()
        self.cut()
