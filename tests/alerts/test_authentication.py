"""An integration with a secret believes only what proves it, whatever way a message comes."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from accounts.models import Role
from alerts.integrations import keys
from alerts.models import Event, EventStatus, Integration
from alerts.parsing.authentication import Authentication, InForm, Offered, Secret, Signed, StandardWebhook
from alerts.parsing.source import Source, sources
from alerts.pipeline import quarantine
from alerts.receiving import offered
from core.errors import Invalid
from incidents.models import Incident, Urgency
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.factories import a_service, a_user, an_api
from tests.world import MovedEngine

SECRET = "correct horse battery"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = b'{"title": "Disk full"}'


def _hex(body: bytes = BODY, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _verdict(source: str, headers: Mapping[str, str], body: bytes = BODY, query: str = "") -> str:
    kind = sources.get(source)
    assert kind is not None
    assert kind.authentication is not None
    kept = offered.kept_headers([(name.encode(), value.encode()) for name, value in headers.items()], key="")
    secret = Secret(SECRET, offered.digest(SECRET))
    doubt = kind.authentication.doubt(secret, Offered(kept, body, query, AT))
    return doubt.reason if doubt else "believed"


def _standard(moment: int, secret: str = "whsec_" + base64.b64encode(b"0" * 24).decode()) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"msg_1.{moment}.".encode() + BODY, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(b'another').decode()} v1,{base64.b64encode(signed).decode()}"
    return {"webhook-id": "msg_1", "webhook-timestamp": str(moment), "webhook-signature": signature}


@pytest.mark.parametrize(
    ("source", "headers"),
    [
        ("github", {"X-Hub-Signature-256": f"sha256={_hex()}"}),
        ("jira", {"X-Hub-Signature": f"sha256={_hex()}"}),
        ("sentry", {"Sentry-Hook-Signature": _hex()}),
        ("checkly", {"X-Checkly-Signature": _hex()}),
        ("grafana_alerting", {"X-Grafana-Alerting-Signature": _hex()}),
        ("fluxcd", {"X-Signature": f"sha512={hmac.new(SECRET.encode(), BODY, hashlib.sha512).hexdigest()}"}),
        ("gitlab", {"X-Gitlab-Token": SECRET}),
        ("honeycomb", {"X-Honeycomb-Webhook-Token": SECRET}),
        ("alertmanager", {"Authorization": f"Bearer {SECRET}"}),
        ("alertmanager", {"Authorization": _basic(f"anybody:{SECRET}")}),
        ("zabbix", {"Authorization": SECRET}),
        ("zabbix", {"X-Tocsin-Secret": SECRET}),
        ("generic", {"Authorization": _basic("of a proxy:that has its own"), "X-Tocsin-Secret": SECRET}),
    ],
)
def test_each_sender_proves_the_secret_in_its_own_way(source: str, headers: dict[str, str]) -> None:
    assert _verdict(source, headers) == "believed"


@pytest.mark.parametrize(
    ("source", "headers", "reason"),
    [
        ("github", {}, "proof_missing"),
        ("github", {"X-Hub-Signature-256": f"sha256={_hex(BODY + b' ')}"}, "proof_wrong"),
        ("github", {"X-Hub-Signature-256": _hex()}, "proof_wrong"),
        ("github", {"X-Hub-Signature-256": "sha256="}, "proof_wrong"),
        ("github", {"X-Hub-Signature": f"sha1={'0' * 40}"}, "proof_missing"),
        ("github", {"Authorization": f"Bearer {SECRET}"}, "proof_missing"),
        ("fluxcd", {"X-Signature": f"md5={'0' * 32}"}, "proof_wrong"),
        ("sentry", {"Sentry-Hook-Signature": _hex(secret="another secret")}, "proof_wrong"),
        ("gitlab", {"X-Gitlab-Token": SECRET + "x"}, "proof_wrong"),
        ("alertmanager", {"Authorization": _basic(f"{SECRET}:")}, "proof_wrong"),
        ("alertmanager", {"Cookie": SECRET}, "proof_missing"),
    ],
)
def test_what_proves_nothing_is_doubted_by_name(source: str, headers: dict[str, str], reason: str) -> None:
    assert _verdict(source, headers) == reason


def test_a_digest_that_a_forger_sends_is_digested_itself() -> None:
    stolen = offered.digest(SECRET)

    assert _verdict("gitlab", {"X-Gitlab-Token": stolen}) == "proof_wrong"


def test_a_secret_may_stand_in_a_field_of_a_form() -> None:
    assert _verdict("statuscake", {}, b"Token=correct+horse+battery&Status=Down") == "believed"
    assert _verdict("statuscake", {}, b"", "Token=correct%20horse%20battery&Status=Down") == "believed"
    assert _verdict("statuscake", {}, b"Token=x&Status=Down") == "proof_wrong"
    assert _verdict("statuscake", {}, b"Status=Down") == "proof_missing"
    assert InForm("Token").proves(Secret(SECRET, ""), Offered({}, b"&".join([b"a=1"] * 2000), "", AT)) is None


@pytest.mark.parametrize(
    ("seconds", "is_believed"), [(0, True), (299, True), (-299, True), (301, False), (-301, False)]
)
def test_a_signed_moment_must_be_near_the_arrival(seconds: int, is_believed: bool) -> None:
    moment = int(AT.timestamp()) + seconds
    secret = "whsec_" + base64.b64encode(b"0" * 24).decode()
    grafana = Signed("x-s", timestamp="x-t")
    headers = {"x-t": str(moment), "x-s": _hex(f"{moment}:".encode() + BODY)}

    by_standard = StandardWebhook().proves(Secret(secret, ""), Offered(_standard(moment), BODY, "", AT))
    by_grafana = grafana.proves(Secret(SECRET, ""), Offered(headers, BODY, "", AT))

    assert (by_standard, by_grafana) == (is_believed, is_believed)


@pytest.mark.parametrize("moment", ["", "x", "1e9", "9" * 30, "-1"])
def test_nonsense_for_a_signed_moment_is_no_proof(moment: str) -> None:
    headers = {**_standard(0), "webhook-timestamp": moment}

    assert StandardWebhook().proves(Secret("whsec_x", ""), Offered(headers, BODY, "", AT)) is False


def test_of_a_cut_body_no_signature_can_be_checked() -> None:
    authentication = Authentication((Signed("x-s"),))

    doubt = authentication.doubt(Secret(SECRET, ""), Offered({"x-s": _hex()}, BODY[:5], "", AT), is_cut=True)

    assert doubt is not None
    assert doubt.reason == "proof_of_part"


@pytest.mark.parametrize("source", sources.all().values(), ids=lambda source: source.slug)
def test_every_source_tells_how_a_secret_is_proved(source: Source) -> None:
    text = source.set_up_text(url="https://tocsin.example.com/x/", base_url="https://tocsin.example.com", key="KEY")

    assert ("*secret*" in text) is (source.authentication is not None)
    assert source.secret_text in text


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "alertmanager", service=a_service("checkout"), name="prometheus", secret=SECRET)


MESSAGE = from_alertmanager(prometheus_alert())
PROOF = {"authorization": _basic(f"prometheus:{SECRET}")}


def test_what_proves_the_secret_pages(sender: Sender, engine: MovedEngine) -> None:
    sender.post(MESSAGE, PROOF)
    engine.run()

    assert [alert.title for alert in sender.alerts()] == ["ReplicaLag"]


def test_a_forged_message_is_kept_and_wakes_nobody(sender: Sender, engine: MovedEngine) -> None:
    sender.post(MESSAGE)
    sender.post(MESSAGE, {"authorization": "Bearer guessed"})
    engine.run()

    assert [(event.status, event.reason) for event in sender.events()] == [
        (EventStatus.QUARANTINED, "proof_missing"),
        (EventStatus.QUARANTINED, "proof_wrong"),
    ]
    assert sender.alerts() == []
    (incident,) = sender.incidents()
    assert (incident.title, incident.urgency) == ("Messages for prometheus do not prove whose they are", Urgency.LOW)


def test_a_forger_does_not_get_in_by_another_door(sender: Sender, engine: MovedEngine) -> None:
    answered = sender.enqueue("trigger", payload={"summary": "Forged", "source": "x", "severity": "critical"})
    engine.run()

    assert answered.status == 202
    assert [event.reason for event in sender.events()] == ["proof_missing"]
    assert sender.alerts() == []


def test_forged_messages_do_not_hide_that_true_ones_cannot_be_read(sender: Sender, engine: MovedEngine) -> None:
    sender.post(MESSAGE)
    engine.run()
    sender.post(b"no JSON", PROOF)
    engine.run()

    assert [(each.title, each.urgency) for each in sender.incidents()] == [
        ("Messages for prometheus do not prove whose they are", Urgency.LOW),
        ("prometheus sent something that could not be read", Urgency.HIGH),
    ]


def test_a_message_is_believed_when_the_secret_was_mended_and_it_is_replayed(
    sender: Sender, engine: MovedEngine
) -> None:
    sender.post(MESSAGE, {"authorization": "Bearer the other secret"})
    engine.run()
    keys.change_integration(sender.integration, secret="the other secret")

    quarantine.replay(sender.events()[0].pk)
    engine.run()

    assert [alert.title for alert in sender.alerts()] == ["ReplicaLag"]


def test_credentials_are_nowhere_stored_as_they_came(sender: Sender) -> None:
    sender.post(MESSAGE, {**PROOF, "x-api-key": SECRET, "cookie": SECRET})

    event = sender.events()[0]
    assert SECRET not in str(event.headers)
    assert base64.b64encode(SECRET.encode()).decode() not in str(event.headers)
    assert set(event.headers or {}) == {"authorization", "x-api-key"}
    sender.integration.refresh_from_db()
    assert SECRET.encode() not in bytes(sender.integration.sealed_secret or b"")


def test_with_another_secret_key_nothing_is_believed_and_that_is_said(
    sender: Sender, engine: MovedEngine, settings: object
) -> None:
    settings.SECRET_KEY = "another key of this installation, as after a restore without it"  # type: ignore[attr-defined]

    sender.post(MESSAGE, PROOF)
    engine.run()

    assert [event.reason for event in sender.events()] == ["secret_unreadable"]


@pytest.mark.parametrize("secret", ["short", "x" * 501, " spaces around ", "tab\tinside of it"])
def test_a_weak_secret_is_refused(db: None, secret: str) -> None:
    with pytest.raises(Invalid, match="secret"):
        keys.sealed_secret("alertmanager", secret)


def test_a_source_that_can_prove_nothing_takes_no_secret(db: None) -> None:
    with pytest.raises(Invalid, match="Pingdom has no way to prove a secret"):
        keys.sealed_secret("pingdom", SECRET)


def test_the_api_sets_and_removes_a_secret_and_never_shows_it(db: None) -> None:
    api = an_api(a_user("root", role=Role.ADMIN))
    wish = {"name": "ci", "source": "github", "routes": [{"service": a_service().name}], "secret": SECRET}

    made = api.post("/api/v1/integrations/", wish)
    there = f"/api/v1/integrations/{made.json()['id']}/"
    removed = api.patch(there, {"secret": None})
    short = api.patch(there, {"secret": "x"})

    assert (made.status_code, made.json()["has_secret"]) == (201, True)
    assert SECRET not in made.content.decode()
    assert (removed.status_code, removed.json()["has_secret"]) == (200, False)
    assert short.status_code == 400
    assert Integration.objects.get().sealed_secret is None


def test_other_changes_leave_the_secret(sender: Sender) -> None:
    api = an_api(a_user("root", role=Role.ADMIN))

    api.patch(f"/api/v1/integrations/{sender.integration.pk}/", {"hold": "30s"})

    sender.integration.refresh_from_db()
    assert keys.is_secret(sender.integration, SECRET)
    assert Event.objects.count() == Incident.objects.count() == 0
