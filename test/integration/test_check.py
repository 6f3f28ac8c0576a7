"""The agent's command line, as far as it needs no broker: --check, its exit statuses, and the manual page's options."""

import os
import re
import shlex
import subprocess

import pytest

from harness import ROOT

AGENT = shlex.split(os.environ["PORTCULLIS_AGENT"])
FILES = [ROOT / "config/portcullis.yaml", ROOT / "config/demo.yaml", *sorted((ROOT / "config/examples").glob("*.yaml"))]


def run(*arguments):
    return subprocess.run([*AGENT, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_examples_pass(path):
    result = run("--config", path, "--check")
    assert result.returncode == 0, result.stdout + result.stderr
    warnings = re.findall(r"warning: (.*)", result.stdout + result.stderr)
    if path.name == "no-sensors.yaml":  # what follows from it is said
        assert len(warnings) == 1 and "its state is never known" in warnings[0], warnings
    else:
        assert not warnings


def test_all_errors_with_their_places(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("mqtt: {brokre: mqtt://b}\ndoors:\n  - name: Left\n    relay: GPIO17\n    pulse: 6s\n")
    result = run("--config", path, "--check")
    said = result.stdout + result.stderr
    assert result.returncode == 78
    assert f'{path}:1:8: unknown key "brokre", did you mean broker?' in said
    assert f"{path}:1:7: broker is missing" in said
    assert f'{path}:5:12: pulse: "6s" is too long, expected 50ms to 5s' in said


def test_a_wrong_file_starts_nothing(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("mqtt: {broker: mqtt://b}\ngpio: {backend: simulated}\ndoors: []\n")
    for arguments in ([], ["--check"], ["--release"], ["--watch"]):
        assert run("--config", path, *arguments).returncode == 78, arguments
    assert run("--config", tmp_path / "missing.yaml").returncode == 78


def test_wrong_usage():
    for arguments in (["--frobnicate"], ["--config"], ["stray"]):
        assert run(*arguments).returncode == 2, arguments


def test_the_manual_has_the_options_of_help():
    result = run("--help")
    assert result.returncode == 0
    manual = (ROOT / "docs/portcullis.8").read_text().replace("\\-", "-")
    options = set(re.findall(r"--[a-z-]+", result.stdout + result.stderr))
    assert options == set(re.findall(r"--[a-z-]+", manual))
