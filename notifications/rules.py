"""Whom to reach how and when: a person's wishes into planned deliveries. Pure: no clock, no database, no provider."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

ACCOUNT_EMAIL_CHANNEL = "email"

NOT_VERIFIED = "contact_not_verified"
DISABLED = "contact_disabled"
NOT_CONFIGURED = "channel_not_configured"
NO_CONTACT_METHOD = "no_contact_method"
NOT_ACTIVE = "person_not_active"


@dataclass(frozen=True)
class Method:
    """One address of a person. `id` is None for the address of her account."""

    id: int | None
    channel: str
    address: str
    is_verified: bool = True
    is_disabled: bool = False


@dataclass(frozen=True)
class Wish:
    """One of her rules: so long after the step chose her, use this method."""

    position: int
    after: timedelta
    method: Method


@dataclass(frozen=True)
class Planned:
    """One delivery to be. `refused` names why it fails at once; empty where it may go out at `due_at` (UTC)."""

    position: int
    method: Method | None
    due_at: datetime
    refused: str = ""


def plan(
    wishes: Sequence[Wish], *, chosen_at: datetime, configured: Collection[str], account_email: str
) -> list[Planned]:
    """Every delivery a page to this person needs, in the order of her rules; never empty.

    A rule that cannot be used fails at once, and the next usable one takes its moment if that is earlier than its
    own. Without any rule the account's e-mail is used; without even that one refused entry says so.
    """
    if not wishes:
        if not account_email:
            return [Planned(0, None, chosen_at, NO_CONTACT_METHOD)]
        wishes = [Wish(0, timedelta(), Method(None, ACCOUNT_EMAIL_CHANNEL, account_email))]
    planned = []
    freed: datetime | None = None
    for wish in sorted(wishes, key=lambda each: (each.after, each.position)):
        due_at = chosen_at + wish.after
        if freed is not None:
            due_at = min(due_at, freed)
        refused = why_unusable(wish.method, configured)
        freed = due_at if refused else None
        planned.append(Planned(wish.position, wish.method, due_at, refused))
    return planned


def why_unusable(method: Method, configured: Collection[str]) -> str:
    """The named reason why nothing can be sent there; empty where it can."""
    if method.is_disabled:
        return DISABLED
    if not method.is_verified:
        return NOT_VERIFIED
    if method.channel not in configured:
        return NOT_CONFIGURED
    return ""


def idempotency_key(*parts: object) -> str:
    """One name for one message, so that a step executed twice sends it once."""
    return sha256(":".join(str(part) for part in parts).encode()).hexdigest()
