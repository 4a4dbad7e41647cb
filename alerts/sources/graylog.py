"""Graylog's HTTP notification: events, and the alert conditions of streams of releases before 3.1.

Format: Graylog's documentation, "HTTP Alert Notification" (event definition, event, backlog). Graylog never tells that
an event is over.
"""

from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import key_of_content, labels_at, object_at, said, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Example, Expected, Ignored, Json, ParsedAlert, Received, Source, as_text
from incidents.models import Severity

_PRIORITIES = {"1": Severity.INFO, "2": Severity.WARNING, "3": Severity.ERROR, "4": Severity.CRITICAL}
_MOST_MESSAGES = 5  # of the backlog, in the description


class Graylog(Source):
    slug = "graylog"
    label = "Graylog"
    group_text = "By event definition: its events with different keys are one group."
    sends_resolved = False
    resolves_after = timedelta(hours=4)
    set_up = """\
Under **Alerts → Notifications → Create Notification**, type *HTTP Notification*:

- URL: `{url}` (add it to the URL allow list, as Graylog offers)

Then name the notification in your event definitions. What is to be one alert each (a host, say) belongs into their
*Event keys*.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for the test of a notification."""
        fields = fields_of(received)
        event = object_at(fields, "event")
        if event or "event_definition_id" in fields:
            return [_of_event(fields, event, received)]
        if isinstance(fields.get("check_result"), dict):
            return [_of_stream(fields, fields["check_result"], received)]
        raise Unreadable("unexpected_shape", "The message has neither an event nor the result of a stream's condition.")

    examples = (
        Example(
            "firing",
            {"event_definition_id": "64b0c0ffee0000000000a001", "event_definition_type": "aggregation-v1",
             "event_definition_title": "Many failed logins", "event_definition_description": "More than 20 a minute",
             "event": {"id": "01HZZEXAMPLE", "event_definition_id": "64b0c0ffee0000000000a001",
                       "timestamp": "2026-03-01T10:00:00.000Z", "message": "Many failed logins: count()=41",
                       "source": "gl-1", "key": "vpn-1", "key_tuple": ["vpn-1"], "priority": 3, "alert": True,
                       "fields": {"gateway": "vpn-1"}, "group_by_fields": {"gateway": "vpn-1"}},
             "backlog": [{"message": "login failed for root", "source": "vpn-1"}]},
            (Expected(AlertStatus.FIRING, "Many failed logins", Severity.ERROR, "64b0c0ffee0000000000a001/vpn-1"),),
        ),
        Example(
            "stream",
            {"check_result": {"result_description": "Stream had 9 messages", "triggered": True,
                              "triggered_at": "2026-03-01T10:00:00.000Z",
                              "triggered_condition": {"id": "c0ffee", "type": "MESSAGE_COUNT"},
                              "matching_messages": []},
             "stream": {"id": "5a", "title": "Errors of the shop"}},
            (Expected(AlertStatus.FIRING, "Errors of the shop", None, "c0ffee"),),
        ),
    )  # fmt: skip


def _of_event(fields: dict[str, Json], event: dict[str, Json], received: Received) -> ParsedAlert:
    if said(fields, "event_definition_type").startswith("test"):
        raise Ignored("test", "A test of the notification.")
    definition = said(fields, "event_definition_id") or said(event, "event_definition_id")
    title = said(fields, "event_definition_title") or said(event, "message")
    grouped = object_at(event, "group_by_fields")
    key = said(event, "key") or ", ".join(f"{name}={as_text(value)}" for name, value in sorted(grouped.items()))
    whole = definition or title
    shown = {**object_at(event, "fields"), **grouped}
    return ParsedAlert(
        dedup_key="/".join(filter(None, (whole, key))) if whole else key_of_content(fields),
        title=title or text_at(event, "message") or "An event in Graylog",
        severity=_PRIORITIES.get(said(event, "priority")),
        description="\n".join(
            filter(None, (said(event, "message"), said(fields, "event_definition_description"), _messages(fields)))
        ),
        labels={
            **{name: as_text(value) for name, value in shown.items() if value not in (None, "")},
            **labels_at(event, {"source": "source", "key": "key"}),
            **labels_at(fields, {"definition": "event_definition_title"}),
        },
        annotations=labels_at(object_at(event, "replay_info"), {"query": "query"}),
        started_at=received.moment(event.get("timestamp")),
        group=definition,
    )


def _of_stream(fields: dict[str, Json], result: dict[str, Json], received: Received) -> ParsedAlert:
    if result.get("triggered") is False:
        raise Ignored("not_triggered", "The stream's condition is not met.")
    stream, condition = object_at(fields, "stream"), object_at(result, "triggered_condition")
    text = said(result, "result_description")
    stream_id = said(stream, "id")
    return ParsedAlert(
        dedup_key=said(condition, "id") or stream_id or key_of_content(fields),
        title=said(stream, "title") or text or "A stream in Graylog",
        description=text,
        labels={
            **labels_at(stream, {"stream": "title", "stream_id": "id"}),
            **labels_at(condition, {"condition": "type"}),
        },
        started_at=received.moment(result.get("triggered_at")),
        group=stream_id,
    )


def _messages(fields: dict[str, Json]) -> str:
    given = fields.get("backlog")
    messages = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    return "\n".join(filter(None, (said(each, "message") for each in messages[:_MOST_MESSAGES])))


SOURCE = Graylog()
