"""How a real kernel has the program in memory."""

import re


def test_program_is_at_another_address_each_time_and_its_constants_are_read_only(machine, agent_factory):
    begins = set()
    for _ in range(4):
        agent = agent_factory().start()
        agent.wait_log("the broker")  # that it cannot be reached: by then all has started
        maps = machine.run("cat /proc/$(pidof portcullis)/maps")
        agent.kill()
        program = re.findall(r"^([0-9a-f]+)-[0-9a-f]+ (\S+) .*/portcullis$", maps, re.M)
        # headers; code; what was relocated, and is constant from then on; what changes
        assert [permissions for _, permissions in program] == ["r--p", "r-xp", "r--p", "rw-p"], maps
        assert not re.search(r"^\S+ .wx", maps, re.M), maps
        begins.add(program[0][0])
    assert len(begins) > 1, begins  # 32-bit ARM has 64 places: four times the same is one in 262,144
