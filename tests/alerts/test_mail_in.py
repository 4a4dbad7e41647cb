"""Mail for integrations: committed before its 250, read as an alert, and never an answer to our own."""

import base64
import hashlib
import hmac
import json
import smtplib
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Role
from alerts.integrations.keys import new_key
from alerts.mail.postbox import MOST_AT_ONCE, Postbox, key_in
from alerts.models import AlertStatus, Event, EventStatus
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service, a_user, an_api
from tests.fakes.sns import FakeSns, as_bytes
from tests.world import MovedEngine

Json = Any


@pytest.fixture
def port(doorstep: Doorstep) -> Iterator[int]:
    """Where the listener is."""
    postbox = doorstep.run(_made())
    yield doorstep.run(postbox.open())
    doorstep.run(postbox.close())


async def _made() -> Postbox:
    return Postbox("127.0.0.1", 0)


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "email", service=a_service("checkout"), name="nas")


NESTED = b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n"


def _mail(subject: str = "PROBLEM: Disk of nas-1", text: str = "97 % full\n", **headers: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = headers.pop("From", "NAS <root@nas-1.example.com>")
    mail["To"] = "alerts@tocsin.example.com"
    mail["Subject"] = subject
    mail["Date"] = headers.pop("Date", "Sun, 01 Mar 2026 10:00:00 +0000")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def _send(port: int, sender: Sender, mail: EmailMessage, *, address: str = "", mail_from: str = "root@nas-1") -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.sendmail(mail_from, [address or f"{sender.key}@tocsin.example.com"], mail.as_bytes())


def test_a_mail_is_stored_as_it_came_before_it_is_accepted(port: int, sender: Sender) -> None:
    mail = _mail(text="Grüße\n")

    _send(port, sender, mail)

    (event,) = sender.events()
    assert bytes(event.body) == mail.as_bytes()
    assert (event.content_type, event.headers) == ("message/rfc822", {":envelope_from": "root@nas-1"})


def test_problem_and_recovery_are_one_incident(port: int, sender: Sender, engine: MovedEngine) -> None:
    for mail in (_mail(), _mail(), _mail("Re: RECOVERY: Disk of nas-1", Date="Sun, 01 Mar 2026 11:00:00 +0000")):
        _send(port, sender, mail)
        engine.run()

    (alert,) = sender.alerts()
    assert (alert.status, alert.count, alert.description) == (AlertStatus.RESOLVED, 3, "97 % full")
    assert alert.labels["sender"] == "root@nas-1.example.com"
    assert [incident.status for incident in sender.incidents()] == [Status.RESOLVED]


def test_the_key_may_stand_behind_a_plus_and_in_capitals(port: int, sender: Sender) -> None:
    _send(port, sender, _mail(), address=f"Alerts+{sender.key.upper()}@tocsin.example.com")

    assert len(sender.events()) == 1


@pytest.mark.parametrize("address", ["alerts@tocsin.example.com", "x" * 32 + "@tocsin.example.com"])
def test_mail_for_nobody_is_refused_for_good(port: int, sender: Sender, address: str) -> None:
    with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)) as refused:
        _send(port, sender, _mail(), address=address)

    assert "550" in str(refused.value)
    assert not Event.objects.exists()


def test_an_integration_that_is_switched_off_refuses(port: int, sender: Sender) -> None:
    sender.integration.is_active = False
    sender.integration.save(update_fields=["is_active"])

    with pytest.raises(smtplib.SMTPDataError, match="switched off"):
        _send(port, sender, _mail())


def test_each_recipient_gets_an_answer_of_its_own(port: int, sender: Sender) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        others = smtp.sendmail("root@nas-1", [f"{sender.key}@x.example", f"{'y' * 32}@x.example"], _mail().as_bytes())

    assert [code for code, _ in others.values()] == [452]
    assert len(sender.events()) == 1


def test_while_the_database_is_away_the_mail_is_to_come_again(port: int, sender: Sender) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter table alerts_event rename to alerts_event_away")
    try:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            _send(port, sender, _mail())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter table alerts_event_away rename to alerts_event")

    assert refused.value.smtp_code == 451
    _send(port, sender, _mail())
    assert len(sender.events()) == 1


def test_a_mail_that_is_too_large_is_refused_before_it_is_sent(port: int, sender: Sender) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp, pytest.raises(smtplib.SMTPSenderRefused) as refused:
        smtp.sendmail("a@b", [f"{sender.key}@x.example"], b"x", mail_options=[f"size={17 * 1024 * 1024}"])

    assert refused.value.smtp_code == 552


def test_long_lines_are_taken(port: int, sender: Sender) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.sendmail("a@b", [f"{sender.key}@x.example"], b"Subject: x\r\n\r\n" + b"y" * 50_000)

    assert len(sender.events()) == 1


def test_no_more_conversations_than_can_be_held(port: int) -> None:
    open_ones = [smtplib.SMTP("127.0.0.1", port, timeout=10) for _ in range(MOST_AT_ONCE)]

    with pytest.raises(smtplib.SMTPConnectError) as refused:
        smtplib.SMTP("127.0.0.1", port, timeout=10)
    for each in open_ones:
        each.quit()

    assert refused.value.smtp_code == 421


@pytest.mark.parametrize(
    ("mail", "mail_from", "reason"),
    [
        (_mail("Automatic reply: PROBLEM", Auto_Submitted="auto-replied"), "a@b", "auto_reply"),
        (_mail("Out of office", X_Autoreply="yes"), "a@b", "auto_reply"),
        (_mail("Re: Incident 7", In_Reply_To="<incident-7@tocsin.example.com>"), "a@b", "own_mail"),
        (_mail("Disk full", Message_ID="<delivery-9@tocsin.example.com>"), "a@b", "own_mail"),
        (_mail("Undelivered Mail", From="MAILER-DAEMON@mx.example.com"), "", "bounce"),
        (_mail("Undelivered Mail", X_Failed_Recipients="a@b"), "", "bounce"),
    ],
)
def test_bounces_automatic_answers_and_our_own_pages_page_nobody(
    port: int, sender: Sender, engine: MovedEngine, mail: EmailMessage, mail_from: str, reason: str
) -> None:
    _send(port, sender, mail, mail_from=mail_from)
    engine.run()

    assert [(event.status, event.reason) for event in sender.events()] == [(EventStatus.IGNORED, reason)]
    assert sender.incidents() == []


def test_a_delivery_report_is_no_alert(sender: Sender, engine: MovedEngine) -> None:
    report = (
        b"Subject: Failure\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b--\r\n"
    )

    sender.post(report, {"content-type": "message/rfc822"})
    engine.run()

    assert [event.reason for event in sender.events()] == ["bounce"]


def test_what_goes_round_in_circles_is_no_alert(sender: Sender, engine: MovedEngine) -> None:
    sender.post(b"Received: by mx\r\n" * 51 + b"Subject: Disk\r\n\r\nfull", {"content-type": "message/rfc822"})
    engine.run()

    assert [event.reason for event in sender.events()] == ["loop"]


def test_an_alert_that_says_a_machine_wrote_it_is_one(port: int, sender: Sender, engine: MovedEngine) -> None:
    _send(port, sender, _mail(Auto_Submitted="auto-generated"), mail_from="")
    engine.run()

    assert len(sender.alerts()) == 1


def test_html_and_encoded_subjects_are_read(sender: Sender, engine: MovedEngine) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Überlast — db-1"
    mail.set_content("<p>Load is <b>40</b> &amp; rising</p><script>x</script>", subtype="html")

    sender.post(mail.as_bytes(), {"content-type": "message/rfc822"})
    engine.run()

    (alert,) = sender.alerts()
    assert alert.title == "Überlast — db-1"
    assert "Load is 40 & rising" in alert.description
    assert "<" not in alert.description


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: =?nonsense?q?x?=\r\n\r\nx",
        b"Subject: \xff\xfe\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff",
        b"Subject: x\r\nContent-Type: multipart/mixed\r\n\r\nno boundary",
        b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        b"Subject: x\r\n" + b"".join(NESTED % (each, each) for each in range(300)),
        b"From \r\nSubject: x\r\n\r\n",
        b"Subject: x\r\nDate: never\r\nFrom: <<<\r\n\r\ny",
    ],
)  # fmt: skip
def test_a_mail_that_is_broken_is_still_an_alert(sender: Sender, engine: MovedEngine, raw: bytes) -> None:
    sender.post(raw, {"content-type": "message/rfc822"})
    engine.run()

    assert [event.status for event in sender.events()] == [EventStatus.PROCESSED], sender.events()[0].problem


def test_rules_of_the_integration_are_asked(sender: Sender, engine: MovedEngine) -> None:
    api = an_api(a_user("root", role=Role.ADMIN))
    there = f"/api/v1/integrations/{sender.integration.pk}/"
    rules = {"identity": r"nas-\d+", "resolved": "97 %", "severity": {"info": "Disk"}}

    refused = api.patch(there, {"mail_rules": {"identity": "("}})
    taken = api.patch(there, {"mail_rules": rules})
    sender.post(_mail().as_bytes(), {"content-type": "message/rfc822"})
    engine.run()

    assert (refused.status_code, taken.status_code, taken.json()["mail_rules"]) == (400, 200, rules)
    assert [each["dedup_key"] for each in sender.events()[0].understood] == ["nas-1"]
    assert [each["status"] for each in sender.events()[0].understood] == ["resolved"]


def test_other_sources_have_no_rules_for_mail(doorstep: Doorstep) -> None:
    other = a_sender(doorstep, "generic", service=a_service())
    api = an_api(a_user("root", role=Role.ADMIN))

    assert api.patch(f"/api/v1/integrations/{other.integration.pk}/", {"mail_rules": {}}).status_code == 400


def test_keys_of_new_integrations_survive_mail_servers() -> None:
    keys = [new_key() for _ in range(20)]

    assert [key_in(f"{key}@x") for key in keys] == keys


@pytest.mark.parametrize("address", ["", "@", "a@b", "+@x", "x" * 65 + "@y", "a b" * 20 + "@y", "é" * 32 + "@y"])
def test_what_holds_no_key(address: str) -> None:
    assert key_in(address) == ""


# By a provider.


def _mailgun(sender: Sender, **fields: str) -> dict[str, str]:
    moment, token = str(int(time.time())), "t" * 50
    signature = hmac.new(b"signing key", f"{moment}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "recipient": f"{sender.key}@in.example.com",
        "sender": "root@nas-1.example.com",
        "body-mime": _mail().as_string(),
        "timestamp": moment,
        "token": token,
        "signature": signature,
        **fields,
    }


@pytest.fixture
def mailgun(settings: Any) -> None:
    settings.EMAIL_INBOUND, settings.EMAIL_INBOUND_SECRET = "mailgun", "signing key"


@pytest.fixture
def postmark(settings: Any) -> None:
    settings.EMAIL_INBOUND, settings.EMAIL_INBOUND_SECRET = "postmark", "user:password"


def _postmark(sender: Sender, **fields: Json) -> dict[str, Json]:
    return {
        "FromFull": {"Email": "root@nas-1.example.com", "Name": "NAS", "MailboxHash": ""},
        "ToFull": [{"Email": f"{sender.key}@in.example.com", "Name": "", "MailboxHash": ""}],
        "OriginalRecipient": f"{sender.key}@in.example.com",
        "Subject": "PROBLEM: Disk of nas-1",
        "Date": "Sun, 01 Mar 2026 10:00:00 +0000",
        "TextBody": "97 % full",
        "Headers": [{"Name": "Message-ID", "Value": "<abc@nas-1.example.com>"}],
        "Attachments": [],
        **fields,
    }


@pytest.mark.usefixtures("mailgun")
def test_mailgun_posts_what_it_received(sender: Sender, client: Client, engine: MovedEngine) -> None:
    answer = client.post("/email/inbound/", _mailgun(sender))
    engine.run()

    assert answer.status_code == 200
    assert [(alert.dedup_key, alert.title) for alert in sender.alerts()] == [
        ("disk of nas-1", "PROBLEM: Disk of nas-1")
    ]


@pytest.mark.usefixtures("mailgun")
@pytest.mark.parametrize("changes", [{"signature": "0" * 64}, {"token": "x"}, {"timestamp": "1"}])
def test_what_mailgun_did_not_sign_is_refused(sender: Sender, client: Client, changes: dict[str, str]) -> None:
    assert client.post("/email/inbound/", _mailgun(sender, **changes)).status_code == 403
    assert sender.events() == []


@pytest.mark.usefixtures("postmark")
def test_postmark_posts_what_it_received(sender: Sender, client: Client, engine: MovedEngine) -> None:
    proof = {"Authorization": "Basic " + base64.b64encode(b"user:password").decode()}

    stored = client.post("/email/inbound/", _postmark(sender), content_type="application/json", headers=proof)
    refused = client.post("/email/inbound/", _postmark(sender), content_type="application/json")
    engine.run()

    assert (stored.status_code, refused.status_code) == (200, 403)
    assert [alert.dedup_key for alert in sender.alerts()] == ["disk of nas-1"]


@pytest.mark.usefixtures("mailgun")
def test_a_provider_does_not_come_again_for_mail_to_nobody(sender: Sender, client: Client) -> None:
    assert client.post("/email/inbound/", _mailgun(sender, recipient="x@in.example.com")).status_code == 406


@pytest.mark.usefixtures("mailgun")
def test_a_provider_comes_again_where_it_is_our_trouble(sender: Sender, client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter table alerts_event rename to alerts_event_away")
    try:
        answer = client.post("/email/inbound/", _mailgun(sender))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter table alerts_event_away rename to alerts_event")

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


@pytest.mark.usefixtures("mailgun")
@pytest.mark.parametrize(("method", "status"), [("get", 405), ("head", 200)])
def test_who_looks_at_the_address_of_providers(client: Client, db: None, method: str, status: int) -> None:
    assert getattr(client, method)("/email/inbound/").status_code == status


def test_without_a_provider_there_is_nothing(client: Client, db: None) -> None:
    assert client.post("/email/inbound/", {}).status_code == 404


def test_amazon_publishes_mail_by_a_topic(sender: Sender, engine: MovedEngine, settings: Any) -> None:
    content = base64.b64encode(_mail().as_bytes()).decode()
    action = {"action": {"encoding": "BASE64"}}
    message = json.dumps({"notificationType": "Received", "receipt": action, "content": content})

    sender.post(as_bytes(FakeSns(url="https://x.example").signed(Message=message)), {"content-type": "text/plain"})
    engine.run()

    assert [alert.dedup_key for alert in sender.alerts()] == ["disk of nas-1"]
