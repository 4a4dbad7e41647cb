"""Kapacitor's HTTP POST event handler.

Format: InfluxData's documentation of Kapacitor, "Post event handler" and "Alert node: Alert event data". Every change
of level is told under the same ID; level OK means that it is over.
"""

from alerts.models import AlertStatus
from alerts.parsing.fields import objects_at, said, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    as_texts,
    expect_object,
    severity_of,
)
from incidents.models import Severity


class Kapacitor(Source):
    slug = "kapacitor"
    label = "Kapacitor"
    group_text = "By alert ID: each is a group of its own."
    set_up = """\
In the TICKscript:

```text
|alert()
    .id('{{ .Name }}/{{ index .Tags "host" }}')
    .crit(lambda: "usage_idle" < 10)
    .stateChangesOnly(10m)
    .post('{url}')
```

Or for a topic, as a handler file: `kind: post` with `options: {url: '{url}'}`.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        body = expect_object(received.json())
        number = said(body, "id")
        level = text_at(body, "level").strip().upper()
        if not (number or text_at(body, "message")) or not level:
            raise Unreadable("unexpected_shape", "The message has no “id” or no “level”, which Kapacitor always sends.")
        is_over = level.startswith("OK")
        at = received.moment(text_at(body, "time") or None)
        return [
            ParsedAlert(
                dedup_key=number or said(body, "message"),
                title=text_at(body, "message") or number,
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=severity_of(text_at(body, "previousLevel") if is_over else level),
                description=text_at(body, "details"),
                labels=_shared_tags(body),
                annotations=_last_values(body),
                started_at=None if is_over else at,
                ended_at=at if is_over else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "id": "mem/cache-2",
                "message": "mem/cache-2 is WARNING",
                "details": "",
                "time": "2026-03-01T03:00:00Z",
                "duration": 60000000000,
                "level": "WARNING",
                "previousLevel": "OK",
                "recoverable": True,
                "data": {
                    "series": [
                        {
                            "name": "mem",
                            "tags": {"host": "cache-2", "region": "eu"},
                            "columns": ["time", "used_percent"],
                            "values": [["2026-03-01T03:00:00Z", 91.5]],
                        }
                    ]
                },
            },
            (Expected(AlertStatus.FIRING, "mem/cache-2 is WARNING", Severity.WARNING, "mem/cache-2"),),
        ),
        Example(
            "resolved",
            {
                "id": "mem/cache-2",
                "message": "mem/cache-2 is OK",
                "time": "2026-03-01T03:20:00Z",
                "duration": 1260000000000,
                "level": "OK",
                "previousLevel": "WARNING",
                "data": {"series": None},
            },
            (Expected(AlertStatus.RESOLVED, "mem/cache-2 is OK", Severity.WARNING, "mem/cache-2"),),
        ),
    )


def _shared_tags(body: dict[str, Json]) -> dict[str, str]:
    """The tags all series have in common, and the measurement."""
    series = objects_at(body, "data.series")
    if not series:
        return {}
    each = [{"measurement": text_at(one, "name"), **as_texts(one.get("tags"))} for one in series]
    return {name: tag for name, tag in each[0].items() if tag and all(tags.get(name) == tag for tags in each)}


def _last_values(body: dict[str, Json]) -> dict[str, str]:
    for one in objects_at(body, "data.series"):
        columns, rows = one.get("columns"), one.get("values")
        if isinstance(columns, list) and isinstance(rows, list) and rows and isinstance(rows[-1], list):
            return {as_text(name): as_text(value) for name, value in zip(columns, rows[-1], strict=False)}
    return {}


SOURCE = Kapacitor()
