"""The Debian packages that scripts/deb made: `make test-deb`, as root. TEST_DEBS is their folder, TEST_DEBS_AGAIN that of
the same packages made once more."""

import hashlib
import json
import os
import re
import shutil
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


def older(architecture, folder, version="0.0.1"):
    """The same package with a lower version."""
    tree = folder / f"tree-{version}"
    subprocess.run(["dpkg-deb", "-R", package(architecture), tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {VERSION}\n", f"Version: {version}\n"))
    path = folder / f"portcullis_{version}_{architecture}.deb"
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
        printed = (ROOT / "config/examples" / Path(example).name).exists()
        if example.endswith("-blueprint.yaml") or printed:
            continue  # Home Assistant's, not the agent's; --new-config does not know where a schema is
        schema = re.match(r"# yaml-language-server: \$schema=/(\S+)\n", (tmp_path / example).read_text())[1]
        assert schema in files, example
    assert os.access(tmp_path / "usr/share/portcullis/make-certificates", os.X_OK)
    program = (tmp_path / "usr/bin/portcullis").read_bytes()
    assert bill["packages"][0]["checksums"][0]["checksumValue"] == hashlib.sha256(program).hexdigest()


# A chip that no machine has: --release fails and says so, which tells when it ran.
OTHER_CHIP = f"sed -i 's/^  backend: simulated.*/  backend: libgpiod/; s/^  #chip: .*/  chip: nowhere/' {CONFIG}"
# The same in the note that the agent leaves in its runtime directory, by which the unit's release goes.
OTHER_NOTE = "sed -i 's/^chip .*/chip nowhere\\nlow name GPIO17/' /run/portcullis/outputs"
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

        # What the agent drove is released when its unit is stopped, and nothing else: the configuration may be another by then.
        debian.run(f"cp {CONFIG} /root/simulated && systemctl start portcullis")
        debian.run("portcullis --healthcheck")
        assert re.fullmatch("run [0-9a-f]{32}\nchip \nend\n", debian.run("cat /run/portcullis/outputs"))
        debian.run(OTHER_CHIP)
        assert NOT_RELEASED not in debian.run("dpkg -r portcullis")

        # What cannot be released does not keep the package from going, but is said.
        debian.run(f"dpkg -i {new} && cp /root/simulated {CONFIG} && systemctl start portcullis")
        debian.run("portcullis --healthcheck")
        assert NOT_RELEASED not in debian.run("journalctl -o cat -u portcullis")
        debian.run(OTHER_NOTE)
        assert NOT_RELEASED in debian.run("dpkg -r portcullis")
        assert debian.run("journalctl -o cat -u portcullis").count(NOT_RELEASED) == 1

        # Where none runs, the configuration is all that is known.
        debian.run(f"dpkg -i {new}")
        debian.run(OTHER_CHIP)
        assert NOT_RELEASED in debian.run("dpkg -r portcullis")

        debian.run(f"rm -r {DROP_IN} {PASSWORD}")
        debian.run("dpkg -P portcullis")
        left = debian.run("find / -xdev -iname '*portcullis*' -not -path '/root/*' -not -path '/var/log/*'")
        assert left == ""
    finally:
        debian.close()


def test_systemd_ends_a_frozen_agent():
    """By the watchdog, whose time is shortened. What runs after that end is the release, which fails here and says so."""
    debian = Booted()
    try:
        debian.run(f"dpkg -i {debian.put(package('amd64'))}")
        debian.run(f"""mkdir {DROP_IN} && printf '[Service]\nWatchdogSec=3\n' >{DROP_IN}/override.conf
            systemctl daemon-reload && systemctl start portcullis""")
        debian.run("portcullis --healthcheck")
        debian.run(OTHER_NOTE)
        assert NOT_RELEASED not in debian.run("journalctl -o cat -u portcullis")
        frozen = debian.run("systemctl show -P MainPID portcullis").strip()
        debian.run(f"kill -STOP {frozen}")
        debian.run(f"""for i in $(seq 300); do journalctl -o cat -u portcullis | grep -q "Failed with result" && exit 0; sleep 0.1; done
            journalctl -o cat -u portcullis; exit 1""")
        journal = debian.run("journalctl -o cat -u portcullis")
        assert journal.index("Watchdog timeout") < journal.index(NOT_RELEASED) < journal.index("Failed with result 'watchdog'")
        assert debian.status(f"test -e /proc/{frozen}")[0] == 1
    finally:
        debian.close()


class Keys:
    """Keys to sign with, which nobody else has and which end with the test."""

    def __init__(self, folder):
        self.environment = {**os.environ, "GNUPGHOME": str(folder)}
        folder.mkdir(mode=0o700)

    def gpg(self, *words):
        return subprocess.run(["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *words],
                              env=self.environment, check=True, capture_output=True).stdout

    def make(self, name):
        self.gpg("--quick-generate-key", name, "ed25519", "sign", "1d")

    def export(self, path, *names):
        path.write_bytes(self.gpg("--armor", "--export", *names))
        return path

    def close(self):
        subprocess.run(["gpgconf", "--kill", "all"], env=self.environment, check=True)


def publish(folder, package_file, keyring, environment):
    """Makes of a folder what scripts/release leaves, as far as apt reads it: a package under its stable name, and the index."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(package_file, folder / "portcullis_amd64.deb")
    return subprocess.run([ROOT / "scripts/repository", folder], env={**environment, "KEYRING": str(keyring)},
                          text=True, capture_output=True, check=False)


def change_a_byte(path, before, after):
    data = path.read_bytes()
    assert data.count(before) >= 1 and len(before) == len(after) and sum(a != b for a, b in zip(before, after)) == 1
    path.write_bytes(data.replace(before, after, 1))


UPDATE = "apt-get update --error-on=any"
INSTALLED = "dpkg-query -W -f '${Version}' portcullis"


@pytest.fixture
def keys(tmp_path):
    keys = Keys(tmp_path / "gnupg")
    yield keys
    keys.close()


@pytest.fixture
def served(tmp_path):
    """A Debian in whose network http://localhost/ is the folder that is the second value; its source is the one that
    docs/install.md shows."""
    tmp_path.chmod(0o755)
    folder = tmp_path / "latest"
    debian = Booted()
    server = None
    try:
        server = subprocess.Popen(
            ["nsenter", "-t", debian.init, "-n", "/usr/bin/python3", "-u", "-m", "http.server", "80", "--bind", "127.0.0.1",
             "--directory", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
        assert server.stdout.readline().startswith("Serving")
        source = re.search(r"^ +Types: deb\n(?: +\S.*\n)+", (ROOT / "docs/install.md").read_text(), re.M)[0]
        source = re.sub(r"^ +", "", source, flags=re.M).replace("ADDRESS", "http://localhost")
        debian.run("rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* && mkdir -p /etc/apt/keyrings")
        (debian.folder / "etc/apt/sources.list.d/portcullis.sources").write_text(source)
        yield debian, folder
    finally:
        if server:
            server.kill()
            server.communicate()
        debian.close()


def test_life_from_the_repository(tmp_path, keys, served):
    debian, latest = served
    keys.make("first")
    keys.make("second")
    first = keys.export(tmp_path / "first.asc", "first")
    both = keys.export(tmp_path / "both.asc")
    shutil.copy(first, debian.folder / "etc/apt/keyrings/portcullis.asc")

    releases = []

    def release(package_file, keyring):
        done = publish(latest, package_file, keyring, keys.environment)
        assert done.returncode == 0, done.stderr
        releases.append(package_file)
        at_s = time.time() - 3600 + 60 * len(releases)  # HTTP counts seconds: what is no newer is not fetched again
        for path in latest.iterdir():
            os.utime(path, (at_s, at_s))

    release(older("amd64", tmp_path, "0.0.1"), first)
    debian.run(UPDATE)
    debian.run("apt-get install -y portcullis")
    assert debian.run(INSTALLED) == "0.0.1"
    debian.run(f"sed -i 's/^#node: .*/node: barn/' {CONFIG} && systemctl enable --now portcullis")
    debian.run("mosquitto_sub -W 30 -C 1 -t portcullis/barn/availability | grep -x online")
    before = debian.run("systemctl show -P MainPID portcullis")

    old = shutil.copytree(latest, tmp_path / "old", copy_function=shutil.copyfile)

    # The next release, in a time of two keys: whoever knows only the first gets it, with neither a question nor a warning.
    release(older("amd64", tmp_path, "0.0.2"), both)
    said = debian.run(UPDATE)
    assert not re.search(r"^[WE]:", said, re.M)
    debian.run("apt-get upgrade -y")
    assert debian.run(INSTALLED) == "0.0.2"
    debian.run(f"grep -x 'node: barn' {CONFIG}")
    assert debian.run("systemctl is-active portcullis") == "active\n"
    assert debian.run("systemctl show -P MainPID portcullis") != before

    # The old index, offered again with a new time of its files, takes nobody back.
    shutil.copytree(old, latest, copy_function=shutil.copyfile, dirs_exist_ok=True)
    debian.status(UPDATE)
    known = debian.run("apt-cache madison portcullis")
    assert " 0.0.2 " in known and " 0.0.1 " not in known

    # After it, by the second alone: refused until that one is known, and what is installed stays.
    second = keys.export(tmp_path / "second.asc", "second")
    release(package("amd64"), second)
    assert debian.status(UPDATE)[0] != 0
    debian.run("apt-get upgrade -y")
    assert debian.run(INSTALLED) == "0.0.2"
    shutil.copy(second, debian.folder / "etc/apt/keyrings/portcullis.asc")
    debian.run(UPDATE)
    debian.run("apt-get upgrade -y")
    assert debian.run(INSTALLED) == VERSION

    debian.run("apt-get remove -y portcullis")
    assert debian.status("pidof portcullis")[0] == 1
    debian.run(f"grep -x 'node: barn' {CONFIG}")
    debian.run("apt-get purge -y portcullis")
    assert debian.status(f"test -e {CONFIG}")[0] == 1


def test_what_was_changed_is_refused(tmp_path, keys, served):
    """By one byte in the signed index, in the list of packages, in the package; and what nobody signed."""
    debian, latest = served
    keys.make("first")
    keyring = keys.export(tmp_path / "first.asc")
    shutil.copy(keyring, debian.folder / "etc/apt/keyrings/portcullis.asc")

    def offer(keyring, *change):
        done = publish(latest, package("amd64"), keyring, keys.environment)
        assert done.returncode == 0, done.stderr
        if change:
            change_a_byte(latest / change[0], *change[1:])
        debian.run("rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb")
        return done.stderr, *debian.status(UPDATE)

    def assert_cannot_be_installed(reason):
        status, said = debian.status("apt-get install -y portcullis")
        assert status != 0 and reason in said, said
        assert debian.status("test -e /usr/bin/portcullis")[0] == 1

    said_here, status, said = offer(keyring, "InRelease", b"Origin: Portcullis", b"Origin: Portcullus")
    assert status != 0 and re.search("BADSIG|Bad signature|is not signed", said), said
    assert_cannot_be_installed("Unable to locate package")
    said_here, status, said = offer(keyring, "Packages", b"Section: net", b"Section: nut")
    assert status != 0 and "Hash Sum mismatch" in said, said
    assert_cannot_be_installed("Unable to locate package")
    said_here, status, said = offer(keyring, "portcullis_amd64.deb", b"debian-binary", b"debian-binarx")
    assert status == 0, said
    assert_cannot_be_installed("Hash Sum mismatch")

    said_here, status, said = offer(tmp_path / "none.asc")
    assert "nothing is signed" in said_here
    assert {path.name for path in latest.iterdir()} == {"portcullis_amd64.deb", "Packages", "Release", "SHA256SUMS"}
    assert status != 0 and "is not signed" in said, said
    assert_cannot_be_installed("Unable to locate package")

    # Nothing but these changes kept it from being installed.
    assert offer(keyring)[1] == 0
    debian.run("apt-get install -y portcullis && portcullis --check")


def test_the_sums_of_a_release_are_signed(tmp_path, keys):
    keys.make("first")
    keyring = keys.export(tmp_path / "first.asc")
    latest = tmp_path / "latest"
    assert publish(latest, package("amd64"), keyring, keys.environment).returncode == 0
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=latest, check=True)
    named = {line.split()[1] for line in (latest / "SHA256SUMS").read_text().splitlines()}
    assert named == {path.name for path in latest.iterdir()} - {"SHA256SUMS", "SHA256SUMS.asc"}
    keys.gpg("--verify", latest / "SHA256SUMS.asc", latest / "SHA256SUMS")
    change_a_byte(latest / "SHA256SUMS", b"portcullis_amd64.deb", b"portcullis_amd64.dec")
    with pytest.raises(subprocess.CalledProcessError):
        keys.gpg("--verify", latest / "SHA256SUMS.asc", latest / "SHA256SUMS")


def test_a_key_without_its_secret_is_an_error(tmp_path, keys):
    """Not a release that some users cannot verify."""
    keys.make("first")
    keys.make("second")
    both = keys.export(tmp_path / "both.asc")
    second = keys.gpg("--list-keys", "--with-colons", "second").decode()
    keys.gpg("--yes", "--delete-secret-keys", re.search(r"^fpr:+(\w+):", second, re.M)[1])
    done = publish(tmp_path / "latest", package("amd64"), both, keys.environment)
    assert done.returncode != 0 and "No secret key" in done.stderr
    assert not (tmp_path / "latest/SHA256SUMS").exists()


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
