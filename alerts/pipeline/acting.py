"""Carries out what a sender asks to be done to an alert: acknowledge it, close it, give it a note, assign it.

In order with the alerts of its integration, each in a transaction of its own (`alerts.pipeline.ingest`), so that it
finds what was created a moment before. What concerns the condition (it is over, it is worse) is told to the pipeline
first; what concerns people goes to the verbs of the incident, in the name of the integration and of whom the sender
names.
"""

from dataclasses import replace

from django.db.models import Q

from accounts.models import User
from alerts.decisions.grouping import fingerprint
from alerts.models import Alert, AlertStatus, EventStatus, Integration
from alerts.parsing import asked, opsgenie
from alerts.parsing.asked import Action, Asked
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Link, ParsedAlert, sources
from alerts.parsing.trimming import LONGEST_DESCRIPTION, LONGEST_TITLE, cut
from alerts.pipeline.understanding import RawEvent, Understood, received
from core.errors import DomainError, Invalid
from escalation import manual
from escalation.models import Policy
from incidents import lifecycle, timeline
from incidents.actor import Actor, ActorKind, Via
from incidents.models import Severity
from incidents.states import OPEN

IS_OPEN = ~Q(status=AlertStatus.RESOLVED) & (Q(incident__isnull=True) | Q(incident__status__in=OPEN))
# These want somebody to do something, which nobody has to any more when the alert is over.
_OF_OPEN_ALERTS = frozenset(
    {Action.ACKNOWLEDGE, Action.UNACKNOWLEDGE, Action.CLOSE, Action.SNOOZE, Action.ASSIGN, Action.ESCALATE}
)
_SHOWN = {Action.ACKNOWLEDGE: AlertStatus.ACKNOWLEDGED, Action.CLOSE: AlertStatus.RESOLVED}


class NoSuchAlert(DomainError):
    """Nothing has this id, or nothing open this alias."""

    code = "alert_unknown"

    def __init__(self) -> None:
        super().__init__("Alert does not exist")


class AlertIsClosed(DomainError):
    """It is over."""

    code = "alert_closed"

    def __init__(self) -> None:
        super().__init__("Alert is already closed")


def is_action(event: RawEvent) -> bool:
    """Whether this message asks for something to be done, and tells of no alert."""
    return asked.KEPT_AS in event.headers


class Acting:
    """One action. The integration is locked by the caller's transaction."""

    def __init__(self, integration: Integration, event: RawEvent) -> None:
        self._integration = integration
        self._event = event
        self._problem: Understood | None = None
        self._was: Alert | None = None
        try:
            self._asked = self._read()
            self._was = self._found()
        except (Unreadable, DomainError) as trouble:
            self._problem = self._failed(trouble)

    @property
    def by(self) -> Actor:
        """In whose name: the integration's, and of whom the sender names."""
        who = self._asked.who if self._problem is None else ""
        name = f"{self._integration.name} ({who})" if who else self._integration.name
        return Actor(ActorKind.SOURCE, name, Via.WEBHOOK)

    def told(self) -> ParsedAlert | None:
        """What the pipeline is to be told first: that the alert is over, or how bad it is now."""
        if self._was is None:
            return None
        if self._asked.action is Action.CLOSE and self._was.status != AlertStatus.RESOLVED:
            return ParsedAlert(dedup_key=self._was.dedup_key, title="", status=AlertStatus.RESOLVED)
        if self._asked.action is Action.PRIORITY and self._is_open():
            return self._with_priority(self._was)
        return None

    def finish(self) -> Understood:
        """Do what concerns people and the alert's own fields; what became of it."""
        if self._was is None:
            return self._problem or self._failed(NoSuchAlert())
        try:
            self._do(self._was)
        except DomainError as trouble:
            return self._failed(trouble)
        shown = ParsedAlert(
            dedup_key=self._was.dedup_key,
            title=self._was.title,
            status=_SHOWN.get(self._asked.action, AlertStatus(self._was.status)),
            severity=Severity(self._was.severity) if self._was.severity else None,
        )
        return Understood(self._event, alerts=[shown], reason=self._asked.action)

    def _read(self) -> Asked:
        slug = self._event.source or self._integration.source
        source = sources.get(slug)
        if source is None:
            raise Unreadable("unknown_source", f"No source is called {slug!r} in this release.")
        return source.action(received(self._event))

    def _found(self) -> Alert:
        of_it = Alert.objects.filter(integration=self._integration).select_related("incident").order_by("-id")
        if self._asked.alert_id is not None:
            found = of_it.filter(pk=self._asked.alert_id).first()
        else:
            found = of_it.filter(IS_OPEN, fingerprint=fingerprint(self._asked.dedup_key)).first()
        if found is None:
            raise NoSuchAlert
        if self._asked.action in _OF_OPEN_ALERTS and found.status == AlertStatus.RESOLVED:
            raise AlertIsClosed
        return found

    def _is_open(self) -> bool:
        return self._was is not None and Alert.objects.filter(IS_OPEN, pk=self._was.pk).exists()

    def _failed(self, trouble: Unreadable | DomainError) -> Understood:
        reason = trouble.reason if isinstance(trouble, Unreadable) else trouble.code
        return Understood(self._event, status=EventStatus.IGNORED, reason=reason, problem=str(trouble)[:2000])

    def _do(self, alert: Alert) -> None:
        action = self._asked.action
        if action is Action.PRIORITY:
            self._keep_priority(alert)
        elif action in _FIELDS:
            self._change_fields(alert)
        elif action is Action.MESSAGE:
            self._rename(alert)
        elif action is Action.DESCRIPTION:
            _write(alert, description=cut(self._asked.text, LONGEST_DESCRIPTION))
        if alert.incident_id is None:
            return
        self._act_on_incident(alert.incident_id, alert)
        note = self._asked.text if action is Action.NOTE else self._asked.note
        if note.strip():
            lifecycle.note(alert.incident_id, text=cut(note.strip(), lifecycle.LONGEST_NOTE), by=self.by)

    def _act_on_incident(self, incident_id: int, alert: Alert) -> None:
        action, by = self._asked.action, self.by
        if action is Action.ACKNOWLEDGE:
            lifecycle.acknowledge(incident_id, by=by)
        elif action is Action.UNACKNOWLEDGE:
            lifecycle.unacknowledge(incident_id, by=by)
        elif action is Action.SNOOZE:
            if self._asked.until is None:
                raise Invalid("The end of the snooze cannot be read as a point in time.")
            lifecycle.snooze(incident_id, until=self._asked.until, by=by)
        elif action is Action.ASSIGN:
            manual.reassign(incident_id, users=[_person(self._asked.text)], by=by)
        elif action is Action.ESCALATE:
            self._escalate(incident_id)
        elif action is Action.CLOSE:
            self._tell_of_others(incident_id, alert)

    def _escalate(self, incident_id: int) -> None:
        """By the policy that follows it, or by the one that is named, where there is one of this name."""
        name = self._asked.text
        policy = Policy.objects.filter(name=name).first() if name else None
        covering = Policy.objects.filter(covers__service__incidents=incident_id).first()
        if policy is None or policy == covering:
            manual.escalate(incident_id, by=self.by)
        else:
            manual.reassign(incident_id, policy=policy, by=self.by)

    def _tell_of_others(self, incident_id: int, alert: Alert) -> None:
        incident = lifecycle.locked(incident_id)
        if not incident.is_open:
            return
        left = incident.firing_count
        text = f"{alert.title} was closed by {self.by.phrase}; {left} of its alerts still fire{'s' * (left == 1)}."
        timeline.record(incident, kind="alert_closed", by=self.by, reason="others_fire", text=text, left=left)

    def _with_priority(self, alert: Alert) -> ParsedAlert:
        fields = replace(opsgenie.fields_of(alert.labels), priority=self._asked.text)
        return ParsedAlert(
            dedup_key=alert.dedup_key,
            title=alert.title,
            severity=opsgenie.severity_for(self._asked.text),
            description=alert.description,
            labels=fields.labels(),
            annotations=dict(alert.annotations),
            links=[Link(each["text"], each["href"]) for each in alert.links],
            started_at=alert.started_at,
        )

    def _keep_priority(self, alert: Alert) -> None:
        """To be told how bad it is, is not to be told of it once more. What is over is only labelled."""
        fields = replace(opsgenie.fields_of(alert.labels), priority=self._asked.text)
        severity = opsgenie.severity_for(self._asked.text)
        _write(alert, severity=severity, labels=fields.labels(), count=alert.count, last_seen_at=alert.last_seen_at)

    def _change_fields(self, alert: Alert) -> None:
        fields, wished = opsgenie.fields_of(alert.labels), self._asked
        if wished.action is Action.ADD_TAGS:
            fields = fields.tagged(add=wished.words)
        elif wished.action is Action.REMOVE_TAGS:
            fields = fields.tagged(remove=wished.words)
        elif wished.action is Action.ADD_DETAILS:
            fields = fields.detailed(add=wished.pairs)
        else:
            fields = fields.detailed(remove=wished.words)
        _write(alert, labels=fields.labels())

    def _rename(self, alert: Alert) -> None:
        title = cut(self._asked.text.strip(), LONGEST_TITLE)
        if alert.incident is not None and alert.incident.title == alert.title:
            lifecycle.rename(alert.incident.pk, title=title, by=self.by)
        _write(alert, title=title)


_FIELDS = frozenset({Action.ADD_TAGS, Action.REMOVE_TAGS, Action.ADD_DETAILS, Action.REMOVE_DETAILS})


def _write(alert: Alert, **values: object) -> None:
    """Change what an alert says. Its next message is compared with that anew."""
    Alert.objects.filter(pk=alert.pk).update(**values, content_hash=None)


def _person(name: str) -> User:
    """Whom the sender means by a username or an address. Raises Invalid."""
    named = Q(username__iexact=name) | Q(email__iexact=name)
    found: User | None = User.objects.filter(named, is_active=True).order_by("pk").first()
    if found is None:
        raise Invalid(f"User [{name[:100]}] does not exist")
    return found
