"""Splunk's webhook alert action: the first result of a saved search. It never tells that something is over.

Format: Splunk's documentation, "Use a webhook alert action".
"""

from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.fields import all_filled, identity, nothing_to_tell, object_at, said
from alerts.parsing.source import (
    Example,
    Expected,
    Json,
    ParsedAlert,
    Received,
    Source,
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_AS_LABELS = ("host", "source", "sourcetype", "index", "service", "environment", "region", "user")


class Splunk(Source):
    slug = "splunk"
    label = "Splunk"
    group_text = "By saved search: each is a group of its own."
    sends_resolved = False
    resolves_after = timedelta(days=1)
    set_up = """\
In the saved search under **Edit → Edit alert → Trigger actions → Add actions → Webhook**:

- URL: `{url}`

If Splunk refuses the address, add it to the allow list under **Settings → Server settings → Webhook allow list**. A
field called `severity` in the result (`... | eval severity="critical"`) becomes the alert's severity, `message` its
description. Splunk never tells that an alert is over.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, whatever the number of results."""
        body = expect_object(received.json())
        result = object_at(body, "result")
        name = said(body, "search_name")
        # An ad-hoc search has no name, and `sid` is another one for each run of a saved search.
        key = identity(name, body.get("app"), body.get("owner")) if name else said(body, "sid")
        if not key:
            raise nothing_to_tell("Splunk")
        return [
            ParsedAlert(
                dedup_key=key,
                title=name or said(result, "title", "message") or f"Search {key}",
                severity=_severity(result),
                description=said(result, "message", "description", "_raw"),
                labels={
                    **all_filled({**{each: _one(result.get(each)) for each in _AS_LABELS}}),
                    **all_filled({"search": name, "app": body.get("app"), "owner": body.get("owner")}),
                },
                annotations={**all_filled(result), **all_filled({"sid": body.get("sid")})},
                links=links_of(("Results", body.get("results_link"))),
                started_at=received.moment(_one(result.get("_time"))),
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "sid": "scheduler__nina__shop_at_1772359200_17",
                "search_name": "Failed payments",
                "app": "shop",
                "owner": "nina",
                "results_link": "https://splunk.example.com/app/shop/@go?sid=scheduler__nina__shop_at_1772359200_17",
                "result": {"host": "pay-1", "count": "12", "_time": "1772359200", "_raw": "payment failed"},
            },
            (Expected(AlertStatus.FIRING, "Failed payments", None, "Failed payments/shop/nina"),),
        ),
        Example(
            "with_severity",
            {
                "sid": "1772359200.9",
                "search_name": "Full queue",
                "app": "shop",
                "owner": "nina",
                "result": {"severity": "high", "host": ["q-1", "q-2"]},
            },
            (Expected(AlertStatus.FIRING, "Full queue", Severity.ERROR, "Full queue/shop/nina"),),
        ),
        Example(
            "ad_hoc",
            {"sid": "1772359200.10", "search_name": "", "app": "search", "result": {}},
            (Expected(AlertStatus.FIRING, "Search 1772359200.10", None, "1772359200.10"),),
        ),
    )


def _one(value: Json) -> Json:
    """The first of a field with several values."""
    return value[0] if isinstance(value, list) and value else value


def _severity(result: dict[str, Json]) -> Severity | None:
    words = (severity_of(_one(result.get(name))) for name in ("severity", "urgency", "priority", "level"))
    return next((found for found in words if found is not None), None)


SOURCE = Splunk()
