"""Honeycomb's triggers by a webhook recipient, and burn alerts as far as they have the same fields.

Format: Honeycomb's documentation, "Webhooks", and its published example of a listener.
"""

from alerts.models import AlertStatus
from alerts.parsing.authentication import InHeader, by
from alerts.parsing.fields import all_filled, nothing_to_tell, object_at, objects_at, said
from alerts.parsing.source import (
    Example,
    Expected,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    expect_object,
    links_of,
    severity_of,
)

_OVER = frozenset({"ok", "resolved"})


def _example(status: str, *, groups: list[Json]) -> dict[str, Json]:
    return {
        "version": "v0.1.0",
        "id": "n1ghtw",
        "name": "Slow checkouts",
        "trigger_url": "https://ui.honeycomb.io/shop/datasets/checkout/triggers/n1ghtw",
        "status": status,
        "summary": f"{status.title()}: Slow checkouts",
        "description": "Currently greater than threshold value (3)",
        "operator": "greater than",
        "threshold": 3,
        "result_groups": [{"Group": {"zone": "a"}, "Result": 4}],
        "result_groups_triggered": groups,
    }


class Honeycomb(Source):
    slug = "honeycomb"
    label = "Honeycomb"
    authentication = by(InHeader("x-honeycomb-webhook-token"))
    group_text = "By trigger: each is a group of its own."
    set_up = """\
In **Team settings → Integrations → Trigger & burn alert recipients → Add integration → Webhook**:

- Name: `Tocsin`
- Webhook URL: `{url}`

Then add this recipient to your triggers. The shared secret is not needed: the key is in the address.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert per trigger, however many of its groups are over the threshold."""
        body = expect_object(received.json())
        key = said(body, "id", "trigger_url", "name")
        if not key:
            raise nothing_to_tell("Honeycomb")
        is_over = said(body, "status").lower() in _OVER
        triggered = objects_at(body, "result_groups_triggered")
        return [
            ParsedAlert(
                dedup_key=key,
                title=said(body, "summary", "name") or f"Trigger {key}",
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=severity_of(said(body, "severity")),
                description="\n".join(filter(None, (said(body, "description"), said(body, "trigger_description")))),
                labels={
                    # With more than one group it is not any one's alert.
                    **(all_filled(object_at(triggered[0], "Group")) if len(triggered) == 1 else {}),
                    **all_filled(
                        {
                            "trigger": body.get("name"),
                            "dataset": said(body, "dataset", "dataset_name")
                            or _dataset(as_text(body.get("trigger_url"))),
                            "environment": body.get("environment"),
                        }
                    ),
                },
                annotations=all_filled(
                    {
                        "operator": body.get("operator"),
                        "threshold": body.get("threshold"),
                        "groups_triggered": body.get("result_groups_triggered"),
                    }
                ),
                links=links_of(("Result", body.get("result_url")), ("Trigger", body.get("trigger_url"))),
            )
        ]

    examples = (
        Example(
            "firing",
            _example("TRIGGERED", groups=[{"Group": {"zone": "a"}, "Result": 4}]),
            (Expected(AlertStatus.FIRING, "Triggered: Slow checkouts", None, "n1ghtw"),),
        ),
        Example(
            "resolved",
            _example("OK", groups=[]),
            (Expected(AlertStatus.RESOLVED, "Ok: Slow checkouts", None, "n1ghtw"),),
        ),
    )


def _dataset(address: str) -> str:
    """The data set in the address of a trigger, which the body does not name."""
    return address.partition("/datasets/")[2].partition("/")[0]


SOURCE = Honeycomb()
