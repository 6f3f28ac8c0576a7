"""Stories: which doors there are, and what happens when. All of it comes from the seed."""

import random

TABLES = [("stop", "stop", "reverse"), ("stop", "reverse", "reverse"), ("reverse", "reverse", "reverse"), ("ignore", "reverse", "reverse"),
          ("stop", "stop", "continue"), ("ignore", "stop", "reverse")]
ROUND_S = 4.0      # in which a round's events begin
LONG_S = 11.5      # a standstill after which nothing may act
DOORS = 3
LIFE = 5           # rounds of a garage


def doors(seed):
    """The settings of each door, for the model and for the agent's configuration."""
    dice = random.Random(f"{seed} doors")
    line = iter(range(4, 28))
    made = []
    for number in range(DOORS):
        toggle = dice.random() < 0.6
        relays = ["relay"] if toggle else ["open_relay", "close_relay"] + (["stop_relay"] if dice.random() < 0.6 else [])
        sensors = dice.choices([("closed", "open"), ("closed",), ("open",), ()], [6, 3, 1, 1])[0]
        sensors += ("beam",) if dice.random() < 0.3 else ()
        travel_s = dice.choice([1.0, 1.4])
        made.append({
            "id": "abc"[number],
            "relays": {role: next(line) for role in relays},
            "active_low": dice.random() < 0.5,
            "wires": {name: {"line": next(line), "normally_closed": dice.random() < 0.5} for name in sensors},
            "opener": dict(zip(("while_opening", "while_closing", "after_stop"), dice.choice(TABLES))),
            "travel_s": travel_s * dice.uniform(0.85, 0.98),  # the configured time is rather too long
            "travel_ms": int(travel_s * 1000),
            "delay_s": dice.choice([0.0, 0.0, 0.1]),
            "pulse_ms": dice.choice([100, 150, 250]),
            "gap_ms": dice.choice([100, 200]),
            "debounce_ms": dice.choice([20, 50]),
            "warning_line": next(line) if dice.random() < 0.4 else None,
        })
        made[-1]["auto_close_s"] = 3 if made[-1]["warning_line"] is not None and dice.random() < 0.3 else 0
        made[-1]["lockout"] = random.Random(f"{seed} lockout {number}").choice(["open", "open", "all"])
        made[-1]["warning_ms"] = 0 if made[-1]["warning_line"] is None else 5000 if made[-1]["auto_close_s"] else 1000
    return made


def five(seed):
    """Whether the broker speaks MQTT 5."""
    return random.Random(f"{seed} version").random() < 0.85


def peers(seed):
    """Whether the garage has another one that it follows."""
    return random.Random(f"{seed} peers").random() < 0.5


def tls(seed):
    """Whether the garage speaks to its broker by TLS."""
    return random.Random(f"{seed} tls").random() < 0.3


# What happens beside commands: name, weight, then what follows it after so many seconds.
MISHAPS = {
    "broker_killed": (2, (0.1, 3.0), "broker_started"),
    "broker_emptied": (2, (0.1, 3.0), "broker_started"),
    "broker_replays": (3, (0.1, 1.0), "broker_started"),
    "broker_keeps_command": (4, (0.0, 0.1), None),
    "network_held": (2, (0.2, 4.5), "network_let_go"),
    "network_held_long": (1.5, (LONG_S, LONG_S + 1), "network_let_go"),
    "network_dropped": (1, (1.0, 8.0), "network_cut"),
    "network_cut": (2, (0.1, 0.1), None),
    "network_slow": (2, (1.0, 3.0), "network_fast"),
    "old_will": (1, (0.0, 0.1), None),
    "redelivered": (6, (0.0, 0.1), None),
    "names": (1, (0.5, 3.0), "names_true"),
    "disk_full": (1, (0.5, 3.0), "disk_empty"),
    "disk_read_only": (1, (0.5, 3.0), "disk_writable"),
    "descriptors": (1, (0.5, 3.0), "limits_off"),
    "memory": (1, (0.5, 3.0), "limits_off"),
    "reload": (2, (0.0, 0.1), None),
    "stopped": (1.5, (0.05, 4.0), "continued"),
    "stopped_long": (1, (LONG_S, LONG_S + 1), "continued"),
    "killed": (1, (0.0, 0.1), None),
    "restarted": (0.7, (0.0, 0.1), None),
    "wall_button": (3, (0.0, 0.1), None),
    "bounce": (3, (0.0, 0.1), None),
    "chatter": (1, (0.0, 0.1), None),
    "stick": (1.5, (0.5, 4.0), "mended"),
    "swap": (0.5, (1.0, 4.0), "unswapped"),
    "lose_edge": (2, (0.0, 0.1), None),
    "drop_edges": (1, (0.0, 0.1), None),
    "deaf": (1.5, (0.0, 0.1), None),
    "turn_round": (1.5, (0.0, 0.1), None),
    "power_cut": (1, (0.5, 3.0), "power_back"),
    "beam": (2, (0.2, 3.0), "beam_free"),
    "stopped_at_press": (1, (LONG_S, LONG_S + 1), "continued"),
}


def command(dice, at_s):
    word = dice.choices(["OPEN", "CLOSE", "STOP", "TOGGLE", "POSITION", "garbage"], [5, 5, 2, 5, 1, 0.5])[0]
    return at_s, "command", {"door": dice.randrange(DOORS), "word": word, "way": dice.choices(["mqtt", "api", "page", "slow"], [6, 2, 1, 0.5])[0],
                             "percent": dice.randint(1, 99), "slow_s": dice.choice([0.5, 2.0, 5.0, LONG_S])}


def lockouts(seed, number, told):
    """In half of the rounds: a lock-out, at any moment or just when something else happens, and what is asked of the door then."""
    dice = random.Random(f"{seed} lockouts {number}")
    if dice.random() < 0.5:
        return []
    door, every = dice.randrange(DOORS), dice.random() < 0.2
    at_s = dice.uniform(0, ROUND_S)
    if dice.random() < 0.5:
        at_s = max(0.0, min(dice.choice(told)[0], ROUND_S) + dice.uniform(-0.05, 0.05))
    events = []
    if dice.random() < 0.3:  # a close that waits, in its warning or for its next press
        at_s = max(at_s, 2.5)
        for word, when_s in (("OPEN", at_s - 2.5), ("CLOSE", at_s - dice.uniform(0.02, 0.8))):
            events.append((when_s, "command", {**command(dice, 0.0)[2], "door": door, "word": word, "way": dice.choice(["mqtt", "api"])}))
    for word in dice.choice([["ON"], ["ON"], ["ON", "OFF"], ["OFF"], ["OFF", "ON"], ["ON", "OFF", "ON"]]):
        way = dice.choices(["mqtt", "api", "page", "slow"], [6, 3, 1, 0.5])[0]
        events.append((at_s, "command", {"door": door, "word": f"LOCKOUT_{word}", "way": way, "every": every, "slow_s": dice.choice([0.5, 2.0, LONG_S])}))
        for _ in range(dice.choice([0, 1, 2])):
            when_s, what, details = command(dice, max(0.0, at_s + dice.uniform(-0.2, 1.0)))
            events.append((when_s, what, {**details, "door": door}))
        at_s += dice.choice([0.0, 0.01, 0.3, 1.0])
    if dice.random() < 0.4:  # the last of them may be on its way to the disk
        ends = dice.choice(["killed", "killed", "restarted"])
        events.append((max(0.0, events[-1][0] + dice.uniform(-0.01, 0.1)), ends, {"door": door, "dice": dice.randrange(1 << 30)}))
    return events


def for_others(seed, number, told):
    """In half of the rounds, where there is another garage: what the page is asked to send there, also just when something else happens."""
    dice = random.Random(f"{seed} others {number}")
    events = []
    if not peers(seed) or dice.random() < 0.5:
        return events
    for _ in range(dice.choice([1, 2, 4])):
        at_s = dice.choice([dice.uniform(0, ROUND_S), max(0.0, dice.choice(told)[0] + dice.uniform(-0.1, 0.5))])
        when_s, what, details = command(dice, min(at_s, ROUND_S + 1))
        if details["word"] != "garbage":
            way = dice.choices(["api", "page", "slow"], [5, 2, 1])[0]
            events.append((when_s, what, {**details, "peer": True, "way": way}))
    return events


def positions(seed, number):
    """In most rounds: a door that can be stopped, if there is one, is sent to a position, and perhaps elsewhere meanwhile."""
    dice = random.Random(f"{seed} positions {number}")
    able = [place for place, door in enumerate(doors(seed)) if "stop_relay" in door["relays"]]
    if not able or dice.random() < 0.3:
        return []
    door, at_s = dice.choice(able), dice.choice([dice.uniform(0, 0.3), dice.uniform(0, ROUND_S)])  # at first it rests, and is known
    events = [(at_s, "command", {**command(dice, at_s)[2], "door": door, "word": "POSITION", "percent": dice.randint(40, 70)})]
    if dice.random() < 0.3:
        when_s, what, details = command(dice, at_s + dice.uniform(0, 1.5))
        events.append((when_s, what, {**details, "door": door}))
    return events


def tell(seed, number):
    """The events of a round, in their order: (when_s, what, details)."""
    dice = random.Random(f"{seed} round {number}")
    told = []
    for _ in range(dice.choice([2, 3, 5, 8])):
        told.append(command(dice, dice.uniform(0, ROUND_S)))
    for count in range(dice.choice([1, 1, 2, 3, 4])):
        what = dice.choices(list(MISHAPS), [weight for weight, _, _ in MISHAPS.values()])[0]
        if count == 0:  # each of them has its turn
            what = list(MISHAPS)[(seed * LIFE + number) % len(MISHAPS)]
        _, (least, most), then = MISHAPS[what]
        at_s, lasts_s = dice.uniform(0, ROUND_S), dice.uniform(least, most)
        details = {"door": dice.randrange(DOORS), "dice": dice.randrange(1 << 30)}
        told.append((at_s, what, details))
        if then:
            told.append((at_s + lasts_s, then, details))
        if what in ("network_held", "network_held_long", "stopped", "stopped_long", "network_slow", "redelivered", "killed", "restarted"):
            for _ in range(dice.choice([0, 1, 2])):  # what is given just before or meanwhile matters most
                told.append(command(dice, max(0, at_s + dice.uniform(-0.5, min(lasts_s, 2)))))
    told += for_others(seed, number, told)
    told += positions(seed, number)
    told += lockouts(seed, number, told)
    return sorted(told, key=lambda event: event[0])
