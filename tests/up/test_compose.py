"""docker-compose.yml and the Dockerfile: every command starts and is healthy by its own check, nobody is root."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import fakes
from tests.fakes import Carriers
from tests.fakes.waiting import wait_for
from tests.flows.conftest import ADA_AND_BEN
from tests.up.composed import CODE, Composed
from tests.up.installation import left_of


@pytest.fixture(scope="module")
def reached() -> Iterator[Carriers]:
    """The fake carriers that .env names."""
    with fakes.start() as carriers:
        yield carriers


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory, reached: Carriers) -> Iterator[Composed]:
    """All services, each healthy."""
    with Composed(tmp_path_factory.mktemp("composed"), reached.environment) as composed:
        reached.point_at(composed.url)
        yield composed


@pytest.mark.stack
@pytest.mark.timeout(300)
def test_every_service_starts_and_is_healthy_by_its_own_check(composed: Composed) -> None:
    checked = {name for name, service in composed.services.items() if "healthcheck" in service}

    healthy = {name for name in checked if composed.is_healthy(name)}

    assert healthy == checked == {"web", "worker", "beat", "postgres", "valkey"}
    assert httpx.get(f"{composed.url}/readyz").status_code == 200


@pytest.mark.stack
def test_preparing_tells_the_first_admins_password(composed: Composed) -> None:
    answer = json.loads(composed.log("prepare").splitlines()[-1])

    assert len(answer["admin_password"]) >= 12
    assert answer["webhook_url"].startswith(f"{composed.url}/integrations/")


@pytest.mark.stack
@pytest.mark.timeout(120)
def test_an_alert_pages_and_an_answer_by_sms_acknowledges(
    composed: Composed, reached: Carriers, tmp_path: Path
) -> None:
    (tmp_path / "tocsin.yaml").write_text(ADA_AND_BEN)
    applied = json.loads(composed.manage("apply", str(tmp_path / "tocsin.yaml"), "--json"))
    headers = {"Authorization": f"Bearer {applied['api_keys']['ci']}"}
    sms = reached.sms.to("+12025550101")

    answer = httpx.post(applied["integrations"]["scripts"]["url"], json={"title": "Disk full", "severity": "critical"})
    reached.slack.to("U0ADA").wait_for_text("Disk full")
    sms.wait_for_text("Disk full", timeout=30)
    sms.reply("1")

    def status() -> str:
        page = httpx.get(f"{composed.url}/api/v1/incidents/", headers=headers).json()
        return str(page["results"][0]["status"])

    assert answer.status_code == 202
    wait_for(lambda: status() == "acknowledged", 20, "the acknowledgement")

    # What the worker counted, the web process tells.
    sent = 'tocsin_delivery_outcomes_total{channel="sms",outcome="accepted"}'
    wait_for(lambda: sent in httpx.get(f"{composed.url}/metrics").text, 20, "the worker's figures")


@pytest.mark.stack
def test_a_signal_ends_every_service(composed: Composed) -> None:
    started = composed.processes()

    composed.stop()  # each within the grace that a failing wait allows

    assert len(started) >= 5
    assert left_of(started) == []


@pytest.mark.parametrize("name", ["prepare", "web", "worker", "beat", "postgres", "valkey"])
def test_a_service_has_no_rights_it_does_not_need(tmp_path: Path, name: str) -> None:
    service = Composed(tmp_path).services[name]

    assert service["user"].split(":")[0] not in {"root", "0"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert ("healthcheck" in service) is (name != "prepare")


def test_the_image_holds_what_the_code_needs_and_runs_as_nobody_special() -> None:
    dockerfile = (CODE / "Dockerfile").read_text()
    let_in = {line[1:] for line in (CODE / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    apps = {path.parent.name for path in CODE.glob("*/__init__.py")} - {"tests", "bench"}

    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)
    assert "--require-hashes -r requirements.lock" in dockerfile
    assert let_in >= apps | {"manage.py", "requirements.lock"}
    assert all((CODE / name).exists() for name in let_in)
