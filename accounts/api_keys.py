"""Making API keys, and knowing who a request with one is."""

import hashlib
import secrets
from datetime import timedelta

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiKey, Scope, User
from core import clock

_MARK = "tocsin_"
_NOTE_USE_EVERY = timedelta(minutes=1)


def hashed(key: str) -> bytes:
    """What is kept of a key. Keys are long and random, so one round of SHA-256 is enough."""
    return hashlib.sha256(key.encode()).digest()


def create(*, name: str, user: User, scope: Scope, key: str | None = None) -> tuple[ApiKey, str]:
    """A new key, and its text, which is shown this once."""
    text = key or _MARK + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(name=name, user=user, scope=scope, prefix=text[:12], key_hash=hashed(text))
    return row, text


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The key's user and the key; None where the request carries no key."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            return None
        now = clock.now()
        key = ApiKey.objects.select_related("user").filter(key_hash=hashed(text.strip())).first()
        if key is None or key.revoked_at or (key.expires_at and key.expires_at <= now) or not key.user.is_active:
            raise AuthenticationFailed("This API key is not known, revoked or expired. Make a new one in the admin.")
        if key.last_used_at is None or now - key.last_used_at > _NOTE_USE_EVERY:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        """Makes DRF answer 401 and not 403 where nobody is known."""
        return "Bearer"


class SignedInAuthentication(SessionAuthentication):
    """People who are signed in may use the API from the browser, with CSRF protection."""
