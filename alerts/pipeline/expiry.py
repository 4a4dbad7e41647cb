"""What ends by itself: alerts that nobody has told of for long, and flapping that has been quiet for long.

A tick finds what is due, takes the mark off its row, and says so in the inbox (`alerts.pipeline.own_messages`). The
pipeline does the rest in its place in the order: what was told of meanwhile has its mark again, and then nothing ends.
"""

from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Min

from alerts.models import Alert, AlertStatus
from alerts.pipeline import own_messages
from alerts.pipeline.own_messages import AUTO_RESOLVED, FLAPPING_OVER, Word
from core import claims, clock

LANE = "alert-expiry"
_AT_MOST = 2000

_TAKE = """
with due as (
    select id from alerts_alert where {column} <= %s order by {column} limit %s for no key update skip locked
)
update alerts_alert as alert set {column} = null from due where alert.id = due.id
returning alert.integration_id, alert.fingerprint, alert.dedup_key, alert.title, alert.service_id
"""
_COLUMNS = {AUTO_RESOLVED: "expires_at", FLAPPING_OVER: "flapping_until"}


class _Taken(NamedTuple):
    integration_id: int
    fingerprint: str
    dedup_key: str
    title: str
    service_id: int


def next_due() -> datetime | None:
    """When the next of them ends."""
    first = Alert.objects.aggregate(expires=Min("expires_at"), flapping=Min("flapping_until"))
    return min((each for each in first.values() if each is not None), default=None)


def run() -> int:
    """Say of what is due that it is over. Returns how many alerts that were."""
    now = clock.now()
    return sum(_end(reason, now) for reason, column in _COLUMNS.items() if claims.is_any_due(Alert, now, column=column))


@transaction.atomic
def _end(reason: str, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE.format(column=_COLUMNS[reason]), [now, _AT_MOST])
        taken = list(map(_Taken._make, cursor.fetchall()))
    own_messages.put((each.integration_id, _word(each, reason)) for each in taken)
    return len(taken)


def _word(taken: _Taken, reason: str) -> Word:
    return Word(
        reason=reason,
        status=AlertStatus.RESOLVED,
        dedup_key=taken.dedup_key,
        title=taken.title,
        service_id=taken.service_id,
        fingerprint=taken.fingerprint,
    )
