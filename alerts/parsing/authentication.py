"""How senders prove who they are beyond the key of their address, and whether what one offers is right. Pure.

A source names the ways its sender knows, in one line. An integration that was given a secret takes only what proves it;
of credentials in headers only keyed digests are ever stored (`alerts.receiving.offered`), signatures are over the raw
bytes.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qsl

SHORTEST_SECRET, LONGEST_SECRET = 8, 500
_OLDEST = 300.0  # seconds between a signed moment and the arrival, either way
_HASHES = frozenset({"sha224", "sha256", "sha384", "sha512"})
_MOST_SIGNATURES = 10  # of one message; during a change of secrets a sender may sign with both
_LONGEST_FORM = 64 * 1024


@dataclass(frozen=True, slots=True)
class Secret:
    """What an integration and its sender share, and its keyed digest."""

    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Offered:
    """A message as far as it can prove anything."""

    headers: Mapping[str, str]
    body: bytes
    query: str
    at: datetime


class Way(Protocol):
    """One way to prove a secret."""

    @property
    def text(self) -> str:
        """For people: how the sender offers it."""

    def proves(self, secret: Secret, offered: Offered) -> bool | None:
        """Whether the secret is proved; None where nothing of this kind was offered."""


@dataclass(frozen=True, slots=True)
class Signed:
    """HMAC over the raw body in a header, SHA-256 in hex. With `timestamp` that header is signed before the body."""

    header: str
    prefix: str = ""  # "*=": the name of the hash, as in sha256=...
    timestamp: str = ""

    @property
    def text(self) -> str:
        """As in a set-up text."""
        return f"an HMAC-SHA256 of the body, made with the secret, in the header `{_written(self.header)}`"

    def proves(self, secret: Secret, offered: Offered) -> bool | None:
        """Whether the signature is that of these bytes; a signed moment must be near."""
        given = offered.headers.get(self.header)
        if not given:
            return None
        signed, hash_name = offered.body, "sha256"
        moment = offered.headers.get(self.timestamp) if self.timestamp else None
        if moment is not None:
            if not _is_near(moment, offered.at):
                return False
            signed = moment.encode() + b":" + signed
        if self.prefix == "*=":
            hash_name, _, given = given.partition("=")
            if hash_name not in _HASHES:
                return False
        elif self.prefix:
            if not given.startswith(self.prefix):
                return False
            given = given.removeprefix(self.prefix)
        expected = hmac.new(secret.text.encode(), signed, hash_name).hexdigest()
        return hmac.compare_digest(expected.encode(), given.strip().lower().encode())


@dataclass(frozen=True, slots=True)
class StandardWebhook:
    """The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` (https://www.standardwebhooks.com)."""

    @property
    def text(self) -> str:
        """As in a set-up text."""
        return "a signature by the Standard Webhooks specification (the secret begins with `whsec_`)"

    def proves(self, secret: Secret, offered: Offered) -> bool | None:
        """Whether one of the signatures is right, and its moment near."""
        given = offered.headers.get("webhook-signature")
        if not given:
            return None
        moment = offered.headers.get("webhook-timestamp", "")
        if not _is_near(moment, offered.at):
            return False
        try:
            key = base64.b64decode(secret.text.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            key = secret.text.encode()
        number = offered.headers.get("webhook-id", "")
        made = hmac.new(key, f"{number}.{moment}.".encode() + offered.body, hashlib.sha256).digest()
        expected = b"v1," + base64.b64encode(made)
        return any(hmac.compare_digest(expected, each.encode()) for each in given.split()[:_MOST_SIGNATURES])


@dataclass(frozen=True, slots=True)
class InHeader:
    """The secret itself in a header of this name, or in that form of `Authorization` which a sender knows."""

    header: str

    @property
    def text(self) -> str:
        """As in a set-up text."""
        if self.header == "authorization":
            return "the secret as bearer token, or as password of HTTP basic authentication with any user name"
        return f"the secret in the header `{_written(self.header)}`"

    def proves(self, secret: Secret, offered: Offered) -> bool | None:
        """Whether one of the digests of what the header held is the secret's."""
        given = offered.headers.get(self.header)
        if not given:
            return None
        return any(hmac.compare_digest(secret.digest.encode(), each.encode()) for each in given.split())


@dataclass(frozen=True, slots=True)
class InForm:
    """The secret in a field of the form, or of the query, that the sender posts."""

    field: str

    @property
    def text(self) -> str:
        """As in a set-up text."""
        return f"the secret in the field `{self.field}`"

    def proves(self, secret: Secret, offered: Offered) -> bool | None:
        """Whether the field holds it."""
        texts = (offered.body[:_LONGEST_FORM].decode("utf-8", "replace"), offered.query)
        try:
            fields = dict(pair for text in texts for pair in parse_qsl(text, max_num_fields=1000))
        except ValueError:
            return None
        given = fields.get(self.field)
        if not given:
            return None
        return hmac.compare_digest(secret.text.encode(), given.encode())


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a message is not believed: the reason's name, and a sentence."""

    reason: str
    problem: str
    is_open: bool = False  # nobody is told: what it takes to know better is being fetched


@dataclass(frozen=True, slots=True)
class Authentication:
    """The ways a kind of sender knows. Any one of them will do."""

    ways: tuple[Way, ...]

    @property
    def text(self) -> str:
        """For people."""
        return ", or ".join(way.text for way in self.ways)

    def refusal(self, text: str) -> str:
        """What is wrong with this as a secret; empty where it will do."""
        if not SHORTEST_SECRET <= len(text) <= LONGEST_SECRET:
            return f"A secret has {SHORTEST_SECRET} to {LONGEST_SECRET} characters."
        if text != text.strip() or not text.isprintable():
            return "A secret begins and ends with no space, and holds no control characters."
        return ""

    def doubt(self, secret: Secret, offered: Offered, *, is_cut: bool = False) -> Doubt | None:
        """Why this message may not be the sender's; None where it proves that it is."""
        verdicts = [way.proves(secret, offered) for way in self.ways]
        if True in verdicts:
            return None
        if False not in verdicts:
            return Doubt("proof_missing", f"The integration has a secret, and this message does not offer {self.text}.")
        if is_cut:
            return Doubt("proof_of_part", "Of this message only the head was kept, so its signature cannot be checked.")
        return Doubt(
            "proof_wrong",
            "What this message offers does not fit the integration's secret: somebody else sent it, or the secret"
            " there and here is not the same. Mend that, then read the message again.",
        )


def by(*ways: Way) -> Authentication:
    """These ways."""
    return Authentication(ways)


BEARER_OR_BASIC = InHeader("authorization")
# What nearly every sender can: basic authentication (also as https://user:secret@host/), a bearer token or a header.
BY_HEADER = by(BEARER_OR_BASIC, InHeader("x-tocsin-secret"))


def _written(header: str) -> str:
    return "-".join(part.capitalize() for part in header.split("-"))


def _is_near(moment: str, at: datetime) -> bool:
    return moment.isdecimal() and len(moment) < 20 and abs(int(moment) - at.timestamp()) <= _OLDEST
