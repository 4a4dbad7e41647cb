"""What each mail provider posts, as it documents it, becomes an alert; what it did not prove is refused."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from alerts.mail.providers import PROVIDERS
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

Json = Any
Answered = Any  # what Django's client gives

SECRET = "signing key"
PASSWORD = "tocsin:password"
ADDRESS = "/email/inbound/"
SUBJECT, TEXT = "PROBLEM: Disk of nas-1", "97 % full: Überlauf"
POSTAL_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
POSTAL_SECRET = "".join(
    POSTAL_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode().splitlines()[1:-1]
)


@dataclass(frozen=True)
class Posted:
    """One POST of a provider's: a form, or a body with its type; and the headers that prove it."""

    form: Mapping[str, Any] | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def by(self, client: Client, path: str = ADDRESS) -> Answered:
        """Send it."""
        if self.form is not None:
            return client.post(path, dict(self.form), headers=dict(self.headers))
        return client.post(path, self.body, content_type="application/json", headers=dict(self.headers))


Of = Callable[[str], Posted]


def mime(to: str, *, encoding: str = "utf-8") -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "NAS <root@nas-1.example.com>", to, SUBJECT
    mail["Message-ID"], mail["Date"] = "<abc@nas-1.example.com>", "Sun, 01 Mar 2026 10:00:00 +0000"
    mail.set_content(TEXT, charset=encoding, cte="8bit")
    return mail.as_bytes()


def with_password(body: Json) -> Posted:
    return Posted(body=json.dumps(body).encode(), headers=basic())


def basic() -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(PASSWORD.encode()).decode()}


def signed(key: str, text: bytes) -> str:
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()


def brevo(to: str) -> Posted:
    """https://developers.brevo.com/docs/inbound-parse-webhooks"""
    item = {
        "Uuid": ["8d79f2d1-20ae-4939-8d0b-d2517331a9b5"],
        "Recipients": [to],
        "MessageId": "<abc@nas-1.example.com>",
        "From": {"Name": "NAS", "Address": "root@nas-1.example.com"},
        "To": [{"Name": None, "Address": to}],
        "Subject": SUBJECT,
        "SentAtDate": "Sun, 01 Mar 2026 10:00:00 +0000",
        "RawHtmlBody": None,
        "RawTextBody": TEXT,
        "ExtractedMarkdownMessage": TEXT,
        "SpamScore": 0.1,
        "Headers": {
            "From": "NAS <root@nas-1.example.com>",
            "To": to,
            "Subject": SUBJECT,
            "Message-ID": "<abc@nas-1.example.com>",
            "Received": ["from a by b", "from b by c"],
        },
        # It would have to be fetched: no alert is read from it.
        "Attachments": [
            {"Name": "log.txt", "ContentType": "text/plain", "ContentLength": 5, "DownloadToken": "eyJmb2xkZXIiOi"}
        ],
    }
    return with_password({"items": [item]})


def mailersend(to: str) -> Posted:
    """https://developers.mailersend.com/api/v1/inbound.html"""
    message = {
        "type": "inbound.message",
        "inbound_id": "3m5jgrozj04dpyo6",
        "created_at": "2026-03-01T10:00:01.000000Z",
        "data": {
            "object": "message",
            "id": "69a40bc0e4b0c1a2b3c4d5e6",
            "recipients": {"rcptTo": [{"email": to}], "to": {"data": [{"email": to, "name": ""}], "raw": to}},
            "sender": {"email": "root@nas-1.example.com"},
            "subject": SUBJECT,
            "raw": mime(to).decode(),
            "created_at": "2026-03-01T10:00:01.000000Z",
        },
    }
    body = json.dumps(message).encode()
    return Posted(body=body, headers={"Signature": signed(SECRET, body)})


def mailgun(to: str) -> Posted:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/ (raw MIME)"""
    return Posted(
        form={"recipient": to, "sender": "root@nas-1.example.com", "body-mime": mime(to).decode(), **_by_mailgun()}
    )


def mailgun_parsed(to: str) -> Posted:
    """The same, parsed into fields."""
    headers = [["From", "NAS <root@nas-1.example.com>"], ["To", to], ["Subject", SUBJECT]]
    fields = {"recipient": to, "sender": "root@nas-1.example.com", "subject": SUBJECT, "body-plain": TEXT}
    return Posted(form={**fields, "message-headers": json.dumps(headers), **_by_mailgun()})


def _by_mailgun() -> dict[str, str]:
    moment, token = str(int(time.time())), "t" * 50
    return {"timestamp": moment, "token": token, "signature": signed(SECRET, f"{moment}{token}".encode())}


def mailjet(to: str) -> Posted:
    """https://dev.mailjet.com/email/guides/parse-api/"""
    body = {
        "Sender": "root@nas-1.example.com",
        "Recipient": to,
        "Date": "20260301T100000",
        "From": "NAS <root@nas-1.example.com>",
        "Subject": SUBJECT,
        "Headers": {
            "From": "NAS <root@nas-1.example.com>",
            "To": to,
            "Subject": SUBJECT,
            "Message-ID": "<abc@nas-1.example.com>",
            "Received": ["from a by b", "from b by c"],
        },
        "Parts": [
            {"Headers": {"Content-Type": "text/plain; charset=utf-8"}, "ContentRef": "Text-part"},
            {
                "Headers": {"Content-Type": 'text/plain; name="log.txt"', "Content-Disposition": "attachment"},
                "ContentRef": "Attachment1",
            },
        ],
        "Text-part": TEXT,
        "Attachment1": base64.b64encode(b"a log").decode(),
        "SpamAssassinScore": "0.1",
        "CustomID": "",
        "Payload": "",
    }
    return with_password(body)


def mandrill(to: str) -> Posted:
    """https://mailchimp.com/developer/transactional/docs/webhooks/ ; signs the address and the form."""
    event = {"event": "inbound", "ts": 1772359200, "msg": {"email": to, "raw_msg": mime(to).decode()}}
    form = {"mandrill_events": json.dumps([event])}
    text = f"http://127.0.0.1:8000{ADDRESS}mandrill_events{form['mandrill_events']}"
    made = hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()
    return Posted(form=form, headers={"X-Mandrill-Signature": base64.b64encode(made).decode()})


def postal(to: str) -> Posted:
    """https://docs.postalserver.io/developer/http-payloads ; raw, in base64, and here no UTF-8."""
    message = {
        "id": 12345,
        "rcpt_to": to,
        "mail_from": "root@nas-1.example.com",
        "message": base64.b64encode(mime(to, encoding="iso-8859-1")).decode(),
        "base64": True,
        "size": 859,
    }
    body = json.dumps(message).encode()
    made = POSTAL_KEY.sign(body, padding.PKCS1v15(), SHA1())  # noqa: S303  it is what Postal does
    return Posted(body=body, headers={"X-Postal-Signature": base64.b64encode(made).decode()})


def postmark(to: str) -> Posted:
    """https://postmarkapp.com/developer/webhooks/inbound-webhook"""
    body = {
        "FromFull": {"Email": "root@nas-1.example.com", "Name": "NAS", "MailboxHash": ""},
        "ToFull": [{"Email": to, "Name": "", "MailboxHash": ""}],
        "CcFull": [],
        "BccFull": [],
        "OriginalRecipient": to,
        "Subject": SUBJECT,
        "MessageID": "73e6d360-66eb-11e1-8e72-a8904824019b",
        "Date": "Sun, 01 Mar 2026 10:00:00 +0000",
        "TextBody": TEXT,
        "HtmlBody": "",
        "Headers": [{"Name": "Message-ID", "Value": "<abc@nas-1.example.com>"}],
        "Attachments": [
            {"Name": "log.txt", "Content": "YSBsb2c=", "ContentType": "text/plain", "ContentLength": 5, "ContentID": ""}
        ],
    }
    return with_password(body)


def sendgrid(to: str) -> Posted:
    """https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook"""
    form = {
        "headers": f"From: NAS <root@nas-1.example.com>\nTo: {to}\nSubject: {SUBJECT}\nMessage-ID: <abc@nas-1>\n",
        "dkim": "{@example.com : pass}",
        "to": to,
        "from": "NAS <root@nas-1.example.com>",
        "subject": SUBJECT,
        "text": TEXT,
        "envelope": json.dumps({"to": [to], "from": "root@nas-1.example.com"}),
        "charsets": json.dumps({"to": "UTF-8", "subject": "UTF-8", "from": "UTF-8", "text": "UTF-8"}),
        "sender_ip": "192.0.2.7",
        "SPF": "pass",
        "attachments": "1",
        "attachment-info": json.dumps({"attachment1": {"filename": "log.txt", "type": "text/plain"}}),
        "attachment1": SimpleUploadedFile("log.txt", b"a log", "text/plain"),
    }
    return Posted(form=form, headers=basic())


def sendgrid_raw(to: str) -> Posted:
    """The same with “POST the raw, full MIME message”."""
    form = {
        "email": mime(to).decode(),
        "to": to,
        "from": "NAS <root@nas-1.example.com>",
        "subject": SUBJECT,
        "envelope": json.dumps({"to": [to], "from": "root@nas-1.example.com"}),
    }
    return Posted(form=form, headers=basic())


def sparkpost(to: str, *, in_base64: bool = False) -> Posted:
    """https://developers.sparkpost.com/api/relay-webhooks/"""
    raw = base64.b64encode(mime(to, encoding="iso-8859-1")).decode() if in_base64 else mime(to).decode()
    message = {
        "content": {
            "email_rfc822": raw,
            "email_rfc822_is_base64": in_base64,
            "headers": [{"From": "NAS <root@nas-1.example.com>"}, {"To": to}, {"Subject": SUBJECT}],
            "subject": SUBJECT,
            "text": TEXT,
            "to": [to],
        },
        "customer_id": "1337",
        "friendly_from": "root@nas-1.example.com",
        "msg_from": "root@nas-1.example.com",
        "protocol": "smtp",
        "rcpt_to": to,
        "webhook_id": "4839201967643219",
    }
    return with_password([{"msys": {"relay_message": message}}])


def sparkpost_base64(to: str) -> Posted:
    return sparkpost(to, in_base64=True)


SIGNING = {"mailersend": SECRET, "mailgun": SECRET, "mandrill": SECRET, "postal": POSTAL_SECRET}
BODIES: list[tuple[str, Of]] = [
    ("brevo", brevo),
    ("mailersend", mailersend),
    ("mailgun", mailgun),
    ("mailgun", mailgun_parsed),
    ("mailjet", mailjet),
    ("mandrill", mandrill),
    ("postal", postal),
    ("postmark", postmark),
    ("sendgrid", sendgrid),
    ("sendgrid", sendgrid_raw),
    ("sparkpost", sparkpost),
    ("sparkpost", sparkpost_base64),
]


@pytest.fixture
def provided_by(settings: Any) -> Callable[[str], None]:
    """Makes the named one the provider."""

    def provide(name: str) -> None:
        settings.EMAIL_INBOUND, settings.EMAIL_INBOUND_SECRET = name, SIGNING.get(name, PASSWORD)
        settings.PUBLIC_URL = "http://127.0.0.1:8000"

    return provide


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "email", service=a_service("checkout"), name="nas")


@pytest.fixture
def other(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "email", service=a_service("storage"), name="backup")


def at(sender: Sender) -> str:
    return f"{sender.key}@in.example.com"


@pytest.mark.parametrize(("name", "posted"), BODIES)
def test_what_a_provider_received_is_an_alert(
    sender: Sender, client: Client, engine: MovedEngine, provided_by: Callable[[str], None], name: str, posted: Of
) -> None:
    provided_by(name)

    answer = posted(at(sender)).by(client)
    engine.run()

    assert answer.status_code == 200
    (alert,) = sender.alerts()
    assert (alert.dedup_key, alert.title, alert.description) == ("disk of nas-1", SUBJECT, TEXT)
    assert alert.labels["sender"] == "root@nas-1.example.com"


def test_every_provider_has_been_tried() -> None:
    assert {name for name, _ in BODIES} == set(PROVIDERS)


@pytest.mark.parametrize(("name", "posted"), BODIES)
def test_what_it_did_not_prove_is_refused(
    sender: Sender, client: Client, provided_by: Callable[[str], None], name: str, posted: Of
) -> None:
    provided_by(name)
    right = posted(at(sender))
    form = {**right.form, "signature": "0" * 64} if right.form is not None else None

    without = Posted(form, right.body).by(client)
    wrong = Posted(form, right.body, {each: value[:-6] + "AAAA==" for each, value in right.headers.items()}).by(client)

    assert (without.status_code, wrong.status_code) == (403, 403)
    assert sender.events() == []


@pytest.mark.parametrize(("name", "posted"), BODIES)
def test_it_does_not_come_again_with_mail_to_nobody(
    sender: Sender, client: Client, provided_by: Callable[[str], None], name: str, posted: Of
) -> None:
    provided_by(name)

    assert posted("info@in.example.com").by(client).status_code == 406
    assert sender.events() == []


@pytest.mark.parametrize(("name", "posted"), [(name, posted) for name, posted in BODIES if name not in SIGNING])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"items": 5}', b'[{"msys": 5}]', b"\xff", b"{" * 5000])
def test_what_is_no_mail_of_its_is_an_error_of_the_senders(
    sender: Sender, client: Client, provided_by: Callable[[str], None], name: str, posted: Of, body: bytes
) -> None:
    provided_by(name)

    assert Posted(body=body, headers=basic()).by(client).status_code in {200, 406}
    assert sender.events() == []


@pytest.mark.parametrize("name", ["sendgrid", "mailersend", "brevo"])
def test_a_mail_to_two_integrations_reaches_both(
    sender: Sender, other: Sender, client: Client, provided_by: Callable[[str], None], name: str
) -> None:
    provided_by(name)
    posted = {"sendgrid": sendgrid, "mailersend": mailersend, "brevo": brevo}[name](at(sender))
    both = [at(sender), at(other)]
    if posted.form is not None:
        posted = Posted({**posted.form, "envelope": json.dumps({"to": both, "from": "a@b"})}, headers=posted.headers)
    else:
        content = json.loads(posted.body)
        if name == "brevo":
            content["items"][0]["Recipients"] = both
            posted = with_password(content)
        else:
            content["data"]["recipients"]["rcptTo"] = [{"email": each} for each in both]
            body = json.dumps(content).encode()
            posted = Posted(body=body, headers={"Signature": signed(SECRET, body)})

    assert posted.by(client).status_code == 200
    assert (len(sender.events()), len(other.events())) == (1, 1)


def test_mail_that_was_forwarded_is_for_whom_its_head_names(
    sender: Sender, client: Client, provided_by: Callable[[str], None]
) -> None:
    provided_by("postmark")
    content = {**json.loads(postmark(at(sender)).body), "OriginalRecipient": "hash@inbound.postmarkapp.com"}

    assert with_password(content).by(client).status_code == 200
    assert len(sender.events()) == 1


def test_half_a_character_loses_no_mail(
    sender: Sender, client: Client, engine: MovedEngine, provided_by: Callable[[str], None]
) -> None:
    provided_by("mailjet")
    content = {**json.loads(mailjet(at(sender)).body), "Text-part": "97 % full \ud83d"}

    answer = with_password(content).by(client)
    engine.run()

    assert answer.status_code == 200
    assert [alert.title for alert in sender.alerts()] == [SUBJECT]


def test_a_call_that_only_tries_the_address_is_answered(
    client: Client, db: None, provided_by: Callable[[str], None]
) -> None:
    provided_by("sparkpost")

    assert with_password([{"msys": {}}]).by(client).status_code == 200


def test_the_address_works_without_its_last_slash(
    sender: Sender, client: Client, provided_by: Callable[[str], None]
) -> None:
    provided_by("postmark")

    assert postmark(at(sender)).by(client, ADDRESS.rstrip("/")).status_code == 200
