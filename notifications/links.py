"""Links in e-mails that let one person act on one incident for a day, without signing in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core import signing

from core import clock

_SALT = "notifications.links"
VALID_FOR = timedelta(hours=24)


class LinkExpired(Exception):
    """It was one of ours, more than a day ago. `incident_id` says which incident it was about."""

    def __init__(self, incident_id: int) -> None:
        super().__init__()
        self.incident_id = incident_id


class LinkUnknown(Exception):
    """It is none of ours, or was shortened on the way."""


@dataclass(frozen=True)
class Grant:
    """Whom a link lets act on what."""

    incident_id: int
    user_id: int


def url_for(incident_id: int, user_id: int) -> str:
    """A link for this person and incident. It is a secret: it stands in her mail and nowhere else."""
    content = [incident_id, user_id, int(clock.now().timestamp())]
    return f"{settings.PUBLIC_URL}/e/{_signer().sign_object(content)}/"


def read(token: str) -> Grant:
    """What the link grants. Raises LinkExpired or LinkUnknown."""
    try:
        incident_id, user_id, made = _signer().unsign_object(token)
        made_at = datetime.fromtimestamp(int(made), UTC)
    except (signing.BadSignature, ValueError, TypeError):
        raise LinkUnknown from None
    if clock.now() - made_at > VALID_FOR:
        raise LinkExpired(int(incident_id))
    return Grant(int(incident_id), int(user_id))


def _signer() -> signing.Signer:
    return signing.Signer(salt=_SALT)
