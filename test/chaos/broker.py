"""A small MQTT broker of the test's own, the network before it, and the name server that leads to it. All three do as they are told.

The broker takes one client, the agent. It acknowledges, keeps what is retained, and says the will of a connection that broke. What the
agent says is shown to `heard` when it comes out of the agent, before any delay: that is what the oracle judges. What the broker does
with it comes later.
"""

import asyncio
import struct
import time

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14


def varint(number):
    data = b""
    while True:
        number, digit = divmod(number, 128)
        data += bytes([digit | (0x80 if number else 0)])
        if not number:
            return data


def text(words):
    data = words.encode() if isinstance(words, str) else words
    return struct.pack("!H", len(data)) + data


def packet(kind, body, flags=0):
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def matches(wanted, topic):
    """Whether a subscription asks for a topic; of the wildcards + alone, which is the agent's only one."""
    wanted, topic = wanted.split("/"), topic.split("/")
    return len(wanted) == len(topic) and all(part in ("+", level) for part, level in zip(wanted, topic))


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self):
        return struct.unpack("!H", self.take(2))[0]

    def text(self):
        return self.take(self.number())

    def varint(self):
        value = shift = 0
        while True:
            digit = self.take(1)[0]
            value |= (digit & 0x7F) << shift
            if digit < 0x80:
                return value
            shift += 7


class Connection(asyncio.Protocol):
    def __init__(self, broker):
        self.broker = broker
        self.shown, self.rest = b"", b""  # what has come, for the eye and for the broker
        self.version, self.will, self.topics = 5, None, {}
        self.ready = {False: 0.0, True: 0.0}  # when the last thing in either direction arrives
        self.over = False

    def connection_made(self, transport):
        self.transport = transport
        if self.broker.network == "refuse" or not self.broker.alive:  # it was killed in the handshake of TLS
            transport.abort()
        self.broker.connections.append(self)

    def connection_lost(self, error):
        """The agent has closed, or its machine says that the connection is none. Dropped lines tell nobody."""
        if self.broker.network != "drop":
            self.end()

    def end(self, orderly=False):
        if self.over:
            return
        self.over = True
        self.broker.connections.remove(self)
        if self.will and not orderly:
            self.broker.keep(*self.will)
        self.transport.abort()

    def data_received(self, data):
        self.shown = self._packets(self.shown + data, self._show)
        self._later(False, self._arrived, data)

    def _later(self, outwards, act, data):
        """In their order, after what the network takes. Held: with the others when it is let go."""
        broker = self.broker
        if broker.network == "drop":
            return
        if broker.network == "hold" or broker.held:
            broker.held.append((act, data))
            return
        now = time.monotonic()
        self.ready[outwards] = max(self.ready[outwards] + 1e-6, now + broker.latency_s)  # the loop does not keep the order of equal times
        if self.ready[outwards] <= now:
            act(data)
        else:
            broker.loop.call_at(self.ready[outwards], act, data)

    def send(self, data):
        self._later(True, self._leave, data)

    def _leave(self, data):
        if not self.over and self.broker.network != "drop":
            self.transport.write(data)

    def _arrived(self, data):
        if not self.over:
            self.rest = self._packets(self.rest + data, self._serve)

    @staticmethod
    def _packets(data, serve):
        while len(data) >= 2:
            reader = Reader(data)
            try:
                head = reader.take(1)[0]
                length = reader.varint()
            except IndexError:
                break
            if len(data) < reader.at + length:
                break
            serve(head >> 4, head & 15, Reader(reader.take(length)))
            data = data[reader.at:]
        return data

    def _publish(self, flags, reader):
        topic = reader.text().decode()
        id = reader.number() if flags & 6 else 0
        correlation, expiry_s = self._properties(Reader(reader.take(reader.varint()))) if self.version == 5 else (None, 0)
        return topic, id, reader.data[reader.at:].decode(errors="replace"), correlation, expiry_s

    @staticmethod
    def _properties(properties):
        """Correlation data and expiry, each None where it is not there."""
        correlation = expiry_s = None
        while properties.at < len(properties.data):
            kind = properties.take(1)[0]
            if kind == 9:
                correlation = properties.text()
            elif kind in (3, 8):
                properties.text()
            elif kind == 38:
                properties.text(), properties.text()
            elif kind == 2:
                expiry_s = struct.unpack("!I", properties.take(4))[0]
            elif kind == 1:
                properties.take(1)
            elif kind == 35:
                properties.take(2)
            elif kind == 11:
                properties.varint()
        return correlation, expiry_s

    def _show(self, kind, flags, reader):
        if kind == CONNECT:
            self.version = reader.data[6]
        if kind == PUBLISH:
            topic, _, payload, correlation, expiry_s = self._publish(flags, reader)
            self.broker.heard(topic, payload, correlation, expiry_s)

    def _serve(self, kind, flags, reader):
        five = b"\0" if self.version == 5 else b""
        if kind == CONNECT:
            self._connect(reader)
        elif kind == PUBLISH:
            topic, id, payload, correlation, _ = self._publish(flags, reader)
            if flags & 1:
                self.broker.keep(topic, payload)
            if flags & 6:
                self.send(packet(PUBACK, struct.pack("!H", id)))
            self.broker.arrived(topic, correlation)
        elif kind == SUBSCRIBE:
            id = reader.take(2)
            if self.version == 5:
                reader.take(reader.varint())
            count = 0
            while reader.at < len(reader.data):
                self.topics[reader.text().decode()] = time.monotonic()
                reader.take(1)
                count += 1
            self.send(packet(SUBACK, id + five + b"\1" * count))
            self.broker.subscribed(self)
        elif kind == UNSUBSCRIBE:
            id = reader.take(2)
            if self.version == 5:
                reader.take(reader.varint())
            count = 0
            while reader.at < len(reader.data):
                self.topics.pop(reader.text().decode(), None)
                count += 1
            self.send(packet(UNSUBACK, id + five + b"\0" * (count if self.version == 5 else 0)))
        elif kind == PINGREQ:
            self.send(packet(PINGRESP, b""))
        elif kind == DISCONNECT:
            self.end(orderly=not reader.data or reader.data[0] == 0)

    def _connect(self, reader):
        broker = self.broker
        reader.text()
        self.version, flags, _ = reader.take(1)[0], reader.take(1)[0], reader.take(2)
        if self.version == 5 and not broker.five:
            self.transport.write(packet(CONNACK, b"\0\1"))
            self.transport.close()
            return
        if self.version == 5:
            reader.take(reader.varint())
        reader.text()
        if flags & 4:
            if self.version == 5:
                reader.take(reader.varint())
            self.will = reader.text().decode(), reader.text().decode()
        for other in list(broker.connections):  # of the same client: it is one
            if other is not self:
                other.end()
        self.send(packet(CONNACK, b"\0\0" + (b"\0" if self.version == 5 else b"")))

    def wants(self, topic):
        return any(matches(wanted, topic) for wanted in self.topics)

    def publish(self, topic, payload, id, retain=False, dup=False, answer=None, correlation=""):
        if not self.wants(topic):
            return False
        properties = b""
        if self.version == 5:
            if answer:
                properties = b"\x08" + text(answer)
            if correlation:
                properties += b"\x09" + text(correlation)
            properties = varint(len(properties)) + properties
        self.send(packet(PUBLISH, text(topic) + struct.pack("!H", id) + properties + payload.encode(), dup << 3 | 2 | retain))
        return True


class Broker:
    """network: "open"; "hold", nothing passes until it is let go, then all of it; "drop", what passes is lost, and nobody is told;
    "refuse", connections are closed. heard(topic, payload, correlation, expiry_s): it comes out of the agent; expiry_s is 0 by MQTT 3.1.1;
    arrived(topic, correlation): it is here. others: topics of other clients with what they say there, retained. tls: of ssl, or None. What
    the network does to bytes it does inside of TLS."""

    def __init__(self, loop, heard, arrived, five, others, tls):
        self.loop, self.heard, self.arrived, self.five, self.others, self.tls = loop, heard, arrived, five, others, tls
        self.retained, self.connections, self.held = {}, [], []
        self.network, self.latency_s = "open", 0.0
        self.replays = None  # (topic, payload, after_s): sent to the next subscriber as if it were new
        self.server, self.port, self.id = None, 1883, 0
        self.alive = False

    async def start(self):
        if not self.server:
            self.alive = True
            self.server = await self.loop.create_server(lambda: Connection(self), "127.0.0.1", self.port, reuse_address=True, ssl=self.tls)

    def kill(self):
        """As kill -9: nobody says a will. What was retained stays on its disk."""
        self.alive = False
        if self.server:
            self.server.close()
            self.server = None
        for connection in self.connections:
            connection.over = True
            connection.transport.abort()
        self.connections.clear()
        self.held.clear()

    def let_go(self):
        held, self.held = self.held, []
        self.network = "open"
        for act, data in held:
            act(data)

    def cut(self):
        """Each connection is reset. Those whose lines were dropped are noticed at last, too."""
        for connection in list(self.connections):
            connection.end()

    def keep(self, topic, payload):
        if payload:
            self.retained[topic] = payload
        else:
            self.retained.pop(topic, None)

    def subscribed(self, connection):
        for topic, payload in self.others.items():
            self.id = self.id % 60000 + 1
            connection.publish(topic, payload, self.id, retain=True)
        if self.replays and connection.wants(self.replays[0]):
            topic, payload, after_s = self.replays
            self.replays = None
            until = time.monotonic() + after_s + 0.1  # later it would be a command

            def replay():
                if not connection.over and time.monotonic() < until and self.network == "open" and not self.held and not self.latency_s:
                    self.publish(topic, payload)
            self.loop.call_later(after_s, replay)

    def publish(self, topic, payload, **more):
        """To the agent. Whether there was a connection that had asked for it."""
        self.id = self.id % 60000 + 1
        return any([connection.publish(topic, payload, self.id, **more) for connection in self.connections])

    @property
    def connected(self):
        return any(connection.topics for connection in self.connections)


class Names(asyncio.DatagramProtocol):
    """A name server. mode: "true", "hang", "none" (no such name), "lie" (another address, where nobody is)."""

    def __init__(self):
        self.mode = "true"

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        if self.mode == "hang":
            return
        end = 12
        while data[end]:
            end += data[end] + 1
        question, kind = data[12:end + 5], struct.unpack_from("!H", data, end + 1)[0]
        found = kind == 1 and self.mode != "none"
        answer = data[:2] + struct.pack("!HHHHH", 0x8180 | (3 if self.mode == "none" else 0), 1, int(found), 0, 0) + question
        if found:
            place = bytes([127, 0, 0, 1 if self.mode == "true" else 99])
            answer += struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + place
        self.transport.sendto(answer, address)
