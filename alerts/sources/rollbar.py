"""Rollbar's webhook notifications about items.

Format: Rollbar's documentation, "Webhooks". Levels are numbers for an item and words for an occurrence. Messages that
are not answered 200, 201, 202 or 204 within three seconds come again, up to ten times.
"""

from alerts.models import AlertStatus
from alerts.parsing.fields import labels_at, object_at, said, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Ignored,
    ParsedAlert,
    Received,
    Source,
    expect_object,
    links_of,
    severity_of,
)
from incidents.models import Severity

_LEVELS = {"50": "critical", "40": "error", "30": "warning", "20": "info", "10": "debug"}
_TROUBLE = frozenset(
    {"new_item", "reactivated_item", "reopened_item", "exp_repeat_item", "item_velocity", "occurrence"}
)
_LABELS = {
    "environment": ("data.item.environment", "data.occurrence.environment"),
    "framework": ("data.occurrence.framework", "data.item.framework"),
    "project_id": "data.item.project_id",
    "host": ("data.occurrence.server.host", "data.occurrence.server.hostname"),
    "version": "data.occurrence.code_version",
}


class Rollbar(Source):
    slug = "rollbar"
    label = "Rollbar"
    authentication = None
    group_text = "By item: each is a group of its own."
    set_up = """\
In Rollbar under the project's **Settings → Notifications → Webhook**:

- URL: `{url}`
- Format: `JSON`

Then add rules for *New item*, *Item reactivated*, *Item reopened* and, so that incidents end by themselves, *Item
resolved*.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert, the item's."""
        body = expect_object(received.json())
        name = text_at(body, "event_name")
        item = object_at(body, "data.item")
        number = said(item, "id", "hash")
        if name != "resolved_item" and name not in _TROUBLE:
            if not name:
                raise Unreadable("unexpected_shape", "The message has no “event_name”, which Rollbar always sends.")
            raise Ignored("other_event", f"“{name}” tells of no alert.")
        if not number:
            raise Unreadable("no_identity", "The message does not say which item it is about.")
        is_over = name == "resolved_item"
        level = text_at(item, "level") or text_at(body, "data.occurrence.level")
        at = received.moment(text_at(body, "data.occurrence.timestamp", "data.item.last_occurrence_timestamp") or None)
        return [
            ParsedAlert(
                dedup_key=number,
                title=text_at(item, "title") or f"Item {number}",
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=severity_of(_LEVELS.get(level, level)),
                description=text_at(body, "data.occurrence.body.message.body", "data.trigger.description"),
                labels=labels_at(body, _LABELS),
                annotations={
                    "event": name,
                    **labels_at(item, {"total_occurrences": "total_occurrences", "counter": "counter"}),
                },
                links=links_of(("Item", text_at(body, "data.url", "data.item.public_item_url"))),
                # The last occurrence of what is resolved lies before its end.
                started_at=None if is_over else at,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "event_name": "new_item",
                "data": {
                    "url": "https://rollbar.example.com/acme/jobs/items/31/",
                    "item": {
                        "id": 505011,
                        "counter": 31,
                        "environment": "staging",
                        "title": "Cannot open the mailbox",
                        "level": 30,
                        "project_id": 17,
                        "last_occurrence_timestamp": 1772355600,
                    },
                    "occurrence": {"level": "warning", "timestamp": 1772355600, "server": {"host": "mail-1"}},
                },
            },
            (Expected(AlertStatus.FIRING, "Cannot open the mailbox", Severity.WARNING, "505011"),),
        ),
        Example(
            "resolved",
            {
                "event_name": "resolved_item",
                "data": {
                    "url": "https://rollbar.example.com/acme/jobs/items/31/",
                    "item": {
                        "id": 505011,
                        "environment": "staging",
                        "title": "Cannot open the mailbox",
                        "level": 30,
                        "last_occurrence_timestamp": 1772355600,
                    },
                },
            },
            (Expected(AlertStatus.RESOLVED, "Cannot open the mailbox", Severity.WARNING, "505011"),),
        ),
    )


SOURCE = Rollbar()
