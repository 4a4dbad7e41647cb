"""Changes: what was done to a service, as a deployment, kept beside incidents because it may be their cause.

They come as messages do and are written with them (`alerts.pipeline.ingest`); they open nothing and page nobody. The
routes of their integration say which service they are of.
"""

from collections.abc import Sequence
from datetime import timedelta

from alerts.decisions.routing import Facts, Router
from alerts.models import Change, Integration
from alerts.parsing.source import ChangeTold
from alerts.parsing.trimming import LONGEST_NAME, LONGEST_TITLE, LONGEST_VALUE, MOST_LABELS, MOST_LINKS, cut
from alerts.pipeline.understanding import Understood
from core import clock

_KEPT = timedelta(days=365)
_AT_ONCE = 5000  # rows of one sweep


def keep(integration: Integration, understood: Sequence[Understood], router: Router | None) -> None:
    """Write down the changes these messages tell of."""
    told = [(each, change) for each in understood for change in each.changes]
    if told:
        Change.objects.bulk_create(_row(integration, each, change, router) for each, change in told)


def drop_old() -> int:
    """Forget what is older than a year. Returns how many rows that were."""
    old = Change.objects.filter(at__lt=clock.now() - _KEPT).order_by("at").values_list("pk", flat=True)
    count, _ = Change.objects.filter(pk__in=list(old[:_AT_ONCE])).delete()
    return count


def _row(integration: Integration, message: Understood, told: ChangeTold, router: Router | None) -> Change:
    details = {cut(name, LONGEST_NAME): cut(value, LONGEST_VALUE) for name, value in told.details.items()}
    return Change(
        integration=integration,
        service_id=_service(integration, told, router),
        at=told.at or message.event.received_at,
        received_at=message.event.received_at,
        summary=cut(told.summary, LONGEST_TITLE),
        by=cut(told.by, 300),
        links=[{"text": each.text, "href": each.href} for each in told.links[:MOST_LINKS]],
        details=dict(list(details.items())[:MOST_LABELS]),
    )


def _service(integration: Integration, told: ChangeTold, router: Router | None) -> int | None:
    if router is None:
        return None
    facts = Facts(
        labels=dict(told.labels),
        annotations={},
        severity="",
        title=told.summary,
        source=integration.source,
        integration=integration.name,
    )
    return router.decide(facts, at=clock.now()).service_id
