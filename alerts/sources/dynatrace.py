"""Dynatrace problems by a custom webhook. The body is a template of the user's; the usual names are read.

Format: Dynatrace's documentation, "Webhook integration", with its placeholders under their own names.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import all_filled, identity, nothing_to_tell, object_at, objects_at, said, tagged
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, links_of, severity_of
from incidents.models import Severity

# MERGED: the problem is now part of another one, which is told of by itself.
_OVER = frozenset({"resolved", "closed", "merged"})
_SEVERITIES = {
    "availability": Severity.CRITICAL,
    "monitoring_unavailable": Severity.ERROR,
    "performance": Severity.WARNING,
    "resource_contention": Severity.WARNING,
    "custom_alert": Severity.WARNING,
}


def _example(state: str) -> dict[str, Json]:
    return {
        "State": state,
        "ProblemID": "P-2603",
        "PID": "4711_1772359200000V2",
        "ProblemTitle": "Shop answers slowly",
        "ProblemImpact": "APPLICATION",
        "ProblemSeverity": "PERFORMANCE",
        "ProblemURL": "https://dynatrace.example.com/#problems/problemdetails;pid=4711",
        "Tags": "live, team:shop",
        "ImpactedEntityNames": "shop",
        "ProblemDetailsText": "Response time is\nabove 2 s",
    }


class Dynatrace(Source):
    slug = "dynatrace"
    label = "Dynatrace"
    group_text = "By problem, as Dynatrace numbers them: each is a group of its own."
    set_up = """\
In **Settings → Integration → Problem notifications → Add notification → Custom integration**:

- Webhook URL: `{base_url}/integrations/dynatrace/`
- Additional HTTP headers: `Authorization`, `Bearer {key}`
- *Call webhook if new events merge into existing problems*: off
- *Call webhook if problem is closed*: **on**
- Custom payload:

```text
{
  "State": "{State}",
  "ProblemID": "{ProblemID}",
  "PID": "{PID}",
  "ProblemTitle": "{ProblemTitle}",
  "ProblemImpact": "{ProblemImpact}",
  "ProblemSeverity": "{ProblemSeverity}",
  "ProblemURL": "{ProblemURL}",
  "Tags": "{Tags}",
  "ImpactedEntityNames": "{ImpactedEntityNames}",
  "ImpactedEntities": {ImpactedEntities},
  "ProblemDetailsJSON": {ProblemDetailsJSON},
  "ProblemDetailsText": "{ProblemDetailsText}"
}
```

Mind which placeholders stand in quotation marks: Dynatrace fills in `{ImpactedEntities}` and `{ProblemDetailsJSON}` as
JSON, the others as text.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        fields = fields_of(received)
        details = object_at(fields, "ProblemDetailsJSON")
        entities = objects_at(fields, "ImpactedEntities")
        names = said(fields, "ImpactedEntityNames", "NamesOfImpactedEntities") or ", ".join(
            filter(None, (said(each, "name") for each in entities))
        )
        title = said(fields, "ProblemTitle", "Title")
        key = said(fields, "PID") or said(details, "id") or said(fields, "ProblemID") or identity(title, names)
        if not key:
            raise nothing_to_tell("Dynatrace")
        is_over = said(fields, "State").lower() in _OVER
        # -1 stands for "not yet".
        ended = details.get("endTime") if said(details, "endTime") != "-1" else None
        return [
            ParsedAlert(
                dedup_key=key,
                title=title or f"Problem {key}",
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=_severity(said(fields, "ProblemSeverity") or said(details, "severityLevel")),
                description=said(fields, "ProblemDetailsText", "ProblemDetails", "ProblemDetailsMarkdown"),
                labels={
                    **tagged(fields.get("Tags")),
                    **all_filled(
                        {
                            "problem": fields.get("ProblemID"),
                            "entity": names,
                            "impact": fields.get("ProblemImpact"),
                            "severity_level": fields.get("ProblemSeverity"),
                        }
                    ),
                },
                annotations=all_filled({"ImpactedEntity": fields.get("ImpactedEntity"), "State": fields.get("State")}),
                links=links_of(("Problem", said(fields, "ProblemURL"))),
                started_at=received.moment(details.get("startTime")),
                ended_at=received.moment(ended) if is_over else None,
            )
        ]

    examples = (
        Example(
            "firing",
            _example("OPEN"),
            (Expected(AlertStatus.FIRING, "Shop answers slowly", Severity.WARNING, "4711_1772359200000V2"),),
        ),
        Example(
            "resolved",
            _example("RESOLVED"),
            (Expected(AlertStatus.RESOLVED, "Shop answers slowly", Severity.WARNING, "4711_1772359200000V2"),),
        ),
        Example(
            "merged",
            _example("MERGED"),
            (Expected(AlertStatus.RESOLVED, "Shop answers slowly", Severity.WARNING, "4711_1772359200000V2"),),
        ),
        Example(
            "without_values",
            {"State": "OPEN", "PID": "{PID}", "ProblemTitle": "Host is gone", "ProblemSeverity": "AVAILABILITY"},
            (Expected(AlertStatus.FIRING, "Host is gone", Severity.CRITICAL, "Host is gone"),),
        ),
    )


def _severity(word: str) -> Severity | None:
    return _SEVERITIES.get(word.lower()) or severity_of(word)


SOURCE = Dynatrace()
