"""The queries behind lists of what mutes, what it would mute, and what an alert is muted by now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from alerts.models import Alert, AlertStatus
from alerts.muting import mutes_now
from alerts.muting.judging import Muted, judged
from alerts.muting.matchers import Matcher
from alerts.muting.models import InhibitionRule, MaintenanceWindow, Silence, SilenceState
from alerts.muting.mutes import Facts, Muter, Mutes
from alerts.muting.turning import said_plainly
from core import clock
from core.errors import Invalid
from incidents.mutes import SILENCED

RECENT = timedelta(days=7)
_MOST_LOOKED_AT = 20_000  # alerts
_SHOWN = 20


def silences(user: User, *, state: str = "", owner: str = "", q: str = "") -> QuerySet[Silence]:
    """Silences, newest first. Raises Invalid for a state that does not exist."""
    found = Silence.objects.select_related("service", "integration") if user.is_active else Silence.objects.none()
    if state:
        if state not in SilenceState.values:
            problem = f"There is no state “{state[:40]}”. Known are {', '.join(SilenceState.values)}."
            raise Invalid(problem, {"state": problem})
        found = found.in_state(state, clock.now())
    if owner:
        found = found.filter(created_by=owner)
    if q:
        found = found.filter(Q(comment__icontains=q) | Q(matchers__icontains=q))
    return found.order_by("-id")


def windows(user: User, *, on: bool | None = None, service: str = "") -> QuerySet[MaintenanceWindow]:
    """Maintenance windows, newest first; `on`: only those that are on now, or that are not."""
    found = MaintenanceWindow.objects.prefetch_related("services", "integrations")
    if not user.is_active:
        return found.none()
    if on is not None:
        now = clock.now()
        is_on = Q(is_active=True, occurrence_starts_at__lte=now, occurrence_ends_at__gt=now)
        found = found.filter(is_on) if on else found.exclude(is_on)
    if service:
        found = found.filter(services__name=service)
    return found.order_by("-id")


def rules(user: User) -> QuerySet[InhibitionRule]:
    """Inhibition rules, newest first."""
    return (InhibitionRule.objects.all() if user.is_active else InhibitionRule.objects.none()).order_by("-id")


@dataclass(frozen=True)
class Preview:
    """What a silence or window would match: now, and in the last seven days; at most twenty of each are named.

    The newest 20,000 alerts are looked at; `is_all` says whether those were all.
    """

    firing_count: int
    firing: list[Alert]
    recent_count: int
    recent: list[Alert]
    is_all: bool


def preview(
    matchers: Sequence[Matcher], *, service_ids: Sequence[int] = (), integration_ids: Sequence[int] = ()
) -> Preview:
    """What these match. The database looks for the labels that must have one value, the rest is asked here."""
    now = clock.now()
    since = now - RECENT
    scope = (frozenset(service_ids), frozenset(integration_ids))
    mutes = Mutes([Muter(SILENCED, 0, "", "", "", now, tuple(matchers), *scope)], [])
    firing = Alert.objects.exclude(status=AlertStatus.RESOLVED).order_by()[:_MOST_LOOKED_AT]
    recent = Alert.objects.order_by("-id")[:_MOST_LOOKED_AT]
    plainly = said_plainly(matchers)
    firing_ids = _matching(firing, mutes, Q(labels__contains=plainly))
    recent_ids = _matching(recent, mutes, Q(labels__contains=plainly, last_seen_at__gte=since))
    return Preview(
        firing_count=len(firing_ids),
        firing=_named(firing_ids),
        recent_count=len(recent_ids),
        recent=_named(recent_ids),
        is_all=not Alert.objects.filter(last_seen_at__gte=since).order_by("-id")[_MOST_LOOKED_AT:].exists(),
    )


def _matching(looked_at: QuerySet[Alert], mutes: Mutes, narrowed: Q) -> list[int]:
    asked = ("pk", "labels", "title", "severity", "dedup_key", "service_id", "integration_id")
    found = Alert.objects.filter(narrowed, pk__in=looked_at.values("pk")).order_by("-id")
    return [
        pk
        for pk, labels, title, severity, dedup_key, service_id, integration_id in found.values_list(*asked)
        if mutes.of(Facts(labels, title, severity or "", dedup_key, service_id, integration_id)).muters
    ]


def _named(pks: Sequence[int]) -> list[Alert]:
    named = Alert.objects.filter(pk__in=pks[:_SHOWN]).select_related("integration", "service")
    return list(named.order_by("-id"))


def muted_now(alerts: Sequence[Alert]) -> dict[int, Muted]:
    """What mutes each of these that fires, as of now."""
    firing = [alert for alert in alerts if alert.status != AlertStatus.RESOLVED]
    with transaction.atomic():
        mutes = mutes_now.current(clock.now()) if firing else None
    if mutes is None:
        return {}
    found = {
        alert.pk: mutes.of(
            Facts(
                alert.labels,
                alert.title,
                alert.severity or "",
                alert.dedup_key,
                alert.service_id,
                alert.integration_id,
            )
        )
        for alert in firing
    }
    sources = mutes_now.firing_sources(side for each in found.values() for side in each.targets)
    answers = {pk: judged(mutes, each, sources) for pk, each in found.items()}
    return {pk: each for pk, each in answers.items() if each is not None}


def note_mutes(alerts: Sequence[Alert]) -> None:
    """Give each of these `muted_now`: what mutes it, as the API shows it, or None."""
    found = muted_now(alerts)
    for alert in alerts:
        muted = found.get(alert.pk)
        alert.muted_now = muted.first.shown() if muted is not None else None  # type: ignore[attr-defined]  # for this answer
