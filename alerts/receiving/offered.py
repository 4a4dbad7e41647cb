"""What of a message's headers is kept: what a source may need to read or to check the body.

Credentials are kept as keyed digests only, which tell whether they are the right ones and nothing else. What says who
the sender is to a proxy is never kept.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence

from alerts.receiving.entrance import plain
from core import sealing

PURPOSE = "senders' secrets"
_MOST_HEADERS = 30
_MOST_CREDENTIALS = 4
_LONGEST_HEADER = 500
_LONGEST_CREDENTIAL = 4000
_KEPT_HEADERS = frozenset({b"content-encoding", b"user-agent", b"authorization"})
_KEPT_PREFIXES = (b"x-", b"sentry-hook-", b"webhook-", b"ce-")
_DROPPED_PREFIXES = (b"x-forwarded-", b"x-real-ip", b"x-request-id")
_SECRET_WORDS = (b"token", b"key", b"secret", b"auth", b"password")


def kept_headers(raw: Sequence[tuple[bytes, bytes]], *, key: str) -> dict[str, str]:
    """Names in small letters. `key` is the integration's own, which proves nothing more where it stands in a header."""
    kept: dict[str, str] = {}
    credentials = 0
    for raw_name, value in raw:
        name = raw_name.lower()
        if not (name.startswith(_KEPT_PREFIXES) or name in _KEPT_HEADERS):
            continue
        if name.startswith(_DROPPED_PREFIXES) or b"cookie" in name:
            continue
        text = plain(value)
        if any(word in name for word in _SECRET_WORDS):
            if credentials < _MOST_CREDENTIALS and (not key or key not in text):
                kept[plain(name)[:100]] = digests(text)
                credentials += 1
        else:
            kept[plain(name)[:100]] = text[:_LONGEST_HEADER]
        if len(kept) >= _MOST_HEADERS:
            break
    return kept


def digests(value: str) -> str:
    """Of all that a header with a credential may mean, by spaces."""
    return " ".join(digest(each) for each in dict.fromkeys(_meanings(value[:_LONGEST_CREDENTIAL].strip())))


def digest(text: str) -> str:
    """Of one credential, or of an integration's secret."""
    return sealing.keyed_digest(text, purpose=PURPOSE)


def _meanings(value: str) -> Iterator[str]:
    """The value itself; without its scheme; of HTTP basic authentication the pair and the password."""
    yield value
    scheme, _, rest = value.partition(" ")
    if not rest:
        return
    yield rest.strip()
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(rest.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
        yield pair
        yield pair.partition(":")[2]
