"""A real Prometheus and a real amtool take Tocsin for an Alertmanager."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.fakes import Carriers
from tests.fakes.waiting import wait_for
from tests.flows.conftest import ADA_AND_BEN, program
from tests.flows.test_alertmanager import RULE, open_shop, running
from tests.stack import Stack, eventually, free_port

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
alerting:
  alertmanagers:
    - api_version: v2
      path_prefix: {prefix}
      static_configs: [{{targets: ["{host}"]}}]
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["127.0.0.1:{shop}"]}}]
"""


def prefix_of(webhook: str) -> str:
    """Where Alertmanager's API is, for the key of this address."""
    return f"/alertmanager/{webhook.rstrip('/').rpartition('/')[2]}"


def test_amtool_adds_queries_and_silences(stack: Stack, stack_carriers: Carriers) -> None:
    applied = stack.apply(ADA_AND_BEN)
    api = stack.api(applied["api_keys"]["ci"])
    address = stack.url + prefix_of(applied["integrations"]["prometheus"]["url"])

    def amtool(*words: str) -> str:
        command = [program("amtool"), f"--alertmanager.url={address}", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, env={"HOME": "/nonexistent"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    silence = amtool("silence", "add", "--author=ada", "--comment=moving", "--duration=1h", "alertname=DiskFull")
    amtool("alert", "add", "alertname=DiskFull", "service=checkout", "severity=critical", "--annotation=summary=Full")
    amtool("alert", "add", "alertname=ReplicaLag", "service=checkout", "severity=critical")
    held = eventually(api, "incidents/?status=held", lambda page: page["results"])["results"][0]
    loud = eventually(api, "incidents/?status=triggered", lambda page: page["results"])["results"][0]

    assert (held["title"], held["muted"]["by"], held["muted"]["comment"]) == ("DiskFull", "ada", "moving")
    assert loud["title"] == "ReplicaLag"
    assert silence.strip() in amtool("silence", "query")
    assert silence.strip() in amtool("silence", "query", "alertname=DiskFull", "-q")
    assert amtool("silence", "query", "alertname=ReplicaLag", "-q") == ""
    assert "ReplicaLag" in amtool("alert", "query")
    assert "DiskFull" not in amtool("alert", "query")
    assert "DiskFull" in amtool("alert", "query", "--silenced")
    assert "DiskFull" in amtool("alert", "query", "-o", "json", "--silenced", "alertname=~Disk.*")

    amtool("silence", "expire", silence.strip())
    eventually(api, f"incidents/{held['id']}/", lambda body: body["status"] == "triggered")
    assert silence.strip() not in amtool("silence", "query")
    assert silence.strip() in amtool("silence", "query", "--expired")


@pytest.fixture
def client(stack: Stack, stack_carriers: Carriers) -> Iterator[httpx.Client]:
    """Speaks Alertmanager's API with an integration's key."""
    applied = stack.apply(ADA_AND_BEN)
    address = stack.url + prefix_of(applied["integrations"]["prometheus"]["url"])
    with httpx.Client(base_url=f"{address}/api/v2", timeout=10, trust_env=False) as client:
        yield client


def test_every_read_of_the_api_has_alertmanagers_shape(client: httpx.Client) -> None:
    labels = {"alertname": "DiskFull", "service": "checkout"}

    some = client.post("/alerts", json=[{"labels": labels}, {"labels": {}}])
    assert (some.status_code, "invalid alerts" in some.json()) == (400, True)
    assert client.post("/alerts", json={"labels": labels}).status_code == 400
    assert client.post("/alerts", content=b"nonsense").status_code == 400
    (alert,) = wait_for(lambda: client.get("/alerts").json(), 20, "the alert")

    assert (alert["labels"], alert["status"]["state"], alert["receivers"]) == (labels, "active", [{"name": "tocsin"}])
    (group,) = client.get("/alerts/groups").json()
    assert (group["labels"], group["alerts"], group["receiver"]) == (labels, [alert], {"name": "tocsin"})
    assert client.get("/alerts", params={"active": "false"}).json() == []
    assert client.get("/alerts", params={"filter": 'alertname="Other"'}).json() == []
    assert client.get("/alerts", params={"filter": "no matcher"}).status_code == 400
    assert client.get("/status").json()["cluster"]["status"] == "disabled"
    assert client.get("/receivers").json() == [{"name": "tocsin"}]
    now = datetime.now(UTC)
    body = {
        "matchers": [{"name": "alertname", "value": "Disk.*", "isRegex": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "grafana",
        "comment": "known",
    }
    made = client.post("/silences", json=body).json()["silenceID"]
    again = client.post("/silences", json={**body, "id": made, "comment": "still known"}).json()["silenceID"]
    shown = client.get(f"/silence/{made}").json()
    assert (again, shown["comment"], shown["status"]) == (made, "still known", {"state": "active"})
    assert shown["matchers"] == [{"name": "alertname", "value": "Disk.*", "isRegex": True, "isEqual": True}]
    assert client.get("/alerts").json()[0]["status"]["silencedBy"] == [made]
    assert client.get("/alerts", params={"silenced": "false"}).json() == []
    assert client.delete(f"/silence/{made}").status_code == 200
    assert client.get(f"/silence/{made.replace('0', '7')}").status_code == 404
    assert client.post("/silences", json={**body, "matchers": []}).status_code == 400
    assert client.post("/silences", json={**body, "createdBy": ""}).status_code == 400
    assert client.put("/silences").status_code == 405
    wrong = client.get(str(client.base_url.join(f"/alertmanager/{'x' * 32}/api/v2/alerts")))
    assert wrong.status_code == 403


def test_prometheus_fires_and_resolves_without_an_alertmanager(
    stack: Stack, stack_carriers: Carriers, tmp_path: Path
) -> None:
    applied = stack.apply(ADA_AND_BEN)
    api = stack.api(applied["api_keys"]["ci"])
    rules, configuration = tmp_path / "rules.yml", tmp_path / "prometheus.yml"
    rules.write_text(RULE)
    shop, port = free_port(), free_port()
    prefix = prefix_of(applied["integrations"]["prometheus"]["url"])
    host = stack.url.removeprefix("http://")
    configuration.write_text(PROMETHEUS.format(rules=rules, prefix=prefix, host=host, shop=shop))
    with ExitStack() as programs:
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
        assert incident["title"] == "ShopIsDown"
        stack_carriers.slack.to("U0ADA").wait_for_text("ShopIsDown")

        programs.enter_context(open_shop(shop))
        eventually(api, f"incidents/{incident['id']}/", lambda body: body["status"] == "resolved", timeout=60)
