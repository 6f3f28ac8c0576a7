"""What the broker refuses is said and asked for again, and the agent tells that it is so."""

import json
import signal
import time
import urllib.request

import pytest

from harness import DEADLINE, PUBLISH, SUBSCRIBE, SLOWNESS, FakeBroker, door
from side_by_side import side_by_side


def get(agent, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{agent.http_port}{path}", timeout=DEADLINE) as answer:
        return answer.read().decode()


@side_by_side
def test_a_state_that_the_broker_refused_is_said_until_it_is_taken(fakes, agent_factory):
    class Full(FakeBroker):
        refused, taken = (), None

        def on_publish(self, connection, publish):
            if publish.topic.endswith("left/state") and publish.payload == "open" and len(self.refused) < 2:
                with self.changed:
                    self.refused += (publish.at,)
                    self.changed.notify_all()
                connection.puback(publish, 0x97)
                return
            if publish.topic.endswith("left/state"):
                with self.changed:
                    self.taken = publish.payload
                    self.changed.notify_all()
            super().on_publish(connection, publish)

    fake = fakes(Full())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("left", "state"), "closed")
    fake.connections[0].publish(agent.topic("left", "set"), "OPEN", qos=1)
    agent.log.wait("refuses what is published to .*left/state: quota exceeded")
    assert fake.taken == "opening"
    fake.wait(lambda: len(fake.refused) == 2, "the second refusal", deadline=8)
    assert fake.refused[1] - fake.refused[0] > 4
    fake.wait(lambda: fake.taken == "open", "the state to be taken", deadline=14)


@side_by_side
def test_a_reload_leaves_a_slow_broker_that_refuses_something(fakes, agent_factory):
    """What was to be said again there is said no more, and the agent goes on."""
    class Slow(FakeBroker):
        refused = slow = False

        def on_publish(self, connection, publish):
            if publish.topic.endswith("left/state") and not self.refused:
                self.refused = True
                connection.puback(publish, 0x97)
                return
            if self.slow:
                time.sleep(0.6)
            super().on_publish(connection, publish)

    fake = fakes(Slow())
    agent = agent_factory(fake, config={"doors": [door(), door("right", relay="GPIO5", closed_sensor="GPIO6",
                                                              open_sensor="GPIO13")]}).start()
    agent.log.wait("refuses what is published to .*left/state: quota exceeded")
    fake.wait_publish(agent.topic("right", "attributes"))
    fake.slow = True
    agent.config["node"] = "shed"
    agent.write_config()
    agent.send_signal(signal.SIGHUP)
    agent.log.wait("the configuration is taken over")
    agent.log.wait("connected to the broker", count=2, deadline=40)
    assert json.loads(get(agent, "/api/doors"))["node"] == "shed"
    fake.wait_publish("portcullis/shed/right/state", "closed", deadline=40)


@side_by_side
def test_puback_0x83_is_no_refusal(fakes, agent_factory):
    class Odd(FakeBroker):
        def on_publish(self, connection, publish):
            connection.puback(publish, 0x83)

    fake = fakes(Odd())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("availability"), "online")
    agent.log.wait("answers to .*: implementation specific error")
    assert not agent.log.find("refuses what is published")
    assert "portcullis_mqtt_publish_failures_total 0\n" in get(agent, "/metrics")


@side_by_side
def test_a_refused_answer_hides_no_other_refusal(fakes, agent_factory):
    """The topic of an answer is the choice of who commands: he must not use up the one line, nor have rights advised."""
    class Strict(FakeBroker):
        def on_publish(self, connection, publish):
            if publish.topic == "his/own" or publish.payload == "opening":
                connection.puback(publish, 0x87)
            else:
                super().on_publish(connection, publish)

    fake = fakes(Strict())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("left", "state"), "closed")
    for id in 1, 2:
        fake.connections[0].publish(agent.topic("left", "set"), "CLOSE", qos=1, id=id,
                                    properties=b"\x08\0\x07his/own")
    line = agent.log.wait("warning: .*refuses the answer to his/own")
    assert "not authorized" in line and "access control" not in line
    agent.log.wait("debug: .*refuses the answer to his/own")
    fake.connections[0].publish(agent.topic("left", "set"), "OPEN", qos=1)
    line = agent.log.wait("warning: .*refuses what is published to .*left/state: not authorized")
    assert "access control list" in line


@pytest.mark.parametrize("code, name", [(0x80, "unspecified error"), (0x91, "packet identifier in use"),
                                        (0x87, "not authorized")])
@side_by_side
def test_a_subscription_that_was_refused_is_asked_for_again(fakes, agent_factory, code, name):
    class Electing(FakeBroker):
        """As a node of NATS while it elects a leader, or mochi while ids collide."""

        deaf = True

        def grant(self, topic):
            return code if self.deaf and topic.endswith("left/set") else 1

    fake = fakes(Electing())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("availability"), "deaf")
    agent.log.wait("HTTP: listening")
    line = agent.log.wait("warning: .*denies the subscription to")
    assert name in line and ("access control list" in line) == (code == 0x87)
    assert get(agent, "/healthz") == "degraded: the broker denies a subscription to commands\n"
    assert "denies the subscription" in json.loads(get(agent, "/api/doors"))["broker_problem"]
    assert "denies the subscription" in get(agent, "/")
    assert "portcullis_mqtt_subscriptions_denied 1\n" in get(agent, "/metrics")
    assert agent.run("--healthcheck").returncode == 0, "a restart would not help"

    def asked():
        return [p for p in fake.connections[0].received
                if p.kind == SUBSCRIBE and p.filters[0][0] == agent.topic("left", "set")]
    fake.wait(lambda: len(asked()) == 2, "the second time", deadline=7)
    assert asked()[1].at - asked()[0].at > 3
    fake.deaf = False
    fake.wait(lambda: len(asked()) == 3, "the third time", deadline=12)
    agent.log.wait("grants all subscriptions now")
    fake.wait_publish(agent.topic("availability"), "online")
    assert get(agent, "/healthz") == "ok\n"
    assert json.loads(get(agent, "/api/doors"))["broker_problem"] is None
    assert "portcullis_mqtt_subscriptions_denied 0\n" in get(agent, "/metrics")
    fake.connections[0].publish(agent.topic("left", "set"), "OPEN", qos=1)
    fake.wait_publish(agent.topic("left", "state"), "open")


@side_by_side
def test_what_one_broker_denied_is_not_said_of_the_next(fakes, agent_factory):
    class Denying(FakeBroker):
        def grant(self, topic):
            return 0x87 if topic.endswith("left/set") else 1

    class Slow(FakeBroker):
        suback = None

        def on_subscribe(self, connection, subscribe):
            if subscribe.filters[0][0].endswith("left/set"):
                self.suback = lambda: super(Slow, self).on_subscribe(connection, subscribe)
            else:
                super().on_subscribe(connection, subscribe)

    first, second = fakes(Denying()), fakes(Slow())
    agent = agent_factory([first, second]).start()
    first.wait_publish(agent.topic("availability"), "deaf")
    agent.log.wait("HTTP: listening")
    assert json.loads(get(agent, "/api/doors"))["broker_problem"]
    first.close()
    second.wait_publish(agent.topic("left", "state"), "closed")
    assert json.loads(get(agent, "/api/doors"))["broker_problem"] is None
    assert get(agent, "/healthz") == "ok\n"
    second.wait(lambda: second.suback, "the subscription")
    second.suback()
    second.connections[0].publish(agent.topic("left", "set"), "OPEN", qos=1)
    second.wait_publish(agent.topic("left", "state"), "open")
    assert second.wait_publish(agent.topic("availability")).payload == "online"


@side_by_side
def test_a_subscribe_without_an_answer_is_a_refusal(fakes, agent_factory):
    class Forgetful(FakeBroker):
        def on_subscribe(self, connection, subscribe):
            if not subscribe.filters[0][0].endswith("left/set"):
                super().on_subscribe(connection, subscribe)

    fake = fakes(Forgetful())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("availability"), "online")
    time.sleep(5 * SLOWNESS if SLOWNESS < 1.5 else 7)
    assert not agent.log.find("denies the subscription")
    fake.wait_publish(agent.topic("availability"), "deaf", deadline=15)


@side_by_side
def test_availability_and_states_are_said_again_after_a_connect(fakes, agent_factory):
    """A cluster may publish an old will late and not tell us."""
    fake = fakes(FakeBroker())
    agent = agent_factory(fake).start()
    fake.wait_publish(agent.topic("left", "attributes"))
    fake.wait_publish(agent.topic("left", "state"), "closed")
    fake.wait_publish(agent.topic("availability"), "online")
    time.sleep(3)

    def said(leaf):
        return [p for p in fake.connections[0].received if p.kind == PUBLISH and p.topic.endswith(leaf)]
    before = {leaf: len(said(leaf)) for leaf in ("/state", "/position", "/attributes", "/availability")}
    time.sleep(9)
    fake.wait(lambda: all(len(said(leaf)) > count for leaf, count in before.items()), "all of it again")
    for leaf, count in before.items():
        assert len(said(leaf)) == count + 1, leaf
