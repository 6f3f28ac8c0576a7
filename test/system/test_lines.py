"""Finding chips and lines, and what is said when they are not to be had."""

import re

import pytest

from guest import CLOSED, HEADER, OPEN, RELAY, contact, door


@pytest.mark.parametrize("how", ["default", "label", "name", "path"])
def test_chip_is_found_by(how, header, agent_factory, broker, recorder):
    chip = {"default": None, "label": HEADER, "name": header.name, "path": header.path}[how]
    agent = agent_factory(broker, config={"gpio": {"chip": chip}}).start()
    recorder.wait(agent.topic("availability"), "online")
    assert f"GPIO{RELAY}" in "".join(lines_used_by_agent(agent))


def lines_used_by_agent(agent):
    return [line for line in agent.run("--list-lines")[1].splitlines() if 'used by "portcullis"' in line]


def test_lines_are_found_by_offset(agent_factory, broker, recorder):
    agent = agent_factory(broker, config={"doors": [door(relay={"line": RELAY})]}).start()
    recorder.wait(agent.topic("availability"), "online")
    (line,) = lines_used_by_agent(agent)
    assert re.match(rf" *{RELAY} +GPIO{RELAY} +output\b", line)


def test_list_lines_shows_every_chip_and_line(machine, agent_factory):
    status, output = agent_factory().run("--list-lines")
    assert status == 0
    for chip in machine.chips.values():
        assert re.search(rf"^{chip.name} \[.*\] {chip.lines} lines$", output, re.M)
    assert re.search(r'^ *4 +GPIO4 .*used by "one-wire"$', output, re.M)
    (listed,) = re.findall(rf"^gpiochip\d+ \[{HEADER}\].*\n((?: .*\n?)*)", output, re.M)
    assert re.findall(r"^ +(\d+) +GPIO\1 ", listed, re.M) == [str(line) for line in range(28)]


def test_missing_chip_names_those_there_are(machine, agent_factory):
    status, output = agent_factory(config={"gpio": {"chip": "pinctrl-rp1"}}).run()
    assert status == 1
    assert "pinctrl-rp1" in output
    for label, chip in machine.chips.items():
        assert f"{chip.name} [{label}]" in output


def test_missing_line_is_named(header, agent_factory):
    status, output = agent_factory(config={"doors": [door(relay={"line": "GPIO99"})]}).run()
    assert status == 1
    assert re.search(rf"{header.name} .*no line GPIO99", output)


def test_line_that_the_kernel_holds_says_by_whom(agent_factory):
    status, output = agent_factory(config={"doors": [door(relay={"line": "GPIO4"})]}).run()
    assert status == 1
    assert re.search(r"GPIO4.* in use by .one-wire", output)


def test_second_agent_is_told_of_the_first_and_disturbs_nothing(machine, agent_factory, broker, recorder):
    first = agent_factory(broker).start()
    recorder.wait(first.topic("availability"), "online")
    with machine.record() as wire:
        for mode in ((), ("--release",)):
            status, output = agent_factory(broker).run(*mode)
            assert status == 1
            assert re.search(rf"GPIO{RELAY}.* in use by another portcullis", output)
    assert not [event for event in wire.of(RELAY) if event.what in ("output", "input", "set")]
    assert first.running


def test_no_permission_names_the_group(machine, header, agent_factory):
    machine.run(
        "mkdir -p /etc; echo gpio:x:997: >/etc/group; echo pi:x:1000:1000::/:/bin/sh >/etc/passwd;"
        f"chown 0:997 {header.path}; chmod 660 {header.path}"
    )
    agent = agent_factory(config={"gpio": {"chip": header.path}})
    agent.write_config()
    machine.run(f"chown 1000 {agent.config_path}")
    status, output = agent.run(user="pi")
    assert status == 1
    assert "no permission" in output and "group gpio" in output


def test_watch_prints_levels_and_edges_and_touches_no_relay(machine, header, agent_factory):
    agent = agent_factory(config={"doors": [door(closed_sensor=contact(CLOSED))]})
    header.pull(CLOSED, up=True)
    with machine.record() as wire:
        agent.start("--watch")
        agent.wait_log(rf"GPIO{CLOSED} .* active ")
        header.pull(CLOSED, up=False)
        agent.wait_log(rf"GPIO{CLOSED} .* inactive ")
        agent.send_signal(15)
        assert agent.wait() == 0
    assert wire.of(CLOSED) and not wire.of(RELAY)


def test_how_soon_the_lines_are_held(machine, agent_factory):
    """From the kernel's start to its first program, and from the agent's exec to all of its lines."""
    contacts = {"closed_sensor": contact(CLOSED), "open_sensor": contact(OPEN)}
    took_ms = []
    machine.run("echo 1 >/sys/kernel/tracing/events/sched/sched_process_exec/enable")
    try:
        for _ in range(8):
            machine.run("cd /sys/kernel/tracing; echo 1 >tracing_on; echo >trace")
            agent = agent_factory(config={"doors": [door(**contacts)]}).start()
            agent.wait_log("the broker")  # that it cannot be reached
            trace = machine.run("cd /sys/kernel/tracing; echo 0 >tracing_on; cat trace")
            agent.kill()
            ((begun, _),) = re.findall(r" (\d+\.\d+): sched_process_exec: filename=(\S*portcullis) ", trace)
            held = re.findall(r" (\d+\.\d+): (?:output|input): .* line=(\d+)", trace)
            assert {int(line) for _, line in held} == {RELAY, CLOSED, OPEN}, trace
            took_ms.append((max(float(at) for at, _ in held) - float(begun)) * 1000)
    finally:
        machine.run("echo 0 >/sys/kernel/tracing/events/sched/sched_process_exec/enable")
    took_ms.sort()
    begun_s = float(machine.run("cat /run/begun"))
    print(f"# first program {begun_s:.2f} s after the kernel's start; {len(took_ms)} times from exec to the lines held: "
          f"p50 {took_ms[len(took_ms) // 2]:.1f} ms, at most {took_ms[-1]:.1f} ms")  # fmt: skip
    assert 0 < took_ms[0] and took_ms[-1] < 2000
