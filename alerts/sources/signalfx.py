"""Splunk Observability Cloud, once SignalFx: alerts of detectors by a webhook.

Format: Splunk's documentation, "Send alert notifications to a webhook". Some senders nest top fields under `inputs`.
"""

import re

from alerts.models import AlertStatus
from alerts.parsing.fields import all_filled, filled, nothing_to_tell, object_at, said
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

_OVER = frozenset({"ok", "manually resolved", "stopped", "cleared", "resolved"})
# A clear message may still carry the state of before: then only the texts, which are the vendor's own, tell.
_TITLE_OF_END = re.compile(r"(?:manually resolved|stopped|cleared|back to normal)\s*:", re.IGNORECASE)
_BODY_OF_END = re.compile(r'^Rule ".*?" in detector ".*?" (?:was )?(?:cleared|manually resolved|stopped)\b', re.DOTALL)


def _example(status: str, **more: Json) -> dict[str, Json]:
    return {
        "severity": "Major",
        "status": status,
        "statusExtended": status,
        "incidentId": "GxYz01",
        "detectorId": "DeTe01",
        "detector": "Shop latency",
        "detectorUrl": "https://app.eu0.signalfx.com/#/detector/DeTe01",
        "rule": "p99 is high",
        "originatingMetric": "shop.latency",
        "dimensions": {"host": "shop-2"},
        "messageTitle": "p99 is high (Shop latency)",
        "timestamp": "2026-03-01T10:00:00Z",
        **more,
    }


class SignalFx(Source):
    slug = "signalfx"
    label = "Splunk Observability (SignalFx)"
    group_text = "By incident of a detector: each is a group of its own."
    set_up = """\
In **Data Management → Available integrations → Webhook**:

- URL: `{base_url}/integrations/signalfx/`
- Headers: `Authorization`, `Bearer {key}`

Leave the payload as it is, and name the webhook as a recipient of your detectors' rules.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        body = expect_object(received.json())
        inputs = object_at(body, "inputs")
        fields = {**{name: each for name, each in inputs.items() if not isinstance(each, dict)}, **body}
        if not (key := said(fields, "incidentId")):
            raise nothing_to_tell("Splunk Observability")
        text, title = said(fields, "messageBody"), said(fields, "messageTitle")
        is_over = _is_over(fields, title, text)
        at = received.moment(said(fields, "timestamp"))
        detector, rule = said(fields, "detector", "detectorName"), said(fields, "rule", "ruleName")
        known = all_filled(
            {
                "detector": detector,
                "detector_id": fields.get("detectorId"),
                "rule": rule,
                "metric": fields.get("originatingMetric"),
            }
        )
        return [
            ParsedAlert(
                dedup_key=key,
                title=title or rule or detector or f"Incident {key}",
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=severity_of(said(fields, "severity")),
                description=text or said(fields, "description"),
                labels={**_dimensions(fields, inputs), **known},
                annotations=all_filled(
                    {
                        "description": fields.get("description"),
                        "condition": fields.get("detectOnCondition"),
                        "tip": fields.get("tip"),
                        "triggered_while_muted": fields.get("triggeredWhileMuted"),
                    }
                ),
                links=links_of(
                    ("Detector", fields.get("detectorUrl")),
                    ("Runbook", fields.get("runbookUrl")),
                    ("Image", fields.get("imageUrl")),
                ),
                started_at=None if is_over else at,
                ended_at=at if is_over else None,
            )
        ]

    examples = (
        Example(
            "firing",
            _example("anomalous"),
            (Expected(AlertStatus.FIRING, "p99 is high (Shop latency)", Severity.ERROR, "GxYz01"),),
        ),
        Example(
            "resolved",
            _example("ok"),
            (Expected(AlertStatus.RESOLVED, "p99 is high (Shop latency)", Severity.ERROR, "GxYz01"),),
        ),
        Example(
            "resolved_by_hand",
            _example("manually resolved"),
            (Expected(AlertStatus.RESOLVED, "p99 is high (Shop latency)", Severity.ERROR, "GxYz01"),),
        ),
        Example(
            "cleared_in_words_only",
            _example("anomalous", messageBody='Rule "p99 is high" in detector "Shop latency" cleared at noon.'),
            (Expected(AlertStatus.RESOLVED, "p99 is high (Shop latency)", Severity.ERROR, "GxYz01"),),
        ),
    )


def _is_over(fields: dict[str, Json], title: str, text: str) -> bool:
    states = (said(fields, name).lower() for name in ("statusExtended", "status"))
    return any(state in _OVER for state in states) or bool(_TITLE_OF_END.match(title) or _BODY_OF_END.match(text))


def _dimensions(fields: dict[str, Json], inputs: dict[str, Json]) -> dict[str, str]:
    """The dimensions of the signal; the vendor's own, which begin with `sf_`, tell nobody anything."""
    found = all_filled(fields.get("dimensions"))
    for each in inputs.values():
        found = {**all_filled(object_at(each, "key")), **found}
    return {name: filled(text) for name, text in found.items() if not name.startswith("sf_")}


SOURCE = SignalFx()
