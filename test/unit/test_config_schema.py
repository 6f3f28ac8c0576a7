"""Holds config/portcullis.schema.json and docs/portcullis.yaml.5 to the agent's own table of keys, and the example
files to both. TAP for Meson:

    test_config_schema.py TOOL...          TOOL is the command line of config_tool
    test_config_schema.py --write TOOL...  writes the schema and the manual's keys instead
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = ROOT / "config/portcullis.schema.json"
MANUAL = ROOT / "docs/portcullis.yaml.5"
MANUAL_BEGIN = '.\\" From the table of keys: test/unit/test_config_schema.py --write\n'
MANUAL_END = '.\\" End of the keys.\n'
EXAMPLES = [ROOT / "config/portcullis.yaml", ROOT / "config/demo.yaml", *sorted((ROOT / "config/examples").glob("*.yaml"))]

LINE = {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 31}, {"type": "integer", "minimum": 0, "maximum": 65535}]}
HOST = "[A-Za-z0-9_][A-Za-z0-9._-]*"
BROKER = {"type": "string", "pattern": rf"^mqtts?://({HOST}|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$"}
OFF = {"enum": ["off", False]}


# The table as a JSON Schema.

def duration_text(ms):
    for unit, size in (("h", 3600000), ("m", 60000), ("s", 1000)):
        if ms and ms % size == 0:
            return f"{ms // size}{unit}"
    return f"{ms}ms"


def or_off(key, schema):
    return {"anyOf": [schema, OFF]} if key["may_be_off"] else schema


def text_schema(key):
    schema = {"type": "string", "minLength": max(key["minimum"], 1), "maxLength": key["maximum"]}
    if "set" in key:
        schema["pattern"] = f"^[{key['set']}]+$"
    return schema


def list_schema(key, items):
    return {"type": "array", "items": items, "minItems": key["minimum"], "maxItems": key["maximum"]}


def value_schema(key):
    kind = key["kind"]
    if kind == "boolean":
        return {"type": "boolean"}
    if kind == "word":
        return {"enum": key["words"]}
    if kind == "duration":
        return or_off(key, {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"})
    if kind in ("text", "topic", "secret"):
        return text_schema(key)
    if kind in ("file", "secret_file"):
        return {"type": "string", "minLength": 1, "maxLength": 255}
    if kind == "brokers":
        return {"anyOf": [BROKER, list_schema(key, BROKER)]}
    if kind == "listen":
        return or_off(key, {"type": "string", "pattern": r"^([0-9.]+|\[[0-9A-Fa-f:.]+\]):[0-9]+$"})
    if kind == "hosts":
        return list_schema(key, {"type": "string", "maxLength": 253, "pattern": f"^{HOST}$"})
    if kind == "peers":
        node = {"type": "string", "minLength": 1, "maxLength": 63, "pattern": f"^[{key['set']}]+$"}
        return {"anyOf": [{"const": "all"}, {**list_schema(key, node), "uniqueItems": True}]}
    if kind == "line":
        return LINE
    if kind in ("relay", "sensor"):
        return {"anyOf": LINE["anyOf"] + [{"$ref": f"#/$defs/{kind}"}]}
    if kind == "relays":
        return list_schema(key, {"anyOf": LINE["anyOf"] + [{"$ref": "#/$defs/relay"}]})
    if kind == "section":
        return section_schema(key["keys"])
    if kind == "doors":
        door = section_schema(key["keys"])
        door["anyOf"] = [{"required": ["name"]}, {"required": ["id"]}]
        door["oneOf"] = [{"required": ["relay"]}, {"required": ["open_relay", "close_relay"]}]
        return list_schema(key, door)
    raise KeyError(kind)


def section_schema(keys):
    schema = {"type": "object", "additionalProperties": False, "properties": {}}
    required = [name for name, key in keys.items() if key["required"]]
    if required:
        schema["required"] = required
    for name, key in keys.items():
        value = {"description": help_text(key), **value_schema(key)}
        if key["kind"] == "boolean":
            value["default"] = key["default"] == "true"
        elif "default" in key:
            value["default"] = key["default"]
        schema["properties"][name] = value
    return schema


def help_text(key):
    text = key["help"]
    if key["kind"] == "duration":
        text += f" {duration_text(key['minimum'])} to {duration_text(key['maximum'])}."
    return text


def schema_of(keys):
    door = keys["doors"]["keys"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "portcullis.yaml",
        "description": "For editors. The agent itself says more: portcullis --check",
        **section_schema(keys),
        "$defs": {"relay": section_schema(door["relay"]["keys"]), "sensor": section_schema(door["closed_sensor"]["keys"])},
    }


# The table as the manual's list of keys.

def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def manual_facts(key):
    facts = []
    if key["kind"] == "word":
        facts.append("One of " + ", ".join(key["words"]) + ".")
    if key["kind"] == "duration":
        off = ", or off" if key["may_be_off"] else ""
        facts.append(f"{duration_text(key['minimum'])} to {duration_text(key['maximum'])}{off}.")
    if key["kind"] in ("text", "topic"):
        facts.append(f"At most {key['maximum']} bytes" + (f" of {key['set']}." if "set" in key else "."))
    if key["kind"] in ("brokers", "hosts", "peers", "relays", "doors"):
        facts.append(f"At most {key['maximum']}.")
    if key["required"]:
        facts.append("Required.")
    if "default" in key:
        facts.append(f"Default: {key['default']}.")
    elif "example" in key:
        facts.append(f"Example: {key['example']}")
    return facts


def manual_keys(keys, path=""):
    for name, key in keys.items():
        yield ".TP\n"
        yield f"\\fB{roff(path + name)}\\fR\n"
        for line in [key["help"], *manual_facts(key)]:
            yield roff(line) + "\n"
        if key["kind"] == "section":
            yield from manual_keys(key["keys"], path + name + ".")
        elif key["kind"] == "doors":
            yield from manual_keys(key["keys"], path + name + "[].")
        elif name in ("relay", "closed_sensor"):
            yield from manual_keys(key["keys"], path + name + ".")


def manual_of(keys):
    before, rest = MANUAL.read_text().split(MANUAL_BEGIN)
    after = rest.split(MANUAL_END)[1]
    return before + MANUAL_BEGIN + "".join(manual_keys(keys)) + MANUAL_END + after


# The checks.

def differences(a, b, path="$"):
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted(a.keys() | b.keys()):
            yield from differences(a.get(name), b.get(name), f"{path}.{name}")
    elif a != b:
        yield f"{path}: the file has {json.dumps(a)}, the table {json.dumps(b)}"


def check_keys_agree(keys, tool):
    for kind in ("relay", "open_relay", "close_relay", "stop_relay"):
        assert keys["doors"]["keys"][kind]["keys"] == keys["gpio"]["keys"]["relays"]["keys"], kind
    for kind in ("open_sensor", "obstruction_sensor"):
        assert keys["doors"]["keys"][kind]["keys"] == keys["doors"]["keys"]["closed_sensor"]["keys"], kind


def check_schema(keys, tool):
    found = list(differences(json.loads(SCHEMA.read_text()), schema_of(keys)))
    assert not found, "\n".join(found)


def check_manual(keys, tool):
    assert MANUAL.read_text() == manual_of(keys), "docs/portcullis.yaml.5 is not what the table says: --write it afresh"


def run_check(tool, *files):
    return subprocess.run([*tool, "check", *map(str, files)], capture_output=True, text=True, check=False)


def check_examples(keys, tool):
    assert len(EXAMPLES) >= 7
    result = run_check(tool, *EXAMPLES)
    # test_check.py looks at the warnings
    assert result.returncode == 0 and result.stdout.count("\n") == result.stdout.count(": warning: "), result.stdout


def loaders():
    import jsonschema
    import yaml
    return jsonschema.Draft202012Validator, yaml.safe_load


def check_schema_accepts(keys, tool):
    validator, load = loaders()
    schema = json.loads(SCHEMA.read_text())
    validator.check_schema(schema)
    for example in EXAMPLES:
        errors = [f"{example.name}: {error.json_path}: {error.message}" for error in
                  validator(schema).iter_errors(load(example.read_text()))]
        assert not errors, "\n".join(errors)


GOOD = """
mqtt: {broker: mqtt://b}
doors: [{name: Left, relay: GPIO17}]
"""
# What both must refuse.
BAD = [
    ("doors:", "dors:"),
    ("mqtt://b", "http://b"),
    ("mqtt://b", "[]"),
    ("mqtt://b", "mqtt://b, keepalive: 30"),
    ("mqtt://b", "mqtt://b, keepalive: 1.5s"),
    ("mqtt://b", "mqtt://b, topic_prefix: a/#"),
    ("mqtt://b", "mqtt://b, client_id: [a]"),
    ("name: Left", "id: Left"),
    ("name: Left, ", ""),
    ("name: Left", "name: Left, device_class: window"),
    ("name: Left", "name: ''"),
    ("relay: GPIO17", "pulse: 1s"),
    ("relay: GPIO17", "open_relay: GPIO17"),
    ("relay: GPIO17", "relay: GPIO17, open_relay: GPIO18, close_relay: GPIO19"),
    ("relay: GPIO17", "relay: {active: low}"),
    ("relay: GPIO17", "relay: {line: GPIO17, active: 0}"),
    ("relay: GPIO17", "relay: {line: 70000}"),
    ("relay: GPIO17", "relay: {line: GPIO17, bias: pull_up}"),
    ("relay: GPIO17", "relay: GPIO17, closed_sensor: {line: GPIO23, contact: open}"),
    ("relay: GPIO17", "relay: GPIO17, opener: {while_opening: continue}"),
    ("relay: GPIO17", "relay: GPIO17, opener: stop"),
    ("relay: GPIO17", "relay: GPIO17, close_warning: {time: 5s}"),
    ("doors: [{name: Left, relay: GPIO17}]", "doors: []"),
    ("doors:", "http: {listen: 8080}\ndoors:"),
    ("doors:", "http: {hosts: ['a:80']}\ndoors:"),
    ("doors:", "log: {level: loud}\ndoors:"),
    ("doors:", "home_assistant: {discovery: maybe}\ndoors:"),
    ("doors:", "gpio: {board: PIM214}\ndoors:"),
]


def check_both_refuse(keys, tool):
    validator, load = loaders()
    validate = validator(json.loads(SCHEMA.read_text()))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "portcullis.yaml"
        for old, new in [("", ""), *BAD]:
            text = GOOD.replace(old, new, 1)
            path.write_text(text)
            wanted = bool(old)
            assert (run_check(tool, path).returncode != 0) == wanted, f"the agent: {text}"
            assert (not validate.is_valid(load(text))) == wanted, f"the schema: {text}"


CHECKS = [
    ("relays and sensors have the same keys everywhere", check_keys_agree),
    ("the schema is the table", check_schema),
    ("the manual's keys are the table", check_manual),
    ("the agent accepts the example files", check_examples),
    ("the schema accepts the example files", check_schema_accepts),
    ("what the schema refuses, the agent refuses", check_both_refuse),
]


def main(arguments):
    write = arguments[0] == "--write"
    tool = arguments[1:] if write else arguments
    keys = json.loads(subprocess.run([*tool, "keys"], capture_output=True, text=True, check=True).stdout)
    if write:
        SCHEMA.write_text(json.dumps(schema_of(keys), indent=2) + "\n")
        MANUAL.write_text(manual_of(keys))
        return 0
    failed = 0
    print(f"1..{len(CHECKS)}")
    for number, (name, check) in enumerate(CHECKS, 1):
        try:
            check(keys, tool)
        except ImportError as missing:
            print(f"ok {number} - {name} # SKIP {missing}")
        except AssertionError as error:
            failed += 1
            print("# " + str(error).replace("\n", "\n# "))
            print(f"not ok {number} - {name}")
        else:
            print(f"ok {number} - {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
