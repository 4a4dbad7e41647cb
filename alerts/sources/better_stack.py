"""Better Stack (once Better Uptime), outgoing webhooks of incidents.

Format: Better Stack's documentation, "Outgoing webhooks": `event` and the incident under `data`. Changes of monitors
and of who is on call come by the same webhook and alert nobody.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import key_of_content, labels_at, object_at, said, text_at
from alerts.parsing.source import Example, Expected, Ignored, Json, ParsedAlert, Received, Source, links_of

_STATUSES = {
    "started": AlertStatus.FIRING,
    "reopened": AlertStatus.FIRING,
    "acknowledged": AlertStatus.ACKNOWLEDGED,
    "resolved": AlertStatus.RESOLVED,
}


class BetterStack(Source):
    slug = "better_stack"
    label = "Better Stack"
    group_text = "By incident of Better Stack: each is a group of its own."
    set_up = """\
Under **Integrations → Exporting data → Outgoing webhook**:

- URL: `{base_url}/integrations/better_stack/`
- Events: incident started, acknowledged, resolved
- Under *Advanced settings* a header `Authorization` with the value `Bearer {key}`
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert for an incident; none for a monitor or a calendar."""
        fields = fields_of(received)
        incident = object_at(fields, "data")
        kind = said(incident, "type")
        if kind and kind != "incident":
            raise Ignored("no_incident", f"It tells of a {kind.replace('_', ' ')[:40]}, not of an incident.")
        of = object_at(incident, "attributes")
        status = _status(said(fields, "event").lower().rpartition("_")[2], of)
        name, cause = said(of, "name"), said(of, "cause")
        return [
            ParsedAlert(
                dedup_key=said(incident, "id") or name or key_of_content(fields),
                title=name or cause or text_at(of, "name") or "An incident in Better Stack",
                status=status,
                description=cause,
                labels={
                    **labels_at(of, {"name": "name", "url": "url", "method": "http_method", "team": "team_name"}),
                    **_relations(object_at(incident, "relationships")),
                },
                annotations=labels_at(of, {"response_code": "response_code", "acknowledged_by": "acknowledged_by"}),
                links=links_of(
                    ("Incident", of.get("incident_url") or of.get("origin_url")),
                    ("Monitored page", of.get("url")),
                    ("Screenshot", of.get("screenshot_url")),
                    ("Response", of.get("response_url")),
                ),
                started_at=received.moment(of.get("started_at")),
                ended_at=received.moment(of.get("resolved_at")) if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {"event": "started", "data": {"id": "5510021", "type": "incident",
             "attributes": {"name": "Sign-in", "url": "https://id.example.net", "http_method": "post",
                            "cause": "Timeout", "started_at": "2026-03-01T10:00:00.000Z", "resolved_at": None},
             "relationships": {"monitor": {"data": {"id": "881", "type": "monitor"}}}}},
            (Expected(AlertStatus.FIRING, "Sign-in", None, "5510021"),),
        ),
        Example(
            "acknowledged",
            {"event": "acknowledged", "data": {"id": "5510021", "type": "incident", "attributes": {"name": "Sign-in"}}},
            (Expected(AlertStatus.ACKNOWLEDGED, "Sign-in", None, "5510021"),),
        ),
        Example(
            "resolved",
            {"event": "resolved", "data": {"id": "5510021", "type": "incident",
             "attributes": {"name": "Sign-in", "cause": "Timeout", "started_at": "2026-03-01T10:00:00.000Z",
                            "resolved_at": "2026-03-01T10:05:00.000Z"}}},
            (Expected(AlertStatus.RESOLVED, "Sign-in", None, "5510021"),),
        ),
    )  # fmt: skip


def _status(event: str, of: dict[str, Json]) -> AlertStatus:
    if event in _STATUSES:
        return _STATUSES[event]
    if event:
        raise Ignored("no_change", f"The event “{event[:40]}” changes nothing about the incident.")
    if of.get("resolved_at"):
        return AlertStatus.RESOLVED
    return AlertStatus.ACKNOWLEDGED if of.get("acknowledged_at") else AlertStatus.FIRING


def _relations(given: dict[str, Json]) -> dict[str, str]:
    ids = {name: said(object_at(object_at(given, name), "data"), "id") for name in ("monitor", "heartbeat")}
    return {f"{name}_id": text for name, text in ids.items() if text}


SOURCE = BetterStack()
