"""Each entity that docs/home-assistant.md names is there, with that name, id, class and category, and no other. (That the document
on that page is the agent's is in test/unit/test_documents.c.)
"""

import re

from harness import ROOT, door, wait_until
from house import DOORS

PAGE = (ROOT / "docs/home-assistant.md").read_text()
ROW = re.compile(r"^\| (cover|[a-z ]*[a-z])(?:,| ([A-Z][^|]*?))(?: named[^|]*?)?( ²)? \| `([a-z_]+)` \|([^|]*)\|", re.M)
CATEGORIES = ("diagnostic", "config")
EVERYTHING = door("left", travel_time="15s", obstruction_sensor="GPIO25", left_open="10m",
                  close_warning={"line": "GPIO19", "time": "2s"}, vent=30)


def promised(kind, door):
    """{entity id: (name, class, category, enabled)} of the page's table of a door's or the agent's entities."""
    table = PAGE.split(f"| entity of {kind} |")[1].split("\n\n")[0]
    rows = ROW.findall(table)
    assert len(rows) == table.count("\n") - 1, "each row is understood"
    found = {}
    for platform, name, off, key, classes in rows:
        words = [word.strip() for word in classes.split(",") if word.strip() and " " not in word.strip()]
        of_class = [word for word in words if word not in CATEGORIES]
        found[f"{platform.replace(' ', '_')}.garage_{door}{key}"] = (
            name or None, of_class[0] if of_class else None, next((word for word in words if word in CATEGORIES), None), not off)
    return found


def seen(home, id, entity):
    if entity["disabled_by"]:  # the list says no class of what is off: the entry does
        entity = home.ask("config/entity_registry/get", entity_id=id)
    state = home.get(f"/api/states/{id}")
    of_class = state["attributes"].get("device_class") if state else entity.get("original_device_class")
    return entity["original_name"], of_class, entity["entity_category"], not entity["disabled_by"]


def test_each_entity_of_the_page_is_there(house):
    """A door that has everything; the agent, on a machine that says no temperature and no Wi-Fi perhaps."""
    house.restart({"doors": [EVERYTHING]})
    wanted = {**promised("a door", "left_"), **promised("the agent", "")}
    assert len(wanted) > 20
    may_lack = {"sensor.garage_temperature", "sensor.garage_wifi"}
    wait_until(lambda: set(house.home.entities()) | may_lack == set(wanted) | may_lack, "just these entities")
    found = {id: seen(house.home, id, entity) for id, entity in house.home.entities().items()}
    wrong = {id: (what, wanted[id]) for id, what in found.items() if what != wanted[id]}
    assert not wrong, "\n".join(f"{id}: {there}, and the page says {said}" for id, (there, said) in wrong.items())
    house.restart({"doors": DOORS})
    house.all_is_well()
    house.ready()
