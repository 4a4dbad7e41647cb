"""A real Alertmanager, and a real Prometheus before it, post to Tocsin by their own configuration, unpatched."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from config.up.launching import Launch, start
from tests.fakes import Carriers
from tests.fakes.waiting import wait_for
from tests.flows.conftest import ADA_AND_BEN, program
from tests.stack import Stack, eventually, free_port

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

ALERTMANAGER = """
route:
  receiver: tocsin
  group_by: [alertname, service]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 2s
receivers:
  - name: tocsin
    webhook_configs:
      - url: {url}
        send_resolved: true
"""
PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["127.0.0.1:{shop}"]}}]
"""
RULE = """
groups:
  - name: tests
    rules:
      - alert: ShopIsDown
        expr: up{job="shop"} == 0
        labels: {severity: critical, service: checkout}
        annotations: {summary: "{{ $labels.instance }} does not answer"}
"""


class Shop(BaseHTTPRequestHandler):
    """What Prometheus watches, once it is up."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b"shop_open 1\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the standard library's name
        """Nothing."""


@contextmanager
def open_shop(port: int) -> Iterator[None]:
    """The shop answers until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Shop)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def running(folder: Path, name: str, *arguments: str, ready: str) -> Iterator[None]:
    """A program of Debian's until the end of the block."""
    log = folder / f"{name}.txt"
    with log.open("wb") as output:
        process = start(
            Launch([program(name), *arguments], {"PATH": "/usr/bin:/bin"}, folder=str(folder)), output=output
        )
    try:

        def answers() -> bool:
            assert process.poll() is None, log.read_text(errors="replace")
            try:
                return httpx.get(ready, timeout=1, trust_env=False).status_code == 200
            except httpx.HTTPError:
                return False

        wait_for(answers, 30, f"{name} to be ready")
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def alertmanager(folder: Path, webhook: str) -> Iterator[int]:
    """Alertmanager with Tocsin as its only receiver; its port."""
    port = free_port()
    configuration = folder / "alertmanager.yml"
    configuration.write_text(ALERTMANAGER.format(url=webhook))
    with running(
        folder,
        "prometheus-alertmanager",
        f"--config.file={configuration}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        ready=f"http://127.0.0.1:{port}/-/ready",
    ):
        yield port


def post(port: int, *alerts: dict[str, object]) -> None:
    """Give alerts to Alertmanager by its own API, as Prometheus does."""
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v2/alerts", json=alerts, timeout=5, trust_env=False)
    assert answer.status_code == 200, answer.text


def disk_full(instance: str, **more: object) -> dict[str, object]:
    """One alert as Prometheus would give it."""
    labels = {"alertname": "DiskFull", "service": "checkout", "severity": "critical", "instance": instance}
    return {"labels": labels, "annotations": {"summary": f"Disk of {instance} is full"}, **more}


def test_alertmanager_fires_groups_repeats_and_resolves(stack: Stack, stack_carriers: Carriers, tmp_path: Path) -> None:
    applied = stack.apply(ADA_AND_BEN)
    api = stack.api(applied["api_keys"]["ci"])
    with alertmanager(tmp_path, applied["integrations"]["prometheus"]["url"]) as port:
        post(port, disk_full("db1"), disk_full("db2"))
        incident = eventually(
            api, "incidents/", lambda page: page["results"] and page["results"][0]["alert_count"] == 2
        )["results"][0]
        assert incident["status"] == "triggered"
        assert incident["service"] == "checkout"
        assert incident["severity"] == "critical"
        stack_carriers.slack.to("U0ADA").wait_for_text("DiskFull")
        stack_carriers.sms.to("+12025550101").wait_for_text(f"#{incident['number']}")

        # Alertmanager repeats itself every two seconds: the same two alerts, counted, and no second incident.
        alerts = eventually(
            api,
            f"incidents/{incident['id']}/alerts/",
            lambda page: all(alert["count"] >= 2 for alert in page["results"]),
            what="the repeats to be counted",
        )
        assert len(alerts["results"]) == 2
        assert len(api.get("incidents/").json()["results"]) == 1

        stack_carriers.sms.to("+12025550101").reply("1")
        acknowledged = eventually(api, f"incidents/{incident['id']}/", lambda body: body["status"] == "acknowledged")
        assert acknowledged["acknowledged_by"] == "ada"

        ended = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        post(port, disk_full("db1", endsAt=ended), disk_full("db2", endsAt=ended))
        eventually(api, f"incidents/{incident['id']}/", lambda body: body["status"] == "resolved")
    timeline = json.dumps(api.get(f"incidents/{incident['id']}/timeline/").json())
    assert "prometheus" in timeline
    assert stack_carriers.sms.to("+12025550102").pages == []


def test_a_prometheus_rule_reaches_the_person_on_call(stack: Stack, stack_carriers: Carriers, tmp_path: Path) -> None:
    applied = stack.apply(ADA_AND_BEN)
    api = stack.api(applied["api_keys"]["ci"])
    rules, configuration = tmp_path / "rules.yml", tmp_path / "prometheus.yml"
    rules.write_text(RULE)
    with ExitStack() as programs:
        webhook = applied["integrations"]["prometheus"]["url"]
        alertmanager_port = programs.enter_context(alertmanager(tmp_path, webhook))
        shop = free_port()
        configuration.write_text(PROMETHEUS.format(rules=rules, alertmanager=alertmanager_port, shop=shop))
        port = free_port()
        programs.enter_context(
            running(
                tmp_path,
                "prometheus",
                f"--config.file={configuration}",
                f"--storage.tsdb.path={tmp_path / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{port}",
                ready=f"http://127.0.0.1:{port}/-/ready",
            )
        )
        incident = eventually(api, "incidents/", lambda page: page["results"], timeout=40)["results"][0]
        stack_carriers.slack.to("U0ADA").wait_for_text("ShopIsDown")

        programs.enter_context(open_shop(shop))
        eventually(api, f"incidents/{incident['id']}/", lambda body: body["status"] == "resolved", timeout=60)
