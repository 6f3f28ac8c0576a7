"""MQTT's packets as bytes: as much of them as the agent needs to meet."""

import struct

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14)


def varint(number):
    encoded = bytearray()
    while True:
        number, digit = divmod(number, 128)
        encoded.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(encoded)


def packet(kind, body=b"", flags=0):
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def text(value):
    encoded = value.encode()
    return struct.pack("!H", len(encoded)) + encoded


class Packet:
    """A packet as it came, with the parts that tests look at."""

    def __init__(self, kind, flags, body, version):
        self.kind, self.flags, self.body, self.version = kind, flags, body, version
        self.position = 0
        if kind == CONNECT:
            self.protocol = self._text()
            self.version = self._byte()
            bits = self._byte()
            self.keepalive = self._short()
            self.clean_start = bool(bits & 2)
            self.properties = self._properties() if self.version == 5 else b""
            self.client_id = self._text()
            self.will = None
            if bits & 4:
                self.will_properties = self._properties() if self.version == 5 else b""
                self.will = (self._text(), self._bytes().decode())
                self.will_qos, self.will_retain = bits >> 3 & 3, bool(bits & 0x20)
            self.username = self._text() if bits & 0x80 else None
            self.password = self._bytes().decode() if bits & 0x40 else None
        elif kind == PUBLISH:
            self.topic = self._text()
            self.id = self._short() if flags & 6 else 0
            self.properties = self._properties() if version == 5 else b""
            self.payload = body[self.position:].decode(errors="backslashreplace")
            self.retain = bool(flags & 1)
        elif kind in (SUBSCRIBE, UNSUBSCRIBE):
            self.id = self._short()
            self.properties = self._properties() if version == 5 else b""
            self.filters = []
            while self.position < len(body):
                topic = self._text()
                self.filters.append((topic, self._byte() if kind == SUBSCRIBE else 0))
        elif kind in (PUBACK,):
            self.id = self._short()
        elif kind == DISCONNECT:
            self.reason = body[0] if body else 0

    def _byte(self):
        self.position += 1
        return self.body[self.position - 1]

    def _short(self):
        self.position += 2
        return struct.unpack("!H", self.body[self.position - 2:self.position])[0]

    def _bytes(self):
        length = self._short()
        self.position += length
        return self.body[self.position - length:self.position]

    def _text(self):
        return self._bytes().decode()

    def _properties(self):
        length = shift = 0
        while True:
            digit = self._byte()
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        self.position += length
        return self.body[self.position - length:self.position]
