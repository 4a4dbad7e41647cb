"""Secrets that must be read again: sealed at rest by keys made from SECRET_KEY, one for each purpose.

Whoever has only the database, or a copy of it, has none of them. With another SECRET_KEY they cannot be opened.
"""

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class CannotOpen(Exception):
    """It was sealed with another SECRET_KEY, or is damaged."""


def seal(text: str, *, purpose: str) -> bytes:
    """The text, for the database."""
    return _fernet(settings.SECRET_KEY, purpose).encrypt(text.encode())


def unseal(sealed: bytes | memoryview, *, purpose: str) -> str:
    """The text again. Raises CannotOpen."""
    try:
        return _fernet(settings.SECRET_KEY, purpose).decrypt(bytes(sealed)).decode()
    except InvalidToken:
        raise CannotOpen("It was sealed with another SECRET_KEY.") from None


def keyed_digest(text: str, *, purpose: str) -> str:
    """What tells whether two texts are the same, and nothing else to who has only the database."""
    return hmac.new(_digest_key(settings.SECRET_KEY, purpose), text.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=20)
def _fernet(secret_key: str, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(secret_key, f"sealed {purpose}")))


@lru_cache(maxsize=20)
def _digest_key(secret_key: str, purpose: str) -> bytes:
    return _derived(secret_key, f"digest {purpose}")


def _derived(secret_key: str, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tocsin {info}".encode()).derive(secret_key.encode())
