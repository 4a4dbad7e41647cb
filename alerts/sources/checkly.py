"""Checkly's webhook alert channel.

Format: Checkly's documentation, "Webhook alert channels", whose Handlebars variables the body below names. All values
are text. A certificate's end is an alert of its own, which a check's recovery does not end.
"""

from alerts.models import AlertStatus
from alerts.parsing.authentication import BY_HEADER, Signed, by
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import flattened, key_of_content, labels_at, said, text_at
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source, links_of
from incidents.models import Severity

_SEVERITIES = {
    "ALERT_FAILURE": Severity.ERROR,
    "ALERT_FAILURE_REMAIN": Severity.ERROR,
    "ALERT_DEGRADED_FAILURE": Severity.ERROR,
    "ALERT_DEGRADED": Severity.WARNING,
    "ALERT_DEGRADED_REMAIN": Severity.WARNING,
    "ALERT_SSL": Severity.WARNING,
}


class Checkly(Source):
    slug = "checkly"
    label = "Checkly"
    authentication = by(Signed("x-checkly-signature"), *BY_HEADER.ways)
    group_text = "Not at all: each check is a group of its own."
    set_up = """\
Under **Alert settings → Add more channels → Webhook**:

- URL: `POST` to `{base_url}/integrations/checkly/`
- Header: `Authorization` with the value `Bearer {key}`
- Body:

```text
{"event": "{{ALERT_TITLE}}", "alert_type": "{{ALERT_TYPE}}", "check_id": "{{CHECK_ID}}",
 "check_name": "{{CHECK_NAME}}", "check_type": "{{CHECK_TYPE}}", "group_name": "{{GROUP_NAME}}",
 "check_error_message": "{{CHECK_ERROR_MESSAGE}}", "response_time": "{{RESPONSE_TIME}}",
 "api_check_response_status_code": "{{API_CHECK_RESPONSE_STATUS_CODE}}", "run_location": "{{RUN_LOCATION}}",
 "ssl_days_remaining": "{{SSL_DAYS_REMAINING}}", "started_at": "{{STARTED_AT}}", "tags": "{{TAGS}}",
 "link": "{{RESULT_LINK}}"}
```
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        fields = flattened(fields_of(received))
        kind = said(fields, "alerttype").upper()
        is_over = kind.endswith("_RECOVERY")
        name = said(fields, "checkname")
        title = said(fields, "event", "alerttitle") or name or text_at(fields, "event", "checkname") or "A check"
        identity = said(fields, "checkid") or name or key_of_content(fields)
        at = received.moment(said(fields, "startedat"))
        return [
            ParsedAlert(
                dedup_key=f"{identity}/certificate" if kind == "ALERT_SSL" else identity,
                title=title,
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=_SEVERITIES.get(kind),
                description=said(fields, "checkerrormessage"),
                labels=labels_at(
                    fields,
                    {
                        "check": "checkname",
                        "check_id": "checkid",
                        "check_type": "checktype",
                        "group": "groupname",
                        "location": "runlocation",
                        "region": "region",
                        "tags": "tags",
                    },
                ),
                annotations=labels_at(
                    fields,
                    {
                        "response_time": "responsetime",
                        "status_code": "apicheckresponsestatuscode",
                        "status_text": "apicheckresponsestatustext",
                        "certificate_days": "ssldaysremaining",
                        "certificate_of": "sslcheckdomain",
                    },
                ),
                links=links_of(("Result", fields.get("link"))),
                started_at=None if is_over else at,
                ended_at=at if is_over else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {"event": "Basket has failed", "alert_type": "ALERT_FAILURE", "check_name": "Basket", "check_type": "API",
             "check_id": "5b6f7d11-0000-4000-8000-9d2f4c3e1a77", "group_name": "", "run_location": "Frankfurt",
             "check_error_message": "Timeout of 30 s", "started_at": "2026-03-01T10:00:00.000Z", "tags": "shop,prod",
             "link": "https://app.checkly.example.com/checks/5b6f7d11"},
            (Expected(AlertStatus.FIRING, "Basket has failed", Severity.ERROR,
                      "5b6f7d11-0000-4000-8000-9d2f4c3e1a77"),),
        ),
        Example(
            "resolved",
            {"event": "Basket has recovered", "alert_type": "ALERT_RECOVERY", "check_name": "Basket",
             "check_id": "5b6f7d11-0000-4000-8000-9d2f4c3e1a77", "started_at": "2026-03-01T10:10:00.000Z"},
            (Expected(AlertStatus.RESOLVED, "Basket has recovered", None, "5b6f7d11-0000-4000-8000-9d2f4c3e1a77"),),
        ),
        Example(
            "certificate",
            {"event": "{{ALERT_TITLE}}", "alert_type": "ALERT_SSL", "check_name": "Basket", "check_id": "5b6f",
             "ssl_days_remaining": "14"},
            (Expected(AlertStatus.FIRING, "Basket", Severity.WARNING, "5b6f/certificate"),),
        ),
    )  # fmt: skip


SOURCE = Checkly()
