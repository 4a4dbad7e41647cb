"""Making integrations and their keys. Only a key's hash is kept: the key itself is shown this once."""

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from django.db import transaction

from alerts.decisions import hours
from alerts.decisions.routing import check
from alerts.models import Integration, Route
from alerts.parsing import mail_rules as rules_for_mail
from alerts.parsing.source import sources
from alerts.receiving import offered
from alerts.receiving.letters import hashed
from catalog.models import Service
from core import sealing
from core.errors import Invalid

Json = Any

SHORTEST = 32
SHORTEST_THRESHOLD, LONGEST_THRESHOLD = timedelta(seconds=10), timedelta(days=1)
MOST_COUNTED = 1000
MAIL = "email"  # the source whose key stands in a mail address
_LONGEST_IN_ADDRESS = 64
# 32 small letters and digits: what PagerDuty's clients take for a routing key and mail servers leave alone; 165 bits.
_LENGTH = 32
_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class RouteWish:
    """A route to be: without a condition it always matches."""

    service: Service
    condition: str = ""
    hours: str = ""  # as `alerts.decisions.hours` reads them; empty: always
    more_than: int | None = None  # page only when more messages than this come `within`
    within: timedelta | None = None


class Settings(TypedDict, total=False):
    """What else an integration may be told, as its fields are called; what is left out is as they have it."""

    group_by: Sequence[str] | None
    group_expression: str
    group_window: timedelta | None
    group_window_rolls: bool
    hold: timedelta
    reopen_within: timedelta
    resolve_after: timedelta | None
    flap_changes: int
    flap_window: timedelta
    storm_after: int


def new_key() -> str:
    """A key nobody can guess."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def checked_key(key: str, *, source: str = "") -> str:
    """The key, if it may be used. Raises Invalid."""
    if source == MAIL and (len(key) > _LONGEST_IN_ADDRESS or key != key.lower()):
        problem = f"The key of a mail address has small letters, and at most {_LONGEST_IN_ADDRESS} of them."
        raise Invalid(problem, {"key": problem})
    if len(key) < SHORTEST or len(key) > 200 or not all(letter.isalnum() or letter in "-_" for letter in key):
        problem = f"A key has at least {SHORTEST} letters, digits, “-” or “_”. Leave it out to have one made."
        raise Invalid(problem, {"key": problem})
    return key


@transaction.atomic
def create_integration(
    *,
    name: str,
    source: str,
    routes: Sequence[RouteWish],
    key: str | None = None,
    secret: str | None = None,
    mail_rules: Json = None,
    **settings: Unpack[Settings],
) -> tuple[Integration, str]:
    """A new integration and its key. Raises Invalid for an unknown source, a weak key or routes without a default."""
    if sources.get(source) is None:
        problem = f"No source is called {source!r}. Known are {', '.join(sources.all())}."
        raise Invalid(problem, {"source": problem})
    text = checked_key(key, source=source) if key else new_key()
    if Integration.objects.filter(key_hash=hashed(text)).exists():
        problem = "Another integration has this key. Leave it out to have one made."
        raise Invalid(problem, {"key": problem})
    integration = Integration.objects.create(
        name=name,
        source=source,
        key_hash=hashed(text),
        key_prefix=text[:4],
        sealed_secret=None if secret is None else sealed_secret(source, secret),
        mail_rules=None if mail_rules is None else checked_rules(source, mail_rules),
        **settings,
    )
    set_routes(integration, routes)
    return integration, text


@transaction.atomic
def change_integration(
    integration: Integration,
    *,
    routes: Sequence[RouteWish] | None = None,
    **fields: Json,
) -> None:
    """Change what is given of a locked integration; `secret` None removes it. Raises Invalid."""
    if "secret" in fields:
        secret = fields.pop("secret")
        fields["sealed_secret"] = None if secret is None else sealed_secret(integration.source, str(secret))
    if fields.get("mail_rules") is not None:
        checked_rules(integration.source, fields["mail_rules"])
    for name, value in fields.items():
        setattr(integration, name, value)
    if fields:
        integration.save(update_fields=list(fields))
    if routes is not None:
        set_routes(integration, routes)


@transaction.atomic
def new_key_for(integration: Integration, *, key: str | None = None) -> str:
    """Replace the key; the old one is dead at once."""
    text = checked_key(key, source=integration.source) if key else new_key()
    integration.key_hash, integration.key_prefix = hashed(text), text[:4]
    integration.save(update_fields=["key_hash", "key_prefix"])
    return text


def sealed_secret(source: str, text: str) -> bytes:
    """What an integration of this source keeps of a secret. Raises Invalid where it may not be used."""
    kind = sources.get(source)
    if kind is None:
        problem = f"No source is called {source!r}."
    elif kind.authentication is None:
        problem = f"{kind.label} has no way to prove a secret: the key in its address is all it knows."
    else:
        problem = kind.authentication.refusal(text)
    if problem:
        raise Invalid(problem, {"secret": problem})
    return sealing.seal(text, purpose=offered.PURPOSE)


def checked_rules(source: str, given: Json) -> Json:
    """Rules for mail, if they may be used. Raises Invalid."""
    problem = rules_for_mail.problem_with(given)
    if source != MAIL:
        problem = "Only integrations whose source is “email” have rules for mail."
    if problem:
        raise Invalid(problem, {"mail_rules": problem})
    return given


def is_secret(integration: Integration, text: str) -> bool:
    """Whether this is the integration's secret."""
    if integration.sealed_secret is None:
        return False
    try:
        known = sealing.unseal(integration.sealed_secret, purpose=offered.PURPOSE)
    except sealing.CannotOpen:
        return False
    return secrets.compare_digest(known.encode(), text.encode())


@transaction.atomic
def set_routes(integration: Integration, routes: Sequence[RouteWish]) -> bool:
    """Replace the routes. False where they are the same already. Raises Invalid, naming the route."""
    if not routes or routes[-1].condition.strip() or routes[-1].hours:
        problem = "The last route has no condition and no hours: it takes what no other takes. Add one."
        raise Invalid(problem, {"routes": problem})
    for number, route in enumerate(routes, start=1):
        if not route.condition.strip() and not route.hours and number < len(routes):
            problem = f"Route {number} has no condition, so those after it would never be asked. Move it to the end."
            raise Invalid(problem, {"routes": problem})
        problem = check(route.condition) or check_timing(route.hours, route.more_than, route.within)
        if problem:
            raise Invalid(f"Route {number}: {problem}", {"routes": problem})
    wished = [
        {
            "position": number,
            "condition": route.condition.strip(),
            "service_id": route.service.pk,
            "hours": route.hours.strip(),
            "more_than": route.more_than,
            "within": route.within,
        }
        for number, route in enumerate(routes, start=1)
    ]
    if wished == list(integration.routes.order_by("position").values(*wished[0])):
        return False
    integration.routes.all().delete()
    Route.objects.bulk_create(Route(integration=integration, **each) for each in wished)
    return True


def check_timing(when: str, more_than: int | None, within: timedelta | None) -> str:
    """What is wrong with a route's hours or threshold, as a sentence; empty where nothing is."""
    problem = hours.check(when) if when.strip() else ""
    if problem:
        return problem
    if (more_than is None) != (within is None):
        return "A threshold has two parts: more than how many messages, and within what time."
    if within is not None and not SHORTEST_THRESHOLD <= within <= LONGEST_THRESHOLD:
        return "A threshold counts within ten seconds to a day."
    return f"A threshold counts at most {MOST_COUNTED} messages." if (more_than or 0) > MOST_COUNTED else ""


def webhook_path(integration: Integration, key: str) -> str:
    """Path of the address to paste into the sender, with its key: show it, never log it."""
    return f"/integrations/{integration.source}/{key}/"
