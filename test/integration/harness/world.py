"""What one test needs: brokers, agents and clients that end with it."""

from collections import Counter
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from .agent import Agent
from .broker import Broker
from .recorder import Recorder


class World:
    """Makes what a test needs, below its folder, and ends all of it with the test, the newest first."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.counts = Counter()  # of the places, by name
        self.ends = ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ends.close()

    def _place(self, name):
        self.counts[name] += 1
        return self.folder / f"{name}{self.counts[name] - 1}"

    @property
    def tmp_path(self):
        return self.folder

    def broker_factory(self, **arguments):
        """Makes and starts a mosquitto: broker_factory(options=[...], users={...}, acl="...")."""
        broker = Broker(self._place("broker"), **arguments)
        self.ends.callback(broker.kill)
        return broker.start()

    @cached_property
    def broker(self):
        """One mosquitto with its default settings."""
        return self.broker_factory()

    def agent_factory(self, brokers=None, **arguments):
        """Makes an agent; not started: agent_factory(broker, config={...}).start()."""
        agent = Agent(self._place("agent"), brokers, **arguments)
        self.ends.callback(agent.finish)
        return agent

    def recorder_factory(self, broker, **arguments):
        recorder = Recorder(broker, **arguments)
        self.ends.callback(recorder.close)
        return recorder

    def fakes(self, fake):
        """Keeps a fake broker until the end of the test: fake = fakes(MyFakeBroker())."""
        self.ends.callback(fake.close)
        return fake

    @cached_property
    def agent(self):
        """The agent on one simulated door, started, online and settled, with a recorder of everything in agent.recorder."""
        recorder = self.recorder_factory(self.broker)
        agent = self.agent_factory(self.broker).start()
        agent.recorder = recorder
        recorder.wait(agent.topic("availability"), "online")
        recorder.wait(agent.topic("left", "state"), "closed")
        recorder.wait(agent.topic("left", "attributes"), lambda text: '"settled":true' in text)
        return agent
