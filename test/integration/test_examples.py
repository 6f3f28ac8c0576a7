"""The configurations that the documents show: each goes through --check, and each other YAML is YAML."""

import os
import re
import shlex
import subprocess
import sys

import certificates
import pytest
import yaml
from harness import ROOT

sys.path.insert(0, str(ROOT / "test/unit"))
from test_docs import PAGES, blocks  # noqa: E402

AGENT = shlex.split(os.environ["PORTCULLIS_AGENT"])
SECTIONS = ("node", "mqtt", "home_assistant", "gpio", "http", "log", "history", "peers", "doors")
DOOR = ("relay", "opener", "closed_sensor", "open_sensor", "close_warning", "travel_time", "pulse", "left_open")
FIRST = re.compile(rf"(?:#.*\n)*({'|'.join(SECTIONS + DOOR)}):")
ELSEWHERE = re.compile(r"(?:#.*\n)*(alias|rule_files):")  # Home Assistant's and Prometheus's own


def configurations():
    for page in PAGES:
        for kind, line, text in blocks(page.read_text()):
            first = FIRST.match(text)
            if first and kind in ("", "yaml"):
                yield pytest.param(first[1], text, id=f"{page.name}:{line}")
            elif kind == "yaml":
                yield pytest.param(None, text, id=f"{page.name}:{line}")


def whole(first, text):
    """What a page leaves out of an example, to make it a whole configuration."""
    if first in DOOR:
        text = "doors:\n  - name: Left door\n" + "\n".join(f"    {line}" for line in text.splitlines())
    if not re.search("^mqtt:", text, re.M):
        text += "\nmqtt: {broker: mqtt://broker.lan}"
    if not re.search("^doors:", text, re.M):
        text += "\ndoors: [{name: Left door, relay: GPIO17, closed_sensor: GPIO23}]"
    return re.sub(r"^(  - name: .*\n)(?!(?:    .*\n)*    (?:open_)?relay:)", r"\1    relay: GPIO17\n", text + "\n", flags=re.M)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """/etc/portcullis with the files that the examples name."""
    folder = tmp_path_factory.mktemp("etc")
    authority = certificates.Authority(folder / "authority")
    for name in ("agent-garage", "page"):
        authority.issue(name, file=folder / name)
    (folder / "ca.crt").write_bytes(authority.certificate.read_bytes())
    for name in ("mqtt-password", "page-password"):
        (folder / name).write_text("secret\n")
        (folder / name).chmod(0o600)
    return folder


@pytest.mark.parametrize("first, text", configurations())
def test_yaml(first, text, secrets, tmp_path):
    if first is None:
        assert ELSEWHERE.match(text), "whose YAML is it?"
        assert yaml.safe_load(text)
        return
    path = tmp_path / "portcullis.yaml"
    path.write_text(whole(first, text).replace("/etc/portcullis/", f"{secrets}/"))
    said = subprocess.run([*AGENT, "--config", path, "--check"], capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, f"{path.read_text()}\n{said.stdout}{said.stderr}"
    assert "at power-on" not in said.stderr, "the line does not fit the board's polarity"


def test_the_yaml_is_found():
    assert len(list(configurations())) > 15
