"""What alerts do when an incident moves: they go with one that is merged, and mute one that would page for nothing."""

from django.db.models import F

from alerts.models import Alert, AlertStatus
from alerts.muting.unmuting import mute_if_all_is
from alerts.muting.watches import BY, look_at
from core import clock
from incidents import lifecycle
from incidents.actor import ActorKind
from incidents.hooks import StatusChanged, status_changed
from incidents.models import Incident, Severity
from incidents.states import Status


@status_changed.follow
def move_to_the_other(news: StatusChanged) -> None:
    """Its open alerts are the other incident's from now on, which is over when they are."""
    target_id = news.incident.merged_into_id
    if news.new is not Status.RESOLVED or target_id is None:
        return
    moved = Alert.objects.filter(incident=news.incident).exclude(status=AlertStatus.RESOLVED).update(incident=target_id)
    if not moved:
        return
    target = lifecycle.locked(target_id)
    lifecycle.set_alert_counts(
        target,
        alert_count=target.alert_count + moved,
        firing_count=target.firing_count + moved,
        severity=Severity(target.severity) if target.severity else None,
    )
    type(news.incident).objects.filter(pk=news.incident.pk).update(
        alert_count=F("alert_count") - moved, firing_count=F("firing_count") - moved
    )
    if Incident.objects.filter(pk=target_id, muted__isnull=False).exists():
        look_at([target_id], now=clock.now())


@status_changed.follow
def mute_again(news: StatusChanged) -> None:
    """A hold or a snooze is over while all that fires is muted: that wakes nobody. What a person does, does."""
    by_itself = news.by.kind is ActorKind.SYSTEM and news.by != BY
    if news.new is Status.TRIGGERED and news.old is not None and by_itself:
        mute_if_all_is(news.incident)
