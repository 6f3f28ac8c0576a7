"""The metrics of the real agent, as promtool and a real Prometheus read them, and what config/ has for Prometheus and
Grafana.
"""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from harness import DEADLINE, ROOT, SLOWNESS, Process, ask, door, free_port, wait_until

RULES = ROOT / "config/prometheus-alerts.yml"
DASHBOARD = ROOT / "config/grafana-dashboard.json"


@pytest.fixture
def agent(agent):
    agent.recorder.wait(agent.topic("left", "state"), "closed")  # its sensors have settled: it hears commands
    return agent


def tool(name):
    missing = pytest.fail if os.environ.get("CI") else pytest.skip
    return shutil.which(name) or missing(f"no {name} here: scripts/setup test installs it")


def promtool(*arguments, input=None):
    ended = subprocess.run([tool("promtool"), *arguments], input=input, text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=6 * DEADLINE)
    assert ended.returncode == 0 and not (input and ended.stdout), ended.stdout
    return ended.stdout


def scrape(agent):
    answer = ask(agent, "GET", "/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


def command(agent, word, id="left"):
    return ask(agent, "POST", f"/api/doors/{id}/{word}").status


def samples(text):
    """{series as written: value}, each of them once."""
    found = re.findall(r"^([^#\n].*) (\S+)$", text, re.MULTILINE)
    assert len(dict(found)) == len(found)
    return {series: float(value) for series, value in found}


def wait_for(agent, series, value):
    return wait_until(lambda: (seen := samples(scrape(agent))).get(series) == value and seen, f"{series} {value}")


def test_doors(agent):
    before = samples(scrape(agent))
    assert before['portcullis_door_state{door="left",state="closed"}'] == 1
    assert before['portcullis_door_info{door="left",name="Left door",device_class="garage"}'] == 1
    assert before['portcullis_door_position_ratio{door="left"}'] == 0
    assert before['portcullis_door_pulses_total{door="left"}'] == 0
    agent.recorder.publish(agent.topic("left", "set"), "OPEN")
    agent.recorder.wait(agent.topic("left", "state"), "open")
    assert command(agent, "open") == 200
    agent.recorder.publish(agent.topic("left", "set"), "FLY")
    after = wait_for(agent, 'portcullis_door_commands_rejected_total{door="left",reason="unknown_command"}', 1)
    assert after['portcullis_door_state{door="left",state="open"}'] == 1
    assert after['portcullis_door_state{door="left",state="closed"}'] == 0
    assert after['portcullis_door_position_ratio{door="left"}'] == 1
    assert after['portcullis_door_commands_total{door="left",source="mqtt",result="accepted"}'] == 1
    assert after['portcullis_door_commands_total{door="left",source="mqtt",result="rejected"}'] == 1
    assert after['portcullis_door_commands_total{door="left",source="http",result="unchanged"}'] == 1
    assert after['portcullis_door_pulses_total{door="left"}'] == 1
    for sensor, active in ("closed", 0), ("open", 1):
        assert after[f'portcullis_gpio_edges_total{{door="left",sensor="{sensor}"}}'] == 1
        assert after[f'portcullis_door_sensor_active{{door="left",sensor="{sensor}"}}'] == active
    if not agent.log.find("the clock is not set"):  # as on an emulated Pi; nothing has a date then
        assert abs(after['portcullis_door_last_change_timestamp_seconds{door="left"}'] - time.time()) < 2 * DEADLINE
    assert 0.5 < after['portcullis_door_last_travel_seconds{door="left",direction="open"}'] < DEADLINE


def test_a_fault_is_counted_and_ends(agent):
    """A jammed door: promised to open, and did not."""
    assert ask(agent, "POST", "/api/simulator/left/jam").status == 202
    assert command(agent, "open") == 202
    seen = wait_for(agent, 'portcullis_door_fault{door="left",fault="did_not_start"}', 1)
    assert seen['portcullis_door_faults_total{door="left",fault="did_not_start"}'] == 1
    assert sum(value for series, value in seen.items() if series.startswith("portcullis_door_faults_total")) == 1
    assert command(agent, "open") == 202
    wait_for(agent, 'portcullis_door_fault{door="left",fault="did_not_start"}', 0)


def test_a_payload_that_is_too_long_is_counted_and_does_nothing(agent):
    """1,024 bytes are read, one more is not."""
    series = 'portcullis_mqtt_messages_dropped_total{reason="too_long"}'
    agent.recorder.publish(agent.topic("left", "set"), "OPEN".ljust(1024, "x"))
    agent.recorder.wait(agent.topic("left", "event"), lambda text: '"unknown_command"' in text)
    assert samples(scrape(agent))[series] == 0
    agent.recorder.publish(agent.topic("left", "set"), "OPEN".ljust(1025))  # a command, if it were not too long
    assert wait_for(agent, series, 1)['portcullis_door_commands_total{door="left",source="mqtt",result="rejected"}'] == 1
    agent.recorder.publish(agent.topic("left", "set"), "CLOSE")
    agent.recorder.wait(agent.topic("left", "event"), lambda text: '"command_unchanged"' in text)
    assert samples(scrape(agent))['portcullis_door_pulses_total{door="left"}'] == 0


def test_broker_and_process(agent, broker):
    series = "portcullis_mqtt_connected"
    before = samples(scrape(agent))
    assert before[series] == 1 and before["portcullis_mqtt_reconnects_total"] == 0
    broker.stop()
    assert wait_for(agent, series, 0)["portcullis_mqtt_connections_total"] == 1
    broker.start()
    after = wait_for(agent, series, 1)
    assert after["portcullis_mqtt_connections_total"] == 2 and after["portcullis_mqtt_reconnects_total"] == 1
    assert command(agent, "open", "nobody") == 404
    last = samples(scrape(agent))
    assert last['portcullis_http_requests_total{code="4xx"}'] == 1
    assert last['portcullis_http_requests_total{code="2xx"}'] >= 3 and last["portcullis_http_clients"] == 1
    assert last["portcullis_loop_timer_lateness_seconds_count"] > 0
    assert last['portcullis_loop_timer_lateness_seconds_bucket{le="+Inf"}'] == \
        last["portcullis_loop_timer_lateness_seconds_count"]
    assert last["process_start_time_seconds"] == before["process_start_time_seconds"]
    assert 0 < time.time() - last["process_start_time_seconds"] < 6 * DEADLINE
    assert last["process_cpu_seconds_total"] > 0
    status = open(f"/proc/{agent.process.pid}/status", encoding="ascii").read()
    resident = 1024 * int(re.search(r"VmRSS:\s+(\d+)", status).group(1))
    assert resident / 2 < last["process_resident_memory_bytes"] < resident * 2


def test_conventions(agent):
    assert command(agent, "open") == 202
    agent.recorder.wait(agent.topic("left", "state"), "open")
    promtool("check", "metrics", input=scrape(agent))


def test_64_doors(agent_factory, broker):
    doors = [door(f"a-door-with-a-rather-long-id-{i:03}", name="\"" * 64, relay={"line": 3 * i},
                  closed_sensor={"line": 3 * i + 1}, open_sensor={"line": 3 * i + 2}) for i in range(64)]
    agent = agent_factory(broker, config={"doors": doors}).start()
    agent.log.wait("HTTP: listening")
    seen = samples(scrape(agent))
    assert sum(series.startswith("portcullis_door_info{") for series in seen) == 64
    assert seen['portcullis_door_cycles_total{door="a-door-with-a-rather-long-id-063"}'] == 0


# ---- Prometheus and Grafana. ----

def test_alert_rules():
    assert "5 rules found" in promtool("check", "rules", str(RULES))
    promtool("test", "rules", str(ROOT / "test/integration/alerts.yml"))


def expressions():
    """What the dashboard asks for, as Grafana would send it."""
    dashboard = json.loads(DASHBOARD.read_text())
    targets = [target for panel in dashboard["panels"] for target in panel["targets"]]
    for asked in [*targets, *dashboard["annotations"]["list"]]:
        yield asked["expr"].replace("$instance", ".+").replace("$door", ".+").replace("$__rate_interval", "1m")


def test_every_metric_that_is_asked_for_is_there(agent):
    text = scrape(agent)
    asked = set(re.findall(r"\b(?:portcullis|process)_\w+(?=[{[ )]|$)", " ".join(expressions()) + RULES.read_text()))
    there = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    there |= {f"{name}_bucket" for name in there}
    assert len(asked) > 10 and asked <= there, asked - there


class Prometheus(Process):
    name = "prometheus"

    def __init__(self, folder, agent):
        super().__init__()
        self.port = free_port()
        config, beat = folder / "prometheus.json", f"{200 * SLOWNESS:.0f}ms"  # JSON is YAML
        config.write_text(json.dumps({
            "global": {"scrape_interval": beat, "scrape_timeout": beat, "evaluation_interval": beat},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "portcullis",
                                "static_configs": [{"targets": [f"127.0.0.1:{agent.http_port}"]}]}],
        }))
        self._spawn([tool("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
                     f"--web.listen-address=127.0.0.1:{self.port}"])
        self.log.wait("Server is ready", deadline=30)

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=DEADLINE) as response:
            return json.load(response)["data"]

    def value(self, expression):
        return [float(one["value"][1]) for one in self.ask("query", query=expression)["result"]]


def test_a_real_prometheus(agent, tmp_path):
    """It scrapes the agent, evaluates the alert rules and answers what the dashboard asks."""
    prometheus = Prometheus(tmp_path, agent)
    try:
        wait_until(lambda: prometheus.value('up{job="portcullis"}') == [1], "a scrape", deadline=20)
        assert command(agent, "open") == 202
        wait_until(lambda: prometheus.value('portcullis_door_state{state="open"}') == [1], "an open door", deadline=20)
        for expression in expressions():
            # A scrape that came too late takes all values away until the next one.
            wait_until(lambda asked=expression: prometheus.value(asked) or "increase(" in asked or "rate(" in asked, expression)

        def pending():
            return [alert["labels"]["alertname"] for alert in prometheus.ask("alerts")["alerts"]]
        wait_until(lambda: pending() == ["PortcullisDoorLeftOpen"], "the alert of an open door", deadline=20)
        groups = prometheus.ask("rules")["groups"]
        assert len(groups[0]["rules"]) == 5 and all(rule["health"] == "ok" for rule in groups[0]["rules"])
        agent.stop()
        wait_until(lambda: "PortcullisAgentGone" in pending(), "the alert of an agent that is gone", deadline=20)
    finally:
        prometheus.kill()
