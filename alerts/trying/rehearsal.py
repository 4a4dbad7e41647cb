"""The dry run: stored messages under the mapping in use and under a draft, side by side. Nothing is written."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from alerts.decisions.flapping import FlapRule
from alerts.decisions.grouping import Window
from alerts.decisions.routing import Router
from alerts.mapping import versions
from alerts.mapping.rules import FAILED, AlertMapping, Flat, compile_mapping
from alerts.models import AlertStatus, EventStatus, Integration
from alerts.parsing.asked import Action
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import ParsedAlert, resolve_after, sources
from alerts.pipeline import deciding
from alerts.pipeline.cases import Told
from alerts.pipeline.own_messages import AUTO_RESOLVED, FLAPPING_OVER
from alerts.pipeline.understanding import RawEvent, received, understand
from alerts.trying import comparing, messages, quiet
from alerts.trying.comparing import Difference, Run
from alerts.trying.course import Course, Habits, Seen, Sighting
from alerts.trying.messages import USUAL, Wanted
from catalog.models import Service
from core import clock

log = structlog.get_logger(__name__)

LONGEST = 8.0  # seconds
MOST_ALERTS = 20_000  # tellings
_MOST_PROBLEMS = 10
_BY_TIMERS = frozenset({AUTO_RESOLVED, FLAPPING_OVER})  # told by the run's own timers


@dataclass
class Rehearsal:
    """What came of it.

    `left_out` says by reason how many messages were not gone through. `stopped` says what was too much, if anything:
    too_many_bytes (older messages are left out), too_many_alerts, too_long (newer ones are).
    """

    messages: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    stopped: str = ""
    problems: dict[str, int] = field(default_factory=dict)  # of the draft, and how often each
    difference: Difference | None = None  # None where there was nothing to go through

    def leave_out(self, reason: str) -> None:
        """One message more."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


class _Side:
    """One of the two runs."""

    def __init__(
        self, mapping: AlertMapping | None, course: Course, decide: Callable[[RawEvent, ParsedAlert], Told]
    ) -> None:
        self.mapping = mapping
        self.seen: dict[Sighting, Seen] = {}
        self._course = course
        self._decide = decide

    def take(self, event: RawEvent, alerts: Sequence[ParsedAlert]) -> None:
        told = [self._decide(event, alert) for alert in alerts]
        for place, each in enumerate(self._course.take(event.id, event.received_at, told)):
            self.seen[event.id, place] = each

    def finish(self, until: datetime) -> Run:
        return Run(self._course.finish(until), self.seen, self._course.alert_count)


def rehearse(integration: Integration, draft: Flat, *, wanted: Wanted = USUAL) -> Rehearsal:
    """Go through the integration's messages twice: by the mapping in use, and by these expressions."""
    found = Rehearsal()
    chosen = messages.choose(integration, wanted)
    found.left_out = dict(chosen.left_out)
    found.stopped = "too_many_bytes" if chosen.is_cut else ""
    rules = deciding.rules_of(integration)
    if not chosen.ids or chosen.first_at is None or chosen.last_at is None:
        return found
    until = wanted.until or clock.now()
    silences = quiet.silences_between(integration, chosen.first_at, until)
    router = deciding.router(rules) if rules else None
    sides = [
        _Side(mapping, Course(_habits(integration), limits, silences.muted_until), _decider(integration, router))
        for limits in [{rule.position: rule.limit for rule in rules if rule.limit is not None}]
        for mapping in (versions.active(integration), compile_mapping(draft))
    ]
    ends, told = time.monotonic() + LONGEST, 0
    for event in messages.bodies(chosen):
        stopped = "too_many_alerts" if told > MOST_ALERTS else "too_long" if time.monotonic() > ends else ""
        if stopped:
            found.stopped, until = stopped, found.last_at or event.received_at
            break
        told += _go_through(integration, event, sides, found, has_routes=router is not None)
    if found.messages:
        names = dict(Service.objects.values_list("pk", "name"))
        before, after = (side.finish(until) for side in sides)
        found.difference = comparing.compare(before, after, names)
    return found


def _habits(integration: Integration) -> Habits:
    flap = FlapRule(integration.flap_changes, integration.flap_window) if integration.flap_changes else None
    window = Window(integration.group_window, integration.group_window_rolls) if integration.group_window else None
    return Habits(
        hold=integration.hold,
        reopen_within=integration.reopen_within,
        resolve_after=resolve_after(integration.resolve_after, integration.source),
        flap=flap,
        window=window,
        storm_after=integration.storm_after,
    )


def _decider(integration: Integration, router: Router | None) -> Callable[[RawEvent, ParsedAlert], Told]:
    return lambda event, alert: deciding.decide(integration, router, event, alert)


def _go_through(
    integration: Integration, event: RawEvent, sides: Sequence[_Side], found: Rehearsal, *, has_routes: bool
) -> int:
    """One message on both sides. Returns how many alerts it tells of."""
    read = [_alerts(integration, event, side.mapping) for side in sides]
    for each in read:
        if isinstance(each, str):
            found.leave_out(each)
            return 0
    old, new = (each for each in read if not isinstance(each, str))
    if not has_routes and not all(alert.own and alert.own.service_id for alert in old):
        found.leave_out("no_route")
        return 0
    found.messages += 1
    found.first_at = found.first_at or event.received_at
    found.last_at = event.received_at
    _note_problems(new, found.problems)
    sides[0].take(event, old)
    sides[1].take(event, new)
    return len(new)


def _alerts(integration: Integration, event: RawEvent, mapping: AlertMapping | None) -> list[ParsedAlert] | str:
    """What it tells of under a mapping; or, by name, why it is left out."""
    if messages.is_action(event):
        return _closed(integration, event)
    try:
        understood = understand(event, integration.source, rules=integration.mail_rules, mapping=mapping)
    except Exception as trouble:  # noqa: BLE001  a source's own mistake with one message, as in the pipeline
        log.info("replay.source_failed", message=event.id, kind=type(trouble).__name__)
        return "source_failed"
    if understood.status is not EventStatus.PROCESSED:
        return "not_readable_now"
    return [each for each in understood.alerts if each.own is None or each.own.reason not in _BY_TIMERS]


def _closed(integration: Integration, event: RawEvent) -> list[ParsedAlert] | str:
    """Of what a sender asks to be done only closing matters here, where it names the alert by its identity."""
    source = sources.get(event.source or integration.source)
    try:
        asked = source.action(received(event)) if source is not None else None
    except Unreadable:
        asked = None
    if asked is None or asked.action is not Action.CLOSE or not asked.dedup_key:
        return "action"
    return [ParsedAlert(dedup_key=asked.dedup_key, title="", status=AlertStatus.RESOLVED)]


def _note_problems(alerts: Sequence[ParsedAlert], problems: dict[str, int]) -> None:
    for alert in alerts:
        if not alert.mapped or alert.mapped["reason"] != FAILED:
            continue
        for failure in alert.mapped["failures"]:
            sentence = f"{failure['field'] or 'mapping'}: {failure['problem']}"
            if sentence in problems or len(problems) < _MOST_PROBLEMS:
                problems[sentence] = problems.get(sentence, 0) + 1
