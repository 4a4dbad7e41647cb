"""Carries out on incidents what a batch of messages brought about: opens, joins, makes worse, acknowledges, resolves.

Once per incident and not per alert. The incidents are locked already, those to be opened are new; every change is
recorded with the name of its reason: why grouped so, why routed so.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from alerts.decisions.flapping import FlapRule
from alerts.models import Integration
from alerts.pipeline.cases import Act, ActKind, Case, Flap, Told
from alerts.pipeline.dedup import Following
from alerts.pipeline.muting import BatchMuting
from alerts.pipeline.own_messages import AUTO_RESOLVED, FLAPPING_OVER
from alerts.pipeline.thresholds import BatchThresholds
from catalog.models import Service, UrgencyRule
from core import durations
from escalation import manual
from incidents import lifecycle, opening, timeline
from incidents.actor import Actor, source, system
from incidents.models import Incident, Urgency
from incidents.opening import Entry, Opening
from incidents.timeline import Detail
from incidents.urgency import urgency_for

_MOST_NAMED = 5
_ALWAYS_TOLD = 20  # alerts of an incident; beyond, joining is told each time their number has doubled


class Attaching:
    """One batch of one integration."""

    def __init__(
        self,
        integration: Integration,
        following: Following,
        *,
        incidents: Mapping[int, Incident],
        services: Mapping[int, Service],
        muting: BatchMuting | None = None,
        thresholds: BatchThresholds | None = None,
        by: Actor | None = None,
    ) -> None:
        self._integration = integration
        self._following = following
        self._services = services
        self._muting = muting  # None where nothing mutes
        self._thresholds = thresholds  # None where nothing is held back by one
        self._incidents = dict(incidents)
        self._settled: set[int] = set()
        self._new: list[Case] = []
        self._by: Actor = by or source(integration.name)

    def carry_out(self) -> None:
        """Everything, in the order in which it came about; what opens is opened together as far as that allows."""
        at_once, keys = [], set()
        for act in self._following.acts:
            if act.kind is ActKind.OPEN and act.case.open_key not in keys:
                at_once.append(act)
            keys.add(act.case.open_key)
        self._open(at_once)
        for act in self._following.acts:
            if act.kind is ActKind.OPEN and act.case.incident_id is None:
                self._open([act])  # its group's last incident had to be over first
            self._settle(act.case)
            if act.case.incident_id is not None:
                self._do(act, act.case.incident_id)
        for case in self._following.touched.values():
            self._settle(case)
        self._tell_of_flapping()
        self._link()
        if self._muting is not None:
            self._muting.carry_out(self._incidents, self._new, self._by)
        if self._thresholds is not None:
            self._thresholds.carry_out(self._following.cases, self._incidents, self._by)

    def _do(self, act: Act, incident_id: int) -> None:
        if act.kind is ActKind.REOPEN:
            lifecycle.reopen(incident_id, by=self._by, reason="fired_again")
            if self._muting is not None:
                self._muting.reopened(incident_id, act.told)
        elif act.kind is ActKind.WORSE and act.case not in self._new:
            # What was opened in this very batch has paged nobody yet and was opened as bad as it is.
            if self._muting is None or not self._muting.is_muted(act.told):
                manual.restart(incident_id, by=self._by, reason="severity_rose")
        elif act.kind is ActKind.RELEASE:
            self._release(self._incidents[incident_id])
        elif act.kind is ActKind.ACKNOWLEDGE:
            lifecycle.acknowledge(incident_id, by=self._by)
        elif act.kind is ActKind.RESOLVE:
            lifecycle.resolve(incident_id, by=self._by_of(act), reason=_reason(act, "all_alerts_resolved"))

    def _by_of(self, act: Act) -> Actor:
        own = act.told.alert.own
        return system(_ACTORS[own.reason]) if own is not None and own.reason in _ACTORS else self._by

    def _release(self, incident: Incident) -> None:
        """It stays open for what fires in it; what comes now opens another."""
        incident.open_key = None
        lifecycle.save_changes(incident, ["open_key"])
        window = durations.write(self._integration.group_window or timedelta())
        text = f"Takes in no more alerts, as the integration's grouping window of {window} is over."
        timeline.record(incident, kind="group_closed", by=self._by, reason="group_window_over", text=text)

    def _tell_of_flapping(self) -> None:
        for flap in self._following.flaps.news:
            incident = self._incidents.get(flap.case.incident_id or 0)
            if incident is not None:
                kind = "flapping" if flap.changes else FLAPPING_OVER
                text = flapping_text(flap, self._integration)
                timeline.record(
                    incident, kind=kind, by=self._by, reason=kind, text=text, alert=flap.title, changes=flap.changes
                )

    def _open(self, acts: Sequence[Act]) -> None:
        incidents = opening.open_many([self._opening(act) for act in acts], by=self._by)
        for act, incident in zip(acts, incidents, strict=True):
            act.case.incident_id = incident.pk
            self._incidents[incident.pk] = incident
            self._settled.add(id(act.case))
        self._new.extend(act.case for act in acts)

    def _opening(self, act: Act) -> Opening:
        case, told = act.case, act.told
        service = self._services[case.service_id]
        previous = self._incidents.get(case.previous.incident_id or 0) if case.previous is not None else None
        entries = [Entry("routed", told.route.reason, _sentence(told, service), _why(told))]
        others = [each for each in case.joined if each is not told]
        if others:
            entries.append(_joined(others, case.alert_count))
        below = self._thresholds.entry_of(case) if self._thresholds is not None else None
        if below is not None:
            entries.append(below)
        return Opening(
            service=service,
            title=told.alert.title or told.alert.dedup_key[:1024],
            description=told.alert.description,
            urgency=_urgency(service, case),
            severity=case.severity,
            origin=self._integration.name,
            group_key=case.group_key,
            open_key=case.open_key,
            hold=self._integration.hold if below is None else timedelta(),
            is_held_back=below is not None,
            mute=self._muting.mute_of(case) if self._muting is not None else None,
            previous=previous,
            alert_count=max(0, case.alert_count),
            firing_count=max(0, case.firing_count),
            reason=_reason(act, _why_opened(case.previous)),
            details=_why(told),
            entries=tuple(entries),
        )

    def _settle(self, case: Case) -> None:
        """Counts and severity, once; they are known to the end of the batch before anything is done."""
        if id(case) in self._settled or case.incident_id is None:
            return
        self._settled.add(id(case))
        incident = self._incidents[case.incident_id]
        before = incident.alert_count
        urgency = Urgency(incident.urgency)
        if urgency is Urgency.LOW and case.is_open:
            urgency = _urgency(self._services[case.service_id], case)
        lifecycle.set_alert_counts(
            incident,
            alert_count=max(0, case.alert_count),
            firing_count=max(0, case.firing_count),
            severity=case.severity,
            urgency=urgency,
            by=self._by,
        )
        if case.joined and _is_worth_telling(before, case.alert_count):
            joined = _joined(case.joined, case.alert_count)
            timeline.record(
                incident, kind=joined.kind, by=self._by, reason=joined.reason, text=joined.text, **joined.details
            )

    def _link(self) -> None:
        """A group whose alerts are routed to several services has an incident on each: they name one another."""
        for episode in self._following.changed.values():
            for old in episode.also_in:
                if episode.case in self._new and episode.case is not None:
                    self._tell_both(old, episode.case)
        groups = {case.group_key: case for case in self._new}
        if len(self._services) < 2 or not groups:
            return
        siblings = (
            Incident.objects.open()
            .filter(origin=self._integration.name, group_key__in=groups)
            .exclude(pk__in=[case.incident_id for case in self._new])
        )
        for sibling in siblings.order_by("id")[:100]:
            case = groups[sibling.group_key]
            if sibling.service_id != case.service_id and case.incident_id is not None:
                self._tell_linked(self._incidents[case.incident_id], sibling)

    def _tell_both(self, old: Case, new: Case) -> None:
        if old.incident_id is None or new.incident_id is None:
            return
        first, second = self._incidents[old.incident_id], self._incidents[new.incident_id]
        text = f"It got worse and is now for {second.service.name} too: #{second.number}."
        timeline.record(first, kind="linked", by=self._by, reason="severity_rose", text=text, other=second.pk)

    def _tell_linked(self, incident: Incident, sibling: Incident) -> None:
        text = f"The same group has an open incident on {sibling.service.name}: #{sibling.number}."
        timeline.record(incident, kind="linked", by=self._by, reason="same_group", text=text, other=sibling.pk)


def _why_opened(previous: Case | None) -> str:
    if previous is None:
        return "alert_fired"
    return "group_window_over" if previous.is_open else "fired_after_resolve"


def _reason(act: Act, of_sources: str) -> str:
    """Tocsin's own, where it said so itself."""
    return of_sources if act.told.alert.own is None else act.told.alert.own.reason


_ACTORS = {AUTO_RESOLVED: "auto-resolve", FLAPPING_OVER: "flap detection"}


def flapping_text(flap: Flap, integration: Integration) -> str:
    """What the timeline says of an alert that begins to flap, or has been quiet."""
    rule = FlapRule(integration.flap_changes, integration.flap_window)
    quiet = durations.write(rule.quiet)
    if not flap.changes:
        return f"No longer flapping, as it has not changed for {quiet}: {flap.title}."
    within = durations.write(rule.window)
    return (
        f"Flapping, {flap.changes} changes within {within}: {flap.title}. "
        f"This stays open, and nobody is paged for it again, until it has not changed for {quiet}."
    )


def _urgency(service: Service, case: Case) -> Urgency:
    return urgency_for(UrgencyRule(service.urgency), case.severity)


def _is_worth_telling(before: int, after: int) -> bool:
    return after <= _ALWAYS_TOLD or after.bit_length() > before.bit_length()


def _joined(told: Sequence[Told], total: int) -> Entry:
    names = list(dict.fromkeys(each.alert.title or each.alert.dedup_key[:100] for each in told))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    text = f"{len(told)} more alert{'s' * (len(told) != 1)}, {total} in all: {', '.join(names[:_MOST_NAMED])}{more}."
    details: dict[str, Detail] = {"joined": len(told), "alert_count": total}
    return Entry("alerts_joined", told[0].group.reason, text, details)


def _why(told: Told) -> dict[str, Detail]:
    return {
        "route": told.route.reason,
        "route_position": told.route.position,
        "condition": told.route.condition,
        "group": told.group.reason,
        "dedup_key": told.alert.dedup_key[:1024],
    }


_GROUPED = {
    "group_by": "grouped by the integration's labels",
    "everything": "grouped with everything else of its integration",
    "source_default": "grouped as its source groups",
    "not_grouped": "not grouped with others",
    "storm": "gathered with the others of a storm",
    "expression": "grouped by the integration's expression",
    "expression_failed": "not grouped, as the integration's expression gave no text for it",
    "labels_missing": "not grouped, as it has none of the labels to group by",
}


def _sentence(told: Told, service: Service) -> str:
    route = told.route
    if route.reason == "condition_matched":
        routed = f"Routed to {service.name} by route {route.position}: {route.condition}"
    elif route.reason == "named":
        routed = f"For {service.name}, as its heartbeat says"
    elif route.reason == "within_hours":
        routed = f"Routed to {service.name} by route {route.position}, within its hours"
    elif route.reason == "default_route":
        routed = f"Routed to {service.name} by the default route"
    else:
        routed = f"Routed to {service.name}: no route matched and none is without a condition, so the last was taken"
    failed = "".join(f" Route {position} was not asked: outside its hours." for position in route.outside)
    failed += "".join(f" Route {position} could not be asked: {problem}." for position, problem in route.failures)
    return f"{routed}; {_GROUPED[told.group.reason]}: {told.group.key[:300]}.{failed}"
