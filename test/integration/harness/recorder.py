"""An MQTT client that records what it hears."""

import errno
import json
import random
import threading
import time

import paho.mqtt.client
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from .agent import await_commands
from .waiting import DEADLINE, SLOWNESS


class Message:
    def __init__(self, message):
        self.topic = message.topic
        self.payload = message.payload.decode(errors="backslashreplace")
        self.retained = bool(message.retain)
        self.qos = message.qos
        self.at = time.monotonic()
        self.properties = getattr(message, "properties", None)

    @property
    def json(self):
        return json.loads(self.payload)

    def __repr__(self):
        return f"{self.topic}={self.payload[:80]!r}{' (retained)' if self.retained else ''}"


class Recorder:
    """An MQTT client (5 unless said) that keeps all that it hears, in order."""

    def __init__(self, broker, topics=("#",), version=5, username=None, password=None, client_id="", tls=None):
        protocol = paho.mqtt.client.MQTTv5 if version == 5 else paho.mqtt.client.MQTTv311
        arguments = {"client_id": client_id, "protocol": protocol}
        if hasattr(paho.mqtt.client, "CallbackAPIVersion"):  # paho-mqtt 2
            arguments["callback_api_version"] = paho.mqtt.client.CallbackAPIVersion.VERSION1
        self.client = paho.mqtt.client.Client(**arguments)
        if username is not None:
            self.client.username_pw_set(username, password)
        if tls is not None:
            self.client.tls_set_context(tls)
        self.version = version
        self.topics = list(topics)
        self.messages = []
        self.changed = threading.Condition()
        self.ready = False
        self.refused = None
        self.client.on_connect = self._connected
        self.client.on_subscribe = self._subscribed
        self.client.on_message = self._message
        self.client.reconnect_delay_set(0.05, 0.2)  # a wait that also holds up its end when the broker ended first
        self._connect(getattr(broker, "host", "127.0.0.1"), broker.port)
        self.client.loop_start()
        with self.changed:
            assert self.changed.wait_for(lambda: self.ready or self.refused, DEADLINE), "the recorder cannot connect"
        assert not self.refused, f"the broker refused the recorder: {self.refused}"

    def _connect(self, host, port):
        """paho takes a port of its own first, and beside other tests there may be none for a moment."""
        end = time.monotonic() + DEADLINE
        while True:
            try:
                return self.client.connect(host, port, keepalive=60)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def _connected(self, client, user, flags, code, *properties):
        failed = code.is_failure if hasattr(code, "is_failure") else int(getattr(code, "value", code)) != 0
        if failed:
            with self.changed:
                self.refused = str(code)
                self.changed.notify_all()
        elif not self.topics:
            self._subscribed()
        elif self.version == 5:  # shows live messages with the flag that they were published with
            client.subscribe([(topic, SubscribeOptions(qos=1, retainAsPublished=True)) for topic in self.topics])
        else:
            client.subscribe([(topic, 1) for topic in self.topics])

    def _subscribed(self, *_):
        with self.changed:
            self.ready = True
            self.changed.notify_all()

    def _message(self, client, user, message):
        with self.changed:
            self.messages.append(Message(message))
            self.changed.notify_all()

    def mark(self):
        """An index for since: what comes from now on."""
        with self.changed:
            return len(self.messages)

    def seen(self, topic=None, payload=None, since=0):
        """Messages of a topic (exact, or a compiled pattern) and payload (text, pattern or predicate)."""
        def fits(wanted, value):
            if wanted is None:
                return True
            if callable(wanted):
                return wanted(value)
            return bool(wanted.search(value)) if hasattr(wanted, "search") else wanted == value
        with self.changed:
            return [m for m in self.messages[since:] if fits(topic, m.topic) and fits(payload, m.payload)]

    def wait(self, topic=None, payload=None, since=0, deadline=None, count=1):
        """The count-th such message, already heard (from since on) or still to come."""
        seconds = DEADLINE if deadline is None else deadline * SLOWNESS
        with self.changed:
            self.changed.wait_for(lambda: len(self.seen(topic, payload, since)) >= count, seconds)
            found = self.seen(topic, payload, since)
            assert len(found) >= count, (f"in vain waited {seconds:.0f} s for {topic} = {payload}; heard:\n"
                                         + "\n".join(map(repr, self.messages[since:])))
            return found[count - 1]

    def publish(self, topic, payload="", retain=False, qos=1, response_topic=None, correlation=None, expiry=None):
        """Publishes and waits for the acknowledgement. A command waits before that until commands count."""
        if topic.endswith("/set"):
            await_commands(topic)
        properties = None
        if self.version == 5:
            properties = Properties(PacketTypes.PUBLISH)
            if response_topic is not None:
                properties.ResponseTopic = response_topic
            if correlation is not None:
                properties.CorrelationData = correlation
            if expiry is not None:
                properties.MessageExpiryInterval = expiry
        info = self.client.publish(topic, payload, qos=qos, retain=retain, properties=properties)
        end = time.monotonic() + DEADLINE
        while not info.is_published():
            assert time.monotonic() < end, f"{topic} was not acknowledged"
            time.sleep(0.001)

    def command(self, agent, topic, payload, answers="test/answer", **how):
        """Publishes a command and returns the answer's message. Where the machine has had no processor for the agent, which then
        takes what comes for old, the command is given again."""
        while True:
            mark, stood = self.mark(), len(agent.log.find("the agent stood still"))
            self.publish(topic, payload, response_topic=answers, **how)
            answer = self.wait(answers, since=mark)
            if answer.json.get("reason") != "stale" or len(agent.log.find("the agent stood still")) == stood:
                return answer

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def retained(broker, topic="#", **credentials):
    """What the broker keeps at this moment, as {topic: payload}: a fresh subscriber gets just that."""
    token = f"harness/{random.getrandbits(64):x}"
    recorder = Recorder(broker, topics=[topic, token], **credentials)
    try:
        recorder.publish(token, "end")  # comes after everything retained
        recorder.wait(token, "end")
        return {m.topic: m.payload for m in recorder.messages if m.retained and m.topic != token}
    finally:
        recorder.close()
