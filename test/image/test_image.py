"""The image that scripts/image built, as whoever pulls it has it: `make test-image`, inside scripts/with-docker.

TEST_IMAGE is the OCI archive, TEST_IMAGE_LOG what the build printed, TEST_IMAGE_AGAIN the archive of a
second build, from nothing.
"""

import hashlib
import http.client
import http.server
import io
import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
import threading
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = subprocess.check_output([ROOT / "scripts/version"], text=True).strip()
PROGRAM = "usr/bin/portcullis"
DOCUMENTS = "usr/share/doc/portcullis"

# Platform: emulator, and what BuildKit calls the compilation.
PLATFORMS = {
    ("arm", "v6"): (["qemu-arm-static", "-cpu", "arm1176"], "linux/amd64->arm/v6"),
    ("arm", "v7"): (["qemu-arm-static", "-cpu", "cortex-a7"], "linux/amd64->arm/v7"),
    ("arm64", None): (["qemu-aarch64-static", "-cpu", "cortex-a53"], "linux/amd64->arm64"),
    ("amd64", None): ([], "linux/amd64"),
}
NAMES = ["".join(filter(None, platform)) for platform in PLATFORMS]
each_platform = pytest.mark.parametrize("platform", PLATFORMS, ids=NAMES)


def run(*command, timeout=120, **more):
    return subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout, check=False, **more)


def must(*command, **more):
    result = run(*command, **more)
    assert result.returncode == 0, f"{command} ended with {result.returncode}:\n{result.stdout}"
    return result.stdout


class Archive:
    """An OCI archive: {platform: manifest}, and the blobs that these name, each checked against its digest."""

    def __init__(self, path):
        self.tar = tarfile.open(path)
        self.index = self.follow(json.load(self.tar.extractfile("index.json")))
        self.manifests, self.attestations = {}, {}
        for entry in self.index["manifests"]:
            manifest = json.loads(self.blob(entry["digest"]))
            reference = entry.get("annotations", {}).get("vnd.docker.reference.digest")
            if reference:
                self.attestations[reference] = manifest
            else:
                where = entry["platform"]
                assert where["os"] == "linux"
                manifest["digest"] = entry["digest"]
                self.manifests[where["architecture"], where.get("variant")] = manifest

    def follow(self, index):
        """The archive's index names one index of platforms, or is one."""
        only = index["manifests"]
        return json.loads(self.blob(only[0]["digest"])) if len(only) == 1 else index

    def blob(self, digest):
        data = self.tar.extractfile("blobs/" + digest.replace(":", "/")).read()
        assert "sha256:" + hashlib.sha256(data).hexdigest() == digest
        return data

    def config(self, platform):
        return json.loads(self.blob(self.manifests[platform]["config"]["digest"]))

    def layers(self, platform):
        return [layer["digest"] for layer in self.manifests[platform]["layers"]]

    def statements(self, platform):
        """{predicate type: predicate} of the image's attestations."""
        layers = self.attestations[self.manifests[platform]["digest"]]["layers"]
        statements = [json.loads(self.blob(layer["digest"])) for layer in layers]
        return {statement["predicateType"]: statement["predicate"] for statement in statements}


@pytest.fixture(scope="session")
def archive():
    return Archive(os.environ["TEST_IMAGE"])


@pytest.fixture(scope="session")
def roots(archive, tmp_path_factory):
    """{platform: folder with the image's files}"""
    folders = {}
    for platform, name in zip(PLATFORMS, NAMES):
        folders[platform] = tmp_path_factory.mktemp(name)
        for layer in archive.layers(platform):
            with tarfile.open(fileobj=io.BytesIO(archive.blob(layer))) as tar:
                tar.extractall(folders[platform])
    return folders


def test_platforms(archive):
    assert set(archive.manifests) == set(PLATFORMS)
    for platform in PLATFORMS:
        config = archive.config(platform)
        assert (config["os"], config["architecture"], config.get("variant")) == ("linux", *platform)


@each_platform
def test_compiled_without_emulation(platform):
    log = Path(os.environ["TEST_IMAGE_LOG"]).read_text()
    assert re.search(rf"^#\d+ \[{re.escape(PLATFORMS[platform][1])} build \d+/\d+\] RUN .*cross/build", log, re.MULTILINE)
    assert "tools" in log and not re.search(r"\[linux/arm\S* (tools|build)", log)


@each_platform
def test_configuration(archive, platform):
    config = archive.config(platform)["config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/usr/bin/portcullis"]
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/bin/portcullis", "--healthcheck"]
    assert not config.get("Cmd") and not config.get("ExposedPorts") and not config.get("Volumes")


@each_platform
def test_labels_and_annotations(archive, platform):
    revision = must("git", "-C", ROOT, "rev-parse", "HEAD").strip()
    notes = [archive.config(platform)["config"]["Labels"], archive.manifests[platform]["annotations"],
             archive.index["annotations"]]
    for note in notes:
        note = {key.removeprefix("org.opencontainers.image."): value for key, value in note.items()}
        assert note["version"] == VERSION
        assert note["revision"].removesuffix("-dirty") == revision
        assert note["licenses"].startswith("MIT AND LGPL-2.1-or-later")
        assert note["source"] == os.environ["SOURCE"]
        assert {"title", "description"} <= set(note)


@each_platform
def test_files(roots, platform):
    files = {str(path.relative_to(roots[platform])) for path in roots[platform].rglob("*") if not path.is_dir()}
    licences = {file for file in files if file.startswith(f"{DOCUMENTS}/licences/")}
    assert files - licences == {PROGRAM, "etc/ssl/certs/ca-certificates.crt", f"{DOCUMENTS}/sbom.spdx.json"}
    folders = {str(path.relative_to(roots[platform])) for path in roots[platform].rglob("*") if path.is_dir()}
    assert folders == {"usr", "usr/bin", "usr/share", "usr/share/doc", DOCUMENTS, f"{DOCUMENTS}/licences",
                       f"{DOCUMENTS}/licences/common", "etc", "etc/ssl", "etc/ssl/certs", "var", "var/lib",
                       "var/lib/portcullis"}
    data = (roots[platform] / "var/lib/portcullis").stat()
    assert (data.st_uid, data.st_gid) == (10001, 10001) or os.getuid() != 0


@each_platform
def test_licences(roots, platform):
    """Each library of the bill of materials has its notice here, and the notices' texts are here, too."""
    folder = roots[platform] / DOCUMENTS / "licences"
    bill = json.loads((folder.parent / "sbom.spdx.json").read_text())
    sources = {re.search(r"source package (\S+)", package["sourceInfo"])[1]
               for package in bill["packages"] if "sourceInfo" in package}
    # Debian builds llhttp from node-undici.
    assert sources == {"glibc", "libgpiod", "paho.mqtt.c", "mbedtls", "libyaml", "node-undici", "jansson", "gcc-14",
                       "ca-certificates"}
    assert {path.name for path in folder.iterdir()} == sources | {"README.md", "portcullis", "common"}
    assert {"LGPL-2.1", "GPL-3"} <= {path.name for path in (folder / "common").iterdir()}
    program = (roots[platform] / PROGRAM).read_bytes()
    assert bill["packages"][0]["checksums"][0]["checksumValue"] == hashlib.sha256(program).hexdigest()


@each_platform
def test_certificates(roots, platform):
    bundle = (roots[platform] / "etc/ssl/certs/ca-certificates.crt").read_text()
    blocks = re.findall(r"^-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----\n", bundle, re.M)
    assert len(blocks) > 100 and "".join(blocks) == bundle
    assert bundle == (roots["amd64", None] / "etc/ssl/certs/ca-certificates.crt").read_text()


@each_platform
def test_attestations(archive, roots, platform):
    statements = archive.statements(platform)
    assert "https://slsa.dev/provenance/v0.2" in statements
    assert statements["https://spdx.dev/Document"] == json.loads((roots[platform] / DOCUMENTS / "sbom.spdx.json").read_text())


@each_platform
def test_runs_on_its_processor(roots, platform):
    program = roots[platform] / PROGRAM
    assert must(*PLATFORMS[platform][0], program, "--version") == f"portcullis {VERSION}\n"
    said = must(*PLATFORMS[platform][0], program, "--config", ROOT / "config/demo.yaml", "--check")
    assert "good: node demo, 2 doors" in said


def test_armv7_is_none_for_an_arm1176(roots):
    """Else the emulator would prove nothing for ARMv6."""
    assert run("qemu-arm-static", "-cpu", "arm1176", roots["arm", "v7"] / PROGRAM, "--version").returncode == -4


def test_built_twice(archive):
    """The second build took nothing from the cache; its log says so."""
    again = Archive(os.environ["TEST_IMAGE_AGAIN"])
    assert {platform: archive.layers(platform) for platform in PLATFORMS} == \
        {platform: again.layers(platform) for platform in PLATFORMS}
    log = Path(os.environ["TEST_IMAGE_LOG"] + ".again").read_text()
    assert len(set(re.findall(r"^#(\d+) .*Linking target portcullis$", log, re.MULTILINE))) == len(PLATFORMS)
    copied = re.findall(r"^#(\d+) .* COPY --from=build", log, re.MULTILINE)
    assert len(set(copied)) == len(PLATFORMS)
    assert not [step for step in copied if f"#{step} CACHED\n" in log]


def test_size(roots, archive):
    for platform, name in zip(PLATFORMS, NAMES):
        sizes = {path: (roots[platform] / path).stat().st_size for path in (PROGRAM, "etc/ssl/certs/ca-certificates.crt")}
        everything = sum(path.stat().st_size for path in roots[platform].rglob("*") if path.is_file())
        pulled = sum(layer["size"] for layer in archive.manifests[platform]["layers"])
        print(f"{name}: program {sizes[PROGRAM]}, with the bundle {sum(sizes.values())}, all files {everything}, "
              f"compressed {pulled}")
        if platform == ("arm", "v7"):
            assert sum(sizes.values()) <= 2_000_000


# From here on with the engine.


@pytest.fixture(scope="session")
def image():
    said = must("docker", "load", "-i", os.environ["TEST_IMAGE"])
    return re.search(r"Loaded image: (\S+)", said)[1]


@pytest.fixture(scope="session")
def broker_image():
    if run("docker", "pull", "-q", "eclipse-mosquitto:2").returncode == 0:
        return "eclipse-mosquitto:2"
    base = ["--build-arg", f"BASE={os.environ['BASE']}"] if os.environ.get("BASE") else []
    must("docker", "buildx", "build", "--load", *base, "-t", "mosquitto-of-debian", "-f", ROOT / "test/image/mosquitto.Dockerfile",
         ROOT / "test/image", timeout=600)
    return "mosquitto-of-debian"


@pytest.fixture
def garage(image, broker_image, tmp_path):
    """docker/compose.yaml as docs/install.md says, but without a GPIO chip. Gives a function that runs compose."""
    for name in ("compose.yaml", "mosquitto.conf", "portcullis.yaml"):
        shutil.copy(ROOT / "docker" / name, tmp_path)
    (tmp_path / ".env").write_text(f"GPIO_GID=0\nPORTCULLIS_IMAGE={image}\nMOSQUITTO_IMAGE={broker_image}\n")
    (tmp_path / "compose.override.yaml").write_text("services: {portcullis: {devices: !reset [], restart: 'no'}}\n")
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "mqtt-password").write_text("a secret\n")
    (secrets / "mosquitto-passwords").write_text("portcullis:a secret\nhomeassistant:another\n")
    (secrets / "mosquitto-passwords").chmod(0o600)
    must("docker", "run", "--rm", "--network", "none", "-v", f"{secrets}:/secrets", broker_image, "mosquitto_passwd", "-U",
         "/secrets/mosquitto-passwords")
    shutil.copy(ROOT / "docker/mosquitto.acl", secrets)
    (secrets / "mosquitto.acl").chmod(0o440)
    # Docker hands files on as they are: to these users.
    must("chown", "1883:1883", secrets / "mosquitto-passwords", secrets / "mosquitto.acl")
    must("chown", "10001:1883", secrets / "mqtt-password")
    must("chmod", "440", secrets / "mqtt-password")

    def compose(*arguments, **more):
        return must("docker", "compose", *arguments, cwd=tmp_path, **more)

    try:
        yield compose
    finally:
        print(run("docker", "compose", "logs", cwd=tmp_path).stdout)
        run("docker", "compose", "down", "--volumes", "--timeout", "5", cwd=tmp_path)


def test_compose_file(garage):
    """Valid, and as careful as promised."""
    services = json.loads(garage("config", "--format", "json"))["services"]
    for service in services.values():
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"] and service["secrets"]
        assert service["healthcheck"]["test"] and int(service["mem_limit"]) <= 128 << 20
        assert "core" in service["ulimits"]  # some releases of Compose leave a zero out here: see test_garage
    original = json.loads(garage("-f", "compose.yaml", "config", "--format", "json"))["services"]
    assert original["portcullis"]["devices"] and original["portcullis"]["group_add"] == ["0"]
    assert {port["host_ip"] for service in original.values() for port in service["ports"]} == {"127.0.0.1"}
    assert {service["restart"] for service in original.values()} == {"unless-stopped"}


def test_garage(garage):
    """The agent in its container is healthy, opens the simulated door when told, and goes when asked."""
    garage("up", "--detach", "--wait", "--wait-timeout", "120")
    agent = garage("ps", "--quiet", "portcullis").strip()
    details = json.loads(must("docker", "inspect", agent))[0]
    assert details["State"]["Health"]["Status"] == "healthy"
    for container in garage("ps", "--quiet").split():
        limits = json.loads(must("docker", "inspect", container))[0]["HostConfig"]["Ulimits"]
        assert {"Name": "core", "Soft": 0, "Hard": 0} in limits
    # It is the container's first and only process.
    assert len(must("docker", "top", agent, "-eo", "pid").split()) == 2

    def client(program, *arguments):
        return garage("exec", "-T", "mosquitto", program, "-u", "homeassistant", "-P", "another", *arguments)

    topic = "portcullis/garage/garage_door"
    wait = ["-W", "60", "-C", "1"]
    assert client("mosquitto_sub", *wait, "-t", "portcullis/garage/availability") == "online\n"
    assert client("mosquitto_sub", *wait, "-t", f"{topic}/state") == "closed\n"
    client("mosquitto_pub", "-q", "1", "-t", f"{topic}/set", "-m", "OPEN")
    until_opening = ["-W", "60", "-C", "2", "-t", f"{topic}/state", "-t", f"{topic}/position"]
    assert "closed" not in client("mosquitto_sub", *until_opening)
    assert client("mosquitto_sub", *wait, "-t", f"{topic}/state") in ("opening\n", "open\n")

    assert '"opening"' in must("docker", "cp", f"{agent}:/var/lib/portcullis/history.jsonl", "-")

    since = time.monotonic()
    must("docker", "stop", "--time", "20", agent)
    assert time.monotonic() - since < 10
    assert json.loads(must("docker", "inspect", agent))[0]["State"]["ExitCode"] == 0
    assert client("mosquitto_sub", *wait, "-t", "portcullis/garage/availability") == "offline\n"


def test_health_check_can_fail(garage):
    """An agent that stands still does not answer."""
    garage("up", "--detach", "--wait", "--wait-timeout", "120")
    agent = garage("ps", "--quiet", "portcullis").strip()
    check = ["docker", "exec", agent, "/usr/bin/portcullis", "--healthcheck"]
    assert run(*check).returncode == 0
    must("docker", "kill", "--signal", "STOP", agent)
    failed = run(*check)
    must("docker", "kill", "--signal", "CONT", agent)
    assert failed.returncode == 1 and "no answer from the agent" in failed.stdout
    assert run(*check).returncode == 0


class Services(http.server.BaseHTTPRequestHandler):
    """What stands in for Home Assistant's Supervisor: its answer to one question."""

    def do_GET(self):
        right = (self.path, self.headers["Authorization"]) == ("/services/mqtt", "Bearer of-the-app")
        data = {"host": "core-mosquitto", "port": 1883, "ssl": False, "username": "addons", "password": "secret"}
        body = json.dumps({"result": "ok", "data": data} if right else {"result": "error", "message": "Forbidden"}).encode()
        self.send_response(200 if right else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def house():
    """A network as Home Assistant OS has it, with something in the Supervisor's place. Gives the network's name."""
    if os.geteuid():
        pytest.skip("takes root: the Supervisor's address is put on a bridge")
    must("docker", "network", "create", "--subnet", "172.30.32.0/23", "--opt", "com.docker.network.bridge.name=house0", "house")
    try:
        must("ip", "address", "add", "172.30.32.2/23", "dev", "house0")
        with http.server.ThreadingHTTPServer(("172.30.32.2", 80), Services) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield "house"
            server.shutdown()
    finally:
        must("docker", "network", "rm", "house")


def test_app_of_home_assistant(image, house, tmp_path):
    """Its Dockerfile, first start and page, at the very addresses. There is no Home Assistant, and so no AppArmor profile."""
    def get(source):
        connection = http.client.HTTPConnection("172.30.33.5", 8099, timeout=10, source_address=(source, 0))
        connection.request("GET", "/", headers={"Host": "homeassistant.local:8123"})
        status = connection.getresponse().status
        connection.close()
        return status

    must("docker", "tag", image, f"portcullis:{VERSION}")
    must("docker", "buildx", "build", "--load", "-t", "portcullis-app", ROOT / "home-assistant/portcullis")
    for name in ("config", "data"):
        (tmp_path / name).mkdir(mode=0o755)
    app = must("docker", "run", "--detach", "--network", house, "--ip", "172.30.33.5", "--env", "SUPERVISOR_TOKEN=of-the-app",
               "--volume", f"{tmp_path}/config:/etc/portcullis", "--volume", f"{tmp_path}/data:/data", "portcullis-app").strip()
    try:
        deadline = time.monotonic() + 60
        while "listening on" not in (log := must("docker", "logs", app)):
            assert time.monotonic() < deadline, log
            time.sleep(0.1)
        assert "names the broker core-mosquitto, port 1883" in log and "secret" not in log and "of-the-app" not in log
        example = (ROOT / "home-assistant/portcullis/example.yaml").read_text()
        assert (tmp_path / "config/portcullis.yaml").read_text() == example
        assert get("172.30.32.2") == 200 and get("172.30.32.1") == 403
        must("docker", "exec", app, "/usr/bin/portcullis", "--healthcheck")
        must("docker", "stop", "--time", "20", app)
        assert json.loads(must("docker", "inspect", app))[0]["State"]["ExitCode"] == 0
        assert (tmp_path / "data/history.jsonl").exists()
    finally:
        run("docker", "rm", "--force", app)


def answers(address):
    try:
        return urllib.request.urlopen(f"http://{address}/v2/", timeout=60).status == 200
    except OSError:
        return False


@pytest.fixture
def registry(tmp_path):
    """host:port of a registry."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = "127.0.0.1:%d" % free.getsockname()[1]
    settings = tmp_path / "registry.json"
    # Not on disk: that writes a tag in two steps, and a push writes the same one many times at once.
    settings.write_text(json.dumps({"version": "0.1", "storage": {"inmemory": {}}, "http": {"addr": address}}))
    log = open(tmp_path / "registry.log", "w+")
    process = subprocess.Popen(["docker-registry", "serve", settings], stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while not answers(address):
        assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "registry.log").read_text()
        time.sleep(0.1)
    yield address
    process.terminate()
    process.wait()
    log.close()
    print((tmp_path / "registry.log").read_text())


def test_publish(archive, registry, tmp_path):
    """What `make publish` pushes is what `make image` makes, layer by layer. Only a tagged commit is published."""
    clone = tmp_path / "clone"
    must("git", "clone", "-q", "--no-hardlinks", ROOT, clone)
    environment = dict(os.environ, IMAGE=f"{registry}/garage/portcullis", GH_TOKEN="", REGISTRY_TOKEN="")

    def publish():
        return run(clone / "scripts/publish", timeout=1200, env=environment)

    def get(path):
        request = urllib.request.Request(f"http://{registry}/v2/garage/portcullis/{path}", headers={
            "Accept": "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"})
        return json.load(urllib.request.urlopen(request, timeout=60))

    refused = publish()
    assert refused.returncode == 1 and "is not tagged" in refused.stdout
    must("git", "-C", clone, "tag", f"v{VERSION}")
    published = publish()
    assert published.returncode == 0, published.stdout[-4000:]
    assert set(get("tags/list")["tags"]) == {VERSION, "latest"}
    index = get(f"manifests/{VERSION}")
    assert index == get("manifests/latest")
    pushed = {(entry["platform"]["architecture"], entry["platform"].get("variant")): get("manifests/" + entry["digest"])
              for entry in index["manifests"] if entry["platform"]["os"] == "linux"}
    assert {platform: [layer["digest"] for layer in manifest["layers"]] for platform, manifest in pushed.items()} == \
        {platform: archive.layers(platform) for platform in PLATFORMS}
    assert len(index["manifests"]) == 2 * len(PLATFORMS)  # each with its attestations
