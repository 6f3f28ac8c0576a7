"""The agent as an app of Home Assistant: home-assistant/, the first start, the broker from the Supervisor, the page by ingress.

No Supervisor runs here, and no Home Assistant OS. A small server stands in for the Supervisor's API and answers as its
documents say; a proxy with a path in front stands in for its ingress (harness/supervisor.py has both). What Home Assistant
does with config.yaml, the Dockerfile and the AppArmor profile is not tried: the keys are held to those that are documented.
test_page has the page in a browser, in a frame of such a proxy.
"""

import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest
import yaml

from harness import DEADLINE, ROOT, Ingress, Supervisor, ask

APP = ROOT / "home-assistant" / "portcullis"
ENVIRONMENT = {"SUPERVISOR_TOKEN": Supervisor.token}


@pytest.fixture
def supervisor(fakes):
    return fakes(Supervisor())


@pytest.fixture
def house(broker_factory):
    """The broker of Home Assistant, which knows the Supervisor's apps alone."""
    return broker_factory(users={Supervisor.login["username"]: Supervisor.login["password"]})


def app_config(supervisor, **http):
    return {"mqtt": {"broker": supervisor.url}, "http": {"ingress": Ingress.address, "frame_ancestors": "self", **http}}


def secrets_in(agent):
    text = "\n".join(agent.log.lines)
    return [secret for secret in (Supervisor.token, *Supervisor.login.values()) if secret in text]


# ---- The first start. ----

def example_for(agent, supervisor):
    """The app's own example, with what stands in for the Supervisor in its place."""
    text = (APP / "example.yaml").read_text()
    for old, new in (("supervisor://172.30.32.2", supervisor.url), ("ingress: 172.30.32.2", f"ingress: {Ingress.address}"),
                     ("0.0.0.0:8099", f"127.0.0.1:{agent.http_port}"), ("/data", str(agent.folder))):
        assert old in text
        text = text.replace(old, new)
    example = agent.folder / "example.yaml"
    example.write_text(text)
    return example


def start_app(agent, example):
    """As start, but nobody has written a configuration."""
    agent._spawn([*agent.command, "--config", str(agent.config_path), "--example", str(example)], env=ENVIRONMENT)


def test_first_start(agent_factory, supervisor, house, fakes):
    agent = agent_factory()
    example = example_for(agent, supervisor)
    supervisor.provide(house)
    kept = agent.config_path.with_suffix(".yaml.new")  # which a person works at
    kept.write_text("mine")
    start_app(agent, example)
    agent.log.wait("it is now a copy of")
    agent.log.wait("connected to the broker")
    assert agent.config_path.read_text() == example.read_text()
    assert not (agent.config_path.stat().st_mode & 0o007)
    assert kept.read_text() == "mine" and len(list(agent.folder.glob("portcullis.yaml*"))) == 2
    agent.log.wait("backend: simulated drives no line")
    ingress = fakes(Ingress(agent.http_port))
    with urllib.request.urlopen(ingress.url + "/", timeout=DEADLINE) as answer:
        assert "Garage door" in answer.read().decode()


def test_a_configuration_is_never_written_over(agent_factory, supervisor, house):
    agent = agent_factory()
    supervisor.provide(house)
    example = example_for(agent, supervisor)
    mine = example.read_text().replace("Garage door", "Mine")
    agent.config_path.write_text(mine)
    start_app(agent, example)
    agent.log.wait("connected to the broker")
    assert agent.config_path.read_text() == mine and not agent.log.find("a copy of")


def test_without_an_example(agent_factory):
    agent = agent_factory()
    start_app(agent, agent.folder / "nothing.yaml")
    assert agent.wait() == 78 and agent.log.find("cannot make .*portcullis.yaml of .*nothing.yaml: No such file")
    assert not list(agent.folder.glob("portcullis.yaml*"))


# ---- The broker. ----

def test_waits_for_a_broker(agent_factory, supervisor, house):
    agent = agent_factory(config=app_config(supervisor)).start(env=ENVIRONMENT)
    agent.log.wait("names no broker yet: it says: Service not enabled")
    supervisor.provide(house)
    agent.log.wait(f"the Supervisor names the broker 127.0.0.1, port {house.port}")
    agent.log.wait("connected to the broker")
    assert set(supervisor.asked) == {f"Bearer {Supervisor.token}"} and not secrets_in(agent)


def test_ends_while_it_waits(agent_factory, supervisor):
    agent = agent_factory(config=app_config(supervisor)).start(env=ENVIRONMENT)
    agent.log.wait("names no broker yet")
    assert agent.stop() == 0


def test_a_supervisor_that_cannot_be_used(agent_factory, supervisor, house):
    supervisor.provide(house)
    agent = agent_factory(config=app_config(supervisor)).start(env={"SUPERVISOR_TOKEN": "wrong"})
    agent.log.wait(r"names no broker yet: its answer \(HTTP status 401\) cannot be used")
    other = agent_factory(config=app_config(supervisor)).start()
    assert other.wait() == 1 and other.log.find("its environment has no SUPERVISOR_TOKEN")


def test_a_broker_of_ones_own(agent_factory, supervisor, broker):
    """The Supervisor is not asked."""
    config = app_config(supervisor)
    del config["mqtt"]
    agent_factory(broker, config=config).start(env=ENVIRONMENT).log.wait("connected to the broker")
    assert not supervisor.asked


def test_reload_keeps_the_broker(agent_factory, supervisor, house):
    supervisor.provide(house)
    agent = agent_factory(config=app_config(supervisor)).start(env=ENVIRONMENT)
    agent.log.wait("connected to the broker")
    agent.config["mqtt"]["keepalive"] = "20s"
    agent.write_config()
    agent.send_signal(1)
    agent.log.wait("the configuration is taken over")
    agent.log.wait("connected to the broker", count=2)
    assert len(supervisor.asked) == 1 and not secrets_in(agent)


@pytest.mark.parametrize("mode", ["--check", "--healthcheck"])
def test_other_modes_ask_nobody(agent_factory, supervisor, mode):
    result = agent_factory(config=app_config(supervisor)).run(mode)
    assert result.returncode == (0 if mode == "--check" else 1), result.stderr
    assert not supervisor.asked


# ---- The page. ----

def asked(url, method="GET", **headers):
    request = urllib.request.Request(url, b"" if method == "POST" else None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers


def test_page_by_ingress_alone(agent_factory, supervisor, house, fakes):
    supervisor.provide(house)
    agent = agent_factory(config=app_config(supervisor)).start(env=ENVIRONMENT)
    agent.log.wait("door left: closed")  # before that no command is taken
    ingress = fakes(Ingress(agent.http_port))
    status, headers = asked(ingress.url + "/", Host="house.example")
    assert status == 200 and "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    origin = {"Host": "house.example", "Origin": "https://house.example"}
    assert asked(ingress.url + "/api/doors/left/open", "POST", **{**origin, "Origin": "https://evil.example"})[0] == 403
    assert not agent.log.find("accepted")
    assert asked(ingress.url + "/api/doors/left/open", "POST", **origin)[0] == 202
    agent.log.wait("door left: open from http accepted")
    # Another app in the same network, which says that it comes by the ingress; and the machine's own health check.
    assert ask(agent, "GET", "/", **{"X-Ingress-Path": ingress.path}).status == 403
    assert ask(agent, "POST", "/api/doors/left/close", **{"X-Forwarded-For": Ingress.address}).status == 403
    assert ask(agent, "GET", "/healthz").status == 200
    assert agent.run("--healthcheck").returncode == 0
    assert not agent.log.find("close from http")


# ---- home-assistant/. ----

def read_yaml(path):
    return yaml.safe_load(path.read_text())


ARCHITECTURES = {"aarch64", "amd64", "armv7", "armhf", "i386"}
# The keys that https://developers.home-assistant.io/docs/apps/configuration documented in 2026, and what each takes.
BOOLEANS = """host_network host_ipc host_dbus host_pid host_uts hassio_api homeassistant_api docker_api full_access audio video
    gpio usb uart udev devicetree kernel_modules stdin legacy tmpfs auth_api ingress ingress_stream panel_admin init realtime
    journald""".split()
TEXTS = "url webui homeassistant hassio_role image ingress_entry panel_icon panel_title backup_pre backup_post watchdog".split()
WORDS = {"startup": {"initialize", "system", "services", "application", "once"}, "boot": {"auto", "manual", "manual_only"},
         "stage": {"stable", "experimental", "deprecated"}, "backup": {"hot", "cold"}}
MAPS = {"homeassistant_config", "addon_config", "app_config", "all_addon_configs", "all_app_configs", "addons", "local_apps",
        "ssl", "backup", "share", "media", "data"}


def wrong_key(key, value):
    """Whether the documented key does not take the value; None where there is no such key."""
    if key in BOOLEANS:
        return not isinstance(value, bool)
    if key in ("name", "version", "description", *TEXTS):
        return not (isinstance(value, str) and value)
    if key in WORDS:
        return value not in WORDS[key]
    rules = {
        "slug": lambda: not re.fullmatch(r"[-_.A-Za-z0-9]+", value),
        "arch": lambda: not value or not set(value) <= ARCHITECTURES,
        "devices": lambda: not all(re.fullmatch(r"/dev/\w+", device) for device in value),
        "services": lambda: not all(re.fullmatch(r"(mqtt|mysql):(provide|want|need)", service) for service in value),
        "map": lambda: not all(entry["type"] in MAPS and entry["path"].startswith("/") and len(entry["path"]) > 1 and
                               isinstance(entry.get("read_only"), bool) and set(entry) <= {"type", "path", "read_only"}
                               for entry in value),
        "ingress_port": lambda: not (isinstance(value, int) and 0 <= value < 65536),
        "timeout": lambda: not (isinstance(value, int) and 10 <= value <= 300),
    }
    return rules[key]() if key in rules else None


def test_config_keys():
    config = read_yaml(APP / "config.yaml")
    assert {"name", "version", "slug", "description", "arch"} <= set(config)
    assert {key: wrong_key(key, value) for key, value in config.items() if wrong_key(key, value) is not False} == {}
    assert wrong_key("gpio", "yes") and wrong_key("arch", ["armv6"]) and wrong_key("gpios", True) is None
    assert set(config["arch"]) == ARCHITECTURES - {"i386"}, "those of the image: docker/docker-bake.hcl"
    assert config["gpio"] and config["ingress"] and "mqtt:want" in config["services"]
    repository = read_yaml(ROOT / "home-assistant" / "repository.yaml")
    assert repository["name"] and set(repository) <= {"name", "url", "maintainer"}
    assert set(read_yaml(APP / "translations" / "en.yaml")) <= {"configuration", "network"}
    found = [path for path in (ROOT / "home-assistant").rglob("config.*")]
    assert found == [APP / "config.yaml"], "Home Assistant takes each config.* in a repository for an app's"


def test_app_agrees_with_the_agent():
    """Version, port, paths and address stand in several files."""
    version = subprocess.run([ROOT / "scripts" / "version"], capture_output=True, text=True, check=True).stdout.strip()
    config, example = read_yaml(APP / "config.yaml"), read_yaml(APP / "example.yaml")
    dockerfile = (APP / "Dockerfile").read_text()
    assert config["version"] == version
    assert f"FROM portcullis:{version}\n" in dockerfile and f'io.hass.version="{version}"' in dockerfile
    assert set(re.search('io.hass.arch="(.*?)"', dockerfile)[1].split("|")) == set(config["arch"])
    copied, place = re.search(r"^COPY (\S+) (\S+)$", dockerfile, re.M).groups()
    assert (APP / copied).is_file() and f'CMD ["--example", "{place}"]' in dockerfile
    assert example["http"]["listen"] == f"0.0.0.0:{config['ingress_port']}"
    assert example["mqtt"]["broker"] == f"supervisor://{example['http']['ingress']}"
    assert example["gpio"]["backend"] == "simulated", "nothing moves before somebody has said what is wired"
    assert config["map"][0]["path"] == "/etc/portcullis" and config["map"][0]["read_only"] is False
    assert f"## {version}\n" in (APP / "CHANGELOG.md").read_text()
    for name, size in (("icon", (128, 128)), ("logo", (250, 100))):
        data = (APP / f"{name}.png").read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")) == size


def test_repository_for_a_published_image(tmp_path):
    folder = tmp_path / "app"
    environment = {**os.environ, "IMAGE": "registry.invalid/house/portcullis", "SOURCE": "https://source.invalid/app"}
    subprocess.run([ROOT / "scripts" / "home-assistant", folder], env=environment, check=True)
    assert read_yaml(folder / "repository.yaml") == {"name": "Portcullis", "url": "https://source.invalid/app"}
    version = read_yaml(folder / "portcullis" / "config.yaml")["version"]
    assert f"FROM registry.invalid/house/portcullis:{version}\n" in (folder / "portcullis" / "Dockerfile").read_text()
    assert {path.name for path in APP.iterdir()} == {path.name for path in (folder / "portcullis").iterdir()}


def test_example_is_right(agent_factory):
    agent = agent_factory()
    result = subprocess.run([*agent.command, "--config", str(APP / "example.yaml"), "--check"], text=True,
                            capture_output=True, timeout=DEADLINE, check=False)
    assert result.returncode == 0 and "1 door" in result.stdout, result.stderr
    warnings = [line for line in result.stderr.splitlines() if "simulated" not in line and "history.directory" not in line]
    assert not warnings


def test_apparmor_profile():
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin")
    if not parser:
        pytest.skip("no apparmor_parser here: apt-get install apparmor")
    result = subprocess.run([parser, "--skip-kernel-load", "--skip-cache", APP / "apparmor.txt"], text=True, capture_output=True,
                            timeout=DEADLINE, check=False)
    assert result.returncode == 0, result.stderr
    slug = read_yaml(APP / "config.yaml")["slug"]
    assert f"\nprofile {slug} " in (APP / "apparmor.txt").read_text()
