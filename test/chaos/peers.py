"""The oracle's rule of the other garage: what the page is asked to send there leaves the agent once at most, and in time.

The other garage is the test's broker in its name. What happens behind the agent's own socket is not the agent's: so what leaves it is
judged, by when it leaves and by the expiry that it carries, which is what keeps it from acting late.
"""

import time

NODE = "shed"
TELLS = {f"portcullis/{NODE}/availability": "online", f"portcullis/{NODE}/doors": '{"doors":[{"id":"left","settled":true}]}'}
RULE = "a command for the other garage is sent once, and in time"


class Peers:
    def __init__(self, oracle, age_s, slack_s):
        self.oracle, self.age_s, self.slack_s = oracle, age_s, slack_s
        self.given = []
        oracle.counts.update({"for the other garage": 0, "sent there": 0})

    def sent(self, word, expiry_s):
        """expiry_s: of MQTT 5, None: it has none; by MQTT 3.1.1 0."""
        now = time.monotonic()
        self.oracle.counts["sent there"] += 1
        asked = [given for given in self.given if given.word == word and given.presses == 0 and max(given.at, given.whole_at) <= now]
        for given in asked:  # the oldest that it may be: a newer one may be sent later
            lost_s = min(2.0, self.oracle.lost_s(given.at))  # a standstill of less is not noticed: it counts from when it was read
            until = given.at + self.age_s + self.slack_s + lost_s
            if now <= until and expiry_s is not None and now + expiry_s <= until + 1:  # it has whole seconds
                given.presses = 1
                return
        late = [f"{given.way} {now - given.at:.1f} s before ({given.answer})" for given in asked]
        self.oracle.breach(RULE, f"{word} leaves, to expire after {expiry_s} s; not sent yet were {late or 'none'}")

    def judge(self):
        """At rest: what was refused was not sent."""
        for word in {given.word for given in self.given}:
            asked = [given for given in self.given if given.word == word]
            count, most = sum(given.presses for given in asked), sum(given.answer != "rejected" for given in asked)
            if count > most:
                self.oracle.breach(RULE, f"{word} was sent {count} times, and not refused {most} times")
