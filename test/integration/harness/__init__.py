"""What the integration tests are made of: a real mosquitto, the real agent, a client that records, and brokers that
misbehave on purpose. Tests import it from here; each module says what it has.

Every port is free when it is chosen, every file is below the test's own folder, so the tests of several files run side by side.
"""

from .agent import LOCAL, Agent, agent_command, await_commands, door, merge
from .broker import Broker
from .fake_broker import Closed, Connection, FakeBroker, Silent
from .log import Log, logged_at
from .page import Answer, ask, get
from .packets import (CONNACK, CONNECT, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBLISH, SUBACK, SUBSCRIBE, UNSUBACK, UNSUBSCRIBE,
                      Packet, packet, text, varint)
from .path_proxy import PathProxy
from .places import ROOT, free_port, is_static, with_file
from .process import Process
from .recorder import Message, Recorder, retained
from .sockets import TcpServer, exactly, hand_on
from .supervisor import Ingress, Supervisor
from .waiting import DEADLINE, REPLAY, SLOWNESS, sleep_until, wait_until
from .world import World

__all__ = [
    "LOCAL", "Agent", "agent_command", "await_commands", "door", "merge",
    "Broker",
    "Closed", "Connection", "FakeBroker", "Silent",
    "Log", "logged_at",
    "Answer", "ask", "get",
    "PathProxy",
    "CONNACK", "CONNECT", "DISCONNECT", "PINGREQ", "PINGRESP", "PUBACK", "PUBLISH", "SUBACK", "SUBSCRIBE", "UNSUBACK",
    "UNSUBSCRIBE", "Packet", "packet", "text", "varint",
    "ROOT", "free_port", "is_static", "with_file",
    "Process",
    "Message", "Recorder", "retained",
    "TcpServer", "exactly", "hand_on",
    "Ingress", "Supervisor",
    "DEADLINE", "REPLAY", "SLOWNESS", "sleep_until", "wait_until",
    "World",
]
