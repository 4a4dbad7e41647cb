"""Gathers what a delivery has to say, as it stands at this moment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urljoin

from django.conf import settings

from accounts.models import User
from core import clock
from incidents.models import Incident
from incidents.states import Status as IncidentStatus
from notifications import links
from notifications.messages import Facts, Message
from notifications.models import Delivery, Kind
from notifications.states import Status

_ANSWERED_IN_WORDS = ("sms",)
ANSWERABLE_FOR = timedelta(days=7)  # older pages count no more when we say which ones wait for an answer
_HAS_GONE_OUT = (Status.SENDING, Status.SENT, Status.DELIVERED, Status.UNKNOWN)


def message_for(delivery: Delivery, *, others_wait: bool = False) -> Message:
    """The message. The delivery comes with its user, incident and service."""
    user, incident = delivery.user, delivery.incident
    name, zone = (user.shown_name, user.time_zone) if user else ("", "UTC")
    if delivery.kind == Kind.TEST:
        return Message(
            name,
            zone,
            subject="TEST page from Tocsin",
            text=f"This is a test, {name}: pages reach you here. Nothing is wrong and nothing needs an answer.",
        )
    if delivery.kind == Kind.NOTICE or incident is None:
        content = delivery.content
        return Message(name, zone, subject=str(content.get("subject", "")), text=str(content.get("text", "")))
    return Message(
        name,
        zone,
        facts=facts_of(incident),
        act_url=_act_url(incident, user),
        others_wait=others_wait,
    )


def facts_of(incident: Incident) -> Facts:
    """What messages know of an incident."""
    who, via = "", ""
    if incident.status == IncidentStatus.ACKNOWLEDGED and incident.acknowledged_by is not None:
        who, via = incident.acknowledged_by.shown_name, incident.acknowledged_via
    elif incident.status == IncidentStatus.RESOLVED and incident.resolved_by is not None:
        who = incident.resolved_by.shown_name
    return Facts(
        incident_id=incident.pk,
        number=incident.number,
        title=incident.title,
        service=incident.service.name,
        severity=incident.severity or "",
        urgency=incident.urgency,
        status=IncidentStatus(incident.status),
        since=incident.status_since,
        opened_at=incident.created_at,
        description=incident.description,
        alert_count=incident.alert_count,
        url=incident_url(incident),
        version=incident.version,
        who=who,
        by_way_of=via,
    )


def incident_url(incident: Incident) -> str:
    """The absolute address of its page."""
    return urljoin(settings.PUBLIC_URL + "/", incident.get_absolute_url().lstrip("/"))


def _act_url(incident: Incident, user: User | None) -> str:
    return links.url_for(incident.pk, user.pk) if user else ""


def crowded(deliveries: Sequence[Delivery]) -> set[int]:
    """Those to whose address pages of other incidents went that nobody has: a bare reply would not say which."""
    addresses = {each.address for each in deliveries if each.kind == Kind.PAGE and each.channel in _ANSWERED_IN_WORDS}
    if not addresses:
        return set()
    waiting = Delivery.objects.filter(
        kind=Kind.PAGE,
        channel__in=_ANSWERED_IN_WORDS,
        address__in=addresses,
        tried_at__gt=clock.now() - ANSWERABLE_FOR,
        status__in=_HAS_GONE_OUT,
        incident__status=IncidentStatus.TRIGGERED,
    )
    others: dict[str, set[int | None]] = defaultdict(set)
    for address, incident_id in waiting.values_list("address", "incident_id").distinct():
        others[address].add(incident_id)
    return {each.pk for each in deliveries if others[each.address] - {each.incident_id}}
