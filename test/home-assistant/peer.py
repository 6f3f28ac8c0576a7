"""A real Home Assistant, in a root that fetch built: its process, its REST interface and its web socket."""

import json
import sqlite3
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from pathlib import Path

import websocket

from harness import Process, free_port, wait_until

HERE = Path(__file__).resolve().parent
STARTS_WITHIN_S = 120
# Its web server's settings in the form in which it stores them itself: those of the YAML file hold for five minutes only.
HTTP = {"server_host": ["127.0.0.1"], "cors_allowed_origins": [], "login_attempts_threshold": -1, "ip_ban_enabled": False,
        "ssl_profile": "intermediate_v6", "use_x_frame_options": True, "error": None, "error_message": None,
        "created_at": "2026-01-01T00:00:00+00:00"}  # fmt: skip
OF_2026_2 = "No device components to cleanup"  # what it says for each disabled entity of a device that it takes away
DEFAULT_IS_5 = (2026, 6)  # the release from which on it speaks MQTT 5 unless told otherwise, and knows what expires
STORES_HTTP = (2026, 8)  # the release from which on it does so, and has a form of its own for MQTT's further settings
# The phone is a file: what is said there is a line of it.
CONFIGURATION = """
homeassistant: {name: House, latitude: 52, longitude: 5, elevation: 0, unit_system: metric, time_zone: UTC, country: NL, currency: EUR}
logger: {default: warning}
recorder: {commit_interval: 1}
logbook:
history:
automation: !include automations.yaml
command_line:
  - notify: {name: mobile_app_phone, command: "cat >> /config/phone; echo >> /config/phone"}
"""


def fetched(release):
    """The root of that release (newest, oldest), or None where fetch has not built it."""
    found = subprocess.run([HERE / "fetch", release, "--where"], capture_output=True, text=True, check=False)
    return None if found.returncode else Path(found.stdout.strip()) / "root"


class HomeAssistant(Process):
    """Answers on 127.0.0.1 only. What it stores is below the folder, and outlives a restart."""

    name = "home assistant"

    def __init__(self, root, folder):
        super().__init__()
        self.root, self.folder, self.port = Path(root), Path(folder), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = None
        self.lines = []  # of the logs of former runs
        (self.folder / ".storage").mkdir(parents=True)
        text = CONFIGURATION
        if self.version < STORES_HTTP:
            text += f"http: {{server_host: 127.0.0.1, server_port: {self.port}}}\n"
        else:
            self.store("http", 3, {"stable": {**HTTP, "server_port": self.port}, "pending": None, "yaml_migration_done": True})
        (self.folder / "configuration.yaml").write_text(text)
        (self.folder / "automations.yaml").write_text("[]\n")
        (self.folder / "phone").touch()
        self.store("onboarding", 4, {"done": ["core_config", "analytics", "integration"]})  # the owner is still to come

    @property
    def version(self):
        """(year, month)"""
        found = next(self.root.glob("opt/ha/lib/python3*/site-packages/homeassistant-*.dist-info"))
        return tuple(int(part) for part in found.name.split("-")[1].split(".")[:2])

    def store(self, key, version, data):
        (self.folder / ".storage" / key).write_text(
            json.dumps({"version": version, "minor_version": 1, "key": key, "data": data}))

    environment = {"PATH": "/opt/ha/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}

    def inside(self):
        """What to put before a command so that it runs in the root, with the folder as /config."""
        script = """
            mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mkdir -p "$1/config" && mount --bind "$2" "$1/config" &&
            root=$1 && shift 2 && exec chroot "$root" "$@"
        """
        return ["setpriv", "--pdeathsig", "TERM", "unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh",
                str(self.root), str(self.folder.resolve())]

    def start(self):
        """Until its start is complete."""
        if self.log:
            self.lines += self.log.lines
        self._spawn([*self.inside(), "/opt/ha/bin/hass", "--config", "/config", "--skip-pip"], env=self.environment)
        wait_until(self._answers, "Home Assistant to answer", STARTS_WITHIN_S)
        if self.token is None:
            self._become_owner()
        wait_until(lambda: self.get("/api/config")["state"] == "RUNNING", "Home Assistant to have started", STARTS_WITHIN_S)
        return self

    def _answers(self):
        assert self.running, "Home Assistant has ended:\n" + "\n".join(self.log.lines[-40:])
        with suppress(OSError):
            return urllib.request.urlopen(f"{self.url}/manifest.json", timeout=5).status == 200
        return False

    def _become_owner(self):
        self.client_id = f"{self.url}/"
        code = self.post("/api/onboarding/users", {"client_id": self.client_id, "name": "Owner", "language": "en",
                                                   "username": "owner", "password": "not-a-secret"})["auth_code"]
        form = urllib.parse.urlencode({"client_id": self.client_id, "grant_type": "authorization_code", "code": code})
        with urllib.request.urlopen(f"{self.url}/auth/token", form.encode(), timeout=20) as answer:
            self.tokens = json.load(answer)  # for 30 minutes
        self.token = self.tokens["access_token"]
        self.token = self.ask("auth/long_lived_access_token", client_name="tests", lifespan=1)  # days

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404 and method == "GET":
                return None
            raise AssertionError(f"{method} {path}: {error.code} {error.read()!r}") from error

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body):
        return self.call("POST", path, body)

    def ask(self, kind, **more):
        """One question by the web socket."""
        connection = websocket.create_connection(f"ws://127.0.0.1:{self.port}/api/websocket", timeout=20)
        try:
            connection.recv()
            connection.send(json.dumps({"type": "auth", "access_token": self.token}))
            assert json.loads(connection.recv())["type"] == "auth_ok"
            connection.send(json.dumps({"id": 1, "type": kind, **more}))
            answer = json.loads(connection.recv())
            assert answer["success"], answer
            return answer["result"]
        finally:
            connection.close()

    def add(self, integration, *answers):
        """As a person adds an integration: by its forms."""
        flows = "/api/config/config_entries/flow"
        form = self.post(flows, {"handler": integration})
        for answer in answers:
            form = self.post(f"{flows}/{form['flow_id']}", answer)
        assert form["type"] == "create_entry", form
        return form["result"]["entry_id"]

    def _mqtt_form(self, port, protocol, **account):
        answer = {"broker": "127.0.0.1", "port": port, **account}
        if self.version >= STORES_HTTP:
            answer |= {"protocol": protocol, "other_settings": {"set_client_cert": False, "set_ca_cert": "off", "transport": "tcp"}}
        return answer

    def add_mqtt(self, port, **account):
        self.mqtt = self.add("mqtt", self._mqtt_form(port, "5", **account))

    def set_mqtt_broker(self, port, protocol):
        """As a person does it by Reconfigure."""
        flows = "/api/config/config_entries/flow"
        form = self.post(flows, {"handler": "mqtt", "entry_id": self.mqtt})
        done = self.post(f"{flows}/{form['flow_id']}", self._mqtt_form(port, protocol))
        assert (done["type"], done.get("reason")) == ("abort", "reconfigure_successful"), done

    def set_mqtt_option(self, **changes):
        """As a person does it by Configure: all else stays as the form has it."""
        flows = "/api/config/config_entries/options/flow"
        form = self.post(flows, {"handler": self.mqtt})
        answer = {field["name"]: field["default"] for field in form["data_schema"] if "default" in field}
        done = self.post(f"{flows}/{form['flow_id']}", {**answer, **changes})
        assert done["type"] == "create_entry", done

    def entities(self):
        """Those of MQTT, by entity id."""
        found = self.ask("config/entity_registry/list")
        return {entity["entity_id"]: entity for entity in found if entity["platform"] == "mqtt"}

    def devices(self):
        """Those of the agent, by identifier."""
        return {value: device for device in self.ask("config/device_registry/list")
                for domain, value in device["identifiers"] if domain == "mqtt"}

    def state(self, entity):
        found = self.get(f"/api/states/{entity}")
        return found and found["state"]

    def wait_state(self, entity, state, deadline=20):
        seen = []

        def there():
            seen[:] = [self.state(entity)]
            return seen[0] == state
        try:
            wait_until(there, f"{entity} to be {state}", deadline)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {seen[0]}") from None

    def service(self, name, entity, **data):
        domain = entity.split(".")[0]
        self.post(f"/api/services/{domain}/{name}", {"entity_id": entity, **data})

    def rows(self, entities):
        """How many states of these its database holds, by entity."""
        with sqlite3.connect(f"file:{self.folder}/home-assistant_v2.db?mode=ro", uri=True, timeout=10) as database:
            found = dict(database.execute("SELECT m.entity_id, COUNT(*) FROM states s JOIN states_meta m USING (metadata_id) GROUP BY 1"))
        return {entity: found.get(entity, 0) for entity in entities}

    def activity(self, entities, since):
        """The lines of the Activity page, from a moment of time.time() on."""
        begin = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(since))
        lines = self.get(f"/api/logbook/{urllib.parse.quote(begin)}?entity={','.join(entities)}")
        return [line for line in lines if time.strptime(line["when"][:19], "%Y-%m-%dT%H:%M:%S") >= time.gmtime(since)]

    def complaints(self):
        """What it says of MQTT and of the agent, at the level of a warning or above; not that there is no broker."""
        lines = self.lines + (self.log.lines if self.log else [])
        excused = ["Failed to connect to MQTT server"] + [OF_2026_2] * (self.version == (2026, 2))
        return [line for line in lines if any(level in line for level in (" WARNING ", " ERROR ", " CRITICAL "))
                and ("mqtt" in line.lower() or "portcullis" in line.lower()) and not any(words in line for words in excused)]
