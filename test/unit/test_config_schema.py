"""Holds config/portcullis.schema.json and docs/portcullis.yaml.5 to the agent's own table of keys, and the example
files to both. TAP for Meson:

    test_config_schema.py TOOL...          TOOL is the command line of config_tool
"""

import importlib.machinery
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = [ROOT / "config/portcullis.yaml", ROOT / "config/demo.yaml", *sorted((ROOT / "config/examples").glob("*.yaml"))]


def load_generator():
    loader = importlib.machinery.SourceFileLoader("key_files", str(ROOT / "scripts/key-files"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("key_files", loader))
    loader.exec_module(module)
    return module


generator = load_generator()


def check_keys_agree(keys, tool):
    for kind in ("relay", "open_relay", "close_relay", "stop_relay"):
        assert keys["doors"]["keys"][kind]["keys"] == keys["gpio"]["keys"]["relays"]["keys"], kind
    for kind in ("open_sensor", "obstruction_sensor"):
        assert keys["doors"]["keys"][kind]["keys"] == keys["doors"]["keys"]["closed_sensor"]["keys"], kind


def check_file(keys, path):
    assert path.read_text() == generator.files_of(keys)[path], f"{path.name} is not what the table says: make keys"


def check_schema(keys, tool):
    check_file(keys, generator.SCHEMA)


def check_manual(keys, tool):
    check_file(keys, generator.MANUAL)


def check_new(keys, tool):
    for path, text in generator.new_files(tool).items():
        assert path.read_text() == text, f"{path.name} is not what --new-config prints: make keys"
    other = subprocess.run([*tool, "new", "toggle"], capture_output=True, check=False)
    assert other.returncode == 1 and not other.stdout


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
    schema = json.loads(generator.SCHEMA.read_text())
    validator.check_schema(schema)
    for example in EXAMPLES:
        errors = [f"{example.name}: {error.json_path}: {error.message}" for error in
                  validator(schema).iter_errors(load(example.read_text()))]
        assert not errors, "\n".join(errors)


GOOD = """
mqtt: {broker: mqtt://b}
doors: [{name: Left, relay: GPIO17}]
"""
# What both must accept.
RIGHT = [
    ("mqtt://b", "['mqtt://b', 'mqtts://b:8884']"),
    ("mqtt://b", "'mqtt://[fe80::1%eth0]:1883'"),
    ("mqtt://b", "supervisor://172.30.32.2"),
    ("relay: GPIO17", "open_relay: GPIO17, close_relay: GPIO18, stop_relay: {line: GPIO27, active: low}"),
    ("doors:", "http: {listen: '[::1]:8080'}\ndoors:"),
    ("doors:", "http: {listen: off}\ndoors:"),
]
# What both must refuse.
BAD = [
    ("doors:", "dors:"),
    ("mqtt://b", "http://b"),
    ("mqtt://b", "supervisor://b"),
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
    validate = validator(json.loads(generator.SCHEMA.read_text()))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "portcullis.yaml"
        for wanted, old, new in [(False, "", ""), *((False, *change) for change in RIGHT), *((True, *change) for change in BAD)]:
            text = GOOD.replace(old, new, 1)
            path.write_text(text)
            assert (run_check(tool, path).returncode != 0) == wanted, f"the agent: {text}"
            assert (not validate.is_valid(load(text))) == wanted, f"the schema: {text}"


CHECKS = [
    ("relays and sensors have the same keys everywhere", check_keys_agree),
    ("the schema is the table", check_schema),
    ("the manual's keys are the table", check_manual),
    ("the new configurations are those of the examples", check_new),
    ("the agent accepts the example files", check_examples),
    ("the schema accepts the example files", check_schema_accepts),
    ("what the schema refuses, the agent refuses, and the other way round", check_both_refuse),
]


def main(tool):
    keys = generator.read_keys(tool)
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
