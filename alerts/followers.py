"""What alerts do when an incident moves: those of an incident that is merged into another go with it."""

from django.db.models import F

from alerts.models import Alert, AlertStatus
from incidents import lifecycle
from incidents.hooks import StatusChanged, status_changed
from incidents.models import Severity
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
