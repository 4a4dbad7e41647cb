"""Signing somebody out of every browser."""

from django.contrib.sessions.models import Session

from accounts.models import User
from core import clock


def end_all(user: User, *, but: str | None = None) -> int:
    """End every session of this person, except the one with the key `but`. Returns how many."""
    live = Session.objects.filter(expire_date__gt=clock.now()).exclude(pk=but or "")
    # Sessions are opaque to the database, so each is opened: fine for the few thousand that an installation has.
    hers = [each.pk for each in live.iterator() if each.get_decoded().get("_auth_user_id") == str(user.pk)]
    return Session.objects.filter(pk__in=hers).delete()[0]
