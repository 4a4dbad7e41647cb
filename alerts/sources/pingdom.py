"""Pingdom's webhook integration.

Format: Pingdom's documentation, "Webhooks" (uptime and transaction checks). A check's parameters may hold credentials,
so only its host and the address without them are kept.
"""

from urllib.parse import urlsplit, urlunsplit

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import key_of_content, labels_at, object_at, said
from alerts.parsing.source import Example, Expected, Ignored, Json, ParsedAlert, Received, Source, links_of
from incidents.models import Severity

_OVER = frozenset({"UP", "SUCCESS", "SUCCESSFUL"})
_NO_NEWS = frozenset({"PAUSED", "UNKNOWN", "UNCONFIRMED_DOWN"})
_SEVERITIES = {"HIGH": Severity.ERROR, "LOW": Severity.WARNING}


class Pingdom(Source):
    slug = "pingdom"
    label = "Pingdom"
    authentication = None
    group_text = "Not at all: each check is a group of its own."
    set_up = """\
Under **Settings → Integrations → Add integration**, type `Webhook`:

- URL: `{url}`

Then tick the integration in the checks that shall alert.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none while Pingdom does not know yet."""
        fields = fields_of(received)
        state = said(fields, "current_state").upper()
        if state in _NO_NEWS:
            raise Ignored("not_known_yet", f"The check's state is {state}, which says neither up nor down.")
        status = AlertStatus.RESOLVED if state in _OVER else AlertStatus.FIRING
        asked = object_at(fields, "check_params")
        address = _without_credentials(said(asked, "full_url") or said(asked, "url"))
        name = said(fields, "check_name")
        at = received.moment(fields.get("state_changed_timestamp") or fields.get("state_changed_utc_time"))
        return [
            ParsedAlert(
                dedup_key=said(fields, "check_id") or name or key_of_content(fields),
                title=name or said(fields, "description") or "A check",
                status=status,
                severity=_SEVERITIES.get(said(fields, "importance_level").upper()),
                description=said(fields, "long_description", "description"),
                labels={
                    **labels_at(fields, {"check": "check_name", "check_id": "check_id", "check_type": "check_type"}),
                    **labels_at(asked, {"host": "hostname"}),
                    **_tags(fields.get("tags")),
                },
                annotations={
                    **labels_at(
                        fields, {"state": "current_state", "previous_state": "previous_state", "short": "description"}
                    ),
                    **labels_at(object_at(fields, "first_probe"), {"first_probe": "location"}),
                    **labels_at(object_at(fields, "second_probe"), {"second_probe": "location"}),
                },
                links=links_of(("Checked page", address)),
                started_at=at if status is AlertStatus.FIRING else None,
                ended_at=at if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {"check_id": 120045, "check_name": "Orders", "check_type": "HTTP", "current_state": "DOWN",
             "previous_state": "UP", "importance_level": "HIGH", "state_changed_timestamp": 1772359200,
             "check_params": {"hostname": "orders.example.net", "full_url": "https://me:pw@orders.example.net/health"},
             "first_probe": {"location": "Oslo, Norway"}, "second_probe": {}, "tags": ["shop"], "version": 1,
             "description": "HTTP Error 502", "long_description": "Bad gateway"},
            (Expected(AlertStatus.FIRING, "Orders", Severity.ERROR, "120045"),),
        ),
        Example(
            "resolved",
            {"check_id": 120045, "check_name": "Orders", "check_type": "HTTP", "current_state": "UP",
             "previous_state": "DOWN", "importance_level": "HIGH", "state_changed_timestamp": 1772359500},
            (Expected(AlertStatus.RESOLVED, "Orders", Severity.ERROR, "120045"),),
        ),
        Example(
            "transaction",
            {"check_id": 77, "check_name": "Buy something", "check_type": "TRANSACTION", "current_state": "FAILING",
             "importance_level": "LOW", "tags": []},
            (Expected(AlertStatus.FIRING, "Buy something", Severity.WARNING, "77"),),
        ),
    )  # fmt: skip


def _without_credentials(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _tags(given: Json) -> dict[str, str]:
    words = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
    return {"tags": ", ".join(words)} if words else {}


SOURCE = Pingdom()
