"""The Debian packages that scripts/deb made: `make test-deb`, as root. TEST_DEBS is their folder, TEST_DEBS_AGAIN that of
the same packages made once more."""

import hashlib
import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from roots import ROOT, Booted, Emulated

DEBS = Path(os.environ["TEST_DEBS"])
VERSION = subprocess.check_output([ROOT / "scripts/version"], text=True).strip()
ARCHITECTURES = ["amd64", "arm64", "armhf"]
each_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)
CONFIG = "/etc/portcullis/portcullis.yaml"


def package(architecture):
    return DEBS / f"portcullis_{VERSION}_{architecture}.deb"


def older(architecture, folder):
    """The same package with a lower version."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", package(architecture), tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {VERSION}\n", "Version: 0.0.1\n"))
    path = folder / f"portcullis_0.0.1_{architecture}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, path], check=True, stdout=subprocess.DEVNULL)
    return path


@each_architecture
def test_lintian(architecture):
    # --allow-root: lintian only reads
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", package(architecture)],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


@each_architecture
def test_same_bytes(architecture):
    again = Path(os.environ["TEST_DEBS_AGAIN"]) / package(architecture).name
    assert package(architecture).read_bytes() == again.read_bytes()


@pytest.mark.parametrize("architecture, target", [("amd64", "amd64"), ("arm64", "arm64"), ("armhf", "armv6")])
def test_program(architecture, target, tmp_path):
    """The architecture's own program, and in armhf that of ARMv6."""
    subprocess.run(["dpkg-deb", "-x", package(architecture), tmp_path], check=True)
    program = (tmp_path / "usr/bin/portcullis").read_bytes()
    assert program == (ROOT / "build" / target / "portcullis").read_bytes()


DOCUMENTS = "usr/share/doc/portcullis"


@each_architecture
def test_files(architecture, tmp_path):
    """All that a machine needs besides the program, and what passing it on asks for."""
    subprocess.run(["dpkg-deb", "-x", package(architecture), tmp_path], check=True)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir()}
    bill = json.loads((tmp_path / DOCUMENTS / "sbom.spdx.json").read_text())
    sources = {re.search(r"source package (\S+)", linked["sourceInfo"])[1]
               for linked in bill["packages"] if "sourceInfo" in linked}
    # Debian builds llhttp from node-undici.
    assert sources == {"glibc", "libgpiod", "paho.mqtt.c", "mbedtls", "libyaml", "node-undici", "jansson", "gcc-14"}
    licences = {f"{DOCUMENTS}/licences/{name}" for name in (*sources, "README.md", "portcullis")}
    pages = {f"{DOCUMENTS}/{Path(page).name}.gz"
             for page in subprocess.check_output([ROOT / "scripts/pages"], text=True).split()}
    common = {file for file in files if file.startswith(f"{DOCUMENTS}/licences/common/")}
    assert {"LGPL-2.1", "GPL-3"} <= {Path(file).name for file in common}
    configs = {path.name for path in (ROOT / "config").iterdir() if path.is_file()}
    configs -= {"portcullis.yaml", "portcullis.service", "portcullis.schema.json", "demo.yaml"}
    examples = {f"{DOCUMENTS}/examples/{name}"
                for name in (*configs, *(path.name for path in (ROOT / "config/examples").iterdir()))}
    assert files - common == licences | examples | pages | {
        "usr/bin/portcullis", CONFIG[1:], "usr/lib/systemd/system/portcullis.service",
        "usr/lib/sysusers.d/portcullis.conf", "usr/lib/udev/rules.d/60-portcullis.rules",
        "usr/share/portcullis/make-certificates", "usr/share/portcullis/portcullis.schema.json",
        "usr/share/lintian/overrides/portcullis", "usr/share/man/man5/portcullis.yaml.5.gz",
        "usr/share/man/man8/portcullis.8.gz", f"{DOCUMENTS}/changelog.gz", f"{DOCUMENTS}/copyright",
        f"{DOCUMENTS}/sbom.spdx.json"}  # fmt: skip
    for example in (CONFIG[1:], *(file for file in examples if re.search(r"/[a-z-]+\d*\.yaml$", file))):
        if example.endswith("-blueprint.yaml"):
            continue  # Home Assistant's, not the agent's
        schema = re.match(r"# yaml-language-server: \$schema=/(\S+)\n", (tmp_path / example).read_text())[1]
        assert schema in files, example
    assert os.access(tmp_path / "usr/share/portcullis/make-certificates", os.X_OK)
    program = (tmp_path / "usr/bin/portcullis").read_bytes()
    assert bill["packages"][0]["checksums"][0]["checksumValue"] == hashlib.sha256(program).hexdigest()


# A chip that no machine has: --release fails and says so, which tells when it ran.
OTHER_CHIP = f"sed -i 's/^  backend: simulated.*/  backend: libgpiod/; s/^  #chip: .*/  chip: nowhere/' {CONFIG}"
NOT_RELEASED = "the relays were not released"
DROP_IN = "/etc/systemd/system/portcullis.service.d"
PASSWORD = "/etc/portcullis/mqtt-password"


def test_life_with_systemd(tmp_path):
    debian = Booted()
    try:
        new, old = debian.put(package("amd64")), debian.put(older("amd64", tmp_path))

        # Installing starts nothing, and makes the group that the unit wants.
        debian.run(f"dpkg -i {old}")
        assert debian.status("systemctl is-active portcullis")[1] == "inactive\n"
        debian.run("getent group gpio")
        debian.run("portcullis --check")
        assert debian.run("man=$(dpkg -L portcullis | grep /man8/); zcat $man | head -1").startswith(".")

        debian.run(f"sed -i 's/^#node: .*/node: barn/; s/^#history:/history:/' {CONFIG}")
        debian.run("systemctl enable --now portcullis")
        debian.run("mosquitto_sub -W 30 -C 1 -t portcullis/barn/availability | grep -x online")
        debian.run("portcullis --healthcheck")
        before = debian.run("systemctl show -P MainPID portcullis")

        # An upgrade keeps the configuration, and the new program runs on it.
        debian.run(f"dpkg -i {new}")
        debian.run(f"grep -x 'node: barn' {CONFIG}")
        assert debian.run("systemctl is-active portcullis") == "active\n"
        assert debian.run("systemctl show -P MainPID portcullis") != before
        debian.run("mosquitto_sub -W 30 -C 1 -t portcullis/barn/availability | grep -x online")

        # A reload takes a good file over, in the process that runs; on a bad one it fails, and the agent hears nothing.
        before = debian.run("systemctl show -P MainPID portcullis")
        debian.run(f"sed -i 's/^node: .*/node: shed/' {CONFIG} && systemctl reload portcullis")
        debian.run("mosquitto_sub -W 30 -C 1 -t portcullis/shed/availability | grep -x online")
        debian.run(f"cp {CONFIG} /root/good && echo 'colour: red' >>{CONFIG}")
        assert debian.status("systemctl reload portcullis")[0] != 0
        journal = debian.run("journalctl -o cat -u portcullis")
        assert re.search(rf"^{CONFIG}:\d+:1: unknown key \"colour\"", journal, re.M)
        assert journal.count("SIGHUP: reading") == 1
        debian.run(f"cp /root/good {CONFIG} && sed -i 's/^node: .*/node: barn/' {CONFIG} && systemctl reload portcullis")
        debian.run("mosquitto_sub -W 30 -C 1 -t portcullis/barn/availability | grep -x online")
        assert debian.run("systemctl is-active portcullis") == "active\n"
        assert debian.run("systemctl show -P MainPID portcullis") == before

        # A password that systemd shows to the service's start alone keeps neither a reload nor, below, the release of
        # the relays from their work.
        debian.run(f"""echo secret | install -m 600 /dev/stdin {PASSWORD}
            mkdir {DROP_IN} && printf '[Service]\nLoadCredential=mqtt:{PASSWORD}\n' >{DROP_IN}/override.conf
            sed -i '/^mqtt:/,/^$/ s|#username|username|' {CONFIG}
            sed -i '/^mqtt:/,/^$/ s|#password_file.*|password_file: /run/credentials/portcullis.service/mqtt|' {CONFIG}
            systemctl daemon-reload && systemctl restart portcullis && systemctl reload portcullis""")
        debian.run("mosquitto_sub -W 30 -C 1 -t portcullis/barn/availability | grep -x online")

        # Removing stops it, releases the relays, and leaves the configuration.
        removed = debian.run("dpkg -r portcullis")
        assert NOT_RELEASED not in removed
        assert debian.status("systemctl is-active portcullis")[0] != 0
        assert debian.status("pidof portcullis")[0] == 1
        debian.run("mosquitto_sub -W 30 -C 1 -t portcullis/barn/availability | grep -x offline")
        journal = debian.run("journalctl -o cat -u portcullis")
        assert "ended" in journal.splitlines()
        debian.run(f"grep -x 'node: barn' {CONFIG}")
        debian.run("test -s /var/lib/portcullis/history.jsonl")

        # Installed again it is as it was: enabled, with its configuration.
        debian.run(f"dpkg -i {new}")
        assert debian.run("systemctl is-enabled portcullis") == "enabled\n"

        # The unit releases when it is stopped, the package once more; what cannot be released does not keep the package
        # from going, but is said.
        debian.run("systemctl start portcullis")
        debian.run(OTHER_CHIP)
        assert NOT_RELEASED in debian.run("dpkg -r portcullis")
        assert debian.run("journalctl -o cat -u portcullis").count(NOT_RELEASED) == 1

        debian.run(f"rm -r {DROP_IN} {PASSWORD}")
        debian.run("dpkg -P portcullis")
        left = debian.run("find / -xdev -iname '*portcullis*' -not -path '/root/*' -not -path '/var/log/*'")
        assert left == ""
    finally:
        debian.close()


def test_life_on_armhf(tmp_path):
    """The ARMv6 program, on an ARM1176, installed by an emulated dpkg. No systemd: the agent is run by hand."""
    debian = Emulated()
    try:
        new, old = debian.put(package("armhf")), debian.put(older("armhf", tmp_path))
        # All in one: the processes of one call cannot be told from another's.
        said = debian.run(f"""set -ex
            dpkg --print-architecture
            dpkg -i {old}
            QEMU_CPU=arm1176 portcullis --version
            sed -i 's/^#node: .*/node: barn/' {CONFIG}
            QEMU_CPU=arm1176 portcullis --check
            QEMU_CPU=arm1176 portcullis >/root/log 2>&1 & agent=$!
            until grep -q 'node barn' /root/log; do kill -0 $agent; sleep 0.1; done
            dpkg -i {new}
            kill -0 $agent || {{ cat /root/log; false; }}
            grep -x 'node: barn' {CONFIG}
            kill $agent
            wait $agent
            {OTHER_CHIP}
            dpkg -r portcullis
            grep -x 'node: barn' {CONFIG}
            dpkg -P portcullis
            test ! -e {CONFIG} -a ! -e /usr/bin/portcullis""", timeout=300)
        assert said.startswith("+ dpkg --print-architecture\narmhf\n")
        assert f"portcullis {VERSION}\n" in said
        assert NOT_RELEASED in said
    finally:
        debian.close()
