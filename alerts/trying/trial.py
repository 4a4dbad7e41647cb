"""What expressions would make of messages that came: the editor's preview. Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson
from django.db.models import Q

from alerts.mapping.expressions import Result
from alerts.mapping.rules import FIELDS, Flat, compile_mapping
from alerts.models import Event, Integration
from alerts.parsing.source import Json, ParsedAlert
from alerts.parsing.trimming import trim
from alerts.pipeline import own_messages
from alerts.pipeline.understanding import RawEvent, content, understand
from incidents.models import Severity

RECENT = 20
LARGEST = 512 * 1024  # bytes of a message that is tried
_MOST_ALERTS = 3
_LONGEST_SHOWN = 30_000
_LONGEST_VALUE = 600


@dataclass(frozen=True)
class FieldTried:
    """A field of an alert: what its source reads, what it comes to, and what is wrong with its expression."""

    name: str
    default: str
    value: str
    problem: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether the mapping makes something else of it."""
        return self.value != self.default


@dataclass(frozen=True)
class Trial:
    """A message under a mapping: what it holds, and its first alerts field by field."""

    event: Event
    payload: str
    message: str  # the whole, where the payload is a part of it
    alerts: list[list[FieldTried]]
    alert_count: int
    problem: str

    @property
    def more(self) -> int:
        """Alerts that are not shown."""
        return self.alert_count - len(self.alerts)


def recent(integration: Integration) -> list[Event]:
    """The integration's last messages that can be tried, newest first, without their bodies."""
    found = Event.objects.filter(integration=integration, body_size__lte=LARGEST).exclude(Q(source=own_messages.SOURCE))
    return list(found.defer("body", "headers", "query").order_by("-id")[:RECENT])


def named(integration: Integration, number: int | None, among: Sequence[Event]) -> Event | None:
    """The message of this number, whenever it came; the newest of these where there is none."""
    chosen = next((each for each in among if each.pk == number), None)
    if chosen is None and number is not None:
        of_it = Event.objects.filter(integration=integration, pk=number, body_size__lte=LARGEST)
        chosen = of_it.defer("body", "headers", "query").first()
    return chosen or (among[0] if among else None)


def trial(integration: Integration, event: Event, expressions: Flat) -> Trial:
    """One message under these expressions, over what its source reads."""
    raw = raw_of(event)
    try:
        read = understand(raw, integration.source, rules=integration.mail_rules)
    except Exception:  # noqa: BLE001  a source's own mistake with this message, as in the pipeline
        return Trial(event, _pretty(content(raw)), "", [], 0, "Its source fails on this message. The log says why.")
    whole = content(raw)
    mapping = compile_mapping(expressions)
    tried = []
    for alert in read.alerts[:_MOST_ALERTS]:
        mapped = replace(alert)
        results = mapping.results(alert, lambda: whole)
        failures = mapping.put_into(mapped, results)
        trim(mapped)
        tried.append(_compared(alert, mapped, failures))
    element = read.alerts[0].element if read.alerts else None
    is_part = element is not None and element != whole
    return Trial(
        event=event,
        payload=_pretty(element if is_part else whole),
        message=_pretty(whole) if is_part else "",
        alerts=tried,
        alert_count=len(read.alerts),
        problem="" if read.alerts else (read.problem or "The message tells of no alert."),
    )


def raw_of(event: Event) -> RawEvent:
    """A message as the pipeline would take it."""
    return RawEvent(
        id=event.pk,
        received_at=event.received_at,
        source=event.source,
        content_type=event.content_type,
        headers=event.headers or {},
        query=event.query,
        body=bytes(event.body),
        marks=[],
        failures=0,
    )


def _compared(before: ParsedAlert, after: ParsedAlert, failures: Mapping[str, Result]) -> list[FieldTried]:
    then, now = _shown(before), _shown(after)
    names = [*FIELDS, *sorted({*then, *now} - set(FIELDS))]
    found = []
    for name in names:
        problem = failures[name].problem if name in failures else ""
        found.append(FieldTried(name, then.get(name, ""), now.get(name, ""), problem))
    lost = [FieldTried(name, "", "", each.problem) for name, each in failures.items() if name not in names]
    return [*found, *lost]


def _shown(alert: ParsedAlert) -> dict[str, str]:
    shown = {
        "title": alert.title,
        "description": alert.description,
        "severity": Severity(alert.severity).label if alert.severity else "",
        "identity": alert.dedup_key,
        "status": alert.status.label,
        **{f"labels.{name}": value for name, value in alert.labels.items()},
    }
    return {name: str(value)[:_LONGEST_VALUE] for name, value in shown.items()}


def _pretty(value: Json) -> str:
    if isinstance(value, str):
        return value[:_LONGEST_SHOWN]
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}\n…"
