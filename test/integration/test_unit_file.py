"""config/portcullis.service, judged by systemd's own tools. They need no running systemd."""

import re
import shutil
import subprocess

import pytest

from harness import ROOT

UNIT = ROOT / "config/portcullis.service"
EXPOSURE = 2.0  # what is left: the network, the GPIO chips and their group, whether the clock is set, and who goes first

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze: apt-get install systemd")


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that is on this machine: verify looks for it."""
    path = tmp_path / UNIT.name
    path.write_text(UNIT.read_text().replace("/usr/bin/portcullis", shutil.which("true")))
    return path


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", "--no-pager", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False)


def test_verify(unit):
    result = analyze("verify", "--man=no", unit)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_verify_can_fail(unit):
    unit.write_text(unit.read_text().replace("WatchdogSec=30", "WatchdogSec=often"))
    assert "often" in analyze("verify", "--man=no", unit).stderr


def test_security(unit):
    result = analyze("security", "--offline=true", f"--threshold={int(EXPOSURE * 10)}", unit)
    exposure = float(re.search(r"Overall exposure level for portcullis.service: ([0-9.]+)", result.stdout)[1])
    print(f"exposure {exposure}")
    assert result.returncode == 0 and exposure <= EXPOSURE, result.stdout


@pytest.mark.parametrize("line", [
    "Type=notify",
    "ExecReload=/usr/bin/portcullis --check",
    "ExecReload=/bin/sh -c 'kill -HUP $MAINPID'",
    "DynamicUser=yes",
    "SupplementaryGroups=gpio",
    "NoNewPrivileges=yes",
    "MemoryMax=64M",
    "LimitCORE=0",
    "RuntimeDirectory=portcullis",
    "StateDirectory=portcullis",
    "SystemCallFilter=adjtimex clock_adjtime clock_adjtime64",
    "SystemCallFilter=sched_setattr setpriority",
    "ProtectSystem=strict",
    "DevicePolicy=closed",
    "DeviceAllow=char-gpiochip rw",
    "ExecStopPost=/usr/bin/portcullis --release",
    "RestartPreventExitStatus=2 78",
])
def test_what_the_agent_relies_on(line):
    assert line in UNIT.read_text().splitlines()
