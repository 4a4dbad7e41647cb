"""Which silences were on when: until when an alert of that moment was muted."""

from collections.abc import Iterable
from datetime import datetime

from alerts.models import Integration
from alerts.muting import matchers, scope
from alerts.muting.models import Silence
from alerts.muting.mutes import Facts, Muter, Mutes
from alerts.pipeline.cases import Told
from incidents.mutes import SILENCED

_MOST = 1000


class Silences:
    """The silences of a stretch of time, as they are kept: one that was changed is as it was changed to."""

    def __init__(self, integration: Integration, silences: Iterable[Silence]) -> None:
        rows = list(silences)
        self._integration_id = integration.pk
        self._starts = {row.pk: row.starts_at for row in rows}
        self._mutes = Mutes([_muter(row) for row in rows], [])

    def muted_until(self, told: Told) -> datetime | None:
        """The end of the last of those that mute it; None where none does."""
        alert = told.alert
        if not self._starts or not self._mutes.concern(alert):
            return None
        facts = Facts(
            alert.labels,
            alert.title,
            alert.severity or "",
            alert.dedup_key,
            told.route.service_id,
            self._integration_id,
        )
        muters = self._mutes.of(facts).muters
        return max((each.until for each in muters if self._starts[each.pk] <= told.at < each.until), default=None)


def silences_between(integration: Integration, since: datetime, until: datetime) -> Silences:
    """Those that were on at some moment between these."""
    found = Silence.objects.filter(starts_at__lte=until, ends_at__gt=since).order_by("-id")[:_MOST]
    return Silences(integration, found)


def _muter(row: Silence) -> Muter:
    where = scope.of_silence(row)
    return Muter(
        reason=SILENCED,
        pk=row.pk,
        what="",
        owner="",
        comment="",
        until=row.ends_at,
        matchers=matchers.known(tuple(row.matchers)),
        service_ids=where.service_ids,
        integration_ids=where.integration_ids,
    )
