"""InfluxDB 2 checks and notification rules, through an HTTP endpoint.

Format: InfluxData's documentation of InfluxDB 2, "Monitor and alert" and the Flux package `monitor`: one flat object,
InfluxDB's own fields with a leading underscore, tags as text and measured values as numbers beside them.
"""

from alerts.models import AlertStatus
from alerts.parsing.fields import filled, identity, said, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source, as_text, expect_object, severity_of
from incidents.models import Severity

# What a dead man's switch adds: it says how the alert stands, not which one it is.
_NOT_TAGS = frozenset({"dead"})


class InfluxDB2(Source):
    slug = "influxdb2"
    label = "InfluxDB 2"
    group_text = "By check: all the series of one check are a group."
    set_up = """\
In InfluxDB under **Alerts → Notification Endpoints → Create**: destination *HTTP*, method `POST`, no authentication,
URL `{url}`.

Then create two notification rules with this endpoint: one *when status is equal to CRIT* (and WARN, as you like), and
one *when status changes from CRIT to OK*, without which incidents do not end by themselves.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert: a check and the tags of one series."""
        body = expect_object(received.json())
        check = said(body, "_check_id", "_check_name")
        level = text_at(body, "_level").lower()
        if not check or not level:
            raise Unreadable(
                "unexpected_shape", "The message has no “_check_id” or no “_level”, which InfluxDB always sends."
            )
        tags = {
            name: each
            for name, each in body.items()
            if isinstance(each, str) and filled(each) and not name.startswith("_") and name not in _NOT_TAGS
        }
        name = text_at(body, "_check_name") or check
        is_over = level == "ok"
        at = received.moment(body.get("_status_timestamp") or body.get("_time"))
        return [
            ParsedAlert(
                dedup_key=identity(check, *(f"{tag}={value}" for tag, value in sorted(tags.items()))) or check,
                title=" / ".join(filter(None, (name, tags.get("host")))),
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=None if is_over else severity_of(level),
                description=text_at(body, "_message"),
                labels={**tags, "check": name},
                annotations={
                    field: as_text(value)
                    for field, value in body.items()
                    if isinstance(value, int | float) and not field.startswith("_")
                },
                started_at=None if is_over else at,
                ended_at=at if is_over else None,
                group=check,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "_check_id": "0c11d2e3f4a50617",
                "_check_name": "Disk of workers",
                "_level": "crit",
                "_measurement": "notifications",
                "_message": "Check: Disk of workers is: crit",
                "_notification_rule_name": "page",
                "_source_measurement": "disk",
                "_status_timestamp": 1772334000000000000,
                "_type": "threshold",
                "_version": 1,
                "host": "worker-5",
                "path": "/srv",
                "used_percent": 97.25,
            },
            (
                Expected(
                    AlertStatus.FIRING,
                    "Disk of workers / worker-5",
                    Severity.CRITICAL,
                    "0c11d2e3f4a50617/host=worker-5/path=/srv",
                ),
            ),
        ),
        Example(
            "resolved",
            {
                "_check_id": "0c11d2e3f4a50617",
                "_check_name": "Disk of workers",
                "_level": "ok",
                "_message": "Check: Disk of workers is: ok",
                "_status_timestamp": 1772335800000000000,
                "host": "worker-5",
                "path": "/srv",
                "used_percent": 60,
            },
            (
                Expected(
                    AlertStatus.RESOLVED,
                    "Disk of workers / worker-5",
                    None,
                    "0c11d2e3f4a50617/host=worker-5/path=/srv",
                ),
            ),
        ),
    )


SOURCE = InfluxDB2()
