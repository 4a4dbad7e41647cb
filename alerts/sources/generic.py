"""Any JSON, form or text: sensible guesses at what it says.

The first of several usual names that is there wins; what has no meaning of its own becomes a label. A message without
an identity is the same alert as another with the same title and labels, so that its `resolved` finds its `firing`;
what changes while a problem lasts, as how bad it is or what was measured, is no part of that.
"""

import re

from alerts.models import AlertStatus
from alerts.parsing.authentication import BY_HEADER, Signed, StandardWebhook, by
from alerts.parsing.bodies import body_of
from alerts.parsing.fields import filled, key_of_content, object_at, said, text_at
from alerts.parsing.mend import Unreadable, clean_text
from alerts.parsing.source import (
    HAD,
    OVER,
    ChangeTold,
    Example,
    Expected,
    Ignored,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    as_texts,
    links_of,
    severity_of,
)
from incidents.models import Severity

_TITLE = ("title", "summary", "subject", "alert_title", "alertname", "alert_name", "name", "rule_name", "rulename",
          "message", "msg", "text", "description")  # fmt: skip
_DESCRIPTION = ("description", "message", "details", "body", "text", "reason", "summary")
_IDENTITY = ("dedup_key", "dedupkey", "alert_uid", "alias", "fingerprint", "incident_key", "incidentkey", "id", "uid")
_STATUS = ("status", "state", "alert_status", "alertstatus", "event_action", "action", "current_state")
_SEVERITY = ("severity", "priority", "level", "criticality", "urgency")
_STARTED = ("started_at", "startsat", "starts_at", "timestamp", "time", "occurred_at", "event_time", "date",
            "@timestamp")  # fmt: skip
_ENDED = ("ended_at", "endsat", "ends_at", "resolved_at", "timestamp", "time", "event_time", "date", "@timestamp")
_LINKS = (
    ("Source", ("url", "link", "href", "link_to_upstream_details", "html_url", "generatorurl", "source_url")),
    ("Runbook", ("runbook_url", "runbook")),
    ("Dashboard", ("dashboard_url", "dashboardurl")),
    ("Image", ("image_url", "imageurl")),
)
_LISTS = ("alerts", "events")
_WRAPPERS = ("alert", "event", "incident", "payload", "data", "problem")
_NOT_LABELS = frozenset((*_DESCRIPTION, *_IDENTITY, *_STATUS, *_STARTED, *_ENDED, *_TITLE))
_LONGEST_LABEL = 200
# What a message says of its moment, and not of what it is about.
_OF_THE_MOMENT = frozenset((*_STATUS, *_SEVERITY, *_STARTED, *_ENDED, "firing", "resolved", "previous_state",
                            "previous_status", "old_state", "old_status", "new_state", "new_status"))  # fmt: skip
_MEASURED = re.compile(r"(?i)value$|(?:^|_)(?:count|occurrences|duration|elapsed|uptime)(?:_(?:m?s|seconds|minutes))?$")
_SET = re.compile(r"(?i)threshold|limit|quantile|percentile")  # by somebody, and not measured
_NUMBER = re.compile(r"\s*[-+]?\.?\d")

# Grafana OnCall's demonstration alert has no title; people who move over know it by this one.
_ONCALL_DEMO = "This alert was sent by user for demonstration purposes"


class Generic(Source):
    slug = "generic"
    label = "Anything else"
    authentication = by(Signed("x-hub-signature-256", prefix="sha256="), StandardWebhook(), *BY_HEADER.ways)
    group_text = "Not at all: each alert is a group of its own."
    set_up = """\
Post JSON to `{url}`. All fields are optional but one that can serve as a title:

```sh
curl -X POST {url} -H 'Content-Type: application/json' -d '{
  "title": "Disk almost full", "severity": "critical", "status": "firing",
  "dedup_key": "db-1/disk", "description": "97 %", "labels": {"host": "db-1"}
}'
```

The same with `"status": "resolved"` resolves it. Without a `dedup_key` it is known by title and labels, not by what was
measured. A form, plain text or a GET with a query are read, too: `{url}?title=Disk+almost+full&dedup_key=db-1/disk`.
With `"kind": "change"` it is a change, as a deployment: it pages nobody and is shown beside the incidents that open in
the day after it.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert for an object or a text, several for a list."""
        body = body_of(received)
        if isinstance(body, str):
            return [_of_text(body)]
        if isinstance(body, dict) and text_at(body, "kind").strip().lower() == "change":
            received.changes.append(_change(body, received))
            raise Ignored("change_event", "A change: it is kept beside incidents and never alerts.")
        if isinstance(body, dict):
            body = _elements(body)
        if not isinstance(body, list):
            raise Unreadable("unexpected_shape", "The body is JSON but neither an object nor a list of objects.")
        if not body:
            raise Ignored("no_alerts", "The message is an empty list.")
        objects = [each for each in body if isinstance(each, dict) and each]
        if not objects:
            raise Unreadable("no_content", "There is nothing in the message that could be an alert.")
        return [_of_object(each, received) for each in objects]

    examples = (
        Example(
            "firing",
            {"title": "Disk almost full", "severity": "critical", "labels": {"host": "db-1"}, "message": "97 %"},
            (Expected(AlertStatus.FIRING, "Disk almost full", Severity.CRITICAL),),
        ),
        Example(
            "resolved",
            {"title": "Disk almost full", "status": "ok", "labels": {"host": "db-1"}, "message": "61 %"},
            (Expected(AlertStatus.RESOLVED, "Disk almost full"),),
        ),
        Example(
            "list",
            [{"summary": "Queue is long", "priority": "P3", "id": 9007199254740993}, {"name": "Queue is gone"}],
            (
                Expected(AlertStatus.FIRING, "Queue is long", Severity.WARNING, "9007199254740993"),
                Expected(AlertStatus.FIRING, "Queue is gone"),
            ),
        ),
        Example(
            "form",
            "title=Backup+failed&level=error&host=db-1",
            (Expected(AlertStatus.FIRING, "Backup failed", Severity.ERROR),),
            content_type="application/x-www-form-urlencoded",
        ),
        Example(
            "text",
            "Backup failed on db-1\nNo space left on device\n",
            (Expected(AlertStatus.FIRING, "Backup failed on db-1"),),
            content_type="text/plain",
        ),
    )


def _change(body: dict[str, Json], received: Received) -> ChangeTold:
    fields = {name.lower(): value for name, value in body.items()}
    labels = _labels({name: value for name, value in fields.items() if name != "kind"})
    return ChangeTold(
        summary=_first(fields, _TITLE) or _first(fields, _DESCRIPTION) or "A change",
        at=received.moment(_raw(fields, _STARTED)),
        by=_first(fields, ("source", "by", "tool", "user")),
        labels=labels,
        details={**labels, **as_texts(fields.get("annotations")), **as_texts(fields.get("details"))},
        links=links_of(*((text, _raw(fields, names)) for text, names in _LINKS)),
    )


def _elements(body: dict[str, Json]) -> list[Json]:
    for name in _LISTS:
        given = body.get(name)
        if isinstance(given, list) and any(isinstance(each, dict) for each in given):
            return given
    for name in _WRAPPERS:
        given = body.get(name)
        if isinstance(given, dict) and not any(each in body for each in _TITLE):
            return [{**{outer: value for outer, value in body.items() if outer != name}, **given}]
    return [body]


def _of_text(text: str) -> ParsedAlert:
    text, _ = clean_text(text)
    title, _, rest = text.strip().partition("\n")
    if not title:
        raise Unreadable("empty", "The message has no text.")
    key = title if filled(title) else key_of_content({"text": text})  # a macro would make one alert of all
    return ParsedAlert(dedup_key=key, title=title.strip(), description=rest.strip())


def _of_object(body: dict[str, Json], received: Received) -> ParsedAlert:
    fields = {name.lower(): value for name, value in body.items()}
    labels = _labels(fields)
    annotations = as_texts(fields.get("annotations"))
    named = _named(fields) or filled(labels.get("alertname", "")) or _named(annotations)
    title = named or _first(fields, _TITLE) or _any_title(fields)
    if title == _ONCALL_DEMO:
        title = "Incident"
    word = _first(fields, _STATUS).strip().lower()
    status = _status(word, fields)
    started = received.moment(_raw(fields, _STARTED))
    return ParsedAlert(
        dedup_key=said(fields, *_IDENTITY) or _identity(named, fields, labels),
        title=title.partition("\n")[0].strip() or "Alert",
        status=status,
        severity=_severity(fields, labels, word),
        description=_first(fields, _DESCRIPTION) or _first(annotations, _DESCRIPTION),
        labels=labels,
        annotations=annotations,
        links=links_of(*((text, _raw(fields, names)) for text, names in _LINKS)),
        started_at=started if status is AlertStatus.FIRING else None,
        ended_at=received.moment(_raw(fields, _ENDED)) if status is AlertStatus.RESOLVED else None,
        element=body,
    )


def _raw(fields: dict[str, Json], names: tuple[str, ...]) -> Json:
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def _first(fields: dict[str, Json], names: tuple[str, ...]) -> str:
    """The first that says something in words or numbers, not in objects."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            return as_text(value)
    return ""


def _named(fields: dict[str, Json]) -> str:
    """The first of the usual titles that says something; one that is a macro nobody expanded names nothing."""
    return next((text for name in _TITLE if filled(text := _first(fields, (name,)))), "")


def _labels(fields: dict[str, Json]) -> dict[str, str]:
    """Labels and tags as given, and the short fields that have no meaning of their own."""
    labels = {
        name: as_text(value)
        for name, value in fields.items()
        if name not in _NOT_LABELS and isinstance(value, str | int | float) and len(as_text(value)) <= _LONGEST_LABEL
    }
    tags = fields.get("tags")
    if isinstance(tags, list):
        words = [as_text(tag) for tag in tags]
        labels.update(dict(word.split(":", 1) for word in words if ":" in word))
        labels["tags"] = ", ".join(words)
    for given in (tags, fields.get("labels")):
        labels.update(as_texts(given))
    return labels


def _identity(title: str, fields: dict[str, Json], labels: dict[str, str]) -> str:
    """Title and labels, else what there is, without what changes while the alert stays the same."""
    # The sender's own labels are chosen to tell apart: there a status may be one of HTTP, and a float a quantile.
    own = {**object_at(fields, "labels"), **object_at(fields, "tags")}
    told = labels if title else {**_texts(fields), **labels}
    lasting = [
        f"{name}={value}"
        for name, value in sorted(told.items())
        if name not in _SEVERITY
        and "://" not in value
        and filled(value)
        and not (_is_measured(name, value) if name in own else _changes(name, fields.get(name)))
    ]
    if not (title or lasting):
        return key_of_content(_lasting(fields))
    return "\n".join([title, *lasting] if title else lasting)


def _changes(name: str, value: Json) -> bool:
    """Whether a field tells of the moment: the next message about the same thing may say something else there."""
    return (isinstance(value, float) and not _SET.search(name)) or _is_of_the_moment(name, value)


def _is_of_the_moment(name: str, value: Json) -> bool:
    return name.lower() in _OF_THE_MOMENT or _is_measured(name, value)


def _is_measured(name: str, value: Json) -> bool:
    return _MEASURED.search(name) is not None and not _SET.search(name) and _NUMBER.match(as_text(value)) is not None


def _lasting(value: Json) -> Json:
    """A value of any kind without what in it changes. Of a number the name stays: it may be all there is."""
    if isinstance(value, dict):
        return {name: _lasting(each) for name, each in value.items() if not _is_of_the_moment(name, each)}
    if isinstance(value, list):
        return [_lasting(each) for each in value]
    return None if isinstance(value, float) else value


def _texts(fields: dict[str, Json]) -> dict[str, str]:
    return {name: as_text(value) for name, value in fields.items() if isinstance(value, str | int | float)}


def _any_title(fields: dict[str, Json]) -> str:
    """What there is, for people; only what says nothing else is called by its state or by what was measured."""
    told = _texts(fields)
    lasting = {name: text for name, text in told.items() if not _changes(name, fields[name])}
    return ", ".join(f"{name}={text}" for name, text in (lasting or told).items())[:200] or "Alert"


def _status(word: str, fields: dict[str, Json]) -> AlertStatus:
    if word in OVER or fields.get("resolved") is True or fields.get("firing") is False:
        return AlertStatus.RESOLVED
    return AlertStatus.ACKNOWLEDGED if word in HAD else AlertStatus.FIRING


def _severity(fields: dict[str, Json], labels: dict[str, str], status_word: str) -> Severity | None:
    for name in _SEVERITY:
        value = fields.get(name, labels.get(name))
        word = f"p{value}" if name == "priority" and str(value) in "12345" else value
        found = severity_of(word)
        if found is not None:
            return found
    # `"status": "critical"` tells both; "ok" and "up" tell nothing of how bad it was.
    return None if status_word in OVER else severity_of(status_word)


SOURCE = Generic()
