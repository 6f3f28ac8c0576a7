"""Brokers that misbehave on purpose: raw MQTT over sockets."""

import socket
import struct
import threading
import time
from contextlib import suppress

from .packets import (CONNACK, CONNECT, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBLISH, SUBACK, SUBSCRIBE, UNSUBACK, UNSUBSCRIBE,
                      Packet, packet, text, varint)
from .sockets import TcpServer, exactly
from .waiting import DEADLINE, REPLAY, SLOWNESS, sleep_until


class Closed(Exception):
    """The other side closed the connection."""


class Connection:
    """One client of a fake broker, in a thread of its own."""

    def __init__(self, broker, sock):
        self.broker, self.sock = broker, sock
        self.version = 0
        self.connect = None
        self.received = []
        self.opened = time.monotonic()
        self.closed = False
        self.subscribed = None  # when the last SUBACK went out
        self.lock = threading.Lock()

    def _exactly(self, count):
        try:
            return exactly(self.sock, count)
        except OSError as error:
            raise Closed from error

    def read(self):
        head = self._exactly(1)[0]
        length = shift = 0
        while True:
            digit = self._exactly(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        packet_ = Packet(head >> 4, head & 15, self._exactly(length), self.version)
        packet_.at = time.monotonic()
        if packet_.kind == CONNECT:
            self.version = packet_.version
            self.connect = packet_
        with self.broker.changed:
            self.received.append(packet_)
            self.broker.changed.notify_all()
        return packet_

    def send(self, data):
        with self.lock, suppress(OSError):
            self.sock.sendall(data)

    def connack(self, code=0, properties=b""):
        self.send(packet(CONNACK, bytes([0, code]) + (varint(len(properties)) + properties if self.version == 5 else b"")))

    def suback(self, subscribe, codes):
        self.subscribed = time.monotonic()
        self.send(packet(SUBACK, struct.pack("!H", subscribe.id) + (b"\0" if self.version == 5 else b"") + bytes(codes)))

    def puback(self, publish, code=0):
        body = struct.pack("!H", publish.id)
        self.send(packet(PUBACK, body + (bytes([code, 0]) if self.version == 5 and code else b"")))

    def wait_commands_count(self):
        """Until the agent no longer takes a command for the replay of an old one."""
        sleep_until(self.subscribed + REPLAY[5 if self.version == 5 else 3] + 0.4 * SLOWNESS)

    def publish(self, topic, payload, retain=False, qos=0, id=1, properties=b"", at_once=False, dup=False):
        """A command waits until commands count, unless at_once."""
        if topic.endswith("/set") and self.subscribed and not at_once:
            self.wait_commands_count()
        body = text(topic) + (struct.pack("!H", id) if qos else b"")
        if self.version == 5:
            body += varint(len(properties)) + properties
        self.send(packet(PUBLISH, body + payload.encode(), flags=(dup << 3) | (qos << 1) | retain))

    def disconnect(self, reason):
        self.send(packet(DISCONNECT, bytes([reason, 0]) if self.version == 5 else b""))

    def close(self, reset=False):
        if reset:
            with suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self.sock.close()
        with self.broker.changed:
            self.closed = True
            self.broker.changed.notify_all()


class FakeBroker:
    """Listens on loopback and speaks as much MQTT as it must. Subclasses change one answer.

    accepts everything: CONNECT, SUBSCRIBE, PUBLISH, PINGREQ. Each of the on_ methods runs in its connection's thread.
    """

    connack_properties = b""

    def __init__(self):
        self.changed = threading.Condition()
        self.connections = []
        self.listener = TcpServer(self._serve)
        self.port = self.listener.port

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def _serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self, sock)
        with self.changed:
            self.connections.append(connection)
            self.changed.notify_all()
        with suppress(Closed):
            self.serve(connection)
        connection.close()

    def serve(self, connection):
        """The whole conversation; override for one that is no MQTT at all."""
        self.on_connect(connection, connection.read())
        while True:
            received = connection.read()
            if received.kind == SUBSCRIBE:
                self.on_subscribe(connection, received)
            elif received.kind == UNSUBSCRIBE:
                connection.send(packet(UNSUBACK, struct.pack("!H", received.id)
                                       + (bytes([0] + [0] * len(received.filters)) if connection.version == 5 else b"")))
            elif received.kind == PUBLISH:
                self.on_publish(connection, received)
            elif received.kind == PINGREQ:
                self.on_ping(connection)
            elif received.kind == DISCONNECT:
                return

    def on_connect(self, connection, connect):
        connection.connack(0, self.connack_properties)

    def on_subscribe(self, connection, subscribe):
        connection.suback(subscribe, [self.grant(topic) for topic, _ in subscribe.filters])

    def grant(self, topic):
        return 1

    def on_publish(self, connection, publish):
        if publish.flags & 6:
            connection.puback(publish)

    def on_ping(self, connection):
        connection.send(packet(PINGRESP))

    def wait(self, condition, what, deadline=None):
        """Waits until condition() is true; it is looked at again after each packet and each new or closed connection."""
        seconds = DEADLINE if deadline is None else deadline * SLOWNESS
        with self.changed:
            value = self.changed.wait_for(condition, seconds)
            assert value, f"in vain waited {seconds:.0f} s for {what}"
            return value

    def wait_connection(self, count=1, deadline=None):
        """The count-th connection, once its CONNECT is in."""
        self.wait(lambda: len([c for c in self.connections if c.connect]) >= count, f"{count} CONNECT packets", deadline)
        return [c for c in self.connections if c.connect][count - 1]

    def wait_publish(self, topic, payload=None, deadline=None, count=1):
        """The count-th PUBLISH of the agent to this topic, on whatever connection."""
        def found():
            return [p for c in self.connections for p in c.received
                    if p.kind == PUBLISH and p.topic == topic and (payload is None or p.payload == payload)]
        self.wait(lambda: len(found()) >= count, f"{topic} = {payload}", deadline)
        return found()[count - 1]

    def close(self):
        self.listener.close()
        for connection in list(self.connections):
            connection.close()


class Silent(FakeBroker):
    """Accepts TCP and says nothing."""

    def serve(self, connection):
        while True:
            connection.read()
