"""Healthchecks (healthchecks.io or one's own), by its webhook integration.

Format: Healthchecks' documentation, "Webhooks", whose placeholders the bodies below use. A webhook without a body is
read by the query of its address: `?code=$CODE&status=$STATUS`.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import key_of_content, labels_at, object_at, said, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source, as_text

_STATUSES = {"up": AlertStatus.RESOLVED, "down": AlertStatus.FIRING}


class HealthchecksIo(Source):
    slug = "healthchecks_io"
    label = "Healthchecks"
    group_text = "Not at all: each check is a group of its own."
    set_up = """\
Under **Integrations → Webhook → Add Integration**, the same for *Execute when a check goes down* and *goes up*:

- Method and URL: `POST`, `{base_url}/integrations/healthchecks_io/`
- Request headers:

```text
Content-Type: application/json
Authorization: Bearer {key}
```

- Request body:

```text
{"code": "$CODE", "status": "$STATUS", "now": "$NOW", "name": $NAME_JSON, "slug": "$SLUG", "tags": "$TAGS",
 "exitstatus": "$EXITSTATUS", "check": $JSON}
```
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        fields = fields_of(received)
        check = object_at(fields, "check")
        word = said(fields, "status") or said(check, "status")
        status = _STATUSES.get(word.lower())
        if status is None:
            raise Unreadable("unexpected_shape", "The message has no “status” that is up or down: see the set-up.")
        name = said(fields, "name") or said(check, "name")
        identity = said(fields, "code", "uuid") or said(check, "uuid", "unique_key", "slug") or said(fields, "slug")
        at = received.moment(said(fields, "now"))
        exit_status = said(fields, "exitstatus")
        shown = name or said(fields, "slug") or text_at(fields, "name", "code") or "A check"
        return [
            ParsedAlert(
                dedup_key=identity or name or key_of_content(fields),
                title=f"{shown} is {word.lower()}",
                status=status,
                description=said(check, "desc") or said(fields, "desc"),
                labels={
                    **labels_at(check, {"check": "name", "slug": "slug", "tags": "tags"}),
                    **labels_at(fields, {"check": "name", "slug": "slug", "tags": "tags"}),
                },
                annotations={
                    **labels_at(check, {"last_ping": "last_ping", "pings": "n_pings", "schedule": "schedule"}),
                    **({"exit_status": as_text(exit_status)} if exit_status not in ("", "-1") else {}),
                },
                started_at=at if status is AlertStatus.FIRING else None,
                ended_at=at if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {"code": "0d6c1f1e-4a53-4b6b-9d7e-61a2a9b7c001", "status": "down", "now": "2026-03-01T10:00:00+00:00",
             "name": "Hourly invoices", "slug": "hourly-invoices", "tags": "prod billing", "exitstatus": "-1",
             "check": {"name": "Hourly invoices", "desc": "Runs on batch-1", "status": "down", "n_pings": 310}},
            (Expected(AlertStatus.FIRING, "Hourly invoices is down", None, "0d6c1f1e-4a53-4b6b-9d7e-61a2a9b7c001"),),
        ),
        Example(
            "resolved",
            {"code": "0d6c1f1e-4a53-4b6b-9d7e-61a2a9b7c001", "status": "up", "now": "2026-03-01T10:09:00+00:00",
             "name": "Hourly invoices"},
            (Expected(AlertStatus.RESOLVED, "Hourly invoices is up", None, "0d6c1f1e-4a53-4b6b-9d7e-61a2a9b7c001"),),
        ),
        Example(
            "form",
            "code=0d6c1f1e-4a53-4b6b-9d7e-61a2a9b7c001&status=down&name=%24NAME",
            (Expected(AlertStatus.FIRING, "$NAME is down", None, "0d6c1f1e-4a53-4b6b-9d7e-61a2a9b7c001"),),
            content_type="application/x-www-form-urlencoded",
        ),
    )  # fmt: skip


SOURCE = HealthchecksIo()
