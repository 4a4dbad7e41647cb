"""Amazon SNS as a topic's subscriber sees it: signs messages, shows its certificate, and is told of confirmations."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:eu-central-1:210987654321:night-watch"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(*, until: datetime = datetime(2040, 1, 1, tzinfo=UTC)) -> str:
    """The certificate of the key that signs, as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(_key().public_key())
    builder = builder.serial_number(7).not_valid_before(until - timedelta(days=365 * 30)).not_valid_after(until)
    return builder.sign(_key(), SHA256()).public_bytes(Encoding.PEM).decode()


@dataclass
class FakeSns:
    """`certificates` by path; `answers` are statuses given before everything is well again."""

    url: str = ""
    certificates: dict[str, str] = field(default_factory=lambda: {"/SimpleNotificationService-1.pem": certificate()})
    answers: list[int] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)  # tokens
    asked: list[str] = field(default_factory=list)  # paths

    def signed(
        self, kind: str = "Notification", *, version: str = "2", certificate_url: str = "", **fields: str
    ) -> dict[str, Any]:
        """A message in its envelope. `fields` replace those of the envelope before it is signed."""
        body = {
            "Type": kind,
            "MessageId": "0c9d1f7e-0000-4000-8000-000000000001",
            "TopicArn": TOPIC,
            "Message": "Backup failed\non db-1",
            "Timestamp": "2026-03-01T10:00:05.211Z",
        }
        if kind != "Notification":
            call = f"?Action=ConfirmSubscription&TopicArn={quote(TOPIC, safe=':')}&Token=2336412f37"
            body |= {"Token": "2336412f37", "SubscribeURL": f"{self.url}/{call}"}
        body |= fields
        text = "".join(f"{name}\n{body[name]}\n" for name in sorted(body))
        made = _key().sign(text.encode(), padding.PKCS1v15(), SHA1() if version == "1" else SHA256())  # noqa: S303
        return {
            **body,
            "SignatureVersion": version,
            "Signature": base64.b64encode(made).decode(),
            "SigningCertURL": certificate_url or f"{self.url}/SimpleNotificationService-1.pem",
        }

    def answer(self, target: str) -> tuple[int, bytes]:
        """What is at this path."""
        parts = urlsplit(target)
        self.asked.append(parts.path)
        if self.answers and (status := self.answers.pop(0)) != 200:
            return status, b""
        if parts.path in self.certificates:
            return 200, self.certificates[parts.path].encode()
        asked = parse_qs(parts.query)
        if asked.get("Action") == ["ConfirmSubscription"]:
            self.confirmed.extend(asked["Token"])
            return 200, b"<ConfirmSubscriptionResponse/>"
        return 404, b""


@contextmanager
def running() -> Iterator[FakeSns]:
    """A fake on a socket of its own."""
    fake = FakeSns()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = fake.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def as_bytes(message: dict[str, Any]) -> bytes:
    """As SNS posts it."""
    return json.dumps(message, indent=2).encode()
