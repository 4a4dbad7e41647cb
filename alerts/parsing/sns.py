"""The signatures of Amazon SNS, and which addresses of its messages may be called. Pure.

Format: AWS documentation, "Verifying the signatures of Amazon SNS messages". Version 1 is RSA with SHA-1, version 2
with SHA-256, both over chosen fields by name.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from alerts.parsing.authentication import Authentication
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Json, Received

CONFIRMATION = "SubscriptionConfirmation"
_SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_OF_CONFIRMATION = frozenset({"SubscribeURL", "Token"})
_CONFIRMATIONS = frozenset({CONFIRMATION, "UnsubscribeConfirmation"})
# SHA-1 is what version 1 is made of; only whoever holds Amazon's key can make use of its weakness.
_HASHES = {"1": SHA1, "2": SHA256}
_HOST = r"https://sns(?:\.[a-z0-9-]{3,30})?\.amazonaws\.com(?:\.cn)?"
_CALL = re.compile(_HOST + r"/[A-Za-z0-9._~/?=&%:+-]{0,3000}")
_CERTIFICATE = re.compile(_HOST + r"/[A-Za-z0-9._~-]{1,200}\.pem")
_LONGEST = 500
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}")


class NotAmazons(Exception):
    """The signature, or an address, is not what Amazon SNS makes. The text says what is wrong."""


@dataclass(frozen=True, slots=True)
class SignedTopic(Authentication):
    """What Amazon signs proves itself; an integration's secret names the one topic that is believed, and must be."""

    @property
    def text(self) -> str:
        """As in a set-up text."""
        return "a signature of Amazon's for the topic whose ARN the secret is"

    def refusal(self, text: str) -> str:
        """A topic, and nothing else."""
        return "" if _TOPIC.fullmatch(text) else "For Amazon SNS the secret is the ARN of the topic: arn:aws:sns:…"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as SNS puts it into JSON, as far as it is signed."""

    kind: str
    topic: str
    fields: Mapping[str, str]
    signature: str
    version: str
    certificate_url: str

    @property
    def subscribe_url(self) -> str:
        """What confirms the subscription; for who is told that it ended, what restores it."""
        return self.fields.get("SubscribeURL", "")

    def signed_text(self) -> bytes:
        """What the signature is over."""
        is_confirmation = self.kind in _CONFIRMATIONS
        names = [each for each in _SIGNED if is_confirmation or each not in _OF_CONFIRMATION]
        names = [each for each in names if each in self.fields and not (is_confirmation and each == "Subject")]
        return "".join(f"{each}\n{self.fields[each]}\n" for each in names).encode()


def envelope(received: Received) -> Envelope | None:
    """The message's envelope; None where it has none, as with raw delivery, or where it is not signed."""
    try:
        body: Json = received.json()
    except Unreadable:
        return None
    if not isinstance(body, dict):
        return None
    fields = {name: body[name] for name in _SIGNED if isinstance(body.get(name), str)}
    signed = [body.get(name) for name in ("Signature", "SignatureVersion", "SigningCertURL")]
    url = signed[2] if signed[2] is not None else body.get("SigningCertUrl")
    if not (fields.get("Type") and isinstance(signed[0], str) and isinstance(url, str)):
        return None
    return Envelope(fields["Type"], fields.get("TopicArn", ""), fields, signed[0], str(signed[1]), url)


def check_topic(message: Envelope, topic: str) -> None:
    """Raises NotAmazons for a message of another topic."""
    if message.topic != topic:
        raise NotAmazons(f"It is of another topic than {topic}, which the secret names.")


def check_certificate_url(url: str, *, base: str) -> None:
    """Raises NotAmazons for an address that no certificate of Amazon's has. `base` is one that is trusted besides."""
    if len(url) > _LONGEST or not (_CERTIFICATE.fullmatch(url) or (base and url.startswith(base))):
        raise NotAmazons("Its certificate lies at an address that is not Amazon's.")


def check_subscribe_url(url: str, *, base: str) -> None:
    """Raises NotAmazons for an address that confirms no subscription."""
    if not (_CALL.fullmatch(url) or (base and url.startswith(base))):
        raise NotAmazons("The address to confirm it by is not Amazon's.")


def check_signature(message: Envelope, certificate: str, *, at: datetime) -> None:
    """Raises NotAmazons unless the message was signed with this certificate (PEM), valid at that time."""
    hash_kind = _HASHES.get(message.version)
    if hash_kind is None:
        raise NotAmazons(f"Its signature is of version {message.version[:20]}, which is not known.")
    key, not_before, not_after = _public_key(certificate)
    if not not_before <= at <= not_after:
        raise NotAmazons("Its certificate was not valid when it came.")
    try:
        signature = base64.b64decode(message.signature, validate=True)
        key.verify(signature, message.signed_text(), padding.PKCS1v15(), hash_kind())
    except (binascii.Error, ValueError, InvalidSignature):
        raise NotAmazons("Its signature is not Amazon's.") from None


@lru_cache(maxsize=50)
def _public_key(certificate: str) -> tuple[RSAPublicKey, datetime, datetime]:
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
        key = found.public_key()
    except ValueError:
        raise NotAmazons("What lies at the address of its certificate is none.") from None
    if not isinstance(key, RSAPublicKey):
        raise NotAmazons("Its certificate is not one for RSA.")
    return key, found.not_valid_before_utc, found.not_valid_after_utc


SIGNED_TOPIC = SignedTopic(())
